//! Whether the server lives, and whether it can serve.

use std::time::Duration;

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::registry::schema;
use super::{Access, Answer, Gives, Logs, Route, Takes, handler};
use crate::error::AppError;

/// The state of the server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// Always `ok`: what is not ok answers 503.
    pub status: &'static str,
}

/// Shorter than any lock is waited for: whoever asks must hear in time to send callers elsewhere.
const PATIENCE: Duration = Duration::from_millis(1500);

const OK: Health = Health { status: "ok" };

/// `healthz` and `readyz`, outside `/api/v1`.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/healthz",
            name: "healthz",
            summary: "Whether the process answers at all.",
            access: Access::Anyone,
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<Health>),
            also: &[],
            handler: handler(|_| async { Answer::json(&OK) }),
        },
        Route {
            method: Method::GET,
            path: "/readyz",
            name: "readyz",
            summary: "Whether it can serve: the database can be read and the log be written.",
            access: Access::Anyone,
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<Health>),
            also: &[],
            handler: handler(|call| async move {
                tokio::time::timeout(PATIENCE, call.db().probe()).await.map_err(AppError::log_unavailable)??;
                Answer::json(&OK)
            }),
        },
    ]
}
