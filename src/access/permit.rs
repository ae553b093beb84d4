//! Asking, and the answer that can be made nowhere else.

use std::marker::PhantomData;
use std::sync::Arc;

use diesel::QueryResult;

use super::actions::kinds::{self, KindMark};
use super::actions::{Action, Mark};
use super::asker::Asker;
use super::facts::{self, Fact, FactSet, Facts, Findings, Reading};
use super::rules::{self, Cond};
use crate::db::fragment::{Condition, Fragment};
use crate::db::{Conn, Work};
use crate::error::{AppError, Fault, Means};
use crate::seal::Known;

/// Something that can be acted on, as its slice loads it.
pub trait Thing: Sized {
    /// Its kind.
    type Kind: KindMark;
    /// What it is found by.
    type Id: std::fmt::Debug;
    /// Loads it together with the column `facts`, in one query.
    ///
    /// # Errors
    /// The database's; a thing that is not there is `None`.
    fn find(conn: &mut Conn, id: &Self::Id, facts: Facts) -> QueryResult<Option<(Self, Findings)>>;

    /// Loads it alone, for when the facts are known. What is read often does so by a query that takes little to
    /// spell.
    ///
    /// # Errors
    /// As [`Thing::find`].
    fn find_alone(conn: &mut Conn, id: &Self::Id) -> QueryResult<Option<Self>> {
        Ok(Self::find(conn, id, facts::none())?.map(|(thing, _)| thing))
    }
}

/// The network as a whole, which is always there: for what is done to no one thing of it.
#[derive(Debug)]
pub struct TheNetwork;

impl Thing for TheNetwork {
    type Kind = kinds::Network;
    type Id = ();
    fn find(_: &mut Conn, (): &Self::Id, _: Facts) -> QueryResult<Option<(Self, Findings)>> {
        Ok(Some((Self, Findings::new())))
    }
}

/// Leave to do `A` to the very thing it holds. There is no other way to one than [`permit`].
#[derive(Debug)]
pub struct Permit<A, T> {
    thing: T,
    facts: FactSet,
    action: PhantomData<A>,
}

impl<A, T> Permit<A, T> {
    /// The thing that was asked about.
    pub const fn thing(&self) -> &T {
        &self.thing
    }

    /// Gives up the permit for the thing.
    pub fn into_thing(self) -> T {
        self.thing
    }

    /// Whether `fact`, one that the rule speaks of, held.
    pub const fn held(&self, fact: Fact) -> bool {
        self.facts.has(fact)
    }
}

/// Asks whether `asker` may do `A` to the thing with this id.
///
/// # Errors
/// `NotFound` when there is no such thing, or none that the asker may know of; `NotPermitted` or
/// `MeansNeeded` when it may be known.
pub fn permit<A, T>(work: &mut Work<'_>, asker: &Asker, id: &T::Id) -> Result<Permit<A, T>, AppError>
where
    A: Mark,
    T: Thing<Kind = A::Kind>,
{
    permit_with::<A, T>(work, asker, id, FactSet::NONE)
}

/// As [`permit`], with facts about a second subject that the thing's own row does not hold (the person
/// to be admitted): `extra` holds whichever of them are so.
///
/// # Errors
/// As [`permit`].
pub fn permit_with<A, T>(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &T::Id,
    extra: FactSet,
) -> Result<Permit<A, T>, AppError>
where
    A: Mark,
    T: Thing<Kind = A::Kind>,
{
    let kind = <A::Kind as KindMark>::KIND;
    let wanted = rules::mentioned(A::ACTION).and(rules::mentioned(kind.seen_by()));
    // What was found about this thing before, in the same state of all rows and at no other moment for any act.
    let key = (asker.person().is_some() && asker.at() == work.now && facts::rest_on_bound_rows(kind))
        .then(|| format!("{:?} {} {id:?} {}", A::ACTION, std::any::type_name::<T>(), asker.name()));
    let recalled = key.as_deref().map_or(Ok(None), |key| work.recalled::<FactSet>(key))?;
    let (thing, found) = if let Some(found) = recalled {
        (T::find_alone(work.conn, id)?.ok_or(Fault::NotFound)?, found)
    } else {
        let columns = facts::columns(wanted, kind, asker);
        let (thing, found) = T::find(work.conn, id, columns)?.ok_or(Fault::NotFound)?;
        let (found, _) = facts::read(&found, kind, work.codes());
        if let Some(key) = key {
            work.keep(key, found);
        }
        (thing, found)
    };
    let facts = asker.facts().and(found).and(extra);
    if rules::decide(A::ACTION, facts) {
        return Ok(Permit { thing, facts, action: PhantomData });
    }
    Err(refusal(A::ACTION, facts).into())
}

/// Why `action` is not done when exactly `facts` hold, as far as the asker may know.
pub(super) fn refusal(action: Action, facts: FactSet) -> Fault {
    // With what the asker could still bring, is it allowed? Then say what to bring. That tells of the
    // thing's existence, but only to one whom the rule would let in.
    let means =
        [(Fact::SecondFactor, Means::SecondFactor), (Fact::Unlocked, Means::Unlock), (Fact::Visiting, Means::Visit)];
    let all: FactSet = facts.iter().chain(means.map(|(fact, _)| fact)).collect();
    if rules::decide(action, all) {
        for (fact, means) in means {
            if !facts.has(fact) && !rules::decide(action, all.iter().filter(|one| *one != fact).collect()) {
                return Fault::MeansNeeded(means);
            }
        }
    }
    if rules::decide(action.kind().seen_by(), facts) { Fault::NotPermitted } else { Fault::NotFound }
}

/// The condition of an action as a filter: lets through exactly those things for which [`permit`] would
/// answer with a permit. The condition is for the database; it does not see whether an act has its code, so what it has
/// let through is held against the [`Confirm`] that goes with it.
pub struct Filter<A> {
    condition: Condition,
    confirm: Confirm<A>,
}

/// The second look at what a filter's condition has let through.
#[must_use]
pub struct Confirm<A> {
    codes: Arc<Known>,
    asker: FactSet,
    facts: Facts,
    /// Whether the rule speaks of facts that rest on acts.
    by_acts: bool,
    action: PhantomData<A>,
}

impl<A: Mark> Filter<A> {
    /// The condition, over the table of the action's kind, for an action whose rule speaks of no fact that rests on an
    /// act. For another it lets nothing through: that takes [`Filter::parts`].
    #[must_use]
    pub fn condition(self) -> Condition {
        if self.confirm.by_acts { Condition(spell(Reduced::Known(false))) } else { self.condition }
    }

    /// The condition, over the table of the action's kind, and what its rows are held against: they must be selected
    /// with [`Confirm::facts`].
    pub fn parts(self) -> (Condition, Confirm<A>) {
        (self.condition, self.confirm)
    }
}

impl<A: Mark> Confirm<A> {
    /// The column to select with each row.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.facts.clone()
    }

    /// The rows whose acts have their codes.
    #[must_use]
    pub fn kept<T>(&self, rows: Vec<(T, Findings)>) -> Vec<T> {
        let kept = |(row, found): (T, Findings)| {
            let (found, _) = facts::read(&found, <A::Kind as KindMark>::KIND, &self.codes);
            (!self.by_acts || rules::decide(A::ACTION, self.asker.and(found))).then_some(row)
        };
        rows.into_iter().filter_map(kept).collect()
    }
}

