//! "May she, by which rule, because of which acts?", now or on any past date: the same conditions and
//! the same readings as every decision, asked on behalf of somebody else.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use schemars::JsonSchema;
use serde::Serialize;

use super::actions::{Action, Kind};
use super::asker::{Asker, Basis, Credentials};
use super::facts::{self, Fact, FactSet};
use super::permit::refusal;
use super::rules;
use crate::context::Moment;
use crate::db::fragment::{Fragment, Statement};
use crate::db::{Conn, Work};
use crate::error::{AppError, Fault};
use crate::ids::{ActId, PersonId};

/// The answer about one person and one thing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// The person asked about.
    pub person: PersonId,
    /// The thing's kind.
    pub kind: Kind,
    /// The thing's id.
    pub thing: String,
    /// The moment as of which it is answered.
    pub at: Moment,
    /// Whether the person may know of the thing, with a second factor, the unlock secret and a visit
    /// taken as brought.
    pub may: bool,
    /// The designations and standings the person's rights rest on at that moment.
    pub basis: Vec<Basis>,
    /// Facts that whoever asks may not learn about this person: they count as not holding, whether
    /// they hold or not.
    pub withheld: Vec<&'static str>,
    /// One answer for each action on such a thing.
    pub actions: Vec<Answer>,
}

/// The answer about one action.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The action.
    pub action: Action,
    /// Whether it is allowed, with the means in `bring` taken as brought.
    pub may: bool,
    /// What the person must bring for it: a second factor, the unlock secret, a visit.
    pub bring: Vec<&'static str>,
    /// The rule as a sentence.
    pub rule: String,
    /// Where the rule comes from.
    pub source: &'static str,
    /// The prohibition that forbids it, if one does.
    pub prohibited_by: Option<&'static str>,
    /// The facts the rule speaks of that held, with the act each rests on.
    pub because: Vec<Because>,
    /// The facts the rule speaks of that did not hold.
    pub lacking: Vec<&'static str>,
}

/// A fact that held.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Because {
    /// The fact in words.
    pub fact: &'static str,
    /// The acts it rests on; empty when it rests on the thing's own nature.
    pub acts: Vec<ActId>,
}

/// What a person brings along to a request, and no act gives.
const MEANS: [(Fact, &str); 3] = [
    (Fact::SecondFactor, "second factor"),
    (Fact::Unlocked, "unlock secret"),
    (Fact::Visiting, "visit with a purpose"),
];

/// What is lacking for every action on a thing that was recorded later than the moment asked about.
const NOT_YET: &str = "it was recorded by then";

/// Finds what kind of thing has this id; the first kind in the order of [`Kind::ALL`].
///
/// # Errors
/// The database's.
pub fn kind_of(conn: &mut Conn, id: &str) -> QueryResult<Option<Kind>> {
    for kind in Kind::ALL {
        // Conclusions share their meeting's id and are explained with it.
        let Some(table) = facts::table(*kind).filter(|_| *kind != Kind::Conclusions) else { continue };
        let mut sql = Fragment::new();
        sql.sql(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table} WHERE id = ")).text(id);
        if Statement::<BigInt>::new(sql).get_result::<i64>(conn)? > 0 {
            return Ok(Some(*kind));
        }
    }
    Ok(None)
}

/// The facts among `wanted` that hold for `asker` and the thing `id` of `kind`. One query.
///
/// # Errors
/// The database's; `None` when there is no such thing.
pub fn facts_of(
    work: &mut Work<'_>,
    asker: &Asker,
    kind: Kind,
    id: &str,
    wanted: FactSet,
) -> QueryResult<Option<FactSet>> {
    Ok(found(work, asker, kind, id, wanted)?.map(|(facts, _)| facts))
}

/// Facts, and the acts behind them.
type Found = (FactSet, Vec<(Fact, ActId)>);

/// As [`facts_of`], with the acts behind them.
fn found(work: &mut Work<'_>, asker: &Asker, kind: Kind, id: &str, wanted: FactSet) -> QueryResult<Option<Found>> {
    let Some(table) = facts::table(kind) else { return Ok(None) };
    let mut sql = Fragment::new();
    sql.sql("SELECT ")
        .append(facts::columns(wanted, kind, asker).0)
        .sql(format!(" FROM {table} WHERE {table}.id = "))
        .text(id);
    let findings = Statement::<Text>::new(sql).get_result::<String>(work.conn).optional()?;
    Ok(findings.map(|findings| {
        let (facts, acts) = facts::read(&findings, kind, work.codes());
        (asker.facts().and(facts), acts)
    }))
}

/// Asks whether `asker` may know of the thing `id` of `kind`, for callers that know the kind only as a
/// value. Answers the facts that the rule speaks of, and whether the asker is admitted and the thing his
/// party's; it gives no leave to disclose or change the thing, which takes a permit.
///
/// # Errors
/// Exactly as [`permit`](super::permit()) of the kind's seeing action.
pub fn may_see(work: &mut Work<'_>, asker: &Asker, kind: Kind, id: &str) -> Result<FactSet, AppError> {
    let action = kind.seen_by();
    let wanted = rules::mentioned(action).with(Fact::Admitted, true).with(Fact::MyParty, true);
    let facts = facts_of(work, asker, kind, id, wanted)?.ok_or(Fault::NotFound)?;
    if rules::decide(action, facts) { Ok(facts) } else { Err(refusal(action, facts).into()) }
}

