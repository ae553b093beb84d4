//! One unit of work: a connection inside a transaction, the moment it is judged at, and the log entries
//! it has staged.

use std::ops::Deref;
use std::sync::Arc;

use super::Conn;
use crate::audit::Entry;
use crate::context::Ctx;
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
    /// The number of the first of the entries; nothing in a unit that reads.
    first: Option<i64>,
}

impl<'a> Work<'a> {
    pub(super) fn new(conn: &'a mut Conn, ctx: &'a Ctx, codes: &Arc<RowCodes>, first: Option<i64>) -> Self {
        Self { conn, ctx, codes: Known::new(codes), entries: Vec::new(), whole: Vec::new(), first }
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

    /// By which rows are known that the server has written itself.
    #[must_use]
    pub const fn codes(&self) -> &Arc<Known> {
        &self.codes
    }

    /// Says that this unit has written every column of a row, which so gets its code whatever was done to it before.
    pub fn wrote_whole(&mut self, table: &'static str, key: &(impl ToString + ?Sized)) {
        self.whole.push((table, key.to_string()));
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
