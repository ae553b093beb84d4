//! What is asked, and what is replied.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{NoteId, PartyId, PersonId, RequestId, RoomId};
use crate::rooms::model::{HandlingCode, NewNote, WriteBody};
use crate::{input, text_enum};

text_enum! {
    /// What is sent.
    RequestKind {
        /// A request, to be answered or refused: Decision 2002/494/JHA, Article 2.
        Request = "request",
        /// Information that nobody has asked for.
        Spontaneous = "spontaneous",
        /// Notice that a suspect is in the State addressed: Decision 2003/335/JHA, Article 2.
        Presence = "presence",
    }
}

text_enum! {
    /// What a State addressed does.
    ReplyKind {
        /// It acknowledges receipt.
        Receipt = "receipt",
        /// It answers.
        Answer = "answer",
        /// It refuses.
        Refusal = "refusal",
    }
}

text_enum! {
    /// How a State replies to a request.
    ReplyAs {
        /// It answers.
        Answer = "answer",
        /// It refuses, and says why.
        Refusal = "refusal",
    }
}

text_enum! {
    /// How far a State addressed is.
    AddresseeState {
        /// Nothing has come from it.
        Open = "open",
        /// It has acknowledged receipt.
        Received = "received",
        /// It has answered.
        Answered = "answered",
        /// It has refused.
        Refused = "refused",
    }
}

text_enum! {
    /// Why a State refuses, as agreements on mutual assistance know it: the European Convention of 20 April 1959, Articles
    /// 2 and 5, and the practice under it.
    Ground {
        /// Its law does not allow it.
        NationalLaw = "national_law",
        /// It would harm proceedings that are pending there.
        PendingProceedings = "pending_proceedings",
        /// The same was tried there before.
        AlreadyTried = "already_tried",
        /// It would put somebody in danger.
        SafetyOfAPerson = "safety_of_a_person",
        /// Its essential interests: sovereignty, security, public order.
        EssentialInterests = "essential_interests",
        /// Somebody is protected by an immunity or a privilege.
        Immunity = "immunity",
        /// What is asked for is another's, who has not agreed.
        OriginatorConsent = "originator_consent",
        /// It is not for this authority; the note may say for which.
        NotCompetent = "not_competent",
        /// There is nothing to give.
        NothingHeld = "nothing_held",
        /// What was asked does not suffice to act on.
        NotEnoughToActOn = "not_enough_to_act_on",
    }
}

const ADDRESSEES_MAX: usize = 100;
const PEOPLE_MAX: usize = 500;

/// What to send, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendBody {
    /// What it is.
    pub kind: RequestKind,
    /// To which States: members and observer States, each once, not one's own.
    pub to: Vec<PartyId>,
    /// Whom of them, and of one's own State, to let in; all contact points and counterparts of the States addressed when
    /// left out.
    #[serde(default)]
    pub people: Vec<PersonId>,
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// H0 alone, or any of H1, H2, H3.
    pub handling: Vec<HandlingCode>,
    /// The restrictions in words, exactly when H3 is among the codes.
    pub handling_text: Option<String>,
    /// The day by which an answer is asked for; only for a request.
    #[schemars(extend("format" = "date"))]
    pub due: Option<String>,
}

/// What to send, judged.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What it is.
    pub kind: RequestKind,
    /// To which States.
    pub to: Vec<PartyId>,
    /// Whom to let in; all who can be, when nobody is named.
    pub people: Vec<PersonId>,
    /// What it says.
    pub note: NewNote,
    /// The day by which an answer is asked for.
    pub due: Option<String>,
}

fn each_once<T: Ord>(field: &str, items: &[T], most: usize) -> Result<(), AppError> {
    if items.len() > most {
        return Err(AppError::field(field, "too many"));
    }
    if items.iter().collect::<BTreeSet<_>>().len() != items.len() {
        return Err(AppError::field(field, "given twice"));
    }
    Ok(())
}

impl SendBody {
    /// Judges what was sent. Whether States and people are such, and the day is to come, is for the service to find.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewRequest, AppError> {
        if self.to.is_empty() {
            return Err(AppError::field("to", "empty"));
        }
        each_once("to", &self.to, ADDRESSEES_MAX)?;
        each_once("people", &self.people, PEOPLE_MAX)?;
        let due = self.due.as_deref().map(|day| input::day("due", day)).transpose()?;
        if due.is_some() && self.kind != RequestKind::Request {
            return Err(AppError::field("due", "only a request asks for an answer"));
        }
        let Self { title, text, handling, handling_text, .. } = self;
        let note = WriteBody { title, text, handling, handling_text }.checked()?;
        Ok(NewRequest { kind: self.kind, to: self.to, people: self.people, note, due })
    }
}

/// A reply, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyBody {
    /// An answer or a refusal.
    pub kind: ReplyAs,
    /// Why, exactly when it is a refusal.
    pub ground: Option<Ground>,
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// H0 alone, or any of H1, H2, H3.
    pub handling: Vec<HandlingCode>,
    /// The restrictions in words, exactly when H3 is among the codes.
    pub handling_text: Option<String>,
}

