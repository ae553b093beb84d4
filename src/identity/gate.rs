//! Finds who asks, for every request.

use super::{Identity, service, store, tokens};
use crate::access::{Asker, Credentials};
use crate::context::Moment;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault};
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

    /// Two queries: the sign-in's row, and what the acts in force make of the person. Both on every
    /// request, so that an ending bites on the next one (DESIGN §3.7).
    fn admit(&self, work: &mut Work<'_>, bearer: &Bearer, brought: &Brought) -> Result<Asker, AppError> {
        let sign_in = store::sign_in(work, &bearer.sign_in)?
            .filter(|row| row.person_id == bearer.person && row.lives(work.now, self.settings.idle_seconds))
            .ok_or(Fault::SignInNeeded)?;
        let unlocked =
            brought.unlock.as_deref().is_some_and(|unlock| tokens::digest(unlock).ct_eq(&sign_in.unlock_digest).into());
        let credentials = Credentials {
            sign_in: Some(sign_in.id),
            second_factor: sign_in.second_factor,
            unlocked,
            visit: brought.visit.clone(),
        };
        let asker = Asker::load(work, &bearer.person, credentials, work.now)?;
        if asker.is_somebody() { Ok(asker) } else { Err(Fault::SignInNeeded.into()) }
    }
}
