//! The folder of a demo: what state it is in, and that nothing but a demo's own is ever deleted.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{DATABASE, SETTINGS, accounts};
use crate::cli::CliError;
use crate::settings::files;

/// Says that a folder is a demo's and whole.
const WHOLE: &str = "made-by-incamera-demo";
/// Says that it is a demo's, and that making it did not come to its end.
const UNFINISHED: &str = "made-by-incamera-demo.unfinished";
const WORDS: &str = "This folder was made by `incamera demo`, which deletes and makes it anew with --fresh.\n";

/// All that a demo makes, but for the marks. SQLite's own files beside the database come and go.
const MADE: [&str; 13] = [
    SETTINGS,
    "keys",
    "tls",
    "ca.pem",
    "log.pub",
    "log.checkpoint",
    "log.lock",
    "log.new",
    accounts::FILE,
    DATABASE,
    "incamera.db-journal",
    "incamera.db-wal",
    "incamera.db-shm",
];

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Empty,
    /// What a start left that did not come to its end.
    Half,
    /// A demo.
    Whole,
}

/// A folder that no other demo has in hand for as long as this lives.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder in hand; makes it where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let in_words = |error: std::io::Error| CliError::Other(format!("{}: {error}", path.display()));
        if !path.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(in_words)?;
        }
        let lock = File::open(path).map_err(in_words)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(CliError::Other(format!("{}: another demo uses this folder", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(in_words(error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What it holds; refuses a folder that holds something and that no demo has made.
    pub(super) fn found(&self) -> Result<Found, CliError> {
        if self.file(UNFINISHED).exists() {
            Ok(Found::Half)
        } else if self.file(WHOLE).exists() {
            Ok(Found::Whole)
        } else if fs::read_dir(&self.path)?.next().is_none() {
            Ok(Found::Empty)
        } else {
            Err(CliError::Other(format!(
                "{} holds something and was not made by the demo: nothing in it is touched. Choose another with --data",
                self.path.display()
            )))
        }
    }

    /// Deletes what a demo made: all of it, or nothing where something else lies there too.
    pub(super) fn clear(&self) -> Result<(), CliError> {
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if !MADE.iter().chain(&[WHOLE, UNFINISHED]).any(|made| name == *made) {
                return Err(CliError::Other(format!(
                    "{} holds {}, which the demo did not make: nothing was deleted. Move it away first",
                    self.path.display(),
                    name.display()
                )));
            }
        }
        // From here on the folder is not whole, wherever this ends; the mark goes last.
        if self.file(WHOLE).exists() {
            fs::rename(self.file(WHOLE), self.file(UNFINISHED))?;
        }
        for path in MADE.map(|name| self.file(name)) {
            match fs::symlink_metadata(&path) {
                Ok(data) if data.is_dir() => fs::remove_dir_all(&path)?,
                Ok(_) => fs::remove_file(&path)?,
                Err(_) => {}
            }
        }
        fs::remove_file(self.file(UNFINISHED))?;
        Ok(())
    }

    /// Marks the empty folder as one that is being made.
    pub(super) fn begin(&self) -> Result<(), CliError> {
        Ok(files::create_private(&self.file(UNFINISHED), WORDS.as_bytes())?)
    }

    /// Marks it as whole.
    pub(super) fn complete(&self) -> Result<(), CliError> {
        Ok(fs::rename(self.file(UNFINISHED), self.file(WHOLE))?)
    }
}
