//! What is known of the rooms that somebody is admitted to, without coming in.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::access::{Filter, actions, facts};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::fragment::{Fragment, Statement};
use crate::db::schema::{cases, requests, rooms, sessions, visits};
use crate::ids::{CaseId, MeetingId, PersonId, RequestId, RoomId};
use crate::rooms::opening::RoomKind;

type Belongs = (RoomId, RoomKind, Option<MeetingId>, Option<CaseId>, Option<RequestId>);

/// The rooms that the filter lets through, the newest first, with what they belong to.
pub(in crate::rooms) fn admitted_to(conn: &mut Conn, filter: Filter<actions::OpenVisit>) -> QueryResult<Vec<Belongs>> {
    let (condition, confirm) = filter.parts();
    let rows = rooms::table
        .left_join(sessions::table.on(sessions::room_id.eq(rooms::id.nullable())))
        .left_join(cases::table.on(cases::room_id.eq(rooms::id)))
        .left_join(requests::table.on(requests::room_id.eq(rooms::id)))
        .filter(condition)
        .order((rooms::opened_us.desc(), rooms::id))
        .select((
            (rooms::id, rooms::kind, sessions::meeting_id.nullable(), cases::id.nullable(), requests::id.nullable()),
            confirm.facts(),
        ))
        .load(conn)?;
    Ok(confirm.kept(rows))
}

/// When a person last came in, to each room where that happened.
pub(in crate::rooms) fn last_visits(conn: &mut Conn, person: &PersonId) -> QueryResult<Vec<(RoomId, Moment)>> {
    let last: Vec<(RoomId, Option<Moment>)> = visits::table
        .filter(visits::person_id.eq(person))
        .group_by(visits::room_id)
        .select((visits::room_id, diesel::dsl::max(visits::opened_us)))
        .load(conn)?;
    Ok(last.into_iter().filter_map(|(room, at)| Some((room, at?))).collect())
}

/// How many versions of notes others wrote into each room since a person last came in, as far as the person's
/// admissions of `at` reach; rooms without any are left out.
pub(in crate::rooms) fn news(conn: &mut Conn, person: &PersonId, at: Moment) -> QueryResult<Vec<(RoomId, i64)>> {
    let person = person.as_str();
    let mut sql = Fragment::new();
    sql.sql("SELECT n.room_id, COUNT(*) FROM notes n JOIN note_versions v ON v.note_id = n.id JOIN (SELECT room_id, MAX(opened_us) AS since FROM visits WHERE person_id = ").text(person);
    sql.sql(" GROUP BY room_id) seen ON seen.room_id = n.room_id JOIN (SELECT admissions.room_id, MIN(CASE WHEN admissions.reach = 'whole' THEN 0 ELSE acts.effective_us END) AS since FROM admissions JOIN acts ON acts.id = admissions.act_id WHERE admissions.person_id = ").text(person).sql(" AND ");
    facts::in_force(&mut sql, "acts", at);
    sql.sql(" AND ");
    facts::still_designated(&mut sql, "admissions.person_id", "acts", at, &[]);
    sql.sql(" GROUP BY admissions.room_id) open ON open.room_id = n.room_id WHERE v.author_id <> ").text(person);
    sql.sql(" AND v.written_us > seen.since AND n.written_us >= open.since GROUP BY n.room_id");
    Statement::<(Text, BigInt)>::new(sql).load(conn)
}
