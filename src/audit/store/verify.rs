//! Reading the whole log: to check it, to give it out, and once to put a log from before the tree into one.

use std::collections::BTreeMap;

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::kept::Kept;
use super::tree::{self, Head};
use crate::audit::model::erasure::Erased;
use crate::audit::model::tiles::{HEIGHT, WIDTH};
use crate::audit::model::tree::{Frontier, Hash, root_of};
use crate::audit::model::{Fields, Leaf};
use crate::db::Conn;
use crate::db::schema::{audit_bindings, audit_entries, audit_tiles};
use crate::error::AppError;

/// Entries read at a time.
const AT_A_TIME: i64 = 1024;

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
/// the payload says or, once erased, empty; every erasure one that an entry tells of; the tree and its tiles those of
/// the entries, the head theirs. Answers the number of entries and of those erased; `progress` is told how far it is.
///
/// # Errors
/// The first thing found wrong, in words; or the database's.
pub fn verify(conn: &mut Conn, progress: &mut dyn FnMut(i64)) -> Result<(i64, i64), AppError> {
    let (mut expected, mut erased, mut bound) = (0, 0, 0);
    let (mut tree, mut erasures) = (Checked::default(), BTreeMap::<i64, Erased>::new());
    walk(conn, &mut |conn, row| {
        if row.seq != expected {
            return Err(AppError::internal(format!("entry {expected} is missing")));
        }
        let said = row.said(conn)?;
        bound += said.rows;
        if row.payload.is_none() {
            erased += 1;
            let by = row.erased_by;
            let by = by.ok_or_else(|| {
                AppError::internal(format!("entry {expected} was erased, and no entry tells of that"))
            })?;
            erasures.entry(by).or_default().take(row.seq, &row.commitment);
        }
        // What it erased came before it: all of that was seen.
        if let Some((count, digest)) = said.erased {
            let found = erasures.remove(&row.seq).unwrap_or_default();
            if i64::try_from(found.count) != Ok(count) || found.digest() != digest {
                return Err(AppError::internal(format!("entry {expected} tells of other erasures than there were")));
            }
        }
        tree.take(conn, &row)?;
        expected += 1;
        if expected % AT_A_TIME == 0 {
            progress(expected);
        }
        Ok(())
    })?;
    if let Some(by) = erasures.keys().next() {
        return Err(AppError::internal(format!("entries were erased, and entry {by} does not tell of that")));
    }
    tree.end(conn, expected)?;
    if audit_bindings::table.count().get_result::<i64>(conn)? != bound {
        return Err(AppError::internal("there are bindings that are no entry's"));
    }
    Ok((expected, erased))
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
