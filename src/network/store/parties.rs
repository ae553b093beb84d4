//! Parties, their names and standings.

use diesel::prelude::*;

use super::terms::{TermRow, term_columns};
use crate::access::{Facts, Filter, Findings, Permit, TheNetwork, Thing, actions, acts as access_acts, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{act_meetings, acts, parties, party_names, standings};
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{ActId, PartyId};
use crate::network::model::{PartyKind, PartyLine, Standing};

/// A party's own row.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = parties)]
pub struct PartyRecord {
    pub id: PartyId,
    pub kind: PartyKind,
    pub code: String,
    pub recorded_us: Moment,
}

impl Thing for PartyRecord {
    type Kind = kinds::Party;
    type Id = PartyId;
    fn find(conn: &mut Conn, id: &PartyId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        parties::table.filter(parties::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// What a reader of the list asks for.
#[derive(Debug, Default)]
pub struct Wanted {
    pub kind: Option<PartyKind>,
    pub standing: Option<Standing>,
}

/// Those that the filter lets through, by code, behind the code `after`.
pub fn page(
    conn: &mut Conn,
    filter: Filter<actions::SeeParty>,
    wanted: &Wanted,
    now: Moment,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<PartyLine>> {
    let mut query = parties::table.filter(filter.condition()).order(parties::code).limit(limit).into_boxed();
    if let Some(after) = after {
        query = query.filter(parties::code.gt(after.to_owned()));
    }
    if let Some(kind) = wanted.kind {
        query = query.filter(parties::kind.eq(kind));
    }
    if let Some(standing) = wanted.standing {
        // Asked beforehand: a fragment cannot stand in a subquery, and parties are few.
        let holders: Vec<PartyId> = standings::table
            .inner_join(acts::table)
            .filter(standings::standing.eq(standing))
            .filter(access_acts::in_force_at(now))
            .select(standings::party_id)
            .load(conn)?;
        query = query.filter(parties::id.eq_any(holders));
    }
    let rows: Vec<PartyRecord> = query.select(PartyRecord::as_select()).load(conn)?;
    let ids: Vec<&PartyId> = rows.iter().map(|row| &row.id).collect();
    // The oldest first, so that what is found last is what counts.
    let names: Vec<(PartyId, String)> = party_names::table
        .inner_join(acts::table)
        .filter(party_names::party_id.eq_any(ids.clone()))
        .filter(access_acts::in_force_at(now))
        .order((acts::effective_us, acts::recorded_us, acts::id))
        .select((party_names::party_id, party_names::name))
        .load(conn)?;
    let held: Vec<(PartyId, Standing)> = standings::table
        .inner_join(acts::table)
        .filter(standings::party_id.eq_any(ids))
        .filter(access_acts::in_force_at(now))
        .order((acts::effective_us, acts::recorded_us, acts::id))
        .select((standings::party_id, standings::standing))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| PartyLine {
            name: names
                .iter()
                .rfind(|(id, _)| *id == row.id)
                .map_or_else(|| row.code.clone(), |(_, name)| name.clone()),
            standing: held.iter().rfind(|(id, _)| *id == row.id).map(|(_, standing)| *standing),
            id: row.id,
            kind: row.kind,
            code: row.code,
        })
        .collect())
}

/// The names of a party, the one that began last first.
pub fn names(conn: &mut Conn, permit: &Permit<actions::SeeParty, PartyRecord>) -> QueryResult<Vec<(TermRow, String)>> {
    names_of(conn, &permit.thing().id)
}

pub(super) fn names_of(conn: &mut Conn, party: &PartyId) -> QueryResult<Vec<(TermRow, String)>> {
    party_names::table
        .inner_join(acts::table)
        .filter(party_names::party_id.eq(party))
        .order((acts::effective_us.desc(), acts::recorded_us.desc(), acts::id.desc()))
        .select((term_columns!(), party_names::name))
        .load(conn)
}

/// The standings of a party, the one that began last first.
pub fn standings(
    conn: &mut Conn,
    permit: &Permit<actions::SeeParty, PartyRecord>,
) -> QueryResult<Vec<(TermRow, Standing)>> {
    standings_of(conn, &permit.thing().id)
}

/// The standings of several parties that the filter lets through, the one that began first first.
pub fn standings_of_all(
    conn: &mut Conn,
    filter: Filter<actions::SeeParty>,
    parties: &[&PartyId],
) -> QueryResult<Vec<(PartyId, TermRow, Standing)>> {
    standings::table
        .inner_join(acts::table)
        .inner_join(parties::table.on(parties::id.eq(standings::party_id)))
        .filter(filter.condition())
        .filter(standings::party_id.eq_any(parties.iter().copied()))
        .order((acts::effective_us, acts::recorded_us, acts::id))
        .select((standings::party_id, term_columns!(), standings::standing))
        .load(conn)
}

/// The same, for whoever is about to give one.
pub fn standings_before(
    conn: &mut Conn,
    permit: &Permit<actions::GiveStanding, PartyRecord>,
) -> QueryResult<Vec<(TermRow, Standing)>> {
    standings_of(conn, &permit.thing().id)
}

pub(super) fn standings_of(conn: &mut Conn, party: &PartyId) -> QueryResult<Vec<(TermRow, Standing)>> {
    standings::table
        .inner_join(acts::table)
        .filter(standings::party_id.eq(party))
        .order((acts::effective_us.desc(), acts::recorded_us.desc(), acts::id.desc()))
        .select((term_columns!(), standings::standing))
        .load(conn)
}

/// Records a party with its first name.
pub fn record(
    conn: &mut Conn,
    _: &Permit<actions::RecordParty, TheNetwork>,
    party: &PartyRecord,
    naming: &ActId,
    name: &str,
) -> Result<(), AppError> {
    insert(conn, party)?;
    Ok(insert_name(conn, &party.id, naming, name)?)
}

/// Gives a party a name.
pub fn give_name(
    conn: &mut Conn,
    permit: &Permit<actions::NameParty, PartyRecord>,
    act: &ActId,
    name: &str,
) -> QueryResult<()> {
    insert_name(conn, &permit.thing().id, act, name)
}

/// Gives a party a standing.
pub fn give_standing(
    conn: &mut Conn,
    permit: &Permit<actions::GiveStanding, PartyRecord>,
    act: &ActId,
    standing: Standing,
) -> QueryResult<()> {
    insert_standing(conn, &permit.thing().id, act, standing)
}

pub(super) fn insert(conn: &mut Conn, party: &PartyRecord) -> Result<(), AppError> {
    diesel::insert_into(parties::table)
        .values(party)
        .execute(conn)
        .or_conflict(Fault::Conflict("There is a party with this code already."))
        .map(drop)
}

pub(super) fn insert_name(conn: &mut Conn, party: &PartyId, act: &ActId, name: &str) -> QueryResult<()> {
    diesel::insert_into(party_names::table)
        .values((party_names::act_id.eq(act), party_names::party_id.eq(party), party_names::name.eq(name)))
        .execute(conn)
        .map(drop)
}

pub(super) fn insert_standing(conn: &mut Conn, party: &PartyId, act: &ActId, standing: Standing) -> QueryResult<()> {
    diesel::insert_into(standings::table)
        .values((standings::act_id.eq(act), standings::party_id.eq(party), standings::standing.eq(standing)))
        .execute(conn)
        .map(drop)
}
