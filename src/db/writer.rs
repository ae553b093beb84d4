//! The one writing connection and the thread that owns it.
//!
//! Every change and every log entry of this node goes through here. Jobs that wait while a commit is
//! being synced share the next one. A change runs under its own savepoint, so that one's failure takes
//! nothing of the others'; the entries of all of them, and those of reads, are appended together right
//! before the commit; and nobody is told anything before the commit they share is durable. Before it begins, the
//! writer waits a little for the reads that are known to be under way, and for nothing else: whoever is alone
//! waits for nobody.
//!
//! Commit points, in order: (1) the changes and the entries are inside the transaction: a crash here
//! loses all of it, and nobody was told otherwise; (2) COMMIT returns: changes and entries are durable
//! together; (3) the callers are told: a crash between (2) and (3) leaves a change with its entry whose
//! caller got no answer, which is what he must assume of any lost connection.
//!
//! When COMMIT fails, its transaction may be durable all the same (the connection broke before the answer
//! came). Then the writer looks whether the batch's last entry is there, and its callers are told what is
//! so; and only if it cannot look, that it is not known.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::connection::{Link, Purpose};
use super::counters::{Meter, Tally};
use super::queue::{Queue, Read, Refused};
use super::ticket::{Taken, Tell, Ticket, ticket};
use super::work::{Once, Place, Unit};
use super::{Conn, DatabaseUrl, Moments, Work, codes, dialect};
use crate::audit::model::rows::Touched;
use crate::audit::{self, Entry, Event, Head};
use crate::context::Ctx;
use crate::error::{AppError, Fault};
use crate::ids::EntryId;
use crate::seal::RowCodes;
use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;

/// How often, and how far apart, the writer tries to find out what became of a commit.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How many rows that were changed past the server are named, each in an entry; the rest are counted.
const MOST_NAMED: usize = 20;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is durable.
    Committed,
    /// Nothing of it happened.
    Undone,
    /// One of the two.
    Unknown,
}

/// Tells the caller, once the batch's fate is known.
type Settle = Box<dyn FnOnce(Fate) + Send>;

pub(super) struct Job {
    taken: Taken,
    what: What,
}

enum What {
    /// Runs inside the batch, under a savepoint.
    Change(Box<dyn FnOnce(&mut Batch<'_>) -> Settle + Send>),
    /// Entries of a read, or none at all: then it is only tried whether the log can be written.
    Entries(Vec<Entry>, Settle),
}

pub(super) struct Writer {
    jobs: Queue<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(desk: Desk) -> Result<Self, AppError> {
        let link = desk.connect(Purpose::Writing)?;
        let jobs = desk.jobs.clone();
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || desk.serve(link))
            .map_err(AppError::internal)?;
        Ok(Self { jobs, thread: Mutex::new(Some(thread)) })
    }

    /// A read begins, whose entries a commit may wait for.
    pub(super) fn read_begins(&self) -> Read<Job> {
        self.jobs.one_more()
    }

    /// Runs `unit` in a batch.
    pub(super) fn submit<T, F>(&self, unit: F) -> Result<Ticket<T>, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    {
        let (ticket, tell) = ticket();
        let taken = tell.taken.clone();
        let change = move |batch: &mut Batch<'_>| -> Settle {
            let mut once = Once::of(unit);
            let outcome = batch.run(&mut |work| once.run(work)).and_then(|()| once.answer());
            Box::new(move |fate| {
                tell.now(match (outcome, fate) {
                    (outcome, Fate::Committed) => outcome,
                    (Ok(_), Fate::Unknown) => Err(AppError::uncertain("the commit failed")),
                    // Even a refusal may rest on what another job of the batch had done.
                    (_, Fate::Undone | Fate::Unknown) => Err(AppError::log_unavailable("the commit failed")),
                });
            })
        };
        self.send(Job { taken, what: What::Change(Box::new(change)) }, None)?;
        Ok(ticket)
    }

    /// Gives out `answer` once `entries` are durable. When they are not known to be, the answer is lost.
    pub(super) fn log<T: Send + 'static>(
        &self,
        entries: Vec<Entry>,
        answer: T,
        tell: Tell<T>,
        read: Option<Read<Job>>,
    ) {
        let taken = tell.taken.clone();
        let settle = move |fate| {
            tell.now(match fate {
                Fate::Committed => Ok(answer),
                Fate::Undone | Fate::Unknown => Err(AppError::log_unavailable("the commit failed")),
            });
        };
        if let Err(error) = self.send(Job { taken, what: What::Entries(entries, Box::new(settle)) }, read) {
            tracing::warn!(cause = ?error.cause().map(ToString::to_string), "entries could not be handed over");
        }
    }

    fn send(&self, job: Job, read: Option<Read<Job>>) -> Result<(), AppError> {
        self.jobs.push(job, read).map_err(|refused| match refused {
            Refused::Full => Fault::Busy(1).into(),
            Refused::Closed => AppError::log_unavailable("the writer has ended"),
        })
    }
}

