//! Notes and their versions. A version is inserted and never changed.

use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Room;
use crate::access::acts::in_force_at;
use crate::access::{Facts, Filter, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::fragment::{Fragment, Statement, Words};
use crate::db::schema::{acts, note_versions, notes, releases};
use crate::db::{Backend, Conn, Work, codes};
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

// What a [`NoteAt`] is made of.
type OfNote = SqlTypeOf<AsSelect<Note, Backend>>;
type OfVersion = SqlTypeOf<AsSelect<Option<SealedVersion>, Backend>>;

impl NoteAt {
    /// The row of a note with the version asked for or, when none is, the newest, if there is one; and `facts` of it. It is
    /// what is read most, so its text is fixed: to walk through a query made of types takes longer than to run it.
    fn row(id: &NoteId, version: Option<i64>, facts: Option<Facts>) -> Fragment {
        let mut sql = Fragment::of(
            "SELECT notes.id, notes.room_id, notes.author_id, notes.party_id, notes.written_us, \
             note_versions.note_id, note_versions.version, note_versions.title, note_versions.words, \
             note_versions.handling, note_versions.handling_words, note_versions.author_id, \
             note_versions.written_us, note_versions.files",
        );
        if let Some(Words(facts)) = facts {
            sql.sql(", ").append(facts);
        }
        sql.sql(" FROM notes LEFT JOIN note_versions ON note_versions.note_id = notes.id");
        if let Some(version) = version {
            sql.sql(" AND note_versions.version = ").number(version);
        }
        sql.sql(" WHERE notes.id = ").text(id.to_string());
        sql.sql(" ORDER BY note_versions.version DESC LIMIT 1");
        sql
    }
}

impl Thing for NoteAt {
    type Kind = kinds::Note;
    /// The version asked for or, when none is, the newest.
    type Id = (NoteId, Option<i64>);
    fn find(conn: &mut Conn, (id, version): &Self::Id, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        let query = Statement::<(OfNote, OfVersion, Text)>::new(Self::row(id, *version, Some(facts)));
        let row: Option<(Note, Option<SealedVersion>, Findings)> = query.get_result(conn).optional()?;
        Ok(row.map(|(note, version, found)| (Self { note, version }, found)))
    }

    fn find_alone(conn: &mut Conn, (id, version): &Self::Id) -> QueryResult<Option<Self>> {
        let query = Statement::<(OfNote, OfVersion)>::new(Self::row(id, *version, None));
        let row: Option<(Note, Option<SealedVersion>)> = query.get_result(conn).optional()?;
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
