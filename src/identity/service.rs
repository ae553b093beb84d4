//! Logging in, staying logged in, and ending it; opening accounts.

use std::net::IpAddr;

use diesel::QueryResult;
use zeroize::Zeroizing;

use super::model::{Enrolled, Invitation, Me, PartyRef, PersonRef, SignInBody, SignInSummary, Tokens};
use super::store::{self, Account, AccountRow, EndedWhy, Invitee, NewInvitation, SignIn};
use super::{Identity, Verifier, factors, password, throttle, tokens};
use crate::access::acts::{self, ActKind, NewAct};
use crate::access::{self, Asker, Credentials, actions};
use crate::audit::{Entry, Event};
use crate::context::Ctx;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{InvitationId, PersonId, RecoveryCodeId, SignInId};
use crate::input;
use crate::network::TheNetwork;
use crate::seal::secret::SecretKey;

/// Prefixes of the opaque secrets: a leaked one can be recognised for what it is.
const REFRESH: &str = "icr_";
const UNLOCK: &str = "icu_";
const INVITATION: &str = "ici_";
/// Sources that are named in a minute's entries about strangers; the rest are summed up.
const SOURCES_NAMED: usize = 20;

impl Identity {
    /// Logs in. Whatever is wrong, the answer is the same and the same work was done.
    ///
    /// # Errors
    /// `SignInNeeded`; `TooMany` or `Busy` before anything was looked at.
    pub async fn sign_in(&self, db: &Db, peer: Option<IpAddr>, body: SignInBody) -> Result<Tokens, AppError> {
        let email = fold_email(&body.email);
        let source = throttle::prefix(peer);
        self.throttle.count(
            &throttle::source(peer),
            &data_encoding::HEXLOWER.encode(&tokens::digest(&email)),
            self.clock.now(),
        )?;

        let account = {
            let email = email.clone();
            db.read(move |work| Ok(store::account_by_email(work.conn, &email)?)).await?
        };
        let right =
            self.hasher.matches(password::normalize(&body.password), account.as_ref().map(Account::verifier)).await?;
        let secrets = Secrets::new(&db.ctx())?;
        let code = body.code.map(Zeroizing::new);
        let seed = match &account {
            Some(account) => self.seed_of(account)?,
            None => None,
        };
        let idle = self.settings.idle_seconds;
        let (absolute, most) = (self.settings.absolute_seconds, self.settings.sign_ins_per_person);
        let opened = {
            let secrets = secrets.digests();
            db.write(move |work| {
                let outcome = match &account {
                    Some(account) if right => {
                        open_sign_in(work, account, seed.as_ref(), code.as_ref(), secrets, absolute, idle, most)?
                    }
                    _ => None,
                };
                if outcome.is_none() {
                    // A failure is recorded, and costs the one commit that a success costs.
                    match &account {
                        Some(account) => {
                            work.log(Entry::new(Event::SignInFailed).concerning(&account.person_id).source(&source));
                        }
                        None => store::count_stranger(work.conn, &source, work.now)?,
                    }
                }
                Ok(outcome)
            })
            .await?
        };
        let (person, sign_in) = opened.ok_or(Fault::SignInNeeded)?;
        self.tokens_for(&db.ctx(), &person, &sign_in, &secrets)
    }

