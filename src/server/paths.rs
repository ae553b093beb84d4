//! From a request's method and path to its route.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::Method;

use super::registry::Route;
use crate::error::AppError;

/// The parts of a path that the route has names for.
pub(super) type Named = BTreeMap<String, String>;

/// All paths, as a tree: actix's own table would hold a pattern for each against every request.
pub(super) struct Paths(matchit::Router<Vec<Arc<Route>>>);

/// What is at a path.
pub(super) enum Found {
    /// This route.
    Route(Arc<Route>, Named),
    /// Only routes of these other methods.
    OtherMethod(String),
    /// Nothing.
    Nothing,
}

impl Paths {
    /// Of these routes.
    ///
    /// # Errors
    /// When two paths cannot be told apart.
    pub(super) fn new(routes: Vec<Route>) -> Result<Self, AppError> {
        let mut paths: BTreeMap<&'static str, Vec<Arc<Route>>> = BTreeMap::new();
        for route in routes {
            paths.entry(route.path).or_default().push(Arc::new(route));
        }
        let mut tree = matchit::Router::new();
        for (path, routes) in paths {
            tree.insert(path, routes).map_err(AppError::internal)?;
        }
        Ok(Self(tree))
    }

    /// Literal parts come before names. A path is taken as it was sent: nothing that a route has a name for needs to be
    /// written with a percent sign.
    pub(super) fn find(&self, method: &Method, path: &str) -> Found {
        let Ok(at) = self.0.at(path) else { return Found::Nothing };
        match at.value.iter().find(|route| route.method == *method) {
            Some(route) => Found::Route(
                Arc::clone(route),
                at.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ),
            None => {
                Found::OtherMethod(at.value.iter().map(|route| route.method.as_str()).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
