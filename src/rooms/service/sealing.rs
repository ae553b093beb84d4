//! Notes on their way into the database and out of it: every text is sealed for its place, so that none
//! can be read as another.

use super::super::model::{HandlingCode, NewNote};
use super::super::store::SealedVersion;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{NoteId, PersonId, RoomId};
use crate::seal::{Key, Place, Sealed};

fn place<'a>(room: &'a RoomId, what: &'static str, note: &'a NoteId, version: i64) -> Place<'a> {
    Place { room, what, thing: note.as_str(), version }
}

const TITLE: &str = "note.title";
const TEXT: &str = "note.text";
const HANDLING: &str = "note.handling";

/// Seals a version.
pub(in crate::rooms) fn seal(
    room: &RoomId,
    note: &NoteId,
    version: i64,
    new: &NewNote,
    (author, now): (&PersonId, Moment),
) -> SealedVersion {
    SealedVersion {
        note_id: note.clone(),
        version,
        title: Sealed::seal(place(room, TITLE, note, version), &new.title),
        words: Sealed::seal(place(room, TEXT, note, version), &new.text),
        handling: new.handling.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(" "),
        handling_words: new
            .handling_text
            .as_ref()
            .map(|words| Sealed::seal(place(room, HANDLING, note, version), words)),
        author_id: author.clone(),
        written_us: now,
    }
}

/// Opens the title of a version.
///
/// # Errors
/// When it is not what belongs there.
pub(in crate::rooms) fn title(key: &Key, room: &RoomId, row: &SealedVersion) -> Result<String, AppError> {
    row.title.open(key, place(room, TITLE, &row.note_id, row.version))
}

/// Opens the text of a version, and the words to its handling codes.
///
/// # Errors
/// As [`title`].
pub(in crate::rooms) fn text(
    key: &Key,
    room: &RoomId,
    row: &SealedVersion,
) -> Result<(String, Option<String>), AppError> {
    let open = |what, sealed: &Sealed| sealed.open(key, place(room, what, &row.note_id, row.version));
    Ok((open(TEXT, &row.words)?, row.handling_words.as_ref().map(|words| open(HANDLING, words)).transpose()?))
}

/// The handling codes of a version.
///
/// # Errors
/// When the column holds something else: somebody's hand in the database.
pub(in crate::rooms) fn handling(row: &SealedVersion) -> Result<Vec<HandlingCode>, AppError> {
    row.handling
        .split(' ')
        .map(|code| HandlingCode::parse(code).ok_or_else(|| AppError::internal("a note has an unknown handling code")))
        .collect()
}
