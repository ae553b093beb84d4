//! The log over JSON: the auditor reads all of it, others what concerns them.

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::store::{self, Wanted};
use super::{Entry, Event, LoggedEntry};
use crate::access::{self, Action, Asker, Fact, Permit, actions};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{EntryId, PersonId, RoomId};
use crate::server::answer::List;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Page, Query, Route, Takes, handler};

/// An entry of the log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryBody {
    /// Its id.
    pub id: EntryId,
    /// Its place in the log; only the auditor is shown it, since the gaps between one's own entries
    /// would tell how much others do.
    pub seq: Option<i64>,
    /// What happened, as committed to; null once erased.
    pub entry: Option<serde_json::Value>,
    /// The commitment, hex.
    pub commitment: String,
}

const QUERY: &[&str] = &["event", "actor", "thing", "room", "from", "until", "cursor", "limit"];

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
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let wanted = wanted(&query)?;
    Answer::json(&call.read(move |work, asker| entries(work, asker, &wanted, &page)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("entry", EntryId::parse)?;
    let entry = call
        .read(move |work, asker| {
            let permit = access::permit::<actions::ReadEntry, LoggedEntry>(work, asker, &id)?;
            if permit.held(Fact::Auditor) {
                work.log(Entry::new(Event::LogRead).by(asker).on("entry", &id).count(1));
            }
            Ok(body(permit.into_thing(), asker))
        })
        .await?;
    Answer::json(&entry)
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

/// What the asker may read of the log. The auditor's readings are themselves entries.
fn entries(work: &mut Work<'_>, asker: &Asker, wanted: &Wanted, page: &Page) -> Result<List<EntryBody>, AppError> {
    let after = page.after.as_deref().map(|id| place(work, asker, id)).transpose()?;
    let rows =
        store::page(work.conn, access::filter::<actions::ReadEntry>(asker), wanted, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |row| row.id.to_string());
    if asker.facts().has(Fact::Auditor) {
        work.log(Entry::new(Event::LogRead).by(asker).count(list.items.len()));
    }
    Ok(List { items: list.items.into_iter().map(|row| body(row, asker)).collect(), next: list.next })
}

/// The entry that a cursor names. One that the asker may not read is no cursor of his.
fn place(
    work: &mut Work<'_>,
    asker: &Asker,
    cursor: &str,
) -> Result<Permit<actions::ReadEntry, LoggedEntry>, AppError> {
    let none = || AppError::field("cursor", "not a cursor of this list");
    let id = EntryId::parse(cursor).ok_or_else(none)?;
    access::permit::<actions::ReadEntry, LoggedEntry>(work, asker, &id)
        .map_err(|error| if error.fault == Fault::NotFound { none() } else { error })
}

fn body(row: LoggedEntry, asker: &Asker) -> EntryBody {
    let auditor = asker.facts().has(Fact::Auditor);
    let mut entry = row.payload.as_deref().and_then(|payload| serde_json::from_str::<serde_json::Value>(payload).ok());
    if let Some(serde_json::Value::Object(fields)) = &mut entry
        && !auditor
    {
        fields.remove("seq");
        // By whose log-in and visit others read is for the auditor to put together.
        let own = asker
            .person()
            .is_some_and(|person| fields.get("actor").and_then(serde_json::Value::as_str) == Some(person.as_str()));
        if !own {
            fields.remove("sign_in");
            fields.remove("visit");
        }
    }
    EntryBody {
        id: row.id,
        seq: auditor.then_some(row.seq),
        entry,
        commitment: data_encoding::HEXLOWER.encode(&row.commitment),
    }
}
