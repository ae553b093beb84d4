//! The register, made up: for the tests of all pages.

use super::{CaseFormPage, CasePage, CasesPage};
use crate::cases::model::{CaseBody, CaseLine, CaseReleaseBody, ContactRef, Crime, Fiche, ReleaseTo, Stage};
use crate::context::Moment;
use crate::ids::{ActId, CaseId, MeetingId, PartyId, PersonId, RoomId};
use crate::network::names::Names;
use crate::server::answer::List;
use crate::server::page::{Sample, Shell, sample, with_problems};

const ID: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
const OTHER: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b12";
const THEN: Moment = Moment(1_780_000_000_000_000);
const TRYING: &str = "\"><script>alert(1)</script> \u{5d0}\u{5d1} & 'so'";

fn party(id: &str) -> PartyId {
    PartyId::parse(id).unwrap()
}

fn fiche() -> Fiche {
    Fiche {
        title: TRYING.to_owned(),
        authority: "Parquet national".to_owned(),
        situation: TRYING.to_owned(),
        crimes: Crime::ALL.to_vec(),
        concurrent_offences: vec!["terrorism".to_owned(), TRYING.to_owned()],
        stage: Stage::Structural,
        legal_issues: Some("Two\n\nlines".to_owned()),
    }
}

fn contact() -> ContactRef {
    ContactRef { id: PersonId::parse(ID).unwrap(), name: TRYING.to_owned() }
}

fn names() -> Names {
    Names::made_up([], [(&party(ID), "FR", "France"), (&party(OTHER), "UA", "Ukraine")])
}

fn states() -> Vec<(String, String)> {
    vec![(ID.to_owned(), "France".to_owned()), (OTHER.to_owned(), "Ukraine".to_owned())]
}

/// A case file, as its own State or another sees it.
fn case(open: bool, own: bool, releases: usize) -> CaseBody {
    let release = |at: usize| CaseReleaseBody {
        act: ActId::parse(if at == 0 { ID } else { OTHER }).unwrap(),
        to: if at == 0 { ReleaseTo::State } else { ReleaseTo::ContactPoints },
        party: (at == 0).then(|| party(OTHER)),
        from: THEN,
    };
    CaseBody {
        id: CaseId::parse(ID).unwrap(),
        party: party(ID),
        version: 2,
        fiche: open.then(fiche),
        contact: contact(),
        room: own.then(|| RoomId::parse(ID).unwrap()),
        releases: own.then(|| (0..releases).map(release).collect()),
        meetings: vec![MeetingId::parse(ID).unwrap()],
        opened_at: THEN,
        revised_at: THEN,
    }
}

fn forms(shell: &Shell) -> Vec<CaseFormPage> {
    let page = |shell: &Shell, based_on, theirs| CaseFormPage {
        shell: shell.clone(),
        action: "/cases".to_owned(),
        based_on,
        fiche: fiche(),
        states: states(),
        theirs,
    };
    let fields = [
        "fiche.title",
        "fiche.authority",
        "fiche.situation",
        "fiche.crimes",
        "fiche.concurrent_offences",
        "fiche.stage",
        "fiche.legal_issues",
        "visibility.to",
        "visibility.states",
    ];
    let wrong: Vec<(&str, &str)> = fields.iter().map(|field| (*field, "too long")).collect();
    let mut outdated = with_problems(shell, &[], &[("fiche.title", "Mine"), ("fiche.stage", "trial")]);
    outdated.form.other = Some(("outdated", "It was changed.", ""));
    vec![
        page(shell, None, None),
        page(shell, Some(2), None),
        page(&with_problems(shell, &wrong, &[("fiche.title", TRYING)]), None, None),
        page(&outdated, Some(3), Some(case(true, true, 0))),
    ]
}

/// Samples of every page of this slice.
pub(crate) fn samples(shell: &Shell) -> Vec<Sample> {
    let line = |open: bool| CaseLine {
        id: CaseId::parse(ID).unwrap(),
        party: party(ID),
        version: 1,
        fiche: open.then(fiche),
        contact: contact(),
        room: open.then(|| RoomId::parse(ID).unwrap()),
        opened_at: THEN,
    };
    let list = |items, next: Option<&str>, party: &str| CasesPage {
        shell: shell.clone(),
        cases: List { items, next: next.map(ToOwned::to_owned) },
        names: names(),
        states: states(),
        party: party.to_owned(),
    };
    let page = |shell: &Shell, case, meetings: bool| CasePage {
        shell: shell.clone(),
        case,
        names: names(),
        meetings: if meetings { vec![(ID.to_owned(), "Meeting 1".to_owned())] } else { Vec::new() },
        states: states(),
        others: if meetings { vec![(OTHER.to_owned(), "Meeting 2".to_owned())] } else { Vec::new() },
    };
    let wrong = [("to", "missing"), ("party", "only for one State"), ("meeting", "no such meeting"), ("source", "too long")];
    [
        sample("cases/list.html", vec![list(Vec::new(), None, ""), list(vec![line(true), line(false)], Some("bmV4dA"), ID)]),
        sample(
            "cases/case.html",
            vec![
                page(shell, case(true, true, 2), true),
                page(shell, case(false, false, 0), false),
                page(&with_problems(shell, &wrong, &[("to", "state"), ("party", OTHER)]), case(true, true, 0), true),
            ],
        ),
        sample("cases/form.html", forms(shell)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
