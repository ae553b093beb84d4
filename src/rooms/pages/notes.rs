//! Notes as pages: listing, reading, writing with a look at who will read, revising without losing what
//! anybody wrote, versions and what changed between them, releases.

#[cfg(test)]
pub(super) mod samples;

use std::time::Duration;

use actix_web::http::Method;
use askama::Template;
use similar::{ChangeTag, TextDiff};

use super::Inside;
use crate::access::{self, Action, Asker, actions};
use crate::audit::Event;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, NoteId, RoomId};
use crate::network::names::Names;
use crate::rooms::model::{
    HandlingCode, NewNote, NoteBody, NoteLine, NoteVersionLine, Reader, Reads, ReleaseBody, Revision, WriteBody,
};
use crate::rooms::service::{audience, notes, releases};
use crate::rooms::store::{Note, Room};
use crate::server::answer::List;
use crate::server::page::{Nothing, Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Handler, Logs, Route, Takes, handler};

const PAGE: &[&str] = &["cursor", "limit"];
const VERSION: &[&str] = &["version"];

/// The notes of a room.
#[derive(Template)]
#[template(path = "rooms/notes.html")]
struct NotesPage {
    shell: Shell,
    inside: Inside,
    names: Names,
    notes: List<NoteLine>,
    visit: String,
}

impl NotesPage {
    fn base(&self) -> String {
        format!("/rooms/{}/notes?", self.inside.room.id)
    }
}

/// A note.
#[derive(Template)]
#[template(path = "rooms/note.html")]
struct NotePage {
    shell: Shell,
    inside: Inside,
    names: Names,
    note: NoteBody,
    /// The States it could be released to: id and words.
    states: Vec<(String, String)>,
    may_revise: bool,
    /// Most bytes of a file, in millions.
    most: u64,
}

/// A form for a note: a new one or a new version, perhaps with a look at it before it is saved, perhaps
/// beside the version that somebody else saved meanwhile.
#[derive(Template)]
#[template(path = "rooms/note_form.html")]
struct NoteFormPage {
    shell: Shell,
    inside: Inside,
    names: Names,
    /// Where it is saved.
    action: String,
    /// The version it is based on; none for a new note.
    based_on: Option<i64>,
    /// What stands in the fields at first.
    title: String,
    text: String,
    handling: Vec<HandlingCode>,
    handling_text: String,
    /// What it would look like.
    preview: Option<NewNote>,
    readers: Vec<Reader>,
    /// What somebody else saved meanwhile.
    theirs: Option<NoteBody>,
}

impl NoteFormPage {
    /// The readers, by how they read; those of whom there is nobody left out.
    fn by_reading(&self) -> Vec<(String, Vec<&Reader>)> {
        [(Reads::Now, "reads-now"), (Reads::IfReleased, "reads-if-released"), (Reads::Not, "reads-not")]
            .into_iter()
            .map(|(reads, key)| (self.shell.t(key), self.readers.iter().filter(|one| one.reads == reads).collect()))
            .filter(|(_, readers): &(_, Vec<_>)| !readers.is_empty())
            .collect()
    }
}

/// The versions of a note.
#[derive(Template)]
#[template(path = "rooms/versions.html")]
struct VersionsPage {
    shell: Shell,
    inside: Inside,
    names: Names,
    note: NoteId,
    versions: Vec<NoteVersionLine>,
}

/// What changed from one version to the next.
#[derive(Template)]
#[template(path = "rooms/changes.html")]
struct ChangesPage {
    shell: Shell,
    inside: Inside,
    names: Names,
    before: NoteBody,
    after: NoteBody,
    title: Vec<Piece>,
    text: Vec<Piece>,
}

/// A stretch of text that was kept, added or cut.
struct Piece {
    tag: &'static str,
    words: String,
}

/// How long the difference of two texts is looked for. What is found by then is shown: a coarser one, but
/// nobody else waits for it.
const DIFFERENCE_AT_MOST: Duration = Duration::from_millis(100);

fn pieces(before: &str, after: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for change in TextDiff::configure().timeout(DIFFERENCE_AT_MOST).diff_words(before, after).iter_all_changes() {
        let tag = match change.tag() {
            ChangeTag::Equal => "span",
            ChangeTag::Insert => "ins",
            ChangeTag::Delete => "del",
        };
        match pieces.last_mut().filter(|last| last.tag == tag) {
            Some(last) => last.words.push_str(change.value()),
            None => pieces.push(Piece { tag, words: change.value().to_owned() }),
        }
    }
    pieces
}

