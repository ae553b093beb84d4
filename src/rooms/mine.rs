//! The rooms that somebody is admitted to, for the page that says what waits: what each belongs to, and how
//! much was written there since. Titles and contents are for a visit.

use crate::access::{self, Asker, Fact, actions};
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{CaseId, MeetingId, RoomId};
use crate::rooms::opening::{Reach, RoomKind};
use crate::rooms::store;

/// A room that the asker is admitted to.
#[derive(Clone, Debug)]
pub struct MyRoom {
    /// Its id.
    pub id: RoomId,
    /// What it belongs to, in a word.
    pub kind: RoomKind,
    /// The meeting of the session it belongs to.
    pub meeting: Option<MeetingId>,
    /// The case file it belongs to.
    pub case: Option<CaseId>,
    /// When the asker last came in.
    pub visited: Option<Moment>,
    /// How many versions of notes others wrote since then, as far as the asker's admission reaches. Unknown
    /// to whoever never came in, since how much a room holds is contents; and for counterparts: they read by release, and even a number would tell of what was not released.
    pub news: Option<i64>,
}

/// The rooms that the asker is admitted to now, those with news first.
///
/// # Errors
/// The database's.
pub fn mine(work: &mut Work<'_>, asker: &Asker) -> Result<Vec<MyRoom>, AppError> {
    let Some(person) = asker.person() else { return Ok(Vec::new()) };
    let counts = asker.facts().has(Fact::ContactPoint) || asker.facts().has(Fact::SecretariatOfficer);
    let rooms = store::admitted_to(work.conn, access::filter::<actions::OpenVisit>(asker))?;
    let mut mine = Vec::with_capacity(rooms.len());
    for (id, kind, meeting, case) in rooms {
        let visited = store::last_visit(work.conn, &id, person)?;
        let news = match visited {
            Some(since) if counts => {
                let reaches = store::reaches_from(work.conn, &id, person, work.now)?;
                Some(store::written_since(work.conn, &id, person, (reaches, since))?)
            }
            _ => None,
        };
        mine.push(MyRoom { id, kind, meeting, case, visited, news });
    }
    mine.sort_by_key(|room| std::cmp::Reverse((room.news, room.visited)));
    Ok(mine)
}

/// From when on an admission shows what is written.
#[must_use]
pub const fn reaches_from(reach: Reach, from: Moment) -> Moment {
    match reach {
        Reach::Whole => Moment(0),
        Reach::Onward => from,
    }
}
