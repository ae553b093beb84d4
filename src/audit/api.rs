//! The log over HTTP: entries as JSON, of which the auditor reads all and others what concerns them; and for those who
//! check it, the tree, its checkpoints and receipts in the formats of `docs/LOG.md`.

use super::model::report::operation;
use super::model::tiles::Tile;
use super::service::{self, Asked, EntryBody, LogState, Report, Which, WitnessesBody};
use super::{Event, Wanted};
use crate::access::Action;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{EntryId, PartyId, PersonId, RoomId};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Query, Route, Takes, handler};
use actix_web::http::Method;

const QUERY: &[&str] = &["event", "actor", "thing", "room", "from", "until", "cursor", "limit"];
const REPORT: &[&str] = &["from", "until", "party", "operation", "cursor", "limit"];

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/audit/entries",
            name: "list_entries",
            summary: "Entries of the log, newest first: for the auditor all, for others what concerns them.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::SometimesEvent(Event::LogRead),
            takes: Takes::Query(QUERY),
            gives: Gives::List(schema::<EntryBody>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/audit/entries/{entry}",
            name: "get_entry",
            summary: "One entry of the log.",
            access: Access::May(Action::ReadEntry),
            logs: Logs::SometimesEvent(Event::LogRead),
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<EntryBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/audit/report",
            name: "get_report",
            summary: "What was done with a party's things in a period, in the words of Article 25 of Directive (EU) 2016/680: for the auditor any party's, for others their own.",
            access: Access::May(Action::CheckLog),
            logs: Logs::SometimesEvent(Event::LogRead),
            takes: Takes::Query(REPORT),
            gives: Gives::Json(schema::<Report>),
            also: &[404],
            handler: handler(report),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/audit/state",
            name: "get_log_state",
            summary: "The log's public key, its newest checkpoint with whoever cosigned it, and how it grew.",
            access: Access::May(Action::CheckLog),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<LogState>),
            also: &[],
            handler: handler(state),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/audit/checkpoint",
            name: "get_checkpoint",
            summary: "The newest signed statement about the log's tree: a checkpoint of c2sp.org/tlog-checkpoint.",
            access: Access::May(Action::CheckLog),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Bytes,
            also: &[],
            handler: handler(checkpoint),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/audit/witnesses",
            name: "list_witnesses",
            summary: "The witnesses that cosign the log's checkpoints, what each did last, and whether enough have.",
            access: Access::May(Action::CheckLog),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<WitnessesBody>),
            also: &[],
            handler: handler(witnesses),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/audit/tile/{*tile}",
            name: "get_tile",
            summary: "A tile of the log's tree, or a bundle of its leaves: what c2sp.org/tlog-tiles has behind tile/.",
            access: Access::May(Action::CheckLog),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Bytes,
            also: &[],
            handler: handler(tile),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/audit/receipts/{seq}",
            name: "get_receipt",
            summary: "The proof that an entry, named by its number or id, is in the log, to be verified elsewhere: a c2sp.org/tlog-proof.",
            access: Access::May(Action::CheckLog),
            logs: Logs::SometimesEvent(Event::LogRead),
            takes: Takes::Nothing,
            gives: Gives::Bytes,
            also: &[409],
            handler: handler(receipt),
        },
    ]
}

/// The newest checkpoint; for pages, too.
///
/// # Errors
/// As [`service::checkpoint`].
pub async fn checkpoint(call: Call) -> Result<Answer, AppError> {
    Ok(Answer::plain(call.read(service::checkpoint).await?))
}

async fn witnesses(call: Call) -> Result<Answer, AppError> {
    Answer::json(&call.read(service::witnesses).await?)
}

async fn tile(call: Call) -> Result<Answer, AppError> {
    let tile = call.path("tile", Tile::parse)?;
    Ok(Answer::bytes(call.read(move |work, asker| service::tile(work, asker, &tile)).await?))
}

/// A receipt; for pages, too.
///
/// # Errors
/// As [`service::receipt`].
pub async fn receipt(call: Call) -> Result<Answer, AppError> {
    let which = call.path("seq", Which::parse)?;
    let proof = call.read(move |work, asker| service::receipt(work, asker, which)).await?;
    Answer::download("text/plain; charset=utf-8", "receipt.tlog-proof", proof.into_bytes())
}

async fn report(call: Call) -> Result<Answer, AppError> {
    let query = call.query(REPORT)?;
    let page = query.page()?;
    let asked = Asked {
        from: query.parse("from", Moment::parse)?,
        until: query.parse("until", Moment::parse)?,
        party: query.parse("party", PartyId::parse)?,
        operation: query.parse("operation", operation)?,
    };
    Answer::json(&call.read(move |work, asker| service::report(work, asker, &asked, &page)).await?)
}

async fn state(call: Call) -> Result<Answer, AppError> {
    let key = call.log_key().map(ToOwned::to_owned);
    Answer::json(&call.read(move |work, asker| service::state(work, asker, key.as_deref())).await?)
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let wanted = wanted(&query)?;
    Answer::json(&call.read(move |work, asker| service::list(work, asker, &wanted, &page)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("entry", EntryId::parse)?;
    Answer::json(&call.read(move |work, asker| service::get(work, asker, &id)).await?)
}

fn wanted(query: &Query) -> Result<Wanted, AppError> {
    Ok(Wanted {
        event: query.parse("event", Event::parse)?,
        actor: query.parse("actor", PersonId::parse)?,
        // Every kind's ids are written alike.
        thing: query.parse("thing", EntryId::parse)?.map(|id| id.to_string()),
        room: query.parse("room", RoomId::parse)?,
        from: query.parse("from", Moment::parse)?,
        until: query.parse("until", Moment::parse)?,
    })
}
