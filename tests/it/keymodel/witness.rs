//! What must hold whatever the reference says: told from the sequence and the database's rows alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::context::Moment;
use incamera::db::Conn;
use incamera::ids::{NoteId, RoomId, SignInId};
use incamera::seal::{ForMember, Place, Sealed, Seed, Wrapped};

use super::acts::{Act, Person, Room};
use super::judge::{Answer, Held, OFFICER, PEOPLE, STATE, When, is_case};
use super::stage::{Cast, Stage};

/// Somebody's time in a room.
#[derive(Clone, Debug)]
struct Stay {
    person: Person,
    room: Room,
    from: When,
    whole: bool,
    for_an_hour: bool,
    ended: Option<When>,
}

/// A text that was written.
struct Written {
    room: Room,
    when: When,
    /// When its note was.
    note: When,
}

#[derive(QueryableByName)]
struct EpochRow {
    #[diesel(sql_type = Text)]
    room: String,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Bool)]
    closed: bool,
    #[diesel(sql_type = Bool)]
    kept: bool,
}

#[derive(QueryableByName)]
struct WrapRow {
    #[diesel(sql_type = Text)]
    room: String,
    #[diesel(sql_type = Text)]
    person: String,
    #[diesel(sql_type = BigInt)]
    pair: i64,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Binary)]
    seed: Vec<u8>,
}

#[derive(QueryableByName)]
struct OfficersRow {
    #[diesel(sql_type = Text)]
    room: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    epoch: Option<i64>,
}

#[derive(QueryableByName)]
struct LogInRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    pair: i64,
    #[diesel(sql_type = BigInt)]
    expires: i64,
    #[diesel(sql_type = Binary)]
    seed: Vec<u8>,
}

#[derive(QueryableByName)]
struct NoteRow {
    #[diesel(sql_type = Text)]
    note: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Binary)]
    words: Sealed,
}

/// One who sees the sequence, and each state of the database.
#[derive(Default)]
pub struct Witness {
    stays: Vec<Stay>,
    /// Of each moment who was suspended, designated, and which States had a standing.
    suspended: Vec<[bool; PEOPLE]>,
    designated: [bool; PEOPLE],
    stands: [bool; 3],
    accounts: [bool; PEOPLE],
    texts: BTreeMap<u32, Written>,
    /// Of each note of each room when it was written.
    notes: Vec<Vec<When>>,
    /// Every wrap that was ever there, as somebody with all backups has it: room, epoch, person, pair.
    copies: BTreeMap<(Room, i64, Person, i64), BTreeSet<Vec<u8>>>,
    /// Every seed that somebody's log-in opened.
    seeds: BTreeMap<(Person, i64), Rc<Seed>>,
    newest: Vec<u32>,
}

impl Witness {
    pub fn new() -> Self {
        let mut all = Self { designated: [true; PEOPLE], stands: [true; 3], ..Self::default() };
        all.accounts = std::array::from_fn(|person| person != 3);
        all.suspended.push([false; PEOPLE]);
        all
    }

    /// A room was opened for these.
    pub fn begins(&mut self, members: u8, when: When) {
        let room = self.notes.len();
        self.notes.push(Vec::new());
        self.newest.push(0);
        for person in (0..PEOPLE).filter(|person| members & (1 << person) != 0) {
            self.comes(person, room, when, true, false);
        }
        self.passes(when, *self.suspended.last().unwrap());
    }

    fn passes(&mut self, when: When, suspended: [bool; PEOPLE]) {
        while self.suspended.len() <= when {
            self.suspended.push(suspended);
        }
    }

    fn comes(&mut self, person: Person, room: Room, from: When, whole: bool, for_an_hour: bool) {
        // The Secretariat is never in a case file's room; and whoever is designated for no State with a standing is in none.
        if !(person == OFFICER && is_case(room)) && self.designated[person] && self.stands[STATE[person]] {
            self.stays.push(Stay { person, room, from, whole, for_an_hour, ended: None });
        }
    }

