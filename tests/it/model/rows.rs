//! Changes of a network, in the database: acts by the functions that record and end them, everything else as
//! the rows that the slices insert. Services are left out here, since they refuse much of what makes a
//! sequence interesting (acts of the past and of the future); `services.rs` goes through them.

use std::fmt::Write;

use diesel::connection::SimpleConnection;
use incamera::access::acts::{ActKind, NewAct, end, record};
use incamera::context::Moment;
use incamera::db::Work;
use incamera::error::{AppError, Fault};
use incamera::ids::{ActId, CaseId, NoteId, PartyId, PersonId, RoomId};
use incamera::network::import::ensure_standing;
use incamera::network::model as words;
use incamera::rooms::opening::{self, Reach, RoomKind};
use incamera::rooms::release::{self, Recipient, Released};

use super::network::{Gives, Network, PARTIES, PEOPLE, PartyKind, Person, Role, SessionKind, Standing, Tick};
use super::sequence::Change;

/// The ids of a network's things, each list in the network's order.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    pub parties: Vec<PartyId>,
    pub people: Vec<PersonId>,
    pub sign_ins: Vec<String>,
    pub acts: Vec<ActId>,
    pub meetings: Vec<String>,
    pub sessions: Vec<String>,
    pub materials: Vec<String>,
    pub rooms: Vec<String>,
    pub cases: Vec<String>,
    pub notes: Vec<String>,
    pub visits: Vec<String>,
    /// Whose each visit is, by which log-in.
    pub visitors: Vec<(Person, String)>,
}

pub fn id(work: &Work<'_>) -> Result<String, AppError> {
    Ok(ActId::new(work)?.to_string())
}

pub fn standing(standing: Standing) -> words::Standing {
    match standing {
        Standing::Member => words::Standing::Member,
        Standing::Observer => words::Standing::Observer,
        Standing::Associate => words::Standing::Associate,
        Standing::Invited => words::Standing::Invited,
    }
}

pub fn role(role: Role) -> words::Role {
    match role {
        Role::ContactPoint => words::Role::ContactPoint,
        Role::Counterpart => words::Role::Counterpart,
        Role::Representative => words::Role::Representative,
        Role::Officer => words::Role::SecretariatOfficer,
        Role::Auditor => words::Role::Auditor,
    }
}

/// The parties and people of a network, with a log-in each.
pub fn found(work: &mut Work<'_>) -> Result<Ids, AppError> {
    let mut ids = Ids::default();
    let now = work.now.0;
    let mut sql = String::new();
    for kind in PARTIES {
        let id = PartyId::new(work)?;
        let kind = match kind {
            PartyKind::State => "state",
            PartyKind::Organisation => "organisation",
            PartyKind::CivilSociety => "civil_society",
            PartyKind::Secretariat => "secretariat",
        };
        let _ =
            write!(sql, "INSERT INTO parties (id, kind, code, recorded_us) VALUES ('{id}', '{kind}', '{id}', {now});");
        ids.parties.push(id);
    }
    for (place, party) in PEOPLE.iter().enumerate() {
        let (id, sign_in, party) = (PersonId::new(work)?, id(work)?, &ids.parties[*party]);
        let _ = write!(
            sql,
            "INSERT INTO people (id, party_id, name, recorded_us) VALUES ('{id}', '{party}', 'Person {place}', {now}); \
             INSERT INTO sign_ins (id, person_id, opened_us, refreshed_us, expires_us, second_factor, refresh_digest, unlock_digest) VALUES ('{sign_in}', '{id}', {now}, {now}, {now}, FALSE, '{sign_in}', '');"
        );
        ids.people.push(id);
        ids.sign_ins.push(sign_in);
    }
    work.conn.batch_execute(&sql)?;
    Ok(ids)
}

/// Makes a change; `false` when it was refused. Whatever is refused here is refused before anything is written.
pub fn change(work: &mut Work<'_>, network: &Network, ids: &mut Ids, change: Change) -> Result<bool, AppError> {
    let outcome = match change {
        Change::Record { gives, from, until } => give(work, ids, gives, from, until),
        Change::End { act, at } => end(work, None, &ids.acts[act], Some(Moment(at)), "A letter").map(|_| true),
        other => {
            let sql = make(work, network, ids, other)?;
            work.conn.batch_execute(&sql)?;
            Ok(true)
        }
    };
    match outcome {
        Err(AppError { fault: Fault::Invalid(_) | Fault::Conflict(_), .. }) => Ok(false),
        other => other,
    }
}

