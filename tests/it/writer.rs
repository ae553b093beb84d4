//! The writer, step by step: begin, job, append, store the head, commit, tell. Each fails without having
//! happened, and fails although it has; and whatever a caller is told, the database does not contradict it.

mod at_once;

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::audit::{Entry, Event};
use incamera::db::{Conn, DatabaseUrl, Db, Work, migrate};
use incamera::error::{AppError, Fault};
use incamera::ids::PartyId;

use crate::support::database::{self, Kind, block_on, open};
use crate::support::proxy::{Break, Proxy, Trap};

/// A database without a server, and a connection of one's own to look at it.
struct Bench {
    db: Db,
    conn: Conn,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(&database::fresh(kind, folder.path()), folder.path()).unwrap();
        migrate::run(&url, true).unwrap();
        Self { db: open(&url), conn: url.open_writer().unwrap(), folder }
    }

    /// How many rows, and how many entries, there are of this code: both none or both one.
    #[track_caller]
    fn stored(&mut self, code: &str) -> bool {
        stored(&mut self.conn, code)
    }
}

#[track_caller]
fn stored(conn: &mut Conn, code: &str) -> bool {
    let rows = count(conn, "SELECT COUNT(*) AS count FROM parties WHERE code = $1", code);
    let entries = count(conn, "SELECT COUNT(*) AS count FROM audit_entries WHERE thing_id = $1", code);
    assert_eq!(rows, entries, "{code}: a change and its entry, or neither");
    incamera::audit::verify(conn, &mut |_| {}).expect("the log is whole");
    match rows {
        0 => false,
        1 => true,
        more => panic!("{code}: {more} rows"),
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(conn: &mut Conn, query: &str, code: &str) -> i64 {
    sql_query(query).bind::<Text, _>(code).get_result::<Count>(conn).unwrap().count
}

/// A change with its entry.
fn record(code: &str) -> impl FnOnce(&mut Work<'_>) -> Result<(), AppError> + Send + 'static {
    let code = code.to_owned();
    move |work| {
        let id = PartyId::new(work)?;
        sql_query("INSERT INTO parties (id, kind, code, recorded_us) VALUES ($1, 'organisation', $2, $3)")
            .bind::<Text, _>(id)
            .bind::<Text, _>(&code)
            .bind::<BigInt, _>(work.now.0)
            .execute(work.conn)?;
        work.log(Entry::new(Event::PartyRecorded).on("party", &code));
        Ok(())
    }
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done,
    NotDone,
    NotKnown,
    /// That it is in the way of what was done already.
    Conflict,
}

fn told<T>(outcome: Result<T, AppError>) -> Told {
    match outcome {
        Ok(_) => Told::Done,
        Err(error) if error.fault == Fault::Uncertain => Told::NotKnown,
        Err(error) if matches!(error.fault, Fault::Conflict(_)) => Told::Conflict,
        Err(_) => Told::NotDone,
    }
}

/// Whether the database bears out what was told.
fn bears_out(stored: bool, told: Told) -> bool {
    told == Told::NotKnown || stored == (told == Told::Done)
}

/// Statement, what the caller is told when it does not arrive, and when only its answer does not.
const STEPS: &[(&str, &str, Told, Told)] = &[
    // Nothing was done yet: it is begun again on a new connection.
    ("begin", "BEGIN ISOLATION LEVEL READ COMMITTED", Told::Done, Told::Done),
    ("lock", "FOR UPDATE", Told::Done, Told::Done),
    ("savepoint", "SAVEPOINT job", Told::NotDone, Told::NotDone),
    ("job", "INSERT INTO parties", Told::NotDone, Told::NotDone),
    ("release", "RELEASE SAVEPOINT job", Told::NotDone, Told::NotDone),
    ("append", "INSERT INTO audit_entries", Told::NotDone, Told::NotDone),
    ("store head", "UPDATE \"audit_head\"", Told::NotDone, Told::NotDone),
    // The one step that happens for good: the writer looks what became of it.
    ("commit", COMMIT, Told::NotDone, Told::Done),
];

/// As it is sent: not the READ COMMITTED of another statement.
const COMMIT: &str = "COMMIT\0";

/// PostgreSQL behind a proxy, freshly opened: a statement is sent in words only once on a connection.
struct Behind {
    proxy: Proxy,
    through: DatabaseUrl,
    conn: Conn,
    _folder: tempfile::TempDir,
}

impl Behind {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = database::fresh(Kind::Postgres, folder.path());
        let direct = DatabaseUrl::parse(&text, folder.path()).unwrap();
        migrate::run(&direct, true).unwrap();
        let proxy = Proxy::start(folder.path(), Path::new(text.split_once("host=").unwrap().1));
        let through = DatabaseUrl::parse(&proxy.url(&text), folder.path()).unwrap();
        Self { proxy, through, conn: direct.open_writer().unwrap(), _folder: folder }
    }
}

#[test]
fn a_step_that_fails_on_postgresql_is_told_as_it_is() {
    let mut behind = Behind::new();
    for (step, statement, before, after) in STEPS {
        for (when, expected) in [(Break::Before, *before), (Break::After, *after)] {
            for and_shut in [false, true] {
                let case = format!("{step} {when:?} {and_shut}");
                let db = open(&behind.through);
                behind.proxy.arm(Trap { statement, when, and_shut });
                let outcome = told(db.write_blocking(record(&case)));
                assert!(behind.proxy.sprung(), "{case}");
                let expected = match (and_shut, *step) {
                    (false, _) => expected,
                    // With nowhere to look, it is not known; with nowhere to begin again, it is not done.
                    (true, "commit") => Told::NotKnown,
                    (true, _) => Told::NotDone,
                };
                assert_eq!(outcome, expected, "{case}");
                let there = stored(&mut behind.conn, &case);
                assert!(bears_out(there, outcome), "{case}: told {outcome:?}, stored: {there}");
                if *step == "commit" {
                    assert_eq!(there, when == Break::After, "{case}");
                }
                // And it goes on.
                behind.proxy.open();
                let next = format!("after {case}");
                db.write_blocking(record(&next)).unwrap_or_else(|error| panic!("{next}: {error:?}"));
                assert!(stored(&mut behind.conn, &next));
            }
        }
    }
}

/// A read is answered only when its entry is known to be there, and what is not known is never said of it.
#[test]
fn a_read_is_answered_only_with_its_entry() {
    let mut behind = Behind::new();
    let steps = [
        ("INSERT INTO audit_entries", Told::NotDone, Told::NotDone),
        ("UPDATE \"audit_head\"", Told::NotDone, Told::NotDone),
        // The end of the reading transaction, by which the answer is read already.
        ("COMMIT AND CHAIN\0", Told::Done, Told::Done),
        (COMMIT, Told::NotDone, Told::Done),
    ];
    for (statement, before, after) in steps {
        for (when, expected) in [(Break::Before, before), (Break::After, after)] {
            for and_shut in [false, true] {
                let case = format!("{statement:?} {when:?} {and_shut}");
                let db = open(&behind.through);
                behind.proxy.arm(Trap { statement, when, and_shut });
                let thing = case.clone();
                let outcome = block_on(db.read(move |work| {
                    work.log(Entry::new(Event::NoteRead).on("note", &thing));
                    Ok(())
                }));
                assert!(behind.proxy.sprung(), "{case}");
                // The writer's connection stands even when the reader's was the last to come through.
                let expected = if and_shut && statement == COMMIT { Told::NotDone } else { expected };
                assert_eq!(told(outcome), expected, "{case}");
                assert_eq!(db.counters().commits, u64::from(expected == Told::Done), "{case}");
                let query = "SELECT COUNT(*) AS count FROM audit_entries WHERE thing_id = $1";
                let entries = count(&mut behind.conn, query, &case);
                assert!(entries == 1 || expected != Told::Done, "{case}: answered without an entry");
                behind.proxy.open();
                block_on(db.read(|_| Ok(()))).unwrap();
            }
        }
    }
    incamera::audit::verify(&mut behind.conn, &mut |_| {}).unwrap();
}

/// Logs that a thing was read, as a read does.
fn read(db: &Db, thing: &str) -> Told {
    let entry = Entry::new(Event::NoteRead).on("note", thing);
    told(block_on(db.read(move |work| {
        work.log(entry);
        Ok(())
    })))
}

/// What the databases themselves can be made to refuse: each with the trigger that does it.
fn refusals(kind: Kind) -> Vec<(&'static str, String)> {
    match kind {
        Kind::Sqlite => {
            let trigger = |when: &str, what: &str| {
                format!("CREATE TRIGGER refuse BEFORE {when} BEGIN SELECT RAISE({what}, 'refused'); END")
            };
            vec![
                ("job", trigger("INSERT ON parties", "ABORT")),
                // As a full disk does it: the whole transaction is gone, and whoever went on would be
                // outside of any.
                ("job, with the transaction", trigger("INSERT ON parties", "ROLLBACK")),
                ("append", trigger("INSERT ON audit_entries", "ABORT")),
                ("append, with the transaction", trigger("INSERT ON audit_entries", "ROLLBACK")),
                ("store head", trigger("UPDATE ON audit_head", "ABORT")),
                ("store head, with the transaction", trigger("UPDATE ON audit_head", "ROLLBACK")),
                (
                    "commit",
                    "CREATE TABLE IF NOT EXISTS broken (id INTEGER PRIMARY KEY, other INTEGER REFERENCES broken (id) DEFERRABLE INITIALLY DEFERRED);
                     CREATE TRIGGER refuse AFTER INSERT ON parties BEGIN INSERT INTO broken VALUES (NULL, 9999); END"
                        .into(),
                ),
            ]
        }
        Kind::Postgres => {
            let refuse = "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;";
            let end = "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;";
            let trigger = |function: &str, when: &str| {
                format!("{function} CREATE TRIGGER refuse BEFORE {when} FOR EACH ROW EXECUTE FUNCTION refuse()")
            };
            vec![
                ("job", trigger(refuse, "INSERT ON parties")),
                ("job, with the connection", trigger(end, "INSERT ON parties")),
                ("append", trigger(refuse, "INSERT ON audit_entries")),
                ("append, with the connection", trigger(end, "INSERT ON audit_entries")),
                ("store head", trigger(refuse, "UPDATE ON audit_head")),
                ("store head, with the connection", trigger(end, "UPDATE ON audit_head")),
                (
                    "commit",
                    format!(
                        "{refuse} CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON parties DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
                    ),
                ),
            ]
        }
    }
}

fn relent(kind: Kind, trigger: &str) -> String {
    let table = ["parties", "audit_entries", "audit_head"]
        .into_iter()
        .find(|table| trigger.contains(&format!("ON {table}")))
        .unwrap();
    match kind {
        Kind::Sqlite => "DROP TRIGGER refuse".into(),
        Kind::Postgres => format!("DROP TRIGGER refuse ON {table}"),
    }
}

#[test]
fn a_step_that_the_database_refuses_leaves_nothing() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut bench = Bench::new(kind);
        for (step, trigger) in refusals(kind) {
            let case = format!("{kind:?}: {step}");
            bench.conn.batch_execute(&trigger).unwrap();
            assert_eq!(told(bench.db.write_blocking(record(&case))), Told::NotDone, "{case}");
            assert!(!bench.stored(&case), "{case}");
            bench.conn.batch_execute(&relent(kind, &trigger)).unwrap();
            bench.db.write_blocking(record(&case)).unwrap_or_else(|error| panic!("after {case}: {error:?}"));
            assert!(bench.stored(&case), "{case}");
        }
    }
}

