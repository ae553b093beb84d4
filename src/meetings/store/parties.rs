//! What of parties and people matters for who is invited and who is admitted.

use diesel::prelude::*;

use crate::access::acts::in_force_at;
use crate::access::{Filter, actions};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, designations, parties, people};
use crate::ids::{PartyId, PersonId};

/// Whether there is such a party. Parties are public.
pub(in crate::meetings) fn is_there(conn: &mut Conn, party: &PartyId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(parties::table.filter(parties::id.eq(party)))).get_result(conn)
}

/// Whether there is such a party and it is a State.
pub(in crate::meetings) fn is_state(conn: &mut Conn, party: &PartyId) -> QueryResult<bool> {
    let state = parties::table.filter(parties::id.eq(party)).filter(parties::kind.eq("state"));
    diesel::select(diesel::dsl::exists(state)).get_result(conn)
}

/// Whether there is such a person and it acts for `party`.
pub(in crate::meetings) fn is_person_of(conn: &mut Conn, person: &PersonId, party: &PartyId) -> QueryResult<bool> {
    let theirs = people::table.filter(people::id.eq(person)).filter(people::party_id.eq(party));
    diesel::select(diesel::dsl::exists(theirs)).get_result(conn)
}

/// Id, name and party's code of the people that the filter lets through, by party and name.
pub(in crate::meetings) fn people_to_choose(
    conn: &mut Conn,
    filter: Filter<actions::SeePerson>,
) -> QueryResult<Vec<(PersonId, String, String)>> {
    people::table
        .inner_join(parties::table)
        .filter(filter.condition())
        .order((parties::code, people::name, people::id))
        .select((people::id, people::name, parties::code))
        .load(conn)
}

/// The roles that a closed session can admit.
#[derive(Clone, Copy, Debug)]
pub(in crate::meetings) enum Admissible {
    /// Of a member State.
    ContactPoint,
    /// Of an observer State.
    Counterpart,
}

impl Admissible {
    const fn role(self) -> &'static str {
        match self {
            Self::ContactPoint => "contact_point",
            Self::Counterpart => "counterpart",
        }
    }
}

/// The people whom these States have designated so at `at`, whether or not they have an account.
pub(in crate::meetings) fn admissible(
    conn: &mut Conn,
    role: Admissible,
    states: &[PartyId],
    at: Moment,
) -> QueryResult<Vec<PersonId>> {
    designations::table
        .inner_join(acts::table)
        .inner_join(people::table.on(people::id.eq(designations::person_id)))
        .filter(people::party_id.eq(designations::party_id))
        .filter(designations::role.eq(role.role()))
        .filter(designations::party_id.eq_any(states))
        .filter(in_force_at(at))
        .select(designations::person_id)
        .distinct()
        .order(designations::person_id)
        .load(conn)
}
