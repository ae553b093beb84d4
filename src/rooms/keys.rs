//! The keys of rooms: an epoch's seed for each person admitted, and what is read and sealed with it (decision 21).
//!
//! A room's key changes hands in one function, [`settle`], which is called whenever somebody logs in, comes in or writes:
//! whoever left loses what was kept for him, and a new epoch begins; whoever was admitted and lacks a seed that the
//! request at hand can open is given it, and so are the officers whose key the room has chosen, if it has ([`recovery`]).
//! So an admission is completed by somebody inside, and an ending needs no one to notice it.

pub mod before;
pub mod recovery;
mod store;

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::recovery::Officers;
use self::store::{Epoch, Wrap};
use super::opening::{Reach, RoomKind};
use super::store::Room;
use crate::access::{self, Action, Asker, Fact, actions, rules};
use crate::context::{Ctx, Moment};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{PersonId, RoomId};
use crate::seal::{ForMember, In, Key, Place, PublicKey, Sealed, Seed};

/// For whoever is admitted and has no key yet.
pub const AWAITED: Fault = Fault::Conflict("The room's key has not come to you yet.");

/// What a request reads in one room.
pub struct Ring {
    room: RoomId,
    key: Rc<Key>,
    wraps: BTreeMap<i64, Vec<u8>>,
    /// The public keys of the epochs whose seeds anybody could have put there.
    public: BTreeMap<i64, PublicKey>,
    opened: RefCell<BTreeMap<i64, Rc<Seed>>>,
}

impl Ring {
    /// The asker's keys of a room.
    ///
    /// # Errors
    /// As [`Key::of`]; the database's.
    pub fn of(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<Self, AppError> {
        Self::with(work, &Rc::new(Key::of(asker)?), room)
    }

    /// The asker's keys of each of these rooms of which there are any.
    ///
    /// # Errors
    /// As [`Key::of`]; the database's.
    pub fn of_each(work: &mut Work<'_>, asker: &Asker, rooms: &[RoomId]) -> Result<Vec<Self>, AppError> {
        let key = Rc::new(Key::of(asker)?);
        let mut wraps: BTreeMap<RoomId, Vec<Wrap>> = BTreeMap::new();
        for wrap in store::wraps(work.conn, rooms, key.person(), key.pair())? {
            wraps.entry(wrap.room_id.clone()).or_default().push(wrap);
        }
        wraps.into_iter().map(|(room, wraps)| Self::holding(work, &key, &room, wraps)).collect()
    }

    fn with(work: &mut Work<'_>, key: &Rc<Key>, room: &RoomId) -> Result<Self, AppError> {
        let (person, pair) = (key.person(), key.pair());
        let wraps = work.recall(format!("wraps {room} {person} {pair}"), |work| {
            store::wraps(work.conn, std::slice::from_ref(room), person, pair)
        })?;
        Self::holding(work, key, room, wraps)
    }

    fn holding(work: &mut Work<'_>, key: &Rc<Key>, room: &RoomId, wraps: Vec<Wrap>) -> Result<Self, AppError> {
        let mut public = BTreeMap::new();
        if wraps.iter().any(|wrap| ForMember::by_anybody(&wrap.seed)) {
            for one in store::epochs(work, room)? {
                public.insert(one.number, PublicKey::read(&one.public_key)?);
            }
        }
        let wraps = wraps.into_iter().map(|wrap| (wrap.epoch, wrap.seed)).collect();
        Ok(Self { room: room.clone(), key: Rc::clone(key), wraps, public, opened: RefCell::default() })
    }

    /// Which room's.
    #[must_use]
    pub const fn room(&self) -> &RoomId {
        &self.room
    }

    /// Whether there is anything that it opens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wraps.is_empty()
    }

    /// Whether it has the key of a text's epoch. It has not when everyone who had it is gone, or when the text is of an
    /// epoch from before the asker's admission.
    #[must_use]
    pub fn reaches(&self, sealed: &Sealed) -> bool {
        sealed.epoch().is_some_and(|epoch| self.wraps.contains_key(&epoch))
    }

    /// Opens a text at its place.
    ///
    /// # Errors
    /// `Conflict` when the key of its epoch has not come to the asker; when it is not what belongs there.
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<String, AppError> {
        let epoch = sealed.epoch().ok_or_else(|| AppError::internal(format!("a {} that is not sealed", place.what)))?;
        sealed.open(&*self.seed(epoch)?, place)
    }

