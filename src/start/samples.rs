//! The first page, made up: for the tests of all pages.

use super::StartPage;
use crate::context::Moment;
use crate::ids::{ActId, CaseId, MeetingId, PersonId, RoomId};
use crate::meetings::known::Known;
use crate::network::soon::EndsSoon;
use crate::rooms::mine::MyRoom;
use crate::rooms::opening::RoomKind;
use crate::server::page::{Sample, Shell, sample};

const ID: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
const THEN: Moment = Moment(1_780_000_000_000_000);

/// Samples of the first page.
pub(crate) fn samples(shell: &Shell) -> Vec<Sample> {
    let meeting = |number| Known {
        id: MeetingId::parse(ID).unwrap(),
        number,
        first_day: "2026-03-11".to_owned(),
        last_day: "2026-03-12".to_owned(),
    };
    let room = |kind, news, visited| MyRoom {
        id: RoomId::parse(ID).unwrap(),
        kind,
        meeting: (kind == RoomKind::Session).then(|| MeetingId::parse(ID).unwrap()),
        case: (kind == RoomKind::CaseFile).then(|| CaseId::parse(ID).unwrap()),
        visited,
        news,
    };
    let ends = EndsSoon {
        act: ActId::parse(ID).unwrap(),
        person: PersonId::parse(ID).unwrap(),
        name: "Anna \"><script>alert(1)</script>".to_owned(),
        role: "contact_point".to_owned(),
        at: THEN,
    };
    let nothing =
        StartPage { shell: shell.clone(), soon: Vec::new(), rooms: Vec::new(), meetings: Vec::new(), ends: Vec::new() };
    let much = StartPage {
        shell: shell.clone(),
        soon: vec![meeting(Some(41)), meeting(None)],
        rooms: vec![
            room(RoomKind::Session, Some(0), Some(THEN)),
            room(RoomKind::CaseFile, Some(1), None),
            room(RoomKind::CaseFile, Some(12), Some(THEN)),
            room(RoomKind::Session, None, None),
        ],
        meetings: vec![meeting(Some(40))],
        ends: vec![ends],
    };
    sample("start.html", vec![nothing, much])
}
