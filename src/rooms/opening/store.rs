//! The rows of a room and of an admission.

use diesel::prelude::*;

use super::{Reach, RoomKind};
use crate::access::acts::in_force_at;
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, admissions, cases, requests, rooms, visits};
use crate::ids::{ActId, PartyId, PersonId, RoomId};
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

/// The admissions of a person that are in force at `at`: act, room, its kind, and whose case file or request it is.
#[expect(clippy::type_complexity, reason = "one row, taken apart where it is asked for")]
pub(super) fn admissions_of(
    conn: &mut Conn,
    person: &PersonId,
    at: Moment,
) -> QueryResult<Vec<(ActId, RoomId, RoomKind, Option<PartyId>)>> {
    let rows: Vec<((ActId, RoomId, RoomKind), (Option<PartyId>, Option<PartyId>))> = admissions::table
        .inner_join(acts::table)
        .inner_join(rooms::table.on(rooms::id.eq(admissions::room_id)))
        .left_join(cases::table.on(cases::room_id.eq(rooms::id)))
        .left_join(requests::table.on(requests::room_id.eq(rooms::id)))
        .filter(admissions::person_id.eq(person))
        .filter(in_force_at(at))
        .order((acts::effective_us, acts::id))
        .select((
            (admissions::act_id, rooms::id, rooms::kind),
            (cases::party_id.nullable(), requests::party_id.nullable()),
        ))
        .load(conn)?;
    Ok(rows.into_iter().map(|((act, room, kind), (case, request))| (act, room, kind, case.or(request))).collect())
}

/// Ends the visits of a person that last.
pub(super) fn end_visits(conn: &mut Conn, person: &PersonId, now: Moment) -> QueryResult<()> {
    diesel::update(visits::table.filter(visits::person_id.eq(person)).filter(visits::ended_us.is_null()))
        .set(visits::ended_us.eq(now))
        .execute(conn)
        .map(drop)
}