    fn seed(&self, epoch: i64) -> Result<Rc<Seed>, AppError> {
        if let Some(seed) = self.opened.borrow().get(&epoch) {
            return Ok(Rc::clone(seed));
        }
        let wrap = self.wraps.get(&epoch).ok_or(AWAITED)?;
        let seed = Rc::new(opened(&self.key, &self.room, epoch, wrap, self.public.get(&epoch))?);
        self.opened.borrow_mut().insert(epoch, Rc::clone(&seed));
        Ok(seed)
    }
}

/// What a request seals in one room, in its newest epoch.
pub struct Pen {
    ring: Ring,
    epoch: i64,
    seed: Rc<Seed>,
}

impl Pen {
    /// The asker's, for writing; whoever left the room before will not read it.
    ///
    /// # Errors
    /// As [`Key::of`]; `Conflict` when the room's key has not come to the asker; the database's.
    pub fn of(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<Self, AppError> {
        let key = Rc::new(Key::of(asker)?);
        let Newest { number: epoch, public } = settle(work, room, Some(&key))?;
        let ring = Ring::with(work, &key, room)?;
        let seed = ring.seed(epoch)?;
        // Also where it is under one's own seed: whoever deletes rows of epochs could bring an older one's number back.
        if seed.public()? != public {
            return Err(AppError::internal("the key of a room is not that of its newest epoch"));
        }
        Ok(Self { ring, epoch, seed })
    }

    /// Seals a text for its place.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(&self, ctx: &Ctx, place: Place<'_>, text: &str) -> Result<Sealed, AppError> {
        Sealed::seal(ctx, In { place, epoch: self.epoch }, &self.seed, text)
    }

    /// For reading.
    #[must_use]
    pub const fn ring(&self) -> &Ring {
        &self.ring
    }
}

/// What seals in a room for whoever cannot read there: the operator, who records what a new room begins with.
pub struct Slot {
    epoch: i64,
    public: PublicKey,
}

impl Slot {
    /// Of a room.
    ///
    /// # Errors
    /// The database's.
    pub fn of(work: &mut Work<'_>, room: &RoomId) -> Result<Self, AppError> {
        let Newest { number: epoch, public } = settle(work, room, None)?;
        Ok(Self { epoch, public })
    }

    /// Seals a text for its place.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(&self, ctx: &Ctx, place: Place<'_>, text: &str) -> Result<Sealed, AppError> {
        Sealed::seal_to(ctx, In { place, epoch: self.epoch }, &self.public, text)
    }
}

fn no_epoch() -> AppError {
    AppError::internal("a room has no epoch")
}

/// Opens a seed that is kept for somebody. One that anybody could have put there is held against the epoch's public key,
/// whose row carries its code: else whoever writes rows could have people seal under a seed of his own.
fn opened(key: &Key, room: &RoomId, epoch: i64, wrap: &[u8], public: Option<&PublicKey>) -> Result<Seed, AppError> {
    let place = ForMember { room, epoch, person: key.person(), pair: key.pair() };
    let seed = place.open(key.seed(), wrap)?;
    if ForMember::by_anybody(wrap) && public != Some(&seed.public()?) {
        return Err(AppError::internal("a room's key that somebody put there was refused"));
    }
    Ok(seed)
}

/// Where a seed is kept while nobody admitted has a key.
fn kept_at(room: &RoomId, epoch: i64) -> String {
    format!("room-epoch/{room}/{epoch}")
}

/// The newest epoch of a room.
pub(in crate::rooms) struct Newest {
    number: i64,
    public: PublicKey,
}

/// An epoch that begins now or, for what was there before, began then.
struct Fresh {
    number: i64,
    seed: Seed,
    began: Moment,
}

/// Gives a room its first epoch, whose seed its title was sealed under. It began when the room was opened.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn begin(work: &mut Work<'_>, room: &RoomId, seed: Seed, began: Moment) -> Result<(), AppError> {
    let people = People::of(work, room)?;
    hand_out(work, room, None, &[], people, Some(Fresh { number: 1, seed, began }))
}

/// Takes a person's keys of a room away, and has a new epoch begin before anything more is written. Of an epoch whose
/// key nobody else has, his stays: the rule refuses him, but without it what was written then is lost to all.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn leave(work: &mut Work<'_>, room: &RoomId, person: &PersonId) -> Result<(), AppError> {
    let (his, others): (Holdings, Holdings) =
        store::holders(work.conn, room)?.into_iter().partition(|(holder, ..)| holder == person);
    let others = living(work, others)?;
    take_away(work, room, &his, &others)?;
    close(work, room)
}

