//! An entry with all its columns, and whether they belong together.

use diesel::prelude::*;

use super::rows;
use crate::audit::model::rows::Rows;
use crate::audit::model::{Area, Event, Fields};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::audit_entries;
use crate::error::AppError;
use crate::ids::EntryId;

/// An entry with all its columns.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
pub(in crate::audit) struct Kept {
    pub(in crate::audit) seq: i64,
    pub(super) id: EntryId,
    pub(super) minute: i64,
    pub(in crate::audit) commitment: Vec<u8>,
    pub(in crate::audit) payload: Option<String>,
    pub(in crate::audit) salt: Option<Vec<u8>>,
    pub(super) at_us: Option<Moment>,
    event: Option<Event>,
    area: Option<Area>,
    actor_id: Option<String>,
    owner_party: Option<String>,
    room_id: Option<String>,
    thing_id: Option<String>,
    pub(super) erased_by: Option<i64>,
}

/// What an entry says of the rows that its change has left, and of the entries that it has erased.
#[derive(Default)]
pub(super) struct Said {
    /// How many rows are bound to it.
    pub(super) rows: i64,
    /// How many entries were erased with it, and the digest of these.
    pub(super) erased: Option<(i64, String)>,
}

impl Kept {
    /// Checks that it is whole: what was committed to, with the columns and the bindings that it tells of. Of one that
    /// was erased: that nothing of it is left.
    ///
    /// # Errors
    /// What is wrong, in words; or the database's.
    pub(in crate::audit) fn check(&self, conn: &mut Conn) -> Result<(), AppError> {
        self.said(conn).map(drop)
    }

    /// As [`Kept::check`]; answers what else is to be held against it.
    pub(super) fn said(&self, conn: &mut Conn) -> Result<Said, AppError> {
        let seq = self.seq;
        let wrong = |what: &str| Err(AppError::internal(format!("entry {seq} {what}")));
        let columns = || AppError::internal(format!("the columns of entry {seq} differ from what was committed to"));
        let (Some(payload), Some(salt)) = (&self.payload, &self.salt) else {
            return if self.is_empty() { Ok(Said::default()) } else { Err(columns()) };
        };
        let fields = Fields::parse(payload).map_err(AppError::internal)?;
        if fields.commitment(salt)[..] != self.commitment || fields.text() != *payload {
            return wrong("is not what was committed to");
        }
        let mut said: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
        // Those of an entry that tells of none are missing in the sum of all.
        let of_rows = said.get_mut("rows").map_or(serde_json::Value::Null, serde_json::Value::take);
        let bindings = if of_rows.is_null() { Vec::new() } else { rows::of(conn, seq)? };
        if of_rows != serde_json::to_value(Rows::of(&bindings)).map_err(AppError::internal)? {
            return Err(AppError::internal(format!("the rows bound to entry {seq} are not those it tells of")));
        }
        if !self.agrees_with(&said) {
            return Err(columns());
        }
        let erased =
            said.get("erased").and_then(serde_json::Value::as_str).filter(|_| self.event == Some(Event::EntriesErased));
        let count = said.get("count").and_then(serde_json::Value::as_i64);
        Ok(Said {
            rows: i64::try_from(bindings.len()).map_err(AppError::internal)?,
            erased: count.zip(erased.map(ToOwned::to_owned)),
        })
    }

    /// Whether the columns say what the payload says: who may read an entry is decided by them.
    fn agrees_with(&self, said: &serde_json::Value) -> bool {
        let text = |pointer: &str| said.pointer(pointer).and_then(serde_json::Value::as_str);
        let number = |pointer: &str| said.pointer(pointer).and_then(serde_json::Value::as_i64);
        number("/seq") == Some(self.seq)
            && text("/id") == Some(self.id.as_str())
            && number("/at_us") == self.at_us.map(|at| at.0)
            && self.at_us.map(Moment::minute) == Some(self.minute)
            && text("/event") == self.event.map(Event::as_str)
            && self.event.map(Event::area) == self.area
            && text("/actor") == self.actor_id.as_deref()
            && text("/owner_party") == self.owner_party.as_deref()
            && text("/room") == self.room_id.as_deref()
            && text("/thing/id") == self.thing_id.as_deref()
            && self.erased_by.is_none()
    }

    /// Whether an erasure left nothing behind.
    fn is_empty(&self) -> bool {
        self.payload.is_none()
            && self.salt.is_none()
            && self.at_us.is_none()
            && self.event.is_none()
            && self.area.is_none()
            && [&self.actor_id, &self.owner_party, &self.room_id, &self.thing_id].iter().all(|column| column.is_none())
    }
}
