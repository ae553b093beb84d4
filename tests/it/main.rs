//! The integration tests: one binary, every test over TLS against a server of its own, on SQLite and on
//! PostgreSQL alike.

// Tells clippy that the helpers are test code too (clippy.toml says what tests may).
#![cfg(test)]

mod access;
mod cases;
mod commands;
mod demo;
mod network;
mod rooms;
mod support;
mod transport;
