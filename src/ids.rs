//! Ids: UUIDs, one type for each kind of thing, kept as text because that is what both databases hold. They are of
//! version 4, so that neither order nor time shows in them; but those of the log's entries.

use crate::context::Ctx;
use crate::error::AppError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        #[serde(transparent)]
        pub struct $name(#[schemars(extend("format" = "uuid"))] String);

        impl $name {
            /// The id that `text` spells in the canonical form, if it does.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let id = uuid::Uuid::try_parse(text).ok()?.to_string();
                (id == text).then_some(Self(id))
            }

            /// The canonical text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an id"))
            }
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Text, DB>::to_sql(self.0.as_str(), out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes).map(Self)
            }
        }
    };
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        id!($(#[$doc])* $name);

        impl $name {
            /// A new random id.
            ///
            /// # Errors
            /// When the operating system gives no randomness.
            pub fn new(ctx: &Ctx) -> Result<Self, AppError> {
                Ok(Self(uuid::Builder::from_random_bytes(ctx.random::<16>()?).into_uuid().to_string()))
            }
        }
    )*};
}

ids! {
    /// A State or an organisation.
    PartyId,
    /// A human being who acts for a party.
    PersonId,
    /// A dated decision with a source.
    ActId,
    /// A State's proposal about its own people.
    ProposalId,
    /// An invitation to open an account.
    InvitationId,
    /// One log-in of one person.
    SignInId,
    /// A meeting.
    MeetingId,
    /// A part of a meeting.
    SessionId,
    /// A line of an agenda, or a topic of a meeting.
    ItemId,
    /// A document of an open session.
    MaterialId,
    /// A closed audience with its contents.
    RoomId,
    /// One stay of one person in one room.
    VisitId,
    /// A note in a room.
    NoteId,
    /// A file that belongs to a note.
    FileId,
    /// One State's register entry on an investigation.
    CaseId,
    /// What one State asks of others or tells them.
    RequestId,
    /// What a State addressed did with it.
    ReplyId,
    /// What keeps entries of the log from being erased.
    HoldId,
    /// A document of the public library.
    PublicationId,
    /// A one-use code that replaces a lost second factor.
    RecoveryCodeId,
    /// A passkey.
    PasskeyId,
    /// What was asked of a browser about a passkey, until it answers.
    CeremonyId,
    /// The key pair of a person.
    PersonKeyId,
    /// The key pair of a room, for a time.
    EpochId,
    /// The seed of a room's epoch, for one person.
    RoomKeyId,
    /// The key by which officers recover rooms: a digest of it.
    RecoveryKeyId,
    /// A room's choice to be recovered by officers.
    RoomRecoveryId,
    /// The seed of a room's epoch, for the officers.
    RecoveryWrapId,
    /// What is asked of the officers: good once.
    RecoveryRequestId,
}

id!(
    /// An entry of the log.
    EntryId
);

impl EntryId {
    /// A new id, of version 7 (RFC 9562): the millisecond in which it is made (whoever reads the entry is told when that
    /// was, or, of a read, when it ended), and 74 random bits.
    /// So the newest lie together in the index over them, and a commit changes a page or two of it. Random ones, each on
    /// another, doubled what it costs to append to a log of a million entries.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new(ctx: &Ctx) -> Result<Self, AppError> {
        let milliseconds = ctx.now.0.unsigned_abs() / 1000;
        let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &ctx.random::<10>()?).into_uuid();
        Ok(Self(id.to_string()))
    }
}

/// A text enum: one spelling in code, JSON and both databases (where a CHECK lists the same words).
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            schemars::JsonSchema, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),* }

        impl $name {
            /// Every value, in the order of the definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value so spelled, if there is one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Text, DB>::to_sql(self.as_str(), out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                Self::parse(&text).ok_or_else(|| format!("{text:?} is no {}", stringify!($name)).into())
            }
        }
    };
}
