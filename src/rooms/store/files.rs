//! Files of notes. What they hold comes first, piece by piece; their rows and the version of the note that they come
//! with are inserted together, and never changed.

use diesel::prelude::*;

use super::Note;
use crate::access::{Permit, actions};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{file_pieces, file_uploads, files};
use crate::ids::{FileId, NoteId, PersonId};
use crate::seal::Sealed;

/// A file of a note, as it rests, without its pieces.
#[derive(Queryable, Selectable, Insertable, Debug, Clone)]
#[diesel(table_name = files)]
pub(in crate::rooms) struct SealedFile {
    pub(in crate::rooms) id: FileId,
    pub(in crate::rooms) note_id: NoteId,
    pub(in crate::rooms) version: i64,
    pub(in crate::rooms) details: Sealed,
    pub(in crate::rooms) pieces: i64,
    pub(in crate::rooms) digest: Vec<u8>,
    pub(in crate::rooms) author_id: PersonId,
    pub(in crate::rooms) added_us: Moment,
}

/// The files that belong to a note as of a version, the oldest first. The caller holds a permit that covers the
/// version.
pub(in crate::rooms) fn files_of(conn: &mut Conn, note: &NoteId, version: i64) -> QueryResult<Vec<SealedFile>> {
    files::table
        .filter(files::note_id.eq(note))
        .filter(files::version.le(version))
        .order(files::version)
        .select(SealedFile::as_select())
        .load(conn)
}

/// One file of a note.
pub(in crate::rooms) fn file(
    conn: &mut Conn,
    permit: &Permit<actions::ReadNote, Note>,
    id: &FileId,
) -> QueryResult<Option<SealedFile>> {
    files::table
        .filter(files::id.eq(id))
        .filter(files::note_id.eq(&permit.thing().id))
        .select(SealedFile::as_select())
        .first(conn)
        .optional()
}

/// A piece of a file that [`file()`] found.
pub(in crate::rooms) fn piece(
    conn: &mut Conn,
    _: &Permit<actions::ReadNote, Note>,
    file: &SealedFile,
    number: i64,
) -> QueryResult<Vec<u8>> {
    file_pieces::table.find((&file.id, number)).select(file_pieces::sealed).first(conn)
}

/// Inserts a file all of whose pieces are there.
pub(in crate::rooms) fn insert_file(
    conn: &mut Conn,
    _: &Permit<actions::ReviseNote, Note>,
    file: &SealedFile,
) -> QueryResult<()> {
    diesel::insert_into(files::table).values(file).execute(conn).map(drop)
}

/// Records that a file begins to come.
pub(in crate::rooms) fn begin_upload(
    conn: &mut Conn,
    _: &Permit<actions::ReviseNote, Note>,
    (file, person): (&FileId, &PersonId),
    now: Moment,
) -> QueryResult<()> {
    diesel::insert_into(file_uploads::table)
        .values((file_uploads::file_id.eq(file), file_uploads::person_id.eq(person), file_uploads::touched_us.eq(now)))
        .execute(conn)
        .map(drop)
}

/// Keeps a piece of a file that is coming; `false` when none such of this person is.
pub(in crate::rooms) fn keep_piece(
    conn: &mut Conn,
    _: &Permit<actions::ReviseNote, Note>,
    (file, person): (&FileId, &PersonId),
    (number, sealed): (i64, &[u8]),
    now: Moment,
) -> QueryResult<bool> {
    let upload = file_uploads::table.find(file).filter(file_uploads::person_id.eq(person));
    if diesel::update(upload).set(file_uploads::touched_us.eq(now)).execute(conn)? == 0 {
        return Ok(false);
    }
    diesel::insert_into(file_pieces::table)
        .values((file_pieces::file_id.eq(file), file_pieces::number.eq(number), file_pieces::sealed.eq(sealed)))
        .execute(conn)?;
    Ok(true)
}

/// Records that a file has come: `false` when it was not coming for this person.
pub(in crate::rooms) fn end_upload(
    conn: &mut Conn,
    _: &Permit<actions::ReviseNote, Note>,
    (file, person): (&FileId, &PersonId),
) -> QueryResult<bool> {
    let upload = file_uploads::table.find(file).filter(file_uploads::person_id.eq(person));
    Ok(diesel::delete(upload).execute(conn)? > 0)
}

/// Uploads under way of a person.
pub(in crate::rooms) fn uploads_of(conn: &mut Conn, person: &PersonId) -> QueryResult<i64> {
    file_uploads::table.filter(file_uploads::person_id.eq(person)).count().get_result(conn)
}

/// An upload of which nothing has come since `before`.
pub(in crate::rooms) fn broken_off(conn: &mut Conn, before: Moment) -> QueryResult<Option<FileId>> {
    file_uploads::table
        .filter(file_uploads::touched_us.lt(before))
        .order(file_uploads::touched_us)
        .select(file_uploads::file_id)
        .first(conn)
        .optional()
}

/// Throws away what has come of a file that does not come any more. Nobody can open it: its key was in the memory of the
/// request alone.
pub(in crate::rooms) fn drop_upload(conn: &mut Conn, file: &FileId) -> QueryResult<()> {
    if diesel::delete(file_uploads::table.find(file)).execute(conn)? > 0 {
        diesel::delete(file_pieces::table.filter(file_pieces::file_id.eq(file))).execute(conn)?;
    }
    Ok(())
}

/// Every file with the number and the digest of its pieces, for the operator's command.
pub(in crate::rooms) fn digests(conn: &mut Conn) -> QueryResult<Vec<(FileId, i64, Vec<u8>)>> {
    files::table.select((files::id, files::pieces, files::digest)).order(files::id).load(conn)
}

/// A piece as it rests, if there is one of this number, for the same.
pub(in crate::rooms) fn piece_at_rest(conn: &mut Conn, file: &FileId, number: i64) -> QueryResult<Option<Vec<u8>>> {
    file_pieces::table.find((file, number)).select(file_pieces::sealed).first(conn).optional()
}
