//! The public library: what the network adopted or published for everyone.

pub mod api;
pub mod import;
pub mod model;
mod service;
mod store;
