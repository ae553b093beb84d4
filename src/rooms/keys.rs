//! The keys of rooms: an epoch's seed for each person admitted, and what is read and sealed with it (decision 21).
//!
//! A room's key changes hands in one function, [`settle`], which is called whenever somebody logs in, comes in or writes: whoever
//! left loses what was kept for him, and a new epoch begins; whoever was admitted and lacks a seed that the request at
//! hand can open is given it. So an admission is completed by somebody inside, and an ending needs no one to notice it.

pub mod before;
mod store;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::store::{Epoch, Wrap};
use super::opening::Reach;
use super::store::Room;
use crate::access::{self, Asker, actions};
use crate::context::{Ctx, Moment};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{PersonId, RoomId};
use crate::seal::{ForMember, In, Key, Place, PublicKey, Sealed, Seed};

/// For whoever is admitted and has no key yet.
pub(in crate::rooms) const AWAITED: Fault = Fault::Conflict("The room's key has not come to you yet.");

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
                public.insert(one.epoch, PublicKey::read(&one.public_key)?);
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
        let epoch = settle(work, room, Some(&key))?;
        let ring = Ring::with(work, &key, room)?;
        let seed = ring.seed(epoch)?;
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
        let epoch = settle(work, room, None)?;
        let epochs = store::epochs(work, room)?;
        let newest = epochs.iter().find(|one| one.epoch == epoch).ok_or_else(no_epoch)?;
        Ok(Self { epoch, public: PublicKey::read(&newest.public_key)? })
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

/// Gives a room that was just opened its first epoch, whose seed its title was sealed under.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn begin(work: &mut Work<'_>, room: &RoomId, seed: Seed) -> Result<(), AppError> {
    let people = People { admitted: admitted(work, room)?, have: BTreeSet::new() };
    hand_out(work, room, None, &[], people, Some((1, seed)))
}

/// Takes a person's keys of a room away, and has a new epoch begin before anything more is written.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn leave(work: &mut Work<'_>, room: &RoomId, person: &PersonId) -> Result<(), AppError> {
    store::delete_wraps(work.conn, room, person)?;
    close(work, room)
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
/// along. Answers the number of the newest epoch.
///
/// # Errors
/// The database's.
pub(in crate::rooms) fn settle(work: &mut Work<'_>, room: &RoomId, key: Option<&Key>) -> Result<i64, AppError> {
    let epochs = store::epochs(work, room)?;
    let newest = epochs.last().ok_or_else(no_epoch)?;
    let admitted = admitted(work, room)?;
    let (have, gone): (Holdings, Holdings) =
        store::holders(work.conn, room)?.into_iter().partition(|(person, ..)| admitted.contains_key(person));
    for (person, ..) in &gone {
        store::delete_wraps(work.conn, room, person)?;
    }
    let people = People { admitted, have };
    if gone.is_empty() && newest.closed_us.is_none() {
        hand_out(work, room, key, &epochs, people, None)?;
        return Ok(newest.epoch);
    }
    if newest.closed_us.is_none() {
        store::close(work, newest)?;
    }
    let (number, fresh) = (newest.epoch.saturating_add(1), Seed::new(work)?);
    hand_out(work, room, key, &epochs, people, Some((number, fresh)))?;
    Ok(number)
}

/// [`settle`], wherever somebody waits for a key that the person who has just logged in can give, or for his doing so.
///
/// # Errors
/// The database's.
pub(crate) fn settle_all(work: &mut Work<'_>, key: &Key) -> Result<(), AppError> {
    let now = work.now;
    for room in store::unsettled(work.conn, key.person(), now)? {
        settle(work, &room, Some(key))?;
    }
    Ok(())
}

/// Who has which seeds: person, pair, epoch.
type Holdings = BTreeSet<(PersonId, i64, i64)>;

/// Who is admitted to a room, and who of them has which seeds.
struct People {
    admitted: BTreeMap<PersonId, Option<Moment>>,
    have: Holdings,
}

/// Who is admitted now: nothing for the whole room, or from when on.
fn admitted(work: &mut Work<'_>, room: &RoomId) -> Result<BTreeMap<PersonId, Option<Moment>>, AppError> {
    let now = work.now;
    let mut admitted: BTreeMap<PersonId, Option<Moment>> = BTreeMap::new();
    for (person, reach, from) in store::admitted(work.conn, room, now)? {
        let from = (reach == Reach::Onward).then_some(from);
        let widest = admitted.entry(person).or_insert(from);
        *widest = (*widest).min(from);
    }
    Ok(admitted)
}

