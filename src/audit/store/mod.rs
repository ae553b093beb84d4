//! The log in the database: its entries, the tree over them, and the newest checkpoint.

mod at_once;
mod entries;
mod erase;
mod holds;
mod kept;
mod published;
mod report;
mod rows;
mod tree;
mod verify;
mod witnesses;

use diesel::QueryResult;

use crate::db::Conn;

pub(crate) use at_once::{append_at_once, can_append_at_once};
pub use entries::{LoggedEntry, Wanted};
pub(crate) use entries::{Row, Unplaced};
pub(in crate::audit) use entries::{id_of, page};
pub(in crate::audit) use erase::{Authorities, authorities, erase, kept, old};
pub(in crate::audit) use holds::{are_there, holds, insert as insert_hold, lift as lift_hold, party_coded};
pub(in crate::audit) use published::{publish, published, take_back};
pub(in crate::audit) use report::{ReportRow, Span, minutes_of, purposes, report_counts, report_rows};
pub(in crate::audit) use rows::{bind_anew, binds, forget, touch_unbound, verify_tables};
pub use rows::{take_touched, verify_rows};
pub(crate) use tree::{Head, store_size};
pub(in crate::audit) use tree::{StoredTree, head, read};
pub use verify::{adopt, export, verify};
pub(in crate::audit) use witnesses::record;
pub use witnesses::{Witnessed, witnesses};

/// Appends entries, in the transaction of what they tell of. The caller holds the head's lock, and was given
/// `head` with it. Answers how many statements that took.
///
/// # Errors
/// The database's: the transaction must then be rolled back.
pub(crate) fn append(conn: &mut Conn, head: &mut Head, rows: &[Row]) -> QueryResult<u64> {
    let inserted = entries::insert(conn, rows)?;
    Ok(inserted.saturating_add(tree::grow(conn, head, rows.iter().map(Row::leaf))?))
}
