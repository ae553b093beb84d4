//! The tables of identity.

use diesel::prelude::*;

use super::Verifier;
use crate::access::acts::in_force_at;
use crate::access::{Facts, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::schema::{
    accounts, acts, designations, enrolments, invitations, parties, party_names, people, recovery_codes, sign_ins,
    spent_refreshes, stranger_noise,
};
use crate::db::{Conn, Work, codes};
use crate::ids::{ActId, InvitationId, PartyId, PersonId, RecoveryCodeId, SignInId};
use crate::network::model::Role;
use crate::seal::Wrapped;
use crate::text_enum;

text_enum! {
    /// Why a sign-in ended before its time.
    EndedWhy {
        /// By its own client.
        SignedOut = "signed_out",
        /// By the person, from another.
        EndedByPerson = "ended_by_person",
        /// A refresh token was used twice.
        RefreshReused = "refresh_reused",
        /// All rights of the person were ended.
        OffBoarded = "off_boarded",
        /// The account was suspended, or its sign-ins ended by the Secretariat.
        Suspended = "suspended",
        /// A newer one took its place.
        Superseded = "superseded",
        /// The password was changed.
        CredentialsChanged = "credentials_changed",
    }
}

/// What an account is compared with.
#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = accounts)]
pub(super) struct Account {
    pub(super) person_id: PersonId,
    pub(super) email: String,
    hashing: String,
    salt: Vec<u8>,
    verifier: Vec<u8>,
    pub(super) totp_seed: Option<Vec<u8>>,
    pub(super) totp_confirmed: bool,
    /// When the means were last changed.
    pub(super) changed_us: Moment,
}

impl Account {
    /// Whether `other`, read later, is still compared with the same: a change in between ends whatever was
    /// begun on the strength of these.
    pub(super) fn same_means(&self, other: &Self) -> bool {
        let means = |one: &Self| (one.hashing.clone(), one.salt.clone(), one.verifier.clone(), one.totp_seed.clone());
        self.email == other.email && means(self) == means(other)
    }

    pub(super) fn verifier(&self) -> Verifier {
        Verifier { hashing: self.hashing.clone(), salt: self.salt.clone(), digest: self.verifier.clone() }
    }
}

/// A row of `table`, if it has its code: see [`codes::row`]. One that has not is as if it were not there.
pub(super) fn known<T>(work: &Work<'_>, table: &'static str, row: Option<(T, String)>) -> Option<T> {
    row.filter(|(_, text)| work.codes().accept(codes::read(table, text).coded())).map(|(row, _)| row)
}

pub(super) fn account_by_email(work: &mut Work<'_>, email: &str) -> QueryResult<Option<Account>> {
    // PostgreSQL takes no text with this character, and no address has it.
    if email.contains('\0') {
        return Ok(None);
    }
    let columns = (Account::as_select(), codes::row(work.conn, "accounts"));
    let row = accounts::table.filter(accounts::email.eq(email)).select(columns).first(work.conn).optional()?;
    Ok(known(work, "accounts", row))
}

pub(super) fn account_of(work: &mut Work<'_>, person: &PersonId) -> QueryResult<Option<Account>> {
    let columns = (Account::as_select(), codes::row(work.conn, "accounts"));
    let row = accounts::table.find(person).select(columns).first(work.conn).optional()?;
    Ok(known(work, "accounts", row))
}

/// Whether there is an account, even one that somebody changed past the server.
pub(super) fn has_account(conn: &mut Conn, person: &PersonId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(accounts::table.find(person))).get_result(conn)
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = accounts)]
pub(super) struct AccountRow<'a> {
    pub(super) person_id: &'a PersonId,
    pub(super) email: &'a str,
    pub(super) hashing: &'a str,
    pub(super) salt: &'a [u8],
    pub(super) verifier: &'a [u8],
    pub(super) totp_seed: Option<&'a [u8]>,
    pub(super) totp_confirmed: bool,
    pub(super) totp_last_step: i64,
    pub(super) changed_us: Moment,
}