/// Of these, what is kept for pairs that live. What is kept for one that is gone opens nothing.
fn living(work: &mut Work<'_>, mut holdings: Holdings) -> Result<Holdings, AppError> {
    let pairs = store::pairs(work.conn, holdings.iter().map(|(holder, ..)| holder))?;
    holdings.retain(|(holder, pair, _)| pairs.get(holder) == Some(pair));
    Ok(holdings)
}

/// Deletes what is kept for these, as far as others have the same.
fn take_away(work: &mut Work<'_>, room: &RoomId, from: &Holdings, others: &Holdings) -> Result<(), AppError> {
    for (person, _, epoch) in from.iter().filter(|(.., epoch)| others.iter().any(|(.., other)| other == epoch)) {
        store::delete_wrap(work.conn, room, person, *epoch)?;
    }
    Ok(())
}

/// Has a new epoch begin before anything more is written.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn close(work: &mut Work<'_>, room: &RoomId) -> Result<(), AppError> {
    let epochs = store::epochs(work, room)?;
    match epochs.last() {
        Some(newest) if newest.closed_us.is_none() => Ok(store::close(work, newest)?),
        _ => Ok(()),
    }
}

/// Brings a room's keys in line with who is admitted now, as far as the request can: with the asker's key, if that came
/// along.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn settle(work: &mut Work<'_>, room: &RoomId, key: Option<&Key>) -> Result<Newest, AppError> {
    let epochs = store::epochs(work, room)?;
    let newest = epochs.last().ok_or_else(no_epoch)?;
    let mut people = People::of(work, room)?;
    let all: Holdings = store::holders(work.conn, room)?.into_iter().collect();
    let (have, gone): (Holdings, Holdings) = all.iter().cloned().partition(|one| people.has_living(one));
    take_away(work, room, &gone, &have)?;
    let holds = |who: &Holdings| who.iter().any(|(.., epoch)| *epoch == newest.number);
    let goes_on = newest.closed_us.is_none() && (newest.kept.is_some() || holds(&have)) && !holds(&gone);
    people.have = have;
    if goes_on {
        let newest = Newest { number: newest.number, public: PublicKey::read(&newest.public_key)? };
        hand_out(work, room, key, &epochs, people, None)?;
        return Ok(newest);
    }
    if newest.closed_us.is_none() {
        store::close(work, newest)?;
    }
    // Higher than any that somebody holds, whatever became of the epochs' rows: an older seed must not serve again.
    let highest = all.iter().map(|(.., epoch)| *epoch).fold(newest.number, i64::max);
    let fresh = Fresh { number: highest.saturating_add(1), seed: Seed::new(work)?, began: work.now };
    let newest = Newest { number: fresh.number, public: fresh.seed.public()? };
    hand_out(work, room, key, &epochs, people, Some(fresh))?;
    Ok(newest)
}

/// [`settle`], wherever somebody waits for a key that the person who has just logged in can give, or for his doing so.
///
/// # Errors
/// The database's.
pub(crate) fn settle_all(work: &mut Work<'_>, key: &Key) -> Result<(), AppError> {
    let now = work.now;
    for room in store::unsettled(work.conn, key.person(), now)? {
        // What somebody did to one room's rows must not keep its people from logging in.
        if let Err(error) = settle(work, &room, Some(key)) {
            tracing::error!(cause = ?error.cause().map(ToString::to_string), "the keys of a room could not be handed out");
        }
    }
    Ok(())
}

/// Who has which seeds: person, pair, epoch.
type Holdings = BTreeSet<(PersonId, i64, i64)>;

/// Who is admitted to a room now, by acts that have their codes, and who of them has which seeds.
struct People {
    /// Each as if coming in, and from when on he is admitted: nothing for the whole room.
    admitted: BTreeMap<PersonId, (Asker, Option<Moment>)>,
    /// Their living key pairs, and nobody else's.
    pairs: BTreeMap<PersonId, i64>,
    have: Holdings,
}

