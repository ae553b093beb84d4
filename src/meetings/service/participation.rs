//! Who takes part in open sessions and breakouts.

use crate::access::acts::{self, ActKind, NewAct};
use crate::access::{self, Asker, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, PersonId, SessionId};
use crate::meetings::model::{ActBody, Ending, NewParticipation, Participant, ParticipationBody};
use crate::meetings::store::{self, Session};

/// Invites a delegation, or one person of it.
pub(in crate::meetings) fn invite(
    work: &mut Work<'_>,
    asker: &Asker,
    session: &SessionId,
    new: NewParticipation,
) -> Result<ParticipationBody, AppError> {
    let permit = access::permit::<actions::InviteToSession, Session>(work, asker, session)?;
    let session = permit.into_thing().id;
    if !store::is_there(work.conn, &new.party)? {
        return Err(AppError::field("party", "no such party"));
    }
    if let Some(person) = &new.person
        && !store::is_person_of(work.conn, person, &new.party)?
    {
        return Err(AppError::field("person", "no such person of this party"));
    }
    let now = work.now;
    if store::participates(work.conn, &session, &new.party, new.person.as_ref(), now)?.is_some() {
        return Err(Fault::Conflict("It takes part already.").into());
    }
    let act = insert(work, asker.person(), &session, &new)?;
    let mut entry = Entry::new(Event::ParticipationRecorded).by(asker).on("session", &session).act(&act);
    entry = entry.to([&new.party]);
    if let Some(person) = &new.person {
        entry = entry.concerning(person);
    }
    work.log(entry);
    Ok(ParticipationBody { act, session, party: new.party, person: new.person, until: new.until })
}

/// Inserts a participation with its act. The caller has leave, or is the operator.
pub(in crate::meetings) fn insert(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    session: &SessionId,
    new: &NewParticipation,
) -> Result<ActId, AppError> {
    let act = acts::record(work, by, &NewAct { until: new.until, ..NewAct::now(ActKind::Participation, &new.source) })?;
    store::insert_participation(work.conn, session, &act, new)?;
    Ok(act)
}

/// What a participation is, for one who may end it: its session, and who takes part by it.
pub(in crate::meetings) fn get(
    work: &mut Work<'_>,
    asker: &Asker,
    act: &ActId,
) -> Result<(SessionId, Participant), AppError> {
    let (session, party, person) = store::session_of(work.conn, act)?.ok_or(Fault::NotFound)?;
    access::permit::<actions::InviteToSession, Session>(work, asker, &session)?;
    Ok((session, Participant { act: act.clone(), party, person }))
}

/// Ends a participation.
pub(in crate::meetings) fn end(
    work: &mut Work<'_>,
    asker: &Asker,
    act: &ActId,
    ending: &Ending,
) -> Result<ActBody, AppError> {
    let (session, party, person) = store::session_of(work.conn, act)?.ok_or(Fault::NotFound)?;
    let permit = access::permit::<actions::InviteToSession, Session>(work, asker, &session)?;
    let ended = acts::end(work, asker.person(), act, ending.effective, &ending.source)?;
    let mut entry = Entry::new(Event::ActEnded).by(asker).on("session", &permit.thing().id).act(act).to([&party]);
    if let Some(person) = &person {
        entry = entry.concerning(person);
    }
    work.log(entry);
    Ok(ActBody { act: ended })
}