/// Opens the account, or gives the one there is new means.
pub(super) fn save_account(work: &mut Work<'_>, row: &AccountRow<'_>) -> QueryResult<()> {
    let changed = diesel::update(accounts::table.find(row.person_id)).set(row).execute(work.conn)?;
    if changed == 0 {
        diesel::insert_into(accounts::table).values(row).execute(work.conn)?;
    }
    work.wrote_whole("accounts", row.person_id);
    Ok(())
}

pub(super) fn set_password(conn: &mut Conn, person: &PersonId, verifier: &Verifier, now: Moment) -> QueryResult<()> {
    diesel::update(accounts::table.find(person))
        .set((
            accounts::hashing.eq(&verifier.hashing),
            accounts::salt.eq(&verifier.salt),
            accounts::verifier.eq(&verifier.digest),
            accounts::changed_us.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// Takes the step of a code, unless it or a later one was taken before: `false` then.
pub(super) fn take_step(conn: &mut Conn, person: &PersonId, step: i64) -> QueryResult<bool> {
    diesel::update(accounts::table.find(person).filter(accounts::totp_last_step.lt(step)))
        .set((accounts::totp_last_step.eq(step), accounts::totp_confirmed.eq(true)))
        .execute(conn)
        .map(|changed| changed == 1)
}

pub(super) fn replace_recovery_codes(
    conn: &mut Conn,
    person: &PersonId,
    codes: &[(RecoveryCodeId, Vec<u8>)],
) -> QueryResult<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::person_id.eq(person))).execute(conn)?;
    for (id, digest) in codes {
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::id.eq(id),
                recovery_codes::person_id.eq(person),
                recovery_codes::digest.eq(digest),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Uses up a recovery code; `false` when there is none such left.
pub(super) fn use_recovery_code(
    work: &mut Work<'_>,
    person: &PersonId,
    digest: &[u8],
    now: Moment,
) -> QueryResult<bool> {
    let row: Option<(RecoveryCodeId, String)> = recovery_codes::table
        .filter(recovery_codes::person_id.eq(person))
        .filter(recovery_codes::digest.eq(digest))
        .filter(recovery_codes::used_us.is_null())
        .select((recovery_codes::id, codes::row(work.conn, "recovery_codes")))
        .first(work.conn)
        .optional()?;
    let Some(id) = known(work, "recovery_codes", row) else { return Ok(false) };
    diesel::update(recovery_codes::table.find(&id).filter(recovery_codes::used_us.is_null()))
        .set(recovery_codes::used_us.eq(now))
        .execute(work.conn)
        .map(|changed| changed == 1)
}

/// The person to be invited, as the rules see him.
pub(super) struct Invitee {
    pub(super) id: PersonId,
}

impl Thing for Invitee {
    type Kind = kinds::Person;
    type Id = PersonId;
    fn find(conn: &mut Conn, id: &PersonId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        people::table
            .find(id)
            .select((people::id, facts))
            .first::<(PersonId, Findings)>(conn)
            .optional()
            .map(|row| row.map(|(id, bits)| (Self { id }, bits)))
    }
}

pub(super) fn party_of(conn: &mut Conn, person: &PersonId) -> QueryResult<PartyId> {
    people::table.find(person).select(people::party_id).first(conn)
}

pub(super) fn person_name(conn: &mut Conn, person: &PersonId) -> QueryResult<String> {
    people::table.find(person).select(people::name).first(conn)
}

/// A person's name, and the code of the party acted for.
pub(super) fn names_of(conn: &mut Conn, person: &PersonId) -> QueryResult<(String, String)> {
    people::table
        .inner_join(parties::table)
        .filter(people::id.eq(person))
        .select((people::name, parties::code))
        .first(conn)
}

/// Kind, code and name of a party.
pub(super) fn party(conn: &mut Conn, party: &PartyId, at: Moment) -> QueryResult<(String, String, String)> {
    let (kind, code) =
        parties::table.find(party).select((parties::kind, parties::code)).first::<(String, String)>(conn)?;
    let name = party_names::table
        .inner_join(acts::table)
        .filter(party_names::party_id.eq(party))
        .filter(in_force_at(at))
        .order(acts::effective_us.desc())
        .select(party_names::name)
        .first::<String>(conn)
        .optional()?;
    Ok((kind, name.unwrap_or_else(|| code.clone()), code))
}

/// Records an invitation for whom the permit was given, or, by the operator, for the first account.
pub(super) struct NewInvitation<'a> {
    pub(super) id: InvitationId,
    pub(super) email: &'a str,
    pub(super) digest: Vec<u8>,
    pub(super) made_us: Moment,
    pub(super) expires_us: Moment,
}

pub(super) fn invite(
    conn: &mut Conn,
    permit: &Permit<actions::Invite, Invitee>,
    by: Option<&PersonId>,
    invitation: &NewInvitation<'_>,
) -> QueryResult<()> {
    // An older invitation of the same person ends with the new one.
    diesel::update(
        invitations::table
            .filter(invitations::person_id.eq(&permit.thing().id))
            .filter(invitations::closed_us.is_null()),
    )
    .set(invitations::closed_us.eq(invitation.made_us))
    .execute(conn)?;
    diesel::insert_into(invitations::table)
        .values((
            invitations::id.eq(&invitation.id),
            invitations::person_id.eq(&permit.thing().id),
            invitations::email.eq(invitation.email),
            invitations::digest.eq(&invitation.digest),
            invitations::made_by.eq(by),
            invitations::made_us.eq(invitation.made_us),
            invitations::expires_us.eq(invitation.expires_us),
        ))
        .execute(conn)
        .map(drop)
}

/// An invitation.
#[derive(Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub(super) struct OpenInvitation {
    pub(super) id: InvitationId,
    pub(super) person_id: PersonId,
    pub(super) email: String,
    pub(super) made_by: Option<PersonId>,
}