/// The changes that a network begins with, all at once.
pub fn begin(work: &mut Work<'_>, network: &mut Network, ids: &mut Ids, all: &[Change]) -> Result<(), AppError> {
    let (mut sql, now) = (String::new(), work.now.0);
    for one in all {
        if let Change::Record { gives, from, .. } = *one {
            let act = ActId::new(work)?;
            let kind = kind(gives).as_str();
            let _ = write!(
                sql,
                "INSERT INTO acts (id, kind, effective_us, recorded_us, source) VALUES ('{act}', '{kind}', {from}, {now}, 'A letter');{};",
                beside(ids, gives, &act)
            );
            ids.acts.push(act);
        } else {
            sql.push_str(&make(work, network, ids, *one)?);
            sql.push(';');
        }
        network.change(*one, now);
    }
    Ok(work.conn.batch_execute(&sql)?)
}

fn give(work: &mut Work<'_>, ids: &mut Ids, gives: Gives, from: Tick, until: Option<Tick>) -> Result<bool, AppError> {
    let present = from == work.now.0 && until.is_none();
    let source = "A letter";
    let act = match gives {
        Gives::Standing(party, held) => {
            let until = until.map(Moment);
            let act = ensure_standing(work, &ids.parties[party], standing(held), Moment(from), until, None, source)?;
            // It answers the act that is there already, if one says the same.
            if ids.acts.contains(&act) {
                return Ok(false);
            }
            act
        }
        Gives::Admission { room, person, whole } if present => {
            let reach = if whole { Reach::Whole } else { Reach::Onward };
            opening::admit(work, None, &room_id(ids, room), &ids.people[person], reach, source)?
        }
        Gives::NoteRelease(note, party) if present => {
            let note = NoteId::parse(&ids.notes[note]).unwrap();
            let to = Recipient { party: Some(&ids.parties[party]), version: Some(1) };
            release::release(work, None, Released::Note(&note), to, source)?
        }
        Gives::CaseRelease(case, party) if present => {
            let case = CaseId::parse(&ids.cases[case]).unwrap();
            let to = Recipient { party: party.map(|party| &ids.parties[party]), version: None };
            release::release(work, None, Released::Case(&case), to, source)?
        }
        _ => {
            let new =
                NewAct { effective: Some(Moment(from)), until: until.map(Moment), ..NewAct::now(kind(gives), source) };
            let act = record(work, None, &new)?;
            work.conn.batch_execute(&beside(ids, gives, &act))?;
            act
        }
    };
    ids.acts.push(act);
    Ok(true)
}

const fn kind(gives: Gives) -> ActKind {
    match gives {
        Gives::Standing(..) => ActKind::Standing,
        Gives::Designation(..) => ActKind::Designation,
        Gives::Enrolment(_) => ActKind::Enrolment,
        Gives::Suspension(_) => ActKind::Suspension,
        Gives::Participation(..) => ActKind::Participation,
        Gives::Admission { .. } => ActKind::Admission,
        Gives::NoteRelease(..) | Gives::CaseRelease(..) => ActKind::Release,
    }
}

/// The row beside an act that says what it is about.
fn beside(ids: &Ids, gives: Gives, act: &ActId) -> String {
    let party = |party: usize| &ids.parties[party];
    let maybe = |id: Option<String>| id.map_or_else(|| "NULL".to_owned(), |id| format!("'{id}'"));
    match gives {
        Gives::Standing(whose, held) => {
            format!(
                "INSERT INTO standings (act_id, party_id, standing) VALUES ('{act}', '{}', '{}')",
                party(whose),
                standing(held)
            )
        }
        Gives::Designation(whom, as_what) => format!(
            "INSERT INTO designations (act_id, party_id, person_id, role) VALUES ('{act}', '{}', '{}', '{}')",
            party(PEOPLE[whom]),
            ids.people[whom],
            role(as_what)
        ),
        Gives::Enrolment(whom) => {
            format!("INSERT INTO enrolments (act_id, person_id) VALUES ('{act}', '{}')", ids.people[whom])
        }
        Gives::Suspension(whom) => {
            format!("INSERT INTO suspensions (act_id, person_id) VALUES ('{act}', '{}')", ids.people[whom])
        }
        Gives::Participation(session, of, whom) => format!(
            "INSERT INTO participations (act_id, session_id, party_id, person_id) VALUES ('{act}', '{}', '{}', {})",
            ids.sessions[session],
            party(of),
            maybe(whom.map(|whom| ids.people[whom].to_string()))
        ),
        Gives::Admission { room, person, whole } => format!(
            "INSERT INTO admissions (act_id, room_id, person_id, reach) VALUES ('{act}', '{}', '{}', '{}')",
            ids.rooms[room],
            ids.people[person],
            if whole { "whole" } else { "onward" }
        ),
        Gives::NoteRelease(note, to) => {
            format!(
                "INSERT INTO releases (act_id, note_id, note_version, party_id) VALUES ('{act}', '{}', 1, '{}')",
                ids.notes[note],
                party(to)
            )
        }
        Gives::CaseRelease(case, to) => format!(
            "INSERT INTO releases (act_id, case_id, party_id) VALUES ('{act}', '{}', {})",
            ids.cases[case],
            maybe(to.map(|to| party(to).to_string()))
        ),
    }
}

