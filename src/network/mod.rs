//! The network: parties with their names and standings, the people who act for them, what these are
//! designated and elected to, what States propose about their own, and the end of all of it.
//!
//! Everything here is an act (DESIGN §1): recorded beside a typed row, never changed, ended by another act.

use diesel::QueryResult;

use crate::access::{FactBits, Facts, Thing, kinds};
use crate::db::Conn;

pub mod api;
pub mod import;
pub mod model;
pub mod names;
pub mod pages;
mod service;
pub mod soon;
mod store;

/// The network as a whole, which is always there.
#[derive(Debug)]
pub struct TheNetwork;

impl Thing for TheNetwork {
    type Kind = kinds::Network;
    type Id = ();
    fn find(_: &mut Conn, (): &Self::Id, _: Facts) -> QueryResult<Option<(Self, FactBits)>> {
        Ok(Some((Self, 0)))
    }
}
