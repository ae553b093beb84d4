//! Searching a room, as a page. What is looked for comes in a form and stands in no address, so the results
//! answer the form itself.

#[cfg(test)]
pub(super) mod samples;

use actix_web::http::Method;
use askama::Template;

use super::Inside;
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::network::names::Names;
use crate::rooms::model::{SearchBody, SearchFound};
use crate::rooms::service::search::{self, Bounds};
use crate::server::page::{Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

/// What was found, and the form again.
#[derive(Template)]
#[template(path = "rooms/search.html")]
struct SearchPage {
    shell: Shell,
    inside: Inside,
    names: Names,
    /// None when the form came back.
    found: Option<SearchFound>,
}

/// The fields that going on sends again.
const FIELDS: [&str; 5] = ["q", "author", "party", "from", "to"];

impl SearchPage {
    /// What was typed, for going on.
    fn typed(&self) -> Vec<(&'static str, String)> {
        let typed = FIELDS.into_iter().map(|name| (name, self.shell.typed(name, "")));
        typed.filter(|(_, value)| !value.is_empty()).collect()
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::POST,
        path: "/rooms/{room}/search",
        name: "page_search_notes",
        summary: "Searches the notes of a room.",
        access: Access::May(Action::ReadRoom),
        logs: Logs::Events(&[Event::RoomSeen, Event::NotesSearched]),
        takes: Takes::Form(schema::<SearchBody>),
        gives: Gives::Page,
        also: &[],
        handler: handler(find),
    }]
}

async fn find(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let judged = call.form::<SearchBody>().and_then(|body| {
        let page = call.page_behind(body.cursor.as_deref())?;
        Ok((body.checked()?, page))
    });
    let bounds = Bounds::of(&call.settings().rooms);
    let (call, wanted) = match judged {
        Ok(wanted) => (call.again()?, Some(wanted)),
        Err(error) => (call.failed(error)?, None),
    };
    let (shell, (inside, names, found)) = call
        .see(move |work, asker| {
            let found = wanted
                .map(|(wanted, page)| search::search(work, asker, &room, &wanted, (&page, bounds)))
                .transpose()?;
            let inside = Inside::look(work, asker, &room)?;
            let lines = || found.iter().flat_map(|found| &found.items).map(|one| &one.line);
            let names = Names::of(work, lines().map(|line| &line.author), lines().map(|line| &line.party))?;
            Ok((inside, names, found))
        })
        .await?;
    show(&shell.clone(), &SearchPage { shell, inside, names, found })
}
