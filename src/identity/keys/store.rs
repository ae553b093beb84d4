//! The rows of people's key pairs.

use diesel::prelude::*;

use crate::context::Moment;
use crate::db::schema::person_keys;
use crate::db::{Conn, Work, codes};
use crate::error::AppError;
use crate::identity::store::known;
use crate::ids::{PersonId, PersonKeyId};

/// A person's key pair, as it rests.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = person_keys)]
pub(super) struct PersonKey {
    pub(super) id: PersonKeyId,
    pub(super) person_id: PersonId,
    pub(super) pair: i64,
    pub(super) public_key: Vec<u8>,
    pub(super) by_password: Vec<u8>,
    pub(super) by_recovery_code: Option<Vec<u8>>,
    pub(super) made_us: Moment,
    pub(super) ended_us: Option<Moment>,
}

/// The living one: the newest, unless it was ended. A row without its code is an error: as if it were not there, another would be made, and everything
/// that was wrapped to the first be lost.
pub(super) fn person_key(work: &mut Work<'_>, person: &PersonId) -> Result<Option<PersonKey>, AppError> {
    let row: Option<(PersonKey, String)> = person_keys::table
        .filter(person_keys::person_id.eq(person))
        .order(person_keys::pair.desc())
        .select((PersonKey::as_select(), codes::row(work.conn, "person_keys")))
        .first(work.conn)
        .optional()?;
    let there = row.is_some();
    let row = known(work, "person_keys", row);
    if there && row.is_none() {
        return Err(AppError::internal("a person's key was changed past the server"));
    }
    Ok(row.filter(|key| key.ended_us.is_none()))
}

/// How many pairs a person has had: the number of the newest.
pub(super) fn pairs_of(conn: &mut Conn, person: &PersonId) -> QueryResult<i64> {
    let pairs = person_keys::table.filter(person_keys::person_id.eq(person));
    pairs.select(diesel::dsl::max(person_keys::pair)).first::<Option<i64>>(conn).map(Option::unwrap_or_default)
}

pub(super) fn insert_person_key(work: &mut Work<'_>, key: &PersonKey) -> QueryResult<()> {
    diesel::insert_into(person_keys::table).values(key).execute(work.conn)?;
    work.codes().record(key.id.as_str());
    Ok(())
}

pub(super) fn end_person_keys(conn: &mut Conn, person: &PersonId, now: Moment) -> QueryResult<()> {
    diesel::update(person_keys::table.filter(person_keys::person_id.eq(person)).filter(person_keys::ended_us.is_null()))
        .set(person_keys::ended_us.eq(now))
        .execute(conn)
        .map(drop)
}

/// Keeps a pair's seed under another password's key; under another code on paper if there is one.
pub(super) fn rewrap_person_key(
    conn: &mut Conn,
    (person, pair): (&PersonId, i64),
    by_password: &[u8],
    by_recovery_code: Option<&[u8]>,
) -> QueryResult<()> {
    let key = person_keys::table.filter(person_keys::person_id.eq(person)).filter(person_keys::pair.eq(pair));
    diesel::update(key).set(person_keys::by_password.eq(by_password)).execute(conn)?;
    if let Some(by_code) = by_recovery_code {
        diesel::update(key).set(person_keys::by_recovery_code.eq(by_code)).execute(conn)?;
    }
    Ok(())
}