/// A reply, judged.
#[derive(Clone, Debug)]
pub struct NewReply {
    /// Why the State refuses; an answer when there is no ground.
    pub ground: Option<Ground>,
    /// What it says.
    pub note: NewNote,
}

impl ReplyBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewReply, AppError> {
        match (self.kind, self.ground) {
            (ReplyAs::Refusal, None) => return Err(AppError::field("ground", "a refusal needs a ground")),
            (ReplyAs::Answer, Some(_)) => return Err(AppError::field("ground", "only for a refusal")),
            _ => {}
        }
        let Self { ground, title, text, handling, handling_text, .. } = self;
        Ok(NewReply { ground, note: WriteBody { title, text, handling, handling_text }.checked()? })
    }
}

/// A request, as far as the asker may read it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RequestBody {
    /// Its id.
    pub id: RequestId,
    /// What it is.
    pub kind: RequestKind,
    /// The State that sent it.
    pub from: PartyId,
    /// The States it is sent to, and how far each is.
    pub to: Vec<Addressee>,
    /// The day by which an answer is asked for.
    #[schemars(extend("format" = "date"))]
    pub due: Option<String>,
    /// When it was sent.
    pub sent_at: Moment,
    /// Its room.
    pub room: RoomId,
    /// The note of that room that says what it says, for those who can read it in a visit.
    pub note: Option<NoteId>,
    /// Its title; null without the unlock secret.
    pub title: Option<String>,
}

/// A State that something is sent to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Addressee {
    /// The State.
    pub party: PartyId,
    /// How far it is.
    pub state: AddresseeState,
    /// Since when, if anything has come from it.
    pub at: Option<Moment>,
    /// The note that says what it replied, for those who can read it in a visit.
    pub note: Option<NoteId>,
    /// Why it refused, for the same; null without the unlock secret.
    pub ground: Option<Ground>,
}

impl RequestBody {
    /// Whether an answer is lacking that was asked for by a day before `today`.
    #[must_use]
    pub fn overdue(&self, today: &str) -> bool {
        let lacks = |one: &Addressee| matches!(one.state, AddresseeState::Open | AddresseeState::Received);
        self.due.as_deref().is_some_and(|due| due < today) && self.to.iter().any(lacks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-28";

    fn party(last: u8) -> PartyId {
        PartyId::parse(&format!("00000000-0000-4000-8000-00000000000{last}")).unwrap()
    }

    fn body() -> SendBody {
        SendBody {
            kind: RequestKind::Request,
            to: vec![party(1), party(2)],
            people: Vec::new(),
            title: "t".into(),
            text: "x".into(),
            handling: vec![HandlingCode::H1],
            handling_text: None,
            due: Some(TODAY.into()),
        }
    }

    #[test]
    fn what_is_sent_is_judged() {
        assert_eq!(body().checked().unwrap().to.len(), 2);
        for (field, bad) in [
            ("to", SendBody { to: Vec::new(), ..body() }),
            ("to", SendBody { to: vec![party(1), party(1)], ..body() }),
            ("due", SendBody { due: Some("2026-02-30".into()), ..body() }),
            ("due", SendBody { kind: RequestKind::Presence, ..body() }),
            ("text", SendBody { text: "EU SECRET".into(), ..body() }),
            ("handling", SendBody { handling: Vec::new(), ..body() }),
        ] {
            let fault = bad.checked().unwrap_err();
            assert!(format!("{fault:?}").contains(&format!("\"{field}\"")), "{field}: {fault:?}");
        }
    }

    #[test]
    fn a_ground_goes_with_a_refusal() {
        let reply = |kind, ground| ReplyBody {
            kind,
            ground,
            title: "t".into(),
            text: "x".into(),
            handling: vec![HandlingCode::H0],
            handling_text: None,
        };
        assert!(reply(ReplyAs::Answer, None).checked().is_ok());
        assert!(reply(ReplyAs::Refusal, Some(Ground::NotCompetent)).checked().is_ok());
        assert!(reply(ReplyAs::Refusal, None).checked().is_err());
        assert!(reply(ReplyAs::Answer, Some(Ground::NotCompetent)).checked().is_err());
    }

    #[test]
    fn overdue_is_what_lacks_an_answer_after_its_day() {
        let request = |state, due: Option<&str>| RequestBody {
            id: RequestId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
            kind: RequestKind::Request,
            from: party(1),
            to: vec![Addressee { party: party(2), state, at: None, note: None, ground: None }],
            due: due.map(ToOwned::to_owned),
            sent_at: Moment(0),
            room: RoomId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
            note: None,
            title: None,
        };
        assert!(request(AddresseeState::Received, Some("2026-11-27")).overdue(TODAY));
        assert!(!request(AddresseeState::Received, Some(TODAY)).overdue(TODAY));
        assert!(!request(AddresseeState::Refused, Some("2026-11-27")).overdue(TODAY));
        assert!(!request(AddresseeState::Open, None).overdue(TODAY));
    }
}
