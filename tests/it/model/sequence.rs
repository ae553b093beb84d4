//! Random sequences of what can happen in a network, and what each means for it.

use super::dice::Dice;
use super::network::{
    Act, Case, Gives, Material, Meeting, Network, Note, PARTIES, PEOPLE, Party, PartyKind, Person, Role, Room, Session,
    SessionKind, Standing, Tick, Visit,
};

/// Most things of each kind.
pub const MOST: usize = 5;

/// Something that happens. A number that names a thing or an act counts among those there are then.
#[derive(Clone, Copy, Debug)]
pub enum Happens {
    Gives { what: Gift, from: Tick, until: Option<Tick> },
    Ends { act: usize, at: Option<Tick> },
    OffBoards { person: Person },
    Convenes { ordinary: bool, requested_by: Option<Party> },
    AddsSession { meeting: usize, kind: SessionKind, admitting: u8 },
    AddsMaterial { session: usize },
    OpensCase { person: Person, to: Visible },
    Writes { room: usize, person: Person },
    Visits { room: usize, person: Person, lasting: Tick },
    Leaves { visit: usize },
}

/// What an act gives, before it is known to what.
#[derive(Clone, Copy, Debug)]
pub enum Gift {
    Standing(Party, Standing),
    Designation(Person, Role),
    Enrolment(Person),
    Suspension(Person),
    Participation(usize, Party, Option<Person>),
    Admission { room: usize, person: Person, whole: bool },
    NoteRelease(usize, Party),
    CaseRelease(usize, Option<Party>),
}

/// Who sees a fiche from the start.
#[derive(Clone, Copy, Debug)]
pub enum Visible {
    OwnState,
    State(Party),
    ContactPoints,
}

/// The same, with everything named: what the server is to do, and what the network becomes if it does.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Record { gives: Gives, from: Tick, until: Option<Tick> },
    End { act: usize, at: Tick },
    Meeting { ordinary: bool, requested_by: Option<Party> },
    Session { meeting: usize, kind: SessionKind },
    Material { session: usize },
    Case { person: Person },
    Note { room: usize, person: Person },
    Visit { room: usize, person: Person, expires: Tick },
    EndVisit { visit: usize },
}

const ROLES: [Role; 5] = [Role::ContactPoint, Role::Counterpart, Role::Representative, Role::Officer, Role::Auditor];

/// Dates a little before and after the present, and often the very moment at which something else is.
fn near(dice: &mut Dice, now: Tick) -> Tick {
    now + dice.of(&[0, 0, 0, 0, -40, -20, -10, -1, 1, 10, 20, 40])
}

fn person(dice: &mut Dice) -> Person {
    dice.below(PEOPLE.len())
}

fn until(dice: &mut Dice, now: Tick) -> Option<Tick> {
    dice.once_in(4).then(|| now + dice.of(&[-1, 1, 10, 20, 40]))
}

fn fitting(dice: &mut Dice, person: Person) -> Role {
    if dice.once_in(6) {
        return dice.of(&ROLES);
    }
    match PARTIES[PEOPLE[person]] {
        PartyKind::State => dice.of(&[Role::ContactPoint, Role::Counterpart]),
        PartyKind::Organisation | PartyKind::CivilSociety => {
            dice.of(&[Role::Representative, Role::Representative, Role::Auditor])
        }
        PartyKind::Secretariat => dice.of(&[Role::Officer, Role::Auditor]),
    }
}

