//! What the operator's commands on the host record of the network: there nobody asks, and every act is
//! recorded by nobody in particular. Each function leaves alone what is there already, so that loading the
//! same data twice is safe. What is new is judged as what people type is, though some of it comes from a
//! file. The command that calls them writes the log entry.

use super::model::{self, Body, Function, PartyKind, Role, Span, Standing};
use super::service::{keep_apart, keep_designations_apart};
use super::store::people::Designation;
use super::store::{PartyRecord, host};
use crate::access::acts::{ActKind, NewAct, record};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, MeetingId, PartyId, PersonId};

/// Where the names stand that come with a party.
const NAMING_SOURCE: &str = "Public record of the network, as loaded by the operator";

/// The party with this code, and what it is.
///
/// # Errors
/// The database's.
pub fn party_coded(work: &mut Work<'_>, code: &str) -> Result<Option<(PartyId, PartyKind)>, AppError> {
    Ok(host::party_coded(work.conn, code)?.map(|party| (party.id, party.kind)))
}

/// The party with this code, and every one of `names` with the moment from which it bore it.
///
/// # Errors
/// `Conflict` when there is a party of another kind with the code; `Invalid` when the code or a name is not
/// as it must be; the database's.
pub fn ensure_party(
    work: &mut Work<'_>,
    kind: PartyKind,
    code: &str,
    names: &[(&str, Moment)],
) -> Result<PartyId, AppError> {
    let id = match host::party_coded(work.conn, code)? {
        Some(party) if party.kind == kind => party.id,
        Some(_) => return Err(Fault::Conflict("A party of another kind has this code.").into()),
        None => {
            model::check_code(code)?;
            let party = PartyRecord { id: PartyId::new(work)?, kind, code: code.to_owned(), recorded_us: work.now };
            host::record_party(work.conn, &party)?;
            party.id
        }
    };
    let there = host::names(work.conn, &id)?;
    for (name, from) in names {
        let name = model::name("name", name)?;
        if there.iter().any(|(term, known)| *known == name && term.from == *from) {
            continue;
        }
        let act =
            record(work, None, &NewAct { effective: Some(*from), ..NewAct::now(ActKind::Naming, NAMING_SOURCE) })?;
        host::give_name(work.conn, &id, &act, &name)?;
    }
    Ok(id)
}

/// The standing of a party from `from` on, granted at `meeting`.
///
/// # Errors
/// `Conflict` when the party has another standing in that time; `Invalid` when it cannot have this one or a
/// text is not as it must be; `NotFound` without the party; the database's.
pub fn ensure_standing(
    work: &mut Work<'_>,
    party: &PartyId,
    standing: Standing,
    from: Moment,
    until: Option<Moment>,
    meeting: Option<&MeetingId>,
    source: &str,
) -> Result<ActId, AppError> {
    let kind = host::party_kind(work.conn, party)?.ok_or(Fault::NotFound)?;
    if !standing.fits(kind) {
        return Err(AppError::field("standing", "only a State can be a member"));
    }
    let there = host::standings(work.conn, party)?;
    if let Some((term, _)) = there.iter().find(|(term, held)| *held == standing && term.from == from) {
        return Ok(term.act.clone());
    }
    keep_apart(
        Span { from, end: until },
        there.iter().map(|(term, _)| term.span()),
        "The party has a standing for some of that time already.",
    )?;
    let source = &model::source(source)?;
    let act = record(work, None, &NewAct { kind: ActKind::Standing, effective: Some(from), until, source, meeting })?;
    host::give_standing(work.conn, party, &act, standing)?;
    Ok(act)
}

/// The person of a party with this name.
///
/// # Errors
/// `Invalid` when the name is not as it must be; the database's.
pub fn ensure_person(work: &mut Work<'_>, party: &PartyId, name: &str) -> Result<PersonId, AppError> {
    let name = model::name("name", name)?;
    if let Some(id) = host::person_named(work.conn, party, &name)? {
        return Ok(id);
    }
    let id = PersonId::new(work)?;
    host::record_person(work.conn, party, &id, &name, work.now)?;
    Ok(id)
}

/// The designation of a person by the party the person acts for.
///
/// # Errors
/// `Conflict` when the person is designated so in that time already, by another act; `Invalid` when the
/// party cannot give the role; `NotFound` without the person; the database's.
pub fn ensure_designation(
    work: &mut Work<'_>,
    person: &PersonId,
    role: Role,
    function: Option<Function>,
    from: Moment,
    source: &str,
) -> Result<ActId, AppError> {
    let (party, kind) = host::person_party(work.conn, person)?.ok_or(Fault::NotFound)?;
    if !role.fits(kind) {
        return Err(AppError::field("role", "not one that this kind of party can give"));
    }
    let there = host::designations(work.conn, person)?;
    if let Some((term, ..)) = there.iter().find(|(term, held, ..)| *held == role && term.from == from) {
        return Ok(term.act.clone());
    }
    keep_designations_apart(Span { from, end: None }, role, &there)?;
    let act = record(work, None, &NewAct { effective: Some(from), ..NewAct::now(ActKind::Designation, source) })?;
    host::designate(work.conn, &party, person, &act, &Designation { role, function, stand_in_for: None })?;
    Ok(act)
}

/// The election of a person to a body.
///
/// # Errors
/// `Conflict` when the person is elected to it in that time already, by another act; the database's.
pub fn ensure_election(
    work: &mut Work<'_>,
    person: &PersonId,
    body: Body,
    from: Moment,
    until: Option<Moment>,
    source: &str,
) -> Result<ActId, AppError> {
    let there = host::elections(work.conn, person)?;
    if let Some((term, _)) = there.iter().find(|(term, held)| *held == body && term.from == from) {
        return Ok(term.act.clone());
    }
    keep_apart(
        Span { from, end: until },
        there.iter().filter(|(_, held)| *held == body).map(|(term, _)| term.span()),
        "The person is elected to this body for some of that time already.",
    )?;
    let act = record(work, None, &NewAct { effective: Some(from), until, ..NewAct::now(ActKind::Election, source) })?;
    host::elect(work.conn, person, &act, body)?;
    Ok(act)
}
