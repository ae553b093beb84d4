//! Recording acts. An act is inserted and never changed; what it began is ended by another act. The
//! tables that say what an act is about (standings, designations, admissions …) belong to the slices.

use diesel::prelude::*;

use super::facts;
use crate::context::Moment;
use crate::db::Work;
use crate::db::fragment::{Condition, Fragment};
use crate::db::schema::{act_meetings, acts};
use crate::error::{AppError, Fault};
use crate::ids::{ActId, MeetingId, PersonId};
use crate::text_enum;

text_enum! {
    /// What an act does.
    ActKind {
        /// Gives a party a name.
        Naming = "naming",
        /// Gives a party a standing.
        Standing = "standing",
        /// Designates a person for a party.
        Designation = "designation",
        /// Elects a person to a body.
        Election = "election",
        /// Lets a person log in.
        Enrolment = "enrolment",
        /// Keeps a person from logging in.
        Suspension = "suspension",
        /// Convenes a meeting.
        Convening = "convening",
        /// Invites a delegation or a guest to a session.
        Participation = "participation",
        /// Adopts conclusions.
        Adoption = "adoption",
        /// Publishes conclusions.
        Publication = "publication",
        /// Admits a person to a room.
        Admission = "admission",
        /// Widens the audience of a note or a fiche.
        Release = "release",
        /// Ends another act.
        Ending = "ending",
    }
}

/// An act to be recorded.
#[derive(Clone, Debug)]
pub struct NewAct<'a> {
    /// What it does.
    pub kind: ActKind,
    /// From when on; the present when `None`.
    pub effective: Option<Moment>,
    /// Until when, if that is fixed in advance.
    pub until: Option<Moment>,
    /// Where the decision stands: a note verbale, the conclusions of a meeting …
    pub source: &'a str,
    /// The meeting that decided it.
    pub meeting: Option<&'a MeetingId>,
}

impl<'a> NewAct<'a> {
    /// An act from now on.
    #[must_use]
    pub const fn now(kind: ActKind, source: &'a str) -> Self {
        Self { kind, effective: None, until: None, source, meeting: None }
    }
}

#[derive(Insertable)]
#[diesel(table_name = acts)]
struct Row<'a> {
    id: &'a ActId,
    kind: ActKind,
    ends_act_id: Option<&'a ActId>,
    effective_us: Moment,
    until_us: Option<Moment>,
    recorded_us: Moment,
    recorded_by: Option<&'a PersonId>,
    source: &'a str,
}

/// Records an act, by `by` (`None`: the operator on the host).
///
/// # Errors
/// `Invalid` when it would end before it begins; the database's.
pub fn record(work: &mut Work<'_>, by: Option<&PersonId>, act: &NewAct<'_>) -> Result<ActId, AppError> {
    let effective = act.effective.unwrap_or(work.now);
    if act.until.is_some_and(|until| until <= effective) {
        return Err(AppError::field("until", "not after the beginning"));
    }
    let id = ActId::new(work)?;
    diesel::insert_into(acts::table)
        .values(&Row {
            id: &id,
            kind: act.kind,
            ends_act_id: None,
            effective_us: effective,
            until_us: act.until,
            recorded_us: work.now,
            recorded_by: by,
            source: act.source,
        })
        .execute(work.conn)?;
    work.codes().record(id.as_str());
    if let Some(meeting) = act.meeting {
        diesel::insert_into(act_meetings::table)
            .values((act_meetings::act_id.eq(&id), act_meetings::meeting_id.eq(meeting)))
            .execute(work.conn)?;
    }
    Ok(id)
}

/// Ends what `act` began, at `effective` (now when `None`). An ending that lies in the past bites from
/// its recording on: it does not change what was so before.
///
/// # Errors
/// `Conflict` when it has ended already; `Invalid` when the end lies before its beginning; the database's.
pub fn end(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    act: &ActId,
    effective: Option<Moment>,
    source: &str,
) -> Result<ActId, AppError> {
    let effective = effective.unwrap_or(work.now);
    let (begun, until) = acts::table
        .find(act)
        .select((acts::effective_us, acts::until_us))
        .first::<(Moment, Option<Moment>)>(work.conn)
        .optional()?
        .ok_or(Fault::NotFound)?;
    let ended: i64 = acts::table
        .filter(acts::ends_act_id.eq(act))
        .filter(acts::effective_us.le(effective))
        .count()
        .get_result(work.conn)?;
    if ended > 0 || until.is_some_and(|until| until <= effective) {
        return Err(Fault::Conflict("It has ended already.").into());
    }
    if effective < begun {
        return Err(AppError::field("effective", "before what it ends began"));
    }
    let id = ActId::new(work)?;
    diesel::insert_into(acts::table)
        .values(&Row {
            id: &id,
            kind: ActKind::Ending,
            ends_act_id: Some(act),
            effective_us: effective,
            until_us: None,
            recorded_us: work.now,
            recorded_by: by,
            source,
        })
        .execute(work.conn)?;
    Ok(id)
}

/// The condition "the admission whose act is in table `acts` lets its person in at `at`", for a store's query
/// over `admissions` and `acts`; see [`facts::still_designated`].
#[must_use]
pub fn admits_at(at: Moment) -> Condition {
    let mut sql = Fragment::new();
    sql.sql("(");
    facts::in_force(&mut sql, "acts", at);
    sql.sql(" AND ");
    facts::still_designated(&mut sql, "admissions.person_id", "acts", at, &[]);
    sql.sql(")");
    Condition(sql)
}

/// The condition "the act in table `acts` is in force at `at`", for a store's query over that table.
#[must_use]
pub fn in_force_at(at: Moment) -> Condition {
    let mut sql = Fragment::new();
    sql.sql("(");
    facts::in_force(&mut sql, "acts", at);
    sql.sql(")");
    Condition(sql)
}
