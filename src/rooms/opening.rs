//! How a room comes to be and how a person comes to be in it. Who may cause either is for the slice
//! that calls to ask: a session's room opens with the session, a case file's with the file, a request's with the request.

mod store;

use crate::access::acts::{self, ActKind, NewAct};
use crate::audit::{Entry, Event};
use crate::context::{Ctx, Moment};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{ActId, PersonId, RoomId};
use crate::rooms::keys;
use crate::seal::{In, Place, Sealed, Seed};
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

/// A room that is being opened, whose key is still at hand: whoever opens it can write its first note without coming in.
pub struct Opening {
    room: RoomId,
    seed: Seed,
    at: Moment,
}

impl Opening {
    /// Begins a room and admits these people to the whole of it, each by an act with this source. A room without a title
    /// has the empty one.
    ///
    /// # Errors
    /// The database's.
    pub fn begin(
        work: &mut Work<'_>,
        by: Option<&PersonId>,
        kind: RoomKind,
        title: &str,
        people: &[(&PersonId, &str)],
    ) -> Result<Self, AppError> {
        let (room, seed) = (RoomId::new(work)?, Seed::new(work)?);
        let title = Sealed::seal(work, In { place: title_place(&room), epoch: 1 }, &seed, title)?;
        let at = work.now;
        store::insert_room(work.conn, &room, kind, &title, by, at)?;
        for (person, source) in people {
            admit(work, by, &room, person, Reach::Whole, source)?;
        }
        Ok(Self { room, seed, at })
    }

    /// The room.
    #[must_use]
    pub const fn room(&self) -> &RoomId {
        &self.room
    }

    /// Seals a text for its place in the room.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(&self, ctx: &Ctx, place: Place<'_>, text: &str) -> Result<Sealed, AppError> {
        Sealed::seal(ctx, In { place, epoch: 1 }, &self.seed, text)
    }

    /// Hands the key out to those admitted and forgets it.
    ///
    /// # Errors
    /// The database's.
    pub fn done(self, work: &mut Work<'_>) -> Result<RoomId, AppError> {
        keys::begin(work, &self.room, self.seed, self.at)?;
        Ok(self.room)
    }
}

/// Opens a room in which nothing is written yet: [`Opening`].
///
/// # Errors
/// The database's.
pub fn open_room(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    kind: RoomKind,
    title: &str,
    people: &[(&PersonId, &str)],
) -> Result<RoomId, AppError> {
    Opening::begin(work, by, kind, title, people)?.done(work)
}

/// Admits `person` from now on. The room's key comes with the next request of somebody inside, if not with this one.
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

/// An admission that was ended.
#[derive(Clone, Debug)]
pub struct EndedAdmission {
    /// The act of admission.
    pub act: ActId,
    /// The act that ended it.
    pub ending: ActId,
    /// Whether the room is one of which no officer of the Secretariat may know.
    pub concealed: bool,
}

/// Ends every admission of a person, to whatever room, and the visits that last. Each is an entry which
/// the State whose case file or request it was may read, and which names nobody as the one who did it: an officer of
/// the Secretariat reads what he did himself, and must not learn of a circle from it.
///
/// # Errors
/// The database's.
pub fn end_admissions(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    person: &PersonId,
    source: &str,
) -> Result<Vec<EndedAdmission>, AppError> {
    let now = work.now;
    let mut ended = Vec::new();
    for (act, room, kind, owner) in store::admissions_of(work.conn, person, now)? {
        let ending = acts::end(work, by, &act, None, source)?;
        keys::leave(work, &room, person)?;
        work.log(
            Entry::new(Event::AdmissionEnded)
                .on("room", &room)
                .in_room(&room)
                .owned_by(owner.as_ref())
                .concerning(person)
                .act(&act),
        );
        ended.push(EndedAdmission { act, ending, concealed: kind != RoomKind::Session });
    }
    store::end_visits(work.conn, person, now)?;
    Ok(ended)
}
