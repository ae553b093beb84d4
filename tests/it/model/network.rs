//! A small network as the design tells of it, in plain sets: what acts there are, what is in force when, and
//! who may know and read what. Written from DESIGN §1 to §3 and docs/ACCESS.md; nothing of `src/access` is used.

use std::collections::BTreeSet;

/// A point in time, in microseconds.
pub type Tick = i64;
pub type Party = usize;
pub type Person = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyKind {
    State,
    Organisation,
    CivilSociety,
    Secretariat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Member,
    Observer,
    Associate,
    Invited,
}

/// What a designation names a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    ContactPoint,
    Counterpart,
    Representative,
    Officer,
    Auditor,
}

/// The parties of every network: two States, an organisation, civil society, the Secretariat.
pub const PARTIES: [PartyKind; 5] =
    [PartyKind::State, PartyKind::State, PartyKind::Organisation, PartyKind::CivilSociety, PartyKind::Secretariat];

/// Which party each person acts for.
pub const PEOPLE: [Party; 7] = [0, 0, 1, 2, 3, 4, 4];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    Open,
    Closed,
    Breakout,
}

/// What an act gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    Standing(Party, Standing),
    Designation(Person, Role),
    Enrolment(Person),
    Suspension(Person),
    /// To a session; for the whole delegation or one person of it.
    Participation(usize, Party, Option<Person>),
    /// To a room; what was written before too, or only what comes after.
    Admission {
        room: usize,
        person: Person,
        whole: bool,
    },
    /// A note, to a State.
    NoteRelease(usize, Party),
    /// A fiche, to a State or to all contact points.
    CaseRelease(usize, Option<Party>),
}

/// An act: what it gives, from when until when, and when that and its endings were recorded.
#[derive(Clone, Debug)]
pub struct Act {
    pub gives: Gives,
    pub from: Tick,
    pub until: Option<Tick>,
    pub recorded: Tick,
    /// From when on it is ended, and when that was recorded.
    pub endings: Vec<(Tick, Tick)>,
}

impl Act {
    /// Decision 2: effective and recorded by then, and no ending is.
    pub fn in_force(&self, at: Tick) -> bool {
        self.from <= at
            && self.recorded <= at
            && self.until.is_none_or(|until| at < until)
            && !self.endings.iter().any(|(effective, recorded)| *effective <= at && *recorded <= at)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Meeting {
    pub ordinary: bool,
    pub requested_by: Option<Party>,
    pub recorded: Tick,
}

#[derive(Clone, Copy, Debug)]
pub struct Session {
    pub meeting: usize,
    pub kind: SessionKind,
    pub room: Option<usize>,
    pub recorded: Tick,
}

#[derive(Clone, Copy, Debug)]
pub struct Material {
    pub session: usize,
    pub recorded: Tick,
}

#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub case: Option<usize>,
    pub recorded: Tick,
}

#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub room: usize,
    pub party: Party,
    pub recorded: Tick,
}

#[derive(Clone, Copy, Debug)]
pub struct Note {
    pub room: usize,
    pub party: Party,
    pub recorded: Tick,
}

#[derive(Clone, Copy, Debug)]
pub struct Visit {
    pub room: usize,
    pub person: Person,
    pub opened: Tick,
    pub expires: Tick,
    pub ended: Option<Tick>,
}

impl Visit {
    fn open(&self, at: Tick) -> bool {
        self.opened <= at && at < self.expires && self.ended.is_none_or(|ended| at < ended)
    }
}

/// What a request brings beside the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brought {
    pub second_factor: bool,
    pub unlock: bool,
    /// The visit that it names.
    pub visit: Option<usize>,
}

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    SeeMeeting,
    SeeSession,
    ReadMaterial,
    SeeRoom,
    ReadRoom,
    ReadNote,
    SeeCase,
}

impl Doing {
    pub const ALL: [Self; 7] = [
        Self::SeeMeeting,
        Self::SeeSession,
        Self::ReadMaterial,
        Self::SeeRoom,
        Self::ReadRoom,
        Self::ReadNote,
        Self::SeeCase,
    ];
}

/// What the acts in force make of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    ContactPoint,
    Counterpart,
    Representative,
    Guest,
    Officer,
    Auditor,
}

