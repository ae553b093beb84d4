//! People, their designations and elections, and the end of all their rights.

use diesel::prelude::*;

use super::parties::PartyRecord;
use super::terms::{TermRow, term_columns};
use crate::access::acts::ActKind;
use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, acts as access_acts, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{
    act_meetings, acts, admissions, designations, elections, enrolments, invitations, participations, parties, people,
    rooms, sign_ins, suspensions,
};
use crate::ids::{ActId, PartyId, PersonId};
use crate::network::model::{Body, Function, PartyKind, PersonLine, Role, RoleHeld};

/// A person's own row, with the kind of the party, which decides what the person can be designated as.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = people)]
pub struct PersonRecord {
    pub id: PersonId,
    pub party_id: PartyId,
    pub name: String,
    #[diesel(select_expression = parties::kind)]
    pub party_kind: PartyKind,
}

impl Thing for PersonRecord {
    type Kind = kinds::Person;
    type Id = PersonId;
    fn find(conn: &mut Conn, id: &PersonId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        people::table
            .inner_join(parties::table)
            .filter(people::id.eq(id))
            .select((Self::as_select(), facts))
            .first(conn)
            .optional()
    }
}

/// A designation as it is recorded.
#[derive(Debug)]
pub struct Designation<'a> {
    pub role: Role,
    pub function: Option<Function>,
    pub stand_in_for: Option<&'a PersonId>,
}

/// A designation as it stands.
pub type DesignationRow = (TermRow, Role, Option<Function>, Option<PersonId>);

/// Those that the filter lets through, by name, behind the name and id `after`.
pub fn page(
    conn: &mut Conn,
    filter: Filter<actions::SeePerson>,
    party: Option<&PartyId>,
    now: Moment,
    after: Option<&(String, PersonId)>,
    limit: i64,
) -> QueryResult<Vec<PersonLine>> {
    let mut query =
        people::table.filter(filter.condition()).order((people::name, people::id)).limit(limit).into_boxed();
    if let Some((name, id)) = after {
        query = query
            .filter(people::name.gt(name.clone()).or(people::name.eq(name.clone()).and(people::id.gt(id.clone()))));
    }
    if let Some(party) = party {
        query = query.filter(people::party_id.eq(party.clone()));
    }
    let rows: Vec<(PersonId, PartyId, String)> =
        query.select((people::id, people::party_id, people::name)).load(conn)?;
    let held: Vec<(PersonId, ActId, Role, Option<Function>)> = designations::table
        .inner_join(acts::table)
        .filter(designations::person_id.eq_any(rows.iter().map(|(id, ..)| id)))
        .filter(access_acts::in_force_at(now))
        .order((acts::effective_us.desc(), acts::id))
        .select((designations::person_id, designations::act_id, designations::role, designations::function))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, party, name)| PersonLine {
            designations: held
                .iter()
                .filter(|(person, ..)| *person == id)
                .map(|(_, act, role, function)| RoleHeld { act: act.clone(), role: *role, function: *function })
                .collect(),
            id,
            name,
            party,
        })
        .collect())
}

/// The designations of a person, the one that began last first.
pub fn designations(
    conn: &mut Conn,
    permit: &Permit<actions::SeePerson, PersonRecord>,
) -> QueryResult<Vec<DesignationRow>> {
    designations_of(conn, &permit.thing().id)
}

/// The same, for whoever is about to record one.
pub fn designations_before<A>(conn: &mut Conn, permit: &Permit<A, PersonRecord>) -> QueryResult<Vec<DesignationRow>> {
    designations_of(conn, &permit.thing().id)
}

pub(super) fn designations_of(conn: &mut Conn, person: &PersonId) -> QueryResult<Vec<DesignationRow>> {
    designations::table
        .inner_join(acts::table)
        .filter(designations::person_id.eq(person))
        .order((acts::effective_us.desc(), acts::recorded_us.desc(), acts::id.desc()))
        .select((term_columns!(), designations::role, designations::function, designations::stand_in_for))
        .load(conn)
}

/// The elections of a person, the one that began last first.
pub fn elections<A>(conn: &mut Conn, permit: &Permit<A, PersonRecord>) -> QueryResult<Vec<(TermRow, Body)>> {
    elections_of(conn, &permit.thing().id)
}

pub(super) fn elections_of(conn: &mut Conn, person: &PersonId) -> QueryResult<Vec<(TermRow, Body)>> {
    elections::table
        .inner_join(acts::table)
        .filter(elections::person_id.eq(person))
        .order((acts::effective_us.desc(), acts::recorded_us.desc(), acts::id.desc()))
        .select((term_columns!(), elections::body))
        .load(conn)
}

/// The enrolments and suspensions of a person, told apart by their kind, the one that began last first.
pub fn log_in_rights<A>(conn: &mut Conn, permit: &Permit<A, PersonRecord>) -> QueryResult<Vec<(TermRow, ActKind)>> {
    let person = &permit.thing().id;
    acts::table
        .filter(
            acts::id
                .eq_any(enrolments::table.filter(enrolments::person_id.eq(person)).select(enrolments::act_id))
                .or(acts::id
                    .eq_any(suspensions::table.filter(suspensions::person_id.eq(person)).select(suspensions::act_id))),
        )
        .order((acts::effective_us.desc(), acts::recorded_us.desc(), acts::id.desc()))
        .select((term_columns!(), acts::kind))
        .load(conn)
}

/// Records a person of the party that the permit holds.
pub fn record(
    conn: &mut Conn,
    permit: &Permit<actions::RecordPerson, PartyRecord>,
    id: &PersonId,
    name: &str,
    now: Moment,
) -> QueryResult<()> {
    insert(conn, &permit.thing().id, id, name, now)
}

