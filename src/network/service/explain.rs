//! "May she, by which rule, because of which acts?", for those who may ask that.

use crate::access::explain::{Explanation, explain_without, facts_of, kind_of, may_see};
use crate::access::{self, Asker, Credentials, Fact, FactSet, Kind, TheNetwork, actions, rules};
use crate::audit::{Entry, Event};
use crate::cases::Case;
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{CaseId, NoteId, PartyId, PersonId, RequestId, RoomId};
use crate::network::store::PersonRecord;
use crate::rooms::requests::Request;
use crate::rooms::{Note, Room};

/// What is asked.
#[derive(Debug)]
pub struct Question {
    /// About whom; the asker if not said.
    pub person: Option<PersonId>,
    /// The kind of thing; whichever has the id, if not said.
    pub kind: Option<Kind>,
    /// The thing's id.
    pub thing: String,
    /// As of when; now if not said.
    pub at: Option<Moment>,
}

/// Who is asked about, seen from the asker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Himself,
    Colleague,
    Overseen,
    InTheRoom,
}

/// Answers the question if the asker could look at the thing himself, as of now, and may ask about the
/// person; otherwise there is nothing there.
pub fn answer(work: &mut Work<'_>, asker: &Asker, question: &Question) -> Result<Explanation, AppError> {
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let at = question.at.unwrap_or(work.now);
    if at > work.now {
        return Err(AppError::field("at", "in the future"));
    }
    let me = asker.person().ok_or(Fault::SignInNeeded)?;
    let person = question.person.as_ref().unwrap_or(me);
    let id = question.thing.as_str();
    let kind = match question.kind {
        Some(kind) => kind,
        None => kind_of(work.conn, id)?.ok_or(Fault::NotFound)?,
    };
    let seen = may_see(work, asker, kind, id)?;
    if kind == Kind::Conclusions {
        may_see(work, asker, Kind::Meeting, id)?;
    }
    let relation = relation(work, asker, me, person, (kind, id, seen))?;
    let withheld = withheld(relation, kind, asker.facts(), seen);
    let explanation = explain_without(work, person, kind, id, at, withheld)?.ok_or(Fault::NotFound)?;
    let (room, owner) = whose(work, asker, kind, id)?;
    let mut entry = Entry::new(Event::Explained).by(asker).on(kind.as_str(), id).concerning(person);
    if let Some(room) = &room {
        entry = entry.in_room(room);
    }
    work.log(entry.owned_by(owner.as_ref()));
    Ok(explanation)
}

/// The room that a thing is in or has, and the State whose it is: that State reads who asked about it.
fn whose(
    work: &mut Work<'_>,
    asker: &Asker,
    kind: Kind,
    id: &str,
) -> Result<(Option<RoomId>, Option<PartyId>), AppError> {
    Ok(match kind {
        Kind::Room => {
            let id = RoomId::parse(id).ok_or(Fault::NotFound)?;
            let room = access::permit::<actions::SeeRoom, Room>(work, asker, &id)?.into_thing();
            let owner = room.owner().cloned();
            (Some(id), owner)
        }
        Kind::Note => {
            let id = NoteId::parse(id).ok_or(Fault::NotFound)?;
            let note = access::permit::<actions::ReadNote, Note>(work, asker, &id)?.into_thing();
            (Some(note.room_id), Some(note.party_id))
        }
        Kind::Case => {
            let id = CaseId::parse(id).ok_or(Fault::NotFound)?;
            let case = access::permit::<actions::SeeCase, Case>(work, asker, &id)?.into_thing();
            (Some(case.room_id), Some(case.party_id))
        }
        Kind::Request => {
            let id = RequestId::parse(id).ok_or(Fault::NotFound)?;
            let request = access::permit::<actions::SeeRequest, Request>(work, asker, &id)?.into_thing();
            (Some(request.room_id), Some(request.party_id))
        }
        _ => (None, None),
    })
}

/// Who of `people` may know of the thing now, with all that they must bring, as far as the asker may ask about
/// them; the others are left out. Nothing is said where it hangs on what is withheld from the asker. For whoever was given an [`answer`] about the thing, which is what the log
/// says.
pub fn who(
    work: &mut Work<'_>,
    asker: &Asker,
    kind: Kind,
    id: &str,
    people: &[PersonId],
) -> Result<Vec<(PersonId, Option<bool>)>, AppError> {
    let me = asker.person().ok_or(Fault::SignInNeeded)?;
    let seen = may_see(work, asker, kind, id)?;
    let mut judged = Vec::new();
    for person in people {
        let relation = match relation(work, asker, me, person, (kind, id, seen)) {
            Ok(relation) => relation,
            Err(error) if error.fault == Fault::NotFound => continue,
            Err(error) => return Err(error),
        };
        let withheld = withheld(relation, kind, asker.facts(), seen);
        let is = Asker::load(work, person, Credentials::default(), work.now)?;
        let wanted: FactSet = Fact::ALL.iter().copied().filter(|fact| !withheld.has(*fact)).collect();
        let facts = facts_of(work, &is, kind, id, wanted)?.ok_or(Fault::NotFound)?;
        let means = [Fact::SecondFactor, Fact::Unlocked, Fact::Visiting];
        let brought = means.into_iter().fold(facts, |set, fact| set.with(fact, is.is_somebody()));
        let may = rules::decide(kind.seen_by(), brought);
        let at_best = rules::decide(kind.seen_by(), brought.and(withheld));
        judged.push((person.clone(), (may == at_best).then_some(may)));
    }
    Ok(judged)
}

