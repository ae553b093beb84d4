//! What can be done with requests: each function asks for leave, does it, and stages the log entry.

use std::collections::BTreeSet;

use super::model::{Addressee, AddresseeState, Ground, NewReply, NewRequest, ReplyKind, RequestBody, RequestKind};
use super::store::{self, OfRoom, ReplyRow, Request};
use crate::access::{self, Asker, Fact, TheNetwork, actions};
use crate::audit::{Entry, Event};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{NoteId, PartyId, PersonId, ReplyId, RequestId, RoomId};
use crate::rooms::keys::{Pen, Ring};
use crate::rooms::opening::{Opening, RoomKind, title_place};
use crate::rooms::release::{self, Recipient, Released};
use crate::rooms::service::notes;
use crate::rooms::store::acquaintances;
use crate::seal::{Place, Sealed};
use crate::server::Page;
use crate::server::answer::List;

/// The source of the admission of whoever sends it.
const ORIGINATOR: &str = "Admitted as the one who sent the request";
/// The source of the admissions that come with it.
const AT_SENDING: &str = "Admitted by the State that sent the request";
/// The source of the releases that come with it: a counterpart reads what is released to that State.
const RELEASED: &str = "Released when the request was sent";
/// Most recipients that one entry names.
const NAMED_MOST: usize = 64;

const ACKNOWLEDGED: Fault = Fault::Conflict("Your State has acknowledged it already.");
const REPLIED: Fault = Fault::Conflict("Your State has replied already.");
const NO_REPLY: Fault = Fault::Conflict("It asks for no answer.");

fn entry(event: Event, asker: &Asker, request: &Request) -> Entry {
    Entry::new(event).by(asker).on("request", &request.id).in_room(&request.room_id).owned_by(Some(&request.party_id))
}

/// The day that a moment is in.
pub(super) fn today(now: Moment) -> String {
    now.rfc3339().chars().take(10).collect()
}

fn place(cursor: &str) -> Result<(Moment, RequestId), AppError> {
    cursor
        .split_once('|')
        .and_then(|(sent, id)| Some((Moment(sent.parse().ok()?), RequestId::parse(id)?)))
        .ok_or_else(|| AppError::field("cursor", "not a cursor of this list"))
}

/// The requests whose rooms the asker is admitted to, the one sent last first. Titles are contents of rooms: so there is
/// an entry for each that is shown.
pub(super) fn list(work: &mut Work<'_>, asker: &Asker, page: &Page) -> Result<List<RequestBody>, AppError> {
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let after = page.after.as_deref().map(place).transpose()?;
    let filter = access::filter::<actions::SeeRequest>(asker);
    let rows = store::page(work.conn, filter, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |request| format!("{}|{}", request.sent_us.0, request.id));
    let items = bodies(work, asker, &list.items)?;
    for request in &list.items {
        work.log(entry(Event::RequestsListed, asker, request));
    }
    if items.is_empty() {
        work.log(Entry::new(Event::RequestsListed).by(asker).count(0));
    }
    Ok(List { items, next: list.next })
}

/// One request.
pub(super) fn get(work: &mut Work<'_>, asker: &Asker, id: &RequestId) -> Result<RequestBody, AppError> {
    let permit = access::permit::<actions::SeeRequest, Request>(work, asker, id)?;
    let body = body(work, asker, permit.thing())?;
    work.log(entry(Event::RequestRead, asker, permit.thing()));
    Ok(body)
}

