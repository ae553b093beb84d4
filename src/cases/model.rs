//! Fiches, and who sees them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, CaseId, MeetingId, PartyId, PersonId, RoomId};
use crate::{input, text_enum};

text_enum! {
    /// The crimes the network works on: Rome Statute, Articles 6 to 8; Decision 2002/494/JHA, Article 1.
    Crime {
        /// Genocide.
        Genocide = "genocide",
        /// Crimes against humanity.
        CrimesAgainstHumanity = "crimes_against_humanity",
        /// War crimes.
        WarCrimes = "war_crimes",
    }
}

text_enum! {
    /// How far an investigation is.
    Stage {
        /// It is examined whether to open one.
        Preliminary = "preliminary",
        /// Into a situation, without named suspects.
        Structural = "structural",
        /// Against somebody.
        Investigation = "investigation",
        /// Charges were brought.
        Charged = "charged",
        /// Before a court.
        Trial = "trial",
        /// Before a higher court.
        Appeal = "appeal",
        /// Decided for good.
        Decided = "decided",
        /// Ended without a decision of a court.
        Discontinued = "discontinued",
    }
}

text_enum! {
    /// Who beside its own State sees a fiche.
    VisibleTo {
        /// Nobody.
        OwnState = "own_state",
        /// The States named.
        States = "states",
        /// The contact points of all member States.
        ContactPoints = "contact_points",
    }
}

text_enum! {
    /// To whom a release goes.
    ReleaseTo {
        /// To one State.
        State = "state",
        /// To the contact points of all member States.
        ContactPoints = "contact_points",
    }
}

const LINE_MAX: usize = 300;
const LEGAL_MAX: usize = 10_000;
const OFFENCES_MAX: usize = 20;
const STATES_MAX: usize = 100;
const SOURCE_MAX: usize = 500;

/// The register entry on an investigation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fiche {
    /// Its working title.
    pub title: String,
    /// The national authority in charge.
    pub authority: String,
    /// The situation or conflict.
    pub situation: String,
    /// The crimes, each once.
    pub crimes: Vec<Crime>,
    /// Other offences prosecuted with them, terrorism for one.
    #[serde(default)]
    pub concurrent_offences: Vec<String>,
    /// How far it is.
    pub stage: Stage,
    /// Legal issues that may concern others: immunities, jurisdiction, extradition.
    #[serde(default)]
    pub legal_issues: Option<String>,
}

impl Fiche {
    /// The fiche with its texts judged.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn judged(self) -> Result<Self, AppError> {
        let line = |field: &str, text: &str| -> Result<String, AppError> {
            let text = input::line(field, text, LINE_MAX)?;
            input::unclassified(field, &text)?;
            Ok(text)
        };
        let crimes: BTreeSet<Crime> = self.crimes.iter().copied().collect();
        if crimes.is_empty() {
            return Err(AppError::field("fiche.crimes", "empty"));
        }
        if crimes.len() != self.crimes.len() {
            return Err(AppError::field("fiche.crimes", "given twice"));
        }
        if self.concurrent_offences.len() > OFFENCES_MAX {
            return Err(AppError::field("fiche.concurrent_offences", "too many"));
        }
        let offences = (0..)
            .zip(&self.concurrent_offences)
            .map(|(place, text): (usize, _)| line(&format!("fiche.concurrent_offences[{place}]"), text))
            .collect::<Result<_, _>>()?;
        let legal_issues = match &self.legal_issues {
            None => None,
            Some(text) => {
                let text = input::lines("fiche.legal_issues", text, LEGAL_MAX)?;
                input::unclassified("fiche.legal_issues", &text)?;
                Some(text)
            }
        };
        Ok(Self {
            title: line("fiche.title", &self.title)?,
            authority: line("fiche.authority", &self.authority)?,
            situation: line("fiche.situation", &self.situation)?,
            crimes: crimes.into_iter().collect(),
            concurrent_offences: offences,
            stage: self.stage,
            legal_issues,
        })
    }
}

/// Who beside its own State sees a fiche.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisibilityBody {
    /// Nobody, named States, or all contact points.
    pub to: VisibleTo,
    /// The States, exactly when `to` says so.
    #[serde(default)]
    pub states: Vec<PartyId>,
}

/// Who beside its own State sees a fiche, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Nobody.
    OwnState,
    /// These, each once.
    States(Vec<PartyId>),
    /// The contact points of all member States.
    ContactPoints,
}

impl VisibilityBody {
    /// Judges what was sent. Whether the States are such is for the service to find.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Visibility, AppError> {
        if self.to != VisibleTo::States && !self.states.is_empty() {
            return Err(AppError::field("visibility.states", "only with states"));
        }
        match self.to {
            VisibleTo::OwnState => Ok(Visibility::OwnState),
            VisibleTo::ContactPoints => Ok(Visibility::ContactPoints),
            VisibleTo::States => {
                let states: BTreeSet<&PartyId> = self.states.iter().collect();
                if states.is_empty() {
                    return Err(AppError::field("visibility.states", "empty"));
                }
                if states.len() != self.states.len() {
                    return Err(AppError::field("visibility.states", "given twice"));
                }
                if states.len() > STATES_MAX {
                    return Err(AppError::field("visibility.states", "too many"));
                }
                Ok(Visibility::States(self.states))
            }
        }
    }
}

/// A case file to be opened, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenBody {
    /// The register entry.
    pub fiche: Fiche,
    /// Who beside one's own State sees it; nobody when left out.
    pub visibility: Option<VisibilityBody>,
    /// Whom of one's own contact points to ask; oneself when left out.
    pub contact: Option<PersonId>,
}

