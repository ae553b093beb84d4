//! The rows that carry an authentication code (`seal::codes`, decision 19): which they are, the text that a code is made
//! over, and how the writer makes codes for what a change has left.
//!
//! An act is one with the row that says what it is about, and with its endings: so the code of a right covers all that
//! decides whether it is in force, and an ending cannot be edited or taken away from it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text};
use serde_json::value::RawValue;

use super::bound::{BOUND, Bound, text};
use super::dialect::Which;
use super::fragment::{Either, Fragment, Spelled, Statement, Words};
use super::schema::row_codes;
use super::{Conn, dialect};
use crate::audit::model::rows::Touched;
use crate::error::AppError;
use crate::seal::RowCodes;
use crate::seal::codes::Coded;

/// What a code is made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covers {
    /// The row.
    Row,
    /// The row, the act that it is of, and the endings of that.
    Act,
    /// The same, and the suspensions of the person.
    Enrolment,
}

/// The tables whose rows have codes, their keys, and what the codes are made over: the means to log in, and the acts
/// that rights rest on.
const CODED: [(&str, &str, Covers); 18] = [
    ("accounts", "person_id", Covers::Row),
    ("admissions", "act_id", Covers::Act),
    ("conclusion_acts", "act_id", Covers::Act),
    ("designations", "act_id", Covers::Act),
    ("enrolments", "act_id", Covers::Enrolment),
    ("invitations", "id", Covers::Row),
    ("participations", "act_id", Covers::Act),
    ("passkeys", "id", Covers::Row),
    ("person_keys", "id", Covers::Row),
    ("recovery_codes", "id", Covers::Row),
    ("recovery_keys", "id", Covers::Row),
    ("recovery_requests", "id", Covers::Row),
    ("releases", "act_id", Covers::Act),
    ("room_epochs", "id", Covers::Row),
    ("room_recoveries", "id", Covers::Row),
    ("sign_ins", "id", Covers::Row),
    ("spent_refreshes", "digest", Covers::Row),
    ("standings", "act_id", Covers::Act),
];

/// Keys named in one statement.
const AT_A_TIME: usize = 500;

fn bound(table: &str) -> Option<&'static Bound> {
    BOUND.iter().find(|bound| bound.table == table)
}

fn canonical(table: &str, alias: &str, hex: &dyn Fn(&str) -> String) -> String {
    bound(table).map_or_else(|| "NULL".into(), |bound| bound.canonical_in(alias, hex))
}

/// The endings of the act `a`.
fn endings(a: &str) -> String {
    format!(
        "COALESCE((SELECT string_agg(n.id || ' ' || CAST(n.effective_us AS TEXT) || ' ' || CAST(n.recorded_us AS TEXT), ',' ORDER BY n.id) \
         FROM acts n WHERE n.ends_act_id = {a}.id), '')"
    )
}

/// What may come to an act later: its endings, and a person's suspensions.
fn later(covers: Covers, g: &str, a: &str) -> String {
    match covers {
        Covers::Row => "''".into(),
        Covers::Act => endings(a),
        Covers::Enrolment => format!(
            "{} || ';' || COALESCE((SELECT string_agg(u.act_id || ' ' || CAST(v.effective_us AS TEXT) || ' ' || COALESCE(CAST(v.until_us AS TEXT), '') \
             || ' ' || CAST(v.recorded_us AS TEXT) || ',' || {}, ';' ORDER BY u.act_id) FROM suspensions u JOIN acts v ON v.id = u.act_id \
             WHERE u.person_id = {g}.person_id), '')",
            endings(a),
            endings("v")
        ),
    }
}

fn code(table: &str, key: &str) -> String {
    format!(
        "COALESCE((SELECT k.kid || ':' || k.code FROM row_codes k WHERE k.tbl = '{table}' AND k.key = {key} AND k.part = ''), '')"
    )
}

/// The SQL of an act with its code, for [`read`]: of the row `g` of `table`, whose act is `a`.
#[must_use]
pub fn act(table: &'static str, g: &'static str, a: &'static str) -> Either {
    static ACTS: Spelled<(Which, [&str; 3])> = Spelled::new();
    Either::new(|which| {
        ACTS.get((which, [table, g, a]), || {
            let key = format!("{g}.act_id");
            selected(which, [key.clone(), code(table, &key), later(covers(table), g, a)], &[(table, g), ("acts", a)])
        })
    })
}

