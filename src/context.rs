//! What every unit of work is given from outside: the time and the randomness. Nothing else in the
//! crate reads a clock (`clippy.toml` denies it), so a test can stand at any moment it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::BigInt;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::error::AppError;

/// A point in time: microseconds since 1970-01-01T00:00Z. In JSON it is RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Moment(pub i64);

impl Moment {
    /// This moment and `seconds` more (or less).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds since 1970, as tokens count them.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole minutes since 1970: the precision that a log leaf shows.
    #[must_use]
    pub const fn minute(self) -> i64 {
        self.0.div_euclid(60_000_000)
    }

    /// The year in UTC.
    #[must_use]
    pub fn year(self) -> i32 {
        OffsetDateTime::from_unix_timestamp(self.seconds()).map_or(0, OffsetDateTime::year)
    }

    /// The moment that RFC 3339 text names, or the start of the UTC day that `YYYY-MM-DD` names. One whose
    /// year in UTC has not four digits (an offset can bring that about) could not be written again.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment =
            OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| day(text).map(|day| day.midnight().assume_utc()))?;
        let moment = moment.checked_to_offset(UtcOffset::UTC).filter(|moment| (0..=9999).contains(&moment.year()))?;
        i64::try_from(moment.unix_timestamp_nanos() / 1_000).ok().map(Self)
    }

    /// RFC 3339 in UTC, to the microsecond.
    #[must_use]
    pub fn rfc3339(self) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .unwrap_or_default()
    }
}

/// The calendar day that `YYYY-MM-DD` names, if there is such a day.
#[must_use]
pub fn day(text: &str) -> Option<time::Date> {
    // The format alone would take a sign before the year.
    if text.len() != 10 || text.starts_with(['+', '-']) {
        return None;
    }
    time::Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).ok()
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.rfc3339())
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a date or time"))
    }
}

impl schemars::JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

impl<DB: Backend> ToSql<BigInt, DB> for Moment
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Moment
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        i64::from_sql(bytes).map(Self)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Moment;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Moment {
        Moment(i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX))
    }
}

/// A clock that runs with the machine's, but set off from it: for tests and for rehearsing a date.
#[derive(Default)]
pub struct ShiftedClock(AtomicI64);

impl ShiftedClock {
    /// Sets the clock `seconds` further ahead.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Moment {
        Moment(SystemClock.now().0.saturating_add(self.0.load(Ordering::SeqCst)))
    }
}

/// Where randomness comes from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), AppError>;
}

/// The operating system's generator.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), AppError> {
        getrandom::fill(bytes).map_err(AppError::internal)
    }
}

/// The time and randomness of one unit of work. The time stands still within it, so that all its
/// facts are read as of one moment.
#[derive(Clone)]
pub struct Ctx {
    /// The moment as of which everything in this unit is judged and recorded.
    pub now: Moment,
    entropy: Arc<dyn Entropy>,
}

impl Ctx {
    /// A context at `now`.
    #[must_use]
    pub fn new(now: Moment, entropy: Arc<dyn Entropy>) -> Self {
        Self { now, entropy }
    }

    /// `N` random bytes.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], AppError> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }
}
