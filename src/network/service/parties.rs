//! Parties, their names and standings.

use super::{acts, keep_apart, require_public_meeting, span};
use crate::access::acts::{ActKind, NewAct, record};
use crate::access::{self, Asker, TheNetwork, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::PartyId;
use crate::network::model::{
    ActBody, NameRequest, NamedFrom, PartyBody, PartyLine, PartyRequest, StandingBody, StandingRequest,
};
use crate::network::store::{self, PartyRecord, WantedParties};
use crate::server::Page;
use crate::server::answer::List;

/// A page of the parties.
pub fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    wanted: &WantedParties,
    page: &Page,
) -> Result<List<PartyLine>, AppError> {
    let after = page.after.as_deref();
    if after.is_some_and(|code| code.chars().any(char::is_control)) {
        return Err(AppError::field("cursor", "not a cursor of this list"));
    }
    let filter = access::filter::<actions::SeeParty>(asker);
    let rows = store::parties::page(work.conn, filter, wanted, work.now, after, page.rows())?;
    Ok(page.cut(rows, |row| row.code.clone()))
}

/// The standings through time of parties that stand in a list, the one that began first first.
pub fn standings(
    work: &mut Work<'_>,
    asker: &Asker,
    parties: &[&PartyId],
) -> Result<Vec<(PartyId, StandingBody)>, AppError> {
    let filter = access::filter::<actions::SeeParty>(asker);
    let rows = store::parties::standings_of_all(work.conn, filter, parties)?;
    Ok(rows
        .into_iter()
        .map(|(party, term, standing)| (party, StandingBody { standing, term: term.into_term(work.now) }))
        .collect())
}

/// One party.
pub fn get(work: &mut Work<'_>, asker: &Asker, id: &PartyId) -> Result<PartyBody, AppError> {
    let permit = access::permit::<actions::SeeParty, PartyRecord>(work, asker, id)?;
    let names: Vec<NamedFrom> = store::parties::names(work.conn, &permit)?
        .into_iter()
        .map(|(term, name)| NamedFrom { name, term: term.into_term(work.now) })
        .collect();
    let standings: Vec<StandingBody> = store::parties::standings(work.conn, &permit)?
        .into_iter()
        .map(|(term, standing)| StandingBody { standing, term: term.into_term(work.now) })
        .collect();
    let party = permit.into_thing();
    Ok(PartyBody {
        name: names.iter().find(|one| one.term.in_force).map_or_else(|| party.code.clone(), |one| one.name.clone()),
        standing: standings.iter().find(|one| one.term.in_force).map(|one| one.standing),
        id: party.id,
        kind: party.kind,
        code: party.code,
        names,
        standings,
    })
}

/// Records a party with its first name.
pub fn create(work: &mut Work<'_>, asker: &Asker, request: PartyRequest) -> Result<PartyBody, AppError> {
    let permit = access::permit::<actions::RecordParty, TheNetwork>(work, asker, &())?;
    let naming = record(
        work,
        asker.person(),
        &NewAct { effective: request.from, ..NewAct::now(ActKind::Naming, &request.source) },
    )?;
    let party = PartyRecord { id: PartyId::new(work)?, kind: request.kind, code: request.code, recorded_us: work.now };
    store::parties::record(work.conn, &permit, &party, &naming, &request.name)?;
    work.log(Entry::new(Event::PartyRecorded).by(asker).on("party", &party.id).owned_by(Some(&party.id)).act(&naming));
    get(work, asker, &party.id)
}

/// Gives a party a new name.
pub fn give_name(work: &mut Work<'_>, asker: &Asker, id: &PartyId, request: &NameRequest) -> Result<ActBody, AppError> {
    let permit = access::permit::<actions::NameParty, PartyRecord>(work, asker, id)?;
    let act = record(
        work,
        asker.person(),
        &NewAct { effective: request.from, ..NewAct::now(ActKind::Naming, &request.source) },
    )?;
    store::parties::give_name(work.conn, &permit, &act, &request.name)?;
    work.log(Entry::new(Event::ActRecorded).by(asker).on("party", id).owned_by(Some(id)).act(&act));
    acts::get(work, asker, &act)
}

/// Gives a party a standing, for a time in which it has none.
pub fn give_standing(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &PartyId,
    request: &StandingRequest,
) -> Result<ActBody, AppError> {
    let permit = access::permit::<actions::GiveStanding, PartyRecord>(work, asker, id)?;
    if !request.standing.fits(permit.thing().kind) {
        return Err(AppError::field("standing", "only a State can be a member"));
    }
    require_public_meeting(work, request.meeting.as_ref())?;
    let there = store::parties::standings_before(work.conn, &permit)?;
    keep_apart(
        span(request.from, request.until, work.now),
        there.iter().map(|(term, _)| term.span()),
        "The party has a standing for some of that time already; end that first.",
    )?;
    let act = record(
        work,
        asker.person(),
        &NewAct {
            effective: request.from,
            until: request.until,
            meeting: request.meeting.as_ref(),
            ..NewAct::now(ActKind::Standing, &request.source)
        },
    )?;
    store::parties::give_standing(work.conn, &permit, &act, request.standing)?;
    work.log(Entry::new(Event::ActRecorded).by(asker).on("party", id).owned_by(Some(id)).act(&act));
    acts::get(work, asker, &act)
}