/// The open invitation with this digest.
pub(super) fn open_invitation(work: &mut Work<'_>, digest: &[u8], now: Moment) -> QueryResult<Option<OpenInvitation>> {
    let row = invitations::table
        .filter(invitations::digest.eq(digest))
        .filter(invitations::closed_us.is_null())
        .filter(invitations::expires_us.gt(now))
        .select((OpenInvitation::as_select(), codes::row(work.conn, "invitations")))
        .first(work.conn)
        .optional()?;
    Ok(known(work, "invitations", row))
}

pub(super) fn close_invitation(conn: &mut Conn, id: &InvitationId, now: Moment) -> QueryResult<()> {
    diesel::update(invitations::table.find(id)).set(invitations::closed_us.eq(now)).execute(conn).map(drop)
}

pub(super) fn is_enrolled(conn: &mut Conn, person: &PersonId, at: Moment) -> QueryResult<bool> {
    enrolments::table
        .inner_join(acts::table)
        .filter(enrolments::person_id.eq(person))
        .filter(in_force_at(at))
        .count()
        .get_result::<i64>(conn)
        .map(|count| count > 0)
}

/// Whether anyone ever designated as an officer of the Secretariat was ever enrolled.
pub(super) fn officer_was_enrolled(conn: &mut Conn) -> QueryResult<bool> {
    let officers =
        designations::table.filter(designations::role.eq(Role::SecretariatOfficer)).select(designations::person_id);
    enrolments::table
        .filter(enrolments::person_id.eq_any(officers))
        .count()
        .get_result::<i64>(conn)
        .map(|count| count > 0)
}

pub(super) fn enrol(conn: &mut Conn, act: &ActId, person: &PersonId) -> QueryResult<()> {
    diesel::insert_into(enrolments::table)
        .values((enrolments::act_id.eq(act), enrolments::person_id.eq(person)))
        .execute(conn)
        .map(drop)
}

