//! Files of notes.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{FileId, NoteId, RoomId};
use crate::rooms::model::FileBody;
use crate::rooms::transfer;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::POST,
            path: "/api/v1/rooms/{room}/notes/{note}/files",
            name: "add_file",
            summary: "Add a file to a note of one's own State, whose newest version is in If-Match: it comes with the next.",
            access: Access::May(Action::ReviseNote),
            logs: Logs::Event(Event::FileAdded),
            takes: Takes::File,
            gives: Gives::Created(schema::<FileBody>),
            also: &[409, 412, 428],
            handler: handler(add),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/rooms/{room}/notes/{note}/files/{file}",
            name: "read_file",
            summary: "The bytes of a file that belongs to a version of a note which the caller may read.",
            access: Access::May(Action::ReadNote),
            logs: Logs::Event(Event::FileRead),
            takes: Takes::Nothing,
            gives: Gives::Bytes,
            also: &[],
            handler: handler(read),
        },
    ]
}

async fn add(mut call: Call) -> Result<Answer, AppError> {
    let (room, note) = (call.path("room", RoomId::parse)?, call.path("note", NoteId::parse)?);
    let based_on = call.if_match()?;
    let file = transfer::take(&mut call, (&room, &note), based_on).await?;
    Answer::created(&file)?.version(file.version)
}

async fn read(call: Call) -> Result<Answer, AppError> {
    let place = (call.path("room", RoomId::parse)?, call.path("note", NoteId::parse)?);
    let file = call.path("file", FileId::parse)?;
    transfer::give(call, place, file).await
}
