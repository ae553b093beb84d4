//! Texts as they rest in the database. Every blob begins with a byte that names how it is sealed: [`PLAIN`] is for what
//! is no secret; what a room holds is sealed for one of its epochs ([`In`]), and says behind that byte for which; what has
//! more readers than a room is sealed by the server ([`Sealed::by_server`]).

use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Binary;

use super::epoch::In;
use super::keypair::{PublicKey, Seed, refused};
use super::secret::SecretKey;
use crate::context::Ctx;
use crate::error::AppError;
use crate::ids::RoomId;

/// The text as it is.
const PLAIN: u8 = 0;
/// Under a key of the server's. 1 and 2 are the ways of [`In`].
const BY_SERVER: u8 = 3;

/// Where a blob belongs: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The room.
    pub room: &'a RoomId,
    /// What of the room it is: `room.title`, `note.title`, `note.words`, `agenda` …
    pub what: &'static str,
    /// The id of the thing it is part of.
    pub thing: &'a str,
    /// Its version, where there are versions.
    pub version: i64,
}

/// A place for [`Sealed::by_server`]; none of its parts holds a slash.
fn spelled(Place { room, what, thing, version }: Place<'_>) -> String {
    format!("contents/{room}/{what}/{thing}/{version}")
}

/// A text, sealed or plain.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Seals `text` under the seed of the place's epoch.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(ctx: &Ctx, at: In<'_>, seed: &Seed, text: &str) -> Result<Self, AppError> {
        Self::with_epoch(at.epoch, &at.seal(ctx, seed, text.as_bytes())?)
    }

    /// Seals `text` to the public key of the place's epoch.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal_to(ctx: &Ctx, at: In<'_>, public: &PublicKey, text: &str) -> Result<Self, AppError> {
        Self::with_epoch(at.epoch, &at.seal_to(ctx, public, text.as_bytes())?)
    }

    fn with_epoch(epoch: i64, blob: &[u8]) -> Result<Self, AppError> {
        let epoch = u32::try_from(epoch).map_err(AppError::internal)?.to_be_bytes();
        let (way, rest) = blob.split_first().ok_or_else(refused)?;
        Ok(Self([&[*way], epoch.as_slice(), rest].concat()))
    }

    /// The epoch of its room that it is sealed for; nothing for a plain one.
    #[must_use]
    pub fn epoch(&self) -> Option<i64> {
        let (way, rest) = self.0.split_first()?;
        let epoch = rest.first_chunk::<4>().filter(|_| *way != PLAIN && *way != BY_SERVER)?;
        Some(i64::from(u32::from_be_bytes(*epoch)))
    }

    /// Opens it at its place, with the seed of its epoch.
    ///
    /// # Errors
    /// When it is not what belongs there: a defect, or somebody's hand in the database.
    pub fn open(&self, seed: &Seed, place: Place<'_>) -> Result<String, AppError> {
        let epoch = self.epoch().ok_or_else(refused)?;
        let (way, rest) = self.0.split_first().ok_or_else(refused)?;
        let blob = [&[*way], rest.get(4..).unwrap_or_default()].concat();
        let text = In { place, epoch }.open(seed, &blob)?;
        String::from_utf8(text.to_vec()).map_err(AppError::internal)
    }

    /// Seals a text whose readers are more than those who are in its room, under a key of the server's that is not in
    /// the database.
    ///
    /// # Errors
    /// Without randomness.
    pub fn by_server(ctx: &Ctx, keeper: &SecretKey, place: Place<'_>, text: &str) -> Result<Self, AppError> {
        Ok(Self([&[BY_SERVER], keeper.seal(ctx, &spelled(place), text.as_bytes())?.as_slice()].concat()))
    }

    /// Opens what [`Sealed::by_server`] made.
    ///
    /// # Errors
    /// When it is not that, of this place.
    pub fn open_by_server(&self, keeper: &SecretKey, place: Place<'_>) -> Result<String, AppError> {
        let (&BY_SERVER, blob) = self.0.split_first().ok_or_else(refused)? else { return Err(refused()) };
        String::from_utf8(keeper.open(&spelled(place), blob)?.to_vec()).map_err(AppError::internal)
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