    /// Renews a log-in. A refresh token can be used once; a second use means that two hold it, so the
    /// log-in ends.
    ///
    /// # Errors
    /// `SignInNeeded`, whatever is wrong.
    pub async fn refresh(&self, db: &Db, refresh_token: String) -> Result<Tokens, AppError> {
        let secrets = Secrets::new(&db.ctx())?;
        let (refresh, unlock) = secrets.digests();
        let idle = self.settings.idle_seconds;
        let renewed = db
            .write(move |work| {
                let digest = tokens::digest(&refresh_token);
                let Some(row) = store::sign_in_by_refresh(work.conn, &digest)? else {
                    if let Some(id) = store::sign_in_of_spent(work.conn, &digest)?
                        && let Some(row) = store::sign_in(work.conn, &id)?
                        && store::end_sign_in(work.conn, &id, EndedWhy::RefreshReused, work.now)?
                    {
                        work.log(Entry::new(Event::RefreshReused).concerning(&row.person_id).on("sign_in", &id));
                    }
                    return Ok(None);
                };
                let asker = Asker::load(
                    work.conn,
                    &row.person_id,
                    Credentials { sign_in: Some(row.id.clone()), ..Credentials::default() },
                    work.now,
                )?;
                if !row.lives(work.now, idle) || !asker.is_somebody() {
                    return Ok(None);
                }
                store::rotate(work.conn, &row, &refresh, &unlock, work.now)?;
                work.log(Entry::new(Event::SignInRefreshed).by(&asker).on("sign_in", &row.id));
                Ok(Some((row.person_id, row.id)))
            })
            .await?;
        let (person, sign_in) = renewed.ok_or(Fault::SignInNeeded)?;
        self.tokens_for(&db.ctx(), &person, &sign_in, &secrets)
    }

    fn tokens_for(
        &self,
        ctx: &Ctx,
        person: &PersonId,
        sign_in: &SignInId,
        secrets: &Secrets,
    ) -> Result<Tokens, AppError> {
        Ok(Tokens {
            access_token: self.tokens.issue(ctx, person, sign_in)?,
            expires_in: self.tokens.life(),
            refresh_token: secrets.refresh.0.to_string(),
            unlock: secrets.unlock.0.to_string(),
        })
    }

    fn seed_of(&self, account: &Account) -> Result<Option<Zeroizing<Vec<u8>>>, AppError> {
        account
            .totp_seed
            .as_ref()
            .map(|sealed| self.factor_key.open(&seed_place(&account.person_id), sealed))
            .transpose()
    }

    /// Takes up an invitation: opens the account, or gives the one there is new means.
    ///
    /// # Errors
    /// `Invalid` naming `token` for any invitation that is not open, or `password` for one that is too
    /// weak; `Busy` when too many hash.
    pub async fn accept(&self, db: &Db, token: String, chosen: String) -> Result<Enrolled, AppError> {
        let digest = tokens::digest(&token);
        let found = {
            let digest = digest.clone();
            db.read(move |work| {
                let found = store::open_invitation(work.conn, &digest, work.now)?;
                found.map(|(_, person, email)| Ok((store::person_name(work.conn, &person)?, email))).transpose()
            })
            .await?
        };
        let (name, email) = found.ok_or_else(not_open)?;
        let chosen = password::judge("password", &chosen, &[&name, &email])?;
        let ctx = db.ctx();
        let verifier = self.hasher.create(&ctx, chosen).await?;
        let means = Means::new(self, &ctx, verifier)?;
        db.write(move |work| {
            let (invitation, person, email) =
                store::open_invitation(work.conn, &digest, work.now)?.ok_or_else(not_open)?;
            store::close_invitation(work.conn, &invitation, work.now)?;
            let enrolled = means.give(work, &person, &email)?;
            work.log(Entry::new(Event::AccountOpened).concerning(&person).on("invitation", &invitation));
            Ok(enrolled)
        })
        .await
    }

