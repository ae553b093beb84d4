//! What the operator's commands on the host write into a room that is new: writing needs no key, and
//! nothing is read. The command that calls this writes the log entry.

use super::keys::Slot;
use super::model::{HandlingCode, NewNote};
use super::service::sealing;
use super::store::{self, Note};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{NoteId, PartyId, PersonId, RoomId};
use crate::seal::Place;

/// A note to be written.
#[derive(Clone, Copy, Debug)]
pub struct RecordedNote<'a> {
    /// Who writes it.
    pub author: &'a PersonId,
    /// For which party.
    pub party: &'a PartyId,
    /// Its title.
    pub title: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Its handling codes; H3 would need words and is not taken.
    pub handling: &'a [HandlingCode],
}

/// Writes these notes into the room, unless it holds any.
///
/// # Errors
/// The database's.
pub fn ensure_notes(work: &mut Work<'_>, room: &RoomId, notes: &[RecordedNote<'_>]) -> Result<(), AppError> {
    if store::holds_notes(work.conn, room)? {
        return Ok(());
    }
    let slot = Slot::of(work, room)?;
    for recorded in notes {
        let note = Note {
            id: NoteId::new(work)?,
            room_id: room.clone(),
            author_id: recorded.author.clone(),
            party_id: recorded.party.clone(),
            written_us: work.now,
        };
        let new = NewNote {
            title: recorded.title.to_owned(),
            text: recorded.text.to_owned(),
            handling: recorded.handling.to_vec(),
            handling_text: None,
        };
        let seals = |place: Place<'_>, text: &str| slot.seal(work, place, text);
        let first = sealing::seal(seals, (room, &note.id, 1), &new, (recorded.author, work.now))?;
        store::insert_note(work.conn, &note, &first)?;
    }
    Ok(())
}
