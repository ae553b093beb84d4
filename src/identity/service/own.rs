//! One's own account and log-ins.

use super::NewPassword;
use crate::access::{self, Asker, TheNetwork, actions};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::identity::keys;
use crate::identity::model::{Me, PartyRef, PersonRef, SignInSummary};
use crate::identity::store::{self, Account, EndedWhy};
use crate::ids::SignInId;
use crate::server::page::Who;

/// Who is asking.
///
/// # Errors
/// The database's.
pub fn me(work: &mut Work<'_>, asker: &Asker) -> Result<Me, AppError> {
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let (person, party) = (asker.person().ok_or(Fault::SignInNeeded)?, asker.party().ok_or(Fault::SignInNeeded)?);
    let (kind, name, code) = store::party(work.conn, party, work.now)?;
    let first = asker.basis().first();
    Ok(Me {
        person: PersonRef { id: person.clone(), name: store::person_name(work.conn, person)? },
        party: PartyRef { id: party.clone(), name, code, kind },
        role: first.map(|basis| basis.role.clone()).unwrap_or_default(),
        standing: first.and_then(|basis| basis.standing.clone()),
        second_factor: asker.facts().has(access::Fact::SecondFactor),
        acts: asker.basis().to_vec(),
    })
}

/// The names of whoever asks, for the top of pages.
pub(in crate::identity) fn who(work: &mut Work<'_>, asker: &Asker) -> Result<Option<Who>, AppError> {
    let (Some(person), Some(_)) = (asker.person(), asker.party()) else { return Ok(None) };
    let (name, party) = store::names_of(work.conn, person)?;
    Ok(Some(Who { name, party, facts: asker.facts() }))
}

/// One's own account, for changing its password.
pub(in crate::identity) struct OwnAccount {
    pub(super) account: Account,
    pub(super) name: String,
}

/// One's own account.
pub(in crate::identity) fn own_account(work: &mut Work<'_>, asker: &Asker) -> Result<OwnAccount, AppError> {
    access::permit::<actions::ChangeMeans, TheNetwork>(work, asker, &())?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    Ok(OwnAccount {
        account: store::account_of(work, person)?.ok_or(Fault::SignInNeeded)?,
        name: store::person_name(work.conn, person)?,
    })
}

/// Changes one's own password to the `new` one, which opens one's key from now on; every other log-in of the person ends. `before` is
/// the account whose present password was found right: it was hashed outside of any unit of work.
///
/// # Errors
/// `Invalid` when the present password was changed meanwhile.
pub(in crate::identity) fn change_password(
    work: &mut Work<'_>,
    asker: &Asker,
    before: &OwnAccount,
    new: &NewPassword,
) -> Result<(), AppError> {
    let now = own_account(work, asker)?.account;
    if !before.account.same_means(&now) {
        return Err(not_present());
    }
    let NewPassword { verifier, before, after } = new;
    match keys::open(work, &now.person_id, before)? {
        Some(own) => keys::rewrap(work, &now.person_id, &own, after, None)?,
        None => drop(keys::make(work, &now.person_id, after, None)?),
    }
    store::set_password(work.conn, &now.person_id, verifier, work.now)?;
    store::end_sign_ins_of(work.conn, &now.person_id, asker.sign_in(), EndedWhy::CredentialsChanged, work.now)?;
    work.log(Entry::new(Event::PasswordChanged).by(asker));
    Ok(())
}

pub(super) fn not_present() -> AppError {
    AppError::field("password", "not the present password")
}

/// One's own log-ins.
///
/// # Errors
/// The database's.
pub fn my_sign_ins(work: &mut Work<'_>, asker: &Asker, idle: i64) -> Result<Vec<SignInSummary>, AppError> {
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    let living = store::sign_ins_of(work.conn, person)?.into_iter().filter(|one| one.lives(work.now, idle));
    Ok(living
        .map(|one| SignInSummary {
            this: asker.sign_in() == Some(&one.id),
            id: one.id,
            opened_at: one.opened_us,
            refreshed_at: one.refreshed_us,
            expires_at: one.expires_us,
            second_factor: one.second_factor,
        })
        .collect())
}

/// Ends one of one's own log-ins.
///
/// # Errors
/// `NotFound` when it is not one's own, or has ended.
pub fn end_my_sign_in(work: &mut Work<'_>, asker: &Asker, id: &SignInId) -> Result<(), AppError> {
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let own = store::sign_in(work, id)?.is_some_and(|row| Some(&row.person_id) == asker.person());
    let this = asker.sign_in() == Some(id);
    if own && !this {
        access::permit::<actions::ChangeMeans, TheNetwork>(work, asker, &())?;
    }
    let why = if this { EndedWhy::SignedOut } else { EndedWhy::EndedByPerson };
    if !own || !store::end_sign_in(work.conn, id, why, work.now)? {
        return Err(Fault::NotFound.into());
    }
    work.log(Entry::new(Event::SignedOut).by(asker).on("sign_in", id));
    Ok(())
}

/// Ends all of one's own log-ins, this one too.
///
/// # Errors
/// The database's.
pub fn end_my_sign_ins(work: &mut Work<'_>, asker: &Asker) -> Result<(), AppError> {
    access::permit::<actions::ChangeMeans, TheNetwork>(work, asker, &())?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    let count = store::end_sign_ins_of(work.conn, person, None, EndedWhy::EndedByPerson, work.now)?;
    work.log(Entry::new(Event::SignedOut).by(asker).count(count));
    Ok(())
}
