//! Meetings: ordinary and ad hoc ones, their sessions, agendas, the people taking part, the materials of
//! open sessions, and the conclusions.
//!
//! What a closed session holds is in its room; here is only that it is held, and its sealed agenda.

pub mod api;
pub mod import;
pub mod known;
mod media;
pub mod model;
pub mod pages;
mod service;
mod store;

pub use service::choices::{OrdinaryMeeting, ordinary};
pub use store::{Conclusions, Material, Meeting, Session};
