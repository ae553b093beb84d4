//! Key files: 32 random bytes as hex, a line each, newest first, mode 0600. An older line still verifies
//! what was made under it; removing the line ends that.

use std::path::Path;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::context::Ctx;
use crate::error::AppError;
use crate::settings::files;

/// The keys of a file, newest first.
pub struct KeyFile(Vec<Zeroizing<[u8; 32]>>);

impl KeyFile {
    /// Makes a file with one new key.
    ///
    /// # Errors
    /// When it exists already or cannot be written.
    pub fn create(path: &Path, ctx: &Ctx) -> Result<(), AppError> {
        let key = Zeroizing::new(ctx.random::<32>()?);
        let line = Zeroizing::new(HEXLOWER.encode(key.as_slice()) + "\n");
        files::create_private(path, line.as_bytes()).map_err(AppError::internal)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When others may read it too, it holds no key, or a line is not one.
    pub fn read(path: &Path) -> Result<Self, AppError> {
        let refuse = |why: &str| AppError::internal(format!("{}: {why}", path.display()));
        let text = Zeroizing::new(files::read_private(path).map_err(|error| refuse(&error.to_string()))?);
        let mut keys = Vec::new();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let bytes = Zeroizing::new(HEXLOWER.decode(line).map_err(|_not_hex| refuse("a line is not a key"))?);
            let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_length| refuse("a line is not a key"))?;
            keys.push(Zeroizing::new(key));
        }
        if keys.is_empty() { Err(refuse("holds no key")) } else { Ok(Self(keys)) }
    }

    /// Keys that a test makes up.
    #[cfg(test)]
    pub(crate) fn of(keys: &[[u8; 32]]) -> Self {
        Self(keys.iter().map(|key| Zeroizing::new(*key)).collect())
    }

    /// The key that new things are made under.
    #[must_use]
    pub fn newest(&self) -> &[u8; 32] {
        // A key file always holds a key; an all-zero one could not come from `read`.
        self.0.first().map_or(&[0; 32], |key| key)
    }

    /// All keys, newest first.
    pub fn all(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.0.iter().map(|key| &**key)
    }
}
