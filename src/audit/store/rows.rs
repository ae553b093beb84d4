//! Binding rows to entries: which rows a change has touched, and how it left each. Whoever changes a row past the
//! server leaves a digest that does not fit.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use crate::audit::model::rows::{self as model, Binding, Touched};
use crate::db::bound::{BOUND, Bound};
use crate::db::schema::audit_bindings;
use crate::db::{Conn, dialect};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    part: String,
    #[diesel(sql_type = Nullable<Text>)]
    row: Option<String>,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    tbl: String,
}

fn spelled(conn: &Conn, bound: &Bound) -> (String, [String; 2]) {
    let hex = |value: &str| dialect::hex(dialect::which(conn), value);
    (bound.canonical(&hex), bound.key(&hex))
}

/// The rows that were touched in this transaction since the last call, each as it is now.
///
/// # Errors
/// The database's.
pub fn take_touched(conn: &mut Conn) -> QueryResult<Vec<Touched>> {
    let tables: Vec<Name> = sql_query("SELECT DISTINCT tbl FROM audit_touched").load(conn)?;
    let mut touched = Vec::new();
    for bound in BOUND.iter().filter(|bound| tables.iter().any(|one| one.tbl == bound.table)) {
        let (canonical, [key, part]) = spelled(conn, bound);
        let table = bound.table;
        let lines: Vec<Line> = sql_query(format!(
            "SELECT DISTINCT t.key, t.part, CASE WHEN x.{} IS NULL THEN NULL ELSE {canonical} END AS row FROM audit_touched t \
             LEFT JOIN {table} x ON {key} = t.key AND {part} = t.part WHERE t.tbl = '{table}'",
            bound.keys.first().copied().unwrap_or_default()
        ))
        .load(conn)?;
        touched.extend(lines.into_iter().map(|Line { key, part, row }| Touched { table: bound.table, key, part, row }));
    }
    if !tables.is_empty() {
        sql_query("DELETE FROM audit_touched").execute(conn)?;
    }
    touched.sort_by(|a, b| (a.table, &a.key, &a.part).cmp(&(b.table, &b.key, &b.part)));
    Ok(touched)
}

/// The bindings of an entry.
///
/// # Errors
/// The database's.
pub(super) fn of(conn: &mut Conn, seq: i64) -> QueryResult<Vec<Binding>> {
    let rows: Vec<(String, String, String, Vec<u8>)> = audit_bindings::table
        .filter(audit_bindings::seq.eq(seq))
        .select((audit_bindings::tbl, audit_bindings::key, audit_bindings::part, audit_bindings::digest))
        .load(conn)?;
    let binding = |(table, key, part, digest): (_, _, _, Vec<u8>)| {
        Some(Binding { table, key, part, digest: digest.try_into().ok()? })
    };
    Ok(rows.into_iter().filter_map(binding).collect())
}

/// Whether any row is bound yet.
///
/// # Errors
/// The database's.
pub(in crate::audit) fn binds(conn: &mut Conn) -> QueryResult<bool> {
    audit_bindings::table.select(audit_bindings::seq).first::<i64>(conn).optional().map(|first| first.is_some())
}

/// Lets every row that is bound to nothing yet count as touched in this transaction, so that it is bound to the
/// entry that the caller logs. Answers how many there are.
///
/// # Errors
/// The database's.
pub(in crate::audit) fn touch_unbound(conn: &mut Conn) -> QueryResult<usize> {
    let mut count = 0_usize;
    for bound in BOUND {
        let (_, [key, part]) = spelled(conn, bound);
        let table = bound.table;
        let touched = sql_query(format!(
            "INSERT INTO audit_touched SELECT '{table}', {key}, {part} FROM {table} x WHERE NOT EXISTS \
             (SELECT 1 FROM audit_bindings b WHERE b.tbl = '{table}' AND b.key = {key} AND b.part = {part})"
        ))
        .execute(conn)?;
        count = count.saturating_add(touched);
    }
    Ok(count)
}

