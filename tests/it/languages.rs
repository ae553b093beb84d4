//! The languages' files hold the same keys: each that a page asks for, and none that nothing asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use incamera::access::rules::{self, PROHIBITIONS};
use incamera::access::{Action, Fact};
use incamera::server::page::language::{MONTHS, Say, slug, sources as files};

use crate::support::html::keys;
use crate::support::sources::{self, Source};

/// The families of words whose values an enumeration of another name has. (Of the same name, they are found.)
const FAMILIES: &[(&str, &str)] =
    &[("room", "RoomKind"), ("handling", "HandlingCode"), ("addressee", "AddresseeState")];

/// Families whose values are no enumeration of texts. That none of their words is missing is found where pages
/// are looked through: a bare key is no word.
const LOOSE: &[&str] = &[
    "action",
    "conclusions-act",
    "event",
    "fact",
    "means",
    "participation-invite-text",
    "prohibition",
    "rule-source",
    "session-for",
    "thing",
];

/// Texts of problems that do not stand where the problem is made: `body_problem` of `server/call.rs` finds
/// out which of these it is.
const FOUND_OUT: [&str; 5] =
    ["no such field", "missing", "given twice", "not JSON", "not of the type that is taken here"];

/// Words that the shell has ready for whatever list comes.
const READY: &[&str] = &["list-empty"];

/// Templates, as sources without tests or comments.
fn templates() -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut found);
    found
}

/// The literal that each call of one of these begins with, where it begins with one.
fn first_literals(text: &str, calls: &[&str]) -> BTreeSet<String> {
    let after = calls.iter().flat_map(|call| text.split(call).skip(1));
    after.filter_map(|rest| Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0.to_owned())).collect()
}

/// The text between the parentheses of each call.
fn arguments<'t>(text: &'t str, call: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(call) {
        let rest = &text[at + call.len()..];
        let (mut depth, mut quoted) = (1, false);
        let end = rest.char_indices().find(|(place, c)| {
            match c {
                '"' if !rest[..*place].ends_with('\\') => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        found.push(&rest[..end.unwrap().0]);
    }
    found
}

/// The literal that a call ends with.
fn last_literal(arguments: &str) -> Option<&str> {
    let text = arguments.trim_end().trim_end_matches(',').strip_suffix('"')?;
    Some(text.rsplit_once('"')?.1)
}

/// Every fixed text of a problem or conflict that a source makes, as a key and the text.
fn fixed_texts(source: &Source) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // What the operator meets on the command line is no page's.
    if source.path.starts_with("src/cli/") {
        return found;
    }
    let mut add = |family: &str, text: &str| {
        if !text.is_empty() {
            found.insert(format!("{family}-{}", slug(text)), text.to_owned());
        }
    };
    for (family, call) in [
        ("problem", "AppError::field("),
        ("problem", "problem: \""),
        ("conflict", "Fault::Conflict("),
        ("conflict", "keep_apart("),
    ] {
        if call.ends_with('"') {
            source.words.split(call).skip(1).for_each(|rest| add(family, rest.split('"').next().unwrap()));
            continue;
        }
        for arguments in arguments(&source.words, call) {
            if let Some(text) = last_literal(arguments) {
                add(family, text);
            } else {
                let passed_on = ["field, problem", "refusal", "_", "detail", "what", "\n    new: Span"];
                let known = passed_on.iter().any(|known| arguments.starts_with(known));
                assert!(known, "{}: which texts is this? {call}{arguments})", source.path);
            }
        }
    }
    found
}

/// The values of every enumeration with texts, by its name in lower case with hyphens.
fn enumerations(sources: &[Source]) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for source in sources {
        for one in source.words.split("text_enum! {").skip(1) {
            let Some((name, rest)) = one.split_once('{') else { continue };
            let body = rest.split('}').next().unwrap();
            let values = body.lines().filter_map(|line| Some(line.split_once("= \"")?.1.split('"').next()?.to_owned()));
            found.insert(name.trim().to_owned(), values.collect());
        }
    }
    found
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for (at, c) in name.char_indices() {
        if at > 0 && c.is_uppercase() {
            kebab.push('-');
        }
        kebab.extend(c.to_lowercase());
    }
    kebab
}

