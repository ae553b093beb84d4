//! Recovery of a room by officers.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::rooms::model::{ChooseRecoveryBody, RecoveryBody};
use crate::rooms::service::recovery;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::PUT,
            path: "/api/v1/rooms/{room}/recovery",
            name: "choose_recovery",
            summary: "Let officers recover the room if its keys are lost, with the recovery key that is offered.",
            access: Access::May(Action::ChangeRecovery),
            logs: Logs::Event(Event::RecoveryChosen),
            takes: Takes::Json(schema::<ChooseRecoveryBody>),
            gives: Gives::Json(schema::<RecoveryBody>),
            also: &[409],
            handler: handler(choose),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/rooms/{room}/recovery",
            name: "end_recovery",
            summary: "Let only those admitted open the room.",
            access: Access::May(Action::ChangeRecovery),
            logs: Logs::Event(Event::RecoveryEnded),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end),
        },
    ]
}

async fn choose(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let key = call.json::<ChooseRecoveryBody>()?.key;
    Answer::json(&call.write(move |work, asker| recovery::choose(work, asker, &room, &key)).await?)
}

async fn end(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    call.write(move |work, asker| recovery::end(work, asker, &room)).await?;
    Ok(Answer::nothing())
}
