//! Sessions, their agendas, who takes part and who is admitted.

use diesel::prelude::*;

use crate::access::acts::{admits_at, in_force_at};
use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, admissions, agenda_items, participations, people, rooms, sessions};
use crate::ids::{ActId, ItemId, MeetingId, PartyId, PersonId, RoomId, SessionId};
use crate::meetings::model::{Admitted, NewParticipation, Participant, SessionKind};
use crate::meetings::store::Meeting;
use crate::seal::Sealed;

/// A session. A closed one's title is in its room.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The meeting it is a part of.
    pub meeting_id: MeetingId,
    /// Open, closed or breakout.
    pub kind: SessionKind,
    /// Its place in the meeting.
    pub position: i64,
    /// Its title, unless it is a closed one.
    pub title: Option<String>,
    /// Its room, if it is a closed one.
    pub room_id: Option<RoomId>,
    /// How often its agenda was replaced.
    pub agenda_version: i64,
}

impl Thing for Session {
    type Kind = kinds::Session;
    type Id = SessionId;
    fn find(conn: &mut Conn, id: &SessionId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        sessions::table.filter(sessions::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// A line of an agenda.
#[derive(Queryable, Selectable, Insertable, Debug)]
#[diesel(table_name = agenda_items)]
pub(in crate::meetings) struct AgendaRow {
    pub(in crate::meetings) id: ItemId,
    pub(in crate::meetings) session_id: SessionId,
    pub(in crate::meetings) position: i64,
    pub(in crate::meetings) words: Sealed,
}

/// The sessions of a meeting that the filter lets through, in their order.
pub(in crate::meetings) fn sessions_of(
    conn: &mut Conn,
    permit: &Permit<actions::SeeMeeting, Meeting>,
    filter: Filter<actions::SeeSession>,
) -> QueryResult<Vec<Session>> {
    let (condition, confirm) = filter.parts();
    let rows = sessions::table
        .filter(condition)
        .filter(sessions::meeting_id.eq(&permit.thing().id))
        .order((sessions::position, sessions::id))
        .select((Session::as_select(), confirm.facts()))
        .load(conn)?;
    Ok(confirm.kept(rows))
}

/// The titles of those of these rooms that the filter lets through.
pub(in crate::meetings) fn room_titles(
    conn: &mut Conn,
    filter: Filter<actions::ReadRoomTitle>,
    of: &[RoomId],
) -> QueryResult<Vec<(RoomId, Sealed)>> {
    let (condition, confirm) = filter.parts();
    let rows = rooms::table
        .filter(condition)
        .filter(rooms::id.eq_any(of))
        .select(((rooms::id, rooms::title), confirm.facts()))
        .load(conn)?;
    Ok(confirm.kept(rows))
}

/// The position of the next session of a meeting.
pub(in crate::meetings) fn next_position(conn: &mut Conn, meeting: &MeetingId) -> QueryResult<i64> {
    let last: Option<i64> = sessions::table
        .filter(sessions::meeting_id.eq(meeting))
        .select(diesel::dsl::max(sessions::position))
        .first(conn)?;
    Ok(last.map_or(0, |last| last.saturating_add(1)))
}

/// Inserts a session. The caller has asked for leave to add one to its meeting.
pub(in crate::meetings) fn insert_session(conn: &mut Conn, row: &Session, now: Moment) -> QueryResult<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(&row.id),
            sessions::meeting_id.eq(&row.meeting_id),
            sessions::kind.eq(row.kind),
            sessions::position.eq(row.position),
            sessions::title.eq(&row.title),
            sessions::room_id.eq(&row.room_id),
            sessions::recorded_us.eq(now),
            sessions::agenda_version.eq(row.agenda_version),
        ))
        .execute(conn)
        .map(drop)
}

/// The session of this kind and, unless it is closed, title, in a meeting: for the import.
pub(in crate::meetings) fn find_session(
    conn: &mut Conn,
    meeting: &MeetingId,
    kind: SessionKind,
    title: Option<&str>,
) -> QueryResult<Option<Session>> {
    let mut query = sessions::table
        .filter(sessions::meeting_id.eq(meeting))
        .filter(sessions::kind.eq(kind))
        .order((sessions::position, sessions::id))
        .into_boxed();
    if let Some(title) = title {
        query = query.filter(sessions::title.eq(title));
    }
    query.select(Session::as_select()).first(conn).optional()
}

fn agenda(conn: &mut Conn, session: &SessionId) -> QueryResult<Vec<AgendaRow>> {
    agenda_items::table
        .filter(agenda_items::session_id.eq(session))
        .order((agenda_items::position, agenda_items::id))
        .select(AgendaRow::as_select())
        .load(conn)
}

/// The agenda of a session that is not closed; a closed one has none here.
pub(in crate::meetings) fn plain_agenda(
    conn: &mut Conn,
    permit: &Permit<actions::ReadSession, Session>,
) -> QueryResult<Vec<AgendaRow>> {
    match permit.thing().kind {
        SessionKind::Closed => Ok(Vec::new()),
        SessionKind::Open | SessionKind::Breakout => agenda(conn, &permit.thing().id),
    }
}

