//! Releasing a note to a State whose counterparts are in the room, and ending that.

use super::notes::releasable;
use crate::access::Asker;
use crate::audit::Event;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, NoteId, RoomId};
use crate::rooms::model::{NewRelease, NoteReleaseBody};
use crate::rooms::release::{self, Recipient, Released};
use crate::rooms::store;

/// Releases one version of a note to a State.
pub(in crate::rooms) fn release(
    work: &mut Work<'_>,
    asker: &Asker,
    (room, note): (&RoomId, &NoteId),
    new: &NewRelease,
) -> Result<NoteReleaseBody, AppError> {
    let (permit, entry) = releasable(work, asker, room, note, Event::NoteReleased)?;
    release::judge_recipient(work, &permit.thing().party_id, &new.party, "party")?;
    let newest = store::newest(work.conn, &permit)?.version;
    let version = new.version.unwrap_or(newest);
    if !(1..=newest).contains(&version) {
        return Err(AppError::field("version", "no such version"));
    }
    let to = Recipient { party: Some(&new.party), version: Some(version) };
    let act = release::release(work, asker.person(), Released::Note(note), to, &new.source)?;
    let from = work.now;
    work.log(entry.to([&new.party]).act(&act).version(version));
    Ok(NoteReleaseBody { act, party: new.party.clone(), version, from })
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
