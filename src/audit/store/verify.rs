//! Reading the whole log: to check it, to give it out, and once to put a log from before the tree into one.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::rows;
use super::tree::{self, Head};
use crate::audit::model::rows::Rows;
use crate::audit::model::tiles::{HEIGHT, WIDTH};
use crate::audit::model::tree::{Frontier, Hash, root_of};
use crate::audit::model::{Area, Event, Fields, Leaf};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{audit_bindings, audit_entries, audit_tiles};
use crate::error::AppError;
use crate::ids::EntryId;

/// Entries read at a time.
const AT_A_TIME: i64 = 1024;

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

type Each<'a, T> = &'a mut dyn FnMut(&mut Conn, T) -> Result<(), AppError>;

/// Gives the entries to `each`, oldest first, some at a time.
fn pages(conn: &mut Conn, each: Each<'_, Vec<Kept>>) -> Result<(), AppError> {
    let mut next = 0;
    loop {
        let rows: Vec<Kept> = audit_entries::table
            .filter(audit_entries::seq.ge(next))
            .order(audit_entries::seq)
            .limit(AT_A_TIME)
            .select(Kept::as_select())
            .load(conn)?;
        let Some(last) = rows.last() else { return Ok(()) };
        next = last.seq.saturating_add(1);
        each(conn, rows)?;
    }
}

/// Gives the entries to `each`, oldest first.
fn walk(conn: &mut Conn, each: Each<'_, Kept>) -> Result<(), AppError> {
    pages(conn, &mut |conn, rows| rows.into_iter().try_for_each(|row| each(conn, row)))
}

/// Reads the whole log and checks it: no gap, every payload still what was committed to, every column what
/// the payload says or, once erased, empty; the tree and its tiles those of the entries, the head theirs.
/// Answers the number of entries and of those erased; `progress` is told how far it is.
///
/// # Errors
/// The first thing found wrong, in words; or the database's.
pub fn verify(conn: &mut Conn, progress: &mut dyn FnMut(i64)) -> Result<(i64, i64), AppError> {
    let (mut expected, mut erased, mut bound) = (0, 0, 0);
    let mut tree = Checked::default();
    walk(conn, &mut |conn, row| {
        if row.seq != expected {
            return Err(AppError::internal(format!("entry {expected} is missing")));
        }
        let agrees = if let (Some(payload), Some(salt)) = (&row.payload, &row.salt) {
            let fields = Fields::parse(payload).map_err(AppError::internal)?;
            if fields.commitment(salt)[..] != row.commitment || fields.text() != *payload {
                return Err(AppError::internal(format!("entry {expected} is not what was committed to")));
            }
            // Those of an entry that tells of none are missing in the sum, below.
            let said = said_of_rows(payload);
            let bindings = if said.is_null() { Vec::new() } else { rows::of(conn, row.seq)? };
            bound += i64::try_from(bindings.len()).map_err(AppError::internal)?;
            if said != serde_json::to_value(Rows::of(&bindings)).map_err(AppError::internal)? {
                return Err(AppError::internal(format!(
                    "the rows bound to entry {expected} are not those it tells of"
                )));
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
        tree.take(conn, &row)?;
        expected += 1;
        if expected % AT_A_TIME == 0 {
            progress(expected);
        }
        Ok(())
    })?;
    tree.end(conn, expected)?;
    if audit_bindings::table.count().get_result::<i64>(conn)? != bound {
        return Err(AppError::internal("there are bindings that are no entry's"));
    }
    Ok((expected, erased))
}

/// What an entry says of its rows.
fn said_of_rows(payload: &str) -> serde_json::Value {
    let mut said: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    said.get_mut("rows").map_or(serde_json::Value::Null, serde_json::Value::take)
}

/// The tree as its entries have it, held against what is kept of it.
#[derive(Default)]
struct Checked {
    head: Frontier,
    /// Of each level, the hashes of the tile that is not full yet.
    open: Vec<Vec<Hash>>,
    tiles: i64,
}

impl Checked {
    fn take(&mut self, conn: &mut Conn, row: &Kept) -> Result<(), AppError> {
        let leaf = tree::leaf(row.seq, row.minute, &row.commitment);
        let hash = leaf.ok_or_else(|| AppError::internal(format!("entry {} is no leaf", row.seq)))?.hash();
        self.head.push(hash);
        let (mut level, mut hash) = (0_u8, hash);
        loop {
            if self.open.len() <= usize::from(level) {
                self.open.push(Vec::new());
            }
            let Some(tile) = self.open.get_mut(usize::from(level)) else { return Ok(()) };
            tile.push(hash);
            if u64::try_from(tile.len()) != Ok(WIDTH) {
                return Ok(());
            }
            let full = std::mem::take(tile);
            let shift = u32::from(level).saturating_add(1).saturating_mul(HEIGHT);
            let place = self.head.size().checked_shr(shift).unwrap_or_default().saturating_sub(1);
            hash = root_of(&full);
            if tree::full(conn, level, place)? != Some((full.as_flattened().to_vec(), hash.to_vec())) {
                return Err(AppError::internal(format!("tile {place} of level {level} is not that of its entries")));
            }
            self.tiles = self.tiles.saturating_add(1);
            level = level.saturating_add(1);
        }
    }

    fn end(self, conn: &mut Conn, size: i64) -> Result<(), AppError> {
        let (said, frontier) = tree::said(conn)?;
        if said != size {
            return Err(AppError::internal(format!("the log has {size} entries, its head says {said}")));
        }
        if frontier.unwrap_or_default() != self.head.bytes() {
            return Err(AppError::internal("the head of the tree is not that of its entries"));
        }
        if audit_tiles::table.count().get_result::<i64>(conn)? == self.tiles {
            Ok(())
        } else {
            Err(AppError::internal("there are tiles that are not of the tree"))
        }
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
    walk(conn, &mut |_, row| row.payload.as_deref().map_or(Ok(()), &mut *each))
}

/// Puts the entries of a log from before the tree into one: each is checked against its old commitment and
/// committed to anew, field by field. Nothing was signed before, so nothing is taken back; of an entry that was
/// erased, the commitment stays. Answers how many there were; none when the log has its tree.
///
/// # Errors
/// When an entry is not what was committed to; the database's: the transaction must then be rolled back.
pub fn adopt(conn: &mut Conn) -> Result<i64, AppError> {
    let (size, frontier) = tree::said(conn)?;
    if size == 0 || frontier.is_some() {
        return Ok(0);
    }
    let mut head = Head::default();
    pages(conn, &mut |conn, rows| {
        let leaves = rows.iter().map(|row| commit_anew(conn, row)).collect::<Result<Vec<_>, _>>()?;
        tree::grow(conn, &mut head, leaves.into_iter())?;
        Ok(())
    })?;
    Ok(head.size())
}

fn commit_anew(conn: &mut Conn, row: &Kept) -> Result<Leaf, AppError> {
    let wrong = || AppError::internal(format!("entry {} is not what was committed to", row.seq));
    let mut commitment = row.commitment.clone();
    if let (Some(payload), Some(salt)) = (&row.payload, &row.salt) {
        let before = Sha256::new().chain_update(b"incamera/audit-entry/v1\0").chain_update(salt);
        if before.chain_update(payload).finalize()[..] != row.commitment {
            return Err(wrong());
        }
        commitment = Fields::parse(payload).map_err(AppError::internal)?.commitment(salt).to_vec();
        diesel::update(audit_entries::table.find(row.seq))
            .set(audit_entries::commitment.eq(&commitment))
            .execute(conn)?;
    }
    tree::leaf(row.seq, row.minute, &commitment).ok_or_else(wrong)
}
