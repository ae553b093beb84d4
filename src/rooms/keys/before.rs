//! Rooms from before their contents were sealed, for the operator's command. Nobody's key is at hand there: the server
//! keeps the seed of each until somebody admitted comes in.

mod store;

use super::{Slot, begin, close};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::rooms::opening::title_place;
use crate::rooms::service::sealing;
use crate::seal::{In, Sealed, Seed};

/// Seals title and notes of one room that has no epoch yet; answers which, and what seals the rest that belongs to it.
/// Nothing when there is none left.
///
/// # Errors
/// The database's.
pub fn seal_next(work: &mut Work<'_>) -> Result<Option<(RoomId, Slot)>, AppError> {
    let Some((room, title, opened)) = store::without_epoch(work.conn)? else { return Ok(None) };
    let seed = Seed::new(work)?;
    let sealed = Sealed::seal(work, In { place: title_place(&room), epoch: 1 }, &seed, &title.read_plain()?)?;
    store::replace_title(work.conn, &room, &sealed)?;
    begin(work, &room, seed, opened)?;
    let slot = Slot::of(work, &room)?;
    for row in store::versions_before(work.conn, &room)? {
        let sealed = sealing::from_plain(|place, text| slot.seal(work, place, text), &room, row)?;
        store::replace_version(work.conn, &sealed)?;
    }
    // Whoever was admitted from some day on reads what comes from now on, and nothing of this epoch, which begins with
    // the room: which of its notes are from before his day, no key can tell.
    close(work, &room)?;
    Ok(Some((room, slot)))
}

/// How many rooms [`seal_next`] has to do with.
///
/// # Errors
/// The database's.
pub fn rooms(work: &mut Work<'_>) -> Result<usize, AppError> {
    Ok(store::count_without_epoch(work.conn)?)
}

/// How many texts of rooms are not sealed. None, once [`seal_next`] has nothing left to do.
///
/// # Errors
/// The database's.
pub fn left(work: &mut Work<'_>) -> Result<i64, AppError> {
    Ok(store::plain_texts(work.conn)?)
}
