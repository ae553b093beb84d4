//! A piece of SQL with its bound values, for what diesel's typed queries cannot say: the readings of
//! the access facts ([`crate::access::facts`]), which are chosen at run time and shared by decisions,
//! lists and explanations.
//!
//! Unlike diesel's own `sql()`, a fragment lets the prepared statement be kept: the texts are few (they
//! depend on the action and on the kind of asker only), and preparing them anew cost more than running them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{PoisonError, RwLock};

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::connection::{Backend, Conn};
use super::dialect::Which;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Sql(Cow<'static, str>),
    Either(Either),
    Text(String),
    Number(i64),
}

/// Text of ours that the two databases spell differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Either {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Either {
    /// As `spell` spells it for each.
    #[must_use]
    pub fn new(spell: impl Fn(Which) -> &'static str) -> Self {
        Self { sqlite: spell(Which::Sqlite), postgres: spell(Which::Postgres) }
    }
}

/// SQL text and bound values in order. User input is only ever bound, never text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment(Vec<Part>);

impl Fragment {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Text of ours.
    #[must_use]
    pub fn of(text: &'static str) -> Self {
        Self(vec![Part::Sql(Cow::Borrowed(text))])
    }

    /// Appends text of ours.
    pub fn sql(&mut self, text: impl Into<Cow<'static, str>>) -> &mut Self {
        self.0.push(Part::Sql(text.into()));
        self
    }

    /// Appends text of ours as the database spells it.
    pub fn either(&mut self, text: Either) -> &mut Self {
        self.0.push(Part::Either(text));
        self
    }

    /// Appends a bound text.
    pub fn text(&mut self, value: impl Into<String>) -> &mut Self {
        self.0.push(Part::Text(value.into()));
        self
    }

    /// Appends a bound number.
    pub fn number(&mut self, value: i64) -> &mut Self {
        self.0.push(Part::Number(value));
        self
    }

    /// Appends another fragment.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.0.extend(other.0);
        self
    }

    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        for part in &self.0 {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Either(text) => match out.backend() {
                    Backend::Sqlite(_) => out.push_sql(text.sqlite),
                    Backend::Postgres(_) => out.push_sql(text.postgres),
                },
                Part::Text(value) => out.push_bind_param::<Text, String>(value)?,
                Part::Number(value) => out.push_bind_param::<BigInt, i64>(value)?,
            }
        }
        Ok(())
    }
}

/// Texts of ours that take long to spell. There are a few of them, and each is spelled once and kept for good.
pub struct Spelled<K>(RwLock<BTreeMap<K, &'static str>>);

impl<K: Ord> Spelled<K> {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(RwLock::new(BTreeMap::new()))
    }

    /// The text for `key`, of which there must be few: nothing that anybody sends.
    pub fn get(&self, key: K, spell: impl FnOnce() -> String) -> &'static str {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        known.unwrap_or_else(|| {
            self.0.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert_with(|| spell().leak())
        })
    }
}

impl<K: Ord> Default for Spelled<K> {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! expressions {
    ($($(#[$doc:meta])* $name:ident: $sql_type:ty),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Fragment);

        impl Expression for $name {
            type SqlType = $sql_type;
        }
        impl<Source> AppearsOnTable<Source> for $name {}
        impl<Source> SelectableExpression<Source> for $name {}
        impl<GroupBy> ValidGrouping<GroupBy> for $name {
            type IsAggregate = is_aggregate::Never;
        }
        impl QueryId for $name {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
        impl QueryFragment<Backend> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
                self.0.walk(&mut out)
            }
        }
    )*};
}

expressions! {
    /// A condition for `filter`.
    Condition: Bool,
    /// A text for `select`.
    Words: Text
}

/// A whole query made of a fragment, whose columns have the types `ST`.
#[derive(Debug)]
pub struct Statement<ST> {
    fragment: Fragment,
    columns: PhantomData<ST>,
}

impl<ST> Statement<ST> {
    /// The query that `fragment` spells.
    #[must_use]
    pub const fn new(fragment: Fragment) -> Self {
        Self { fragment, columns: PhantomData }
    }
}

impl<ST> Query for Statement<ST> {
    type SqlType = ST;
}

impl<ST> QueryId for Statement<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> QueryFragment<Backend> for Statement<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.fragment.walk(&mut out)
    }
}

impl<ST> RunQueryDsl<Conn> for Statement<ST> {}
