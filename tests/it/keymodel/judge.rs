//! The reference: rooms, epochs and who holds which, as decisions 10, 21 and 23 tell it, in plain sets. Nothing of it is
//! taken from the server's code.

mod asked;
mod officers;

use std::collections::{BTreeMap, BTreeSet};

use super::acts::{Act, Person, Room};

/// Two of State 0, two of State 1 (the second without an account yet), an officer of the Secretariat.
pub const PEOPLE: usize = 5;
pub const OFFICER: Person = 4;
/// For whom each acts.
pub const STATE: [usize; PEOPLE] = [0, 0, 1, 1, 2];

/// Whether a room is a case file's: of State 0, and nobody of the Secretariat is ever in it.
pub const fn is_case(room: Room) -> bool {
    room % 2 == 1
}

const SECOND: i64 = 1_000_000;
/// How long a log-in lasts without being renewed, and at most; how long a visit does.
pub const IDLE: i64 = 7200;
const LONGEST: i64 = 43_200;
const VISIT: i64 = 3600;
/// How long an admission for an hour lasts. Shorter than a visit, so that it is seen to end during one.
pub const HOUR: i64 = 3000;

/// When something happened, in the order of things; the clock only ends what lasts a while.
pub type When = usize;

#[derive(Clone, Debug, Default)]
struct Somebody {
    /// Which of his designations is in force.
    designation: Option<u32>,
    enrolled: bool,
    account: bool,
    suspended: bool,
    /// The living one of his key pairs; 0 for none.
    pair: u32,
    log_in: Option<LogIn>,
}

#[derive(Clone, Copy, Debug)]
struct LogIn {
    opened: i64,
    renewed: i64,
}

#[derive(Clone, Debug)]
struct Admission {
    person: Person,
    from: When,
    whole: bool,
    until: Option<i64>,
    /// The designation and the standing that the person had then: it lasts no longer than both.
    rests_on: Option<(u32, Option<u32>)>,
    ended: bool,
}

#[derive(Clone, Debug)]
struct Epoch {
    number: u32,
    began: When,
    closed: bool,
    /// Whether the server keeps the seed.
    kept: bool,
}

#[derive(Clone, Debug)]
struct Note {
    state: usize,
    written: When,
    /// Of each version its number and epoch.
    versions: Vec<(u32, u32)>,
}

#[derive(Clone, Debug, Default)]
struct Inside {
    admissions: Vec<Admission>,
    epochs: Vec<Epoch>,
    /// Who holds which epoch's seed, for which of his pairs.
    holds: BTreeSet<(Person, u32, u32)>,
    notes: Vec<Note>,
    /// The epochs whose seeds are sealed to officers, where that was chosen.
    officers: Option<BTreeSet<u32>>,
    /// Until when the last visit of each lasts.
    visits: BTreeMap<Person, i64>,
}

/// What the tables hold of a room: each epoch's number, whether it is closed and whether the server keeps its seed; who
/// holds which, for which pair; and which are sealed to officers, if any are to be.
pub type Held = (Vec<(u32, bool, bool)>, BTreeSet<(Person, u32, u32)>, Option<BTreeSet<u32>>);

/// What an answer must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The texts that it shows.
    pub texts: BTreeSet<u32>,
    /// Of a look at a room: whether it shows the title, and whom it says to have the newest key. Of an admission and a
    /// ceremony: whether it gave the key, or let in whom it was held for.
    pub title: Option<bool>,
    pub keyed: Option<BTreeSet<Person>>,
}

impl Answer {
    pub fn of(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    fn texts(status: u16, texts: impl IntoIterator<Item = u32>) -> Self {
        Self { texts: texts.into_iter().collect(), ..Self::of(status) }
    }
}

#[derive(Clone, Debug)]
pub struct Judge {
    people: [Somebody; PEOPLE],
    standings: [Option<u32>; 2],
    rooms: Vec<Inside>,
    /// How many acts gave a designation or a standing.
    given: u32,
}

/// How far somebody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Whole,
    Onward(When),
}

impl Reach {
    fn covers(self, when: When) -> bool {
        match self {
            Self::Whole => true,
            Self::Onward(from) => from <= when,
        }
    }
}

impl Judge {
    /// Everybody designated, and all but one with an account.
    pub fn new() -> Self {
        let mut people: [Somebody; PEOPLE] = Default::default();
        for (number, one) in people.iter_mut().enumerate() {
            one.designation = Some(u32::try_from(number).unwrap());
            if number != 3 {
                (one.enrolled, one.account, one.pair) = (true, true, 1);
            }
        }
        Self { people, standings: [Some(10), Some(11)], rooms: Vec::new(), given: 20 }
    }

