//! The rows of rooms from before they had keys.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::context::Moment;
use crate::db::fragment::{Fragment, Statement};
use crate::db::schema::{note_versions, notes, room_epochs, rooms};
use crate::db::{Conn, dialect};
use crate::ids::RoomId;
use crate::rooms::store::SealedVersion;
use crate::seal::Sealed;

/// A room from before rooms had keys, its title, and when it was opened.
pub(super) fn without_epoch(conn: &mut Conn) -> QueryResult<Option<(RoomId, Sealed, Moment)>> {
    let begun = room_epochs::table.filter(room_epochs::room_id.eq(rooms::id));
    rooms::table
        .filter(diesel::dsl::not(diesel::dsl::exists(begun)))
        .order((rooms::opened_us, rooms::id))
        .select((rooms::id, rooms::title, rooms::opened_us))
        .first(conn)
        .optional()
}

pub(super) fn count_without_epoch(conn: &mut Conn) -> QueryResult<usize> {
    let begun = room_epochs::table.filter(room_epochs::room_id.eq(rooms::id));
    let count: i64 = rooms::table.filter(diesel::dsl::not(diesel::dsl::exists(begun))).count().get_result(conn)?;
    Ok(usize::try_from(count).unwrap_or_default())
}

pub(super) fn replace_title(conn: &mut Conn, room: &RoomId, title: &Sealed) -> QueryResult<()> {
    diesel::update(rooms::table.find(room)).set(rooms::title.eq(title)).execute(conn).map(drop)
}

/// Every version of every note of a room from before rooms had keys.
pub(super) fn versions_before(conn: &mut Conn, room: &RoomId) -> QueryResult<Vec<SealedVersion>> {
    note_versions::table
        .inner_join(notes::table)
        .filter(notes::room_id.eq(room))
        .order((note_versions::note_id, note_versions::version))
        .select(SealedVersion::as_select())
        .load(conn)
}

/// Puts the sealed texts of a version in the place of the plain ones.
pub(super) fn replace_version(conn: &mut Conn, row: &SealedVersion) -> QueryResult<()> {
    diesel::update(note_versions::table.find((&row.note_id, row.version)))
        .set((
            note_versions::title.eq(&row.title),
            note_versions::words.eq(&row.words),
            note_versions::handling_words.eq(&row.handling_words),
        ))
        .execute(conn)
        .map(drop)
}

/// How many texts that belong to rooms are as they were typed.
pub(super) fn plain_texts(conn: &mut Conn) -> QueryResult<i64> {
    let mut sql = Fragment::new();
    for (place, (from, column)) in [
        ("rooms", "title"),
        ("note_versions", "title"),
        ("note_versions", "words"),
        ("note_versions", "handling_words"),
        ("case_versions", "fiche"),
        ("agenda_items JOIN sessions ON sessions.id = session_id AND room_id IS NOT NULL", "words"),
    ]
    .into_iter()
    .enumerate()
    {
        let table = from.split(' ').next().unwrap_or(from);
        let hex = dialect::hex(dialect::which(conn), &format!("{table}.{column}"));
        sql.sql(if place == 0 { "SELECT " } else { " + " });
        sql.sql(format!("(SELECT COUNT(*) FROM {from} WHERE {hex} LIKE '00%')"));
    }
    Ok(Statement::<BigInt>::new(sql).load::<i64>(conn)?.into_iter().sum())
}
