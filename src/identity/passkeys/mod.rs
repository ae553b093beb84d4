//! Passkeys: a second factor that cannot be given away to a false page (Web Authentication, Level 3). They
//! stand in for the authenticator's code after the password, which stays: the person's key is opened by it.
//!
//! What was asked of a browser rests in the database, so that any node can take the answer; never in the
//! browser's hands, who could then bring an old question with its old answer. It is sealed there: it says which keys
//! the answer is judged by.

pub(super) mod pages;
mod store;

use std::net::IpAddr;

use data_encoding::BASE64;
use webauthn_rs::prelude::{
    AuthenticationResult, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};
use zeroize::Zeroizing;

use self::store::{Ceremony, CeremonyKind, PasskeyRow};
use super::keys;
use super::model::Tokens;
use super::service::{self, Named, Opens, Second};
use super::{Identity, store as accounts, tokens};
use crate::access::{self, Asker, TheNetwork, actions};
use crate::audit::{Entry, Event};
use crate::context::Moment;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{CeremonyId, PasskeyId, PersonId};
use crate::input;
use crate::seal::secret::SecretKey;
use crate::seal::{Key, Wrapped};

/// Seconds in which a browser must answer.
const CEREMONY_SECONDS: i64 = 300;
/// Most passkeys of a person.
const MOST: usize = 10;
/// Longest name of a passkey, in characters.
const NAME_MAX: usize = 60;
/// Prefix of what a browser holds while it is asked.
const HOLD: &str = "ich_";

/// What asks browsers and judges their answers.
pub(super) struct Passkeys(Webauthn);

impl Passkeys {
    /// For the server at `origin`; none when its host is no name that a passkey could be bound to.
    pub(super) fn of(origin: &str) -> Option<Self> {
        let url = Url::parse(origin).ok()?;
        let host = url.domain()?.to_owned();
        WebauthnBuilder::new(&host, &url).and_then(|builder| builder.rp_name("In Camera").build()).ok().map(Self)
    }
}

/// What a browser is asked: the ceremony to name in the answer, and the options for the browser's function.
pub(super) struct Asked {
    pub(super) ceremony: CeremonyId,
    pub(super) options: String,
    /// For the answer of whoever logs in: opens the person's key, which the password opened.
    pub(super) hold: Zeroizing<String>,
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug)]
pub(super) struct MyPasskey {
    pub(super) id: PasskeyId,
    pub(super) name: String,
    pub(super) made_at: Moment,
    pub(super) used_at: Option<Moment>,
}

/// An answer that was found right, to be taken when the log-in opens.
pub(super) struct Answered {
    means_us: Moment,
    result: AuthenticationResult,
}

impl Answered {
    /// Takes the answer: `false` when the passkey was ended or the account's means were changed since the
    /// question.
    pub(super) fn take(&self, work: &mut Work<'_>, person: &PersonId) -> Result<bool, AppError> {
        let now = work.now;
        if accounts::account_of(work, person)?.is_none_or(|account| account.changed_us != self.means_us) {
            return Ok(false);
        }
        let rows = store::of(work, person)?;
        let Some(row) = rows.iter().find(|row| row.credential_id == self.result.cred_id().as_slice()) else {
            return Ok(false);
        };
        let mut passkey = read(&row.passkey)?;
        passkey.update_credential(&self.result);
        Ok(store::used(work.conn, &row.id, &write(&passkey)?, now)?)
    }
}

fn read(text: &str) -> Result<Passkey, AppError> {
    serde_json::from_str(text).map_err(AppError::internal)
}

fn write(value: &impl serde::Serialize) -> Result<String, AppError> {
    serde_json::to_string(value).map_err(AppError::internal)
}

/// A credential that a browser sent as text.
fn credential<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, AppError> {
    serde_json::from_str(text).map_err(|_not_one| not_answered())
}

fn too_many() -> AppError {
    Fault::Conflict("There are ten passkeys already; end one first.").into()
}

fn not_answered() -> AppError {
    AppError::field("credential", "not an answer to what was asked")
}

/// Ends every passkey of a person.
pub(super) fn end_all(work: &mut Work<'_>, person: &PersonId) -> Result<(), AppError> {
    Ok(store::end_all(work.conn, person, work.now)?)
}

/// One's own passkeys.
pub(super) fn mine(work: &mut Work<'_>, asker: &Asker) -> Result<Vec<MyPasskey>, AppError> {
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    Ok(store::of(work, person)?
        .into_iter()
        .map(|row| MyPasskey { id: row.id, name: row.name, made_at: row.made_us, used_at: row.used_us })
        .collect())
}

