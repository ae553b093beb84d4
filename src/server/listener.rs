//! The listener: every request passes [`dispatch`], and every answer carries the same headers.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::answer::problem;
use super::call::{Bearer, Brought, Call, Gate};
use super::registry::{Route, Takes};
use super::{body, tls};
use crate::context::Clock;
use crate::db::Db;
use crate::error::{AppError, Fault};
use crate::ids::VisitId;
use crate::settings::Settings;

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
/// When the certificate cannot be used or the port cannot be bound.
pub fn start(state: &State, routes: Vec<Route>, signals: bool) -> Result<Running, AppError> {
    let settings = &state.settings.server;
    let tls = tls::config(&state.settings, Arc::clone(&state.clock))?;
    let socket = TcpListener::bind((settings.listen, settings.port)).map_err(AppError::internal)?;
    let address = socket.local_addr().map_err(AppError::internal)?;
    let routes = Arc::new(routes);
    let shared = state.clone();
    let mut server = HttpServer::new(move || {
        let mut headers = DefaultHeaders::new();
        for header in HEADERS {
            headers = headers.add(header);
        }
        let (shared, routes) = (shared.clone(), Arc::clone(&routes));
        App::new().wrap(headers).configure(move |app| register(app, &shared, &routes))
    })
    .max_connections(settings.connections)
    .max_connection_rate(settings.handshakes)
    .client_request_timeout(Duration::from_secs(settings.head_seconds))
    .client_disconnect_timeout(Duration::from_secs(1))
    .tls_handshake_timeout(Duration::from_secs(settings.handshake_seconds))
    .keep_alive(Duration::from_mins(1))
    .h1_allow_half_closed(false)
    .shutdown_timeout(settings.shutdown_seconds)
    .worker_max_blocking_threads(blocking_threads(&state.settings));
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

/// Registers each path once, with its methods, so that a known path with another method is 405.
fn register(app: &mut web::ServiceConfig, state: &State, routes: &Arc<Vec<Route>>) {
    let mut paths: BTreeMap<&'static str, Vec<Route>> = BTreeMap::new();
    for route in routes.iter() {
        paths.entry(route.path).or_default().push(route.clone());
    }
    // actix matches in the order of registration: the literal paths come before those with names.
    let mut ordered: Vec<_> = paths.into_iter().collect();
    ordered.sort_by_key(|(path, _)| (path.matches('{').count(), *path));
    for (path, routes) in ordered {
        let mut resource = web::resource(path);
        let allow = routes.iter().map(|route| route.method.as_str()).collect::<Vec<_>>().join(", ");
        for route in routes {
            let state = state.clone();
            let method = route.method.clone();
            resource = resource.route(web::method(method).to(move |request: HttpRequest, payload: web::Payload| {
                let (state, route) = (state.clone(), route.clone());
                async move { answer(state, route, request, payload).await }
            }));
        }
        app.service(resource.default_service(web::to(move |payload: web::Payload| {
            let allow = allow.clone();
            async move {
                let mut response = problem(&Fault::MethodNotAllowed.into());
                if let Ok(allow) = HeaderValue::from_str(&allow) {
                    response.headers_mut().insert(HeaderName::from_static("allow"), allow);
                }
                body::end_with(response, payload)
            }
        })));
    }
    app.default_service(web::to(|payload: web::Payload| async {
        body::end_with(problem(&Fault::NotFound.into()), payload)
    }));
}

async fn answer(state: State, route: Route, request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let begun = std::time::Instant::now();
    let id = request_id(&state);
    let result = dispatch(state, &route, &request, &mut payload).await;
    let mut response = match result {
        Ok(answer) => answer.into_response(),
        Err(error) => {
            if let Some(cause) = error.cause() {
                tracing::error!(request = %id, route = route.name, %cause, "failed");
            }
            problem(&error)
        }
    };
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

async fn dispatch(
    state: State,
    route: &Route,
    request: &HttpRequest,
    payload: &mut web::Payload,
) -> Result<super::Answer, AppError> {
    let bearer = bearer(&state, route, request)?;
    let brought = brought(request);
    let settings = Arc::clone(&state.settings);
    let most = match route.takes {
        Takes::Nothing | Takes::Query(_) => 0,
        Takes::Json(_) => settings.server.json_bytes,
        Takes::Bytes(_) => settings.materials.bytes,
    };
    let announced = request
        .headers()
        .get("content-length")
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    let body = body::read(payload, announced, most, &settings.server).await?;
    let path = request.match_info().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let call = Call {
        path,
        list: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: request.headers().clone(),
        body,
        bearer,
        brought,
        peer: request.peer_addr().map(|peer| peer.ip()),
        state,
    };
    // An unknown parameter is refused even where none is read.
    call.query(match route.takes {
        Takes::Query(known) | Takes::Bytes(known) => known,
        Takes::Nothing | Takes::Json(_) => &[],
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
