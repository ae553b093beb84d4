//! Who in a room can read what is written there: told to whoever writes, before it is saved.

use crate::access::{self, Asker, Credentials, Fact, actions};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, RoomId};
use crate::rooms::model::{Reader, Reads};
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
    members
        .into_iter()
        .map(|member| {
            let is = Asker::load(work.conn, &member.person, Credentials::default(), work.now)?;
            let reads = if is.facts().has(Fact::ContactPoint) || is.facts().has(Fact::SecretariatOfficer) {
                Reads::Now
            } else if !is.facts().has(Fact::Counterpart) {
                Reads::Not
            } else if is.party() == Some(party) {
                Reads::Now
            } else {
                Reads::IfReleased
            };
            Ok(Reader { person: member.person, name: member.name, party: member.party, reads })
        })
        .collect()
}
