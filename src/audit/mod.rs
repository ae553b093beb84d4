//! The log: what was done and disclosed, by whom, when and why; never what was said.
//!
//! An entry is typed and bounded, so that none can be too large to write after the deed is done. It is
//! appended inside the transaction of the change it tells of; for a read, before the first byte of the
//! answer (DESIGN §3.5). What stands in the log's future tree is only a salted commitment, so that an
//! entry can lawfully be erased while the log stays provable.

pub mod api;
mod entry;
pub mod service;
mod store;

pub use entry::{Area, Entry, Event, Operation, PURPOSE_MAX, Subject, counts};
pub use store::{LoggedEntry, Wanted, export, verify};
pub(crate) use store::{Row, append, store_head};
