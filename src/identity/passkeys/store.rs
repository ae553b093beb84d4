//! The tables of passkeys.

use diesel::prelude::*;

use crate::context::Moment;
use crate::db::schema::{passkey_ceremonies, passkeys};
use crate::db::{Conn, Work, codes};
use crate::identity::store::known;
use crate::ids::{CeremonyId, PasskeyId, PersonId};
use crate::text_enum;

text_enum! {
    /// What was asked of a browser.
    CeremonyKind {
        /// To make a passkey.
        Registration = "registration",
        /// To sign with one.
        LogIn = "log_in",
    }
}

/// A passkey.
#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = passkeys)]
pub(super) struct PasskeyRow {
    pub(super) id: PasskeyId,
    pub(super) person_id: PersonId,
    pub(super) credential_id: Vec<u8>,
    pub(super) passkey: String,
    pub(super) name: String,
    pub(super) made_us: Moment,
    pub(super) used_us: Option<Moment>,
    pub(super) ended_us: Option<Moment>,
}

/// What was asked of a browser.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = passkey_ceremonies)]
pub(super) struct Ceremony {
    pub(super) id: CeremonyId,
    pub(super) person_id: PersonId,
    pub(super) kind: CeremonyKind,
    pub(super) state: String,
    pub(super) means_us: Moment,
    pub(super) expires_us: Moment,
    /// The seed of whoever logs in, under what the browser holds.
    pub(super) seed: Option<Vec<u8>>,
    pub(super) pair: Option<i64>,
}

/// Those of a person that are good, the oldest first.
pub(super) fn of(work: &mut Work<'_>, person: &PersonId) -> QueryResult<Vec<PasskeyRow>> {
    let rows: Vec<(PasskeyRow, String)> = passkeys::table
        .filter(passkeys::person_id.eq(person))
        .filter(passkeys::ended_us.is_null())
        .order((passkeys::made_us, passkeys::id))
        .select((PasskeyRow::as_select(), codes::row(work.conn, "passkeys")))
        .load(work.conn)?;
    Ok(rows.into_iter().filter_map(|row| known(work, "passkeys", Some(row))).collect())
}

pub(super) fn insert(conn: &mut Conn, row: &PasskeyRow) -> QueryResult<()> {
    diesel::insert_into(passkeys::table).values(row).execute(conn).map(drop)
}

/// Keeps what a use changed about a passkey; `false` when it was ended meanwhile.
pub(super) fn used(conn: &mut Conn, id: &PasskeyId, passkey: &str, now: Moment) -> QueryResult<bool> {
    diesel::update(passkeys::table.find(id).filter(passkeys::ended_us.is_null()))
        .set((passkeys::passkey.eq(passkey), passkeys::used_us.eq(now)))
        .execute(conn)
        .map(|changed| changed == 1)
}

/// Ends one of a person's passkeys; `false` when there is none such.
pub(super) fn end(conn: &mut Conn, person: &PersonId, id: &PasskeyId, now: Moment) -> QueryResult<bool> {
    diesel::update(passkeys::table.find(id).filter(passkeys::person_id.eq(person)).filter(passkeys::ended_us.is_null()))
        .set(passkeys::ended_us.eq(now))
        .execute(conn)
        .map(|changed| changed == 1)
}

pub(super) fn end_all(conn: &mut Conn, person: &PersonId, now: Moment) -> QueryResult<()> {
    diesel::update(passkeys::table.filter(passkeys::person_id.eq(person)).filter(passkeys::ended_us.is_null()))
        .set(passkeys::ended_us.eq(now))
        .execute(conn)
        .map(drop)
}

/// Keeps what was asked, and forgets what nobody answered in time.
pub(super) fn begin(conn: &mut Conn, ceremony: &Ceremony, now: Moment) -> QueryResult<()> {
    diesel::delete(passkey_ceremonies::table.filter(passkey_ceremonies::expires_us.le(now))).execute(conn)?;
    diesel::insert_into(passkey_ceremonies::table).values(ceremony).execute(conn).map(drop)
}

pub(super) fn ceremony(
    conn: &mut Conn,
    id: &CeremonyId,
    kind: CeremonyKind,
    now: Moment,
) -> QueryResult<Option<Ceremony>> {
    passkey_ceremonies::table
        .find(id)
        .filter(passkey_ceremonies::kind.eq(kind))
        .filter(passkey_ceremonies::expires_us.gt(now))
        .select(Ceremony::as_select())
        .first(conn)
        .optional()
}

/// Takes back what was asked: it is good for one answer. `false` when it was answered already.
pub(super) fn take(conn: &mut Conn, id: &CeremonyId) -> QueryResult<bool> {
    diesel::delete(passkey_ceremonies::table.find(id)).execute(conn).map(|gone| gone == 1)
}
