//! The state of the log: what was signed of it last, by whom it was cosigned, and how it grew.

use data_encoding::{BASE64, HEXLOWER};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::may_check;
use crate::access::{Asker, Permit, TheNetwork, actions};
use crate::audit::model::note::{Checkpoint, Line, Note};
use crate::audit::store;
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;

/// How often the log's growth is looked at, however long it is.
const SAMPLES: i64 = 40;

/// A signed statement about the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckpointBody {
    /// Which log, by the name of its key.
    pub origin: String,
    /// How many entries it is about.
    pub size: i64,
    /// The root of the tree over them, as the note has it.
    pub root: String,
    /// When it was given out.
    pub given_out_at: Moment,
    /// The id of the key that signed it; null when there is no signature by the log's name.
    pub key_id: Option<String>,
    /// Who else signed, as the note says: to be verified with the witnesses' own keys.
    pub cosignatures: Vec<CosignatureBody>,
}

/// Somebody else's signature under a checkpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CosignatureBody {
    /// The name that the key signs under.
    pub name: String,
    /// The id of the key.
    pub key_id: String,
    /// When the witness says it signed.
    pub at: Option<Moment>,
}

/// How many entries there were at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GrowthPoint {
    /// The minute in which the last of them was made.
    pub at: Moment,
    /// So many.
    pub entries: i64,
}

/// The public key of the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeyBody {
    /// As `name+id+key`, the text of the file `log.pub`.
    pub key: String,
    /// The SHA-256 of that text, hex: to be compared with what the operator says by another way.
    pub fingerprint: String,
}

impl KeyBody {
    fn new(key: &str) -> Self {
        Self { key: key.to_owned(), fingerprint: HEXLOWER.encode(&Sha256::digest(key)) }
    }
}

/// The state of the log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LogState {
    /// The public key of the log; null on a node that does not sign.
    pub log: Option<KeyBody>,
    /// The newest checkpoint; null before there is one.
    pub checkpoint: Option<CheckpointBody>,
    /// How the log grew up to that checkpoint, from the first entry on.
    pub growth: Vec<GrowthPoint>,
}

/// The state of the log, whose public key is `key`, for those who may check it: what it tells of the log's size, the
/// checkpoint and the tiles tell them as well (decision 15).
///
/// # Errors
/// `NotPermitted`, or `MeansNeeded`, for those who may not; the database's.
pub fn state(work: &mut Work<'_>, asker: &Asker, key: Option<&str>) -> Result<LogState, AppError> {
    let permit = may_check(work, asker)?;
    let checkpoint = newest(work)?;
    let growth = checkpoint.as_ref().map(|newest| growth(work, &permit, newest.size)).transpose()?;
    Ok(LogState { log: key.map(KeyBody::new), checkpoint, growth: growth.unwrap_or_default() })
}

/// The newest checkpoint, for whoever was given leave to check the log.
pub(super) fn newest(work: &mut Work<'_>) -> Result<Option<CheckpointBody>, AppError> {
    let Some(given) = store::published(work.conn)? else { return Ok(None) };
    let unread = || AppError::internal("what was given out last is no checkpoint");
    let note = Note::parse(&given.note).ok_or_else(unread)?;
    let checkpoint = Checkpoint::parse(&note.text).ok_or_else(unread)?;
    let (own, others): (Vec<&Line>, Vec<&Line>) =
        note.lines.iter().partition(|line| line.name == checkpoint.origin && line.cosigned_at().is_none());
    let at = |line: &Line| Some(Moment(i64::try_from(line.cosigned_at()?).ok()?.checked_mul(1_000_000)?));
    Ok(Some(CheckpointBody {
        size: given.size,
        root: BASE64.encode(&checkpoint.root),
        origin: checkpoint.origin,
        given_out_at: given.at,
        key_id: own.first().map(|line| line.key_id()),
        cosignatures: others
            .into_iter()
            .map(|line| CosignatureBody { name: line.name.clone(), key_id: line.key_id(), at: at(line) })
            .collect(),
    }))
}

/// How the first `size` entries came to be: when some of them, as far apart from each other, were made.
fn growth(
    work: &mut Work<'_>,
    permit: &Permit<actions::CheckLog, TheNetwork>,
    size: i64,
) -> Result<Vec<GrowthPoint>, AppError> {
    let mut latest = i64::MIN;
    let rows = store::minutes_of(work.conn, permit, &sampled(size))?;
    let points = rows.into_iter().map(|(seq, minute)| {
        // Nodes' clocks differ by a little; a log never shrinks.
        latest = latest.max(minute);
        GrowthPoint { at: Moment(latest.saturating_mul(60_000_000)), entries: seq.saturating_add(1) }
    });
    Ok(points.collect())
}

/// The numbers of the entries that are looked at: the first, the last, and as many between as there is room for.
fn sampled(size: i64) -> Vec<i64> {
    let (last, steps) = (size.saturating_sub(1), SAMPLES.saturating_sub(1));
    if last < 0 {
        return Vec::new();
    }
    let at = |step: i64| {
        let place = i128::from(last).saturating_mul(i128::from(step)).checked_div(i128::from(steps));
        place.and_then(|place| i64::try_from(place).ok()).unwrap_or(last)
    };
    let mut numbers: Vec<i64> = (0..=steps).map(at).collect();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_entries_stand_for_all() {
        assert_eq!(sampled(0), [0; 0]);
        assert_eq!(sampled(1), [0]);
        assert_eq!(sampled(3), [0, 1, 2]);
        for size in [39, 40, 41, 1_000_003, i64::MAX] {
            let numbers = sampled(size);
            assert!(numbers.len() <= 40 && numbers.is_sorted(), "{size}");
            assert_eq!((numbers.first(), numbers.last()), (Some(&0), Some(&(size - 1))));
        }
    }
}
