//! The key: exchanged, rotated, lost; and a database from before there was one.

use std::fs;
use std::process::Output;

use diesel::connection::SimpleConnection;

use super::{Hand, log_in};
use crate::both;
use crate::support::database::Kind;
use crate::support::world::PASSWORD;
use crate::support::{TestServer, World, process, tables};

/// Runs the program on a server's folder.
pub fn command(server: &TestServer, arguments: &[&str]) -> Output {
    let config = server.settings.base.join("incamera.toml");
    process::incamera().args(arguments).args(["--config", config.to_str().unwrap()]).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

both!(under_another_key_everything_is_refused, |server| {
    let mut world = World::new(server);
    world.seed("fr");
    tables::put_hand_to(&world.server.settings);
    let (file, email) = (world.server.settings.base.join("keys/rows.key"), World::email("fr"));
    let old = fs::read_to_string(&file).unwrap();
    let new = "08".repeat(32);
    // What a node that starts with this file answers: a log-in, and whether it is ready.
    let answers = |world: &mut World, keys: &str| {
        fs::write(&file, keys).unwrap();
        let beside = world.server.beside(&[]);
        let here = std::mem::replace(&mut world.server, beside);
        let answers = (log_in(world, &email, PASSWORD, None), world.server.client().get("/readyz").status);
        drop(std::mem::replace(&mut world.server, here));
        answers
    };
    let recode = |world: &World| command(&world.server, &["audit", "recode", "--reason", "a test of the key"]);
    assert_eq!(answers(&mut world, &old), (200, 200));
    assert_eq!(answers(&mut world, &new), (401, 503));
    // Rotation: first beside the old one, then alone.
    assert_eq!(answers(&mut world, &format!("{new}\n{old}")), (200, 200));
    let output = recode(&world);
    assert!(output.status.success() && said(&output).contains(" 0 made"), "{}", said(&output));
    assert_eq!(answers(&mut world, &new), (200, 200));
    // Lost: what is there counts as right, if the log says the same.
    fs::remove_file(&file).unwrap();
    let output = recode(&world);
    assert!(output.status.success() && said(&output).contains("0 codes were renewed"), "{}", said(&output));
    let third = fs::read_to_string(&file).unwrap();
    assert_eq!(answers(&mut world, &third), (200, 200));
    let mut hand = Hand::on(&world);
    let last = hand.tables.entries(0);
    let coded = last.iter().rev().find(|entry| entry["event"] == "rows_coded").unwrap();
    assert_eq!(coded["purpose"], "a test of the key");
    // But nothing that somebody wrote by hand comes to count as right.
    fs::remove_file(&file).unwrap();
    hand.tables.execute("UPDATE designations SET role = 'auditor' WHERE role = 'secretariat_officer'");
    let output = recode(&world);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("not as the last entry left it"), "{}", said(&output));
    let third = fs::read_to_string(&file).unwrap();
    assert_eq!(answers(&mut world, &third), (401, 503));
});

both!(a_database_from_before_gets_its_codes_once, |server| {
    let mut world = World::new(server);
    world.seed("fr");
    tables::put_hand_to(&world.server.settings);
    let email = World::email("fr");
    let undo = match world.server.kind {
        Kind::Sqlite => include_str!("../../../migrations/sqlite/2026-11-28-000014_row_codes/down.sql"),
        Kind::Postgres => include_str!("../../../migrations/postgres/2026-11-28-000014_row_codes/down.sql"),
    };
    let mut conn = world.server.url().open_writer().unwrap();
    conn.batch_execute(&format!("{undo}; DELETE FROM __diesel_schema_migrations WHERE version = '20261128000014'"))
        .unwrap();
    fs::remove_file(world.server.settings.base.join("keys/rows.key")).unwrap();
    assert!(said(&command(&world.server, &["serve"])).contains("db migrate"));
    let output = command(&world.server, &["db", "migrate"]);
    assert!(output.status.success() && said(&output).contains("authentication codes"), "{}", said(&output));
    let beside = world.server.beside(&[]);
    let here = std::mem::replace(&mut world.server, beside);
    assert_eq!(log_in(&world, &email, PASSWORD, None), 200);
    // Taken away, they are not made again by the same command.
    let mut hand = Hand::on(&world);
    hand.tables.execute("DELETE FROM row_codes WHERE tbl = 'accounts'");
    assert!(command(&world.server, &["db", "migrate"]).status.success());
    assert_eq!(log_in(&world, &email, PASSWORD, None), 401);
    drop(std::mem::replace(&mut world.server, here));
});