    /// Changes one's own password; every other log-in of the person ends.
    ///
    /// # Errors
    /// `Invalid` naming the field: the present password is wrong, or the new one too weak.
    pub async fn change_password(&self, db: &Db, asker: &Asker, present: String, new: String) -> Result<(), AppError> {
        let person = asker.person().cloned().ok_or(Fault::SignInNeeded)?;
        let ctx = db.ctx();
        // By person alone: a source that all share would let one person use up everybody's tries.
        self.throttle.count(person.as_str(), person.as_str(), ctx.now)?;
        let (account, name) = {
            let person = person.clone();
            db.read(move |work| {
                Ok((
                    store::account_of(work.conn, &person)?.ok_or(Fault::SignInNeeded)?,
                    store::person_name(work.conn, &person)?,
                ))
            })
            .await?
        };
        if !self.hasher.matches(password::normalize(&present), Some(account.verifier())).await? {
            return Err(AppError::field("password", "not the present password"));
        }
        let new = password::judge("new_password", &new, &[&name, &account.email])?;
        let verifier = self.hasher.create(&ctx, new).await?;
        let asker = asker.clone();
        db.write(move |work| {
            store::set_password(work.conn, &person, &verifier, work.now)?;
            store::end_sign_ins_of(work.conn, &person, asker.sign_in(), EndedWhy::CredentialsChanged, work.now)?;
            work.log(Entry::new(Event::PasswordChanged).by(&asker));
            Ok(())
        })
        .await
    }

    /// Opens an account without an invitation: by the operator, for the first officer of the Secretariat
    /// and for the demo's invented people.
    ///
    /// # Errors
    /// `Invalid` for a weak password, `Conflict` when the address is taken.
    pub fn open_account(
        &self,
        work: &mut Work<'_>,
        person: &PersonId,
        email: &str,
        chosen: &str,
    ) -> Result<Enrolled, AppError> {
        let email = judge_email(email)?;
        let name = store::person_name(work.conn, person)?;
        let chosen = password::judge("password", chosen, &[&name, &email])?;
        let verifier = self.hasher.create_blocking(work.ctx(), &chosen)?;
        let enrolled = Means::new(self, work.ctx(), verifier)?.give(work, person, &email)?;
        work.log(Entry::new(Event::AccountOpened).concerning(person));
        Ok(enrolled)
    }
}

/// A password for an account that the operator opens: 20 random characters a person can copy.
///
/// # Errors
/// Without randomness.
pub fn new_password(ctx: &Ctx) -> Result<Zeroizing<String>, AppError> {
    let text = data_encoding::BASE32_NOPAD.encode(&ctx.random::<15>()?).to_lowercase();
    let groups: Vec<&str> =
        [text.get(..6), text.get(6..12), text.get(12..18), text.get(18..)].into_iter().flatten().collect();
    Ok(Zeroizing::new(groups.join("-")))
}

/// Turns the past minutes' counts of strangers into entries.
///
/// # Errors
/// The database's.
pub fn log_strangers(work: &mut Work<'_>) -> Result<(), AppError> {
    let mut counts = store::take_noise(work.conn, work.now)?;
    counts.sort_by_key(|(_, failures)| std::cmp::Reverse(*failures));
    let rest: i64 = counts.iter().skip(SOURCES_NAMED).map(|(_, failures)| *failures).sum();
    counts.truncate(SOURCES_NAMED);
    if rest > 0 {
        counts.push(("others".into(), rest));
    }
    for (source, failures) in counts {
        work.log(
            Entry::new(Event::StrangersRefused).source(&source).count(usize::try_from(failures).unwrap_or(usize::MAX)),
        );
    }
    Ok(())
}

/// The secrets of a sign-in, before anyone has them: the texts and the digests that are kept.
struct Secrets {
    refresh: (Zeroizing<String>, Vec<u8>),
    unlock: (Zeroizing<String>, Vec<u8>),
}

impl Secrets {
    fn new(ctx: &Ctx) -> Result<Self, AppError> {
        Ok(Self { refresh: tokens::opaque(ctx, REFRESH)?, unlock: tokens::opaque(ctx, UNLOCK)? })
    }

    fn digests(&self) -> (Vec<u8>, Vec<u8>) {
        (self.refresh.1.clone(), self.unlock.1.clone())
    }
}

