//! Meetings.

use std::collections::HashSet;

use super::{conclusions, room_titles};
use crate::access::acts::{self, ActKind, NewAct};
use crate::access::{self, Asker, TheNetwork, actions};
use crate::audit::{Entry, Event};
use crate::context::{self, Moment};
use crate::db::Work;
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{ItemId, MeetingId, PersonId, RoomId};
use crate::meetings::model::{
    ConclusionsState, MeetingBody, MeetingChange, MeetingDetail, NewMeeting, SessionBody, Wanted, state_of,
};
use crate::meetings::store::{self, Meeting, Session};
use crate::network::model::Standing;
use crate::network::names::states_with;
use crate::server::Page;
use crate::server::answer::List;

/// The meetings that the asker may know of, the latest first.
pub(in crate::meetings) fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    wanted: &Wanted,
    page: &Page,
) -> Result<List<MeetingBody>, AppError> {
    let after = page.after.as_deref().map(place).transpose()?;
    let filter = access::filter::<actions::SeeMeeting>(asker);
    let rows = store::meetings_page(work.conn, filter, wanted, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |row| format!("{}|{}", row.first_day, row.id));
    Ok(List { items: bodies(work, asker, list.items)?, next: list.next })
}

fn place(cursor: &str) -> Result<(String, MeetingId), AppError> {
    cursor
        .split_once('|')
        .filter(|(day, _)| context::day(day).is_some())
        .and_then(|(day, id)| Some((day.to_owned(), MeetingId::parse(id)?)))
        .ok_or_else(|| AppError::field("cursor", "not a cursor of this list"))
}

/// One meeting, with the sessions that the asker may know of.
pub(in crate::meetings) fn get(work: &mut Work<'_>, asker: &Asker, id: &MeetingId) -> Result<MeetingDetail, AppError> {
    let permit = access::permit::<actions::SeeMeeting, Meeting>(work, asker, id)?;
    let topics = store::topics(work.conn, &permit)?;
    let sessions = store::sessions_of(work.conn, &permit, access::filter::<actions::SeeSession>(asker))?;
    let rooms: Vec<RoomId> = sessions.iter().filter_map(|session| session.room_id.clone()).collect();
    let mut titles = room_titles(work, asker, &rooms)?;
    let mut disclosed = titles.keys();
    if let Some(first) = disclosed.next() {
        let entry = Entry::new(Event::RoomSeen).by(asker).on("meeting", id).count(titles.len());
        let entry = if titles.len() == 1 { entry.in_room(first) } else { entry };
        work.log(entry);
    }
    // Counted anew for each asker: a gap in the places kept would tell of a session that is not shown.
    let sessions = (0_i64..)
        .zip(sessions)
        .map(|(position, session)| {
            let title = session.room_id.as_ref().and_then(|room| titles.remove(room));
            SessionBody { position, ..session_body(session, title) }
        })
        .collect();
    Ok(MeetingDetail { meeting: one(work, asker, permit.into_thing())?, topics, sessions })
}

/// A session, with the title of its room where that may be shown.
pub(super) fn session_body(session: Session, room_title: Option<String>) -> SessionBody {
    SessionBody {
        id: session.id,
        kind: session.kind,
        title: session.title.or(room_title),
        room: session.room_id,
        position: session.position,
    }
}

/// Convenes a meeting.
pub(in crate::meetings) fn convene(
    work: &mut Work<'_>,
    asker: &Asker,
    new: &NewMeeting,
) -> Result<MeetingBody, AppError> {
    access::permit::<actions::ConveneMeeting, TheNetwork>(work, asker, &())?;
    if let Some(party) = &new.presidency
        && !store::is_state(work.conn, party)?
    {
        return Err(AppError::field("presidency", "no such State"));
    }
    if let Some(party) = &new.requested_by
        && !states_with(work, &[Standing::Member])?.contains(party)
    {
        return Err(AppError::field("requested_by", "no such member State"));
    }
    let (meeting, act) = insert(work, asker.person(), new)?;
    work.log(
        Entry::new(Event::MeetingConvened)
            .by(asker)
            .on("meeting", &meeting.id)
            .act(&act)
            .owned_by(new.requested_by.as_ref()),
    );
    Ok(body(meeting, ConclusionsState::Absent))
}

