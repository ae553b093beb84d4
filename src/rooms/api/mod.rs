//! Rooms over JSON.

mod notes;
mod rooms;
mod search;

use crate::server::Route;

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [rooms::routes(), notes::routes(), search::routes()].concat()
}
