//! Contents of files, which are too large to be sealed in one piece: each has a key of its own, and is sealed piece by
//! piece under it. That is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, 2015) as the format of age composes it: the
//! nonce counts the pieces and says of one that it is the last, so that none can be left out, put in, exchanged, or be
//! taken for the end. The key opens with what is recorded of the file, which is sealed for an epoch of its room.

use std::fmt;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::epoch::CLASSES;
use super::keypair::refused;
use super::wrap::spell;
use crate::context::Ctx;
use crate::error::AppError;
use crate::ids::{FileId, RoomId};

/// Bytes of a piece before it is sealed; the last may have fewer.
pub const PIECE: usize = 1 << 20;
/// Bytes that sealing adds to a piece.
pub const TAG: usize = 16;

/// What a file is sealed under, for this one file and no other: a second under it would have the same nonces.
pub struct FileKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for FileKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("FileKey(..)")
    }
}

impl FileKey {
    /// A new one.
    ///
    /// # Errors
    /// Without randomness.
    pub fn new(ctx: &Ctx) -> Result<Self, AppError> {
        Ok(Self(Zeroizing::new(ctx.random::<32>()?)))
    }

    /// As text, to be sealed with what is recorded of the file.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(data_encoding::HEXLOWER.encode(self.0.as_ref()))
    }

    /// Reads what [`FileKey::text`] wrote.
    ///
    /// # Errors
    /// When it is not that.
    pub fn read(text: &str) -> Result<Self, AppError> {
        let bytes = Zeroizing::new(data_encoding::HEXLOWER.decode(text.as_bytes()).ok().ok_or_else(refused)?);
        bytes.as_slice().try_into().ok().map(|bytes| Self(Zeroizing::new(bytes))).ok_or_else(refused)
    }

    /// Seals or opens the pieces of this file.
    ///
    /// # Errors
    /// Never, in fact: each 32 bytes are a key.
    pub fn pieces(&self, room: &RoomId, file: &FileId) -> Result<Pieces, AppError> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, self.0.as_ref()).map_err(AppError::internal)?;
        let place = spell("contents/file", &[room.as_str(), file.as_str()], &[]);
        Ok(Pieces { key: LessSafeKey::new(key), place })
    }
}

/// Of one file.
pub struct Pieces {
    key: LessSafeKey,
    place: Vec<u8>,
}

impl Pieces {
    /// Seals the piece of this number, counted from 0. Each number is sealed once.
    ///
    /// # Errors
    /// For a negative number.
    pub fn seal(&self, number: i64, last: bool, mut piece: Vec<u8>) -> Result<Vec<u8>, AppError> {
        self.key
            .seal_in_place_append_tag(nonce(number, last)?, Aad::from(&self.place), &mut piece)
            .map_err(AppError::internal)?;
        Ok(piece)
    }

    /// Opens it.
    ///
    /// # Errors
    /// When it is not the piece of this number, or the last where it should not be or the other way round.
    pub fn open(&self, number: i64, last: bool, mut piece: Vec<u8>) -> Result<Vec<u8>, AppError> {
        let length = self
            .key
            .open_in_place(nonce(number, last)?, Aad::from(&self.place), &mut piece)
            .ok()
            .ok_or_else(refused)?
            .len();
        piece.truncate(length);
        Ok(piece)
    }
}

/// Eleven bytes that count, and one that says whether it is the last.
fn nonce(number: i64, last: bool) -> Result<Nonce, AppError> {
    let number = u64::try_from(number).map_err(AppError::internal)?.to_be_bytes();
    let nonce = [[0; 3].as_slice(), &number, &[u8::from(last)]].concat();
    let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_length| AppError::internal("a nonce of another length"))?;
    Ok(Nonce::assume_unique_for_key(nonce))
}

