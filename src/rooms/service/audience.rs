//! Who in a room can read what is written there: told to whoever writes, before it is saved.

use std::collections::HashMap;

use crate::access::{self, Asker, Fact, actions};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId, RoomId};
use crate::rooms::model::{Member, Reader, Reads};
use crate::rooms::store::{self, Room};

/// Everyone admitted, and whether they could read a note of `party` written now. Each is judged as if he
/// came in now with all that he must bring, by the rule that will judge him then (DESIGN §2).
pub(crate) fn of_note(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    party: &PartyId,
) -> Result<Vec<Reader>, AppError> {
    let permit = access::permit::<actions::SeeRoom, Room>(work, asker, room)?;
    let mut members = store::members(work.conn, &permit, work.now)?;
    members.dedup_by(|next, one| next.person == one.person);
    let askers = Asker::load_admitted(work, room, work.now)?;
    let askers: HashMap<_, _> = askers.iter().filter_map(|one| Some((one.person()?, one))).collect();
    let reads = |person: &PersonId| {
        let Some(is) = askers.get(person) else { return Reads::Not };
        if is.facts().has(Fact::ContactPoint) || is.facts().has(Fact::SecretariatOfficer) {
            Reads::Now
        } else if !is.facts().has(Fact::Counterpart) {
            Reads::Not
        } else if is.party() == Some(party) {
            Reads::Now
        } else {
            Reads::IfReleased
        }
    };
    let reader = |member: Member| {
        let reads = reads(&member.person);
        Reader { person: member.person, name: member.name, party: member.party, reads }
    };
    Ok(members.into_iter().map(reader).collect())
}