    fn goes(&mut self, when: When, which: impl Fn(&Stay) -> bool) {
        for stay in self.stays.iter_mut().filter(|stay| stay.ended.is_none() && which(stay)) {
            stay.ended = Some(when);
        }
    }

    /// What happened, as the answers told it; and whether it showed anybody what it must not.
    pub fn hears(&mut self, act: Act, answer: &Answer, when: When, text: u32, note: Option<usize>) -> Option<String> {
        let mut suspended = *self.suspended.last().unwrap();
        if answer.status < 300 {
            match act {
                Act::Admit { room, whom, whole, .. } => self.comes(whom, room, when, whole, false),
                Act::AdmitForAnHour { room, whom, whole } => self.comes(whom, room, when, whole, true),
                Act::EndAdmission { room, whom, .. } => {
                    self.goes(when, |stay| (stay.room, stay.person) == (room, whom))
                }
                // Whom the officers have let in, since nobody inside could.
                Act::Recover { room, whom } if answer.keyed.is_some() => self.comes(whom, room, when, true, false),
                Act::EndDesignation(person) => {
                    self.designated[person] = false;
                    self.goes(when, |stay| stay.person == person);
                }
                Act::Designate(person) => self.designated[person] = true,
                Act::OffBoard(person) => {
                    self.designated[person] = false;
                    self.goes(when, |stay| stay.person == person);
                }
                Act::EndStanding(state) => {
                    self.stands[state] = false;
                    self.goes(when, |stay| STATE[stay.person] == state);
                }
                Act::GiveStanding(state) => self.stands[state] = true,
                Act::NewMeans { person, paper } => {
                    if self.accounts[person] && !paper {
                        self.goes(when, |stay| stay.person == person);
                    }
                    self.accounts[person] = true;
                }
                Act::Suspend(person) => suspended[person] = true,
                Act::LiftSuspension(person) => suspended[person] = false,
                Act::HoursPass | Act::NightPasses => self.goes(when, |stay| stay.for_an_hour),
                Act::Write(_, room) => {
                    self.notes[room].push(when);
                    self.texts.insert(text, Written { room, when, note: when });
                }
                Act::Correct { room, .. } => {
                    let of = self.notes[room][note.unwrap()];
                    self.texts.insert(text, Written { room, when, note: of });
                }
                _ => {}
            }
        }
        self.passes(when, suspended);
        let by = act.by()?;
        let shown = answer.texts.iter().find(|text| !self.may_be_shown(by, **text, when))?;
        Some(format!("{by} is shown the text {shown}, which was not written for him"))
    }

    fn is_in(&self, stay: &Stay, when: When) -> bool {
        stay.from <= when && stay.ended.is_none_or(|ended| when < ended) && !self.suspended[when][stay.person]
    }

    /// Whoever was removed reads nothing that was written later, and whoever was added from now on nothing from before.
    fn may_be_shown(&self, person: Person, text: u32, when: When) -> bool {
        let Some(written) = self.texts.get(&text) else { return false };
        let stays = self.stays.iter().filter(|stay| (stay.person, stay.room) == (person, written.room));
        stays.into_iter().any(|stay| self.is_in(stay, when) && (stay.whole || stay.from <= written.note))
    }

    /// The same of what somebody's keys open: all that he ever had, he may have kept. Who was inside when a text was written, or
    /// came in for the whole later, may open it.
    fn may_open(&self, person: Person, text: u32) -> bool {
        let written = &self.texts[&text];
        let stays = self.stays.iter().filter(|stay| (stay.person, stay.room) == (person, written.room));
        stays.into_iter().any(|stay| {
            (stay.whole || stay.from <= written.when)
                && (written.when..self.suspended.len()).any(|when| self.is_in(stay, when))
        })
    }

