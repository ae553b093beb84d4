//! The newest checkpoint, as it was last given out.

use diesel::prelude::*;

use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::audit_published;

/// A checkpoint that was given out.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = audit_published)]
pub(in crate::audit) struct Published {
    /// Leaves of its tree.
    pub(in crate::audit) size: i64,
    /// The signed note.
    pub(in crate::audit) note: String,
    /// When it was given out.
    #[diesel(column_name = published_us)]
    pub(in crate::audit) at: Moment,
}

/// The newest, if there is one yet.
pub(in crate::audit) fn published(conn: &mut Conn) -> QueryResult<Option<Published>> {
    audit_published::table.select(Published::as_select()).first(conn).optional()
}

/// Gives out a newer one.
pub(in crate::audit) fn publish(conn: &mut Conn, size: i64, note: &str, now: Moment) -> QueryResult<()> {
    let values =
        (audit_published::size.eq(size), audit_published::note.eq(note), audit_published::published_us.eq(now));
    if diesel::update(audit_published::table).set(values).execute(conn)? == 0 {
        diesel::insert_into(audit_published::table).values((audit_published::id.eq(1), values)).execute(conn)?;
    }
    Ok(())
}

/// Gives out none for now.
pub(in crate::audit) fn take_back(conn: &mut Conn) -> QueryResult<()> {
    diesel::delete(audit_published::table).execute(conn).map(drop)
}
