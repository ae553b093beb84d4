//! Requests: what one State asks of others, tells them, or lets them know of a suspect's presence (Decisions 2002/494/JHA
//! and 2003/335/JHA). Each has a room: its text is the first note there, and so are the answers (decision 26).

pub mod api;
pub mod import;
pub mod model;
pub mod pages;
mod service;
mod store;

pub use store::Request;
