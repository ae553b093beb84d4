//! Parties, their names and standings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Term;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{MeetingId, PartyId};
use crate::text_enum;

text_enum! {
    /// What a party is.
    PartyKind {
        /// A State.
        State = "state",
        /// An organisation or agency.
        Organisation = "organisation",
        /// An organisation of civil society.
        CivilSociety = "civil_society",
        /// The Secretariat.
        Secretariat = "secretariat",
    }
}

text_enum! {
    /// What a party is to the network.
    Standing {
        /// A member State.
        Member = "member",
        /// An observer, State or organisation.
        Observer = "observer",
        /// An associate.
        Associate = "associate",
        /// A guest.
        Invited = "invited",
    }
}

impl Standing {
    /// Whether a party of this kind can be given it: only States are members.
    #[must_use]
    pub const fn fits(self, kind: PartyKind) -> bool {
        !matches!(self, Self::Member) || matches!(kind, PartyKind::State)
    }
}

/// A party, in the list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PartyLine {
    /// Its id.
    pub id: PartyId,
    /// What it is.
    pub kind: PartyKind,
    /// Its short code.
    pub code: String,
    /// Its name now.
    pub name: String,
    /// Its standing now, if it has one.
    pub standing: Option<Standing>,
}

/// A party.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PartyBody {
    /// Its id.
    pub id: PartyId,
    /// What it is.
    pub kind: PartyKind,
    /// Its short code.
    pub code: String,
    /// Its name now; the code, when no name is in force.
    pub name: String,
    /// Its standing now, if it has one.
    pub standing: Option<Standing>,
    /// Its names, newest first. The name is always the one that began last.
    pub names: Vec<NamedFrom>,
    /// Its standings, in force and past, newest first.
    pub standings: Vec<StandingBody>,
}

/// A name of a party.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NamedFrom {
    /// The name.
    pub name: String,
    /// From when until when.
    #[serde(flatten)]
    pub term: Term,
}

/// A standing of a party.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StandingBody {
    /// The standing.
    pub standing: Standing,
    /// From when until when.
    #[serde(flatten)]
    pub term: Term,
}

/// A party to be recorded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyRequest {
    /// What it is.
    pub kind: PartyKind,
    /// Its short code: 2 to 24 letters, digits, `-`, `_`, `.`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// From when on it bears that name; now if not said.
    pub from: Option<Moment>,
    /// Where that stands.
    pub source: String,
}

impl PartyRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        super::check_code(&self.code)?;
        Ok(Self { name: super::name("name", &self.name)?, source: super::source(&self.source)?, ..self })
    }
}

/// A name to be given to a party.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameRequest {
    /// The name.
    pub name: String,
    /// From when on; now if not said.
    pub from: Option<Moment>,
    /// Where that stands.
    pub source: String,
}

impl NameRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { name: super::name("name", &self.name)?, source: super::source(&self.source)?, ..self })
    }
}

/// A standing to be given to a party.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandingRequest {
    /// The standing.
    pub standing: Standing,
    /// From when on; now if not said.
    pub from: Option<Moment>,
    /// Until when, if that is fixed in advance.
    pub until: Option<Moment>,
    /// The meeting that granted it: an ordinary one, since standings are public.
    pub meeting: Option<MeetingId>,
    /// Where the decision stands.
    pub source: String,
}

impl StandingRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { source: super::source(&self.source)?, ..self })
    }
}