    /// A room is opened, with the key of its first epoch, and these people are admitted to the whole of it.
    pub fn begin(&mut self, members: u8, at: i64, when: When) {
        let room = self.rooms.len();
        let first = Epoch { number: 1, began: when, closed: false, kept: true };
        self.rooms.push(Inside { epochs: vec![first], ..Inside::default() });
        for person in (0..PEOPLE).filter(|person| members & (1 << person) != 0) {
            self.admit(room, person, true, None, when);
        }
        self.hand_out(room, None, at, 0);
    }

    fn standing(&self, person: Person) -> Option<Option<u32>> {
        match self.standings.get(STATE[person]) {
            Some(standing) => standing.map(Some),
            None => Some(None),
        }
    }

    fn is_somebody(&self, person: Person) -> bool {
        let one = &self.people[person];
        one.designation.is_some() && self.standing(person).is_some() && one.enrolled && !one.suspended
    }

    pub fn is_logged_in(&self, person: Person, at: i64) -> bool {
        let lives = |log_in: LogIn| at < log_in.renewed + IDLE * SECOND && at < log_in.opened + LONGEST * SECOND;
        self.is_somebody(person) && self.people[person].log_in.is_some_and(lives)
    }

    /// Whether somebody may come in, and has not.
    pub fn waits_outside(&self, person: Person, room: Room, at: i64) -> bool {
        self.is_logged_in(person, at) && self.enters(room, person, at).is_some() && !self.visits(room, person, at)
    }

    fn rests_on(&self, person: Person) -> Option<(u32, Option<u32>)> {
        self.people[person].designation.zip(self.standing(person))
    }

    fn lasts(&self, admission: &Admission, at: i64) -> bool {
        !admission.ended
            && admission.until.is_none_or(|until| at < until)
            && admission.rests_on.is_some()
            && admission.rests_on == self.rests_on(admission.person)
    }

    /// How far the person is admitted, whatever else keeps him out.
    fn reach(&self, room: Room, person: Person, at: i64) -> Option<Reach> {
        let his = self.rooms[room].admissions.iter().filter(|one| one.person == person && self.lasts(one, at));
        his.map(|one| if one.whole { Reach::Whole } else { Reach::Onward(one.from) }).min()
    }

    /// How far the person may come in.
    fn enters(&self, room: Room, person: Person, at: i64) -> Option<Reach> {
        let kind = person != OFFICER || !is_case(room);
        self.reach(room, person, at).filter(|_| self.is_somebody(person) && kind)
    }

    fn visits(&self, room: Room, person: Person, at: i64) -> bool {
        self.rooms[room].visits.get(&person).is_some_and(|until| at < *until)
    }

    fn admit(&mut self, room: Room, person: Person, whole: bool, until: Option<i64>, when: When) {
        let rests_on = self.rests_on(person);
        self.rooms[room].admissions.push(Admission { person, from: when, whole, until, rests_on, ended: false });
    }

    /// Whoever is no longer admitted, or holds it for a pair that is gone, has nothing that somebody else has; a new epoch begins
    /// where somebody who is gone knows the newest, or nobody can open it.
    fn settle(&mut self, room: Room, by: Option<Person>, at: i64, when: When) {
        let living =
            |one: &(Person, u32, u32)| self.enters(room, one.0, at).is_some() && self.people[one.0].pair == one.1;
        let holds = self.rooms[room].holds.iter().copied();
        let (have, gone): (BTreeSet<_>, BTreeSet<_>) = holds.partition(living);
        let inside = &mut self.rooms[room];
        inside.holds.retain(|one| !gone.contains(one) || !have.iter().any(|other| other.2 == one.2));
        let newest = inside.epochs.last().unwrap().clone();
        let knows = |who: &BTreeSet<(Person, u32, u32)>| who.iter().any(|one| one.2 == newest.number);
        let reachable = newest.kept || knows(&have);
        if newest.closed || !reachable || knows(&gone) {
            inside.epochs.last_mut().unwrap().closed = true;
            let number = newest.number + 1;
            inside.epochs.push(Epoch { number, began: when, closed: false, kept: true });
            self.hand_out(room, by, at, number);
        } else {
            self.hand_out(room, by, at, 0);
        }
    }

