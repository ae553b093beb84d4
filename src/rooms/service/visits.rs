//! Visits: stays of one person, by one log-in, in one room, for a stated purpose.

use crate::access::{self, Asker, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{RoomId, VisitId};
use crate::rooms::keys;
use crate::rooms::model::{Purpose, VisitOpened};
use crate::rooms::store::{self, Room};
use crate::seal::Key;

/// Begins a visit of `minutes`. Whoever comes in gives those admitted meanwhile the keys of the room; whoever has none
/// waits for that.
pub(in crate::rooms) fn open(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    purpose: &Purpose,
    minutes: i64,
) -> Result<VisitOpened, AppError> {
    let permit = access::permit::<actions::OpenVisit, Room>(work, asker, room)?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    let sign_in = asker.sign_in().ok_or(Fault::SignInNeeded)?;
    let key = asker.unlock().map(|_| Key::of(asker)).transpose()?;
    keys::settle(work, room, key.as_ref())?;
    if let Some(key) = &key {
        keys::make_own(work, room, key)?;
    }
    if !keys::has_come(work, room, person)? {
        return Err(keys::AWAITED.into());
    }
    let visit = VisitId::new(work)?;
    let (now, expires_at) = (work.now, work.now.plus_seconds(minutes.saturating_mul(60)));
    store::insert_visit(work.conn, &permit, &visit, (person, sign_in), (now, expires_at))?;
    work.log(
        Entry::new(Event::VisitOpened)
            .by(asker)
            .on("room", room)
            .in_room(room)
            .owned_by(permit.thing().owner())
            .during(Some(&visit))
            .purpose(&purpose.0),
    );
    Ok(VisitOpened { visit, expires_at })
}

/// Ends one's own visit.
pub(in crate::rooms) fn end(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    visit: &VisitId,
) -> Result<(), AppError> {
    let permit = access::permit::<actions::OpenVisit, Room>(work, asker, room)?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    let now = work.now;
    if !store::end_visit(work.conn, &permit, visit, person, now)? {
        return Err(Fault::NotFound.into());
    }
    work.log(
        Entry::new(Event::VisitEnded)
            .by(asker)
            .on("room", room)
            .in_room(room)
            .owned_by(permit.thing().owner())
            .during(Some(visit)),
    );
    Ok(())
}
