//! Witnesses: what enough of them have cosigned is given out, and nothing else, whatever the others do; and a log
//! that was set back together with its file is found out by them.

mod alone;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use incamera::audit::model::note::{Checkpoint, Note, Signed, Verifier};
use incamera::audit::model::policy::Policy;
use incamera::audit::model::proof::Unproven;
use incamera::audit::model::witnessing::WitnessFault;
use incamera::audit::{self, Refusal, Witnessed};
use incamera::error::AppError;
use serde_json::json;

use super::tree::{grow, key};
use crate::both;
use crate::support::witness::{Liar, Lie, Witness};
use crate::support::{Tables, TestServer, World, process};

/// Why nothing was given out.
#[track_caller]
fn refused(outcome: Result<Option<u64>, AppError>) -> String {
    let error = outcome.expect_err("it was given out");
    let refusal = error.cause().and_then(|cause| cause.downcast_ref::<Refusal>());
    refusal.unwrap_or_else(|| panic!("no refusal: {:?}", error.cause())).to_string()
}

/// Three witnesses of a server's log, of which two are enough: `a` and `b` are as they should be, `c` lies.
struct Three {
    a: Witness,
    b: Witness,
    c: Liar,
    policy: PathBuf,
    ca: PathBuf,
}

impl Three {
    fn of(server: &TestServer) -> Self {
        let (folder, log) = (server.folder.path(), server.settings.base.join("log.pub"));
        let (a, b) = (Witness::start(folder, "a", &log), Witness::start(folder, "b", &log));
        let c = Liar::start(folder, "c", &log);
        let (policy, ca) = (folder.join("policy"), folder.join("witnesses.pem"));
        let authorities = [&a.data, &b.data, &c.data].map(|data| std::fs::read_to_string(data.join("ca.pem")).unwrap());
        std::fs::write(&ca, authorities.concat()).unwrap();
        let three = Self { a, b, c, policy, ca };
        let lines = format!("{}{}{}", three.a.line(), three.b.line(), three.c.line());
        std::fs::write(&three.policy, format!("log {}\n{lines}group g 2 a b c\nquorum g\n", key(server))).unwrap();
        three
    }

    /// A node whose settings name them.
    fn node(&self, server: &TestServer) -> TestServer {
        server.beside(&[
            ("INCAMERA_AUDIT__POLICY", self.policy.to_str().unwrap()),
            ("INCAMERA_AUDIT__WITNESS_CA", self.ca.to_str().unwrap()),
            ("INCAMERA_AUDIT__WITNESS_SECONDS", "5"),
        ])
    }

    fn policy(&self) -> Policy {
        Policy::parse(&std::fs::read(&self.policy).unwrap()).unwrap()
    }
}

/// What is recorded of a witness.
fn row(tables: &mut Tables, name: &str) -> Witnessed {
    audit::witnesses(tables.conn()).unwrap().into_iter().find(|row| row.name == name).unwrap()
}

/// The checkpoint that is given out.
fn given(tables: &mut Tables) -> Note {
    Note::parse(&tables.words("SELECT note AS word FROM audit_published").remove(0)).unwrap()
}

fn size(note: &Note) -> u64 {
    Checkpoint::parse(&note.text).unwrap().size
}

fn cosigned_by(note: &Note, key: &Verifier) -> bool {
    matches!(note.signed(key), Signed::At(_))
}

