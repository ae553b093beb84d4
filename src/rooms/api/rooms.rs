//! Rooms, visits and admissions.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{PersonId, RoomId, VisitId};
use crate::rooms::model::{AdmitBody, Member, RoomBody, VisitBody, VisitOpened};
use crate::rooms::service::{admissions, rooms, visits};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/rooms/{room}",
            name: "get_room",
            summary: "A room: its title, its members, what it belongs to.",
            access: Access::May(Action::SeeRoom),
            logs: Logs::Event(Event::RoomSeen),
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<RoomBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/rooms/{room}/visits",
            name: "open_visit",
            summary: "Begin a visit with a stated purpose. What the room holds is read and written during a visit only.",
            access: Access::May(Action::OpenVisit),
            logs: Logs::Event(Event::VisitOpened),
            takes: Takes::Json(schema::<VisitBody>),
            gives: Gives::Created(schema::<VisitOpened>),
            also: &[409],
            handler: handler(open_visit),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/rooms/{room}/visits/{visit}",
            name: "end_visit",
            summary: "End one's own visit before its time.",
            access: Access::May(Action::OpenVisit),
            logs: Logs::Event(Event::VisitEnded),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end_visit),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/rooms/{room}/admissions",
            name: "admit",
            summary: "Admit a person to the room: from inside only; to a case file's or request's, by its State only.",
            access: Access::May(Action::Admit),
            logs: Logs::Event(Event::Admitted),
            takes: Takes::Json(schema::<AdmitBody>),
            gives: Gives::Created(schema::<Member>),
            also: &[409],
            handler: handler(admit),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/rooms/{room}/admissions/{person}",
            name: "end_admission",
            summary: "End the admission of somebody else, and the visits that last.",
            access: Access::May(Action::EndAdmission),
            logs: Logs::Event(Event::AdmissionEnded),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end_admission),
        },
    ]
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("room", RoomId::parse)?;
    Answer::json(&call.read(move |work, asker| rooms::get(work, asker, &id)).await?)
}

async fn open_visit(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let purpose = call.json::<VisitBody>()?.checked()?;
    let minutes = call.settings().rooms.visit_minutes;
    Answer::created(&call.write(move |work, asker| visits::open(work, asker, &room, &purpose, minutes)).await?)
}

async fn end_visit(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let visit = call.path("visit", VisitId::parse)?;
    call.write(move |work, asker| visits::end(work, asker, &room, &visit)).await?;
    Ok(Answer::nothing())
}

async fn admit(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let new = call.json::<AdmitBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| admissions::admit(work, asker, &room, &new)).await?)
}

async fn end_admission(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let person = call.path("person", PersonId::parse)?;
    call.write(move |work, asker| admissions::end(work, asker, &room, &person)).await?;
    Ok(Answer::nothing())
}
