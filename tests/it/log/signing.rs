//! What is signed, and what is not: whatever was done to the database, no checkpoint is signed that does not
//! follow from the last one, and the last one is kept outside.

use incamera::audit::Refusal;
use incamera::audit::model::note::{Checkpoint, Kind, Note, Signer};
use incamera::error::AppError;

use super::tree::grow;
use crate::both;
use crate::support::{Tables, TestServer, database, process};

/// Why it was not signed.
#[track_caller]
fn refused(outcome: Result<Option<u64>, AppError>) -> String {
    let error = outcome.expect_err("it was signed");
    let refusal = error.cause().and_then(|cause| cause.downcast_ref::<Refusal>());
    refusal.unwrap_or_else(|| panic!("no refusal: {:?}", error.cause())).to_string()
}

fn last(server: &TestServer) -> Checkpoint {
    last_of(&std::fs::read(server.settings.base.join("log.checkpoint")).unwrap())
}

fn last_of(file: &[u8]) -> Checkpoint {
    Checkpoint::parse(&Note::parse(std::str::from_utf8(file).unwrap()).unwrap().text).unwrap()
}

both!(a_log_that_was_set_back_is_not_signed, |server: TestServer| {
    grow(&server, 10);
    let mut tables = Tables::of(&server);
    // A copy of the database, as a backup is: the head and what came until then.
    tables.execute("CREATE TABLE kept_head AS SELECT * FROM audit_head");
    grow(&server, 290);
    assert_eq!(server.publish().unwrap(), Some(300));
    let signed = last(&server);
    tables.execute(
        "DELETE FROM audit_entries WHERE seq >= 10; DELETE FROM audit_tiles; UPDATE audit_head SET size = (SELECT size FROM kept_head), frontier = (SELECT frontier FROM kept_head); UPDATE audit_published SET size = 10; DROP TABLE kept_head",
    );
    assert!(refused(server.publish()).contains("set back"));
    // Other entries take the places of those that are gone: still not, however many.
    grow(&server, 290);
    assert!(refused(server.publish()).contains("rewritten"));
    grow(&server, 500);
    assert!(refused(server.publish()).contains("rewritten"));
    assert_eq!(last(&server), signed, "the last checkpoint stays what it was");
});

both!(a_rewritten_log_is_not_signed, |server: TestServer| {
    grow(&server, 600);
    let mut tables = Tables::of(&server);
    // Nor is one of which nothing was signed yet.
    tables.execute("UPDATE audit_entries SET minute = minute + 1 WHERE seq = 550");
    assert!(refused(server.publish()).contains("rewritten"));
    tables.execute("UPDATE audit_entries SET minute = minute - 1 WHERE seq = 550");
    server.publish().unwrap().unwrap();
    grow(&server, 5);
    let other = "(SELECT commitment FROM audit_entries WHERE seq = 4)";
    for (what, statement) in [
        // In the last tile, which is not full; and in a tile that is, as far as the tree is read.
        ("an entry", format!("UPDATE audit_entries SET commitment = {other} WHERE seq = 550")),
        ("an entry's minute", "UPDATE audit_entries SET minute = minute + 1 WHERE seq = 550".into()),
        (
            "an entry that is not signed for yet",
            format!("UPDATE audit_entries SET commitment = {other} WHERE seq = 602"),
        ),
        ("a deletion", "DELETE FROM audit_entries WHERE seq = 604".into()),
        (
            "a tile's root",
            "UPDATE audit_tiles SET root = (SELECT root FROM audit_tiles WHERE place = 0) WHERE place = 1".into(),
        ),
        ("a tile's deletion", "DELETE FROM audit_tiles WHERE place = 0".into()),
        ("the frontier", "UPDATE audit_head SET frontier = (SELECT hashes FROM audit_tiles WHERE place = 0)".into()),
        ("the size", "UPDATE audit_head SET size = size + 1".into()),
    ] {
        tables.execute("CREATE TABLE e AS SELECT * FROM audit_entries; CREATE TABLE t AS SELECT * FROM audit_tiles; CREATE TABLE h AS SELECT * FROM audit_head");
        tables.execute(&statement);
        assert!(server.publish().is_err(), "{what}");
        tables.execute("DELETE FROM audit_entries; DELETE FROM audit_tiles; DELETE FROM audit_head; INSERT INTO audit_entries SELECT * FROM e; INSERT INTO audit_tiles SELECT * FROM t; INSERT INTO audit_head SELECT * FROM h; DROP TABLE e; DROP TABLE t; DROP TABLE h");
    }
    assert_eq!(server.publish().unwrap(), Some(605), "all is as it was");
});

