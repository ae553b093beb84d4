//! Passkeys as pages: the only ones with a script, since browsers offer passkeys to scripts alone.

#[cfg(test)]
mod samples;

use std::sync::Arc;

use actix_web::http::Method;
use askama::Template;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Asked;
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::identity::Identity;
use crate::identity::model::SignInBody;
use crate::identity::pages::{me, next, refused, secrets};
use crate::ids::{CeremonyId, PasskeyId};
use crate::server::page::{KEPT, Nothing, Resume, Shell, show, show_with_script};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

#[cfg(test)]
pub(in crate::identity) use self::samples::samples;

/// Has the browser sign with a passkey.
#[derive(Template)]
#[template(path = "identity/passkey_log_in.html")]
struct UsePage {
    shell: Shell,
    asked: Asked,
    next: String,
    kept: Vec<(String, String)>,
}

/// Has the browser make a passkey.
#[derive(Template)]
#[template(path = "identity/passkey_new.html")]
struct NewPage {
    shell: Shell,
    asked: Asked,
}

/// What the browser signed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    ceremony: CeremonyId,
    credential: String,
    hold: String,
}

/// The passkey that the browser made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AddBody {
    ceremony: CeremonyId,
    credential: String,
    name: String,
}

/// The routes; none where this server's address is not one that passkeys can be bound to.
pub(in crate::identity) fn routes(identity: &Arc<Identity>) -> Vec<Route> {
    if !identity.takes_passkeys() {
        return Vec::new();
    }
    let (asking, answering) = (Arc::clone(identity), Arc::clone(identity));
    let (making, adding, showing) = (Arc::clone(identity), Arc::clone(identity), Arc::clone(identity));
    vec![
        Route {
            method: Method::POST,
            path: "/log-in/passkey",
            name: "page_ask_passkey",
            summary: "Asks the browser to sign with a passkey, once address and password are right.",
            access: Access::OwnCredential,
            logs: Logs::Event(Event::PasskeyAsked),
            takes: Takes::Form(schema::<SignInBody>),
            gives: Gives::Page,
            also: &[401],
            handler: handler(move |call| ask(Arc::clone(&asking), call)),
        },
        Route {
            method: Method::POST,
            path: "/log-in/passkey/answer",
            name: "page_answer_passkey",
            summary: "Logs in with what the browser signed.",
            access: Access::OwnCredential,
            logs: Logs::Event(Event::SignedIn),
            takes: Takes::Form(schema::<AnswerBody>),
            gives: Gives::See,
            also: &[401],
            handler: handler(move |call| answer(Arc::clone(&answering), call)),
        },
        Route {
            method: Method::POST,
            path: "/me/passkeys/new",
            name: "page_ask_new_passkey",
            summary: "Asks the browser to make a passkey.",
            access: Access::May(Action::ChangeMeans),
            logs: Logs::Nothing,
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::Page,
            also: &[409],
            handler: handler(move |call| ask_new(Arc::clone(&making), call)),
        },
        Route {
            method: Method::POST,
            path: "/me/passkeys",
            name: "page_add_passkey",
            summary: "Keeps the passkey that the browser made.",
            access: Access::May(Action::ChangeMeans),
            logs: Logs::Event(Event::PasskeyAdded),
            takes: Takes::Form(schema::<AddBody>),
            gives: Gives::See,
            also: &[409],
            handler: handler(move |call| add(Arc::clone(&adding), Arc::clone(&showing), call)),
        },
        Route {
            method: Method::POST,
            path: "/me/passkeys/{passkey}/ending",
            name: "page_end_passkey",
            summary: "Ends one of my passkeys.",
            access: Access::May(Action::ChangeMeans),
            logs: Logs::Event(Event::PasskeyEnded),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end),
        },
    ]
}

async fn ask(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let body: SignInBody = call.form()?;
    match identity.ask_passkey(call.db(), call.peer(), &body.email, &body.password).await {
        Ok(asked) => {
            let (shell, next, kept) = (call.shell()?, next(&call)?, call.fields()?.under(KEPT));
            show_with_script(&shell.clone(), &UsePage { shell, asked, next, kept })
        }
        Err(error) => refused(call, body.email, error),
    }
}

async fn answer(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let body: AnswerBody = call.form()?;
    match identity.answer_passkey(call.db(), call.peer(), &body.ceremony, &body.credential, &body.hold).await {
        Ok(tokens) => {
            let (next, kept) = (next(&call)?, call.fields()?.under(KEPT));
            let shell = call.shell()?.for_unlock(&tokens.unlock);
            let secrets = secrets(tokens, call.settings().identity.absolute_seconds);
            let answer = if kept.is_empty() {
                Answer::see(&next)?
            } else {
                show(&shell.clone(), &Resume::new(shell, next, kept))?
            };
            Ok(answer.signed_in(&secrets))
        }
        Err(error) => refused(call, String::new(), error),
    }
}

async fn ask_new(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let asked = call.write(move |work, asker| identity.ask_new_passkey(work, asker)).await?;
    let (shell, ()) = call.see(|_, _| Ok(())).await?;
    show_with_script(&shell.clone(), &NewPage { shell, asked })
}

async fn add(identity: Arc<Identity>, showing: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let added = async {
        let body: AddBody = call.form()?;
        call.write(move |work, asker| identity.add_passkey(work, asker, &body.ceremony, &body.credential, &body.name))
            .await
    };
    match added.await {
        Ok(()) => Answer::see("/me"),
        Err(error) => me(showing, call.failed(error)?).await,
    }
}

async fn end(call: Call) -> Result<Answer, AppError> {
    let id = call.path("passkey", PasskeyId::parse)?;
    call.write(move |work, asker| super::end(work, asker, &id)).await?;
    Answer::see("/me")
}
