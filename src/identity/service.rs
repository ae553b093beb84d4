//! Logging in, staying logged in, and ending it; opening accounts.

mod means;
mod own;
mod renewal;

pub(super) use means::Means;
pub(super) use own::{OwnAccount, change_password, own_account, who};
pub use own::{end_my_sign_in, end_my_sign_ins, me, my_sign_ins};

use std::net::IpAddr;
use std::sync::Arc;

use diesel::QueryResult;
use zeroize::Zeroizing;

use super::hashing::{Hashed, Kek};
use super::keys;
use super::model::{AcceptBody, Enrolled, Invitation, PasswordBody, SignInBody, Tokens};
use super::store::{self, Account, EndedWhy, Invitee, NewInvitation, SignIn};
use super::throttle::{self, WrongCodes};
use super::{Identity, Verifier, factors, passkeys, password, tokens};
use crate::access::{self, Asker, Credentials, actions};
use crate::audit::{Entry, Event};
use crate::context::Ctx;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault};
use crate::ids::{InvitationId, PersonId, SignInId};
use crate::input;
use crate::rooms::keys as room_keys;
use crate::seal::Key;

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
        let (account, source) = self.password_of(db, peer, &body.email, &body.password).await?;
        let second = body.code.map_or(Second::None, |code| Second::Code(Zeroizing::new(code)));
        self.enter(db, account, source, second).await
    }

    /// The account that an address and a password name, and whether the password is right: in both cases the
    /// same work is done. With it the source, for the log.
    ///
    /// # Errors
    /// `TooMany` or `Busy` before anything was looked at.
    pub(super) async fn password_of(
        &self,
        db: &Db,
        peer: Option<IpAddr>,
        email: &str,
        password: &str,
    ) -> Result<(Named, String), AppError> {
        let email = fold_email(email);
        let source = throttle::prefix(peer);
        self.throttle.count(
            &throttle::source(peer),
            &data_encoding::HEXLOWER.encode(&tokens::digest(&email)),
            self.clock.now(),
        )?;
        // What cannot be an address is looked for all the same, as one that nobody has.
        let sought = if judge_email(&email).is_ok() { email } else { String::new() };
        let account = db.read(move |work| Ok(store::account_by_email(work, &sought)?)).await?;
        let kek = self.hasher.matches(password::normalize(password), account.as_ref().map(Account::verifier)).await?;
        Ok((Named { account, opens: kek.map(Opens::Password) }, source))
    }

    /// Opens the log-in of whoever named an account and the right password, if the second factor that came
    /// along is right too.
    ///
    /// # Errors
    /// `SignInNeeded`.
    pub(super) async fn enter(
        &self,
        db: &Db,
        named: Named,
        source: String,
        second: Second,
    ) -> Result<Tokens, AppError> {
        let Named { account, opens } = named;
        let secrets = Secrets::new(&db.ctx())?;
        let attempt = Attempt {
            second,
            seed: account.as_ref().and_then(|account| self.seed_of(account)),
            wrong_codes: Arc::clone(&self.codes),
            secrets: secrets.clone(),
            absolute: self.settings.absolute_seconds,
            idle: self.settings.idle_seconds,
            most: self.settings.sign_ins_per_person,
        };
        let opened = db
            .write(move |work| {
                let outcome = match (&account, opens) {
                    (Some(account), Some(opens)) => attempt.open(work, account, opens)?,
                    _ => None,
                };
                if outcome.is_none() {
                    log_failure(work, account.as_ref(), &source)?;
                }
                Ok(outcome)
            })
            .await?;
        let (person, sign_in) = opened.ok_or(Fault::SignInNeeded)?;
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

    /// The seed of the second factor. One that cannot be opened is told to the operator, not to whoever
    /// asks: it would show that there is such an account.
    fn seed_of(&self, account: &Account) -> Option<Zeroizing<Vec<u8>>> {
        let opened = self.factor_key.open(&seed_place(&account.person_id), account.totp_seed.as_ref()?);
        opened
            .inspect_err(|error| {
                tracing::error!(cause = ?error.cause().map(ToString::to_string), "the seed of a second factor cannot be opened");
            })
            .ok()
    }

    /// Takes up an invitation: opens the account, or gives the one there is new means.
    ///
    /// # Errors
    /// `Invalid` naming `token` for any invitation that is not open, `password` for one that is too weak, or
    /// `room_code` for one that is not the person's; `Busy` when too many hash.
    pub async fn accept(&self, db: &Db, body: AcceptBody) -> Result<Enrolled, AppError> {
        let AcceptBody { token, password: chosen, room_code } = body;
        let room_code = room_code.as_deref().map(keys::judge_code).transpose()?;
        let digest = tokens::digest(&token);
        let found = {
            let digest = digest.clone();
            db.read(move |work| {
                let found = store::open_invitation(work, &digest, work.now)?;
                found.map(|one| Ok((store::person_name(work.conn, &one.person_id)?, one.email))).transpose()
            })
            .await?
        };
        let (name, email) = found.ok_or_else(not_open)?;
        let chosen = password::judge("password", &chosen, &[&name, &email])?;
        let ctx = db.ctx();
        let hashed = self.hasher.create(&ctx, chosen).await?;
        let means = Means::new(self, &ctx, hashed)?;
        db.write(move |work| {
            let invitation = store::open_invitation(work, &digest, work.now)?.ok_or_else(not_open)?;
            store::close_invitation(work.conn, &invitation.id, work.now)?;
            let person = &invitation.person_id;
            let replaced = store::has_account(work.conn, person)?;
            let code = room_code.as_ref().filter(|_| replaced);
            let own = match code {
                Some(code) => Some(keys::open_by_code(work, person, code)?.ok_or_else(keys::not_the_code)?),
                None => None,
            };
            let by = invitation.made_by.as_ref();
            let enrolled = means.give(work, by, person, &invitation.email, "Invitation taken up", own)?;
            let event = if replaced { Event::MeansReplaced } else { Event::AccountOpened };
            let party = store::party_of(work.conn, person)?;
            work.log(Entry::new(event).concerning(person).owned_by(Some(&party)).on("invitation", &invitation.id));
            Ok(enrolled)
        })
        .await
    }

    /// Hashes the password that someone wants instead of the present one; see
    /// [`change_password`].
    ///
    /// # Errors
    /// `Invalid` naming the field: the present password is wrong, or the new one too weak. `TooMany`, `Busy`.
    pub(super) async fn replace_password(
        &self,
        ctx: &Ctx,
        peer: Option<IpAddr>,
        own: &OwnAccount,
        body: &PasswordBody,
    ) -> Result<NewPassword, AppError> {
        self.throttle.count(&throttle::source(peer), own.account.person_id.as_str(), ctx.now)?;
        let before = self.hasher.matches(password::normalize(&body.password), Some(own.account.verifier())).await?;
        let before = before.ok_or_else(own::not_present)?;
        let new = password::judge("new_password", &body.new_password, &[&own.name, &own.account.email])?;
        let Hashed { verifier, kek: after } = self.hasher.create(ctx, new).await?;
        Ok(NewPassword { verifier, before, after })
    }
}

