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
use crate::rooms::keys::Ring;
use crate::rooms::opening::title_place;

/// The titles of these rooms, as far as the asker may read them. A room without a title is left out.
fn room_titles(work: &mut Work<'_>, asker: &Asker, rooms: &[RoomId]) -> Result<HashMap<RoomId, String>, AppError> {
    let mut titles = HashMap::new();
    if rooms.is_empty() || !asker.facts().has(Fact::Unlocked) {
        return Ok(titles);
    }
    let rings = Ring::of_each(work, asker, rooms)?;
    for (room, sealed) in store::room_titles(work.conn, access::filter::<actions::ReadRoomTitle>(asker), rooms)? {
        // Without a key the title waits, as the room does.
        let Some(ring) = rings.iter().find(|ring| *ring.room() == room && ring.reaches(&sealed)) else { continue };
        let title = ring.open(title_place(&room), &sealed)?;
        if !title.is_empty() {
            titles.insert(room, title);
        }
    }
    Ok(titles)
}
