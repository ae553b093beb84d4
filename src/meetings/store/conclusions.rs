//! Conclusions: their versions, and the acts about them.

use diesel::prelude::*;

use crate::access::acts::{ActKind, in_force_at};
use crate::access::{Facts, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, conclusion_acts, conclusion_versions, meetings};
use crate::ids::{ActId, MeetingId, PersonId};
use crate::meetings::model::ConclusionAct;

/// The conclusions of a meeting, written or not.
#[derive(Debug, Clone)]
pub struct Conclusions {
    /// The meeting.
    pub meeting: MeetingId,
}

impl Thing for Conclusions {
    type Kind = kinds::Conclusions;
    type Id = MeetingId;
    fn find(conn: &mut Conn, id: &MeetingId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        let row: Option<(MeetingId, Findings)> =
            meetings::table.filter(meetings::id.eq(id)).select((meetings::id, facts)).first(conn).optional()?;
        Ok(row.map(|(meeting, bits)| (Self { meeting }, bits)))
    }
}

/// The acts in force at `at` about the conclusions of these meetings, in the order of their effect. Which
/// of them the asker may know of is for the service to say.
pub(in crate::meetings) fn acts_about(
    conn: &mut Conn,
    of: &[MeetingId],
    at: Moment,
) -> QueryResult<Vec<ConclusionAct>> {
    let rows: Vec<(MeetingId, ActId, ActKind, Option<i64>, Moment)> = conclusion_acts::table
        .inner_join(acts::table)
        .filter(conclusion_acts::meeting_id.eq_any(of))
        .filter(in_force_at(at))
        .order((acts::effective_us, acts::id))
        .select((
            conclusion_acts::meeting_id,
            conclusion_acts::act_id,
            acts::kind,
            conclusion_acts::version,
            acts::effective_us,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(meeting, act, kind, version, effective)| ConclusionAct { meeting, act, kind, version, effective })
        .collect())
}

/// Those of these meetings that have a draft. Whether the asker may know is for the service to say.
pub(in crate::meetings) fn drafted(conn: &mut Conn, of: &[MeetingId]) -> QueryResult<Vec<MeetingId>> {
    conclusion_versions::table
        .filter(conclusion_versions::meeting_id.eq_any(of))
        .select(conclusion_versions::meeting_id)
        .distinct()
        .load(conn)
}

/// The number of the newest version; 0 when there is none.
pub(in crate::meetings) fn latest(conn: &mut Conn, meeting: &MeetingId) -> QueryResult<i64> {
    let latest: Option<i64> = conclusion_versions::table
        .filter(conclusion_versions::meeting_id.eq(meeting))
        .select(diesel::dsl::max(conclusion_versions::version))
        .first(conn)?;
    Ok(latest.unwrap_or(0))
}

/// A version with its number: the one asked for or, when none is, the newest.
pub(in crate::meetings) fn version(
    conn: &mut Conn,
    permit: &Permit<actions::SeeConclusions, Conclusions>,
    version: Option<i64>,
) -> QueryResult<Option<(i64, String)>> {
    let mut query = conclusion_versions::table
        .filter(conclusion_versions::meeting_id.eq(&permit.thing().meeting))
        .order(conclusion_versions::version.desc())
        .select((conclusion_versions::version, conclusion_versions::words))
        .into_boxed();
    if let Some(version) = version {
        query = query.filter(conclusion_versions::version.eq(version));
    }
    query.first(conn).optional()
}

/// Inserts a version.
pub(in crate::meetings) fn insert_version(
    conn: &mut Conn,
    permit: &Permit<actions::DraftConclusions, Conclusions>,
    version: i64,
    words: &str,
    by: Option<&PersonId>,
    now: Moment,
) -> QueryResult<()> {
    diesel::insert_into(conclusion_versions::table)
        .values((
            conclusion_versions::meeting_id.eq(&permit.thing().meeting),
            conclusion_versions::version.eq(version),
            conclusion_versions::words.eq(words),
            conclusion_versions::written_by.eq(by),
            conclusion_versions::written_us.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// Inserts what an adoption or a publication is about. The caller has asked for leave to do it.
pub(in crate::meetings) fn insert_act(
    conn: &mut Conn,
    meeting: &MeetingId,
    act: &ActId,
    version: Option<i64>,
) -> QueryResult<()> {
    diesel::insert_into(conclusion_acts::table)
        .values((
            conclusion_acts::act_id.eq(act),
            conclusion_acts::meeting_id.eq(meeting),
            conclusion_acts::version.eq(version),
        ))
        .execute(conn)
        .map(drop)
}
