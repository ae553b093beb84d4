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
//! Entries of reads alone need no transaction of their own on PostgreSQL, where each of its statements is a trip: while no
//! other node appends, one statement says where the log must end, moves the end, and inserts them ([`Desk::at_once`]).
//!
//! When COMMIT fails, its transaction may be durable all the same (the connection broke before the answer
//! came). Then the writer looks whether the batch's last entry is there, and its callers are told what is
//! so; and only if it cannot look, that it is not known.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::batch::{Batch, End, Ended, Fate, Job, Settle, Staged, What, touch_head};
use super::connection::{Link, Purpose};
use super::counters::{Meter, Tally};
use super::queue::{Queue, Read, Refused};
use super::ticket::{Tell, Ticket, ticket};
use super::work::Once;
use super::{Conn, DatabaseUrl, Moments, Work, dialect};
use crate::audit::{self, Head, Unplaced};
use crate::error::{AppError, Fault};
use crate::ids::EntryId;
use crate::seal::RowCodes;
use diesel::result::Error as DieselError;

/// How often, and how far apart, the writer tries to find out what became of a commit.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

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
        entries: Vec<Unplaced>,
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

/// What is kept from one commit to the next.
#[derive(Default)]
struct Kept {
    /// The writing connection, if it is good.
    link: Option<Link>,
    /// A connection that sees what was committed last, once one was needed.
    before: Option<Link>,
    /// The end of the log as this node has left it.
    left: Option<Head>,
    /// When it was looked up last, it was where this node had left it: others, if there are any, append seldom.
    alone: bool,
}

impl Desk {
    fn serve(&self, link: Link) {
        let _end = Ending(&self.jobs);
        let mut kept = Kept { link: Some(link), ..Kept::default() };
        // No lock is held while others are waited for: other nodes may need it.
        while self.jobs.gather() {
            let Some(staged) = self.at_once(&mut kept) else { continue };
            match self.begin(kept.link.take()) {
                Ok((link, head)) => self.commit_together(&mut kept, link, head, staged),
                Err(error) => {
                    tracing::error!(cause = ?error.cause().map(ToString::to_string), "no transaction can be begun");
                    // All who wait are refused now: one after the other, the last would wait too long.
                    staged.settle(Fate::Undone);
                    self.jobs.clear();
                }
            }
        }
    }

    /// If only entries of reads wait, and nobody else appends, appends them with one statement, where there is one that
    /// does it, and answers nothing. Else it answers what has been staged, which is to be done otherwise.
    fn at_once(&self, kept: &mut Kept) -> Option<Staged> {
        let mut staged = Staged::default();
        let (Some(link), Some(head), true) = (&mut kept.link, &kept.left, kept.alone) else { return Some(staged) };
        if !audit::can_append_at_once(&link.conn) {
            return Some(staged);
        }
        let jobs = self.jobs.pop_all(Job::is_of_a_read);
        if jobs.is_empty() {
            return Some(staged);
        }
        for job in jobs {
            if let (true, What::Entries(entries, settle)) = (job.taken.take(), job.what) {
                self.take_entries(&mut staged, head, entries, settle);
            }
        }
        let last = staged.rows.last().map(|row| row.id().clone())?;
        // A row that a read was refused for is told of together with that.
        if self.codes.has_refused() {
            return Some(staged);
        }
        match audit::append_at_once(&mut link.conn, head, &staged.rows) {
            Ok(Some(head)) => {
                kept.left = Some(head);
                self.meter.appends.add(1);
                self.committed(&staged);
                staged.settle(Fate::Committed);
                None
            }
            Ok(None) => Some(staged),
            Err(error) => {
                tracing::warn!(%error, "entries could not be appended at once");
                kept.link = None;
                // One look is enough: of a read, what is not known is told as what was not done.
                match self.look_for(&last) {
                    Ok(true) => {
                        self.committed(&staged);
                        staged.settle(Fate::Committed);
                    }
                    // The connection had gone stale, mostly. If PostgreSQL has the statement and has not begun with it, it
                    // may do it before the transaction that follows takes the lock: that finds the same ids then, and fails.
                    Ok(false) => return Some(staged),
                    Err(error) => {
                        tracing::error!(cause = ?error.cause().map(ToString::to_string), "nor looked for");
                        staged.settle(Fate::Undone);
                        self.jobs.clear();
                    }
                }
                None
            }
        }
    }

    /// Stages the entries of a read.
    pub(super) fn take_entries(&self, staged: &mut Staged, head: &Head, entries: Vec<Unplaced>, settle: Settle) {
        match staged.place(head, &self.moments.ctx(), entries) {
            Ok(()) => {
                self.meter.logged_reads.add(1);
                staged.settles.push(settle);
            }
            Err(error) => {
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "an entry cannot be written");
                settle(Fate::Undone);
            }
        }
    }

    pub(super) fn committed(&self, staged: &Staged) {
        self.meter.commits.add(1);
        self.meter.entries.add(u64::try_from(staged.rows.len()).unwrap_or_default());
    }

    pub(super) fn connect(&self, purpose: Purpose) -> Result<Link, AppError> {
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

    /// Runs the jobs that have come by then in one transaction, as many as may share it, with what is staged already; the
    /// others stay.
    fn commit_together(&self, kept: &mut Kept, mut link: Link, head: Head, staged: Staged) {
        kept.alone = kept.left.take().is_some_and(|left| left.size() == head.size());
        let staged = match staged.moved(&head) {
            Ok(staged) => staged,
            Err(error) => {
                // Who waited for it is refused; the connection, in a transaction, goes with that.
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "entries cannot be put in another place");
                return;
            }
        };
        let mut batch = Batch::new(&mut link.conn, &mut kept.before, self, (head, staged));
        batch.fill();
        let Ended { end, staged, head, refused } = batch.commit();
        let fate = match end {
            End::Known(fate, sound) => {
                kept.link = sound.then_some(link);
                fate
            }
            End::Doubt => {
                // First, so that its locks are gone.
                drop(link);
                let fate = self.find_out(staged.rows.last().map(audit::Row::id));
                if fate == Fate::Committed {
                    self.committed(&staged);
                }
                fate
            }
        };
        if fate == Fate::Committed {
            kept.left = Some(head);
        } else {
            self.codes.not_told(refused);
        }
        staged.settle(fate);
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
