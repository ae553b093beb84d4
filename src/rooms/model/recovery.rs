//! Recovery of a room by officers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Moment;
use crate::ids::RecoveryKeyId;

/// Whether officers can recover a room if its keys are lost.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RecoveryBody {
    /// Whose key the room has chosen; nothing while only those admitted can open it.
    pub chosen: Option<RecoveryKeyBody>,
    /// Whether they could open all that is there: what comes later is sealed to them at once, what was there before as soon
    /// as somebody comes in who can open it.
    pub complete: bool,
    /// The key that can be chosen now, if there is one.
    pub offered: Option<RecoveryKeyBody>,
}

/// A key that officers hold in shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecoveryKeyBody {
    /// Its id, a digest of the key: to be compared with what the officers themselves gave out.
    pub id: RecoveryKeyId,
    /// How many shares are needed.
    pub needed: u8,
    /// How many there are.
    pub shares: u8,
    /// When it was entered.
    pub entered: Moment,
    /// When another took its place: what is written since is not sealed to it.
    pub retired: Option<Moment>,
}

/// Which key to choose, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseRecoveryBody {
    /// The key that is offered.
    pub key: RecoveryKeyId,
}
