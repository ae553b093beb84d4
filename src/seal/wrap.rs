//! Seeds on their way into the database: wrapped under a secret that somebody brings, or to a person's public key.
//!
//! Each is bound to its place, so that none opens anywhere else: not for another person, another epoch of the room or
//! another log-in, however rows are exchanged.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::keypair::{PublicKey, Seed, refused};
use crate::context::{Ctx, Moment};
use crate::error::AppError;
use crate::ids::{CeremonyId, PersonId, RoomId, SignInId};

/// The ways of sealing, each blob's first byte. `contents` has 0.
pub(super) mod way {
    /// ChaCha20-Poly1305 under a key that HKDF-SHA-256 makes of a secret; 12 bytes of nonce.
    pub const SECRET: u8 = 1;
    /// HPKE, base mode, X-Wing, HKDF-SHA-256, ChaCha20-Poly1305.
    pub const PUBLIC: u8 = 2;
}

/// A person's seed under a secret, and which secret.
#[derive(Clone, Copy, Debug)]
pub enum Wrapped<'a> {
    /// The key that his password gives.
    ByPassword {
        /// Whose.
        person: &'a PersonId,
        /// Which of his key pairs.
        pair: i64,
    },
    /// The code that he has on paper.
    ByRecoveryCode {
        /// Whose.
        person: &'a PersonId,
        /// Which of his key pairs.
        pair: i64,
    },
    /// The unlock secret of a log-in.
    ByUnlockSecret {
        /// Whose.
        person: &'a PersonId,
        /// Which of his key pairs.
        pair: i64,
        /// The log-in.
        sign_in: &'a SignInId,
        /// When that ends at the latest.
        expires: Moment,
    },
    /// The refresh token of a log-in, by which it comes to have another unlock secret.
    ByRefreshToken {
        /// Whose.
        person: &'a PersonId,
        /// Which of his key pairs.
        pair: i64,
        /// The log-in.
        sign_in: &'a SignInId,
        /// When that ends at the latest.
        expires: Moment,
    },
    /// What a browser holds while it is asked for a passkey.
    ByCeremony {
        /// Whose.
        person: &'a PersonId,
        /// Which of his key pairs.
        pair: i64,
        /// The question.
        ceremony: &'a CeremonyId,
    },
}

impl Wrapped<'_> {
    /// The place as bytes that no other place has.
    fn spelled(&self) -> Vec<u8> {
        match *self {
            Self::ByPassword { person, pair } => spell("wrap/password", &[person.as_str()], &[pair]),
            Self::ByRecoveryCode { person, pair } => spell("wrap/recovery-code", &[person.as_str()], &[pair]),
            Self::ByUnlockSecret { person, pair, sign_in, expires } => {
                spell("wrap/unlock-secret", &[person.as_str(), sign_in.as_str()], &[pair, expires.0])
            }
            Self::ByRefreshToken { person, pair, sign_in, expires } => {
                spell("wrap/refresh-token", &[person.as_str(), sign_in.as_str()], &[pair, expires.0])
            }
            Self::ByCeremony { person, pair, ceremony } => {
                spell("wrap/ceremony", &[person.as_str(), ceremony.as_str()], &[pair])
            }
        }
    }

    /// Wraps `seed` under `secret`, which nobody can guess.
    ///
    /// # Errors
    /// Without randomness.
    pub fn under(&self, ctx: &Ctx, secret: &[u8], seed: &Seed) -> Result<Vec<u8>, AppError> {
        seal_under(ctx, secret, &self.spelled(), seed.bytes())
    }

    /// Opens what [`Wrapped::under`] made.
    ///
    /// # Errors
    /// When it is not that, of this place and under this secret.
    pub fn open(&self, secret: &[u8], blob: &[u8]) -> Result<Seed, AppError> {
        Seed::of(&open_under(secret, &self.spelled(), blob)?).ok_or_else(refused)
    }
}

/// The seed of a room's epoch, for a person who is admitted.
#[derive(Clone, Copy, Debug)]
pub struct ForMember<'a> {
    /// The room.
    pub room: &'a RoomId,
    /// Its epoch.
    pub epoch: i64,
    /// Who is admitted.
    pub person: &'a PersonId,
    /// For which of his key pairs.
    pub pair: i64,
}

