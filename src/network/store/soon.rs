//! Designations that end soon.

use diesel::prelude::*;

use crate::access::acts::in_force_at;
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, designations, people};
use crate::ids::{ActId, PersonId};

diesel::alias! {
    const ENDING: Alias<Ending> = acts as ending;
}

type Row = (ActId, PersonId, String, String, Moment);

/// The designations in force at `now`, of `whose` or of everybody, that end until `until`, with when they do.
pub(in crate::network) fn ending(
    conn: &mut Conn,
    whose: Option<&PersonId>,
    now: Moment,
    until: Moment,
    most: i64,
) -> QueryResult<Vec<Row>> {
    let base = || {
        let query = designations::table
            .inner_join(acts::table)
            .inner_join(people::table.on(people::id.eq(designations::person_id)))
            .filter(in_force_at(now))
            .into_boxed();
        match whose {
            Some(person) => query.filter(designations::person_id.eq(person)),
            None => query,
        }
    };
    let mut rows: Vec<Row> = base()
        .filter(acts::until_us.le(until))
        .order(acts::until_us)
        .limit(most)
        .select((acts::id, people::id, people::name, designations::role, acts::until_us.assume_not_null()))
        .load(conn)?;
    // An end that was recorded ahead is another act.
    let ids: Vec<(ActId, PersonId, String, String)> =
        base().select((acts::id, people::id, people::name, designations::role)).load(conn)?;
    let ends: Vec<(Option<ActId>, Moment)> = ENDING
        .filter(ENDING.field(acts::ends_act_id).is_not_null())
        .filter(ENDING.field(acts::effective_us).gt(now))
        .filter(ENDING.field(acts::effective_us).le(until))
        .filter(ENDING.field(acts::recorded_us).le(now))
        .select((ENDING.field(acts::ends_act_id), ENDING.field(acts::effective_us)))
        .load(conn)?;
    rows.extend(ends.into_iter().filter_map(|(ended, at)| {
        let (act, person, name, role) = ids.iter().find(|(act, ..)| Some(act) == ended.as_ref())?.clone();
        Some((act, person, name, role, at))
    }));
    rows.sort_by_key(|row| row.4);
    rows.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(rows)
}
