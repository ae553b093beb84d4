//! Made-up contents of the requests' pages.

use super::super::model::{Addressee, AddresseeState};
use super::*;
use crate::context::Moment;
use crate::ids::NoteId;
use crate::rooms::opening::RoomKind;
use crate::rooms::pages::made_up_inside;
use crate::server::page::{Sample, sample};

const ID: &str = "00000000-0000-4000-8000-000000000001";
const OTHER: &str = "00000000-0000-4000-8000-000000000002";
const THEN: Moment = Moment(1_760_000_000_000_000);
/// A text that tries to be more than a text.
const TRYING: &str = "</bdi><script>alert(1)</script> \"'&";

fn party(id: &str) -> PartyId {
    PartyId::parse(id).unwrap()
}

fn request(kind: RequestKind, titled: bool) -> RequestBody {
    let addressee = |state, ground| Addressee {
        party: party(OTHER),
        state,
        at: (state != AddresseeState::Open).then_some(THEN),
        note: (state == AddresseeState::Answered).then(|| NoteId::parse(ID).unwrap()),
        ground,
    };
    RequestBody {
        id: RequestId::parse(ID).unwrap(),
        kind,
        from: party(ID),
        to: AddresseeState::ALL
            .iter()
            .map(|state| addressee(*state, (*state == AddresseeState::Refused).then_some(Ground::NationalLaw)))
            .collect(),
        due: (kind == RequestKind::Request).then(|| "2026-01-15".to_owned()),
        sent_at: THEN,
        room: RoomId::parse(ID).unwrap(),
        note: NoteId::parse(ID),
        title: titled.then(|| format!("A witness {TRYING}")),
    }
}

pub(crate) fn samples(shell: &Shell) -> Vec<Sample> {
    let names = || Names::made_up([], [(&party(ID), "FR", "France"), (&party(OTHER), "NO", "Norway")]);
    let list = |items, next, today: &str| RequestsPage {
        shell: shell.clone(),
        requests: List { items, next },
        names: names(),
        today: today.into(),
    };
    let page = |request, could| RequestPage {
        shell: shell.clone(),
        request,
        names: names(),
        could,
        today: "2026-01-16".into(),
    };
    let both = [request(RequestKind::Request, true), request(RequestKind::Presence, false)];
    let could = |could| Could { acknowledge: could, reply: could };
    let one = vec![(OTHER.to_owned(), format!("Norway {TRYING}"))];
    [
        sample(
            "requests/list.html",
            vec![list(Vec::new(), None, "2026-01-01"), list(both.to_vec(), Some("next".into()), "2026-01-16")],
        ),
        sample(
            "requests/request.html",
            both.into_iter().flat_map(|one| [page(one.clone(), could(true)), page(one, could(false))]).collect(),
        ),
        sample(
            "requests/form.html",
            vec![
                RequestFormPage { shell: shell.clone(), states: one.clone(), people: one.clone() },
                RequestFormPage { shell: shell.clone(), states: one, people: Vec::new() },
            ],
        ),
        sample(
            "requests/reply.html",
            vec![ReplyPage {
                shell: shell.clone(),
                inside: made_up_inside(RoomKind::Request, true),
                request: RequestId::parse(ID).unwrap(),
            }],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
