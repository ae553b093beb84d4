//! Sessions and their agendas.

use std::collections::BTreeSet;

use super::meetings::session_body;
use super::room_titles;
use crate::access::{self, Asker, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ItemId, MeetingId, PartyId, PersonId, RoomId, SessionId};
use crate::meetings::model::{Agenda, NewSession, SessionBody, SessionDetail, SessionKind};
use crate::meetings::store::{self, Admissible, AgendaRow, Meeting, Session};
use crate::network::model::Standing;
use crate::network::names::states_with;
use crate::rooms::keys::{AWAITED, Pen, Ring, Slot};
use crate::rooms::opening::{self, RoomKind};
use crate::seal::{Place, Sealed};

/// The source of the admissions that come with a closed session.
const BY_DEFAULT: &str = "Admitted by default when the closed session was convened";

/// A session, with as much of a closed one as the asker may read now.
pub(in crate::meetings) fn get(work: &mut Work<'_>, asker: &Asker, id: &SessionId) -> Result<SessionDetail, AppError> {
    let permit = access::permit::<actions::ReadSession, Session>(work, asker, id)?;
    let now = work.now;
    let participants = store::participants(work.conn, &permit, now)?;
    let admitted = store::admitted(work.conn, &permit, now)?;
    let (title, agenda) = match permit.thing().room_id.clone() {
        None => {
            let rows = store::plain_agenda(work.conn, &permit)?;
            let items = rows.iter().map(|row| row.words.read_plain()).collect::<Result<Vec<_>, _>>()?;
            (permit.thing().title.clone(), Some(items))
        }
        Some(room) => {
            let title = room_titles(work, asker, std::slice::from_ref(&room))?.remove(&room);
            let agenda = closed_agenda(work, asker, id, &room)?;
            // Who is admitted is contents, so every look at a closed session is an entry.
            let visit = asker.visit().filter(|_| agenda.is_some());
            work.log(Entry::new(Event::AgendaRead).by(asker).on("session", id).in_room(&room).during(visit));
            (title, agenda)
        }
    };
    let session = permit.into_thing();
    Ok(SessionDetail {
        id: session.id,
        kind: session.kind,
        meeting: session.meeting_id,
        title,
        room: session.room_id,
        agenda_version: agenda.is_some().then_some(session.agenda_version),
        agenda,
        participants,
        admitted,
    })
}

