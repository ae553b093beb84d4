//! Holds.

use diesel::prelude::*;

use crate::audit::model::erasure::Hold;
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{audit_holds, parties, people, rooms};
use crate::ids::{HoldId, PartyId, PersonId, RoomId};

type Row = (
    HoldId,
    Option<RoomId>,
    Option<PartyId>,
    Option<PersonId>,
    Option<Moment>,
    Option<Moment>,
    String,
    Moment,
    Option<Moment>,
);

/// All that were ever placed, the oldest first; or those alone that are in force.
pub(in crate::audit) fn holds(conn: &mut Conn, in_force: bool) -> QueryResult<Vec<Hold>> {
    let rows: Vec<Row> = audit_holds::table
        .order((audit_holds::placed_us, audit_holds::id))
        .select((
            audit_holds::id,
            audit_holds::room_id,
            audit_holds::party_id,
            audit_holds::person_id,
            audit_holds::from_us,
            audit_holds::until_us,
            audit_holds::reason,
            audit_holds::placed_us,
            audit_holds::lifted_us,
        ))
        .load(conn)?;
    let hold = |(id, room, party, person, from, until, reason, placed, lifted)| Hold {
        id,
        room,
        party,
        person,
        from,
        until,
        reason,
        placed,
        lifted,
    };
    Ok(rows.into_iter().map(hold).filter(|hold| !in_force || hold.lifted.is_none()).collect())
}

/// Places one.
pub(in crate::audit) fn insert(conn: &mut Conn, hold: &Hold) -> QueryResult<()> {
    diesel::insert_into(audit_holds::table)
        .values((
            audit_holds::id.eq(&hold.id),
            audit_holds::room_id.eq(&hold.room),
            audit_holds::party_id.eq(&hold.party),
            audit_holds::person_id.eq(&hold.person),
            audit_holds::from_us.eq(hold.from),
            audit_holds::until_us.eq(hold.until),
            audit_holds::reason.eq(&hold.reason),
            audit_holds::placed_us.eq(hold.placed),
            audit_holds::lifted_us.eq(hold.lifted),
        ))
        .execute(conn)
        .map(drop)
}

/// Lifts one that is in force; whether there was one.
pub(in crate::audit) fn lift(conn: &mut Conn, id: &HoldId, now: Moment) -> QueryResult<bool> {
    let in_force = audit_holds::table.filter(audit_holds::id.eq(id)).filter(audit_holds::lifted_us.is_null());
    let lifted = diesel::update(in_force).set(audit_holds::lifted_us.eq(Some(now))).execute(conn)?;
    Ok(lifted > 0)
}

/// The party with this code.
pub(in crate::audit) fn party_coded(conn: &mut Conn, code: &str) -> QueryResult<Option<PartyId>> {
    parties::table.filter(parties::code.eq(code)).select(parties::id).first(conn).optional()
}

/// Whether there are the room and the person that a hold names. One that keeps nothing by a slip of the pen would be
/// noticed when all is gone.
pub(in crate::audit) fn are_there(conn: &mut Conn, hold: &Hold) -> QueryResult<bool> {
    let room = match &hold.room {
        Some(room) => rooms::table.find(room).count().get_result::<i64>(conn)? > 0,
        None => true,
    };
    let person = match &hold.person {
        Some(person) => people::table.find(person).count().get_result::<i64>(conn)? > 0,
        None => true,
    };
    Ok(room && person)
}
