//! Conclusions: drafted, adopted, published, in that order, and none of it undone.

use crate::access::acts::{self, ActKind, NewAct};
use crate::access::{self, Asker, Fact, FactSet, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, MeetingId, PersonId};
use crate::meetings::model::{Adopt, ConclusionAct, ConclusionsBody, ConclusionsState, Draft, Publish, state_of};
use crate::meetings::store::{self, Conclusions};

/// Whether one with these facts sees drafts of whatever conclusions may be seen at all: the rule
/// `see_conclusions` lets others see only what is public.
pub(in crate::meetings) const fn sees_drafts(facts: FactSet) -> bool {
    facts.has(Fact::SecondFactor) && (facts.has(Fact::ContactPoint) || facts.has(Fact::SecretariatOfficer))
}

/// The conclusions of a meeting: the published version for the public, the newest for the others.
pub(in crate::meetings) fn get(
    work: &mut Work<'_>,
    asker: &Asker,
    meeting: &MeetingId,
) -> Result<ConclusionsBody, AppError> {
    let permit = access::permit::<actions::SeeConclusions, Conclusions>(work, asker, meeting)?;
    let acts = acts_about(work, meeting)?;
    let shown = if sees_drafts(asker.facts()) {
        store::version(work.conn, &permit, None)?
    } else {
        match version_by(&acts, ActKind::Publication) {
            Some(published) => store::version(work.conn, &permit, Some(published))?,
            None => None,
        }
    };
    let state = state_of(&acts, shown.is_some());
    Ok(body(permit.into_thing().meeting, state, shown, acts))
}

fn body(
    meeting: MeetingId,
    state: ConclusionsState,
    shown: Option<(i64, String)>,
    acts: Vec<ConclusionAct>,
) -> ConclusionsBody {
    let (version, words) = shown.unzip();
    ConclusionsBody { meeting, state, version, words, acts: acts.into_iter().map(Into::into).collect() }
}

fn acts_about(work: &mut Work<'_>, meeting: &MeetingId) -> Result<Vec<ConclusionAct>, AppError> {
    let now = work.now;
    Ok(store::acts_about(work.conn, std::slice::from_ref(meeting), now)?)
}

/// The version that an act of this kind is about, if one is in force and the version is kept here.
fn version_by(acts: &[ConclusionAct], kind: ActKind) -> Option<i64> {
    acts.iter().find(|act| act.kind == kind).and_then(|act| act.version)
}

/// Writes the next version.
pub(in crate::meetings) fn draft(
    work: &mut Work<'_>,
    asker: &Asker,
    meeting: &MeetingId,
    draft: Draft,
) -> Result<ConclusionsBody, AppError> {
    let permit = access::permit::<actions::DraftConclusions, Conclusions>(work, asker, meeting)?;
    if !acts_about(work, meeting)?.is_empty() {
        return Err(Fault::Conflict("The conclusions are adopted or published.").into());
    }
    let newest = store::latest(work.conn, meeting)?;
    if newest != draft.based_on {
        return Err(Fault::Outdated.into());
    }
    let (version, now) = (newest.saturating_add(1), work.now);
    store::insert_version(work.conn, &permit, version, &draft.words, asker.person(), now)?;
    work.log(Entry::new(Event::ConclusionsDrafted).by(asker).on("meeting", meeting).version(version));
    let meeting = permit.into_thing().meeting;
    Ok(body(meeting, ConclusionsState::Drafted, Some((version, draft.words)), Vec::new()))
}

/// Records that the newest version was adopted.
pub(in crate::meetings) fn adopt(
    work: &mut Work<'_>,
    asker: &Asker,
    meeting: &MeetingId,
    adopt: &Adopt,
) -> Result<ConclusionsBody, AppError> {
    access::permit::<actions::AdoptConclusions, Conclusions>(work, asker, meeting)?;
    if !acts_about(work, meeting)?.is_empty() {
        return Err(Fault::Conflict("The conclusions are adopted or published.").into());
    }
    let newest = store::latest(work.conn, meeting)?;
    if adopt.version > newest {
        return Err(AppError::field("version", "no such version"));
    }
    if adopt.version < newest {
        return Err(Fault::Conflict("There is a newer version.").into());
    }
    let act = record(work, asker.person(), meeting, ActKind::Adoption, Some(newest), &adopt.source)?;
    work.log(Entry::new(Event::ConclusionsAdopted).by(asker).on("meeting", meeting).version(newest).act(&act));
    get(work, asker, meeting)
}

/// Publishes the adopted version.
pub(in crate::meetings) fn publish(
    work: &mut Work<'_>,
    asker: &Asker,
    meeting: &MeetingId,
    publish: &Publish,
) -> Result<ConclusionsBody, AppError> {
    access::permit::<actions::PublishConclusions, Conclusions>(work, asker, meeting)?;
    let acts = acts_about(work, meeting)?;
    if acts.iter().any(|act| act.kind == ActKind::Publication) {
        return Err(Fault::Conflict("The conclusions are published.").into());
    }
    let adopted = version_by(&acts, ActKind::Adoption).ok_or(Fault::Conflict("The conclusions are not adopted."))?;
    let act = record(work, asker.person(), meeting, ActKind::Publication, Some(adopted), &publish.source)?;
    work.log(Entry::new(Event::ConclusionsPublished).by(asker).on("meeting", meeting).version(adopted).act(&act));
    get(work, asker, meeting)
}

/// Records an act about conclusions. The caller has leave, or is the operator.
pub(in crate::meetings) fn record(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    meeting: &MeetingId,
    kind: ActKind,
    version: Option<i64>,
    source: &str,
) -> Result<ActId, AppError> {
    let act = acts::record(work, by, &NewAct::now(kind, source))?;
    store::insert_act(work.conn, meeting, &act, version)?;
    Ok(act)
}

/// Whether the conclusions of a meeting are public now: for the import.
pub(in crate::meetings) fn published(work: &mut Work<'_>, meeting: &MeetingId) -> Result<bool, AppError> {
    Ok(acts_about(work, meeting)?.iter().any(|act| act.kind == ActKind::Publication))
}