/// A row of `table` with its code, for [`read`], in a query over that table.
#[must_use]
pub fn row(conn: &Conn, table: &'static str) -> Words {
    static ROWS: Spelled<(Which, &str)> = Spelled::new();
    let which = dialect::which(conn);
    let spelled = ROWS.get((which, table), || {
        let key = CODED.iter().find(|(name, ..)| *name == table).map_or("id", |(_, key, _)| *key);
        let column = format!("{table}.{key}");
        let key = if bytes(table, key) { dialect::hex(which, &column) } else { column };
        selected(which, [key.clone(), code(table, &key), later(Covers::Row, "", "")], &[(table, table)])
    });
    let mut sql = Fragment::new();
    sql.sql(spelled);
    Words(sql)
}

fn covers(table: &str) -> Covers {
    CODED.iter().find(|(name, ..)| *name == table).map_or(Covers::Act, |(_, _, covers)| *covers)
}

/// The key, the code, what may come later, and the columns of these tables and their aliases.
fn selected(which: Which, head: [String; 3], rows: &[(&str, &str)]) -> String {
    let hex = |value: &str| dialect::hex(which, value);
    let columns = rows.iter().filter_map(|(table, alias)| Some(bound(table)?.values_in(alias, &hex)));
    dialect::json_array(which, &head.into_iter().chain(columns.flatten()).collect::<Vec<_>>())
}

fn bytes(table: &str, column: &str) -> bool {
    let kind = bound(table).and_then(|bound| bound.columns.iter().find(|(name, _)| *name == column));
    kind.is_some_and(|(_, kind)| *kind == super::bound::Column::Bytes)
}

/// A row as [`act`] and [`row`] select it.
pub struct Selected<'a> {
    table: &'a str,
    key: Cow<'a, str>,
    code: Cow<'a, str>,
    text: String,
}

impl Selected<'_> {
    /// Its key: the act's id.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The row with its code, to be held against that.
    #[must_use]
    pub fn coded(&self) -> Coded<'_> {
        Coded { table: self.table, key: &self.key, code: &self.code, text: &self.text }
    }
}

/// Takes apart what [`act`] and [`row`] select. What is no such thing has no code.
#[must_use]
pub fn read<'a>(table: &'a str, selected: &'a str) -> Selected<'a> {
    let (mut key, mut code) = (Cow::default(), Cow::default());
    let text = (|| {
        let mut values = serde_json::from_str::<Vec<&RawValue>>(selected).ok()?.into_iter();
        key = text(values.next()?.get())?;
        let given = text(values.next()?.get())?;
        let later = text(values.next()?.get())?;
        let mut row = String::with_capacity(selected.len() * 2);
        bound(table)?.canonical_of(&mut values, &mut row)?;
        if covers(table) != Covers::Row {
            bound("acts")?.canonical_of(&mut values, &mut row)?;
        }
        row.push_str(&later);
        code = given;
        values.next().is_none().then_some(row)
    })();
    match text {
        Some(text) => Selected { table, key, code, text },
        None => Selected { table, key, code: Cow::default(), text: String::new() },
    }
}

/// A row as it is, and its code.
struct Held {
    key: String,
    /// What never changes, or changes with the row.
    base: String,
    /// What may come to it later.
    later: String,
    code: Option<String>,
}

impl Held {
    fn text(&self) -> String {
        format!("{}{}", self.base, self.later)
    }

    /// Whether this act is that one, to which nothing but endings and suspensions came.
    fn follows(&self, was: &Self) -> bool {
        self.base == was.base && was.later.split([',', ';']).all(|part| self.later.contains(part))
    }

    fn is_coded(&self, codes: &RowCodes, table: &str) -> bool {
        let (code, text) = (self.code.as_deref().unwrap_or_default(), self.text());
        codes.holds(Coded { table, key: &self.key, code, text: &text })
    }
}

