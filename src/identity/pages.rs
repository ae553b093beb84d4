//! Logging in and out, taking up an invitation, one's own account: as pages.

mod others;
#[cfg(test)]
mod samples;

use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::http::Method;
use askama::Template;
use qrcodegen::{QrCode, QrCodeEcc};
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(test)]
pub(crate) use self::samples::samples;
use super::model::{AcceptBody, Enrolled, Me, PasswordBody, SignInBody, SignInSummary, Tokens};
use super::passkeys::{self, MyPasskey};
use super::{Identity, service};
use crate::access::Action;
use crate::audit::Event;
use crate::error::{AppError, Fault};
use crate::ids::SignInId;
use crate::server::page::cookies::SignedIn;
use crate::server::page::{KEPT, NEXT, Nothing, Resume, Shell, is_ours, language, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

/// The field for a new password once more.
const AGAIN: &str = "_again";

/// One's own account.
#[derive(Template)]
#[template(path = "identity/me.html")]
struct MePage {
    shell: Shell,
    me: Me,
    sign_ins: Vec<SignInSummary>,
    passkeys: Vec<MyPasskey>,
    takes_passkeys: bool,
}

/// Takes up an invitation.
#[derive(Template)]
#[template(path = "identity/invitation.html")]
struct InvitationPage {
    shell: Shell,
}

/// The means to log in, shown once.
#[derive(Template)]
#[template(path = "identity/enrolled.html")]
struct EnrolledPage {
    shell: Shell,
    enrolled: Enrolled,
    code: Code,
}

/// A QR code, as squares of an SVG drawing.
struct Code {
    /// Squares a side, with the quiet zone around.
    size: i32,
    /// The path of the dark squares.
    path: String,
}

impl Code {
    /// White squares around the code: ISO/IEC 18004 asks for four.
    const QUIET: i32 = 4;

    fn of(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for (y, x) in (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (y, x))) {
            if code.get_module(x, y) {
                write!(path, "M{} {}h1v1h-1z", x + Self::QUIET, y + Self::QUIET).ok()?;
            }
        }
        Some(Self { size: code.size() + 2 * Self::QUIET, path })
    }
}

/// What the reader chose.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChoicesBody {
    language: String,
    zone: String,
    next: String,
}

/// The routes.
#[must_use]
pub fn routes(identity: &Arc<Identity>) -> Vec<Route> {
    let mut routes = at_the_door(identity);
    routes.extend(inside(identity));
    routes.extend(others::routes());
    routes.extend(passkeys::pages::routes(identity));
    routes
}

fn at_the_door(identity: &Arc<Identity>) -> Vec<Route> {
    let (entering, accepting) = (Arc::clone(identity), Arc::clone(identity));
    vec![
        Route {
            method: Method::GET,
            path: "/log-in",
            name: "page_log_in",
            summary: "Asks to log in.",
            access: Access::Anyone,
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(ask_to_log_in),
        },
        Route {
            method: Method::POST,
            path: "/log-in",
            name: "page_sign_in",
            summary: "Logs in.",
            access: Access::OwnCredential,
            logs: Logs::Event(Event::SignedIn),
            takes: Takes::Form(schema::<SignInBody>),
            gives: Gives::See,
            also: &[401],
            handler: handler(move |call| log_in(Arc::clone(&entering), call)),
        },
        Route {
            method: Method::GET,
            path: "/invitation",
            name: "page_invitation",
            summary: "Asks for an invitation and a password.",
            access: Access::Anyone,
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(ask_for_invitation),
        },
        Route {
            method: Method::POST,
            path: "/invitation",
            name: "page_accept_invitation",
            summary: "Takes up an invitation, and shows the means to log in once.",
            access: Access::OwnCredential,
            logs: Logs::Event(Event::AccountOpened),
            takes: Takes::Form(schema::<AcceptBody>),
            gives: Gives::Page,
            also: &[409],
            handler: handler(move |call| accept(Arc::clone(&accepting), call)),
        },
        Route {
            method: Method::POST,
            path: "/choices",
            name: "page_choices",
            summary: "Keeps the reader's language and zone.",
            access: Access::Anyone,
            logs: Logs::Nothing,
            takes: Takes::Form(schema::<ChoicesBody>),
            gives: Gives::See,
            also: &[],
            handler: handler(choose),
        },
    ]
}

fn inside(identity: &Arc<Identity>) -> Vec<Route> {
    let (changing, showing) = (Arc::clone(identity), Arc::clone(identity));
    vec![
        Route {
            method: Method::POST,
            path: "/log-out",
            name: "page_sign_out",
            summary: "Ends this log-in.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(log_out),
        },
        Route {
            method: Method::GET,
            path: "/me",
            name: "page_me",
            summary: "Who I am, the acts my rights rest on, my log-ins.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(move |call| me(Arc::clone(&showing), call)),
        },
        Route {
            method: Method::POST,
            path: "/me/password",
            name: "page_change_password",
            summary: "Chooses another password.",
            access: Access::May(Action::ChangeMeans),
            logs: Logs::Event(Event::PasswordChanged),
            takes: Takes::Form(schema::<PasswordBody>),
            gives: Gives::See,
            also: &[429],
            handler: handler(move |call| change_password(Arc::clone(&changing), call)),
        },
        Route {
            method: Method::POST,
            path: "/me/sign-ins/ending",
            name: "page_end_my_sign_ins",
            summary: "Ends all my log-ins, this one too.",
            access: Access::May(Action::ChangeMeans),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end_all),
        },
        Route {
            method: Method::POST,
            path: "/me/sign-ins/{sign_in}/ending",
            name: "page_end_my_sign_in",
            summary: "Ends one of my log-ins.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end_one),
        },
    ]
}