/// The filter of `A` for `asker`.
#[must_use]
pub fn filter<A: Mark>(asker: &Asker) -> Filter<A> {
    filter_given(asker, FactSet::NONE)
}

/// As [`filter`], as if the facts `given` held, too: what the asker could come to do by bringing what they are about. It
/// says to what there is a way, and lets nobody go it.
#[must_use]
pub fn filter_given<A: Mark>(asker: &Asker, given: FactSet) -> Filter<A> {
    let kind = <A::Kind as KindMark>::KIND;
    let mut parts = vec![reduce(&rules::rule(A::ACTION).when, kind, asker, given)];
    parts.extend(rules::prohibitions(A::ACTION).map(|one| negate(reduce(&one.when, kind, asker, given))));
    let mentioned = rules::mentioned(A::ACTION);
    let by_acts = mentioned.iter().any(|fact| matches!(facts::reading(fact, kind), Reading::ByAct(_)));
    let wanted = if by_acts { mentioned } else { FactSet::NONE };
    Filter {
        condition: Condition(spell(all(parts))),
        confirm: Confirm {
            codes: Arc::clone(asker.codes()),
            asker: asker.facts().and(given),
            facts: facts::columns(wanted, kind, asker),
            by_acts,
            action: PhantomData,
        },
    }
}

/// A condition of which everything about the asker is already known.
enum Reduced {
    Known(bool),
    Sql(Fragment),
}

fn reduce(condition: &Cond, kind: super::Kind, asker: &Asker, given: FactSet) -> Reduced {
    let is = |fact: Fact| {
        if given.has(fact) {
            Reduced::Known(true)
        } else if fact.of_asker() {
            Reduced::Known(asker.facts().has(fact))
        } else {
            facts::condition(fact, kind, asker).map_or(Reduced::Known(false), Reduced::Sql)
        }
    };
    match condition {
        Cond::Is(fact) => is(*fact),
        Cond::Not(fact) => negate(is(*fact)),
        Cond::All(parts) => all(parts.iter().map(|part| reduce(part, kind, asker, given)).collect()),
        Cond::Any(parts) => negate(all(parts.iter().map(|part| negate(reduce(part, kind, asker, given))).collect())),
    }
}

fn negate(condition: Reduced) -> Reduced {
    match condition {
        Reduced::Known(known) => Reduced::Known(!known),
        Reduced::Sql(sql) => {
            let mut not = Fragment::new();
            // A comparison with an absent value is unknown, not false, in SQL; here it must be false.
            not.sql("NOT COALESCE((").append(sql).sql("), 1 = 0)");
            Reduced::Sql(not)
        }
    }
}

fn all(parts: Vec<Reduced>) -> Reduced {
    let mut joined: Option<Fragment> = None;
    for part in parts {
        match part {
            Reduced::Known(false) => return Reduced::Known(false),
            Reduced::Known(true) => {}
            Reduced::Sql(sql) => match &mut joined {
                None => joined = Some(sql),
                Some(whole) => drop(whole.sql(" AND ").append(sql)),
            },
        }
    }
    match joined {
        None => Reduced::Known(true),
        Some(whole) => {
            let mut sql = Fragment::new();
            sql.sql("(").append(whole).sql(")");
            Reduced::Sql(sql)
        }
    }
}

fn spell(condition: Reduced) -> Fragment {
    match condition {
        Reduced::Sql(sql) => sql,
        Reduced::Known(known) => {
            let mut sql = Fragment::new();
            sql.sql(if known { "1 = 1" } else { "1 = 0" });
            sql
        }
    }
}