/// A log-in.
#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = sign_ins)]
pub(super) struct SignIn {
    pub(super) id: SignInId,
    pub(super) person_id: PersonId,
    pub(super) opened_us: Moment,
    pub(super) refreshed_us: Moment,
    pub(super) expires_us: Moment,
    pub(super) second_factor: bool,
    pub(super) refresh_digest: Vec<u8>,
    pub(super) unlock_digest: Vec<u8>,
    pub(super) ended_us: Option<Moment>,
    /// Which of the person's key pairs the seed below makes.
    pub(super) pair: Option<i64>,
    /// The seed under the unlock secret, and under the refresh token, which gives another unlock secret.
    pub(super) seed_by_unlock: Option<Vec<u8>>,
    pub(super) seed_by_refresh: Option<Vec<u8>>,
}

/// Seconds by which a log-in may lie ahead of the present: nodes' clocks differ, and clocks are set back.
const AHEAD: i64 = 60;

impl SignIn {
    /// Where the person's seed rests under the unlock secret.
    pub(super) const fn by_unlock(&self, pair: i64) -> Wrapped<'_> {
        Wrapped::ByUnlockSecret { person: &self.person_id, pair, sign_in: &self.id, expires: self.expires_us }
    }

    /// Where it rests under the refresh token.
    pub(super) const fn by_refresh(&self, pair: i64) -> Wrapped<'_> {
        Wrapped::ByRefreshToken { person: &self.person_id, pair, sign_in: &self.id, expires: self.expires_us }
    }

    /// Whether it lives at `now`, given the seconds of idleness allowed. One from the future does not: the
    /// clock was wrong when it began, and it would last longer than any should.
    pub(super) fn lives(&self, now: Moment, idle: i64) -> bool {
        self.ended_us.is_none()
            && now < self.expires_us
            && now < self.refreshed_us.plus_seconds(idle)
            && self.refreshed_us <= now.plus_seconds(AHEAD)
    }
}

pub(super) fn insert_sign_in(conn: &mut Conn, sign_in: &SignIn) -> QueryResult<()> {
    diesel::insert_into(sign_ins::table).values(sign_in).execute(conn).map(drop)
}

pub(super) fn sign_in(work: &mut Work<'_>, id: &SignInId) -> QueryResult<Option<SignIn>> {
    work.recall(format!("sign-in {id}"), |work| {
        let columns = (SignIn::as_select(), codes::row(work.conn, "sign_ins"));
        let row = sign_ins::table.find(id).select(columns).first(work.conn).optional()?;
        Ok(known(work, "sign_ins", row))
    })
}

/// Those of a person that have not been ended, oldest first.
pub(super) fn sign_ins_of(conn: &mut Conn, person: &PersonId) -> QueryResult<Vec<SignIn>> {
    sign_ins::table
        .filter(sign_ins::person_id.eq(person))
        .filter(sign_ins::ended_us.is_null())
        .order((sign_ins::opened_us, sign_ins::id))
        .select(SignIn::as_select())
        .load(conn)
}

pub(super) fn sign_in_by_refresh(work: &mut Work<'_>, digest: &[u8]) -> QueryResult<Option<SignIn>> {
    let columns = (SignIn::as_select(), codes::row(work.conn, "sign_ins"));
    let row =
        sign_ins::table.filter(sign_ins::refresh_digest.eq(digest)).select(columns).first(work.conn).optional()?;
    Ok(known(work, "sign_ins", row))
}

/// The sign-in whose refresh token this was, and when it was spent.
pub(super) fn sign_in_of_spent(work: &mut Work<'_>, digest: &[u8]) -> QueryResult<Option<(SignInId, Moment)>> {
    let columns = (spent_refreshes::sign_in_id, spent_refreshes::spent_us);
    let row = spent_refreshes::table
        .find(digest)
        .select((columns, codes::row(work.conn, "spent_refreshes")))
        .first(work.conn)
        .optional()?;
    Ok(known(work, "spent_refreshes", row))
}

