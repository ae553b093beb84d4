//! A ceremony, as far as the server has part in it: what it asks of the officers, and what it does with their answer.
//!
//! They give one person the keys of one room. Whether that person may have them is asked of the rules, as whenever keys
//! are handed out. Only where nobody is left who could admit anybody do they admit that one person, too: one who can then
//! admit the others.

use std::collections::BTreeSet;

use data_encoding::BASE64;

use super::super::{People, may_enter, settle, store as keys};
use super::store;
use crate::access::{Action, Asker, Credentials, Fact, rules};
use crate::audit::{Entry, Event, PURPOSE_MAX};
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{ActId, PartyId, PersonId, RecoveryRequestId, RoomId};
use crate::input;
use crate::rooms::opening::{self, Reach, RoomKind};
use crate::seal::ForMember;
use crate::seal::recovery::ceremony::{Reply, Request, WantedEpoch};

/// How long officers have to answer: an answer that turns up years later is none.
const DAYS: i64 = 14;

/// Where the decision to admit somebody stands.
const SOURCE: &str = "Recovery of the room by officers";

/// Why a ceremony is not held, or its answer not taken; for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such room.
    #[error("there is no such room")]
    NoRoom,
    /// The room was never sealed to officers, or no longer is.
    #[error("those inside have not chosen that this room can be recovered, or not with this key")]
    NotChosen,
    /// Nobody to seal anything to.
    #[error("the person has no key pair: it comes with an account, or with the next log-in")]
    NoKeyPair,
    /// The ordinary way is open.
    #[error("the person is not admitted, and somebody is who can admit: ask them first")]
    AdmitFirst,
    /// Not to be admitted by officers.
    #[error(
        "nobody is left who could admit anybody, and only somebody who could then admit the others can be let in by officers: \
         a contact point of a member State, for a case file or request of the State whose it is"
    )]
    NotThisPerson,
    /// There is nothing to be recovered.
    #[error("nothing that the officers could open is lacking to the person")]
    NothingLacking,
    /// Not something that this server has asked for.
    #[error("this server has asked no such thing")]
    NotAsked,
    /// Good once.
    #[error("this was answered before")]
    Answered,
    /// Good for some time.
    #[error("this was asked more than 14 days ago: ask anew")]
    TooLate,
    /// Something is not as it was when the officers were asked.
    #[error("the person has another key pair since, or an epoch has another key: ask anew")]
    Changed,
    /// The rule.
    #[error("the person may not enter the room")]
    MayNotEnter,
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::internal(refusal)
    }
}

/// What came of a ceremony.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// How many epochs the person can read again.
    pub epochs: usize,
    /// The act that admits the person, where it took one.
    pub admitted: Option<ActId>,
}

/// Whether somebody could admit others to such a room, once inside.
fn can_admit(asker: &Asker, kind: RoomKind, owner: Option<&PartyId>) -> bool {
    let facts = asker
        .facts()
        .with(Fact::Admitted, true)
        .with(Fact::OfSession, kind == RoomKind::Session)
        .with(Fact::OfCircle, kind != RoomKind::Session)
        .with(Fact::MyParty, owner.is_some() && asker.party() == owner);
    rules::decide(Action::Admit, facts)
}

/// How a person comes to be in the room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// He is admitted: from when on, or to the whole room.
    Admitted(Option<Moment>),
    /// The officers are to admit him, to the whole.
    ToAdmit,
}

impl Standing {
    /// Whether he may have the key of an epoch that began then.
    fn reaches(self, began: Moment) -> bool {
        match self {
            Self::Admitted(from) => from.is_none_or(|from| from <= began),
            Self::ToAdmit => true,
        }
    }
}

fn standing(
    work: &mut Work<'_>,
    people: &People,
    person: &PersonId,
    (kind, owner): (RoomKind, Option<&PartyId>),
) -> Result<Standing, AppError> {
    if let Some((_, from)) = people.admitted.get(person) {
        return Ok(Standing::Admitted(*from));
    }
    if people.admitted.values().any(|(asker, _)| can_admit(asker, kind, owner)) {
        return Err(Refusal::AdmitFirst.into());
    }
    let now = work.now;
    let asker = Asker::load(work, person, Credentials::default(), now)?.with_second_factor();
    if can_admit(&asker, kind, owner) { Ok(Standing::ToAdmit) } else { Err(Refusal::NotThisPerson.into()) }
}

