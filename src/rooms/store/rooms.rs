//! Rooms, with what they belong to.

use diesel::prelude::*;

use crate::access::{Facts, Findings, Thing, kinds};
use crate::db::Conn;
use crate::db::schema::{cases, requests, rooms, sessions};
use crate::ids::{CaseId, MeetingId, PartyId, RequestId, RoomId, SessionId};
use crate::rooms::opening::RoomKind;
use crate::seal::Sealed;

/// A room.
#[derive(Debug, Clone)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What it belongs to, in a word.
    pub kind: RoomKind,
    /// Its sealed title.
    pub title: Sealed,
    /// The session it belongs to, with its meeting.
    pub session: Option<(SessionId, MeetingId)>,
    /// The case file it belongs to, with the State whose it is.
    pub case: Option<(CaseId, PartyId)>,
    /// The request it belongs to, with the State that sent it.
    pub request: Option<(RequestId, PartyId)>,
}

impl Room {
    /// The State whose case file or request it belongs to: whose things are read here.
    #[must_use]
    pub fn owner(&self) -> Option<&PartyId> {
        self.case.as_ref().map(|(_, party)| party).or(self.request.as_ref().map(|(_, party)| party))
    }
}

impl Thing for Room {
    type Kind = kinds::Room;
    type Id = RoomId;
    fn find(conn: &mut Conn, id: &RoomId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        type Belongs<A, B> = (Option<A>, Option<B>);
        type Of = (Belongs<SessionId, MeetingId>, Belongs<CaseId, PartyId>, Belongs<RequestId, PartyId>);
        type Row = ((RoomId, RoomKind, Sealed), Of, Findings);
        let row: Option<Row> = rooms::table
            .left_join(sessions::table.on(sessions::room_id.eq(rooms::id.nullable())))
            .left_join(cases::table.on(cases::room_id.eq(rooms::id)))
            .left_join(requests::table.on(requests::room_id.eq(rooms::id)))
            .filter(rooms::id.eq(id))
            .select((
                (rooms::id, rooms::kind, rooms::title),
                (
                    (sessions::id.nullable(), sessions::meeting_id.nullable()),
                    (cases::id.nullable(), cases::party_id.nullable()),
                    (requests::id.nullable(), requests::party_id.nullable()),
                ),
                facts,
            ))
            .first(conn)
            .optional()?;
        Ok(row.map(|((id, kind, title), (session, case, request), bits)| {
            let (session, case, request) = (session.0.zip(session.1), case.0.zip(case.1), request.0.zip(request.1));
            (Self { id, kind, title, session, case, request }, bits)
        }))
    }
}
