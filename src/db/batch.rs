//! The transaction that the jobs of one commit share, and what is made ready for it.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;

use super::connection::{Link, Purpose};
use super::ticket::Taken;
use super::work::{Place, Unit};
use super::writer::Desk;
use super::{Conn, Work, codes, dialect};
use crate::audit::model::rows::Touched;
use crate::audit::{self, Entry, Event, Head, Unplaced};
use crate::context::Ctx;
use crate::error::AppError;

/// How many rows that were changed past the server are named, each in an entry; the rest are counted.
const MOST_NAMED: usize = 20;

/// How many letters of its name are told: more than any row of ours has, and few enough for an entry, whatever somebody
/// puts into the database.
const LONGEST_NAME: usize = 200;

pub(super) struct Job {
    pub(super) taken: Taken,
    pub(super) what: What,
}

pub(super) enum What {
    /// Runs inside the batch, under a savepoint.
    Change(Box<dyn FnOnce(&mut Batch<'_>) -> Settle + Send>),
    /// Entries of a read, or none at all: then it is only tried whether the log can be written.
    Entries(Vec<Unplaced>, Settle),
}

impl Job {
    /// Whether it is but entries to be written.
    pub(super) const fn is_of_a_read(&self) -> bool {
        matches!(&self.what, What::Entries(entries, _) if !entries.is_empty())
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is durable.
    Committed,
    /// Nothing of it happened.
    Undone,
    /// One of the two.
    Unknown,
}

/// Tells the caller, once the batch's fate is known.
pub(super) type Settle = Box<dyn FnOnce(Fate) + Send>;

/// What a commit is made of.
#[derive(Default)]
pub(super) struct Staged {
    /// The entries of the jobs that have succeeded so far.
    pub(super) rows: Vec<audit::Row>,
    pub(super) settles: Vec<Settle>,
}

impl Staged {
    /// Puts entries in their places in the log, behind those that are there: all of them, or none.
    pub(super) fn place(&mut self, head: &Head, ctx: &Ctx, entries: Vec<Unplaced>) -> Result<(), AppError> {
        let first = i64::try_from(self.rows.len()).map_err(AppError::internal)?.saturating_add(head.size());
        let placed = (first..).zip(entries).map(|(seq, entry)| entry.at(seq, ctx.now));
        self.rows.append(&mut placed.collect::<Result<_, _>>()?);
        Ok(())
    }

    /// Puts all of them behind another end of the log.
    pub(super) fn moved(self, head: &Head) -> Result<Self, AppError> {
        let rows = (head.size()..).zip(self.rows).map(|(seq, row)| row.moved(seq)).collect::<Result<_, _>>()?;
        Ok(Self { rows, ..self })
    }

    pub(super) fn settle(self, fate: Fate) {
        for settle in self.settles {
            settle(fate);
        }
    }
}

/// The transaction that the jobs of one commit share.
pub(super) struct Batch<'a> {
    conn: &'a mut Conn,
    /// A connection that sees what was committed last, once one was needed.
    before: &'a mut Option<Link>,
    desk: &'a Desk,
    /// The rows without their codes that this batch tells of.
    refused: Vec<String>,
    /// The end of the log when the transaction began.
    head: Head,
    staged: Staged,
    /// Something is to be committed.
    something: bool,
    /// It is to be tried whether something can be.
    probed: bool,
    /// A savepoint could not be made or rolled back: nothing of this batch may be committed.
    lost: bool,
}

/// How a batch ended.
pub(super) enum End {
    /// Its fate, and whether the connection is still good.
    Known(Fate, bool),
    /// COMMIT was sent and failed: by the last entry it can be found out.
    Doubt,
}

/// What is left of a batch.
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) staged: Staged,
    /// The end of the log with what was staged.
    pub(super) head: Head,
    /// The rows without their codes that it tells of.
    pub(super) refused: Vec<String>,
}

