//! Notes: listing, reading, writing, revising.

use super::{files, sealing};
use crate::access::{self, Asker, Fact, Permit, actions};
use crate::audit::{Entry, Event, counts};
use crate::context::{Ctx, Moment};
use crate::db::Work;
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{NoteId, PartyId, PersonId, RoomId};
use crate::rooms::keys::{Pen, Ring};
use crate::rooms::model::{NewNote, NoteBody, NoteLine, NoteReleaseBody, NoteVersionLine, Revision};
use crate::rooms::release::{self, Released};
use crate::rooms::store::{self, Note, NoteAt, Room, SealedVersion};
use crate::seal::{Place, Sealed};
use crate::server::Page;
use crate::server::answer::List;

/// An entry about a note, during the asker's visit. Its originator may read it.
pub(super) fn entry(event: Event, asker: &Asker, note: &Note) -> Entry {
    Entry::new(event)
        .by(asker)
        .on("note", &note.id)
        .in_room(&note.room_id)
        .owned_by(Some(&note.party_id))
        .during(asker.visit())
}

/// The notes of a room that the asker may read, the newest first, with their titles.
pub(in crate::rooms) fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    page: &Page,
) -> Result<List<NoteLine>, AppError> {
    let after = page.after.as_deref().map(place).transpose()?;
    let permit = access::permit::<actions::ReadRoom, Room>(work, asker, room)?;
    let ring = Ring::of(work, asker, room)?;
    let filter = access::filter::<actions::ReadNote>(asker);
    let rows = store::notes_page(work.conn, &permit, filter, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |(note, _)| place_of(note.written_us, &note.id));
    let mut items = as_released(work, asker, list.items)?;
    items.retain(|(_, row)| ring.reaches(&row.title));
    log_shown(work, asker, room, Event::NotesListed, items.iter().map(|(note, _)| &note.party_id));
    let items = items
        .into_iter()
        .map(|(note, row)| {
            let title = sealing::title(&ring, room, &row)?;
            line(note, &row, title)
        })
        .collect::<Result<_, AppError>>()?;
    Ok(List { items, next: list.next })
}

/// A note as lists show it.
pub(super) fn line(note: Note, row: &SealedVersion, title: String) -> Result<NoteLine, AppError> {
    Ok(NoteLine {
        version: row.version,
        title,
        handling: sealing::handling(row)?,
        author: row.author_id.clone(),
        revised_at: row.written_us,
        id: note.id,
        party: note.party_id,
        written_at: note.written_us,
    })
}

/// An entry for each State whose titles are shown, which may read it; one without an owner when there is
/// nothing to show.
pub(super) fn log_shown<'a>(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    event: Event,
    parties: impl Iterator<Item = &'a PartyId>,
) {
    let shown = counts(parties);
    let entry = || Entry::new(event).by(asker).on("room", room).in_room(room).during(asker.visit());
    if shown.is_empty() {
        work.log(entry().count(0));
    }
    for (party, count) in shown {
        work.log(entry().owned_by(Some(party)).count(count));
    }
}

/// Whether the asker reads the notes of this party by release alone, and so only the versions released.
pub(super) fn by_release(asker: &Asker, originator: &PartyId) -> bool {
    let facts = asker.facts();
    !facts.has(Fact::ContactPoint) && !facts.has(Fact::SecretariatOfficer) && asker.party() != Some(originator)
}

/// These notes with the newest version that the asker may read of each.
pub(super) fn as_released(
    work: &mut Work<'_>,
    asker: &Asker,
    items: Vec<(Note, SealedVersion)>,
) -> Result<Vec<(Note, SealedVersion)>, AppError> {
    let of: Vec<NoteId> =
        items.iter().filter(|(note, _)| by_release(asker, &note.party_id)).map(|(note, _)| note.id.clone()).collect();
    let (Some(party), false) = (asker.party(), of.is_empty()) else { return Ok(items) };
    let released = store::released_versions(work, &of, party, work.now)?;
    items
        .into_iter()
        .map(|(note, newest)| {
            if !of.contains(&note.id) {
                return Ok((note, newest));
            }
            let row = released.iter().find(|row| row.note_id == note.id).cloned().ok_or_else(not_released)?;
            Ok((note, row))
        })
        .collect()
}

