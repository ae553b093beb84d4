//! What States propose about their own people.

use diesel::prelude::*;

use super::parties::PartyRecord;
use super::people::{self, Designation, DesignationRow};
use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::proposals;
use crate::ids::{ActId, PartyId, PersonId, ProposalId};
use crate::network::model::{Function, ProposalKind, ProposalState, Role};

/// A proposal.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = proposals)]
pub struct ProposalRecord {
    pub id: ProposalId,
    pub party_id: PartyId,
    pub proposed_by: PersonId,
    pub proposed_us: Moment,
    pub kind: ProposalKind,
    pub person_id: Option<PersonId>,
    pub person_name: Option<String>,
    pub role: Option<Role>,
    pub function: Option<Function>,
    pub source: String,
    pub state: ProposalState,
    pub decided_by: Option<PersonId>,
    pub decided_us: Option<Moment>,
    pub act_id: Option<ActId>,
}

impl Thing for ProposalRecord {
    type Kind = kinds::Proposal;
    type Id = ProposalId;
    fn find(conn: &mut Conn, id: &ProposalId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        proposals::table.filter(proposals::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// A proposal as it is made.
#[derive(Insertable, Debug)]
#[diesel(table_name = proposals)]
pub struct NewProposal<'a> {
    pub id: &'a ProposalId,
    pub party_id: &'a PartyId,
    pub proposed_by: &'a PersonId,
    pub proposed_us: Moment,
    pub kind: ProposalKind,
    pub person_id: Option<&'a PersonId>,
    pub person_name: Option<&'a str>,
    pub role: Option<Role>,
    pub function: Option<Function>,
    pub source: &'a str,
    pub state: ProposalState,
}

/// Those that the filter lets through, newest first, behind the time and id `after`.
pub fn page(
    conn: &mut Conn,
    filter: Filter<actions::SeeProposal>,
    state: Option<ProposalState>,
    after: Option<&(Moment, ProposalId)>,
    limit: i64,
) -> QueryResult<Vec<ProposalRecord>> {
    let mut query = proposals::table
        .filter(filter.condition())
        .order((proposals::proposed_us.desc(), proposals::id.desc()))
        .limit(limit)
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(
            proposals::proposed_us.lt(*at).or(proposals::proposed_us.eq(*at).and(proposals::id.lt(id.clone()))),
        );
    }
    if let Some(state) = state {
        query = query.filter(proposals::state.eq(state));
    }
    query.select(ProposalRecord::as_select()).load(conn)
}

/// Whether `person` is of the party that proposes.
pub fn is_own(
    conn: &mut Conn,
    permit: &Permit<actions::ProposeForParty, PartyRecord>,
    person: &PersonId,
) -> QueryResult<bool> {
    people::belongs(conn, &permit.thing().id, person)
}

/// Records a proposal. It is of the party that the permit holds.
pub fn record(
    conn: &mut Conn,
    permit: &Permit<actions::ProposeForParty, PartyRecord>,
    proposal: &NewProposal<'_>,
) -> QueryResult<()> {
    diesel::insert_into(proposals::table)
        .values(&NewProposal { party_id: &permit.thing().id, ..*proposal })
        .execute(conn)
        .map(drop)
}

/// Records the person that the proposal only names.
pub fn record_person(
    conn: &mut Conn,
    permit: &Permit<actions::DecideProposal, ProposalRecord>,
    id: &PersonId,
    name: &str,
    now: Moment,
) -> QueryResult<()> {
    people::insert(conn, &permit.thing().party_id, id, name, now)
}

/// The designations of the person that the proposal is about.
pub fn designations(
    conn: &mut Conn,
    _: &Permit<actions::DecideProposal, ProposalRecord>,
    person: &PersonId,
) -> QueryResult<Vec<DesignationRow>> {
    people::designations_of(conn, person)
}

/// Records the designation that was proposed.
pub fn designate(
    conn: &mut Conn,
    permit: &Permit<actions::DecideProposal, ProposalRecord>,
    person: &PersonId,
    act: &ActId,
    role: Role,
) -> QueryResult<()> {
    let designation = Designation { role, function: permit.thing().function, stand_in_for: None };
    people::insert_designation(conn, &permit.thing().party_id, person, act, &designation)
}

/// What came of a proposal.
#[derive(Debug)]
pub struct Decision<'a> {
    pub state: ProposalState,
    pub by: Option<&'a PersonId>,
    pub at: Moment,
    pub person: Option<&'a PersonId>,
    pub act: Option<&'a ActId>,
}

/// Records what came of it; whether it was still waiting.
pub fn decide(
    conn: &mut Conn,
    permit: &Permit<actions::DecideProposal, ProposalRecord>,
    decision: &Decision<'_>,
) -> QueryResult<bool> {
    diesel::update(
        proposals::table
            .filter(proposals::id.eq(&permit.thing().id))
            .filter(proposals::state.eq(ProposalState::Waiting)),
    )
    .set((
        proposals::state.eq(decision.state),
        proposals::decided_by.eq(decision.by),
        proposals::decided_us.eq(decision.at),
        proposals::person_id.eq(decision.person),
        proposals::act_id.eq(decision.act),
    ))
    .execute(conn)
    .map(|changed| changed == 1)
}