    /// What the tables hold of these rooms; copies are kept of all wraps.
    pub fn sees(&mut self, conn: &mut Conn, cast: &Cast, which: Range<Room>) -> Result<BTreeMap<Room, Held>, String> {
        let rooms = cast.rooms[which.clone()].iter().map(|room| format!("'{room}'")).collect::<Vec<_>>().join(", ");
        let number = |room: &str| cast.rooms.iter().position(|one| one.as_str() == room).unwrap();
        let mut held: BTreeMap<Room, Held> = which.map(|room| (room, Held::default())).collect();
        let sql = format!(
            "SELECT room_id AS room, epoch, closed_us IS NOT NULL AS closed, kept IS NOT NULL AS kept FROM room_epochs WHERE room_id IN ({rooms}) ORDER BY epoch"
        );
        for row in sql_query(sql).load::<EpochRow>(conn).unwrap() {
            held.entry(number(&row.room)).or_default().0.push((
                u32::try_from(row.epoch).unwrap(),
                row.closed,
                row.kept,
            ));
        }
        let sql = format!(
            "SELECT room_id AS room, person_id AS person, pair, epoch, seed FROM room_keys WHERE room_id IN ({rooms})"
        );
        for row in sql_query(sql).load::<WrapRow>(conn).unwrap() {
            let (room, person) = (number(&row.room), cast.people.iter().position(|one| one.as_str() == row.person));
            let person = person.ok_or_else(|| format!("somebody from elsewhere has a key of room {room}"))?;
            let (pair, epoch) = (u32::try_from(row.pair).unwrap(), u32::try_from(row.epoch).unwrap());
            held.entry(room).or_default().1.insert((person, pair, epoch));
            self.copies.entry((room, row.epoch, person, row.pair)).or_default().insert(row.seed);
        }
        for row in sql_query(officers_of(&rooms)).load::<OfficersRow>(conn).unwrap() {
            let sealed = &mut held.entry(number(&row.room)).or_default().2;
            sealed.get_or_insert_default().extend(row.epoch.map(|epoch| u32::try_from(epoch).unwrap()));
        }
        for (&room, (epochs, holds, _)) in &held {
            let newest = epochs.iter().map(|one| one.0).max().unwrap_or_default();
            let distinct: BTreeSet<u32> = epochs.iter().map(|one| one.0).collect();
            if newest < self.newest[room] || distinct.len() != epochs.len() {
                return Err(format!("an epoch's number came again in room {room}: {epochs:?}"));
            }
            self.newest[room] = newest;
            let twice = epochs.iter().find(|one| one.2 && holds.iter().any(|held| held.2 == one.0));
            if let Some((epoch, ..)) = twice.filter(|_| self.anybody_inside_holds(room, holds)) {
                return Err(format!("the server keeps the seed of epoch {epoch} of room {room}, which somebody has"));
            }
        }
        Ok(held)
    }

    fn anybody_inside_holds(&self, room: Room, holds: &BTreeSet<(Person, u32, u32)>) -> bool {
        let now = self.suspended.len() - 1;
        holds
            .iter()
            .any(|one| self.stays.iter().any(|stay| (stay.person, stay.room) == (one.0, room) && self.is_in(stay, now)))
    }

    /// Takes the seed of whoever has just logged in, by the unlock secret: for trying what it opens.
    pub fn takes_seed(&mut self, conn: &mut Conn, cast: &Cast, person: Person) {
        let id = &cast.people[person];
        let sql = format!(
            "SELECT id, pair, expires_us AS expires, seed_by_unlock AS seed FROM sign_ins WHERE person_id = '{id}' AND ended_us IS NULL AND seed_by_unlock IS NOT NULL ORDER BY opened_us DESC LIMIT 1"
        );
        let row: LogInRow = sql_query(sql).get_result(conn).unwrap();
        let sign_in = SignInId::parse(&row.id).unwrap();
        let place =
            Wrapped::ByUnlockSecret { person: id, pair: row.pair, sign_in: &sign_in, expires: Moment(row.expires) };
        let seed = place.open(Stage::unlock(cast, person).as_bytes(), &row.seed).unwrap();
        self.seeds.insert((person, row.pair), Rc::new(seed));
    }

