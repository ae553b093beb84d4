//! Outages: a database that is gone, stands still, is full, or is locked by somebody else; and clients who
//! go away. Refused is what cannot be logged, soon, and serving goes on by itself after the repair.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use incamera::db::{Conn, DatabaseUrl, migrate};
use serde_json::json;

use crate::both;
use crate::support::cluster::Cluster;
use crate::support::database::Kind;
use crate::support::scene::{inside, note, scene};
use crate::support::{Client, Reply, TestServer, World};

/// Until when it must be told that the database is gone, or the disk full.
const TOLD: Duration = Duration::from_secs(2);
/// Until when that another holds a lock: the two seconds for which it is waited for, and those of the answer.
const HELD: Duration = Duration::from_millis(2500);
/// Until when serving goes on after a repair.
const RESUMED: Duration = Duration::from_secs(5);

/// Somebody inside a room, with a note to read.
struct Inside {
    client: Client,
    notes: String,
    note: String,
}

impl Inside {
    fn new(world: &mut World) -> Self {
        let scene = scene(world);
        let mut client = inside(world, "fr", &scene.room);
        let notes = format!("/api/v1/rooms/{}/notes", scene.room);
        let written = client.post(&notes, &note("A", "one")).expect(201);
        let note = format!("{notes}/{}", written["id"].as_str().unwrap());
        Self { client, notes, note }
    }

    /// An audited read.
    fn read(&mut self) -> Reply {
        self.client.get(&self.note)
    }

    fn write(&mut self) -> Reply {
        self.client.post(&self.notes, &note("B", "two"))
    }

    /// A read that leaves no entry.
    fn look(&mut self) -> Reply {
        self.client.get("/api/v1/parties")
    }

    #[track_caller]
    fn refused_soon(&mut self, what: fn(&mut Self) -> Reply) {
        self.refused_within(TOLD, what);
    }

    #[track_caller]
    fn refused_within(&mut self, limit: Duration, what: fn(&mut Self) -> Reply) {
        let begun = Instant::now();
        let reply = what(self);
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert!(begun.elapsed() < limit, "told after {:?}", begun.elapsed());
    }

    /// All kinds of requests are answered again, and go on being so.
    #[track_caller]
    fn resumes(&mut self) {
        let begun = Instant::now();
        while [Self::read, Self::write, Self::look].iter().any(|one| one(self).status >= 500) {
            assert!(begun.elapsed() < RESUMED, "not serving again after {:?}", begun.elapsed());
            std::thread::sleep(Duration::from_millis(50));
        }
        for _ in 0..12 {
            self.read().expect(200);
            self.write().expect(201);
            self.look().expect(200);
        }
        assert_eq!(self.client.get("/readyz").status, 200);
    }

    /// The same by many at once, so that every connection is used.
    fn crowd(&self) {
        let barrier = Barrier::new(12);
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    let mut client = self.client.again();
                    barrier.wait();
                    for _ in 0..5 {
                        client.get(&self.note).expect(200);
                    }
                });
            }
        });
    }
}

fn postgres(cluster: &Cluster) -> World {
    World::new(TestServer::start_on(Kind::Postgres, tempfile::tempdir().unwrap(), &cluster.fresh(), &[]))
}

#[test]
fn a_restart_of_postgresql_is_survived() {
    let cluster = Cluster::start();
    let mut world = postgres(&cluster);
    let mut inside = Inside::new(&mut world);
    inside.crowd();
    cluster.stop_at_once();
    for _ in 0..6 {
        inside.refused_soon(Inside::read);
        inside.refused_soon(Inside::write);
        inside.refused_soon(Inside::look);
    }
    assert_eq!(inside.client.get("/readyz").status, 503);
    assert_eq!(inside.client.get("/healthz").status, 200);
    cluster.start_again();
    inside.resumes();
    inside.crowd();

    // One that nobody asked anything of in the meantime goes unnoticed.
    cluster.stop_at_once();
    cluster.start_again();
    inside.read().expect(200);
    inside.write().expect(201);
    inside.crowd();
}

/// That a disk is full or a lock is held is known by what the database says. One that says it in a language that is not
/// understood would have it taken for a fault of ours, so it is not served from.
#[test]
fn a_postgresql_that_speaks_another_language_is_refused() {
    let cluster = Cluster::start();
    let url = DatabaseUrl::Postgres(cluster.fresh());
    migrate::run(&url, true).unwrap();
    cluster.stop_at_once();
    cluster.start_in("fr_FR.UTF-8");
    let refused = url.open_writer().err().expect("it does not understand French");
    let cause = refused.cause().map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("lc_messages is fr_FR.UTF-8, and must be English"), "{cause}");
    let mut conn = PgConnection::establish(&cluster.url("postgres")).unwrap();
    let said = conn.batch_execute("SELECT 1/0").unwrap_err().to_string();
    assert_eq!(said, "division par zéro", "this is about what it really says");
    conn.batch_execute("ALTER ROLE incamera SET lc_messages = 'C'").unwrap();
    url.open_writer().unwrap();
}

