//! What a State proposes about its own people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Function, Role};
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, PartyId, PersonId, ProposalId};
use crate::text_enum;

text_enum! {
    /// What is proposed.
    ProposalKind {
        /// To designate somebody.
        Designation = "designation",
        /// To end somebody's designations.
        Ending = "ending",
    }
}

text_enum! {
    /// What became of a proposal.
    ProposalState {
        /// Nobody has decided yet.
        Waiting = "waiting",
        /// It was accepted.
        Accepted = "accepted",
        /// It was declined.
        Declined = "declined",
    }
}

/// A proposal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProposalBody {
    /// Its id.
    pub id: ProposalId,
    /// The State that proposes.
    pub party: PartyId,
    /// Who proposed it.
    pub proposed_by: PersonId,
    /// When.
    pub proposed_at: Moment,
    /// What is proposed.
    pub kind: ProposalKind,
    /// The person it is about, once known here.
    pub person: Option<PersonId>,
    /// The name of somebody who was not known here yet.
    pub person_name: Option<String>,
    /// As what the person is to be designated.
    pub role: Option<Role>,
    /// The office at home.
    pub function: Option<Function>,
    /// Where the State's decision stands.
    pub source: String,
    /// What became of it.
    pub state: ProposalState,
    /// Who decided; only the Secretariat is shown it.
    pub decided_by: Option<PersonId>,
    /// When it was decided.
    pub decided_at: Option<Moment>,
    /// The act that followed: the designation, or the first of the endings.
    pub act: Option<ActId>,
}

/// A proposal to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalRequest {
    /// What is proposed.
    pub kind: ProposalKind,
    /// A person of the State.
    pub person: Option<PersonId>,
    /// For a designation, instead of `person`: the name of somebody new.
    pub person_name: Option<String>,
    /// For a designation: as what; `contact_point` or `counterpart`.
    pub role: Option<Role>,
    /// For a designation: the office at home.
    pub function: Option<Function>,
    /// Where the State's decision stands.
    pub source: String,
}

impl ProposalRequest {
    /// The request with its texts judged, and with exactly those fields that its kind takes.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        let person_name = self.person_name.as_deref().map(|text| super::name("person_name", text)).transpose()?;
        let source = super::source(&self.source)?;
        match self.kind {
            ProposalKind::Designation => match (&self.person, &person_name) {
                (None, None) => return Err(AppError::field("person", "missing, as is person_name")),
                (Some(_), Some(_)) => return Err(AppError::field("person_name", "not together with person")),
                _ => match self.role {
                    None => return Err(AppError::field("role", "missing")),
                    Some(Role::ContactPoint | Role::Counterpart) => {}
                    Some(_) => return Err(AppError::field("role", "not one that a State can propose")),
                },
            },
            ProposalKind::Ending => {
                if self.person.is_none() {
                    return Err(AppError::field("person", "missing"));
                }
                for (field, given) in [
                    ("person_name", person_name.is_some()),
                    ("role", self.role.is_some()),
                    ("function", self.function.is_some()),
                ] {
                    if given {
                        return Err(AppError::field(field, "not for a proposal of this kind"));
                    }
                }
            }
        }
        Ok(Self { person_name, source, ..self })
    }
}

/// A decision on a proposal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    /// Whether it is accepted.
    pub accept: bool,
    /// Where the decision stands: the source of the acts that follow. A refusal is no act, and keeps none.
    pub source: String,
}

impl DecisionRequest {
    /// The request with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        Ok(Self { source: super::source(&self.source)?, ..self })
    }
}
