//! The database: connections, the unit of work, and all that differs between SQLite and PostgreSQL.
//!
//! There are two ways in. [`Db::read`] runs a closure on one of several reading connections, inside a
//! snapshot. [`Db::write`] runs one on the single writing connection (see [`writer`]). Either way the
//! closure is given a [`Work`], stages log entries in it, and its answer reaches the caller only when
//! those entries are durable. Nothing else in the crate opens a transaction.

pub mod connection;
pub mod dialect;
pub mod fragment;
pub mod migrate;
pub mod schema;
mod work;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use connection::{Backend, Conn, DatabaseUrl};
pub use work::Work;
pub use writer::Written;

use crate::context::{Clock, Ctx, Entropy};
use crate::error::{AppError, Fault};
use crate::settings::DatabaseSettings;
use connection::{Anchor, Opener, Reader};
use diesel::r2d2::PooledConnection;
use writer::Writer;

/// The database of one server.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    readers: diesel::r2d2::Pool<Opener>,
    /// As many permits as there are readers, so that whoever waits for a connection does so without
    /// holding a thread of the blocking pool.
    turnstile: Semaphore,
    writer: Writer,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    patience: Duration,
    anchor: Option<Anchor>,
}

impl Inner {
    /// A reading connection inside a snapshot. One that broke while it lay in the pool (PostgreSQL was
    /// restarted) is thrown away for another: nothing has been read on it, so no caller need know.
    fn snapshot(&self) -> Result<PooledConnection<Opener>, AppError> {
        if let Some(anchor) = &self.anchor {
            anchor.hold()?;
        }
        let mut lying = self.readers.max_size();
        loop {
            let mut reader = self.readers.get().map_err(AppError::log_unavailable)?;
            reader.in_use = true;
            match dialect::begin_snapshot(&mut reader.conn) {
                Ok(()) => return Ok(reader),
                Err(error) if lying == 0 => return Err(AppError::log_unavailable(error)),
                Err(_) => lying = lying.saturating_sub(1),
            }
        }
    }
}

impl Db {
    /// Opens the database that `settings` name. It must exist and be migrated.
    ///
    /// # Errors
    /// When it cannot be opened, lacks a migration, or does not keep the promises that
    /// [`connection`] asks of it (durability, foreign keys).
    pub fn open(
        settings: &DatabaseSettings,
        url: &DatabaseUrl,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AppError> {
        migrate::require_current(&mut url.open_writer()?)?;
        let anchor = url.anchor();
        let readers = diesel::r2d2::Pool::builder()
            .max_size(settings.readers)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(2))
            .build(Opener(url.clone()))
            .map_err(AppError::internal)?;
        let permits = usize::try_from(settings.readers).map_err(AppError::internal)?;
        Ok(Self(Arc::new(Inner {
            readers,
            turnstile: Semaphore::new(permits),
            writer: Writer::start(url.clone(), settings.batch)?,
            clock,
            entropy,
            patience: Duration::from_secs(2),
            anchor,
        })))
    }

    /// The time and randomness of a unit of work that begins now.
    #[must_use]
    pub fn ctx(&self) -> Ctx {
        Ctx::new(self.0.clock.now(), Arc::clone(&self.0.entropy))
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
        let ctx = self.ctx();
        let turn = tokio::time::timeout(self.0.patience, self.0.turnstile.acquire())
            .await
            .map_err(|_elapsed| Fault::Busy(1))?
            .map_err(AppError::internal)?;
        let inner = Arc::clone(&self.0);
        let (answer, entries) = tokio::task::spawn_blocking(move || {
            let mut reader = inner.snapshot()?;
            let Reader { conn, in_use } = &mut *reader;
            let mut work = Work::new(conn, &ctx);
            let answer = unit(&mut work);
            let entries = work.into_entries();
            dialect::end_snapshot(conn)?;
            *in_use = false;
            Ok::<_, AppError>((answer?, entries))
        })
        .await
        .map_err(AppError::internal)??;
        drop(turn);
        if !entries.is_empty() {
            self.write(move |work| {
                work.log_all(entries);
                Ok(())
            })
            .await?;
        }
        Ok(answer)
    }

    /// Runs `unit` on the writing connection. Its changes and its log entries are durable together,
    /// or not at all, before this returns.
    ///
    /// # Errors
    /// The unit's own, and then nothing has changed; [`Fault::LogUnavailable`] when it could not be
    /// committed; [`Fault::Busy`] when too many already wait.
    pub async fn write<T, F>(&self, unit: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    {
        self.0.writer.submit(self.ctx(), unit)?.await.map_err(AppError::log_unavailable)?
    }

    /// How much this node has written since its start, for diagnostics.
    #[must_use]
    pub fn written(&self) -> Written {
        self.0.writer.written()
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
        self.0.writer.submit(self.ctx(), unit)?.blocking_recv().map_err(AppError::log_unavailable)?
    }
}
