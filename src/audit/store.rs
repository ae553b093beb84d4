//! Writing entries and reading them back.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use sha2::{Digest, Sha256};

use super::entry::{Area, Entry, Event};
use crate::access::{FactBits, Facts, Filter, Permit, Thing, actions, kinds};
use crate::context::{Ctx, Moment};
use crate::db::schema::{audit_entries, audit_head};
use crate::db::{Backend, Conn};
use crate::error::AppError;
use crate::ids::{EntryId, PartyId, PersonId, RoomId};

/// Separates these commitments from every other use of SHA-256.
const DOMAIN: &[u8] = b"incamera/audit-entry/v1\0";
/// The largest payload, in bytes; the column has the same limit.
const PAYLOAD_MAX: usize = 4096;

/// What the commitment covers, in this order.
#[derive(serde::Serialize)]
struct Committed<'a> {
    seq: i64,
    id: &'a EntryId,
    at_us: i64,
    event: Event,
    #[serde(flatten)]
    payload: &'a super::entry::Payload,
}

fn commitment(salt: &[u8], payload: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(salt);
    hash.update(payload.as_bytes());
    hash.finalize().to_vec()
}

/// An entry in its place, ready to be appended.
#[derive(Debug)]
pub(crate) struct Row {
    seq: i64,
    id: EntryId,
    minute: i64,
    commitment: Vec<u8>,
    payload: String,
    salt: Vec<u8>,
    at_us: Moment,
    event: Event,
    area: Area,
    actor_id: Option<PersonId>,
    owner_party: Option<PartyId>,
    room_id: Option<RoomId>,
    thing_id: Option<String>,
}

impl Row {
    /// `entry` as the one with number `seq`.
    ///
    /// # Errors
    /// `LogUnavailable` when it is larger than entries may be, or there is no randomness.
    pub(crate) fn new(ctx: &Ctx, seq: i64, entry: Entry) -> Result<Self, AppError> {
        let id = EntryId::new(ctx)?;
        let payload = serde_json::to_string(&Committed {
            seq,
            id: &id,
            at_us: ctx.now.0,
            event: entry.event,
            payload: &entry.payload,
        })
        .map_err(AppError::log_unavailable)?;
        if payload.len() > PAYLOAD_MAX {
            return Err(AppError::log_unavailable("an entry is larger than entries may be"));
        }
        let salt = ctx.random::<32>()?;
        Ok(Self {
            seq,
            id,
            minute: ctx.now.minute(),
            commitment: commitment(&salt, &payload),
            payload,
            salt: salt.to_vec(),
            at_us: ctx.now,
            event: entry.event,
            area: entry.event.area(),
            actor_id: entry.payload.actor,
            owner_party: entry.payload.owner_party,
            room_id: entry.payload.room,
            thing_id: entry.payload.thing.map(super::entry::Subject::into_id),
        })
    }

    pub(crate) const fn id(&self) -> &EntryId {
        &self.id
    }
}

/// One statement for all of them, whose text depends only on how many there are: so it is prepared once
/// for each number, which diesel's own batch insert would not be.
struct Append<'a>(&'a [Row]);

impl QueryId for Append<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Backend> for Append<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO audit_entries (seq, id, minute, commitment, payload, salt, at_us, event, area, actor_id, owner_party, room_id, thing_id) VALUES ",
        );
        for (number, row) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { "(" } else { ", (" });
            out.push_bind_param::<BigInt, _>(&row.seq)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.id)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&row.minute)?;
            out.push_sql(", ");
            out.push_bind_param::<Binary, _>(&row.commitment)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.payload)?;
            out.push_sql(", ");
            out.push_bind_param::<Binary, _>(&row.salt)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&row.at_us)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.event)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.area)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.actor_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.owner_party)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.room_id)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.thing_id)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl RunQueryDsl<Conn> for Append<'_> {}

/// Appends entries. The caller holds the head's lock and stores the new size with [`store_head`] before it
/// commits.
///
/// # Errors
/// The database's: the transaction must then be rolled back.
pub(crate) fn append(conn: &mut Conn, rows: &[Row]) -> QueryResult<()> {
    Append(rows).execute(conn).map(drop)
}

/// Records the size of the log.
///
/// # Errors
/// The database's.
pub(crate) fn store_head(conn: &mut Conn, size: i64) -> QueryResult<()> {
    diesel::update(audit_head::table).set(audit_head::size.eq(size)).execute(conn).map(drop)
}

/// An entry as its readers see it.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = audit_entries)]
pub struct LoggedEntry {
    /// Its place in the log.
    pub seq: i64,
    /// Its id.
    pub id: EntryId,
    /// What the commitment covers, as JSON; `None` once erased.
    pub payload: Option<String>,
    /// The commitment.
    pub commitment: Vec<u8>,
}

