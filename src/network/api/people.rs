//! People, their designations and elections, suspension and off-boarding.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId};
use crate::network::model::{
    ActBody, DesignationRequest, ElectionRequest, OffBoarding, PersonBody, PersonLine, PersonRequest, SourceRequest,
};
use crate::network::service::{people, rights};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const QUERY: &[&str] = &["party", "cursor", "limit"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/people",
            name: "list_people",
            summary: "The people the caller may see, by name, with their designations in force.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Nothing,
            takes: Takes::Query(QUERY),
            gives: Gives::List(schema::<PersonLine>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/people/{person}",
            name: "get_person",
            summary: "One person, with designations and elections, in force and past.",
            access: Access::May(Action::SeePerson),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<PersonBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/parties/{party}/people",
            name: "record_person",
            summary: "Record a person who acts for a party.",
            access: Access::May(Action::RecordPerson),
            logs: Logs::Event(Event::PersonRecorded),
            takes: Takes::Json(schema::<PersonRequest>),
            gives: Gives::Created(schema::<PersonBody>),
            also: &[],
            handler: handler(create),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/people/{person}/designations",
            name: "designate",
            summary: "Record that the person's party designates the person.",
            access: Access::May(Action::Designate),
            logs: Logs::Event(Event::ActRecorded),
            takes: Takes::Json(schema::<DesignationRequest>),
            gives: Gives::Created(schema::<ActBody>),
            also: &[409],
            handler: handler(designate),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/people/{person}/elections",
            name: "elect",
            summary: "Record the election of a contact point to a body.",
            access: Access::May(Action::Elect),
            logs: Logs::Event(Event::ActRecorded),
            takes: Takes::Json(schema::<ElectionRequest>),
            gives: Gives::Created(schema::<ActBody>),
            also: &[409],
            handler: handler(elect),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/people/{person}/suspension",
            name: "suspend",
            summary: "Keep a person from logging in until the suspension is ended; the log-ins that live end now.",
            access: Access::May(Action::Suspend),
            logs: Logs::Event(Event::ActRecorded),
            takes: Takes::Json(schema::<SourceRequest>),
            gives: Gives::Created(schema::<ActBody>),
            also: &[409],
            handler: handler(suspend),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/people/{person}/off-boarding",
            name: "off_board",
            summary: "End every right of a person at once.",
            access: Access::May(Action::OffBoard),
            logs: Logs::Event(Event::OffBoarded),
            takes: Takes::Json(schema::<SourceRequest>),
            gives: Gives::Created(schema::<OffBoarding>),
            also: &[],
            handler: handler(off_board),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let party = query.parse("party", PartyId::parse)?;
    Answer::json(&call.read(move |work, asker| people::list(work, asker, party.as_ref(), &page)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    Answer::json(&call.read(move |work, asker| people::get(work, asker, &id)).await?)
}

async fn create(call: Call) -> Result<Answer, AppError> {
    let party = call.path("party", PartyId::parse)?;
    let request = call.json::<PersonRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| people::create(work, asker, &party, &request)).await?)
}

async fn designate(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let request = call.json::<DesignationRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| people::designate(work, asker, &id, &request)).await?)
}

async fn elect(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let request = call.json::<ElectionRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| people::elect(work, asker, &id, &request)).await?)
}

async fn suspend(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let request = call.json::<SourceRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| rights::suspend(work, asker, &id, &request)).await?)
}

async fn off_board(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let request = call.json::<SourceRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| rights::off_board(work, asker, &id, &request)).await?)
}