/// Opens the sign-in of someone whose password is right; `None` when the code is wrong or used, or the
/// person is nobody here any more.
#[expect(clippy::too_many_arguments, reason = "called once; each is another kind of thing")]
fn open_sign_in(
    work: &mut Work<'_>,
    account: &Account,
    seed: Option<&Zeroizing<Vec<u8>>>,
    code: Option<&Zeroizing<String>>,
    (refresh_digest, unlock_digest): (Vec<u8>, Vec<u8>),
    absolute: i64,
    idle: i64,
    most: usize,
) -> Result<Option<(PersonId, SignInId)>, AppError> {
    let second_factor = match code {
        None => false,
        Some(code) if take_code(work, account, seed, code)? => true,
        Some(_) => return Ok(None),
    };
    let id = SignInId::new(work)?;
    let credentials = Credentials { sign_in: Some(id.clone()), second_factor, ..Credentials::default() };
    let asker = Asker::load(work.conn, &account.person_id, credentials, work.now)?;
    if !asker.is_somebody() {
        return Ok(None);
    }
    let living: Vec<_> = store::sign_ins_of(work.conn, &account.person_id)?
        .into_iter()
        .filter(|one| one.lives(work.now, idle))
        .collect();
    let surplus = (living.len() + 1).saturating_sub(most);
    for oldest in living.iter().take(surplus) {
        store::end_sign_in(work.conn, &oldest.id, EndedWhy::Superseded, work.now)?;
    }
    let sign_in = SignIn {
        id: id.clone(),
        person_id: account.person_id.clone(),
        opened_us: work.now,
        refreshed_us: work.now,
        expires_us: work.now.plus_seconds(absolute),
        second_factor,
        refresh_digest,
        unlock_digest,
        ended_us: None,
    };
    store::insert_sign_in(work.conn, &sign_in)?;
    work.log(Entry::new(Event::SignedIn).by(&asker).on("sign_in", &id));
    Ok(Some((account.person_id.clone(), id)))
}

/// Whether `code` is right and unused; it is used up then.
fn take_code(
    work: &mut Work<'_>,
    account: &Account,
    seed: Option<&Zeroizing<Vec<u8>>>,
    code: &str,
) -> Result<bool, AppError> {
    let code = code.trim();
    if let Some(seed) = seed
        && code.len() == 6
    {
        let Some(step) = factors::step_of(seed, code, work.now)? else { return Ok(false) };
        if step <= account.totp_last_step || !store::take_step(work.conn, &account.person_id, step)? {
            return Ok(false);
        }
        if !account.totp_confirmed {
            work.log(Entry::new(Event::SecondFactorConfirmed).by_person(&account.person_id));
        }
        return Ok(true);
    }
    let used = store::use_recovery_code(work.conn, &account.person_id, &tokens::digest(code), work.now)?;
    if used {
        work.log(Entry::new(Event::RecoveryCodeUsed).by_person(&account.person_id));
    }
    Ok(used)
}

/// The means to log in that a person is given at once: password, second factor, recovery codes.
struct Means {
    verifier: Verifier,
    seed: Zeroizing<Vec<u8>>,
    codes: Vec<(String, Vec<u8>)>,
    key: SecretKey,
}

impl Means {
    fn new(identity: &Identity, ctx: &Ctx, verifier: Verifier) -> Result<Self, AppError> {
        let (seed, codes) = (factors::new_seed(ctx)?, factors::recovery_codes(ctx)?);
        Ok(Self { verifier, seed, codes, key: identity.factor_key.clone() })
    }

