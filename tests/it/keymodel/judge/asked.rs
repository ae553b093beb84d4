//! What the reference is asked beside what comes of an act.

use super::{Held, Judge, PEOPLE};
use crate::keymodel::acts::{Act, Person, Room};

impl Judge {
    /// The note that a number names, if there is any.
    pub fn note(&self, room: Room, number: usize) -> Option<usize> {
        let count = self.rooms[room].notes.len();
        (count > 0).then(|| number % count)
    }

    /// The newest version of a note.
    pub fn version(&self, room: Room, note: usize) -> usize {
        self.rooms[room].notes[note].versions.len()
    }

    pub fn suspended(&self, person: Person) -> bool {
        self.people[person].suspended
    }

    pub fn designated(&self, person: Person) -> bool {
        self.people[person].designation.is_some()
    }

    pub fn stands(&self, state: usize) -> bool {
        self.standings[state].is_some()
    }

    /// What brings somebody back whom the last sequence sent away.
    pub fn amends(&self) -> Vec<Act> {
        let states = (0..2).filter(|state| !self.stands(*state)).map(Act::GiveStanding);
        let people = (0..PEOPLE).flat_map(|person| {
            let lifts = self.suspended(person).then_some(Act::LiftSuspension(person));
            let again = (!self.designated(person)).then_some(Act::Designate(person));
            let one = &self.people[person];
            let anew = (one.account && !one.enrolled).then_some(Act::NewMeans { person, paper: true });
            [lifts, again, anew].into_iter().flatten()
        });
        states.chain(people).collect()
    }

    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    pub fn has_account(&self, person: Person) -> bool {
        self.people[person].account
    }

    /// In which epoch a text was written, if it was.
    pub fn epoch(&self, text: u32) -> Option<i64> {
        let mut versions = self.rooms.iter().flat_map(|room| &room.notes).flat_map(|note| &note.versions);
        versions.find(|one| one.0 == text).map(|one| i64::from(one.1))
    }

    /// What the tables must hold of a room.
    pub fn held(&self, room: Room) -> Held {
        let inside = &self.rooms[room];
        (
            inside.epochs.iter().map(|one| (one.number, one.closed, one.kept)).collect(),
            inside.holds.clone(),
            inside.officers.clone(),
        )
    }
}
