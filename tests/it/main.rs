//! The integration tests: one binary, every test over TLS against a server of its own, on SQLite and on
//! PostgreSQL alike.

mod access;
mod cases;
mod faults;
mod kill;
mod rooms;
mod support;
mod transport;
mod work;
mod writer;
