//! The witnesses of a log: each is asked to cosign what was signed, and only what as many have cosigned as the
//! policy wants is given out (<https://c2sp.org/tlog-witness>, <https://c2sp.org/tlog-policy>). So whoever runs the
//! server cannot show one State another log than the others, even together with the database and the key: the
//! witnesses, which States run, would have to help.

mod ask;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use self::ask::{Asked, Post, Url};
use super::model::note::{Checkpoint, Line, Note, Verifier};
use super::model::policy::{self, Policy};
use super::model::tree::{self, Hash};
use super::model::witnessing::{Submission, WitnessFault};
use super::store::{self, StoredTree, Witnessed};
use crate::context::Moment;
use crate::db::Db;
use crate::error::AppError;
use crate::server::tls;
use crate::settings::Settings;

/// The policy, and how its witnesses are asked.
pub(super) struct Witnesses {
    policy: Policy,
    /// Those that have an address.
    asked: Vec<Arc<Witness>>,
    tls: Arc<rustls::ClientConfig>,
    patience: Duration,
}

/// A witness that is asked.
struct Witness {
    name: String,
    key: Verifier,
    url: Url,
}

/// What came of asking.
pub(super) struct Outcome {
    /// The checkpoint with the cosignatures that are right.
    pub(super) note: Note,
    /// What each witness did.
    pub(super) witnesses: Vec<Witnessed>,
    /// Whether the policy's quorum holds.
    pub(super) reached: bool,
}

/// Why a policy cannot be used to publish by.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it names logs, and not this one")]
    OtherLogs,
    #[error("witness {0}: its address must begin with https://, with neither query nor name of a user")]
    Url(String),
    #[error("the quorum cannot be reached by the witnesses that have an address")]
    OutOfReach,
    #[error("audit.witness_ca: must name the authorities of the witnesses' certificates")]
    NoAuthorities,
}

impl Witnesses {
    /// As the settings say; nothing where they name no policy.
    pub(super) fn open(settings: &Settings, log: &Verifier) -> Result<Option<Self>, AppError> {
        if settings.audit.policy.as_os_str().is_empty() {
            return Ok(None);
        }
        let path = settings.path(&settings.audit.policy);
        let policy = Policy::parse(&read(&path)?).map_err(|error| refuse(&path, &error))?;
        if !policy.logs.is_empty() && !policy.logs.contains(log) {
            return Err(refuse(&path, &Unusable::OtherLogs));
        }
        let mut asked = Vec::new();
        for witness in &policy.witnesses {
            let Some(url) = &witness.url else { continue };
            let url = Url::parse(url).ok_or_else(|| refuse(&path, &Unusable::Url(witness.name.clone())))?;
            asked.push(Arc::new(Witness { name: witness.name.clone(), key: witness.key.clone(), url }));
        }
        if !policy.reached(|witness| witness.url.is_some()) {
            return Err(refuse(&path, &Unusable::OutOfReach));
        }
        if settings.audit.witness_ca.as_os_str().is_empty() {
            return Err(refuse(&path, &Unusable::NoAuthorities));
        }
        let authorities = settings.path(&settings.audit.witness_ca);
        let tls = tls::client(&read(&authorities)?)
            .map_err(|error| refuse(&authorities, &error.cause().map(ToString::to_string).unwrap_or_default()))?;
        let patience = Duration::from_secs(settings.audit.witness_seconds);
        Ok(Some(Self { policy, asked, tls: Arc::new(tls), patience }))
    }

    /// Asks all at once. Takes no longer than each is given, and the database.
    pub(super) async fn cosign(&self, db: &Db, note: Note, checkpoint: &Checkpoint) -> Result<Outcome, AppError> {
        let before = db.read(|work| Ok(store::witnesses(work.conn)?)).await?;
        let mut asking = JoinSet::new();
        for witness in &self.asked {
            let known = before.iter().find(|row| row.name == witness.name);
            let row = known.cloned().unwrap_or_else(|| unknown(&witness.name));
            let one = Asking {
                witness: Arc::clone(witness),
                db: db.clone(),
                post: Post::new(Arc::clone(&self.tls), self.patience),
                note: note.clone(),
                checkpoint: checkpoint.clone(),
            };
            asking.spawn(async move {
                let line = one.cosignature(row.size.unsigned_abs()).await;
                (row, line)
            });
        }
        let (mut note, mut witnesses) = (note, Vec::new());
        let now = db.ctx().now;
        while let Some(done) = asking.join_next().await {
            let (row, line) = done.map_err(AppError::internal)?;
            witnesses.push(told(row, checkpoint.size, &line, now));
            note.lines.extend(line.ok());
        }
        let reached = self.policy.check(&note).is_ok();
        Ok(Outcome { note, witnesses, reached })
    }
}

