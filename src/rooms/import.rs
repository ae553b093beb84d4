//! What the operator's commands on the host write into a room that is new: writing needs no key, and
//! nothing is read. The command that calls this writes the log entry.

use super::keys::Slot;
use super::model::{HandlingCode, NewNote};
use super::service::notes;
use super::store;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId, RoomId};

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
pub fn ensure_notes(work: &mut Work<'_>, room: &RoomId, recorded: &[RecordedNote<'_>]) -> Result<(), AppError> {
    if store::holds_notes(work.conn, room)? {
        return Ok(());
    }
    let slot = Slot::of(work, room)?;
    for recorded in recorded {
        let new = NewNote {
            title: recorded.title.to_owned(),
            text: recorded.text.to_owned(),
            handling: recorded.handling.to_vec(),
            handling_text: None,
        };
        let whose = (recorded.author, recorded.party);
        notes::insert(work, |ctx, place, text| slot.seal(ctx, place, text), room, &new, whose)?;
    }
    Ok(())
}
