//! The network: parties with their names and standings, the people who act for them, what these are
//! designated and elected to, what States propose about their own, and the end of all of it.
//!
//! Everything here is an act (DESIGN §1): recorded beside a typed row, never changed, ended by another act.

pub mod api;
pub mod import;
pub mod model;
pub mod names;
pub mod pages;
mod service;
pub mod soon;
mod store;
