//! What the reference says of officers: who chooses them, and to whom they may give the keys of a room (decision 24).

use std::collections::BTreeSet;

use super::{Answer, Judge, OFFICER, PEOPLE, Reach, STATE, When, is_case};
use crate::keymodel::acts::{Person, Room};

impl Judge {
    /// From inside: whoever could admit somebody has them open the room, too, from the first epoch at hand on.
    pub(super) fn choose(&mut self, by: Person, room: Room, at: i64, when: When) -> Answer {
        if !self.admits(by, room, at) || !self.visits(room, by, at) {
            return Answer::of(self.refused(room, by, at));
        }
        if self.rooms[room].officers.is_some() {
            return Answer::of(409);
        }
        self.rooms[room].officers = Some(BTreeSet::new());
        self.settle(room, Some(by), at, when);
        Answer::of(200)
    }

    /// Nothing is sealed to them any more, and what is written from then on is in a new epoch.
    pub(super) fn end_choice(&mut self, by: Person, room: Room, at: i64) -> Answer {
        if !self.admits(by, room, at) || !self.visits(room, by, at) {
            return Answer::of(self.refused(room, by, at));
        }
        if self.rooms[room].officers.take().is_none() {
            return Answer::of(404);
        }
        self.rooms[room].epochs.last_mut().unwrap().closed = true;
        Answer::of(204)
    }

    /// The officers give somebody what is sealed to them of a room and he has not: whoever may come in or, where nobody
    /// can who could admit others, one who then can. A refusal has the number that the stage gives it.
    pub(super) fn recover(&mut self, room: Room, whom: Person, at: i64, when: When) -> Answer {
        let Some(sealed) = self.rooms[room].officers.clone() else { return Answer::of(1) };
        let could_admit = |one: Person| one != OFFICER && (!is_case(room) || STATE[one] == 0);
        let reach = self.enters(room, whom, at);
        if reach.is_none() {
            if (0..PEOPLE).any(|one| could_admit(one) && self.enters(room, one, at).is_some()) {
                return Answer::of(2);
            }
            if !could_admit(whom) || !self.is_somebody(whom) {
                return Answer::of(3);
            }
        }
        let pair = self.people[whom].pair;
        if pair == 0 {
            return Answer::of(4);
        }
        let may_have = reach.unwrap_or(Reach::Whole);
        let covered =
            |epoch: u32| self.rooms[room].epochs.iter().any(|one| one.number == epoch && may_have.covers(one.began));
        let held = |epoch: u32| reach.is_some() && self.holds(room, whom, epoch);
        let given: BTreeSet<u32> = sealed.into_iter().filter(|epoch| covered(*epoch) && !held(*epoch)).collect();
        if given.is_empty() {
            return Answer::of(5);
        }
        if reach.is_none() {
            self.admit(room, whom, true, None, when);
        }
        let holds = &mut self.rooms[room].holds;
        holds.retain(|one| one.0 != whom || one.1 == pair);
        holds.extend(given.into_iter().map(|epoch| (whom, pair, epoch)));
        self.settle(room, None, at, when);
        Answer { keyed: reach.is_none().then(|| [whom].into()), ..Answer::of(200) }
    }
}