    fn give(self, work: &mut Work<'_>, person: &PersonId, email: &str) -> Result<Enrolled, AppError> {
        let sealed = self.key.seal(work, &seed_place(person), &self.seed)?;
        store::save_account(
            work.conn,
            &AccountRow {
                person_id: person,
                email,
                hashing: &self.verifier.hashing,
                salt: &self.verifier.salt,
                verifier: &self.verifier.digest,
                totp_seed: Some(&sealed),
                totp_confirmed: false,
                totp_last_step: 0,
                changed_us: work.now,
            },
        )
        .or_conflict(Fault::Conflict("An account with this address exists."))?;
        let mut codes = Vec::with_capacity(self.codes.len());
        for (_, digest) in &self.codes {
            codes.push((RecoveryCodeId::new(work)?, digest.clone()));
        }
        store::replace_recovery_codes(work.conn, person, &codes)?;
        store::end_sign_ins_of(work.conn, person, None, EndedWhy::CredentialsChanged, work.now)?;
        if !store::is_enrolled(work.conn, person, work.now)? {
            let act = acts::record(work, None, &NewAct::now(ActKind::Enrolment, "Invitation taken up"))?;
            store::enrol(work.conn, &act, person)?;
        }
        Ok(Enrolled {
            email: email.to_owned(),
            totp_secret: factors::base32(&self.seed),
            otpauth: factors::otpauth(&self.seed, email),
            recovery_codes: self.codes.into_iter().map(|(code, _)| code).collect(),
        })
    }
}

/// Invites a person to open an account, or to choose new means for the one there is.
///
/// # Errors
/// `NotPermitted`, `NotFound`; `Invalid` for an address that is none.
pub fn invite(
    work: &mut Work<'_>,
    asker: &Asker,
    person: &PersonId,
    email: &str,
    hours: i64,
) -> Result<Invitation, AppError> {
    let email = judge_email(email)?;
    let permit = access::permit::<actions::Invite, Invitee>(work, asker, person)?;
    if store::account_by_email(work.conn, &email)?.is_some_and(|account| account.person_id != *person) {
        return Err(Fault::Conflict("An account with this address exists.").into());
    }
    let (token, digest) = tokens::opaque(work, INVITATION)?;
    let invitation = NewInvitation {
        id: InvitationId::new(work)?,
        email: &email,
        digest,
        made_us: work.now,
        expires_us: work.now.plus_seconds(hours.saturating_mul(3600)),
    };
    store::invite(work.conn, &permit, asker.person(), &invitation)?;
    work.log(Entry::new(Event::Invited).by(asker).concerning(person).on("invitation", &invitation.id));
    Ok(Invitation { token: token.to_string(), expires_at: invitation.expires_us })
}

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
    let own = store::sign_in(work.conn, id)?.is_some_and(|row| Some(&row.person_id) == asker.person());
    let why = if asker.sign_in() == Some(id) { EndedWhy::SignedOut } else { EndedWhy::EndedByPerson };
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
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    let count = store::end_sign_ins_of(work.conn, person, None, EndedWhy::EndedByPerson, work.now)?;
    work.log(Entry::new(Event::SignedOut).by(asker).count(count));
    Ok(())
}

/// Ends all log-ins of a person, by the Secretariat.
///
/// # Errors
/// `NotPermitted`, `NotFound`.
pub fn end_sign_ins(work: &mut Work<'_>, asker: &Asker, person: &PersonId) -> Result<(), AppError> {
    let permit = access::permit::<actions::EndSignIns, Invitee>(work, asker, person)?;
    let count = end_all(work, &permit.thing().id, EndedWhy::Suspended)?;
    work.log(Entry::new(Event::SignedOut).by(asker).concerning(person).count(count));
    Ok(())
}

fn end_all(work: &mut Work<'_>, person: &PersonId, why: EndedWhy) -> QueryResult<usize> {
    store::end_sign_ins_of(work.conn, person, None, why, work.now)
}

fn not_open() -> AppError {
    AppError::field("token", "no invitation that is open")
}

/// Binds a sealed seed to its account.
fn seed_place(person: &PersonId) -> String {
    format!("totp/{person}")
}

/// The form in which addresses are compared.
fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn judge_email(email: &str) -> Result<String, AppError> {
    let email = fold_email(&input::line("email", email, 254)?);
    let good = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains('@')
    });
    if good && !email.contains(char::is_whitespace) {
        Ok(email)
    } else {
        Err(AppError::field("email", "not an address"))
    }
}
