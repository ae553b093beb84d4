//! Acts of administration and their ending; and why somebody may see a thing.

use actix_web::http::Method;

use crate::access::explain::Explanation;
use crate::access::{Action, Kind};
use crate::audit::Event;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, PersonId};
use crate::network::model::{ActBody, EndingRequest};
use crate::network::service::acts;
use crate::network::service::explain::{self, Question};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Query, Route, Takes, handler};

const EXPLAIN: &[&str] = &["person", "thing", "at"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/acts/{act}",
            name: "get_act",
            summary: "One act of administration, with its endings.",
            access: Access::May(Action::SeeAct),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<ActBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/acts/{act}/ending",
            name: "end_act",
            summary: "End what an act of administration began, now or from a date on.",
            access: Access::May(Action::EndAct),
            logs: Logs::Event(Event::ActEnded),
            takes: Takes::Json(schema::<EndingRequest>),
            gives: Gives::Created(schema::<ActBody>),
            also: &[409],
            handler: handler(put_to_end),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/explain",
            name: "explain",
            summary: "What a person may do with a thing, by which rules, because of which acts, now or on a past date.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::Explained),
            takes: Takes::Query(EXPLAIN),
            gives: Gives::Json(schema::<Explanation>),
            also: &[404],
            handler: handler(explain),
        },
    ]
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("act", ActId::parse)?;
    Answer::json(&call.read(move |work, asker| acts::get(work, asker, &id)).await?)
}

async fn put_to_end(call: Call) -> Result<Answer, AppError> {
    let id = call.path("act", ActId::parse)?;
    let request = call.json::<EndingRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| acts::put_to_end(work, asker, &id, &request)).await?)
}

async fn explain(call: Call) -> Result<Answer, AppError> {
    let question = question(&call.query(EXPLAIN)?)?;
    Answer::json(&call.read(move |work, asker| explain::answer(work, asker, &question)).await?)
}

/// `thing` is an id, or a kind and an id: `room:…`.
fn question(query: &Query) -> Result<Question, AppError> {
    let thing = query.get("thing").ok_or_else(|| AppError::field("thing", "missing"))?;
    let (kind, id) = match thing.split_once(':') {
        Some((kind, id)) => {
            (Some(Kind::parse(kind).ok_or_else(|| AppError::field("thing", "no such kind of thing"))?), id)
        }
        None => (None, thing),
    };
    // Every kind's ids are written alike.
    let id = ActId::parse(id).ok_or_else(|| AppError::field("thing", "not an id, nor a kind and an id"))?;
    Ok(Question {
        person: query.parse("person", PersonId::parse)?,
        kind,
        thing: id.to_string(),
        at: query.parse("at", Moment::parse)?,
    })
}