    /// Everyone admitted who lacks something that he should have is given all of it, if all is at hand: what the server
    /// keeps, what has just begun, what `by` holds. The server keeps nothing that somebody admitted has.
    fn hand_out(&mut self, room: Room, by: Option<Person>, at: i64, fresh: u32) {
        let pair = |person: Person| self.people[person].pair;
        let living: Vec<(Person, Reach)> = (0..PEOPLE)
            .filter(|person| pair(*person) > 0)
            .filter_map(|person| Some((person, self.enters(room, person, at)?)))
            .collect();
        let held = |person: Person, epoch: u32| self.rooms[room].holds.contains(&(person, pair(person), epoch));
        let at_hand =
            |epoch: &Epoch| epoch.kept || epoch.number == fresh || by.is_some_and(|by| held(by, epoch.number));
        let there = |epoch: &&Epoch| {
            epoch.kept || epoch.number == fresh || living.iter().any(|(person, _)| held(*person, epoch.number))
        };
        let epochs: Vec<&Epoch> = self.rooms[room].epochs.iter().filter(there).collect();
        let mut given = Vec::new();
        for (person, reach) in &living {
            let lacks: Vec<&&Epoch> =
                epochs.iter().filter(|one| reach.covers(one.began) && !held(*person, one.number)).collect();
            if !lacks.is_empty() && lacks.iter().all(|one| at_hand(one)) {
                given.push((*person, pair(*person), lacks.iter().map(|one| one.number).collect::<Vec<_>>()));
            }
        }
        let sealed: Vec<u32> =
            self.rooms[room].epochs.iter().filter(|one| at_hand(one)).map(|one| one.number).collect();
        let inside = &mut self.rooms[room];
        if let Some(officers) = &mut inside.officers {
            officers.extend(sealed);
        }
        for (person, pair, epochs) in given {
            inside.holds.retain(|one| one.0 != person || one.1 == pair);
            inside.holds.extend(epochs.into_iter().map(|epoch| (person, pair, epoch)));
        }
        let reached: BTreeSet<u32> = living
            .iter()
            .flat_map(|(person, _)| {
                inside.holds.iter().filter(|one| one.0 == *person && one.1 == self.people[*person].pair)
            })
            .map(|one| one.2)
            .collect();
        for epoch in &mut inside.epochs {
            epoch.kept &= !reached.contains(&epoch.number);
        }
    }

    /// His keys go at once, but for those that nobody else has.
    fn leave(&mut self, room: Room, person: Person) {
        let can_open = |one: &&(Person, u32, u32)| one.0 != person && self.people[one.0].pair == one.1;
        let others: BTreeSet<u32> = self.rooms[room].holds.iter().filter(can_open).map(|one| one.2).collect();
        let inside = &mut self.rooms[room];
        inside.holds.retain(|one| one.0 != person || !others.contains(&one.2));
        inside.epochs.last_mut().unwrap().closed = true;
    }

    /// All of a person's admissions end.
    fn leave_all(&mut self, person: Person, at: i64) {
        for room in 0..self.rooms.len() {
            let mut one = false;
            for admission in &mut self.rooms[room].admissions {
                let in_force = !admission.ended && admission.until.is_none_or(|until| at < until);
                if admission.person == person && in_force {
                    (admission.ended, one) = (true, true);
                }
            }
            if one {
                self.leave(room, person);
            }
            self.rooms[room].visits.remove(&person);
        }
    }

    fn end_log_ins(&mut self, person: Person) {
        self.people[person].log_in = None;
        for room in &mut self.rooms {
            room.visits.remove(&person);
        }
    }

    /// Whoever logs in settles the rooms where somebody waits for a key that he can give, or for his doing so.
    fn comes(&mut self, person: Person, at: i64, when: When) {
        for room in 0..self.rooms.len() {
            let inside = &self.rooms[room];
            let gives = inside.holds.iter().any(|one| one.0 == person)
                || inside.epochs.iter().any(|one| one.kept) && inside.admissions.iter().any(|one| one.person == person);
            let waits = |one: Person| {
                let pair = self.people[one].pair;
                pair > 0
                    && self.reach(room, one, at).is_some()
                    && !inside.holds.iter().any(|held| (held.0, held.1) == (one, pair))
            };
            if gives && (0..PEOPLE).any(waits) {
                self.settle(room, Some(person), at, when);
            }
        }
    }

    /// What a room is to somebody whom it does not let do something: absent, or forbidden to whom may know of it.
    fn refused(&self, room: Room, person: Person, at: i64) -> u16 {
        let knows = self.enters(room, person, at).is_some() || person == OFFICER && !is_case(room);
        if knows { 403 } else { 404 }
    }

    fn holds(&self, room: Room, person: Person, epoch: u32) -> bool {
        self.rooms[room].holds.contains(&(person, self.people[person].pair, epoch))
    }

