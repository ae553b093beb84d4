//! Recovery of rooms by officers: a key pair whose seed exists only in shares, m of which make it again, offline
//! (decision 24). To it the seeds of the epochs of those rooms are sealed that have chosen so; with it, officers seal
//! them to the key of one person, and sign that they did.
//!
//! Nothing here reads or writes anything: [`shares`] is what the officers hold, [`ceremony`] what goes between the server
//! and them.

pub mod ceremony;
pub mod shares;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::keypair::{PublicKey, Seed, refused};
use super::wrap::{open_by, seal_to, spell};
use crate::context::Ctx;
use crate::error::AppError;
use crate::ids::{RecoveryKeyId, RoomId};

const ID: &[u8] = b"incamera/recovery-key/v1\0";
const SIGNING: &[u8] = b"incamera/recovery-signing/v1\0";

/// Bytes of the key that proves what officers sign.
pub const VERIFYING_KEY: usize = 32;

/// Why a ceremony does not go on, for those who hold it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A text that is no share, or not as it was printed.
    #[error("not a share, or mistyped")]
    NotAShare,
    /// One share counts once.
    #[error("share {0} was given twice")]
    Twice(u8),
    /// Shares that do not belong together.
    #[error("share {0} is of another key than the first")]
    Mixed(u8),
    /// Shares that make no key.
    #[error("{have} of the {needed} shares that are needed")]
    TooFew {
        /// So many were given.
        have: usize,
        /// So many are needed.
        needed: u8,
    },
    /// What the shares make is not the key that they say they are of.
    #[error("these shares do not make the key that they say: one of them is wrong")]
    NotTheKey,
    /// The shares make a key, and it is another one.
    #[error("this was asked of the officers who hold the key {0}")]
    OtherKey(RecoveryKeyId),
    /// So many shares of which so many are needed make no sense.
    #[error("at least two shares must be needed, and there can be at most 255")]
    Numbers,
    /// A file that does not hold what it should.
    #[error("not {0}")]
    NotA(&'static str),
    /// Nothing of what is kept for the officers is the key of its epoch.
    #[error("nothing of what the server keeps for the officers is the key of its epoch")]
    Spoilt,
    /// Not signed with the key, or not this.
    #[error("the officers have not signed this")]
    NotSigned,
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::internal(refusal)
    }
}

/// The public half: what is sealed to, and what officers' signatures are held against. Its id is a digest of all of it, so
/// whoever compares the id has compared the key, and how many of how many officers it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryKey {
    /// Its id.
    pub id: RecoveryKeyId,
    /// To which seeds are sealed.
    pub public: PublicKey,
    /// Which proves what is signed.
    pub verifying: [u8; VERIFYING_KEY],
    /// How many shares are needed.
    pub needed: u8,
    /// How many there are.
    pub shares: u8,
}

/// The public half as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    recovery_key: RecoveryKeyId,
    needed: u8,
    shares: u8,
    public_key: String,
    verifying_key: String,
}

impl RecoveryKey {
    /// Of its parts.
    ///
    /// # Errors
    /// When so many shares of which so many are needed make no sense.
    pub fn new(public: PublicKey, verifying: [u8; VERIFYING_KEY], needed: u8, shares: u8) -> Result<Self, AppError> {
        if needed < 2 || shares < needed {
            return Err(Refusal::Numbers.into());
        }
        let digest = Sha256::new()
            .chain_update(ID)
            .chain_update(public.bytes())
            .chain_update(verifying)
            .chain_update([needed, shares])
            .finalize();
        let bytes = digest.first_chunk::<16>().ok_or_else(|| AppError::internal("a digest is short"))?;
        let id = uuid::Builder::from_custom_bytes(*bytes).into_uuid().to_string();
        let id = RecoveryKeyId::parse(&id).ok_or_else(|| AppError::internal("a digest is no id"))?;
        Ok(Self { id, public, verifying, needed, shares })
    }

    /// As the file that goes to the server, and may go to anybody.
    ///
    /// # Errors
    /// Never, in fact.
    pub fn file(&self) -> Result<String, AppError> {
        let file = KeyFile {
            recovery_key: self.id.clone(),
            needed: self.needed,
            shares: self.shares,
            public_key: BASE64.encode(&self.public.bytes()),
            verifying_key: BASE64.encode(&self.verifying),
        };
        serde_json::to_string_pretty(&file).map(|text| text + "\n").map_err(AppError::internal)
    }

    /// Reads that file.
    ///
    /// # Errors
    /// When it is none, or its id is not that of what it holds.
    pub fn read(text: &str) -> Result<Self, AppError> {
        let not = || Refusal::NotA("the public half of a recovery key");
        let file: KeyFile = serde_json::from_str(text).ok().ok_or_else(not)?;
        let public = BASE64.decode(file.public_key.as_bytes()).ok().ok_or_else(not)?;
        let verifying = BASE64.decode(file.verifying_key.as_bytes()).ok().ok_or_else(not)?;
        let verifying = verifying.as_slice().try_into().ok().ok_or_else(not)?;
        let public = PublicKey::read(&public).ok().ok_or_else(not)?;
        let key = Self::new(public, verifying, file.needed, file.shares)?;
        if key.id == file.recovery_key { Ok(key) } else { Err(not().into()) }
    }

