//! Staying logged in: refresh tokens, each good once.

use zeroize::Zeroizing;

use super::Secrets;
use crate::access::{Asker, Credentials};
use crate::audit::{Entry, Event};
use crate::context::Moment;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault};
use crate::identity::model::Tokens;
use crate::identity::store::{self, EndedWhy, Rotated, SignIn};
use crate::identity::{Identity, tokens};
use crate::ids::{PersonId, SignInId};
use crate::seal::Wrapped;
use crate::server::Bearer;
use crate::server::page::cookies::SignedIn;

/// Seconds for which a browser's tabs may still come with the token that one of them has spent.
const TABS_SECONDS: i64 = 30;

impl Identity {
    /// Renews a log-in. A refresh token can be used once; a second use means that two hold it, so the
    /// log-in ends.
    ///
    /// # Errors
    /// `SignInNeeded`, whatever is wrong.
    pub async fn refresh(&self, db: &Db, refresh_token: String) -> Result<Tokens, AppError> {
        let secrets = Secrets::new(&db.ctx())?;
        let renewed = self.rotate(db, &refresh_token, &secrets, true, 0).await?;
        let Some(Renewed { person, sign_in, anew: true, .. }) = renewed else {
            return Err(Fault::SignInNeeded.into());
        };
        self.tokens_for(&db.ctx(), &person, &sign_in, &secrets)
    }

    /// Renews the log-in of a browser, whose unlock secret stays: other requests may be under way with it.
    /// For the same reason a token that was spent a moment ago is not taken for theft: it is good for this
    /// one request, and another's answer brings the new one.
    pub(in crate::identity) async fn renew_browser(
        &self,
        db: &Db,
        refresh_token: &str,
    ) -> Result<Option<(Bearer, Option<SignedIn>)>, AppError> {
        let secrets = Secrets::new(&db.ctx())?;
        let Some(renewed) = self.rotate(db, refresh_token, &secrets, false, TABS_SECONDS).await? else {
            return Ok(None);
        };
        let signed_in = renewed.anew.then(|| -> Result<SignedIn, AppError> {
            Ok(SignedIn {
                access: self.tokens.issue(&db.ctx(), &renewed.person, &renewed.sign_in)?.into(),
                refresh: secrets.refresh.0.clone(),
                unlock: None,
                seconds: renewed.expires.seconds().saturating_sub(db.ctx().now.seconds()),
            })
        });
        Ok(Some((Bearer { person: renewed.person, sign_in: renewed.sign_in }, signed_in.transpose()?)))
    }

    /// Spends a refresh token. One spent before, no longer than `leeway` seconds ago, is let pass without
    /// new secrets; `unlock` says whether there is to be another unlock secret, too.
    async fn rotate(
        &self,
        db: &Db,
        refresh_token: &str,
        secrets: &Secrets,
        unlock: bool,
        leeway: i64,
    ) -> Result<Option<Renewed>, AppError> {
        let (digest, spent_token) = (tokens::digest(refresh_token), Zeroizing::new(refresh_token.to_owned()));
        let secrets = secrets.clone();
        let idle = self.settings.idle_seconds;
        db.write(move |work| {
            let (row, anew) = match store::sign_in_by_refresh(work, &digest)? {
                Some(row) => (row, true),
                None => match spent(work, &digest, leeway)? {
                    Some(row) => (row, false),
                    None => return Ok(None),
                },
            };
            let credentials = Credentials { sign_in: Some(row.id.clone()), ..Credentials::default() };
            let asker = Asker::load(work, &row.person_id, credentials, work.now)?;
            if !row.lives(work.now, idle) || !asker.is_somebody() {
                return Ok(None);
            }
            if anew {
                let new = rotated(work, &row, &spent_token, &secrets, unlock)?;
                store::rotate(work.conn, &row, &new, work.now)?;
                work.log(Entry::new(Event::SignInRefreshed).by(&asker).on("sign_in", &row.id));
            }
            Ok(Some(Renewed { person: row.person_id, sign_in: row.id, expires: row.expires_us, anew }))
        })
        .await
    }
}

/// The new secrets of a log-in, with the person's seed under them: what the spent token opened.
fn rotated(work: &Work<'_>, row: &SignIn, spent: &str, secrets: &Secrets, unlock: bool) -> Result<Rotated, AppError> {
    let opened = match (row.pair, &row.seed_by_refresh) {
        (Some(pair), Some(blob)) => Some((pair, row.by_refresh(pair).open(spent.as_bytes(), blob)?)),
        _ => None,
    };
    let under = |secret: &str, place: fn(&SignIn, i64) -> Wrapped<'_>| {
        let seed = opened.as_ref();
        seed.map(|(pair, seed)| place(row, *pair).under(work, secret.as_bytes(), seed)).transpose()
    };
    Ok(Rotated {
        refresh_digest: secrets.refresh.1.clone(),
        seed_by_refresh: under(&secrets.refresh.0, SignIn::by_refresh)?,
        unlock_digest: if unlock { secrets.unlock.1.clone() } else { row.unlock_digest.clone() },
        seed_by_unlock: if unlock { under(&secrets.unlock.0, SignIn::by_unlock)? } else { row.seed_by_unlock.clone() },
    })
}

/// What became of a refresh token.
struct Renewed {
    person: PersonId,
    sign_in: SignInId,
    /// When the log-in ends at the latest.
    expires: Moment,
    /// Whether it was spent now, and has a successor.
    anew: bool,
}

/// The log-in of a token that was spent before: if that was just now, it lives on, else it ends.
fn spent(work: &mut Work<'_>, digest: &[u8], leeway: i64) -> Result<Option<SignIn>, AppError> {
    let Some((id, when)) = store::sign_in_of_spent(work, digest)? else { return Ok(None) };
    let Some(row) = store::sign_in(work, &id)? else { return Ok(None) };
    if work.now < when.plus_seconds(leeway) {
        return Ok(Some(row));
    }
    if store::end_sign_in(work.conn, &id, EndedWhy::RefreshReused, work.now)? {
        work.log(Entry::new(Event::RefreshReused).concerning(&row.person_id).on("sign_in", &id));
    }
    Ok(None)
}
