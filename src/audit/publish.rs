//! Signing checkpoints. The key and the newest checkpoint signed are files outside the database: a database
//! that was set back or rewritten does not follow from that checkpoint, and is not signed.
//!
//! Commit points, in order: (1) the new checkpoint is durable in its file: from here on nothing that does not
//! follow from it is signed, whatever is read of the database; (2) it is in the database for its readers. A crash
//! between the two leaves a checkpoint that nobody was given, and the next one follows from it. Where the settings
//! name witnesses, they are asked between the two, and (2) waits for their quorum.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::model::note::{Checkpoint, Kind, Note, Signed, Signer, Verifier};
use super::model::tree;
use super::store::{self, StoredTree};
use super::witnesses::{Outcome, Witnesses};
use super::{Entry, Event};
use crate::db::{Db, Work};
use crate::error::AppError;
use crate::settings::{Settings, files};

/// What this node signs with, and where it keeps what it signed last.
pub struct Publisher {
    signer: Signer,
    file: PathBuf,
    witnesses: Option<Witnesses>,
    /// Whether enough witnesses have cosigned anything since this node was started.
    met: AtomicBool,
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
    /// It is signed, and not given out.
    #[error("a checkpoint over {0} entries is signed, and too few witnesses have cosigned it: the older one stays")]
    Unwitnessed(u64),
}

impl Publisher {
    /// Reads the key; nothing on a node that does not sign.
    ///
    /// # Errors
    /// When it cannot be read, others can read it too, or it is none; and when there is a policy that cannot be used.
    pub fn open(settings: &Settings) -> Result<Option<Arc<Self>>, AppError> {
        if !settings.audit.sign {
            return Ok(None);
        }
        let signer = signer(settings)?;
        let witnesses = Witnesses::open(settings, signer.verifier())?;
        let file = settings.path(&settings.audit.checkpoint);
        Ok(Some(Arc::new(Self { signer, file, witnesses, met: AtomicBool::new(false) })))
    }

    /// The public key of the log's key file.
    ///
    /// # Errors
    /// When it cannot be read, others can read it too, or it is none.
    pub fn public_key(settings: &Settings) -> Result<Verifier, AppError> {
        Ok(signer(settings)?.verifier().clone())
    }

    /// The public key by which checkpoints are verified.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        self.signer.verifier()
    }

    /// Signs what is new, if it follows from what was signed last, has it cosigned where there are witnesses, and gives it
    /// out. Answers the size of the checkpoint that was given out; nothing when there is nothing new. The first time, the
    /// witnesses are asked even then: a log that was set back together with its file does not look it from within.
    ///
    /// # Errors
    /// A [`Refusal`] as the cause, when it does not follow or too few have cosigned it; the database's, and those of
    /// files.
    pub async fn publish(self: &Arc<Self>, db: &Db) -> Result<Option<u64>, AppError> {
        // Held from reading the last checkpoint to the last answer about it: no two nodes sign, or ask, side by side.
        let Some(lock) = self.lock().map_err(AppError::internal)? else { return Ok(None) };
        let publisher = Arc::clone(self);
        let Some(checkpoint) = db.read(move |work| publisher.next(work)).await? else { return Ok(None) };
        let note = self.sign(&checkpoint);
        files::replace(&self.file, note.to_string().as_bytes()).map_err(AppError::internal)?;
        let size = checkpoint.size;
        let Outcome { note, witnesses, reached } = match &self.witnesses {
            Some(witnesses) => witnesses.cosign(db, note, &checkpoint).await?,
            None => Outcome { note, witnesses: Vec::new(), reached: true },
        };
        drop(lock);
        let witnessed = self.witnesses.is_some();
        let given = db
            .write(move |work| {
                let now = work.now;
                store::record(work.conn, &witnesses)?;
                // One that was slow does not take back a newer one; one of the same size may have more cosignatures.
                let newer = store::published(work.conn)?.is_none_or(|given| {
                    let given = given.size.unsigned_abs();
                    given < size || (given == size && witnessed)
                });
                if reached && newer {
                    store::publish(work.conn, number(size), &note.to_string(), now)?;
                }
                Ok(newer)
            })
            .await?;
        if !reached {
            return Err(AppError::internal(Refusal::Unwitnessed(size)));
        }
        self.met.store(true, Ordering::Relaxed);
        Ok(given.then_some(size))
    }

    /// Goes on signing although the log does not follow from what was signed last: after a backup was restored, say.
    /// An entry tells of it, with the reason and the checkpoint that is left behind, before anything is signed; whoever
    /// holds that checkpoint will find that the log does not follow from it, and this entry. Where there are witnesses, it
    /// is for them to cosign what was signed, or not, before it is given out. For the operator, on a server that does
    /// not run. Answers the size that was signed.
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
        let note = self.sign(&checkpoint).to_string();
        files::replace(&self.file, note.as_bytes()).map_err(AppError::internal)?;
        drop(lock);
        let (size, witnessed) = (checkpoint.size, self.is_witnessed());
        db.write_blocking(move |work| {
            let now = work.now;
            if !witnessed {
                return Ok(store::publish(work.conn, number(size), &note, now)?);
            }
            // What was given out stays so where the log still goes on from it.
            match store::published(work.conn)?.and_then(|given| Note::parse(&given.note)) {
                Some(given) if Self::begins_with(work, size, &given)? => Ok(()),
                _ => Ok(store::take_back(work.conn)?),
            }
        })?;
        Ok(size)
    }

    /// Whether checkpoints wait for witnesses before they are given out.
    #[must_use]
    pub const fn is_witnessed(&self) -> bool {
        self.witnesses.is_some()
    }

    /// Whether the tree over `size` entries begins with that of a checkpoint.
    fn begins_with(work: &mut Work<'_>, size: u64, note: &Note) -> Result<bool, AppError> {
        let Some(earlier) = Checkpoint::parse(&note.text).filter(|earlier| earlier.size <= size) else {
            return Ok(false);
        };
        Ok(tree::root(&mut StoredTree::new(work.conn, size), earlier.size)? == earlier.root)
    }

    fn sign(&self, checkpoint: &Checkpoint) -> Note {
        let text = checkpoint.text();
        Note { lines: vec![self.signer.sign(&text, 0)], text }
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
        files::lock(&self.file.with_extension("lock"))
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
        let unmet = self.is_witnessed() && !self.met.load(Ordering::Relaxed);
        Ok((new || unmet).then_some(now))
    }
}

fn signer(settings: &Settings) -> Result<Signer, AppError> {
    let path = settings.path(&settings.audit.key);
    let refuse = |why: &str| AppError::internal(format!("{}: {why}", path.display()));
    let text = files::read_private(&path)
        .map_err(|error| refuse(&format!("{error} (`incamera audit key` makes the log's key)")))?;
    let signer = std::str::from_utf8(&text).ok().and_then(|text| Signer::parse(text, Kind::Log));
    signer.ok_or_else(|| refuse("no key of a log"))
}

fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