/// The fact that it is released and the versions released are read in the same snapshot.
fn not_released() -> AppError {
    AppError::internal("a released note has no released version")
}

/// Where a note stands in the list of its room, as a cursor says it.
pub(super) fn place_of(written: Moment, id: &NoteId) -> String {
    format!("{}|{id}", written.0)
}

/// Reads what [`place_of`] wrote.
pub(super) fn place(cursor: &str) -> Result<(Moment, NoteId), AppError> {
    cursor
        .split_once('|')
        .and_then(|(written, id)| Some((Moment(written.parse().ok()?), NoteId::parse(id)?)))
        .ok_or_else(|| AppError::field("cursor", "not a cursor of this list"))
}

/// Leave to do `A` to a note of this room; a note of another room is none of this one's.
pub(super) fn note_in<A>(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    id: &NoteId,
) -> Result<Permit<A, Note>, AppError>
where
    A: access::Mark<Kind = access::kinds::Note>,
{
    let permit = access::permit::<A, Note>(work, asker, id)?;
    if permit.thing().room_id == *room { Ok(permit) } else { Err(Fault::NotFound.into()) }
}

/// A note: the version asked for or, when none is, the newest.
pub(in crate::rooms) fn get(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    id: &NoteId,
    version: Option<i64>,
) -> Result<NoteBody, AppError> {
    let permit = access::permit::<actions::ReadNote, NoteAt>(work, asker, &(id.clone(), version))?;
    let ring = Ring::of(work, asker, room)?;
    // Nobody but the originator is told to whom else it was released.
    let originator = permit.held(Fact::MyParty);
    let NoteAt { note, version: row } = permit.into_thing();
    let row = if let (true, Some(party)) = (by_release(asker, &note.party_id), asker.party()) {
        let released = store::released_versions(work, std::slice::from_ref(id), party, work.now)?;
        released.into_iter().find(|row| version.is_none_or(|version| row.version == version))
    } else {
        row
    };
    let row = row.filter(|_| note.room_id == *room).ok_or(Fault::NotFound)?;
    let releases = if originator { Some(releases(work, id)?) } else { None };
    work.log(entry(Event::NoteRead, asker, &note).version(row.version));
    body(work, &ring, note, &row, releases)
}

fn releases(work: &mut Work<'_>, id: &NoteId) -> Result<Vec<NoteReleaseBody>, AppError> {
    Ok(release::in_force(work, Released::Note(id))?
        .into_iter()
        .filter_map(|one| {
            Some(NoteReleaseBody { act: one.act, party: one.party?, version: one.version?, from: one.from })
        })
        .collect())
}

/// Every version of a note that the asker may read, the newest first, without the texts.
pub(in crate::rooms) fn versions(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    id: &NoteId,
) -> Result<Vec<NoteVersionLine>, AppError> {
    let permit = note_in::<actions::ReadNote>(work, asker, room, id)?;
    let ring = Ring::of(work, asker, room)?;
    let rows = match asker.party() {
        Some(party) if by_release(asker, &permit.thing().party_id) => {
            store::released_versions(work, std::slice::from_ref(id), party, work.now)?
        }
        _ => store::versions(work.conn, &permit)?,
    };
    work.log(entry(Event::NoteRead, asker, permit.thing()).count(rows.len()));
    rows.iter()
        .map(|row| {
            Ok(NoteVersionLine {
                version: row.version,
                title: sealing::title(&ring, room, row)?,
                handling: sealing::handling(row)?,
                author: row.author_id.clone(),
                written_at: row.written_us,
            })
        })
        .collect()
}

