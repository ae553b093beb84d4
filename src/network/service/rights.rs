//! Taking rights away: suspension, and off-boarding, which ends them all.

use super::acts;
use crate::access::acts::{ActKind, NewAct, end, record};
use crate::access::{self, Asker, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::PersonId;
use crate::network::model::{ActBody, EndedAct, OffBoarding, SourceRequest};
use crate::network::store::{self, PersonRecord};
use crate::rooms::opening;

/// Keeps a person from logging in, and ends the log-ins that live.
pub fn suspend(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &PersonId,
    request: &SourceRequest,
) -> Result<ActBody, AppError> {
    let permit = access::permit::<actions::Suspend, PersonRecord>(work, asker, id)?;
    let suspended = store::people::log_in_rights(work.conn, &permit)?
        .iter()
        .any(|(term, kind)| matches!(kind, ActKind::Suspension) && term.span().holds(work.now));
    if suspended {
        return Err(Fault::Conflict("The person is suspended already.").into());
    }
    let act = record(work, asker.person(), &NewAct::now(ActKind::Suspension, &request.source))?;
    store::people::suspend(work.conn, &permit, &act, work.now)?;
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

/// Ends every right of a person that is in force or has yet to begin, all in this one unit of work.
pub fn off_board(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &PersonId,
    request: &SourceRequest,
) -> Result<OffBoarding, AppError> {
    let permit = access::permit::<actions::OffBoard, PersonRecord>(work, asker, id)?;
    // Neither the answer nor an entry that the Secretariat may read tells of a case file's room.
    let mut ended: Vec<EndedAct> = opening::end_admissions(work, asker.person(), id, &request.source)?
        .into_iter()
        .filter(|admission| !admission.concealed)
        .map(|admission| EndedAct { kind: ActKind::Admission, act: admission.act, ending: admission.ending })
        .collect();
    for right in store::people::rights(work.conn, &permit)? {
        if !right.term.span().lasts_beyond(work.now) {
            continue;
        }
        // What has yet to begin ends at its beginning, and so never holds.
        let effective = right.term.from.max(work.now);
        let ending = end(work, asker.person(), &right.term.act, Some(effective), &request.source)?;
        if !right.concealed {
            ended.push(EndedAct { kind: right.kind, act: right.term.act, ending });
        }
    }
    store::people::shut_out(work.conn, &permit, work.now)?;
    work.log(
        Entry::new(Event::OffBoarded)
            .by(asker)
            .on("person", id)
            .concerning(id)
            .owned_by(Some(&permit.thing().party_id))
            .count(ended.len()),
    );
    Ok(OffBoarding { person: id.clone(), ended })
}
