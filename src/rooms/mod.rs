//! Rooms: closed audiences with sealed contents.

pub mod opening;
