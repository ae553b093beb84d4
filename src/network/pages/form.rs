//! One page for every form of this slice: what it is about, its fields, its button.

use askama::Template;

use crate::server::page::Shell;

/// A form.
#[derive(Template)]
#[template(path = "network/form.html")]
pub(super) struct FormPage {
    pub(super) shell: Shell,
    /// The page's name, for scripts.
    pub(super) name: &'static str,
    pub(super) title: String,
    /// The name of whom or what it is about, as somebody typed it, and its page.
    pub(super) about: Option<(String, String)>,
    /// What happens when it is sent.
    pub(super) intro: String,
    /// Where it is sent.
    pub(super) action: String,
    pub(super) fields: Vec<Field>,
    pub(super) button: String,
    /// Whether it takes something away.
    pub(super) ends: bool,
    /// Where one goes who does not send it.
    pub(super) back: String,
}

/// A field of a form.
pub(super) enum Field {
    /// A line of text, or a day.
    Line { name: &'static str, label: String, kind: &'static str, hint: String, required: bool },
    /// A choice of one.
    Choice { name: &'static str, label: String, options: Vec<(String, String)>, value: String, hint: String },
    /// What the address said.
    Hidden { name: &'static str, value: String },
}

impl Field {
    pub(super) fn line(name: &'static str, label: String, hint: String) -> Self {
        Self::Line { name, label, kind: "text", hint, required: true }
    }

    pub(super) fn choice(name: &'static str, label: String, options: Vec<(String, String)>) -> Self {
        Self::Choice { name, label, options, value: String::new(), hint: String::new() }
    }

    /// From which day on.
    pub(super) fn from(shell: &Shell) -> Self {
        let (label, hint) = (shell.t("from"), shell.t("from-hint"));
        Self::Line { name: "from", label, kind: "date", hint, required: false }
    }

    /// Until which day, if that is fixed in advance.
    pub(super) fn until(shell: &Shell) -> Self {
        let (label, hint) = (shell.t("until"), shell.t("until-hint"));
        Self::Line { name: "until", label, kind: "date", hint, required: false }
    }

    /// Where the decision stands.
    pub(super) fn source(shell: &Shell) -> Self {
        Self::line("source", shell.t("source"), shell.t("source-hint"))
    }
}

#[cfg(test)]
impl FormPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::options;
        use crate::network::model::Role;
        let page = |about, fields, ends| Self {
            shell: shell.clone(),
            name: "form",
            title: shell.t("designate-title"),
            about,
            intro: shell.t("designate-intro"),
            action: "/people/x/designations".into(),
            fields,
            button: shell.t("designate-do"),
            ends,
            back: "/people/x".into(),
        };
        vec![
            page(None, Vec::new(), true),
            page(
                Some(("<b>Ánna</b> \u{202e}".into(), "/people/x".into())),
                vec![
                    Field::choice(
                        "role",
                        shell.t("role"),
                        options(shell, "role", Role::ALL.iter().map(|one| one.as_str())),
                    ),
                    Field::from(shell),
                    Field::until(shell),
                    Field::source(shell),
                    Field::Hidden { name: "kind", value: "designation".into() },
                ],
                false,
            ),
        ]
    }
}
