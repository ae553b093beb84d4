//! What can be done in rooms: each function asks for leave, does it, and stages the log entry.

pub(super) mod admissions;
pub(super) mod audience;
pub(super) mod files;
pub(super) mod notes;
pub(super) mod recovery;
pub(super) mod releases;
pub(super) mod rooms;
pub(super) mod sealing;
pub(super) mod search;
pub(super) mod visits;
