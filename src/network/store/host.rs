//! What the operator's commands on the host record and look up, without a permit: nobody asks there, and
//! nothing of it can be reached over the network. Used by [`import`](crate::network::import) only.

use diesel::prelude::*;

use super::parties::{self, PartyRecord};
use super::people::{self, Designation, DesignationRow};
use super::terms::TermRow;
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{parties as parties_table, people as people_table};
use crate::error::AppError;
use crate::ids::{ActId, PartyId, PersonId};
use crate::network::model::{Body, PartyKind, Standing};

pub fn party_coded(conn: &mut Conn, code: &str) -> QueryResult<Option<PartyRecord>> {
    parties_table::table.filter(parties_table::code.eq(code)).select(PartyRecord::as_select()).first(conn).optional()
}

pub fn party_kind(conn: &mut Conn, party: &PartyId) -> QueryResult<Option<PartyKind>> {
    parties_table::table.find(party).select(parties_table::kind).first(conn).optional()
}

pub fn person_named(conn: &mut Conn, party: &PartyId, name: &str) -> QueryResult<Option<PersonId>> {
    people_table::table
        .filter(people_table::party_id.eq(party))
        .filter(people_table::name.eq(name))
        .order(people_table::id)
        .select(people_table::id)
        .first(conn)
        .optional()
}

pub fn person_party(conn: &mut Conn, person: &PersonId) -> QueryResult<Option<(PartyId, PartyKind)>> {
    people_table::table
        .inner_join(parties_table::table)
        .filter(people_table::id.eq(person))
        .select((people_table::party_id, parties_table::kind))
        .first(conn)
        .optional()
}

pub fn names(conn: &mut Conn, party: &PartyId) -> QueryResult<Vec<(TermRow, String)>> {
    parties::names_of(conn, party)
}

pub fn standings(conn: &mut Conn, party: &PartyId) -> QueryResult<Vec<(TermRow, Standing)>> {
    parties::standings_of(conn, party)
}

pub fn designations(conn: &mut Conn, person: &PersonId) -> QueryResult<Vec<DesignationRow>> {
    people::designations_of(conn, person)
}

pub fn elections(conn: &mut Conn, person: &PersonId) -> QueryResult<Vec<(TermRow, Body)>> {
    people::elections_of(conn, person)
}

pub fn record_party(conn: &mut Conn, party: &PartyRecord) -> Result<(), AppError> {
    parties::insert(conn, party)
}

pub fn give_name(conn: &mut Conn, party: &PartyId, act: &ActId, name: &str) -> QueryResult<()> {
    parties::insert_name(conn, party, act, name)
}

pub fn give_standing(conn: &mut Conn, party: &PartyId, act: &ActId, standing: Standing) -> QueryResult<()> {
    parties::insert_standing(conn, party, act, standing)
}

pub fn record_person(conn: &mut Conn, party: &PartyId, id: &PersonId, name: &str, now: Moment) -> QueryResult<()> {
    people::insert(conn, party, id, name, now)
}

pub fn designate(
    conn: &mut Conn,
    party: &PartyId,
    person: &PersonId,
    act: &ActId,
    designation: &Designation<'_>,
) -> QueryResult<()> {
    people::insert_designation(conn, party, person, act, designation)
}

pub fn elect(conn: &mut Conn, person: &PersonId, act: &ActId, body: Body) -> QueryResult<()> {
    people::insert_election(conn, person, act, body)
}