/// What the pages ask for: key, and who asks.
fn asked(sources: &[Source], templates: &[(String, String)]) -> BTreeMap<String, String> {
    let mut asked: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |key: String, who: &str| {
        asked.entry(key).or_insert_with(|| who.to_owned());
    };
    let enumerations = enumerations(sources);
    let texts = templates
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .chain(sources.iter().map(|source| (source.path.as_str(), source.words.as_str())));
    for (path, text) in texts {
        for key in first_literals(text, &[".t(", ".t1(", ".t2("]) {
            add(key, path);
        }
        for family in first_literals(text, &[".word("]) {
            if LOOSE.contains(&family.as_str()) {
                continue;
            }
            let named = FAMILIES.iter().find(|(name, _)| *name == family).map(|(_, name)| *name);
            let values = enumerations
                .iter()
                .find(|(name, _)| named.map_or_else(|| kebab(name) == family, |named| named == *name))
                .unwrap_or_else(|| {
                    panic!("{path} asks for words of the family {family}: say in FAMILIES of tests/it/languages.rs which enumeration that is")
                });
            for value in values.1 {
                add(format!("{family}-{}", value.replace('_', "-").to_lowercase()), path);
            }
        }
    }
    for month in MONTHS {
        add(month.to_owned(), "dates");
    }
    let error = sources.iter().find(|source| source.path == "src/error.rs").unwrap();
    let public = error.words.split("fn public").nth(1).unwrap().split("\n    }\n").next().unwrap();
    for part in public.split('(').skip(1).filter(|part| part.trim_start().starts_with(|c: char| c.is_ascii_digit())) {
        add(format!("fault-{}", part.split('"').nth(1).unwrap()), "src/error.rs");
    }
    for source in sources {
        for key in fixed_texts(source).into_keys() {
            add(key, &source.path);
        }
    }
    for text in FOUND_OUT {
        add(format!("problem-{}", slug(text)), "src/server/call.rs");
    }
    asked
}

#[test]
fn every_language_has_the_same_keys_once() {
    let files: BTreeMap<&str, &str> = files().into_iter().collect();
    let english = keys(files["en"]);
    assert!(files.len() >= 2 && english.len() > 200);
    for (code, text) in &files {
        let own = keys(text);
        let missing: Vec<_> = english.difference(&own).collect();
        let more: Vec<_> = own.difference(&english).collect();
        assert!(missing.is_empty() && more.is_empty(), "{code} lacks {missing:?} and has beside English {more:?}");
        let lines = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).count();
        assert_eq!(lines, own.len(), "{code}: a key for the second time, or a line that is none");
        for line in text.lines().filter(|line| line.contains(" =")) {
            assert!(!line.trim_end().ends_with('='), "{code}: {line} has no words");
        }
    }
    // What stands in a text's places is the same in every language.
    let places = |text: &str, key: &str| -> BTreeSet<String> {
        let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("{key} =")));
        let mut words = lines.next().unwrap().to_owned();
        words.extend(lines.take_while(|line| line.starts_with(' ')).map(ToOwned::to_owned));
        words.split('$').skip(1).map(|rest| rest.chars().take_while(|c| c.is_alphanumeric()).collect()).collect()
    };
    for key in &english {
        for (code, text) in &files {
            assert_eq!(places(text, key), places(files["en"], key), "{code}: {key}");
        }
    }
}