fn unknown(name: &str) -> Witnessed {
    Witnessed { name: name.to_owned(), asked: 0, size: 0, cosigned_us: None, fault: None }
}

/// What is recorded of a witness and told in the diagnostics.
fn told(mut row: Witnessed, size: u64, line: &Result<Line, Fault>, now: Moment) -> Witnessed {
    row.asked = i64::try_from(size).unwrap_or(i64::MAX);
    match line {
        Ok(_) => (row.size, row.cosigned_us, row.fault) = (row.asked, Some(now), None),
        Err(Fault { fault, cause }) => {
            row.fault = Some(*fault);
            let witness = &row.name;
            if matches!(fault, WitnessFault::Ahead | WitnessFault::OtherHistory) {
                tracing::error!(%witness, %fault, %cause, size, "a witness says that the log was set back or rewritten");
            } else {
                tracing::warn!(%witness, %fault, %cause, size, "a witness has not cosigned");
            }
        }
    }
    row
}

/// Why a witness has not cosigned.
struct Fault {
    fault: WitnessFault,
    cause: String,
}

#[expect(clippy::needless_pass_by_value, reason = "what is passed is an error that has come to its end here")]
fn fault(fault: WitnessFault, cause: impl ToString) -> Fault {
    Fault { fault, cause: cause.to_string() }
}

/// One witness, asked for one cosignature.
struct Asking {
    witness: Arc<Witness>,
    db: Db,
    post: Post,
    note: Note,
    checkpoint: Checkpoint,
}

impl Asking {
    /// The cosignature, asked for from the size that the witness is known to have cosigned; if it says that it is
    /// another one (its answer was lost, say, or it was asked by the node before this one), once more from there.
    async fn cosignature(&self, known: u64) -> Result<Line, Fault> {
        let size = self.checkpoint.size;
        let mut old = known.min(size);
        for last in [false, true] {
            match self.submit(old).await? {
                Asked::Cosigned(lines) => return self.own(&lines),
                Asked::Conflict(theirs) if theirs > size => {
                    return Err(fault(WitnessFault::Ahead, format!("it has cosigned {theirs} entries")));
                }
                Asked::Conflict(theirs) if !last => old = theirs,
                Asked::Conflict(theirs) => {
                    return Err(fault(WitnessFault::Refused, format!("409 once more, with {theirs}")));
                }
                Asked::Status(422) => return Err(fault(WitnessFault::OtherHistory, format!("422 from {old} entries"))),
                Asked::Status(status) => return Err(fault(WitnessFault::Refused, status)),
            }
        }
        Err(fault(WitnessFault::Refused, "409"))
    }

    async fn submit(&self, old: u64) -> Result<Asked, Fault> {
        let proof = self.proof(old).await.map_err(|error| {
            // Ours, not the witness's; the next round tries again.
            fault(WitnessFault::Late, error.cause().map_or_else(|| "no proof".to_owned(), ToString::to_string))
        })?;
        let (note, checkpoint) = (self.note.clone(), self.checkpoint.clone());
        let submission = Submission { old, proof, note, checkpoint };
        self.post.add_checkpoint(&self.witness.url, submission.to_string()).await
    }

    async fn proof(&self, old: u64) -> Result<Vec<Hash>, AppError> {
        let size = self.checkpoint.size;
        self.db.read(move |work| tree::consistency(&mut StoredTree::new(work.conn, size), old, size)).await
    }

    /// The witness's own line among those it has answered, if it is right. Those of keys that are not known are left.
    fn own(&self, lines: &str) -> Result<Line, Fault> {
        let wrong = |why: &str| fault(WitnessFault::WrongAnswer, why);
        let answer = Note::parse(&format!("{}\n{lines}", self.note.text)).ok_or_else(|| wrong("no signature lines"))?;
        if !policy::is_dated(answer.signed(&self.witness.key)) {
            return Err(wrong("no cosignature of this checkpoint by its key"));
        }
        answer.lines.into_iter().find(|line| line.is_by(&self.witness.key)).ok_or_else(|| wrong("no line of its own"))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AppError> {
    fs::read(path).map_err(|error| refuse(path, &error))
}

fn refuse(path: &Path, why: &dyn std::fmt::Display) -> AppError {
    AppError::internal(format!("{}: {why}", path.display()))
}
