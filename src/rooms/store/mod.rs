//! The rows of this slice.

mod admissions;
mod files;
mod mine;
mod notes;
mod rooms;
mod visits;

pub(super) use admissions::{acquaintances, admissible, admissions_of, members, reaches_back};
pub(super) use files::{
    SealedFile, begin_upload, broken_off, digests, drop_upload, end_upload, file, files_of, insert_file, keep_piece,
    piece, piece_at_rest, uploads_of,
};
pub(super) use mine::{admitted_to, last_visits, news};
pub use notes::Note;
pub(super) use notes::{
    NoteAt, SealedVersion, holds_notes, insert_note, insert_version, newest, page as notes_page, released_versions,
    versions,
};
pub use rooms::Room;
pub(super) use visits::{end_visit, end_visits_of, insert_visit};
