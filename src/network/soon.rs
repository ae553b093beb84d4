//! What ends soon: one's own designations, and for the Secretariat everybody's, so that nobody finds a room
//! shut because a date went by unseen.

use super::store::soon;
use crate::access::{Asker, Fact};
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{ActId, PersonId};

/// Days ahead that are looked at.
pub const DAYS: i64 = 60;
/// Most endings that are shown.
const MOST: i64 = 20;

/// A designation that ends soon.
#[derive(Clone, Debug)]
pub struct EndsSoon {
    /// The act of designation.
    pub act: ActId,
    /// The person designated.
    pub person: PersonId,
    /// The person's name.
    pub name: String,
    /// As what.
    pub role: String,
    /// When it ends.
    pub at: Moment,
}

/// The designations in force that end within [`DAYS`], the first to end first: one's own, or with the second
/// factor all of them for the Secretariat, which administers them (DESIGN §2).
///
/// # Errors
/// The database's.
pub fn ends_soon(work: &mut Work<'_>, asker: &Asker) -> Result<Vec<EndsSoon>, AppError> {
    let Some(person) = asker.person() else { return Ok(Vec::new()) };
    let everybody = asker.facts().has(Fact::SecretariatOfficer) && asker.facts().has(Fact::SecondFactor);
    let whose = (!everybody).then_some(person);
    let rows = soon::ending(work.conn, whose, work.now, work.now.plus_seconds(DAYS * 86_400), MOST)?;
    Ok(rows.into_iter().map(|(act, person, name, role, at)| EndsSoon { act, person, name, role, at }).collect())
}
