//! Files of notes. A file is added with a new version of its note, so whoever may read that version may read the
//! file, and a release of an earlier one never comes to cover it. It comes in pieces, each judged anew, and goes out so,
//! too: an ending bites in the middle of a file.

use super::notes::{by_release, entry, note_in};
use super::sealing;
use crate::access::{Asker, Permit, actions};
use crate::audit::Event;
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{FileId, NoteId, PersonId, RoomId};
use crate::rooms::keys::{Pen, Ring};
use crate::rooms::model::{FileBody, FileDetails, NewFile, NewNote};
use crate::rooms::store::{self, Note, SealedFile};
use crate::seal::Place;

/// A file of which nothing came for so long has broken off, in microseconds: at the least rate a piece takes a
/// quarter of it.
const BROKEN_OFF_US: i64 = 3_600_000_000;
/// Files that one person may be sending at a time.
const UPLOADS_MOST: i64 = 8;
const UPLOADS_TOO_MANY: Fault = Fault::Conflict("You are sending too many files already.");

/// A file that somebody may read.
pub(in crate::rooms) struct Opened {
    pub(in crate::rooms) id: FileId,
    pub(in crate::rooms) details: FileDetails,
    pub(in crate::rooms) pieces: i64,
}

/// What the sealed part of a file belongs to, beside the version: moved to another note, it is nothing.
fn thing(note: &NoteId, file: &FileId) -> String {
    format!("{note} {file}")
}

fn place<'a>(room: &'a RoomId, thing: &'a str, version: i64) -> Place<'a> {
    Place { room, what: "file", thing, version }
}

fn details(ring: &Ring, room: &RoomId, row: &SealedFile) -> Result<FileDetails, AppError> {
    let text = ring.open(place(room, &thing(&row.note_id, &row.id), row.version), &row.details)?;
    serde_json::from_str(&text).map_err(AppError::internal)
}

/// The files that belong to a version of a note, as the asker has keys for them; `count` is what the version says of
/// their number.
pub(super) fn of(
    work: &mut Work<'_>,
    ring: &Ring,
    (room, note): (&RoomId, &NoteId),
    (version, count): (i64, Option<i64>),
) -> Result<Vec<FileBody>, AppError> {
    let Some(count) = count.filter(|count| *count > 0) else { return Ok(Vec::new()) };
    let rows = store::files_of(work.conn, note, version)?;
    if i64::try_from(rows.len()).ok() != Some(count) {
        return Err(AppError::internal("a note has not the files that it had"));
    }
    rows.iter().filter(|row| ring.reaches(&row.details)).map(|row| Ok(body(row, details(ring, room, row)?))).collect()
}

fn body(row: &SealedFile, FileDetails { name, size, .. }: FileDetails) -> FileBody {
    FileBody {
        id: row.id.clone(),
        name,
        size,
        version: row.version,
        author: row.author_id.clone(),
        added_at: row.added_us,
    }
}

/// Leave to add a file to the newest version of a note, on which the asker has based it.
fn addable(
    work: &mut Work<'_>,
    asker: &Asker,
    (room, note): (&RoomId, &NoteId),
) -> Result<(Permit<actions::ReviseNote, Note>, PersonId), AppError> {
    let permit = note_in::<actions::ReviseNote>(work, asker, room, note)?;
    Ok((permit, asker.person().cloned().ok_or(Fault::SignInNeeded)?))
}

/// Makes ready for a file. Nothing is disclosed and nothing of the note is changed, so there is no entry yet.
pub(in crate::rooms) fn begin(
    work: &mut Work<'_>,
    asker: &Asker,
    place: (&RoomId, &NoteId),
    based_on: i64,
) -> Result<FileId, AppError> {
    let (permit, person) = addable(work, asker, place)?;
    if store::newest(work.conn, &permit)?.version != based_on {
        return Err(Fault::Outdated.into());
    }
    let now = work.now;
    if let Some(broken_off) = store::broken_off(work.conn, Moment(now.0.saturating_sub(BROKEN_OFF_US)))? {
        store::drop_upload(work.conn, &broken_off)?;
    }
    if store::uploads_of(work.conn, &person)? >= UPLOADS_MOST {
        return Err(UPLOADS_TOO_MANY.into());
    }
    let id = FileId::new(work)?;
    store::begin_upload(work.conn, &permit, (&id, &person), now)?;
    Ok(id)
}

fn not_coming() -> AppError {
    AppError::internal("a piece of a file that is not coming")
}

