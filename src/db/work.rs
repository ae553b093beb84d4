//! One unit of work: a connection inside a transaction, the moment it is judged at, and the log entries
//! it has staged.

use std::ops::Deref;

use super::Conn;
use crate::audit::Entry;
use crate::context::Ctx;

/// What a service function works with. Whoever holds one stands inside a transaction; when the closure
/// that was given it fails, nothing of it has happened.
pub struct Work<'a> {
    /// The connection, for stores.
    pub conn: &'a mut Conn,
    ctx: &'a Ctx,
    entries: Vec<Entry>,
    /// The number of the first of them; nothing in a unit that reads.
    first: Option<i64>,
}

impl<'a> Work<'a> {
    pub(super) fn new(conn: &'a mut Conn, ctx: &'a Ctx, first: Option<i64>) -> Self {
        Self { conn, ctx, entries: Vec::new(), first }
    }

    /// Stages a log entry. It is written with the change, or before the answer to a read leaves.
    pub fn log(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The number that the next entry staged here will have in the log. Nothing in a unit that reads: its entries find
    /// their places later.
    #[must_use]
    pub fn next_seq(&self) -> Option<i64> {
        self.first?.checked_add(i64::try_from(self.entries.len()).ok()?)
    }

    /// The time and randomness, for as long as the transaction lasts.
    #[must_use]
    pub const fn ctx(&self) -> &'a Ctx {
        self.ctx
    }

    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}

impl Deref for Work<'_> {
    type Target = Ctx;
    fn deref(&self) -> &Ctx {
        self.ctx
    }
}
