//! Key pairs of people and of rooms: X-Wing, which holds as long as either ML-KEM-768 or X25519 does, in HPKE's base
//! mode (RFC 9180, draft-ietf-hpke-pq). Anybody who has the public key can seal; only the seed opens.

use std::fmt;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{Kem, XWing};
use hpke::{Deserializable, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng};
use zeroize::Zeroizing;

use super::secret::SecretKey;
use crate::context::Ctx;
use crate::error::AppError;

/// Bytes of a seed.
pub const SEED: usize = 32;
/// Bytes of a public key.
pub const PUBLIC_KEY: usize = 1216;
/// Bytes of what is encapsulated, which stand before the sealed text.
const ENCAPSULATED: usize = 1120;

type Private = <XWing as Kem>::PrivateKey;
type Public = <XWing as Kem>::PublicKey;

/// What a key pair is made of: whoever has it opens all that was sealed to its public key. Wiped when it is dropped.
pub struct Seed(Zeroizing<[u8; SEED]>);

impl fmt::Debug for Seed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Seed(..)")
    }
}

impl Seed {
    /// A new one.
    ///
    /// # Errors
    /// Without randomness.
    pub fn new(ctx: &Ctx) -> Result<Self, AppError> {
        Ok(Self(Zeroizing::new(ctx.random::<SEED>()?)))
    }

    /// Of these bytes; nothing when they are not as many as a seed has.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8; SEED] {
        &self.0
    }

    fn private(&self) -> Result<Private, AppError> {
        Private::from_bytes(self.bytes()).map_err(AppError::internal)
    }

    /// The public key.
    ///
    /// # Errors
    /// Never, in fact: each 32 bytes are a seed.
    pub fn public(&self) -> Result<PublicKey, AppError> {
        Ok(PublicKey(XWing::sk_to_pk(&self.private()?)))
    }

    /// Keeps it under a key of the server, for as long as it belongs to nobody else.
    ///
    /// # Errors
    /// Without randomness.
    pub fn kept(&self, ctx: &Ctx, keeper: &SecretKey, place: &str) -> Result<Vec<u8>, AppError> {
        keeper.seal(ctx, place, self.bytes())
    }

    /// Opens what [`Seed::kept`] made.
    ///
    /// # Errors
    /// When it is not that, of this place.
    pub fn read_kept(keeper: &SecretKey, place: &str, blob: &[u8]) -> Result<Self, AppError> {
        Self::of(&keeper.open(place, blob)?).ok_or_else(refused)
    }

    /// Opens what was sealed to the public key for the place that `info` spells.
    ///
    /// # Errors
    /// When it is not that.
    pub(super) fn open(&self, info: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
        let (encapsulated, text) = sealed.split_at_checked(ENCAPSULATED).ok_or_else(refused)?;
        let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(encapsulated).ok().ok_or_else(refused)?;
        let (mode, private) = (OpModeR::Base, self.private()?);
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(&mode, &private, &encapsulated, info, text, &[])
            .map(Zeroizing::new)
            .ok()
            .ok_or_else(refused)
    }
}

/// The public half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Public);

impl PublicKey {
    /// Reads one that was stored.
    ///
    /// # Errors
    /// When it is none: a defect, or somebody's hand in the database.
    pub fn read(bytes: &[u8]) -> Result<Self, AppError> {
        Public::from_bytes(bytes).map(Self).ok().ok_or_else(|| AppError::internal("a public key cannot be read"))
    }

    /// As it is stored: [`PUBLIC_KEY`] bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }

    /// Seals `text` for the place that `info` spells.
    ///
    /// # Errors
    /// Without randomness.
    pub(super) fn seal(&self, ctx: &Ctx, info: &[u8], text: &[u8]) -> Result<Vec<u8>, AppError> {
        // HPKE asks for randomness that never fails: it is stretched from what was got.
        let mut random = ChaCha20Rng::from_seed(ctx.random::<32>()?);
        let mode = OpModeS::Base;
        let (encapsulated, sealed) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &mode,
            &self.0,
            info,
            text,
            &[],
            &mut random,
        )
        .map_err(AppError::internal)?;
        Ok([encapsulated.to_bytes().as_slice(), &sealed].concat())
    }
}

/// What every sealed thing that does not open is told with; the cause would tell an attacker where he went wrong.
pub(super) fn refused() -> AppError {
    AppError::internal("something sealed cannot be opened")
}