/// The request whose room this is, for whoever may reply to it now. Whether his State can still do so is looked at when it
/// does: of what was typed meanwhile nothing is to be lost.
pub(super) fn answerable(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<RequestId, AppError> {
    Ok(access::permit::<actions::ReplyToRequest, OfRoom>(work, asker, room)?.into_thing().0.id)
}

/// The same, where nothing was typed yet: only if the asker's State can still reply.
pub(super) fn open_to_reply(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<RequestId, AppError> {
    let OfRoom(request) = access::permit::<actions::ReplyToRequest, OfRoom>(work, asker, room)?.into_thing();
    judge_open(work, &request, asker.party().ok_or(Fault::SignInNeeded)?)?;
    Ok(request.id)
}

/// Whether a State can still reply: to what asks for an answer, once.
fn judge_open(work: &mut Work<'_>, request: &Request, party: &PartyId) -> Result<(), AppError> {
    if request.kind != RequestKind::Request {
        return Err(NO_REPLY.into());
    }
    if replies_of(work, request, party)?.any(|reply| reply.kind != ReplyKind::Receipt) {
        return Err(REPLIED.into());
    }
    Ok(())
}

/// What the asker could do with a request for his State.
#[derive(Clone, Copy, Debug)]
pub(super) struct Could {
    pub(super) acknowledge: bool,
    pub(super) reply: bool,
}

/// What the asker could do with a request that he was shown: to reply takes a visit, which the page of the reply asks for.
pub(super) fn could(work: &mut Work<'_>, asker: &Asker, body: &RequestBody) -> Result<Could, AppError> {
    let addressed = match access::permit::<actions::AcknowledgeRequest, Request>(work, asker, &body.id) {
        Ok(_) => true,
        Err(AppError { fault: Fault::NotPermitted | Fault::MeansNeeded(_) | Fault::NotFound, .. }) => false,
        Err(other) => return Err(other),
    };
    let state = body.to.iter().find(|one| Some(&one.party) == asker.party()).map(|one| one.state);
    let open = matches!(state, Some(AddresseeState::Open | AddresseeState::Received));
    Ok(Could {
        acknowledge: addressed && state == Some(AddresseeState::Open),
        reply: addressed && open && body.kind == RequestKind::Request,
    })
}

fn body(work: &mut Work<'_>, asker: &Asker, request: &Request) -> Result<RequestBody, AppError> {
    let bodies = bodies(work, asker, std::slice::from_ref(request))?;
    bodies.into_iter().next().ok_or_else(|| AppError::internal("a request is not shown"))
}

/// These requests, which a filter or a permit let through. Title and grounds are opened as far as the asker has keys. Of a
/// note, and of the ground that goes with it, those are told who could read it in a visit: neither who was admitted from
/// later on nor the counterparts to whom it was not released.
fn bodies(work: &mut Work<'_>, asker: &Asker, requests: &[Request]) -> Result<Vec<RequestBody>, AppError> {
    let titles = store::titles(work.conn, access::filter::<actions::ReadRoomTitle>(asker), requests)?;
    let rooms: Vec<RoomId> = titles.iter().map(|(room, _)| room.clone()).collect();
    let rings = if rooms.is_empty() { Vec::new() } else { Ring::of_each(work, asker, &rooms)? };
    let ring = |room: &RoomId| rings.iter().find(|ring| ring.room() == room);
    let open = |room: &RoomId, place: Place<'_>, sealed: &Sealed| -> Result<Option<String>, AppError> {
        match ring(room).filter(|ring| ring.reaches(sealed)) {
            Some(ring) => ring.open(place, sealed).map(Some),
            None => Ok(None),
        }
    };
    let (addressees, replies) = (store::addressees(work.conn, requests)?, store::replies(work.conn, requests)?);
    let of: Vec<&NoteId> = (requests.iter().map(|request| &request.note_id))
        .chain(replies.iter().filter_map(|reply| reply.note_id.as_ref()))
        .collect();
    let inside = [Fact::Unlocked, Fact::Visiting].into_iter().collect();
    let readable = store::readable(work.conn, access::filter_given::<actions::ReadNote>(asker, inside), &of)?;
    let addressee = |request: &Request, party: &PartyId| -> Result<Addressee, AppError> {
        let mut of_state = replies.iter().filter(|reply| reply.request_id == request.id && reply.party_id == *party);
        // Oldest first, and nothing comes behind an answer or a refusal.
        let Some(last) = of_state.next_back() else {
            return Ok(Addressee {
                party: party.clone(),
                state: AddresseeState::Open,
                at: None,
                note: None,
                ground: None,
            });
        };
        let note = last.note_id.clone().filter(|note| readable.contains(note));
        let ground = match last.ground.as_ref().filter(|_| note.is_some()) {
            Some(sealed) => open(&request.room_id, ground_place(&request.room_id, &last.id), sealed)?,
            None => None,
        };
        Ok(Addressee {
            party: party.clone(),
            state: match last.kind {
                ReplyKind::Receipt => AddresseeState::Received,
                ReplyKind::Answer => AddresseeState::Answered,
                ReplyKind::Refusal => AddresseeState::Refused,
            },
            at: Some(last.given_us),
            note,
            ground: ground.as_deref().map(known_ground).transpose()?,
        })
    };
    let body = |request: &Request| {
        let to = addressees.iter().filter(|(id, _)| *id == request.id);
        let title = match titles.iter().find(|(room, _)| *room == request.room_id) {
            Some((room, sealed)) => open(room, title_place(room), sealed)?,
            None => None,
        };
        Ok(RequestBody {
            id: request.id.clone(),
            kind: request.kind,
            from: request.party_id.clone(),
            to: to.map(|(_, party)| addressee(request, party)).collect::<Result<_, AppError>>()?,
            due: request.due_day.clone(),
            sent_at: request.sent_us,
            room: request.room_id.clone(),
            note: Some(request.note_id.clone()).filter(|note| readable.contains(note)),
            title,
        })
    };
    requests.iter().map(body).collect()
}

fn known_ground(text: &str) -> Result<Ground, AppError> {
    Ground::parse(text).ok_or_else(|| AppError::internal("a refusal has an unknown ground"))
}

fn ground_place<'a>(room: &'a RoomId, reply: &'a ReplyId) -> Place<'a> {
    Place { room, what: "request.ground", thing: reply.as_str(), version: 1 }
}

/// Sends a request. Whoever sends it need not come into its room for that: it says what he has just written himself.
pub(super) fn send(work: &mut Work<'_>, asker: &Asker, new: &NewRequest) -> Result<RequestBody, AppError> {
    access::permit::<actions::SendRequest, TheNetwork>(work, asker, &())?;
    let author = asker.person().ok_or(Fault::SignInNeeded)?;
    let party = asker.party().ok_or(Fault::SignInNeeded)?;
    if new.due.as_ref().is_some_and(|due| *due < today(work.now)) {
        return Err(AppError::field("due", "in the past"));
    }
    let request = insert(work, (author, party), new)?;
    for to in new.to.chunks(NAMED_MOST) {
        work.log(entry(Event::RequestSent, asker, &request).to(to));
    }
    body(work, asker, &request)
}

/// Inserts a request with its room, its note, and the admissions and releases that it takes. The caller has leave, or is
/// the operator.
///
/// # Errors
/// `Invalid`, naming the field; the database's.
pub(super) fn insert(
    work: &mut Work<'_>,
    (author, party): (&PersonId, &PartyId),
    new: &NewRequest,
) -> Result<Request, AppError> {
    for (place, state) in new.to.iter().enumerate() {
        release::judge_recipient(work, party, state, &format!("to[{place}]"))?;
    }
    let now = work.now;
    let people = admitted(work, author, party, new)?;
    let mut admitted = vec![(author, ORIGINATOR)];
    admitted.extend(people.iter().map(|person| (person, AT_SENDING)));
    let opening = Opening::begin(work, Some(author), RoomKind::Request, &new.note.title, &admitted)?;
    let seals = |ctx: &_, place: Place<'_>, text: &str| opening.seal(ctx, place, text);
    let (note, _) = notes::insert(work, seals, opening.room(), &new.note, (author, party))?;
    let request = Request {
        id: RequestId::new(work)?,
        room_id: opening.done(work)?,
        party_id: party.clone(),
        author_id: author.clone(),
        kind: new.kind,
        due_day: new.due.clone(),
        note_id: note.id.clone(),
        sent_us: now,
    };
    store::insert(work.conn, &request, &new.to)?;
    for state in store::observers(work.conn, &new.to, now)? {
        let to = Recipient { party: Some(&state), version: Some(1) };
        release::release(work, Some(author), Released::Note(&note.id), to, RELEASED)?;
    }
    Ok(request)
}

/// Whom a request lets in beside its author: of the States addressed everybody in office, or those named. Somebody of each
/// must be able to read it.
fn admitted(
    work: &mut Work<'_>,
    author: &PersonId,
    party: &PartyId,
    new: &NewRequest,
) -> Result<Vec<PersonId>, AppError> {
    let now = work.now;
    let states: Vec<PartyId> = new.to.iter().chain([party]).cloned().collect();
    let mut office = store::in_office(work.conn, &states, now)?;
    office.retain(|(person, _)| person != author);
    if new.people.is_empty() {
        office.retain(|(_, state)| state != party);
    } else {
        for (place, person) in new.people.iter().enumerate() {
            if !office.iter().any(|(one, _)| one == person) {
                return Err(AppError::field(
                    format!("people[{place}]"),
                    "nobody else of these States who can be admitted",
                ));
            }
        }
        office.retain(|(person, _)| new.people.contains(person));
    }
    for (place, state) in new.to.iter().enumerate() {
        if !office.iter().any(|(_, of)| of == state) {
            return Err(AppError::field(format!("to[{place}]"), "nobody of this State would be let in"));
        }
    }
    let mut people: Vec<PersonId> = office.into_iter().map(|(person, _)| person).collect();
    people.dedup();
    Ok(people)
}

/// Whom the asker could name, and may know of: of his own State, and those who are with him in sessions' rooms. Id, name,
/// and the code of the State.
pub(super) fn candidates(
    work: &mut Work<'_>,
    asker: &Asker,
    states: &[PartyId],
) -> Result<Vec<(PersonId, String, String)>, AppError> {
    let permit = access::permit::<actions::SendRequest, TheNetwork>(work, asker, &())?;
    let (Some(person), Some(party)) = (asker.person(), asker.party()) else { return Ok(Vec::new()) };
    let now = work.now;
    let mut known = acquaintances(work.conn, &permit, (person, party), now)?;
    let office = store::in_office(work.conn, states, now)?;
    known.retain(|(id, ..)| id != person && office.iter().any(|(one, _)| one == id));
    Ok(known)
}

/// Acknowledges receipt for the asker's State. A reply has done so.
pub(super) fn acknowledge(work: &mut Work<'_>, asker: &Asker, id: &RequestId) -> Result<RequestBody, AppError> {
    let permit = access::permit::<actions::AcknowledgeRequest, Request>(work, asker, id)?;
    let request = permit.thing();
    let party = asker.party().ok_or(Fault::SignInNeeded)?;
    if replies_of(work, request, party)?.next().is_some() {
        return Err(ACKNOWLEDGED.into());
    }
    let row = receipt(work, request, (asker.person().ok_or(Fault::SignInNeeded)?, party))?;
    store::insert_reply(work.conn, &row).or_conflict(ACKNOWLEDGED)?;
    work.log(entry(Event::RequestAcknowledged, asker, request));
    body(work, asker, request)
}

/// A receipt.
pub(super) fn receipt(
    work: &Work<'_>,
    request: &Request,
    (person, party): (&PersonId, &PartyId),
) -> Result<ReplyRow, AppError> {
    Ok(ReplyRow {
        id: ReplyId::new(work)?,
        request_id: request.id.clone(),
        party_id: party.clone(),
        kind: ReplyKind::Receipt,
        ground: None,
        note_id: None,
        person_id: person.clone(),
        given_us: work.now,
    })
}

fn replies_of<'a>(
    work: &mut Work<'_>,
    request: &Request,
    party: &'a PartyId,
) -> Result<impl Iterator<Item = ReplyRow> + use<'a>, AppError> {
    let replies = store::replies(work.conn, std::slice::from_ref(request))?;
    Ok(replies.into_iter().filter(move |reply| reply.party_id == *party))
}