/// Asks the officers to give `person` the keys of `room`, and why; the answer is for a file. It is an entry of the log.
///
/// # Errors
/// `Invalid` naming `reason`; a [`Refusal`]; the database's.
pub fn ask(work: &mut Work<'_>, room: &RoomId, person: &PersonId, reason: &str) -> Result<Request, AppError> {
    let reason = input::line("reason", reason, PURPOSE_MAX)?;
    input::unclassified("reason", &reason)?;
    let (kind, owner) = store::belongs(work.conn, room)?.ok_or(Refusal::NoRoom)?;
    let key = super::chosen(work, room)?.ok_or(Refusal::NotChosen)?.key;
    let people = People::of(work, room)?;
    let standing = standing(work, &people, person, (kind, owner.as_ref()))?;
    let pair = *keys::pairs(work.conn, std::iter::once(person))?.get(person).ok_or(Refusal::NoKeyPair)?;
    let public = keys::public_key(work, person, pair)?.ok_or(Refusal::NoKeyPair)?;
    let held: BTreeSet<i64> = keys::wraps(work.conn, std::slice::from_ref(room), person, pair)?
        .into_iter()
        .filter(|_| standing != Standing::ToAdmit)
        .map(|wrap| wrap.epoch)
        .collect();
    let known = keys::epochs(work, room)?;
    let mut epochs = Vec::new();
    for (epoch, seed) in store::wraps(work.conn, room, &key.id)? {
        let Some(one) = known.iter().find(|one| one.number == epoch && !held.contains(&epoch)) else { continue };
        if standing.reaches(one.began_us) {
            let (public_key, seed) = (BASE64.encode(&one.public_key), BASE64.encode(&seed));
            epochs.push(WantedEpoch { epoch, public_key, seed });
        }
    }
    if epochs.is_empty() {
        return Err(Refusal::NothingLacking.into());
    }
    let request = Request {
        request: RecoveryRequestId::new(work)?,
        recovery_key: key.id,
        room: room.clone(),
        person: person.clone(),
        pair,
        person_key: BASE64.encode(&public.bytes()),
        admits: standing == Standing::ToAdmit,
        reason,
        asked: work.now,
        epochs,
    };
    store::insert_request(work, &request)?;
    work.log(entry(Event::RecoveryAsked, &request, owner.as_ref()).count(request.epochs.len()));
    Ok(request)
}

fn entry(event: Event, request: &Request, owner: Option<&PartyId>) -> Entry {
    Entry::new(event)
        .on("room", &request.room)
        .in_room(&request.room)
        .owned_by(owner)
        .concerning(&request.person)
        .purpose(&request.reason)
}

/// Takes the officers' answer: once, while the room has chosen their key, and only for whom the rule would let in now. It
/// is an entry of the log.
///
/// # Errors
/// A [`Refusal`]; [`crate::seal::recovery::Refusal::NotSigned`]; the database's.
pub fn deliver(work: &mut Work<'_>, reply: &Reply) -> Result<Delivered, AppError> {
    let Reply { asked: request, .. } = reply;
    let (room, person, pair) = (&request.room, &request.person, request.pair);
    let row = store::request(work, &request.request)?.ok_or(Refusal::NotAsked)?;
    if row.digest != request.digest() {
        return Err(Refusal::NotAsked.into());
    }
    if row.answered_us.is_some() {
        return Err(Refusal::Answered.into());
    }
    if work.now > row.asked_us.plus_seconds(DAYS.saturating_mul(86_400)) {
        return Err(Refusal::TooLate.into());
    }
    let chosen = super::chosen(work, room)?.filter(|one| one.key.id == request.recovery_key);
    let given = reply.verified(&chosen.ok_or(Refusal::NotChosen)?.key)?;

    let living = keys::pairs(work.conn, std::iter::once(person))?.get(person) == Some(&pair);
    let public = keys::public_key(work, person, pair)?.filter(|_| living);
    if public.is_none_or(|public| BASE64.encode(&public.bytes()) != request.person_key) {
        return Err(Refusal::Changed.into());
    }
    let (kind, owner) = store::belongs(work.conn, room)?.ok_or(Refusal::NoRoom)?;
    let people = People::of(work, room)?;
    let mut act = None;
    if standing(work, &people, person, (kind, owner.as_ref()))? == Standing::ToAdmit {
        if !request.admits {
            return Err(Refusal::MayNotEnter.into());
        }
        act = Some(opening::admit(work, None, room, person, Reach::Whole, SOURCE)?);
    }
    let people = People::of(work, room)?;
    let (member, from) = people.admitted.get(person).ok_or(Refusal::MayNotEnter)?;
    if !may_enter(work, member, room)? {
        return Err(Refusal::MayNotEnter.into());
    }
    let known = keys::epochs(work, room)?;
    keys::delete_others(work.conn, room, person, pair)?;
    let held = keys::wraps(work.conn, std::slice::from_ref(room), person, pair)?;
    let mut epochs = 0_usize;
    for (epoch, public, seed) in given {
        let one = known.iter().find(|one| one.number == epoch && one.public_key == public.bytes());
        let began = one.ok_or(Refusal::Changed)?.began_us;
        if !Standing::Admitted(*from).reaches(began) || held.iter().any(|wrap| wrap.epoch == epoch) {
            continue;
        }
        keys::insert_wrap(work, &ForMember { room, epoch, person, pair }, &seed)?;
        epochs = epochs.saturating_add(1);
    }
    store::answered(work, &request.request)?;
    settle(work, room, None)?;
    if let Some(act) = &act {
        let party = member.party().cloned();
        work.log(entry(Event::Admitted, request, owner.as_ref()).to(party.as_ref()).act(act));
    }
    let recovered = entry(Event::RoomRecovered, request, owner.as_ref()).count(epochs);
    work.log(match &act {
        Some(act) => recovered.act(act),
        None => recovered,
    });
    Ok(Delivered { epochs, admitted: act })
}
