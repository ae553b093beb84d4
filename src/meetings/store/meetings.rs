//! Meetings and their topics.

use diesel::prelude::*;

use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{convenings, meeting_topics, meetings};
use crate::ids::{ActId, ItemId, MeetingId, PartyId};
use crate::meetings::model::{MeetingChange, MeetingKind, NewMeeting, Wanted, Way};

/// A meeting.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = meetings)]
pub struct Meeting {
    /// Its id.
    pub id: MeetingId,
    /// Ordinary or ad hoc.
    pub kind: MeetingKind,
    /// Its number; none for an ad hoc one.
    pub number: Option<i64>,
    /// The first day.
    pub first_day: String,
    /// The last day.
    pub last_day: String,
    /// How it is held.
    pub way: Way,
    /// Where.
    pub place: Option<String>,
    /// Who holds the Presidency.
    pub presidency_party_id: Option<PartyId>,
    /// Who asked for it.
    pub requested_by_party_id: Option<PartyId>,
    /// Its version: one more with each change.
    pub version: i64,
}

impl Thing for Meeting {
    type Kind = kinds::Meeting;
    type Id = MeetingId;
    fn find(conn: &mut Conn, id: &MeetingId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        meetings::table.filter(meetings::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// Those that the filter lets through, the latest first, behind the one that began on `after.0` and has
/// the id `after.1`.
pub(in crate::meetings) fn page(
    conn: &mut Conn,
    filter: Filter<actions::SeeMeeting>,
    wanted: &Wanted,
    after: Option<&(String, MeetingId)>,
    limit: i64,
) -> QueryResult<Vec<Meeting>> {
    let (condition, confirm) = filter.parts();
    let mut query =
        meetings::table.filter(condition).order((meetings::first_day.desc(), meetings::id)).limit(limit).into_boxed();
    if let Some((day, id)) = after {
        query = query.filter(meetings::first_day.lt(day).or(meetings::first_day.eq(day).and(meetings::id.gt(id))));
    }
    if let Some(kind) = wanted.kind {
        query = query.filter(meetings::kind.eq(kind));
    }
    if let Some(from) = &wanted.from {
        query = query.filter(meetings::last_day.ge(from));
    }
    if let Some(until) = &wanted.until {
        query = query.filter(meetings::first_day.le(until));
    }
    Ok(confirm.kept(query.select((Meeting::as_select(), confirm.facts())).load(conn)?))
}

/// The topics of a meeting, in their order.
pub(in crate::meetings) fn topics(
    conn: &mut Conn,
    permit: &Permit<actions::SeeMeeting, Meeting>,
) -> QueryResult<Vec<String>> {
    meeting_topics::table
        .filter(meeting_topics::meeting_id.eq(&permit.thing().id))
        .order(meeting_topics::position)
        .select(meeting_topics::words)
        .load(conn)
}

/// The version of a meeting that was not changed yet.
const FIRST: i64 = 1;

/// Inserts a meeting with its convening act. The caller has asked for leave to convene.
pub(in crate::meetings) fn insert_meeting(
    conn: &mut Conn,
    id: &MeetingId,
    new: &NewMeeting,
    act: &ActId,
    now: Moment,
) -> QueryResult<Meeting> {
    diesel::insert_into(meetings::table)
        .values((
            meetings::id.eq(id),
            meetings::kind.eq(new.kind),
            meetings::number.eq(new.number),
            meetings::first_day.eq(&new.about.first_day),
            meetings::last_day.eq(&new.about.last_day),
            meetings::way.eq(new.about.way),
            meetings::place.eq(&new.about.place),
            meetings::presidency_party_id.eq(&new.presidency),
            meetings::requested_by_party_id.eq(&new.requested_by),
            meetings::recorded_us.eq(now),
            meetings::version.eq(FIRST),
        ))
        .execute(conn)?;
    diesel::insert_into(convenings::table)
        .values((convenings::act_id.eq(act), convenings::meeting_id.eq(id)))
        .execute(conn)?;
    Ok(Meeting {
        id: id.clone(),
        kind: new.kind,
        number: new.number,
        first_day: new.about.first_day.clone(),
        last_day: new.about.last_day.clone(),
        way: new.about.way,
        place: new.about.place.clone(),
        presidency_party_id: new.presidency.clone(),
        requested_by_party_id: new.requested_by.clone(),
        version: FIRST,
    })
}

/// Inserts the topics of a new meeting, in their order.
pub(in crate::meetings) fn insert_topics(
    conn: &mut Conn,
    meeting: &MeetingId,
    topics: &[(ItemId, String)],
) -> QueryResult<()> {
    for (position, (id, words)) in (0_i64..).zip(topics) {
        diesel::insert_into(meeting_topics::table)
            .values((
                meeting_topics::id.eq(id),
                meeting_topics::meeting_id.eq(meeting),
                meeting_topics::position.eq(position),
                meeting_topics::words.eq(words),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Replaces what of a meeting can change, but for its topics; this is its next version.
pub(in crate::meetings) fn change(
    conn: &mut Conn,
    permit: &Permit<actions::ChangeMeeting, Meeting>,
    to: &MeetingChange,
    version: i64,
) -> QueryResult<()> {
    diesel::update(meetings::table.filter(meetings::id.eq(&permit.thing().id)))
        .set((
            meetings::first_day.eq(&to.first_day),
            meetings::last_day.eq(&to.last_day),
            meetings::way.eq(to.way),
            meetings::place.eq(&to.place),
            meetings::version.eq(version),
        ))
        .execute(conn)
        .map(drop)
}

/// Replaces the topics of a meeting.
pub(in crate::meetings) fn replace_topics(
    conn: &mut Conn,
    permit: &Permit<actions::ChangeMeeting, Meeting>,
    topics: &[(ItemId, String)],
) -> QueryResult<()> {
    let meeting = &permit.thing().id;
    diesel::delete(meeting_topics::table.filter(meeting_topics::meeting_id.eq(meeting))).execute(conn)?;
    insert_topics(conn, meeting, topics)
}

/// The meeting with this number or, without one, the ad hoc one that begins on this day: for the import.
pub(in crate::meetings) fn find_meeting(
    conn: &mut Conn,
    number: Option<i64>,
    first_day: &str,
) -> QueryResult<Option<MeetingId>> {
    let mut query = meetings::table.select(meetings::id).order(meetings::id).into_boxed();
    query = match number {
        Some(number) => query.filter(meetings::number.eq(number)),
        None => query.filter(meetings::number.is_null()).filter(meetings::first_day.eq(first_day)),
    };
    query.first(conn).optional()
}