impl Happens {
    /// The next that happens, at `now`.
    pub fn draw(dice: &mut Dice, now: Tick) -> Self {
        let some = dice.below(1 << 16);
        let gift = match dice.below(30) {
            0 => Gift::Standing(
                dice.below(PARTIES.len() - 1),
                dice.of(&[Standing::Member, Standing::Observer, Standing::Associate, Standing::Invited]),
            ),
            1 | 2 => {
                let person = person(dice);
                Gift::Designation(person, fitting(dice, person))
            }
            3 => Gift::Enrolment(person(dice)),
            4 => Gift::Suspension(person(dice)),
            5..=7 => {
                let (party, whom) = (dice.below(PARTIES.len()), person(dice));
                // Now and then a person of another party, which must mean nothing.
                if dice.once_in(2) {
                    let whom = if dice.once_in(4) { whom } else { PEOPLE.iter().position(|of| *of == party).unwrap() };
                    Gift::Participation(some, party, Some(whom))
                } else {
                    Gift::Participation(some, party, None)
                }
            }
            8..=12 => Gift::Admission { room: some, person: person(dice), whole: !dice.once_in(3) },
            13..=14 => Gift::NoteRelease(some, dice.below(PARTIES.len())),
            15..=16 => Gift::CaseRelease(some, dice.once_in(2).then(|| dice.below(PARTIES.len()))),
            17..=20 => return Self::Ends { act: some, at: dice.once_in(2).then(|| near(dice, now)) },
            21 => return Self::OffBoards { person: person(dice) },
            22 => {
                let ordinary = dice.once_in(3);
                let requested_by = (!ordinary && dice.once_in(2)).then(|| dice.below(2));
                return Self::Convenes { ordinary, requested_by };
            }
            23 | 24 => {
                let kind = dice.of(&[SessionKind::Open, SessionKind::Closed, SessionKind::Breakout]);
                let admitting = u8::try_from(dice.below(1 << PEOPLE.len())).unwrap();
                return Self::AddsSession { meeting: some, kind, admitting };
            }
            25 => return Self::AddsMaterial { session: some },
            26 => {
                let to = match dice.below(3) {
                    0 => Visible::OwnState,
                    1 => Visible::State(dice.below(PARTIES.len())),
                    _ => Visible::ContactPoints,
                };
                return Self::OpensCase { person: dice.below(3), to };
            }
            27 | 28 => return Self::Writes { room: some, person: person(dice) },
            _ if dice.once_in(4) => return Self::Leaves { visit: some },
            _ => {
                return Self::Visits { room: some, person: person(dice), lasting: dice.of(&[1, 10, 40, 10_000]) };
            }
        };
        Self::Gives { what: gift, from: near(dice, now), until: until(dice, now) }
    }

