//! Writing entries, and reading them back for those who may.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, kinds};
use crate::audit::model::rows::{Binding, Rows, Touched};
use crate::audit::model::tree::Hash;
use crate::audit::model::{Area, Commitment, Entry, Event, Fields, Leaf, Payload, field_digest, field_key, join};
use crate::context::{Ctx, Moment};
use crate::db::schema::audit_entries;
use crate::db::{Backend, Conn};
use crate::error::AppError;
use crate::ids::{EntryId, PersonId, RoomId};

/// The largest payload, in bytes; the column has the same limit.
const PAYLOAD_MAX: usize = 4096;

/// What the commitment covers after the entry's place, id and moment, in this order.
#[derive(serde::Serialize)]
struct Said<'a> {
    event: Event,
    #[serde(flatten)]
    payload: &'a Payload,
}

/// An entry but for its place and its moment, which it gets from the writer. All that can be made before is made here:
/// entries of reads by those who read, and not one after the other.
#[derive(Debug)]
pub(crate) struct Unplaced {
    pub(super) id: EntryId,
    pub(super) salt: [u8; 32],
    bindings: Vec<Binding>,
    /// As JSON, from the event on.
    said: String,
    /// What stands in the commitment for the fields of that.
    digests: Vec<Hash>,
    pub(super) event: Event,
    pub(super) payload: Payload,
}

impl Unplaced {
    /// Of `entry`, whose change has left these rows.
    ///
    /// # Errors
    /// `LogUnavailable` when there is no randomness.
    pub(crate) fn new(ctx: &Ctx, entry: Entry, touched: &[Touched]) -> Result<Self, AppError> {
        let Entry { event, mut payload } = entry;
        let (id, salt) = (EntryId::new(ctx)?, ctx.random::<32>()?);
        let bindings: Vec<Binding> = touched.iter().map(|row| row.bind(&salt)).collect();
        payload.rows = Rows::of(&bindings);
        let said = serde_json::to_string(&Said { event, payload: &payload }).map_err(AppError::log_unavailable)?;
        let digests = Fields::parse(&said).map_err(AppError::log_unavailable)?.digests(&salt).collect();
        Ok(Self { id, salt, bindings, said, digests, event, payload })
    }

    /// As the entry with number `seq`, made at `now`.
    ///
    /// # Errors
    /// `LogUnavailable` when it is larger than entries may be.
    pub(crate) fn at(self, seq: i64, now: Moment) -> Result<Row, AppError> {
        let said = self.said.trim_start_matches('{');
        let payload = format!("{{\"seq\":{seq},\"id\":\"{}\",\"at_us\":{},{said}", self.id, now.0);
        if payload.len() > PAYLOAD_MAX {
            return Err(AppError::log_unavailable("an entry is larger than entries may be"));
        }
        let place = [("seq", seq.to_string()), ("id", format!("\"{}\"", self.id)), ("at_us", now.0.to_string())];
        let place = place.iter().map(|(name, value)| field_digest(&field_key(&self.salt, name), name, value));
        let commitment = join(place.chain(self.digests.iter().copied()));
        Ok(Row {
            seq,
            minute: now.minute(),
            commitment,
            payload,
            at_us: now,
            area: self.event.area(),
            thing_id: self.payload.thing.as_ref().map(|thing| thing.id().to_owned()),
            entry: self,
        })
    }
}

/// An entry in its place, ready to be appended.
#[derive(Debug)]
pub(crate) struct Row {
    pub(super) seq: i64,
    pub(super) minute: i64,
    pub(super) commitment: Commitment,
    pub(super) payload: String,
    pub(super) at_us: Moment,
    pub(super) area: Area,
    pub(super) thing_id: Option<String>,
    pub(super) entry: Unplaced,
}

impl Row {
    /// The same in another place.
    ///
    /// # Errors
    /// As [`Unplaced::at`].
    pub(crate) fn moved(self, seq: i64) -> Result<Self, AppError> {
        self.entry.at(seq, self.at_us)
    }

    pub(crate) const fn id(&self) -> &EntryId {
        &self.entry.id
    }

    pub(super) fn leaf(&self) -> Leaf {
        Leaf { seq: self.seq.unsigned_abs(), minute: self.minute.unsigned_abs(), commitment: self.commitment }
    }
}

/// What is inserted of each, in this order.
pub(super) const INSERT: &str = "INSERT INTO audit_entries (seq, id, minute, commitment, payload, salt, at_us, event, area, actor_id, owner_party, room_id, thing_id)";

/// One statement for `N` of them, which is their number: so it is spelled and prepared once for each number, which
/// diesel's own batch insert would not be.
struct Append<'a, const N: usize>(&'a [Row]);

impl<const N: usize> QueryId for Append<'_, N> {
    type QueryId = Append<'static, N>;
}

