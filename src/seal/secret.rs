//! Small secrets that the server itself must read, sealed under a key file: whoever has only the database
//! has none of them. ChaCha20-Poly1305; the place is bound as associated data.

use std::sync::Arc;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::context::Ctx;
use crate::error::AppError;
use crate::seal::keyfile::KeyFile;

/// Names the way of sealing, as the first byte.
const CHACHA: u8 = 1;

/// The keys for sealing small secrets: the newest seals, each opens what it sealed.
#[derive(Clone)]
pub struct SecretKey(Arc<Vec<LessSafeKey>>);

impl SecretKey {
    /// The keys of a file.
    ///
    /// # Errors
    /// Never, in fact: the lengths are right, and there is one.
    pub fn new(file: &KeyFile) -> Result<Self, AppError> {
        let keys = file.all().map(|bytes| UnboundKey::new(&CHACHA20_POLY1305, bytes).map(LessSafeKey::new));
        keys.collect::<Result<_, _>>().map(|keys| Self(Arc::new(keys))).map_err(AppError::internal)
    }

    /// Keys made of those of a file that serves something else as well; `label` says what these are for.
    ///
    /// # Errors
    /// Never, in fact: the lengths are right.
    pub fn derived(file: &KeyFile, label: &[u8]) -> Result<Self, AppError> {
        let key = |bytes: &[u8; 32]| {
            let mut made = Zeroizing::new([0; 32]);
            Hkdf::<Sha256>::new(None, bytes).expand(label, made.as_mut()).map_err(AppError::internal)?;
            UnboundKey::new(&CHACHA20_POLY1305, made.as_ref()).map(LessSafeKey::new).map_err(AppError::internal)
        };
        file.all().map(key).collect::<Result<_, _>>().map(|keys| Self(Arc::new(keys)))
    }

    /// Seals `secret` for `place`. A random nonce of 96 bits is enough for the few thousand that one key seals.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(&self, ctx: &Ctx, place: &str, secret: &[u8]) -> Result<Vec<u8>, AppError> {
        let nonce = ctx.random::<NONCE_LEN>()?;
        let mut sealed = secret.to_vec();
        let newest = self.0.first().ok_or_else(|| AppError::internal("no key to seal with"))?;
        newest
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
        for key in self.0.iter() {
            let mut body = Zeroizing::new(body.to_vec());
            let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(AppError::internal)?;
            if let Ok(opened) = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body) {
                let length = opened.len();
                body.truncate(length);
                return Ok(body);
            }
        }
        Err(refuse())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Moment, SystemEntropy};

    #[test]
    fn opens_only_whole_and_in_its_place() {
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        let key = SecretKey::new(&KeyFile::of(&[[7; 32]])).unwrap();
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

    #[test]
    fn an_older_key_opens_until_it_is_removed() {
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        let [old, both, new] = [vec![[7; 32]], vec![[8; 32], [7; 32]], vec![[8; 32]]]
            .map(|keys| SecretKey::new(&KeyFile::of(&keys)).unwrap());
        let before = old.seal(&ctx, "totp/a", b"seed").unwrap();
        let after = both.seal(&ctx, "totp/a", b"seed").unwrap();
        assert_eq!(both.open("totp/a", &before).unwrap().as_slice(), b"seed");
        assert_eq!(new.open("totp/a", &after).unwrap().as_slice(), b"seed");
        assert!(new.open("totp/a", &before).is_err());
        assert!(old.open("totp/a", &after).is_err());
    }
}