/// The secrets that a log-in has from now on: digests, and the person's seed under each.
pub(super) struct Rotated {
    pub(super) refresh_digest: Vec<u8>,
    pub(super) unlock_digest: Vec<u8>,
    pub(super) seed_by_unlock: Option<Vec<u8>>,
    pub(super) seed_by_refresh: Option<Vec<u8>>,
}

/// Gives a sign-in new secrets and remembers the spent refresh token.
pub(super) fn rotate(conn: &mut Conn, old: &SignIn, new: &Rotated, now: Moment) -> QueryResult<()> {
    diesel::insert_into(spent_refreshes::table)
        .values((
            spent_refreshes::digest.eq(&old.refresh_digest),
            spent_refreshes::sign_in_id.eq(&old.id),
            spent_refreshes::spent_us.eq(now),
        ))
        .execute(conn)?;
    diesel::update(sign_ins::table.find(&old.id))
        .set((
            sign_ins::refresh_digest.eq(&new.refresh_digest),
            sign_ins::unlock_digest.eq(&new.unlock_digest),
            sign_ins::seed_by_unlock.eq(&new.seed_by_unlock),
            sign_ins::seed_by_refresh.eq(&new.seed_by_refresh),
            sign_ins::refreshed_us.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// Ends one sign-in, and forgets the seed that it had; `false` when it had ended.
pub(super) fn end_sign_in(conn: &mut Conn, id: &SignInId, why: EndedWhy, now: Moment) -> QueryResult<bool> {
    diesel::update(sign_ins::table.find(id).filter(sign_ins::ended_us.is_null()))
        .set((
            sign_ins::ended_us.eq(now),
            sign_ins::ended_why.eq(why),
            sign_ins::seed_by_unlock.eq(None::<Vec<u8>>),
            sign_ins::seed_by_refresh.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .map(|changed| changed == 1)
}

/// Forgets the seeds that a person's log-ins had which lasted as long as they could.
pub(super) fn forget_seeds(conn: &mut Conn, person: &PersonId, now: Moment) -> QueryResult<()> {
    diesel::update(
        sign_ins::table
            .filter(sign_ins::person_id.eq(person))
            .filter(sign_ins::expires_us.le(now))
            .filter(sign_ins::seed_by_unlock.is_not_null()),
    )
    .set((sign_ins::seed_by_unlock.eq(None::<Vec<u8>>), sign_ins::seed_by_refresh.eq(None::<Vec<u8>>)))
    .execute(conn)
    .map(drop)
}

/// Ends all of a person's but `keep`; answers how many.
pub(super) fn end_sign_ins_of(
    conn: &mut Conn,
    person: &PersonId,
    keep: Option<&SignInId>,
    why: EndedWhy,
    now: Moment,
) -> QueryResult<usize> {
    let mut count = 0;
    for one in sign_ins_of(conn, person)? {
        if keep != Some(&one.id) && end_sign_in(conn, &one.id, why, now)? {
            count += 1;
        }
    }
    Ok(count)
}

/// Counts a failed log-in that named no account.
pub(super) fn count_stranger(conn: &mut Conn, source: &str, now: Moment) -> QueryResult<()> {
    let minute = now.minute();
    let changed = diesel::update(stranger_noise::table.find((minute, source)))
        .set(stranger_noise::failures.eq(stranger_noise::failures + 1))
        .execute(conn)?;
    if changed == 0 {
        diesel::insert_into(stranger_noise::table)
            .values((
                stranger_noise::minute.eq(minute),
                stranger_noise::source.eq(source),
                stranger_noise::failures.eq(1),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes out the counts of the minutes before `now`'s: minute, source and failures.
pub(super) fn take_noise(conn: &mut Conn, now: Moment) -> QueryResult<Vec<(i64, String, i64)>> {
    let past = stranger_noise::minute.lt(now.minute());
    let counts = stranger_noise::table
        .filter(past)
        .select((stranger_noise::minute, stranger_noise::source, stranger_noise::failures))
        .load(conn)?;
    if !counts.is_empty() {
        diesel::delete(stranger_noise::table.filter(past)).execute(conn)?;
    }
    Ok(counts)
}