fn body(
    work: &mut Work<'_>,
    ring: &Ring,
    note: Note,
    row: &SealedVersion,
    releases: Option<Vec<NoteReleaseBody>>,
) -> Result<NoteBody, AppError> {
    let (text, handling_text) = sealing::text(ring, &note.room_id, row)?;
    Ok(NoteBody {
        version: row.version,
        title: sealing::title(ring, &note.room_id, row)?,
        text,
        handling: sealing::handling(row)?,
        handling_text,
        author: row.author_id.clone(),
        revised_at: row.written_us,
        releases,
        files: files::of(work, ring, (&note.room_id, &note.id), (row.version, row.files))?,
        id: note.id,
        room: note.room_id,
        party: note.party_id,
        written_at: note.written_us,
    })
}

/// Writes a note.
pub(in crate::rooms) fn write(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    new: &NewNote,
) -> Result<NoteBody, AppError> {
    let permit = access::permit::<actions::WriteNote, Room>(work, asker, room)?;
    let (author, party) = (asker.person().ok_or(Fault::SignInNeeded)?, asker.party().ok_or(Fault::SignInNeeded)?);
    let room = &permit.thing().id;
    let pen = Pen::of(work, asker, room)?;
    let (note, first) = insert(work, |ctx, place, text| pen.seal(ctx, place, text), room, new, (author, party))?;
    work.log(entry(Event::NoteWritten, asker, &note).version(1));
    body(work, pen.ring(), note, &first, Some(Vec::new()))
}

/// Seals a new note by what seals in its room, and inserts it. The caller has leave to write there, or is the operator.
pub(in crate::rooms) fn insert(
    work: &mut Work<'_>,
    seals: impl Fn(&Ctx, Place<'_>, &str) -> Result<Sealed, AppError>,
    room: &RoomId,
    new: &NewNote,
    (author, party): (&PersonId, &PartyId),
) -> Result<(Note, SealedVersion), AppError> {
    let note = Note {
        id: NoteId::new(work)?,
        room_id: room.clone(),
        author_id: author.clone(),
        party_id: party.clone(),
        written_us: work.now,
    };
    let seals = |place: Place<'_>, text: &str| seals(work, place, text);
    let first = sealing::seal(seals, (room, &note.id, 1), new, (author, work.now))?;
    store::insert_note(work.conn, &note, &first)?;
    Ok((note, first))
}

/// Writes the next version of a note, if the newest is the one it was based on.
pub(in crate::rooms) fn revise(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    id: &NoteId,
    revision: &Revision,
) -> Result<NoteBody, AppError> {
    let permit = note_in::<actions::ReviseNote>(work, asker, room, id)?;
    let author = asker.person().ok_or(Fault::SignInNeeded)?;
    let newest = store::newest(work.conn, &permit)?;
    if newest.version != revision.based_on {
        return Err(Fault::Outdated.into());
    }
    let version = newest.version.saturating_add(1);
    let pen = Pen::of(work, asker, room)?;
    let seals = |place: Place<'_>, text: &str| pen.seal(work, place, text);
    let mut next = sealing::seal(seals, (room, id, version), &revision.note, (author, work.now))?;
    next.files = newest.files;
    store::insert_version(work.conn, &permit, &next).or_conflict(Fault::Outdated)?;
    let releases = releases(work, id)?;
    work.log(entry(Event::NoteRevised, asker, permit.thing()).version(version));
    body(work, pen.ring(), permit.into_thing(), &next, Some(releases))
}

/// Leave to release a note of this room, with the entry that tells of it.
pub(super) fn releasable(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    id: &NoteId,
    event: Event,
) -> Result<(Permit<actions::ReleaseNote, Note>, Entry), AppError> {
    let permit = note_in::<actions::ReleaseNote>(work, asker, room, id)?;
    let entry = entry(event, asker, permit.thing());
    Ok((permit, entry))
}
