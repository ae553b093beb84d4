//! `incamera demo`, by the program itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use incamera::context::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::support::{Client, world};

fn demo(data: &Path, more: &[&str]) -> Command {
    demo_at("0", data, more)
}

fn demo_at(port: &str, data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_incamera"));
    command
        .args(["demo", "--port", port, "--data", data.to_str().unwrap()])
        .args(more)
        // The least that the settings allow: many accounts are made here.
        .env("INCAMERA_IDENTITY__ARGON2_MEMORY_KIB", "19456")
        .env("INCAMERA_IDENTITY__ARGON2_PASSES", "2")
        .env("INCAMERA_SERVER__WORKERS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// A demo that serves. It is killed, as by a power cut, when the value goes.
struct Demo {
    child: Child,
    /// Held open: a demo that cannot say what it has to say ends.
    _says: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    data: PathBuf,
    /// What each who has logged in was given: a code of the second factor is good once.
    tokens: BTreeMap<String, Value>,
}

impl Demo {
    #[track_caller]
    fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = demo(data, more).spawn().unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = says
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("at https://localhost:").map(|(_, port)| port.parse().unwrap()))
            .expect("the demo says where it serves");
        Self {
            child,
            _says: says,
            address: ([127, 0, 0, 1], port).into(),
            data: data.to_owned(),
            tokens: BTreeMap::new(),
        }
    }

    fn client(&self) -> Client {
        Client::new(self.address, &self.data.join("ca.pem"))
    }

    fn accounts(&self) -> Vec<Value> {
        serde_json::from_slice(&fs::read(self.data.join("accounts.json")).unwrap()).unwrap()
    }

    /// A client for the holder of this account, who logs in with what stands in `accounts.json`.
    #[track_caller]
    fn log_in(&mut self, account: &Value) -> Client {
        let (email, mut client) = (account["email"].to_string(), self.client());
        if !self.tokens.contains_key(&email) {
            let step = u64::try_from(SystemClock.now().seconds()).unwrap() / 30;
            let code = world::code_of(account["totp_secret"].as_str().unwrap(), step);
            let body = json!({"email": account["email"], "password": account["password"], "code": code});
            self.tokens.insert(email.clone(), client.post("/api/v1/session", &body).expect(200));
        }
        let tokens = &self.tokens[&email];
        client.token = tokens["access_token"].as_str().map(ToOwned::to_owned);
        client.unlock = tokens["unlock"].as_str().map(ToOwned::to_owned);
        client
    }

    /// The same for the first account of a party.
    #[track_caller]
    fn of(&mut self, party: &str) -> Client {
        let account = self.accounts().into_iter().find(|one| one["party"] == party).unwrap();
        self.log_in(&account)
    }

    fn numbered(&self) -> Vec<i64> {
        let list = self.client().get("/api/v1/meetings?kind=ordinary&limit=200").expect(200);
        let mut numbers: Vec<i64> =
            list["items"].as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Fails unless all of it is there: the record, the last account, the last note.
    #[track_caller]
    fn must_be_whole(&mut self) {
        assert_eq!(self.numbered(), (1..=36).collect::<Vec<_>>());
        assert_eq!(self.accounts().len(), 20);
        let last = self.accounts().pop().unwrap();
        self.log_in(&last).get("/api/v1/me").expect(200);
        let mut german = self.of("DE");
        let cases = german.get("/api/v1/cases").expect(200);
        let room = cases["items"][0]["room"].as_str().unwrap().to_owned();
        assert_eq!(notes(&mut german, &room).len(), 2);
        assert!(!self.data.join("made-by-incamera-demo.unfinished").exists());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The titles of the notes in a room.
fn notes(client: &mut Client, room: &str) -> BTreeSet<String> {
    let path = format!("/api/v1/rooms/{room}");
    let visit = client.post(&format!("{path}/visits"), &json!({"purpose": "a test"})).expect(201);
    client.visit = visit["visit"].as_str().map(ToOwned::to_owned);
    let list = client.get(&format!("{path}/notes")).expect(200);
    list["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect()
}

/// The sessions of the 36th meeting, as this client may know of them: kind and room.
fn sessions(client: &mut Client) -> Vec<(String, Option<String>)> {
    let list = client.get("/api/v1/meetings?kind=ordinary&limit=1").expect(200);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let meeting = client.get(&format!("/api/v1/meetings/{id}")).expect(200);
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let sessions = meeting["sessions"].as_array().unwrap();
    sessions.iter().map(|one| (text(&one["kind"]).unwrap(), text(&one["room"]))).collect()
}

/// Runs a demo that must not come to serve; answers why not.
#[track_caller]
fn refused(mut command: Command) -> String {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut says = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    if says.any(|line| line.contains("at https://localhost:")) {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("it serves");
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// The files below a folder, with their bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { contents(&path) } else { vec![(path.clone(), fs::read(&path).unwrap())] }
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_demo_is_a_whole_network() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(&folder.path().join("data"), &[]);
    demo.must_be_whole();
    for private in ["accounts.json", "incamera.db", "incamera.toml", "keys/pepper.key", "tls/key.pem"] {
        let mode = fs::metadata(demo.data.join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }

    let parties = demo.client().get("/api/v1/parties?limit=200").expect(200);
    let kind_of = |code: &Value| {
        parties["items"].as_array().unwrap().iter().find(|one| one["code"] == *code).unwrap()["kind"].clone()
    };
    let (mut roles, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    let fields = ["email", "party", "password", "role", "totp_secret"];
    for account in demo.accounts() {
        assert_eq!(account.as_object().unwrap().keys().collect::<Vec<_>>(), fields);
        let me = demo.log_in(&account).get("/api/v1/me").expect(200);
        assert_eq!((&me["role"], &me["party"]["code"]), (&account["role"], &account["party"]));
        assert_eq!(me["second_factor"], true);
        roles.insert(account["role"].to_string());
        kinds.insert(kind_of(&account["party"]).to_string());
    }
    assert_eq!(roles.len(), 5, "{roles:?}");
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}

#[test]
fn a_demo_keeps_closed_what_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(&folder.path().join("data"), &[]);
    let mut client = demo.of("FR");
    let rooms = sessions(&mut client);
    assert_eq!(rooms.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["open", "closed"]);
    let closed = rooms[1].1.clone().unwrap();
    assert_eq!(notes(&mut client, &closed).len(), 4);

    // Counterparts read what their own State wrote; the State that was not chosen does not come in.
    for (state, title) in [("UA", "Access to the strike's site"), ("NO", "Satellite pictures of the depot")] {
        assert_eq!(notes(&mut demo.of(state), &closed), BTreeSet::from([title.to_owned()]));
    }
    for outside in ["CA", "eurojust", "icc-otp", "iiim", "yazda"] {
        let mut client = demo.of(outside);
        assert_eq!(sessions(&mut client), [("open".to_owned(), None)], "{outside}");
        assert_eq!(client.get(&format!("/api/v1/rooms/{closed}")).status, 404, "{outside}");
    }

    // One request that a State has acknowledged and another not, and one of which nothing is known yet.
    for (state, states) in [("DE", vec!["received open"]), ("FR", vec!["open open", "received open"]), ("BE", vec![])] {
        let requests = demo.of(state).get("/api/v1/requests").expect(200);
        let found: BTreeSet<String> = requests["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|request| {
                assert!(request["title"].is_string(), "{state}");
                let to = request["to"].as_array().unwrap().iter();
                to.map(|one| one["state"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(found, states.into_iter().map(ToOwned::to_owned).collect(), "{state}");
    }

    // One case file is its State's alone, one every contact point's to see.
    let mut seen = |state: &str| {
        let cases = demo.of(state).get("/api/v1/cases").expect(200);
        let titles = cases["items"].as_array().unwrap().iter();
        titles.map(|one| one["fiche"]["title"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let (french, german) = ("Detention centre on the northern road".to_owned(), "Siege of the river town".to_owned());
    assert_eq!(seen("SE"), BTreeSet::from([german.clone()]));
    assert_eq!(seen("UA"), BTreeSet::new());
    assert_eq!(seen("FR"), BTreeSet::from([french, german]));
}

#[test]
fn a_second_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Demo::start(&data, &[]);
    let before = first.client().get("/api/v1/meetings?limit=200").expect(200);
    let accounts = first.accounts();
    assert!(refused(demo(&data, &[])).contains("another demo uses this folder"));
    assert!(refused(demo(&data, &["--fresh"])).contains("another demo uses this folder"));
    drop(first);

    let mut second = Demo::start(&data, &[]);
    assert_eq!(second.client().get("/api/v1/meetings?limit=200").expect(200), before);
    assert_eq!(second.accounts(), accounts);
    second.must_be_whole();
    drop(second);

    let mut fresh = Demo::start(&data, &["--fresh"]);
    assert_ne!(fresh.accounts(), accounts);
    fresh.must_be_whole();
}

/// Whatever a start had made when it was killed, the next one serves all or nothing of it.
#[test]
fn a_start_that_was_killed_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let unfinished = "made-by-incamera-demo.unfinished";
    for (place, stage) in
        [unfinished, "keys", "tls/key.pem", "incamera.db", "incamera.db-wal", "accounts.json"].into_iter().enumerate()
    {
        let data = folder.path().join(place.to_string());
        let mut child = demo(&data, &[]).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while !data.join(stage).exists() {
            assert!(Instant::now() < until, "{stage} was not made");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if stage != "accounts.json" {
            assert!(data.join(unfinished).exists(), "{stage}");
        }
        Demo::start(&data, &[]).must_be_whole();
    }

    // At the last moment: everything is there, and yet nobody was told that it is whole.
    let data = folder.path().join("last");
    let accounts = Demo::start(&data, &[]).accounts();
    fs::rename(data.join("made-by-incamera-demo"), data.join(unfinished)).unwrap();
    // What SQLite leaves beside a database whose very first transaction was cut off.
    fs::write(data.join("incamera.db-journal"), "a rest").unwrap();
    let mut again = Demo::start(&data, &[]);
    assert_ne!(again.accounts(), accounts);
    again.must_be_whole();
}

#[test]
fn only_what_a_demo_made_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    // Somebody's folder.
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("incamera.db"), "precious").unwrap();
    // A server's.
    let server = folder.path().join("server");
    let made = Command::new(env!("CARGO_BIN_EXE_incamera")).args(["init", server.to_str().unwrap()]).output().unwrap();
    assert!(made.status.success());
    for foreign in [&theirs, &server] {
        let before = contents(foreign);
        for more in [&["--fresh"][..], &[]] {
            assert!(refused(demo(foreign, more)).contains("was not made by the demo"));
            assert_eq!(contents(foreign), before);
        }
    }
    // A demo's, with something of somebody's in it; the mark alone does not do.
    let data = folder.path().join("data");
    drop(Demo::start(&data, &[]));
    // A crash can leave a checkpoint that was not put into its place yet.
    fs::write(data.join("log.new"), "").unwrap();
    fs::write(data.join("notes.txt"), "precious").unwrap();
    let before = contents(&data);
    assert!(refused(demo(&data, &["--fresh"])).contains("holds notes.txt, which the demo did not make"));
    assert_eq!(contents(&data), before);
    // It is a demo still.
    Demo::start(&data, &[]).must_be_whole();
}

#[test]
fn a_demo_keeps_to_its_own_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server");
    let made = Command::new(env!("CARGO_BIN_EXE_incamera")).args(["init", server.to_str().unwrap()]).output().unwrap();
    assert!(made.status.success());
    let before = fs::read(server.join("incamera.db")).unwrap();
    let data = folder.path().join("data");
    let elsewhere = format!("sqlite:{}", server.join("incamera.db").display());
    for _ in ["a first start", "a second"] {
        let mut command = demo(&data, &[]);
        command.env("INCAMERA_DATABASE__URL", &elsewhere);
        assert!(refused(command).contains("keeps to its own database"));
        assert_eq!(fs::read(server.join("incamera.db")).unwrap(), before);
        drop(Demo::start(&data, &[]));
        // A crash can leave a checkpoint that was not put into its place yet.
        fs::write(data.join("log.new"), "").unwrap();
    }
}

#[test]
fn a_taken_port_is_said_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(refused(demo_at(&port, &data, &[])).contains("choose another with --port"));
    assert!(!data.exists());
}