pub(super) fn insert(conn: &mut Conn, party: &PartyId, id: &PersonId, name: &str, now: Moment) -> QueryResult<()> {
    diesel::insert_into(people::table)
        .values((people::id.eq(id), people::party_id.eq(party), people::name.eq(name), people::recorded_us.eq(now)))
        .execute(conn)
        .map(drop)
}

/// Whether `other` is somebody else of the same party.
pub fn is_colleague(
    conn: &mut Conn,
    permit: &Permit<actions::Designate, PersonRecord>,
    other: &PersonId,
) -> QueryResult<bool> {
    if *other == permit.thing().id {
        return Ok(false);
    }
    belongs(conn, &permit.thing().party_id, other)
}

pub(super) fn belongs(conn: &mut Conn, party: &PartyId, person: &PersonId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        people::table.filter(people::id.eq(person)).filter(people::party_id.eq(party)).select(people::id),
    ))
    .get_result(conn)
}

/// Records a designation.
pub fn designate(
    conn: &mut Conn,
    permit: &Permit<actions::Designate, PersonRecord>,
    act: &ActId,
    designation: &Designation<'_>,
) -> QueryResult<()> {
    insert_designation(conn, &permit.thing().party_id, &permit.thing().id, act, designation)
}

pub(super) fn insert_designation(
    conn: &mut Conn,
    party: &PartyId,
    person: &PersonId,
    act: &ActId,
    designation: &Designation<'_>,
) -> QueryResult<()> {
    diesel::insert_into(designations::table)
        .values((
            designations::act_id.eq(act),
            designations::party_id.eq(party),
            designations::person_id.eq(person),
            designations::role.eq(designation.role),
            designations::function.eq(designation.function),
            designations::stand_in_for.eq(designation.stand_in_for),
        ))
        .execute(conn)
        .map(drop)
}

/// Records an election.
pub fn elect(
    conn: &mut Conn,
    permit: &Permit<actions::Elect, PersonRecord>,
    act: &ActId,
    body: Body,
) -> QueryResult<()> {
    insert_election(conn, &permit.thing().id, act, body)
}

pub(super) fn insert_election(conn: &mut Conn, person: &PersonId, act: &ActId, body: Body) -> QueryResult<()> {
    diesel::insert_into(elections::table)
        .values((elections::act_id.eq(act), elections::person_id.eq(person), elections::body.eq(body)))
        .execute(conn)
        .map(drop)
}

/// Records a suspension and ends the log-ins that live.
pub fn suspend(
    conn: &mut Conn,
    permit: &Permit<actions::Suspend, PersonRecord>,
    act: &ActId,
    now: Moment,
) -> QueryResult<()> {
    let person = &permit.thing().id;
    diesel::insert_into(suspensions::table)
        .values((suspensions::act_id.eq(act), suspensions::person_id.eq(person)))
        .execute(conn)?;
    end_sign_ins(conn, person, "suspended", now)
}

fn end_sign_ins(conn: &mut Conn, person: &PersonId, why: &str, now: Moment) -> QueryResult<()> {
    diesel::update(sign_ins::table.filter(sign_ins::person_id.eq(person)).filter(sign_ins::ended_us.is_null()))
        .set((
            sign_ins::ended_us.eq(now),
            sign_ins::ended_why.eq(why),
            sign_ins::seed_by_unlock.eq(None::<Vec<u8>>),
            sign_ins::seed_by_refresh.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .map(drop)
}

/// An act that gives a person a right.
#[derive(Debug)]
pub struct Right {
    pub term: TermRow,
    pub kind: ActKind,
    /// It admits to a room of which no officer of the Secretariat may know.
    pub concealed: bool,
}

/// Every act that ever gave the person a right: designations, elections, enrolments, admissions, and
/// participations by name.
pub fn rights(conn: &mut Conn, permit: &Permit<actions::OffBoard, PersonRecord>) -> QueryResult<Vec<Right>> {
    let person = &permit.thing().id;
    let rows: Vec<(TermRow, ActKind)> = acts::table
        .filter(
            acts::id
                .eq_any(designations::table.filter(designations::person_id.eq(person)).select(designations::act_id))
                .or(acts::id.eq_any(elections::table.filter(elections::person_id.eq(person)).select(elections::act_id)))
                .or(acts::id
                    .eq_any(enrolments::table.filter(enrolments::person_id.eq(person)).select(enrolments::act_id)))
                .or(acts::id
                    .eq_any(admissions::table.filter(admissions::person_id.eq(person)).select(admissions::act_id)))
                .or(acts::id.eq_any(
                    participations::table.filter(participations::person_id.eq(person)).select(participations::act_id),
                )),
        )
        .order((acts::effective_us, acts::id))
        .select((term_columns!(), acts::kind))
        .load(conn)?;
    let concealed: Vec<ActId> = admissions::table
        .filter(admissions::person_id.eq(person))
        .filter(admissions::room_id.eq_any(rooms::table.filter(rooms::kind.ne("session")).select(rooms::id)))
        .select(admissions::act_id)
        .load(conn)?;
    Ok(rows.into_iter().map(|(term, kind)| Right { concealed: concealed.contains(&term.act), term, kind }).collect())
}

/// Ends the log-ins that live and closes the invitations that are open.
pub fn shut_out(conn: &mut Conn, permit: &Permit<actions::OffBoard, PersonRecord>, now: Moment) -> QueryResult<()> {
    let person = &permit.thing().id;
    end_sign_ins(conn, person, "off_boarded", now)?;
    diesel::update(
        invitations::table.filter(invitations::person_id.eq(person)).filter(invitations::closed_us.is_null()),
    )
    .set(invitations::closed_us.eq(now))
    .execute(conn)
    .map(drop)
}
