//! What a witness has cosigned last, a file a log: the note with the log's signature and the witness's own. A file is
//! replaced at once and durably, so that a crash leaves the old or the new, and whoever reads it sees one of the two.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Refusal;
use crate::audit::model::note::Note;
use crate::context::Moment;
use crate::error::AppError;
use crate::settings::files;

/// The folder of what was cosigned. One process holds it at a time.
pub struct Book {
    folder: PathBuf,
    /// One checkpoint at a time is compared with the last and put in its place.
    turn: Mutex<()>,
    _held: File,
}

/// The hash by which a log is named in addresses, hex.
pub(super) fn hash(origin: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(origin))
}

impl Book {
    /// Takes hold of the folder; makes it where it is none yet.
    ///
    /// # Errors
    /// When another process holds it, or it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, AppError> {
        let refuse = |why: String| AppError::internal(format!("{}: {why}", folder.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| refuse(error.to_string()))?;
        let held = files::lock(&folder.join("lock")).map_err(|error| refuse(error.to_string()))?;
        let held = held.ok_or_else(|| refuse("another process holds it: a witness runs already".into()))?;
        Ok(Self { folder: folder.into(), turn: Mutex::new(()), _held: held })
    }

    fn path(&self, origin: &str) -> PathBuf {
        self.folder.join(hash(origin)).with_extension("checkpoint")
    }

    /// Judges what may follow the last note of a log, and puts it in its place. What `judge` answers beside the new
    /// note leaves this only once the note is durable.
    pub(super) fn turn<T>(
        &self,
        origin: &str,
        judge: impl FnOnce(Option<Note>) -> Result<(Note, T), Refusal>,
    ) -> Result<T, Refusal> {
        // After a panic the file is still the old or the new one.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.last(origin).map_err(Refusal::Broken)?;
        let last = last.map(|text| {
            Note::parse(&text).ok_or_else(|| Refusal::Broken(AppError::internal("a file of the book holds no note")))
        });
        let (note, answer) = judge(last.transpose()?)?;
        let written = files::replace(&self.path(origin), note.to_string().as_bytes());
        written.map_err(|error| Refusal::Broken(AppError::internal(error)))?;
        drop(turn);
        Ok(answer)
    }

    /// The last note of a log.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last(&self, origin: &str) -> Result<Option<String>, AppError> {
        match fs::read_to_string(self.path(origin)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AppError::internal(error)),
        }
    }

    /// Leaves behind what was cosigned of a log, for a reason that is kept with it, so that the log may begin anew.
    /// Answers the file in which both stand; nothing when none was cosigned.
    ///
    /// # Errors
    /// When that file cannot be made.
    pub fn forget(&self, origin: &str, reason: &str, now: Moment) -> Result<Option<PathBuf>, AppError> {
        let Some(last) = self.last(origin)? else { return Ok(None) };
        let left = self.folder.join(format!("{}.left-{}", hash(origin), now.seconds()));
        let text = format!("Left behind on {}: {reason}\n\n{last}", now.rfc3339());
        files::create_private(&left, text.as_bytes()).map_err(AppError::internal)?;
        fs::remove_file(self.path(origin)).map_err(AppError::internal)?;
        files::sync_folder_of(&left).map_err(AppError::internal)?;
        Ok(Some(left))
    }
}