both!(two_of_three_are_enough_whatever_the_third_does, |server: TestServer| {
    let three = Three::of(&server);
    let node = three.node(&server);
    let (mut tables, policy) = (Tables::of(&server), three.policy());
    grow(&server, 300);
    assert_eq!(node.publish().unwrap(), Some(300));
    assert!(policy.witnesses.iter().all(|witness| cosigned_by(&given(&mut tables), &witness.key)), "all is well");
    assert_eq!(policy.check(&given(&mut tables)), Ok(()));
    assert_eq!(row(&mut tables, "c").size, 300);
    assert_eq!(node.publish().unwrap(), None, "nothing is new");
    let c = &policy.witnesses[2].key;
    for (lie, fault) in [
        (Lie::OtherKey, WitnessFault::WrongAnswer),
        (Lie::OtherRoot, WitnessFault::WrongAnswer),
        (Lie::Timeless, WitnessFault::WrongAnswer),
        (Lie::Both, WitnessFault::WrongAnswer),
        (Lie::Garbage, WitnessFault::WrongAnswer),
        (Lie::Endless, WitnessFault::WrongAnswer),
        (Lie::EndlessHead, WitnessFault::WrongAnswer),
        (Lie::HangsUp, WitnessFault::WrongAnswer),
        (Lie::Ahead, WitnessFault::Ahead),
        (Lie::Conflicts, WitnessFault::Refused),
        (Lie::Status(404), WitnessFault::Refused),
        (Lie::Status(422), WitnessFault::OtherHistory),
        (Lie::Status(500), WitnessFault::Refused),
        (Lie::Redirects, WitnessFault::Refused),
        (Lie::Silent, WitnessFault::Late),
        (Lie::Deaf, WitnessFault::Unreachable),
    ] {
        grow(&server, 7);
        three.c.tell(lie);
        let begun = Instant::now();
        let published = std::thread::scope(|threads| {
            let publishing = threads.spawn(|| node.publish());
            // Requests do not wait for it.
            let mut client = node.client();
            client.get("/healthz").expect(200);
            client.get("/api/v1/publications").expect(200);
            assert!(lie != Lie::Silent || !publishing.is_finished(), "it is still waiting");
            publishing.join().unwrap()
        });
        assert!(begun.elapsed() < Duration::from_secs(20), "{lie:?}");
        let note = given(&mut tables);
        assert_eq!(published.unwrap(), Some(size(&note)), "{lie:?}");
        assert_eq!(policy.check(&note), Ok(()), "{lie:?}");
        assert_eq!((note.signed(c), note.lines.len()), (Signed::Not, 3), "{lie:?}");
        let row = row(&mut tables, "c");
        assert_eq!((row.fault, row.size), (Some(fault), 300), "{lie:?}");
    }
    // What became of it does not last: a node that is started asks all of them, and gives out what it has now, too.
    three.c.tell(Lie::None);
    let same = size(&given(&mut tables));
    assert_eq!(three.node(&server).publish().unwrap(), Some(same));
    assert_eq!(row(&mut tables, "c").fault, None);
    assert!(cosigned_by(&given(&mut tables), c));
    grow(&server, 1);
    node.publish().unwrap().unwrap();
    assert!(cosigned_by(&given(&mut tables), c));
    // A server without the policy gives out what it signs, and forgets those it asked no more.
    grow(&server, 1);
    server.publish().unwrap().unwrap();
    assert!(audit::witnesses(tables.conn()).unwrap().is_empty());
});

