//! Every row is bound to the log: what somebody does to one past the server is found, and named.

use diesel::connection::SimpleConnection;
use incamera::audit::service::bind_rows;
use incamera::audit::{self, Entry, Event};
use incamera::error::Fault;
use serde_json::json;

use super::tree::grow;
use crate::both;
use crate::support::database::Kind;
use crate::support::made::{self, text};
use crate::support::scene::{bare_scene, inside, note};
use crate::support::{Tables, TestServer, World, process};

pub fn found(tables: &mut Tables) -> Vec<String> {
    audit::verify(tables.conn(), &mut |_| {}).expect("the log itself is whole");
    audit::verify_rows(tables.conn(), &mut |_| {}).unwrap()
}

both!(a_row_that_is_changed_by_hand_is_named, |server: TestServer| {
    let mut world = World::new(server);
    let scene = bare_scene(&world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let written = text(&fr.post(&notes, &note("A", "one")).expect(201), "id");
    fr.put(&format!("{notes}/{written}"), 1, &note("A", "two")).expect(200);
    let (fr, de) = (world.person("fr"), world.person("de"));
    let mut tables = Tables::of(&world.server);
    assert_eq!(found(&mut tables), Vec::<String>::new());
    let ending = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
    let act = |person: &str, table: &str| format!("(SELECT MIN(act_id) FROM {table} WHERE person_id = '{person}')");
    let (fr_act, de_act) = (act(fr.as_str(), "designations"), act(de.as_str(), "designations"));

    let tamperings = [
        ("a role", "designations", format!("UPDATE designations SET role = 'auditor' WHERE act_id = {fr_act}"), "not as"),
        ("a designation forged", "designations", format!("INSERT INTO acts SELECT '{ending}', kind, ends_act_id, effective_us, until_us, recorded_us, recorded_by, source FROM acts WHERE id = {fr_act}; INSERT INTO designations SELECT '{ending}', party_id, '{de}', role, function, stand_in_for FROM designations WHERE act_id = {fr_act}"), "no entry tells"),
        ("a right made longer", "acts", format!("UPDATE acts SET until_us = effective_us + 999999999999999 WHERE id = {de_act}"), "not as"),
        ("an admission moved", "admissions", format!("UPDATE admissions SET person_id = '{de}' WHERE room_id = '{}' AND person_id = '{fr}'", scene.room), "not as"),
        ("an admission gone", "admissions", format!("DELETE FROM admissions WHERE room_id = '{}' AND person_id = '{fr}'", scene.room), "is gone"),
        ("a password", "accounts", format!("UPDATE accounts SET verifier = salt WHERE person_id = '{fr}'"), "not as"),
        ("an account's address", "accounts", format!("UPDATE accounts SET email = 'other@elsewhere.example' WHERE person_id = '{fr}'"), "not as"),
        ("a second factor", "accounts", format!("UPDATE accounts SET totp_seed = NULL WHERE person_id = '{fr}'"), "not as"),
        ("a log-in revived", "sign_ins", "UPDATE sign_ins SET expires_us = expires_us + 1".into(), "not as"),
        ("a note's words", "note_versions", "UPDATE note_versions SET words = title WHERE version = 2".into(), "not as"),
        ("a note's first words put back", "note_versions", "UPDATE note_versions SET words = (SELECT words FROM note_versions o WHERE o.version = 1 AND o.note_id = note_versions.note_id) WHERE version = 2".into(), "not as"),
        ("a version gone", "note_versions", "DELETE FROM note_versions WHERE version = 2".into(), "is gone"),
        ("a party's kind", "parties", "UPDATE parties SET kind = 'organisation' WHERE code = 'FR'".into(), "not as"),
        ("a name", "people", format!("UPDATE people SET name = name || ' ' WHERE id = '{fr}'"), "not as"),
    ];
    for (what, table, statements, words) in tamperings {
        tables.execute("BEGIN");
        tables.execute(&statements);
        let named = found(&mut tables);
        tables.execute("ROLLBACK");
        assert!(named.iter().any(|one| one.starts_with(table) && one.contains(words)), "{what}: {named:?}");
    }
    assert_eq!(found(&mut tables), Vec::<String>::new());

    // And not even who edits the bindings with it gets away.
    for (what, statement) in [
        (
            "a binding",
            "UPDATE audit_bindings SET digest = (SELECT o.digest FROM audit_bindings o WHERE o.seq = 1 LIMIT 1) WHERE tbl = 'people'",
        ),
        ("a binding gone", "DELETE FROM audit_bindings WHERE tbl = 'note_versions' AND part = '2'"),
        (
            "a binding of nothing",
            "INSERT INTO audit_bindings SELECT 99999, tbl, key, part, digest FROM audit_bindings WHERE tbl = 'parties'",
        ),
        ("a binding moved", "UPDATE audit_bindings SET seq = seq + 1 WHERE tbl = 'note_versions'"),
    ] {
        tables.execute("BEGIN");
        tables.execute(statement);
        assert!(audit::verify(tables.conn(), &mut |_| {}).is_err(), "{what} was not noticed");
        tables.execute("ROLLBACK");
    }

    // The operator's command says the same.
    let config = world.server.settings.base.join("incamera.toml");
    let run = || {
        process::incamera().args(["audit", "verify", "--deep", "--config", config.to_str().unwrap()]).output().unwrap()
    };
    let output = run();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("rows: each is as the log says"));
    tables.execute(&format!("UPDATE people SET name = 'Other' WHERE id = '{fr}'"));
    let output = run();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&output.stdout)
            .contains(&format!("people {fr}: this row is not as the last entry left it"))
    );
});