const READ: Logs = Logs::Events(&[Event::RoomSeen, Event::NoteRead]);

/// A look at a page.
fn look(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    action: Action,
    logs: Logs,
    handler: Handler,
) -> Route {
    let access = Access::May(action);
    let (takes, gives) = (Takes::Nothing, Gives::Page);
    Route { method: Method::GET, path, name, summary, access, logs, takes, gives, also: &[], handler }
}

/// A form that writes something of a note.
fn form(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    action: Action,
    event: Event,
    handler: Handler,
) -> Route {
    let (access, logs) = (Access::May(action), Logs::Event(event));
    let (takes, gives) = (Takes::Form(schema::<WriteBody>), Gives::See);
    Route { method: Method::POST, path, name, summary, access, logs, takes, gives, also: &[], handler }
}

const NOTE: &str = "/rooms/{room}/notes/{note}";

pub(super) fn routes() -> Vec<Route> {
    [looks(), forms()].concat()
}

fn looks() -> Vec<Route> {
    let list_logs = Logs::Events(&[Event::RoomSeen, Event::NotesListed]);
    let change_logs = Logs::Events(&[Event::RoomSeen, Event::NoteRead, Event::NoteRead]);
    let seen = Logs::Event(Event::RoomSeen);
    vec![
        Route {
            takes: Takes::Query(PAGE),
            ..look(
                "/rooms/{room}/notes",
                "page_list_notes",
                "The notes of a room.",
                Action::ReadRoom,
                list_logs,
                handler(list),
            )
        },
        look("/rooms/{room}/notes/new", "page_new_note", "The form for a note.", Action::WriteNote, seen, handler(new)),
        Route {
            takes: Takes::Query(VERSION),
            ..look(NOTE, "page_get_note", "A note.", Action::ReadNote, READ, handler(get))
        },
        look(
            "/rooms/{room}/notes/{note}/revision",
            "page_edit_note",
            "The form for a new version.",
            Action::ReviseNote,
            READ,
            handler(edit),
        ),
        look(
            "/rooms/{room}/notes/{note}/versions",
            "page_list_note_versions",
            "The versions of a note.",
            Action::ReadNote,
            READ,
            handler(versions),
        ),
        look(
            "/rooms/{room}/notes/{note}/versions/{version}",
            "page_note_changes",
            "What a version changed.",
            Action::ReadNote,
            change_logs,
            handler(changes),
        ),
    ]
}

fn forms() -> Vec<Route> {
    vec![
        Route {
            gives: Gives::Page,
            ..form(
                "/rooms/{room}/notes/preview",
                "page_preview_note",
                "A note before it is saved, and who will read it.",
                Action::WriteNote,
                Event::RoomSeen,
                handler(preview_new),
            )
        },
        form(
            "/rooms/{room}/notes",
            "page_write_note",
            "Writes a note.",
            Action::WriteNote,
            Event::NoteWritten,
            handler(write),
        ),
        Route {
            gives: Gives::Page,
            also: &[428],
            ..form(
                "/rooms/{room}/notes/{note}/preview",
                "page_preview_revision",
                "A new version before it is saved, and who will read it.",
                Action::ReviseNote,
                Event::RoomSeen,
                handler(preview_revision),
            )
        },
        Route {
            also: &[412, 428],
            ..form(
                NOTE,
                "page_revise_note",
                "Writes a new version.",
                Action::ReviseNote,
                Event::NoteRevised,
                handler(revise),
            )
        },
        Route {
            takes: Takes::Form(schema::<ReleaseBody>),
            also: &[409],
            ..form(
                "/rooms/{room}/notes/{note}/releases",
                "page_release_note",
                "Releases a version to a State.",
                Action::ReleaseNote,
                Event::NoteReleased,
                handler(release),
            )
        },
        Route {
            takes: Takes::Form(schema::<Nothing>),
            ..form(
                "/rooms/{room}/notes/{note}/releases/{act}/ending",
                "page_end_note_release",
                "Ends a release.",
                Action::ReleaseNote,
                Event::ReleaseEnded,
                handler(end_release),
            )
        },
    ]
}