impl People {
    fn of(work: &mut Work<'_>, room: &RoomId) -> Result<Self, AppError> {
        let now = work.now;
        let known = Asker::load_admitted(work, room, now)?.into_iter();
        let mut known: BTreeMap<PersonId, Asker> =
            known.filter_map(|asker| Some((asker.person()?.clone(), asker.with_second_factor()))).collect();
        let mut reaches: BTreeMap<PersonId, Option<Moment>> = BTreeMap::new();
        for (person, reach, from, kind) in store::admitted(work, room, now)? {
            // The rule that judges him when he comes in: so whoever is suspended, say, is gone.
            let enters = |asker: &Asker| {
                let session = kind == RoomKind::Session;
                let facts = asker.facts().with(Fact::Admitted, true).with(Fact::OfSession, session);
                rules::decide(Action::OpenVisit, facts.with(Fact::OfCircle, !session))
            };
            if known.get(&person).is_some_and(enters) {
                let from = (reach == Reach::Onward).then_some(from);
                let widest = reaches.entry(person).or_insert(from);
                *widest = (*widest).min(from);
            }
        }
        let pairs = store::pairs(work.conn, reaches.keys())?;
        let admitted = reaches.into_iter().filter_map(|(person, from)| {
            let asker = known.remove(&person)?;
            Some((person, (asker, from)))
        });
        Ok(Self { admitted: admitted.collect(), pairs, have: BTreeSet::new() })
    }

    /// Whether somebody who is admitted has this, and for a pair that lives.
    fn has_living(&self, (person, pair, _): &(PersonId, i64, i64)) -> bool {
        self.pairs.get(person) == Some(pair)
    }
}

/// Gives everyone admitted the seeds that he should have and lacks, as far as they are at hand, `fresh` among them.
/// Whoever would be given one is judged once more by the whole rule, over his own row.
fn hand_out(
    work: &mut Work<'_>,
    room: &RoomId,
    key: Option<&Key>,
    epochs: &[Epoch],
    People { admitted, pairs, mut have }: People,
    fresh: Option<Fresh>,
) -> Result<(), AppError> {
    let mut seeds = kept(work, room, epochs);
    // An epoch of which nobody is left who has the key is lost, and nobody waits for it.
    let there = |one: &&Epoch| seeds.contains_key(&one.number) || have.iter().any(|(.., epoch)| *epoch == one.number);
    let mut numbers: Vec<(i64, Moment)> = epochs.iter().filter(there).map(|one| (one.number, one.began_us)).collect();
    numbers.extend(fresh.as_ref().map(|fresh| (fresh.number, fresh.began)));
    let mut lacking: BTreeMap<&PersonId, (i64, Vec<i64>)> = BTreeMap::new();
    for (person, pair) in &pairs {
        let onward = admitted.get(person).and_then(|(_, from)| *from);
        let held = |epoch: i64| have.contains(&(person.clone(), *pair, epoch));
        let wanted = numbers.iter().filter(|(epoch, began)| onward.is_none_or(|from| from <= *began) && !held(*epoch));
        let wanted: Vec<i64> = wanted.map(|(epoch, _)| *epoch).collect();
        if !wanted.is_empty() {
            lacking.insert(person, (*pair, wanted));
        }
    }
    let officers = Officers::of(work, room)?;
    let mut wanted: BTreeSet<i64> = lacking.values().flat_map(|(_, wanted)| wanted).copied().collect();
    wanted.extend(officers.iter().flat_map(|officers| officers.lack(epochs)));
    if let Some(key) = key.filter(|_| !wanted.is_empty()) {
        own(work, room, key, epochs, &wanted, &mut seeds)?;
    }
    let fresh = match fresh {
        Some(Fresh { number: epoch, seed, began }) => {
            let id = store::insert_epoch(work, room, epoch, &seed.public()?.bytes(), began)?;
            seeds.insert(epoch, seed);
            Some((epoch, id))
        }
        None => None,
    };
    for (person, (pair, wanted)) in lacking {
        // All or nothing: a list of notes of which some could not be opened would be none.
        let wanted = wanted.iter().map(|epoch| Some((*epoch, seeds.get(epoch)?))).collect::<Option<Vec<_>>>();
        let (Some(wanted), Some((asker, _))) = (wanted, admitted.get(person)) else { continue };
        if !may_enter(work, asker, room)? {
            continue;
        }
        let Some(public) = store::public_key(work, person, pair)? else { continue };
        store::delete_others(work.conn, room, person, pair)?;
        for (epoch, seed) in wanted {
            let place = ForMember { room, epoch, person, pair };
            let wrap = place.to(work, &public, seed)?;
            store::insert_wrap(work, &place, &wrap)?;
            have.insert((person.clone(), pair, epoch));
        }
    }
    if let Some(officers) = officers {
        officers.give(work, room, &seeds)?;
    }
    let reached = |epoch: i64| have.iter().any(|(.., held)| *held == epoch);
    for one in epochs.iter().filter(|one| one.kept.is_some() && reached(one.number)) {
        store::keep(work, &one.id, None)?;
    }
    if let Some((epoch, id)) = fresh.filter(|(epoch, _)| !reached(*epoch))
        && let Some(seed) = seeds.get(&epoch)
    {
        // Only of an epoch that nobody admitted could open does the server keep the seed.
        let blob = seed.kept(work, work.codes().keys().keeper(), &kept_at(room, epoch))?;
        store::keep(work, &id, Some(&blob))?;
    }
    Ok(())
}

