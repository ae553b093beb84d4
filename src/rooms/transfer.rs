//! How files come and go: a piece at a time, so that a large one takes no more memory than a small one. What is in
//! memory is open; what is in the database is sealed.

use std::io;
use std::rc::Rc;

use actix_web::web::Bytes;
use futures_util::stream::unfold;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::model::{FileBody, FileDetails, NewFile, file_name};
use super::service::files::{self as service, Opened};
use crate::error::AppError;
use crate::ids::{FileId, NoteId, RoomId};
use crate::input;
use crate::seal::FileKey;
use crate::seal::stream::{PIECE, Pieces, TAG, padded};
use crate::server::{Answer, Call, FileComing};

/// Bytes of a piece that are looked at once more with the next: a marking may lie across both.
const OVERLAP: usize = 128;

/// Takes the file that comes with a call, and adds it to a note.
///
/// # Errors
/// `Invalid` for its name, when it is empty, or bears a marking of classified information; `Outdated` when the note has
/// another newest version than `based_on`; those of [`FileComing::next`].
pub(super) async fn take(call: &mut Call, place: (&RoomId, &NoteId), based_on: i64) -> Result<FileBody, AppError> {
    let coming = call.take_coming()?;
    let name = file_name(&coming.name)?;
    let (room, note) = (place.0.clone(), place.1.clone());
    let id = {
        let (room, note) = (room.clone(), note.clone());
        call.write(move |work, asker| service::begin(work, asker, (&room, &note), based_on)).await?
    };
    let added = async {
        let new = keep(call, (&room, &note), &id, name, coming).await?;
        call.write(move |work, asker| service::add(work, asker, (&room, &note), based_on, new)).await
    };
    let added = added.await;
    // One whose connection ends before this is found by its age; of one that was added all the same, nothing is thrown away.
    if added.is_err()
        && let Err(failed) = call.db().write(move |work| service::forget(work, &id)).await
    {
        tracing::error!(cause = ?failed.cause().map(ToString::to_string), "a file that broke off was not removed");
    }
    added
}

/// Seals what comes and keeps it.
async fn keep(
    call: &Call,
    (room, note): (&RoomId, &NoteId),
    id: &FileId,
    name: String,
    coming: FileComing,
) -> Result<NewFile, AppError> {
    let key = FileKey::new(&call.db().ctx())?;
    let mut sealing = Sealing { pieces: key.pieces(room, id)?, digest: Sha256::new(), before: Zeroizing::default() };
    let mut filling = Filling { coming, rest: Bytes::new(), ended: false, size: 0, filled: 0 };
    let mut number = 0;
    loop {
        let (piece, last) = filling.next().await?;
        // Looking through a piece and sealing it is too long for a thread that serves.
        let sealed = tokio::task::spawn_blocking(move || sealing.seal(number, last, piece));
        let (sealed, after) = sealed.await.map_err(AppError::internal)??;
        sealing = after;
        let (room, note, id) = (room.clone(), note.clone(), id.clone());
        call.write(move |work, asker| service::keep(work, asker, (&room, &note), &id, (number, &sealed))).await?;
        number = number.saturating_add(1);
        if last {
            break;
        }
    }
    let details = FileDetails { name, size: filling.size, key: key.text().to_string() };
    Ok(NewFile { id: id.clone(), details, pieces: number, digest: sealing.digest.finalize().to_vec() })
}

/// What comes, cut into pieces and filled up to the size that may be told.
struct Filling {
    coming: FileComing,
    rest: Bytes,
    ended: bool,
    /// Bytes of the file so far.
    size: u64,
    /// Bytes of pieces so far.
    filled: u64,
}