impl<const N: usize> QueryFragment<Backend> for Append<'_, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql(INSERT);
        out.push_sql(" VALUES ");
        for (number, row) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { "(" } else { ", (" });
            out.push_bind_param::<BigInt, _>(&row.seq)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.entry.id)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&row.minute)?;
            out.push_sql(", ");
            out.push_bind_param::<Binary, [u8]>(&row.commitment)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.payload)?;
            out.push_sql(", ");
            out.push_bind_param::<Binary, [u8]>(&row.entry.salt)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&row.at_us)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.entry.event)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&row.area)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.entry.payload.actor)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.entry.payload.owner_party)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.entry.payload.room)?;
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(&row.thing_id)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<const N: usize> RunQueryDsl<Conn> for Append<'_, N> {}

/// Inserts entries, in pieces of a few sizes, so that each statement is prepared once. Answers how many
/// statements that took.
///
/// # Errors
/// The database's.
pub(super) fn insert(conn: &mut Conn, rows: &[Row]) -> QueryResult<u64> {
    let (mut rest, mut statements) = (rows, 0_u64);
    while !rest.is_empty() {
        rest = match rest.len() {
            64.. => piece::<64>(conn, rest),
            32.. => piece::<32>(conn, rest),
            16.. => piece::<16>(conn, rest),
            8.. => piece::<8>(conn, rest),
            4.. => piece::<4>(conn, rest),
            2.. => piece::<2>(conn, rest),
            _ => piece::<1>(conn, rest),
        }?;
        statements = statements.saturating_add(1);
    }
    for row in rows {
        statements = statements.saturating_add(super::rows::insert(conn, row.seq, &row.entry.bindings)?);
    }
    Ok(statements)
}

/// Inserts the first `N`, and answers the rest.
fn piece<'a, const N: usize>(conn: &mut Conn, rows: &'a [Row]) -> QueryResult<&'a [Row]> {
    let (piece, rest) = rows.split_at(N);
    Append::<N>(piece).execute(conn)?;
    Ok(rest)
}

/// An entry as its readers see it.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = audit_entries)]
pub struct LoggedEntry {
    /// Its place in the log.
    pub seq: i64,
    /// Its id.
    pub id: EntryId,
    /// What the commitment covers, as JSON; `None` once erased.
    pub payload: Option<String>,
    /// The commitment.
    pub commitment: Vec<u8>,
    /// The minute in which it was made, counted from 1970.
    pub minute: i64,
    /// The number of the entry that tells of its erasure.
    pub erased_by: Option<i64>,
    pub(in crate::audit) salt: Option<Vec<u8>>,
}

impl Thing for LoggedEntry {
    type Kind = kinds::Entry;
    type Id = EntryId;
    fn find(conn: &mut Conn, id: &EntryId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        audit_entries::table.filter(audit_entries::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// The id of the entry with this number.
pub(in crate::audit) fn id_of(conn: &mut Conn, seq: i64) -> QueryResult<Option<EntryId>> {
    audit_entries::table.find(seq).select(audit_entries::id).first(conn).optional()
}

/// What a reader of the log asks for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Only this event.
    pub event: Option<Event>,
    /// Only what this person did.
    pub actor: Option<PersonId>,
    /// Only what is about the thing with this id.
    pub thing: Option<String>,
    /// Only what was done in this room.
    pub room: Option<RoomId>,
    /// Only from this moment on.
    pub from: Option<Moment>,
    /// Only before this moment.
    pub until: Option<Moment>,
}

/// Those that the filter lets through, newest first, behind the entry `after`, which the asker may read:
/// the place of another would tell that it is there.
pub(in crate::audit) fn page(
    conn: &mut Conn,
    filter: Filter<actions::ReadEntry>,
    wanted: &Wanted,
    after: Option<&Permit<actions::ReadEntry, LoggedEntry>>,
    limit: i64,
) -> QueryResult<Vec<LoggedEntry>> {
    let (condition, confirm) = filter.parts();
    let mut query = audit_entries::table.filter(condition).order(audit_entries::seq.desc()).limit(limit).into_boxed();
    if let Some(after) = after {
        query = query.filter(audit_entries::seq.lt(after.thing().seq));
    }
    if let Some(event) = wanted.event {
        query = query.filter(audit_entries::event.eq(event));
    }
    if let Some(actor) = &wanted.actor {
        query = query.filter(audit_entries::actor_id.eq(actor.clone()));
    }
    if let Some(thing) = &wanted.thing {
        query = query.filter(audit_entries::thing_id.eq(thing.clone()));
    }
    if let Some(room) = &wanted.room {
        query = query.filter(audit_entries::room_id.eq(room.clone()));
    }
    if let Some(from) = wanted.from {
        query = query.filter(audit_entries::at_us.ge(from));
    }
    if let Some(until) = wanted.until {
        query = query.filter(audit_entries::at_us.lt(until));
    }
    Ok(confirm.kept(query.select((LoggedEntry::as_select(), confirm.facts())).load(conn)?))
}
