//! Searches in every state, made up: for the tests of all pages.

use super::SearchPage;
use crate::ids::{NoteId, PartyId, PersonId};
use crate::network::names::Names;
use crate::rooms::model::{FoundNote, HandlingCode, NoteLine, SearchFound};
use crate::rooms::opening::RoomKind;
use crate::rooms::pages::room::samples::{ID, OTHER, THEN, TRYING, inside};
use crate::server::page::{Sample, Shell, sample, with_problems};

/// Samples of the page.
pub(in crate::rooms::pages) fn samples(shell: &Shell) -> Vec<Sample> {
    let (person, party) = (PersonId::parse(OTHER).unwrap(), PartyId::parse(ID).unwrap());
    let line = |version| NoteLine {
        id: NoteId::parse(ID).unwrap(),
        version,
        title: TRYING.to_owned(),
        handling: vec![HandlingCode::H1],
        party: party.clone(),
        author: person.clone(),
        written_at: THEN,
        revised_at: THEN,
    };
    let found = |versions: &[i64], next: Option<&str>| SearchFound {
        items: versions.iter().map(|one| FoundNote { line: line(*one), excerpt: TRYING.to_owned() }).collect(),
        complete: next.is_none(),
        next: next.map(ToOwned::to_owned),
    };
    let page = |shell: &Shell, found| SearchPage {
        shell: shell.clone(),
        inside: inside(RoomKind::Session, true),
        names: Names::made_up([(&person, TRYING, "UA")], [(&party, "FR", "France")]),
        found,
    };
    let typed = with_problems(shell, &[], &[("q", TRYING), ("author", OTHER), ("from", "2026-01-02T03:04")]);
    let wrong = with_problems(shell, &[("q", "too long"), ("to", "not after the beginning")], &[("q", TRYING)]);
    let pages = vec![
        page(&typed, Some(found(&[], None))),
        page(&typed, Some(found(&[], Some("bmV4dA")))),
        page(&typed, Some(found(&[1, 2], Some("bmV4dA")))),
        page(&wrong, None),
    ];
    sample("rooms/search.html", pages)
}
