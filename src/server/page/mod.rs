//! Pages: the shell around each, what a browser brings, forms, languages, and what is shown instead of a
//! page when something is in the way.
//!
//! A page's route is a route as any other. Three things differ: who asks is found by cookies, what is sent
//! is a form (and refused unless it came from a page of ours), and an error is a page.

mod assets;
pub mod cookies;
pub mod csv;
mod fault;
pub mod filter;
pub mod form;
pub mod language;
#[cfg(test)]
mod samples;
pub mod upload;
mod visitor;

use askama::Template;

pub use assets::routes;
pub(in crate::server) use fault::answer as fault;
pub use fault::{LogIn, Purpose, Resume};
pub use form::{Fields, Nothing};
pub use language::Say;
#[cfg(test)]
pub(crate) use samples::{samples, with_problems};
pub use upload::FileSent;
pub(in crate::server) use visitor::{Site, Visitor, bring, visitor};

use super::Answer;
use crate::access::{Fact, FactSet};
use crate::context::Moment;
use crate::error::{AppError, FieldProblem};

/// Whether this is a path of ours, and nothing that a browser would take for another host's address.
#[must_use]
pub fn is_ours(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// The field of a form that shows it came from a page of ours, for this log-in.
pub const TOKEN: &str = "_token";
/// The field that says which version a change is based on, as `If-Match` does.
pub const BASED_ON: &str = "_based_on";
/// The field that says where to go on after logging in or stating a purpose.
pub const NEXT: &str = "_next";
/// What the fields begin with that are kept meanwhile.
pub const KEPT: &str = "_kept.";

/// Sent with every page: nothing is loaded from elsewhere, and no script or style stands in a page.
pub(in crate::server) const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The same for the pages with the one script there is.
pub(in crate::server) const POLICY_WITH_SCRIPT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Who is logged in, for the top of every page.
#[derive(Clone, Debug)]
pub struct Who {
    /// The person's name.
    pub name: String,
    /// The code of the party acted for.
    pub party: String,
    /// What holds of the asker.
    pub facts: FactSet,
}

/// What a form is shown with when it comes back: what was typed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// What was typed.
    pub typed: Fields,
    /// What is wrong with it.
    pub problems: Vec<FieldProblem>,
    /// What is wrong with none of the fields: the problem's name, its fixed text, and its detail.
    pub other: Option<(&'static str, &'static str, &'static str)>,
    /// The status of the answer, if not 200.
    pub status: Option<u16>,
}

/// What surrounds a page: whom it speaks to, who is logged in, and the form that came back, if one did.
#[derive(Clone)]
pub struct Shell {
    say: Say,
    /// Who is logged in.
    pub who: Option<Who>,
    /// The page's own address, for coming back to it.
    pub here: String,
    /// The token of forms.
    pub token: Option<String>,
    /// The form that came back.
    pub form: Form,
    /// Whether the page answers a form: what is typed on it would be lost by going elsewhere and back.
    pub answers_form: bool,
}

impl Shell {
    /// A shell.
    #[must_use]
    pub fn new(say: Say, who: Option<Who>, here: String, token: Option<String>, form: Form) -> Self {
        Self { say, who, here, token, form, answers_form: false }
    }

    /// The same for a log-in that has just begun, by its unlock secret.
    #[must_use]
    pub fn for_unlock(mut self, unlock: &str) -> Self {
        self.token = Some(visitor::token(unlock));
        self
    }

    /// Whom the page speaks to.
    #[must_use]
    pub const fn say(&self) -> &Say {
        &self.say
    }

    /// The language's code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.say.code()
    }

    /// The words of a key.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.say.t(key)
    }

    /// The words of a key with something in one place.
    #[must_use]
    pub fn t1<'a>(&self, key: &str, name: &'a str, value: impl Into<fluent_bundle::FluentValue<'a>>) -> String {
        self.say.with(key, &[(name, value.into())])
    }

    /// The words of a key with something in two places.
    #[must_use]
    pub fn t2<'a>(
        &self,
        key: &str,
        name: &'a str,
        value: impl Into<fluent_bundle::FluentValue<'a>>,
        second: &'a str,
        also: impl Into<fluent_bundle::FluentValue<'a>>,
    ) -> String {
        self.say.with(key, &[(name, value.into()), (second, also.into())])
    }

    /// The words for a value of an enumeration: the family's name and the value make the key.
    #[must_use]
    pub fn word(&self, family: &str, value: impl AsRef<str>) -> String {
        self.say.t(&format!("{family}-{}", value.as_ref().replace('_', "-").to_lowercase()))
    }

    /// A moment, in the reader's zone.
    #[must_use]
    pub fn moment(&self, moment: &Moment) -> String {
        self.say.moment(*moment)
    }

    /// A moment as a machine reads it.
    #[must_use]
    pub fn machine(&self, moment: &Moment) -> String {
        moment.rfc3339()
    }

    /// A day or month of the calendar.
    #[must_use]
    pub fn day(&self, day: &str) -> String {
        self.say.day(day)
    }

    /// Two days, or the one that they are.
    #[must_use]
    pub fn days(&self, first: &str, last: &str) -> String {
        self.say.days(first, last)
    }

    /// The zone's name.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.say.zone()
    }

    /// What was typed into a field, or else `usual`.
    #[must_use]
    pub fn typed(&self, field: &str, usual: impl AsRef<str>) -> String {
        if self.form.typed.is_empty() {
            return usual.as_ref().to_owned();
        }
        self.form.typed.all(field).collect::<Vec<_>>().join("\n")
    }

    /// Whether `value` was chosen for a field, or else whether `usual` says so.
    #[must_use]
    pub fn chosen(&self, field: &str, value: impl AsRef<str>, usual: bool) -> bool {
        let value = value.as_ref();
        if self.form.typed.is_empty() { usual } else { self.form.typed.all(field).any(|typed| typed == value) }
    }

    /// What is wrong with a field, in the reader's language.
    #[must_use]
    pub fn problem(&self, field: &str) -> Option<String> {
        let found = self.form.problems.iter().find(|one| one.field == field || place(&one.field) == field)?;
        Some(self.say.fixed("problem", &found.problem))
    }

    /// What is wrong, for the top of the form: each field's name, and what is wrong with it.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        self.form
            .problems
            .iter()
            .map(|one| (place(&one.field).to_owned(), self.say.fixed("problem", &one.problem)))
            .collect()
    }

    /// What is wrong with none of the fields, in the reader's language.
    #[must_use]
    pub fn other_problem(&self) -> Option<String> {
        let (name, text, detail) = self.form.other?;
        Some(if detail.is_empty() { self.fault(name, text) } else { self.say.fixed("conflict", detail) })
    }

    /// The version that a form of this page is based on, and whether the newest one is to be shown beside what
    /// was typed: a form that came back stays based on what it was based on, unless it now shows the newest.
    #[must_use]
    pub fn based_on(&self, newest: i64) -> (i64, bool) {
        match self.form.typed.get(BASED_ON).and_then(|text| text.parse().ok()) {
            Some(before) if !self.failed_by("outdated") => (before, false),
            None if self.form.typed.is_empty() => (newest, false),
            _ => (newest, true),
        }
    }

    /// Whether the form came back because of the fault of this name.
    #[must_use]
    pub fn failed_by(&self, name: &str) -> bool {
        self.form.other.is_some_and(|(other, ..)| other == name)
    }

    /// The words of a fault.
    #[must_use]
    pub fn fault(&self, name: &str, text: &str) -> String {
        let key = format!("fault-{name}");
        let words = self.say.t(&key);
        if words == key { text.to_owned() } else { words }
    }

    fn has(&self, facts: &[Fact]) -> bool {
        self.who.as_ref().is_some_and(|who| facts.iter().any(|fact| who.facts.has(*fact)))
    }

    /// Whether the reader speaks for a State.
    #[must_use]
    pub fn state(&self) -> bool {
        self.has(&[Fact::ContactPoint, Fact::Counterpart])
    }

    /// Whether the reader is a contact point of a member State.
    #[must_use]
    pub fn contact_point(&self) -> bool {
        self.has(&[Fact::ContactPoint])
    }

    /// Whether the reader is an officer of the Secretariat.
    #[must_use]
    pub fn officer(&self) -> bool {
        self.has(&[Fact::SecretariatOfficer])
    }

    /// Whether the reader is the auditor.
    #[must_use]
    pub fn auditor(&self) -> bool {
        self.has(&[Fact::Auditor])
    }

    /// Whether the reader may check the log (decision 15).
    #[must_use]
    pub fn checks_log(&self) -> bool {
        self.auditor() || self.state()
    }

    /// Whether the reader is a guest.
    #[must_use]
    pub fn guest(&self) -> bool {
        self.has(&[Fact::Guest])
    }

    /// The address of the stylesheet.
    #[must_use]
    pub fn style(&self) -> &'static str {
        assets::style()
    }

    /// The address of the script.
    #[must_use]
    pub fn script(&self) -> &'static str {
        assets::script()
    }

    /// The languages to choose from: code, own name, whether it is this one.
    #[must_use]
    pub fn languages(&self) -> Vec<(String, String, bool)> {
        language::languages()
            .iter()
            .map(|one| {
                let own = Say::to(Some(&one.code), None, None, (&one.code, "UTC")).t("language-name");
                (one.code.clone(), own, one.code == self.code())
            })
            .collect()
    }
}