/// The agenda of a closed session; `None` for whoever may know of the session but not read it now.
fn closed_agenda(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &SessionId,
    room: &RoomId,
) -> Result<Option<Vec<String>>, AppError> {
    let permit = match access::permit::<actions::ReadClosedAgenda, Session>(work, asker, id) {
        Ok(permit) => permit,
        Err(AppError { fault: Fault::NotPermitted | Fault::MeansNeeded(_) | Fault::NotFound, .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let ring = Ring::of(work, asker, room)?;
    if ring.is_empty() {
        return Ok(None);
    }
    let rows = store::closed_agenda(work.conn, &permit)?;
    let reached = rows.iter().filter(|row| ring.reaches(&row.words));
    reached.map(|row| ring.open(item_place(room, &row.id), &row.words)).collect::<Result<_, _>>().map(Some)
}

fn item_place<'a>(room: &'a RoomId, item: &'a ItemId) -> Place<'a> {
    Place { room, what: "agenda", thing: item.as_str(), version: 1 }
}

/// Seals the agenda of a room's session from before rooms had keys. For the operator's command.
///
/// # Errors
/// The database's.
pub fn seal_agenda(work: &mut Work<'_>, room: &RoomId, slot: &Slot) -> Result<(), AppError> {
    for row in store::agenda_before(work.conn, room)? {
        let words = slot.seal(work, item_place(room, &row.id), &row.words.read_plain()?)?;
        store::replace_words(work.conn, &row.id, &words)?;
    }
    Ok(())
}

/// Adds a session. A closed one gets a room, and admits by default every contact point of the member
/// States and the counterparts of the chosen observer States (DESIGN §2).
pub(in crate::meetings) fn add(
    work: &mut Work<'_>,
    asker: &Asker,
    meeting: &MeetingId,
    new: &NewSession,
) -> Result<SessionBody, AppError> {
    let permit = access::permit::<actions::AddSession, Meeting>(work, asker, meeting)?;
    let (session, admitted) = insert(work, asker.person(), &permit.thing().id, new)?;
    let mut entry = Entry::new(Event::SessionAdded).by(asker).on("session", &session.id);
    if let Some(room) = &session.room_id {
        entry = entry.in_room(room).count(admitted);
    }
    work.log(entry);
    Ok(session_body(session, None))
}

/// Inserts a session, with room and admissions if it is a closed one; answers how many were admitted.
/// The caller has leave, or is the operator.
pub(in crate::meetings) fn insert(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    meeting: &MeetingId,
    new: &NewSession,
) -> Result<(Session, usize), AppError> {
    let (kind, title, room, admitted) = match new {
        NewSession::Open(title) => (SessionKind::Open, Some(title.clone()), None, 0),
        NewSession::Breakout(title) => (SessionKind::Breakout, Some(title.clone()), None, 0),
        NewSession::Closed { title, counterparts_of } => {
            let people = admitted_by_default(work, counterparts_of)?;
            let title = title.as_deref().unwrap_or_default();
            let people: Vec<_> = people.iter().map(|person| (person, BY_DEFAULT)).collect();
            let room = opening::open_room(work, by, RoomKind::Session, title, &people)?;
            (SessionKind::Closed, None, Some(room), people.len())
        }
    };
    let now = work.now;
    let session = Session {
        id: SessionId::new(work)?,
        meeting_id: meeting.clone(),
        kind,
        position: store::next_position(work.conn, meeting)?,
        title,
        room_id: room,
        agenda_version: 0,
    };
    store::insert_session(work.conn, &session, now)?;
    Ok((session, admitted))
}

/// Everyone whom a closed session admits by default now.
fn admitted_by_default(work: &mut Work<'_>, counterparts_of: &[PartyId]) -> Result<BTreeSet<PersonId>, AppError> {
    let now = work.now;
    let observers = states_with(work, &[Standing::Observer])?;
    for (place, party) in counterparts_of.iter().enumerate() {
        if !observers.contains(party) {
            return Err(AppError::field(format!("admit_counterparts_of[{place}]"), "no such observer State"));
        }
    }
    let members = states_with(work, &[Standing::Member])?;
    let mut people: BTreeSet<PersonId> =
        store::admissible(work.conn, Admissible::ContactPoint, &members, now)?.into_iter().collect();
    people.extend(store::admissible(work.conn, Admissible::Counterpart, counterparts_of, now)?);
    Ok(people)
}

/// Replaces an agenda: of a closed session only from inside its room.
pub(in crate::meetings) fn change_agenda(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &SessionId,
    agenda: &Agenda,
) -> Result<(), AppError> {
    let seen = access::permit::<actions::SeeSession, Session>(work, asker, id)?;
    if let Some(room) = &seen.thing().room_id {
        let permit = access::permit::<actions::ChangeClosedAgenda, Session>(work, asker, id)?;
        require_newest(permit.thing(), agenda)?;
        let pen = Pen::of(work, asker, room)?;
        // Lines that the asker cannot read would be gone for all.
        if store::closed_agenda(work.conn, &permit)?.iter().any(|row| !pen.ring().reaches(&row.words)) {
            return Err(AWAITED.into());
        }
        let rows = rows(work, id, agenda, |item, words| pen.seal(work, item_place(room, item), words))?;
        store::replace_closed_agenda(work.conn, &permit, &rows)?;
        work.log(
            Entry::new(Event::ClosedAgendaChanged).by(asker).on("session", id).in_room(room).during(asker.visit()),
        );
    } else {
        let permit = access::permit::<actions::ChangeAgenda, Session>(work, asker, id)?;
        require_newest(permit.thing(), agenda)?;
        let rows = rows(work, id, agenda, |_, words| Ok(Sealed::plain(words)))?;
        store::replace_agenda(work.conn, &permit, &rows)?;
        work.log(Entry::new(Event::AgendaChanged).by(asker).on("session", id));
    }
    Ok(())
}

fn require_newest(session: &Session, agenda: &Agenda) -> Result<(), AppError> {
    if session.agenda_version == agenda.based_on { Ok(()) } else { Err(Fault::Outdated.into()) }
}

fn rows(
    work: &Work<'_>,
    session: &SessionId,
    agenda: &Agenda,
    seal: impl Fn(&ItemId, &str) -> Result<Sealed, AppError>,
) -> Result<Vec<AgendaRow>, AppError> {
    (0_i64..)
        .zip(&agenda.items)
        .map(|(position, words)| {
            let id = ItemId::new(work)?;
            let words = seal(&id, words)?;
            Ok(AgendaRow { id, session_id: session.clone(), position, words })
        })
        .collect()
}
