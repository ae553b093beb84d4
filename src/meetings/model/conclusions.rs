//! Conclusions: drafted, adopted, published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source;
use crate::access::acts::ActKind;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, MeetingId};
use crate::input;
use crate::text_enum;

text_enum! {
    /// How far the conclusions of a meeting are.
    ConclusionsState {
        /// There are none, or none that the asker may know of.
        Absent = "none",
        /// There is a draft.
        Drafted = "drafted",
        /// A version was adopted.
        Adopted = "adopted",
        /// The adopted version is public.
        Published = "published",
        /// They are public, but not kept here: published before this server was.
        PublishedElsewhere = "published_elsewhere",
    }
}

impl ConclusionsState {
    /// What one sees who may not see drafts.
    #[must_use]
    pub const fn public(self) -> Self {
        match self {
            Self::Drafted | Self::Adopted => Self::Absent,
            other => other,
        }
    }
}

/// Longest conclusions, in characters.
const WORDS_MAX: usize = 100_000;

/// An act about conclusions, with the meeting they are of.
#[derive(Clone, Debug)]
pub(in crate::meetings) struct ConclusionAct {
    pub(in crate::meetings) meeting: MeetingId,
    pub(in crate::meetings) act: ActId,
    pub(in crate::meetings) kind: ActKind,
    pub(in crate::meetings) version: Option<i64>,
    pub(in crate::meetings) effective: Moment,
}

/// How far conclusions are, by the acts in force about them and whether there is a draft.
pub(in crate::meetings) fn state_of<'a>(
    acts: impl IntoIterator<Item = &'a ConclusionAct>,
    drafted: bool,
) -> ConclusionsState {
    let start = if drafted { ConclusionsState::Drafted } else { ConclusionsState::Absent };
    acts.into_iter()
        .map(|act| match (act.kind, act.version) {
            (ActKind::Publication, None) => ConclusionsState::PublishedElsewhere,
            (ActKind::Publication, Some(_)) => ConclusionsState::Published,
            _ => ConclusionsState::Adopted,
        })
        .fold(start, Ord::max)
}

/// The conclusions of a meeting, as far as the asker may see them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConclusionsBody {
    /// The meeting.
    pub meeting: MeetingId,
    /// How far they are.
    pub state: ConclusionsState,
    /// The version shown: the published one for the public, the newest for those who may see drafts.
    pub version: Option<i64>,
    /// Its words.
    pub words: Option<String>,
    /// The acts in force about them.
    pub acts: Vec<ConclusionActBody>,
}

/// An act about conclusions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConclusionActBody {
    /// The act.
    pub act: ActId,
    /// Adoption or publication.
    pub kind: ActKind,
    /// The version; null where it is not kept here.
    pub version: Option<i64>,
    /// From when on.
    pub effective: Moment,
}

impl From<ConclusionAct> for ConclusionActBody {
    fn from(act: ConclusionAct) -> Self {
        Self { act: act.act, kind: act.kind, version: act.version, effective: act.effective }
    }
}

/// A draft, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftBody {
    /// The words.
    pub words: String,
}

/// A draft, judged.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The words.
    pub words: String,
    /// The version it is based on; 0 for the first.
    pub based_on: i64,
}

impl DraftBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self, based_on: i64) -> Result<Draft, AppError> {
        let words = input::lines("words", &self.words, WORDS_MAX)?;
        input::unclassified("words", &words)?;
        Ok(Draft { words, based_on })
    }
}

/// An adoption, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptBody {
    /// The version that was adopted.
    pub version: i64,
    /// Where the decision stands.
    pub source: String,
}

/// An adoption, judged.
#[derive(Clone, Debug)]
pub struct Adopt {
    /// The version that was adopted.
    pub version: i64,
    /// Where the decision stands.
    pub source: String,
}

impl AdoptBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Adopt, AppError> {
        if self.version < 1 {
            return Err(AppError::field("version", "no such version"));
        }
        Ok(Adopt { version: self.version, source: source(&self.source)? })
    }
}

/// A publication, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishBody {
    /// Where the decision stands.
    pub source: String,
}

/// A publication, judged.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Where the decision stands.
    pub source: String,
}

impl PublishBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Publish, AppError> {
        Ok(Publish { source: source(&self.source)? })
    }
}
