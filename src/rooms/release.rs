//! How an audience is widened: by a release, which is the originator's act and ends like any other. Who
//! may release what is for the slice that calls to ask.

mod store;

use crate::access::acts::{self, ActKind, NewAct};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, CaseId, NoteId, PartyId, PersonId};

/// What is released.
#[derive(Clone, Copy, Debug)]
pub enum Released<'a> {
    /// A note, to a State whose people are in its room: one version of it, so that nobody who releases a
    /// text releases what it said before, or will say.
    Note(&'a NoteId),
    /// A fiche, as it is kept up, to a State or to all contact points.
    Case(&'a CaseId),
}

/// To whom something is released.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// A State; `None`: all contact points.
    pub party: Option<&'a PartyId>,
    /// Which version, of a note.
    pub version: Option<i64>,
}

/// A release in force.
#[derive(Clone, Debug)]
pub struct Release {
    /// The act.
    pub act: ActId,
    /// To which State; `None`: to all contact points.
    pub party: Option<PartyId>,
    /// Which version, of a note.
    pub version: Option<i64>,
    /// From when on.
    pub from: Moment,
}

/// Refuses a party that nothing is ever released to: one that is no member or observer State, or the
/// originator's own. A party that does not exist gets the same words.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn judge_recipient(
    work: &mut Work<'_>,
    originator: &PartyId,
    party: &PartyId,
    field: &str,
) -> Result<(), AppError> {
    let now = work.now;
    if party != originator && store::is_state_of_the_network(work.conn, party, now)? {
        Ok(())
    } else {
        Err(AppError::field(field, "no other State of the network"))
    }
}

/// Releases a thing from now on.
///
/// # Errors
/// `Conflict` when it is released to just these already; the database's.
pub fn release(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    what: Released<'_>,
    to: Recipient<'_>,
    source: &str,
) -> Result<ActId, AppError> {
    let same = |release: &Release| release.party.as_ref() == to.party && release.version == to.version;
    if in_force(work, what)?.iter().any(same) {
        return Err(Fault::Conflict("It is released so already.").into());
    }
    let act = acts::record(work, by, &NewAct::now(ActKind::Release, source))?;
    store::insert(work.conn, &act, what, to)?;
    Ok(act)
}

/// The releases in force now.
///
/// # Errors
/// The database's.
pub fn in_force(work: &mut Work<'_>, what: Released<'_>) -> Result<Vec<Release>, AppError> {
    let now = work.now;
    let rows = store::in_force(work.conn, what, now)?;
    Ok(rows.into_iter().map(|(act, party, version, from)| Release { act, party, version, from }).collect())
}

/// Ends a release of this thing from now on; answers what it was.
///
/// # Errors
/// `NotFound` when it is none of this thing's, or not in force.
pub fn end(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    what: Released<'_>,
    act: &ActId,
    source: &str,
) -> Result<Release, AppError> {
    let release = in_force(work, what)?.into_iter().find(|release| release.act == *act).ok_or(Fault::NotFound)?;
    acts::end(work, by, act, None, source)?;
    Ok(release)
}