/// What stands before all jobs of a commit fails: whoever waits is refused, and the writer does not try for ever.
#[test]
fn whoever_waits_is_refused_when_nothing_may_be_committed() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut bench = Bench::new(kind);
        let party = PartyId::new(&bench.db.ctx()).unwrap();
        bench
            .conn
            .batch_execute(&format!(
                "INSERT INTO parties (id, kind, code, recorded_us) VALUES ('{party}', 'organisation', 'by-hand', 1)"
            ))
            .unwrap();
        bench
            .conn
            .batch_execute(match kind {
                Kind::Sqlite => {
                    "CREATE TRIGGER keep BEFORE DELETE ON audit_touched BEGIN SELECT RAISE(ABORT, 'refused'); END"
                }
                Kind::Postgres => {
                    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
                     CREATE TRIGGER keep BEFORE DELETE ON audit_touched FOR EACH ROW EXECUTE FUNCTION keep()"
                }
            })
            .unwrap();
        let (tell, outcome) = mpsc::channel();
        let db = bench.db.clone();
        std::thread::spawn(move || tell.send(told(db.write_blocking(record("refused")))));
        assert_eq!(outcome.recv_timeout(Duration::from_secs(20)), Ok(Told::NotDone), "{kind:?}");
        assert!(!bench.stored("refused"), "{kind:?}");
        assert_eq!(read(&bench.db, "refused"), Told::NotDone, "{kind:?}");
        let mend = match kind {
            Kind::Sqlite => "DROP TRIGGER keep",
            Kind::Postgres => "DROP TRIGGER keep ON audit_touched",
        };
        bench.conn.batch_execute(mend).unwrap();
        bench.db.write_blocking(record("after")).unwrap();
        assert!(bench.stored("after"), "{kind:?}");
    }
}

