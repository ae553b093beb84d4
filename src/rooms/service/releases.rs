//! Releasing a note to a State whose counterparts are in the room, and ending that.

use super::notes::releasable;
use crate::access::Asker;
use crate::audit::Event;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, NoteId, PartyId, RoomId};
use crate::rooms::model::NoteReleaseBody;
use crate::rooms::release::{self, Released};

/// Releases a note to a State.
pub(in crate::rooms) fn release(
    work: &mut Work<'_>,
    asker: &Asker,
    (room, note): (&RoomId, &NoteId),
    party: PartyId,
    source: &str,
) -> Result<NoteReleaseBody, AppError> {
    let (permit, entry) = releasable(work, asker, room, note, Event::NoteReleased)?;
    release::judge_recipient(work, &permit.thing().party_id, &party, "party")?;
    let act = release::release(work, asker.person(), Released::Note(note), Some(&party), source)?;
    let from = work.now;
    work.log(entry.to([&party]).act(&act));
    Ok(NoteReleaseBody { act, party, from })
}

/// Ends a release of a note.
pub(in crate::rooms) fn end(
    work: &mut Work<'_>,
    asker: &Asker,
    (room, note): (&RoomId, &NoteId),
    act: &ActId,
) -> Result<(), AppError> {
    let (_, entry) = releasable(work, asker, room, note, Event::ReleaseEnded)?;
    let ended = release::end(work, asker.person(), Released::Note(note), act, "Ended by the originator")?;
    let party = ended.party.ok_or(Fault::NotFound)?;
    work.log(entry.to([&party]).act(act));
    Ok(())
}
