//! The contents of rooms.
//!
//! Every blob begins with a byte that names how it is sealed. The only way so far is [`PLAIN`]: the text
//! as it is. The issue "Closed rooms that the operator cannot open" adds the real one here; callers
//! already say where each blob belongs ([`Place`], the associated data) and bring the proof of the unlock
//! secret ([`Key`]), so nothing else will change.

use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Binary;

use crate::access::{Asker, Fact};
use crate::error::{AppError, Fault, Means};
use crate::ids::RoomId;

/// The text as it is.
const PLAIN: u8 = 0;

/// Where a blob belongs: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The room.
    pub room: &'a RoomId,
    /// What of the room it is: `room.title`, `note.title`, `note.words`, `fiche`, `agenda` …
    pub what: &'static str,
    /// The id of the thing it is part of.
    pub thing: &'a str,
    /// Its version, where there are versions.
    pub version: i64,
}

/// Proof that the request at hand may open what rooms hold: the log-in's unlock secret came with it.
#[derive(Debug)]
pub struct Key(());

impl Key {
    /// The key of a request.
    ///
    /// # Errors
    /// `MeansNeeded` when the request did not bring the unlock secret.
    pub fn of(asker: &Asker) -> Result<Self, AppError> {
        if asker.facts().has(Fact::Unlocked) { Ok(Self(())) } else { Err(Fault::MeansNeeded(Means::Unlock).into()) }
    }
}

/// A sealed text.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Seals `text` for its place. Writing needs no key: whoever may write into a room need not be able
    /// to read it.
    #[must_use]
    pub fn seal(_: Place<'_>, text: &str) -> Self {
        let mut blob = Vec::with_capacity(text.len().saturating_add(1));
        blob.push(PLAIN);
        blob.extend_from_slice(text.as_bytes());
        Self(blob)
    }

    /// Opens it at its place.
    ///
    /// # Errors
    /// When it is not what belongs there: a defect, or somebody's hand in the database.
    pub fn open(&self, _: &Key, place: Place<'_>) -> Result<String, AppError> {
        match self.0.split_first() {
            Some((&PLAIN, text)) => String::from_utf8(text.to_vec()).map_err(AppError::internal),
            _ => Err(AppError::internal(format!("a sealed {} cannot be opened", place.what))),
        }
    }

    /// Words that are no secret (an open session's agenda), kept in a column that can also hold sealed ones.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        let mut blob = vec![PLAIN];
        blob.extend_from_slice(text.as_bytes());
        Self(blob)
    }

    /// Reads what [`Sealed::plain`] made.
    ///
    /// # Errors
    /// When it is sealed.
    pub fn read_plain(&self) -> Result<String, AppError> {
        match self.0.split_first() {
            Some((&PLAIN, text)) => String::from_utf8(text.to_vec()).map_err(AppError::internal),
            _ => Err(AppError::internal("words that should be plain are sealed")),
        }
    }
}

impl<DB: Backend> ToSql<Binary, DB> for Sealed
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        ToSql::<Binary, DB>::to_sql(self.0.as_slice(), out)
    }
}

impl<DB: Backend> FromSql<Binary, DB> for Sealed
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        Vec::<u8>::from_sql(bytes).map(Self)
    }
}
