//! What the operator's commands on the host do with accounts: they open those of a new server's first
//! officer and of the demo's invented people. Nobody asks there; the command writes what it did into the log.

use zeroize::Zeroizing;

use super::model::Enrolled;
use super::service::{Means, judge_email};
use super::{Identity, password, store};
use crate::audit::{Entry, Event};
use crate::context::Ctx;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::PersonId;

/// What the enrolment rests on.
const SOURCE: &str = "Account opened by the operator";

/// An account for which everything slow is done. Opening it takes no time to speak of, so that the one
/// transaction that writes is not held up.
pub struct PreparedAccount {
    email: String,
    means: Means,
}

impl Identity {
    /// Judges address and password, and hashes the password. `name` is that of the person it is for.
    ///
    /// # Errors
    /// `Invalid` for a weak password or an address that is none.
    pub fn prepare_account(
        &self,
        ctx: &Ctx,
        name: &str,
        email: &str,
        chosen: &str,
    ) -> Result<PreparedAccount, AppError> {
        let email = judge_email(email)?;
        let chosen = password::judge("password", chosen, &[name, &email])?;
        let hashed = self.hasher.create_blocking(ctx, &chosen)?;
        Ok(PreparedAccount { email, means: Means::new(self, ctx, hashed)? })
    }

    /// Prepares an account and opens it.
    ///
    /// # Errors
    /// As [`Identity::prepare_account`] and [`PreparedAccount::open`].
    pub fn open_account(
        &self,
        work: &mut Work<'_>,
        person: &PersonId,
        email: &str,
        chosen: &str,
    ) -> Result<Enrolled, AppError> {
        let name = store::person_name(work.conn, person)?;
        self.prepare_account(work.ctx(), &name, email, chosen)?.open(work, person)
    }
}

impl PreparedAccount {
    /// Opens the account of `person`, without an invitation.
    ///
    /// # Errors
    /// `Conflict` when the address is taken.
    pub fn open(self, work: &mut Work<'_>, person: &PersonId) -> Result<Enrolled, AppError> {
        let enrolled = self.means.give(work, None, person, &self.email, SOURCE, None)?;
        work.log(Entry::new(Event::AccountOpened).concerning(person));
        Ok(enrolled)
    }
}

/// Whether somebody who is or was an officer of the Secretariat has or had an account. From then on
/// accounts are the Secretariat's business: were it enough that no officer is in office just now, the
/// operator could come in through the gap between two of them.
///
/// # Errors
/// The database's.
pub fn has_had_an_officer(work: &mut Work<'_>) -> Result<bool, AppError> {
    Ok(store::officer_was_enrolled(work.conn)?)
}

/// A password for an account that the operator opens: 24 random characters that a person can copy.
///
/// # Errors
/// Without randomness.
pub fn new_password(ctx: &Ctx) -> Result<Zeroizing<String>, AppError> {
    let text = data_encoding::BASE32_NOPAD.encode(&ctx.random::<15>()?).to_lowercase();
    let groups: Vec<&str> =
        [text.get(..6), text.get(6..12), text.get(12..18), text.get(18..)].into_iter().flatten().collect();
    Ok(Zeroizing::new(groups.join("-")))
}
