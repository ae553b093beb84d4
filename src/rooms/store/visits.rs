//! Visits.

use diesel::prelude::*;

use super::Room;
use crate::access::{Permit, actions};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::visits;
use crate::ids::{PersonId, RoomId, SignInId, VisitId};

/// Inserts a visit.
pub(in crate::rooms) fn insert_visit(
    conn: &mut Conn,
    permit: &Permit<actions::OpenVisit, Room>,
    id: &VisitId,
    (person, sign_in): (&PersonId, &SignInId),
    (from, until): (Moment, Moment),
) -> QueryResult<()> {
    diesel::insert_into(visits::table)
        .values((
            visits::id.eq(id),
            visits::room_id.eq(&permit.thing().id),
            visits::person_id.eq(person),
            visits::sign_in_id.eq(sign_in),
            visits::opened_us.eq(from),
            visits::expires_us.eq(until),
        ))
        .execute(conn)
        .map(drop)
}

/// Ends a person's own visit; `false` when there is none such that lasts.
pub(in crate::rooms) fn end_visit(
    conn: &mut Conn,
    permit: &Permit<actions::OpenVisit, Room>,
    id: &VisitId,
    person: &PersonId,
    now: Moment,
) -> QueryResult<bool> {
    diesel::update(
        visits::table
            .filter(visits::id.eq(id))
            .filter(visits::room_id.eq(&permit.thing().id))
            .filter(visits::person_id.eq(person))
            .filter(visits::expires_us.gt(now))
            .filter(visits::ended_us.is_null()),
    )
    .set(visits::ended_us.eq(now))
    .execute(conn)
    .map(|ended| ended > 0)
}

/// Ends whatever visits of a person to a room last: else a new admission would revive them.
pub(in crate::rooms) fn end_visits_of(
    conn: &mut Conn,
    permit: &Permit<actions::EndAdmission, Room>,
    person: &PersonId,
    now: Moment,
) -> QueryResult<()> {
    let room: &RoomId = &permit.thing().id;
    diesel::update(
        visits::table
            .filter(visits::room_id.eq(room))
            .filter(visits::person_id.eq(person))
            .filter(visits::ended_us.is_null()),
    )
    .set(visits::ended_us.eq(now))
    .execute(conn)
    .map(drop)
}
