//! The listener: every request passes [`dispatch`], and every answer carries the same headers.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::answer::problem;
use super::body::{Body, Incoming};
use super::call::{Bearer, Brought, Call, Gate};
use super::file::FileComing;
use super::page::{self, Fields, FileSent, Visitor};
use super::paths::{Found, Named, Paths};
use super::registry::{Route, Takes, is_page};
use super::{Answer, body, tls};
use crate::context::Clock;
use crate::db::Db;
use crate::error::{AppError, Fault};
use crate::ids::VisitId;
use crate::settings::{ServerSettings, Settings};

/// What every call can reach.
#[derive(Clone)]
pub struct State {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The database.
    pub db: Db,
    /// Who finds out who asks.
    pub gate: Arc<dyn Gate>,
    /// The time, for judging tokens before a unit of work begins.
    pub clock: Arc<dyn Clock>,
    /// The public key by which the log's checkpoints are verified, on a node that signs them.
    pub log_key: Option<Arc<str>>,
}

/// A server that listens; it serves once its future is awaited.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Stops it.
    pub handle: ServerHandle,
    /// Await it.
    pub server: Server,
}

/// Sent with every answer, whoever gave it.
const HEADERS: [(&str, &str); 8] = [
    ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("cache-control", "no-store"),
];

/// Binds the port and prepares the server. Signals are handled when `signals` says so: SIGTERM lets
/// requests under way finish.
///
/// # Errors
/// When two routes cannot be told apart, the certificate cannot be used or the port cannot be bound.
pub fn start(state: &State, routes: Vec<Route>, signals: bool) -> Result<Running, AppError> {
    let (paths, shared) = (Arc::new(Paths::new(routes)?), state.clone());
    let how = How {
        settings: &state.settings.server,
        base: &state.settings.base,
        clock: Arc::clone(&state.clock),
        blocking: blocking_threads(&state.settings),
        signals,
    };
    listen(&how, move |app| register(app, &shared, &paths))
}

/// What a listener needs to know, whatever it serves.
pub(crate) struct How<'a> {
    /// Address, certificate, limits.
    pub(crate) settings: &'a ServerSettings,
    /// Where relative paths start.
    pub(crate) base: &'a Path,
    /// The time, for judging certificates.
    pub(crate) clock: Arc<dyn Clock>,
    /// Threads a worker for what waits.
    pub(crate) blocking: usize,
    /// Whether signals are handled.
    pub(crate) signals: bool,
}

