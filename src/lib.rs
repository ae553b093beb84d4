//! `incamera`: a TLS-only server on which a network of national prosecutors coordinates its work on core
//! international crimes. It keeps what is said in open sessions apart from what is said in closed ones.
//!
//! `docs/ARCHITECTURE.md` walks through the rooms below; the lower five know nothing of the upper ones.

// The lower rooms: what every slice stands on.
pub mod access;
pub mod audit;
pub mod db;
pub mod seal;
pub mod server;

// What they share.
pub mod context;
pub mod error;
pub mod ids;
pub mod input;
pub mod settings;

// The upper rooms: the slices.
pub mod cases;
pub mod identity;
pub mod library;
pub mod meetings;
pub mod network;
pub mod rooms;

// A program of its own: it takes the listener and the log's formats, and nothing else.
pub mod witness;

// The first page, and the command line: both put the slices together.
pub mod app;
pub mod cli;
mod start;