    fn keyed(&self, room: Room) -> BTreeSet<Person> {
        let holds = &self.rooms[room].holds;
        let newest = holds.iter().map(|one| one.2).max();
        let living = |one: &&(Person, u32, u32)| self.people[one.0].pair == one.1;
        holds.iter().filter(living).filter(|one| Some(one.2) == newest).map(|one| one.0).collect()
    }

    /// What comes of an act at the moment `at`, the `when`th; `text` is the number of what it would write.
    pub fn judge(&mut self, act: Act, at: i64, when: When, text: u32) -> Answer {
        if act.by().is_some_and(|by| !self.is_logged_in(by, at)) {
            return Answer::of(401);
        }
        match act {
            Act::LogIn(person) => {
                if !self.people[person].account || !self.is_somebody(person) {
                    return Answer::of(401);
                }
                self.comes(person, at, when);
                self.end_log_ins(person);
                self.people[person].log_in = Some(LogIn { opened: at, renewed: at });
                Answer::of(200)
            }
            Act::LogOut(person) => {
                self.end_log_ins(person);
                Answer::of(204)
            }
            Act::Renew(person) => {
                if let Some(log_in) = &mut self.people[person].log_in {
                    log_in.renewed = at;
                }
                Answer::of(200)
            }
            Act::ChangePassword(_) => Answer::of(204),
            Act::NewMeans { person, paper } => {
                let one = &self.people[person];
                if one.account && !paper {
                    self.leave_all(person, at);
                }
                let one = &mut self.people[person];
                if !one.account || !paper {
                    one.pair += 1;
                }
                (one.account, one.enrolled) = (true, true);
                self.end_log_ins(person);
                Answer::of(201)
            }
            Act::Suspend(person) => {
                self.people[person].suspended = true;
                self.end_log_ins(person);
                Answer::of(201)
            }
            Act::LiftSuspension(person) => {
                self.people[person].suspended = false;
                Answer::of(201)
            }
            Act::Designate(person) => {
                self.given += 1;
                self.people[person].designation = Some(self.given);
                Answer::of(201)
            }
            Act::EndDesignation(person) => {
                self.people[person].designation = None;
                Answer::of(201)
            }
            Act::OffBoard(person) => {
                self.leave_all(person, at);
                let one = &mut self.people[person];
                (one.designation, one.enrolled) = (None, false);
                self.end_log_ins(person);
                Answer::of(201)
            }
            Act::GiveStanding(state) => {
                self.given += 1;
                self.standings[state] = Some(self.given);
                Answer::of(201)
            }
            Act::EndStanding(state) => {
                self.standings[state] = None;
                Answer::of(201)
            }
            Act::AdmitForAnHour { room, whom, whole } => {
                self.admit(room, whom, whole, Some(at + HOUR * SECOND), when);
                Answer::of(200)
            }
            Act::HoursPass | Act::NightPasses => Answer::of(200),
            Act::Visit(person, room) => {
                if self.enters(room, person, at).is_none() {
                    return Answer::of(self.refused(room, person, at));
                }
                let before = self.rooms[room].clone();
                self.settle(room, Some(person), at, when);
                let pair = self.people[person].pair;
                if !self.rooms[room].holds.iter().any(|one| (one.0, one.1) == (person, pair)) {
                    self.rooms[room] = before;
                    return Answer::of(409);
                }
                self.rooms[room].visits.insert(person, at + VISIT * SECOND);
                Answer::of(201)
            }
            Act::Look(person, room) => {
                let enters = self.enters(room, person, at).is_some();
                if !enters && self.refused(room, person, at) == 404 {
                    return Answer::of(404);
                }
                Answer {
                    title: Some(enters && self.holds(room, person, 1)),
                    keyed: enters.then(|| self.shown_as_keyed(room, at)),
                    ..Answer::of(200)
                }
            }
            Act::List(person, room) | Act::Search(person, room) => {
                let Some(reach) = self.enters(room, person, at).filter(|_| self.visits(room, person, at)) else {
                    return Answer::of(self.refused(room, person, at));
                };
                let notes = self.rooms[room].notes.iter().filter(|note| reach.covers(note.written));
                let newest = notes.filter_map(|note| note.versions.last());
                Answer::texts(200, newest.filter(|one| self.holds(room, person, one.1)).map(|one| one.0))
            }
            Act::Read(person, room, note) => match self.may_read(person, room, note, at) {
                Ok(note) => {
                    let (text, epoch) = *note.versions.last().unwrap();
                    if self.holds(room, person, epoch) { Answer::texts(200, [text]) } else { Answer::of(409) }
                }
                Err(status) => Answer::of(status),
            },
            Act::Versions(person, room, note) => match self.may_read(person, room, note, at) {
                Ok(note) if note.versions.iter().all(|one| self.holds(room, person, one.1)) => {
                    Answer::texts(200, note.versions.iter().map(|one| one.0))
                }
                Ok(_) => Answer::of(409),
                Err(status) => Answer::of(status),
            },
            Act::Write(person, room) => {
                if self.enters(room, person, at).is_none() || !self.visits(room, person, at) {
                    return Answer::of(self.refused(room, person, at));
                }
                let Some(epoch) = self.seals(room, person, at, when) else { return Answer::of(409) };
                let state = STATE[person];
                self.rooms[room].notes.push(Note { state, written: when, versions: vec![(text, epoch)] });
                Answer::texts(201, [text])
            }
            Act::Correct { by, room, note, stale } => {
                let Some(place) = self.note(room, note) else { return Answer::of(404) };
                let own = by != OFFICER && self.rooms[room].notes[place].state == STATE[by];
                match self.may_read(by, room, note, at) {
                    Ok(_) if !own => return Answer::of(403),
                    Ok(_) if stale => return Answer::of(412),
                    Ok(_) => {}
                    Err(status) => return Answer::of(if own { status } else { 404 }),
                }
                let Some(epoch) = self.seals(room, by, at, when) else { return Answer::of(409) };
                self.rooms[room].notes[place].versions.push((text, epoch));
                Answer::texts(200, [text])
            }
            Act::Admit { by, room, whom, whole } => {
                // Whoever is no officer any more is nobody who can be admitted.
                let officer_of_case = whom == OFFICER && is_case(room) && self.rests_on(whom).is_some();
                if !self.admits(by, room, at) || whom == by || officer_of_case {
                    return Answer::of(self.refused(room, by, at));
                }
                let admissible = self.rests_on(whom).is_some();
                let further = whole && self.reach(room, by, at) != Some(Reach::Whole);
                if !admissible || further {
                    return Answer::of(422);
                }
                if self.reach(room, whom, at).is_some() {
                    return Answer::of(409);
                }
                self.admit(room, whom, whole, None, when);
                if !whole {
                    self.rooms[room].epochs.last_mut().unwrap().closed = true;
                }
                self.settle(room, Some(by), at, when);
                let keyed = self.keyed(room).intersection(&[whom].into()).copied().collect();
                Answer { keyed: Some(keyed), ..Answer::of(201) }
            }
            Act::ChooseRecovery(by, room) => self.choose(by, room, at, when),
            Act::EndRecovery(by, room) => self.end_choice(by, room, at),
            Act::Recover { room, whom } => self.recover(room, whom, at, when),
            Act::EndAdmission { by, room, whom } => {
                if !self.admits(by, room, at) || whom == by {
                    return Answer::of(self.refused(room, by, at));
                }
                if self.reach(room, whom, at).is_none() {
                    return Answer::of(404);
                }
                let lasting: Vec<bool> = self.rooms[room].admissions.iter().map(|one| self.lasts(one, at)).collect();
                for (admission, lasts) in self.rooms[room].admissions.iter_mut().zip(lasting) {
                    admission.ended |= admission.person == whom && lasts;
                }
                self.rooms[room].visits.remove(&whom);
                self.leave(room, whom);
                Answer::of(204)
            }
        }
    }

