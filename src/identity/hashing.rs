//! Argon2id, bounded: never more hashes at a time than the settings say, a short queue behind them, and
//! beyond it an honest 503. The output is split: one half is what the database is compared with, the
//! other opens the person's key. A pepper from a key file goes into both, so
//! that a stolen database alone gives nothing to guess at.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::context::Ctx;
use crate::error::{AppError, Fault};
use crate::seal::keyfile::KeyFile;
use crate::settings::IdentitySettings;

/// What a password is compared with.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// How it was hashed: `argon2id/v1;m=65536;t=3;k=<pepper>`.
    pub hashing: String,
    /// 16 bytes.
    pub salt: Vec<u8>,
    /// SHA-256 of the half that authenticates.
    pub digest: Vec<u8>,
}

/// The half that opens the person's key. It is kept nowhere.
pub(super) struct Kek(Zeroizing<[u8; 32]>);

impl Kek {
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// What a password gives.
pub(super) struct Hashed {
    pub(super) verifier: Verifier,
    pub(super) kek: Kek,
}

pub(super) struct Hasher {
    pepper: Arc<KeyFile>,
    memory_kib: u32,
    passes: u32,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

/// Seconds a log-in waits for its turn before it is turned away.
const PATIENCE: Duration = Duration::from_secs(2);

impl Hasher {
    pub(super) fn new(settings: &IdentitySettings, pepper: KeyFile) -> Self {
        Self {
            pepper: Arc::new(pepper),
            memory_kib: settings.argon2_memory_kib,
            passes: settings.argon2_passes,
            permits: Arc::new(Semaphore::new(settings.hashing_at_once)),
            waiting: AtomicUsize::new(0),
            queue: settings.hashing_queue,
        }
    }

    /// What a new password gives.
    pub(super) async fn create(&self, ctx: &Ctx, password: Zeroizing<String>) -> Result<Hashed, AppError> {
        let salt = ctx.random::<16>()?;
        let work = self.work(salt.to_vec())?;
        self.bounded(move || work.hashed(&password)).await
    }

    /// As [`Hasher::create`], for commands that have no runtime.
    pub(super) fn create_blocking(&self, ctx: &Ctx, password: &str) -> Result<Hashed, AppError> {
        self.work(ctx.random::<16>()?.to_vec())?.hashed(password)
    }

    /// The key that `password` gives, if it is the one of `verifier`. Without a verifier, or with one of which nothing can be
    /// made any more, the same work is done, so that no account can be told from an unknown one.
    pub(super) async fn matches(
        &self,
        password: Zeroizing<String>,
        verifier: Option<Verifier>,
    ) -> Result<Option<Kek>, AppError> {
        let known = verifier.and_then(|verifier| match self.work_of(&verifier) {
            Ok(work) => Some((work, verifier.digest)),
            Err(error) => {
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "a password cannot be checked");
                None
            }
        });
        let (work, expected) = match known {
            Some((work, digest)) => (work, Some(digest)),
            None => (self.work(vec![0; 16])?, None),
        };
        let Hashed { verifier, kek } = self.bounded(move || work.hashed(&password)).await?;
        let same: bool = verifier.digest.ct_eq(expected.as_deref().unwrap_or(&[0; 32])).into();
        Ok((same && expected.is_some()).then_some(kek))
    }

    fn work(&self, salt: Vec<u8>) -> Result<Work, AppError> {
        let pepper = Zeroizing::new(*self.pepper.newest());
        Ok(Work {
            params: params(self.memory_kib, self.passes)?,
            memory_kib: self.memory_kib,
            passes: self.passes,
            salt,
            pepper,
        })
    }

    fn work_of(&self, verifier: &Verifier) -> Result<Work, AppError> {
        let refuse = || AppError::internal("an account was hashed in an unknown way, or under a pepper that is gone");
        let mut parts = verifier.hashing.strip_prefix("argon2id/v1;").ok_or_else(refuse)?.split(';');
        let mut part = |name: &str| {
            parts.next().and_then(|part| part.strip_prefix(name)).map(ToOwned::to_owned).ok_or_else(refuse)
        };
        let memory_kib = part("m=")?.parse().map_err(AppError::internal)?;
        let passes = part("t=")?.parse().map_err(AppError::internal)?;
        let named = part("k=")?;
        let pepper = self.pepper.all().find(|key| name_of(key) == named).ok_or_else(refuse)?;
        Ok(Work {
            params: params(memory_kib, passes)?,
            memory_kib,
            passes,
            salt: verifier.salt.clone(),
            pepper: Zeroizing::new(*pepper),
        })
    }

    async fn bounded<T: Send + 'static>(
        &self,
        hash: impl FnOnce() -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let queued = Queued::join(&self.waiting, self.queue)?;
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_elapsed| Fault::Busy(2))?
            .map_err(AppError::internal)?;
        drop(queued);
        // The permit goes with the work: a caller who goes away while it is done must not free his place,
        // or whoever opens connections and drops them could have any number of hashes made.
        tokio::task::spawn_blocking(move || {
            let made = hash();
            drop(permit);
            made
        })
        .await
        .map_err(AppError::internal)?
    }
}

/// A place in the queue, given back when dropped: also when the caller goes away while waiting.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn join(waiting: &'a AtomicUsize, most: usize) -> Result<Self, AppError> {
        if waiting.fetch_add(1, Ordering::SeqCst) >= most {
            waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(Fault::Busy(2).into());
        }
        Ok(Self(waiting))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Work {
    params: Params,
    memory_kib: u32,
    passes: u32,
    salt: Vec<u8>,
    pepper: Zeroizing<[u8; 32]>,
}

impl Work {
    fn hashed(&self, password: &str) -> Result<Hashed, AppError> {
        let mut hash = Zeroizing::new([0u8; 64]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .hash_password_into(password.as_bytes(), &self.salt, hash.as_mut_slice())
            .map_err(|error| AppError::internal(error.to_string()))?;
        let split = Hkdf::<Sha256>::new(Some(self.pepper.as_slice()), hash.as_slice());
        let half = |label: &[u8]| {
            let mut half = Zeroizing::new([0u8; 32]);
            split.expand(label, half.as_mut_slice()).map_err(|error| AppError::internal(error.to_string()))?;
            Ok::<_, AppError>(half)
        };
        let verifier = Verifier {
            hashing: format!("argon2id/v1;m={};t={};k={}", self.memory_kib, self.passes, name_of(&self.pepper)),
            salt: self.salt.clone(),
            digest: Sha256::digest(half(b"incamera/authenticate/v1")?.as_slice()).to_vec(),
        };
        Ok(Hashed { verifier, kek: Kek(half(b"incamera/person-key/v1")?) })
    }
}

fn params(memory_kib: u32, passes: u32) -> Result<Params, AppError> {
    Params::new(memory_kib, passes, 1, Some(64)).map_err(|error| AppError::internal(error.to_string()))
}

/// A key's name: tells which one, and nothing about it.
pub(super) fn name_of(key: &[u8; 32]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"incamera/key-name/v1");
    hash.update(key);
    data_encoding::HEXLOWER.encode(hash.finalize().get(..8).unwrap_or_default())
}
