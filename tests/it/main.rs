//! The integration tests: one binary, every test over TLS against a server of its own, on SQLite and on
//! PostgreSQL alike.

// Tells clippy that the helpers are test code too (clippy.toml says what tests may).
#![cfg(test)]
// What these ask for makes a server better to read, but hardly a test.
#![allow(clippy::pedantic)]

mod access;
mod bad_input;
mod cases;
mod codes;
mod commands;
mod demo;
mod faults;
mod files;
mod identity;
mod keymodel;
mod keys;
mod kill;
mod languages;
mod layering;
mod library;
mod log;
mod meetings;
mod memory;
mod model;
mod network;
mod openapi;
mod pages;
mod process;
mod readers;
mod recovery;
mod requests;
mod rooms;
mod schema;
mod search;
mod sharing;
mod steps;
mod support;
mod transport;
mod walk;
mod work;
mod worlds;
mod writer;