/// To how many bytes a file of `size` bytes is filled up: small ones as texts are, larger ones to a number of which only
/// the first few binary digits are not 0 (Padmé: Nikitin and others, 2019), which tells no more of the size than
/// its magnitude, and costs at most an eighth.
#[must_use]
pub fn padded(size: u64) -> u64 {
    let fits = CLASSES.into_iter().filter_map(|class| u64::try_from(class).ok()).find(|class| *class >= size);
    fits.unwrap_or_else(|| {
        let magnitude = size.ilog2();
        let free = magnitude.saturating_sub(magnitude.ilog2().saturating_add(1));
        size.checked_next_multiple_of(1 << free).unwrap_or(size)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::{Moment, SystemEntropy};
    use crate::seal::bend::Dice;

    #[test]
    fn a_piece_opens_in_its_place_alone() {
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        let [room, another_room] = [(); 2].map(|()| RoomId::new(&ctx).unwrap());
        let [file, another_file] = [(); 2].map(|()| FileId::new(&ctx).unwrap());
        let key = FileKey::new(&ctx).unwrap();
        let same = FileKey::read(&key.text()).unwrap();
        let pieces = key.pieces(&room, &file).unwrap();
        let sealed = pieces.seal(3, false, b"who saw it".to_vec()).unwrap();
        assert_eq!(sealed.len(), 10 + TAG);
        let again = same.pieces(&room, &file).unwrap();
        assert_eq!(again.open(3, false, sealed.clone()).unwrap(), b"who saw it");
        for (number, last) in [(3, true), (2, false), (4, false), (0, false)] {
            assert!(again.open(number, last, sealed.clone()).is_err(), "{number} {last}");
        }
        for elsewhere in [key.pieces(&another_room, &file), key.pieces(&room, &another_file)] {
            assert!(elsewhere.unwrap().open(3, false, sealed.clone()).is_err());
        }
        assert!(FileKey::new(&ctx).unwrap().pieces(&room, &file).unwrap().open(3, false, sealed.clone()).is_err());
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut bent = sealed.clone();
                bent[at] ^= 1 << bit;
                assert!(again.open(3, false, bent).is_err());
            }
            assert!(again.open(3, false, sealed[..at].to_vec()).is_err());
        }
        assert!(pieces.seal(-1, true, Vec::new()).is_err());
        assert_eq!(format!("{key:?}"), "FileKey(..)");
        assert!(FileKey::read("00").is_err() && FileKey::read("x").is_err());
    }

    #[test]
    fn a_bent_piece_never_opens_and_a_whole_one_nowhere_else() {
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        let rooms = [(); 2].map(|()| RoomId::new(&ctx).unwrap());
        let files = [(); 2].map(|()| FileId::new(&ctx).unwrap());
        let keys = [(); 2].map(|()| FileKey::new(&ctx).unwrap());
        // A key has one file; that the place counts, too, shows when it is taken to another.
        let pieces: Vec<(usize, Pieces)> =
            (0..8).map(|at| (at, keys[at & 1].pieces(&rooms[at >> 1 & 1], &files[at >> 2]).unwrap())).collect();
        let (_, own) = &pieces[0];
        let text = b"who saw it, and where".to_vec();
        let sealed: Vec<((i64, bool), Vec<u8>)> = [(0, false), (1, false), (2, true)]
            .map(|(number, last)| ((number, last), own.seal(number, last, text.clone()).unwrap()))
            .into();
        let mut dice = Dice(0xf11e);
        let (mut accepted, mut elsewhere) = (0, 0);
        for _ in 0..50_000 {
            let ((number, last), piece) = &sealed[dice.below(3)];
            let other = &sealed[dice.below(3)].1;
            accepted += usize::from(own.open(*number, *last, dice.bend(piece, other)).is_ok());
            let (at, there) = &pieces[dice.below(8)];
            let place = (i64::try_from(dice.below(4)).unwrap(), dice.below(2) == 0);
            if (*at, place) != (0, (*number, *last)) {
                elsewhere += 1;
                accepted += usize::from(there.open(place.0, place.1, piece.clone()).is_ok());
            }
        }
        assert!(elsewhere > 45_000);
        assert_eq!(accepted, 0, "of {}", 50_000 + elsewhere);
        for ((number, last), piece) in sealed {
            assert_eq!(own.open(number, last, piece).unwrap(), text);
        }
    }

    #[test]
    fn sizes_tell_the_magnitude_alone() {
        for (size, expected) in [
            (1, 256),
            (256, 256),
            (257, 1024),
            (65_536, 65_536),
            (65_537, 67_584),
            (1 << 20, 1 << 20),
            ((1 << 20) + 1, (1 << 20) + (1 << 15)),
            (1 << 31, 1 << 31),
            ((1 << 31) + 1, (1 << 31) + (1 << 26)),
        ] {
            assert_eq!(padded(size), expected, "{size}");
        }
        for size in (1..2_000_000_u64).step_by(997) {
            let filled = padded(size);
            assert!(filled >= size && (size <= 65_536 || filled - size <= size / 8), "{size} {filled}");
            assert_eq!(padded(filled), filled);
        }
    }
}