impl<'a> Batch<'a> {
    /// On a connection in a transaction that holds the head's lock, with what is staged already. Behind that stands
    /// what was noticed since the last commit.
    pub(super) fn new(
        conn: &'a mut Conn,
        before: &'a mut Option<Link>,
        desk: &'a Desk,
        (head, staged): (Head, Staged),
    ) -> Self {
        let something = !staged.rows.is_empty();
        let refused = desk.codes.take_refused();
        let mut batch = Self { conn, before, desk, refused, head, staged, something, probed: false, lost: false };
        batch.find_strays();
        batch.tell_refused();
        batch
    }

    /// Takes up the jobs that wait, as many as may share a commit. Where nothing may be committed, all are refused: if
    /// they stayed, they would be waited for again at once, for ever.
    pub(super) fn fill(&mut self) {
        if self.lost {
            self.desk.jobs.clear();
        }
        while self.staged.settles.len() < self.desk.jobs.most() && !self.lost {
            let Some(job) = self.desk.jobs.pop() else { break };
            self.take(job);
        }
    }

    /// Rows that somebody changed past the server since the last commit: an entry says so for each. They stay bound as
    /// they were, so that a deep verification names them, too.
    fn find_strays(&mut self) {
        if !self.head.has_strays() {
            return;
        }
        let found = audit::take_touched(self.conn).map_err(AppError::from).and_then(|strays| {
            tracing::error!(count = strays.len(), "rows were changed past the server");
            let row = |stray: &Touched| -> String {
                format!("{}/{}/{}", stray.table, stray.key, stray.part).chars().take(LONGEST_NAME).collect()
            };
            let named = strays.iter().take(MOST_NAMED).map(|stray| Entry::new(Event::RowFound).on("row", &row(stray)));
            let rest = strays.len().saturating_sub(MOST_NAMED);
            let rest = (rest > 0).then(|| Entry::new(Event::RowFound).count(rest));
            self.stage(&self.desk.moments.ctx(), named.chain(rest).collect(), &[])
        });
        match found {
            Ok(()) => self.something = true,
            Err(error) => {
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "rows changed past the server cannot be told of");
                self.lost = true;
            }
        }
    }

    /// Rows that were refused at use since the last commit, for want of their codes.
    fn tell_refused(&mut self) {
        let entries = self.refused.iter().map(|row| Entry::new(Event::RowRefused).on("row", row)).collect();
        match self.stage(&self.desk.moments.ctx(), entries, &[]) {
            Ok(()) => self.something |= !self.refused.is_empty(),
            Err(error) => {
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "refused rows cannot be told of");
                self.lost = true;
            }
        }
    }

    /// Makes codes for the rows that a change has left.
    fn code(&mut self, touched: &[Touched], whole: &[(&'static str, String)]) -> Result<(), AppError> {
        if !touched.iter().any(|row| codes::concerns(row.table)) {
            return Ok(());
        }
        // One on which something fails is not used again. Each statement on it is a transaction of its own.
        let kept = self.before.take().filter(|link| link.is_of(&self.desk.url));
        let sound = kept.and_then(|mut link| link.conn.batch_execute("SELECT 1").is_ok().then_some(link));
        let mut link = sound.map_or_else(|| self.desk.connect(Purpose::Reading), Ok)?;
        codes::write(self.conn, &mut link.conn, &self.desk.codes, touched, whole)?;
        *self.before = Some(link);
        Ok(())
    }

    /// Takes a job up, unless its caller has gone.
    fn take(&mut self, job: Job) {
        if !job.taken.take() {
            return;
        }
        match job.what {
            What::Change(change) => {
                let settle = change(self);
                self.staged.settles.push(settle);
            }
            What::Entries(entries, settle) if entries.is_empty() => {
                self.probed = true;
                self.something = true;
                self.staged.settles.push(settle);
            }
            What::Entries(entries, settle) => {
                self.desk.take_entries(&mut self.staged, &self.head, entries, settle);
                self.something |= !self.staged.rows.is_empty();
            }
        }
    }

    pub(super) fn run(&mut self, unit: Unit<'_>) -> Result<(), AppError> {
        self.desk.meter.changes.add(1);
        self.desk.meter.savepoints.add(2);
        // Taken here, behind the head's lock: so moments never run backwards along the log of a node.
        let ctx = self.desk.moments.ctx();
        if let Err(error) = dialect::bracket(self.conn, "SAVEPOINT job") {
            self.lost = true;
            return Err(AppError::log_unavailable(error));
        }
        let staged = self.staged.rows.len();
        let first = i64::try_from(staged).ok().and_then(|staged| self.head.size().checked_add(staged));
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut work = Work::new(self.conn, &ctx, &self.desk.codes, Place::Writing(first));
            unit(&mut work)?;
            let (entries, whole) = work.into_parts();
            let touched = audit::take_touched(self.conn)?;
            // Nothing that the log binds changes without an entry that says so (DESIGN §3.5).
            if entries.is_empty() && !touched.is_empty() {
                let tables = touched.iter().map(|row| row.table).collect::<BTreeSet<_>>();
                return Err(AppError::internal(format!("rows of {tables:?} were changed without an entry")));
            }
            self.code(&touched, &whole)?;
            self.stage(&ctx, entries, &touched)?;
            dialect::bracket(self.conn, "RELEASE SAVEPOINT job").map_err(AppError::log_unavailable)?;
            Ok(())
        }))
        .unwrap_or_else(|_| Err(AppError::internal("a unit of work panicked")));
        if outcome.is_ok() {
            self.something = true;
        } else {
            self.staged.rows.truncate(staged);
            if let Err(failure) = self.conn.batch_execute("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job") {
                tracing::error!(error = %failure, "a savepoint could not be rolled back");
                self.lost = true;
            }
        }
        outcome
    }

    /// Stages entries; the last tells of the rows.
    fn stage(&mut self, ctx: &Ctx, entries: Vec<Entry>, touched: &[Touched]) -> Result<(), AppError> {
        let last = entries.len().saturating_sub(1);
        let touched = |number| if number == last { touched } else { &[] };
        let entries = entries.into_iter().enumerate().map(|(number, entry)| Unplaced::new(ctx, entry, touched(number)));
        self.staged.place(&self.head, ctx, entries.collect::<Result<_, _>>()?)
    }

    /// Commits, and answers what came of it.
    pub(super) fn commit(mut self) -> Ended {
        let end = self.end();
        Ended { end, staged: self.staged, head: self.head, refused: self.refused }
    }

    fn end(&mut self) -> End {
        self.desk.meter.write_brackets.add(1);
        if self.lost || !self.something {
            let sound = self.conn.batch_execute("ROLLBACK").is_ok() && !self.lost;
            // With nothing done there is nothing to lose: what callers were refused stays so.
            return End::Known(if self.lost { Fate::Undone } else { Fate::Committed }, sound);
        }
        if let Err(error) = self.append() {
            tracing::error!(%error, "the log cannot be written");
            drop(self.conn.batch_execute("ROLLBACK"));
            return End::Known(Fate::Undone, false);
        }
        match dialect::bracket(self.conn, "COMMIT") {
            Ok(()) => {
                self.desk.committed(&self.staged);
                End::Known(Fate::Committed, true)
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed");
                drop(self.conn.batch_execute("ROLLBACK"));
                End::Doubt
            }
        }
    }

    /// Writes what is staged.
    fn append(&mut self) -> Result<(), DieselError> {
        if self.staged.rows.is_empty() {
            return if self.probed { touch_head(self.conn, self.head.size()) } else { Ok(()) };
        }
        self.desk.meter.appends.add(audit::append(self.conn, &mut self.head, &self.staged.rows)?);
        Ok(())
    }
}

/// Makes a commit write something and yet change nothing: SQLite writes no page whose bytes stay the same.
pub(super) fn touch_head(conn: &mut Conn, size: i64) -> Result<(), DieselError> {
    audit::store_size(conn, size.saturating_add(1))?;
    audit::store_size(conn, size)
}