both!(without_the_quorum_the_older_checkpoint_stays, |server: TestServer| {
    let mut three = Three::of(&server);
    let mut world = World::new(server);
    let node = three.node(&world.server);
    let (mut tables, policy) = (Tables::of(&world.server), three.policy());
    let mut aud = world.client("aud");
    assert_eq!(aud.get("/api/v1/audit/witnesses").expect(200), json!({"quorum": "none", "witnesses": []}));
    three.c.tell(Lie::Status(503));
    let first = node.publish().unwrap().unwrap();
    three.b.kill();
    grow(&world.server, 5);
    let older = given(&mut tables);
    for _ in 0..2 {
        assert!(refused(node.publish()).contains("too few witnesses"));
        assert_eq!(given(&mut tables), older);
    }
    let told = aud.get("/api/v1/audit/witnesses").expect(200);
    assert_eq!(told["quorum"], "missing");
    let told = |place: usize, what: &str| told["witnesses"][place][what].clone();
    assert_eq!((told(0, "name"), told(0, "fault")), (json!("a"), json!(null)));
    assert_eq!((told(1, "name"), told(1, "fault"), told(1, "size")), (json!("b"), json!("unreachable"), json!(first)));
    assert!(told(1, "at").is_string());
    assert_eq!((told(2, "fault"), told(2, "size"), told(2, "at")), (json!("refused"), json!(0), json!(null)));

    // Receipts of the older one stay good, with their witnesses; for newer entries there are none yet.
    let path = |seq: u64| format!("/api/v1/audit/receipts/{seq}");
    let receipt = aud.get(&path(first - 1));
    assert_eq!(receipt.status, 200, "{}", receipt.text());
    assert_eq!(aud.get(&path(first)).status, 409);
    let file = world.server.folder.path().join("r.tlog-proof");
    std::fs::write(&file, &receipt.body).unwrap();
    let log = world.server.settings.base.join("log.pub");
    let verify = |policy: &str, with_key: bool| {
        let own = world.server.folder.path().join("own-policy");
        std::fs::write(&own, policy).unwrap();
        let mut command = process::incamera();
        command.args(["audit", "verify", file.to_str().unwrap(), "--policy", own.to_str().unwrap()]);
        if with_key {
            command.args(["--key", log.to_str().unwrap()]);
        }
        process::ended(&mut command)
    };
    let two = std::fs::read_to_string(&three.policy).unwrap();
    let without_log = two.split_once('\n').unwrap().1;
    assert!(verify(&two, false).status.success() && verify(&two, true).status.success());
    assert!(verify(without_log, true).status.success());
    assert_eq!(verify(without_log, false).status.code(), Some(1), "by which log?");
    let all = verify(&two.replace("group g 2", "group g all"), false);
    assert_eq!(all.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&all.stdout).contains("not cosigned by as many witnesses"));
    let other = two.replacen(
        &two.lines().next().unwrap().to_owned(),
        "log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        1,
    );
    assert_eq!(verify(&other, true).status.code(), Some(1), "a policy for another log");
    assert_eq!(verify(&other, false).status.code(), Some(3));
    assert_eq!(policy.check(&Note { lines: older.lines[..1].to_vec(), ..older }), Err(Unproven::Witnesses));

    // One comes back: all of it is given out.
    three.b.start_again();
    let all = node.publish().unwrap().unwrap();
    assert!(all > first);
    assert_eq!(policy.check(&given(&mut tables)), Ok(()));
    assert_eq!(aud.get("/api/v1/audit/witnesses").expect(200)["quorum"], "reached");
    assert_eq!(aud.get(&path(first)).status, 200);
    // Who may not check the log is not told of its witnesses either.
    assert_eq!(world.client("ej").get("/api/v1/audit/witnesses").status, 403);
});

