//! The rows of the keys of rooms.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::access::acts::admits_at;
use crate::context::Moment;
use crate::db::fragment::{Fragment, Words};
use crate::db::schema::{acts, admissions, person_keys, room_epochs, room_keys, rooms};
use crate::db::{Conn, Work, codes};
use crate::error::AppError;
use crate::ids::{EpochId, PersonId, RoomId, RoomKeyId};
use crate::rooms::opening::{Reach, RoomKind};
use crate::seal::{ForMember, PublicKey};

/// The key pair of a room for a time.
#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = room_epochs)]
pub(super) struct Epoch {
    pub(super) id: EpochId,
    #[diesel(column_name = epoch)]
    pub(super) number: i64,
    pub(super) public_key: Vec<u8>,
    pub(super) kept: Option<Vec<u8>>,
    pub(super) began_us: Moment,
    pub(super) closed_us: Option<Moment>,
}

/// An epoch's seed, for one person.
#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = room_keys)]
pub(super) struct Wrap {
    pub(super) id: RoomKeyId,
    pub(super) room_id: RoomId,
    pub(super) epoch: i64,
    pub(super) seed: Vec<u8>,
}

/// The epochs of a room, the oldest first. All must have their codes: whoever could put another public key there would
/// read what is sealed to it.
pub(super) fn epochs(work: &mut Work<'_>, room: &RoomId) -> Result<Vec<Epoch>, AppError> {
    let rows: Vec<(Epoch, String)> = room_epochs::table
        .filter(room_epochs::room_id.eq(room))
        .order(room_epochs::epoch)
        .select((Epoch::as_select(), codes::row(work.conn, "room_epochs")))
        .load(work.conn)?;
    if rows.iter().all(|(_, text)| work.codes().accept(codes::read("room_epochs", text).coded())) {
        Ok(rows.into_iter().map(|(row, _)| row).collect())
    } else {
        Err(AppError::internal("the public key of a room was changed past the server"))
    }
}

pub(super) fn insert_epoch(
    work: &mut Work<'_>,
    room: &RoomId,
    epoch: i64,
    public_key: &[u8],
    began: Moment,
) -> Result<EpochId, AppError> {
    let id = EpochId::new(work)?;
    diesel::insert_into(room_epochs::table)
        .values((
            room_epochs::id.eq(&id),
            room_epochs::room_id.eq(room),
            room_epochs::epoch.eq(epoch),
            room_epochs::public_key.eq(public_key),
            room_epochs::began_us.eq(began),
        ))
        .execute(work.conn)?;
    work.codes().record(id.as_str());
    Ok(id)
}

/// Ends an epoch whose row was found to have its code.
pub(super) fn close(work: &mut Work<'_>, epoch: &Epoch) -> QueryResult<()> {
    let now = work.now;
    diesel::update(room_epochs::table.find(&epoch.id)).set(room_epochs::closed_us.eq(now)).execute(work.conn)?;
    work.codes().record(epoch.id.as_str());
    Ok(())
}

/// Keeps the seed of an epoch whose row was found to have its code, or forgets it.
pub(super) fn keep(work: &mut Work<'_>, epoch: &EpochId, kept: Option<&[u8]>) -> QueryResult<()> {
    diesel::update(room_epochs::table.find(epoch)).set(room_epochs::kept.eq(kept)).execute(work.conn)?;
    work.codes().record(epoch.as_str());
    Ok(())
}

/// What is kept for one person's key pair of these rooms.
pub(super) fn wraps(conn: &mut Conn, rooms: &[RoomId], person: &PersonId, pair: i64) -> QueryResult<Vec<Wrap>> {
    room_keys::table
        .filter(room_keys::room_id.eq_any(rooms))
        .filter(room_keys::person_id.eq(person))
        .filter(room_keys::pair.eq(pair))
        .order(room_keys::epoch)
        .select(Wrap::as_select())
        .load(conn)
}

/// For whom something is kept: person, pair, epoch.
pub(super) fn holders(conn: &mut Conn, room: &RoomId) -> QueryResult<Vec<(PersonId, i64, i64)>> {
    room_keys::table
        .filter(room_keys::room_id.eq(room))
        .select((room_keys::person_id, room_keys::pair, room_keys::epoch))
        .load(conn)
}

pub(super) fn insert_wrap(work: &mut Work<'_>, place: &ForMember<'_>, seed: &[u8]) -> Result<(), AppError> {
    let id = RoomKeyId::new(work)?;
    diesel::insert_into(room_keys::table)
        .values((
            room_keys::id.eq(&id),
            room_keys::room_id.eq(place.room),
            room_keys::epoch.eq(place.epoch),
            room_keys::person_id.eq(place.person),
            room_keys::pair.eq(place.pair),
            room_keys::seed.eq(seed),
        ))
        .execute(work.conn)?;
    Ok(())
}

pub(super) fn replace_wrap(conn: &mut Conn, id: &RoomKeyId, seed: &[u8]) -> QueryResult<()> {
    diesel::update(room_keys::table.find(id)).set(room_keys::seed.eq(seed)).execute(conn).map(drop)
}

