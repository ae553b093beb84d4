//! Rooms, and who is in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RecoveryBody, source};
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, CaseId, MeetingId, PartyId, PersonId, RequestId, RoomId, SessionId};
use crate::rooms::opening::{Reach, RoomKind};

/// A room: its title, its members, what it belongs to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RoomBody {
    /// Its id.
    pub id: RoomId,
    /// What it belongs to, in a word.
    pub kind: RoomKind,
    /// Its title: only for those admitted, with the unlock secret.
    pub title: Option<String>,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// That session's meeting.
    pub meeting: Option<MeetingId>,
    /// The case file it belongs to.
    pub case: Option<CaseId>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// Who is admitted now.
    pub members: Vec<Member>,
    /// Whether officers can recover it: told to those who are admitted only.
    pub recovery: Option<RecoveryBody>,
}

/// Somebody admitted to a room.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Member {
    /// The person.
    pub person: PersonId,
    /// The name.
    pub name: String,
    /// The party the person acts for.
    pub party: PartyId,
    /// How much of the room the admission opens.
    pub reach: Reach,
    /// The act of admission.
    pub act: ActId,
    /// From when on.
    pub from: Moment,
    /// Whether the room's key has come to the person: told to those who are admitted only. It comes with the next request
    /// of somebody who has it.
    pub keyed: Option<bool>,
}

/// Whether somebody admitted reads a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// As soon as it is written.
    Now,
    /// Once its originator releases it to the reader's State.
    IfReleased,
    /// Not at all: without an account, or without a designation that a room admits.
    Not,
}

/// Somebody admitted to a room, and whether he reads a note.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The person.
    pub person: PersonId,
    /// The name.
    pub name: String,
    /// The party the person acts for.
    pub party: PartyId,
    /// Whether he reads it.
    pub reads: Reads,
}

/// Whom to admit, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmitBody {
    /// The person.
    pub person: PersonId,
    /// `whole` opens what was written before too (the default), `onward` only what comes after.
    pub reach: Option<Reach>,
    /// Where the decision stands.
    pub source: Option<String>,
}

/// Whom to admit, judged.
#[derive(Clone, Debug)]
pub struct NewAdmission {
    /// The person.
    pub person: PersonId,
    /// How much it opens.
    pub reach: Reach,
    /// Where the decision stands.
    pub source: String,
}

impl AdmitBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewAdmission, AppError> {
        let source = source(self.source.as_deref(), "Admitted from inside the room")?;
        Ok(NewAdmission { person: self.person, reach: self.reach.unwrap_or(Reach::Whole), source })
    }
}