/// Ends one of one's own passkeys.
pub(super) fn end(work: &mut Work<'_>, asker: &Asker, id: &PasskeyId) -> Result<(), AppError> {
    access::permit::<actions::ChangeMeans, TheNetwork>(work, asker, &())?;
    let person = asker.person().ok_or(Fault::SignInNeeded)?;
    if !store::end(work.conn, person, id, work.now)? {
        return Err(Fault::NotFound.into());
    }
    work.log(Entry::new(Event::PasskeyEnded).by(asker).on("passkey", id));
    Ok(())
}

/// Who is about to add a passkey.
fn adding<'a>(work: &mut Work<'_>, asker: &'a Asker) -> Result<&'a PersonId, AppError> {
    access::permit::<actions::ChangeMeans, TheNetwork>(work, asker, &())?;
    Ok(asker.person().ok_or(Fault::SignInNeeded)?)
}

impl Identity {
    /// Whether this server's address is one that passkeys can be bound to.
    pub(super) const fn takes_passkeys(&self) -> bool {
        self.passkeys.is_some()
    }

    fn webauthn(&self) -> Result<&Webauthn, AppError> {
        self.passkeys.as_ref().map(|passkeys| &passkeys.0).ok_or_else(|| Fault::NotFound.into())
    }

    /// Asks a browser to sign with one of the passkeys of whoever names an account and the right password.
    ///
    /// # Errors
    /// `SignInNeeded` when any of it is wrong or there is no passkey; `TooMany`, `Busy`.
    pub(super) async fn ask_passkey(
        &self,
        db: &Db,
        peer: Option<IpAddr>,
        email: &str,
        password: &str,
    ) -> Result<Asked, AppError> {
        let webauthn = self.webauthn()?.clone();
        let (Named { account, opens }, source) = self.password_of(db, peer, email, password).await?;
        let key = self.factor_key.clone();
        let asked = db
            .write(move |work| {
                let rows = match &account {
                    Some(account) if opens.is_some() => store::of(work, &account.person_id)?,
                    _ => Vec::new(),
                };
                let (Some(account), Some(Opens::Password(kek)), false) = (&account, opens, rows.is_empty()) else {
                    service::log_failure(work, account.as_ref(), &source)?;
                    return Ok(None);
                };
                let passkeys = rows.iter().map(|row| read(&row.passkey)).collect::<Result<Vec<_>, _>>()?;
                let (options, state) = webauthn.start_passkey_authentication(&passkeys).map_err(AppError::internal)?;
                // That the password is right is told, and so it is logged.
                work.log(Entry::new(Event::PasskeyAsked).concerning(&account.person_id).source(&source));
                let (own, made) = keys::open_or_make(work, &account.person_id, &kek)?;
                if made {
                    work.log(Entry::new(Event::KeyMade).by_person(&account.person_id));
                }
                begin(work, &key, &account.person_id, CeremonyKind::LogIn, (&options, &state), own.as_ref()).map(Some)
            })
            .await?;
        asked.ok_or_else(|| Fault::SignInNeeded.into())
    }

    /// Logs in with what the browser answered.
    ///
    /// # Errors
    /// `SignInNeeded`, whatever is wrong.
    pub(super) async fn answer_passkey(
        &self,
        db: &Db,
        peer: Option<IpAddr>,
        ceremony: &CeremonyId,
        answer: &str,
        hold: &str,
    ) -> Result<Tokens, AppError> {
        let refused = || AppError::from(Fault::SignInNeeded);
        let (webauthn, id) = (self.webauthn()?, ceremony.clone());
        let source = super::throttle::prefix(peer);
        // It is taken before it is judged: a question has one answer, right or wrong.
        let found = db
            .write(move |work| {
                let Some(asked) = store::ceremony(work.conn, &id, CeremonyKind::LogIn, work.now)? else {
                    return Ok(None);
                };
                if !store::take(work.conn, &asked.id)? {
                    return Ok(None);
                }
                Ok(accounts::account_of(work, &asked.person_id)?.map(|account| (asked, account)))
            })
            .await?;
        let (asked, account) = found.ok_or_else(refused)?;
        let Some(state) = opened::<PasskeyAuthentication>(&self.factor_key, &asked) else { return Err(refused()) };
        let answer: Result<PublicKeyCredential, _> = credential(answer);
        let result = answer.ok().and_then(|answer| webauthn.finish_passkey_authentication(&answer, &state).ok());
        let (named, second) = match result {
            Some(result) => {
                let answered = Answered { means_us: asked.means_us, result };
                let opens = Some(Opens::Held(held(&asked, hold)));
                (Named { account: Some(account), opens }, Second::Passkey(answered))
            }
            None => (Named { account: Some(account), opens: None }, Second::None),
        };
        self.enter(db, named, source, second).await
    }

