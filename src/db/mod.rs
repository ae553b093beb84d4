//! The database: connections, the unit of work, and all that differs between SQLite and PostgreSQL.
//!
//! There are two ways in. [`Db::read`] runs a closure on one of several reading connections, inside a
//! snapshot. [`Db::write`] runs one on the single writing connection (see [`writer`]). Either way the
//! closure is given a [`Work`], stages log entries in it, and its answer reaches the caller only when
//! those entries are durable. Nothing else in the crate opens a transaction.

mod batch;
pub mod bound;
pub mod codes;
pub mod connection;
pub mod counters;
pub mod dialect;
pub mod fragment;
mod memory;
pub mod migrate;
mod queue;
mod readers;
pub mod schema;
mod ticket;
mod work;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use connection::{Backend, Conn, DatabaseUrl};
pub use counters::Counters;
pub use work::Work;
use work::{Once, Place, Unit};

use crate::audit::Unplaced;
use crate::context::{Clock, Ctx, Entropy};
use crate::error::{AppError, Fault};
use crate::seal::RowCodes;
use crate::settings::DatabaseSettings;
use batch::Job;
use connection::Link;
use counters::Meter;
use queue::{Queue, Read, Sharing};
use readers::Readers;
use ticket::{Tell, ticket};
use writer::{Desk, Writer};

/// How long a caller waits for a reading connection before the server says that it is busy.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a caller waits for an answer at all. Only a database that stands still takes that long.
const LONGEST: Duration = Duration::from_secs(10);

/// The database of one server.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    readers: Readers,
    /// As many permits as there are readers, so that whoever waits for a connection does so without
    /// holding a thread of the blocking pool.
    turnstile: Arc<Semaphore>,
    writer: Writer,
    moments: Moments,
    meter: Arc<Meter>,
    codes: Arc<RowCodes>,
}

/// Where the units of work have their time and randomness from.
#[derive(Clone)]
struct Moments {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Moments {
    fn ctx(&self) -> Ctx {
        Ctx::new(self.clock.now(), Arc::clone(&self.entropy))
    }
}

impl Db {
    /// Opens the database that `settings` name. It must exist and be migrated. Its rows are known by `codes`.
    ///
    /// # Errors
    /// When it cannot be opened, lacks a migration, or does not keep the promises that
    /// [`connection`] asks of it (durability, foreign keys).
    pub fn open(
        settings: &DatabaseSettings,
        url: &DatabaseUrl,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        codes: Arc<RowCodes>,
    ) -> Result<Self, AppError> {
        migrate::require_current(&mut url.open_writer()?)?;
        let permits = usize::try_from(settings.readers).map_err(AppError::internal)?;
        let (moments, meter) = (Moments { clock, entropy }, Arc::new(Meter::default()));
        let sharing =
            Sharing { most: settings.batch.max(1), longest: Duration::from_millis(settings.batch_milliseconds) };
        Ok(Self(Arc::new(Inner {
            readers: Readers::open(url.clone(), Arc::clone(&meter))?,
            turnstile: Arc::new(Semaphore::new(permits)),
            writer: Writer::start(Desk {
                url: url.clone(),
                jobs: Queue::new(sharing),
                moments: moments.clone(),
                meter: Arc::clone(&meter),
                codes: Arc::clone(&codes),
            })?,
            moments,
            meter,
            codes,
        })))
    }

    /// The time and randomness of a unit of work that begins now.
    #[must_use]
    pub fn ctx(&self) -> Ctx {
        self.0.moments.ctx()
    }

    /// How much work was done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.meter.counters()
    }

