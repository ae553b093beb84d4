//! The purpose and disclosure report. Its lines are found by the filter of the rule on reading entries, as those of
//! every list are; it says nothing that the same reader could not read line by line.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::state::{CheckpointBody, newest};
use super::{Signed, body, may_check, not_reached, place};
use crate::access::{self, Asker, Fact, actions};
use crate::audit::model::report::{LineOf, NoPeriod, OperationCount, Period, ReportLine, counts, events_of, visit_of};
use crate::audit::model::tar::archive;
use crate::audit::model::{Entry, Event, Operation};
use crate::audit::store::{self, ReportRow, Span, StoredTree};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{PartyId, VisitId};
use crate::server::Page;
use crate::server::answer::List;

/// Rows that are read at once, and for which purposes are looked for at once.
const PIECE: i64 = 1_000;
/// Most receipts of one archive.
pub const MOST_RECEIPTS: i64 = 500;
/// The longest that a visit can last, in seconds (the setting `rooms.visit_minutes` is 720 at most), and a minute.
const LONGEST_VISIT: i64 = 720 * 60 + 60;

/// What a report is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// From this moment on.
    pub from: Option<Moment>,
    /// Before this moment.
    pub until: Option<Moment>,
    /// About this party's things. Only the auditor names another than his own; one who names none is told of all.
    pub party: Option<PartyId>,
    /// Only this operation.
    pub operation: Option<Operation>,
}

/// What was done with a party's things in a period.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Whose things; null for everybody's, which only the auditor is told.
    pub party: Option<PartyId>,
    /// From this moment on.
    pub from: Moment,
    /// Before this moment.
    pub until: Moment,
    /// When the report was made.
    pub made_at: Moment,
    /// The newest signed statement about the log that the report is taken from; null before there is one.
    pub checkpoint: Option<CheckpointBody>,
    /// How much was done in the whole period, for each operation of Article 25(1).
    pub counts: Vec<OperationCount>,
    /// What was done, the earliest first.
    pub items: Vec<ReportLine>,
    /// Give it back as `cursor` for what follows; null when nothing does.
    pub next: Option<String>,
}

/// What a report that was asked for is of.
///
/// # Errors
/// As [`report`].
fn span(work: &mut Work<'_>, asker: &Asker, wanted: &Asked) -> Result<Span, AppError> {
    may_check(work, asker)?;
    let auditor = asker.facts().has(Fact::Auditor);
    let party = match &wanted.party {
        Some(party) if auditor || asker.party() == Some(party) => Some(party.clone()),
        // Whether there is such a party makes no difference.
        Some(_) => return Err(Fault::NotFound.into()),
        None if auditor => None,
        None => Some(asker.party().ok_or(Fault::NotFound)?.clone()),
    };
    let period = Period::new(wanted.from, wanted.until, work.now).map_err(|wrong| match wrong {
        NoPeriod::Backwards => AppError::field("until", "not after the beginning"),
        NoPeriod::TooLong => AppError::field("until", "more than a year after the beginning"),
    })?;
    Ok(Span { party, period, events: events_of(wanted.operation) })
}

/// That the auditor has read so many entries about a party's things, or anybody's.
fn log_read(work: &mut Work<'_>, asker: &Asker, party: Option<&PartyId>, count: usize) {
    if asker.facts().has(Fact::Auditor) {
        let entry = Entry::new(Event::LogRead).by(asker).count(count);
        work.log(if let Some(party) = party { entry.on("party", party) } else { entry });
    }
}

/// The report, of as many lines as the page takes. The auditor's is itself an entry.
///
/// # Errors
/// `NotPermitted`, or `MeansNeeded`, for those who may not check the log; `NotFound` for another party than one's
/// own; `Invalid` when the period is none, is longer than a year, or the page begins at no entry of the asker's; the
/// database's.
pub fn report(work: &mut Work<'_>, asker: &Asker, wanted: &Asked, page: &Page) -> Result<Report, AppError> {
    let span = span(work, asker, wanted)?;
    let mut after = page.after.as_deref().map(|id| place(work, asker, id)).transpose()?.map(|one| one.thing().seq);
    let checkpoint = newest(work)?;
    let all = Span { party: span.party.clone(), period: span.period, events: events_of(None) };
    let counts = counts(&store::report_counts(work.conn, access::filter::<actions::ReadEntry>(asker), &all)?);
    let (mut lines, mut left) = (Vec::new(), page.rows());
    while left > 0 {
        let rows = piece(work, asker, &span, after, left.min(PIECE))?;
        let found = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        after = rows.last().map(|(row, ..)| row.seq);
        lines.extend(with_purposes(work, asker, rows)?);
        left = if found < left.min(PIECE) { 0 } else { left.saturating_sub(found) };
    }
    let List { items, next } = page.cut(lines, |line| line.entry.to_string());
    log_read(work, asker, span.party.as_ref(), items.len());
    let (Period { from, until }, made_at) = (span.period, work.now);
    Ok(Report { party: span.party, from, until, made_at, checkpoint, counts, items, next })
}