    /// Asks a browser to make a passkey for whoever is logged in with a second factor.
    pub(super) fn ask_new_passkey(&self, work: &mut Work<'_>, asker: &Asker) -> Result<Asked, AppError> {
        let webauthn = self.webauthn()?;
        let person = adding(work, asker)?;
        let account = accounts::account_of(work, person)?.ok_or(Fault::SignInNeeded)?;
        let name = accounts::person_name(work.conn, person)?;
        let there = store::of(work, person)?;
        if there.len() >= MOST {
            return Err(too_many());
        }
        let exclude = there.iter().map(|row| row.credential_id.clone()).collect();
        let user = Uuid::try_parse(person.as_str()).map_err(AppError::internal)?;
        let (options, state) = webauthn
            .start_passkey_registration(user, &account.email, &name, Some(exclude))
            .map_err(AppError::internal)?;
        begin(work, &self.factor_key, person, CeremonyKind::Registration, (&options, &state), None)
    }

    /// Keeps the passkey that a browser made.
    pub(super) fn add_passkey(
        &self,
        work: &mut Work<'_>,
        asker: &Asker,
        ceremony: &CeremonyId,
        answer: &str,
        name: &str,
    ) -> Result<(), AppError> {
        let webauthn = self.webauthn()?;
        let person = adding(work, asker)?;
        let name = input::line("name", name, NAME_MAX)?;
        let question = store::ceremony(work.conn, ceremony, CeremonyKind::Registration, work.now)?
            .filter(|asked| asked.person_id == *person)
            .ok_or_else(not_answered)?;
        let state: PasskeyRegistration = opened(&self.factor_key, &question).ok_or_else(not_answered)?;
        let answer: RegisterPublicKeyCredential = credential(answer)?;
        if store::of(work, person)?.len() >= MOST {
            return Err(too_many());
        }
        let passkey = webauthn.finish_passkey_registration(&answer, &state).map_err(|_refused| not_answered())?;
        if !store::take(work.conn, &question.id)? {
            return Err(not_answered());
        }
        let row = PasskeyRow {
            id: PasskeyId::new(work)?,
            person_id: person.clone(),
            credential_id: passkey.cred_id().clone(),
            passkey: write(&passkey)?,
            name,
            made_us: work.now,
            used_us: None,
            ended_us: None,
        };
        // A key that another account has is none that was asked for.
        store::insert(work.conn, &row).or_conflict(not_answered().fault)?;
        work.log(Entry::new(Event::PasskeyAdded).by(asker).on("passkey", &row.id));
        Ok(())
    }
}

/// The seed of whoever was asked, if what the browser held opens it: else the log-in reaches no room.
fn held(asked: &Ceremony, hold: &str) -> Option<Key> {
    let (pair, blob) = (asked.pair?, asked.seed.as_ref()?);
    let place = Wrapped::ByCeremony { person: &asked.person_id, pair, ceremony: &asked.id };
    Some(Key::new(asked.person_id.clone(), pair, place.open(hold.as_bytes(), blob).ok()?))
}

/// Where what was asked is sealed: nowhere else, for nobody else and no longer it is an answer's judge.
fn place(asked: &Ceremony) -> String {
    format!("ceremony/{}/{}/{}/{}/{}", asked.id, asked.person_id, asked.kind, asked.means_us.0, asked.expires_us.0)
}

/// What was asked of a browser, if this server did.
fn opened<T: serde::de::DeserializeOwned>(key: &SecretKey, asked: &Ceremony) -> Option<T> {
    let sealed = BASE64.decode(asked.state.as_bytes()).ok()?;
    let state = key.open(&place(asked), &sealed).ok();
    if state.is_none() {
        tracing::error!(ceremony = %asked.id, "a question to a passkey was refused: it was changed past the server");
    }
    serde_json::from_slice(&state?).ok()
}

/// Keeps what is asked of a browser.
fn begin(
    work: &mut Work<'_>,
    key: &SecretKey,
    person: &PersonId,
    kind: CeremonyKind,
    (options, state): (&impl serde::Serialize, &impl serde::Serialize),
    own: Option<&Key>,
) -> Result<Asked, AppError> {
    let means_us = accounts::account_of(work, person)?.ok_or(Fault::SignInNeeded)?.changed_us;
    let mut ceremony = Ceremony {
        id: CeremonyId::new(work)?,
        person_id: person.clone(),
        kind,
        state: String::new(),
        means_us,
        expires_us: work.now.plus_seconds(CEREMONY_SECONDS),
        seed: None,
        pair: own.map(Key::pair),
    };
    let (hold, _) = tokens::opaque(work, HOLD)?;
    if let Some(own) = own {
        let place = Wrapped::ByCeremony { person, pair: own.pair(), ceremony: &ceremony.id };
        ceremony.seed = Some(place.under(work, hold.as_bytes(), own.seed())?);
    }
    let sealed = key.seal(work, &place(&ceremony), write(state)?.as_bytes())?;
    ceremony.state = BASE64.encode(&sealed);
    store::begin(work.conn, &ceremony, work.now)?;
    Ok(Asked { ceremony: ceremony.id, options: write(options)?, hold })
}
