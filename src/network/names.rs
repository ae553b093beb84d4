//! The names of people and parties whose ids stand in an answer that was permitted: pages show names where
//! the interface for programs gives ids. Whoever asks for a name has been shown the id by a service.

use std::collections::{BTreeMap, BTreeSet};

use super::store::names;
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

/// The States of some standing now, by name: to choose from.
///
/// # Errors
/// The database's.
pub fn states(work: &mut Work<'_>) -> Result<Vec<(PartyId, String)>, AppError> {
    Ok(names::states(work.conn, work.now)?)
}
