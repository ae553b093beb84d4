//! Giving somebody the means to log in.

use zeroize::Zeroizing;

use super::seed_place;
use crate::access::acts::{self, ActKind, NewAct};
use crate::context::Ctx;
use crate::db::Work;
use crate::error::{AppError, Fault, OrConflict};
use crate::identity::hashing::Hashed;
use crate::identity::model::Enrolled;
use crate::identity::store::{self, AccountRow, EndedWhy};
use crate::identity::{Identity, factors, keys, passkeys};
use crate::ids::{PersonId, RecoveryCodeId};
use crate::rooms::opening;
use crate::seal::Key;
use crate::seal::secret::SecretKey;

/// Why a person is in no room any more who was given new means to log in.
const MEANS_REPLACED: &str = "New means to log in were taken up; to be admitted anew from inside";

/// The means to log in that a person is given at once: password, second factor, recovery codes.
pub(in crate::identity) struct Means {
    hashed: Hashed,
    room_code: Zeroizing<String>,
    seed: Zeroizing<Vec<u8>>,
    codes: Vec<(String, Vec<u8>)>,
    key: SecretKey,
}

impl Means {
    pub(in crate::identity) fn new(identity: &Identity, ctx: &Ctx, hashed: Hashed) -> Result<Self, AppError> {
        let (seed, codes) = (factors::new_seed(ctx)?, factors::recovery_codes(ctx)?);
        Ok(Self { hashed, room_code: keys::new_code(ctx)?, seed, codes, key: identity.factor_key.clone() })
    }

    /// Gives them to `person`, and the right to log in if the person has it not: by an act of `by` (`None`:
    /// the operator), which rests on `source`. Who does not bring his `own` key along, by the code on paper, begins with
    /// another, and is in no room that he was let into before.
    pub(in crate::identity) fn give(
        self,
        work: &mut Work<'_>,
        by: Option<&PersonId>,
        person: &PersonId,
        email: &str,
        source: &str,
        own: Option<Key>,
    ) -> Result<Enrolled, AppError> {
        if let Some(own) = own {
            keys::rewrap(work, person, &own, &self.hashed.kek, Some(&self.room_code))?;
        } else {
            // Whoever asked for the invitation may have taken it up. The people inside know the person, and admit
            // anew (decision 10).
            if store::has_account(work.conn, person)? {
                opening::end_admissions(work, by, person, MEANS_REPLACED)?;
            }
            keys::make(work, person, &self.hashed.kek, Some(&self.room_code))?;
        }
        let sealed = self.key.seal(work, &seed_place(person), &self.seed)?;
        let now = work.now;
        store::save_account(
            work,
            &AccountRow {
                person_id: person,
                email,
                hashing: &self.hashed.verifier.hashing,
                salt: &self.hashed.verifier.salt,
                verifier: &self.hashed.verifier.digest,
                totp_seed: Some(&sealed),
                totp_confirmed: false,
                totp_last_step: 0,
                changed_us: now,
            },
        )
        .or_conflict(Fault::Conflict("An account with this address exists."))?;
        let mut codes = Vec::with_capacity(self.codes.len());
        for (_, digest) in &self.codes {
            codes.push((RecoveryCodeId::new(work)?, digest.clone()));
        }
        store::replace_recovery_codes(work.conn, person, &codes)?;
        passkeys::end_all(work, person)?;
        store::end_sign_ins_of(work.conn, person, None, EndedWhy::CredentialsChanged, work.now)?;
        if !store::is_enrolled(work.conn, person, work.now)? {
            let act = acts::record(work, by, &NewAct::now(ActKind::Enrolment, source))?;
            store::enrol(work.conn, &act, person)?;
        }
        Ok(Enrolled {
            email: email.to_owned(),
            totp_secret: factors::base32(&self.seed),
            otpauth: factors::otpauth(&self.seed, email),
            recovery_codes: self.codes.into_iter().map(|(code, _)| code).collect(),
            room_code: self.room_code.to_string(),
        })
    }
}
