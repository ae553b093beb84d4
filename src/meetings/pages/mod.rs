//! Meetings as pages: what was and will be, its sessions with their agendas and documents, the conclusions;
//! and for the Secretariat the forms that convene and change them.

mod agenda;
mod conclusions;
mod convening;
mod list;
mod materials;
mod meeting;
mod participation;
mod session;
mod timeline;

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::meetings::model::{MaterialBody, MeetingBody};
use crate::server::page::{self, Shell, options};
use crate::server::registry::SchemaOf;
use crate::server::{Access, Gives, Handler, Logs, Route, Takes};

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        list::routes(),
        convening::routes(),
        meeting::routes(),
        session::routes(),
        participation::routes(),
        agenda::routes(),
        materials::routes(),
        conclusions::routes(),
    ]
    .concat()
}

/// A page to look at, which leaves nothing in the log.
fn look(path: &'static str, name: &'static str, summary: &'static str, access: Access, handler: Handler) -> Route {
    Route {
        method: Method::GET,
        path,
        name,
        summary,
        access,
        logs: Logs::Nothing,
        takes: Takes::Nothing,
        gives: Gives::Page,
        also: &[],
        handler,
    }
}

/// A form that changes something.
fn form(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    (action, event): (Action, Event),
    body: SchemaOf,
    handler: Handler,
) -> Route {
    Route {
        method: Method::POST,
        path,
        name,
        summary,
        access: Access::May(action),
        logs: Logs::Event(event),
        takes: Takes::Form(body),
        gives: Gives::See,
        also: &[],
        handler,
    }
}

/// What a meeting is called.
fn title(shell: &Shell, meeting: &MeetingBody) -> String {
    match meeting.number {
        Some(number) => shell.t1("meeting-numbered", "number", number),
        None => shell.t1("meeting-ad-hoc-of", "day", shell.day(&meeting.first_day)),
    }
}

/// A choice that can be left open.
fn or_none(choices: Vec<(String, String)>) -> Vec<(String, String)> {
    page::or_none("—".to_owned(), choices)
}

/// The type of a document as people call it: how names of such files end.
fn format_of(material: &MaterialBody) -> String {
    material.media_type.endings().first().map(|ending| ending.to_uppercase()).unwrap_or_default()
}

/// The size of a document in thousands of bytes, at least one.
fn size_of(material: &MaterialBody) -> i64 {
    material.size.saturating_add(999) / 1000
}

/// Samples of every page of this slice.
#[cfg(test)]
pub(crate) fn samples(shell: &Shell) -> Vec<page::Sample> {
    [
        list::samples(shell),
        convening::samples(shell),
        meeting::samples(shell),
        session::samples(shell),
        participation::samples(shell),
        agenda::samples(shell),
        materials::samples(shell),
        conclusions::samples(shell),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::page::{Form, Say, language};

    #[test]
    fn every_sample_becomes_a_page_with_one_heading() {
        for (code, _) in language::sources() {
            let say = Say::to(Some(code), None, None, ("en", "UTC"));
            let shell = Shell::new(say, None, "/meetings".to_owned(), Some("token".to_owned()), Form::default());
            for made in samples(&shell).into_iter().chain(crate::library::pages::samples(&shell)) {
                let html = made.html.unwrap();
                assert_eq!(html.matches("<h1").count(), 1, "{}", made.template);
                assert!(!html.contains("<script") && !html.contains(" style="), "{}", made.template);
            }
        }
    }
}
