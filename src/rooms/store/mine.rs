//! What is known of the rooms that somebody is admitted to, without coming in.

use diesel::prelude::*;

use crate::access::acts::admits_at;
use crate::access::{Filter, actions};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, admissions, cases, note_versions, notes, rooms, sessions, visits};
use crate::ids::{CaseId, MeetingId, PersonId, RoomId};
use crate::rooms::mine::reaches_from as from;
use crate::rooms::opening::{Reach, RoomKind};

type Belongs = (RoomId, RoomKind, Option<MeetingId>, Option<CaseId>);

/// The rooms that the filter lets through, the newest first, with what they belong to.
pub(in crate::rooms) fn admitted_to(conn: &mut Conn, filter: Filter<actions::OpenVisit>) -> QueryResult<Vec<Belongs>> {
    rooms::table
        .left_join(sessions::table.on(sessions::room_id.eq(rooms::id.nullable())))
        .left_join(cases::table.on(cases::room_id.eq(rooms::id)))
        .filter(filter.condition())
        .order((rooms::opened_us.desc(), rooms::id))
        .select((rooms::id, rooms::kind, sessions::meeting_id.nullable(), cases::id.nullable()))
        .load(conn)
}

/// When a person last came in.
pub(in crate::rooms) fn last_visit(conn: &mut Conn, room: &RoomId, person: &PersonId) -> QueryResult<Option<Moment>> {
    visits::table
        .filter(visits::room_id.eq(room))
        .filter(visits::person_id.eq(person))
        .order(visits::opened_us.desc())
        .select(visits::opened_us)
        .first(conn)
        .optional()
}

/// From when on a person's admissions show what is written, the furthest back.
pub(in crate::rooms) fn reaches_from(
    conn: &mut Conn,
    room: &RoomId,
    person: &PersonId,
    at: Moment,
) -> QueryResult<Moment> {
    let admissions: Vec<(Reach, Moment)> = admissions::table
        .inner_join(acts::table)
        .filter(admissions::room_id.eq(room))
        .filter(admissions::person_id.eq(person))
        .filter(admits_at(at))
        .select((admissions::reach, acts::effective_us))
        .load(conn)?;
    Ok(admissions.into_iter().map(|(reach, since)| from(reach, since)).min().unwrap_or(at))
}

/// How many versions others wrote into a room after `since`, of notes first written at `reaches` or later.
pub(in crate::rooms) fn written_since(
    conn: &mut Conn,
    room: &RoomId,
    person: &PersonId,
    (reaches, since): (Moment, Moment),
) -> QueryResult<i64> {
    note_versions::table
        .inner_join(notes::table.on(notes::id.eq(note_versions::note_id)))
        .filter(notes::room_id.eq(room))
        .filter(note_versions::author_id.ne(person))
        .filter(note_versions::written_us.gt(since))
        .filter(notes::written_us.ge(reaches))
        .count()
        .get_result(conn)
}
