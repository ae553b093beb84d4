//! placeholder until the slice lands
use crate::access::{FactBits, Facts, Thing, kinds};
use crate::db::Conn;
use diesel::QueryResult;
/// The network.
pub struct TheNetwork;
impl Thing for TheNetwork {
    type Kind = kinds::Network;
    type Id = ();
    fn find(_: &mut Conn, (): &(), _: Facts) -> QueryResult<Option<(Self, FactBits)>> {
        Ok(Some((Self, 0)))
    }
}
