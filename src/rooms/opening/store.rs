//! The rows of a room and of an admission.

use diesel::prelude::*;

use super::{Reach, RoomKind};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{admissions, rooms};
use crate::ids::{ActId, PersonId, RoomId};
use crate::seal::Sealed;

pub(super) fn insert_room(
    conn: &mut Conn,
    room: &RoomId,
    kind: RoomKind,
    title: &Sealed,
    by: Option<&PersonId>,
    now: Moment,
) -> QueryResult<()> {
    diesel::insert_into(rooms::table)
        .values((
            rooms::id.eq(room),
            rooms::kind.eq(kind),
            rooms::title.eq(title),
            rooms::opened_by.eq(by),
            rooms::opened_us.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

pub(super) fn insert_admission(
    conn: &mut Conn,
    act: &ActId,
    room: &RoomId,
    person: &PersonId,
    reach: Reach,
) -> QueryResult<()> {
    diesel::insert_into(admissions::table)
        .values((
            admissions::act_id.eq(act),
            admissions::room_id.eq(room),
            admissions::person_id.eq(person),
            admissions::reach.eq(reach),
        ))
        .execute(conn)
        .map(drop)
}