/// The rows of a table, all or some of them.
fn held(
    conn: &mut Conn,
    (table, key, covers): (&str, &str, Covers),
    some: Option<&[&String]>,
) -> QueryResult<Vec<Held>> {
    let (which, binary) = (dialect::which(conn), bytes(table, key));
    let hex = |value: &str| dialect::hex(which, value);
    let column = if binary { hex(&format!("g.{key}")) } else { format!("g.{key}") };
    let unhex = binary.then(|| dialect::unhex(conn));
    let (acts, joined) = match covers {
        Covers::Row => (String::new(), ""),
        Covers::Act | Covers::Enrolment => {
            (format!(" || {}", canonical("acts", "a", &hex)), "JOIN acts a ON a.id = g.act_id ")
        }
    };
    let (base, later) = (canonical(table, "g", &hex), later(covers, "g", "a"));
    let mut sql = Fragment::new();
    sql.sql(format!(
        "SELECT {column} AS key, {base}{acts} AS base, {later} AS later, k.kid || ':' || k.code AS code FROM {table} g {joined}\
         LEFT JOIN row_codes k ON k.tbl = '{table}' AND k.key = {column} AND k.part = ''"
    ));
    if let Some(some) = some {
        // By the key's own index.
        for (place, one) in some.iter().enumerate() {
            sql.sql(if place == 0 { format!(" WHERE g.{key} IN (") } else { ", ".to_owned() });
            match unhex {
                Some((before, behind)) => sql.sql(before).text(one.as_str()).sql(behind),
                None => sql.text(one.as_str()),
            };
        }
        sql.sql(")");
    }
    let rows: Vec<(String, String, String, Option<String>)> =
        Statement::<(Text, Text, Text, Nullable<Text>)>::new(sql).load(conn)?;
    Ok(rows.into_iter().map(|(key, base, later, code)| Held { key, base, later, code }).collect())
}

/// Whether a change of this table's rows may ask for codes.
pub(super) fn concerns(table: &str) -> bool {
    table == "acts" || table == "suspensions" || CODED.iter().any(|(name, ..)| *name == table)
}