/// Answers or refuses for the asker's State, by a note in the room, which everybody there may read as any other.
pub(super) fn reply(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &RequestId,
    new: &NewReply,
) -> Result<RequestBody, AppError> {
    let permit = access::permit::<actions::ReplyToRequest, Request>(work, asker, id)?;
    let request = permit.thing();
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    let party = asker.party().ok_or(Fault::SignInNeeded)?;
    judge_open(work, request, party)?;
    let room = &request.room_id;
    let pen = Pen::of(work, asker, room)?;
    let seals = |ctx: &_, place: Place<'_>, text: &str| pen.seal(ctx, place, text);
    let (note, _) = notes::insert(work, seals, room, &new.note, (person, party))?;
    let reply = ReplyId::new(work)?;
    let seal = |ground: Ground| pen.seal(work, ground_place(room, &reply), ground.as_str());
    let ground = new.ground.map(seal).transpose()?;
    let row = ReplyRow {
        request_id: request.id.clone(),
        party_id: party.clone(),
        kind: if ground.is_some() { ReplyKind::Refusal } else { ReplyKind::Answer },
        ground,
        note_id: Some(note.id.clone()),
        person_id: person.clone(),
        given_us: work.now,
        id: reply,
    };
    store::insert_reply(work.conn, &row).or_conflict(REPLIED)?;
    let others = readers(work, request, party)?;
    let entry = || entry(Event::RequestReplied, asker, request).during(asker.visit());
    if others.is_empty() {
        work.log(entry());
    }
    for to in others.chunks(NAMED_MOST) {
        work.log(entry().to(to));
    }
    body(work, asker, request)
}

/// To which other States a reply of `party` goes: those whose contact points are in the room now, and read all that is in
/// it. To an observer State it would have to be released.
fn readers(work: &mut Work<'_>, request: &Request, party: &PartyId) -> Result<Vec<PartyId>, AppError> {
    let now = work.now;
    let inside = store::admitted(work.conn, request, now)?;
    let known = Asker::load_admitted(work, &request.room_id, now)?;
    let reads =
        |one: &Asker| one.facts().has(Fact::ContactPoint) && one.person().is_some_and(|person| inside.contains(person));
    let states: BTreeSet<PartyId> =
        known.iter().filter(|one| reads(one)).filter_map(|one| one.party().cloned()).collect();
    Ok(states.into_iter().filter(|state| state != party).collect())
}
