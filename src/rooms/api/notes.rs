//! Notes, their versions and releases.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{ActId, NoteId, RoomId};
use crate::rooms::model::{NoteBody, NoteLine, NoteReleaseBody, NoteVersionLine, ReleaseBody, Revision, WriteBody};
use crate::rooms::service::{notes, releases};
use crate::server::answer::List;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const PAGE: &[&str] = &["cursor", "limit"];
const VERSION: &[&str] = &["version"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/rooms/{room}/notes",
            name: "list_notes",
            summary: "The notes of a room that the caller may read, the newest first, with their titles.",
            access: Access::May(Action::ReadRoom),
            logs: Logs::Event(Event::NotesListed),
            takes: Takes::Query(PAGE),
            gives: Gives::List(schema::<NoteLine>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/rooms/{room}/notes",
            name: "write_note",
            summary: "Write a note.",
            access: Access::May(Action::WriteNote),
            logs: Logs::Event(Event::NoteWritten),
            takes: Takes::Json(schema::<WriteBody>),
            gives: Gives::Created(schema::<NoteBody>),
            also: &[],
            handler: handler(write),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/rooms/{room}/notes/{note}",
            name: "get_note",
            summary: "A note: the version asked for or the newest.",
            access: Access::May(Action::ReadNote),
            logs: Logs::Event(Event::NoteRead),
            takes: Takes::Query(VERSION),
            gives: Gives::Json(schema::<NoteBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::PUT,
            path: "/api/v1/rooms/{room}/notes/{note}",
            name: "revise_note",
            summary: "Write the next version of a note of one's own State, based on the version in If-Match.",
            access: Access::May(Action::ReviseNote),
            logs: Logs::Event(Event::NoteRevised),
            takes: Takes::Json(schema::<WriteBody>),
            gives: Gives::Json(schema::<NoteBody>),
            also: &[412, 428],
            handler: handler(revise),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/rooms/{room}/notes/{note}/versions",
            name: "list_note_versions",
            summary: "Every version of a note, the newest first, without the texts.",
            access: Access::May(Action::ReadNote),
            logs: Logs::Event(Event::NoteRead),
            takes: Takes::Nothing,
            gives: Gives::List(schema::<NoteVersionLine>),
            also: &[],
            handler: handler(versions),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/rooms/{room}/notes/{note}/releases",
            name: "release_note",
            summary: "Release one version of a note to a State: its counterparts in the room can then read that one.",
            access: Access::May(Action::ReleaseNote),
            logs: Logs::Event(Event::NoteReleased),
            takes: Takes::Json(schema::<ReleaseBody>),
            gives: Gives::Created(schema::<NoteReleaseBody>),
            also: &[409],
            handler: handler(release),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/rooms/{room}/notes/{note}/releases/{act}",
            name: "end_note_release",
            summary: "End a release of a note.",
            access: Access::May(Action::ReleaseNote),
            logs: Logs::Event(Event::ReleaseEnded),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end_release),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let page = call.query(PAGE)?.page()?;
    Answer::json(&call.read(move |work, asker| notes::list(work, asker, &room, &page)).await?)
}

async fn write(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let new = call.json::<WriteBody>()?.checked()?;
    let note = call.write(move |work, asker| notes::write(work, asker, &room, &new)).await?;
    Answer::created(&note)?.version(note.version)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let (room, note) = place(&call)?;
    let version = call.query(VERSION)?.parse("version", |text| text.parse::<i64>().ok().filter(|one| *one > 0))?;
    let note = call.read(move |work, asker| notes::get(work, asker, &room, &note, version)).await?;
    Answer::json(&note)?.version(note.version)
}

async fn revise(call: Call) -> Result<Answer, AppError> {
    let (room, note) = place(&call)?;
    let revision = Revision { based_on: call.if_match()?, note: call.json::<WriteBody>()?.checked()? };
    let note = call.write(move |work, asker| notes::revise(work, asker, &room, &note, &revision)).await?;
    Answer::json(&note)?.version(note.version)
}

async fn versions(call: Call) -> Result<Answer, AppError> {
    let (room, note) = place(&call)?;
    let items = call.read(move |work, asker| notes::versions(work, asker, &room, &note)).await?;
    Answer::json(&List { items, next: None })
}

async fn release(call: Call) -> Result<Answer, AppError> {
    let (room, note) = place(&call)?;
    let new = call.json::<ReleaseBody>()?.checked()?;
    let released = call.write(move |work, asker| releases::release(work, asker, (&room, &note), &new)).await?;
    Answer::created(&released)
}

async fn end_release(call: Call) -> Result<Answer, AppError> {
    let (room, note) = place(&call)?;
    let act = call.path("act", ActId::parse)?;
    call.write(move |work, asker| releases::end(work, asker, (&room, &note), &act)).await?;
    Ok(Answer::nothing())
}

fn place(call: &Call) -> Result<(RoomId, NoteId), AppError> {
    Ok((call.path("room", RoomId::parse)?, call.path("note", NoteId::parse)?))
}