    /// Whom a look at the room shows as having the newest key: of those admitted.
    fn shown_as_keyed(&self, room: Room, at: i64) -> BTreeSet<Person> {
        self.keyed(room).into_iter().filter(|person| self.reach(room, *person, at).is_some()).collect()
    }

    /// Whether somebody may admit and end admissions: from inside, and of a case file only its own State.
    fn admits(&self, by: Person, room: Room, at: i64) -> bool {
        self.enters(room, by, at).is_some() && by != OFFICER && (!is_case(room) || STATE[by] == 0)
    }

    fn may_read(&self, person: Person, room: Room, note: usize, at: i64) -> Result<&Note, u16> {
        let note = self.note(room, note).map(|place| &self.rooms[room].notes[place]).ok_or(404_u16)?;
        self.enters(room, person, at).filter(|reach| reach.covers(note.written)).ok_or(404_u16)?;
        if self.visits(room, person, at) { Ok(note) } else { Err(403) }
    }

    /// The epoch in which somebody writes; nothing, and nothing done, when he has not its key.
    fn seals(&mut self, room: Room, person: Person, at: i64, when: When) -> Option<u32> {
        let before = self.rooms[room].clone();
        self.settle(room, Some(person), at, when);
        let epoch = self.rooms[room].epochs.last().unwrap().number;
        if !self.holds(room, person, epoch) {
            self.rooms[room] = before;
            return None;
        }
        Some(epoch)
    }
}
