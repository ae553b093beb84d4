//! Requests over JSON.

use actix_web::http::Method;

use super::model::{ReplyBody, RequestBody, SendBody};
use super::service;
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::RequestId;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const PAGE: &[&str] = &["cursor", "limit"];

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/requests",
            name: "list_requests",
            summary: "The requests whose rooms the caller is admitted to, the one sent last first.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::RequestsListed),
            takes: Takes::Query(PAGE),
            gives: Gives::List(schema::<RequestBody>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/requests",
            name: "send_request",
            summary: "Send a request, spontaneous information or a notice of presence to other States. Its room opens with it.",
            access: Access::May(Action::SendRequest),
            logs: Logs::Event(Event::RequestSent),
            takes: Takes::Json(schema::<SendBody>),
            gives: Gives::Created(schema::<RequestBody>),
            also: &[],
            handler: handler(send),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/requests/{request}",
            name: "get_request",
            summary: "A request: who asks whom, by when, and how far each State is.",
            access: Access::May(Action::SeeRequest),
            logs: Logs::Event(Event::RequestRead),
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<RequestBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/requests/{request}/receipt",
            name: "acknowledge_request",
            summary: "Acknowledge receipt for one's State, once.",
            access: Access::May(Action::AcknowledgeRequest),
            logs: Logs::Event(Event::RequestAcknowledged),
            takes: Takes::Nothing,
            gives: Gives::Created(schema::<RequestBody>),
            also: &[409],
            handler: handler(acknowledge),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/requests/{request}/reply",
            name: "reply_to_request",
            summary: "Answer for one's State, or refuse with a ground: by a note in the room, which all who read there read.",
            access: Access::May(Action::ReplyToRequest),
            logs: Logs::Event(Event::RequestReplied),
            takes: Takes::Json(schema::<ReplyBody>),
            gives: Gives::Created(schema::<RequestBody>),
            also: &[409],
            handler: handler(reply),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let page = call.query(PAGE)?.page()?;
    Answer::json(&call.read(move |work, asker| service::list(work, asker, &page)).await?)
}

async fn send(call: Call) -> Result<Answer, AppError> {
    let new = call.json::<SendBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| service::send(work, asker, &new)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("request", RequestId::parse)?;
    Answer::json(&call.read(move |work, asker| service::get(work, asker, &id)).await?)
}

async fn acknowledge(call: Call) -> Result<Answer, AppError> {
    let id = call.path("request", RequestId::parse)?;
    Answer::created(&call.write(move |work, asker| service::acknowledge(work, asker, &id)).await?)
}

async fn reply(call: Call) -> Result<Answer, AppError> {
    let id = call.path("request", RequestId::parse)?;
    let new = call.json::<ReplyBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| service::reply(work, asker, &id, &new)).await?)
}
