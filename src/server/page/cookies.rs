//! What a browser keeps: the secrets of a log-in, and the reader's choices.
//!
//! All are `__Host-` cookies (sent to this host only, over TLS only), out of reach of scripts, and never
//! sent with what another site started. A visit's is tied to the pages of its room by its path instead.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use zeroize::Zeroizing;

const ACCESS: &str = "__Host-incamera";
const REFRESH: &str = "__Host-incamera-refresh";
const UNLOCK: &str = "__Host-incamera-unlock";
const LANGUAGE: &str = "__Host-incamera-language";
const ZONE: &str = "__Host-incamera-zone";
const VISIT: &str = "__Secure-incamera-visit";
/// Days for which a choice of language and zone is kept.
const CHOICE_DAYS: i64 = 400;

/// The secrets of a log-in, for the browser to keep.
pub struct SignedIn {
    /// The access token.
    pub access: Zeroizing<String>,
    /// The refresh token.
    pub refresh: Zeroizing<String>,
    /// The unlock secret; none when the one there is stays good.
    pub unlock: Option<Zeroizing<String>>,
    /// Seconds after which none of them is good for anything.
    pub seconds: i64,
}

/// What came with a request.
#[derive(Default)]
pub(in crate::server) struct Cookies {
    pub access: Option<String>,
    pub refresh: Option<String>,
    pub unlock: Option<String>,
    pub visit: Option<String>,
    pub language: Option<String>,
    pub zone: Option<String>,
}

impl Cookies {
    pub(in crate::server) fn read(request: &HttpRequest) -> Self {
        let value = |name: &str| request.cookie(name).map(|cookie| cookie.value().to_owned());
        Self {
            access: value(ACCESS),
            refresh: value(REFRESH),
            unlock: value(UNLOCK),
            visit: value(VISIT),
            language: value(LANGUAGE),
            zone: value(ZONE),
        }
    }
}

fn host(name: &'static str, value: String, seconds: i64) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(Duration::seconds(seconds))
        .finish()
}

/// The cookies of a log-in, or of one that was renewed.
pub(in crate::server) fn signed_in(secrets: &SignedIn) -> Vec<Cookie<'static>> {
    let mut cookies = vec![
        host(ACCESS, secrets.access.to_string(), secrets.seconds),
        host(REFRESH, secrets.refresh.to_string(), secrets.seconds),
    ];
    cookies.extend(secrets.unlock.as_ref().map(|unlock| host(UNLOCK, unlock.to_string(), secrets.seconds)));
    cookies
}

/// Takes the cookies of a log-in back.
pub(in crate::server) fn signed_out() -> Vec<Cookie<'static>> {
    [ACCESS, REFRESH, UNLOCK].map(|name| host(name, String::new(), 0)).to_vec()
}

/// The reader's choices.
pub(in crate::server) fn choices(language: &str, zone: &str) -> Vec<Cookie<'static>> {
    let seconds = Duration::days(CHOICE_DAYS).whole_seconds();
    vec![host(LANGUAGE, language.to_owned(), seconds), host(ZONE, zone.to_owned(), seconds)]
}

/// A visit, for the pages under `path` only; `seconds` 0 takes it back.
pub(in crate::server) fn visit(path: &str, visit: &str, seconds: i64) -> Cookie<'static> {
    Cookie::build(VISIT, visit.to_owned())
        .path(path.to_owned())
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(Duration::seconds(seconds))
        .finish()
}
