//! The invented people of `config/demo.toml`, what they are, and what they wrote.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::accounts::{Line, Prepared};
use crate::audit::{Entry, Event};
use crate::cases::import::{RecordedCase, ensure_case};
use crate::cases::model::{Fiche, Visibility};
use crate::cli::CliError;
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId, RoomId};
use crate::meetings::import::{
    ensure_closed_session, ensure_material, ensure_participation, ensure_session, meeting_numbered,
};
use crate::meetings::model::{MediaType, SessionKind};
use crate::network::import::{ensure_designation, ensure_election, ensure_person, party_coded};
use crate::network::model::{Body, Function, Role};
use crate::rooms::import::{RecordedNote, ensure_notes};
use crate::rooms::model::HandlingCode;
use crate::rooms::requests::import::{RecordedRequest, ensure_requests};
use crate::rooms::requests::model::RequestKind;

/// The material of the open session.
const MATERIAL: &[u8] = include_bytes!("../../../config/demo-material.txt");
/// The meeting whose sessions are invented: the last on record.
const MEETING: i64 = 36;
/// 14 November 2024, the last day of that meeting. Ukraine's standing as an observer began on it, so that
/// everyone here is designated for a party that has its standing.
const FROM: Moment = Moment(1_731_542_400_000_000);
const SOURCE: &str = "Invented for the demo";

/// All that is invented.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    person: Vec<Person>,
    open_session: OpenSession,
    closed_session: ClosedSession,
    case: Vec<Case>,
    request: Vec<Request>,
}

/// Somebody who does not exist.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    party: String,
    pub(super) name: String,
    pub(super) email: String,
    role: Role,
    function: Option<Function>,
    #[serde(default)]
    steering_board: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenSession {
    title: String,
    guests: Vec<String>,
    material: Material,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Material {
    title: String,
    file_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosedSession {
    title: String,
    counterparts_of: Vec<String>,
    note: Vec<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    author: String,
    title: String,
    text: String,
    handling: Vec<HandlingCode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    contact: String,
    visibility: VisibleTo,
    admit: Vec<String>,
    fiche: Fiche,
    note: Vec<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    author: String,
    kind: RequestKind,
    to: Vec<String>,
    due: Option<String>,
    title: String,
    text: String,
    handling: Vec<HandlingCode>,
    #[serde(default)]
    receipts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum VisibleTo {
    Word(Word),
    States(Vec<String>),
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Word {
    OwnState,
    ContactPoints,
}

/// The people on record, by their addresses: each with the party.
type People = BTreeMap<String, (PersonId, PartyId)>;

impl Content {
    pub(super) fn parse(text: &str) -> Result<Self, CliError> {
        toml::from_str(text).map_err(|error| CliError::Other(format!("the invented network: {error}")))
    }

    pub(super) fn people(&self) -> &[Person] {
        &self.person
    }

    /// Records all of it beside the public record. `prepared` are the accounts, in the order of the people.
    pub(super) fn record(&self, work: &mut Work<'_>, prepared: Vec<Prepared>) -> Result<Vec<Line>, AppError> {
        let (mut people, mut lines) = (People::new(), Vec::with_capacity(prepared.len()));
        for (person, prepared) in self.person.iter().zip(prepared) {
            let party = party(work, &person.party)?;
            let id = ensure_person(work, &party, &person.name)?;
            ensure_designation(work, &id, person.role, person.function, FROM, SOURCE)?;
            if person.steering_board {
                ensure_election(work, &id, Body::SteeringBoard, FROM, None, SOURCE)?;
            }
            let enrolled = prepared.account.open(work, &id)?;
            lines.push(Line {
                role: person.role.to_string(),
                party: person.party.clone(),
                email: enrolled.email,
                password: prepared.password.to_string(),
                totp_secret: enrolled.totp_secret,
            });
            people.insert(person.email.clone(), (id, party));
        }
        self.hold_sessions(work, &people)?;
        for case in &self.case {
            case.open(work, &people)?;
        }
        self.send(work, &people)?;
        work.log(Entry::new(Event::OperatorActed).on("demo", "made").count(lines.len()));
        Ok(lines)
    }

    fn send(&self, work: &mut Work<'_>, people: &People) -> Result<(), AppError> {
        let mut whom = Vec::new();
        for request in &self.request {
            let receipts: Vec<PersonId> = those(people, &request.receipts)?;
            whom.push((request, parties(work, &request.to)?, receipts));
        }
        let recorded = whom.iter().map(|(request, to, receipts)| {
            Ok(RecordedRequest {
                author: &someone(people, &request.author)?.0,
                kind: request.kind,
                to,
                due: request.due.as_deref(),
                title: &request.title,
                text: &request.text,
                handling: &request.handling,
                receipts,
            })
        });
        ensure_requests(work, &recorded.collect::<Result<Vec<_>, AppError>>()?)
    }

    fn hold_sessions(&self, work: &mut Work<'_>, people: &People) -> Result<(), AppError> {
        let meeting = meeting_numbered(work, MEETING)?.ok_or_else(|| AppError::field("meeting", "not on record"))?;
        let open = &self.open_session;
        let session = ensure_session(work, &meeting, SessionKind::Open, &open.title)?;
        for guest in &open.guests {
            let guest = party(work, guest)?;
            ensure_participation(work, &session, &guest, SOURCE)?;
        }
        let material = &open.material;
        ensure_material(work, &session, &material.title, &material.file_name, MediaType::Text, MATERIAL)?;

        let closed = &self.closed_session;
        let counterparts = parties(work, &closed.counterparts_of)?;
        let (_, room) = ensure_closed_session(work, &meeting, &closed.title, &counterparts)?;
        write(work, &room, &closed.note, people)
    }
}

impl Case {
    fn open(&self, work: &mut Work<'_>, people: &People) -> Result<(), AppError> {
        let visibility = match &self.visibility {
            VisibleTo::Word(Word::OwnState) => Visibility::OwnState,
            VisibleTo::Word(Word::ContactPoints) => Visibility::ContactPoints,
            VisibleTo::States(codes) => Visibility::States(parties(work, codes)?),
        };
        let admit = those(people, &self.admit)?;
        let (contact, _) = someone(people, &self.contact)?;
        let case = RecordedCase { contact, fiche: self.fiche.clone(), visibility, admit: &admit };
        let (_, room) = ensure_case(work, &case)?;
        write(work, &room, &self.note, people)
    }
}

fn write(work: &mut Work<'_>, room: &RoomId, notes: &[Note], people: &People) -> Result<(), AppError> {
    let notes = notes
        .iter()
        .map(|note| {
            let (author, party) = someone(people, &note.author)?;
            Ok(RecordedNote { author, party, title: &note.title, text: &note.text, handling: &note.handling })
        })
        .collect::<Result<Vec<_>, AppError>>()?;
    ensure_notes(work, room, &notes)
}

fn someone<'a>(people: &'a People, email: &str) -> Result<&'a (PersonId, PartyId), AppError> {
    people.get(email).ok_or_else(|| AppError::field(email, "nobody has this address"))
}

fn those(people: &People, emails: &[String]) -> Result<Vec<PersonId>, AppError> {
    emails.iter().map(|email| Ok(someone(people, email)?.0.clone())).collect()
}

fn party(work: &mut Work<'_>, code: &str) -> Result<PartyId, AppError> {
    party_coded(work, code)?.map(|(id, _)| id).ok_or_else(|| AppError::field(code, "no such party"))
}

fn parties(work: &mut Work<'_>, codes: &[String]) -> Result<Vec<PartyId>, AppError> {
    codes.iter().map(|code| party(work, code)).collect()
}