/// Explains what `person` may do with the thing `id` of `kind`, as of `at`.
///
/// # Errors
/// The database's; `None` when there is no such thing.
pub fn explain(
    work: &mut Work<'_>,
    person: &PersonId,
    kind: Kind,
    id: &str,
    at: Moment,
) -> QueryResult<Option<Explanation>> {
    explain_without(work, person, kind, id, at, FactSet::NONE)
}

/// As [`explain`], but silent on the facts `withheld`: the answer is the same whether they hold or not.
///
/// # Errors
/// As [`explain`].
pub fn explain_without(
    work: &mut Work<'_>,
    person: &PersonId,
    kind: Kind,
    id: &str,
    at: Moment,
    withheld: FactSet,
) -> QueryResult<Option<Explanation>> {
    let asker = Asker::load(work, person, Credentials::default(), at)?;
    let wanted: FactSet = Fact::ALL.iter().copied().filter(|fact| !withheld.has(*fact)).collect();
    let Some((facts, acts)) = found(work, &asker, kind, id, wanted)? else { return Ok(None) };
    if !recorded_by(work.conn, kind, id, at)? {
        return Ok(Some(not_yet(asker.basis().to_vec(), person, kind, id, at, withheld)));
    }
    let brought =
        if asker.is_somebody() { MEANS.iter().fold(facts, |set, (fact, _)| set.with(*fact, true)) } else { facts };

    let mut actions = Vec::new();
    for action in Action::ALL.iter().copied().filter(|action| action.kind() == kind) {
        let rule = rules::rule(action);
        let mentioned = rules::mentioned(action);
        let mut because = Vec::new();
        for fact in mentioned.iter().filter(|fact| facts.has(*fact)) {
            because.push(Because { fact: fact.words(), acts: acts_behind(fact, &acts, &asker) });
        }
        actions.push(Answer {
            action,
            may: rules::decide(action, brought),
            bring: MEANS.iter().filter(|(fact, _)| rule.when.mentions().has(*fact)).map(|(_, words)| *words).collect(),
            rule: super::document::sentence(&rule.when),
            source: rule.source,
            prohibited_by: rules::prohibitions(action).find(|one| one.when.holds(brought)).map(|one| one.words),
            because,
            lacking: mentioned
                .iter()
                .filter(|fact| rule.when.mentions().has(*fact) && !brought.has(*fact) && !withheld.has(*fact))
                .map(Fact::words)
                .collect(),
        });
    }
    Ok(Some(Explanation {
        person: person.clone(),
        kind,
        thing: id.to_owned(),
        at,
        may: rules::decide(kind.seen_by(), brought),
        basis: asker.basis().to_vec(),
        withheld: withheld.iter().map(Fact::words).collect(),
        actions,
    }))
}

/// Whether the thing was there at `at`: its readings look at what it is now.
fn recorded_by(conn: &mut Conn, kind: Kind, id: &str, at: Moment) -> QueryResult<bool> {
    let Some(table) = facts::table(kind) else { return Ok(true) };
    let mut sql = Fragment::new();
    sql.sql(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table} WHERE id = "))
        .text(id)
        .sql(format!(" AND {} <= ", facts::recorded(kind)))
        .number(at.0);
    Statement::<BigInt>::new(sql).get_result::<i64>(conn).map(|count| count > 0)
}

/// The answer about a moment at which the thing was not there: nobody could do anything with it.
fn not_yet(basis: Vec<Basis>, person: &PersonId, kind: Kind, id: &str, at: Moment, withheld: FactSet) -> Explanation {
    let actions = Action::ALL.iter().copied().filter(|action| action.kind() == kind);
    let answer = |action| Answer {
        action,
        may: false,
        bring: Vec::new(),
        rule: super::document::sentence(&rules::rule(action).when),
        source: rules::rule(action).source,
        prohibited_by: None,
        because: Vec::new(),
        lacking: vec![NOT_YET],
    };
    Explanation {
        person: person.clone(),
        kind,
        thing: id.to_owned(),
        at,
        may: false,
        basis,
        withheld: withheld.iter().map(Fact::words).collect(),
        actions: actions.map(answer).collect(),
    }
}

fn acts_behind(fact: Fact, acts: &[(Fact, ActId)], asker: &Asker) -> Vec<ActId> {
    if fact.of_asker() {
        return asker
            .basis()
            .iter()
            .flat_map(|basis| [Some(&basis.designation), basis.standing_act.as_ref(), Some(&basis.enrolment)])
            .flatten()
            .cloned()
            .collect();
    }
    // Of several the first that took effect.
    acts.iter().find(|(of, _)| *of == fact).map(|(_, act)| act.clone()).into_iter().collect()
}
