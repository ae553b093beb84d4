//! Who asks: the person, and what the acts in force make of him.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use super::facts::{Fact, FactSet, in_force};
use crate::context::Moment;
use crate::db::fragment::{Fragment, Statement};
use crate::db::{Work, codes};
use crate::ids::{ActId, PartyId, PersonId, RoomId, SignInId, VisitId};
use crate::seal::{Known, Unlock};

/// What a request brought beside the person: all of it is about this log-in.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The log-in.
    pub sign_in: Option<SignInId>,
    /// Whether it used a second factor.
    pub second_factor: bool,
    /// Whether its unlock secret came along.
    pub unlocked: bool,
    /// What that opens.
    pub unlock: Option<Arc<Unlock>>,
    /// The visit that the request names, not yet checked.
    pub visit: Option<VisitId>,
}

/// Who asks, as of one moment. Made from the acts in the database only, and of these from those that have their codes.
#[derive(Clone)]
pub struct Asker {
    codes: Arc<Known>,
    at: Moment,
    person: Option<PersonId>,
    party: Option<PartyId>,
    credentials: Credentials,
    facts: FactSet,
    basis: Vec<Basis>,
    held: Vec<ActId>,
}

/// A designation in force, and the standing it leans on.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Basis {
    /// The designation's role.
    pub role: String,
    /// The standing of the party, if it has one in force.
    pub standing: Option<String>,
    /// The act of designation.
    pub designation: ActId,
    /// The act that gave the standing.
    pub standing_act: Option<ActId>,
    /// The act that lets the person log in.
    pub enrolment: ActId,
}

impl Basis {
    fn rests_on_the_same(&self, other: &Self) -> bool {
        (&self.designation, &self.standing_act) == (&other.designation, &other.standing_act)
    }
}

/// What somebody holds: a designation and a standing of the party, with the enrolment. The acts are as `db::codes`
/// selects them, with their codes.
struct Held {
    role: String,
    party: PartyId,
    party_kind: String,
    designation: String,
    enrolment: String,
    standing: Option<(String, String)>,
}

/// What the people whose id is `whom` (`= …`, `IN (…)`) hold at `at`: one row for each designation, standing and
/// enrolment.
fn held(work: &mut Work<'_>, whom: &Fragment, at: Moment) -> QueryResult<Vec<(PersonId, Held)>> {
    type Columns = (Text, (Text, Text, Text, Text, Text, Nullable<Text>, Nullable<Text>));
    type Row = (PersonId, (String, PartyId, String, String, String, Option<String>, Option<String>));
    let mut sql = Fragment::new();
    sql.sql("SELECT h.id, d.role, d.party_id, p.kind, ")
        .either(codes::act("designations", "d", "a"))
        .sql(", en.act, st.standing, st.act FROM people h JOIN designations d ON d.person_id = h.id AND d.party_id = h.party_id JOIN acts a ON a.id = d.act_id JOIN parties p ON p.id = d.party_id JOIN (SELECT g.person_id, g.act_id, ")
        .either(codes::act("enrolments", "g", "a"))
        .sql(" AS act FROM enrolments g JOIN acts a ON a.id = g.act_id WHERE g.person_id ");
    sql.append(whom.clone()).sql(" AND ");
    in_force(&mut sql, "a", at);
    sql.sql(") en ON en.person_id = h.id LEFT JOIN (SELECT g.party_id, g.standing, g.act_id, ")
        .either(codes::act("standings", "g", "a"))
        .sql(" AS act FROM standings g JOIN acts a ON a.id = g.act_id WHERE g.party_id IN (SELECT me.party_id FROM people me WHERE me.id ");
    sql.append(whom.clone()).sql(") AND ");
    in_force(&mut sql, "a", at);
    sql.sql(") st ON st.party_id = d.party_id WHERE h.id ").append(whom.clone()).sql(" AND ");
    in_force(&mut sql, "a", at);
    sql.sql(
        " AND NOT EXISTS (SELECT 1 FROM suspensions g JOIN acts a ON a.id = g.act_id WHERE g.person_id = h.id AND ",
    );
    in_force(&mut sql, "a", at);
    // What began first comes first: the order of random ids would say nothing.
    sql.sql(") ORDER BY a.effective_us, d.act_id, st.act_id, en.act_id");
    let rows: Vec<Row> = Statement::<Columns>::new(sql).load(work.conn)?;
    let held = |(role, party, party_kind, designation, enrolment, standing, standing_act)| Held {
        role,
        party,
        party_kind,
        designation,
        enrolment,
        standing: Option::zip(standing, standing_act),
    };
    Ok(rows.into_iter().map(|(person, row)| (person, held(row))).collect())
}