impl Thing for LoggedEntry {
    type Kind = kinds::Entry;
    type Id = EntryId;
    fn find(conn: &mut Conn, id: &EntryId, facts: Facts) -> QueryResult<Option<(Self, FactBits)>> {
        audit_entries::table.filter(audit_entries::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// What a reader of the log asks for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Only this event.
    pub event: Option<Event>,
    /// Only what this person did.
    pub actor: Option<PersonId>,
    /// Only what is about the thing with this id.
    pub thing: Option<String>,
    /// Only what was done in this room.
    pub room: Option<RoomId>,
    /// Only from this moment on.
    pub from: Option<Moment>,
    /// Only before this moment.
    pub until: Option<Moment>,
}

/// Those that the filter lets through, newest first, behind the entry `after`, which the asker may read:
/// the place of another would tell that it is there.
pub(super) fn page(
    conn: &mut Conn,
    filter: Filter<actions::ReadEntry>,
    wanted: &Wanted,
    after: Option<&Permit<actions::ReadEntry, LoggedEntry>>,
    limit: i64,
) -> QueryResult<Vec<LoggedEntry>> {
    let mut query =
        audit_entries::table.filter(filter.condition()).order(audit_entries::seq.desc()).limit(limit).into_boxed();
    if let Some(after) = after {
        query = query.filter(audit_entries::seq.lt(after.thing().seq));
    }
    if let Some(event) = wanted.event {
        query = query.filter(audit_entries::event.eq(event));
    }
    if let Some(actor) = &wanted.actor {
        query = query.filter(audit_entries::actor_id.eq(actor.clone()));
    }
    if let Some(thing) = &wanted.thing {
        query = query.filter(audit_entries::thing_id.eq(thing.clone()));
    }
    if let Some(room) = &wanted.room {
        query = query.filter(audit_entries::room_id.eq(room.clone()));
    }
    if let Some(from) = wanted.from {
        query = query.filter(audit_entries::at_us.ge(from));
    }
    if let Some(until) = wanted.until {
        query = query.filter(audit_entries::at_us.lt(until));
    }
    query.select(LoggedEntry::as_select()).load(conn)
}

/// An entry with all its columns.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
struct Kept {
    seq: i64,
    id: EntryId,
    minute: i64,
    commitment: Vec<u8>,
    payload: Option<String>,
    salt: Option<Vec<u8>>,
    at_us: Option<Moment>,
    event: Option<Event>,
    area: Option<Area>,
    actor_id: Option<String>,
    owner_party: Option<String>,
    room_id: Option<String>,
    thing_id: Option<String>,
}

/// Reads the whole log and checks it: no gap, every payload still what was committed to, every column what
/// the payload says or, once erased, empty, the head's size right. Answers the number of entries and of
/// those erased; `progress` is told after each thousand.
///
/// # Errors
/// The first thing found wrong, in words; or the database's.
pub fn verify(conn: &mut Conn, progress: &mut dyn FnMut(i64)) -> Result<(i64, i64), AppError> {
    let size = audit_head::table.select(audit_head::size).first::<i64>(conn)?;
    let (mut expected, mut erased) = (0, 0);
    loop {
        let rows: Vec<Kept> = audit_entries::table
            .filter(audit_entries::seq.ge(expected))
            .order(audit_entries::seq)
            .limit(1000)
            .select(Kept::as_select())
            .load(conn)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != expected {
                return Err(AppError::internal(format!("entry {expected} is missing")));
            }
            let agrees = if let (Some(payload), Some(salt)) = (&row.payload, &row.salt) {
                if commitment(salt, payload) != row.commitment {
                    return Err(AppError::internal(format!("entry {expected} is not what was committed to")));
                }
                row.agrees_with(payload)
            } else {
                erased += 1;
                row.is_empty()
            };
            if !agrees {
                return Err(AppError::internal(format!(
                    "the columns of entry {expected} differ from what was committed to"
                )));
            }
            expected += 1;
        }
        progress(expected);
    }
    if size == expected {
        Ok((size, erased))
    } else {
        Err(AppError::internal(format!("the log has {expected} entries, its head says {size}")))
    }
}

impl Kept {
    /// Whether the columns say what the payload says: who may read an entry is decided by them.
    fn agrees_with(&self, payload: &str) -> bool {
        let Ok(said) = serde_json::from_str::<serde_json::Value>(payload) else { return false };
        let text = |pointer: &str| said.pointer(pointer).and_then(serde_json::Value::as_str);
        let number = |pointer: &str| said.pointer(pointer).and_then(serde_json::Value::as_i64);
        number("/seq") == Some(self.seq)
            && text("/id") == Some(self.id.as_str())
            && number("/at_us") == self.at_us.map(|at| at.0)
            && self.at_us.map(Moment::minute) == Some(self.minute)
            && text("/event") == self.event.map(Event::as_str)
            && self.event.map(Event::area) == self.area
            && text("/actor") == self.actor_id.as_deref()
            && text("/owner_party") == self.owner_party.as_deref()
            && text("/room") == self.room_id.as_deref()
            && text("/thing/id") == self.thing_id.as_deref()
    }

    /// Whether an erasure left nothing behind.
    fn is_empty(&self) -> bool {
        self.payload.is_none()
            && self.salt.is_none()
            && self.at_us.is_none()
            && self.event.is_none()
            && self.area.is_none()
            && [&self.actor_id, &self.owner_party, &self.room_id, &self.thing_id].iter().all(|column| column.is_none())
    }
}

/// Gives every entry that is not erased to `each`, oldest first, as it was committed to.
///
/// # Errors
/// The database's, or those of `each`.
pub fn export(conn: &mut Conn, each: &mut dyn FnMut(&str) -> Result<(), AppError>) -> Result<(), AppError> {
    let mut next = 0;
    loop {
        let rows: Vec<(i64, Option<String>)> = audit_entries::table
            .filter(audit_entries::seq.ge(next))
            .order(audit_entries::seq)
            .limit(1000)
            .select((audit_entries::seq, audit_entries::payload))
            .load(conn)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        next = last.saturating_add(1);
        for payload in rows.iter().filter_map(|(_, payload)| payload.as_deref()) {
            each(payload)?;
        }
    }
}
