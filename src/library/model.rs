//! Publications, as types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::ids::{MeetingId, PublicationId};
use crate::{input, text_enum};

text_enum! {
    /// What a publication is.
    PublicationKind {
        /// A strategy.
        Strategy = "strategy",
        /// Guidelines.
        Guidelines = "guidelines",
        /// A factsheet.
        Factsheet = "factsheet",
        /// A paper by experts.
        ExpertPaper = "expert_paper",
    }
}

/// A publication.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublicationBody {
    /// Its id.
    pub id: PublicationId,
    /// Its short code.
    pub code: String,
    /// What it is.
    pub kind: PublicationKind,
    /// Its title.
    pub title: String,
    /// What it says, in a few sentences.
    pub summary: String,
    /// The day it was adopted.
    #[schemars(extend("format" = "date"))]
    pub adopted_on: Option<String>,
    /// The day it was published, or the month where no more is known: `YYYY-MM-DD` or `YYYY-MM`.
    #[schemars(extend("format" = "date-or-month"))]
    pub published_on: Option<String>,
    /// The meeting that adopted it.
    pub adopted_at_meeting: Option<MeetingId>,
}

/// A publication to be recorded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicationRequest {
    /// Its short code: 2 to 64 letters, digits, `-`, `_`, `.`.
    pub code: String,
    /// What it is.
    pub kind: PublicationKind,
    /// Its title.
    pub title: String,
    /// What it says, in a few sentences.
    pub summary: String,
    /// The day it was adopted, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub adopted_on: Option<String>,
    /// The day it was published, or the month where no more is known: `YYYY-MM-DD` or `YYYY-MM`.
    #[schemars(extend("format" = "date-or-month"))]
    pub published_on: Option<String>,
    /// The meeting that adopted it: an ordinary one, since this is public.
    pub adopted_at_meeting: Option<MeetingId>,
}

impl PublicationRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        let written = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(2..=64).contains(&self.code.len()) || !self.code.chars().all(written) {
            return Err(AppError::field("code", "not 2 to 64 of A-Z, a-z, 0-9, '-', '_', '.'"));
        }
        let title = input::line("title", &self.title, 300)?;
        let summary = input::lines("summary", &self.summary, 4000)?;
        input::unclassified("title", &title)?;
        input::unclassified("summary", &summary)?;
        let adopted_on = self.adopted_on.map(|text| input::day("adopted_on", &text)).transpose()?;
        let published_on = self.published_on.map(|text| input::day_or_month("published_on", &text)).transpose()?;
        Ok(Self {
            title,
            summary,
            adopted_on,
            published_on,
            code: self.code,
            kind: self.kind,
            adopted_at_meeting: self.adopted_at_meeting,
        })
    }
}