/// Ends the thread after the jobs already taken, so that a graceful shutdown loses none.
impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.close();
        if let Ok(mut thread) = self.thread.lock()
            && let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer had panicked");
        }
    }
}

/// However the thread ends, nobody waits for it afterwards.
struct Ending<'a>(&'a Queue<Job>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.close();
        self.0.clear();
    }
}

/// What the thread has.
pub(super) struct Desk {
    pub(super) url: DatabaseUrl,
    pub(super) jobs: Queue<Job>,
    pub(super) moments: Moments,
    pub(super) meter: Arc<Meter>,
    pub(super) codes: Arc<RowCodes>,
}

impl Desk {
    fn serve(&self, link: Link) {
        let _end = Ending(&self.jobs);
        let (mut kept, mut before) = (Some(link), None);
        // No lock is held while others are waited for: other nodes may need it.
        while self.jobs.gather() {
            match self.begin(kept.take()) {
                Ok((link, head)) => kept = self.commit_together(link, &mut before, head),
                Err(error) => {
                    tracing::error!(cause = ?error.cause().map(ToString::to_string), "no transaction can be begun");
                    // All who wait are refused now: one after the other, the last would wait too long.
                    self.jobs.clear();
                }
            }
        }
    }

    fn connect(&self, purpose: Purpose) -> Result<Link, AppError> {
        let link = Link::open(&self.url, purpose).map_err(AppError::log_unavailable)?;
        self.meter.opened.add(1);
        Ok(link.counted(Tally { meter: Arc::clone(&self.meter), statements: |meter| &meter.write_statements }))
    }

    /// A connection in a transaction that holds the head's lock, and the head. One kept from before may have
    /// gone stale; nothing was done on it yet, so a new one takes its place.
    fn begin(&self, kept: Option<Link>) -> Result<(Link, Head), AppError> {
        if let Some(mut link) = kept
            && link.is_of(&self.url)
        {
            match self.lock(&mut link.conn) {
                Ok(head) => return Ok((link, head?)),
                Err(error) if dialect::is_contention(&error) => return Err(AppError::log_unavailable(error)),
                Err(error) => tracing::warn!(%error, "the writing connection is opened anew"),
            }
        }
        let mut link = self.connect(Purpose::Writing)?;
        let head = self.lock(&mut link.conn).map_err(AppError::log_unavailable)??;
        Ok((link, head))
    }

    fn lock(&self, conn: &mut Conn) -> Result<Result<Head, AppError>, DieselError> {
        self.meter.write_brackets.add(2);
        dialect::begin_batch(conn)
    }

    /// Runs the jobs that have come by then in one transaction, as many as may share it; the others stay. Answers the
    /// connection if it is still good.
    fn commit_together(&self, mut link: Link, before: &mut Option<Link>, head: Head) -> Option<Link> {
        let mut batch = Batch {
            conn: &mut link.conn,
            before,
            desk: self,
            refused: Vec::new(),
            head,
            rows: Vec::new(),
            something: false,
            probed: false,
            lost: false,
        };
        batch.find_strays();
        batch.tell_refused();
        let mut settles = Vec::new();
        while let Some(job) = self.jobs.pop() {
            settles.extend(batch.take(job));
            if batch.lost || settles.len() >= self.jobs.most() {
                break;
            }
        }
        let refused = std::mem::take(&mut batch.refused);
        let (fate, kept) = match batch.commit() {
            End::Known(fate, sound) => (fate, sound.then_some(link)),
            End::Doubt(last) => {
                // First, so that its locks are gone.
                drop(link);
                (self.find_out(last.as_ref()), None)
            }
        };
        if fate != Fate::Committed {
            self.codes.not_told(refused);
        }
        for settle in settles {
            settle(fate);
        }
        kept
    }

    fn find_out(&self, last: Option<&EntryId>) -> Fate {
        let Some(last) = last else { return Fate::Unknown };
        for look in 0..LOOKS {
            if look > 0 {
                std::thread::sleep(BETWEEN_LOOKS);
            }
            match self.look_for(last) {
                Ok(true) => return Fate::Committed,
                Ok(false) => return Fate::Undone,
                Err(error) => {
                    tracing::error!(cause = ?error.cause().map(ToString::to_string), "a commit's fate is not known yet");
                }
            }
        }
        Fate::Unknown
    }

    /// Behind the head's lock, which the doubtful transaction held: so it has ended, one way or the other.
    /// The commit makes an absence final: it overwrites what a half-done one may have left in SQLite's
    /// write-ahead log, which a recovery could otherwise still find whole.
    fn look_for(&self, last: &EntryId) -> Result<bool, AppError> {
        let (mut link, head) = self.begin(None)?;
        let found = dialect::holds_entry(&mut link.conn, last)?;
        touch_head(&mut link.conn, head.size())?;
        dialect::bracket(&mut link.conn, "COMMIT")?;
        Ok(found)
    }
}

