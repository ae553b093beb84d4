//! Names by id, of things whose ids were disclosed with a permit.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::access::acts::in_force_at;
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

/// Id and name of every State that is a member or an observer at `at`, by name. Standings are public.
pub(in crate::network) fn states(conn: &mut Conn, at: Moment) -> QueryResult<Vec<(PartyId, String)>> {
    let standing: Vec<PartyId> = standings::table
        .inner_join(acts::table)
        .inner_join(parties::table.on(parties::id.eq(standings::party_id)))
        .filter(parties::kind.eq(PartyKind::State))
        .filter(standings::standing.eq_any([Standing::Member, Standing::Observer]))
        .filter(in_force_at(at))
        .select(parties::id)
        .load(conn)?;
    let mut named: Vec<(PartyId, String)> =
        parties(conn, &standing.iter().collect(), at)?.into_iter().map(|(id, _, name)| (id, name)).collect();
    named.sort_by(|a, b| a.1.cmp(&b.1));
    named.dedup_by(|next, one| next.0 == one.0);
    Ok(named)
}
