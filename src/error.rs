//! Every error a caller can meet. The public side is a [`Fault`] with fixed texts; what really
//! happened is the `cause`, which goes to the log and never to the client.

use std::error::Error as StdError;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// What was wrong with one field of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct FieldProblem {
    /// The field, as a dotted path into the body, or the name of the parameter or header.
    pub field: String,
    /// What is wrong with it, as a fixed text.
    pub problem: String,
}

/// What a caller is told. Each has one status and one fixed text: see [`Fault::public`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Something in the request is not as it must be.
    Invalid(Vec<FieldProblem>),
    /// Who asks is not known.
    SignInNeeded,
    /// A form that no page of ours sent for this log-in: another site may have made it.
    FormNotOurs,
    /// Known, may know of the thing, may not do this to it.
    NotPermitted,
    /// As before, but a means would help: a second factor, the unlock secret, or a visit.
    MeansNeeded(Means),
    /// No such thing, or none that the caller may know of: the two look alike on purpose (DESIGN §3.4).
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The head or the body took too long.
    TooSlow,
    /// In the way: it exists already, or its state forbids this.
    Conflict(&'static str),
    /// The version the change is based on is no longer the newest.
    Outdated,
    /// A change must say which version it is based on.
    IfMatchNeeded,
    /// More bytes than are taken here.
    TooLarge,
    /// A type of content that is not taken here.
    UnsupportedMedia,
    /// Too many tries; seconds to wait.
    TooMany(u32),
    /// Full at the moment; seconds to wait.
    Busy(u32),
    /// The log cannot be written, so nothing is done or disclosed (DESIGN §3.5).
    LogUnavailable,
    /// A change was begun, and whether it was committed cannot be found out. Never said of a read.
    Uncertain,
    /// A defect of ours.
    Internal,
}

/// What a permitted person still has to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A log-in with the second factor.
    SecondFactor,
    /// The header `Incamera-Unlock`.
    Unlock,
    /// The header `Incamera-Visit`, from `POST /rooms/{id}/visits`.
    Visit,
}

impl Fault {
    /// HTTP status, short name (the end of the problem's `type`), and title.
    #[must_use]
    pub const fn public(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Invalid(_) => (422, "invalid", "Something in the request is not as it must be."),
            Self::SignInNeeded => (401, "sign-in-needed", "Log in to do this."),
            Self::FormNotOurs => {
                (403, "form-not-ours", "This form was not sent from a page of this log-in. Open the page again.")
            }
            Self::NotPermitted => (403, "not-permitted", "You may not do this."),
            Self::MeansNeeded(Means::SecondFactor) => {
                (403, "second-factor-needed", "Log in with your second factor to do this.")
            }
            Self::MeansNeeded(Means::Unlock) => {
                (403, "unlock-needed", "Send the unlock secret of your log-in to do this.")
            }
            Self::MeansNeeded(Means::Visit) => (403, "visit-needed", "Open a visit with a purpose to do this."),
            Self::NotFound => (404, "not-found", "There is nothing here."),
            Self::MethodNotAllowed => (405, "method-not-allowed", "This cannot be done here."),
            Self::TooSlow => (408, "too-slow", "The request took too long to arrive."),
            Self::Conflict(_) => (409, "conflict", "The present state does not allow this."),
            Self::Outdated => (
                412,
                "outdated",
                "It was changed in the meantime. Nothing of yours was saved; read the newest version and try again.",
            ),
            Self::IfMatchNeeded => (428, "if-match-needed", "Say in If-Match which version this is based on."),
            Self::TooLarge => (413, "too-large", "This is larger than what is taken here."),
            Self::UnsupportedMedia => (415, "unsupported-media", "This type of content is not taken here."),
            Self::TooMany(_) => (429, "too-many", "Too many tries. Wait a little."),
            Self::Busy(_) => (503, "busy", "The server is busy. Try again in a moment."),
            Self::LogUnavailable => (503, "log-unavailable", "The log cannot be written, so nothing was done."),
            Self::Uncertain => {
                (503, "outcome-unknown", "It is not known whether this was done. Look before you try again.")
            }
            Self::Internal => (500, "internal", "Something went wrong on our side."),
        }
    }
}

/// An error on its way to the caller: the [`Fault`] that is shown and the cause that is not.
#[derive(Debug)]
pub struct AppError {
    /// What the caller is told.
    pub fault: Fault,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl AppError {
    /// A defect of ours, with what caused it.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { fault: Fault::Internal, cause: Some(cause.into()) }
    }

    /// One field is not as it must be. `problem` is a fixed text.
    pub fn field(field: impl Into<String>, problem: &'static str) -> Self {
        Fault::Invalid(vec![FieldProblem { field: field.into(), problem: problem.into() }]).into()
    }

    /// The log could not be written, with what caused it.
    pub fn log_unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { fault: Fault::LogUnavailable, cause: Some(cause.into()) }
    }

    /// Whether it was done is not known, with what caused it.
    pub fn uncertain(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { fault: Fault::Uncertain, cause: Some(cause.into()) }
    }

    /// What really happened, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl From<Fault> for AppError {
    fn from(fault: Fault) -> Self {
        Self { fault, cause: None }
    }
}

/// A database error says nothing to the caller but whether waiting may help. Where a unique violation
/// means something, the store says so with [`OrConflict`].
impl From<DieselError> for AppError {
    fn from(error: DieselError) -> Self {
        let fault = if is_outage(&error) { Fault::LogUnavailable } else { Fault::Internal };
        Self { fault, cause: Some(Box::new(error)) }
    }
}

/// Whether the database is out of order (gone, full, read-only, locked), as opposed to refusing a statement.
fn is_outage(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction
            | DatabaseErrorKind::SerializationFailure,
            _,
        )
        | DieselError::BrokenTransactionManager => true,
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) => {
            let text = info.message();
            [
                "disk",
                "full",
                "locked",
                "readonly",
                "No space",
                "unable to open",
                "terminating connection",
                "server closed",
                "no connection",
                "could not receive data",
                "could not send data",
                "canceling statement",
                "deadlock",
                "could not extend",
            ]
            .iter()
            .any(|sign| text.contains(sign))
        }
        _ => false,
    }
}

/// Turns the database's "such a thing exists already" into the caller's fault.
pub trait OrConflict<T> {
    /// A unique violation becomes `fault`; anything else stays what it is.
    ///
    /// # Errors
    /// As said.
    fn or_conflict(self, fault: Fault) -> Result<T, AppError>;
}

impl<T> OrConflict<T> for Result<T, DieselError> {
    fn or_conflict(self, fault: Fault) -> Result<T, AppError> {
        self.map_err(|error| match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => fault.into(),
            other => other.into(),
        })
    }
}
