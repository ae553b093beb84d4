//! Who is in a room, and who could be.

use diesel::prelude::*;

use super::Room;
use crate::access::acts::{admits_at, in_force_at};
use crate::access::{Permit, actions};
use crate::context::Moment;
use crate::db::fragment::{Fragment, Words};
use crate::db::schema::{acts, admissions, designations, parties, people, rooms, standings};
use crate::db::{Conn, Work, codes};
use crate::ids::{ActId, PartyId, PersonId, RoomId};
use crate::rooms::model::Member;
use crate::rooms::opening::{Reach, RoomKind};

/// Who is admitted at `at`, by name. Somebody admitted by several acts is shown with each.
pub(in crate::rooms) fn members(
    conn: &mut Conn,
    permit: &Permit<actions::SeeRoom, Room>,
    at: Moment,
) -> QueryResult<Vec<Member>> {
    let rows: Vec<(PersonId, String, PartyId, Reach, ActId, Moment)> = admissions::table
        .inner_join(acts::table)
        .inner_join(people::table)
        .filter(admissions::room_id.eq(&permit.thing().id))
        .filter(admits_at(at))
        .order((people::name, people::id, acts::effective_us, acts::id))
        .select((people::id, people::name, people::party_id, admissions::reach, acts::id, acts::effective_us))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(person, name, party, reach, act, from)| Member { person, name, party, reach, act, from, keyed: None })
        .collect())
}

/// Whom somebody inside could want to admit, and may know of: the people of the asker's own party, and those
/// who are in a session's room where the asker is too. Id, name, and the code of the party acted for. `A` lets the asker
/// see a room or send a request.
pub(in crate::rooms) fn acquaintances<A, T>(
    conn: &mut Conn,
    _: &Permit<A, T>,
    (person, party): (&PersonId, &PartyId),
    at: Moment,
) -> QueryResult<Vec<(PersonId, String, String)>> {
    let shared = admissions::table
        .inner_join(acts::table)
        .inner_join(rooms::table.on(rooms::id.eq(admissions::room_id)))
        .filter(rooms::kind.eq(RoomKind::Session))
        .filter(admissions::person_id.eq(person))
        .filter(admits_at(at))
        .select(rooms::id);
    let rooms: Vec<RoomId> = shared.load(conn)?;
    let met: Vec<PersonId> = admissions::table
        .inner_join(acts::table)
        .filter(admissions::room_id.eq_any(rooms))
        .filter(admits_at(at))
        .select(admissions::person_id)
        .distinct()
        .load(conn)?;
    people::table
        .inner_join(parties::table)
        .filter(people::party_id.eq(party).or(people::id.eq_any(met)))
        .order((parties::code, people::name, people::id))
        .select((people::id, people::name, parties::code))
        .load(conn)
}

/// The acts in force by which a person is admitted, the oldest first. `A` is [`actions::Admit`] or
/// [`actions::EndAdmission`].
pub(in crate::rooms) fn admissions_of<A>(
    conn: &mut Conn,
    permit: &Permit<A, Room>,
    person: &PersonId,
    at: Moment,
) -> QueryResult<Vec<ActId>> {
    admissions::table
        .inner_join(acts::table)
        .filter(admissions::room_id.eq(&permit.thing().id))
        .filter(admissions::person_id.eq(person))
        .filter(admits_at(at))
        .order((acts::effective_us, acts::id))
        .select(admissions::act_id)
        .load(conn)
}

/// Whether a person is admitted to the whole room at `at`, and not only to what came after, by an act that has its code.
pub(in crate::rooms) fn reaches_back(
    work: &mut Work<'_>,
    permit: &Permit<actions::Admit, Room>,
    person: &PersonId,
    at: Moment,
) -> QueryResult<bool> {
    let mut act = Fragment::new();
    act.either(codes::act("admissions", "admissions", "acts"));
    let rows: Vec<String> = admissions::table
        .inner_join(acts::table)
        .filter(admissions::room_id.eq(&permit.thing().id))
        .filter(admissions::person_id.eq(person))
        .filter(admissions::reach.eq(Reach::Whole))
        .filter(admits_at(at))
        .select(Words(act))
        .load(work.conn)?;
    Ok(rows.iter().any(|act| work.codes().accept(codes::read("admissions", act).coded())))
}

/// What a person who may be admitted is at `at`: name, party, and whether an officer of the Secretariat.
/// `None` for everyone whom no admission lets in, whether there is such a person or not. Asked before
/// leave is, since the rule depends on it.
pub(in crate::rooms) fn admissible(
    conn: &mut Conn,
    person: &PersonId,
    at: Moment,
) -> QueryResult<Option<(String, PartyId, bool)>> {
    let designated: Vec<(String, PartyId, String, String)> = designations::table
        .inner_join(acts::table)
        .inner_join(people::table.on(people::id.eq(designations::person_id)))
        .inner_join(parties::table.on(parties::id.eq(designations::party_id)))
        .filter(people::party_id.eq(designations::party_id))
        .filter(designations::person_id.eq(person))
        .filter(in_force_at(at))
        .select((people::name, people::party_id, parties::kind, designations::role))
        .load(conn)?;
    let Some((name, party, ..)) = designated.first().cloned() else { return Ok(None) };
    let standings: Vec<String> = standings::table
        .inner_join(acts::table)
        .filter(standings::party_id.eq(&party))
        .filter(in_force_at(at))
        .select(standings::standing)
        .load(conn)?;
    let of_state = |kind: &str, role: &str, standing: &str| {
        standings.iter().any(|held| held == standing)
            && designated.iter().any(|(_, _, held_kind, held_role)| held_kind == kind && held_role == role)
    };
    let officer = designated.iter().any(|(_, _, kind, role)| kind == "secretariat" && role == "secretariat_officer");
    let admissible =
        officer || of_state("state", "contact_point", "member") || of_state("state", "counterpart", "observer");
    Ok(admissible.then_some((name, party, officer)))
}