/// What one of some entries has bound of a row, when none has bound it since; and what the row is.
#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    part: String,
    #[diesel(sql_type = Nullable<Text>)]
    present: Option<String>,
    #[diesel(sql_type = Binary)]
    digest: Vec<u8>,
}

fn numbers(seqs: impl Iterator<Item = i64>) -> String {
    seqs.map(|seq| seq.to_string()).collect::<Vec<_>>().join(", ")
}

/// Lets the rows that these entries (number and salt) have bound last count as touched, so that they are bound to the
/// entry that the caller logs: without an entry's salt, nobody could check its rows. Each is held against the entry
/// first. Answers those that differ, in words, with the number of the entry: such an entry must not be erased, and
/// none of its rows is bound anew.
///
/// # Errors
/// The database's; also where a row was changed past the server in this very moment.
pub(in crate::audit) fn bind_anew(conn: &mut Conn, entries: &[(i64, Vec<u8>)]) -> QueryResult<Vec<(i64, String)>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let all = numbers(entries.iter().map(|(seq, _)| *seq));
    let last = format!(
        "b.seq IN ({all}) AND NOT EXISTS (SELECT 1 FROM audit_bindings n WHERE n.tbl = b.tbl AND n.key = b.key AND n.part = b.part AND n.seq > b.seq)"
    );
    let tables: Vec<Name> =
        sql_query(format!("SELECT DISTINCT b.tbl FROM audit_bindings b WHERE {last}")).load(conn)?;
    // First, so that whoever changes one of them from now on waits for this transaction's end: its trigger wants the
    // same place.
    sql_query(format!("INSERT INTO audit_touched SELECT b.tbl, b.key, b.part FROM audit_bindings b WHERE {last}"))
        .execute(conn)?;
    let (mut wrong, mut gone, mut of) = (Vec::new(), Vec::new(), Vec::new());
    for bound in BOUND.iter().filter(|bound| tables.iter().any(|one| one.tbl == bound.table)) {
        let (canonical, [key, part]) = spelled(conn, bound);
        let (table, first) = (bound.table, bound.keys.first().copied().unwrap_or_default());
        let rows: Vec<Last> = sql_query(format!(
            "SELECT b.seq, b.key, b.part, CASE WHEN x.{first} IS NULL THEN NULL ELSE {canonical} END AS present, b.digest \
             FROM audit_bindings b LEFT JOIN {table} x ON {key} = b.key AND {part} = b.part WHERE b.tbl = '{table}' AND {last}"
        ))
        .load(conn)?;
        for Last { seq, key, part, present, digest } in rows {
            let salt = entries.iter().find(|(one, _)| *one == seq).map(|(_, salt)| salt.as_slice()).unwrap_or_default();
            if model::digest(salt, table, &key, &part, present.as_deref())[..] != digest {
                wrong.push((seq, format!("{table} {key} {part}").trim_end().to_owned()));
            }
            if present.is_none() {
                gone.push((table, key.clone(), part.clone()));
            }
            of.push((seq, table, key, part));
        }
    }
    // A row that has ended stays bound to nothing: put back, it is one that no entry tells of.
    let kept = of.into_iter().filter(|(seq, ..)| wrong.iter().any(|(one, _)| one == seq));
    for (table, key, part) in kept.map(|(_, table, key, part)| (table, key, part)).chain(gone) {
        sql_query("DELETE FROM audit_touched WHERE tbl = $1 AND key = $2 AND part = $3")
            .bind::<Text, _>(table)
            .bind::<Text, _>(key)
            .bind::<Text, _>(part)
            .execute(conn)?;
    }
    Ok(wrong)
}

/// Takes away what entries that are erased have bound.
///
/// # Errors
/// The database's.
pub(in crate::audit) fn forget(conn: &mut Conn, seqs: &[i64]) -> QueryResult<()> {
    diesel::delete(audit_bindings::table.filter(audit_bindings::seq.eq_any(seqs))).execute(conn).map(drop)
}