fn place(call: &Call) -> Result<(RoomId, NoteId), AppError> {
    Ok((call.path("room", RoomId::parse)?, call.path("note", NoteId::parse)?))
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let page = call.query(PAGE)?.page()?;
    let visit = call.visit().map(ToString::to_string).unwrap_or_default();
    let (shell, (inside, notes, names)) = call
        .see(move |work, asker| {
            let notes = notes::list(work, asker, &room, &page)?;
            let inside = Inside::look(work, asker, &room)?;
            let names = Names::of(
                work,
                notes.items.iter().map(|note| &note.author),
                notes.items.iter().map(|note| &note.party),
            )?;
            Ok((inside, notes, names))
        })
        .await?;
    show(&shell.clone(), &NotesPage { shell, inside, names, notes, visit })
}

/// Names for one note.
fn names_of(work: &mut Work<'_>, note: &NoteBody) -> Result<Names, AppError> {
    let released = note.releases.iter().flatten().map(|release| &release.party);
    let authors = note.files.iter().map(|file| &file.author).chain([&note.author]);
    Names::of(work, authors, released.chain([&note.party]))
}

/// Whether the asker may write new versions of a note.
fn may_revise(work: &mut Work<'_>, asker: &Asker, note: &NoteId) -> bool {
    access::permit::<actions::ReviseNote, Note>(work, asker, note).is_ok()
}

pub(super) async fn get(call: Call) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let version = call.query(VERSION)?.parse("version", |text| text.parse::<i64>().ok().filter(|one| *one > 0))?;
    let (shell, (inside, note, names, may_revise)) = call
        .see(move |work, asker| {
            let note = notes::get(work, asker, &room, &id, version)?;
            let inside = Inside::look(work, asker, &room)?;
            let names = names_of(work, &note)?;
            let may_revise = may_revise(work, asker, &id);
            Ok((inside, note, names, may_revise))
        })
        .await?;
    let mut states: Vec<(String, String)> = inside
        .room
        .members
        .iter()
        .filter(|member| member.party != note.party)
        .map(|member| (member.party.to_string(), inside.names.party(&member.party).to_owned()))
        .collect();
    states.sort_by(|a, b| a.1.cmp(&b.1));
    states.dedup();
    let most = call.settings().rooms.file_bytes / 1_000_000;
    show(&shell.clone(), &NotePage { shell, inside, names, note, states, may_revise, most })
}

/// What a form is shown around.
struct Around {
    inside: Inside,
    names: Names,
    readers: Vec<Reader>,
}

fn around(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<Around, AppError> {
    let inside = Inside::look(work, asker, room)?;
    let party = asker.party().ok_or(Fault::SignInNeeded)?;
    let readers = audience::of_note(work, asker, room, party)?;
    Ok(Around { names: inside.names.clone(), inside, readers })
}

/// The page of a form, with nothing in it.
fn empty_form(shell: Shell, around: Around, action: String) -> NoteFormPage {
    let Around { inside, names, readers } = around;
    NoteFormPage {
        shell,
        inside,
        names,
        action,
        based_on: None,
        title: String::new(),
        text: String::new(),
        handling: Vec::new(),
        handling_text: String::new(),
        preview: None,
        readers,
        theirs: None,
    }
}

async fn new(call: Call) -> Result<Answer, AppError> {
    new_with(call, None).await
}

/// The form for a new note, perhaps with a look at what was typed.
async fn new_with(call: Call, preview: Option<NewNote>) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let action = format!("/rooms/{room}/notes");
    let (shell, around) = call
        .see(move |work, asker| {
            access::permit::<actions::WriteNote, Room>(work, asker, &room)?;
            around(work, asker, &room)
        })
        .await?;
    show(&shell.clone(), &NoteFormPage { preview, ..empty_form(shell, around, action) })
}

async fn preview_new(call: Call) -> Result<Answer, AppError> {
    match call.form::<WriteBody>().and_then(WriteBody::checked) {
        Ok(note) => new_with(call.again()?, Some(note)).await,
        Err(error) => new_with(call.failed(error)?, None).await,
    }
}

async fn write(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let written = async {
        let new = call.form::<WriteBody>()?.checked()?;
        let room = room.clone();
        call.write(move |work, asker| notes::write(work, asker, &room, &new)).await
    };
    match written.await {
        Ok(note) => Answer::see(&format!("/rooms/{room}/notes/{}", note.id)),
        Err(error) => new_with(call.failed(error)?, None).await,
    }
}

async fn edit(call: Call) -> Result<Answer, AppError> {
    edit_with(call, None).await
}