/// Each of these values to choose from, with its words: the family's name and the value make the key.
pub fn options(shell: &Shell, family: &str, values: impl IntoIterator<Item = &'static str>) -> Vec<(String, String)> {
    values.into_iter().map(|value| (value.to_owned(), shell.word(family, value))).collect()
}

/// The same, and none of them first, in the words of `none`.
#[must_use]
pub fn or_none(none: String, options: Vec<(String, String)>) -> Vec<(String, String)> {
    std::iter::once((String::new(), none)).chain(options).collect()
}

/// The field that a problem's path is about: `topics[3]` is a line of `topics`.
fn place(path: &str) -> &str {
    path.split('[').next().unwrap_or(path)
}

/// A page.
///
/// # Errors
/// When the template fails: a defect.
pub fn show<T: Template>(shell: &Shell, page: &T) -> Result<Answer, AppError> {
    let html = page.render().map_err(AppError::internal)?;
    Ok(Answer::html(shell.form.status.unwrap_or(200), html))
}

/// A page that needs the script: with a policy that lets it run, and nothing else.
///
/// # Errors
/// As [`show`].
pub fn show_with_script<T: Template>(shell: &Shell, page: &T) -> Result<Answer, AppError> {
    Ok(show(shell, page)?.with_script())
}

/// A page made from made-up contents, for the tests.
pub struct Sample {
    /// The template's path.
    pub template: &'static str,
    /// What came out.
    pub html: Result<String, AppError>,
}

/// Renders samples of one kind of page.
#[must_use]
pub fn sample<T: Template>(template: &'static str, pages: Vec<T>) -> Vec<Sample> {
    pages.into_iter().map(|page| Sample { template, html: page.render().map_err(AppError::internal) }).collect()
}
