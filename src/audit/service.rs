//! Reading the log: permit, and an entry of its own for the auditor's readings.

use schemars::JsonSchema;
use serde::Serialize;

use super::store::{self, Wanted};
use super::{Entry, Event, LoggedEntry};
use crate::access::{self, Asker, Fact, Permit, actions};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{EntryId, PartyId};
use crate::server::Page;
use crate::server::answer::List;

/// An entry of the log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
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

/// What the asker may read of the log, newest first. The auditor's readings are themselves entries.
///
/// # Errors
/// `Invalid` when the page begins at no entry of the asker's; the database's.
pub fn list(work: &mut Work<'_>, asker: &Asker, wanted: &Wanted, page: &Page) -> Result<List<EntryBody>, AppError> {
    let after = page.after.as_deref().map(|id| place(work, asker, id)).transpose()?;
    let rows =
        store::page(work.conn, access::filter::<actions::ReadEntry>(asker), wanted, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |row| row.id.to_string());
    if asker.facts().has(Fact::Auditor) {
        work.log(Entry::new(Event::LogRead).by(asker).count(list.items.len()));
    }
    Ok(List { items: list.items.into_iter().map(|row| body(row, asker)).collect(), next: list.next })
}

/// One entry. The auditor's reading is itself one.
///
/// # Errors
/// `NotFound` when there is none that the asker may read; the database's.
pub fn get(work: &mut Work<'_>, asker: &Asker, id: &EntryId) -> Result<EntryBody, AppError> {
    let permit = access::permit::<actions::ReadEntry, LoggedEntry>(work, asker, id)?;
    if permit.held(Fact::Auditor) {
        work.log(Entry::new(Event::LogRead).by(asker).on("entry", id).count(1));
    }
    Ok(body(permit.into_thing(), asker))
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
        // Whoever only read what another State let him see is not told which room it has.
        let text = |name: &str| fields.get(name).and_then(serde_json::Value::as_str).map(ToOwned::to_owned);
        let thing = fields.get("thing").and_then(|thing| thing.get("kind")).and_then(serde_json::Value::as_str);
        let foreign = text("owner_party").is_some_and(|owner| asker.party().map(PartyId::as_str) != Some(&owner));
        if foreign && thing == Some("case") && text("visit").is_none() {
            fields.remove("room");
        }
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