both!(the_file_outside_is_not_to_be_lost, |server: TestServer| {
    let file = server.settings.base.join("log.checkpoint");
    grow(&server, 3);
    server.publish().unwrap().unwrap();
    let older = std::fs::read(&file).unwrap();
    grow(&server, 3);
    server.publish().unwrap().unwrap();
    let newest = std::fs::read(&file).unwrap();
    grow(&server, 3);
    std::fs::remove_file(&file).unwrap();
    assert!(refused(server.publish()).contains("is gone"));
    std::fs::write(&file, &older).unwrap();
    assert!(refused(server.publish()).contains("was given out"));
    std::fs::write(&file, b"log\n3\n").unwrap();
    assert!(refused(server.publish()).contains("no checkpoint"));
    let mut forged = newest.clone();
    let place = forged.len() - 20;
    forged[place] ^= 1;
    std::fs::write(&file, &forged).unwrap();
    assert!(refused(server.publish()).contains("no checkpoint"));
    // Nor is one that the key has signed of another log.
    let key = std::fs::read_to_string(server.settings.path(&server.settings.audit.key)).unwrap();
    let text = Checkpoint { origin: "another.example/audit".into(), ..last_of(&newest) }.text();
    let other = Note { lines: vec![Signer::parse(&key, Kind::Log).unwrap().sign(&text, 0)], text };
    std::fs::write(&file, other.to_string()).unwrap();
    assert!(refused(server.publish()).contains("no checkpoint"));
    std::fs::write(&file, &newest).unwrap();
    assert_eq!(server.publish().unwrap(), Some(9));
});

both!(two_nodes_do_not_sign_side_by_side, |server: TestServer| {
    grow(&server, 3);
    let other = std::fs::File::create(server.settings.base.join("log.lock")).unwrap();
    other.lock().unwrap();
    assert_eq!(server.publish().unwrap(), None);
    let config = server.settings.base.join("incamera.toml");
    let mut resume = process::incamera();
    resume.args(["audit", "resume", "--reason", "the disk was lost", "--config", config.to_str().unwrap()]);
    let output = process::ended(&mut resume);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another node signs"));
    assert!(!server.settings.base.join("log.checkpoint").exists(), "nothing was signed");
    other.unlock().unwrap();
    assert_eq!(server.publish().unwrap(), Some(3));
});

// One that has signed and was then slow, while another gave out a newer one.
both!(a_slow_node_does_not_take_back_a_newer_checkpoint, |server: TestServer| {
    grow(&server, 3);
    server.publish().unwrap().unwrap();
    grow(&server, 3);
    let mut tables = Tables::of(&server);
    tables.execute(match server.kind {
        database::Kind::Sqlite => "BEGIN IMMEDIATE",
        database::Kind::Postgres => "BEGIN; SELECT size FROM audit_head FOR UPDATE",
    });
    tables.execute("UPDATE audit_published SET size = 9");
    let given = std::thread::scope(|threads| {
        let slow = threads.spawn(|| server.publish());
        // If it fails before it has signed, that is told below.
        while last(&server).size < 6 && !slow.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        tables.execute("COMMIT");
        slow.join().unwrap()
    });
    assert_eq!(given.unwrap(), None);
    assert_eq!(tables.words("SELECT CAST(size AS TEXT) AS word FROM audit_published"), ["9"]);
});

both!(a_crash_between_signing_and_giving_out_is_made_good, |server: TestServer| {
    grow(&server, 3);
    server.publish().unwrap().unwrap();
    let mut tables = Tables::of(&server);
    tables.execute("CREATE TABLE p AS SELECT * FROM audit_published");
    grow(&server, 3);
    server.publish().unwrap().unwrap();
    let signed = std::fs::read(server.settings.base.join("log.checkpoint")).unwrap();
    tables.execute("DELETE FROM audit_published; INSERT INTO audit_published SELECT * FROM p; DROP TABLE p");
    assert_eq!(server.publish().unwrap(), Some(6));
    assert_eq!(std::fs::read(server.settings.base.join("log.checkpoint")).unwrap(), signed, "it is the same one");
    assert_eq!(server.publish().unwrap(), None);
});

both!(the_way_back_after_a_restored_backup_stands_in_the_log, |server: TestServer| {
    grow(&server, 10);
    let mut tables = Tables::of(&server);
    tables.execute("CREATE TABLE kept_head AS SELECT * FROM audit_head");
    grow(&server, 290);
    server.publish().unwrap().unwrap();
    let left = last(&server);
    tables.execute(
        "DELETE FROM audit_entries WHERE seq >= 10; DELETE FROM audit_tiles; UPDATE audit_head SET size = (SELECT size FROM kept_head), frontier = (SELECT frontier FROM kept_head); DELETE FROM audit_published; DROP TABLE kept_head",
    );
    assert!(refused(server.publish()).contains("set back"));
    let config = server.settings.base.join("incamera.toml");
    let run = |reason: &str| {
        let args = ["audit", "resume", "--reason", reason, "--config", config.to_str().unwrap()];
        process::incamera().args(args).output().unwrap()
    };
    assert!(!run(" ").status.success(), "without a reason, nothing");
    assert_eq!(last(&server), left);
    let output = run("The disk of 24 November was lost; the backup of that morning is all there is");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let entry = tables.entries(10).remove(0);
    assert_eq!(entry["event"], "log_resumed");
    assert!(entry["purpose"].as_str().unwrap().starts_with("The disk of 24 November"));
    let root = data_encoding::BASE64.encode(&left.root);
    assert_eq!(entry["thing"]["id"], format!("{} {root}", left.size), "what is left behind is named");
    assert_eq!(last(&server).size, 11);
    grow(&server, 3);
    assert_eq!(server.publish().unwrap(), Some(14));

    // A log that is not whole is not signed for any reason.
    tables.execute("UPDATE audit_entries SET minute = minute + 1 WHERE seq = 3");
    let output = run("no reason is good enough");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(last(&server).size, 14);
    tables.execute("UPDATE audit_entries SET minute = minute - 1 WHERE seq = 3");
});
