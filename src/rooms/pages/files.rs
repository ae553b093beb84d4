//! Files of notes, on the note's page: saving them and adding one.

use actix_web::http::Method;

use super::notes;
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{FileId, NoteId, RoomId};
use crate::rooms::model::FileBody;
use crate::rooms::transfer;
use crate::server::page::{Nothing, Shell};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::POST,
            path: "/rooms/{room}/notes/{note}/files",
            name: "page_add_file",
            summary: "Adds a file to a note.",
            access: Access::May(Action::ReviseNote),
            logs: Logs::Event(Event::FileAdded),
            takes: Takes::FileForm(schema::<Nothing>),
            gives: Gives::See,
            also: &[409, 412, 428],
            handler: handler(add),
        },
        Route {
            method: Method::GET,
            path: "/rooms/{room}/notes/{note}/files/{file}",
            name: "page_read_file",
            summary: "The bytes of a file of a note.",
            access: Access::May(Action::ReadNote),
            logs: Logs::Event(Event::FileRead),
            takes: Takes::Nothing,
            gives: Gives::Bytes,
            also: &[],
            handler: handler(read),
        },
    ]
}

/// The size of a file in words: in thousands of bytes, at least one, or in millions.
pub(super) fn size_of(shell: &Shell, file: &FileBody) -> String {
    let in_units = |unit: u64| file.size.div_ceil(unit).to_string();
    if file.size < 10_000_000 {
        shell.t1("file-size-kb", "size", in_units(1_000))
    } else {
        shell.t1("file-size-mb", "size", in_units(1_000_000))
    }
}

async fn add(mut call: Call) -> Result<Answer, AppError> {
    let (room, note) = (call.path("room", RoomId::parse)?, call.path("note", NoteId::parse)?);
    let added = async {
        call.form::<Nothing>()?;
        let based_on = call.based_on()?;
        transfer::take(&mut call, (&room, &note), based_on).await
    };
    match added.await {
        Ok(_) => Answer::see(&format!("/rooms/{room}/notes/{note}")),
        Err(error) => notes::get(call.failed(error)?).await,
    }
}

async fn read(call: Call) -> Result<Answer, AppError> {
    let place = (call.path("room", RoomId::parse)?, call.path("note", NoteId::parse)?);
    let file = call.path("file", FileId::parse)?;
    transfer::give(call, place, file).await
}
