//! The types of this slice: what is sent, what is answered, and what may be typed where.

mod conclusions;
mod materials;
mod meetings;
mod sessions;

pub use conclusions::{
    Adopt, AdoptBody, ConclusionActBody, ConclusionsBody, ConclusionsState, Draft, DraftBody, Publish, PublishBody,
};
pub(super) use conclusions::{ConclusionAct, state_of};
pub use materials::{MaterialBody, MediaType, NewMaterial};
pub use meetings::{
    ChangeBody, ConveneBody, MeetingBody, MeetingChange, MeetingDetail, MeetingKind, NewMeeting, Wanted, Way,
};
pub use sessions::{
    ActBody, Admitted, Agenda, AgendaBody, EndBody, Ending, InviteBody, NewParticipation, NewSession, NewSessionBody,
    Participant, ParticipationBody, SessionBody, SessionDetail, SessionKind,
};

use crate::error::AppError;
use crate::input;

/// Longest source of an act, in characters.
const SOURCE_MAX: usize = 500;
/// Longest title, in characters.
const TITLE_MAX: usize = 200;

/// A line that people type as content: no line of it may bear a classification.
fn content_line(field: &str, text: &str, most: usize) -> Result<String, AppError> {
    let text = input::line(field, text, most)?;
    input::unclassified(field, &text)?;
    Ok(text)
}

/// A list of such lines, each named by its place in errors.
fn content_lines(field: &str, texts: &[String], count: usize, most: usize) -> Result<Vec<String>, AppError> {
    if texts.len() > count {
        return Err(AppError::field(field, "too many"));
    }
    texts.iter().enumerate().map(|(place, text)| content_line(&format!("{field}[{place}]"), text, most)).collect()
}

/// The source of an act.
fn source(text: &str) -> Result<String, AppError> {
    content_line("source", text, SOURCE_MAX)
}