    /// What it comes to in this network.
    pub fn changes(self, network: &Network, now: Tick) -> Vec<Change> {
        let of = |number: usize, count: usize| (count > 0).then(|| number % count.max(1));
        match self {
            Self::Gives { what, from, until } => {
                let gives = match what {
                    Gift::Standing(party, standing) => Some(Gives::Standing(party, standing)),
                    Gift::Designation(person, role) => Some(Gives::Designation(person, role)),
                    Gift::Enrolment(person) => Some(Gives::Enrolment(person)),
                    Gift::Suspension(person) => Some(Gives::Suspension(person)),
                    Gift::Participation(session, party, person) => {
                        of(session, network.sessions.len()).map(|session| Gives::Participation(session, party, person))
                    }
                    Gift::Admission { room, person, whole } => {
                        of(room, network.rooms.len()).map(|room| Gives::Admission { room, person, whole })
                    }
                    Gift::NoteRelease(note, party) => {
                        of(note, network.notes.len()).map(|note| Gives::NoteRelease(note, party))
                    }
                    Gift::CaseRelease(case, party) => {
                        of(case, network.cases.len()).map(|case| Gives::CaseRelease(case, party))
                    }
                };
                gives.map(|gives| Change::Record { gives, from, until }).into_iter().collect()
            }
            Self::Ends { act, at } => {
                of(act, network.acts.len()).map(|act| Change::End { act, at: at.unwrap_or(now) }).into_iter().collect()
            }
            // DESIGN §1, issue 2: off-boarding ends every right at once, also those that have yet to begin.
            Self::OffBoards { person } => network
                .acts
                .iter()
                .enumerate()
                .filter(|(_, act)| act.is_right_of(person) && act.lasts_beyond(now))
                .map(|(number, act)| Change::End { act: number, at: act.from.max(now) })
                .collect(),
            Self::Convenes { ordinary, requested_by } => {
                if network.meetings.len() < MOST {
                    vec![Change::Meeting { ordinary, requested_by }]
                } else {
                    Vec::new()
                }
            }
            Self::AddsSession { meeting, kind, admitting } => {
                if network.sessions.len() >= MOST || network.rooms.len() >= MOST {
                    return Vec::new();
                }
                let meeting = meeting % network.meetings.len();
                let mut changes = vec![Change::Session { meeting, kind }];
                if kind == SessionKind::Closed {
                    let room = network.rooms.len();
                    let people = (0..PEOPLE.len()).filter(|person| admitting & (1 << person) != 0);
                    changes.extend(people.map(|person| Change::Record {
                        gives: Gives::Admission { room, person, whole: true },
                        from: now,
                        until: None,
                    }));
                }
                changes
            }
            Self::AddsMaterial { session } => {
                // A closed session has none.
                let open: Vec<usize> = (0..network.sessions.len())
                    .filter(|one| network.sessions[*one].kind != SessionKind::Closed)
                    .collect();
                match of(session, open.len()) {
                    Some(at) if network.materials.len() < MOST => vec![Change::Material { session: open[at] }],
                    _ => Vec::new(),
                }
            }
            Self::OpensCase { person, to } => {
                if network.cases.len() >= MOST || network.rooms.len() >= MOST {
                    return Vec::new();
                }
                let (case, room) = (network.cases.len(), network.rooms.len());
                let record = |gives| Change::Record { gives, from: now, until: None };
                let mut changes = vec![Change::Case { person }, record(Gives::Admission { room, person, whole: true })];
                match to {
                    Visible::OwnState => {}
                    Visible::State(party) => changes.push(record(Gives::CaseRelease(case, Some(party)))),
                    Visible::ContactPoints => changes.push(record(Gives::CaseRelease(case, None))),
                }
                changes
            }
            Self::Writes { room, person } => match of(room, network.rooms.len()) {
                Some(room) if network.notes.len() < MOST => vec![Change::Note { room, person }],
                _ => Vec::new(),
            },
            Self::Visits { room, person, lasting } => {
                let expires = now + lasting;
                of(room, network.rooms.len()).map(|room| Change::Visit { room, person, expires }).into_iter().collect()
            }
            Self::Leaves { visit } => {
                of(visit, network.visits.len()).map(|visit| Change::EndVisit { visit }).into_iter().collect()
            }
        }
    }
}

impl Act {
    /// Whether off-boarding the person ends it.
    pub fn is_right_of(&self, person: Person) -> bool {
        match self.gives {
            Gives::Designation(whom, _) | Gives::Enrolment(whom) | Gives::Admission { person: whom, .. } => {
                whom == person
            }
            Gives::Participation(_, _, whom) => whom == Some(person),
            Gives::Standing(..) | Gives::Suspension(_) | Gives::NoteRelease(..) | Gives::CaseRelease(..) => false,
        }
    }

    /// Its end, as far as one is known: its own, or the earliest that was recorded.
    fn end(&self) -> Option<Tick> {
        self.until.into_iter().chain(self.endings.iter().map(|(effective, _)| *effective)).min()
    }

    /// Whether any of it is at `at` or later.
    pub fn lasts_beyond(&self, at: Tick) -> bool {
        self.end().is_none_or(|end| end > at.max(self.from))
    }

    fn meets(&self, from: Tick, until: Option<Tick>) -> bool {
        let latest = self.from.max(from);
        self.end().is_none_or(|end| latest < end) && until.is_none_or(|end| latest < end)
    }
}

impl Network {
    /// Whether the server must refuse a change: what would end before it begins, what has ended already, a
    /// standing for a time that has one or that the party cannot have, a release that there is already.
    pub fn refuses(&self, change: Change, now: Tick) -> bool {
        match change {
            Change::Record { gives, from, until } => {
                until.is_some_and(|until| until <= from)
                    || match gives {
                        Gives::Standing(party, standing) => {
                            let fits = standing != Standing::Member || PARTIES[party] == PartyKind::State;
                            let of_it = |act: &&Act| matches!(act.gives, Gives::Standing(whose, _) if whose == party);
                            !fits
                                || self
                                    .acts
                                    .iter()
                                    .filter(of_it)
                                    .any(|act| act.meets(from, until) || act.gives == gives && act.from == from)
                        }
                        Gives::NoteRelease(..) | Gives::CaseRelease(..) if from == now && until.is_none() => {
                            self.acts.iter().any(|act| act.gives == gives && act.in_force(now))
                        }
                        _ => false,
                    }
            }
            Change::End { act, at } => {
                let act = &self.acts[act];
                at < act.from
                    || act.until.is_some_and(|until| until <= at)
                    || act.endings.iter().any(|(effective, _)| *effective <= at)
            }
            _ => false,
        }
    }

