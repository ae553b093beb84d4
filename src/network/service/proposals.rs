//! What States propose about their own people, and what the Secretariat makes of it.

use super::{keep_designations_apart, span};
use crate::access::acts::{ActKind, NewAct, end, record};
use crate::access::{self, Asker, Fact, Permit, actions};
use crate::audit::{Entry, Event};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, PartyId, PersonId, ProposalId};
use crate::network::model::{DecisionRequest, ProposalBody, ProposalKind, ProposalRequest, ProposalState};
use crate::network::store::proposals::Decision;
use crate::network::store::{self, NewProposal, PartyRecord, ProposalRecord};
use crate::server::Page;
use crate::server::answer::List;

/// Makes a proposal for the asker's own State.
pub fn propose(
    work: &mut Work<'_>,
    asker: &Asker,
    party: &PartyId,
    request: &ProposalRequest,
) -> Result<ProposalBody, AppError> {
    let permit = access::permit::<actions::ProposeForParty, PartyRecord>(work, asker, party)?;
    if let Some(person) = &request.person
        && !store::proposals::is_own(work.conn, &permit, person)?
    {
        return Err(AppError::field("person", "no person of the State"));
    }
    let proposed_by = asker.person().ok_or(Fault::SignInNeeded)?;
    let id = ProposalId::new(work)?;
    let proposal = NewProposal {
        id: &id,
        party_id: party,
        proposed_by,
        proposed_us: work.now,
        kind: request.kind,
        person_id: request.person.as_ref(),
        person_name: request.person_name.as_deref(),
        role: request.role,
        function: request.function,
        source: &request.source,
        state: ProposalState::Waiting,
    };
    store::proposals::record(work.conn, &permit, &proposal)?;
    let mut entry = Entry::new(Event::Proposed).by(asker).on("proposal", &id).owned_by(Some(party));
    if let Some(person) = &request.person {
        entry = entry.concerning(person);
    }
    work.log(entry);
    get(work, asker, &id)
}

/// A page of the proposals that the asker may see, newest first.
pub fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    state: Option<ProposalState>,
    page: &Page,
) -> Result<List<ProposalBody>, AppError> {
    let after = page
        .place(ProposalId::parse)?
        .map(|(at, id)| match at.parse() {
            Ok(at) => Ok((Moment(at), id)),
            Err(_) => Err(AppError::field("cursor", "not a cursor of this list")),
        })
        .transpose()?;
    let filter = access::filter::<actions::SeeProposal>(asker);
    let rows = store::proposals::page(work.conn, filter, state, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |row| format!("{}|{}", row.proposed_us.0, row.id));
    let officer = asker.facts().has(Fact::SecretariatOfficer);
    Ok(List { items: list.items.into_iter().map(|row| body(row, officer)).collect(), next: list.next })
}

/// One proposal.
pub fn get(work: &mut Work<'_>, asker: &Asker, id: &ProposalId) -> Result<ProposalBody, AppError> {
    let permit = access::permit::<actions::SeeProposal, ProposalRecord>(work, asker, id)?;
    let officer = permit.held(Fact::SecretariatOfficer);
    Ok(body(permit.into_thing(), officer))
}

fn body(row: ProposalRecord, officer: bool) -> ProposalBody {
    ProposalBody {
        id: row.id,
        party: row.party_id,
        proposed_by: row.proposed_by,
        proposed_at: row.proposed_us,
        kind: row.kind,
        person: row.person_id,
        person_name: row.person_name,
        role: row.role,
        function: row.function,
        source: row.source,
        state: row.state,
        decided_by: row.decided_by.filter(|_| officer),
        decided_at: row.decided_us,
        act: row.act_id,
    }
}

/// Decides on a proposal that waits. Accepting it records what was proposed, from now on.
pub fn decide(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &ProposalId,
    request: &DecisionRequest,
) -> Result<ProposalBody, AppError> {
    const DECIDED: Fault = Fault::Conflict("It has been decided already.");
    let permit = access::permit::<actions::DecideProposal, ProposalRecord>(work, asker, id)?;
    let proposal = permit.thing();
    if proposal.state != ProposalState::Waiting {
        return Err(DECIDED.into());
    }
    let (person, act) = match (request.accept, proposal.kind) {
        (false, _) => (proposal.person_id.clone(), None),
        (true, ProposalKind::Designation) => {
            let (person, act) = designate(work, asker, &permit, &request.source)?;
            (Some(person), Some(act))
        }
        (true, ProposalKind::Ending) => {
            let (person, act) = end_designations(work, asker, &permit, &request.source)?;
            (Some(person), Some(act))
        }
    };
    let decision = Decision {
        state: if request.accept { ProposalState::Accepted } else { ProposalState::Declined },
        by: asker.person(),
        at: work.now,
        person: person.as_ref(),
        act: act.as_ref(),
    };
    if !store::proposals::decide(work.conn, &permit, &decision)? {
        return Err(DECIDED.into());
    }
    let mut entry = Entry::new(Event::ProposalDecided).by(asker).on("proposal", id).owned_by(Some(&proposal.party_id));
    if let Some(person) = &person {
        entry = entry.concerning(person);
    }
    if let Some(act) = &act {
        entry = entry.act(act);
    }
    work.log(entry);
    get(work, asker, id)
}

type Decided = Permit<actions::DecideProposal, ProposalRecord>;

/// Records the designation that was proposed, and the person where the proposal only names one.
fn designate(
    work: &mut Work<'_>,
    asker: &Asker,
    permit: &Decided,
    source: &str,
) -> Result<(PersonId, ActId), AppError> {
    let proposal = permit.thing();
    let role = proposal.role.ok_or_else(|| AppError::internal("a proposed designation has no role"))?;
    let person = match (&proposal.person_id, &proposal.person_name) {
        (Some(person), _) => {
            let there = store::proposals::designations(work.conn, permit, person)?;
            keep_designations_apart(span(None, None, work.now), role, &there)?;
            person.clone()
        }
        (None, Some(name)) => {
            let person = PersonId::new(work)?;
            store::proposals::record_person(work.conn, permit, &person, name, work.now)?;
            person
        }
        (None, None) => return Err(AppError::internal("a proposal is about nobody")),
    };
    let act = record(work, asker.person(), &NewAct::now(ActKind::Designation, source))?;
    store::proposals::designate(work.conn, permit, &person, &act, role)?;
    Ok((person, act))
}

/// Ends every designation of the person that is in force or has yet to begin. Answers the first ending.
fn end_designations(
    work: &mut Work<'_>,
    asker: &Asker,
    permit: &Decided,
    source: &str,
) -> Result<(PersonId, ActId), AppError> {
    let person =
        permit.thing().person_id.clone().ok_or_else(|| AppError::internal("a proposed ending is about nobody"))?;
    let mut first = None;
    for (term, ..) in store::proposals::designations(work.conn, permit, &person)? {
        if term.span().lasts_beyond(work.now) {
            let ending = end(work, asker.person(), &term.act, Some(term.from.max(work.now)), source)?;
            first.get_or_insert(ending);
        }
    }
    let act = first.ok_or(Fault::Conflict("The person has no designation left to end."))?;
    Ok((person, act))
}
