//! What happens in a sequence, and how it is drawn.

use std::collections::BTreeSet;

use crate::model::dice::Dice;

use super::judge::{OFFICER, PEOPLE};

/// Somebody, by number: see [`super::judge::STATE`].
pub type Person = usize;
/// The even ones are sessions' rooms, the odd ones case files'. As they are drawn, 0 and 1 are the two that were opened last.
pub type Room = usize;

/// One thing that is done. A number of a note counts among those there are in the room then. What rooms come to hold
/// beside notes, and further ways to one's key, have their place here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    LogIn(Person),
    LogOut(Person),
    /// With the refresh token.
    Renew(Person),
    ChangePassword(Person),
    /// An invitation is taken up, with the code on paper or without; the first opens the account.
    NewMeans {
        person: Person,
        paper: bool,
    },
    Visit(Person, Room),
    Look(Person, Room),
    List(Person, Room),
    Search(Person, Room),
    Read(Person, Room, usize),
    Versions(Person, Room, usize),
    Write(Person, Room),
    /// Based on the newest version or, if stale, on none there is.
    Correct {
        by: Person,
        room: Room,
        note: usize,
        stale: bool,
    },
    Admit {
        by: Person,
        room: Room,
        whom: Person,
        whole: bool,
    },
    EndAdmission {
        by: Person,
        room: Room,
        whom: Person,
    },
    /// Those inside let officers open the room, or no longer.
    ChooseRecovery(Person, Room),
    EndRecovery(Person, Room),
    /// A ceremony: the officers give somebody the keys of a room.
    Recover {
        room: Room,
        whom: Person,
    },
    /// By the operator, for an hour: no request does it.
    AdmitForAnHour {
        room: Room,
        whom: Person,
        whole: bool,
    },
    Suspend(Person),
    LiftSuspension(Person),
    Designate(Person),
    EndDesignation(Person),
    OffBoard(Person),
    GiveStanding(usize),
    EndStanding(usize),
    /// Visits end, and what lasts an hour.
    HoursPass,
    /// Log-ins end, too.
    NightPasses,
}

/// A step: mostly one act; sometimes two at the same time, each at a node of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A sequence begins: rooms are opened, a session's and a case file's, and these people admitted, a bit for each.
    Begins([u8; 2]),
    One(Act),
    Two(Act, Act),
}

impl Act {
    /// What a visit must come before: by whom, in which room.
    pub const fn inside(self) -> Option<(Person, Room)> {
        match self {
            Self::List(by, room)
            | Self::Search(by, room)
            | Self::Read(by, room, _)
            | Self::Versions(by, room, _)
            | Self::Write(by, room)
            | Self::ChooseRecovery(by, room)
            | Self::EndRecovery(by, room)
            | Self::Correct { by, room, .. } => Some((by, room)),
            _ => None,
        }
    }

    /// Who asks for it, if it is not the Secretariat or the operator.
    pub const fn by(self) -> Option<Person> {
        match self {
            Self::LogOut(by)
            | Self::Renew(by)
            | Self::ChangePassword(by)
            | Self::Visit(by, _)
            | Self::Look(by, _)
            | Self::List(by, _)
            | Self::Search(by, _)
            | Self::Read(by, ..)
            | Self::Versions(by, ..)
            | Self::Write(by, _)
            | Self::ChooseRecovery(by, _)
            | Self::EndRecovery(by, _)
            | Self::Correct { by, .. }
            | Self::Admit { by, .. }
            | Self::EndAdmission { by, .. } => Some(by),
            _ => None,
        }
    }

    /// The same in the two rooms whose first is this one.
    pub fn in_rooms_from(self, base: Room) -> Self {
        match self {
            Self::Visit(by, room) => Self::Visit(by, base + room),
            Self::Look(by, room) => Self::Look(by, base + room),
            Self::List(by, room) => Self::List(by, base + room),
            Self::Search(by, room) => Self::Search(by, base + room),
            Self::Read(by, room, note) => Self::Read(by, base + room, note),
            Self::Versions(by, room, note) => Self::Versions(by, base + room, note),
            Self::Write(by, room) => Self::Write(by, base + room),
            Self::Correct { by, room, note, stale } => Self::Correct { by, room: base + room, note, stale },
            Self::Admit { by, room, whom, whole } => Self::Admit { by, room: base + room, whom, whole },
            Self::EndAdmission { by, room, whom } => Self::EndAdmission { by, room: base + room, whom },
            Self::ChooseRecovery(by, room) => Self::ChooseRecovery(by, base + room),
            Self::EndRecovery(by, room) => Self::EndRecovery(by, base + room),
            Self::Recover { room, whom } => Self::Recover { room: base + room, whom },
            Self::AdmitForAnHour { room, whom, whole } => Self::AdmitForAnHour { room: base + room, whom, whole },
            other => other,
        }
    }

