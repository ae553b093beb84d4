//! What the log is made of, without a database: entries, what commits to them, the tree over those
//! commitments, and the signed statements about the tree. The formats are written down in `docs/LOG.md`.

mod commitment;
mod entry;
pub mod erasure;
pub mod note;
pub mod policy;
pub mod proof;
pub mod report;
pub mod retention;
pub mod rows;
pub mod tar;
pub mod tiles;
pub mod tree;
pub mod witnessing;

pub use commitment::{Commitment, Fields, Leaf};
pub(in crate::audit) use commitment::{field_digest, field_key, join};
pub(in crate::audit) use entry::Payload;
pub use entry::{Area, Entry, Event, Operation, PURPOSE_MAX, Subject, counts};