fn room_id(ids: &Ids, room: usize) -> RoomId {
    RoomId::parse(&ids.rooms[room]).unwrap()
}

/// The rows of a thing. A room's own are written at once.
fn make(work: &mut Work<'_>, network: &Network, ids: &mut Ids, change: Change) -> Result<String, AppError> {
    let (id, now) = (id(work)?, work.now.0);
    let sql = match change {
        Change::Meeting { ordinary, requested_by } => {
            // A number that no other network uses.
            let digits = id[..13].replace("-", "");
            let number = if ordinary { i64::from_str_radix(&digits, 16).unwrap().to_string() } else { "NULL".into() };
            let requested_by = requested_by.map_or_else(|| "NULL".to_owned(), |by| format!("'{}'", ids.parties[by]));
            let kind = if ordinary { "ordinary" } else { "ad_hoc" };
            ids.meetings.push(id.clone());
            format!(
                "INSERT INTO meetings (id, kind, number, first_day, last_day, way, requested_by_party_id, recorded_us) VALUES ('{id}', '{kind}', {number}, '2026-01-01', '2026-01-02', 'video', {requested_by}, {now})"
            )
        }
        Change::Session { meeting, kind } => {
            let closed = kind == SessionKind::Closed;
            let (mut room, mut title) = ("NULL".to_owned(), "'Title'".to_owned());
            if closed {
                let made = opening::open_room(work, None, RoomKind::Session, "Title", &[])?.to_string();
                (room, title) = (format!("'{made}'"), "NULL".to_owned());
                ids.rooms.push(made);
            }
            let kind = match kind {
                SessionKind::Open => "open",
                SessionKind::Closed => "closed",
                SessionKind::Breakout => "breakout",
            };
            ids.sessions.push(id.clone());
            format!(
                "INSERT INTO sessions (id, meeting_id, kind, position, title, room_id, recorded_us) VALUES ('{id}', '{}', '{kind}', {}, {title}, {room}, {now})",
                ids.meetings[meeting],
                network.sessions.len()
            )
        }
        Change::Material { session } => {
            ids.materials.push(id.clone());
            format!(
                "INSERT INTO materials (id, session_id, title, file_name, media_type, size, sha256, content, added_us) VALUES ('{id}', '{}', 'Title', 'a.txt', 'text/plain', 1, '{}', 'a', {now})",
                ids.sessions[session],
                "a".repeat(32)
            )
        }
        Change::Case { person } => {
            let by = &ids.people[person];
            let room = opening::open_room(work, Some(by), RoomKind::CaseFile, "Title", &[])?.to_string();
            let sql = format!(
                "INSERT INTO cases (id, room_id, party_id, opened_us) VALUES ('{id}', '{room}', '{}', {now})",
                ids.parties[PEOPLE[person]]
            );
            ids.rooms.push(room);
            ids.cases.push(id);
            sql
        }
        Change::Note { room, person } => {
            ids.notes.push(id.clone());
            format!(
                "INSERT INTO notes (id, room_id, author_id, party_id, written_us) VALUES ('{id}', '{}', '{}', '{}', {now})",
                ids.rooms[room], ids.people[person], ids.parties[PEOPLE[person]]
            )
        }
        Change::Visit { room, person, expires } => {
            ids.visits.push(id.clone());
            ids.visitors.push((person, ids.sign_ins[person].clone()));
            format!(
                "INSERT INTO visits (id, room_id, person_id, sign_in_id, opened_us, expires_us) VALUES ('{id}', '{}', '{}', '{}', {now}, {expires})",
                ids.rooms[room], ids.people[person], ids.sign_ins[person]
            )
        }
        Change::EndVisit { visit } => {
            format!("UPDATE visits SET ended_us = {now} WHERE id = '{}' AND ended_us IS NULL", ids.visits[visit])
        }
        Change::Record { .. } | Change::End { .. } => String::new(),
    };
    Ok(sql)
}
