//! Each check, shown to find what it is for on made-up snippets, and nothing where there is nothing.

use super::*;

/// Asserts that the check finds something in each bad snippet and nothing in each good one.
#[track_caller]
fn on(check: fn(&Source) -> Vec<String>, path: &str, bad: &[&str], good: &[&str]) {
    for text in bad {
        assert!(!check(&Source::new(path, text)).is_empty(), "should be found in {path}: {text}");
    }
    for text in good {
        let found = check(&Source::new(path, text));
        assert!(found.is_empty(), "should not be found in {path}: {text}: {found:?}");
    }
}

#[test]
fn diesel() {
    let bad = [
        "use diesel::prelude::*;",
        "use diesel::{QueryResult, RunQueryDsl};",
        "fn f() { diesel::insert_into(t) }",
        "use crate::db::schema::acts;",
        "use crate::db::{Work, schema};",
        "use super::super::super::db::schema::acts;",
        "use crate::db::fragment::Fragment;",
        "fn f() { people.load(work.conn) }",
        "#[diesel(table_name = acts)] struct A;",
    ];
    let good = [
        "use diesel::QueryResult;",
        "use crate::server::registry::schema;\nfn f() { schema::<A>() }",
        "// use diesel::prelude::*;",
        "const A: &str = \"diesel::prelude\";",
        "#[cfg(test)]\nmod tests { use diesel::prelude::*; }",
    ];
    on(diesel_outside_stores, "src/network/service/people.rs", &bad, &good);
    on(
        diesel_outside_stores,
        "src/ids.rs",
        &bad[..7],
        &["use diesel::serialize::ToSql;", "#[diesel(sql_type = A)] struct B;"],
    );
    on(diesel_outside_stores, "src/seal/secret.rs", &["use diesel::serialize::ToSql;"], &[]);
    on(diesel_outside_stores, "src/network/store/people.rs", &[], &bad);
}

#[test]
fn transactions() {
    let bad = [
        "fn f() { conn.transaction(|c| g(c)) }",
        "fn f() { conn.batch_execute(x) }",
        "const A: &str = \"BEGIN IMMEDIATE\";",
        "const A: &str = r#\"ROLLBACK\"#;",
        "const A: &str = \"SAVEPOINT a\";",
    ];
    let good = ["// BEGIN\nfn begin() {}", "const A: &str = \"BEGINNING\";"];
    on(transactions_outside_db, "src/network/store/people.rs", &bad, &good);
    on(transactions_outside_db, "src/db/writer.rs", &[], &bad);
}

#[test]
fn permits() {
    let bad = [
        "fn f() { Permit { thing, facts, action: PhantomData } }",
        "fn f() { Ok(Permit::<A, T> { thing }) }",
        "fn f() { Filter { condition } }",
        "fn f() { Key(()) }",
    ];
    let good = [
        "impl<A, T> Permit<A, T> { }",
        "fn f() -> Permit { }",
        "struct KeyFile { }",
        "// Permit { }",
        "fn f(permit: &Permit<A, T>) { }",
    ];
    on(made_elsewhere, "src/access/acts.rs", &bad, &good);
    on(made_elsewhere, "src/access/permit.rs", &bad[3..], &bad[..3]);
}

#[test]
fn lower_and_upper() {
    let bad = [
        "use crate::network::names::Names;",
        "use crate::{ids, identity::Identity};",
        "fn f() { crate::rooms::open() }",
        "use super::super::cases;",
        "use crate::app;",
    ];
    let good = ["use crate::access::Asker;", "fn f() { network::g() }", "use crate::networking::X;"];
    on(lower_knows_upper, "src/audit/store.rs", &bad, &good);
    on(lower_knows_upper, "src/input.rs", &["use crate::library::A;"], &[]);
    on(lower_knows_upper, "src/meetings/store/a.rs", &[], &bad);
}

