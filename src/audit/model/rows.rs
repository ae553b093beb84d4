//! How an entry commits to the rows that its change left.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::tree::Hash;

const ROW: &[u8] = b"incamera/row/v1\0";
const ROWS: &[u8] = b"incamera/rows/v1\0";

/// A row that was touched, as it is now.
#[derive(Clone, Debug)]
pub struct Touched {
    /// Its table.
    pub table: &'static str,
    /// The first column of its key.
    pub key: String,
    /// The second, if there is one.
    pub part: String,
    /// The row as one text (`db::bound`); nothing when it is gone.
    pub row: Option<String>,
}

/// What is kept of it.
#[derive(Clone, Debug)]
pub struct Binding {
    /// As of [`Touched`].
    pub table: String,
    /// As of [`Touched`].
    pub key: String,
    /// As of [`Touched`].
    pub part: String,
    /// Of all four under the entry's salt: alone, it tells nothing of the row.
    pub digest: Hash,
}

/// The digest of a row under an entry's salt. A row that is gone has one, too.
#[must_use]
pub fn digest(salt: &[u8], table: &str, key: &str, part: &str, row: Option<&str>) -> Hash {
    let mut hash = Sha256::new().chain_update(ROW).chain_update(salt);
    for text in [table, key, part] {
        hash = hash.chain_update(text).chain_update([0]);
    }
    match row {
        Some(row) => hash.chain_update([1]).chain_update(row),
        None => hash.chain_update([0]),
    }
    .finalize()
    .into()
}

impl Touched {
    /// What is kept of it beside an entry with this salt.
    #[must_use]
    pub fn bind(&self, salt: &[u8]) -> Binding {
        let digest = digest(salt, self.table, &self.key, &self.part, self.row.as_deref());
        Binding { table: self.table.to_owned(), key: self.key.clone(), part: self.part.clone(), digest }
    }
}

/// What an entry says of its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// How many.
    pub count: usize,
    /// The digest of their digests, hex.
    pub digest: String,
}

impl Rows {
    /// Of these, in any order; nothing for none.
    #[must_use]
    pub fn of(bindings: &[Binding]) -> Option<Self> {
        let mut digests: Vec<&Hash> = bindings.iter().map(|binding| &binding.digest).collect();
        digests.sort_unstable();
        let digest = digests.iter().fold(Sha256::new().chain_update(ROWS), Digest::chain_update).finalize();
        (!bindings.is_empty()).then(|| Self { count: bindings.len(), digest: data_encoding::HEXLOWER.encode(&digest) })
    }
}