    /// Runs `unit` on a snapshot of the database. What it logs is durable before this returns.
    ///
    /// # Errors
    /// The unit's own; [`Fault::Busy`] when no connection becomes free in two seconds;
    /// [`Fault::LogUnavailable`] when its entries cannot be written, and then its answer is lost too.
    pub async fn read<T, F>(&self, unit: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    {
        let read = self.0.writer.read_begins();
        let turn = self.turn().await?;
        let (ticket, tell) = ticket();
        let inner = Arc::clone(&self.0);
        // One trip: the thread hands the answer to the writer itself, or to the caller. The turn goes with
        // it, since the caller may go away while the connection is still in use.
        // Boxed, so that the runtime's part of it is in the program once, and not for each query there is.
        let job: Box<dyn FnOnce() + Send> = Box::new(move || inner.read(unit, tell, turn, read));
        let ends = tokio::task::spawn_blocking(job);
        let answer = ticket.wait().await.map_err(|error| match error.fault {
            // Nothing was disclosed; that there may be an entry all the same takes nothing away.
            Fault::Uncertain => AppError::log_unavailable("the answer did not come in time"),
            _ => error,
        })?;
        // The snapshot ends while the entries are committed, and so, as a rule, has ended. Whoever asks again finds the
        // connection where it was, and not another opened.
        drop(tokio::time::timeout(PATIENCE, ends).await);
        Ok(answer)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, AppError> {
        if let Ok(turn) = Arc::clone(&self.0.turnstile).try_acquire_owned() {
            return Ok(turn);
        }
        tokio::time::timeout(PATIENCE, Arc::clone(&self.0.turnstile).acquire_owned())
            .await
            .map_err(|_elapsed| Fault::Busy(1))?
            .map_err(AppError::internal)
    }

    /// Runs `unit` on the writing connection. Its changes and its log entries are durable together,
    /// or not at all, before this returns.
    ///
    /// # Errors
    /// The unit's own, and then nothing has changed; [`Fault::LogUnavailable`] when it could not be
    /// committed; [`Fault::Uncertain`] when that cannot be found out; [`Fault::Busy`] when too many
    /// already wait.
    pub async fn write<T, F>(&self, unit: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    {
        self.0.writer.submit(unit)?.wait().await
    }

    /// As [`Db::write`], for commands that have no runtime.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T, F>(&self, unit: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    {
        self.0.writer.submit(unit)?.wait_blocking()
    }

    /// Whether the database can be read, the rows be known by this node's keys, and the log be written at this moment.
    ///
    /// # Errors
    /// When not.
    pub async fn probe(&self) -> Result<(), AppError> {
        let codes = Arc::clone(&self.0.codes);
        self.read(move |work| {
            let (_, known) = codes::known(work.conn, &codes)?;
            known
                .then_some(())
                .ok_or_else(|| AppError::log_unavailable("rows have codes under a key that this node has not"))
        })
        .await?;
        let (ticket, tell) = ticket();
        self.0.writer.log(Vec::new(), (), tell, None);
        ticket.wait().await
    }
}

impl Inner {
    fn read<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut Work<'_>) -> Result<T, AppError>,
        tell: Tell<T>,
        turn: OwnedSemaphorePermit,
        read: Read<Job>,
    ) {
        if tell.is_in_vain() {
            return;
        }
        let mut once = Once::of(unit);
        let (entries, link) = self.snapshot(&mut |work| once.run(work));
        let end = || {
            if let Some(link) = link {
                self.readers.end(link);
            }
            drop(turn);
        };
        match entries.and_then(|entries| Ok((once.answer()?, entries))) {
            Ok((answer, entries)) if !entries.is_empty() => {
                // First, since a commit waits for them, and nobody for the end of the snapshot.
                self.writer.log(entries, answer, tell, Some(read));
                end();
            }
            outcome => {
                // No commit is to wait for who logs nothing.
                drop(read);
                end();
                tell.now(outcome.map(|(answer, _)| answer));
            }
        }
    }

    /// Runs `unit` in a snapshot, and answers the entries it leaves, and the connection, whose snapshot has not ended.
    fn snapshot(&self, unit: Unit<'_>) -> (Result<Vec<Unplaced>, AppError>, Option<Link>) {
        self.meter.reads.add(1);
        let mut link = match self.readers.begin() {
            Ok(link) => link,
            Err(error) => return (Err(error), None),
        };
        let ctx = self.moments.ctx();
        // A panic takes its connection with it.
        catch_unwind(AssertUnwindSafe(move || {
            let mut work = Work::new(&mut link.conn, &ctx, &self.codes, Place::Reading(&self.readers.memory));
            let outcome = unit(&mut work);
            let (entries, _) = work.into_parts();
            let entries = entries.into_iter().map(|entry| Unplaced::new(&ctx, entry, &[]));
            (outcome.and_then(|()| entries.collect()), Some(link))
        }))
        .unwrap_or_else(|_panic| (Err(AppError::internal("a unit of work panicked")), None))
    }
}