impl ForMember<'_> {
    fn spelled(&self) -> Vec<u8> {
        spell("wrap/member", &[self.room.as_str(), self.person.as_str()], &[self.epoch, self.pair])
    }

    /// Wraps `seed` to the person's public key: anybody can, so whoever opens it holds the seed against the epoch's
    /// public key before it is used.
    ///
    /// # Errors
    /// Without randomness.
    pub fn to(&self, ctx: &Ctx, public: &PublicKey, seed: &Seed) -> Result<Vec<u8>, AppError> {
        seal_to(ctx, public, &self.spelled(), seed.bytes())
    }

    /// Wraps `seed` under the person's own, which costs no public-key operation to open and which nobody else can.
    ///
    /// # Errors
    /// Without randomness.
    pub fn under(&self, ctx: &Ctx, own: &Seed, seed: &Seed) -> Result<Vec<u8>, AppError> {
        seal_under(ctx, own.bytes(), &self.spelled(), seed.bytes())
    }

    /// Opens what either of them made.
    ///
    /// # Errors
    /// When it is not that, of this place and for this key pair.
    pub fn open(&self, own: &Seed, blob: &[u8]) -> Result<Seed, AppError> {
        let place = self.spelled();
        let seed = match blob.first() {
            Some(&way::SECRET) => open_under(own.bytes(), &place, blob)?,
            _ => open_by(own, &place, blob)?,
        };
        Seed::of(&seed).ok_or_else(refused)
    }

    /// Whether a blob was made by somebody else: see [`ForMember::to`].
    #[must_use]
    pub fn by_anybody(blob: &[u8]) -> bool {
        blob.first() != Some(&way::SECRET)
    }
}

/// A place as bytes: what it is, texts with their lengths, numbers. Different places never give the same bytes.
pub(super) fn spell(what: &str, texts: &[&str], numbers: &[i64]) -> Vec<u8> {
    let mut bytes = format!("incamera/{what}/v1\0").into_bytes();
    for text in texts {
        bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    for number in numbers {
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// A place and a way of sealing: what is sealed in one way is nothing in another.
fn bound(way: u8, place: &[u8]) -> Vec<u8> {
    [&[way], place].concat()
}

/// The key for a place: of no use at another.
fn key(secret: &[u8], place: &[u8]) -> Result<LessSafeKey, AppError> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, secret).expand(place, key.as_mut()).map_err(AppError::internal)?;
    UnboundKey::new(&CHACHA20_POLY1305, key.as_ref()).map(LessSafeKey::new).map_err(AppError::internal)
}

/// Seals under a secret. The nonce is random: under one key, which belongs to one place, few things are ever sealed.
pub(super) fn seal_under(ctx: &Ctx, secret: &[u8], place: &[u8], text: &[u8]) -> Result<Vec<u8>, AppError> {
    let (nonce, place) = (ctx.random::<NONCE_LEN>()?, bound(way::SECRET, place));
    let mut sealed = text.to_vec();
    key(secret, &place)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&place), &mut sealed)
        .map_err(AppError::internal)?;
    Ok([&[way::SECRET], nonce.as_slice(), &sealed].concat())
}

pub(super) fn open_under(secret: &[u8], place: &[u8], blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
    let (&way::SECRET, rest) = blob.split_first().ok_or_else(refused)? else { return Err(refused()) };
    let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok().ok_or_else(refused)?;
    let (place, mut text) = (bound(way::SECRET, place), Zeroizing::new(sealed.to_vec()));
    let length =
        key(secret, &place)?.open_in_place(nonce, Aad::from(&place), &mut text).ok().ok_or_else(refused)?.len();
    text.truncate(length);
    Ok(text)
}

pub(super) fn seal_to(ctx: &Ctx, public: &PublicKey, place: &[u8], text: &[u8]) -> Result<Vec<u8>, AppError> {
    Ok([&[way::PUBLIC], public.seal(ctx, &bound(way::PUBLIC, place), text)?.as_slice()].concat())
}

pub(super) fn open_by(own: &Seed, place: &[u8], blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
    match blob.split_first() {
        Some((&way::PUBLIC, sealed)) => own.open(&bound(way::PUBLIC, place), sealed),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept was bound to these very bytes: with others, nothing of it would open any more.
    #[test]
    fn a_place_is_spelled_as_it_always_was() {
        let spelled = bound(way::SECRET, &spell("wrap/x", &["ab", ""], &[3, -1]));
        let mut expected = b"\x01incamera/wrap/x/v1\0\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0".to_vec();
        expected.extend([0, 0, 0, 0, 0, 0, 0, 3]);
        expected.extend([0xff; 8]);
        assert_eq!(spelled, expected);
        assert_eq!(bound(way::PUBLIC, b"x"), b"\x02x");
    }
}
