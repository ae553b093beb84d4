//! The integration tests: one binary, every test over TLS against a server of its own, on SQLite and on
//! PostgreSQL alike.

mod access;
mod bad_input;
mod meetings;
mod network;
mod support;
mod transport;
