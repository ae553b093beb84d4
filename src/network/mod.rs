//! The network: parties, standings, people, designations, elections.

use diesel::QueryResult;

use crate::access::{FactBits, Facts, Thing, kinds};
use crate::db::Conn;

/// The network as a whole: what is asked about when there is no narrower thing yet.
pub struct TheNetwork;

impl Thing for TheNetwork {
    type Kind = kinds::Network;
    type Id = ();
    fn find(_: &mut Conn, (): &(), _: Facts) -> QueryResult<Option<(Self, FactBits)>> {
        Ok(Some((Self, 0)))
    }
}
