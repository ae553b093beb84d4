//! Acts of administration, and ending them.

use crate::access::acts::end;
use crate::access::{self, Asker, Fact, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::ActId;
use crate::network::model::{ActBody, Ended, EndingRequest};
use crate::network::store::{self, ActRecord};

/// One act.
pub fn get(work: &mut Work<'_>, asker: &Asker, id: &ActId) -> Result<ActBody, AppError> {
    let permit = access::permit::<actions::SeeAct, ActRecord>(work, asker, id)?;
    let about = store::acts::about(work.conn, &permit)?;
    let endings = store::acts::endings(work.conn, &permit)?
        .into_iter()
        .map(|(act, effective, recorded_at, source)| Ended { act, effective, recorded_at, source })
        .collect();
    let overseer = permit.held(Fact::SecretariatOfficer) || permit.held(Fact::Auditor);
    let ActRecord { kind, term, recorded_by } = permit.into_thing();
    let term = term.into_term(work.now);
    Ok(ActBody {
        id: term.act,
        kind,
        from: term.from,
        until: term.until,
        recorded_at: term.recorded_at,
        source: term.source,
        meeting: term.meeting,
        in_force: term.in_force,
        recorded_by: recorded_by.filter(|_| overseer),
        about,
        endings,
    })
}

/// Ends what an act began. Answers the act with its endings.
pub fn put_to_end(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &ActId,
    request: &EndingRequest,
) -> Result<ActBody, AppError> {
    let permit = access::permit::<actions::EndAct, ActRecord>(work, asker, id)?;
    let about = store::acts::about(work.conn, &permit)?;
    let act = &permit.thing().term.act;
    let ending = end(work, asker.person(), act, request.effective, &request.source)?;
    let mut entry = Entry::new(Event::ActEnded).by(asker).on("act", act).owned_by(about.party.as_ref()).act(&ending);
    if let Some(person) = &about.person {
        entry = entry.concerning(person);
    }
    work.log(entry);
    get(work, asker, id)
}
