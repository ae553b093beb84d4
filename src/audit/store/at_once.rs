//! Appending in one statement: what is a transaction of five trips otherwise is one.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};

use super::entries::{INSERT, Row};
use super::tree::Head;
use crate::audit::model::tiles::WIDTH;
use crate::db::Conn;
use crate::db::dialect::{self, Which};
use crate::ids::{PartyId, PersonId, RoomId};

/// Whether the database can. SQLite, where no statement is a trip, has none that changes two tables.
pub(crate) fn can_append_at_once(conn: &Conn) -> bool {
    dialect::which(conn) == Which::Postgres
}

/// The end of the log before and after, and the entries column by column: so the statement has the same text for any
/// number of them, and is prepared once.
struct AtOnce<'a> {
    sizes: [i64; 2],
    frontiers: [Vec<u8>; 2],
    seqs: Vec<i64>,
    ids: Vec<&'a str>,
    minutes: Vec<i64>,
    commitments: Vec<&'a [u8]>,
    payloads: Vec<&'a str>,
    salts: Vec<&'a [u8]>,
    at_us: Vec<i64>,
    events: Vec<&'static str>,
    areas: Vec<&'static str>,
    actors: Vec<Option<&'a str>>,
    owners: Vec<Option<&'a str>>,
    rooms: Vec<Option<&'a str>>,
    things: Vec<Option<&'a str>>,
}

impl QueryId for AtOnce<'_> {
    type QueryId = AtOnce<'static>;
}

impl QueryFragment<Pg> for AtOnce<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let ([size, next_size], [frontier, next_frontier]) = (&self.sizes, &self.frontiers);
        out.push_sql("WITH head AS (SELECT id FROM audit_head WHERE size = ");
        out.push_bind_param::<BigInt, i64>(size)?;
        out.push_sql(" AND frontier = ");
        out.push_bind_param::<Binary, Vec<u8>>(frontier)?;
        out.push_sql(" AND NOT EXISTS (SELECT 1 FROM audit_touched) FOR UPDATE SKIP LOCKED), ");
        out.push_sql("moved AS (UPDATE audit_head SET size = ");
        out.push_bind_param::<BigInt, i64>(next_size)?;
        out.push_sql(", frontier = ");
        out.push_bind_param::<Binary, Vec<u8>>(next_frontier)?;
        out.push_sql(" FROM head WHERE audit_head.id = head.id RETURNING audit_head.id) ");
        out.push_sql(INSERT);
        out.push_sql(" SELECT e.* FROM moved, unnest(");
        out.push_bind_param::<Array<BigInt>, _>(&self.seqs)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.minutes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.commitments)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.payloads)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.salts)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.at_us)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.events)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.areas)?;
        for column in [&self.actors, &self.owners, &self.rooms, &self.things] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<Text>>, _>(column)?;
        }
        out.push_sql(") AS e");
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for AtOnce<'_> {}

/// Appends entries, none of which binds rows, behind `head`: in a transaction that the statement itself is, and durable
/// once this returns. Answers the new end of the log; nothing when nothing was done: the log ends elsewhere by now, rows
/// were changed past the server, or a tile of the tree fills, which takes more than that; or another holds the head's
/// lock, which is waited for in a transaction, so that whoever comes meanwhile shares the commit.
///
/// # Errors
/// The database's. Then it may have been done all the same.
pub(crate) fn append_at_once(conn: &mut Conn, head: &Head, rows: &[Row]) -> QueryResult<Option<Head>> {
    let mut next = head.clone();
    next.extend(rows.iter().map(Row::leaf));
    let fills = |size: u64| size / WIDTH;
    let Some(conn) = dialect::postgres(conn).filter(|_| fills(head.tree().size()) == fills(next.tree().size())) else {
        return Ok(None);
    };
    let text = |of: fn(&Row) -> &str| rows.iter().map(of).collect();
    let statement = AtOnce {
        sizes: [head.size(), next.size()],
        frontiers: [head.tree().bytes(), next.tree().bytes()],
        seqs: rows.iter().map(|row| row.seq).collect(),
        ids: text(|row| row.id().as_str()),
        minutes: rows.iter().map(|row| row.minute).collect(),
        commitments: rows.iter().map(|row| &row.commitment[..]).collect(),
        payloads: text(|row| &row.payload),
        salts: rows.iter().map(|row| &row.entry.salt[..]).collect(),
        at_us: rows.iter().map(|row| row.at_us.0).collect(),
        events: rows.iter().map(|row| row.entry.event.as_str()).collect(),
        areas: rows.iter().map(|row| row.area.as_str()).collect(),
        actors: rows.iter().map(|row| row.entry.payload.actor.as_ref().map(PersonId::as_str)).collect(),
        owners: rows.iter().map(|row| row.entry.payload.owner_party.as_ref().map(PartyId::as_str)).collect(),
        rooms: rows.iter().map(|row| row.entry.payload.room.as_ref().map(RoomId::as_str)).collect(),
        things: rows.iter().map(|row| row.thing_id.as_deref()).collect(),
    };
    Ok((statement.execute(conn)? > 0).then_some(next))
}
