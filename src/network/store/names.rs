//! Names by id, of things whose ids were disclosed with a permit.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::access::acts::in_force_at;
use crate::access::{Filter, actions};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, parties, party_names, people, standings};
use crate::ids::{PartyId, PersonId};
use crate::network::model::{PartyKind, Standing};

/// Id, name and the code of the party acted for.
pub(in crate::network) fn people(
    conn: &mut Conn,
    ids: &BTreeSet<&PersonId>,
) -> QueryResult<Vec<(PersonId, String, String)>> {
    people::table
        .inner_join(parties::table)
        .filter(people::id.eq_any(ids.iter().copied()))
        .select((people::id, people::name, parties::code))
        .load(conn)
}

/// Id, code, and the name at `at`.
pub(in crate::network) fn parties(
    conn: &mut Conn,
    ids: &BTreeSet<&PartyId>,
    at: Moment,
) -> QueryResult<Vec<(PartyId, String, String)>> {
    party_names::table
        .inner_join(acts::table)
        .inner_join(parties::table.on(parties::id.eq(party_names::party_id)))
        .filter(parties::id.eq_any(ids.iter().copied()))
        .filter(in_force_at(at))
        // The latest is loaded last, and so is the one that is kept.
        .order(acts::effective_us)
        .select((parties::id, parties::code, party_names::name))
        .load(conn)
}

/// Id, kind, code and the name at `at` of the parties that the filter lets through.
pub(in crate::network) fn seen(
    conn: &mut Conn,
    filter: Filter<actions::SeeParty>,
    at: Moment,
) -> QueryResult<Vec<(PartyId, PartyKind, String, String)>> {
    party_names::table
        .inner_join(acts::table)
        .inner_join(parties::table.on(parties::id.eq(party_names::party_id)))
        .filter(filter.condition())
        .filter(in_force_at(at))
        // The latest is loaded last, and so is the one that is kept.
        .order(acts::effective_us)
        .select((parties::id, parties::kind, parties::code, party_names::name))
        .load(conn)
}

/// The States that have one of these standings at `at`. Organisations with the same are not among them.
pub(in crate::network) fn states_with(conn: &mut Conn, with: &[Standing], at: Moment) -> QueryResult<Vec<PartyId>> {
    standings::table
        .inner_join(acts::table)
        .inner_join(parties::table.on(parties::id.eq(standings::party_id)))
        .filter(parties::kind.eq(PartyKind::State))
        .filter(standings::standing.eq_any(with))
        .filter(in_force_at(at))
        .select(parties::id)
        .distinct()
        .load(conn)
}
