//! Doors of rooms, made up: for the tests of all pages.

use super::RoomPage;
use crate::context::Moment;
use crate::ids::{ActId, CaseId, MeetingId, PartyId, PersonId, RecoveryKeyId, RequestId, RoomId, SessionId, VisitId};
use crate::network::names::Names;
use crate::rooms::model::{Member, RecoveryBody, RecoveryKeyBody, RoomBody};
use crate::rooms::opening::{Reach, RoomKind};
use crate::rooms::pages::Inside;
use crate::server::page::{Sample, Shell, sample, with_problems};

pub(in crate::rooms::pages) const ID: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
pub(in crate::rooms::pages) const OTHER: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b12";
pub(in crate::rooms::pages) const THEN: Moment = Moment(1_780_000_000_000_000);
/// What a title may hold and no page may act on.
pub(in crate::rooms::pages) const TRYING: &str = "\"><script>alert(1)</script> \u{5d0}\u{5d1} & 'so'";

/// A room with two people in it.
pub(in crate::rooms) fn inside(kind: RoomKind, titled: bool) -> Inside {
    let party = |id: &str| PartyId::parse(id).unwrap();
    let member = |id: &str, name: &str, reach| Member {
        person: PersonId::parse(id).unwrap(),
        name: name.to_owned(),
        party: party(id),
        reach,
        act: ActId::parse(id).unwrap(),
        from: THEN,
        keyed: Some(reach == Reach::Whole),
    };
    let of_session = kind == RoomKind::Session;
    let room = RoomBody {
        id: RoomId::parse(ID).unwrap(),
        kind,
        title: titled.then(|| TRYING.to_owned()),
        session: of_session.then(|| SessionId::parse(ID).unwrap()),
        meeting: of_session.then(|| MeetingId::parse(ID).unwrap()),
        case: (kind == RoomKind::CaseFile).then(|| CaseId::parse(ID).unwrap()),
        request: (kind == RoomKind::Request).then(|| RequestId::parse(ID).unwrap()),
        members: vec![member(ID, "Anna", Reach::Whole), member(OTHER, TRYING, Reach::Onward)],
        recovery: Some(RecoveryBody { chosen: None, complete: false, offered: None }),
    };
    let names = Names::made_up([], [(&party(ID), "FR", "France"), (&party(OTHER), "UA", "Ukraine")]);
    Inside { room, names }
}

/// Samples of the door.
pub(in crate::rooms::pages) fn samples(shell: &Shell) -> Vec<Sample> {
    let key = |id: &str, retired: bool| RecoveryKeyBody {
        id: RecoveryKeyId::parse(id).unwrap(),
        needed: 3,
        shares: 5,
        entered: THEN,
        retired: retired.then_some(THEN),
    };
    let page = |shell: &Shell, kind, titled, visit: bool, candidates: bool| RoomPage {
        shell: shell.clone(),
        inside: inside(kind, titled),
        visit: visit.then(|| VisitId::parse(ID).unwrap()),
        candidates: if candidates { vec![(OTHER.to_owned(), TRYING.to_owned())] } else { Vec::new() },
        ends_as: PersonId::parse(ID).filter(|_| candidates),
        changes_recovery: candidates,
    };
    let recovered = |visit, chosen: Option<bool>, complete, offered: bool| {
        let mut page = page(shell, RoomKind::Session, true, visit, true);
        let chosen = chosen.map(|retired| key(ID, retired));
        page.inside.room.recovery =
            Some(RecoveryBody { chosen, complete, offered: offered.then(|| key(OTHER, false)) });
        page
    };
    let purposeless = with_problems(shell, &[("purpose", "empty")], &[("purpose", TRYING)]);
    let sourceless = with_problems(shell, &[("person", "nobody who can be admitted"), ("source", "too long")], &[]);
    sample(
        "rooms/room.html",
        vec![
            page(shell, RoomKind::Session, true, true, true),
            page(shell, RoomKind::CaseFile, true, false, false),
            page(shell, RoomKind::Session, false, false, true),
            page(&purposeless, RoomKind::CaseFile, true, false, false),
            page(&sourceless, RoomKind::CaseFile, true, true, true),
            recovered(true, None, false, true),
            recovered(true, Some(false), true, false),
            recovered(true, Some(true), false, true),
            recovered(false, Some(false), false, false),
        ],
    )
}
