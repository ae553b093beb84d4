//! The public library: what the network adopted or published for everyone.

pub mod api;
pub mod import;
pub mod model;
pub mod pages;
mod service;
mod store;
