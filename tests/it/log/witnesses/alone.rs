//! A witness by itself, over TLS: addresses, statuses, types of content, limits; and that it is killed at any time.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use incamera::audit::model::note::{Checkpoint, Kind, Note, Signed, Signer, Verifier};
use incamera::audit::model::tree::{Hash, node_hash};
use incamera::audit::model::witnessing::Submission;
use incamera::context::{Ctx, Moment, SystemEntropy};
use sha2::{Digest, Sha256};

use crate::support::Reply;
use crate::support::client::Client;
use crate::support::process;
use crate::support::witness::Witness;

const ORIGIN: &str = "log.example/audit";

struct Stage {
    folder: tempfile::TempDir,
    log: Signer,
    witness: Witness,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        let log = Signer::parse(&Signer::generate(ORIGIN, Kind::Log, &ctx).unwrap(), Kind::Log).unwrap();
        let public = folder.path().join("log.pub");
        std::fs::write(&public, format!("{}\n", log.verifier())).unwrap();
        let witness = Witness::start(folder.path(), "w", &public);
        Self { folder, log, witness }
    }

    fn key(&self) -> Verifier {
        Verifier::parse(self.witness.line().split(' ').nth(2).unwrap()).unwrap()
    }

    /// The checkpoint over the first `size` leaves of a log, as far as it is needed: one or two.
    fn submission(&self, old: u64, size: u64) -> Submission {
        let leaves: [Hash; 2] = [[1; 32], [2; 32]];
        let (root, proof) = match (old, size) {
            (1, 2) => (node_hash(&leaves[0], &leaves[1]), vec![leaves[1]]),
            (_, 2) => (node_hash(&leaves[0], &leaves[1]), Vec::new()),
            _ => (leaves[0], Vec::new()),
        };
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root };
        let text = checkpoint.text();
        let note = Note { lines: vec![self.log.sign(&text, 0)], text };
        Submission { old, proof, note, checkpoint }
    }

    fn file(&self) -> PathBuf {
        let name = format!("{}.checkpoint", HEXLOWER.encode(&Sha256::digest(ORIGIN)));
        self.witness.data.join("seen").join(name)
    }

    #[track_caller]
    fn cosigned(&self, reply: &Reply, submission: &Submission) {
        assert_eq!(reply.status, 200, "{}", reply.text());
        let note = Note::parse(&format!("{}\n{}", submission.note.text, reply.text())).unwrap();
        assert!(matches!(note.signed(&self.key()), Signed::At(1..)));
    }
}

fn ask(client: &mut Client, submission: &Submission) -> Reply {
    client.send_bare("POST", "/add-checkpoint", &[], Some(submission.to_string().as_bytes()))
}

#[test]
fn a_witness_answers_as_the_specification_has_it() {
    let stage = Stage::new();
    let mut client = stage.witness.client();
    let seen = format!("/{}/checkpoint", HEXLOWER.encode(&Sha256::digest(ORIGIN)));
    assert_eq!(client.get(&seen).status, 404, "nothing was cosigned yet");
    let first = stage.submission(0, 1);
    stage.cosigned(&ask(&mut client, &first), &first);
    let conflict = ask(&mut client, &stage.submission(0, 2));
    assert_eq!((conflict.status, conflict.text()), (409, "1\n".into()));
    assert_eq!(conflict.headers["content-type"], "text/x.tlog.size");
    let wrong = Submission { proof: vec![[9; 32]], ..stage.submission(1, 2) };
    assert_eq!(ask(&mut client, &wrong).status, 422);
    let second = stage.submission(1, 2);
    stage.cosigned(&ask(&mut client, &second), &second);
    let kept = Note::parse(&client.get(&seen).text()).unwrap();
    assert_eq!((kept.text.clone(), kept.signed(stage.log.verifier())), (second.note.text, Signed::Yes));
    assert!(matches!(kept.signed(&stage.key()), Signed::At(1..)));

    let post = |client: &mut Client, body: &[u8]| client.send_bare("POST", "/add-checkpoint", &[], Some(body)).status;
    assert_eq!(post(&mut client, b"old 0\n"), 400);
    let other = stage.submission(0, 1).to_string().replace(ORIGIN, "other.example");
    assert_eq!(post(&mut client, other.as_bytes()), 404);
    let unsigned = stage.submission(2, 2).to_string().replace("\n2\n", "\n3\n");
    assert_eq!(post(&mut client, unsigned.as_bytes()), 403);
    assert_eq!(post(&mut client, &vec![b'a'; 200_000]), 413);
    assert_eq!(client.get("/add-checkpoint").status, 405);
    assert_eq!(client.send_bare("POST", &seen, &[], Some(b"")).status, 405);
    for path in ["/", "/sign-subtree", "/checkpoint", "/../lock/checkpoint", "/x/checkpoint"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_witness_that_is_killed_before_it_answers_has_cosigned_all_the_same() {
    let mut stage = Stage::new();
    for _ in 0..3 {
        let (before, submission) = (std::fs::read(stage.file()).ok(), stage.submission(0, 1));
        let old = u64::from(before.is_some());
        let submission = Submission { old, ..submission };
        let mut stream = stage.witness.client().connect().unwrap();
        let body = submission.to_string();
        let head = format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).unwrap();
        stream.flush().unwrap();
        let begun = Instant::now();
        // A cosignature differs from that of another second only.
        while std::fs::read(stage.file()).ok() == before && begun.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(1));
        }
        stage.witness.kill();
        assert!(stage.file().exists());
        stage.witness.start_again();
        let mut client = stage.witness.client();
        let anew = stage.submission(0, 1);
        let conflict = ask(&mut client, &anew);
        assert_eq!((conflict.status, conflict.text()), (409, "1\n".into()));
        let again = Submission { old: 1, ..anew };
        stage.cosigned(&ask(&mut client, &again), &again);
    }
}

#[test]
fn a_witness_is_made_and_started_with_clear_words() {
    let stage = Stage::new();
    let run = |args: &[&str]| process::ended(process::incamera().args(args));
    let words = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let config = stage.witness.data.join("witness.toml");
    let config = config.to_str().unwrap();
    let second = run(&["witness", "--config", config]);
    assert!(!second.status.success() && words(&second).contains("a witness runs already"), "{}", words(&second));
    let data = stage.witness.data.to_str().unwrap();
    let public = stage.folder.path().join("log.pub");
    let again = run(&["witness", "init", data, "--log", public.to_str().unwrap()]);
    assert!(words(&again).contains("is not empty"));
    let secret = stage.witness.data.join("witness.key");
    let wrong =
        run(&["witness", "init", stage.folder.path().join("x").to_str().unwrap(), "--log", secret.to_str().unwrap()]);
    assert!(words(&wrong).contains("no public key of a log"));
    assert!(!stage.folder.path().join("x").exists(), "nothing was made");
    let unknown = run(&["witness", "forget", "log.example", "--reason", "x", "--config", config]);
    assert!(!unknown.status.success());
}
