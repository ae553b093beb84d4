//! What may be erased and what is kept, without a database (decision 17).

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Event;
use crate::context::Moment;
use crate::ids::{HoldId, PartyId, PersonId, RoomId};

const ERASED: &[u8] = b"incamera/erased/v1\0";

/// Of an entry, what decides how long it is kept.
#[derive(Debug, Deserialize)]
pub(in crate::audit) struct About {
    #[serde(rename = "at_us")]
    at: i64,
    event: Event,
    actor: Option<PersonId>,
    pub(in crate::audit) actor_party: Option<PartyId>,
    pub(in crate::audit) owner_party: Option<PartyId>,
    person: Option<PersonId>,
    room: Option<RoomId>,
    thing: Option<Thing>,
    recipients: Option<Vec<PartyId>>,
}

#[derive(Debug, Deserialize)]
struct Thing {
    id: String,
}

impl About {
    /// When it was made.
    pub(in crate::audit) const fn at(&self) -> Moment {
        Moment(self.at)
    }

    /// Whether its time never comes. What tells of erasures names nobody, and without it an erasure could not be told
    /// from somebody's hand; nor could, without the other, a log that was set back.
    pub(in crate::audit) const fn stays(&self) -> bool {
        matches!(self.event, Event::EntriesErased | Event::LogResumed)
    }

    /// Who has done it, or whom it concerns.
    pub(in crate::audit) fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.actor.iter().chain(&self.person)
    }

    fn is_about(&self, id: &str) -> bool {
        self.thing.as_ref().is_some_and(|thing| thing.id == id)
    }
}

/// What is kept beyond its time: what fits all that is named.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Only what was done in this room, or with it.
    pub room: Option<RoomId>,
    /// Only what was done by or for this party, with what is its, or with it.
    pub party: Option<PartyId>,
    /// Only what this person has done, or what concerns him.
    pub person: Option<PersonId>,
    /// Only from this moment on.
    pub from: Option<Moment>,
    /// Only before this moment.
    pub until: Option<Moment>,
    /// Why.
    pub reason: String,
    /// When it was placed.
    pub placed: Moment,
    /// When it was lifted.
    pub lifted: Option<Moment>,
}

impl Hold {
    /// Whether it keeps an entry: `of` are the parties of the people it names.
    pub(in crate::audit) fn keeps(&self, entry: &About, of: &[PartyId]) -> bool {
        // The entry that tells of the hold stays as long as the hold.
        if entry.is_about(self.id.as_str()) {
            return true;
        }
        let in_room = |room: &RoomId| entry.room.as_ref() == Some(room) || entry.is_about(room.as_str());
        let of_party = |party: &PartyId| {
            let named = entry.actor_party.iter().chain(&entry.owner_party).chain(entry.recipients.iter().flatten());
            named.chain(of).any(|one| one == party) || entry.is_about(party.as_str())
        };
        let of_person = |person: &PersonId| entry.people().any(|one| one == person) || entry.is_about(person.as_str());
        self.room.as_ref().is_none_or(in_room)
            && self.party.as_ref().is_none_or(of_party)
            && self.person.as_ref().is_none_or(of_person)
            && self.from.is_none_or(|from| entry.at() >= from)
            && self.until.is_none_or(|until| entry.at() < until)
    }
}

/// Which entries were erased, as the entry that tells of it commits to them: their numbers and commitments, in order.
#[derive(Clone, Debug)]
pub(in crate::audit) struct Erased {
    pub(in crate::audit) count: usize,
    hash: Sha256,
}

impl Default for Erased {
    fn default() -> Self {
        Self { count: 0, hash: Sha256::new().chain_update(ERASED) }
    }
}

impl Erased {
    /// One more.
    pub(in crate::audit) fn take(&mut self, seq: i64, commitment: &[u8]) {
        self.hash.update(seq.to_be_bytes());
        self.hash.update(commitment);
        self.count = self.count.saturating_add(1);
    }

    /// The digest of all, hex.
    pub(in crate::audit) fn digest(self) -> String {
        data_encoding::HEXLOWER.encode(&self.hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(number: u8) -> String {
        format!("00000000-0000-4000-8000-0000000000{number:02}")
    }

    #[test]
    fn a_hold_keeps_what_fits_all_that_it_names() {
        let about = |value: serde_json::Value| serde_json::from_value::<About>(value).unwrap();
        let read = about(json!({
            "seq": 1, "at_us": 1000, "event": "note_read", "actor": id(1), "actor_party": id(2),
            "thing": {"kind": "note", "id": id(9)}, "person": id(3), "room": id(4), "owner_party": id(5),
            "recipients": [id(6)],
        }));
        let hold = Hold {
            id: HoldId::parse(&id(20)).unwrap(),
            room: None,
            party: None,
            person: None,
            from: None,
            until: None,
            reason: String::new(),
            placed: Moment(0),
            lifted: None,
        };
        let room = |number| Hold { room: RoomId::parse(&id(number)), ..hold.clone() };
        let party = |number| Hold { party: PartyId::parse(&id(number)), ..hold.clone() };
        let person = |number| Hold { person: PersonId::parse(&id(number)), ..hold.clone() };
        let span = |from, until| Hold { from: Some(Moment(from)), until: Some(Moment(until)), ..hold.clone() };
        let of = [PartyId::parse(&id(7)).unwrap()];
        for number in 1..10 {
            assert_eq!(room(number).keeps(&read, &of), [4, 9].contains(&number), "room {number}");
            assert_eq!(party(number).keeps(&read, &of), [2, 5, 6, 7, 9].contains(&number), "party {number}");
            assert_eq!(person(number).keeps(&read, &of), [1, 3, 9].contains(&number), "person {number}");
        }
        assert!(span(1000, 1001).keeps(&read, &[]));
        assert!(!span(999, 1000).keeps(&read, &[]));
        assert!(!span(1001, 2000).keeps(&read, &[]));
        // All that it names, not any.
        assert!(!Hold { room: RoomId::parse(&id(4)), ..party(8) }.keeps(&read, &of));
        assert!(Hold { room: RoomId::parse(&id(4)), ..party(5) }.keeps(&read, &of));
        let placed = about(json!({"at_us": 5, "event": "hold_placed", "thing": {"kind": "hold", "id": id(20)}}));
        assert!(room(1).keeps(&placed, &[]));
    }
}
