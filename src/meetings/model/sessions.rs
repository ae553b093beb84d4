//! Sessions, their agendas, and who takes part.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{TITLE_MAX, content_line, content_lines, source};
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, MeetingId, PartyId, PersonId, RoomId, SessionId};
use crate::text_enum;

text_enum! {
    /// What kind of session it is.
    SessionKind {
        /// For members, observers, associates and invited guests.
        Open = "open",
        /// Solely for contact points and the counterparts of chosen observer States.
        Closed = "closed",
        /// For those invited to it.
        Breakout = "breakout",
    }
}

const ITEM_MAX: usize = 500;
const ITEMS_MAX: usize = 100;
const COUNTERPARTS_MAX: usize = 100;

/// A session, in a meeting.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SessionBody {
    /// Its id.
    pub id: SessionId,
    /// Open, closed or breakout.
    pub kind: SessionKind,
    /// Its title; a closed one's only for those admitted, with the unlock secret.
    pub title: Option<String>,
    /// The room of a closed one.
    pub room: Option<RoomId>,
    /// Its place among the sessions of the meeting that the asker may know of, from 0 on.
    pub position: i64,
}

/// A session with its agenda and the people taking part.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionDetail {
    /// Its id.
    pub id: SessionId,
    /// Open, closed or breakout.
    pub kind: SessionKind,
    /// The meeting it is a part of.
    pub meeting: MeetingId,
    /// Its title; a closed one's only for those admitted, with the unlock secret.
    pub title: Option<String>,
    /// The room of a closed one.
    pub room: Option<RoomId>,
    /// The agenda; a closed one's is null without second factor, unlock secret and visit.
    pub agenda: Option<Vec<String>>,
    /// The version of the agenda, 0 before the first, where the agenda is shown; also the ETag.
    pub agenda_version: Option<i64>,
    /// The delegations and guests that take part.
    pub participants: Vec<Participant>,
    /// Who is admitted to a closed one; null for the others.
    pub admitted: Option<Vec<Admitted>>,
}

/// A delegation, or one person of it, that takes part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Participant {
    /// The act by which it takes part.
    pub act: ActId,
    /// The party.
    pub party: PartyId,
    /// The person; null when the whole delegation takes part.
    pub person: Option<PersonId>,
}

/// A person admitted to a closed session.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Admitted {
    /// The person.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// The party the person acts for.
    pub party: PartyId,
}

/// A session to be added, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSessionBody {
    /// Open, closed or breakout.
    pub kind: SessionKind,
    /// Its title; a closed one may have none.
    pub title: Option<String>,
    /// For a closed one: the observer States whose counterparts are admitted beside the contact points.
    #[serde(default)]
    pub admit_counterparts_of: Vec<PartyId>,
}

/// A session to be added, judged.
#[derive(Clone, Debug)]
pub enum NewSession {
    /// An open one, with its title.
    Open(String),
    /// A breakout, with its title.
    Breakout(String),
    /// A closed one.
    Closed {
        /// Its title, to be sealed.
        title: Option<String>,
        /// The States whose counterparts are admitted, each once.
        counterparts_of: Vec<PartyId>,
    },
}

impl NewSessionBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewSession, AppError> {
        let title = self.title.as_deref().map(|title| content_line("title", title, TITLE_MAX)).transpose()?;
        let plain = || {
            if self.admit_counterparts_of.is_empty() {
                title.clone().ok_or_else(|| AppError::field("title", "missing"))
            } else {
                Err(AppError::field("admit_counterparts_of", "only a closed session admits"))
            }
        };
        match self.kind {
            SessionKind::Open => plain().map(NewSession::Open),
            SessionKind::Breakout => plain().map(NewSession::Breakout),
            SessionKind::Closed => {
                if self.admit_counterparts_of.len() > COUNTERPARTS_MAX {
                    return Err(AppError::field("admit_counterparts_of", "too many"));
                }
                let mut seen = BTreeSet::new();
                for (place, party) in self.admit_counterparts_of.iter().enumerate() {
                    if !seen.insert(party) {
                        return Err(AppError::field(format!("admit_counterparts_of[{place}]"), "given twice"));
                    }
                }
                Ok(NewSession::Closed { title, counterparts_of: self.admit_counterparts_of })
            }
        }
    }
}

/// An agenda, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgendaBody {
    /// The items, in their order.
    pub items: Vec<String>,
}

/// An agenda, judged.
#[derive(Clone, Debug)]
pub struct Agenda {
    /// The items, in their order.
    pub items: Vec<String>,
    /// The version it is based on; 0 before the first.
    pub based_on: i64,
}

impl AgendaBody {
    /// Judges what was sent, based on this version.
    ///
    /// # Errors
    /// `Invalid`, naming the item.
    pub fn checked(self, based_on: i64) -> Result<Agenda, AppError> {
        Ok(Agenda { items: content_lines("items", &self.items, ITEMS_MAX, ITEM_MAX)?, based_on })
    }
}

/// Who is to take part, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteBody {
    /// The party.
    pub party: PartyId,
    /// One person of it; without, the whole delegation.
    pub person: Option<PersonId>,
    /// Where the decision stands.
    pub source: String,
    /// Until when, if that is fixed.
    pub until: Option<Moment>,
}

/// Who is to take part, judged.
#[derive(Clone, Debug)]
pub struct NewParticipation {
    /// The party.
    pub party: PartyId,
    /// One person of it.
    pub person: Option<PersonId>,
    /// Where the decision stands.
    pub source: String,
    /// Until when.
    pub until: Option<Moment>,
}

impl InviteBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewParticipation, AppError> {
        let source = source(&self.source)?;
        Ok(NewParticipation { party: self.party, person: self.person, source, until: self.until })
    }
}

/// A participation, as recorded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ParticipationBody {
    /// The act by which it takes part.
    pub act: ActId,
    /// The session.
    pub session: SessionId,
    /// The party.
    pub party: PartyId,
    /// One person of it, or null for the whole delegation.
    pub person: Option<PersonId>,
    /// Until when, if that is fixed.
    pub until: Option<Moment>,
}

/// The end of something, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndBody {
    /// Where the decision stands.
    pub source: String,
    /// From when on; now when absent.
    pub effective: Option<Moment>,
}

/// The end of something, judged.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Where the decision stands.
    pub source: String,
    /// From when on.
    pub effective: Option<Moment>,
}

impl EndBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Ending, AppError> {
        Ok(Ending { source: source(&self.source)?, effective: self.effective })
    }
}

/// An act that was recorded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ActBody {
    /// The act.
    pub act: ActId,
}
