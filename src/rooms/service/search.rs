//! Searching a room. What rooms hold rests sealed, so no database can look for it: each note that the asker may
//! read is opened, looked at and forgotten, block by block, until the search has cost enough.

use std::time::{Duration, Instant};

use super::{files, notes, sealing};
use crate::access::{self, Asker, actions};
use crate::audit::Event;
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{NoteId, RoomId};
use crate::rooms::keys::Ring;
use crate::rooms::model::{FoundNote, Search, SearchFound};
use crate::rooms::store::{self, Note, Room, SealedVersion};
use crate::server::Page;
use crate::settings::RoomSettings;

/// Notes that are in memory at a time.
const BLOCK: i64 = 50;

/// What a search may cost.
#[derive(Clone, Copy)]
pub(in crate::rooms) struct Bounds {
    /// Most notes that are opened.
    notes: usize,
    /// After which time no further one is.
    time: Duration,
}

impl Bounds {
    /// As the settings have it.
    pub(in crate::rooms) const fn of(settings: &RoomSettings) -> Self {
        Self { notes: settings.search_notes, time: Duration::from_millis(settings.search_milliseconds) }
    }
}

/// What [`search`] has come to.
struct So {
    far: Option<(Moment, NoteId)>,
    opened: usize,
    found: Vec<(Note, FoundNote)>,
}

/// Searches the notes that the list of the room shows the asker, in the versions that it shows, the newest first.
/// What is found is a disclosure as the list is; the entries tell whose notes were found and how many, and never
/// by which words.
pub(in crate::rooms) fn search(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    search: &Search,
    (page, bounds): (&Page, Bounds),
) -> Result<SearchFound, AppError> {
    let begun = Instant::now();
    let far = page.after.as_deref().map(notes::place).transpose()?;
    let permit = access::permit::<actions::ReadRoom, Room>(work, asker, room)?;
    let ring = Ring::of(work, asker, room)?;
    let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let mut so = So { far, opened: 0, found: Vec::new() };
    let complete = loop {
        let filter = access::filter::<actions::ReadNote>(asker);
        let block = store::notes_page(work.conn, &permit, filter, so.far.as_ref(), BLOCK)?;
        // A block may be short because rows without their codes were left out: only an empty one is the end.
        if block.is_empty() {
            break true;
        }
        let is_enough = |so: &So| so.found.len() >= most || so.opened >= bounds.notes || begun.elapsed() >= bounds.time;
        let mut stopped = false;
        for one in notes::as_released(work, asker, block)? {
            // At least one, however late it is: whoever goes on gets on.
            look(work, &ring, search, &mut so, one)?;
            stopped = is_enough(&so);
            if stopped {
                break;
            }
        }
        if stopped {
            break false;
        }
    };
    notes::log_shown(work, asker, room, Event::NotesSearched, so.found.iter().map(|(note, _)| &note.party_id));
    let next = so.far.filter(|_| !complete).map(|(written, id)| page.cursor(&notes::place_of(written, &id)));
    Ok(SearchFound { items: so.found.into_iter().map(|(_, found)| found).collect(), complete, next })
}

/// Looks at one note. The only place where a search opens anything.
fn look(
    work: &mut Work<'_>,
    ring: &Ring,
    search: &Search,
    so: &mut So,
    (note, row): (Note, SealedVersion),
) -> Result<(), AppError> {
    so.far = Some((note.written_us, note.id.clone()));
    if !search.is_about(&row.author_id, &note.party_id, row.written_us) {
        return Ok(());
    }
    if !ring.reaches(&row.title) {
        return Ok(());
    }
    so.opened = so.opened.saturating_add(1);
    let title = sealing::title(ring, &note.room_id, &row)?;
    let (text, handling) = sealing::text(ring, &note.room_id, &row)?;
    let files = files::of(work, ring, (&note.room_id, &note.id), (row.version, row.files))?;
    let beside: Vec<String> = handling.into_iter().chain(files.into_iter().map(|file| file.name)).collect();
    if let Some(excerpt) = search.excerpt(&title, &text, &beside.join("\n")) {
        let line = notes::line(note.clone(), &row, title)?;
        so.found.push((note, FoundNote { line, excerpt }));
    }
    Ok(())
}