/// The agenda of a closed session, sealed. `A` is [`actions::ReadClosedAgenda`] or [`actions::ChangeClosedAgenda`].
pub(in crate::meetings) fn closed_agenda<A>(
    conn: &mut Conn,
    permit: &Permit<A, Session>,
) -> QueryResult<Vec<AgendaRow>> {
    agenda(conn, &permit.thing().id)
}

/// The agenda of a room's session from before rooms had keys.
pub(in crate::meetings) fn agenda_before(conn: &mut Conn, room: &RoomId) -> QueryResult<Vec<AgendaRow>> {
    agenda_items::table
        .inner_join(sessions::table.on(sessions::id.eq(agenda_items::session_id)))
        .filter(sessions::room_id.eq(room))
        .select(AgendaRow::as_select())
        .load(conn)
}

/// Puts the sealed words of a line in the place of the plain ones.
pub(in crate::meetings) fn replace_words(conn: &mut Conn, item: &ItemId, words: &Sealed) -> QueryResult<()> {
    diesel::update(agenda_items::table.find(item)).set(agenda_items::words.eq(words)).execute(conn).map(drop)
}

fn replace(conn: &mut Conn, session: &Session, items: &[AgendaRow]) -> QueryResult<()> {
    diesel::update(sessions::table.filter(sessions::id.eq(&session.id)))
        .set(sessions::agenda_version.eq(session.agenda_version.saturating_add(1)))
        .execute(conn)?;
    diesel::delete(agenda_items::table.filter(agenda_items::session_id.eq(&session.id))).execute(conn)?;
    for item in items {
        diesel::insert_into(agenda_items::table).values(item).execute(conn)?;
    }
    Ok(())
}

/// Replaces the agenda of a session that is not closed.
pub(in crate::meetings) fn replace_agenda(
    conn: &mut Conn,
    permit: &Permit<actions::ChangeAgenda, Session>,
    items: &[AgendaRow],
) -> QueryResult<()> {
    replace(conn, permit.thing(), items)
}

/// Replaces the agenda of a closed session.
pub(in crate::meetings) fn replace_closed_agenda(
    conn: &mut Conn,
    permit: &Permit<actions::ChangeClosedAgenda, Session>,
    items: &[AgendaRow],
) -> QueryResult<()> {
    replace(conn, permit.thing(), items)
}

/// The delegations and guests that take part at `at`.
pub(in crate::meetings) fn participants(
    conn: &mut Conn,
    permit: &Permit<actions::ReadSession, Session>,
    at: Moment,
) -> QueryResult<Vec<Participant>> {
    let rows: Vec<(ActId, PartyId, Option<PersonId>)> = participations::table
        .inner_join(acts::table)
        .filter(participations::session_id.eq(&permit.thing().id))
        .filter(in_force_at(at))
        .order((acts::effective_us, acts::id))
        .select((participations::act_id, participations::party_id, participations::person_id))
        .load(conn)?;
    Ok(rows.into_iter().map(|(act, party, person)| Participant { act, party, person }).collect())
}

/// The people admitted to a closed session at `at`, by name.
pub(in crate::meetings) fn admitted(
    conn: &mut Conn,
    permit: &Permit<actions::ReadSession, Session>,
    at: Moment,
) -> QueryResult<Option<Vec<Admitted>>> {
    let Some(room) = &permit.thing().room_id else { return Ok(None) };
    let rows: Vec<(String, PersonId, PartyId)> = admissions::table
        .inner_join(acts::table)
        .inner_join(people::table)
        .filter(admissions::room_id.eq(room))
        .filter(admits_at(at))
        .order((people::name, people::id))
        .select((people::name, people::id, people::party_id))
        .distinct()
        .load(conn)?;
    Ok(Some(rows.into_iter().map(|(name, id, party)| Admitted { id, name, party }).collect()))
}

/// The participation of just this party or person that is in force at `at`, if there is one.
pub(in crate::meetings) fn participates(
    conn: &mut Conn,
    session: &SessionId,
    party: &PartyId,
    person: Option<&PersonId>,
    at: Moment,
) -> QueryResult<Option<ActId>> {
    let mut query = participations::table
        .inner_join(acts::table)
        .filter(participations::session_id.eq(session))
        .filter(participations::party_id.eq(party))
        .filter(in_force_at(at))
        .select(participations::act_id)
        .into_boxed();
    query = match person {
        Some(person) => query.filter(participations::person_id.eq(person)),
        None => query.filter(participations::person_id.is_null()),
    };
    query.first(conn).optional()
}

/// Inserts a participation. The caller has asked for leave to invite to the session.
pub(in crate::meetings) fn insert_participation(
    conn: &mut Conn,
    session: &SessionId,
    act: &ActId,
    new: &NewParticipation,
) -> QueryResult<()> {
    diesel::insert_into(participations::table)
        .values((
            participations::act_id.eq(act),
            participations::session_id.eq(session),
            participations::party_id.eq(&new.party),
            participations::person_id.eq(&new.person),
        ))
        .execute(conn)
        .map(drop)
}

/// Which session a participation is of, and who takes part by it: for asking about that session.
pub(in crate::meetings) fn session_of(
    conn: &mut Conn,
    act: &ActId,
) -> QueryResult<Option<(SessionId, PartyId, Option<PersonId>)>> {
    participations::table
        .filter(participations::act_id.eq(act))
        .select((participations::session_id, participations::party_id, participations::person_id))
        .first(conn)
        .optional()
}
