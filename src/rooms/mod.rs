//! Rooms: closed audiences with sealed contents. Who is admitted, who visits and why, the notes with their files, and what
//! of them is released to whom.
//!
//! [`opening`], [`keys`] and [`release`] are what other slices build on: a session's room opens with the session, a
//! case file's with the file, and a fiche is released as a note is. [`requests`] are nothing but rooms, and stand here.

pub mod api;
pub mod import;
pub mod keys;
pub mod mine;
pub mod model;
pub mod opening;
pub mod pages;
pub mod release;
pub mod requests;
mod service;
mod store;
mod transfer;
pub mod verify;

pub(crate) use service::audience::of_note as readers;
pub use store::{Note, Room};
