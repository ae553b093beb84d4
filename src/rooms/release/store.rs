//! The rows of a release.

use diesel::prelude::*;

use super::{Recipient, Released};
use crate::access::acts::in_force_at;
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{acts, parties, releases, standings};
use crate::ids::{ActId, CaseId, NoteId, PartyId};

fn columns(what: Released<'_>) -> (Option<&NoteId>, Option<&CaseId>) {
    match what {
        Released::Note(id) => (Some(id), None),
        Released::Case(id) => (None, Some(id)),
    }
}

pub(super) fn insert(conn: &mut Conn, act: &ActId, what: Released<'_>, to: Recipient<'_>) -> QueryResult<()> {
    let (note, case) = columns(what);
    diesel::insert_into(releases::table)
        .values((
            releases::act_id.eq(act),
            releases::note_id.eq(note),
            releases::note_version.eq(to.version),
            releases::case_id.eq(case),
            releases::party_id.eq(to.party),
        ))
        .execute(conn)
        .map(drop)
}

/// A release: act, to whom (no party: all contact points), which version, from when on.
type Row = (ActId, Option<PartyId>, Option<i64>, Moment);

/// The releases in force of a thing.
pub(super) fn in_force(conn: &mut Conn, what: Released<'_>, at: Moment) -> QueryResult<Vec<Row>> {
    let query = releases::table.inner_join(acts::table).filter(in_force_at(at)).order((acts::effective_us, acts::id));
    let columns = (releases::act_id, releases::party_id, releases::note_version, acts::effective_us);
    match what {
        Released::Note(id) => query.filter(releases::note_id.eq(id)).select(columns).load(conn),
        Released::Case(id) => query.filter(releases::case_id.eq(id)).select(columns).load(conn),
    }
}

/// Whether the party is a State that is a member or an observer at `at`.
pub(super) fn is_state_of_the_network(conn: &mut Conn, party: &PartyId, at: Moment) -> QueryResult<bool> {
    standings::table
        .inner_join(acts::table)
        .inner_join(parties::table.on(parties::id.eq(standings::party_id)))
        .filter(standings::party_id.eq(party))
        .filter(parties::kind.eq("state"))
        .filter(standings::standing.eq_any(["member", "observer"]))
        .filter(in_force_at(at))
        .count()
        .get_result::<i64>(conn)
        .map(|count| count > 0)
}
