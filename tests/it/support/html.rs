//! What must hold of every page, whatever it shows. The sources' own tests include this file too, for the
//! samples of pages: it knows nothing of the server.

use std::collections::{BTreeMap, BTreeSet};

use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};

/// The keys that a language's file defines.
pub fn keys(source: &str) -> BTreeSet<String> {
    source
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| Some(line.split_once(" =")?.0.to_owned()))
        .collect()
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

fn shown(element: ElementRef<'_>) -> String {
    element.html().chars().take(160).collect()
}

/// What a reader of the page would stumble over; empty for a good page. `keys` are those of its language.
pub fn faults(html: &str, language: &str, keys: &BTreeSet<String>) -> Vec<String> {
    let page = Html::parse_document(html);
    let mut faults: Vec<String> = page.errors.iter().map(|error| format!("not HTML: {error}")).collect();
    if !html.to_ascii_lowercase().trim_start().starts_with("<!doctype html>") {
        faults.push("no doctype".into());
    }
    let languages: Vec<_> = all(&page, "html").iter().filter_map(|html| html.attr("lang")).collect();
    if languages != [language] {
        faults.push(format!("the language is said to be {languages:?}, not {language}"));
    }
    for once in ["head > title", "h1", "main", "body[data-page]"] {
        let found = all(&page, once);
        if found.len() != 1 || (matches!(once, "head > title" | "h1") && text(found[0]).is_empty()) {
            faults.push(format!("{} times {once}, or an empty one", found.len()));
        }
    }
    headings(&page, &mut faults);
    let ids = ids(&page, &mut faults);
    names(&page, &ids, &mut faults);
    forms(&page, &mut faults);
    nothing_active(&page, &mut faults);
    bare_keys(&page, keys, &mut faults);
    faults
}

fn headings(page: &Html, faults: &mut Vec<String>) {
    let mut level = 0;
    for heading in all(page, "h1, h2, h3, h4, h5, h6") {
        let next: usize = heading.value().name()[1..].parse().unwrap();
        if next > level + 1 {
            faults.push(format!("from h{level} to {}", shown(heading)));
        }
        level = next;
        if text(heading).is_empty() {
            faults.push(format!("an empty heading: {}", shown(heading)));
        }
    }
}

/// Every id, once; and whatever refers to one finds it.
fn ids<'a>(page: &'a Html, faults: &mut Vec<String>) -> BTreeMap<&'a str, ElementRef<'a>> {
    let mut ids = BTreeMap::new();
    for element in all(page, "[id]") {
        if ids.insert(element.attr("id").unwrap(), element).is_some() {
            faults.push(format!("an id for the second time: {}", shown(element)));
        }
    }
    for attribute in ["aria-describedby", "aria-labelledby", "aria-controls", "aria-details", "for", "headers", "form"]
    {
        for element in all(page, &format!("[{attribute}]")) {
            for target in element.attr(attribute).unwrap().split_whitespace() {
                if !ids.contains_key(target) {
                    faults.push(format!("nothing has the id {target}: {}", shown(element)));
                }
            }
        }
    }
    for link in all(page, "a[href^='#']") {
        let target = &link.attr("href").unwrap()[1..];
        if !ids.contains_key(target) {
            faults.push(format!("a link to nothing on the page: {}", shown(link)));
        }
    }
    ids
}

/// Whatever is used has a name that is read aloud.
fn names(page: &Html, ids: &BTreeMap<&str, ElementRef<'_>>, faults: &mut Vec<String>) {
    let labelled: BTreeSet<&str> = all(page, "label[for]")
        .into_iter()
        .filter(|label| !text(*label).is_empty())
        .filter_map(|label| label.attr("for"))
        .collect();
    let by_others = |element: ElementRef<'_>| {
        element.attr("aria-label").is_some_and(|label| !label.trim().is_empty())
            || element
                .attr("aria-labelledby")
                .is_some_and(|by| by.split_whitespace().any(|id| ids.get(id).is_some_and(|one| !text(*one).is_empty())))
    };
    for field in all(page, "input:not([type=hidden]), select, textarea") {
        let within = field.ancestors().filter_map(ElementRef::wrap).any(|one| one.value().name() == "label");
        let by_id = field.attr("id").is_some_and(|id| labelled.contains(id));
        if !(within || by_id || by_others(field)) {
            faults.push(format!("a field without a label: {}", shown(field)));
        }
    }
    for element in all(page, "button, a[href], summary, svg[role=img], [role=region], nav, legend, th") {
        if text(element).is_empty() && !by_others(element) {
            faults.push(format!("it has no name: {}", shown(element)));
        }
    }
    for group in all(page, "fieldset") {
        if !group.children().filter_map(ElementRef::wrap).any(|one| one.value().name() == "legend") {
            faults.push(format!("a group without a legend: {}", shown(group)));
        }
    }
    for cell in all(page, "th:not([scope])") {
        faults.push(format!("a heading cell of neither row nor column: {}", shown(cell)));
    }
    for image in all(page, "img:not([alt]), svg:not([aria-hidden=true]):not([role=img])") {
        faults.push(format!("an image that is neither hidden nor named: {}", shown(image)));
    }
    for scrolled in all(page, "[tabindex]:not([tabindex='0']):not([tabindex='-1'])") {
        faults.push(format!("an order of its own: {}", shown(scrolled)));
    }
}

