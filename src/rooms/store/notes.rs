//! Notes and their versions. A version is inserted and never changed.

use diesel::prelude::*;

use super::Room;
use crate::access::acts::in_force_at;
use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::fragment::{Fragment, Words};
use crate::db::schema::{acts, note_versions, notes, releases};
use crate::db::{Conn, Work, codes};
use crate::ids::{NoteId, PartyId, PersonId, RoomId};
use crate::seal::Sealed;

diesel::alias! {
    const NEWER: Alias<Newer> = note_versions as newer;
}

/// A note, without what it says.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = notes)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The room it is in.
    pub room_id: RoomId,
    /// Who wrote it first.
    pub author_id: PersonId,
    /// The originator.
    pub party_id: PartyId,
    /// When it was first written.
    pub written_us: Moment,
}

impl Thing for Note {
    type Kind = kinds::Note;
    type Id = NoteId;
    fn find(conn: &mut Conn, id: &NoteId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        notes::table.filter(notes::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// A version of a note, as it rests.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = note_versions)]
pub(in crate::rooms) struct SealedVersion {
    pub(in crate::rooms) note_id: NoteId,
    pub(in crate::rooms) version: i64,
    pub(in crate::rooms) title: Sealed,
    pub(in crate::rooms) words: Sealed,
    pub(in crate::rooms) handling: String,
    pub(in crate::rooms) handling_words: Option<Sealed>,
    pub(in crate::rooms) author_id: PersonId,
    pub(in crate::rooms) written_us: Moment,
    /// How many files belong to it.
    pub(in crate::rooms) files: Option<i64>,
}

/// A note together with one version of it, so that a reading loads both in one query. The version may be
/// absent: whether there is such a one is contents too, and told only to whom the permit is given.
#[derive(Debug)]
pub(in crate::rooms) struct NoteAt {
    pub(in crate::rooms) note: Note,
    pub(in crate::rooms) version: Option<SealedVersion>,
}

/// The row of a note with the version asked for or, when none is, the newest: these columns of it, if there is one.
macro_rules! note_at {
    ($conn:expr, $id:expr, $version:expr, $columns:expr) => {{
        let of_note = note_versions::note_id.eq(notes::id);
        if let Some(version) = $version {
            notes::table
                .left_join(note_versions::table.on(of_note.and(note_versions::version.eq(version))))
                .filter(notes::id.eq($id))
                .select($columns)
                .first($conn)
                .optional()
        } else {
            notes::table
                .left_join(note_versions::table.on(of_note))
                .filter(notes::id.eq($id))
                .order(note_versions::version.desc())
                .select($columns)
                .first($conn)
                .optional()
        }
    }};
}

impl Thing for NoteAt {
    type Kind = kinds::Note;
    /// The version asked for or, when none is, the newest.
    type Id = (NoteId, Option<i64>);
    fn find(conn: &mut Conn, (id, version): &Self::Id, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        let columns = (Note::as_select(), Option::<SealedVersion>::as_select(), facts);
        let row: Option<(Note, Option<SealedVersion>, Findings)> = note_at!(conn, id, version, columns)?;
        Ok(row.map(|(note, version, bits)| (Self { note, version }, bits)))
    }

    fn find_alone(conn: &mut Conn, (id, version): &Self::Id) -> QueryResult<Option<Self>> {
        let columns = (Note::as_select(), Option::<SealedVersion>::as_select());
        let row: Option<(Note, Option<SealedVersion>)> = note_at!(conn, id, version, columns)?;
        Ok(row.map(|(note, version)| Self { note, version }))
    }
}

/// The notes of a room that the filter lets through, each with its newest version, the newest note first,
/// behind the one written at `after.0` with the id `after.1`.
pub(in crate::rooms) fn page(
    conn: &mut Conn,
    permit: &Permit<actions::ReadRoom, Room>,
    filter: Filter<actions::ReadNote>,
    after: Option<&(Moment, NoteId)>,
    limit: i64,
) -> QueryResult<Vec<(Note, SealedVersion)>> {
    let (condition, confirm) = filter.parts();
    let newer = NEWER
        .filter(NEWER.field(note_versions::note_id).eq(note_versions::note_id))
        .filter(NEWER.field(note_versions::version).gt(note_versions::version));
    let mut query = notes::table
        .inner_join(note_versions::table.on(note_versions::note_id.eq(notes::id)))
        .filter(condition)
        .filter(notes::room_id.eq(&permit.thing().id))
        .filter(diesel::dsl::not(diesel::dsl::exists(newer)))
        .order((notes::written_us.desc(), notes::id))
        .limit(limit)
        .into_boxed();
    if let Some((written, id)) = after {
        query = query.filter(notes::written_us.lt(written).or(notes::written_us.eq(written).and(notes::id.gt(id))));
    }
    let rows: Vec<(Note, SealedVersion, Findings)> =
        query.select((Note::as_select(), SealedVersion::as_select(), confirm.facts())).load(conn)?;
    Ok(confirm.kept(rows.into_iter().map(|(note, version, found)| ((note, version), found)).collect()))
}

/// Every version of a note, the newest first.
pub(in crate::rooms) fn versions(
    conn: &mut Conn,
    permit: &Permit<actions::ReadNote, Note>,
) -> QueryResult<Vec<SealedVersion>> {
    note_versions::table
        .filter(note_versions::note_id.eq(&permit.thing().id))
        .order(note_versions::version.desc())
        .select(SealedVersion::as_select())
        .load(conn)
}

/// The versions of these notes, which a filter or a permit let through, that were released to a State and
/// still are at `at`: all that its counterparts may read of notes that are not its own. The newest first.
pub(in crate::rooms) fn released_versions(
    work: &mut Work<'_>,
    of: &[NoteId],
    to: &PartyId,
    at: Moment,
) -> QueryResult<Vec<SealedVersion>> {
    let mut act = Fragment::new();
    act.either(codes::act("releases", "releases", "acts"));
    let rows: Vec<(SealedVersion, String)> = note_versions::table
        .inner_join(
            releases::table.on(releases::note_id
                .eq(note_versions::note_id.nullable())
                .and(releases::note_version.eq(note_versions::version.nullable()))),
        )
        .inner_join(acts::table.on(acts::id.eq(releases::act_id)))
        .filter(note_versions::note_id.eq_any(of))
        .filter(releases::party_id.eq(to))
        .filter(in_force_at(at))
        .order(note_versions::version.desc())
        .select((SealedVersion::as_select(), Words(act)))
        .load(work.conn)?;
    let coded = rows.into_iter().filter(|(_, act)| work.codes().accept(codes::read("releases", act).coded()));
    Ok(coded.map(|(version, _)| version).collect())
}

/// The newest version of a note, for whoever is about to write the next or to release one.
pub(in crate::rooms) fn newest<A>(conn: &mut Conn, permit: &Permit<A, Note>) -> QueryResult<SealedVersion> {
    note_versions::table
        .filter(note_versions::note_id.eq(&permit.thing().id))
        .order(note_versions::version.desc())
        .select(SealedVersion::as_select())
        .first(conn)
}

/// Inserts a note and its first version. The caller has leave to write into the room, or is the operator.
pub(in crate::rooms) fn insert_note(conn: &mut Conn, note: &Note, first: &SealedVersion) -> QueryResult<()> {
    diesel::insert_into(notes::table).values(note).execute(conn)?;
    diesel::insert_into(note_versions::table).values(first).execute(conn).map(drop)
}

/// Inserts the next version of a note.
pub(in crate::rooms) fn insert_version(
    conn: &mut Conn,
    _: &Permit<actions::ReviseNote, Note>,
    next: &SealedVersion,
) -> QueryResult<()> {
    diesel::insert_into(note_versions::table).values(next).execute(conn).map(drop)
}

/// Whether a room holds any note: for the import.
pub(in crate::rooms) fn holds_notes(conn: &mut Conn, room: &RoomId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(notes::table.filter(notes::room_id.eq(room)))).get_result(conn)
}
