//! Notes in every state, made up: for the tests of all pages.

use super::{ChangesPage, NoteFormPage, NotePage, NotesPage, VersionsPage, pieces};
use crate::ids::{ActId, FileId, NoteId, PartyId, PersonId, RoomId};
use crate::network::names::Names;
use crate::rooms::model::{
    FileBody, HandlingCode, NewNote, NoteBody, NoteLine, NoteReleaseBody, NoteVersionLine, Reader, Reads,
};
use crate::rooms::opening::RoomKind;
use crate::rooms::pages::room::samples::{ID, OTHER, THEN, TRYING, inside};
use crate::server::answer::List;
use crate::server::page::{Sample, Shell, sample, with_problems};

const TEXT: &str = "First\n\n<script>alert(1)</script> & \"second\"\n\tthird";

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

fn party(id: &str) -> PartyId {
    PartyId::parse(id).unwrap()
}

fn note_id() -> NoteId {
    NoteId::parse(ID).unwrap()
}

fn names() -> Names {
    Names::made_up(
        [(&person(ID), "Anna", "FR"), (&person(OTHER), TRYING, "UA")],
        [(&party(ID), "FR", "France"), (&party(OTHER), "UA", "Ukraine")],
    )
}

fn note(version: i64, releases: Option<usize>) -> NoteBody {
    let release = NoteReleaseBody { act: ActId::parse(ID).unwrap(), party: party(OTHER), version: 1, from: THEN };
    NoteBody {
        id: note_id(),
        room: RoomId::parse(ID).unwrap(),
        version,
        title: TRYING.to_owned(),
        text: TEXT.repeat(usize::try_from(version).unwrap()),
        handling: vec![HandlingCode::H1, HandlingCode::H3],
        handling_text: Some(TRYING.to_owned()),
        party: party(ID),
        author: person(OTHER),
        written_at: THEN,
        revised_at: THEN.plus_seconds(60),
        files: if version > 1 { [1, 2_147_483_648].map(file).into() } else { Vec::new() },
        releases: releases.map(|number| vec![release; number]),
    }
}

fn file(size: u64) -> FileBody {
    let (id, author) = (FileId::parse(ID).unwrap(), person(OTHER));
    FileBody { id, name: TRYING.to_owned(), size, version: 2, author, added_at: THEN }
}

fn note_pages(shell: &Shell) -> Vec<NotePage> {
    let page = |shell: &Shell, note, states: bool, may_revise| NotePage {
        shell: shell.clone(),
        inside: inside(RoomKind::Session, true),
        names: names(),
        note,
        states: if states { vec![(OTHER.to_owned(), "Ukraine".to_owned())] } else { Vec::new() },
        may_revise,
        most: 2147,
    };
    let wrong = with_problems(shell, &[("party", "no other State of the network")], &[("party", OTHER)]);
    vec![
        page(shell, note(1, None), false, false),
        page(shell, note(2, Some(0)), true, true),
        page(shell, note(2, Some(1)), false, true),
        page(&wrong, note(2, Some(1)), true, true),
    ]
}

fn form_pages(shell: &Shell) -> Vec<NoteFormPage> {
    let reader = |id: &str, reads| Reader { person: person(id), name: TRYING.to_owned(), party: party(id), reads };
    let page = |shell: &Shell, based_on, theirs, preview| NoteFormPage {
        shell: shell.clone(),
        inside: inside(RoomKind::CaseFile, true),
        names: names(),
        action: format!("/rooms/{ID}/notes"),
        based_on,
        title: TRYING.to_owned(),
        text: TEXT.to_owned(),
        handling: vec![HandlingCode::H3],
        handling_text: TRYING.to_owned(),
        preview,
        readers: vec![reader(ID, Reads::Now), reader(OTHER, Reads::IfReleased), reader(OTHER, Reads::Not)],
        theirs,
    };
    let preview = NewNote {
        title: TRYING.to_owned(),
        text: TEXT.to_owned(),
        handling: vec![HandlingCode::H0],
        handling_text: None,
    };
    let all =
        [("title", "empty"), ("text", "too long"), ("handling", "given twice"), ("handling_text", "only H3 has words")];
    let wrong =
        with_problems(shell, &all, &[("title", TRYING), ("text", TEXT), ("handling", "H0"), ("handling", "H1")]);
    let mut outdated = with_problems(shell, &[], &[("title", "Mine"), ("text", TEXT), ("handling", "H0")]);
    outdated.form.other = Some(("outdated", "It was changed.", ""));
    vec![
        page(shell, None, None, None),
        page(shell, Some(2), None, Some(preview)),
        page(&wrong, None, None, None),
        page(&outdated, Some(3), Some(note(3, None)), None),
    ]
}

/// Samples of every page of notes.
pub(in crate::rooms::pages) fn samples(shell: &Shell) -> Vec<Sample> {
    let line = |version| NoteLine {
        id: note_id(),
        version,
        title: TRYING.to_owned(),
        handling: vec![HandlingCode::H0],
        party: party(ID),
        author: person(OTHER),
        written_at: THEN,
        revised_at: THEN,
    };
    let notes = |items, next: Option<&str>| NotesPage {
        shell: shell.clone(),
        inside: inside(RoomKind::Session, true),
        names: names(),
        notes: List { items, next: next.map(ToOwned::to_owned) },
        visit: ID.to_owned(),
    };
    let version = |version| NoteVersionLine {
        version,
        title: TRYING.to_owned(),
        handling: vec![HandlingCode::H2],
        author: person(OTHER),
        written_at: THEN,
    };
    let versions = VersionsPage {
        shell: shell.clone(),
        inside: inside(RoomKind::Session, true),
        names: names(),
        note: note_id(),
        versions: vec![version(2), version(1)],
    };
    let (before, after) = (note(1, None), note(2, None));
    let changes = ChangesPage {
        shell: shell.clone(),
        inside: inside(RoomKind::Session, true),
        names: names(),
        title: pieces(&before.title, "Another title"),
        text: pieces(&before.text, &after.text),
        before,
        after,
    };
    [
        sample("rooms/notes.html", vec![notes(Vec::new(), None), notes(vec![line(1), line(2)], Some("bmV4dA"))]),
        sample("rooms/note.html", note_pages(shell)),
        sample("rooms/note_form.html", form_pages(shell)),
        sample("rooms/versions.html", vec![versions]),
        sample("rooms/changes.html", vec![changes]),
    ]
    .into_iter()
    .flatten()
    .collect()
}
