//! What reports and the drawing of the log's growth rest on.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::LoggedEntry;
use crate::access::{Filter, Permit, TheNetwork, actions};
use crate::audit::model::Event;
use crate::audit::model::report::Period;
use crate::context::Moment;
use crate::db::Conn;
use crate::db::fragment::{Condition, Fragment, Statement};
use crate::db::schema::audit_entries;
use crate::ids::{PartyId, PersonId};

/// What a report is of.
#[derive(Debug)]
pub(in crate::audit) struct Span {
    /// About this party's things; about all there are where none is named.
    pub(in crate::audit) party: Option<PartyId>,
    /// In this period.
    pub(in crate::audit) period: Period,
    /// These events.
    pub(in crate::audit) events: Vec<Event>,
}

impl Span {
    fn condition(&self) -> Condition {
        let mut sql = Fragment::new();
        sql.sql("(audit_entries.at_us >= ").number(self.period.from.0);
        sql.sql(" AND audit_entries.at_us < ").number(self.period.until.0);
        if let Some(party) = &self.party {
            sql.sql(" AND audit_entries.owner_party = ").text(party.as_str());
        }
        // An IN of nothing is no SQL.
        sql.sql(" AND audit_entries.event IN ('none'");
        for event in &self.events {
            sql.sql(", ").text(event.as_str());
        }
        sql.sql("))");
        Condition(sql)
    }
}

/// An entry with the columns that the span was found by.
pub(in crate::audit) type ReportRow = (LoggedEntry, Option<Event>, Option<Moment>);

/// Those of the span that the filter lets through, the oldest first, behind the number `after`. A party's are found
/// by the index of their owner, all by the key; both in the order of the log, so a page is read without sorting.
pub(in crate::audit) fn report_rows(
    conn: &mut Conn,
    filter: Filter<actions::ReadEntry>,
    span: &Span,
    after: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<ReportRow>> {
    let (condition, confirm) = filter.parts();
    let rows: Vec<(LoggedEntry, Option<Event>, Option<Moment>, String)> = audit_entries::table
        .filter(condition)
        .filter(span.condition())
        .filter(audit_entries::seq.gt(after.unwrap_or(-1)))
        .order(audit_entries::seq)
        .limit(limit)
        .select((LoggedEntry::as_select(), audit_entries::event, audit_entries::at_us, confirm.facts()))
        .load(conn)?;
    Ok(confirm.kept(rows.into_iter().map(|(row, event, at, found)| ((row, event, at), found)).collect()))
}

/// How many of each event the filter lets through of the whole span.
pub(in crate::audit) fn report_counts(
    conn: &mut Conn,
    filter: Filter<actions::ReadEntry>,
    span: &Span,
) -> QueryResult<Vec<(Event, i64)>> {
    let (condition, confirm) = filter.parts();
    let mut sql = Fragment::new();
    // Grouped by the acts that they are read by, too: there are few, and each is looked at once.
    sql.sql("SELECT q.event, q.found, CAST(COUNT(*) AS BIGINT) FROM (SELECT audit_entries.event AS event, ")
        .append(confirm.facts().0)
        .sql(" AS found FROM audit_entries WHERE ")
        .append(condition.0)
        .sql(" AND ")
        .append(span.condition().0)
        .sql(") q GROUP BY q.event, q.found ORDER BY q.event");
    let rows: Vec<(String, String, i64)> = Statement::<(Text, Text, BigInt)>::new(sql).load(conn)?;
    let rows = rows.into_iter().map(|(event, found, count)| ((event, count), found)).collect();
    Ok(confirm.kept(rows).into_iter().filter_map(|(event, count)| Some((Event::parse(&event)?, count))).collect())
}

/// The payloads of the entries that tell of the beginning of these people's visits to these rooms in this time: they
/// hold the purposes. A State may know the purposes for which its things were read (decision 7), also where such an
/// entry itself is nobody's but the auditor's; which of these visits they were is for the caller to hold to.
pub(in crate::audit) fn purposes(
    conn: &mut Conn,
    _: &Permit<actions::CheckLog, TheNetwork>,
    (rooms, people): (&[String], &[PersonId]),
    (from, until): (Moment, Moment),
) -> QueryResult<Vec<String>> {
    let found: Vec<Option<String>> = audit_entries::table
        .filter(audit_entries::event.eq(Event::VisitOpened))
        .filter(audit_entries::room_id.eq_any(rooms))
        .filter(audit_entries::actor_id.eq_any(people))
        .filter(audit_entries::at_us.between(from, until))
        .select(audit_entries::payload)
        .load(conn)?;
    Ok(found.into_iter().flatten().collect())
}

/// The minutes in which the entries with these numbers were made: as many look-ups by the key as there are numbers,
/// however long the log is.
pub(in crate::audit) fn minutes_of(
    conn: &mut Conn,
    _: &Permit<actions::CheckLog, TheNetwork>,
    numbers: &[i64],
) -> QueryResult<Vec<(i64, i64)>> {
    audit_entries::table
        .filter(audit_entries::seq.eq_any(numbers))
        .order(audit_entries::seq)
        .select((audit_entries::seq, audit_entries::minute))
        .load(conn)
}