    /// At the end: what each person's seeds open of all that was ever kept for anybody, and what that opens of the texts.
    /// Answers how many texts were opened, and how many stayed shut.
    pub fn tries(&self, conn: &mut Conn, cast: &Cast) -> Result<(usize, usize), String> {
        let mut opened: BTreeMap<(Person, Room, i64), Seed> = BTreeMap::new();
        for ((room, epoch, person, pair), blobs) in &self.copies {
            let place =
                ForMember { room: &cast.rooms[*room], epoch: *epoch, person: &cast.people[*person], pair: *pair };
            // By one's own, and by one other.
            let by = |own: bool| self.seeds.iter().filter(move |(whose, _)| (*whose == &(*person, *pair)) == own);
            let other = usize::try_from(*epoch).unwrap() + room;
            let others = self.seeds.len().saturating_sub(1).max(1);
            for ((whose, of), seed) in by(true).chain(by(false).skip(other % others).take(1)) {
                let own = (whose, of) == (person, pair);
                for blob in blobs {
                    match (place.open(seed, blob), own) {
                        (Ok(seed), true) => drop(opened.insert((*person, *room, *epoch), seed)),
                        (Err(_), false) => {}
                        (Ok(_), false) => return Err(format!("{whose} opens what is kept for {person}")),
                        (Err(_), true) => return Err(format!("{person} does not open what is kept for him")),
                    }
                }
            }
        }
        let (mut open, mut shut) = (0, 0);
        for (number, room) in cast.rooms.iter().enumerate() {
            for row in rows_of(conn, room) {
                let note = NoteId::parse(&row.note).unwrap();
                let place = Place { room, what: "note.text", thing: note.as_str(), version: row.version };
                let epoch = row.words.epoch().unwrap();
                for person in 0..PEOPLE {
                    let mine = opened.iter().filter(|((whose, of, _), _)| (*whose, *of) == (person, number));
                    for ((.., held), seed) in mine {
                        let Ok(text) = row.words.open(seed, place) else {
                            shut += 1;
                            continue;
                        };
                        open += 1;
                        let text: u32 = text.trim_start_matches("text ").parse().unwrap();
                        if *held != epoch || !self.may_open(person, text) {
                            return Err(format!("what {person} had opens the text {text}, which was not for him"));
                        }
                    }
                }
            }
        }
        Ok((open, shut))
    }
}

/// Which epochs of these rooms are sealed to officers; a row without a number where that was chosen and none is yet.
fn officers_of(rooms: &str) -> String {
    format!(
        "SELECT r.room_id AS room, w.epoch FROM room_recoveries r LEFT JOIN recovery_wraps w ON w.room_id = r.room_id \
         WHERE r.ended_us IS NULL AND r.room_id IN ({rooms}) \
         UNION SELECT room_id, epoch FROM recovery_wraps WHERE room_id IN ({rooms})"
    )
}

fn rows_of(conn: &mut Conn, room: &RoomId) -> Vec<NoteRow> {
    let sql = format!(
        "SELECT v.note_id AS note, v.version, v.words FROM note_versions v JOIN notes n ON n.id = v.note_id WHERE n.room_id = '{room}'"
    );
    sql_query(sql).load(conn).unwrap()
}

/// The epoch that a version of a note says it is sealed in.
pub fn epoch(conn: &mut Conn, note: &str, version: usize) -> Option<i64> {
    let sql = format!(
        "SELECT note_id AS note, version, words FROM note_versions WHERE note_id = '{note}' AND version = {version}"
    );
    sql_query(sql).get_result::<NoteRow>(conn).unwrap().words.epoch()
}
