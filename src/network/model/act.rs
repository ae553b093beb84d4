//! Acts of administration as their readers see them, and their endings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Body, Function, Role, Standing};
use crate::access::acts::ActKind;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, MeetingId, PartyId, PersonId};

/// An act.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ActBody {
    /// Its id.
    pub id: ActId,
    /// What it does.
    pub kind: ActKind,
    /// From when on.
    pub from: Moment,
    /// Until when, if an end is known.
    pub until: Option<Moment>,
    /// When it was recorded. It gave nobody a right before.
    pub recorded_at: Moment,
    /// Where the decision stands.
    pub source: String,
    /// The meeting that decided it, if one did.
    pub meeting: Option<MeetingId>,
    /// Whether it is in force now.
    pub in_force: bool,
    /// Who recorded it, null for the operator on the host; only the Secretariat and the auditor are
    /// shown it.
    pub recorded_by: Option<PersonId>,
    /// What it is about.
    pub about: About,
    /// The acts that end it, the earliest first.
    pub endings: Vec<Ended>,
}

/// What an act is about. What does not belong to its kind is absent.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct About {
    /// The party.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyId>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The name given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The standing given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// What the person is designated as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The office at home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// Whose stand-in the person is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stand_in_for: Option<PersonId>,
    /// The body the person is elected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// An ending of an act.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ended {
    /// The ending, an act itself.
    pub act: ActId,
    /// From when on.
    pub effective: Moment,
    /// When it was recorded; it took no right away before.
    pub recorded_at: Moment,
    /// Where the decision stands.
    pub source: String,
}

/// An ending to be recorded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndingRequest {
    /// From when on; now if not said.
    pub effective: Option<Moment>,
    /// Where the decision stands.
    pub source: String,
}

impl EndingRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { source: super::source(&self.source)?, ..self })
    }
}

/// A decision of which only the source is to be said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceRequest {
    /// Where the decision stands.
    pub source: String,
}

impl SourceRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { source: super::source(&self.source)? })
    }
}

/// What off-boarding ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OffBoarding {
    /// The person.
    pub person: PersonId,
    /// The acts that were in force or had yet to begin, as far as an officer may know of them:
    /// admissions to rooms of case files have ended too, and are not told.
    pub ended: Vec<EndedAct>,
}

/// An act that was ended, and by which.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EndedAct {
    /// What it did.
    pub kind: ActKind,
    /// The act.
    pub act: ActId,
    /// The ending.
    pub ending: ActId,
}