/// The network so far.
#[derive(Clone, Debug, Default)]
pub struct Network {
    pub acts: Vec<Act>,
    pub meetings: Vec<Meeting>,
    pub sessions: Vec<Session>,
    pub materials: Vec<Material>,
    pub rooms: Vec<Room>,
    pub cases: Vec<Case>,
    pub notes: Vec<Note>,
    pub visits: Vec<Visit>,
}

/// Who asks, as of when.
struct Asks<'a> {
    network: &'a Network,
    person: Option<Person>,
    is: Vec<Is>,
    brought: Means,
    at: Tick,
}

/// What is brought for a question about one thing.
#[derive(Clone, Copy)]
enum Means {
    These(Brought),
    /// Whatever it takes.
    All,
}

impl Network {
    fn in_force(&self, at: Tick) -> impl Iterator<Item = Gives> {
        self.acts.iter().filter(move |act| act.in_force(at)).map(|act| act.gives)
    }

    /// DESIGN §1: a designation holds for the party the person acts for, and means something only beside that
    /// party's standing; without enrolment, or under suspension, nobody is anybody.
    fn is(&self, person: Person, at: Tick) -> Vec<Is> {
        let gives: Vec<Gives> = self.in_force(at).collect();
        if !gives.contains(&Gives::Enrolment(person)) || gives.contains(&Gives::Suspension(person)) {
            return Vec::new();
        }
        let party = PEOPLE[person];
        let kind = PARTIES[party];
        let standing = |wanted: Standing| gives.contains(&Gives::Standing(party, wanted));
        let mut is = Vec::new();
        for given in &gives {
            let Gives::Designation(whom, role) = given else { continue };
            if *whom != person {
                continue;
            }
            match (role, kind) {
                (Role::ContactPoint, PartyKind::State) if standing(Standing::Member) => is.push(Is::ContactPoint),
                (Role::Counterpart, PartyKind::State) if standing(Standing::Observer) => is.push(Is::Counterpart),
                (Role::Representative, PartyKind::Organisation)
                    if standing(Standing::Observer) || standing(Standing::Associate) =>
                {
                    is.push(Is::Representative);
                }
                (Role::Officer, PartyKind::Secretariat) => is.push(Is::Officer),
                (Role::Auditor, PartyKind::Secretariat | PartyKind::Organisation) => is.push(Is::Auditor),
                _ => {}
            }
            if matches!(role, Role::Representative | Role::Counterpart) && standing(Standing::Invited) {
                is.push(Is::Guest);
            }
        }
        is
    }

    /// Whether a person can log in at all.
    pub fn somebody(&self, person: Person, at: Tick) -> bool {
        !self.is(person, at).is_empty()
    }

    /// DESIGN §2: a closed session admits every contact point of the member States, and the counterparts of
    /// those observer States chosen for it; with an account or without.
    pub fn admitted_by_default(&self, person: Person, counterparts_of: Option<Party>, at: Tick) -> bool {
        let gives: Vec<Gives> = self.in_force(at).collect();
        let party = PEOPLE[person];
        let both = |role, standing| {
            gives.contains(&Gives::Designation(person, role)) && gives.contains(&Gives::Standing(party, standing))
        };
        PARTIES[party] == PartyKind::State
            && (both(Role::ContactPoint, Standing::Member)
                || Some(party) == counterparts_of && both(Role::Counterpart, Standing::Observer))
    }