impl Filling {
    /// The next piece, and whether it is the last.
    async fn next(&mut self) -> Result<(Vec<u8>, bool), AppError> {
        let mut piece = Vec::with_capacity(PIECE.saturating_add(TAG));
        while piece.len() < PIECE && self.more().await? {
            let some = self.rest.split_to(self.rest.len().min(PIECE.saturating_sub(piece.len())));
            piece.extend_from_slice(&some);
            self.size = self.size.saturating_add(length(&some));
        }
        if self.more().await? {
            self.filled = self.filled.saturating_add(length(&piece));
            return Ok((piece, false));
        }
        if self.size == 0 {
            return Err(AppError::field("file", "empty"));
        }
        let whole = padded(self.size);
        let left = usize::try_from(whole.saturating_sub(self.filled)).unwrap_or(PIECE);
        piece.resize(left.min(PIECE), 0);
        self.filled = self.filled.saturating_add(length(&piece));
        Ok((piece, self.filled == whole))
    }

    /// Whether there is more, which is then at hand.
    async fn more(&mut self) -> Result<bool, AppError> {
        while self.rest.is_empty() && !self.ended {
            match self.coming.next().await? {
                Some(some) => self.rest = some,
                None => self.ended = true,
            }
        }
        Ok(!self.rest.is_empty())
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// What is sealed, one piece after the other.
struct Sealing {
    pieces: Pieces,
    digest: Sha256,
    /// The end of the piece before.
    before: Zeroizing<Vec<u8>>,
}

impl Sealing {
    fn seal(mut self, number: i64, last: bool, piece: Vec<u8>) -> Result<(Vec<u8>, Self), AppError> {
        let start = piece.get(..OVERLAP.min(piece.len())).unwrap_or_default();
        self.before.extend_from_slice(start);
        input::unclassified("file", &String::from_utf8_lossy(&self.before))?;
        input::unclassified("file", &String::from_utf8_lossy(&piece))?;
        let end = piece.get(piece.len().saturating_sub(OVERLAP)..).unwrap_or_default();
        self.before = Zeroizing::new(end.to_vec());
        let sealed = self.pieces.seal(number, last, piece)?;
        self.digest.update(&sealed);
        Ok((sealed, self))
    }
}

/// Gives a file out.
///
/// # Errors
/// Whatever keeps the asker from reading it; later, the connection breaks off.
pub(super) async fn give(call: Call, place: (RoomId, NoteId), file: FileId) -> Result<Answer, AppError> {
    let Opened { id, details, pieces: count } = {
        let (room, note) = place.clone();
        call.read(move |work, asker| service::open(work, asker, (&room, &note), &file)).await?
    };
    let pieces = FileKey::read(&details.key)?.pieces(&place.0, &id)?;
    let giving = Giving { call, place, id, pieces: Rc::new(pieces), count, number: 0, left: details.size };
    let made = unfold(giving, |mut giving| async move {
        if giving.left == 0 {
            return None;
        }
        let piece = giving.next().await.map_err(|error| {
            tracing::error!(cause = ?error.cause().map(ToString::to_string), "a file could not be given out to its end");
            io::Error::other("the file breaks off")
        });
        if piece.is_err() {
            giving.left = 0;
        }
        Some((piece, giving))
    });
    Answer::made(&details.name, details.size, Box::pin(made))
}

/// A file that is being given out.
struct Giving {
    call: Call,
    place: (RoomId, NoteId),
    id: FileId,
    pieces: Rc<Pieces>,
    count: i64,
    number: i64,
    left: u64,
}

impl Giving {
    async fn next(&mut self) -> Result<Bytes, AppError> {
        let ((room, note), id, number) = (self.place.clone(), self.id.clone(), self.number);
        let sealed =
            self.call.read(move |work, asker| service::piece(work, asker, (&room, &note), (&id, number))).await?;
        self.number = number.saturating_add(1);
        let mut piece = self.pieces.open(number, self.number == self.count, sealed)?;
        piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left = self.left.saturating_sub(length(&piece));
        if piece.is_empty() { Err(AppError::internal("an empty piece of a file")) } else { Ok(piece.into()) }
    }
}
