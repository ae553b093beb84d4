//! Notes on their way into the database and out of it: every text is sealed for its place, so that none
//! can be read as another.

use super::super::model::{HandlingCode, NewNote};
use super::super::store::SealedVersion;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{NoteId, PersonId, RoomId};
use crate::rooms::keys::Ring;
use crate::seal::{Place, Sealed};

fn place<'a>(room: &'a RoomId, what: &'static str, note: &'a NoteId, version: i64) -> Place<'a> {
    Place { room, what, thing: note.as_str(), version }
}

const TITLE: &str = "note.title";
const TEXT: &str = "note.text";
const HANDLING: &str = "note.handling";

/// Seals a version, by what seals for a place of its room.
///
/// # Errors
/// Without randomness.
pub(in crate::rooms) fn seal(
    seals: impl Fn(Place<'_>, &str) -> Result<Sealed, AppError>,
    (room, note, version): (&RoomId, &NoteId, i64),
    new: &NewNote,
    (author, now): (&PersonId, Moment),
) -> Result<SealedVersion, AppError> {
    let seal = |what, text: &str| seals(place(room, what, note, version), text);
    Ok(SealedVersion {
        note_id: note.clone(),
        version,
        title: seal(TITLE, &new.title)?,
        words: seal(TEXT, &new.text)?,
        handling: new.handling.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(" "),
        handling_words: new.handling_text.as_ref().map(|words| seal(HANDLING, words)).transpose()?,
        author_id: author.clone(),
        written_us: now,
        files: None,
    })
}

/// Seals a version from before rooms had keys.
///
/// # Errors
/// When it is sealed; without randomness.
pub(in crate::rooms) fn from_plain(
    seals: impl Fn(Place<'_>, &str) -> Result<Sealed, AppError>,
    room: &RoomId,
    row: SealedVersion,
) -> Result<SealedVersion, AppError> {
    let seal = |what, plain: &Sealed| seals(place(room, what, &row.note_id, row.version), &plain.read_plain()?);
    let (title, words) = (seal(TITLE, &row.title)?, seal(TEXT, &row.words)?);
    let handling_words = row.handling_words.as_ref().map(|words| seal(HANDLING, words)).transpose()?;
    Ok(SealedVersion { title, words, handling_words, ..row })
}

/// Opens the title of a version.
///
/// # Errors
/// When it is not what belongs there.
pub(in crate::rooms) fn title(ring: &Ring, room: &RoomId, row: &SealedVersion) -> Result<String, AppError> {
    ring.open(place(room, TITLE, &row.note_id, row.version), &row.title)
}

/// Opens the text of a version, and the words to its handling codes.
///
/// # Errors
/// As [`title`].
pub(in crate::rooms) fn text(
    ring: &Ring,
    room: &RoomId,
    row: &SealedVersion,
) -> Result<(String, Option<String>), AppError> {
    let open = |what, sealed: &Sealed| ring.open(place(room, what, &row.note_id, row.version), sealed);
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