#[test]
fn a_row_with_an_endless_name_does_not_stop_the_log() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut bench = Bench::new(kind);
        let endless = format!("INSERT INTO audit_touched VALUES ('parties', '{}', '')", "x".repeat(5000));
        bench.conn.batch_execute(&endless).unwrap();
        bench.db.write_blocking(record("after")).unwrap();
        assert!(bench.stored("after"), "{kind:?}");
        let named = format!("parties/{}", "x".repeat(192));
        let told = "SELECT COUNT(*) AS count FROM audit_entries WHERE event = 'row_found' AND thing_id = $1";
        assert_eq!(count(&mut bench.conn, told, &named), 1, "{kind:?}");
    }
}

/// Holds the writer until told, so that what comes next waits, and then shares one commit.
fn hold(db: &Db) -> (mpsc::Sender<()>, std::thread::JoinHandle<Told>) {
    let (go, wait) = mpsc::channel::<()>();
    let (begun_tell, begun) = mpsc::channel();
    let db = db.clone();
    let thread = std::thread::spawn(move || {
        told(db.write_blocking(move |_| {
            begun_tell.send(()).unwrap();
            wait.recv().unwrap_or_default();
            Ok(())
        }))
    });
    begun.recv().unwrap();
    (go, thread)
}

/// What is handed in.
type Job = Box<dyn FnOnce(&mut Work<'_>) -> Result<(), AppError> + Send>;

/// Hands in several jobs, in this order, while the writer is held; answers what each was told.
fn together(db: &Db, jobs: Vec<Job>) -> Vec<Told> {
    let (go, held) = hold(db);
    let threads: Vec<_> = jobs
        .into_iter()
        .map(|job| {
            let db = db.clone();
            let thread = std::thread::spawn(move || told(db.write_blocking(job)));
            std::thread::sleep(Duration::from_millis(60));
            thread
        })
        .collect();
    go.send(()).unwrap();
    held.join().unwrap();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn one_job_that_fails_takes_nothing_of_the_others() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut bench = Bench::new(kind);
        let before = bench.db.counters();
        let swallowed = |work: &mut Work<'_>| {
            record("swallowed")(work)?;
            // On PostgreSQL a transaction is spoilt by an error, also by one that nobody looks at.
            drop(sql_query("SELECT no_such_column FROM parties").execute(work.conn));
            Ok(())
        };
        let told = together(
            &bench.db,
            vec![
                Box::new(record("first")),
                Box::new(|work| record("errs")(work).and(Err(Fault::NotFound.into()))),
                Box::new(|work| {
                    record("panics")(work)?;
                    panic!("meant to")
                }),
                Box::new(record("first")),
                Box::new(swallowed),
                Box::new(record("last")),
            ],
        );
        let swallowed = if kind == Kind::Sqlite { Told::Done } else { Told::NotDone };
        assert_eq!(told, [Told::Done, Told::NotDone, Told::NotDone, Told::NotDone, swallowed, Told::Done], "{kind:?}");
        assert_eq!(bench.db.counters().since(&before).commits, 1, "all of them were in one batch");
        for (code, there) in [("first", true), ("errs", false), ("panics", false), ("last", true)] {
            assert_eq!(bench.stored(code), there, "{kind:?}: {code}");
        }
        assert_eq!(bench.stored("swallowed"), swallowed == Told::Done);
    }
}