/// The receipts of all that the report has lines of, in an archive. The auditor's reading is an entry.
///
/// # Errors
/// As [`report`]; `Invalid` when there are more than are given at once; `Conflict` when no checkpoint reaches the last
/// of them yet.
pub fn receipts(work: &mut Work<'_>, asker: &Asker, wanted: &Asked) -> Result<Vec<u8>, AppError> {
    let span = span(work, asker, wanted)?;
    let rows = piece(work, asker, &span, None, MOST_RECEIPTS.saturating_add(1))?;
    if i64::try_from(rows.len()).is_ok_and(|found| found > MOST_RECEIPTS) {
        return Err(AppError::field("until", "more receipts than are given at once"));
    }
    if rows.is_empty() {
        log_read(work, asker, span.party.as_ref(), 0);
        return Ok(archive(&[], work.now));
    }
    let signed = Signed::newest(work)?.ok_or_else(not_reached)?;
    let mut tree = StoredTree::new(work.conn, signed.checkpoint.size);
    let files = rows
        .iter()
        .map(|(row, ..)| Ok((format!("{}.tlog-proof", row.id), signed.prove(&mut tree, asker, row)?.into_bytes())))
        .collect::<Result<Vec<_>, AppError>>()?;
    log_read(work, asker, span.party.as_ref(), files.len());
    Ok(archive(&files, work.now))
}

fn piece(
    work: &mut Work<'_>,
    asker: &Asker,
    span: &Span,
    after: Option<i64>,
    most: i64,
) -> Result<Vec<ReportRow>, AppError> {
    Ok(store::report_rows(work.conn, access::filter::<actions::ReadEntry>(asker), span, after, most)?)
}

/// These entries, which the asker may read, as lines, with the purposes stated for the visits in which they were made
/// (decision 7); of other visits nothing is told.
fn with_purposes(work: &mut Work<'_>, asker: &Asker, rows: Vec<ReportRow>) -> Result<Vec<ReportLine>, AppError> {
    let visits: Vec<_> = rows
        .iter()
        .map(|(row, ..)| visit_of(&serde_json::from_str::<Value>(row.payload.as_deref().unwrap_or_default()).ok()?))
        .collect();
    let rooms: BTreeSet<String> = visits.iter().flatten().map(|(_, room, _)| room.clone()).collect();
    let people: BTreeSet<_> = visits.iter().flatten().map(|(.., person)| person.clone()).collect();
    let (rooms, people): (Vec<_>, Vec<_>) = (rooms.into_iter().collect(), people.into_iter().collect());
    let moments = || rows.iter().filter_map(|(_, _, at)| *at);
    let mut purposes: BTreeMap<VisitId, String> = BTreeMap::new();
    if let (Some(first), Some(last), false) = (moments().min(), moments().max(), rooms.is_empty()) {
        let permit = may_check(work, asker)?;
        let time = (first.plus_seconds(-LONGEST_VISIT), last);
        for payload in store::purposes(work.conn, &permit, (&rooms, &people), time)? {
            let Ok(payload) = serde_json::from_str::<Value>(&payload) else { continue };
            let purpose = payload.get("purpose").and_then(Value::as_str);
            if let Some(((visit, ..), purpose)) = visit_of(&payload).zip(purpose) {
                purposes.insert(visit, purpose.to_owned());
            }
        }
    }
    let line = |((row, event, at), visit): (ReportRow, Option<(VisitId, _, _)>)| {
        let (event, at) = event.zip(at)?;
        let shown = body(row, asker);
        let mut line = ReportLine::new(LineOf { entry: shown.id, seq: shown.seq, at, event }, shown.entry.as_ref());
        if let Some((visit, ..)) = visit {
            line.purpose = line.purpose.or_else(|| purposes.get(&visit).cloned());
            line.purpose_erased = line.purpose.is_none();
        }
        Some(line)
    };
    Ok(rows.into_iter().zip(visits).filter_map(line).collect())
}
