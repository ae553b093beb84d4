//! What is shown instead of a page when something is in the way. Where bringing something helps (a log-in,
//! a purpose), it is asked for on the spot, and what was typed is kept until it can be sent again: nothing
//! that somebody wrote is lost because a log-in ended meanwhile (DESIGN §3.9).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use askama::Template;

use super::{POLICY, Shell, Site, Visitor};
use crate::error::{AppError, Fault, Means};

/// Asks to log in.
#[derive(Template)]
#[template(path = "shell/log_in.html")]
pub struct LogIn {
    /// The shell.
    pub shell: Shell,
    /// Where to go on.
    pub next: String,
    /// What is kept meanwhile.
    pub kept: Vec<(String, String)>,
    /// The address that was typed.
    pub email: String,
    /// Whether a log-in was tried and failed.
    pub failed: bool,
    /// The fault, for scripts.
    pub fault: &'static str,
    /// Whether there is a way in by passkey.
    pub passkeys: bool,
}

/// Asks for the purpose of a visit.
#[derive(Template)]
#[template(path = "shell/purpose.html")]
pub struct Purpose {
    /// The shell.
    pub shell: Shell,
    /// The room.
    pub room: String,
    /// Where to go on.
    pub next: String,
    /// What is kept meanwhile.
    pub kept: Vec<(String, String)>,
}

/// Gives back what was kept: after logging in or stating a purpose, or because a page of ours sent it for an
/// earlier log-in. It is sent when whoever sees it says so, and not before.
#[derive(Template)]
#[template(path = "shell/resume.html")]
pub struct Resume {
    shell: Shell,
    name: &'static str,
    /// Where it is sent.
    next: String,
    /// What is sent.
    kept: Vec<(String, String)>,
}

impl Resume {
    /// For what was kept meanwhile.
    #[must_use]
    pub const fn new(shell: Shell, next: String, kept: Vec<(String, String)>) -> Self {
        Self { shell, name: "resume", next, kept }
    }

    /// For what was sent for an earlier log-in.
    pub(super) const fn again(shell: Shell, next: String, kept: Vec<(String, String)>) -> Self {
        Self { shell, name: Fault::FormNotOurs.public().1, next, kept }
    }

    fn is_again(&self) -> bool {
        self.name != "resume"
    }

    fn title(&self) -> String {
        if self.is_again() { self.shell.t("again-title") } else { self.shell.t("resume-title") }
    }
}

/// Says what is in the way.
#[derive(Template)]
#[template(path = "shell/fault.html")]
pub struct Failed {
    /// The shell.
    pub shell: Shell,
    /// The problem's name.
    pub name: &'static str,
    /// Its fixed text.
    pub text: &'static str,
    /// Its detail.
    pub detail: &'static str,
    /// The fields that are not as they must be.
    pub fields: Vec<(String, String)>,
}

/// The page for an error; its cause is not in it.
pub(in crate::server) fn answer(error: &AppError, visitor: &Visitor) -> HttpResponse {
    let (status, name, text) = error.fault.public();
    let shell = visitor.shell(None);
    let next = if visitor.is_get { visitor.here.clone() } else { String::new() };
    let kept = visitor.typed.to_keep();
    // What was sent is sent again to where it was sent; what was looked at is looked at again.
    let next = if kept.is_empty() { next } else { visitor.here.clone() };
    let html = match (&error.fault, &visitor.room) {
        // Another log-in is what helps, and what was typed waits for it.
        (Fault::SignInNeeded | Fault::MeansNeeded(Means::Unlock | Means::SecondFactor), _) => {
            let email = String::new();
            LogIn { shell, next, kept, email, failed: false, fault: name, passkeys: visitor.passkeys }.render()
        }
        (Fault::MeansNeeded(Means::Visit), Some(room)) => Purpose { shell, room: room.clone(), next, kept }.render(),
        // Somebody logged in again beside a page that was open: what was written there is not lost, but sent
        // only when its writer says so.
        (Fault::FormNotOurs, _) if visitor.site == Site::Ours && !kept.is_empty() && !visitor.at_the_door() => {
            Resume::again(shell, next, kept).render()
        }
        (fault, _) => {
            let detail = if let Fault::Conflict(detail) = fault { detail } else { "" };
            let fields = match fault {
                Fault::Invalid(fields) => {
                    fields.iter().map(|one| (one.field.clone(), visitor.say.fixed("problem", &one.problem))).collect()
                }
                _ => Vec::new(),
            };
            Failed { shell, name, text, detail, fields }.render()
        }
    };
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    response.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
    response.insert_header(("content-security-policy", POLICY));
    response.insert_header((header::REFERRER_POLICY, "same-origin"));
    if error.fault == Fault::SignInNeeded && visitor.site == Site::Another && visitor.is_get {
        // The browser left the cookies out, since another site's link led here. It brings them if asked again.
        response.insert_header((header::REFRESH, "0"));
    }
    if let Fault::TooMany(seconds) | Fault::Busy(seconds) = error.fault {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    match html {
        Ok(html) => response.body(html),
        Err(error) => {
            tracing::error!(%error, "the page of an error could not be made");
            response.body(text)
        }
    }
}
