//! Finds who asks, for every request.

use std::sync::Arc;

use super::{Identity, service, store, tokens};
use crate::access::{Asker, Credentials};
use crate::context::Moment;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault};
use crate::seal::Unlock;
use crate::server::page::Who;
use crate::server::{Bearer, Brought, Gate, Renewing};
use subtle::ConstantTimeEq;

impl Gate for Identity {
    fn verify(&self, token: &str, now: Moment) -> Option<Bearer> {
        self.tokens.verify(token, now)
    }

    fn renew<'a>(&'a self, db: &'a Db, refresh: &'a str) -> Renewing<'a> {
        Box::pin(self.renew_browser(db, refresh))
    }

    fn takes_passkeys(&self) -> bool {
        self.takes_passkeys()
    }

    fn who(&self, work: &mut Work<'_>, asker: &Asker) -> Result<Option<Who>, AppError> {
        service::who(work, asker)
    }

    /// The sign-in's row, and what the acts in force make of the person: both on every request, so that an ending
    /// bites on the next one (DESIGN §3.7). Two queries, or one that says that both are as they were found before.
    fn admit(&self, work: &mut Work<'_>, bearer: &Bearer, brought: &Brought) -> Result<Asker, AppError> {
        let sign_in = store::sign_in(work, &bearer.sign_in)?
            .filter(|row| row.person_id == bearer.person && row.lives(work.now, self.settings.idle_seconds))
            .ok_or(Fault::SignInNeeded)?;
        let secret = brought.unlock.as_deref();
        let secret = secret.filter(|secret| tokens::digest(secret).ct_eq(&sign_in.unlock_digest).into());
        let unlock = match (secret, sign_in.pair, sign_in.seed_by_unlock) {
            (Some(secret), Some(pair), Some(seed)) => Some(Arc::new(Unlock {
                secret: secret.to_owned().into(),
                seed,
                pair,
                sign_in: sign_in.id.clone(),
                expires: sign_in.expires_us,
            })),
            _ => None,
        };
        let credentials = Credentials {
            sign_in: Some(sign_in.id),
            second_factor: sign_in.second_factor,
            unlocked: unlock.is_some(),
            unlock,
            visit: brought.visit.clone(),
        };
        let asker = Asker::load(work, &bearer.person, credentials, work.now)?;
        if asker.is_somebody() { Ok(asker) } else { Err(Fault::SignInNeeded.into()) }
    }
}
