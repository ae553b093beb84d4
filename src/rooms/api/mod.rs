//! Rooms over JSON.

mod files;
mod notes;
mod recovery;
mod rooms;
mod search;

use crate::server::Route;

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [rooms::routes(), notes::routes(), files::routes(), recovery::routes(), search::routes()].concat()
}
