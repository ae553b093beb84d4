//! Choosing at the door whether officers can recover the room.

use actix_web::http::Method;

use super::room;
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::rooms::model::ChooseRecoveryBody;
use crate::rooms::service::recovery;
use crate::server::page::Nothing;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::POST,
            path: "/rooms/{room}/recovery",
            name: "page_choose_recovery",
            summary: "Lets officers recover the room.",
            access: Access::May(Action::ChangeRecovery),
            logs: Logs::Event(Event::RecoveryChosen),
            takes: Takes::Form(schema::<ChooseRecoveryBody>),
            gives: Gives::See,
            also: &[409],
            handler: handler(choose),
        },
        Route {
            method: Method::POST,
            path: "/rooms/{room}/recovery/ending",
            name: "page_end_recovery",
            summary: "Lets only those admitted open the room.",
            access: Access::May(Action::ChangeRecovery),
            logs: Logs::Event(Event::RecoveryEnded),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end),
        },
    ]
}

async fn choose(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let chosen = async {
        let key = call.form::<ChooseRecoveryBody>()?.key;
        let room = room.clone();
        call.write(move |work, asker| recovery::choose(work, asker, &room, &key)).await
    };
    match chosen.await {
        Ok(_) => Answer::see(&format!("/rooms/{room}")),
        Err(error) => room::get(call.failed(error)?).await,
    }
}

async fn end(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let door = format!("/rooms/{room}");
    call.write(move |work, asker| recovery::end(work, asker, &room)).await?;
    Answer::see(&door)
}
