//! Every kind of page, made from its samples in every language, for readers of every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::access::{Fact, FactSet};
use crate::server::page::{self, Form, Sample, Say, Shell, Who, language};
use crate::{cases, identity, library, meetings, network, rooms, start};

#[path = "../../tests/it/support/html.rs"]
mod html;

/// The samples of every slice: a slice that has pages has its line here.
fn all(shell: &Shell) -> Vec<Sample> {
    [
        page::samples(shell),
        identity::pages::samples(shell),
        rooms::pages::samples(shell),
        rooms::requests::pages::samples(shell),
        cases::pages::samples(shell),
        start::samples(shell),
        meetings::pages::samples(shell),
        library::pages::samples(shell),
        network::pages::samples(shell),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Nobody, and somebody of each kind, with a name that tries things.
fn readers() -> Vec<Option<Who>> {
    let facts = [
        &[Fact::ContactPoint][..],
        &[Fact::Counterpart],
        &[Fact::SecretariatOfficer],
        &[Fact::Auditor],
        &[Fact::Guest],
    ];
    let who = |facts: &[Fact]| Who {
        name: "Anna \"><script>alert(1)</script> \u{5d0}\u{5d1} O'Neil".to_owned(),
        party: "FR".to_owned(),
        facts: facts.iter().copied().collect::<FactSet>(),
    };
    std::iter::once(None).chain(facts.into_iter().map(|facts| Some(who(facts)))).collect()
}

fn shell(code: &str, who: Option<Who>) -> Shell {
    let say = Say::to(Some(code), None, Some("Europe/Paris"), ("en", "UTC"));
    let token = who.is_some().then(|| "made-up".to_owned());
    Shell::new(say, who, "/somewhere?a=b&c=\"d\"".to_owned(), token, Form::default())
}

#[test]
fn every_sample_is_a_good_page_in_every_language() {
    let mut faults = BTreeSet::new();
    let mut pages = 0;
    for (code, text) in language::sources() {
        let keys = html::keys(text);
        for who in readers() {
            for sample in all(&shell(code, who)) {
                let made = sample.html.expect("the sample can be rendered");
                pages += 1;
                for fault in html::faults(&made, code, &keys) {
                    faults.insert(format!("{} in {code}: {fault}", sample.template));
                }
            }
        }
    }
    assert!(pages > 200, "{pages}");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.into_iter().collect::<Vec<_>>().join("\n"));
}

/// The templates that the sources below `folder` render.
fn templates(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            templates(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for rest in text.split("\n#[template(path = \"").skip(1) {
                found.insert(rest.split('"').next().unwrap().to_owned(), path.display().to_string());
            }
        }
    }
}

#[test]
fn every_template_has_a_sample() {
    let mut rendered = BTreeMap::new();
    templates(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut rendered);
    assert!(rendered.len() >= 10, "{rendered:?}");
    let sampled: BTreeSet<&str> = all(&shell("en", None)).iter().map(|sample| sample.template).collect();
    for (template, source) in &rendered {
        assert!(sampled.contains(template.as_str()), "{template}, rendered by {source}, has no sample");
    }
    for template in sampled {
        assert!(rendered.contains_key(template), "nothing renders {template}, of which there is a sample");
    }
}

/// The checks themselves find what they are for.
#[test]
fn a_bad_page_is_found_out() {
    let good = all(&shell("en", readers().into_iter().nth(1).unwrap())).remove(0).html.unwrap();
    let keys = html::keys(language::sources().into_iter().find(|(code, _)| *code == "en").unwrap().1);
    assert_eq!(html::faults(&good, "en", &keys), [""; 0]);
    assert!(!html::faults(&good, "fr", &keys).is_empty());
    for (part, worse) in [
        ("</main>", "<p>nav-main</p></main>"),
        ("</main>", "<h4>So deep</h4></main>"),
        ("</main>", "<h1>Another</h1></main>"),
        ("</main>", "<p id=main>twice</p></main>"),
        ("</main>", "<input name=a></main>"),
        ("</main>", "<p style='color: red'>red</p></main>"),
        ("</main>", "<a href='javascript:alert(1)'>go</a></main>"),
        ("</main>", "<p onclick='x()'>go</p></main>"),
        ("</main>", "<script>x()</script></main>"),
        ("</main>", "<p aria-describedby=nothing>so</p></main>"),
        ("</main>", "<a href='#nothing'>so</a></main>"),
        ("</main>", "<form method=post action='//evil.example/'><button>Go</button></form></main>"),
        ("</main>", "<form method=post action='/x'><button>Go</button></form></main>"),
        ("</main>", "<img src='https://evil.example/a.png' alt='so'></main>"),
        ("</main>", "</div></main>"),
        ("</h1>", "</h2>"),
        ("<!doctype html>", ""),
    ] {
        let bad = good.replacen(part, worse, 1);
        assert_ne!(bad, good);
        assert!(!html::faults(&bad, "en", &keys).is_empty(), "{worse}");
    }
}
