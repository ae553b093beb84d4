//! Searching a room.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::rooms::model::{SearchBody, SearchFound};
use crate::rooms::service::search::{self, Bounds};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::POST,
        path: "/api/v1/rooms/{room}/search",
        name: "search_notes",
        summary: "Search the notes of a room that the caller may read, the newest first; it may stop early.",
        access: Access::May(Action::ReadRoom),
        logs: Logs::Event(Event::NotesSearched),
        takes: Takes::Json(schema::<SearchBody>),
        gives: Gives::Json(schema::<SearchFound>),
        also: &[],
        handler: handler(find),
    }]
}

async fn find(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let body = call.json::<SearchBody>()?;
    let (page, bounds) = (call.page_behind(body.cursor.as_deref())?, Bounds::of(&call.settings().rooms));
    let wanted = body.checked()?;
    Answer::json(&call.read(move |work, asker| search::search(work, asker, &room, &wanted, (&page, bounds))).await?)
}
