//! What a browser brings to a page: a log-in (renewed when its time has come), choices, a form.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::http::Method;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::cookies::{self, Cookies};
use super::form::Fields;
use super::{Form, Say, Shell, TOKEN, Who};
use crate::error::{AppError, Fault, Means};
use crate::ids::VisitId;
use crate::server::paths::Named;
use crate::server::registry::{Access, Route};
use crate::server::{Bearer, Brought, State};

/// Who started a request: browsers say so in `Sec-Fetch-Site`, and those too old for that say in `Origin`
/// where a form came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Site {
    /// A page of ours.
    Ours,
    /// Another site: the browser left the cookies out.
    Another,
    /// The reader, or who knows.
    Unknown,
}

/// Whoever looks at a page.
#[derive(Clone)]
pub(in crate::server) struct Visitor {
    pub say: Say,
    /// Path and query.
    pub here: String,
    /// Whether a look is enough to come back to it.
    pub is_get: bool,
    pub token: Option<String>,
    pub typed: Fields,
    pub form: Form,
    /// Whether there is a way in by passkey.
    pub passkeys: bool,
    /// The room of the path.
    pub room: Option<String>,
    /// Who started the request.
    pub site: Site,
}

impl Visitor {
    pub(in crate::server) fn shell(&self, who: Option<Who>) -> Shell {
        let shell = Shell::new(self.say.clone(), who, self.here.clone(), self.token.clone(), self.form.clone());
        Shell { answers_form: !self.is_get, ..shell }
    }

    /// Whether it is one of the pages that ask for secrets: nothing of theirs is written into another page.
    pub(super) fn at_the_door(&self) -> bool {
        ["/log-in", "/invitation"].iter().any(|door| self.here.starts_with(door))
    }

    /// Refuses a form that no page of ours sent for this log-in.
    /// A log-in that came without its unlock secret could not be told from one that another site uses: its
    /// forms wait for a whole log-in.
    pub(in crate::server) fn judge_form(&self, logged_in: bool) -> Result<(), AppError> {
        let sent = self.typed.get(TOKEN).unwrap_or_default();
        match &self.token {
            Some(token) if bool::from(token.as_bytes().ct_eq(sent.as_bytes())) => Ok(()),
            Some(_) => Err(Fault::FormNotOurs.into()),
            // Nobody is logged in: there is nothing that a form could do in somebody's name.
            None if !logged_in => Ok(()),
            None => Err(Fault::MeansNeeded(Means::Unlock).into()),
        }
    }
}

/// The token of the forms of a log-in: it follows from the unlock secret, which only the browser holds, and
/// tells nothing of it.
pub(super) fn token(unlock: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"incamera form token\0");
    hash.update(unlock.as_bytes());
    data_encoding::BASE64URL_NOPAD.encode(&hash.finalize())
}

/// Whether a request was started by a page of ours.
fn same_origin(request: &HttpRequest, origin: &str) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => header("origin") == Some(origin),
    }
}

/// Whoever looks, as far as that is known without looking behind the cookies.
pub(in crate::server) fn visitor(state: &State, request: &HttpRequest, named: &Named) -> Visitor {
    let cookies = Cookies::read(request);
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let settings = &state.settings;
    let usual = (settings.pages.language.as_str(), settings.pages.zone.as_str());
    Visitor {
        say: Say::to(cookies.language.as_deref(), header("accept-language"), cookies.zone.as_deref(), usual),
        here: request.uri().path_and_query().map(|here| here.as_str().to_owned()).unwrap_or_default(),
        is_get: request.method() == Method::GET,
        token: cookies.unlock.as_deref().map(token),
        typed: Fields::default(),
        form: Form::default(),
        passkeys: state.gate.takes_passkeys(),
        room: named.get("room").cloned(),
        site: if same_origin(request, &settings.server.origin) {
            Site::Ours
        } else if header("sec-fetch-site") == Some("cross-site") {
            Site::Another
        } else {
            Site::Unknown
        },
    }
}

/// Who it is, and what is brought; a log-in whose access token is no longer good is renewed. The cookies
/// `set` go with the answer, whatever it is.
///
/// # Errors
/// Those of the database, when a log-in was to be renewed.
pub(in crate::server) async fn bring(
    state: &State,
    route: &Route,
    request: &HttpRequest,
    set: &mut Vec<Cookie<'static>>,
) -> Result<(Option<Bearer>, Brought), AppError> {
    if route.access == Access::Anyone {
        return Ok((None, Brought::default()));
    }
    let cookies = Cookies::read(request);
    let mut bearer = cookies.access.as_deref().and_then(|token| state.gate.verify(token, state.clock.now()));
    if bearer.is_none()
        && let Some(refresh) = &cookies.refresh
    {
        match state.gate.renew(&state.db, refresh).await? {
            Some((renewed, secrets)) => {
                bearer = Some(renewed);
                set.extend(secrets.iter().flat_map(cookies::signed_in));
            }
            None => set.extend(cookies::signed_out()),
        }
    }
    if bearer.is_none() {
        return Ok((None, Brought::default()));
    }
    Ok((bearer, Brought { unlock: cookies.unlock, visit: cookies.visit.as_deref().and_then(VisitId::parse) }))
}