/// A case file to be opened, judged.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// The register entry.
    pub fiche: Fiche,
    /// Who beside its own State sees it.
    pub visibility: Visibility,
    /// Whom to ask.
    pub contact: Option<PersonId>,
}

impl OpenBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewCase, AppError> {
        let visibility = self.visibility.map_or(Ok(Visibility::OwnState), VisibilityBody::checked)?;
        Ok(NewCase { fiche: self.fiche.judged()?, visibility, contact: self.contact })
    }
}

/// A new version of a fiche, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviseBody {
    /// The register entry.
    pub fiche: Fiche,
    /// Whom of one's own contact points to ask; as before when left out.
    pub contact: Option<PersonId>,
}

/// A new version of a fiche, judged.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The register entry.
    pub fiche: Fiche,
    /// Whom to ask.
    pub contact: Option<PersonId>,
    /// The version that was newest when it was written.
    pub based_on: i64,
}

impl ReviseBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self, based_on: i64) -> Result<Revision, AppError> {
        Ok(Revision { fiche: self.fiche.judged()?, contact: self.contact, based_on })
    }
}

/// To whom to release a fiche, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// To one State or to all contact points.
    pub to: ReleaseTo,
    /// The State, exactly when it is one.
    pub party: Option<PartyId>,
    /// Where the decision stands.
    pub source: Option<String>,
}

/// To whom to release a fiche, judged.
#[derive(Clone, Debug)]
pub struct NewRelease {
    /// The State; `None`: all contact points.
    pub party: Option<PartyId>,
    /// Where the decision stands.
    pub source: String,
}

impl ReleaseBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewRelease, AppError> {
        match (self.to, &self.party) {
            (ReleaseTo::State, None) => return Err(AppError::field("party", "missing")),
            (ReleaseTo::ContactPoints, Some(_)) => return Err(AppError::field("party", "only for one State")),
            _ => {}
        }
        let source = match self.source.as_deref() {
            None => "Released by the originator".to_owned(),
            Some(text) => {
                let source = input::line("source", text, SOURCE_MAX)?;
                input::unclassified("source", &source)?;
                source
            }
        };
        Ok(NewRelease { party: self.party, source })
    }
}

/// A meeting to link a case file to, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// The meeting.
    pub meeting: MeetingId,
}

/// A case file, as far as the asker may read it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseBody {
    /// Its id.
    pub id: CaseId,
    /// The State whose it is.
    pub party: PartyId,
    /// The version of the fiche; also the ETag.
    pub version: i64,
    /// The register entry; null without the unlock secret.
    pub fiche: Option<Fiche>,
    /// Whom to ask.
    pub contact: ContactRef,
    /// Its room, for those admitted.
    pub room: Option<RoomId>,
    /// To whom the fiche is released; told to its own State only.
    pub releases: Option<Vec<CaseReleaseBody>>,
    /// The meetings it is linked to, as far as the asker may know of them.
    pub meetings: Vec<MeetingId>,
    /// When it was opened.
    pub opened_at: Moment,
    /// When the version shown was written.
    pub revised_at: Moment,
}

/// A case file, in the list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseLine {
    /// Its id.
    pub id: CaseId,
    /// The State whose it is.
    pub party: PartyId,
    /// The version of the fiche.
    pub version: i64,
    /// The register entry; null without the unlock secret.
    pub fiche: Option<Fiche>,
    /// Whom to ask.
    pub contact: ContactRef,
    /// Its room, for those admitted.
    pub room: Option<RoomId>,
    /// When it was opened.
    pub opened_at: Moment,
}

/// Whom to ask about a case file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ContactRef {
    /// The person.
    pub id: PersonId,
    /// The name.
    pub name: String,
}

/// A release of a fiche.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CaseReleaseBody {
    /// The act of release.
    pub act: ActId,
    /// To one State or to all contact points.
    pub to: ReleaseTo,
    /// The State.
    pub party: Option<PartyId>,
    /// From when on.
    pub from: Moment,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fiche() -> Fiche {
        Fiche {
            title: "t".into(),
            authority: "a".into(),
            situation: "s".into(),
            crimes: vec![Crime::WarCrimes, Crime::Genocide],
            concurrent_offences: vec!["terrorism".into()],
            stage: Stage::Structural,
            legal_issues: Some("two\nlines".into()),
        }
    }

    #[test]
    fn fiches() {
        assert_eq!(fiche().judged().unwrap().crimes, [Crime::Genocide, Crime::WarCrimes]);
        for bad in [
            Fiche { title: " ".into(), ..fiche() },
            Fiche { crimes: Vec::new(), ..fiche() },
            Fiche { crimes: vec![Crime::Genocide, Crime::Genocide], ..fiche() },
            Fiche { concurrent_offences: vec!["x".into(); 21], ..fiche() },
            Fiche { legal_issues: Some("EU SECRET".into()), ..fiche() },
        ] {
            assert!(bad.judged().is_err());
        }
    }

    #[test]
    fn visibility_says_one_thing() {
        let body = |to, states: &[PartyId]| VisibilityBody { to, states: states.to_vec() };
        let state = PartyId::parse("00000000-0000-4000-8000-000000000001").unwrap();
        assert!(body(VisibleTo::OwnState, &[]).checked().is_ok());
        assert!(body(VisibleTo::States, std::slice::from_ref(&state)).checked().is_ok());
        assert!(body(VisibleTo::States, &[]).checked().is_err());
        assert!(body(VisibleTo::States, &[state.clone(), state.clone()]).checked().is_err());
        assert!(body(VisibleTo::ContactPoints, &[state]).checked().is_err());
    }
}
