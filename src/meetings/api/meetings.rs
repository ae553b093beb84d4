//! Meetings.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::MeetingId;
use crate::input;
use crate::meetings::model::{ChangeBody, ConveneBody, MeetingBody, MeetingDetail, MeetingKind, Wanted};
use crate::meetings::service::meetings as service;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Query, Route, Takes, handler};

const QUERY: &[&str] = &["kind", "from", "until", "cursor", "limit"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/meetings",
            name: "list_meetings",
            summary: "Meetings, the latest first: the ordinary ones, and those ad hoc ones that the caller may know of.",
            access: Access::Public(Action::SeeMeeting),
            logs: Logs::Nothing,
            takes: Takes::Query(QUERY),
            gives: Gives::List(schema::<MeetingBody>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/meetings",
            name: "convene_meeting",
            summary: "Convene a meeting.",
            access: Access::May(Action::ConveneMeeting),
            logs: Logs::Event(Event::MeetingConvened),
            takes: Takes::Json(schema::<ConveneBody>),
            gives: Gives::Created(schema::<MeetingBody>),
            also: &[409],
            handler: handler(convene),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/meetings/{meeting}",
            name: "get_meeting",
            summary: "A meeting with its topics and the sessions that the caller may know of.",
            access: Access::Public(Action::SeeMeeting),
            logs: Logs::SometimesEvent(Event::RoomSeen),
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<MeetingDetail>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::PUT,
            path: "/api/v1/meetings/{meeting}",
            name: "change_meeting",
            summary: "Replace the days, way, place and topics of a meeting; If-Match names the version it is based on.",
            access: Access::May(Action::ChangeMeeting),
            logs: Logs::Event(Event::MeetingChanged),
            takes: Takes::Json(schema::<ChangeBody>),
            gives: Gives::Json(schema::<MeetingBody>),
            also: &[412, 428],
            handler: handler(change),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let (wanted, page) = (wanted(&query)?, query.page()?);
    Answer::json(&call.read(move |work, asker| service::list(work, asker, &wanted, &page)).await?)
}

fn wanted(query: &Query) -> Result<Wanted, AppError> {
    let day = |name: &'static str| query.get(name).map(|text| input::day(name, text)).transpose();
    Ok(Wanted { kind: query.parse("kind", MeetingKind::parse)?, from: day("from")?, until: day("until")? })
}

async fn convene(call: Call) -> Result<Answer, AppError> {
    let new = call.json::<ConveneBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| service::convene(work, asker, &new)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("meeting", MeetingId::parse)?;
    let meeting = call.read(move |work, asker| service::get(work, asker, &id)).await?;
    Answer::json(&meeting)?.version(meeting.meeting.version)
}

async fn change(call: Call) -> Result<Answer, AppError> {
    let id = call.path("meeting", MeetingId::parse)?;
    let (based_on, to) = (call.if_match()?, call.json::<ChangeBody>()?.checked()?);
    let meeting = call.write(move |work, asker| service::change(work, asker, &id, based_on, to)).await?;
    Answer::json(&meeting)?.version(meeting.version)
}
