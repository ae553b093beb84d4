//! For the operator's command: whether the pieces of files are those that their rows are bound to. It takes no key.

use sha2::{Digest, Sha256};

use super::store;
use crate::db::Conn;
use crate::error::AppError;

/// Says of each file of which a piece was changed, taken away or put in that it was.
///
/// # Errors
/// The database's.
pub fn files(conn: &mut Conn) -> Result<Vec<String>, AppError> {
    let mut found = Vec::new();
    for (id, pieces, digest) in store::digests(conn)? {
        let (mut there, mut hash) = (0, Sha256::new());
        while let Some(sealed) = store::piece_at_rest(conn, &id, there)? {
            hash.update(&sealed);
            there = i64::saturating_add(there, 1);
        }
        if there != pieces || hash.finalize()[..] != digest {
            found.push(format!("file {id}: what it holds is not what was kept"));
        }
    }
    Ok(found)
}
