//! Looking at a room: what it belongs to, who is in it, and what it is called.

use super::recovery;
use crate::access::{self, Asker, Fact, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::RoomId;
use crate::rooms::keys::{self, Ring};
use crate::rooms::model::RoomBody;
use crate::rooms::opening::title_place;
use crate::rooms::store::{self, Room};

/// A room, with its title for those who may read that now. Who is in it is contents, and so every look is
/// an entry.
pub(in crate::rooms) fn get(work: &mut Work<'_>, asker: &Asker, id: &RoomId) -> Result<RoomBody, AppError> {
    let permit = access::permit::<actions::SeeRoom, Room>(work, asker, id)?;
    let now = work.now;
    let mut members = store::members(work.conn, &permit, now)?;
    let mut recovery = None;
    if permit.held(Fact::Admitted) {
        recovery = Some(recovery::state(work, id)?);
        let keyed = keys::keyed(work, id)?;
        for member in &mut members {
            member.keyed = Some(keyed.contains(&member.person));
        }
    }
    let title = title(work, asker, id)?;
    work.log(Entry::new(Event::RoomSeen).by(asker).on("room", id).in_room(id).owned_by(permit.thing().owner()));
    let room = permit.into_thing();
    let (session, meeting) = room.session.unzip();
    Ok(RoomBody {
        id: room.id,
        kind: room.kind,
        title,
        session,
        meeting,
        case: room.case.map(|(case, _)| case),
        request: room.request.map(|(request, _)| request),
        members,
        recovery,
    })
}

fn title(work: &mut Work<'_>, asker: &Asker, id: &RoomId) -> Result<Option<String>, AppError> {
    let permit = match access::permit::<actions::ReadRoomTitle, Room>(work, asker, id) {
        Ok(permit) => permit,
        Err(AppError { fault: Fault::NotPermitted | Fault::MeansNeeded(_) | Fault::NotFound, .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let ring = Ring::of(work, asker, id)?;
    if !ring.reaches(&permit.thing().title) {
        return Ok(None);
    }
    let title = ring.open(title_place(id), &permit.thing().title)?;
    Ok(Some(title).filter(|title| !title.is_empty()))
}
