//! Meetings over JSON.

mod conclusions;
mod materials;
mod meetings;
mod sessions;

use crate::server::Route;

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [meetings::routes(), sessions::routes(), materials::routes(), conclusions::routes()].concat()
}
