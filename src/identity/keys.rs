//! A person's own key pair, to which the keys of rooms are wrapped (decision 21). Its seed rests under the key that the
//! password gives, and under a code on paper; a log-in has it under secrets that only the client holds. Nobody else can
//! open it: whoever has lost both begins with another pair, and is admitted to each room anew.

mod store;

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use self::store::PersonKey;
use super::hashing::Kek;
use crate::context::Ctx;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PersonId, PersonKeyId};
use crate::seal::{Key, Seed, Wrapped};

/// Prefix of the code on paper.
const ROOM_CODE: &str = "icm_";

/// A new code on paper. 256 random bits need no slow hash.
pub(super) fn new_code(ctx: &Ctx) -> Result<Zeroizing<String>, AppError> {
    let secret = Zeroizing::new(ctx.random::<32>()?);
    Ok(Zeroizing::new(format!("{ROOM_CODE}{}", BASE64URL_NOPAD.encode(secret.as_slice()))))
}

/// A code on paper as it was typed, if it is one.
///
/// # Errors
/// `Invalid` naming `room_code`.
pub(super) fn judge_code(typed: &str) -> Result<Zeroizing<String>, AppError> {
    let typed = typed.trim();
    let secret = typed.strip_prefix(ROOM_CODE).and_then(|secret| BASE64URL_NOPAD.decode(secret.as_bytes()).ok());
    match secret.map(Zeroizing::new) {
        Some(secret) if secret.len() == 32 => Ok(Zeroizing::new(typed.to_owned())),
        _ => Err(not_the_code()),
    }
}

/// What is said of a code that opens nothing.
pub(super) fn not_the_code() -> AppError {
    AppError::field("room_code", "not the code on your paper")
}

/// Makes a key pair in the place of the one there was, under the password's key and, if there is one, the code on paper.
pub(super) fn make(work: &mut Work<'_>, person: &PersonId, kek: &Kek, code: Option<&str>) -> Result<Key, AppError> {
    let pair = store::pairs_of(work.conn, person)?.saturating_add(1);
    let own = Key::new(person.clone(), pair, Seed::new(work)?);
    let key = PersonKey {
        id: PersonKeyId::new(work)?,
        person_id: person.clone(),
        pair,
        public_key: own.seed().public()?.bytes(),
        by_password: Wrapped::ByPassword { person, pair }.under(work, kek.bytes(), own.seed())?,
        by_recovery_code: by_code(work, person, &own, code)?,
        made_us: work.now,
        ended_us: None,
    };
    store::end_person_keys(work.conn, person, work.now)?;
    store::insert_person_key(work, &key)?;
    Ok(own)
}

fn by_code(ctx: &Ctx, person: &PersonId, own: &Key, code: Option<&str>) -> Result<Option<Vec<u8>>, AppError> {
    let place = Wrapped::ByRecoveryCode { person, pair: own.pair() };
    code.map(|code| place.under(ctx, code.as_bytes(), own.seed())).transpose()
}

/// Opens a person's seed by the key that the password gives. Nothing when there is no pair; an error when there is one
/// that cannot be opened: then somebody changed it past the server.
pub(super) fn open(work: &mut Work<'_>, person: &PersonId, kek: &Kek) -> Result<Option<Key>, AppError> {
    let Some(key) = store::person_key(work, person)? else { return Ok(None) };
    let seed = Wrapped::ByPassword { person, pair: key.pair }.open(kek.bytes(), &key.by_password)?;
    Ok(Some(Key::new(person.clone(), key.pair, seed)))
}

/// Opens it by the code on paper; nothing when it is not that.
pub(super) fn open_by_code(work: &mut Work<'_>, person: &PersonId, code: &str) -> Result<Option<Key>, AppError> {
    let Some(PersonKey { pair, by_recovery_code: Some(blob), .. }) = store::person_key(work, person)? else {
        return Ok(None);
    };
    let seed = Wrapped::ByRecoveryCode { person, pair }.open(code.as_bytes(), &blob);
    Ok(seed.ok().map(|seed| Key::new(person.clone(), pair, seed)))
}

/// Opens the seed of whoever logs in, or makes the pair of whoever has none yet, since the account is older than rooms
/// have keys; `true` then. One that cannot be opened is told to the operator, and the log-in reaches no room.
pub(super) fn open_or_make(work: &mut Work<'_>, person: &PersonId, kek: &Kek) -> Result<(Option<Key>, bool), AppError> {
    match open(work, person, kek) {
        Ok(Some(own)) => Ok((Some(own), false)),
        Ok(None) => Ok((Some(make(work, person, kek, None)?), true)),
        Err(error) => {
            tracing::error!(cause = ?error.cause().map(ToString::to_string), "a person's key cannot be opened");
            Ok((None, false))
        }
    }
}

/// Keeps a seed under a new password's key; under a new code on paper, too, if there is one.
pub(super) fn rewrap(
    work: &mut Work<'_>,
    person: &PersonId,
    own: &Key,
    kek: &Kek,
    code: Option<&str>,
) -> Result<(), AppError> {
    let by_password = Wrapped::ByPassword { person, pair: own.pair() }.under(work, kek.bytes(), own.seed())?;
    let by_code = by_code(work, person, own, code)?;
    Ok(store::rewrap_person_key(work.conn, (person, own.pair()), &by_password, by_code.as_deref())?)
}
