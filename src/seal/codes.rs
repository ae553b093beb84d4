//! Authentication codes of rows, under a key that is not in the database: whoever writes rows past the server can
//! give them none, and what has none is refused where it would be used (decision 19).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::keyfile::KeyFile;
use super::secret::SecretKey;
use crate::context::Ctx;
use crate::error::AppError;
use crate::settings::Settings;

/// The key file in `identity.keys`.
const ROWS_KEY: &str = "rows.key";
const CODE: &[u8] = b"incamera/row-code/v1\0";
const NAME: &[u8] = b"incamera/row-key-name/v1\0";
const KEEPER: &[u8] = b"incamera/keeper/v1\0";

/// How many refused rows are remembered, so that each is told of once. Whoever can write rows could make any number.
const MOST_TOLD: usize = 10_000;

/// Characters of a refused row's key that are told. Those of the server's own rows are shorter.
const LONGEST_KEY: usize = 80;

type HmacSha256 = Hmac<Sha256>;

/// The keys of rows: the newest makes codes, each holds for what was made under it. And the rows that were refused, to
/// be told of.
pub struct RowCodes {
    keys: Vec<(String, HmacSha256)>,
    keeper: SecretKey,
    refused: Mutex<Refused>,
}

#[derive(Default)]
struct Refused {
    told: BTreeSet<String>,
    waiting: Vec<String>,
}

/// A row as it was read: its code, and the text that the code is made over.
#[derive(Clone, Copy, Debug)]
pub struct Coded<'a> {
    /// Its table.
    pub table: &'a str,
    /// Its key.
    pub key: &'a str,
    /// `kid:code`; empty when there is none.
    pub code: &'a str,
    /// The row, and whatever else decides what it gives.
    pub text: &'a str,
}

impl RowCodes {
    /// Reads the key file.
    ///
    /// # Errors
    /// When it is missing, holds no key, or can be read by others.
    pub fn open(settings: &Settings) -> Result<Arc<Self>, AppError> {
        Self::read(&settings.path(&settings.identity.keys).join(ROWS_KEY))
    }

    /// Makes the key file; leaves one that is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create_key(settings: &Settings, ctx: &Ctx) -> Result<(), AppError> {
        let path = settings.path(&settings.identity.keys).join(ROWS_KEY);
        if path.exists() { Ok(()) } else { KeyFile::create(&path, ctx) }
    }

    /// Reads this key file.
    ///
    /// # Errors
    /// As [`RowCodes::open`].
    pub fn read(path: &Path) -> Result<Arc<Self>, AppError> {
        let file = KeyFile::read(path).map_err(|error| {
            let cause = error.cause().map(ToString::to_string).unwrap_or_default();
            AppError::internal(format!("{cause} (`incamera db migrate` makes the key of a database from before)"))
        })?;
        Self::new(&file).map(Arc::new)
    }

    /// Of these keys.
    ///
    /// # Errors
    /// Never, in fact: any length is a key of HMAC.
    pub fn new(file: &KeyFile) -> Result<Self, AppError> {
        let key = |bytes: &[u8; 32]| {
            let name = Sha256::new().chain_update(NAME).chain_update(bytes).finalize();
            let name = HEXLOWER.encode(name.get(..8).unwrap_or_default());
            HmacSha256::new_from_slice(bytes).map(|key| (name, key)).map_err(AppError::internal)
        };
        Ok(Self {
            keys: file.all().map(key).collect::<Result<_, _>>()?,
            keeper: SecretKey::derived(file, KEEPER)?,
            refused: Mutex::default(),
        })
    }

    /// What keeps a room's seed as long as nobody admitted has a key, and seals fiches (decision 23).
    #[must_use]
    pub const fn keeper(&self) -> &SecretKey {
        &self.keeper
    }

    /// The names of the keys, newest first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(name, _)| name.as_str())
    }

    /// The code of a row under the newest key: the key's name, and the code.
    ///
    /// # Errors
    /// Never, in fact: there is a key.
    pub fn make(&self, table: &str, key: &str, text: &str) -> Result<(&str, String), AppError> {
        let (name, mac) = self.keys.first().ok_or_else(|| AppError::internal("no key of rows"))?;
        let code = fed(mac.clone(), table, key, text).finalize().into_bytes();
        Ok((name, HEXLOWER.encode(&code)))
    }

    /// Whether a row has its code. Tells of none that has not.
    #[must_use]
    pub fn holds(&self, row: Coded<'_>) -> bool {
        let Some((name, code)) = row.code.split_once(':') else { return false };
        let Ok(code) = HEXLOWER.decode(code.as_bytes()) else { return false };
        self.keys
            .iter()
            .find(|(kid, _)| kid == name)
            .is_some_and(|(_, mac)| fed(mac.clone(), row.table, row.key, row.text).verify_slice(&code).is_ok())
    }

    /// As [`RowCodes::holds`], where the row would be used: one that has not its code is told of, in the diagnostics at
    /// once and in the log with the next entry.
    #[must_use]
    pub fn accept(&self, row: Coded<'_>) -> bool {
        let holds = self.holds(row);
        if !holds {
            // Whoever wrote the key may have made it longer than an entry can be.
            let key: String = row.key.chars().take(LONGEST_KEY).collect();
            let name = format!("{}/{key}/", row.table);
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if refused.told.len() < MOST_TOLD && refused.told.insert(name.clone()) {
                tracing::error!(row = name, "a row without its code was refused: it was changed past the server");
                refused.waiting.push(name);
            }
        }
        holds
    }

    /// The rows refused since the last call, to be logged.
    pub(crate) fn take_refused(&self) -> Vec<String> {
        std::mem::take(&mut self.refused.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }

    /// Whether there are any.
    pub(crate) fn has_refused(&self) -> bool {
        !self.refused.lock().unwrap_or_else(PoisonError::into_inner).waiting.is_empty()
    }

    /// Takes back what could not be logged.
    pub(crate) fn not_told(&self, rows: Vec<String>) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).waiting.extend(rows);
    }
}

