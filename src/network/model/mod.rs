//! What the network is made of, as types: words, requests, answers. No I/O.

mod act;
mod party;
mod person;
mod proposal;
mod term;

pub use act::{About, ActBody, Ended, EndedAct, EndingRequest, OffBoarding, SourceRequest};
pub use party::{
    NameRequest, NamedFrom, PartyBody, PartyKind, PartyLine, PartyRequest, Standing, StandingBody, StandingRequest,
};
pub use person::{
    AccountState, Body, DesignationBody, DesignationRequest, ElectionBody, ElectionRequest, Function, PersonBody,
    PersonLine, PersonRequest, Role, RoleHeld,
};
pub use proposal::{DecisionRequest, ProposalBody, ProposalKind, ProposalRequest, ProposalState};
pub use term::{Span, Term};

use crate::error::AppError;
use crate::input;

/// Longest name of a party or a person, in characters.
const NAME_MAX: usize = 200;
/// Longest source of an act, in characters.
const SOURCE_MAX: usize = 500;

/// The short code of a party.
pub(super) fn check_code(code: &str) -> Result<(), AppError> {
    let written = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (2..=24).contains(&code.len()) && code.chars().all(written) {
        Ok(())
    } else {
        Err(AppError::field("code", "not 2 to 24 of A-Z, a-z, 0-9, '-', '_', '.'"))
    }
}

/// A name of a party or a person.
pub(super) fn name(field: &str, text: &str) -> Result<String, AppError> {
    input::line(field, text, NAME_MAX)
}

/// Where a decision stands.
pub(super) fn source(text: &str) -> Result<String, AppError> {
    let source = input::line("source", text, SOURCE_MAX)?;
    input::unclassified("source", &source)?;
    Ok(source)
}
