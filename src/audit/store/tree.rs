//! The tree in the database. Only two things of it are kept: the frontier, which appending takes, and tiles
//! once they are full. What is not in a full tile follows from at most 255 rows a level.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::access::{Permit, TheNetwork, actions};
use crate::audit::model::tiles::{HEIGHT, Resource, Tile, WIDTH};
use crate::audit::model::tree::{Frontier, Hash, Nodes, root_of};
use crate::audit::model::{Commitment, Leaf};
use crate::db::Conn;
use crate::db::schema::{audit_entries, audit_head, audit_tiles};
use crate::error::AppError;

/// The end of the log at which the next entry is appended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    tree: Frontier,
    /// Rows were changed since the last commit, and not by the server.
    strays: bool,
}

impl Head {
    /// As the head's row says.
    ///
    /// # Errors
    /// When its parts do not belong together, as in a database whose tree was not built yet.
    pub(crate) fn new(size: i64, frontier: Option<&[u8]>, strays: bool) -> Result<Self, AppError> {
        let tree = u64::try_from(size).ok().and_then(|size| Frontier::new(size, frontier.unwrap_or_default()));
        let tree = tree.ok_or_else(|| AppError::log_unavailable("the log's head is not that of its tree"))?;
        Ok(Self { tree, strays })
    }

    /// Whether rows were changed since the last commit, and not by the server.
    pub(crate) const fn has_strays(&self) -> bool {
        self.strays
    }

    /// The number of entries.
    pub(crate) fn size(&self) -> i64 {
        i64::try_from(self.tree.size()).unwrap_or(i64::MAX)
    }

    /// Moves it behind these leaves.
    pub(super) fn extend(&mut self, leaves: impl Iterator<Item = Leaf>) {
        leaves.for_each(|leaf| self.tree.push(leaf.hash()));
    }

    /// The tree that ends there.
    pub(crate) const fn tree(&self) -> &Frontier {
        &self.tree
    }
}

/// What the head's row says: the size, and the frontier if there is one yet.
pub(super) fn said(conn: &mut Conn) -> QueryResult<(i64, Option<Vec<u8>>)> {
    audit_head::table.select((audit_head::size, audit_head::frontier)).first(conn)
}

/// The head as this transaction sees it.
pub(in crate::audit) fn head(conn: &mut Conn) -> Result<Head, AppError> {
    let (size, frontier) = said(conn)?;
    Head::new(size, frontier.as_deref(), false)
}

/// Puts leaves, whose entries are inserted already, into the tree. Answers how many statements that took.
pub(super) fn grow(conn: &mut Conn, head: &mut Head, leaves: impl Iterator<Item = Leaf>) -> QueryResult<u64> {
    let mut statements = 1_u64;
    for leaf in leaves {
        head.tree.push(leaf.hash());
        if head.tree.size().is_multiple_of(WIDTH) {
            statements = statements.saturating_add(fill(conn, head.tree.size())?);
        }
    }
    diesel::update(audit_head::table)
        .set((audit_head::size.eq(head.size()), audit_head::frontier.eq(head.tree.bytes())))
        .execute(conn)?;
    Ok(statements)
}

/// Keeps the tiles that the leaf before `size` has filled.
fn fill(conn: &mut Conn, size: u64) -> QueryResult<u64> {
    let (mut level, mut hashes, mut statements) = (0, size, 0_u64);
    while hashes > 0 && hashes.is_multiple_of(WIDTH) {
        hashes /= WIDTH;
        let place = hashes.saturating_sub(1);
        let tile = gather(conn, level, place, WIDTH)?;
        diesel::insert_into(audit_tiles::table)
            .values((
                audit_tiles::level.eq(i64::from(level)),
                audit_tiles::place.eq(number(place)),
                audit_tiles::hashes.eq(tile.as_flattened()),
                audit_tiles::root.eq(&root_of(&tile)[..]),
            ))
            .execute(conn)?;
        statements = statements.saturating_add(2);
        level = level.saturating_add(1);
    }
    Ok(statements)
}

/// Records a size alone: for a commit that must write something and yet change nothing.
///
/// # Errors
/// The database's.
pub(crate) fn store_size(conn: &mut Conn, size: i64) -> QueryResult<()> {
    diesel::update(audit_head::table).set(audit_head::size.eq(size)).execute(conn).map(drop)
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The leaves of the entries from number `first` on, at most `count`.
fn leaves(conn: &mut Conn, first: u64, count: u64) -> QueryResult<Vec<Leaf>> {
    let rows: Vec<(i64, i64, Vec<u8>)> = audit_entries::table
        .filter(audit_entries::seq.ge(number(first)))
        .filter(audit_entries::seq.lt(number(first.saturating_add(count))))
        .order(audit_entries::seq)
        .select((audit_entries::seq, audit_entries::minute, audit_entries::commitment))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(seq, minute, commitment)| leaf(seq, minute, &commitment)).collect())
}

