//! What goes over the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Basis;
use crate::context::Moment;
use crate::ids::{PartyId, PersonId, SignInId};

/// A log-in's request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    /// The address the account was opened with.
    pub email: String,
    /// The password.
    pub password: String,
    /// The six digits of the second factor, or a recovery code. Without it the log-in reaches no room.
    #[serde(default)]
    pub code: Option<String>,
}

/// A refresh's request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    /// The refresh token given last. Each can be used once; a second use ends the log-in.
    pub refresh_token: String,
}

/// What a log-in or a refresh gives. The unlock secret is kept by the client alone.
#[derive(Serialize, JsonSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Seconds it lives.
    pub expires_in: i64,
    /// For the next refresh.
    pub refresh_token: String,
    /// For `Incamera-Unlock`.
    pub unlock: String,
}

/// An invitation's request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteBody {
    /// The address the account will be opened with.
    pub email: String,
}

/// An invitation, shown once: it is for the Secretariat to hand over, not by the same way as anything else.
#[derive(Serialize, JsonSchema)]
pub struct Invitation {
    /// Takes up the invitation, once.
    pub token: String,
    /// Until when.
    pub expires_at: Moment,
}

/// Taking up an invitation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptBody {
    /// The token of the invitation.
    pub token: String,
    /// The password chosen: 15 to 128 characters.
    pub password: String,
    /// Whoever had an account before and has the room code of it on paper stays in the rooms; without it, the people
    /// inside admit anew.
    #[serde(default)]
    pub room_code: Option<String>,
}

/// The means to log in, shown once.
#[derive(Serialize, JsonSchema)]
pub struct Enrolled {
    /// The address of the account.
    pub email: String,
    /// The seed for the authenticator, base32.
    pub totp_secret: String,
    /// The same as an address that authenticators read.
    pub otpauth: String,
    /// Each replaces the second factor once. To be printed and locked away.
    pub recovery_codes: Vec<String>,
    /// Opens the rooms again once the password is forgotten, together with an invitation. To be printed and locked away.
    pub room_code: String,
}

/// A change of password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The present one.
    pub password: String,
    /// The new one.
    pub new_password: String,
}

/// Who is logged in.
#[derive(Serialize, JsonSchema)]
pub struct Me {
    /// The person.
    pub person: PersonRef,
    /// The party the person acts for.
    pub party: PartyRef,
    /// The role, as the first designation in force has it.
    pub role: String,
    /// The party's standing.
    pub standing: Option<String>,
    /// Whether this log-in used a second factor.
    pub second_factor: bool,
    /// The acts all of this rests on.
    pub acts: Vec<Basis>,
}

/// A person, named.
#[derive(Serialize, JsonSchema)]
pub struct PersonRef {
    /// The id.
    pub id: PersonId,
    /// The name.
    pub name: String,
}

/// A party, named.
#[derive(Serialize, JsonSchema)]
pub struct PartyRef {
    /// The id.
    pub id: PartyId,
    /// The name in force.
    pub name: String,
    /// ISO code or short name.
    pub code: String,
    /// The kind.
    pub kind: String,
}

/// One of one's own log-ins.
#[derive(Serialize, JsonSchema)]
pub struct SignInSummary {
    /// The id.
    pub id: SignInId,
    /// When it began.
    pub opened_at: Moment,
    /// When it was last renewed.
    pub refreshed_at: Moment,
    /// When it ends at the latest.
    pub expires_at: Moment,
    /// Whether it used a second factor.
    pub second_factor: bool,
    /// Whether it is the one asking.
    pub this: bool,
}