pub(super) fn delete_wrap(conn: &mut Conn, room: &RoomId, person: &PersonId, epoch: i64) -> QueryResult<()> {
    let of_person = room_keys::table.filter(room_keys::room_id.eq(room)).filter(room_keys::person_id.eq(person));
    diesel::delete(of_person.filter(room_keys::epoch.eq(epoch))).execute(conn).map(drop)
}

/// Deletes what was kept for a person's other key pairs: nobody opens it any more.
pub(super) fn delete_others(conn: &mut Conn, room: &RoomId, person: &PersonId, pair: i64) -> QueryResult<()> {
    let of_person = room_keys::table.filter(room_keys::room_id.eq(room)).filter(room_keys::person_id.eq(person));
    diesel::delete(of_person.filter(room_keys::pair.ne(pair))).execute(conn).map(drop)
}

/// Who is admitted to a room at `at` by an act that has its code, how far, from when on, and what room it is.
pub(super) fn admitted(
    work: &mut Work<'_>,
    room: &RoomId,
    at: Moment,
) -> QueryResult<Vec<(PersonId, Reach, Moment, RoomKind)>> {
    let mut act = Fragment::new();
    act.either(codes::act("admissions", "admissions", "acts"));
    let rows: Vec<((PersonId, Reach, Moment, RoomKind), String)> = admissions::table
        .inner_join(acts::table)
        .inner_join(rooms::table.on(rooms::id.eq(admissions::room_id)))
        .filter(admissions::room_id.eq(room))
        .filter(admits_at(at))
        .select(((admissions::person_id, admissions::reach, acts::effective_us, rooms::kind), Words(act)))
        .load(work.conn)?;
    let coded = rows.into_iter().filter(|(_, act)| work.codes().accept(codes::read("admissions", act).coded()));
    Ok(coded.map(|(row, _)| row).collect())
}

/// The rooms where a person was given a key, or was admitted while the server keeps it, and where somebody admitted at
/// `at` has a living key pair and no key.
pub(super) fn unsettled(conn: &mut Conn, person: &PersonId, at: Moment) -> QueryResult<Vec<RoomId>> {
    let mut rooms: Vec<RoomId> =
        room_keys::table.filter(room_keys::person_id.eq(person)).select(room_keys::room_id).distinct().load(conn)?;
    let kept: Vec<RoomId> = room_epochs::table
        .inner_join(admissions::table.on(admissions::room_id.eq(room_epochs::room_id)))
        .filter(admissions::person_id.eq(person))
        .filter(room_epochs::kept.is_not_null())
        .select(room_epochs::room_id)
        .distinct()
        .load(conn)?;
    rooms.extend(kept);
    let given = room_keys::table
        .filter(room_keys::room_id.eq(admissions::room_id))
        .filter(room_keys::person_id.eq(admissions::person_id))
        .filter(room_keys::pair.eq(person_keys::pair));
    admissions::table
        .inner_join(acts::table)
        .inner_join(person_keys::table.on(person_keys::person_id.eq(admissions::person_id)))
        .filter(admits_at(at))
        .filter(person_keys::ended_us.is_null())
        .filter(admissions::room_id.eq_any(rooms))
        .filter(diesel::dsl::not(diesel::dsl::exists(given)))
        .select(admissions::room_id)
        .distinct()
        .load(conn)
}

/// The living key pairs of these people: of each the newest, unless it was ended. An older one that somebody revived is
/// none.
pub(super) fn pairs<'a>(
    conn: &mut Conn,
    people: impl Iterator<Item = &'a PersonId>,
) -> QueryResult<BTreeMap<PersonId, i64>> {
    let rows: Vec<(PersonId, i64, Option<Moment>)> = person_keys::table
        .filter(person_keys::person_id.eq_any(people.collect::<Vec<_>>()))
        .order(person_keys::pair)
        .select((person_keys::person_id, person_keys::pair, person_keys::ended_us))
        .load(conn)?;
    let newest: BTreeMap<PersonId, (i64, Option<Moment>)> =
        rows.into_iter().map(|(person, pair, ended)| (person, (pair, ended))).collect();
    Ok(newest.into_iter().filter(|(_, (_, ended))| ended.is_none()).map(|(person, (pair, _))| (person, pair)).collect())
}

/// The public key of one of them; nothing when its row has not its code.
pub(super) fn public_key(work: &mut Work<'_>, person: &PersonId, pair: i64) -> Result<Option<PublicKey>, AppError> {
    let row: Option<(Vec<u8>, String)> = person_keys::table
        .filter(person_keys::person_id.eq(person))
        .filter(person_keys::pair.eq(pair))
        .filter(person_keys::ended_us.is_null())
        .select((person_keys::public_key, codes::row(work.conn, "person_keys")))
        .first(work.conn)
        .optional()?;
    match row {
        Some((key, text)) if work.codes().accept(codes::read("person_keys", &text).coded()) => {
            PublicKey::read(&key).map(Some)
        }
        _ => Ok(None),
    }
}
