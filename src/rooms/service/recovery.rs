//! Whether officers can recover a room: chosen from inside, and ended from there.

use crate::access::{self, Asker, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{RecoveryKeyId, RoomId};
use crate::rooms::keys;
use crate::rooms::keys::recovery::{self, Entered};
use crate::rooms::model::{RecoveryBody, RecoveryKeyBody};
use crate::rooms::store::Room;
use crate::seal::Key;

fn body(Entered { key, since, retired }: Entered) -> RecoveryKeyBody {
    RecoveryKeyBody { id: key.id, needed: key.needed, shares: key.shares, entered: since, retired }
}

/// What those admitted are told of it.
pub(super) fn state(work: &mut Work<'_>, room: &RoomId) -> Result<RecoveryBody, AppError> {
    let chosen = recovery::chosen(work, room)?.map(body);
    let complete = match &chosen {
        Some(key) => recovery::is_complete(work, room, &key.id)?,
        None => false,
    };
    Ok(RecoveryBody { chosen, complete, offered: recovery::offered(work)?.map(body) })
}

/// Whether the asker could change it now.
pub(in crate::rooms) fn may_change(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<bool, AppError> {
    match access::permit::<actions::ChangeRecovery, Room>(work, asker, room) {
        Ok(_) => Ok(true),
        Err(AppError { fault: Fault::NotPermitted | Fault::MeansNeeded(_) | Fault::NotFound, .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

fn entry(event: Event, asker: &Asker, room: &Room) -> Entry {
    Entry::new(event).by(asker).on("room", &room.id).in_room(&room.id).owned_by(room.owner()).during(asker.visit())
}

/// Has the room recovered by the officers who hold this key, which is the one that is offered: whoever saw another must
/// look again.
pub(in crate::rooms) fn choose(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    key: &RecoveryKeyId,
) -> Result<RecoveryBody, AppError> {
    let permit = access::permit::<actions::ChangeRecovery, Room>(work, asker, room)?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    if recovery::offered(work)?.is_none_or(|one| one.key.id != *key) {
        return Err(AppError::field("key", "not the recovery key that can be chosen now"));
    }
    if recovery::chosen(work, room)?.is_some_and(|one| one.key.id == *key) {
        return Err(Fault::Conflict("The room can be recovered with this key already.").into());
    }
    recovery::choose(work, &permit, key, person)?;
    let own = Key::of(asker)?;
    keys::settle(work, room, Some(&own))?;
    work.log(entry(Event::RecoveryChosen, asker, permit.thing()).on("recovery_key", key));
    state(work, room)
}

/// Ends that.
pub(in crate::rooms) fn end(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<(), AppError> {
    let permit = access::permit::<actions::ChangeRecovery, Room>(work, asker, room)?;
    if !recovery::end(work, &permit)? {
        return Err(Fault::NotFound.into());
    }
    work.log(entry(Event::RecoveryEnded, asker, permit.thing()));
    Ok(())
}
