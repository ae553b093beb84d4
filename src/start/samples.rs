//! Made-up contents of the first page.

use super::*;
use crate::context::Moment;
use crate::ids::{ActId, CaseId, MeetingId, PersonId, RequestId, RoomId};
use crate::rooms::opening::RoomKind;
use crate::server::page::{Sample, sample};

const ID: &str = "00000000-0000-4000-8000-000000000001";
const THEN: Moment = Moment(1_760_000_000_000_000);

pub(crate) fn samples(shell: &Shell) -> Vec<Sample> {
    let meeting = |number: Option<i64>| Known {
        id: MeetingId::parse(ID).unwrap(),
        number,
        first_day: "2026-11-10".into(),
        last_day: "2026-11-11".into(),
    };
    let room = |kind, news, visited| MyRoom {
        id: RoomId::parse(ID).unwrap(),
        kind,
        meeting: (kind == RoomKind::Session).then(|| MeetingId::parse(ID).unwrap()),
        case: (kind == RoomKind::CaseFile).then(|| CaseId::parse(ID).unwrap()),
        request: (kind == RoomKind::Request).then(|| RequestId::parse(ID).unwrap()),
        visited,
        news,
    };
    let ends = EndsSoon {
        act: ActId::parse(ID).unwrap(),
        person: PersonId::parse(ID).unwrap(),
        name: "Camille <b>Aubertin".into(),
        role: "contact_point".into(),
        at: THEN,
    };
    let empty =
        StartPage { shell: shell.clone(), soon: Vec::new(), rooms: Vec::new(), meetings: Vec::new(), ends: Vec::new() };
    let full = StartPage {
        shell: shell.clone(),
        soon: vec![meeting(Some(37)), meeting(None)],
        rooms: vec![
            room(RoomKind::Session, Some(2), Some(THEN)),
            room(RoomKind::CaseFile, None, None),
            room(RoomKind::Request, Some(1), Some(THEN)),
        ],
        meetings: vec![meeting(Some(36))],
        ends: vec![ends],
    };
    sample("start.html", vec![empty, full])
}