both!(a_log_set_back_with_its_file_is_found_out, |server: TestServer| {
    let mut three = Three::of(&server);
    let (file, mut tables) = (server.settings.base.join("log.checkpoint"), Tables::of(&server));
    grow(&server, 10);
    three.node(&server).publish().unwrap().unwrap();
    // A backup of all there is: database, and the file that was to be kept apart from it.
    let kept = std::fs::read(&file).unwrap();
    tables.execute("CREATE TABLE h AS SELECT * FROM audit_head; CREATE TABLE p AS SELECT * FROM audit_published; CREATE TABLE w AS SELECT * FROM audit_witnesses");
    grow(&server, 290);
    assert_eq!(three.node(&server).publish().unwrap(), Some(300));
    std::fs::write(&file, kept).unwrap();
    tables.execute(
        "DELETE FROM audit_entries WHERE seq >= 10; DELETE FROM audit_tiles; DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM h; DELETE FROM audit_published; INSERT INTO audit_published SELECT * FROM p; DELETE FROM audit_witnesses; INSERT INTO audit_witnesses SELECT * FROM w; DROP TABLE p; DROP TABLE w",
    );
    // From within, nothing is the matter, and nothing is new: the server that starts asks all the same.
    three.c.tell(Lie::Status(503));
    let node = three.node(&server);
    assert!(refused(node.publish()).contains("too few witnesses"));
    for name in ["a", "b"] {
        let row = row(&mut tables, name);
        assert_eq!((row.fault, row.size), (Some(WitnessFault::Ahead), 10), "{name}");
    }
    // Others in the places of those lost: not either.
    grow(&server, 500);
    assert!(refused(node.publish()).contains("too few witnesses"));
    assert_eq!(row(&mut tables, "a").fault, Some(WitnessFault::OtherHistory));
    assert_eq!(size(&given(&mut tables)), 10, "nothing was given out");

    // The honest way back is for each witness's operator to open, and the reason stays with him, too.
    let config = server.settings.base.join("incamera.toml");
    let mut resume = process::incamera();
    resume
        .args(["audit", "resume", "--reason", "the disk was lost", "--config", config.to_str().unwrap()])
        .env("INCAMERA_AUDIT__POLICY", &three.policy)
        .env("INCAMERA_AUDIT__WITNESS_CA", &three.ca);
    let output = process::ended(&mut resume);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("witness forget"));
    assert_eq!(size(&given(&mut tables)), 10, "it is not given out yet");
    assert!(refused(node.publish()).contains("too few witnesses"));
    for witness in [&mut three.a, &mut three.b] {
        let config = witness.data.join("witness.toml");
        let forget = |reason: &str| {
            let origin = key(&server).name;
            let args = ["witness", "forget", &origin, "--reason", reason, "--config", config.to_str().unwrap()];
            process::ended(process::incamera().args(args))
        };
        let running = forget("a reason");
        assert!(!running.status.success(), "not while it runs");
        witness.kill();
        assert!(!forget(" ").status.success(), "not without a reason");
        let output = forget("the disk was lost, says the Secretariat");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        witness.start_again();
    }
    assert_eq!(node.publish().unwrap(), Some(511));

    // What was given out and is not of the log any more is taken back, since nobody could get a receipt by it.
    tables.execute(
        "DELETE FROM audit_entries WHERE seq >= 10; DELETE FROM audit_tiles; DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM h; DROP TABLE h",
    );
    let output = process::ended(&mut resume);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(tables.words("SELECT note AS word FROM audit_published").is_empty());
    // It has less now than is recorded here of its witnesses.
    assert!(refused(node.publish()).contains("too few witnesses"));
    assert_eq!(row(&mut tables, "a").fault, Some(WitnessFault::Ahead));
});

both!(a_policy_that_cannot_be_used_is_refused, |server: TestServer| {
    let three = Three::of(&server);
    let (good, config) = (std::fs::read_to_string(&three.policy).unwrap(), server.settings.base.join("incamera.toml"));
    let run = |policy: &str, ca: &Path| {
        std::fs::write(&three.policy, policy).unwrap();
        let mut command = process::incamera();
        command
            .args(["serve", "--config", config.to_str().unwrap()])
            .env("INCAMERA_SERVER__PORT", "0")
            .env("INCAMERA_AUDIT__POLICY", &three.policy)
            .env("INCAMERA_AUDIT__WITNESS_CA", ca);
        let output = process::ended(&mut command);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let without_url = |name: &str| {
        let lines = good.lines().map(|line| match line.rsplit_once(' ') {
            Some((before, _)) if line.starts_with(&format!("witness {name} ")) => before.to_owned() + "\n",
            _ => line.to_owned() + "\n",
        });
        lines.collect::<String>()
    };
    // Two can still be asked.
    std::fs::write(&three.policy, without_url("a")).unwrap();
    grow(&server, 1);
    assert_eq!(three.node(&server).publish().unwrap(), Some(1));
    let other = "log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n";
    let without_log = good.split_once('\n').unwrap().1.to_owned();
    let empty = server.folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    for (policy, ca, complaint) in [
        (
            good.replacen("https://", "http://", 1),
            three.ca.as_path(),
            "witness a: its address must begin with https://",
        ),
        (without_url("a").replace("group g 2", "group g all"), &three.ca, "cannot be reached by the witnesses"),
        (other.to_owned() + &without_log, &three.ca, "it names logs, and not this one"),
        (good.replace("quorum g\n", ""), &three.ca, "there was no quorum"),
        (good.clone(), Path::new(""), "audit.witness_ca"),
        (good.clone(), &empty, "holds no certificate"),
        (good.clone(), Path::new("/nowhere.pem"), "/nowhere.pem"),
    ] {
        let (code, words) = run(&policy, ca);
        assert!(code == Some(1) && words.contains(complaint), "{complaint}: {words}");
    }
});
