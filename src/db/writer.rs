//! The one writing connection and the thread that owns it.
//!
//! Every change and every log entry of this node goes through here. Jobs that wait while a commit is
//! being synced share the next one: each runs under its own savepoint, so that one's failure takes
//! nothing of the others', and none is told its result before the commit they share is durable.
//!
//! Commit points, in order: (1) the job's changes and entries are inside its savepoint: a crash here
//! loses all of it, and nobody was told otherwise; (2) COMMIT returns: changes and entries are durable
//! together; (3) the callers are told: a crash between (2) and (3) leaves a change with its entry whose
//! caller got no answer, which is what he must assume of any lost connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection;
use tokio::sync::oneshot;

use super::connection::Anchor;
use super::{Conn, DatabaseUrl, Work, dialect};
use crate::audit;
use crate::context::Ctx;
use crate::error::{AppError, Fault};

/// How many jobs may wait before callers are told that the server is busy.
const QUEUE: usize = 1024;

/// Runs inside the batch; answers what tells the caller once the batch's fate is known.
type Job = Box<dyn FnOnce(&mut Batch<'_>) -> Settle + Send>;
/// Tells the caller: `true` when the batch was committed.
type Settle = Box<dyn FnOnce(bool) + Send>;

pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    tally: Arc<Tally>,
}

/// How much was written since the start: the ratio tells whether waiting jobs share their commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Transactions committed; each that changed anything was synced once.
    pub commits: u64,
    /// Log entries in them.
    pub entries: u64,
}

#[derive(Default)]
struct Tally {
    commits: AtomicU64,
    entries: AtomicU64,
}

/// The transaction that the jobs of one commit share.
struct Batch<'a> {
    conn: &'a mut Conn,
    /// Size of the log with the entries of the jobs that have succeeded so far.
    size: i64,
    /// A savepoint could not be rolled back: nothing of this batch may be committed.
    lost: bool,
}

impl Writer {
    pub(super) fn start(url: DatabaseUrl, batch: usize) -> Result<Self, AppError> {
        let conn = url.open_writer()?;
        let (jobs, waiting) = sync_channel(QUEUE);
        let tally = Arc::new(Tally::default());
        let counted = Arc::clone(&tally);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || serve(&url, conn, &waiting, batch.max(1), &counted))
            .map_err(AppError::internal)?;
        Ok(Self { jobs: Some(jobs), thread: Mutex::new(Some(thread)), tally })
    }

    pub(super) fn written(&self) -> Written {
        Written {
            commits: self.tally.commits.load(Ordering::Relaxed),
            entries: self.tally.entries.load(Ordering::Relaxed),
        }
    }

    pub(super) fn submit<T, F>(&self, ctx: Ctx, unit: F) -> Result<oneshot::Receiver<Result<T, AppError>>, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |batch| {
            let outcome = batch.run(&ctx, unit);
            Box::new(move |committed| {
                let answer = match outcome {
                    Ok(_) if !committed => Err(AppError::log_unavailable("the commit failed")),
                    other => other,
                };
                // A caller who has gone away is not told; his change stands, with its entry.
                drop(tell.send(answer));
            })
        });
        let Some(jobs) = &self.jobs else { return Err(Fault::LogUnavailable.into()) };
        match jobs.try_send(job) {
            Ok(()) => Ok(told),
            Err(TrySendError::Full(_)) => Err(Fault::Busy(1).into()),
            Err(TrySendError::Disconnected(_)) => Err(AppError::log_unavailable("the writer has ended")),
        }
    }
}

/// Ends the thread after the jobs already taken, so that a graceful shutdown loses none.
impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Ok(mut thread) = self.thread.lock()
            && let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer had panicked");
        }
    }
}

fn serve(url: &DatabaseUrl, conn: Conn, waiting: &Receiver<Job>, most: usize, tally: &Tally) {
    let anchor = url.anchor();
    let mut conn = Some(conn);
    while let Ok(first) = waiting.recv() {
        let begun = anchor.as_ref().map_or(Ok(()), Anchor::hold).and_then(|()| begin(url, conn.take()));
        match begun {
            Ok((mut open, size)) => {
                if commit_together(&mut open, size, first, waiting, most, tally) {
                    conn = Some(open);
                } else {
                    tracing::error!("a commit failed; the connection is opened anew");
                }
            }
            // Each waiting job is answered at once: to hang would be worse than to refuse.
            Err(error) => {
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "a transaction could not be begun");
                drop(first);
            }
        }
    }
}

/// A connection inside a transaction that holds the head's lock, and the size of the log. `conn` is used if
/// it still serves.
fn begin(url: &DatabaseUrl, conn: Option<Conn>) -> Result<(Conn, i64), AppError> {
    let kept = match conn {
        Some(mut conn) => match dialect::begin_batch(&mut conn) {
            Ok(()) => Some(conn),
            Err(_) if dialect::may_have_been_cut(&conn) => None,
            Err(error) => return Err(AppError::log_unavailable(error)),
        },
        None => None,
    };
    let mut conn = if let Some(conn) = kept {
        conn
    } else {
        let mut conn = url.open_writer()?;
        dialect::begin_batch(&mut conn).map_err(AppError::log_unavailable)?;
        conn
    };
    let size = dialect::lock_head(&mut conn).map_err(AppError::log_unavailable)?;
    Ok((conn, size))
}

/// Runs `first` and whatever else waits in the transaction; `false` when the connection must not be used again.
fn commit_together(
    conn: &mut Conn,
    size: i64,
    first: Job,
    waiting: &Receiver<Job>,
    most: usize,
    tally: &Tally,
) -> bool {
    let mut batch = Batch { conn, size, lost: false };
    let mut settles = vec![first(&mut batch)];
    while settles.len() < most && !batch.lost {
        match waiting.try_recv() {
            Ok(job) => settles.push(job(&mut batch)),
            Err(_) => break,
        }
    }
    let (lost, grown) = (batch.lost, (batch.size != size).then_some(batch.size));
    let committed = !lost
        && match grown.map_or(Ok(()), |size| audit::store_head(conn, size)).and_then(|()| conn.batch_execute("COMMIT"))
        {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "a commit failed");
                false
            }
        };
    if committed {
        tally.commits.fetch_add(1, Ordering::Relaxed);
        let entries = grown.map_or(0, |grown| grown.saturating_sub(size));
        tally.entries.fetch_add(u64::try_from(entries).unwrap_or_default(), Ordering::Relaxed);
    } else {
        drop(conn.batch_execute("ROLLBACK"));
    }
    for settle in settles {
        settle(committed);
    }
    committed
}

impl Batch<'_> {
    fn run<T>(&mut self, ctx: &Ctx, unit: impl FnOnce(&mut Work<'_>) -> Result<T, AppError>) -> Result<T, AppError> {
        self.conn.batch_execute("SAVEPOINT job").map_err(AppError::log_unavailable)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut work = Work::new(self.conn, ctx);
            let value = unit(&mut work)?;
            let entries = work.into_entries();
            let size = audit::append(self.conn, ctx, self.size, &entries)?;
            self.conn.batch_execute("RELEASE SAVEPOINT job").map_err(AppError::log_unavailable)?;
            Ok((value, size))
        }))
        .unwrap_or_else(|_| Err(AppError::internal("a unit of work panicked")));
        match outcome {
            Ok((value, size)) => {
                self.size = size;
                Ok(value)
            }
            Err(error) => {
                if let Err(failure) = self.conn.batch_execute("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job") {
                    tracing::error!(error = %failure, "a savepoint could not be rolled back");
                    self.lost = true;
                }
                Err(error)
            }
        }
    }
}
