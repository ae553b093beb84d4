//! The witness over HTTP: two addresses, and fixed words for whatever else is asked.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{Refusal, Witness};
use crate::audit::model::witnessing::SIZE_TYPE;
use crate::error::{AppError, Fault};
use crate::server::body::{self, Body};
use crate::server::{How, Running, listen};
use crate::settings::{ServerSettings, WitnessSettings};

/// Threads a worker for reading and writing the book, of which one at a time writes.
const BLOCKING: usize = 4;

const PLAIN: (&str, &str) = ("content-type", "text/plain; charset=utf-8");

/// Binds the port. Await the answer's `server` to serve.
///
/// # Errors
/// When the certificate cannot be used or the port cannot be bound.
pub fn start(witness: &Arc<Witness>, settings: &WitnessSettings, signals: bool) -> Result<Running, AppError> {
    let clock = Arc::clone(&witness.clock);
    let how = How { settings: &settings.server, base: &settings.base, clock, blocking: BLOCKING, signals };
    let (witness, limits) = (Arc::clone(witness), Arc::new(settings.server.clone()));
    listen(&how, move |app| register(app, &witness, &limits))
}

fn register(app: &mut web::ServiceConfig, witness: &Arc<Witness>, limits: &Arc<ServerSettings>) {
    let (its, limits) = (Arc::clone(witness), Arc::clone(limits));
    let add = move |request: HttpRequest, payload: web::Payload| {
        let (witness, limits) = (Arc::clone(&its), Arc::clone(&limits));
        async move {
            let payload = Body::from(payload);
            let answer = add_checkpoint(witness, &limits, &request, &payload).await;
            body::end_with(answer, payload)
        }
    };
    let its = Arc::clone(witness);
    let last = move |path: web::Path<String>, payload: web::Payload| {
        let witness = Arc::clone(&its);
        async move { body::end_with(checkpoint(witness, path.into_inner()).await, payload) }
    };
    app.service(web::resource("/add-checkpoint").route(web::post().to(add)).default_service(web::to(other(405))));
    let seen = web::resource("/{origin}/checkpoint");
    app.service(seen.route(web::get().to(last)).default_service(web::to(other(405))));
    app.default_service(web::to(other(404)));
}

/// What is answered where there is nothing.
fn other(status: u16) -> impl Fn(web::Payload) -> std::future::Ready<HttpResponse> + Clone {
    move |payload| {
        let words = if status == 404 { "there is nothing here" } else { "this cannot be done here" };
        std::future::ready(body::end_with(said(status, words), payload))
    }
}

fn said(status: u16, words: &str) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).insert_header(PLAIN).body(format!("{words}\n"))
}

async fn add_checkpoint(
    witness: Arc<Witness>,
    limits: &ServerSettings,
    request: &HttpRequest,
    payload: &Body,
) -> HttpResponse {
    let announced = request.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    let sent = match body::read(payload, announced, limits.json_bytes, limits).await {
        Ok(sent) => sent,
        Err(AppError { fault: fault @ (Fault::TooLarge | Fault::TooSlow), .. }) => {
            let (status, _, words) = fault.public();
            return said(status, words);
        }
        Err(_framing) => return said(400, "the body broke off or is wrongly framed"),
    };
    match web::block(move || witness.add_checkpoint(&sent)).await {
        Ok(Ok(line)) => HttpResponse::Ok().insert_header(PLAIN).body(line),
        Ok(Err(Refusal::Conflict(size))) => {
            HttpResponse::Conflict().insert_header((CONTENT_TYPE, SIZE_TYPE)).body(format!("{size}\n"))
        }
        Ok(Err(refusal)) => {
            if let Refusal::Broken(error) = &refusal {
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "nothing was cosigned");
            }
            said(refusal.status(), &refusal.to_string())
        }
        Err(_no_thread) => said(503, "the witness is busy"),
    }
}

async fn checkpoint(witness: Arc<Witness>, origin_hash: String) -> HttpResponse {
    match web::block(move || witness.checkpoint(&origin_hash)).await {
        Ok(Ok(Some(note))) => HttpResponse::Ok().insert_header(PLAIN).body(note),
        Ok(Ok(None)) => said(404, "there is nothing here"),
        Ok(Err(_unreadable)) => said(500, "this witness cannot read what it has cosigned"),
        Err(_no_thread) => said(503, "the witness is busy"),
    }
}
