//! Signing checkpoints. The key and the newest checkpoint signed are files outside the database: a database
//! that was set back or rewritten does not follow from that checkpoint, and is not signed.
//!
//! Commit points, in order: (1) the new checkpoint is durable in its file: from here on nothing that does not
//! follow from it is signed, whatever is read of the database; (2) it is in the database for its readers. A crash
//! between the two leaves a checkpoint that nobody was given, and the next one follows from it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::model::note::{Checkpoint, Kind, Note, Signed, Signer, Verifier};
use super::model::tree;
use super::store::{self, StoredTree};
use super::{Entry, Event};
use crate::db::{Db, Work};
use crate::error::AppError;
use crate::settings::{Settings, files};

/// What this node signs with, and where it keeps what it signed last.
pub struct Publisher {
    signer: Signer,
    file: PathBuf,
}

/// Why nothing is signed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There are fewer entries than were signed for.
    #[error("the log has {found} entries, and a checkpoint over {signed} was signed: it was set back")]
    SetBack {
        /// Entries that there are.
        found: u64,
        /// Entries that were signed for.
        signed: u64,
    },
    /// Entries that were signed for are not what they were.
    #[error("the first {0} entries are not those that were signed for: the log was rewritten")]
    Rewritten(u64),
    /// The frontier, and so the next entries' tree, is not that of the tiles and entries.
    #[error("the head of the tree is not that of its entries: the log was rewritten")]
    Head,
    /// Checkpoints were given out, and the file of the newest is gone.
    #[error("{0} is gone, and checkpoints were given out")]
    Forgotten(PathBuf),
    /// The database has given out a checkpoint that this node's file does not know of.
    #[error("a checkpoint over {given} entries was given out, and {file} says {signed}")]
    Older {
        /// The file.
        file: PathBuf,
        /// Entries of the checkpoint given out.
        given: u64,
        /// Entries of the one in the file.
        signed: u64,
    },
    /// The file holds no checkpoint that this key has signed.
    #[error("{0} holds no checkpoint signed by this log's key")]
    Foreign(PathBuf),
}

impl Publisher {
    /// Reads the key; nothing on a node that does not sign.
    ///
    /// # Errors
    /// When it cannot be read, others can read it too, or it is none.
    pub fn open(settings: &Settings) -> Result<Option<Arc<Self>>, AppError> {
        if !settings.audit.sign {
            return Ok(None);
        }
        let path = settings.path(&settings.audit.key);
        let refuse = |why: &str| AppError::internal(format!("{}: {why}", path.display()));
        let text = files::read_private(&path)
            .map_err(|error| refuse(&format!("{error} (`incamera audit key` makes the log's key)")))?;
        let signer = std::str::from_utf8(&text).ok().and_then(|text| Signer::parse(text, Kind::Log));
        let signer = signer.ok_or_else(|| refuse("no key of a log"))?;
        Ok(Some(Arc::new(Self { signer, file: settings.path(&settings.audit.checkpoint) })))
    }