    /// Mostly in the room where the sequence began, and often by whom.
    fn draw(dice: &mut Dice, first: Person, room: Room) -> Self {
        let by = dice.of(&[first, first, first, 0, 1, 2, 3, OFFICER]);
        let whom = dice.of(&[0, 1, 1, 2, 2, 3, 3, OFFICER]);
        let room = if dice.once_in(6) { 1 - room } else { room };
        let some = dice.below(8);
        match dice.below(72) {
            0..=7 => Self::Visit(by, room),
            8..=9 => Self::Look(by, room),
            10..=13 => Self::List(by, room),
            14..=15 => Self::Search(by, room),
            16..=18 => Self::Read(by, room, some),
            19..=20 => Self::Versions(by, room, some),
            21..=29 => Self::Write(by, room),
            30..=33 => Self::Correct { by, room, note: some, stale: dice.once_in(8) },
            34..=40 => Self::Admit { by, room, whom, whole: dice.once_in(2) },
            41..=44 => Self::EndAdmission { by, room, whom },
            45..=46 => Self::AdmitForAnHour { room, whom, whole: dice.once_in(2) },
            47..=48 => Self::Suspend(whom),
            49 => Self::LiftSuspension(whom),
            50 => Self::EndDesignation(whom),
            51 => Self::Designate(whom),
            52 => Self::OffBoard(whom),
            53 => Self::EndStanding(dice.below(2)),
            54 => Self::GiveStanding(dice.below(2)),
            55 => Self::ChangePassword(by),
            56..=57 => Self::NewMeans { person: dice.of(&[whom, 3]), paper: dice.once_in(2) },
            58 => Self::LogOut(by),
            59 => Self::Renew(by),
            60 => Self::HoursPass,
            61 => Self::NightPasses,
            62..=63 => Self::ChooseRecovery(by, room),
            64..=65 => Self::EndRecovery(by, room),
            66..=69 => Self::Recover { room, whom },
            _ => Self::LogIn(dice.below(PEOPLE)),
        }
    }

    /// What shows what came of it: chance alone would seldom come upon that.
    fn then(self, dice: &mut Dice, by: Person) -> Vec<Self> {
        let whole = dice.once_in(2);
        match self {
            Self::AdmitForAnHour { room, whom, .. } if dice.once_in(2) => vec![Self::Visit(whom, room)],
            Self::Suspend(whom) if dice.once_in(2) => {
                vec![Self::Write(by, 0), Self::LiftSuspension(whom), Self::List(whom, 0)]
            }
            Self::Admit { room, whom, whole: false, .. } if dice.once_in(2) => {
                vec![Self::Write(by, room), Self::List(whom, room)]
            }
            Self::EndAdmission { room, whom, .. } if dice.once_in(2) => {
                vec![Self::Write(by, room), Self::Admit { by, room, whom, whole }, Self::List(whom, room)]
            }
            // They lose all they have, and the officers let one of them in again.
            Self::ChooseRecovery(by, room) if dice.once_in(2) => {
                let lost = (0..OFFICER).filter(|one| *one == by || dice.once_in(2));
                let mut acts: Vec<Self> = lost.map(|person| Self::NewMeans { person, paper: false }).collect();
                if dice.once_in(3) {
                    acts.insert(0, Self::Write(by, room));
                }
                let whom = dice.of(&[by, by, 0, 1, 2]);
                acts.extend([Self::Recover { room, whom }, Self::List(whom, room), Self::Write(whom, room)]);
                acts
            }
            Self::Recover { room, whom } => vec![Self::List(whom, room)],
            Self::NewMeans { person: whom, paper: false } if dice.once_in(2) => {
                vec![Self::Admit { by, room: 0, whom, whole }, Self::List(whom, 0)]
            }
            _ => Vec::new(),
        }
    }
}

impl Step {
    /// The steps of one sequence: somebody who is in a room comes first.
    pub fn draw_all(dice: &mut Dice) -> Vec<Self> {
        let among = |dice: &mut Dice, sides: usize| (0..OFFICER).filter(|_| dice.once_in(sides)).collect();
        let mut members: [BTreeSet<Person>; 2] = [among(dice, 2), among(dice, 3)];
        if dice.once_in(3) {
            members[0] = (0..OFFICER).collect();
        }
        if !dice.once_in(6) {
            members[1].insert(0);
        }
        let room = dice.of(&[0, 0, 1]);
        // One of them has no account at first.
        let inside: Vec<Person> = members[room].iter().copied().filter(|one| *one != 3 || dice.once_in(4)).collect();
        let first = if inside.is_empty() { dice.below(3) } else { dice.of(&inside) };
        let bits = members.map(|members| members.into_iter().map(|person| 1 << person).sum());
        let mut steps = vec![Self::Begins(bits), Self::One(Act::Visit(first, room))];
        if !dice.once_in(3) {
            steps.push(Self::One(Act::Write(first, room)));
        }
        if dice.once_in(3) {
            let choice = Act::ChooseRecovery(first, room);
            steps.push(Self::One(choice));
            steps.extend(choice.then(dice, first).into_iter().map(Self::One));
        }
        for _ in 0..2 + dice.below(4) {
            let act = Act::draw(dice, first, room);
            if !dice.once_in(10) {
                steps.push(Self::One(act));
                steps.extend(act.then(dice, first).into_iter().map(Self::One));
                continue;
            }
            let (by, whom) = (dice.of(&[0, 1, 2]), dice.of(&[1, 2, 3, OFFICER]));
            let beside = match dice.below(4) {
                0 => Act::Write(by, room),
                1 => Act::Visit(by, room),
                2 => Act::Admit { by, room, whom, whole: dice.once_in(2) },
                _ => Act::EndAdmission { by, room, whom },
            };
            let with = match dice.below(3) {
                0 => Act::Write(first, room),
                1 => Act::Visit(whom, room),
                _ => Act::Admit { by: first, room, whom: 2, whole: false },
            };
            steps.push(Self::Two(beside, with));
        }
        steps
    }
}
