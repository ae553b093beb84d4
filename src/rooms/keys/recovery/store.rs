//! The rows of recovery by officers. Keys, choices and requests carry codes: whoever could put another key in the place of
//! theirs would be given the rooms.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::Entered;
use crate::access::{Permit, actions};
use crate::context::Moment;
use crate::db::schema::{
    cases, recovery_keys, recovery_requests, recovery_wraps, requests, room_epochs, room_recoveries, rooms,
};
use crate::db::{Conn, Work, codes};
use crate::error::AppError;
use crate::ids::{PartyId, PersonId, RecoveryKeyId, RecoveryRequestId, RecoveryWrapId, RoomId, RoomRecoveryId};
use crate::rooms::opening::RoomKind;
use crate::rooms::store::Room;
use crate::seal::PublicKey;
use crate::seal::recovery::ceremony::Request;
use crate::seal::recovery::{ForOfficers, RecoveryKey};

#[derive(Queryable, Selectable)]
#[diesel(table_name = recovery_keys)]
struct KeyRow {
    id: RecoveryKeyId,
    public_key: Vec<u8>,
    verifying_key: Vec<u8>,
    needed: i64,
    shares: i64,
    entered_us: Moment,
    retired_us: Option<Moment>,
}

impl KeyRow {
    fn read(self) -> Result<Entered, AppError> {
        let verifying = self.verifying_key.as_slice().try_into().map_err(AppError::internal)?;
        let (needed, shares) = (u8::try_from(self.needed), u8::try_from(self.shares));
        let (needed, shares) = (needed.map_err(AppError::internal)?, shares.map_err(AppError::internal)?);
        let key = RecoveryKey::new(PublicKey::read(&self.public_key)?, verifying, needed, shares)?;
        if key.id == self.id {
            Ok(Entered { key, since: self.entered_us, retired: self.retired_us })
        } else {
            Err(AppError::internal("a recovery key is not that of its id"))
        }
    }
}

/// The keys that have their codes, the oldest first. One without is as if it were not there.
pub(super) fn entered(work: &mut Work<'_>) -> Result<Vec<Entered>, AppError> {
    let rows: Vec<(KeyRow, String)> = recovery_keys::table
        .order((recovery_keys::entered_us, recovery_keys::id))
        .select((KeyRow::as_select(), codes::row(work.conn, "recovery_keys")))
        .load(work.conn)?;
    let coded = rows.into_iter().filter(|(_, text)| work.codes().accept(codes::read("recovery_keys", text).coded()));
    coded.map(|(row, _)| row.read()).collect()
}

/// Whether a key was entered, by whomever.
pub(super) fn is_there(conn: &mut Conn, key: &RecoveryKeyId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(recovery_keys::table.find(key))).get_result(conn)
}

pub(super) fn insert_key(work: &mut Work<'_>, key: &RecoveryKey) -> QueryResult<()> {
    let now = work.now;
    diesel::insert_into(recovery_keys::table)
        .values((
            recovery_keys::id.eq(&key.id),
            recovery_keys::public_key.eq(key.public.bytes()),
            recovery_keys::verifying_key.eq(key.verifying.as_slice()),
            recovery_keys::needed.eq(i64::from(key.needed)),
            recovery_keys::shares.eq(i64::from(key.shares)),
            recovery_keys::entered_us.eq(now),
        ))
        .execute(work.conn)?;
    work.codes().record(key.id.as_str());
    Ok(())
}

/// Retires a key whose row was found to have its code.
pub(super) fn retire(work: &mut Work<'_>, key: &RecoveryKeyId) -> QueryResult<()> {
    let now = work.now;
    diesel::update(recovery_keys::table.find(key)).set(recovery_keys::retired_us.eq(now)).execute(work.conn)?;
    work.codes().record(key.as_str());
    Ok(())
}

/// A room's choice.
pub(super) struct Choice {
    /// Of which key.
    pub(super) key: RecoveryKeyId,
}

/// The choice of a room that was not ended, if it has its code.
pub(super) fn choice(work: &mut Work<'_>, room: &RoomId) -> Result<Option<Choice>, AppError> {
    let rows: Vec<(RecoveryKeyId, String)> = room_recoveries::table
        .filter(room_recoveries::room_id.eq(room))
        .filter(room_recoveries::ended_us.is_null())
        .order((room_recoveries::chosen_us, room_recoveries::id))
        .select((room_recoveries::key_id, codes::row(work.conn, "room_recoveries")))
        .load(work.conn)?;
    let coded = rows.into_iter().filter(|(_, text)| work.codes().accept(codes::read("room_recoveries", text).coded()));
    Ok(coded.last().map(|(key, _)| Choice { key }))
}

pub(super) fn insert_choice(
    work: &mut Work<'_>,
    permit: &Permit<actions::ChangeRecovery, Room>,
    key: &RecoveryKeyId,
    by: &PersonId,
) -> Result<(), AppError> {
    let (id, now) = (RoomRecoveryId::new(work)?, work.now);
    diesel::insert_into(room_recoveries::table)
        .values((
            room_recoveries::id.eq(&id),
            room_recoveries::room_id.eq(&permit.thing().id),
            room_recoveries::key_id.eq(key),
            room_recoveries::chosen_by.eq(by),
            room_recoveries::chosen_us.eq(now),
        ))
        .execute(work.conn)?;
    work.codes().record(id.as_str());
    Ok(())
}