/// As [`start`], for what `register` registers.
///
/// # Errors
/// As [`start`].
pub(crate) fn listen(
    &How { settings, base, ref clock, blocking, signals }: &How<'_>,
    register: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> Result<Running, AppError> {
    let tls = tls::config(settings, base, Arc::clone(clock))?;
    let socket = TcpListener::bind((settings.listen, settings.port)).map_err(AppError::internal)?;
    let address = socket.local_addr().map_err(AppError::internal)?;
    let mut server = HttpServer::new(move || {
        let mut headers = DefaultHeaders::new();
        for header in HEADERS {
            headers = headers.add(header);
        }
        App::new().wrap(headers).configure(register.clone())
    })
    .max_connections(settings.connections)
    .max_connection_rate(settings.handshakes)
    .client_request_timeout(Duration::from_secs(settings.head_seconds))
    .client_disconnect_timeout(Duration::from_secs(1))
    .tls_handshake_timeout(Duration::from_secs(settings.handshake_seconds))
    .keep_alive(Duration::from_mins(1))
    .h1_allow_half_closed(false)
    .shutdown_timeout(settings.shutdown_seconds)
    .worker_max_blocking_threads(blocking);
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    if !signals {
        server = server.disable_signals();
    }
    let server = server.listen_rustls_0_23(socket, tls).map_err(AppError::internal)?.run();
    Ok(Running { address, handle: server.handle(), server })
}

/// As many threads for waiting work, a worker, as can have any at a time: each reading connection and each
/// hash bring their own bound, and with fewer threads than that the one could starve the other.
fn blocking_threads(settings: &Settings) -> usize {
    usize::try_from(settings.database.readers).unwrap_or(usize::MAX).saturating_add(settings.identity.hashing_at_once)
}

/// Sends every request to its route; a known path with another method is 405.
fn register(app: &mut web::ServiceConfig, state: &State, paths: &Arc<Paths>) {
    let (state, paths) = (state.clone(), Arc::clone(paths));
    app.default_service(web::to(move |request: HttpRequest, payload: web::Payload| {
        let (state, found) = (state.clone(), paths.find(request.method(), request.path()));
        async move {
            match found {
                Found::Route(route, named) => answer(state, &route, named, request, payload).await,
                Found::OtherMethod(allow) => {
                    let mut response = nothing_there(&state, &request, Fault::MethodNotAllowed);
                    if let Ok(allow) = HeaderValue::from_str(&allow) {
                        response.headers_mut().insert(HeaderName::from_static("allow"), allow);
                    }
                    body::end_with(response, payload)
                }
                Found::Nothing => body::end_with(nothing_there(&state, &request, Fault::NotFound), payload),
            }
        }
    }));
}

/// The answer where there is no route.
fn nothing_there(state: &State, request: &HttpRequest, fault: Fault) -> HttpResponse {
    if is_page(request.path()) {
        page::fault(&fault.into(), &page::visitor(state, request, &Named::new()))
    } else {
        problem(&fault.into())
    }
}

async fn answer(
    state: State,
    route: &Route,
    named: Named,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let payload = Body::from(payload);
    let begun = std::time::Instant::now();
    let id = request_id(&state);
    let failed = |error: &AppError| {
        if let Some(cause) = error.cause() {
            tracing::error!(request = %id, route = route.name, %cause, "failed");
        }
    };
    let mut response = if route.is_page() {
        let mut shown = Shown::new(page::visitor(&state, &request, &named));
        let result = dispatch_page(state, route, named, &request, &payload, &mut shown).await;
        let mut response = result.map_or_else(
            |error| {
                failed(&error);
                page::fault(&error, &shown.visitor)
            },
            Answer::into_response,
        );
        for cookie in shown.cookies {
            // A cookie that the answer itself sets is the newer one.
            if !response.cookies().any(|set| set.name() == cookie.name()) && response.add_cookie(&cookie).is_err() {
                tracing::error!(request = %id, route = route.name, "a cookie could not be set");
            }
        }
        response
    } else {
        let result = dispatch(state, route, named, &request, &payload).await;
        result.map_or_else(
            |error| {
                failed(&error);
                problem(&error)
            },
            Answer::into_response,
        )
    };
    if let Takes::Upload(_) | Takes::FileForm(_) | Takes::File = route.takes {
        body::finish(&payload, announced(&request)).await;
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("incamera-request"), id);
    }
    // The route's name, not the path: nothing that a person chose or that names a thing.
    tracing::info!(request = %id, route = route.name, status = response.status().as_u16(), micros = begun.elapsed().as_micros(), "answered");
    body::end_with(response, payload)
}

/// Random, so that it tells nothing; in the answer and in the diagnostics.
fn request_id(state: &State) -> String {
    state.db.ctx().random::<8>().map(|bytes| data_encoding::HEXLOWER.encode(&bytes)).unwrap_or_default()
}

/// What is shown with a page's answer, whatever becomes of it.
struct Shown {
    visitor: Visitor,
    cookies: Vec<Cookie<'static>>,
}

impl Shown {
    const fn new(visitor: Visitor) -> Self {
        Self { visitor, cookies: Vec::new() }
    }
}

/// As [`dispatch`], for a browser: who asks is found by cookies, and a form must come from a page of ours.
async fn dispatch_page(
    state: State,
    route: &Route,
    named: Named,
    request: &HttpRequest,
    payload: &Body,
    shown: &mut Shown,
) -> Result<Answer, AppError> {
    let (bearer, brought) = page::bring(&state, route, request, &mut shown.cookies).await?;
    if let Takes::Upload(_) | Takes::FileForm(_) = route.takes {
        // A file is large, and is not kept while somebody logs in: who may not send one sends none of it.
        if shown.visitor.site != page::Site::Ours {
            return Err(Fault::FormNotOurs.into());
        }
        if bearer.is_none() {
            return Err(Fault::SignInNeeded.into());
        }
    }
    let mut sent = Sent::of(named);
    let media = request.headers().get("content-type").and_then(|media| media.to_str().ok());
    match route.takes {
        Takes::Upload(_) => {
            let limits = limits(&state, u64::try_from(state.settings.materials.bytes).unwrap_or(u64::MAX));
            let coming = incoming(&state, request, payload, limits.file.saturating_add(limits.field))?;
            let coming = coming.in_time(&state.settings.server);
            (shown.visitor.typed, sent.file) = page::upload::read(media, coming, limits).await?;
        }
        Takes::FileForm(_) => {
            let limits = limits(&state, state.settings.rooms.file_bytes);
            let coming = incoming(&state, request, payload, limits.file.saturating_add(limits.field))?;
            (shown.visitor.typed, sent.coming) = page::upload::begin(media, coming, limits).await?;
        }
        Takes::Form(_) => {
            let body = body(&state, route, request, payload).await?;
            if shown.visitor.site != page::Site::Ours {
                return Err(Fault::FormNotOurs.into());
            }
            shown.visitor.typed = Fields::parse(&body)?;
        }
        _ => sent.body = body(&state, route, request, payload).await?,
    }
    // What was typed is known by now: it is kept while somebody logs in again.
    if bearer.is_none() && route.access.needs_token() {
        return Err(Fault::SignInNeeded.into());
    }
    if route.takes.is_form() {
        shown.visitor.judge_form(bearer.is_some() && route.access.needs_token())?;
    }
    call(state, route, request, sent, (bearer, brought), Some(shown.visitor.clone())).await
}

