//! The connections that read. They wait in a stack, so that the one used last, whose prepared statements
//! and pages are warm, is used next; how many there are is for the turnstile in [`super::Db`] to bound.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::QueryResult;

use super::connection::{DatabaseUrl, Link, Purpose};
use super::counters::{Meter, Tally};
use super::dialect;
use super::memory::Memory;
use crate::error::AppError;

pub(super) struct Readers {
    url: DatabaseUrl,
    meter: Arc<Meter>,
    idle: Mutex<Vec<Link>>,
    pub(super) memory: Memory,
}

impl Readers {
    /// Opens the first, so that a database that cannot be read is found at the start.
    pub(super) fn open(url: DatabaseUrl, meter: Arc<Meter>) -> Result<Self, AppError> {
        let readers = Self { url, meter, idle: Mutex::default(), memory: Memory::default() };
        let first = readers.connect()?;
        readers.give_back(first);
        Ok(readers)
    }

    /// A connection in a snapshot. One that waited may have gone stale in the meantime (the database was
    /// restarted, its file replaced): that shows here at the latest, and a new one takes its place.
    pub(super) fn begin(&self) -> Result<Link, AppError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut link) = idle
            && link.is_of(&self.url)
            && self.begin_on(&mut link).is_ok()
        {
            return Ok(link);
        }
        let mut link = self.connect()?;
        self.begin_on(&mut link).map_err(AppError::log_unavailable)?;
        Ok(link)
    }

    fn begin_on(&self, link: &mut Link) -> QueryResult<()> {
        let took = dialect::begin_snapshot(&mut link.conn)?;
        self.meter.read_brackets.add(took);
        Ok(())
    }

    /// Ends the snapshot. A connection on which that fails must not be used again: it would be in the
    /// middle of something, or dead.
    pub(super) fn end(&self, mut link: Link) {
        let ended = dialect::end_snapshot(&mut link.conn);
        self.meter.read_brackets.add(1);
        match ended {
            Ok(()) => self.give_back(link),
            Err(error) => tracing::warn!(%error, "a reading connection is given up"),
        }
    }

    fn connect(&self) -> Result<Link, AppError> {
        let mut link = Link::open(&self.url, Purpose::Reading).map_err(AppError::log_unavailable)?;
        dialect::ready_for_snapshots(&mut link.conn).map_err(AppError::log_unavailable)?;
        // Another database may be where that was, with the same number for another state.
        self.memory.forget();
        self.meter.opened.add(1);
        Ok(link.counted(Tally { meter: Arc::clone(&self.meter), statements: |meter| &meter.read_statements }))
    }

    fn give_back(&self, link: Link) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(link);
    }
}
