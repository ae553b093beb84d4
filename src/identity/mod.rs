//! Accounts, passwords, second factors and log-ins.
//!
//! The right to log in is an act (the enrolment), as every right is; this room keeps only the means:
//! what a password is compared with, the seed of the second factor, and which log-ins live. A log-in is
//! called a *sign-in* here, since a *session* is a part of a meeting.

pub mod api;
mod factors;
mod gate;
mod hashing;
mod keys;
pub mod model;
pub mod operator;
pub mod pages;
mod passkeys;
mod password;
pub mod service;
mod store;
mod throttle;
mod tokens;

use std::sync::Arc;

pub use hashing::Verifier;

use crate::context::{Clock, Ctx};
use crate::error::AppError;
use crate::seal::keyfile::KeyFile;
use crate::seal::secret::SecretKey;
use crate::settings::{IdentitySettings, Settings};

/// All that identifying people takes, made once at the start.
pub struct Identity {
    settings: IdentitySettings,
    tokens: tokens::Tokens,
    hasher: hashing::Hasher,
    factor_key: SecretKey,
    throttle: throttle::Throttle,
    codes: Arc<throttle::WrongCodes>,
    passkeys: Option<passkeys::Passkeys>,
    clock: Arc<dyn Clock>,
}

/// The key files in `identity.keys`.
const TOKEN_KEY: &str = "token.key";
const PEPPER_KEY: &str = "pepper.key";
const FACTOR_KEY: &str = "factor.key";

impl Identity {
    /// Reads the key files.
    ///
    /// # Errors
    /// When one is missing, holds no key, or can be read by others.
    pub fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, AppError> {
        let folder = settings.path(&settings.identity.keys);
        let pepper = KeyFile::read(&folder.join(PEPPER_KEY))?;
        Ok(Arc::new(Self {
            tokens: tokens::Tokens::new(
                &KeyFile::read(&folder.join(TOKEN_KEY))?,
                &settings.server.origin,
                settings.identity.access_seconds,
            ),
            hasher: hashing::Hasher::new(&settings.identity, pepper),
            factor_key: SecretKey::new(&KeyFile::read(&folder.join(FACTOR_KEY))?)?,
            throttle: throttle::Throttle::new(settings.identity.tries_per_source, settings.identity.tries_per_account),
            codes: Arc::default(),
            passkeys: passkeys::Passkeys::of(&settings.server.origin),
            settings: settings.identity.clone(),
            clock,
        }))
    }

    /// Makes the key files.
    ///
    /// # Errors
    /// When one exists already or cannot be written.
    pub fn create_keys(settings: &Settings, ctx: &Ctx) -> Result<(), AppError> {
        let folder = settings.path(&settings.identity.keys);
        for name in [TOKEN_KEY, PEPPER_KEY, FACTOR_KEY] {
            KeyFile::create(&folder.join(name), ctx)?;
        }
        Ok(())
    }
}