/// Gives everyone admitted the seeds that he should have and lacks, as far as they are at hand, `fresh` among them, the
/// seed of an epoch that begins now. Whoever would be given one is judged by the rule that will judge him when he comes
/// in, and by the codes of the rows that it reads.
fn hand_out(
    work: &mut Work<'_>,
    room: &RoomId,
    key: Option<&Key>,
    epochs: &[Epoch],
    People { admitted, mut have }: People,
    fresh: Option<(i64, Seed)>,
) -> Result<(), AppError> {
    let now = work.now;
    let pairs = store::pairs(work.conn, admitted.keys())?;
    let mut numbers: Vec<(i64, Moment)> = epochs.iter().map(|one| (one.epoch, one.began_us)).collect();
    numbers.extend(fresh.as_ref().map(|(number, _)| (*number, now)));
    let mut lacking: BTreeMap<(PersonId, i64), Vec<i64>> = BTreeMap::new();
    for (person, pair) in pairs {
        let onward = admitted.get(&person).copied().flatten();
        let held = |epoch: i64| have.contains(&(person.clone(), pair, epoch));
        let wanted = numbers.iter().filter(|(epoch, began)| onward.is_none_or(|from| from <= *began) && !held(*epoch));
        let wanted: Vec<i64> = wanted.map(|(epoch, _)| *epoch).collect();
        if !wanted.is_empty() {
            lacking.insert((person, pair), wanted);
        }
    }
    let mut seeds = at_hand(work, room, key, epochs, &lacking)?;
    let fresh = fresh.map(|(number, seed)| {
        let public = seed.public();
        seeds.insert(number, seed);
        public.map(|public| (number, public))
    });
    let fresh = fresh.transpose()?;
    if !lacking.is_empty() && !seeds.is_empty() {
        let known: BTreeMap<PersonId, Asker> = Asker::load_admitted(work, room, now)?
            .into_iter()
            .filter_map(|asker| Some((asker.person()?.clone(), asker.with_second_factor())))
            .collect();
        for ((person, pair), wanted) in &lacking {
            // All or nothing: a list of notes of which some could not be opened would be none.
            let wanted = wanted.iter().map(|epoch| Some((*epoch, seeds.get(epoch)?))).collect::<Option<Vec<_>>>();
            let (Some(wanted), Some(asker)) = (wanted, known.get(person)) else { continue };
            if !may_enter(work, asker, room)? {
                continue;
            }
            let Some(public) = store::public_key(work, person, *pair)? else { continue };
            store::delete_others(work.conn, room, person, *pair)?;
            for (epoch, seed) in wanted {
                let place = ForMember { room, epoch, person, pair: *pair };
                let wrap = place.to(work, &public, seed)?;
                store::insert_wrap(work, &place, &wrap)?;
                have.insert((person.clone(), *pair, epoch));
            }
        }
    }
    let reached = |epoch: i64| have.iter().any(|(.., held)| *held == epoch);
    for one in epochs.iter().filter(|one| one.kept.is_some() && reached(one.epoch)) {
        store::forget_kept(work, one)?;
    }
    if let Some((number, public)) = fresh {
        // Only of an epoch that nobody admitted could open does the server keep the seed.
        let kept = match seeds.get(&number).filter(|_| !reached(number)) {
            Some(seed) => Some(seed.kept(work, work.codes().keys().keeper(), &kept_at(room, number))?),
            None => None,
        };
        store::insert_epoch(work, room, number, &public.bytes(), kept.as_deref())?;
    }
    Ok(())
}

/// The seeds of the epochs that somebody lacks, as far as the request can open them.
fn at_hand(
    work: &mut Work<'_>,
    room: &RoomId,
    key: Option<&Key>,
    epochs: &[Epoch],
    lacking: &BTreeMap<(PersonId, i64), Vec<i64>>,
) -> Result<BTreeMap<i64, Seed>, AppError> {
    let wanted: BTreeSet<i64> = lacking.values().flatten().copied().collect();
    let mut seeds = BTreeMap::new();
    for one in epochs.iter().filter(|one| wanted.contains(&one.epoch)) {
        if let Some(kept) = &one.kept {
            seeds.insert(one.epoch, Seed::read_kept(work.codes().keys().keeper(), &kept_at(room, one.epoch), kept)?);
        }
    }
    let Some(key) = key.filter(|_| !wanted.is_empty()) else { return Ok(seeds) };
    for Wrap { epoch, seed, .. } in store::wraps(work.conn, std::slice::from_ref(room), key.person(), key.pair())? {
        let Some(one) = epochs.iter().find(|one| one.epoch == epoch && wanted.contains(&epoch)) else { continue };
        if !seeds.contains_key(&epoch) {
            let public = PublicKey::read(&one.public_key)?;
            seeds.insert(epoch, opened(key, room, epoch, &seed, Some(&public))?);
        }
    }
    Ok(seeds)
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
        let Some(one) = epochs.iter().find(|one| one.epoch == epoch) else { continue };
        let opened = opened(key, room, epoch, &seed, Some(&PublicKey::read(&one.public_key)?))?;
        let place = ForMember { room, epoch, person: key.person(), pair: key.pair() };
        let own = place.under(work, key.seed(), &opened)?;
        store::replace_wrap(work.conn, &id, &own)?;
    }
    Ok(())
}

/// Whether any key of a room has come to a person.
pub(in crate::rooms) fn has_come(work: &mut Work<'_>, room: &RoomId, person: &PersonId) -> Result<bool, AppError> {
    Ok(store::holders(work.conn, room)?.iter().any(|(holder, ..)| holder == person))
}

/// To whom of those admitted the key of a room's newest epoch has come.
pub(in crate::rooms) fn keyed(work: &mut Work<'_>, room: &RoomId) -> Result<BTreeSet<PersonId>, AppError> {
    let holders = store::holders(work.conn, room)?;
    let newest = holders.iter().map(|(.., epoch)| *epoch).max();
    Ok(holders.into_iter().filter(|(.., epoch)| Some(*epoch) == newest).map(|(person, ..)| person).collect())
}
