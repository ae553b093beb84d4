//! The library over JSON.

use actix_web::http::Method;

use super::model::{PublicationBody, PublicationKind, PublicationRequest};
use super::service;
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::PublicationId;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const QUERY: &[&str] = &["kind", "cursor", "limit"];

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/publications",
            name: "list_publications",
            summary: "The documents of the public library, by title.",
            access: Access::Public(Action::SeePublication),
            logs: Logs::Nothing,
            takes: Takes::Query(QUERY),
            gives: Gives::List(schema::<PublicationBody>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/publications/{publication}",
            name: "get_publication",
            summary: "One document of the public library.",
            access: Access::Public(Action::SeePublication),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<PublicationBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/publications",
            name: "record_publication",
            summary: "Record a document in the public library.",
            access: Access::May(Action::RecordPublication),
            logs: Logs::Event(Event::PublicationRecorded),
            takes: Takes::Json(schema::<PublicationRequest>),
            gives: Gives::Created(schema::<PublicationBody>),
            also: &[409],
            handler: handler(create),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let kind = query.parse("kind", PublicationKind::parse)?;
    Answer::json(&call.read(move |work, asker| service::list(work, asker, kind, &page)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("publication", PublicationId::parse)?;
    Answer::json(&call.read(move |work, asker| service::get(work, asker, &id)).await?)
}

async fn create(call: Call) -> Result<Answer, AppError> {
    let request = call.json::<PublicationRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| service::create(work, asker, &request)).await?)
}
