//! Rooms over JSON.

mod notes;
mod rooms;

use crate::server::Route;

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [rooms::routes(), notes::routes()].concat()
}
