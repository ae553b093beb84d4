//! Conclusions.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::MeetingId;
use crate::meetings::model::{AdoptBody, ConclusionsBody, DraftBody, PublishBody};
use crate::meetings::service::conclusions as service;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/meetings/{meeting}/conclusions",
            name: "get_conclusions",
            summary: "The conclusions of a meeting: what is published, or the newest version for those who may see drafts.",
            access: Access::Public(Action::SeeConclusions),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<ConclusionsBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::PUT,
            path: "/api/v1/meetings/{meeting}/conclusions",
            name: "draft_conclusions",
            summary: "Write the next version of the conclusions; If-Match names the one it is based on, \"0\" for the first.",
            access: Access::May(Action::DraftConclusions),
            logs: Logs::Event(Event::ConclusionsDrafted),
            takes: Takes::Json(schema::<DraftBody>),
            gives: Gives::Json(schema::<ConclusionsBody>),
            also: &[409, 412, 428],
            handler: handler(draft),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/meetings/{meeting}/conclusions/adoption",
            name: "adopt_conclusions",
            summary: "Record that the newest version was adopted.",
            access: Access::May(Action::AdoptConclusions),
            logs: Logs::Event(Event::ConclusionsAdopted),
            takes: Takes::Json(schema::<AdoptBody>),
            gives: Gives::Created(schema::<ConclusionsBody>),
            also: &[409],
            handler: handler(adopt),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/meetings/{meeting}/conclusions/publication",
            name: "publish_conclusions",
            summary: "Publish the adopted version.",
            access: Access::May(Action::PublishConclusions),
            logs: Logs::Event(Event::ConclusionsPublished),
            takes: Takes::Json(schema::<PublishBody>),
            gives: Gives::Created(schema::<ConclusionsBody>),
            also: &[409],
            handler: handler(publish),
        },
    ]
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let body = call.read(move |work, asker| service::get(work, asker, &meeting)).await?;
    Answer::json(&body)?.version(body.version.unwrap_or(0))
}

async fn draft(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let draft = call.json::<DraftBody>()?.checked(call.if_match()?)?;
    let body = call.write(move |work, asker| service::draft(work, asker, &meeting, draft)).await?;
    Answer::json(&body)?.version(body.version.unwrap_or(0))
}

async fn adopt(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let adopt = call.json::<AdoptBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| service::adopt(work, asker, &meeting, &adopt)).await?)
}

async fn publish(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let publish = call.json::<PublishBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| service::publish(work, asker, &meeting, &publish)).await?)
}
