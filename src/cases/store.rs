//! Case files and the versions of their fiches. A version is inserted and never changed.

use diesel::prelude::*;

use crate::access::acts::in_force_at;
use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, case_meetings, case_versions, cases, designations, meetings, people, rooms};
use crate::ids::{CaseId, MeetingId, PartyId, PersonId, RoomId};
use crate::seal::Sealed;

diesel::alias! {
    const NEWER: Alias<Newer> = case_versions as newer;
}

/// A case file, without its fiche.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = cases)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Its room.
    pub room_id: RoomId,
    /// The State whose it is.
    pub party_id: PartyId,
    /// When it was opened.
    pub opened_us: Moment,
}

impl Thing for Case {
    type Kind = kinds::Case;
    type Id = CaseId;
    fn find(conn: &mut Conn, id: &CaseId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        cases::table.filter(cases::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// A version of a fiche, as it rests.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = case_versions)]
pub(super) struct SealedFiche {
    pub(super) case_id: CaseId,
    pub(super) version: i64,
    pub(super) fiche: Sealed,
    pub(super) contact_id: PersonId,
    pub(super) author_id: PersonId,
    pub(super) written_us: Moment,
}

/// The fiches of a room's case file from before they were sealed.
pub(super) fn fiches_before(conn: &mut Conn, room: &RoomId) -> QueryResult<Vec<(Case, SealedFiche)>> {
    cases::table
        .inner_join(case_versions::table)
        .filter(cases::room_id.eq(room))
        .select((Case::as_select(), SealedFiche::as_select()))
        .load(conn)
}

/// Puts a sealed fiche in the place of the plain one.
pub(super) fn replace_fiche(conn: &mut Conn, row: &SealedFiche, fiche: &Sealed) -> QueryResult<()> {
    diesel::update(case_versions::table.find((&row.case_id, row.version)))
        .set(case_versions::fiche.eq(fiche))
        .execute(conn)
        .map(drop)
}

/// Those that the filter lets through, the one opened last first, behind the one opened at `after.0` with
/// the id `after.1`.
pub(super) fn page(
    conn: &mut Conn,
    filter: Filter<actions::SeeCase>,
    party: Option<&PartyId>,
    after: Option<&(Moment, CaseId)>,
    limit: i64,
) -> QueryResult<Vec<Case>> {
    let (condition, confirm) = filter.parts();
    let mut query =
        cases::table.filter(condition).order((cases::opened_us.desc(), cases::id)).limit(limit).into_boxed();
    if let Some((opened, id)) = after {
        query = query.filter(cases::opened_us.lt(opened).or(cases::opened_us.eq(opened).and(cases::id.gt(id))));
    }
    if let Some(party) = party {
        query = query.filter(cases::party_id.eq(party));
    }
    Ok(confirm.kept(query.select((Case::as_select(), confirm.facts())).load(conn)?))
}

/// The newest version of each of these case files, which a filter or a permit let through, with the name
/// of whom to ask.
pub(super) fn newest(conn: &mut Conn, of: &[Case]) -> QueryResult<Vec<(SealedFiche, String)>> {
    case_versions::table
        .inner_join(people::table.on(people::id.eq(case_versions::contact_id)))
        .filter(case_versions::case_id.eq_any(of.iter().map(|case| &case.id)))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            NEWER
                .filter(NEWER.field(case_versions::case_id).eq(case_versions::case_id))
                .filter(NEWER.field(case_versions::version).gt(case_versions::version)),
        )))
        .select((SealedFiche::as_select(), people::name))
        .load(conn)
}

/// Those of the rooms of these case files that the filter lets through.
pub(super) fn rooms_of(conn: &mut Conn, filter: Filter<actions::SeeRoom>, of: &[Case]) -> QueryResult<Vec<RoomId>> {
    let (condition, confirm) = filter.parts();
    let rows = rooms::table
        .filter(condition)
        .filter(rooms::id.eq_any(of.iter().map(|case| &case.room_id)))
        .select((rooms::id, confirm.facts()))
        .load(conn)?;
    Ok(confirm.kept(rows))
}

/// The meetings a case file is linked to that the filter lets through, the latest first.
pub(super) fn meetings_of(
    conn: &mut Conn,
    case: &Case,
    filter: Filter<actions::SeeMeeting>,
) -> QueryResult<Vec<MeetingId>> {
    let (condition, confirm) = filter.parts();
    let rows = case_meetings::table
        .inner_join(meetings::table.on(meetings::id.eq(case_meetings::meeting_id)))
        .filter(case_meetings::case_id.eq(&case.id))
        .filter(condition)
        .order((meetings::first_day.desc(), meetings::id))
        .select((meetings::id, confirm.facts()))
        .load(conn)?;
    Ok(confirm.kept(rows))
}

/// Inserts a case file and the first version of its fiche. The caller has leave to open one, or is the
/// operator.
pub(super) fn insert(conn: &mut Conn, case: &Case, first: &SealedFiche) -> QueryResult<()> {
    diesel::insert_into(cases::table).values(case).execute(conn)?;
    diesel::insert_into(case_versions::table).values(first).execute(conn).map(drop)
}

/// Inserts the next version of a fiche.
pub(super) fn insert_version(
    conn: &mut Conn,
    _: &Permit<actions::ReviseCase, Case>,
    next: &SealedFiche,
) -> QueryResult<()> {
    diesel::insert_into(case_versions::table).values(next).execute(conn).map(drop)
}

/// Links a case file to a meeting.
pub(super) fn link(
    conn: &mut Conn,
    permit: &Permit<actions::LinkCase, Case>,
    meeting: &MeetingId,
    by: &PersonId,
    now: Moment,
) -> QueryResult<()> {
    diesel::insert_into(case_meetings::table)
        .values((
            case_meetings::case_id.eq(&permit.thing().id),
            case_meetings::meeting_id.eq(meeting),
            case_meetings::linked_by.eq(by),
            case_meetings::linked_us.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// Whether the person is a contact point of this State at `at`: whom a fiche can name to be asked.
pub(super) fn is_contact_point_of(
    conn: &mut Conn,
    person: &PersonId,
    party: &PartyId,
    at: Moment,
) -> QueryResult<bool> {
    designations::table
        .inner_join(acts::table)
        .filter(designations::person_id.eq(person))
        .filter(designations::party_id.eq(party))
        .filter(designations::role.eq("contact_point"))
        .filter(in_force_at(at))
        .count()
        .get_result::<i64>(conn)
        .map(|count| count > 0)
}

/// The oldest case file of a State: for the import.
pub(super) fn first_of(conn: &mut Conn, party: &PartyId) -> QueryResult<Option<Case>> {
    cases::table
        .filter(cases::party_id.eq(party))
        .order((cases::opened_us, cases::id))
        .select(Case::as_select())
        .first(conn)
        .optional()
}

/// The party a person acts for: for the import.
pub(super) fn party_of(conn: &mut Conn, person: &PersonId) -> QueryResult<PartyId> {
    people::table.find(person).select(people::party_id).first(conn)
}