    fn asks(&self, person: Option<Person>, brought: Means, at: Tick) -> Asks<'_> {
        let is = person.map(|person| self.is(person, at)).unwrap_or_default();
        Asks { network: self, person, is, brought, at }
    }

    /// Everything that a person (or nobody in particular) may do, as of a moment.
    pub fn may(&self, person: Option<Person>, brought: Brought, at: Tick) -> BTreeSet<(Doing, usize)> {
        let asks = self.asks(person, Means::These(brought), at);
        Doing::ALL
            .iter()
            .flat_map(|doing| (0..self.count(*doing)).map(|thing| (*doing, thing)))
            .filter(|(doing, thing)| self.recorded(*doing, *thing) <= at && asks.may(*doing, *thing))
            .collect()
    }

    /// Whether a person may do one thing, bringing whatever it takes.
    pub fn may_at_all(&self, person: Person, doing: Doing, thing: usize, at: Tick) -> bool {
        self.recorded(doing, thing) <= at && self.asks(Some(person), Means::All, at).may(doing, thing)
    }

    pub const fn count(&self, doing: Doing) -> usize {
        match doing {
            Doing::SeeMeeting => self.meetings.len(),
            Doing::SeeSession => self.sessions.len(),
            Doing::ReadMaterial => self.materials.len(),
            Doing::SeeRoom | Doing::ReadRoom => self.rooms.len(),
            Doing::ReadNote => self.notes.len(),
            Doing::SeeCase => self.cases.len(),
        }
    }

    /// When the thing was recorded: nobody could know of it before.
    pub fn recorded(&self, doing: Doing, thing: usize) -> Tick {
        match doing {
            Doing::SeeMeeting => self.meetings[thing].recorded,
            Doing::SeeSession => self.sessions[thing].recorded,
            Doing::ReadMaterial => self.materials[thing].recorded,
            Doing::SeeRoom | Doing::ReadRoom => self.rooms[thing].recorded,
            Doing::ReadNote => self.notes[thing].recorded,
            Doing::SeeCase => self.cases[thing].recorded,
        }
    }
}