#[test]
fn no_key_is_missing_or_unused() {
    let (sources, templates) = (sources::all(&["src"]), templates());
    let files: BTreeMap<&str, &str> = files().into_iter().collect();
    let english = keys(files["en"]);
    let asked = asked(&sources, &templates);
    assert!(asked.len() > 200, "{}", asked.len());
    let missing: Vec<String> = asked
        .iter()
        .filter(|(key, _)| !english.contains(*key))
        .map(|(key, who)| format!("{key} (for {who})"))
        .collect();
    assert!(missing.is_empty(), "no language has these:\n{}", missing.join("\n"));
    // A key that is passed on before it is asked for stands somewhere as it is.
    let everything: String = templates
        .iter()
        .map(|(_, text)| text.as_str())
        .chain(sources.iter().map(|source| source.words.as_str()))
        .collect();
    let unused: Vec<_> = english
        .iter()
        .filter(|key| !READY.contains(&key.as_str()))
        .filter(|key| !LOOSE.iter().any(|family| key.starts_with(&format!("{family}-"))))
        .filter(|key| !asked.contains_key(*key) && !everything.contains(&format!("\"{key}\"")))
        .collect();
    assert!(unused.is_empty(), "nothing asks for these: {unused:#?}");
}

/// What an explanation is made of: where `docs/ACCESS.md` has English sentences, every language has its own.
#[test]
fn every_language_can_explain() {
    let rules = Action::ALL.iter().map(|action| rules::rule(*action).source);
    let families = [
        ("rule-source", rules.collect::<BTreeSet<_>>()),
        ("prohibition", PROHIBITIONS.iter().map(|one| one.words).collect()),
        ("fact", Fact::ALL.iter().map(|fact| fact.words()).collect()),
    ];
    let files: BTreeMap<&str, &str> = files().into_iter().collect();
    let said = |code: &str, key: &str| {
        let line = format!("{key} = ");
        files[code].lines().find_map(|one| one.strip_prefix(&line)).map(ToOwned::to_owned)
    };
    for (family, sentences) in families {
        let own: BTreeSet<String> = sentences.iter().map(|words| format!("{family}-{}", slug(words))).collect();
        for key in &own {
            let english = said("en", key);
            assert!(english.is_some(), "no language has {key}");
            for code in files.keys().filter(|code| **code != "en") {
                assert!(said(code, key).is_some_and(|own| Some(own) != english), "{code}: {key}");
            }
        }
        let kept = keys(files["en"]).into_iter().filter(|key| key.starts_with(&format!("{family}-")));
        // Of facts there is one more, which is none: that the thing was not there yet.
        let spare: Vec<String> =
            kept.filter(|key| !own.contains(key) && key != "fact-it-was-recorded-by-then").collect();
        assert_eq!(spare, [""; 0], "nothing is explained by these");
    }
}

#[test]
fn what_is_asked_for_is_found() {
    let source = Source::new(
        "src/x.rs",
        r#"fn f() { AppError::field("a", "too (long"); AppError::field(format!("a[{n}]"), "no such x",); Fault::Conflict("It is.").into() }"#,
    );
    let found = fixed_texts(&source);
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["conflict-it-is", "problem-no-such-x", "problem-too-long"]);
    let literals =
        first_literals(r#"{{ shell.t("a-b") }} {{ shell.t1("c", "x", y) }} {{ shell.t(key) }}"#, &[".t(", ".t1("]);
    assert_eq!(literals.into_iter().collect::<Vec<_>>(), ["a-b", "c"]);
    assert_eq!(kebab("CaseStage"), "case-stage");
}

#[test]
fn days_are_written_as_people_write_them() {
    for (code, first, last, words) in [
        ("en", "2026-03-11", "2026-03-11", "11 March 2026"),
        ("en", "2026-03-01", "2026-03-02", "1–2 March 2026"),
        ("en", "2026-03-31", "2026-04-01", "31 March 2026 to 1 April 2026"),
        ("en", "2026-03-11", "2027-03-12", "11 March 2026 to 12 March 2027"),
        ("fr", "2026-04-01", "2026-04-01", "1er avril 2026"),
        ("fr", "2026-04-01", "2026-04-02", "1er–2 avril 2026"),
        ("fr", "2026-03-31", "2026-04-01", "du 31 mars 2026 au 1er avril 2026"),
    ] {
        assert_eq!(Say::to(Some(code), None, None, ("en", "UTC")).days(first, last), words);
    }
}
