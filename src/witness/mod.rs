//! A witness of logs (<https://c2sp.org/tlog-witness>): what a State runs on a machine of its own to make sure that
//! a log shows everybody the same. It sees how many entries a log has, and the root over them; never an entry. It
//! cosigns a checkpoint only if the log goes on from what it has cosigned before, and remembers that durably before
//! it answers.
//!
//! It needs nothing of the server but its listener, and nothing of the log but the formats of `audit::model`.

mod book;
mod listen;

use std::fs;
use std::path::Path;
use std::sync::Arc;

pub use book::Book;
pub use listen::start;

use crate::audit::model::note::{Checkpoint, Kind, Line, Note, Signed, Signer, Verifier};
use crate::audit::model::policy::{self, Policy};
use crate::audit::model::tree::{self, Hash};
use crate::audit::model::witnessing::Submission;
use crate::context::Clock;
use crate::error::AppError;
use crate::settings::{WitnessSettings, files};

/// A witness.
pub struct Witness {
    signer: Signer,
    logs: Vec<Verifier>,
    book: Book,
    clock: Arc<dyn Clock>,
}

/// Why a checkpoint is not cosigned. The statuses are those of the specification.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// 400.
    #[error("this is not what add-checkpoint takes")]
    Malformed,
    /// 404.
    #[error("this log is not witnessed here")]
    UnknownLog,
    /// 403.
    #[error("not signed by a key of this log, or not rightly")]
    Unsigned,
    /// 409, with the size that was cosigned last.
    #[error("another size was cosigned last")]
    Conflict(u64),
    /// 422.
    #[error("this does not follow from what was cosigned last")]
    Inconsistent,
    /// 500: nothing was cosigned.
    #[error("this witness cannot read or keep what it has cosigned")]
    Broken(AppError),
}

impl Refusal {
    const fn status(&self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::UnknownLog => 404,
            Self::Unsigned => 403,
            Self::Conflict(_) => 409,
            Self::Inconsistent => 422,
            Self::Broken(_) => 500,
        }
    }
}

impl Witness {
    /// Reads key and logs, and takes hold of what was cosigned.
    ///
    /// # Errors
    /// When one of them cannot be used, or another process holds the last.
    pub fn open(settings: &WitnessSettings, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        let refuse =
            |path: &Path, why: &dyn std::fmt::Display| AppError::internal(format!("{}: {why}", path.display()));
        let path = settings.path(&settings.witness.key);
        let text = files::read_private(&path).map_err(|error| refuse(&path, &error))?;
        let signer = std::str::from_utf8(&text).ok().and_then(|text| Signer::parse(text, Kind::Witness));
        let signer = signer.ok_or_else(|| refuse(&path, &"no key of a witness"))?;
        let path = settings.path(&settings.witness.logs);
        let logs = fs::read(&path).map_err(|error| refuse(&path, &error))?;
        let Policy { logs, .. } = Policy::parse(&logs).map_err(|error| refuse(&path, &error))?;
        let book = Book::open(&settings.path(&settings.witness.seen))?;
        Ok(Self { signer, logs, book, clock })
    }

    /// The public key, by which others know what this witness has cosigned.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        self.signer.verifier()
    }

    /// Cosigns a checkpoint that goes on from the last of its log; it is durable before this returns. Answers the
    /// line.
    ///
    /// # Errors
    /// Why it is not cosigned.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<String, Refusal> {
        let submission = std::str::from_utf8(body).ok().and_then(Submission::parse).ok_or(Refusal::Malformed)?;
        let log = self.known(&submission)?;
        self.book.turn(&submission.checkpoint.origin, |last| {
            let last = last.map(|note| self.own(&note)).transpose()?;
            if let Err(refusal) = follows(&submission, last.as_ref()) {
                if matches!(refusal, Refusal::Inconsistent) {
                    // It may be the proof that the log shows others another history: it is kept whole.
                    tracing::error!(submitted = %submission, last = ?last.map(|last| last.text()), "a checkpoint does not follow from what was cosigned");
                }
                return Err(refusal);
            }
            let seconds = self.clock.now().seconds().unsigned_abs();
            let line = self.signer.sign(&submission.note.text, seconds);
            let text = submission.note.text.clone();
            let note = Note { text, lines: log.into_iter().chain([line.clone()]).collect() };
            tracing::info!(log = %submission.checkpoint.origin, size = submission.checkpoint.size, "cosigned");
            Ok((note, line.to_string()))
        })
    }

    /// What was cosigned last of the log whose origin has this hash (hex), with the signatures of log and witness.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn checkpoint(&self, origin_hash: &str) -> Result<Option<String>, AppError> {
        let known = self.logs.iter().find(|log| book::hash(&log.name) == origin_hash);
        known.map_or(Ok(None), |log| self.book.last(&log.name))
    }

    /// The signatures of the log that are right: at least one, and none of its known keys that is not.
    fn known(&self, submission: &Submission) -> Result<Vec<Line>, Refusal> {
        let keys: Vec<&Verifier> = self.logs.iter().filter(|log| log.name == submission.checkpoint.origin).collect();
        if keys.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        if keys.iter().any(|key| submission.note.signed(key) == Signed::Wrong) {
            return Err(Refusal::Unsigned);
        }
        let by_log = submission.note.lines.iter().filter(|line| keys.iter().any(|key| line.is_by(key)));
        let lines: Vec<_> = by_log.cloned().collect();
        if lines.is_empty() { Err(Refusal::Unsigned) } else { Ok(lines) }
    }

    /// The checkpoint of a note in the book. One that this witness has not cosigned was put there by somebody else.
    fn own(&self, note: &Note) -> Result<Checkpoint, Refusal> {
        let own = policy::is_dated(note.signed(self.verifier()));
        Checkpoint::parse(&note.text)
            .filter(|_| own)
            .ok_or_else(|| Refusal::Broken(AppError::internal("a note of the book is not cosigned by this witness")))
    }
}

