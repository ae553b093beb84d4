//! The types of this slice: what is sent, what is answered, and what may be typed where.

mod admissions;
mod files;
mod notes;
mod recovery;
mod search;
mod visits;

pub use admissions::{AdmitBody, Member, NewAdmission, Reader, Reads, RoomBody};
pub use files::{FileBody, FileDetails, NewFile, file_name};
pub use notes::{
    HandlingCode, NewNote, NewRelease, NoteBody, NoteLine, NoteReleaseBody, NoteVersionLine, ReleaseBody, Revision,
    WriteBody,
};
pub use recovery::{ChooseRecoveryBody, RecoveryBody, RecoveryKeyBody};
pub use search::{FoundNote, Search, SearchBody, SearchFound};
pub use visits::{Purpose, VisitBody, VisitOpened};

use crate::error::AppError;
use crate::input;

/// Longest source of an act, in characters.
const SOURCE_MAX: usize = 500;

/// The source of an act; `usual` when none is said.
fn source(text: Option<&str>, usual: &'static str) -> Result<String, AppError> {
    let Some(text) = text else { return Ok(usual.to_owned()) };
    let source = input::line("source", text, SOURCE_MAX)?;
    input::unclassified("source", &source)?;
    Ok(source)
}