/// What is bound of a row last, and what the row is.
#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    part: String,
    #[diesel(sql_type = Nullable<Text>)]
    present: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    digest: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    salt: Option<Vec<u8>>,
}

/// Holds every row against what the log says that it must be, and names in words those that differ; `progress` is told
/// how many were looked at.
///
/// # Errors
/// The database's.
pub fn verify_rows(conn: &mut Conn, progress: &mut dyn FnMut(usize)) -> QueryResult<Vec<String>> {
    let (mut found, mut count) = (Vec::new(), 0_usize);
    for bound in BOUND {
        verify_table(conn, bound, &mut found, &mut count)?;
        progress(count);
    }
    Ok(found)
}

/// As [`verify_rows`], of some tables.
///
/// # Errors
/// The database's.
pub(in crate::audit) fn verify_tables(conn: &mut Conn, tables: &[&str]) -> QueryResult<Vec<String>> {
    let mut found = Vec::new();
    for bound in BOUND.iter().filter(|bound| tables.contains(&bound.table)) {
        verify_table(conn, bound, &mut found, &mut 0)?;
    }
    Ok(found)
}

fn verify_table(conn: &mut Conn, bound: &Bound, found: &mut Vec<String>, count: &mut usize) -> QueryResult<()> {
    let (canonical, [key, part]) = spelled(conn, bound);
    let (table, first) = (bound.table, bound.keys.first().copied().unwrap_or_default());
    let last = format!(
        "SELECT b.key, b.part, b.digest, e.salt FROM audit_bindings b JOIN audit_entries e ON e.seq = b.seq WHERE b.tbl = '{table}' \
         AND b.seq = (SELECT MAX(n.seq) FROM audit_bindings n WHERE n.tbl = b.tbl AND n.key = b.key AND n.part = b.part)"
    );
    // Two halves, since not every database has a full outer join: the rows that there are, and those bound that
    // are not there.
    let held: Vec<Held> = sql_query(format!(
        "SELECT {key} AS key, {part} AS part, {canonical} AS present, l.digest, l.salt FROM {table} x LEFT JOIN ({last}) l \
         ON l.key = {key} AND l.part = {part} UNION ALL \
         SELECT l.key, l.part, NULL, l.digest, l.salt FROM ({last}) l LEFT JOIN {table} x ON {key} = l.key AND {part} = l.part \
         WHERE x.{first} IS NULL"
    ))
    .load(conn)?;
    for Held { key, part, present, digest, salt } in held {
        let name = format!("{table} {key} {part}");
        let name = name.trim_end();
        match (digest, salt) {
            (None, _) => found.push(format!("{name}: no entry tells of this row")),
            (Some(_), None) => found.push(format!("{name}: the entry that tells of this row was erased")),
            (Some(digest), Some(salt)) => {
                let fits = |row| model::digest(&salt, table, &key, &part, row)[..] == digest;
                if !fits(present.as_deref()) {
                    found.push(match present {
                        Some(_) if fits(None) => format!("{name}: this row was ended by an entry, and is there"),
                        Some(_) => format!("{name}: this row is not as the last entry left it"),
                        None => format!("{name}: this row is gone, and no entry tells of that"),
                    });
                }
            }
        }
        *count = count.saturating_add(1);
    }
    Ok(())
}

/// Records how an entry's change left its rows. Answers how many statements that took.
///
/// # Errors
/// The database's.
pub(super) fn insert(conn: &mut Conn, seq: i64, bindings: &[Binding]) -> QueryResult<u64> {
    for binding in bindings {
        diesel::insert_into(audit_bindings::table)
            .values((
                audit_bindings::seq.eq(seq),
                audit_bindings::tbl.eq(&binding.table),
                audit_bindings::key.eq(&binding.key),
                audit_bindings::part.eq(&binding.part),
                audit_bindings::digest.eq(&binding.digest[..]),
            ))
            .execute(conn)?;
    }
    Ok(u64::try_from(bindings.len()).unwrap_or_default())
}