    /// Whether `signature` is this key's under `text`.
    #[must_use]
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.verifying).verify(text, signature).is_ok()
    }

    /// What of the id a share says: enough to tell keys apart, not more than people like to type.
    fn short(&self) -> [u8; 8] {
        let digits: String = self.id.as_str().chars().filter(|digit| *digit != '-').take(16).collect();
        HEXLOWER.decode(digits.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
    }
}

/// The whole key: for as long as a ceremony lasts.
pub struct RecoverySecret {
    seed: Seed,
    pair: Ed25519KeyPair,
    key: RecoveryKey,
}

impl RecoverySecret {
    /// A new one.
    ///
    /// # Errors
    /// Without randomness; when so many shares of which so many are needed make no sense.
    pub fn new(ctx: &Ctx, needed: u8, shares: u8) -> Result<Self, AppError> {
        Self::of(Seed::new(ctx)?, needed, shares)
    }

    /// The signing key is made of the seed by HKDF, under a label of its own: X-Wing stretches the seed in another way.
    fn of(seed: Seed, needed: u8, shares: u8) -> Result<Self, AppError> {
        let mut signing = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, seed.bytes()).expand(SIGNING, signing.as_mut()).map_err(AppError::internal)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(signing.as_ref()).map_err(AppError::internal)?;
        let verifying = pair.public_key().as_ref().try_into().map_err(AppError::internal)?;
        let key = RecoveryKey::new(seed.public()?, verifying, needed, shares)?;
        Ok(Self { seed, pair, key })
    }

    /// The public half.
    #[must_use]
    pub const fn key(&self) -> &RecoveryKey {
        &self.key
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.pair.sign(text).as_ref().to_vec()
    }
}

/// The seed of a room's epoch, for the officers.
#[derive(Clone, Copy, Debug)]
pub struct ForOfficers<'a> {
    /// The room.
    pub room: &'a RoomId,
    /// Its epoch.
    pub epoch: i64,
    /// Their key.
    pub key: &'a RecoveryKeyId,
}

impl ForOfficers<'_> {
    fn spelled(&self) -> Vec<u8> {
        spell("wrap/officers", &[self.room.as_str(), self.key.as_str()], &[self.epoch])
    }

    /// Wraps `seed` to their public key.
    ///
    /// # Errors
    /// Without randomness.
    pub fn to(&self, ctx: &Ctx, public: &PublicKey, seed: &Seed) -> Result<Vec<u8>, AppError> {
        seal_to(ctx, public, &self.spelled(), seed.bytes())
    }

    /// Opens what [`ForOfficers::to`] made.
    ///
    /// # Errors
    /// When it is not that, of this place and for this key.
    pub fn open(&self, secret: &RecoverySecret, blob: &[u8]) -> Result<Seed, AppError> {
        Seed::of(&open_by(&secret.seed, &self.spelled(), blob)?).ok_or_else(refused)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::{Moment, SystemEntropy};

    fn ctx() -> Ctx {
        Ctx::new(Moment(0), Arc::new(SystemEntropy))
    }

    #[test]
    fn an_id_is_that_of_all_of_the_key() {
        let key = RecoverySecret::new(&ctx(), 3, 5).unwrap().key().clone();
        assert_eq!(RecoveryKey::read(&key.file().unwrap()).unwrap(), key);
        let other = RecoverySecret::new(&ctx(), 3, 5).unwrap().key().clone();
        assert_ne!(key.id, other.id);
        let same = |public: &PublicKey, verifying, needed, shares| {
            RecoveryKey::new(public.clone(), verifying, needed, shares).unwrap().id == key.id
        };
        assert!(same(&key.public, key.verifying, 3, 5));
        assert!(!same(&other.public, key.verifying, 3, 5));
        assert!(!same(&key.public, other.verifying, 3, 5));
        assert!(!same(&key.public, key.verifying, 2, 5));
        assert!(!same(&key.public, key.verifying, 3, 6));
        for (from, to) in [("\"needed\": 3", "\"needed\": 2"), ("\"shares\"", "\"share\""), ("=\"", "\"")] {
            assert!(RecoveryKey::read(&key.file().unwrap().replacen(from, to, 1)).is_err(), "{from}");
        }
        for (needed, shares) in [(0, 5), (1, 5), (3, 2)] {
            assert!(RecoverySecret::new(&ctx(), needed, shares).is_err(), "{needed} of {shares}");
        }
    }

    #[test]
    fn a_seed_opens_in_its_place_only() {
        let (ctx, secret) = (ctx(), RecoverySecret::new(&ctx(), 2, 2).unwrap());
        let (room, other) = (RoomId::new(&ctx).unwrap(), RoomId::new(&ctx).unwrap());
        let place = ForOfficers { room: &room, epoch: 1, key: &secret.key.id };
        let seed = Seed::new(&ctx).unwrap();
        let blob = place.to(&ctx, &secret.key.public, &seed).unwrap();
        assert_eq!(place.open(&secret, &blob).unwrap().bytes(), seed.bytes());
        let another = RecoverySecret::new(&ctx, 2, 2).unwrap();
        for (place, secret) in [
            (ForOfficers { epoch: 2, ..place }, &secret),
            (ForOfficers { room: &other, ..place }, &secret),
            (ForOfficers { key: &another.key.id, ..place }, &secret),
            (place, &another),
        ] {
            assert!(place.open(secret, &blob).is_err(), "{place:?}");
        }
    }
}