/// A job with which the whole transaction is lost: what was done before it in the same batch is refused, and
/// so is a refusal that rested on that.
#[test]
fn a_lost_transaction_is_told_to_all_who_shared_it() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut bench = Bench::new(kind);
        let trigger = match kind {
            Kind::Sqlite => {
                "CREATE TRIGGER refuse BEFORE INSERT ON parties WHEN NEW.code = 'poison' BEGIN SELECT RAISE(ROLLBACK, 'refused'); END"
            }
            Kind::Postgres => {
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.code = 'poison' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
                 CREATE TRIGGER refuse BEFORE INSERT ON parties FOR EACH ROW EXECUTE FUNCTION refuse()"
            }
        };
        bench.conn.batch_execute(trigger).unwrap();
        let (tell, seen) = mpsc::channel();
        let told = together(
            &bench.db,
            vec![
                Box::new(record("before")),
                Box::new(move |work| {
                    let there = sql_query("SELECT COUNT(*) AS count FROM parties WHERE code = $1")
                        .bind::<Text, _>("before")
                        .get_result::<Count>(work.conn)?;
                    tell.send(there.count).unwrap();
                    Err(Fault::Conflict("It exists already.").into())
                }),
                Box::new(record("poison")),
                Box::new(record("after")),
            ],
        );
        assert_eq!(seen.recv().unwrap(), 1, "they shared a batch");
        assert_eq!(told, [Told::NotDone, Told::NotDone, Told::NotDone, Told::Done], "{kind:?}");
        for (code, there) in [("before", false), ("poison", false), ("after", true)] {
            assert_eq!(bench.stored(code), there, "{kind:?}: {code}");
        }
    }
}

