//! The log as an outsider checks it, with Google's code for transparency logs (`tests/outside`).

use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;
use incamera::audit::{Entry, Event};
use incamera::db::{dialect, migrate};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::tree::grow;
use crate::both;
use crate::support::database::Kind;
use crate::support::made::{self, text};
use crate::support::scene::note;
use crate::support::witness::Witness;
use crate::support::{Tables, TestServer, World};

/// Builds the check, once; fetches what it is made of where that is not there.
fn check() -> Command {
    let made = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside/go")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Command::new(String::from_utf8(made.stdout).unwrap().trim())
}

/// Lets the log be one of so many entries that were erased since: the tree over them is as large, and is made by the
/// same code as any other, a hundred times as fast as by working.
fn history(server: &TestServer, count: u64) {
    let (random, zeros) = match server.kind {
        Kind::Sqlite => ("randomblob(32)", "printf('%08d', n)"),
        Kind::Postgres => ("sha256(CAST(n AS TEXT)::bytea)", "lpad(CAST(n AS TEXT), 8, '0')"),
    };
    let mut tables = Tables::of(server);
    tables.execute(&format!(
        "WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {count} - 1)
         INSERT INTO audit_entries (seq, id, minute, commitment, erased_by)
         SELECT n, '00000000-0000-4000-8000-0000' || {zeros}, 28000000 + n / 100, {random}, {count} FROM c;
         UPDATE audit_head SET size = {count}, frontier = NULL"
    ));
    migrate::run(&server.url(), false).unwrap();
    // The next entry tells of it.
    let hex = dialect::hex(dialect::which(tables.conn()), "commitment");
    let mut hash = Sha256::new().chain_update(b"incamera/erased/v1\0");
    for (seq, commitment) in
        (0_i64..).zip(tables.words(&format!("SELECT {hex} AS word FROM audit_entries ORDER BY seq")))
    {
        hash.update(seq.to_be_bytes());
        hash.update(HEXLOWER.decode(commitment.as_bytes()).unwrap());
    }
    let (count, digest) = (usize::try_from(count).unwrap(), HEXLOWER.encode(&hash.finalize()));
    server.unit(move |work| {
        work.log(Entry::new(Event::EntriesErased).count(count).erased(digest));
        Ok(())
    });
}

both!(an_outsider_finds_the_log_consistent, |server: TestServer| {
    let count = match server.kind {
        Kind::Sqlite => 1_000_000,
        Kind::Postgres => 70_000,
    };
    history(&server, count);
    let mut world = World::new(server);
    let folder = tempfile::tempdir().unwrap();
    let (checkpoints, receipts) = (folder.path().join("checkpoints"), folder.path().join("receipts"));
    std::fs::create_dir(&checkpoints).unwrap();
    std::fs::create_dir(&receipts).unwrap();
    let last = world.server.settings.base.join("log.checkpoint");
    for (number, more) in [1, 300, 7, 256].into_iter().enumerate() {
        grow(&world.server, more);
        world.server.publish().unwrap().unwrap();
        std::fs::copy(&last, checkpoints.join(number.to_string())).unwrap();
    }
    // Receipts of two things done in a closed room, for the State whose note it was.
    world.enrol(&["fr", "de"]);
    let meeting = made::meeting(&mut world, 36);
    let room = text(&made::session(&mut world, &meeting, "closed", "Closed session", &[]), "room");
    let mut fr = made::inside(&mut world, "fr", &room);
    let mut tables = Tables::of(&world.server);
    let first = tables.size();
    let written = text(&fr.post(&format!("/api/v1/rooms/{room}/notes"), &note("Title", "Text")).expect(201), "id");
    let mut de = made::inside(&mut world, "de", &room);
    let second = tables.size();
    de.get(&format!("/api/v1/rooms/{room}/notes/{written}")).expect(200);
    // What is served last is cosigned by two witnesses, whose lines Google's code does not know.
    let (place, log) = (world.server.folder.path(), world.server.settings.base.join("log.pub"));
    let (a, b) = (Witness::start(place, "a", &log), Witness::start(place, "b", &log));
    let (policy, authorities) = (place.join("policy"), place.join("witnesses.pem"));
    std::fs::write(&policy, format!("{}{}group g all a b\nquorum g\n", a.line(), b.line())).unwrap();
    let both = [&a, &b].map(|witness| std::fs::read_to_string(witness.data.join("ca.pem")).unwrap());
    std::fs::write(&authorities, both.concat()).unwrap();
    let node = world.server.beside(&[
        ("INCAMERA_AUDIT__POLICY", policy.to_str().unwrap()),
        ("INCAMERA_AUDIT__WITNESS_CA", authorities.to_str().unwrap()),
        ("INCAMERA_AUDIT__WITNESS_SECONDS", "30"),
    ]);
    let size = node.publish().unwrap().unwrap();
    for seq in [first, second] {
        let reply = fr.get(&format!("/api/v1/audit/receipts/{seq}"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        std::fs::write(receipts.join(format!("{seq}.tlog-proof")), &reply.body).unwrap();
    }
    let token = folder.path().join("token");
    std::fs::write(&token, fr.token.as_deref().unwrap()).unwrap();

    let run = |samples: &str| {
        let base = &world.server.settings.base;
        let output = check()
            .args(["-base", &format!("https://localhost:{}/api/v1/audit", world.server.address.port())])
            .args(["-samples", samples])
            .args([Path::new("-ca"), &base.join("ca.pem"), Path::new("-key"), &base.join("log.pub")])
            .args([Path::new("-token"), &token, Path::new("-checkpoints"), &checkpoints])
            .args([Path::new("-receipts"), &receipts, Path::new("-policy"), &policy])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    let (fine, said) = run("300");
    assert!(fine, "{said}");
    println!("{said}");
    // Four earlier checkpoints and the newest.
    let words = format!("{size} leaves; 300 proved, 10 pairs of checkpoints consistent, 2 receipts");
    assert!(said.contains(&words) && said.contains("note_written") && said.contains("note_read"), "{said}");
    assert!(said.contains("; 2 witnesses;"), "{said}");

    // It does find what is wrong: a checkpoint of another history, a receipt with another field, another leaf.
    let earlier = checkpoints.join("0");
    let kept = std::fs::read(&earlier).unwrap();
    let mut lines: Vec<String> = String::from_utf8(kept.clone()).unwrap().lines().map(ToOwned::to_owned).collect();
    lines[1].push('0');
    std::fs::write(&earlier, lines.join("\n") + "\n").unwrap();
    assert!(!run("3").0);
    std::fs::write(&earlier, kept).unwrap();
    let seq = json!(first).to_string();
    let proof = receipts.join(format!("{seq}.tlog-proof"));
    let kept = std::fs::read_to_string(&proof).unwrap();
    std::fs::write(&proof, kept.replace(&format!("index {seq}"), &format!("index {second}"))).unwrap();
    assert!(!run("3").0);
    std::fs::write(&proof, kept).unwrap();
    assert!(run("3").0);
    tables.execute("UPDATE audit_entries SET minute = minute + 1 WHERE seq = 0");
    let (fine, said) = run("3");
    assert!(!fine && said.contains("leaf 0"), "{said}");
    tables.execute("UPDATE audit_entries SET minute = minute - 1 WHERE seq = 0");
});