impl Asker {
    /// Nobody in particular: reaches the public ring.
    #[must_use]
    pub fn anonymous(codes: &Arc<Known>, at: Moment) -> Self {
        Self {
            codes: Arc::clone(codes),
            at,
            person: None,
            party: None,
            credentials: Credentials::default(),
            facts: FactSet::NONE,
            basis: Vec::new(),
            held: Vec::new(),
        }
    }

    /// `person` as of `at`. At most one query. Without an enrolment in force, under suspension, or without a
    /// designation in force the asker has no facts at all, and is as good as anonymous.
    ///
    /// # Errors
    /// The database's.
    pub fn load(work: &mut Work<'_>, person: &PersonId, credentials: Credentials, at: Moment) -> QueryResult<Self> {
        let find = |work: &mut Work<'_>| {
            let mut whom = Fragment::new();
            whom.sql("= ").text(person.as_str());
            let held = held(work, &whom, at)?.into_iter().map(|(_, held)| held);
            Ok(Self::holding(work.codes(), person.clone(), at, held))
        };
        let found = if at == work.now { work.recall(format!("asker {person}"), find)? } else { find(work)? };
        Ok(Self { codes: Arc::clone(work.codes()), at, ..found }.bringing(credentials))
    }

    fn bringing(mut self, credentials: Credentials) -> Self {
        if self.is_somebody() {
            self.facts = self
                .facts
                .with(Fact::SecondFactor, credentials.second_factor)
                .with(Fact::Unlocked, credentials.unlocked);
        }
        self.credentials = credentials;
        self
    }

    /// What all that the facts about a thing depend on is called, beside the thing and the moment.
    pub(super) fn name(&self) -> String {
        let of = |part: Option<&str>| part.unwrap_or("-").to_owned();
        let (person, party) = (self.person().map(PersonId::as_str), self.party().map(PartyId::as_str));
        let (sign_in, visit) = (self.sign_in().map(SignInId::as_str), self.visit().map(VisitId::as_str));
        [person, party, sign_in, visit].map(of).join(" ")
    }

    /// Everyone who was ever admitted to `room` and has a designation in force at `at`, each as if coming in
    /// with nothing brought. One query for all.
    ///
    /// # Errors
    /// The database's.
    pub fn load_admitted(work: &mut Work<'_>, room: &RoomId, at: Moment) -> QueryResult<Vec<Self>> {
        let mut whom = Fragment::new();
        whom.sql("IN (SELECT person_id FROM admissions WHERE room_id = ").text(room.as_str()).sql(")");
        let mut people: BTreeMap<PersonId, Vec<Held>> = BTreeMap::new();
        for (person, held) in held(work, &whom, at)? {
            people.entry(person).or_default().push(held);
        }
        let (people, codes) = (people.into_iter(), work.codes());
        let asker = |(person, held)| Self::holding(codes, person, at, held);
        Ok(people.map(asker).collect())
    }

    fn holding(codes: &Arc<Known>, person: PersonId, at: Moment, held: impl IntoIterator<Item = Held>) -> Self {
        let mut asker = Self { person: Some(person), ..Self::anonymous(codes, at) };
        for Held { role, party, party_kind, designation, enrolment, standing } in held {
            let act = |table, text: &str| asker.act(table, text);
            let (Some(designation), Some(enrolment)) =
                (act("designations", &designation), act("enrolments", &enrolment))
            else {
                continue;
            };
            let standing = standing.and_then(|(standing, text)| Some((standing, act("standings", &text)?)));
            asker.held.extend(standing.iter().map(|(_, act)| act).chain([&designation]).cloned());
            let fact =
                match (role.as_str(), party_kind.as_str(), standing.as_ref().map(|(standing, _)| standing.as_str())) {
                    ("contact_point", "state", Some("member")) => Some(Fact::ContactPoint),
                    ("counterpart", "state", Some("observer")) => Some(Fact::Counterpart),
                    ("representative", "organisation", Some("observer" | "associate")) => Some(Fact::Representative),
                    ("representative" | "counterpart", _, Some("invited")) => Some(Fact::Guest),
                    ("secretariat_officer", "secretariat", _) => Some(Fact::SecretariatOfficer),
                    ("auditor", "organisation" | "secretariat", _) => Some(Fact::Auditor),
                    _ => None,
                };
            if let Some(fact) = fact {
                asker.facts = asker.facts.with(fact, true).with(Fact::SignedIn, true);
                asker.party = Some(party);
                let (standing, standing_act) = standing.unzip();
                let new = Basis { role, standing, designation, standing_act, enrolment };
                // Of several enrolments one is enough.
                if !asker.basis.iter().any(|one| one.rests_on_the_same(&new)) {
                    asker.basis.push(new);
                }
            }
        }
        asker
    }

    /// The same person, as if the log-in had used a second factor: for judging whom a room's key is for, who is not the
    /// one who asks.
    #[must_use]
    pub fn with_second_factor(self) -> Self {
        let facts = self.facts.with(Fact::SecondFactor, self.is_somebody());
        Self { facts, ..self }
    }

    /// The act of this text, if it has its code. One that has not is as if it were not there.
    fn act(&self, table: &str, text: &str) -> Option<ActId> {
        let act = codes::read(table, text);
        ActId::parse(act.key()).filter(|_| self.codes.accept(act.coded()))
    }

    /// The designations, and the standings of the party, that have their codes, whatever they give.
    #[must_use]
    pub fn held(&self) -> &[ActId] {
        &self.held
    }

    /// By which rows are known that the server has written itself.
    #[must_use]
    pub const fn codes(&self) -> &Arc<Known> {
        &self.codes
    }

    /// Whether any designation in force stands behind the asker.
    #[must_use]
    pub const fn is_somebody(&self) -> bool {
        self.facts.has(Fact::SignedIn)
    }

    /// The moment as of which everything is judged.
    #[must_use]
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// The person.
    #[must_use]
    pub const fn person(&self) -> Option<&PersonId> {
        self.person.as_ref()
    }

    /// The party the person acts for, if a designation is in force.
    #[must_use]
    pub const fn party(&self) -> Option<&PartyId> {
        self.party.as_ref()
    }

    /// The log-in.
    #[must_use]
    pub const fn sign_in(&self) -> Option<&SignInId> {
        self.credentials.sign_in.as_ref()
    }

    /// What the unlock secret opens, if it came along.
    #[must_use]
    pub fn unlock(&self) -> Option<&Unlock> {
        self.credentials.unlock.as_deref()
    }

    /// The visit that the request names; whether it is open is the fact `Visiting`.
    #[must_use]
    pub const fn visit(&self) -> Option<&VisitId> {
        self.credentials.visit.as_ref()
    }

    /// The facts about the asker alone.
    #[must_use]
    pub const fn facts(&self) -> FactSet {
        self.facts
    }

    /// The acts the asker's rights rest on.
    #[must_use]
    pub fn basis(&self) -> &[Basis] {
        &self.basis
    }
}