/// The last step: the caller has gone. What had begun stands, with its entry; what had not is not begun.
#[test]
fn a_caller_who_goes_away_withdraws_only_what_has_not_begun() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut bench = Bench::new(kind);
        let (go, wait) = mpsc::channel::<()>();
        block_on(async {
            let begun = bench.db.write(move |work| {
                record("begun")(work)?;
                wait.recv().unwrap_or_default();
                Ok(())
            });
            assert!(tokio::time::timeout(Duration::from_millis(300), begun).await.is_err());
            let waiting = bench.db.write(record("waiting"));
            assert!(tokio::time::timeout(Duration::from_millis(100), waiting).await.is_err());
        });
        go.send(()).unwrap();
        bench.db.write_blocking(record("next")).unwrap();
        for (code, there) in [("begun", true), ("waiting", false), ("next", true)] {
            assert_eq!(bench.stored(code), there, "{kind:?}: {code}");
        }
    }
}

#[test]
fn whoever_waits_too_long_is_told_what_is_known() {
    let mut bench = Bench::new(Kind::Sqlite);
    block_on(async {
        let slow = bench.db.write(|work| {
            record("slow")(work)?;
            std::thread::sleep(Duration::from_millis(10_700));
            Ok(())
        });
        let behind = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            bench.db.write(record("behind")).await
        };
        let (slow, behind) = tokio::join!(slow, behind);
        assert_eq!((told(slow), told(behind)), (Told::NotKnown, Told::NotDone));
    });
    bench.db.write_blocking(record("next")).unwrap();
    for (code, there) in [("slow", true), ("behind", false), ("next", true)] {
        assert_eq!(bench.stored(code), there, "{code}");
    }
    drop(bench.folder);
}