both!(who_leaves_tracks_is_in_the_log_with_the_next_change, |server: TestServer| {
    let world = World::new(server);
    let fr = world.person("fr");
    let mut tables = Tables::of(&world.server);
    let mut other = world.server.url().open_writer().unwrap();
    other.batch_execute(&format!("UPDATE people SET name = 'Other' WHERE id = '{fr}'")).unwrap();
    let size = tables.size();
    grow(&world.server, 1);
    let entries = tables.entries(size);
    assert_eq!(entries[0]["event"], "row_found");
    assert_eq!(entries[0]["thing"], json!({"kind": "row", "id": format!("people/{fr}/")}));
    assert_eq!((entries.len(), &entries[1]["event"]), (2, &json!("operator_acted")));
    grow(&world.server, 1);
    assert_eq!(tables.entries(size).len(), 3, "it is told once");
    assert!(found(&mut tables).iter().any(|one| one.contains(fr.as_str())), "and stays wrong");
    // Of very many, some are named and the rest is counted.
    other.batch_execute("INSERT INTO meeting_topics SELECT id, id, 1, 'x' FROM meetings; UPDATE parties SET recorded_us = recorded_us + 1; UPDATE people SET recorded_us = recorded_us + 1; UPDATE acts SET recorded_us = recorded_us + 1").unwrap();
    let size = tables.size();
    grow(&world.server, 1);
    let entries = tables.entries(size);
    assert_eq!(entries.len(), 22);
    assert!(entries[20]["count"].as_i64().unwrap() > 10);
});

both!(nothing_changes_without_an_entry, |server: TestServer| {
    let world = World::new(server);
    let mut tables = Tables::of(&world.server);
    let before = tables.rows();
    let silent = world
        .server
        .db
        .write_blocking(|work| work.conn.batch_execute("UPDATE people SET name = name || '!'").map_err(Into::into));
    assert_eq!(silent.unwrap_err().fault, Fault::Internal);
    assert_eq!(tables.rows(), before);
    world.server.unit(|work| {
        work.log(Entry::new(Event::OperatorActed));
        work.conn.batch_execute("UPDATE people SET name = name || '!'").map_err(Into::into)
    });
    assert_eq!(found(&mut tables), Vec::<String>::new(), "with an entry, it is the server's own");
});

both!(what_was_there_before_is_bound_once, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let mut tables = Tables::of(&world.server);
    // As a table that a migration has filled.
    tables.execute(&format!(
        "INSERT INTO meeting_topics VALUES ('3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11', '{meeting}', 7, 'Topic')"
    ));
    assert_eq!(found(&mut tables).len(), 1);
    assert_eq!(world.server.unit(|work| bind_rows(work, 1)), 1);
    assert_eq!(found(&mut tables), Vec::<String>::new());
    let size = tables.size();
    assert_eq!(world.server.unit(|work| bind_rows(work, 1)), 0);
    assert_eq!(tables.size(), size, "nothing to tell");
    let last = tables.entries(size - 1);
    assert_eq!((&last[0]["event"], &last[0]["count"]), (&json!("rows_bound"), &json!(1)));
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM audit_touched"), 0);
});

// A database from before the log bound rows is brought up to date by the command: without a key to sign with, which
// such a server did not have yet, and whatever an earlier try left undone.
both!(a_database_from_before_is_bound_by_the_command, |server: TestServer| {
    let config = server.settings.base.join("incamera.toml");
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let (sqlite, _) = incamera::db::migrate::listed().unwrap();
    let folder = if server.kind == Kind::Sqlite { "sqlite" } else { "postgres" };
    // Those that came later may stand on it.
    let later = sqlite.iter().rev().take_while(|name| name.as_str() != "2026-11-25-000010_tree");
    let undo: Vec<String> = later
        .map(|name| std::fs::read_to_string(migrations.join(folder).join(name).join("down.sql")).unwrap())
        .collect();
    let undo = undo.join(";");
    let mut tables = Tables::of(&server);
    let row = "INSERT INTO parties VALUES ('3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11', 'state', 'XX', 1)";
    let before = format!("{undo}; DELETE FROM __diesel_schema_migrations WHERE version >= '20261125000011'; {row}");
    let mut conn = server.url().open_writer().unwrap();
    conn.batch_execute(&before).unwrap();
    std::fs::remove_file(server.settings.base.join("keys/log.key")).unwrap();
    // As far as a try came that was interrupted.
    incamera::db::migrate::run(&server.url(), false).unwrap();
    assert_eq!(found(&mut tables).len(), 1);
    let run = || process::incamera().args(["db", "migrate", "--config", config.to_str().unwrap()]).output().unwrap();
    let output = run();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(found(&mut tables), Vec::<String>::new());
    assert_eq!(tables.entries(0).last().unwrap()["event"], "rows_bound");
    // From then on it is nothing to be done again: what is put in by hand must not come to count as right.
    tables.execute("INSERT INTO parties VALUES ('4e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11', 'state', 'YY', 1)");
    let output = run();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("Nothing to do"));
    assert_eq!(found(&mut tables).len(), 1);
});
