//! What tests stand on: a server of their own with a database of their own, a client that sees the bytes,
//! and people who can log in.

pub mod authenticator;
pub mod browser;
pub mod client;
pub mod cluster;
pub mod database;
pub mod html;
pub mod kept;
pub mod made;
pub mod process;
pub mod proxy;
pub mod scene;
pub mod server;
pub mod shim;
pub mod snapshot;
pub mod sources;
pub mod tables;
pub mod twins;
pub mod witness;
pub mod world;

pub use client::{Client, Reply};
pub use server::TestServer;
pub use tables::Tables;
pub use world::World;

/// Runs a test on both databases: `both!(name, |server| { … })` makes `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both {
    ($(#[$meta:meta])* $name:ident, $body:expr) => {
        mod $name {
            use super::*;
            $(#[$meta])*
            #[test]
            fn sqlite() {
                let run: fn($crate::support::TestServer) = $body;
                run($crate::support::TestServer::start($crate::support::database::Kind::Sqlite));
            }
            $(#[$meta])*
            #[test]
            fn postgres() {
                let run: fn($crate::support::TestServer) = $body;
                run($crate::support::TestServer::start($crate::support::database::Kind::Postgres));
            }
        }
    };
}
