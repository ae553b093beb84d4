//! The parties and people that the Secretariat's forms offer, as far as whoever fills them in may see them.

use std::collections::BTreeMap;

use crate::access::{self, Asker, actions};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{MeetingId, PartyId, PersonId};
use crate::meetings::model::Wanted;
use crate::meetings::store;

/// Most meetings that are offered: at two or three a year, those of some centuries.
const MOST: i64 = 500;

/// What can be chosen in a field: the value that is sent, and the words that are shown.
pub(in crate::meetings) type Choices = Vec<(String, String)>;

/// Which parties are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::meetings) enum Among {
    /// All of them.
    All,
    /// The States.
    States,
    /// The States that are members now.
    MemberStates,
    /// The States that are observers now.
    ObserverStates,
}

/// The parties, by name.
pub(in crate::meetings) fn parties(work: &mut Work<'_>, asker: &Asker, among: Among) -> Result<Choices, AppError> {
    let now = work.now;
    let standing = match among {
        Among::All | Among::States => None,
        Among::MemberStates => Some("member"),
        Among::ObserverStates => Some("observer"),
    };
    let standing = standing.map(|standing| store::states_with(work.conn, standing, now)).transpose()?;
    let rows = store::parties_to_choose(work.conn, access::filter::<actions::SeeParty>(asker), now)?;
    let named: BTreeMap<PartyId, String> = rows
        .into_iter()
        .filter(|(id, kind, ..)| {
            (among == Among::All || kind == "state") && standing.as_ref().is_none_or(|these| these.contains(id))
        })
        .map(|(id, _, code, name)| (id, format!("{name} ({code})")))
        .collect();
    let mut choices: Choices = named.into_iter().map(|(id, words)| (id.to_string(), words)).collect();
    choices.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(choices)
}

/// A meeting that a public thing can name.
#[derive(Clone, Debug)]
pub struct OrdinaryMeeting {
    /// Its id.
    pub id: MeetingId,
    /// Its number.
    pub number: Option<i64>,
    /// The first day.
    pub first_day: String,
    /// The last day.
    pub last_day: String,
}

/// The meetings that everyone may know of, the latest first.
///
/// # Errors
/// The database's.
pub fn ordinary(work: &mut Work<'_>) -> Result<Vec<OrdinaryMeeting>, AppError> {
    let filter = access::filter::<actions::SeeMeeting>(&Asker::anonymous(work.now));
    let rows = store::meetings_page(work.conn, filter, &Wanted::default(), None, MOST)?;
    Ok(rows
        .into_iter()
        .map(|row| OrdinaryMeeting { id: row.id, number: row.number, first_day: row.first_day, last_day: row.last_day })
        .collect())
}

/// The people, by party and name.
pub(in crate::meetings) fn people(work: &mut Work<'_>, asker: &Asker) -> Result<Choices, AppError> {
    let rows: Vec<(PersonId, String, String)> =
        store::people_to_choose(work.conn, access::filter::<actions::SeePerson>(asker))?;
    Ok(rows.into_iter().map(|(id, name, code)| (id.to_string(), format!("{code} · {name}"))).collect())
}
