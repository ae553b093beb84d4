//! The log step by step: appending an entry and signing a checkpoint, with each step failing before it is done,
//! failing although it was done, and the server killed at it. What is expected stands in `docs/LOG.md`, too, and
//! `the_table_in_the_docs_is_this_one` holds it there.
//!
//! The server is the real program. Inside a transaction it is the database that fails, by triggers; where the world
//! begins, at a commit or at a file, it is the system call (`support/shim.rs`).

mod appending;
mod publishing;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::context::{SystemClock, SystemEntropy};
use incamera::db::{Conn, DatabaseUrl, Db};
use incamera::seal::RowCodes;
use incamera::settings::Settings;

use crate::support::database::{self, Kind};
use crate::support::kept::Kept;
use crate::support::process::Node;
use crate::support::scene::{inside, note, scene};
use crate::support::shim::Shim;
use crate::support::{Client, Reply, TestServer, World};

/// What the note says that is read.
const SECRET: &str = "zebrafinch";
/// Until when serving goes on after a repair, or after the next start.
const RESUMED: Duration = Duration::from_secs(5);

/// A server that can be killed, and somebody inside a room of it.
struct Stage {
    kind: Kind,
    data: PathBuf,
    url: DatabaseUrl,
    /// Those that are in its file.
    plain: Settings,
    /// Those that are not.
    settings: Vec<(&'static str, String)>,
    shim: Shim,
    node: Node,
    client: Client,
    notes: String,
    /// The note that is read.
    note: String,
    kept: Kept,
    _folder: Arc<tempfile::TempDir>,
}

impl Stage {
    fn set(kind: Kind, publish_seconds: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database::fresh(kind, folder.path());
        // Longer than the whole test.
        let long = [("INCAMERA_IDENTITY__ACCESS_SECONDS", "900")];
        let mut world = World::new(TestServer::start_on(kind, folder, &url, &long));
        let scene = scene(&mut world);
        let mut client = inside(&mut world, "fr", &scene.room);
        let notes = format!("/api/v1/rooms/{}/notes", scene.room);
        let written = client.post(&notes, &note("A", SECRET)).expect(201);
        let note = format!("{notes}/{}", written["id"].as_str().unwrap());
        let World { server, .. } = world;
        let (data, url) = (server.settings.base.clone(), server.url());
        let folder = server.stop();
        let shim = Shim::new(folder.path());
        let mut settings = vec![
            ("INCAMERA_AUDIT__PUBLISH_SECONDS", publish_seconds.to_owned()),
            ("INCAMERA_SERVER__WORKERS", "1".to_owned()),
        ];
        settings.extend(long.map(|(name, value)| (name, value.to_owned())));
        settings.extend(shim.settings());
        let node = Self::start(&data, &settings);
        let client = client.again_at(node.address);
        let kept = Kept::of(&data);
        let text = std::fs::read_to_string(data.join("incamera.toml")).unwrap();
        let plain = Settings::from_text(&text, &data, []).unwrap();
        Self { kind, data, url, plain, settings, shim, node, client, notes, note, kept, _folder: folder }
    }

