//! What can be done in the network: permit, change, log.

pub(super) mod acts;
pub(super) mod explain;
pub(super) mod parties;
pub(super) mod people;
pub(super) mod proposals;
pub(super) mod rights;

use super::model::Span;
use super::store::people::DesignationRow;
use crate::access::{Asker, Kind, explain::may_see};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::MeetingId;
use crate::network::model::Role;

/// Refuses a stretch of time that meets one of those there are.
pub(super) fn keep_apart(
    new: Span,
    mut there: impl Iterator<Item = Span>,
    refusal: &'static str,
) -> Result<(), AppError> {
    if there.any(|one| one.meets(new)) { Err(Fault::Conflict(refusal).into()) } else { Ok(()) }
}

/// Refuses a second designation as the same for a time that has one already.
pub(super) fn keep_designations_apart(new: Span, role: Role, there: &[DesignationRow]) -> Result<(), AppError> {
    keep_apart(
        new,
        there.iter().filter(|(_, held, ..)| *held == role).map(|(term, ..)| term.span()),
        "The person is designated as this for some of that time already; end that first.",
    )
}

/// The stretch of time that an act to be recorded at `now` shall cover.
pub(super) fn span(from: Option<Moment>, until: Option<Moment>, now: Moment) -> Span {
    Span { from: from.unwrap_or(now), end: until }
}

/// Refuses a meeting that is not public: what names it here is shown to everyone.
fn require_public_meeting(work: &mut Work<'_>, meeting: Option<&MeetingId>) -> Result<(), AppError> {
    let Some(meeting) = meeting else { return Ok(()) };
    let anyone = Asker::anonymous(work.codes(), work.now);
    may_see(work, &anyone, Kind::Meeting, meeting.as_str()).map(drop).map_err(|error| match error.fault {
        Fault::NotFound => AppError::field("meeting", "no ordinary meeting"),
        _ => error,
    })
}