async fn ask_to_log_in(call: Call) -> Result<Answer, AppError> {
    let page = call.log_in(String::new(), String::new(), false)?;
    show(&page.shell.clone(), &page)
}

/// The page for whoever tried to log in and failed, with what was kept.
fn failed(call: &Call, email: String) -> Result<Answer, AppError> {
    let page = call.log_in(next(call)?, email, true)?;
    show(&page.shell.clone(), &page)
}

/// The page for whoever could not log in: because something was wrong, or because too many try.
pub(super) fn refused(call: Call, email: String, error: AppError) -> Result<Answer, AppError> {
    if error.fault == Fault::SignInNeeded {
        return failed(&call, email);
    }
    let call = call.failed(error)?;
    let page = call.log_in(next(&call)?, email, false)?;
    show(&page.shell.clone(), &page)
}

/// Where to go on: a path of ours, whatever was sent.
pub(super) fn next(call: &Call) -> Result<String, AppError> {
    let next = call.fields()?.get(NEXT).unwrap_or_default();
    Ok(if is_ours(next) { next.to_owned() } else { "/".to_owned() })
}

async fn log_in(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let body: SignInBody = call.form()?;
    let (next, kept, email) = (next(&call)?, call.fields()?.under(KEPT), body.email.clone());
    let seconds = call.settings().identity.absolute_seconds;
    match identity.sign_in(call.db(), call.peer(), body).await {
        Ok(tokens) => {
            let shell = call.shell()?.for_unlock(&tokens.unlock);
            let secrets = secrets(tokens, seconds);
            let answer = if kept.is_empty() {
                Answer::see(&next)?
            } else {
                show(&shell.clone(), &Resume::new(shell, next, kept))?
            };
            Ok(answer.signed_in(&secrets))
        }
        Err(error) => refused(call, email, error),
    }
}

pub(super) fn secrets(tokens: Tokens, seconds: i64) -> SignedIn {
    SignedIn {
        access: tokens.access_token.into(),
        refresh: tokens.refresh_token.into(),
        unlock: Some(tokens.unlock.into()),
        seconds,
    }
}

async fn ask_for_invitation(call: Call) -> Result<Answer, AppError> {
    let shell = call.shell()?;
    show(&shell.clone(), &InvitationPage { shell })
}

async fn accept(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let enrolled = async {
        let mut body: AcceptBody = call.form()?;
        same_again(&call, &body.password)?;
        body.token = body.token.trim().to_owned();
        identity.accept(call.db(), body).await
    };
    match enrolled.await {
        Ok(enrolled) => {
            let shell = call.shell()?;
            let code = Code::of(&enrolled.otpauth).ok_or_else(|| AppError::internal("no QR code"))?;
            show(&shell.clone(), &EnrolledPage { shell, enrolled, code })
        }
        Err(error) => ask_for_invitation(call.failed(error)?).await,
    }
}

/// A password is chosen unseen, so it is asked for twice.
fn same_again(call: &Call, password: &str) -> Result<(), AppError> {
    if call.fields()?.get(AGAIN) == Some(password) { Ok(()) } else { Err(AppError::field(AGAIN, "not the same again")) }
}

async fn choose(call: Call) -> Result<Answer, AppError> {
    let body: ChoicesBody = call.form()?;
    if !language::is_language(&body.language) {
        return Err(AppError::field("language", "no such language"));
    }
    let zone = body.zone.trim();
    if !language::is_zone(zone) {
        return Err(AppError::field("zone", "no such time zone"));
    }
    Ok(Answer::see(if is_ours(&body.next) { &body.next } else { "/" })?.choices(&body.language, zone))
}

async fn log_out(call: Call) -> Result<Answer, AppError> {
    call.write(|work, asker| {
        let id = asker.sign_in().cloned().ok_or(Fault::SignInNeeded)?;
        service::end_my_sign_in(work, asker, &id)
    })
    .await?;
    Ok(Answer::see("/")?.signed_out())
}

pub(super) async fn me(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let idle = call.settings().identity.idle_seconds;
    let (shell, (me, sign_ins, passkeys)) = call
        .see(move |work, asker| {
            let sign_ins = service::my_sign_ins(work, asker, idle)?;
            Ok((service::me(work, asker)?, sign_ins, passkeys::mine(work, asker)?))
        })
        .await?;
    let takes_passkeys = identity.takes_passkeys();
    show(&shell.clone(), &MePage { shell, me, sign_ins, passkeys, takes_passkeys })
}

async fn change_password(identity: Arc<Identity>, call: Call) -> Result<Answer, AppError> {
    let changed = async {
        let body: PasswordBody = call.form()?;
        same_again(&call, &body.new_password)?;
        let own = call.read(service::own_account).await?;
        let new = identity.replace_password(&call.db().ctx(), call.peer(), &own, &body).await?;
        call.write(move |work, asker| service::change_password(work, asker, &own, &new)).await
    };
    match changed.await {
        Ok(()) => Answer::see("/me"),
        Err(error) => me(identity, call.failed(error)?).await,
    }
}

async fn end_all(call: Call) -> Result<Answer, AppError> {
    call.write(service::end_my_sign_ins).await?;
    Ok(Answer::see("/")?.signed_out())
}

async fn end_one(call: Call) -> Result<Answer, AppError> {
    let id = call.path("sign_in", SignInId::parse)?;
    call.write(move |work, asker| service::end_my_sign_in(work, asker, &id)).await?;
    Answer::see("/me")
}