/// The codes as one unit of work sees them: the acts that it has recorded itself get theirs only when it ends.
pub struct Known {
    codes: Arc<RowCodes>,
    own: Mutex<BTreeSet<String>>,
}

impl Known {
    /// Of a unit that has recorded nothing yet.
    #[must_use]
    pub fn new(codes: &Arc<RowCodes>) -> Arc<Self> {
        Arc::new(Self { codes: Arc::clone(codes), own: Mutex::default() })
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &Arc<RowCodes> {
        &self.codes
    }

    /// Says that the unit has recorded the act with this id, which it has made up: nobody else can have seen or touched
    /// it yet.
    pub fn record(&self, act: &str) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(act.to_owned());
    }

    /// As [`RowCodes::accept`]; the unit's own acts need no code.
    #[must_use]
    pub fn accept(&self, row: Coded<'_>) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).contains(row.key) || self.codes.accept(row)
    }
}

fn fed(mut mac: HmacSha256, table: &str, key: &str, text: &str) -> HmacSha256 {
    mac.update(CODE);
    for part in [table, key] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_of_one_row_under_one_key() {
        let codes = |keys: &[[u8; 32]]| RowCodes::new(&KeyFile::of(keys)).unwrap();
        let (old, both, new) = (codes(&[[7; 32]]), codes(&[[8; 32], [7; 32]]), codes(&[[8; 32]]));
        let (kid, code) = old.make("accounts", "a", "email:1:x;").unwrap();
        let code = format!("{kid}:{code}");
        let row = Coded { table: "accounts", key: "a", code: &code, text: "email:1:x;" };
        assert!(old.holds(row) && both.holds(row) && !new.holds(row));
        for wrong in [
            Coded { table: "passkeys", ..row },
            Coded { key: "b", ..row },
            Coded { text: "email:1:y;", ..row },
            Coded { code: "", ..row },
            Coded { code: code.get(..code.len() - 2).unwrap(), ..row },
            Coded { table: "account", key: "s\0a", ..row },
        ] {
            assert!(!both.holds(wrong), "{wrong:?}");
        }
        assert_ne!(both.make("accounts", "a", "x").unwrap(), old.make("accounts", "a", "x").unwrap());
    }

    #[test]
    fn a_units_own_acts_need_no_code_yet() {
        let codes = Arc::new(RowCodes::new(&KeyFile::of(&[[7; 32]])).unwrap());
        let row = Coded { table: "admissions", key: "a", code: "", text: "x" };
        let known = Known::new(&codes);
        known.record("a");
        assert!(known.accept(row) && !known.accept(Coded { key: "b", ..row }));
        assert!(!Known::new(&codes).accept(row));
    }

    #[test]
    fn what_is_refused_is_told_once() {
        let codes = RowCodes::new(&KeyFile::of(&[[7; 32]])).unwrap();
        let row = Coded { table: "accounts", key: "a", code: "", text: "x" };
        assert!(!codes.accept(row) && !codes.accept(row));
        assert_eq!(codes.take_refused(), ["accounts/a/"]);
        assert!(!codes.accept(row));
        assert!(codes.take_refused().is_empty());
    }
}