#[test]
fn a_postgresql_that_stands_still_holds_nobody_for_ever() {
    let cluster = Cluster::start();
    let mut world = postgres(&cluster);
    let mut inside = Inside::new(&mut world);
    inside.crowd();
    let signal = |name: &str| {
        for pid in cluster.processes() {
            assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
        }
    };
    signal("-STOP");
    std::thread::scope(|scope| {
        for what in [Inside::read, Inside::write, Inside::look] {
            let mut one =
                Inside { client: inside.client.again(), notes: inside.notes.clone(), note: inside.note.clone() };
            scope.spawn(move || {
                let begun = Instant::now();
                assert_eq!(what(&mut one).status, 503);
                assert!(begun.elapsed() < Duration::from_secs(12), "told after {:?}", begun.elapsed());
            });
        }
    });
    signal("-CONT");
    inside.resumes();
}

both!(a_lock_that_another_holds_is_waited_for_two_seconds, |server| {
    let mut world = World::new(server);
    let mut inside = Inside::new(&mut world);
    let mut other = world.server.url().open_writer().unwrap();
    let lock = match other {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN; SELECT size FROM audit_head FOR UPDATE",
    };
    other.batch_execute(lock).unwrap();
    // However many wait, each is told as soon as the first.
    std::thread::scope(|scope| {
        for what in [Inside::read, Inside::write, Inside::read, Inside::write] {
            let mut one =
                Inside { client: inside.client.again(), notes: inside.notes.clone(), note: inside.note.clone() };
            scope.spawn(move || one.refused_within(HELD, what));
        }
    });
    // What leaves no entry needs no lock.
    inside.look().expect(200);
    other.batch_execute("ROLLBACK").unwrap();
    inside.resumes();

    // One that is given up in time is not noticed.
    other.batch_execute(lock).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            other.batch_execute("ROLLBACK").unwrap();
        });
        inside.write().expect(201);
    });
});

#[test]
fn a_table_that_another_locks_refuses_soon() {
    let mut world = World::new(TestServer::start(Kind::Postgres));
    let mut inside = Inside::new(&mut world);
    let mut other = world.server.url().open_writer().unwrap();
    other.batch_execute("BEGIN; LOCK TABLE note_versions IN ACCESS EXCLUSIVE MODE").unwrap();
    inside.refused_within(HELD, Inside::read);
    inside.refused_within(HELD, Inside::write);
    inside.look().expect(200);
    other.batch_execute("ROLLBACK").unwrap();
    inside.resumes();
}

#[test]
fn a_sqlite_file_that_is_moved_away_is_missed() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let mut inside = Inside::new(&mut world);
    inside.crowd();
    let DatabaseUrl::Sqlite(path) = world.server.url() else { unreachable!() };
    let aside = path.with_extension("aside");
    std::fs::rename(&path, &aside).unwrap();
    for _ in 0..6 {
        inside.refused_soon(Inside::read);
        inside.refused_soon(Inside::write);
        inside.refused_soon(Inside::look);
    }
    std::fs::rename(&aside, &path).unwrap();
    inside.resumes();
    inside.crowd();
}

/// The real binary, whose files may not grow beyond a limit that the test sets.
struct Limited {
    child: Child,
}

