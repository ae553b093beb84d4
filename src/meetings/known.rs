//! What pages of other slices say of meetings: which one a thing belongs to, and which may be chosen.

use super::model::Wanted;
use super::store;
use crate::access::{self, Asker, actions};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::MeetingId;

/// A meeting, in a line.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its id.
    pub id: MeetingId,
    /// Its number; none for an ad hoc one.
    pub number: Option<i64>,
    /// The first day.
    pub first_day: String,
    /// The last day.
    pub last_day: String,
}

/// Most meetings that are offered to choose from.
const MOST: i64 = 100;

/// The meetings that the asker may know of, the latest first; those only that end on `from` or later, if a
/// day is given.
///
/// # Errors
/// The database's.
pub fn known(work: &mut Work<'_>, asker: &Asker, from: Option<String>) -> Result<Vec<Known>, AppError> {
    let wanted = Wanted { kind: None, from, until: None };
    let rows = store::meetings_page(work.conn, access::filter::<actions::SeeMeeting>(asker), &wanted, None, MOST)?;
    Ok(rows
        .into_iter()
        .map(|row| Known { id: row.id, number: row.number, first_day: row.first_day, last_day: row.last_day })
        .collect())
}
