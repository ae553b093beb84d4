//! The log: what was done and disclosed, by whom, when and why; never what was said.
//!
//! An entry is typed and bounded, so that none can be too large to write after the deed is done. It is
//! appended inside the transaction of the change it tells of; for a read, before the first byte of the
//! answer (DESIGN §3.5). What stands in the log's tree is only a salted commitment, so that an entry can
//! lawfully be erased while the log stays provable. `docs/LOG.md` tells those who check it from outside how.

pub mod api;
pub mod holds;
pub mod model;
pub mod prune;
mod publish;
pub mod service;
mod store;
mod witnesses;

pub use model::{Area, Entry, Event, Operation, PURPOSE_MAX, Subject, counts};
pub use publish::{Publisher, Refusal};
pub(crate) use store::{Head, Row, Unplaced, append, append_at_once, can_append_at_once, store_size};
pub use store::{LoggedEntry, Wanted, Witnessed, adopt, export, take_touched, verify, verify_rows, witnesses};
