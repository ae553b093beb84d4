//! The rooms that somebody is admitted to, for the page that says what waits: what each belongs to, and how
//! much was written there since. Titles and contents are for a visit.

use std::collections::HashMap;

use crate::access::{self, Asker, Fact, actions};
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{CaseId, MeetingId, RequestId, RoomId};
use crate::rooms::opening::RoomKind;
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
    /// The request it belongs to.
    pub request: Option<RequestId>,
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
    let visited: HashMap<RoomId, Moment> = store::last_visits(work.conn, person)?.into_iter().collect();
    let news: HashMap<RoomId, i64> =
        if counts { store::news(work.conn, person, work.now)?.into_iter().collect() } else { HashMap::new() };
    let room = |(id, kind, meeting, case, request)| {
        let visited = visited.get(&id).copied();
        let news = visited.filter(|_| counts).map(|_| news.get(&id).copied().unwrap_or(0));
        MyRoom { id, kind, meeting, case, request, visited, news }
    };
    let mut mine: Vec<MyRoom> = rooms.into_iter().map(room).collect();
    mine.sort_by_key(|room| std::cmp::Reverse((room.news, room.visited)));
    Ok(mine)
}