async fn dispatch(
    state: State,
    route: &Route,
    named: Named,
    request: &HttpRequest,
    payload: &Body,
) -> Result<Answer, AppError> {
    let who = (bearer(&state, route, request)?, brought(request));
    let mut sent = Sent::of(named);
    if let Takes::File = route.takes {
        let coming = incoming(&state, request, payload, state.settings.rooms.file_bytes)?;
        sent.coming = Some(FileComing::of_body(request, coming)?);
    } else {
        sent.body = body(&state, route, request, payload).await?;
    }
    call(state, route, request, sent, who, None).await
}

/// What came with a request beside its headers.
struct Sent {
    named: Named,
    body: Vec<u8>,
    file: Option<FileSent>,
    coming: Option<FileComing>,
}

impl Sent {
    const fn of(named: Named) -> Self {
        Self { named, body: Vec::new(), file: None, coming: None }
    }
}

/// How much of a form with a file is taken.
fn limits(state: &State, file: u64) -> page::upload::Limits {
    page::upload::Limits { file, field: u64::try_from(state.settings.server.json_bytes).unwrap_or(u64::MAX) }
}

/// The length that the request says its body has.
fn announced(request: &HttpRequest) -> Option<u64> {
    request
        .headers()
        .get("content-length")
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok())
}

/// A body of at most so many bytes, to be taken piece by piece.
fn incoming(state: &State, request: &HttpRequest, payload: &Body, most: u64) -> Result<Incoming, AppError> {
    Incoming::new(payload, announced(request), most, &state.settings.server)
}

/// The body, as far as the route takes one.
async fn body(state: &State, route: &Route, request: &HttpRequest, payload: &Body) -> Result<Vec<u8>, AppError> {
    let settings = &state.settings;
    let most = match route.takes {
        Takes::Json(_) => settings.server.json_bytes,
        // In a form each byte of a text that is no letter or digit takes three.
        Takes::Form(_) => settings.server.json_bytes.saturating_mul(3),
        Takes::Bytes(_) => settings.materials.bytes,
        // There is none, or it is read elsewhere.
        Takes::Nothing | Takes::Query(_) | Takes::Upload(_) | Takes::FileForm(_) | Takes::File => 0,
    };
    body::read(payload, announced(request), most, &settings.server).await
}

async fn call(
    state: State,
    route: &Route,
    request: &HttpRequest,
    Sent { named, body, file, coming }: Sent,
    (bearer, brought): (Option<Bearer>, Brought),
    visitor: Option<Visitor>,
) -> Result<Answer, AppError> {
    let call = Call {
        path: named,
        list: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: request.headers().clone(),
        body,
        file,
        coming,
        bearer,
        brought,
        peer: request.peer_addr().map(|peer| peer.ip()),
        visitor,
        state,
    };
    // An unknown parameter is refused even where none is read.
    call.query(match route.takes {
        Takes::Query(known) | Takes::Bytes(known) => known,
        Takes::Nothing | Takes::Json(_) | Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_) | Takes::File => &[],
    })?;
    (route.handler)(call).await
}

/// The token, verified as far as that goes without the database. A token that is sent must be valid, even
/// where none is needed: whoever sends one wants to be known.
fn bearer(state: &State, route: &Route, request: &HttpRequest) -> Result<Option<Bearer>, AppError> {
    let mut sent = request.headers().get_all("authorization");
    match (sent.next(), sent.next()) {
        (None, _) if route.access.needs_token() => Err(Fault::SignInNeeded.into()),
        (None, _) => Ok(None),
        (Some(header), None) => header
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix("Bearer "))
            .and_then(|token| state.gate.verify(token, state.clock.now()))
            .map(Some)
            .ok_or_else(|| Fault::SignInNeeded.into()),
        (Some(_), Some(_)) => Err(Fault::SignInNeeded.into()),
    }
}

fn brought(request: &HttpRequest) -> Brought {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    Brought {
        unlock: text("incamera-unlock").map(ToOwned::to_owned),
        visit: text("incamera-visit").and_then(VisitId::parse),
    }
}