/// Turns the past minutes' counts of strangers into entries.
///
/// # Errors
/// The database's.
pub fn log_strangers(work: &mut Work<'_>) -> Result<(), AppError> {
    let mut counts = store::take_noise(work.conn, work.now)?;
    counts.sort_by_key(|(minute, _, failures)| (std::cmp::Reverse(*failures), *minute));
    let rest: i64 = counts.iter().skip(SOURCES_NAMED).map(|(.., failures)| *failures).sum();
    counts.truncate(SOURCES_NAMED);
    let entry = |source: &str, failures: i64| {
        Entry::new(Event::StrangersRefused).source(source).count(usize::try_from(failures).unwrap_or(usize::MAX))
    };
    for (minute, source, failures) in counts {
        work.log(entry(&source, failures).in_minute(minute));
    }
    if rest > 0 {
        work.log(entry("others", rest));
    }
    Ok(())
}

/// The password that someone wants instead of the present one, and the keys that both give.
pub(in crate::identity) struct NewPassword {
    verifier: Verifier,
    before: Kek,
    after: Kek,
}

/// The secrets of a sign-in, before anyone has them: the texts and the digests that are kept.
#[derive(Clone)]
struct Secrets {
    refresh: (Zeroizing<String>, Vec<u8>),
    unlock: (Zeroizing<String>, Vec<u8>),
}

impl Secrets {
    fn new(ctx: &Ctx) -> Result<Self, AppError> {
        Ok(Self { refresh: tokens::opaque(ctx, REFRESH)?, unlock: tokens::opaque(ctx, UNLOCK)? })
    }
}

/// An account that was named and, if the password with it was right, what opens the person's key.
pub(super) struct Named {
    pub(super) account: Option<Account>,
    pub(super) opens: Option<Opens>,
}

/// What whoever logs in brings for the person's key.
pub(super) enum Opens {
    /// The password's half for that.
    Password(Kek),
    /// The seed, which the password opened when the passkey was asked for; nothing if it could not.
    Held(Option<Key>),
}

/// Records a failed log-in, which so costs the one commit that a success costs.
pub(super) fn log_failure(work: &mut Work<'_>, account: Option<&Account>, source: &str) -> Result<(), AppError> {
    match account {
        Some(account) => {
            work.log(Entry::new(Event::SignInFailed).concerning(&account.person_id).source(source));
        }
        None => store::count_stranger(work.conn, source, work.now)?,
    }
    Ok(())
}

/// The second factor that a log-in brings.
pub(super) enum Second {
    /// None: it reaches nothing that is closed.
    None,
    /// An authenticator's code, or a recovery code.
    Code(Zeroizing<String>),
    /// What a passkey signed, found right; it is recorded when the log-in opens.
    Passkey(passkeys::Answered),
}

