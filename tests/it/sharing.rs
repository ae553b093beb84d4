//! Which entries share a commit: the reads known to be under way are waited for, up to both bounds, and whoever is
//! alone waits for nobody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use incamera::audit::{self, Entry, Event};
use incamera::context::{Clock, Moment, SystemClock, SystemEntropy};
use incamera::db::{DatabaseUrl, Db, migrate};
use incamera::error::Fault;
use incamera::settings::{DatabaseSettings, Settings};

use crate::support::database::{self, Kind};

/// Runs `what` on a new database whose commits are shared by at most `batch` jobs, each waiting at most
/// `milliseconds`; answers how many commits there were, and how many entries.
fn commits(kind: Kind, batch: usize, milliseconds: u64, what: impl FnOnce(&Db)) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&database::fresh(kind, folder.path()), folder.path()).unwrap();
    migrate::run(&url, true).unwrap();
    let settings = Settings::from_text("", folder.path(), []).unwrap().database;
    let settings = DatabaseSettings { batch, batch_milliseconds: milliseconds, readers: 64, ..settings };
    let db = Db::open(&settings, &url, Arc::new(SystemClock), Arc::new(SystemEntropy), database::codes()).unwrap();
    let before = db.counters();
    what(&db);
    let work = db.counters().since(&before);
    drop(db);
    audit::verify(&mut url.open_writer().unwrap(), &mut |_| {}).expect("the log is whole");
    (work.commits, work.entries)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// `count` reads that end one after the other, none before all have begun.
fn crowd(db: &Db, count: usize) {
    let together = Arc::new(Barrier::new(count));
    runtime().block_on(async {
        let reads: Vec<_> = (0..count)
            .map(|number| {
                let (db, together) = (db.clone(), Arc::clone(&together));
                tokio::spawn(async move {
                    let read = db.read(move |work| {
                        together.wait();
                        std::thread::sleep(Duration::from_millis(u64::try_from(number).unwrap()));
                        work.log(Entry::new(Event::LogRead).count(number));
                        Ok(())
                    });
                    read.await.unwrap();
                })
            })
            .collect();
        for read in reads {
            read.await.unwrap();
        }
    });
}

/// A read that goes on until it is told, and leaves nothing.
fn held(db: &Db) -> (Sender<()>, JoinHandle<()>) {
    let (go, wait) = std::sync::mpsc::channel();
    let slow = std::thread::spawn({
        let db = db.clone();
        move || {
            let read = db.read(move |_| {
                wait.recv().unwrap();
                Ok(())
            });
            runtime().block_on(read).unwrap();
        }
    });
    while db.counters().reads == 0 {
        std::thread::yield_now();
    }
    (go, slow)
}

/// A clock that stands, and breaks in the writer's hands once it is told to.
struct Breaks(AtomicBool);

impl Clock for Breaks {
    fn now(&self) -> Moment {
        let writer = std::thread::current().name() == Some("writer");
        assert!(!writer || !self.0.load(Ordering::SeqCst), "made to break by a test");
        Moment(1_780_000_000_000_000)
    }
}

/// The writer's thread never ends before the server does; if it did, whoever waits or comes would be told so at once.
#[test]
fn nobody_waits_for_a_writer_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&database::fresh(Kind::Sqlite, folder.path()), folder.path()).unwrap();
    migrate::run(&url, true).unwrap();
    let settings = Settings::from_text("", folder.path(), []).unwrap().database;
    let settings = DatabaseSettings { batch_milliseconds: 60_000, ..settings };
    let clock = Arc::new(Breaks(AtomicBool::new(false)));
    let given: Arc<dyn Clock> = clock.clone();
    let db = Db::open(&settings, &url, given, Arc::new(SystemEntropy), database::codes()).unwrap();
    let begun = Instant::now();
    let write = |db: Db| move || runtime().block_on(db.write(|_| Ok(()))).map_err(|error| error.fault);
    // Some wait for a read that is under way, and the writer with them.
    let (go, slow) = held(&db);
    let waiting: Vec<_> = (0..3).map(|_| std::thread::spawn(write(db.clone()))).collect();
    clock.0.store(true, Ordering::SeqCst);
    go.send(()).unwrap();
    slow.join().unwrap();
    for one in waiting {
        assert_eq!(one.join().unwrap(), Err(Fault::LogUnavailable));
    }
    assert_eq!(write(db.clone())(), Err(Fault::LogUnavailable));
    assert!(begun.elapsed() < Duration::from_secs(5), "whoever waits in vain does so for ten seconds");
}

#[test]
fn reads_under_way_share_a_commit() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        // The first would wait twelve seconds for the next one.
        assert_eq!(commits(kind, 64, 60_000, |db| crowd(db, 16)), (1, 16), "{kind:?}: all are waited for");
        assert_eq!(commits(kind, 8, 60_000, |db| crowd(db, 20)), (3, 20), "{kind:?}: no more than eight share one");
        let (apart, entries) = commits(kind, 64, 0, |db| crowd(db, 16));
        assert!(apart > 1 && entries == 16, "{kind:?}: nothing is waited for where nothing may be: {apart}");
    }
}

#[test]
fn nobody_waits_alone() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let begun = Instant::now();
        let (commits, _) = commits(kind, 64, 100_000, |db| (0..5).for_each(|_| crowd(db, 1)));
        assert_eq!(commits, 5, "{kind:?}");
        // One that waited for itself would have waited for twenty seconds, each.
        assert!(begun.elapsed() < Duration::from_secs(20), "{kind:?}");
    }
}

/// Once nobody is left to be waited for, nobody waits: also when the last of them hands over nothing.
#[test]
fn a_read_that_leaves_nothing_lets_the_others_go() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let begun = Instant::now();
        let (commits, entries) = commits(kind, 64, 300_000, |db| {
            let (go, other) = held(db);
            let told = std::thread::spawn({
                let db = db.clone();
                move || crowd(&db, 1)
            });
            std::thread::sleep(Duration::from_millis(200));
            assert!(!told.is_finished(), "{kind:?}: the other is waited for");
            go.send(()).unwrap();
            other.join().unwrap();
            told.join().unwrap();
        });
        assert_eq!((commits, entries), (1, 1), "{kind:?}");
        // The time for one more to come is a minute.
        assert!(begun.elapsed() < Duration::from_secs(30), "{kind:?}");
    }
}

/// A read that goes on and on holds up the first who waits, and only for a while.
#[test]
fn a_slow_read_holds_up_nobody_for_long() {
    let (commits, entries) = commits(Kind::Sqlite, 64, 50, |db| {
        let (go, slow) = held(db);
        crowd(db, 1);
        go.send(()).unwrap();
        slow.join().unwrap();
    });
    assert_eq!((commits, entries), (1, 1));
}
