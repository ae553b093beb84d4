//! Opening a person's own seed, for one request: by the unlock secret that the client alone holds.

use std::fmt;

use zeroize::Zeroizing;

use super::keypair::Seed;
use super::wrap::Wrapped;
use crate::access::Asker;
use crate::context::Moment;
use crate::error::{AppError, Fault, Means};
use crate::ids::{PersonId, SignInId};

/// What a request brought to open its person's seed: the secret, and the seed under it as the log-in's row has it.
/// Nothing is opened before something is to be read or sealed.
pub struct Unlock {
    /// The secret.
    pub secret: Zeroizing<String>,
    /// The seed under it.
    pub seed: Vec<u8>,
    /// Which of the person's key pairs.
    pub pair: i64,
    /// The log-in.
    pub sign_in: SignInId,
    /// When that ends at the latest.
    pub expires: Moment,
}

impl fmt::Debug for Unlock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Unlock(..)")
    }
}

/// A person's own seed, opened for the request at hand. It is wiped when the request is answered.
#[derive(Debug)]
pub struct Key {
    person: PersonId,
    pair: i64,
    seed: Seed,
}

impl Key {
    /// Of a seed that was opened by something else: a password, or a code on paper.
    #[must_use]
    pub const fn new(person: PersonId, pair: i64, seed: Seed) -> Self {
        Self { person, pair, seed }
    }

    /// The key of a request.
    ///
    /// # Errors
    /// `MeansNeeded` when the request did not bring the unlock secret, or there is nothing that it opens; when it opens
    /// nothing although it should: somebody's hand in the database.
    pub fn of(asker: &Asker) -> Result<Self, AppError> {
        let (Some(person), Some(unlock)) = (asker.person(), asker.unlock()) else {
            return Err(Fault::MeansNeeded(Means::Unlock).into());
        };
        let Unlock { secret, seed, pair, sign_in, expires } = unlock;
        let place = Wrapped::ByUnlockSecret { person, pair: *pair, sign_in, expires: *expires };
        Ok(Self { person: person.clone(), pair: *pair, seed: place.open(secret.as_bytes(), seed)? })
    }

    /// Whose.
    #[must_use]
    pub const fn person(&self) -> &PersonId {
        &self.person
    }

    /// Which of the person's key pairs.
    #[must_use]
    pub const fn pair(&self) -> i64 {
        self.pair
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> &Seed {
        &self.seed
    }
}