    fn start(data: &std::path::Path, settings: &[(&'static str, String)]) -> Node {
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Node::start(data, &settings)
    }

    fn start_again(&mut self) {
        self.node = Self::start(&self.data, &self.settings);
        self.client = self.client.again_at(self.node.address);
    }

    /// Opened anew each time: a test that held one would keep SQLite from recovering after a kill.
    fn conn(&self) -> Conn {
        self.url.open_writer().unwrap()
    }

    #[track_caller]
    fn execute(&self, statements: &str) {
        self.conn().batch_execute(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    fn count(&self, query: &str) -> i64 {
        count(&mut self.conn(), query)
    }

    /// The database, as a node of its own has it.
    fn db(&self) -> Db {
        let codes = RowCodes::open(&self.plain).unwrap();
        Db::open(&self.plain.database, &self.url, Arc::new(SystemClock), Arc::new(SystemEntropy), codes).unwrap()
    }

    fn ask(&self, what: What) -> Ask {
        let path = if what == What::Read { &self.note } else { &self.notes };
        Ask { client: self.client.again(), what, path: path.clone() }
    }

    /// Reads and writes until both are answered well.
    #[track_caller]
    fn goes_on(&self, case: &str) {
        let begun = Instant::now();
        let good = |what, status| self.ask(what).send().is_ok_and(|reply| reply.status == status);
        while !(good(What::Read, 200) && good(What::Write, 201)) {
            assert!(
                begun.elapsed() < RESUMED,
                "{case}: not serving after {:?}\n{}",
                begun.elapsed(),
                self.node.diagnostics()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The log is whole, and every checkpoint ever seen is of it.
    #[track_caller]
    fn is_whole(&mut self, case: &str) -> (u64, u64) {
        let mut conn = self.conn();
        incamera::audit::verify(&mut conn, &mut |_| {}).unwrap_or_else(|error| panic!("{case}: {:?}", error.cause()));
        let sizes = self.kept.look(&mut conn);
        self.kept.agree(&mut conn);
        sizes
    }

    /// Lets a statement fail, or stand still, from now on.
    fn spoil(&self, fault: Spoilt, statement: &str, table: &str) {
        let function = |body: &str| {
            format!(
                "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NEW; END $$;"
            )
        };
        let (moment, sqlite, postgres) = match fault {
            Spoilt::Before => ("BEFORE", "SELECT RAISE(ABORT, 'the disk is full')", "RAISE 'the disk is full'"),
            // What the statement did stays in the transaction; on PostgreSQL its answer is lost with the connection.
            Spoilt::After => {
                ("AFTER", "SELECT RAISE(FAIL, 'the disk is full')", "PERFORM pg_terminate_backend(pg_backend_pid())")
            }
            Spoilt::Still => ("AFTER", "SELECT COUNT(*) FROM endless", "PERFORM pg_sleep(60)"),
        };
        self.execute(&match self.kind {
            Kind::Sqlite => format!(
                "CREATE VIEW IF NOT EXISTS endless AS WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c;
                 CREATE TRIGGER spoil {moment} {statement} ON {table} BEGIN {sqlite}; END"
            ),
            Kind::Postgres => format!(
                "{} CREATE TRIGGER spoil {moment} {statement} ON {table} FOR EACH ROW EXECUTE FUNCTION spoil()",
                function(postgres)
            ),
        });
    }

    fn mend(&self, table: &str) {
        self.execute(&match self.kind {
            Kind::Sqlite => "DROP TRIGGER spoil".to_owned(),
            // A statement that stands still goes on when its client was killed.
            Kind::Postgres => {
                self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()");
                format!("DROP TRIGGER spoil ON {table}")
            }
        });
    }

    /// Waits until the server stands still at the spoilt statement.
    #[track_caller]
    fn stands_still(&self) {
        let (begun, ticks) = (Instant::now(), self.writers_ticks());
        let still = || {
            match self.kind {
            // It is busy for ever.
            Kind::Sqlite => self.writers_ticks() > ticks + 5,
            Kind::Postgres => {
                self.count("SELECT COUNT(*) AS count FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") > 0
            }
        }
        };
        while !still() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it never came there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Hundredths of a second for which the server's writing thread was busy.
    fn writers_ticks(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.node.pid())).unwrap();
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let writer = tasks.map(|task| task.unwrap().path()).find(|task| read(task.join("comm")).trim() == "writer");
        let stat = read(writer.expect("a writer").join("stat"));
        stat.rsplit(')').next().unwrap().split_whitespace().nth(11).unwrap().parse().unwrap()
    }
}

/// What is asked for: something to be done, or something to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Write,
    Read,
}

/// A request on a connection of its own.
struct Ask {
    client: Client,
    what: What,
    path: String,
}

impl Ask {
    fn send(mut self) -> std::io::Result<Reply> {
        let body = note("B", "two").to_string();
        match self.what {
            What::Read => self.client.try_send("GET", &self.path, &[], None),
            What::Write => {
                let json = [("content-type", "application/json")];
                self.client.try_send("POST", &self.path, &json, Some(body.as_bytes()))
            }
        }
    }
}

/// How a statement is spoilt.
#[derive(Clone, Copy, Debug)]
enum Spoilt {
    Before,
    After,
    Still,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(conn: &mut Conn, query: &str) -> i64 {
    sql_query(query).get_result::<Count>(conn).unwrap().count
}

#[test]
fn the_table_in_the_docs_is_this_one() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LOG.md")).unwrap();
    for table in [appending::table(), publishing::table()] {
        assert!(docs.contains(&table), "docs/LOG.md does not hold\n\n{table}");
    }
}
