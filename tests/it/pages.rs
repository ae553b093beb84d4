//! Pages as browsers meet them.

mod attacks;
pub(super) mod passkeys;
mod unhappy;

use std::collections::{BTreeMap, BTreeSet};

use incamera::server::page::language;

use crate::support::{Reply, html};

/// The policy of every page: nothing from elsewhere, no script.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The name that a page gives itself, if it is one.
pub fn page_of(reply: &Reply) -> Option<String> {
    if !reply.headers.get("content-type")?.starts_with("text/html") {
        return None;
    }
    let text = reply.text();
    let (_, rest) = text.split_once("data-page=\"")?;
    Some(rest.split('"').next()?.to_owned())
}

/// Looks through pages, and remembers what is wrong: one run shows all of it.
pub struct Checker {
    keys: BTreeMap<String, BTreeSet<String>>,
    faults: BTreeSet<String>,
    met: BTreeSet<(&'static str, u16)>,
    pub pages: usize,
}

impl Default for Checker {
    fn default() -> Self {
        let keys = language::sources().into_iter().map(|(code, text)| (code.to_owned(), html::keys(text))).collect();
        Self { keys, faults: BTreeSet::new(), met: BTreeSet::new(), pages: 0 }
    }
}

impl Checker {
    /// Whether no page of this route was met with this status before.
    pub fn is_first(&mut self, route: &'static str, status: u16) -> bool {
        self.met.insert((route, status))
    }

    /// A page in this language.
    pub fn check(&mut self, told: &str, reply: &Reply, language: &str) {
        self.pages += 1;
        let policy = if html::has_script(&reply.text()) {
            POLICY.replace("default-src 'none';", "default-src 'none'; script-src 'self';")
        } else {
            POLICY.to_owned()
        };
        let policy = policy.as_str();
        let header = |name: &str| reply.headers.get(name).map(String::as_str).unwrap_or_default();
        for (name, wanted) in [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", policy),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            if header(name) != wanted {
                self.faults.insert(format!("{told}: {name} is {}", header(name)));
            }
        }
        for fault in html::faults(&reply.text(), language, &self.keys[language]) {
            self.faults.insert(format!("{told}, in {language}: {fault}"));
        }
    }

    /// A page, as `look` finds it when asking for each language.
    pub fn in_every_language(&mut self, told: &str, mut look: impl FnMut(&str) -> Reply) {
        let codes: Vec<String> = self.keys.keys().filter(|code| *code != "en").cloned().collect();
        for code in codes {
            let reply = look(&format!("{code}-XX, en;q=0.5"));
            self.check(told, &reply, &code);
        }
    }

    /// Fails when something was wrong.
    #[track_caller]
    pub fn must_be_content(&self) {
        let faults: Vec<&str> = self.faults.iter().map(String::as_str).collect();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}