    /// The network after a change that was not refused.
    pub fn change(&mut self, change: Change, now: Tick) {
        match change {
            Change::Record { gives, from, until } => {
                self.acts.push(Act { gives, from, until, recorded: now, endings: Vec::new() });
            }
            Change::End { act, at } => self.acts[act].endings.push((at, now)),
            Change::Meeting { ordinary, requested_by } => {
                self.meetings.push(Meeting { ordinary, requested_by, recorded: now });
            }
            Change::Session { meeting, kind } => {
                let room = (kind == SessionKind::Closed).then(|| {
                    self.rooms.push(Room { case: None, recorded: now });
                    self.rooms.len() - 1
                });
                self.sessions.push(Session { meeting, kind, room, recorded: now });
            }
            Change::Material { session } => self.materials.push(Material { session, recorded: now }),
            Change::Case { person } => {
                self.rooms.push(Room { case: Some(self.cases.len()), recorded: now });
                self.cases.push(Case { room: self.rooms.len() - 1, party: PEOPLE[person], recorded: now });
            }
            Change::Note { room, person } => {
                self.notes.push(Note { room, party: PEOPLE[person], recorded: now });
            }
            Change::Visit { room, person, expires } => {
                self.visits.push(Visit { room, person, opened: now, expires, ended: None });
            }
            Change::EndVisit { visit } => {
                let visit = &mut self.visits[visit];
                visit.ended = visit.ended.or(Some(now));
            }
        }
    }
}

/// What every network begins with: most people designated and enrolled, a meeting of each kind, a case file.
pub fn beginning(dice: &mut Dice, now: Tick) -> Vec<Change> {
    let mut changes = Vec::new();
    let record = |gives| Change::Record { gives, from: now, until: None };
    for party in 0..PARTIES.len() - 1 {
        let usual = match party {
            0 => Standing::Member,
            1 => dice.of(&[Standing::Member, Standing::Observer]),
            2 => dice.of(&[Standing::Observer, Standing::Associate]),
            _ => Standing::Invited,
        };
        if !dice.once_in(10) {
            changes.push(record(Gives::Standing(party, usual)));
        }
    }
    for person in 0..PEOPLE.len() {
        let usual = match person {
            0 | 1 => Role::ContactPoint,
            2 => dice.of(&[Role::ContactPoint, Role::Counterpart]),
            3 | 4 => Role::Representative,
            5 => Role::Officer,
            _ => Role::Auditor,
        };
        if !dice.once_in(10) {
            changes.push(record(Gives::Designation(person, usual)));
        }
        if !dice.once_in(10) {
            changes.push(record(Gives::Enrolment(person)));
        }
    }
    changes.extend([
        Change::Meeting { ordinary: true, requested_by: None },
        Change::Meeting { ordinary: false, requested_by: dice.once_in(2).then_some(0) },
        Change::Session { meeting: 0, kind: SessionKind::Open },
        Change::Session { meeting: 0, kind: SessionKind::Closed },
        Change::Session { meeting: 1, kind: dice.of(&[SessionKind::Open, SessionKind::Closed]) },
        Change::Material { session: 0 },
        Change::Case { person: 0 },
    ]);
    for room in 0..2 {
        for person in 0..PEOPLE.len() {
            if dice.once_in(2) {
                changes.push(record(Gives::Admission { room, person, whole: !dice.once_in(4) }));
            }
            if !dice.once_in(4) {
                changes.push(Change::Visit { room, person, expires: now + dice.of(&[60, 1000]) });
            }
        }
        changes.push(Change::Note { room, person: dice.below(3) });
    }
    changes
}
