//! Made-up contents of the register's pages.

use super::*;
use crate::cases::model::{CaseReleaseBody, ContactRef};
use crate::context::Moment;
use crate::ids::{MeetingId, PersonId, RoomId};
use crate::server::page::{Sample, sample};

const ID: &str = "00000000-0000-4000-8000-000000000001";
const OTHER: &str = "00000000-0000-4000-8000-000000000002";
const THEN: Moment = Moment(1_760_000_000_000_000);
/// A text that tries to be more than a text.
const TRYING: &str = "</bdi><script>alert(1)</script> \"'&";

fn party(id: &str) -> PartyId {
    PartyId::parse(id).unwrap()
}

fn fiche() -> Fiche {
    Fiche {
        title: format!("Detention centre {TRYING}"),
        authority: "National office for core crimes".into(),
        situation: format!("A conflict {TRYING}"),
        crimes: Crime::ALL.to_vec(),
        concurrent_offences: vec!["terrorism".into(), TRYING.into()],
        stage: Stage::Structural,
        legal_issues: Some(format!("Immunity.\n\n{TRYING}")),
    }
}

fn contact() -> ContactRef {
    ContactRef { id: PersonId::parse(ID).unwrap(), name: format!("Camille {TRYING}") }
}

fn case(fiche: Option<Fiche>, mine: bool) -> CaseBody {
    let release = |to, party| CaseReleaseBody { act: ActId::parse(ID).unwrap(), to, party, from: THEN };
    CaseBody {
        id: CaseId::parse(ID).unwrap(),
        party: party(ID),
        version: 3,
        fiche,
        contact: contact(),
        room: mine.then(|| RoomId::parse(ID).unwrap()),
        releases: mine
            .then(|| vec![release(ReleaseTo::State, Some(party(OTHER))), release(ReleaseTo::ContactPoints, None)]),
        meetings: vec![MeetingId::parse(ID).unwrap()],
        opened_at: THEN,
        revised_at: THEN,
    }
}

fn names() -> Names {
    Names::made_up([], [(&party(ID), "FR", "France"), (&party(OTHER), "NO", "Norway")])
}

fn states() -> Vec<(String, String)> {
    vec![(OTHER.into(), "Norway".into())]
}

pub(crate) fn samples(shell: &Shell) -> Vec<Sample> {
    let list = |items, next| CasesPage {
        shell: shell.clone(),
        cases: List { items, next },
        names: names(),
        states: states(),
        party: OTHER.into(),
    };
    let line = |fiche, room: Option<&str>| CaseLine {
        id: CaseId::parse(ID).unwrap(),
        party: party(ID),
        version: 1,
        fiche,
        contact: contact(),
        room: room.map(|room| RoomId::parse(room).unwrap()),
        opened_at: THEN,
    };
    let page = |case| CasePage {
        shell: shell.clone(),
        case,
        names: names(),
        meetings: vec![(ID.into(), "Meeting 36".into())],
        states: states(),
        others: vec![(OTHER.into(), "Meeting 35".into())],
    };
    let form = |based_on, theirs| CaseFormPage {
        shell: shell.clone(),
        action: "/cases".into(),
        based_on,
        fiche: if based_on.is_some() { fiche() } else { nothing_yet() },
        states: states(),
        theirs,
    };
    [
        sample(
            "cases/list.html",
            vec![
                list(Vec::new(), None),
                list(vec![line(Some(fiche()), Some(ID)), line(None, None)], Some("next".into())),
            ],
        ),
        sample("cases/case.html", vec![page(case(Some(fiche()), true)), page(case(None, false))]),
        sample(
            "cases/form.html",
            vec![form(None, None), form(Some(3), None), form(Some(4), Some(case(Some(fiche()), true)))],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
