//! The network over JSON.

mod acts;
mod parties;
mod people;
mod proposals;

use crate::server::Route;

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [parties::routes(), people::routes(), acts::routes(), proposals::routes()].concat()
}