/// Makes codes for the rows that a change has left, before it commits.
///
/// A row that was there before gets one only if it had the right one, as `before`, a connection that sees what was
/// committed last, finds it: what somebody did to it past the server is not made good by a change of the server's own.
/// Unless the change wrote the `whole` of it. For the writer, and for tests that write where it is not asked.
///
/// # Errors
/// The database's.
pub fn write(
    conn: &mut Conn,
    before: &mut Conn,
    codes: &RowCodes,
    touched: &[Touched],
    whole: &[(&'static str, String)],
) -> Result<(), AppError> {
    let keys = keys_of(conn, touched)?;
    for one @ (table, _, covers) in CODED {
        let keys: Vec<&String> = keys.get(table).into_iter().flatten().collect();
        for some in keys.chunks(AT_A_TIME) {
            let now = held(conn, one, Some(some))?;
            // After the rows were read above: whatever is done to them now is not in the texts that get codes.
            let was: BTreeMap<String, Held> =
                held(before, one, Some(some))?.into_iter().map(|held| (held.key.clone(), held)).collect();
            let gone = some.iter().filter(|key| !now.iter().any(|held| held.key == ***key));
            for key in gone {
                diesel::delete(row_codes::table.find((table, key.as_str(), ""))).execute(conn)?;
            }
            for held in now {
                let own = whole.iter().any(|(name, key)| *name == table && *key == held.key);
                let good = own
                    || was
                        .get(&held.key)
                        .is_none_or(|was| was.is_coded(codes, table) && (covers == Covers::Row || held.follows(was)));
                if good {
                    put(conn, codes, table, &held)?;
                } else {
                    tracing::warn!(table, key = held.key, "a row that was changed past the server gets no code");
                }
            }
        }
    }
    Ok(())
}

fn put(conn: &mut Conn, codes: &RowCodes, table: &str, held: &Held) -> Result<(), AppError> {
    let (kid, code) = codes.make(table, &held.key, &held.text())?;
    if held.code.is_some() {
        diesel::update(row_codes::table.find((table, &held.key, "")))
            .set((row_codes::kid.eq(kid), row_codes::code.eq(code)))
            .execute(conn)?;
    } else {
        diesel::insert_into(row_codes::table)
            .values((
                row_codes::tbl.eq(table),
                row_codes::key.eq(&held.key),
                row_codes::part.eq(""),
                row_codes::kid.eq(kid),
                row_codes::code.eq(code),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The keys of the rows whose codes a change has to do with: of those touched, of the acts that were ended, and of the
/// enrolments of who was suspended.
fn keys_of(conn: &mut Conn, touched: &[Touched]) -> QueryResult<BTreeMap<&'static str, BTreeSet<String>>> {
    let mut keys: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let (mut endings, mut suspensions) = (Vec::new(), BTreeSet::new());
    for row in touched {
        if row.table == "acts" && row.row.as_deref().is_none_or(|row| row.contains(";ends_act_id:")) {
            endings.push(&row.key);
        } else if row.table == "suspensions" {
            suspensions.insert(row.key.clone());
        } else if let Some((table, ..)) = CODED.iter().find(|(table, ..)| *table == row.table) {
            keys.entry(table).or_default().insert(row.key.clone());
        }
    }
    for some in endings.chunks(AT_A_TIME) {
        let mut sql = Fragment::new();
        sql.sql("SELECT b.id, b.kind FROM acts n JOIN acts b ON b.id = n.ends_act_id WHERE n.id IN (''");
        for key in some {
            sql.sql(", ").text(key.as_str());
        }
        sql.sql(")");
        for (act, kind) in Statement::<(Text, Text)>::new(sql).load::<(String, String)>(conn)? {
            let table = match kind.as_str() {
                "standing" => "standings",
                "designation" => "designations",
                "enrolment" => "enrolments",
                "participation" => "participations",
                "adoption" | "publication" => "conclusion_acts",
                "admission" => "admissions",
                "release" => "releases",
                "suspension" => {
                    suspensions.insert(act);
                    continue;
                }
                _ => continue,
            };
            keys.entry(table).or_default().insert(act);
        }
    }
    let suspensions: Vec<String> = suspensions.into_iter().collect();
    for some in suspensions.chunks(AT_A_TIME) {
        let mut sql = Fragment::new();
        sql.sql(
            "SELECT g.act_id FROM enrolments g JOIN suspensions u ON u.person_id = g.person_id WHERE u.act_id IN (''",
        );
        for key in some {
            sql.sql(", ").text(key.as_str());
        }
        sql.sql(")");
        keys.entry("enrolments").or_default().extend(Statement::<Text>::new(sql).load::<String>(conn)?);
    }
    Ok(keys)
}

/// Names in words the rows that have no code, or not theirs.
///
/// # Errors
/// The database's.
pub fn verify(conn: &mut Conn, codes: &RowCodes) -> QueryResult<Vec<String>> {
    let mut found = Vec::new();
    for one @ (table, ..) in CODED {
        for held in held(conn, one, None)?.iter().filter(|held| !held.is_coded(codes, table)) {
            let what =
                if held.code.is_some() { "has not its authentication code" } else { "has no authentication code" };
            found.push(format!("{table} {}: this row {what}", held.key));
        }
    }
    Ok(found)
}

/// Makes codes under the newest key: for the rows whose code holds under an older one, and, with `all`, for every row
/// that has none that holds. Answers how many of the one and of the other there are.
///
/// # Errors
/// The database's.
pub(crate) fn make_anew(conn: &mut Conn, codes: &RowCodes, all: bool) -> Result<(usize, usize), AppError> {
    let (mut renewed, mut lacking) = (0_usize, 0_usize);
    for one @ (table, ..) in CODED {
        for held in held(conn, one, None)? {
            let good = held.is_coded(codes, table);
            let newest = codes.names().next().zip(held.code.as_deref());
            if good && newest.is_some_and(|(name, code)| code.split_once(':').is_some_and(|(kid, _)| kid == name)) {
                continue;
            }
            if good || all {
                put(conn, codes, table, &held)?;
            }
            let count = if good { &mut renewed } else { &mut lacking };
            *count = count.saturating_add(1);
        }
    }
    Ok((renewed, lacking))
}

/// Whether there are codes, and whether all are under keys of this node.
///
/// # Errors
/// The database's.
pub fn known(conn: &mut Conn, codes: &RowCodes) -> QueryResult<(bool, bool)> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Nullable<Text>)]
        kid: Option<String>,
    }
    // Two ends of an index, whatever the number of rows: between a node's own keys others could hide, but each of
    // their rows is refused in any case.
    let ends: Vec<Name> =
        sql_query("SELECT MIN(kid) AS kid FROM row_codes UNION ALL SELECT MAX(kid) FROM row_codes").load(conn)?;
    let kids: Vec<&str> = ends.iter().filter_map(|name| name.kid.as_deref()).collect();
    Ok((!kids.is_empty(), kids.iter().all(|kid| codes.names().any(|name| name == *kid))))
}