    /// The public key by which checkpoints are verified.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        self.signer.verifier()
    }

    /// Signs what is new, if it follows from what was signed last. Answers the new checkpoint's size; nothing when
    /// there is nothing new.
    ///
    /// # Errors
    /// A [`Refusal`] as the cause, when it does not follow; the database's, and those of files.
    pub async fn publish(self: &Arc<Self>, db: &Db) -> Result<Option<u64>, AppError> {
        // Held from reading the last checkpoint to replacing it: no two nodes sign side by side.
        let Some(lock) = self.lock().map_err(AppError::internal)? else { return Ok(None) };
        let publisher = Arc::clone(self);
        let Some(checkpoint) = db.read(move |work| publisher.next(work)).await? else { return Ok(None) };
        let note = self.sign(&checkpoint);
        replace(&self.file, note.as_bytes()).map_err(AppError::internal)?;
        drop(lock);
        let size = checkpoint.size;
        db.write(move |work| {
            let now = work.now;
            // One that was slow does not take back a newer one.
            let newer = store::published(work.conn)?.is_none_or(|given| given.size.unsigned_abs() < size);
            if newer {
                Ok(store::publish(work.conn, i64::try_from(size).unwrap_or(i64::MAX), &note, now)?)
            } else {
                Ok(())
            }
        })
        .await?;
        Ok(Some(size))
    }

    /// Goes on signing although the log does not follow from what was signed last: after a backup was restored, say.
    /// An entry tells of it, with the reason and the checkpoint that is left behind, before anything is signed; whoever
    /// holds that checkpoint will find that the log does not follow from it, and this entry. For the operator, on a
    /// server that does not run. Answers the size that was signed.
    ///
    /// # Errors
    /// When the tree is not that of the entries: then there is nothing to go on from; the database's, and those of files.
    pub fn resume(&self, db: &Db, reason: &str) -> Result<u64, AppError> {
        let lock = self.lock().map_err(AppError::internal)?;
        let lock = lock.ok_or_else(|| AppError::internal("another node signs: stop it first"))?;
        // A file that cannot be read, or is another key's, is left behind as one that is gone.
        let left = self.last().ok().flatten();
        let left = left.map(|last| format!("{} {}", last.size, data_encoding::BASE64.encode(&last.root)));
        let entry = Entry::new(Event::LogResumed).on("checkpoint", &left.unwrap_or_default()).purpose(reason);
        db.write_blocking(move |work| {
            work.log(entry);
            Ok(())
        })?;
        let checkpoint = db.write_blocking({
            let origin = self.verifier().name.clone();
            move |work| Self::head(work, origin)
        })?;
        let note = self.sign(&checkpoint);
        replace(&self.file, note.as_bytes()).map_err(AppError::internal)?;
        drop(lock);
        let size = checkpoint.size;
        db.write_blocking(move |work| {
            let now = work.now;
            Ok(store::publish(work.conn, i64::try_from(size).unwrap_or(i64::MAX), &note, now)?)
        })?;
        Ok(size)
    }

    fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        Note { lines: vec![self.signer.sign(&text, 0)], text }.to_string()
    }

    /// The checkpoint over all that there is, if the tree is that of the entries.
    fn head(work: &mut Work<'_>, origin: String) -> Result<Checkpoint, AppError> {
        let head = store::head(work.conn)?;
        let (size, root) = (head.tree().size(), head.tree().root());
        if tree::root(&mut StoredTree::new(work.conn, size), size)? == root {
            Ok(Checkpoint { origin, size, root })
        } else {
            Err(AppError::internal(Refusal::Head))
        }
    }

    /// Nothing while another node signs.
    fn lock(&self) -> io::Result<Option<File>> {
        let path = self.file.with_extension("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The checkpoint in the file.
    fn last(&self) -> Result<Option<Checkpoint>, AppError> {
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AppError::internal(error)),
        };
        let note = Note::parse(&text).filter(|note| note.signed(self.verifier()) == Signed::Yes);
        let checkpoint = note.and_then(|note| Checkpoint::parse(&note.text));
        checkpoint
            .filter(|checkpoint| checkpoint.origin == self.verifier().name)
            .map(Some)
            .ok_or_else(|| AppError::internal(Refusal::Foreign(self.file.clone())))
    }

    /// What is to be signed next, in one snapshot.
    fn next(&self, work: &mut Work<'_>) -> Result<Option<Checkpoint>, AppError> {
        let refuse = |refusal: Refusal| Err(AppError::internal(refusal));
        let given = store::published(work.conn)?.map(|given| given.size.unsigned_abs());
        let last = match (self.last()?, given) {
            (None, Some(_)) => return refuse(Refusal::Forgotten(self.file.clone())),
            (Some(last), Some(given)) if last.size < given => {
                return refuse(Refusal::Older { file: self.file.clone(), given, signed: last.size });
            }
            (last, _) => last,
        };
        let now = Self::head(work, self.verifier().name.clone())?;
        if let Some(last) = &last {
            if now.size < last.size {
                return refuse(Refusal::SetBack { found: now.size, signed: last.size });
            }
            let proof = tree::consistency(&mut StoredTree::new(work.conn, now.size), last.size, now.size)?;
            if !tree::is_consistent(last.size, &last.root, now.size, &now.root, &proof) {
                return refuse(Refusal::Rewritten(last.size));
            }
        }
        // Given out already, unless a crash came in between.
        let new = last.is_none_or(|last| last.size < now.size) || given.is_none_or(|given| given < now.size);
        Ok(new.then_some(now))
    }
}

/// Replaces a file durably and at once: a crash leaves the old or the new.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