impl Limited {
    fn limit(&self, bytes: &str) {
        let done = Command::new("prlimit")
            .args([format!("--pid={}", self.child.id()), format!("--fsize={bytes}:unlimited")])
            .status()
            .unwrap();
        assert!(done.success());
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_disk_that_is_full_refuses_and_loses_nothing() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let mut inside = Inside::new(&mut world);
    let data = world.server.settings.base.clone();
    let DatabaseUrl::Sqlite(path) = world.server.url() else { unreachable!() };
    // A second server on the same data, since a limit is for a whole process.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("bash")
        // Else the first write beyond the limit would end the process.
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_incamera"), "serve", "--config"])
        .arg(data.join("incamera.toml"))
        .env("INCAMERA_SERVER__PORT", port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let limited = Limited { child };
    let mut client = Client::new(([127, 0, 0, 1], port).into(), &data.join("ca.pem"));
    let begun = Instant::now();
    while client.try_send("GET", "/readyz", &[], None).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    (client.token, client.unlock, client.visit) =
        (inside.client.token.clone(), inside.client.unlock.clone(), inside.client.visit.clone());
    let mut full = Inside { client, notes: inside.notes.clone(), note: inside.note.clone() };
    full.read().expect(200);

    let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |data| data.len());
    let wal = path.with_extension("db-wal");
    limited.limit(&(size(&wal).max(size(&path)) + 16384).to_string());
    let mut answered = 0;
    let refused = loop {
        let reply = full.client.post(&full.notes, &note("full", &"x".repeat(8000)));
        match reply.status {
            201 => answered += 1,
            _ => break reply,
        }
        assert!(answered < 50, "the limit is felt");
    };
    assert_eq!((refused.status, refused.json()["type"].clone()), (503, json!("urn:incamera:problem:log-unavailable")));
    // Now not even one page fits.
    limited.limit("4096");
    for _ in 0..3 {
        full.refused_soon(Inside::read);
    }
    assert_eq!(full.client.get("/readyz").status, 503);
    full.look().expect(200);
    limited.limit("unlimited");
    full.resumes();
    let list = full.client.get(&format!("{}?limit=200", full.notes)).expect(200);
    let kept = list["items"].as_array().unwrap().iter().filter(|one| one["title"] == "full").count();
    assert_eq!(kept, answered, "what was answered is there, and nothing else");
    inside.read().expect(200);
}

/// A table cannot grow, and then not even PostgreSQL's own log can be written: it ends, and does not come up again
/// before there is room.
#[test]
fn a_disk_that_is_full_under_postgresql_refuses_and_loses_nothing() {
    // Pieces of its log of one megabyte, and so no file but a table's grows beyond.
    let cluster = Cluster::start_with("--wal-segsize=1");
    let mut world = postgres(&cluster);
    let mut inside = Inside::new(&mut world);
    inside.crowd();
    // Nothing in it repeats itself, so it cannot be made shorter.
    let mut dice = 1_u64;
    let mut words = || -> String {
        let mut digit = || {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from_digit((dice >> 59).try_into().unwrap(), 36).unwrap()
        };
        (0..60_000).map(|_| digit()).collect()
    };
    cluster.limit("1048576");
    let mut answered = 0;
    let refused = loop {
        let begun = Instant::now();
        let reply = inside.client.post(&inside.notes, &note("full", &words()));
        match reply.status {
            201 => answered += 1,
            _ => {
                assert!(begun.elapsed() < TOLD, "told after {:?}", begun.elapsed());
                break reply;
            }
        }
        assert!(answered < 100, "the limit is felt");
    };
    assert_eq!((refused.status, refused.json()["type"].clone()), (503, json!("urn:incamera:problem:log-unavailable")));
    inside.look().expect(200);
    assert!(!cluster.processes().is_empty());
    cluster.limit("unlimited");
    inside.resumes();

    cluster.limit("4096");
    for _ in 0..3 {
        inside.refused_soon(Inside::write);
        inside.refused_soon(Inside::read);
    }
    let begun = Instant::now();
    while !cluster.processes().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it cannot go on");
        inside.refused_soon(Inside::write);
    }
    assert_eq!(inside.client.get("/readyz").status, 503);
    cluster.start_again();
    inside.resumes();
    let list = inside.client.get(&format!("{}?limit=200", inside.notes)).expect(200);
    let kept = list["items"].as_array().unwrap().iter().filter(|one| one["title"] == "full").count();
    assert_eq!(kept, answered, "what was answered is there, and nothing else");
}

/// Many who begin to log in and go away: their hashing is bounded all the same, and nobody else waits.
#[test]
fn those_who_go_away_free_no_place_before_the_work_is_done() {
    let settings = [("INCAMERA_IDENTITY__HASHING_AT_ONCE", "1"), ("INCAMERA_IDENTITY__ARGON2_PASSES", "60")];
    let server = TestServer::start_with(Kind::Sqlite, &settings);
    let mut client = server.client();
    client.get("/api/v1/parties").expect(200);
    let body = json!({"email": "nobody@test.example", "password": "x", "code": null}).to_string();
    let alone = {
        let begun = Instant::now();
        client.send("POST", "/api/v1/session", &[("content-type", "application/json")], Some(body.as_bytes()));
        begun.elapsed()
    };
    for _ in 0..16 {
        let mut stream = client.connect().unwrap();
        let head = format!(
            "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.flush().unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    let begun = Instant::now();
    client.get("/api/v1/parties").expect(200);
    let waited = begun.elapsed();
    assert!(waited < alone, "a read waited {waited:?} while one hash takes {alone:?}");
    let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
    println!("{threads} threads; a read waited {waited:?}; a hash takes {alone:?}");
}
