//! People, and what they are designated and elected to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PartyKind, Term};
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, PartyId, PersonId};
use crate::text_enum;

text_enum! {
    /// What a person is designated as.
    Role {
        /// Contact point of a member State.
        ContactPoint = "contact_point",
        /// Counterpart from an observer State.
        Counterpart = "counterpart",
        /// Representative of an organisation or of civil society.
        Representative = "representative",
        /// Officer of the Secretariat.
        SecretariatOfficer = "secretariat_officer",
        /// Data-protection auditor.
        Auditor = "auditor",
    }
}

impl Role {
    /// Whether a party of this kind can name somebody as that.
    #[must_use]
    pub const fn fits(self, kind: PartyKind) -> bool {
        match self {
            Self::ContactPoint | Self::Counterpart => matches!(kind, PartyKind::State),
            Self::Representative => matches!(kind, PartyKind::Organisation | PartyKind::CivilSociety),
            Self::SecretariatOfficer => matches!(kind, PartyKind::Secretariat),
            Self::Auditor => matches!(kind, PartyKind::Secretariat | PartyKind::Organisation),
        }
    }
}

text_enum! {
    /// The office a designated person holds at home.
    Function {
        /// Prosecutor.
        Prosecutor = "prosecutor",
        /// Investigator.
        Investigator = "investigator",
        /// Officer for mutual legal assistance.
        MlaOfficer = "mla_officer",
        /// Immigration officer.
        ImmigrationOfficer = "immigration_officer",
        /// Analyst.
        Analyst = "analyst",
        /// Legal adviser.
        LegalAdviser = "legal_adviser",
        /// Administrator.
        Administrator = "administrator",
    }
}

text_enum! {
    /// A body that people are elected to.
    Body {
        /// The Steering Board.
        SteeringBoard = "steering_board",
    }
}

/// A person, in the list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonLine {
    /// The id.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// The party the person acts for.
    pub party: PartyId,
    /// The designations in force.
    pub designations: Vec<RoleHeld>,
}

/// A designation in force, in brief.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RoleHeld {
    /// The act.
    pub act: ActId,
    /// As what.
    pub role: Role,
    /// The office at home.
    pub function: Option<Function>,
}

/// A person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonBody {
    /// The id.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// The party the person acts for.
    pub party: PartyId,
    /// The designations, in force and past, newest first.
    pub designations: Vec<DesignationBody>,
    /// The elections, in force and past, newest first.
    pub elections: Vec<ElectionBody>,
    /// The right to log in; only the Secretariat is shown it.
    pub account: Option<AccountState>,
}

/// A designation of a person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DesignationBody {
    /// As what.
    pub role: Role,
    /// The office at home.
    pub function: Option<Function>,
    /// Whose stand-in the person is.
    pub stand_in_for: Option<PersonId>,
    /// From when until when.
    #[serde(flatten)]
    pub term: Term,
}

/// An election of a person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ElectionBody {
    /// To which body.
    pub body: Body,
    /// From when until when.
    #[serde(flatten)]
    pub term: Term,
}

/// A person's right to log in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountState {
    /// Whether it is in force: enrolled, and not suspended.
    pub in_force: bool,
    /// The enrolments, in force and past, newest first.
    pub enrolments: Vec<Term>,
    /// The suspensions, in force and past, newest first.
    pub suspensions: Vec<Term>,
}

/// A person to be recorded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonRequest {
    /// The name.
    pub name: String,
}

impl PersonRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { name: super::name("name", &self.name)? })
    }
}

/// A designation to be recorded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignationRequest {
    /// As what: it must fit the kind of the person's party.
    pub role: Role,
    /// The office at home.
    pub function: Option<Function>,
    /// From when on; now if not said.
    pub from: Option<Moment>,
    /// Until when, if that is fixed in advance.
    pub until: Option<Moment>,
    /// Somebody of the same party whose stand-in the person shall be.
    pub stand_in_for: Option<PersonId>,
    /// Where the decision stands.
    pub source: String,
}

impl DesignationRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { source: super::source(&self.source)?, ..self })
    }
}

/// An election to be recorded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElectionRequest {
    /// To which body.
    pub body: Body,
    /// From when on; now if not said.
    pub from: Option<Moment>,
    /// Until when, if that is fixed in advance.
    pub until: Option<Moment>,
    /// Where the decision stands.
    pub source: String,
}

impl ElectionRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { source: super::source(&self.source)?, ..self })
    }
}