/// The seeds that the server keeps. One that it cannot open any more is lost, and must not keep people out.
fn kept(work: &Work<'_>, room: &RoomId, epochs: &[Epoch]) -> BTreeMap<i64, Seed> {
    let keeper = work.codes().keys().keeper();
    let open = |one: &Epoch| {
        let opened = Seed::read_kept(keeper, &kept_at(room, one.number), one.kept.as_ref()?);
        if opened.is_err() {
            tracing::error!(%room, "the key of a room that the server kept cannot be opened");
        }
        Some((one.number, opened.ok()?))
    };
    epochs.iter().filter_map(open).collect()
}

/// Those of the epochs that somebody lacks, as far as the asker has them.
fn own(
    work: &mut Work<'_>,
    room: &RoomId,
    key: &Key,
    epochs: &[Epoch],
    wanted: &BTreeSet<i64>,
    seeds: &mut BTreeMap<i64, Seed>,
) -> Result<(), AppError> {
    for Wrap { epoch, seed, .. } in store::wraps(work.conn, std::slice::from_ref(room), key.person(), key.pair())? {
        let Some(one) = epochs.iter().find(|one| one.number == epoch && wanted.contains(&epoch)) else { continue };
        if let Entry::Vacant(place) = seeds.entry(epoch) {
            place.insert(opened(key, room, epoch, &seed, Some(&PublicKey::read(&one.public_key)?))?);
        }
    }
    Ok(())
}

fn may_enter(work: &mut Work<'_>, asker: &Asker, room: &RoomId) -> Result<bool, AppError> {
    match access::permit::<actions::OpenVisit, Room>(work, asker, room) {
        Ok(_) => Ok(true),
        Err(AppError { fault: Fault::NotPermitted | Fault::MeansNeeded(_) | Fault::NotFound, .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Keeps what was sealed to the asker's public key under the asker's own seed from now on: opening that costs no
/// public-key operation, and nobody else can have made it.
///
/// # Errors
/// The database's; when somebody else's seed was put there.
pub(in crate::rooms) fn make_own(work: &mut Work<'_>, room: &RoomId, key: &Key) -> Result<(), AppError> {
    let mut wraps = store::wraps(work.conn, std::slice::from_ref(room), key.person(), key.pair())?;
    wraps.retain(|wrap| ForMember::by_anybody(&wrap.seed));
    let epochs = if wraps.is_empty() { Vec::new() } else { store::epochs(work, room)? };
    for Wrap { id, epoch, seed, .. } in wraps {
        let Some(one) = epochs.iter().find(|one| one.number == epoch) else { continue };
        let opened = opened(key, room, epoch, &seed, Some(&PublicKey::read(&one.public_key)?))?;
        let place = ForMember { room, epoch, person: key.person(), pair: key.pair() };
        let own = place.under(work, key.seed(), &opened)?;
        store::replace_wrap(work.conn, &id, &own)?;
    }
    Ok(())
}

/// Whether any key of a room has come to a person.
pub(in crate::rooms) fn has_come(work: &mut Work<'_>, room: &RoomId, person: &PersonId) -> Result<bool, AppError> {
    let his = store::holders(work.conn, room)?.into_iter().filter(|(holder, ..)| holder == person).collect();
    Ok(!living(work, his)?.is_empty())
}

/// To whom of those admitted the key of a room's newest epoch has come.
pub(in crate::rooms) fn keyed(work: &mut Work<'_>, room: &RoomId) -> Result<BTreeSet<PersonId>, AppError> {
    let holders: Holdings = store::holders(work.conn, room)?.into_iter().collect();
    let newest = holders.iter().map(|(.., epoch)| *epoch).max();
    let holders = living(work, holders)?.into_iter();
    Ok(holders.filter(|(.., epoch)| Some(*epoch) == newest).map(|(person, ..)| person).collect())
}
