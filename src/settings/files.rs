//! Files that only their owner may read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes `path` with mode 0600 and writes `content` durably.
///
/// # Errors
/// When it exists already, or cannot be written.
pub fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Reads a secret; refuses one that others can read too.
///
/// # Errors
/// When it cannot be read, or its mode gives anything to group or others.
pub fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{}: others may read it (mode {:o}); set mode 600", path.display(), mode & 0o777),
        ));
    }
    fs::read(path)
}
