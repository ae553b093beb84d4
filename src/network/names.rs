//! The names of people and parties whose ids stand in an answer that was permitted: pages show names where
//! the interface for programs gives ids. Whoever asks for a name has been shown the id by a service.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{PartyKind, Standing};
use super::store::names;
use crate::access::{self, Asker, actions};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId};

/// Names by id.
#[derive(Clone, Debug, Default)]
pub struct Names {
    people: BTreeMap<PersonId, (String, String)>,
    parties: BTreeMap<PartyId, (String, String)>,
}

impl Names {
    /// Looks the names up.
    ///
    /// # Errors
    /// The database's.
    pub fn of<'a>(
        work: &mut Work<'_>,
        people: impl IntoIterator<Item = &'a PersonId>,
        parties: impl IntoIterator<Item = &'a PartyId>,
    ) -> Result<Self, AppError> {
        let people: BTreeSet<&PersonId> = people.into_iter().collect();
        let parties: BTreeSet<&PartyId> = parties.into_iter().collect();
        let mut found = Self::default();
        if !people.is_empty() {
            for (id, name, code) in names::people(work.conn, &people)? {
                found.people.insert(id, (name, code));
            }
        }
        if !parties.is_empty() {
            for (id, code, name) in names::parties(work.conn, &parties, work.now)? {
                found.parties.insert(id, (code, name));
            }
        }
        Ok(found)
    }

    /// Made-up names, for samples of pages.
    #[must_use]
    pub fn made_up<'a>(
        people: impl IntoIterator<Item = (&'a PersonId, &'a str, &'a str)>,
        parties: impl IntoIterator<Item = (&'a PartyId, &'a str, &'a str)>,
    ) -> Self {
        let both = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        Self {
            people: people.into_iter().map(|(id, name, code)| (id.clone(), both(name, code))).collect(),
            parties: parties.into_iter().map(|(id, code, name)| (id.clone(), both(code, name))).collect(),
        }
    }

    /// A person's name; the id where there is none.
    #[must_use]
    pub fn person<'a>(&'a self, id: &'a PersonId) -> &'a str {
        self.people.get(id).map_or(id.as_str(), |(name, _)| name)
    }

    /// The code of the party that a person acts for.
    #[must_use]
    pub fn party_of<'a>(&'a self, id: &'a PersonId) -> &'a str {
        self.people.get(id).map_or("", |(_, code)| code)
    }

    /// A party's code.
    #[must_use]
    pub fn code<'a>(&'a self, id: &'a PartyId) -> &'a str {
        self.parties.get(id).map_or(id.as_str(), |(code, _)| code)
    }

    /// A party's name.
    #[must_use]
    pub fn party<'a>(&'a self, id: &'a PartyId) -> &'a str {
        self.parties.get(id).map_or(id.as_str(), |(_, name)| name)
    }
}

/// Which parties are offered to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// All of them.
    All,
    /// The States.
    States,
    /// The States that have one of these standings now.
    StatesWith(&'static [Standing]),
}

/// The States that are members now.
pub const MEMBER_STATES: Among = Among::StatesWith(&[Standing::Member]);
/// The States that are observers now.
pub const OBSERVER_STATES: Among = Among::StatesWith(&[Standing::Observer]);
/// Both.
pub const STATES_OF_THE_NETWORK: Among = Among::StatesWith(&[Standing::Member, Standing::Observer]);

/// The parties to choose from, as far as the asker may see them: the id and the words, by the words.
///
/// # Errors
/// The database's.
pub fn to_choose(work: &mut Work<'_>, asker: &Asker, among: Among) -> Result<Vec<(PartyId, String)>, AppError> {
    let now = work.now;
    let standing = match among {
        Among::All | Among::States => None,
        Among::StatesWith(standings) => Some(states_with(work, standings)?),
    };
    let named: BTreeMap<PartyId, String> = names::seen(work.conn, access::filter::<actions::SeeParty>(asker), now)?
        .into_iter()
        .filter(|(id, kind, ..)| {
            (among == Among::All || *kind == PartyKind::State)
                && standing.as_ref().is_none_or(|these| these.contains(id))
        })
        .map(|(id, _, code, name)| (id, format!("{name} ({code})")))
        .collect();
    let mut choices: Vec<(PartyId, String)> = named.into_iter().collect();
    choices.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(choices)
}

/// The States that have one of these standings now. Standings are public.
///
/// # Errors
/// The database's.
pub fn states_with(work: &mut Work<'_>, standings: &[Standing]) -> Result<Vec<PartyId>, AppError> {
    Ok(names::states_with(work.conn, standings, work.now)?)
}
