//! Meetings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConclusionsState, SessionBody, content_line, content_lines, source};
use crate::error::AppError;
use crate::ids::{MeetingId, PartyId};
use crate::input;
use crate::text_enum;

text_enum! {
    /// What kind of meeting it is.
    MeetingKind {
        /// One of the numbered ones, which are public.
        Ordinary = "ordinary",
        /// Asked for by member States about a case, a situation or a topic.
        AdHoc = "ad_hoc",
    }
}

text_enum! {
    /// How it is held.
    Way {
        /// In one place.
        InPerson = "in_person",
        /// By video conference.
        Video = "video",
        /// Both.
        Hybrid = "hybrid",
    }
}

const PLACE_MAX: usize = 120;
const TOPIC_MAX: usize = 300;
const TOPICS_MAX: usize = 50;

/// A meeting, in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MeetingBody {
    /// Its id.
    pub id: MeetingId,
    /// Its number; an ad hoc meeting has none.
    pub number: Option<i64>,
    /// Ordinary or ad hoc.
    pub kind: MeetingKind,
    /// The first day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub first_day: String,
    /// The last day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub last_day: String,
    /// How it is held.
    pub way: Way,
    /// Where, if that is recorded.
    pub place: Option<String>,
    /// The party that holds the Presidency it is convened under.
    pub presidency: Option<PartyId>,
    /// How far its conclusions are, as far as the asker may know.
    pub conclusions: ConclusionsState,
    /// The version of what can change of it; also the ETag.
    pub version: i64,
}

/// A meeting with its topics and sessions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeetingDetail {
    /// The meeting.
    #[serde(flatten)]
    pub meeting: MeetingBody,
    /// What it is about.
    pub topics: Vec<String>,
    /// The sessions that the asker may know of.
    pub sessions: Vec<SessionBody>,
}

/// What a list of meetings is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only of this kind.
    pub kind: Option<MeetingKind>,
    /// Only those that last until this day or longer.
    pub from: Option<String>,
    /// Only those that begin on this day or before.
    pub until: Option<String>,
}

/// A meeting to be convened, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConveneBody {
    /// Ordinary or ad hoc.
    pub kind: MeetingKind,
    /// The number of an ordinary one.
    pub number: Option<i64>,
    /// The first day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub first_day: String,
    /// The last day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub last_day: String,
    /// How it is held.
    pub way: Way,
    /// Where.
    pub place: Option<String>,
    /// The State that holds the Presidency.
    pub presidency: Option<PartyId>,
    /// The member State that asked for an ad hoc meeting.
    pub requested_by: Option<PartyId>,
    /// What it is about.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Where the decision to convene it stands.
    pub source: String,
}

/// What of a meeting can change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    /// The first day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub first_day: String,
    /// The last day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    pub last_day: String,
    /// How it is held.
    pub way: Way,
    /// Where.
    pub place: Option<String>,
    /// What it is about.
    pub topics: Vec<String>,
}

/// What of a meeting can change, judged.
#[derive(Clone, Debug)]
pub struct MeetingChange {
    /// The first day.
    pub first_day: String,
    /// The last day, not before the first.
    pub last_day: String,
    /// How it is held.
    pub way: Way,
    /// Where.
    pub place: Option<String>,
    /// What it is about.
    pub topics: Vec<String>,
}

/// A meeting to be convened, judged.
#[derive(Clone, Debug)]
pub struct NewMeeting {
    /// Ordinary or ad hoc.
    pub kind: MeetingKind,
    /// The number, exactly when it is an ordinary one.
    pub number: Option<i64>,
    /// What could change later.
    pub about: MeetingChange,
    /// Who holds the Presidency.
    pub presidency: Option<PartyId>,
    /// Who asked for it.
    pub requested_by: Option<PartyId>,
    /// Where the decision to convene it stands.
    pub source: String,
}

impl ChangeBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<MeetingChange, AppError> {
        let first_day = input::day("first_day", &self.first_day)?;
        let last_day = input::day("last_day", &self.last_day)?;
        // Days so written sort as texts.
        if last_day < first_day {
            return Err(AppError::field("last_day", "before the first day"));
        }
        let place = self.place.as_deref().map(|place| content_line("place", place, PLACE_MAX)).transpose()?;
        let topics = content_lines("topics", &self.topics, TOPICS_MAX, TOPIC_MAX)?;
        Ok(MeetingChange { first_day, last_day, way: self.way, place, topics })
    }
}

impl ConveneBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewMeeting, AppError> {
        match (self.kind, self.number) {
            (MeetingKind::Ordinary, None) => return Err(AppError::field("number", "an ordinary meeting has one")),
            (MeetingKind::Ordinary, Some(number)) if !(1..=9999).contains(&number) => {
                return Err(AppError::field("number", "not from 1 to 9999"));
            }
            (MeetingKind::AdHoc, Some(_)) => return Err(AppError::field("number", "an ad hoc meeting has none")),
            _ => {}
        }
        if self.kind == MeetingKind::Ordinary && self.requested_by.is_some() {
            return Err(AppError::field("requested_by", "only an ad hoc meeting is asked for"));
        }
        let about = ChangeBody {
            first_day: self.first_day,
            last_day: self.last_day,
            way: self.way,
            place: self.place,
            topics: self.topics,
        }
        .checked()?;
        Ok(NewMeeting {
            kind: self.kind,
            number: self.number,
            about,
            presidency: self.presidency,
            requested_by: self.requested_by,
            source: source(&self.source)?,
        })
    }
}