/// A leaf of what the columns of an entry say; nothing when they cannot be an entry's.
pub(super) fn leaf(seq: i64, minute: i64, commitment: &[u8]) -> Option<Leaf> {
    let commitment = Commitment::try_from(commitment).ok()?;
    Some(Leaf { seq: seq.try_into().ok()?, minute: minute.try_into().ok()?, commitment })
}

/// The first hashes of a tile, from what they follow from.
fn gather(conn: &mut Conn, level: u8, place: u64, width: u64) -> QueryResult<Vec<Hash>> {
    let first = place.saturating_mul(WIDTH);
    let Some(below) = level.checked_sub(1) else {
        return Ok(leaves(conn, first, width)?.iter().map(Leaf::hash).collect());
    };
    let roots: Vec<Vec<u8>> = audit_tiles::table
        .filter(audit_tiles::level.eq(i64::from(below)))
        .filter(audit_tiles::place.ge(number(first)))
        .filter(audit_tiles::place.lt(number(first.saturating_add(width))))
        .order(audit_tiles::place)
        .select(audit_tiles::root)
        .load(conn)?;
    Ok(roots.into_iter().filter_map(|root| root.try_into().ok()).collect())
}

/// A full tile, if it is kept.
pub(super) fn full(conn: &mut Conn, level: u8, place: u64) -> QueryResult<Option<(Vec<u8>, Vec<u8>)>> {
    audit_tiles::table
        .find((i64::from(level), number(place)))
        .select((audit_tiles::hashes, audit_tiles::root))
        .first(conn)
        .optional()
}

/// The bytes of a tile or of a bundle of entries; nothing when not all of it is there.
///
/// # Errors
/// The database's.
pub(in crate::audit) fn read(
    conn: &mut Conn,
    _: &Permit<actions::CheckLog, TheNetwork>,
    tile: &Tile,
) -> QueryResult<Option<Vec<u8>>> {
    let (count, bytes) = match tile.resource {
        Resource::Entries => {
            let leaves = leaves(conn, tile.index.saturating_mul(WIDTH), tile.width)?;
            let length = u16::try_from(Leaf::LENGTH).unwrap_or(u16::MAX).to_be_bytes();
            (leaves.len(), leaves.iter().flat_map(|leaf| [&length[..], &leaf.bytes()].concat()).collect())
        }
        Resource::Hashes(level) => {
            let hashes = hashes(conn, level, tile.index, tile.width)?;
            (hashes.len(), hashes.into_flattened())
        }
    };
    Ok((u64::try_from(count) == Ok(tile.width)).then_some(bytes))
}

/// The first hashes of a tile.
fn hashes(conn: &mut Conn, level: u8, place: u64, width: u64) -> QueryResult<Vec<Hash>> {
    match full(conn, level, place)? {
        Some((kept, _)) => {
            let wanted = usize::try_from(width).unwrap_or(usize::MAX);
            Ok(kept.as_chunks().0.iter().take(wanted).copied().collect())
        }
        None => gather(conn, level, place, width),
    }
}

/// The hashes of the tree's first `size` leaves, read tile by tile.
pub(in crate::audit) struct StoredTree<'a> {
    conn: &'a mut Conn,
    size: u64,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl<'a> StoredTree<'a> {
    pub(in crate::audit) fn new(conn: &'a mut Conn, size: u64) -> Self {
        Self { conn, size, tiles: HashMap::new() }
    }
}

impl Nodes for StoredTree<'_> {
    type Error = AppError;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, AppError> {
        let absent = || AppError::internal(format!("a hash of the tree is missing: level {level}, number {index}"));
        let tile_level = u8::try_from(level / HEIGHT).map_err(AppError::internal)?;
        let within = level % HEIGHT;
        let first = index.checked_shl(within).ok_or_else(absent)?;
        let place = first / WIDTH;
        let tile = match self.tiles.entry((tile_level, place)) {
            std::collections::hash_map::Entry::Occupied(kept) => kept.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let there = self.size.checked_shr(u32::from(tile_level).saturating_mul(HEIGHT)).unwrap_or_default();
                let width = there.saturating_sub(place.saturating_mul(WIDTH)).min(WIDTH);
                free.insert(hashes(self.conn, tile_level, place, width)?)
            }
        };
        let begin = usize::try_from(first % WIDTH).map_err(AppError::internal)?;
        let count = 1_usize.checked_shl(within).ok_or_else(absent)?;
        tile.get(begin..begin.saturating_add(count)).map(root_of).ok_or_else(absent)
    }
}