/// Makes a commit write something and yet change nothing: SQLite writes no page whose bytes stay the same.
fn touch_head(conn: &mut Conn, size: i64) -> Result<(), DieselError> {
    audit::store_size(conn, size.saturating_add(1))?;
    audit::store_size(conn, size)
}

/// The transaction that the jobs of one commit share.
struct Batch<'a> {
    conn: &'a mut Conn,
    /// A connection that sees what was committed last, once one was needed.
    before: &'a mut Option<Link>,
    desk: &'a Desk,
    /// The rows without their codes that this batch tells of.
    refused: Vec<String>,
    /// The end of the log when the transaction began.
    head: Head,
    /// The entries of the jobs that have succeeded so far.
    rows: Vec<audit::Row>,
    /// Something is to be committed.
    something: bool,
    /// It is to be tried whether something can be.
    probed: bool,
    /// A savepoint could not be made or rolled back: nothing of this batch may be committed.
    lost: bool,
}

/// How a batch ended.
enum End {
    /// Its fate, and whether the connection is still good.
    Known(Fate, bool),
    /// COMMIT was sent and failed; the last entry, by which to find out.
    Doubt(Option<EntryId>),
}

impl Batch<'_> {
    /// Rows that somebody changed past the server since the last commit: an entry says so for each. They stay bound as
    /// they were, so that a deep verification names them, too.
    fn find_strays(&mut self) {
        if !self.head.has_strays() {
            return;
        }
        let found = audit::take_touched(self.conn).map_err(AppError::from).and_then(|strays| {
            tracing::error!(count = strays.len(), "rows were changed past the server");
            let row = |stray: &Touched| format!("{}/{}/{}", stray.table, stray.key, stray.part);
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
        self.refused = self.desk.codes.take_refused();
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
    fn take(&mut self, job: Job) -> Option<Settle> {
        if !job.taken.take() {
            return None;
        }
        match job.what {
            What::Change(change) => Some(change(self)),
            What::Entries(entries, settle) => {
                if entries.is_empty() {
                    self.probed = true;
                } else {
                    self.desk.meter.logged_reads.add(1);
                }
                match self.stage(&self.desk.moments.ctx(), entries, &[]) {
                    Ok(()) => self.something = true,
                    Err(error) => {
                        tracing::error!(cause = ?error.cause().map(ToString::to_string), "an entry cannot be written");
                        settle(Fate::Undone);
                        return None;
                    }
                }
                Some(settle)
            }
        }
    }

    fn run(&mut self, unit: Unit<'_>) -> Result<(), AppError> {
        self.desk.meter.changes.add(1);
        self.desk.meter.savepoints.add(2);
        // Taken here, behind the head's lock: so moments never run backwards along the log of a node.
        let ctx = self.desk.moments.ctx();
        if let Err(error) = dialect::bracket(self.conn, "SAVEPOINT job") {
            self.lost = true;
            return Err(AppError::log_unavailable(error));
        }
        let staged = self.rows.len();
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
            self.rows.truncate(staged);
            if let Err(failure) = self.conn.batch_execute("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job") {
                tracing::error!(error = %failure, "a savepoint could not be rolled back");
                self.lost = true;
            }
        }
        outcome
    }

    /// Prepares entries, each at its place in the log; the last tells of the rows.
    fn stage(&mut self, ctx: &Ctx, entries: Vec<Entry>, touched: &[Touched]) -> Result<(), AppError> {
        let staged = self.rows.len();
        let last = entries.len().saturating_sub(1);
        for (number, entry) in entries.into_iter().enumerate() {
            let touched = if number == last { touched } else { &[] };
            let place = i64::try_from(self.rows.len()).map_err(AppError::internal)?;
            match audit::Row::new(ctx, self.head.size().saturating_add(place), entry, touched) {
                Ok(row) => self.rows.push(row),
                Err(error) => {
                    self.rows.truncate(staged);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn commit(mut self) -> End {
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
                self.desk.meter.commits.add(1);
                self.desk.meter.entries.add(u64::try_from(self.rows.len()).unwrap_or_default());
                End::Known(Fate::Committed, true)
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed");
                drop(self.conn.batch_execute("ROLLBACK"));
                End::Doubt(self.rows.last().map(|row| row.id().clone()))
            }
        }
    }

    /// Writes what is staged.
    fn append(&mut self) -> Result<(), DieselError> {
        if self.rows.is_empty() {
            return if self.probed { touch_head(self.conn, self.head.size()) } else { Ok(()) };
        }
        self.desk.meter.appends.add(audit::append(self.conn, &mut self.head, &self.rows)?);
        Ok(())
    }
}