/// Whether a checkpoint may follow the last, in the order in which the specification has it checked.
fn follows(submission: &Submission, last: Option<&Checkpoint>) -> Result<(), Refusal> {
    let Submission { old, proof, checkpoint, .. } = submission;
    if *old > checkpoint.size {
        return Err(Refusal::Malformed);
    }
    let empty: Hash = tree::root_of(&[]);
    let (size, root) = last.map_or((0, empty), |last| (last.size, last.root));
    if *old != size {
        return Err(Refusal::Conflict(size));
    }
    if checkpoint.size == 0 && checkpoint.root != empty {
        return Err(Refusal::Inconsistent);
    }
    if tree::is_consistent(size, &root, checkpoint.size, &checkpoint.root, proof) {
        Ok(())
    } else {
        Err(Refusal::Inconsistent)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::model::tree::{Frontier, Nodes, leaf_hash};
    use crate::context::{Ctx, Moment, ShiftedClock, SystemEntropy};

    const ORIGIN: &str = "log.example/audit";

    fn key(name: &str, kind: Kind) -> Signer {
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        Signer::parse(&Signer::generate(name, kind, &ctx).unwrap(), kind).unwrap()
    }

    /// A log of so many leaves, each its number and what history it is of.
    #[derive(Clone, Copy)]
    struct History(u8);

    impl History {
        fn leaf(self, index: u64) -> Hash {
            // Two histories part after the fifth leaf.
            leaf_hash(&[&index.to_be_bytes()[..], &[if index < 5 { 0 } else { self.0 }]].concat())
        }

        fn checkpoint(self, size: u64) -> Checkpoint {
            let mut tree = Frontier::default();
            (0..size).for_each(|index| tree.push(self.leaf(index)));
            Checkpoint { origin: ORIGIN.into(), size, root: tree.root() }
        }
    }

    impl Nodes for History {
        type Error = ();
        fn node(&mut self, level: u32, index: u64) -> Result<Hash, ()> {
            let mut tree = Frontier::default();
            ((index << level)..(index + 1) << level).for_each(|index| tree.push(self.leaf(index)));
            Ok(tree.root())
        }
    }

    struct Stage {
        folder: tempfile::TempDir,
        log: Signer,
        witness: Witness,
    }

    impl Stage {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let log = key(ORIGIN, Kind::Log);
            let witness = Self::witness(folder.path(), &log, key("w.example", Kind::Witness));
            Self { folder, log, witness }
        }

        fn witness(folder: &Path, log: &Signer, signer: Signer) -> Witness {
            let (logs, book) = (vec![log.verifier().clone()], Book::open(folder).unwrap());
            Witness { signer, logs, book, clock: Arc::new(ShiftedClock::default()) }
        }

        fn submission(&self, history: History, old: u64, size: u64) -> Submission {
            let checkpoint = history.checkpoint(size);
            let text = checkpoint.text();
            let note = Note { lines: vec![self.log.sign(&text, 0)], text };
            let proof = tree::consistency(&mut { history }, old, size).unwrap();
            Submission { old, proof, note, checkpoint }
        }

        fn ask(&self, submission: &Submission) -> Result<String, u16> {
            self.witness.add_checkpoint(submission.to_string().as_bytes()).map_err(|refusal| refusal.status())
        }

        /// Asks; fails unless the answer is a right cosignature.
        #[track_caller]
        fn cosigned(&self, submission: &Submission) {
            let lines = self.ask(submission).unwrap();
            let note = Note::parse(&format!("{}\n{lines}", submission.note.text)).unwrap();
            assert!(policy::is_dated(note.signed(self.witness.verifier())));
            // And is what the witness says from then on.
            let kept = self.witness.checkpoint(&book::hash(ORIGIN)).unwrap().unwrap();
            let kept = Note::parse(&kept).unwrap();
            assert_eq!(kept.text, submission.note.text);
            assert_eq!(kept.signed(self.log.verifier()), Signed::Yes);
            assert!(policy::is_dated(kept.signed(self.witness.verifier())));
        }
    }

    #[test]
    fn what_goes_on_is_cosigned() {
        let stage = Stage::new();
        assert_eq!(stage.witness.checkpoint(&book::hash(ORIGIN)).unwrap(), None);
        for (old, size) in [(0, 0), (0, 3), (3, 3), (3, 4), (4, 13), (13, 13), (13, 600)] {
            stage.cosigned(&stage.submission(History(1), old, size));
        }
        assert_eq!(stage.witness.checkpoint(&book::hash("other")).unwrap(), None);
        assert_eq!(stage.witness.checkpoint("../lock").unwrap(), None);
    }

    #[test]
    fn what_does_not_is_refused_with_the_status_of_the_specification() {
        let stage = Stage::new();
        let good = |old, size| stage.submission(History(1), old, size);
        let resigned = |checkpoint: Checkpoint, old| {
            let text = checkpoint.text();
            let note = Note { lines: vec![stage.log.sign(&text, 0)], text };
            Submission { old, proof: Vec::new(), note, checkpoint }
        };
        let with_lines = |lines: Vec<Line>, old, size| {
            let submission = good(old, size);
            Submission { note: Note { lines, ..submission.note.clone() }, ..submission }
        };
        let stranger = key(ORIGIN, Kind::Log);
        let text = good(0, 9).note.text;
        let hash = [7; 32];
        // The empty tree has one root.
        assert_eq!(stage.ask(&resigned(Checkpoint { root: hash, ..History(1).checkpoint(0) }, 0)), Err(422));
        // A proof from nothing is empty.
        assert_eq!(stage.ask(&Submission { proof: vec![hash], ..good(0, 9) }), Err(422));
        assert_eq!(stage.ask(&good(3, 9)), Err(409), "nothing was cosigned yet");
        stage.cosigned(&good(0, 9));
        let other_log = Checkpoint { origin: "other.example".into(), ..History(1).checkpoint(12) };
        for (what, submission, status) in [
            ("a log that is not known", resigned(other_log, 9), 404),
            ("a key that is not known", with_lines(vec![stranger.sign(&good(9, 12).note.text, 0)], 9, 12), 403),
            ("a signature over something else", with_lines(vec![stage.log.sign(&text, 0)], 9, 12), 403),
            (
                "a right signature beside one that is not",
                with_lines(vec![stage.log.sign(&good(9, 12).note.text, 0), stage.log.sign(&text, 0)], 9, 12),
                403,
            ),
            ("an old size beyond the new", good(13, 12), 400),
            ("one set back", good(9, 5), 400),
            ("one set back that says so", good(4, 5), 409),
            ("a gap", good(10, 12), 409),
            ("the beginning once more", good(0, 12), 409),
            ("another history", stage.submission(History(2), 9, 12), 422),
            ("another history of the same size", stage.submission(History(2), 9, 9), 422),
            ("no proof", Submission { proof: Vec::new(), ..good(9, 12) }, 422),
            ("a proof from elsewhere", Submission { proof: good(8, 12).proof, ..good(9, 12) }, 422),
            ("a proof and more", Submission { proof: [good(9, 12).proof, vec![hash]].concat(), ..good(9, 12) }, 422),
            ("a proof of nothing", Submission { proof: vec![hash], ..good(9, 9) }, 422),
        ] {
            assert_eq!(stage.ask(&submission), Err(status), "{what}");
        }
        for (what, body) in [
            ("nothing", Vec::new()),
            ("no text", vec![0xff, 0xfe]),
            ("no old size", good(9, 12).to_string().replacen("old 9\n", "", 1).into_bytes()),
            ("a size with a zero in front", good(9, 12).to_string().replacen("old 9", "old 09", 1).into_bytes()),
            ("the checkpoint alone", good(9, 12).note.to_string().into_bytes()),
            ("too many lines", Submission { proof: vec![hash; 64], ..good(9, 12) }.to_string().into_bytes()),
            ("no signature", good(9, 12).to_string().split('—').next().unwrap().as_bytes().to_vec()),
            ("another end of lines", good(9, 12).to_string().replace('\n', "\r\n").into_bytes()),
        ] {
            assert_eq!(stage.witness.add_checkpoint(&body).map_err(|refusal| refusal.status()), Err(400), "{what}");
        }
        // None of it has changed anything; a signature of an unknown key is no harm beside a right one.
        let mut beside = good(9, 12);
        beside.note.lines.insert(0, stranger.sign(&beside.note.text, 0));
        stage.cosigned(&beside);
        let kept = stage.witness.checkpoint(&book::hash(ORIGIN)).unwrap().unwrap();
        assert_eq!(kept.matches('—').count(), 2, "what strangers have signed is not passed on");
    }

    #[test]
    fn a_conflict_tells_the_size() {
        let stage = Stage::new();
        stage.cosigned(&stage.submission(History(1), 0, 9));
        let refusal = stage.witness.add_checkpoint(stage.submission(History(1), 3, 12).to_string().as_bytes());
        assert!(matches!(refusal, Err(Refusal::Conflict(9))));
    }

    /// Two histories at the same time, again and again: never are both cosigned.
    #[test]
    fn of_two_at_the_same_time_one_is_compared_with_the_other() {
        let cosigned = (0..50).map(|_| {
            let stage = Stage::new();
            let submissions = [1, 2].map(|history| stage.submission(History(history), 0, 9));
            let together = std::sync::Barrier::new(2);
            let ask = |submission: &Submission| {
                together.wait();
                stage.ask(submission).is_ok()
            };
            std::thread::scope(|scope| {
                let other = scope.spawn(|| ask(&submissions[1]));
                usize::from(ask(&submissions[0])) + usize::from(other.join().unwrap())
            })
        });
        assert!(cosigned.into_iter().all(|count| count == 1));
    }

    #[test]
    fn what_was_cosigned_outlives_the_process() {
        let Stage { folder, log, witness } = Stage::new();
        let stage = Stage { folder, log, witness };
        stage.cosigned(&stage.submission(History(1), 0, 9));
        assert!(Book::open(stage.folder.path()).is_err(), "two do not witness side by side");
        let Stage { folder, log, witness } = stage;
        let Witness { signer, book, .. } = witness;
        drop(book);
        // As after a crash while a file was written.
        let file = folder.path().join(book::hash(ORIGIN)).with_extension("new");
        fs::write(&file, "old 1").unwrap();
        let witness = Stage::witness(folder.path(), &log, signer);
        let stage = Stage { folder, log, witness };
        assert_eq!(stage.ask(&stage.submission(History(2), 0, 12)), Err(409));
        assert_eq!(stage.ask(&stage.submission(History(2), 9, 12)), Err(422));
        stage.cosigned(&stage.submission(History(1), 9, 12));
        // Whoever puts another note there, or breaks it, gets nothing cosigned.
        let file = file.with_extension("checkpoint");
        for text in [stage.submission(History(2), 0, 12).note.to_string(), "old 1".into(), String::new()] {
            fs::write(&file, text).unwrap();
            assert_eq!(stage.ask(&stage.submission(History(1), 12, 13)), Err(500));
        }
        // Nor does anybody where it cannot be kept.
        fs::remove_dir_all(stage.folder.path()).unwrap();
        assert_eq!(stage.ask(&stage.submission(History(1), 0, 12)), Err(500));
    }

    #[test]
    fn a_history_is_left_behind_with_the_reason() {
        let Stage { folder, log, witness } = Stage::new();
        let stage = Stage { folder, log, witness };
        assert!(stage.witness.book.forget(ORIGIN, "why", Moment(0)).unwrap().is_none());
        stage.cosigned(&stage.submission(History(1), 0, 9));
        let left = stage.witness.book.forget(ORIGIN, "the disk was lost", Moment(0)).unwrap().unwrap();
        let text = fs::read_to_string(left).unwrap();
        assert!(text.starts_with("Left behind on 1970-01-01T00:00:00Z: the disk was lost\n\n"), "{text}");
        assert!(text.contains(&stage.submission(History(1), 0, 9).note.text));
        assert_eq!(stage.ask(&stage.submission(History(2), 9, 12)), Err(409), "it begins anew");
        stage.cosigned(&stage.submission(History(2), 0, 12));
    }
}
