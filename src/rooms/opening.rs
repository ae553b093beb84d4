//! How a room comes to be and how a person comes to be in it. Who may cause either is for the slice
//! that calls to ask: a session's room opens with the session, a case file's with the file.

mod store;

use crate::access::acts::{self, ActKind, NewAct};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{ActId, PersonId, RoomId};
use crate::seal::{Place, Sealed};
use crate::text_enum;

text_enum! {
    /// What a room belongs to.
    RoomKind {
        /// A closed session.
        Session = "session",
        /// A case file.
        CaseFile = "case_file",
        /// A request.
        Request = "request",
    }
}

text_enum! {
    /// How much of a room an admission opens.
    Reach {
        /// What was written before it too.
        Whole = "whole",
        /// Only what comes after it.
        Onward = "onward",
    }
}

/// Where a room's title is sealed.
#[must_use]
pub fn title_place(room: &RoomId) -> Place<'_> {
    Place { room, what: "room.title", thing: room.as_str(), version: 1 }
}

/// Opens a room with nobody in it. A room without a title has the empty one.
///
/// # Errors
/// The database's.
pub fn open_room(work: &mut Work<'_>, by: Option<&PersonId>, kind: RoomKind, title: &str) -> Result<RoomId, AppError> {
    let room = RoomId::new(work)?;
    let title = Sealed::seal(title_place(&room), title);
    let now = work.now;
    store::insert_room(work.conn, &room, kind, &title, by, now)?;
    Ok(room)
}

/// Admits `person` from now on.
///
/// # Errors
/// The database's.
pub fn admit(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    room: &RoomId,
    person: &PersonId,
    reach: Reach,
    source: &str,
) -> Result<ActId, AppError> {
    let act = acts::record(work, by, &NewAct::now(ActKind::Admission, source))?;
    store::insert_admission(work.conn, &act, room, person, reach)?;
    Ok(act)
}