/// A log-in whose password was found right, and what it needs beside.
struct Attempt {
    second: Second,
    seed: Option<Zeroizing<Vec<u8>>>,
    wrong_codes: Arc<WrongCodes>,
    secrets: Secrets,
    absolute: i64,
    idle: i64,
    most: usize,
}

impl Attempt {
    /// Opens the sign-in; `None` when the code is wrong or used, when the person is nobody here any more, or
    /// when the means were changed while the password was being hashed.
    fn open(
        self,
        work: &mut Work<'_>,
        account: &Account,
        opens: Opens,
    ) -> Result<Option<(PersonId, SignInId)>, AppError> {
        let person = &account.person_id;
        if !store::account_of(work, person)?.is_some_and(|now| account.same_means(&now)) {
            return Ok(None);
        }
        let second_factor = match &self.second {
            Second::None => false,
            Second::Code(code) if self.take_code(work, account, code.trim())? => true,
            Second::Passkey(answered) if answered.take(work, person)? => true,
            Second::Code(_) | Second::Passkey(_) => return Ok(None),
        };
        let id = SignInId::new(work)?;
        let credentials = Credentials { sign_in: Some(id.clone()), second_factor, ..Credentials::default() };
        let asker = Asker::load(work, person, credentials, work.now)?;
        if !asker.is_somebody() {
            return Ok(None);
        }
        // A log-in with the password alone takes the place of none that showed more.
        let living: Vec<_> = store::sign_ins_of(work.conn, person)?
            .into_iter()
            .filter(|one| one.lives(work.now, self.idle) && (second_factor || !one.second_factor))
            .collect();
        let surplus = (living.len() + 1).saturating_sub(self.most);
        for oldest in living.iter().take(surplus) {
            store::end_sign_in(work.conn, &oldest.id, EndedWhy::Superseded, work.now)?;
        }
        let own = match opens {
            Opens::Held(own) => own,
            Opens::Password(kek) => {
                let (own, made) = keys::open_or_make(work, person, &kek)?;
                if made {
                    work.log(Entry::new(Event::KeyMade).by(&asker));
                }
                own
            }
        };
        let mut sign_in = SignIn {
            id: id.clone(),
            person_id: person.clone(),
            opened_us: work.now,
            refreshed_us: work.now,
            expires_us: work.now.plus_seconds(self.absolute),
            second_factor,
            refresh_digest: self.secrets.refresh.1.clone(),
            unlock_digest: self.secrets.unlock.1.clone(),
            ended_us: None,
            pair: own.as_ref().map(Key::pair),
            seed_by_unlock: None,
            seed_by_refresh: None,
        };
        if let Some(own) = &own {
            let (unlock, refresh) = (&self.secrets.unlock.0, &self.secrets.refresh.0);
            sign_in.seed_by_unlock = Some(sign_in.by_unlock(own.pair()).under(work, unlock.as_bytes(), own.seed())?);
            sign_in.seed_by_refresh =
                Some(sign_in.by_refresh(own.pair()).under(work, refresh.as_bytes(), own.seed())?);
            room_keys::settle_all(work, own)?;
        }
        store::forget_seeds(work.conn, person, work.now)?;
        store::insert_sign_in(work.conn, &sign_in)?;
        work.log(Entry::new(Event::SignedIn).by(&asker).on("sign_in", &id));
        Ok(Some((person.clone(), id)))
    }

    /// Whether `code` is right and unused; it is used up then.
    fn take_code(&self, work: &mut Work<'_>, account: &Account, code: &str) -> Result<bool, AppError> {
        let person = &account.person_id;
        if let Some(seed) = &self.seed
            && code.len() == 6
        {
            if !self.wrong_codes.may_try(person, work.now) {
                return Ok(false);
            }
            let taken = match factors::step_of(seed, code, work.now)? {
                Some(step) => store::take_step(work.conn, person, step)?,
                None => false,
            };
            if !taken {
                self.wrong_codes.count(person, work.now);
            } else if !account.totp_confirmed {
                work.log(Entry::new(Event::SecondFactorConfirmed).by_person(person));
            }
            return Ok(taken);
        }
        let used = store::use_recovery_code(work, person, &tokens::digest(code), work.now)?;
        if used {
            work.log(Entry::new(Event::RecoveryCodeUsed).by_person(person));
        }
        Ok(used)
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
    if store::account_by_email(work, &email)?.is_some_and(|account| account.person_id != *person) {
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
    let party = store::party_of(work.conn, person)?;
    work.log(
        Entry::new(Event::Invited).by(asker).concerning(person).owned_by(Some(&party)).on("invitation", &invitation.id),
    );
    Ok(Invitation { token: token.to_string(), expires_at: invitation.expires_us })
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

pub(super) fn judge_email(email: &str) -> Result<String, AppError> {
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
