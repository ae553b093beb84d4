//! Erasing entries: payload, salt, and all that was copied from them. Number, minute and commitment stay, which the
//! tree is made of.

use std::collections::HashMap;

use diesel::prelude::*;

use super::kept::Kept;
use crate::audit::model::{Area, Event};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{audit_entries, parties, people};
use crate::ids::{PartyId, PersonId};

/// An entry that may be old enough: its number and payload.
pub(in crate::audit) type Old = (i64, Option<String>);

/// Entries that are not erased yet, from number `first` on and below `end`, of before `before`: oldest first.
pub(in crate::audit) fn old(
    conn: &mut Conn,
    first: i64,
    end: i64,
    before: Moment,
    limit: i64,
) -> QueryResult<Vec<Old>> {
    audit_entries::table
        .filter(audit_entries::seq.ge(first))
        .filter(audit_entries::seq.lt(end))
        .filter(audit_entries::payload.is_not_null())
        .filter(audit_entries::at_us.lt(before))
        .order(audit_entries::seq)
        .limit(limit)
        .select((audit_entries::seq, audit_entries::payload))
        .load(conn)
}

/// Those of these numbers that are not erased yet, in order.
pub(in crate::audit) fn kept(conn: &mut Conn, seqs: &[i64]) -> QueryResult<Vec<Kept>> {
    audit_entries::table
        .filter(audit_entries::seq.eq_any(seqs))
        .filter(audit_entries::payload.is_not_null())
        .order(audit_entries::seq)
        .select(Kept::as_select())
        .load(conn)
}

/// Erases these, as entry `by` tells. Answers how many it were.
pub(in crate::audit) fn erase(conn: &mut Conn, seqs: &[i64], by: i64) -> QueryResult<usize> {
    diesel::update(audit_entries::table.filter(audit_entries::seq.eq_any(seqs)))
        .set((
            audit_entries::payload.eq(None::<String>),
            audit_entries::salt.eq(None::<Vec<u8>>),
            audit_entries::at_us.eq(None::<Moment>),
            audit_entries::event.eq(None::<Event>),
            audit_entries::area.eq(None::<Area>),
            audit_entries::actor_id.eq(None::<String>),
            audit_entries::owner_party.eq(None::<String>),
            audit_entries::room_id.eq(None::<String>),
            audit_entries::thing_id.eq(None::<String>),
            audit_entries::erased_by.eq(Some(by)),
        ))
        .execute(conn)
}

/// Whose rule entries go by: the parties' codes and whether they are States, and whose each person is.
#[derive(Debug, Default)]
pub(in crate::audit) struct Authorities {
    pub(in crate::audit) parties: HashMap<PartyId, (String, bool)>,
    pub(in crate::audit) people: HashMap<PersonId, PartyId>,
}

/// All of them.
pub(in crate::audit) fn authorities(conn: &mut Conn) -> QueryResult<Authorities> {
    let all: Vec<(PartyId, String, String)> =
        parties::table.select((parties::id, parties::code, parties::kind)).load(conn)?;
    let people = people::table.select((people::id, people::party_id)).load(conn)?;
    Ok(Authorities {
        parties: all.into_iter().map(|(id, code, kind)| (id, (code, kind == "state"))).collect(),
        people: people.into_iter().collect(),
    })
}
