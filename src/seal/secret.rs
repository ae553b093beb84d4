//! Small secrets that the server itself must read, sealed under a key file: whoever has only the database
//! has none of them. ChaCha20-Poly1305; the place is bound as associated data.

use std::sync::Arc;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::context::Ctx;
use crate::error::AppError;

/// Names the way of sealing, as the first byte.
const CHACHA: u8 = 1;

/// A key for sealing small secrets.
#[derive(Clone)]
pub struct SecretKey(Arc<LessSafeKey>);

impl SecretKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// Never, in fact: the length is right.
    pub fn new(bytes: &[u8; 32]) -> Result<Self, AppError> {
        UnboundKey::new(&CHACHA20_POLY1305, bytes)
            .map(|key| Self(Arc::new(LessSafeKey::new(key))))
            .map_err(AppError::internal)
    }

    /// Seals `secret` for `place`. A random nonce of 96 bits is enough for the few thousand that one key seals.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(&self, ctx: &Ctx, place: &str, secret: &[u8]) -> Result<Vec<u8>, AppError> {
        let nonce = ctx.random::<NONCE_LEN>()?;
        let mut sealed = secret.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .map_err(AppError::internal)?;
        Ok([&[CHACHA], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// When it is not that.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
        let refuse = || AppError::internal("a sealed secret cannot be opened");
        let (&CHACHA, rest) = sealed.split_first().ok_or_else(refuse)? else { return Err(refuse()) };
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or_else(refuse)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(AppError::internal)?;
        let length =
            self.0.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(AppError::internal)?.len();
        body.truncate(length);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Moment, SystemEntropy};

    #[test]
    fn opens_only_whole_and_in_its_place() {
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        let key = SecretKey::new(&[7; 32]).unwrap();
        let sealed = key.seal(&ctx, "totp/a", b"seed").unwrap();
        assert_eq!(key.open("totp/a", &sealed).unwrap().as_slice(), b"seed");
        assert!(key.open("totp/b", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(key.open("totp/a", &bent).is_err(), "byte {at}");
        }
        assert!(key.open("totp/a", &sealed[..8]).is_err());
    }
}
