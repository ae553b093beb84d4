//! People, their designations and elections.

use super::{acts, keep_apart, keep_designations_apart, span};
use crate::access::acts::{ActKind, NewAct, record};
use crate::access::{self, Asker, Fact, Permit, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{PartyId, PersonId};
use crate::network::model::{
    AccountState, ActBody, DesignationBody, DesignationRequest, ElectionBody, ElectionRequest, PersonBody, PersonLine,
    PersonRequest, Role, Term,
};
use crate::network::store::people::Designation;
use crate::network::store::{self, PartyRecord, PersonRecord};
use crate::server::Page;
use crate::server::answer::List;

/// A page of the people that the asker may see.
pub fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    party: Option<&PartyId>,
    page: &Page,
) -> Result<List<PersonLine>, AppError> {
    let after = page.place(PersonId::parse)?;
    let filter = access::filter::<actions::SeePerson>(asker);
    let rows = store::people::page(work.conn, filter, party, work.now, after.as_ref(), page.rows())?;
    Ok(page.cut(rows, |row| format!("{}|{}", row.name, row.id)))
}

/// One person.
pub fn get(work: &mut Work<'_>, asker: &Asker, id: &PersonId) -> Result<PersonBody, AppError> {
    let permit = access::permit::<actions::SeePerson, PersonRecord>(work, asker, id)?;
    let designations = store::people::designations(work.conn, &permit)?
        .into_iter()
        .map(|(term, role, function, stand_in_for)| DesignationBody {
            role,
            function,
            stand_in_for,
            term: term.into_term(work.now),
        })
        .collect();
    let elections = store::people::elections(work.conn, &permit)?
        .into_iter()
        .map(|(term, body)| ElectionBody { body, term: term.into_term(work.now) })
        .collect();
    let account = if permit.held(Fact::SecretariatOfficer) { Some(account(work, &permit)?) } else { None };
    let person = permit.into_thing();
    Ok(PersonBody { id: person.id, name: person.name, party: person.party_id, designations, elections, account })
}

fn account(work: &mut Work<'_>, permit: &Permit<actions::SeePerson, PersonRecord>) -> Result<AccountState, AppError> {
    let (enrolments, suspensions): (Vec<_>, Vec<_>) = store::people::log_in_rights(work.conn, permit)?
        .into_iter()
        .partition(|(_, kind)| matches!(kind, ActKind::Enrolment));
    let terms = |rows: Vec<(_, _)>| -> Vec<Term> {
        rows.into_iter().map(|(term, _): (store::TermRow, ActKind)| term.into_term(work.now)).collect()
    };
    let (enrolments, suspensions) = (terms(enrolments), terms(suspensions));
    let any = |terms: &[Term]| terms.iter().any(|term| term.in_force);
    Ok(AccountState { in_force: any(&enrolments) && !any(&suspensions), enrolments, suspensions })
}

/// Records a person who acts for a party.
pub fn create(
    work: &mut Work<'_>,
    asker: &Asker,
    party: &PartyId,
    request: &PersonRequest,
) -> Result<PersonBody, AppError> {
    let permit = access::permit::<actions::RecordPerson, PartyRecord>(work, asker, party)?;
    let id = PersonId::new(work)?;
    store::people::record(work.conn, &permit, &id, &request.name, work.now)?;
    work.log(Entry::new(Event::PersonRecorded).by(asker).on("person", &id).concerning(&id).owned_by(Some(party)));
    get(work, asker, &id)
}

/// Records a designation of a person by the party the person acts for.
pub fn designate(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &PersonId,
    request: &DesignationRequest,
) -> Result<ActBody, AppError> {
    let permit = access::permit::<actions::Designate, PersonRecord>(work, asker, id)?;
    if !request.role.fits(permit.thing().party_kind) {
        return Err(AppError::field("role", "not one that this kind of party can give"));
    }
    if let Some(other) = &request.stand_in_for
        && !store::people::is_colleague(work.conn, &permit, other)?
    {
        return Err(AppError::field("stand_in_for", "no other person of the same party"));
    }
    let there = store::people::designations_before(work.conn, &permit)?;
    keep_designations_apart(span(request.from, request.until, work.now), request.role, &there)?;
    let act = record(
        work,
        asker.person(),
        &NewAct { effective: request.from, until: request.until, ..NewAct::now(ActKind::Designation, &request.source) },
    )?;
    let designation =
        Designation { role: request.role, function: request.function, stand_in_for: request.stand_in_for.as_ref() };
    store::people::designate(work.conn, &permit, &act, &designation)?;
    work.log(
        Entry::new(Event::ActRecorded)
            .by(asker)
            .on("person", id)
            .concerning(id)
            .owned_by(Some(&permit.thing().party_id))
            .act(&act),
    );
    acts::get(work, asker, &act)
}

/// Records the election of a contact point.
pub fn elect(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &PersonId,
    request: &ElectionRequest,
) -> Result<ActBody, AppError> {
    let permit = access::permit::<actions::Elect, PersonRecord>(work, asker, id)?;
    let electable = store::people::designations_before(work.conn, &permit)?
        .iter()
        .any(|(term, role, ..)| *role == Role::ContactPoint && term.span().holds(work.now));
    if !electable {
        return Err(Fault::Conflict("Only a person designated as contact point can be elected.").into());
    }
    let there = store::people::elections(work.conn, &permit)?;
    keep_apart(
        span(request.from, request.until, work.now),
        there.iter().filter(|(_, body)| *body == request.body).map(|(term, _)| term.span()),
        "The person is elected to this body for some of that time already; end that first.",
    )?;
    let act = record(
        work,
        asker.person(),
        &NewAct { effective: request.from, until: request.until, ..NewAct::now(ActKind::Election, &request.source) },
    )?;
    store::people::elect(work.conn, &permit, &act, request.body)?;
    work.log(
        Entry::new(Event::ActRecorded)
            .by(asker)
            .on("person", id)
            .concerning(id)
            .owned_by(Some(&permit.thing().party_id))
            .act(&act),
    );
    acts::get(work, asker, &act)
}
