//! Requests, whom they are sent to, and what has come of them. All of it is inserted and never changed.

use diesel::prelude::*;

use super::model::{ReplyKind, RequestKind};
use crate::access::acts::in_force_at;
use crate::access::{Facts, Filter, Findings, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{
    acts, admissions, designations, notes, parties, people, request_addressees, request_replies, requests, rooms,
    standings,
};
use crate::ids::{NoteId, PartyId, PersonId, ReplyId, RequestId, RoomId};
use crate::seal::Sealed;

/// A request, without what it says.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = requests)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Its room.
    pub room_id: RoomId,
    /// The State that sent it.
    pub party_id: PartyId,
    /// Who sent it for that State.
    pub author_id: PersonId,
    /// What it is.
    pub kind: RequestKind,
    /// The day by which an answer is asked for.
    pub due_day: Option<String>,
    /// The note that says what it says.
    pub note_id: NoteId,
    /// When it was sent.
    pub sent_us: Moment,
}

impl Thing for Request {
    type Kind = kinds::Request;
    type Id = RequestId;
    fn find(conn: &mut Conn, id: &RequestId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        requests::table.filter(requests::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// The request whose room this is.
#[derive(Debug)]
pub(super) struct OfRoom(pub(super) Request);

impl Thing for OfRoom {
    type Kind = kinds::Request;
    type Id = RoomId;
    fn find(conn: &mut Conn, room: &RoomId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        let found: Option<(Request, Findings)> = requests::table
            .filter(requests::room_id.eq(room))
            .select((Request::as_select(), facts))
            .first(conn)
            .optional()?;
        Ok(found.map(|(request, findings)| (Self(request), findings)))
    }
}

/// What a State addressed did, as it rests.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = request_replies)]
pub(super) struct ReplyRow {
    pub(super) id: ReplyId,
    pub(super) request_id: RequestId,
    pub(super) party_id: PartyId,
    pub(super) kind: ReplyKind,
    pub(super) ground: Option<Sealed>,
    pub(super) note_id: Option<NoteId>,
    pub(super) person_id: PersonId,
    pub(super) given_us: Moment,
}

/// Those that the filter lets through, the one sent last first, behind the one sent at `after.0` with the id `after.1`.
pub(super) fn page(
    conn: &mut Conn,
    filter: Filter<actions::SeeRequest>,
    after: Option<&(Moment, RequestId)>,
    limit: i64,
) -> QueryResult<Vec<Request>> {
    let (condition, confirm) = filter.parts();
    let mut query =
        requests::table.filter(condition).order((requests::sent_us.desc(), requests::id)).limit(limit).into_boxed();
    if let Some((sent, id)) = after {
        query = query.filter(requests::sent_us.lt(sent).or(requests::sent_us.eq(sent).and(requests::id.gt(id))));
    }
    Ok(confirm.kept(query.select((Request::as_select(), confirm.facts())).load(conn)?))
}

/// The sealed titles of the rooms of these requests that the filter lets through.
pub(super) fn titles(
    conn: &mut Conn,
    filter: Filter<actions::ReadRoomTitle>,
    of: &[Request],
) -> QueryResult<Vec<(RoomId, Sealed)>> {
    let (condition, confirm) = filter.parts();
    let rows = rooms::table
        .filter(condition)
        .filter(rooms::id.eq_any(of.iter().map(|request| &request.room_id)))
        .select(((rooms::id, rooms::title), confirm.facts()))
        .load(conn)?;
    Ok(confirm.kept(rows))
}

/// The States that these requests, which a filter or a permit let through, are sent to, in the order of their codes.
pub(super) fn addressees(conn: &mut Conn, of: &[Request]) -> QueryResult<Vec<(RequestId, PartyId)>> {
    request_addressees::table
        .inner_join(parties::table.on(parties::id.eq(request_addressees::party_id)))
        .filter(request_addressees::request_id.eq_any(of.iter().map(|request| &request.id)))
        .order((request_addressees::request_id, parties::code, parties::id))
        .select((request_addressees::request_id, request_addressees::party_id))
        .load(conn)
}

/// What has come of these requests, which a filter or a permit let through, the oldest first.
pub(super) fn replies(conn: &mut Conn, of: &[Request]) -> QueryResult<Vec<ReplyRow>> {
    request_replies::table
        .filter(request_replies::request_id.eq_any(of.iter().map(|request| &request.id)))
        .order((request_replies::given_us, request_replies::id))
        .select(ReplyRow::as_select())
        .load(conn)
}

/// Those of these notes that the filter lets through.
pub(super) fn readable(conn: &mut Conn, filter: Filter<actions::ReadNote>, of: &[&NoteId]) -> QueryResult<Vec<NoteId>> {
    let (condition, confirm) = filter.parts();
    let rows =
        notes::table.filter(condition).filter(notes::id.eq_any(of)).select((notes::id, confirm.facts())).load(conn)?;
    Ok(confirm.kept(rows))
}

/// Who is admitted to the room of a request at `at`: for the log.
pub(super) fn admitted(conn: &mut Conn, request: &Request, at: Moment) -> QueryResult<Vec<PersonId>> {
    admissions::table
        .inner_join(acts::table)
        .filter(admissions::room_id.eq(&request.room_id))
        .filter(in_force_at(at))
        .select(admissions::person_id)
        .distinct()
        .load(conn)
}

/// Inserts a request and whom it is sent to. The caller has leave to send one, or is the operator.
pub(super) fn insert(conn: &mut Conn, request: &Request, to: &[PartyId]) -> QueryResult<()> {
    diesel::insert_into(requests::table).values(request).execute(conn)?;
    for party in to {
        diesel::insert_into(request_addressees::table)
            .values((request_addressees::request_id.eq(&request.id), request_addressees::party_id.eq(party)))
            .execute(conn)?;
    }
    Ok(())
}

/// Inserts what a State did: the caller has leave to do it for that State, or is the operator.
pub(super) fn insert_reply(conn: &mut Conn, reply: &ReplyRow) -> QueryResult<()> {
    diesel::insert_into(request_replies::table).values(reply).execute(conn).map(drop)
}

/// Those of these States that are observers at `at`.
pub(super) fn observers(conn: &mut Conn, states: &[PartyId], at: Moment) -> QueryResult<Vec<PartyId>> {
    with_standing(conn, "observer", states, at)
}

fn with_standing(conn: &mut Conn, standing: &'static str, states: &[PartyId], at: Moment) -> QueryResult<Vec<PartyId>> {
    standings::table
        .inner_join(acts::table)
        .filter(standings::party_id.eq_any(states))
        .filter(standings::standing.eq(standing))
        .filter(in_force_at(at))
        .select(standings::party_id)
        .distinct()
        .load(conn)
}

/// Who is in office for these States at `at`, as contact point of a member or counterpart of an observer: id and State.
/// For one who has leave to send to them; the answer goes to admissions only.
pub(super) fn in_office(conn: &mut Conn, states: &[PartyId], at: Moment) -> QueryResult<Vec<(PersonId, PartyId)>> {
    let mut found = Vec::new();
    for (standing, role) in [("member", "contact_point"), ("observer", "counterpart")] {
        let states = with_standing(conn, standing, states, at)?;
        let people: Vec<(PersonId, PartyId)> = designations::table
            .inner_join(acts::table)
            .inner_join(people::table.on(people::id.eq(designations::person_id)))
            .filter(people::party_id.eq(designations::party_id))
            .filter(designations::role.eq(role))
            .filter(designations::party_id.eq_any(states))
            .filter(in_force_at(at))
            .select((designations::person_id, designations::party_id))
            .distinct()
            .load(conn)?;
        found.extend(people);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whether any request was sent: for the import.
pub(super) fn any(conn: &mut Conn) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(requests::table.select(requests::id))).get_result(conn)
}

/// The party a person acts for: for the import.
pub(super) fn party_of(conn: &mut Conn, person: &PersonId) -> QueryResult<PartyId> {
    people::table.find(person).select(people::party_id).first(conn)
}
