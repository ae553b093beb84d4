//! What units that read have found before, kept for as long as nothing that it rests on can have changed (decision 22).
//!
//! What a query over bound tables and codes finds depends on three things: on its own text and values, which are the
//! key; on the rows, whose state has a number that the database itself changes with them; and on the moment, through the
//! acts and visits that are in force then. So it is found again as long as the number is the same, in the reader's own
//! snapshot; nothing waits in `audit_touched`; no act or visit has begun or ended in between; and no connection was
//! opened, which may be to another database, put in the place of the one before.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};

use super::Conn;
use super::fragment::{Fragment, Statement};
use crate::context::Moment;

/// How much is kept. When there is more, all of it is forgotten.
const MOST: usize = 20_000;
/// Seconds after which all is forgotten in any case: whoever owns the database can change rows without its noticing.
const LONGEST: i64 = 60;

/// When what was found holds: while the rows are in this state, from a moment on until before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    state: i64,
    from: Moment,
    until: Moment,
}

impl Window {
    fn holds(&self, state: i64, now: Moment) -> bool {
        self.state == state && self.from <= now && now < self.until
    }
}

type Found = HashMap<(TypeId, String), Arc<dyn Any + Send + Sync>>;

/// What was found in the one window that was looked through last.
#[derive(Default)]
pub(super) struct Memory(Mutex<Option<(Window, Found)>>);

impl Memory {
    /// The window of a unit that reads at `now`, in the snapshot that its connection is in. Nothing while rows are as
    /// somebody left them past the server, which no state tells of yet.
    pub(super) fn window(&self, conn: &mut Conn, now: Moment) -> QueryResult<Option<Window>> {
        let sql = Fragment::of("SELECT number, EXISTS (SELECT 1 FROM audit_touched) FROM audit_state WHERE id = 1");
        let row: Option<(i64, bool)> = Statement::<(BigInt, Bool)>::new(sql).get_result(conn).optional()?;
        let Some((state, false)) = row else { return Ok(None) };
        if let Some((window, _)) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner)
            && window.holds(state, now)
        {
            return Ok(Some(window.clone()));
        }
        let longest = now.plus_seconds(LONGEST);
        let until = next_change(conn, now)?.map_or(longest, |next| next.min(longest));
        let window = Window { state, from: now, until };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((window.clone(), Found::new()));
        Ok(Some(window))
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What was kept under `key` in this very window.
    pub(super) fn find<T: Clone + 'static>(&self, window: &Window, key: &str) -> Option<T> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, found) = held.as_ref().filter(|(one, _)| one == window)?;
        let found = found.get(&(TypeId::of::<T>(), key.to_owned()))?;
        found.downcast_ref().cloned()
    }

    /// Keeps what was found in this window, unless another has taken its place.
    pub(super) fn keep<T: Send + Sync + 'static>(&self, window: &Window, key: String, value: T) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = held.as_mut().filter(|(one, _)| one == window) {
            if found.len() >= MOST {
                found.clear();
            }
            found.insert((TypeId::of::<T>(), key), Arc::new(value));
        }
    }
}

/// The next moment after `now` at which an act or a visit begins, ends, or comes to be known here: clocks of nodes
/// differ, so that one may have recorded what is still to come for another.
fn next_change(conn: &mut Conn, now: Moment) -> QueryResult<Option<Moment>> {
    const MOMENTS: [(&str, &str); 6] = [
        ("acts", "effective_us"),
        ("acts", "until_us"),
        ("acts", "recorded_us"),
        ("visits", "opened_us"),
        ("visits", "expires_us"),
        ("visits", "ended_us"),
    ];
    let mut sql = Fragment::new();
    for (place, (table, column)) in MOMENTS.into_iter().enumerate() {
        sql.sql(if place == 0 { "SELECT MIN(m.us) FROM (" } else { " UNION ALL " });
        sql.sql(format!("SELECT MIN({column}) AS us FROM {table} WHERE {column} > ")).number(now.0);
    }
    sql.sql(") m");
    Statement::<Nullable<BigInt>>::new(sql).get_result::<Option<i64>>(conn).map(|next| next.map(Moment))
}
