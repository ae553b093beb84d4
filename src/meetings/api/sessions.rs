//! Sessions, agendas, and who takes part.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{ActId, MeetingId, SessionId};
use crate::meetings::model::{
    ActBody, AgendaBody, EndBody, InviteBody, NewSessionBody, ParticipationBody, SessionBody, SessionDetail,
};
use crate::meetings::service::{participation, sessions as service};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::POST,
            path: "/api/v1/meetings/{meeting}/sessions",
            name: "add_session",
            summary: "Add a session. A closed one gets a room and admits the contact points of the member States, and the counterparts of the observer States named.",
            access: Access::May(Action::AddSession),
            logs: Logs::Event(Event::SessionAdded),
            takes: Takes::Json(schema::<NewSessionBody>),
            gives: Gives::Created(schema::<SessionBody>),
            also: &[],
            handler: handler(add),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/sessions/{session}",
            name: "get_session",
            summary: "A session with its agenda and who takes part or is admitted.",
            access: Access::May(Action::ReadSession),
            logs: Logs::SometimesEvent(Event::AgendaRead),
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<SessionDetail>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::PUT,
            path: "/api/v1/sessions/{session}/agenda",
            name: "change_agenda",
            summary: "Replace the agenda of a session: of a closed one only from inside its room. If-Match names the version it is based on, \"0\" for the first.",
            access: Access::May(Action::ChangeAgenda),
            logs: Logs::Event(Event::AgendaChanged),
            takes: Takes::Json(schema::<AgendaBody>),
            gives: Gives::Nothing,
            also: &[412, 428],
            handler: handler(change_agenda),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/sessions/{session}/participations",
            name: "invite_to_session",
            summary: "Invite a delegation, or one person of it, to an open session or a breakout.",
            access: Access::May(Action::InviteToSession),
            logs: Logs::Event(Event::ParticipationRecorded),
            takes: Takes::Json(schema::<InviteBody>),
            gives: Gives::Created(schema::<ParticipationBody>),
            also: &[409],
            handler: handler(invite),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/participations/{act}/ending",
            name: "end_participation",
            summary: "End a participation.",
            access: Access::May(Action::InviteToSession),
            logs: Logs::Event(Event::ActEnded),
            takes: Takes::Json(schema::<EndBody>),
            gives: Gives::Created(schema::<ActBody>),
            also: &[409],
            handler: handler(end),
        },
    ]
}

async fn add(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let new = call.json::<NewSessionBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| service::add(work, asker, &meeting, &new)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("session", SessionId::parse)?;
    let session = call.read(move |work, asker| service::get(work, asker, &id)).await?;
    let answer = Answer::json(&session)?;
    match session.agenda_version {
        Some(version) => answer.version(version),
        None => Ok(answer),
    }
}

async fn change_agenda(call: Call) -> Result<Answer, AppError> {
    let id = call.path("session", SessionId::parse)?;
    let agenda = call.json::<AgendaBody>()?.checked(call.if_match()?)?;
    call.write(move |work, asker| service::change_agenda(work, asker, &id, &agenda)).await?;
    Ok(Answer::nothing())
}

async fn invite(call: Call) -> Result<Answer, AppError> {
    let session = call.path("session", SessionId::parse)?;
    let new = call.json::<InviteBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| participation::invite(work, asker, &session, new)).await?)
}

async fn end(call: Call) -> Result<Answer, AppError> {
    let act = call.path("act", ActId::parse)?;
    let ending = call.json::<EndBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| participation::end(work, asker, &act, &ending)).await?)
}