/// Ends whatever choice a room has made, and deletes all that is sealed to officers; whether there was one.
pub(super) fn end_choices(work: &mut Work<'_>, permit: &Permit<actions::ChangeRecovery, Room>) -> QueryResult<bool> {
    let (room, now) = (&permit.thing().id, work.now);
    let open = room_recoveries::table.filter(room_recoveries::room_id.eq(room));
    let ended = diesel::update(open.filter(room_recoveries::ended_us.is_null()))
        .set(room_recoveries::ended_us.eq(now))
        .execute(work.conn)?;
    diesel::delete(recovery_wraps::table.filter(recovery_wraps::room_id.eq(room))).execute(work.conn)?;
    Ok(ended > 0)
}

/// Of which epochs of a room something is sealed to a key.
pub(super) fn sealed(conn: &mut Conn, room: &RoomId, key: &RecoveryKeyId) -> QueryResult<BTreeSet<i64>> {
    let epochs: Vec<i64> = recovery_wraps::table
        .filter(recovery_wraps::room_id.eq(room))
        .filter(recovery_wraps::key_id.eq(key))
        .select(recovery_wraps::epoch)
        .load(conn)?;
    Ok(epochs.into_iter().collect())
}

/// The numbers of a room's epochs.
pub(super) fn epochs(conn: &mut Conn, room: &RoomId) -> QueryResult<Vec<i64>> {
    room_epochs::table.filter(room_epochs::room_id.eq(room)).select(room_epochs::epoch).load(conn)
}

/// What is sealed to a key, the oldest epoch first.
pub(super) fn wraps(conn: &mut Conn, room: &RoomId, key: &RecoveryKeyId) -> QueryResult<Vec<(i64, Vec<u8>)>> {
    recovery_wraps::table
        .filter(recovery_wraps::room_id.eq(room))
        .filter(recovery_wraps::key_id.eq(key))
        .order(recovery_wraps::epoch)
        .select((recovery_wraps::epoch, recovery_wraps::seed))
        .load(conn)
}

pub(super) fn insert_wrap(work: &mut Work<'_>, place: &ForOfficers<'_>, seed: &[u8]) -> Result<(), AppError> {
    let id = RecoveryWrapId::new(work)?;
    diesel::insert_into(recovery_wraps::table)
        .values((
            recovery_wraps::id.eq(&id),
            recovery_wraps::room_id.eq(place.room),
            recovery_wraps::epoch.eq(place.epoch),
            recovery_wraps::key_id.eq(place.key),
            recovery_wraps::seed.eq(seed),
        ))
        .execute(work.conn)?;
    Ok(())
}

/// What a room belongs to: its kind, and the State whose case file or request it is.
pub(super) fn belongs(conn: &mut Conn, room: &RoomId) -> QueryResult<Option<(RoomKind, Option<PartyId>)>> {
    let found: Option<(RoomKind, Option<PartyId>, Option<PartyId>)> = rooms::table
        .left_join(cases::table.on(cases::room_id.eq(rooms::id)))
        .left_join(requests::table.on(requests::room_id.eq(rooms::id)))
        .filter(rooms::id.eq(room))
        .select((rooms::kind, cases::party_id.nullable(), requests::party_id.nullable()))
        .first(conn)
        .optional()?;
    Ok(found.map(|(kind, case, request)| (kind, case.or(request))))
}

pub(super) fn insert_request(work: &mut Work<'_>, request: &Request) -> QueryResult<()> {
    diesel::insert_into(recovery_requests::table)
        .values((
            recovery_requests::id.eq(&request.request),
            recovery_requests::room_id.eq(&request.room),
            recovery_requests::person_id.eq(&request.person),
            recovery_requests::key_id.eq(&request.recovery_key),
            recovery_requests::digest.eq(request.digest()),
            recovery_requests::asked_us.eq(request.asked),
        ))
        .execute(work.conn)?;
    work.codes().record(request.request.as_str());
    Ok(())
}

/// What was asked.
#[derive(Queryable, Selectable)]
#[diesel(table_name = recovery_requests)]
pub(super) struct RequestRow {
    pub(super) digest: Vec<u8>,
    pub(super) asked_us: Moment,
    pub(super) answered_us: Option<Moment>,
}

/// What was asked by this id. Nothing when its row has not its code.
pub(super) fn request(work: &mut Work<'_>, id: &RecoveryRequestId) -> QueryResult<Option<RequestRow>> {
    let row: Option<(RequestRow, String)> = recovery_requests::table
        .find(id)
        .select((RequestRow::as_select(), codes::row(work.conn, "recovery_requests")))
        .first(work.conn)
        .optional()?;
    let coded = row.filter(|(_, text)| work.codes().accept(codes::read("recovery_requests", text).coded()));
    Ok(coded.map(|(row, _)| row))
}

/// Says that a request whose row was found to have its code was answered.
pub(super) fn answered(work: &mut Work<'_>, id: &RecoveryRequestId) -> QueryResult<()> {
    let now = work.now;
    diesel::update(recovery_requests::table.find(id)).set(recovery_requests::answered_us.eq(now)).execute(work.conn)?;
    work.codes().record(id.as_str());
    Ok(())
}
