//! Identity over JSON.

use std::sync::Arc;

use actix_web::http::Method;

use super::model::{
    AcceptBody, Enrolled, Invitation, InviteBody, Me, PasswordBody, RefreshBody, SignInBody, SignInSummary, Tokens,
};
use super::{Identity, service};
use crate::access::Action;
use crate::audit::Event;
use crate::error::{AppError, Fault};
use crate::ids::{PersonId, SignInId};
use crate::server::answer::List;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

/// The routes.
#[must_use]
pub fn routes(identity: &Arc<Identity>) -> Vec<Route> {
    let mut routes = own_credential(identity);
    routes.extend(signed_in(identity));
    routes
}

/// Those that bring a credential in the body.
fn own_credential(identity: &Arc<Identity>) -> Vec<Route> {
    let (login, renewing, accepting) = (Arc::clone(identity), Arc::clone(identity), Arc::clone(identity));
    vec![
        Route {
            method: Method::POST,
            path: "/api/v1/session",
            name: "sign_in",
            summary: "Log in. The code is the second factor's six digits, or a recovery code; without it no room opens.",
            access: Access::OwnCredential,
            logs: Logs::Event(Event::SignedIn),
            takes: Takes::Json(schema::<SignInBody>),
            gives: Gives::Json(schema::<Tokens>),
            also: &[],
            handler: handler(move |call| sign_in(Arc::clone(&login), call)),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/session/refresh",
            name: "refresh",
            summary: "Renew a log-in. Each refresh token can be used once.",
            access: Access::OwnCredential,
            logs: Logs::Event(Event::SignInRefreshed),
            takes: Takes::Json(schema::<RefreshBody>),
            gives: Gives::Json(schema::<Tokens>),
            also: &[],
            handler: handler(move |call| refresh(Arc::clone(&renewing), call)),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/invitations/acceptance",
            name: "accept_invitation",
            summary: "Take up an invitation: choose a password, get the second factor and the recovery codes.",
            access: Access::OwnCredential,
            logs: Logs::Event(Event::AccountOpened),
            takes: Takes::Json(schema::<AcceptBody>),
            gives: Gives::Created(schema::<Enrolled>),
            also: &[409],
            handler: handler(move |call| accept(Arc::clone(&accepting), call)),
        },
    ]
}

fn signed_in(identity: &Arc<Identity>) -> Vec<Route> {
    let changing = Arc::clone(identity);
    vec![
        Route {
            method: Method::DELETE,
            path: "/api/v1/session",
            name: "sign_out",
            summary: "End this log-in.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(sign_out),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/me",
            name: "me",
            summary: "Who I am, and the acts my rights rest on.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<Me>),
            also: &[],
            handler: handler(me),
        },
        Route {
            method: Method::PUT,
            path: "/api/v1/me/password",
            name: "change_password",
            summary: "Choose another password. Every other log-in ends.",
            access: Access::May(Action::ChangeMeans),
            logs: Logs::Event(Event::PasswordChanged),
            takes: Takes::Json(schema::<PasswordBody>),
            gives: Gives::Nothing,
            also: &[429],
            handler: handler(move |call| change_password(Arc::clone(&changing), call)),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/me/sign-ins",
            name: "list_my_sign_ins",
            summary: "My log-ins that live.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::List(schema::<SignInSummary>),
            also: &[],
            handler: handler(list_sign_ins),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/me/sign-ins",
            name: "end_my_sign_ins",
            summary: "End all my log-ins, this one too.",
            access: Access::May(Action::ChangeMeans),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end_all),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/me/sign-ins/{sign_in}",
            name: "end_my_sign_in",
            summary: "End one of my log-ins.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end_one),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/people/{person}/invitation",
            name: "invite",
            summary: "Invite a person to open an account, or to choose new means for the one there is. Earlier invitations end.",
            access: Access::May(Action::Invite),
            logs: Logs::Event(Event::Invited),
            takes: Takes::Json(schema::<InviteBody>),
            gives: Gives::Created(schema::<Invitation>),
            also: &[409],
            handler: handler(invite),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/people/{person}/sign-ins",
            name: "end_sign_ins",
            summary: "End all log-ins of a person.",
            access: Access::May(Action::EndSignIns),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end_sign_ins),
        },
    ]
}

async fn sign_in(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    Answer::json(&identity.sign_in(call.db(), call.peer(), call.json()?).await?)
}

async fn refresh(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let body: RefreshBody = call.json()?;
    Answer::json(&identity.refresh(call.db(), body.refresh_token).await?)
}

async fn accept(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let body: AcceptBody = call.json()?;
    Answer::created(&identity.accept(call.db(), body).await?)
}

async fn sign_out(call: Call) -> Result<Answer, AppError> {
    call.write(|work, asker| {
        let id = asker.sign_in().cloned().ok_or(Fault::SignInNeeded)?;
        service::end_my_sign_in(work, asker, &id)
    })
    .await?;
    Ok(Answer::nothing())
}

async fn me(call: Call) -> Result<Answer, AppError> {
    Answer::json(&call.read(service::me).await?)
}

async fn change_password(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let body: PasswordBody = call.json()?;
    let own = call.read(service::own_account).await?;
    let new = identity.replace_password(&call.db().ctx(), call.peer(), &own, &body).await?;
    call.write(move |work, asker| service::change_password(work, asker, &own, &new)).await?;
    Ok(Answer::nothing())
}

async fn list_sign_ins(call: Call) -> Result<Answer, AppError> {
    let idle = call.settings().identity.idle_seconds;
    let items = call.read(move |work, asker| service::my_sign_ins(work, asker, idle)).await?;
    Answer::json(&List { items, next: None })
}

async fn end_all(call: Call) -> Result<Answer, AppError> {
    call.write(service::end_my_sign_ins).await?;
    Ok(Answer::nothing())
}

async fn end_one(call: Call) -> Result<Answer, AppError> {
    let id = call.path("sign_in", SignInId::parse)?;
    call.write(move |work, asker| service::end_my_sign_in(work, asker, &id)).await?;
    Ok(Answer::nothing())
}

async fn invite(call: Call) -> Result<Answer, AppError> {
    let person = call.path("person", PersonId::parse)?;
    let body: InviteBody = call.json()?;
    let hours = call.settings().identity.invitation_hours;
    Answer::created(&call.write(move |work, asker| service::invite(work, asker, &person, &body.email, hours)).await?)
}

async fn end_sign_ins(call: Call) -> Result<Answer, AppError> {
    let person = call.path("person", PersonId::parse)?;
    call.write(move |work, asker| service::end_sign_ins(work, asker, &person)).await?;
    Ok(Answer::nothing())
}
