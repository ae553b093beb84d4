//! One unit of work: a connection inside a transaction, the moment it is judged at, and the log entries
//! it has staged.

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use diesel::QueryResult;

use super::Conn;
use super::memory::{Memory, Window};
use crate::audit::Entry;
use crate::context::Ctx;
use crate::error::AppError;
use crate::seal::{Known, RowCodes};

/// What a service function works with. Whoever holds one stands inside a transaction; when the closure
/// that was given it fails, nothing of it has happened.
pub struct Work<'a> {
    /// The connection, for stores.
    pub conn: &'a mut Conn,
    ctx: &'a Ctx,
    codes: Arc<Known>,
    entries: Vec<Entry>,
    whole: Vec<(&'static str, String)>,
    place: Place<'a>,
    /// Of a unit that reads, once it was asked for: as of when it may be told what others have found.
    window: OnceCell<Option<Window>>,
}

/// A unit as what is around it sees it, which so is in the program once, and not for each unit there is.
pub(super) type Unit<'a> = &'a mut dyn FnMut(&mut Work<'_>) -> Result<(), AppError>;

/// A unit that runs once, and what it has answered.
pub(super) struct Once<F, T> {
    unit: Option<F>,
    answer: Option<T>,
}

impl<F, T> Once<F, T>
where
    F: FnOnce(&mut Work<'_>) -> Result<T, AppError>,
{
    pub(super) const fn of(unit: F) -> Self {
        Self { unit: Some(unit), answer: None }
    }

    pub(super) fn run(&mut self, work: &mut Work<'_>) -> Result<(), AppError> {
        let unit = self.unit.take().ok_or_else(|| AppError::internal("a unit runs once"))?;
        self.answer = Some(unit(work)?);
        Ok(())
    }

    /// After it has run.
    pub(super) fn answer(self) -> Result<T, AppError> {
        self.answer.ok_or_else(|| AppError::internal("a unit has not run"))
    }
}

/// Where a unit stands.
pub(super) enum Place<'a> {
    /// On a snapshot of what was committed.
    Reading(&'a Memory),
    /// Among changes that are not committed, with the number of the first of its entries.
    Writing(Option<i64>),
}

impl<'a> Work<'a> {
    pub(super) fn new(conn: &'a mut Conn, ctx: &'a Ctx, codes: &Arc<RowCodes>, place: Place<'a>) -> Self {
        Self {
            conn,
            ctx,
            codes: Known::new(codes),
            entries: Vec::new(),
            whole: Vec::new(),
            place,
            window: OnceCell::new(),
        }
    }

    /// Stages a log entry. It is written with the change, or before the answer to a read leaves.
    pub fn log(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The number that the next entry staged here will have in the log. Nothing in a unit that reads: its entries find
    /// their places later.
    #[must_use]
    pub fn next_seq(&self) -> Option<i64> {
        let Place::Writing(first) = self.place else { return None };
        first?.checked_add(i64::try_from(self.entries.len()).ok()?)
    }

    /// The time and randomness, for as long as the transaction lasts.
    #[must_use]
    pub const fn ctx(&self) -> &'a Ctx {
        self.ctx
    }

    /// By which rows are known that the server has written itself.
    #[must_use]
    pub const fn codes(&self) -> &Arc<Known> {
        &self.codes
    }

    /// Says that this unit has written every column of a row, which so gets its code whatever was done to it before.
    pub fn wrote_whole(&mut self, table: &'static str, key: &(impl ToString + ?Sized)) {
        self.whole.push((table, key.to_string()));
    }

    /// What `find` finds or, where the same was found before and nothing that it rests on can have changed since, that
    /// (decision 22). `find` asks for nothing but bound rows and codes, as of this unit's moment; whatever else its
    /// answer depends on is in the `key`. Among changes that are not committed, nothing is known from before.
    ///
    /// # Errors
    /// Those of `find`, which are not kept, and the database's.
    pub fn recall<T: Clone + Send + Sync + 'static>(
        &mut self,
        key: String,
        find: impl FnOnce(&mut Self) -> QueryResult<T>,
    ) -> QueryResult<T> {
        if let Some(found) = self.recalled(&key)? {
            return Ok(found);
        }
        let found = find(self)?;
        self.keep(key, found.clone());
        Ok(found)
    }

    /// The first half of [`Work::recall`], for who must ask for more in any case.
    ///
    /// # Errors
    /// The database's.
    pub fn recalled<T: Clone + 'static>(&mut self, key: &str) -> QueryResult<Option<T>> {
        let Place::Reading(memory) = self.place else { return Ok(None) };
        if self.window.get().is_none() {
            self.window = OnceCell::from(memory.window(self.conn, self.ctx.now)?);
        }
        Ok(self.window.get().and_then(Option::as_ref).and_then(|window| memory.find(window, key)))
    }

    /// The second half of [`Work::recall`].
    pub fn keep<T: Send + Sync + 'static>(&self, key: String, found: T) {
        if let (Place::Reading(memory), Some(Some(window))) = (&self.place, self.window.get()) {
            memory.keep(window, key, found);
        }
    }

    /// The entries, and the rows that were written whole.
    pub(super) fn into_parts(self) -> (Vec<Entry>, Vec<(&'static str, String)>) {
        (self.entries, self.whole)
    }
}

impl Deref for Work<'_> {
    type Target = Ctx;
    fn deref(&self) -> &Ctx {
        self.ctx
    }
}