/// The form for a new version, based on the newest. When the form came back because somebody else saved one
/// meanwhile, both texts are shown, and what is saved next is based on theirs.
async fn edit_with(call: Call, preview: Option<NewNote>) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let action = format!("/rooms/{room}/notes/{id}");
    let (shell, (note, around)) = call
        .see(move |work, asker| {
            access::permit::<actions::ReviseNote, Note>(work, asker, &id)?;
            let note = notes::get(work, asker, &room, &id, None)?;
            Ok((note, around(work, asker, &room)?))
        })
        .await?;
    // Only whoever is shown the newest version writes on top of it; a form that came back for another reason
    // stays based on what it was based on.
    let (based_on, beside) = shell.based_on(note.version);
    let form = NoteFormPage {
        based_on: Some(based_on),
        title: note.title.clone(),
        text: note.text.clone(),
        handling: note.handling.clone(),
        handling_text: note.handling_text.clone().unwrap_or_default(),
        preview,
        theirs: beside.then_some(note),
        ..empty_form(shell, around, action)
    };
    show(&form.shell.clone(), &form)
}

async fn preview_revision(call: Call) -> Result<Answer, AppError> {
    let preview = async {
        let (room, id) = place(&call)?;
        let (based_on, note) = (call.based_on()?, call.form::<WriteBody>()?.checked()?);
        call.read(move |work, asker| {
            access::permit::<actions::ReviseNote, Note>(work, asker, &id)?;
            Ok((room, id))
        })
        .await
        .map(|(room, _)| (room, based_on, note))
    };
    match preview.await {
        Ok((room, based_on, note)) => {
            let action = format!("/rooms/{room}/notes/{}", place(&call)?.1);
            let call = call.again()?;
            let (shell, around) = call.see(move |work, asker| around(work, asker, &room)).await?;
            let form =
                NoteFormPage { based_on: Some(based_on), preview: Some(note), ..empty_form(shell, around, action) };
            show(&form.shell.clone(), &form)
        }
        Err(error) => edit_with(call.failed(error)?, None).await,
    }
}

async fn revise(call: Call) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let revised = async {
        let revision = Revision { based_on: call.based_on()?, note: call.form::<WriteBody>()?.checked()? };
        let (room, id) = (room.clone(), id.clone());
        call.write(move |work, asker| notes::revise(work, asker, &room, &id, &revision)).await
    };
    match revised.await {
        Ok(_) => Answer::see(&format!("/rooms/{room}/notes/{id}")),
        Err(error) => edit_with(call.failed(error)?, None).await,
    }
}

async fn versions(call: Call) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let note = id.clone();
    let (shell, (inside, versions, names)) = call
        .see(move |work, asker| {
            let versions = notes::versions(work, asker, &room, &id)?;
            let inside = Inside::look(work, asker, &room)?;
            let names = Names::of(work, versions.iter().map(|one| &one.author), [])?;
            Ok((inside, versions, names))
        })
        .await?;
    show(&shell.clone(), &VersionsPage { shell, inside, names, note, versions })
}

async fn changes(call: Call) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let version = call.path("version", |text| text.parse::<i64>().ok().filter(|one| *one > 1))?;
    let (shell, (inside, before, after, names)) = call
        .see(move |work, asker| {
            let after = notes::get(work, asker, &room, &id, Some(version))?;
            let before = notes::get(work, asker, &room, &id, Some(version.saturating_sub(1)))?;
            let inside = Inside::look(work, asker, &room)?;
            let names = Names::of(work, [&before.author, &after.author], [&after.party])?;
            Ok((inside, before, after, names))
        })
        .await?;
    let (title, text) = (pieces(&before.title, &after.title), pieces(&before.text, &after.text));
    show(&shell.clone(), &ChangesPage { shell, inside, names, before, after, title, text })
}

async fn release(call: Call) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let released = async {
        let new = call.form::<ReleaseBody>()?.checked()?;
        let (room, id) = (room.clone(), id.clone());
        call.write(move |work, asker| releases::release(work, asker, (&room, &id), &new)).await
    };
    match released.await {
        Ok(_) => Answer::see(&format!("/rooms/{room}/notes/{id}")),
        Err(error) => get(call.failed(error)?).await,
    }
}

async fn end_release(call: Call) -> Result<Answer, AppError> {
    let (room, note) = place(&call)?;
    let act = call.path("act", ActId::parse)?;
    let back = format!("/rooms/{room}/notes/{note}");
    call.write(move |work, asker| releases::end(work, asker, (&room, &note), &act)).await?;
    Answer::see(&back)
}
