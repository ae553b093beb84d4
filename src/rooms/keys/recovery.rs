//! Recovery by officers, per room by choice: their key, which rooms have chosen it, and the seeds that are sealed to it
//! (decision 24). What is then asked of them and answered is in [`ceremony`].

mod ceremony;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use super::close;
use super::store::Epoch;
use crate::access::{Permit, actions};
use crate::audit::{Entry, Event};
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PersonId, RecoveryKeyId, RoomId};
use crate::rooms::store::Room;
use crate::seal::Seed;
use crate::seal::recovery::{ForOfficers, RecoveryKey};

pub use self::ceremony::{Delivered, Refusal, ask, deliver};

/// A recovery key as it was entered.
#[derive(Clone, Debug)]
pub(in crate::rooms) struct Entered {
    pub(in crate::rooms) key: RecoveryKey,
    pub(in crate::rooms) since: Moment,
    pub(in crate::rooms) retired: Option<Moment>,
}

/// Enters a key and retires those before it. Rooms that have chosen one of those keep it until somebody inside chooses
/// anew: whoever enters keys is not inside, and must not come to open a room by it. Answers whether it is new.
///
/// # Errors
/// The database's.
pub fn enter(work: &mut Work<'_>, key: &RecoveryKey) -> Result<bool, AppError> {
    if store::is_there(work.conn, &key.id)? {
        return Ok(false);
    }
    for old in store::entered(work)?.into_iter().filter(|one| one.retired.is_none()) {
        store::retire(work, &old.key.id)?;
    }
    store::insert_key(work, key)?;
    work.log(Entry::new(Event::RecoveryKeyEntered).on("recovery_key", &key.id));
    Ok(true)
}

/// The key that a room can choose now.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn offered(work: &mut Work<'_>) -> Result<Option<Entered>, AppError> {
    Ok(store::entered(work)?.into_iter().rfind(|one| one.retired.is_none()))
}

/// The key that a room has chosen.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn chosen(work: &mut Work<'_>, room: &RoomId) -> Result<Option<Entered>, AppError> {
    let Some(choice) = store::choice(work, room)? else { return Ok(None) };
    Ok(store::entered(work)?.into_iter().find(|one| one.key.id == choice.key))
}

/// Whether all that a room holds could be opened by those whose key it has chosen.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn is_complete(work: &mut Work<'_>, room: &RoomId, key: &RecoveryKeyId) -> Result<bool, AppError> {
    let sealed = store::sealed(work.conn, room, key)?;
    Ok(store::epochs(work.conn, room)?.iter().all(|epoch| sealed.contains(epoch)))
}

/// Has a room recovered with this key from now on. What is sealed to another is deleted. The seeds come to it with
/// [`super::settle`].
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn choose(
    work: &mut Work<'_>,
    permit: &Permit<actions::ChangeRecovery, Room>,
    key: &RecoveryKeyId,
    by: &PersonId,
) -> Result<(), AppError> {
    end(work, permit)?;
    store::insert_choice(work, permit, key, by)
}

/// Has a room recovered no more: what is sealed to the officers is deleted, and a new epoch begins before anything more is
/// written, since whoever has a copy of the database has what was sealed to them. Answers whether it was.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn end(
    work: &mut Work<'_>,
    permit: &Permit<actions::ChangeRecovery, Room>,
) -> Result<bool, AppError> {
    let room = &permit.thing().id;
    // Also one that was refused goes: what somebody put there past the server is not to come back.
    let ended = store::end_choices(work, permit)?;
    if ended {
        close(work, room)?;
    }
    Ok(ended)
}

/// The officers to whom the seeds of a room are sealed, and of which epochs that is done.
pub(super) struct Officers {
    key: RecoveryKey,
    sealed: BTreeSet<i64>,
}

impl Officers {
    /// Of a room; none where recovery was not chosen, or with a key that was retired or has not its code. Nobody inside is
    /// kept out by what somebody did to those rows.
    pub(super) fn of(work: &mut Work<'_>, room: &RoomId) -> Result<Option<Self>, AppError> {
        let Some(entered) = chosen(work, room)?.filter(|one| one.retired.is_none()) else { return Ok(None) };
        let sealed = store::sealed(work.conn, room, &entered.key.id)?;
        Ok(Some(Self { key: entered.key, sealed }))
    }

    /// The epochs that are still to be sealed to them.
    pub(super) fn lack<'a>(&'a self, epochs: &'a [Epoch]) -> impl Iterator<Item = i64> + 'a {
        epochs.iter().map(|one| one.number).filter(|number| !self.sealed.contains(number))
    }

    /// Seals to them what they lack of these.
    pub(super) fn give(&self, work: &mut Work<'_>, room: &RoomId, seeds: &BTreeMap<i64, Seed>) -> Result<(), AppError> {
        for (epoch, seed) in seeds.iter().filter(|(epoch, _)| !self.sealed.contains(epoch)) {
            let place = ForOfficers { room, epoch: *epoch, key: &self.key.id };
            let wrap = place.to(work, &self.key.public, seed)?;
            store::insert_wrap(work, &place, &wrap)?;
        }
        Ok(())
    }
}