fn relation(
    work: &mut Work<'_>,
    asker: &Asker,
    me: &PersonId,
    person: &PersonId,
    (kind, id, seen): (Kind, &str, FactSet),
) -> Result<Relation, AppError> {
    if person == me {
        return Ok(Relation::Himself);
    }
    match access::permit::<actions::SeePerson, PersonRecord>(work, asker, person) {
        Ok(permit) if asker.party() == Some(&permit.thing().party_id) => return Ok(Relation::Colleague),
        Ok(_) => {
            let overseer = asker.facts().has(Fact::SecretariatOfficer) || asker.facts().has(Fact::Auditor);
            if overseer
                && matches!(
                    kind,
                    Kind::Party | Kind::Person | Kind::Act | Kind::Meeting | Kind::Proposal | Kind::Session
                )
            {
                return Ok(Relation::Overseen);
            }
        }
        Err(error) if error.fault == Fault::NotFound => {}
        Err(error) => return Err(error),
    }
    if matches!(kind, Kind::Room | Kind::Note | Kind::Case | Kind::Request) && seen.has(Fact::Admitted) {
        let other = Asker::load(work, person, Credentials::default(), work.now)?;
        let wanted = FactSet::NONE.with(Fact::Admitted, true);
        if facts_of(work, &other, kind, id, wanted)?.is_some_and(|facts| facts.has(Fact::Admitted)) {
            return Ok(Relation::InTheRoom);
        }
    }
    Err(Fault::NotFound.into())
}

/// The facts about somebody else that the asker could not find out by looking: who is in a room that the
/// asker is not in, who was invited to a session that the asker may not know of, what was released to
/// another State.
fn withheld(relation: Relation, kind: Kind, asker: FactSet, seen: FactSet) -> FactSet {
    let officer = asker.has(Fact::SecretariatOfficer);
    if relation == Relation::Himself {
        // A release to the contact points is none to a counterpart, who is not told of it.
        let concealed = kind == Kind::Case && !asker.has(Fact::ContactPoint);
        return FactSet::NONE.with(Fact::ReleasedToAll, concealed);
    }
    let mut withheld = FactSet::NONE;
    match kind {
        // Its sessions are many; that the asker knows of one says nothing of the others.
        Kind::Meeting | Kind::Conclusions if !officer => {
            withheld = withheld.with(Fact::Admitted, true).with(Fact::TakingPart, true);
        }
        // The Secretariat convenes, and so knows who is admitted to a session's room.
        Kind::Meeting | Kind::Conclusions | Kind::Session | Kind::Room if officer => {}
        _ => withheld = withheld.with(Fact::Admitted, !seen.has(Fact::Admitted)),
    }
    let originator = relation == Relation::Colleague || seen.has(Fact::MyParty);
    withheld.with(Fact::ReleasedToMyParty, matches!(kind, Kind::Note | Kind::Case) && !originator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(facts: &[Fact]) -> FactSet {
        facts.iter().copied().collect()
    }

    #[test]
    fn about_oneself_nothing_is_withheld() {
        for kind in Kind::ALL {
            let asker = set(&[Fact::ContactPoint]);
            assert_eq!(withheld(Relation::Himself, *kind, asker, asker), FactSet::NONE);
        }
    }

    #[test]
    fn membership_is_told_to_members_only() {
        let outside = set(&[Fact::ContactPoint]);
        for kind in [Kind::Case, Kind::Note, Kind::Room, Kind::Session, Kind::Entry, Kind::Meeting] {
            assert!(withheld(Relation::Colleague, kind, outside, outside).has(Fact::Admitted), "{kind}");
        }
        let inside = set(&[Fact::ContactPoint, Fact::Admitted]);
        assert!(!withheld(Relation::InTheRoom, Kind::Case, outside, inside).has(Fact::Admitted));
        assert!(withheld(Relation::Colleague, Kind::Meeting, outside, inside).has(Fact::Admitted));
    }

    #[test]
    fn releases_to_other_states_are_the_originators_to_tell() {
        let inside = set(&[Fact::Admitted]);
        assert!(withheld(Relation::InTheRoom, Kind::Note, inside, inside).has(Fact::ReleasedToMyParty));
        let own = set(&[Fact::Admitted, Fact::MyParty]);
        assert!(!withheld(Relation::InTheRoom, Kind::Note, own, own).has(Fact::ReleasedToMyParty));
    }
}
