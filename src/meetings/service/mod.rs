//! What can be done with meetings: each function asks for leave, does it, and stages the log entry.

pub(super) mod choices;
pub(super) mod conclusions;
pub(super) mod materials;
pub(super) mod meetings;
pub(super) mod participation;
pub(super) mod sessions;

use std::collections::HashMap;

use crate::access::{self, Asker, Fact, actions};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::meetings::store;
use crate::rooms::opening::title_place;
use crate::seal::Key;

/// The titles of these rooms, as far as the asker may read them. A room without a title is left out.
fn room_titles(work: &mut Work<'_>, asker: &Asker, rooms: &[RoomId]) -> Result<HashMap<RoomId, String>, AppError> {
    let mut titles = HashMap::new();
    if rooms.is_empty() || !asker.facts().has(Fact::Unlocked) {
        return Ok(titles);
    }
    let key = Key::of(asker)?;
    for (room, sealed) in store::room_titles(work.conn, access::filter::<actions::ReadRoomTitle>(asker), rooms)? {
        let title = sealed.open(&key, title_place(&room))?;
        if !title.is_empty() {
            titles.insert(room, title);
        }
    }
    Ok(titles)
}
