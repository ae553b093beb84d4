//! Proofs that verify without the server (<https://c2sp.org/tlog-proof>): an entry of the log, its way to the
//! root, the signed checkpoint; and, as the extra data, what the leaf is made of.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::commitment::{self, Commitment, Fields, Leaf};
use super::note::{Checkpoint, Note, Signed, Verifier};
use super::tree::{self, Hash};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// A proof, in the format of the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What is needed to make the leaf's hash.
    pub extra: Vec<u8>,
    /// The number of the leaf.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint with its signatures.
    pub checkpoint: Note,
}

impl fmt::Display for Proof {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{FIRST_LINE}\nextra {}\nindex {}", BASE64.encode(&self.extra), self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(to, "{}", BASE64.encode(hash)))?;
        write!(to, "\n{}", self.checkpoint)
    }
}

impl Proof {
    /// Reads one; nothing when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let extra = (lines.next()? == FIRST_LINE).then(|| lines.next()?.strip_prefix("extra "))??;
        let digits = lines.next()?.strip_prefix("index ")?;
        let index: u64 = digits.parse().ok()?;
        let path = lines.map(|line| BASE64.decode(line.as_bytes()).ok()?.try_into().ok()).collect::<Option<_>>()?;
        let extra = BASE64.decode(extra.as_bytes()).ok()?;
        (index.to_string() == digits).then_some(Self { extra, index, path, checkpoint: Note::parse(checkpoint)? })
    }
}

/// What a receipt shows of an entry: enough to make its leaf again.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The minute of the leaf.
    pub minute: u64,
    /// The fields, in order. Nothing once the entry was erased; then the commitment stands for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<Field>>,
    /// The commitment, hex, of an entry that was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
}

/// One field of an entry in a receipt.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(untagged, deny_unknown_fields)]
pub enum Field {
    /// Shown.
    Open {
        /// Its name.
        name: String,
        /// Its value, as JSON text.
        value: String,
        /// Its key, hex.
        key: String,
    },
    /// Kept from this reader: only its digest, hex.
    Kept {
        /// The digest.
        digest: String,
    },
}

fn hash(hex: &str) -> Option<Hash> {
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

impl Shown {
    /// Shows those fields of an entry for which `shows` says so.
    #[must_use]
    pub fn of(minute: u64, fields: &Fields, salt: &[u8], shows: impl Fn(&str) -> bool) -> Self {
        let field = |(name, value): (&str, &str)| {
            let key = commitment::field_key(salt, name);
            if shows(name) {
                Field::Open { name: name.to_owned(), value: value.to_owned(), key: HEXLOWER.encode(&key) }
            } else {
                Field::Kept { digest: HEXLOWER.encode(&commitment::field_digest(&key, name, value)) }
            }
        };
        Self { minute, fields: Some(fields.iter().map(field).collect()), commitment: None }
    }

    /// Of an entry that was erased.
    #[must_use]
    pub fn erased(minute: u64, commitment: &Commitment) -> Self {
        Self { minute, fields: None, commitment: Some(HEXLOWER.encode(commitment)) }
    }

    /// Names and values (JSON text) of the fields that are shown.
    pub fn open(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().flatten().filter_map(|field| match field {
            Field::Open { name, value, .. } => Some((name.as_str(), value.as_str())),
            Field::Kept { .. } => None,
        })
    }

    fn commitment(&self) -> Option<Commitment> {
        match (&self.fields, &self.commitment) {
            (Some(fields), None) => {
                let digests = fields.iter().map(|field| match field {
                    Field::Open { name, value, key } if !name.contains('\0') => {
                        Some(commitment::field_digest(&hash(key)?, name, value))
                    }
                    Field::Open { .. } => None,
                    Field::Kept { digest } => hash(digest),
                });
                Some(commitment::join(digests.collect::<Option<Vec<_>>>()?))
            }
            (None, Some(commitment)) => hash(commitment),
            _ => None,
        }
    }
}

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is not of the format.
    #[error("this is no receipt of a log")]
    Format,
    /// Its checkpoint is another log's.
    #[error("its checkpoint is not signed by this log")]
    Unsigned,
    /// A signature is not right.
    #[error("a signature on its checkpoint is not right")]
    Signature,
    /// Too few witnesses.
    #[error("its checkpoint is not cosigned by as many witnesses as the policy wants")]
    Witnesses,
    /// The entry is not in the tree.
    #[error("the entry is not in the tree of the checkpoint")]
    Absent,
}

/// What a receipt proves.
#[derive(Debug, PartialEq, Eq)]
pub struct Proven {
    /// The leaf's number and minute.
    pub leaf: Leaf,
    /// What is shown of the entry.
    pub shown: Shown,
    /// The checkpoint that it is in.
    pub checkpoint: Checkpoint,
}

/// Checks a receipt, given the keys of logs that are trusted and what is wanted of witnesses: a policy's
/// [`check`](super::policy::Policy::check), say.
///
/// # Errors
/// Why it proves nothing.
pub fn verify(
    text: &str,
    logs: &[Verifier],
    witnessed: impl Fn(&Note) -> Result<(), Unproven>,
) -> Result<Proven, Unproven> {
    let proof = Proof::parse(text).ok_or(Unproven::Format)?;
    let checkpoint = Checkpoint::parse(&proof.checkpoint.text).ok_or(Unproven::Format)?;
    let shown: Shown = serde_json::from_slice(&proof.extra).map_err(|_other| Unproven::Format)?;
    let commitment = shown.commitment().ok_or(Unproven::Format)?;
    let signatures: Vec<Signed> =
        logs.iter().filter(|log| log.name == checkpoint.origin).map(|log| proof.checkpoint.signed(log)).collect();
    if signatures.contains(&Signed::Wrong) {
        return Err(Unproven::Signature);
    }
    if !signatures.contains(&Signed::Yes) {
        return Err(Unproven::Unsigned);
    }
    witnessed(&proof.checkpoint)?;
    let leaf = Leaf { seq: proof.index, minute: shown.minute, commitment };
    if !tree::is_included(&leaf.hash(), proof.index, checkpoint.size, &proof.path, &checkpoint.root) {
        return Err(Unproven::Absent);
    }
    Ok(Proven { leaf, shown, checkpoint })
}