/// Keeps a piece.
pub(in crate::rooms) fn keep(
    work: &mut Work<'_>,
    asker: &Asker,
    place: (&RoomId, &NoteId),
    file: &FileId,
    (number, sealed): (i64, &[u8]),
) -> Result<(), AppError> {
    let (permit, person) = addable(work, asker, place)?;
    let now = work.now;
    let kept = store::keep_piece(work.conn, &permit, (file, &person), (number, sealed), now)?;
    kept.then_some(()).ok_or_else(not_coming)
}

/// Adds a file all of whose pieces are kept: the note's next version says what the one before said.
pub(in crate::rooms) fn add(
    work: &mut Work<'_>,
    asker: &Asker,
    (room, note): (&RoomId, &NoteId),
    based_on: i64,
    new: NewFile,
) -> Result<FileBody, AppError> {
    let (permit, author) = addable(work, asker, (room, note))?;
    let newest = store::newest(work.conn, &permit)?;
    if newest.version != based_on {
        return Err(Fault::Outdated.into());
    }
    if !store::end_upload(work.conn, &permit, (&new.id, &author))? {
        return Err(not_coming());
    }
    let (version, now) = (newest.version.saturating_add(1), work.now);
    let pen = Pen::of(work, asker, room)?;
    let (text, handling_text) = sealing::text(pen.ring(), room, &newest)?;
    let title = sealing::title(pen.ring(), room, &newest)?;
    let same = NewNote { title, text, handling: sealing::handling(&newest)?, handling_text };
    let seals = |place: Place<'_>, text: &str| pen.seal(work, place, text);
    let mut next = sealing::seal(seals, (room, note, version), &same, (&author, now))?;
    next.files = Some(newest.files.unwrap_or_default().saturating_add(1));
    let text = zeroize::Zeroizing::new(serde_json::to_string(&new.details).map_err(AppError::internal)?);
    let details = pen.seal(work, place(room, &thing(note, &new.id), version), &text)?;
    let row = SealedFile {
        id: new.id,
        note_id: note.clone(),
        version,
        details,
        pieces: new.pieces,
        digest: new.digest,
        author_id: author,
        added_us: now,
    };
    store::insert_version(work.conn, &permit, &next).or_conflict(Fault::Outdated)?;
    store::insert_file(work.conn, &permit, &row)?;
    work.log(entry(Event::FileAdded, asker, permit.thing()).version(version));
    Ok(body(&row, new.details))
}

/// Throws away what has come of a file that does not come any more.
pub(in crate::rooms) fn forget(work: &mut Work<'_>, file: &FileId) -> Result<(), AppError> {
    Ok(store::drop_upload(work.conn, file)?)
}

/// Leave to read a file of a note: it belongs to a version that the asker may read.
fn readable(
    work: &mut Work<'_>,
    asker: &Asker,
    (room, note): (&RoomId, &NoteId),
    file: &FileId,
) -> Result<(Permit<actions::ReadNote, Note>, SealedFile), AppError> {
    let permit = note_in::<actions::ReadNote>(work, asker, room, note)?;
    let row = store::file(work.conn, &permit, file)?.ok_or(Fault::NotFound)?;
    if let (true, Some(party)) = (by_release(asker, &permit.thing().party_id), asker.party()) {
        let released = store::released_versions(work, std::slice::from_ref(note), party, work.now)?;
        if !released.iter().any(|version| version.version >= row.version) {
            return Err(Fault::NotFound.into());
        }
    }
    Ok((permit, row))
}

/// Opens a file for reading. What it holds is asked for by [`piece`].
pub(in crate::rooms) fn open(
    work: &mut Work<'_>,
    asker: &Asker,
    (room, note): (&RoomId, &NoteId),
    file: &FileId,
) -> Result<Opened, AppError> {
    let (permit, row) = readable(work, asker, (room, note), file)?;
    let ring = Ring::of(work, asker, room)?;
    let details = details(&ring, room, &row)?;
    work.log(entry(Event::FileRead, asker, permit.thing()).version(row.version));
    Ok(Opened { id: row.id, details, pieces: row.pieces })
}

/// A piece of a file that was opened before, sealed. Whoever may not read it any more is given no more of it.
pub(in crate::rooms) fn piece(
    work: &mut Work<'_>,
    asker: &Asker,
    place: (&RoomId, &NoteId),
    (file, number): (&FileId, i64),
) -> Result<Vec<u8>, AppError> {
    let (permit, row) = readable(work, asker, place, file)?;
    Ok(store::piece(work.conn, &permit, &row, number)?)
}
