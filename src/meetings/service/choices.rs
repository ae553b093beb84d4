//! The parties and people that the Secretariat's forms offer, as far as whoever fills them in may see them.

use crate::access::{self, Asker, actions};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::PersonId;
use crate::meetings::store;
use crate::network::names::{Among, to_choose};

/// What can be chosen in a field: the value that is sent, and the words that are shown.
pub(in crate::meetings) type Choices = Vec<(String, String)>;

/// The parties, by name.
pub(in crate::meetings) fn parties(work: &mut Work<'_>, asker: &Asker, among: Among) -> Result<Choices, AppError> {
    Ok(to_choose(work, asker, among)?.into_iter().map(|(id, words)| (id.to_string(), words)).collect())
}

/// The people, by party and name.
pub(in crate::meetings) fn people(work: &mut Work<'_>, asker: &Asker) -> Result<Choices, AppError> {
    let rows: Vec<(PersonId, String, String)> =
        store::people_to_choose(work.conn, access::filter::<actions::SeePerson>(asker))?;
    Ok(rows.into_iter().map(|(id, name, code)| (id.to_string(), format!("{code} · {name}"))).collect())
}