impl Asks<'_> {
    fn is(&self, what: Is) -> bool {
        self.is.contains(&what)
    }

    fn of_a_state(&self) -> bool {
        self.is(Is::ContactPoint) || self.is(Is::Counterpart)
    }

    /// DESIGN §2: representatives, guests and the auditor never reach what is closed, admitted or not.
    fn kept_out(&self) -> bool {
        self.is(Is::Representative) || self.is(Is::Guest) || self.is(Is::Auditor)
    }

    /// The party of somebody who is anybody.
    fn party(&self) -> Option<Party> {
        self.person.filter(|_| !self.is.is_empty()).map(|person| PEOPLE[person])
    }

    fn gives(&self) -> impl Iterator<Item = Gives> {
        self.network.in_force(self.at)
    }

    fn takes_part(&self, session: usize) -> bool {
        self.gives().any(|given| match given {
            Gives::Participation(to, party, person) => {
                to == session && Some(party) == self.party() && (person.is_none() || person == self.person)
            }
            _ => false,
        })
    }

    fn admitted(&self, to: usize) -> bool {
        self.network.acts.iter().filter(|act| act.in_force(self.at) && self.rests(act)).any(
            |act| matches!(act.gives, Gives::Admission { room, person, .. } if room == to && Some(person) == self.person),
        )
    }

    /// Decision 9: an admission lasts no longer than a designation that was there when it was given, and the
    /// standing which that one means something by.
    fn rests(&self, admission: &Act) -> bool {
        let since = |gives: &dyn Fn(Gives) -> bool| {
            self.network.acts.iter().any(|act| {
                gives(act.gives)
                    && act.in_force(self.at)
                    && act.from <= admission.from
                    && act.recorded <= admission.recorded
            })
        };
        let Some(person) = self.person else { return false };
        let standing = |held| since(&|gives| gives == Gives::Standing(PEOPLE[person], held));
        let designated = |role| since(&|gives| gives == Gives::Designation(person, role));
        designated(Role::ContactPoint) && standing(Standing::Member)
            || designated(Role::Counterpart) && standing(Standing::Observer)
            || designated(Role::Officer)
    }

    /// Decision 9: an admission opens what was written before it, unless it says "onward".
    fn admitted_to_note(&self, note: usize) -> bool {
        let Note { room: of, recorded: written, .. } = self.network.notes[note];
        self.network.acts.iter().filter(|act| act.in_force(self.at) && self.rests(act)).any(|act| match act.gives {
            Gives::Admission { room, person, whole } => {
                room == of && Some(person) == self.person && (whole || act.from <= written)
            }
            _ => false,
        })
    }

    fn second_factor(&self) -> bool {
        match self.brought {
            Means::These(brought) => brought.second_factor,
            Means::All => true,
        }
    }

    /// A second factor, the unlock secret, and a visit of one's own to this room that is open.
    fn means(&self, room: usize) -> bool {
        match self.brought {
            Means::These(brought) => {
                let visit = brought.visit.map(|visit| self.network.visits[visit]);
                brought.second_factor
                    && brought.unlock
                    && visit.is_some_and(|visit| {
                        visit.room == room && Some(visit.person) == self.person && visit.open(self.at)
                    })
            }
            Means::All => true,
        }
    }

    fn may(&self, doing: Doing, thing: usize) -> bool {
        match doing {
            Doing::SeeMeeting => self.see_meeting(thing),
            Doing::SeeSession => self.see_session(thing),
            Doing::ReadMaterial => {
                let session = self.network.materials[thing].session;
                self.network.sessions[session].kind != SessionKind::Closed && self.see_session(session)
            }
            Doing::SeeRoom => self.see_room(thing),
            Doing::ReadRoom => self.inside(thing) && self.means(thing),
            Doing::ReadNote => self.read_note(thing),
            Doing::SeeCase => self.see_case(thing),
        }
    }

    /// Ring 1 for ordinary meetings; an ad hoc one is known to those who take part or are admitted, to the State
    /// that asked for it, to the Secretariat and the auditor. What rests on more than an invitation needs a second
    /// factor.
    fn see_meeting(&self, meeting: usize) -> bool {
        let Meeting { ordinary, requested_by, .. } = self.network.meetings[meeting];
        if ordinary || self.second_factor() && (self.is(Is::Officer) || self.is(Is::Auditor)) {
            return true;
        }
        let sessions = || (0..self.network.sessions.len()).filter(|one| self.network.sessions[*one].meeting == meeting);
        let somebody = self.of_a_state() || self.is(Is::Representative) || self.is(Is::Guest);
        let admitted = || sessions().any(|one| self.network.sessions[one].room.is_some_and(|room| self.admitted(room)));
        somebody && sessions().any(|one| self.takes_part(one))
            || self.of_a_state()
                && self.second_factor()
                && (admitted() || requested_by.is_some() && requested_by == self.party())
    }

    fn see_session(&self, session: usize) -> bool {
        let Session { meeting, kind, room, .. } = self.network.sessions[session];
        match kind {
            SessionKind::Closed => {
                !self.kept_out()
                    && self.second_factor()
                    && (self.is(Is::Officer) || self.of_a_state() && room.is_some_and(|room| self.admitted(room)))
            }
            SessionKind::Open if self.network.meetings[meeting].ordinary => {
                self.of_a_state()
                    || self.is(Is::Representative)
                    || self.is(Is::Officer)
                    || self.is(Is::Guest) && self.takes_part(session)
            }
            SessionKind::Open | SessionKind::Breakout => {
                let could = self.of_a_state() || self.is(Is::Representative) || self.is(Is::Guest);
                self.is(Is::Officer) || could && self.takes_part(session)
            }
        }
    }

    /// Admitted by name, and one whom an admission lets in: the Secretariat to sessions' rooms only.
    fn inside(&self, room: usize) -> bool {
        let case = self.network.rooms[room].case.is_some();
        let let_in = self.of_a_state() || self.is(Is::Officer) && !case;
        let_in && !self.kept_out() && self.admitted(room)
    }

    fn see_room(&self, room: usize) -> bool {
        let case = self.network.rooms[room].case.is_some();
        self.second_factor() && (self.inside(room) || !case && !self.kept_out() && self.is(Is::Officer))
    }

    fn read_note(&self, note: usize) -> bool {
        let Note { room, party, .. } = self.network.notes[note];
        let released = || {
            self.gives()
                .any(|given| matches!(given, Gives::NoteRelease(of, to) if of == note && Some(to) == self.party()))
        };
        self.inside(room)
            && self.admitted_to_note(note)
            && self.means(room)
            && (self.is(Is::ContactPoint)
                || self.is(Is::Officer)
                || self.is(Is::Counterpart) && (Some(party) == self.party() || released()))
    }

    fn see_case(&self, case: usize) -> bool {
        let Case { room, party, .. } = self.network.cases[case];
        let released = |wanted: Option<Party>| {
            self.gives().any(|given| matches!(given, Gives::CaseRelease(of, to) if of == case && to == wanted))
        };
        let to_mine = || self.party().is_some_and(|party| released(Some(party)));
        self.second_factor()
            && !self.kept_out()
            && !self.is(Is::Officer)
            && (self.is(Is::ContactPoint)
                && (Some(party) == self.party() || released(None) || to_mine() || self.admitted(room))
                || self.is(Is::Counterpart) && (to_mine() || self.admitted(room)))
    }
}