/// Inserts a meeting and the act that convenes it. The caller has leave, or is the operator.
pub(in crate::meetings) fn insert(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    new: &NewMeeting,
) -> Result<(Meeting, crate::ids::ActId), AppError> {
    let act = acts::record(work, by, &NewAct::now(ActKind::Convening, &new.source))?;
    let id = MeetingId::new(work)?;
    let topics = numbered(work, &new.about.topics)?;
    let now: Moment = work.now;
    let meeting = store::insert_meeting(work.conn, &id, new, &act, now)
        .or_conflict(Fault::Conflict("There is a meeting with this number."))?;
    store::insert_topics(work.conn, &id, &topics)?;
    Ok((meeting, act))
}

fn numbered(work: &Work<'_>, topics: &[String]) -> Result<Vec<(ItemId, String)>, AppError> {
    topics.iter().map(|words| Ok((ItemId::new(work)?, words.clone()))).collect()
}

/// Changes a meeting's days, way, place and topics; `based_on` is the version that the change was made to.
pub(in crate::meetings) fn change(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &MeetingId,
    based_on: i64,
    to: MeetingChange,
) -> Result<MeetingBody, AppError> {
    let permit = access::permit::<actions::ChangeMeeting, Meeting>(work, asker, id)?;
    let newest = permit.thing().version;
    if newest != based_on {
        return Err(Fault::Outdated.into());
    }
    let version = newest.saturating_add(1);
    store::change(work.conn, &permit, &to, version)?;
    let topics = numbered(work, &to.topics)?;
    store::replace_topics(work.conn, &permit, &topics)?;
    let before = permit.into_thing();
    work.log(
        Entry::new(Event::MeetingChanged).by(asker).on("meeting", id).owned_by(before.requested_by_party_id.as_ref()),
    );
    let now =
        Meeting { first_day: to.first_day, last_day: to.last_day, way: to.way, place: to.place, version, ..before };
    one(work, asker, now)
}

fn one(work: &mut Work<'_>, asker: &Asker, meeting: Meeting) -> Result<MeetingBody, AppError> {
    let id = [meeting.id.clone()];
    let state = states(work, asker, &id)?(&meeting.id);
    Ok(body(meeting, state))
}

fn bodies(work: &mut Work<'_>, asker: &Asker, meetings: Vec<Meeting>) -> Result<Vec<MeetingBody>, AppError> {
    let ids: Vec<MeetingId> = meetings.iter().map(|meeting| meeting.id.clone()).collect();
    let state = states(work, asker, &ids)?;
    Ok(meetings
        .into_iter()
        .map(|meeting| {
            let state = state(&meeting.id);
            body(meeting, state)
        })
        .collect())
}

/// How far the conclusions of these meetings are, as far as the asker may know.
fn states(
    work: &mut Work<'_>,
    asker: &Asker,
    of: &[MeetingId],
) -> Result<impl Fn(&MeetingId) -> ConclusionsState + use<>, AppError> {
    let now = work.now;
    let sees_drafts = conclusions::sees_drafts(asker.facts());
    let acts = store::acts_about(work.conn, of, now)?;
    let drafted: HashSet<MeetingId> =
        if sees_drafts { store::drafted(work.conn, of)?.into_iter().collect() } else { HashSet::new() };
    Ok(move |id: &MeetingId| {
        let state = state_of(acts.iter().filter(|act| act.meeting == *id), drafted.contains(id));
        if sees_drafts { state } else { state.public() }
    })
}

fn body(meeting: Meeting, conclusions: ConclusionsState) -> MeetingBody {
    MeetingBody {
        id: meeting.id,
        number: meeting.number,
        kind: meeting.kind,
        first_day: meeting.first_day,
        last_day: meeting.last_day,
        way: meeting.way,
        place: meeting.place,
        presidency: meeting.presidency_party_id,
        conclusions,
        version: meeting.version,
    }
}