#[test]
fn what_the_witness_knows() {
    let bad = ["use crate::db::Db;", "use crate::audit::Publisher;", "use crate::network::model::Role;"];
    let good = ["use crate::audit::model::note::Note;", "use crate::server::{How, listen};", "use std::fs;"];
    on(witness_knows_the_server, "src/witness/mod.rs", &bad, &good);
    on(witness_knows_the_server, "src/cli/witness.rs", &[], &bad);
    on(lower_knows_upper, "src/audit/publish.rs", &["use crate::witness::Witness;"], &[]);
}

#[test]
fn stores_of_others() {
    let bad = [
        "use crate::network::store::PersonRecord;",
        "use crate::network::{store, model};",
        "fn f() { crate::rooms::opening::store::insert_room() }",
        "use crate::audit::store::verify;",
    ];
    let good = ["use super::store;", "use crate::identity::store;", "use crate::network::model::Role;"];
    on(foreign_stores, "src/identity/service.rs", &bad, &good);
}

#[test]
fn models() {
    let bad = [
        "use diesel::prelude::*;",
        "use crate::db::Conn;",
        "fn f(work: &mut Work<'_>) {}",
        "fn f(a: A) { g(a.conn) }",
        "use std::fs;",
        "use crate::server::Answer;",
    ];
    let good = ["use crate::text_enum;", "use crate::access::acts::ActKind;", "use crate::input;"];
    on(io_in_models, "src/network/model/party.rs", &bad, &good);
    on(io_in_models, "src/identity/model.rs", &bad, &good);
    on(io_in_models, "src/identity/service.rs", &[], &bad);
}

#[test]
fn clocks() {
    let bad = [
        "fn f() { std::time::Instant::now() }",
        "fn f() { SystemClock.now() }",
        "const A: &str = \"SELECT random()\";",
        "use aws_lc_rs::rand::SystemRandom;",
        "const A: &str = \"recorded_us = CURRENT_TIMESTAMP\";",
    ];
    on(clock_or_chance, "src/network/service/people.rs", &bad, &["fn f() { work.now }", "// SystemClock"]);
    on(clock_or_chance, "src/server/body.rs", &bad[1..], &bad[..1]);
}

#[test]
fn permits_asked_for() {
    let bad = [
        "pub fn f(conn: &mut Conn, id: &PersonId) -> QueryResult<()> {}",
        "pub(in crate::meetings) fn f(\n    conn: &mut Conn,\n) {}",
        "impl A {\n    pub(super) fn f(&self, conn: &mut Conn) {}\n}",
        "pub(crate) fn f(work: &mut Work<'_>) {}",
    ];
    let good = [
        "fn f(conn: &mut Conn) {}",
        "pub fn f(conn: &mut Conn, permit: &Permit<A, T>) {}",
        "pub fn f(\n    conn: &mut Conn,\n    filter: Filter<A>,\n) {}",
        "pub fn f(id: &PersonId) {}",
    ];
    on(without_permit, "src/network/store/people.rs", &bad, &good);
    on(without_permit, "src/network/service/people.rs", &[], &bad);
    assert!(!excused("src/network/store/people.rs", "suspend") && excused("src/network/store/host.rs", "anything"));
}

#[test]
fn length() {
    on(too_long, "src/a.rs", &[&"a\n".repeat(MOST_LINES + 1)], &[&"a\n".repeat(MOST_LINES)]);
}

#[test]
fn reading() {
    let source = Source::new(
        "src/a/b.rs",
        "use crate::x::{self, y::{Z as W, V}, *};\nuse super::c;\nfn f<'a>(q: &'a str) -> char { let s = \"crate::no\"; d::e(); 'x' }",
    );
    let paths: Vec<_> = source.references().into_iter().map(|one| (one.line, one.path)).collect();
    let expected = [
        (1, "crate::x"),
        (1, "crate::x::y::Z"),
        (1, "crate::x::y::V"),
        (1, "crate::x::*"),
        (2, "crate::a::c"),
        (3, "d::e"),
    ];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
}
