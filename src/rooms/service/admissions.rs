//! Admitting to a room, from inside only, and ending that.

use crate::access::acts;
use crate::access::{self, Asker, Fact, FactSet, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{PersonId, RoomId};
use crate::rooms::keys;
use crate::rooms::model::{Member, NewAdmission};
use crate::rooms::opening::{self, Reach};
use crate::rooms::store::{self, Room};
use crate::seal::Key;

/// The source of an ending that is asked for without one.
const FROM_INSIDE: &str = "Ended from inside the room";

/// What is so about the person concerned, which the room's row does not hold.
fn about(asker: &Asker, person: &PersonId, officer: bool) -> FactSet {
    FactSet::NONE.with(Fact::Myself, asker.person() == Some(person)).with(Fact::ConcernsSecretariat, officer)
}

/// Whom somebody inside could want to admit, beside those who are in already. Nobody, for whoever may not
/// admit.
pub(in crate::rooms) fn candidates(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    members: &[Member],
) -> Result<Vec<(PersonId, String, String)>, AppError> {
    match access::permit::<actions::Admit, Room>(work, asker, room) {
        Ok(_) => {}
        Err(AppError { fault: Fault::NotPermitted | Fault::MeansNeeded(_) | Fault::NotFound, .. }) => {
            return Ok(Vec::new());
        }
        Err(other) => return Err(other),
    }
    let permit = access::permit::<actions::SeeRoom, Room>(work, asker, room)?;
    let (Some(person), Some(party)) = (asker.person(), asker.party()) else { return Ok(Vec::new()) };
    let mut people = store::acquaintances(work.conn, &permit, (person, party), work.now)?;
    people.retain(|(id, ..)| !members.iter().any(|member| member.person == *id));
    Ok(people)
}

/// Admits somebody from now on.
pub(in crate::rooms) fn admit(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    new: &NewAdmission,
) -> Result<Member, AppError> {
    let now = work.now;
    let admissible = store::admissible(work.conn, &new.person, now)?;
    let officer = admissible.as_ref().is_some_and(|(_, _, officer)| *officer);
    let permit = access::permit_with::<actions::Admit, Room>(work, asker, room, about(asker, &new.person, officer))?;
    let (name, party, _) = admissible.ok_or_else(|| AppError::field("person", "nobody who can be admitted"))?;
    // Whoever sees only what came after shows nobody what was before: a new admission of his begins later.
    let admitter = asker.person().ok_or(Fault::SignInNeeded)?;
    if new.reach == Reach::Whole && !store::reaches_back(work, &permit, admitter, now)? {
        return Err(AppError::field("reach", "more than your own admission reaches"));
    }
    if !store::admissions_of(work.conn, &permit, &new.person, now)?.is_empty() {
        return Err(Fault::Conflict("The person is admitted already.").into());
    }
    let act = opening::admit(work, Some(admitter), room, &new.person, new.reach, &new.source)?;
    if new.reach == Reach::Onward {
        // What was written before is of an epoch whose key does not come along.
        keys::close(work, room)?;
    }
    let key = asker.unlock().map(|_| Key::of(asker)).transpose()?;
    keys::settle(work, room, key.as_ref())?;
    work.log(
        Entry::new(Event::Admitted)
            .by(asker)
            .on("room", room)
            .in_room(room)
            .owned_by(permit.thing().owner())
            .concerning(&new.person)
            .to([&party])
            .act(&act),
    );
    let keyed = Some(keys::keyed(work, room)?.contains(&new.person));
    Ok(Member { person: new.person.clone(), name, party, reach: new.reach, act, from: now, keyed })
}

/// Ends every admission of a person to the room, and the visits that last.
pub(in crate::rooms) fn end(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    person: &PersonId,
) -> Result<(), AppError> {
    let permit = access::permit_with::<actions::EndAdmission, Room>(work, asker, room, about(asker, person, false))?;
    let now = work.now;
    let admissions = store::admissions_of(work.conn, &permit, person, now)?;
    let first = admissions.first().cloned().ok_or(Fault::NotFound)?;
    for act in &admissions {
        acts::end(work, asker.person(), act, None, FROM_INSIDE)?;
    }
    store::end_visits_of(work.conn, &permit, person, now)?;
    keys::leave(work, room, person)?;
    work.log(
        Entry::new(Event::AdmissionEnded)
            .by(asker)
            .on("room", room)
            .in_room(room)
            .owned_by(permit.thing().owner())
            .concerning(person)
            .act(&first),
    );
    Ok(())
}
