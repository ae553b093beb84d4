//! Texts in a room, sealed for one of its epochs. There are two ways: to the epoch's public key, for whoever may write
//! but not read (the Secretariat, which convenes), and under the epoch's seed, for whoever holds it, which costs a
//! hundredth and shows that somebody admitted wrote it. Either way only the seed opens.

use zeroize::Zeroizing;

use super::contents::Place;
use super::keypair::{PublicKey, Seed, refused};
use super::wrap::{open_by, open_under, seal_to, seal_under, spell, way};
use crate::context::Ctx;
use crate::error::AppError;

/// Sizes that texts are padded to, with the four bytes that say how long they are; larger ones to the next multiple of
/// the last. So a blob's length tells hardly more than whether a text is short or long.
const CLASSES: [usize; 5] = [256, 1 << 10, 4 << 10, 16 << 10, 64 << 10];

/// A place in an epoch of its room.
#[derive(Clone, Copy, Debug)]
pub struct In<'a> {
    /// The place.
    pub place: Place<'a>,
    /// The epoch.
    pub epoch: i64,
}

impl In<'_> {
    fn spelled(&self) -> Vec<u8> {
        let Place { room, what, thing, version } = self.place;
        spell("contents", &[room.as_str(), what, thing], &[version, self.epoch])
    }

    /// Seals `text` so that it shows that its writer holds the epoch's seed.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(&self, ctx: &Ctx, seed: &Seed, text: &[u8]) -> Result<Vec<u8>, AppError> {
        seal_under(ctx, seed.bytes(), &self.spelled(), &padded(text)?)
    }

    /// Seals `text` to the epoch's public key.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal_to(&self, ctx: &Ctx, public: &PublicKey, text: &[u8]) -> Result<Vec<u8>, AppError> {
        seal_to(ctx, public, &self.spelled(), &padded(text)?)
    }

    /// Opens what either way has sealed.
    ///
    /// # Errors
    /// When it is not that, of this place and epoch.
    pub fn open(&self, seed: &Seed, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
        let place = self.spelled();
        let mut text = match blob.first() {
            Some(&way::SECRET) => open_under(seed.bytes(), &place, blob)?,
            Some(&way::PUBLIC) => open_by(seed, &place, blob)?,
            _ => return Err(refused()),
        };
        unpad(&mut text)?;
        Ok(text)
    }
}

fn padded(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
    let length = u32::try_from(text.len()).map_err(AppError::internal)?;
    let needed = text.len().saturating_add(4);
    let largest = CLASSES.last().copied().unwrap_or(1);
    let size = CLASSES.into_iter().find(|class| *class >= needed).unwrap_or_else(|| needed.next_multiple_of(largest));
    let mut padded = Zeroizing::new(Vec::with_capacity(size));
    padded.extend(length.to_be_bytes());
    padded.extend(text);
    padded.resize(size, 0);
    Ok(padded)
}

fn unpad(padded: &mut Vec<u8>) -> Result<(), AppError> {
    let length = padded.first_chunk::<4>().map(|length| u32::from_be_bytes(*length)).ok_or_else(refused)?;
    let length = usize::try_from(length).ok().ok_or_else(refused)?;
    padded.drain(..4);
    if length > padded.len() {
        return Err(refused());
    }
    padded.truncate(length);
    Ok(())
}
