//! Placing and lifting holds, for the operator: Article 88(2) of Regulation (EU) 2018/1725 has logs kept that are
//! needed for on-going control, and nobody's log may be erased while a court wants it.

use super::model::erasure::Hold;
use super::{Entry, Event, store};
use crate::context::Moment;
use crate::db::{Conn, Work};
use crate::error::AppError;
use crate::ids::{HoldId, PartyId, PersonId, RoomId};

/// What a hold is to keep, and why.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// As of [`Hold`].
    pub room: Option<RoomId>,
    /// As of [`Hold`].
    pub party: Option<PartyId>,
    /// As of [`Hold`].
    pub person: Option<PersonId>,
    /// As of [`Hold`].
    pub from: Option<Moment>,
    /// As of [`Hold`].
    pub until: Option<Moment>,
    /// As of [`Hold`].
    pub reason: String,
}

/// Places one. Nothing where there is no such room or person.
///
/// # Errors
/// The database's.
pub fn place(work: &mut Work<'_>, new: NewHold) -> Result<Option<HoldId>, AppError> {
    let NewHold { room, party, person, from, until, reason } = new;
    let (id, placed) = (HoldId::new(work)?, work.now);
    let hold = Hold { id: id.clone(), room, party, person, from, until, reason, placed, lifted: None };
    if !store::are_there(work.conn, &hold)? {
        return Ok(None);
    }
    store::insert_hold(work.conn, &hold)?;
    work.log(told(Event::HoldPlaced, &hold).purpose(&hold.reason));
    Ok(Some(id))
}

/// Lifts one; whether it was in force.
///
/// # Errors
/// The database's.
pub fn lift(work: &mut Work<'_>, id: &HoldId, reason: &str) -> Result<bool, AppError> {
    let now = work.now;
    let Some(hold) = store::holds(work.conn, true)?.into_iter().find(|hold| hold.id == *id) else { return Ok(false) };
    let lifted = store::lift_hold(work.conn, id, now)?;
    if lifted {
        work.log(told(Event::HoldLifted, &hold).purpose(reason));
    }
    Ok(lifted)
}

/// No owner: that something is held for proceedings is for the auditor alone to read, not for those whom it may concern.
fn told(event: Event, hold: &Hold) -> Entry {
    let mut entry = Entry::new(event).on("hold", &hold.id).of_party(hold.party.as_ref()).span(hold.from, hold.until);
    if let Some(room) = &hold.room {
        entry = entry.in_room(room);
    }
    if let Some(person) = &hold.person {
        entry = entry.concerning(person);
    }
    entry
}

/// All that are in force, or all that ever were, the oldest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, in_force: bool) -> Result<Vec<Hold>, AppError> {
    Ok(store::holds(conn, in_force)?)
}

/// The party with this code.
///
/// # Errors
/// The database's.
pub fn party_coded(conn: &mut Conn, code: &str) -> Result<Option<PartyId>, AppError> {
    Ok(store::party_coded(conn, code)?)
}
