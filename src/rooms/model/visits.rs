//! Visits: stays in a room, each with a purpose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::PURPOSE_MAX;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::VisitId;
use crate::input;

/// A visit to begin, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitBody {
    /// What it is for: at most 300 characters, and nobody's name. It stands in the log, where the auditor
    /// and the States whose things are read can see it.
    pub purpose: String,
}

/// Why somebody comes in.
#[derive(Clone, Debug)]
pub struct Purpose(pub String);

impl VisitBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Purpose, AppError> {
        let purpose = input::line("purpose", &self.purpose, PURPOSE_MAX)?;
        input::unclassified("purpose", &purpose)?;
        Ok(Purpose(purpose))
    }
}

/// A visit that has begun.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VisitOpened {
    /// For the header `Incamera-Visit`.
    pub visit: VisitId,
    /// When it ends by itself.
    pub expires_at: Moment,
}