fn is_ours(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//") && !address.contains('\\')
}

/// Forms go to us, and each that changes something says for which log-in, if one does.
fn forms(page: &Html, faults: &mut Vec<String>) {
    let token = Selector::parse("input[type=hidden][name=_token]").unwrap();
    let forms = all(page, "form");
    let logged_in = forms.iter().any(|form| form.select(&token).next().is_some());
    for form in forms {
        let posts = form.attr("method").is_some_and(|method| method == "post");
        if !form.attr("action").is_some_and(is_ours) {
            faults.push(format!("a form to elsewhere: {}", shown(form)));
        }
        if posts && logged_in && form.select(&token).count() != 1 {
            faults.push(format!("a form without its token: {}", shown(form)));
        }
        if !posts && form.select(&token).next().is_some() {
            faults.push(format!("a token that would stand in an address: {}", shown(form)));
        }
        let button = Selector::parse("button, input[type=submit]").unwrap();
        if form.select(&button).next().is_none() {
            faults.push(format!("a form that cannot be sent: {}", shown(form)));
        }
    }
    for button in all(page, "[formaction]") {
        if !button.attr("formaction").is_some_and(is_ours) {
            faults.push(format!("a form to elsewhere: {}", shown(button)));
        }
    }
    for button in all(page, "button") {
        if !button.ancestors().filter_map(ElementRef::wrap).any(|one| one.value().name() == "form") {
            faults.push(format!("a button that does nothing: {}", shown(button)));
        }
    }
}

/// The pages on which the browser is asked for a passkey, which it gives to scripts alone: they load the one
/// script there is, and say what to do without.
const WITH_SCRIPT: [&str; 2] = ["passkey-log-in", "passkey-new"];

/// Whether the page loads a script of ours, and may.
pub fn has_script(html: &str) -> bool {
    WITH_SCRIPT.iter().any(|name| html.contains(&format!("data-page=\"{name}\"")))
}

/// No script, no style, nothing loaded from elsewhere.
fn nothing_active(page: &Html, faults: &mut Vec<String>) {
    let scripted = has_script(&page.html());
    for element in all(page, "script, noscript") {
        let ours =
            element.attr("src").is_some_and(|src| src.starts_with("/assets/") && src.rsplit('.').next() == Some("js"));
        let empty = element.value().name() == "script" && ours && text(element).is_empty();
        if !(scripted && (empty || element.value().name() == "noscript")) {
            faults.push(format!("it has no place in a page: {}", shown(element)));
        }
    }
    for element in all(page, "style, iframe, object, embed, base, template, frame, meta[http-equiv]") {
        faults.push(format!("it has no place in a page: {}", shown(element)));
    }
    for element in all(page, "*") {
        for (name, value) in element.value().attrs() {
            let value = value.trim().to_ascii_lowercase();
            let address = matches!(name, "href" | "src" | "action" | "formaction" | "srcset" | "poster" | "xlink:href");
            let known = is_ours(&value) || value.starts_with('#') || value.starts_with('?');
            let link = name == "href" && element.value().name() == "a";
            if name == "style" || name.starts_with("on") || value.starts_with("javascript:") {
                faults.push(format!("it acts: {}", shown(element)));
            } else if address && !known && !(link && (value.starts_with("https://") || value.starts_with("mailto:"))) {
                faults.push(format!("an address elsewhere: {}", shown(element)));
            }
        }
    }
}

/// A text that is a key was looked for and not found. Keys of one word cannot be told from words.
fn bare_keys(page: &Html, keys: &BTreeSet<String>, faults: &mut Vec<String>) {
    let mut check = |text: &str| {
        let text = text.trim();
        if text.contains('-') && keys.contains(text) {
            faults.push(format!("a bare key: {text}"));
        }
    };
    for node in page.tree.nodes() {
        match node.value() {
            Node::Text(text) => check(text),
            Node::Element(element) => {
                for name in ["aria-label", "title", "alt", "placeholder"] {
                    element.attr(name).into_iter().for_each(&mut check);
                }
            }
            _ => {}
        }
    }
}
