//! `cargo bench --bench log`: what appending to the log costs, each figure beside its floors in the same run.
//!
//! Entries are appended as those of reads are, by 1, 16 and 64 who wait for them. The floors are the same rows in the
//! same table with its indexes, without tree, commitments or checks: in transactions as large as ours were, and in one
//! transaction each. That of one each is measured twice: by a thread that does nothing else, and as anybody who serves
//! requests must do it, whose waiting work is on other threads than his connections. Nothing is asserted: figures drift
//! with the machine; compare within a run.

// A program for measuring is as much of a test as of a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]
#![allow(clippy::print_stdout, clippy::pedantic, dead_code, unused_imports, missing_docs)]

mod measure;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::audit::{self, Entry, Event};
use incamera::context::{Ctx, Moment, SystemEntropy};
use incamera::db::{Conn, DatabaseUrl, Db, migrate};
use incamera::ids::{EntryId, PartyId, PersonId, RoomId, VisitId};
use sha2::{Digest, Sha256};

use support::cluster::{self, Cluster};
use support::database::{Kind, open};

const WAITING: [usize; 3] = [1, 16, 64];
const SIZES: [i64; 3] = [1_000, 100_000, 1_000_000];
const MEASURED: Duration = Duration::from_secs(1);
/// Of which the middle one is told.
const ROUNDS: usize = 5;

fn main() {
    println!("{} threads of the machine", std::thread::available_parallelism().unwrap());
    let folder = tempfile::tempdir().unwrap();
    println!("the disk syncs {:.0} times a second", measure::syncs_a_second(folder.path()));
    let mut stage = Stage { kind: Kind::Sqlite, cluster: None, folder, made: 0 };
    if measure::is_asked_for("sqlite") {
        appends(&mut stage);
        growth(&mut stage);
    }
    if measure::is_asked_for("postgres") {
        let mut stage = Stage { kind: Kind::Postgres, cluster: Some(Cluster::start()), made: 0, ..stage };
        appends(&mut stage);
        growth(&mut stage);
    }
}

/// Where databases are made.
struct Stage {
    kind: Kind,
    cluster: Option<Cluster>,
    folder: tempfile::TempDir,
    made: usize,
}

impl Stage {
    /// A new database, migrated.
    fn fresh(&mut self) -> DatabaseUrl {
        self.made += 1;
        let text = match &self.cluster {
            Some(cluster) => cluster.fresh(),
            None => format!("sqlite:{}", self.folder.path().join(format!("{}.db", self.made)).display()),
        };
        let url = DatabaseUrl::parse(&text, self.folder.path()).unwrap();
        migrate::run(&url, true).unwrap();
        url
    }
}

/// The people, parties and rooms that entries name: some, as in a network.
struct Cast {
    people: Vec<PersonId>,
    parties: Vec<PartyId>,
    rooms: Vec<RoomId>,
    notes: Vec<String>,
    visits: Vec<VisitId>,
}

impl Cast {
    fn new(ctx: &Ctx) -> Self {
        Self {
            people: (0..200).map(|_| PersonId::new(ctx).unwrap()).collect(),
            parties: (0..50).map(|_| PartyId::new(ctx).unwrap()).collect(),
            rooms: (0..100).map(|_| RoomId::new(ctx).unwrap()).collect(),
            notes: (0..2000).map(|_| RoomId::new(ctx).unwrap().to_string()).collect(),
            visits: (0..400).map(|_| VisitId::new(ctx).unwrap()).collect(),
        }
    }

    /// That somebody has read a note.
    fn entry(&self, number: usize) -> Entry {
        let note = number.wrapping_mul(7919) % self.notes.len();
        Entry::new(Event::NoteRead)
            .by_person(&self.people[number % self.people.len()])
            .on("note", &self.notes[note])
            .in_room(&self.rooms[note % self.rooms.len()])
            .owned_by(Some(&self.parties[note % self.parties.len()]))
            .during(Some(&self.visits[number % self.visits.len()]))
            .version(1)
    }
}

/// Appends, as so many who wait for one entry each do, for as long as is measured. Answers entries and commits a second.
fn appended(db: &Db, cast: &Arc<Cast>, waiting: usize) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = db.counters();
    let begun = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..waiting)
            .map(|task| {
                let (db, cast) = (db.clone(), Arc::clone(cast));
                tokio::spawn(async move {
                    let mut number = task * 1_000_003;
                    while begun.elapsed() < MEASURED {
                        let entry = cast.entry(number);
                        db.read(move |work| {
                            work.log(entry);
                            Ok(())
                        })
                        .await
                        .unwrap();
                        number += 1;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let (work, seconds) = (db.counters().since(&before), begun.elapsed().as_secs_f64());
    (work.entries as f64 / seconds, work.commits as f64 / seconds)
}

#[derive(QueryableByName, Clone)]
struct Row {
    #[diesel(sql_type = BigInt)]
    minute: i64,
    #[diesel(sql_type = Binary)]
    commitment: Vec<u8>,
    #[diesel(sql_type = Text)]
    payload: String,
    #[diesel(sql_type = Binary)]
    salt: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    at_us: i64,
    #[diesel(sql_type = Text)]
    actor_id: String,
    #[diesel(sql_type = Text)]
    owner_party: String,
    #[diesel(sql_type = Text)]
    room_id: String,
    #[diesel(sql_type = Text)]
    thing_id: String,
}

/// Some rows that were appended, to be inserted elsewhere without a log.
fn rows(url: &DatabaseUrl) -> Vec<Row> {
    let query = "SELECT minute, commitment, payload, salt, at_us, actor_id, owner_party, room_id, thing_id FROM audit_entries WHERE event = 'note_read' ORDER BY seq LIMIT 4096";
    sql_query(query).load(&mut url.open_writer().unwrap()).unwrap()
}

/// A floor: rows in the same table, so many a transaction, for as long as is measured.
struct Floor {
    conn: Conn,
    rows: Vec<Row>,
    ids: Vec<String>,
    next: usize,
}

impl Floor {
    fn new(url: &DatabaseUrl, rows: Vec<Row>) -> Self {
        // In the order of time, as they are made: at five a millisecond.
        let at = |number| Ctx::new(Moment(number * 200), Arc::new(SystemEntropy));
        let ids = (0..400_000_i64).map(|number| EntryId::new(&at(number)).unwrap().to_string()).collect();
        Self { conn: url.open_writer().unwrap(), rows, ids, next: 0 }
    }

    /// Rows and transactions a second.
    fn inserted(&mut self, together: usize) -> (f64, f64) {
        let (first, begun, mut transactions) = (self.next, Instant::now(), 0.0);
        while begun.elapsed() < MEASURED {
            self.transaction(together);
            transactions += 1.0;
        }
        let seconds = begun.elapsed().as_secs_f64();
        ((self.next - first) as f64 / seconds, transactions / seconds)
    }

    fn transaction(&mut self, together: usize) {
        let begin = match self.conn {
            Conn::Sqlite(_) => "BEGIN IMMEDIATE",
            Conn::Postgres(_) => "BEGIN",
        };
        self.conn.batch_execute(begin).unwrap();
        let mut rest = together;
        // As the log does: in pieces of few sizes, each prepared once.
        while let Some(piece) = rest.checked_ilog2() {
            self.insert(1 << piece.min(6));
            rest -= 1 << piece.min(6);
        }
        self.conn.batch_execute("COMMIT").unwrap();
    }

    fn insert(&mut self, count: usize) {
        let mut text = String::from(
            "INSERT INTO audit_entries (seq, id, minute, commitment, payload, salt, at_us, event, area, actor_id, owner_party, room_id, thing_id) VALUES ",
        );
        for row in 0..count {
            let first = row * 11;
            let place = |at: usize| format!("${}", first + at);
            let values: Vec<String> =
                (1..=7).map(place).chain(["'note_read'".into(), "'rooms'".into()]).chain((8..=11).map(place)).collect();
            text += &format!("{}({})", if row == 0 { "" } else { ", " }, values.join(", "));
        }
        let mut query = sql_query(text).into_boxed();
        for _ in 0..count {
            let row = &self.rows[self.next % self.rows.len()];
            query = query
                .bind::<BigInt, _>(self.next as i64)
                .bind::<Text, _>(&self.ids[self.next])
                .bind::<BigInt, _>(row.minute)
                .bind::<Binary, _>(&row.commitment)
                .bind::<Text, _>(&row.payload)
                .bind::<Binary, _>(&row.salt)
                .bind::<BigInt, _>(row.at_us)
                .bind::<Text, _>(&row.actor_id)
                .bind::<Text, _>(&row.owner_party)
                .bind::<Text, _>(&row.room_id)
                .bind::<Text, _>(&row.thing_id);
            self.next += 1;
        }
        query.execute(&mut self.conn).unwrap();
    }
}

/// As [`Floor::inserted`], one each, for so many who wait in a runtime and have it done by its threads for waiting work.
fn served(floor: &Arc<Mutex<Floor>>, waiting: usize) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, begun) = (floor.lock().unwrap().next, Instant::now());
    runtime.block_on(async {
        let tasks: Vec<_> = (0..waiting)
            .map(|_| {
                let floor = Arc::clone(floor);
                tokio::spawn(async move {
                    while begun.elapsed() < MEASURED {
                        let floor = Arc::clone(&floor);
                        tokio::task::spawn_blocking(move || floor.lock().unwrap().transaction(1)).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let a_second = (floor.lock().unwrap().next - first) as f64 / begun.elapsed().as_secs_f64();
    (a_second, a_second)
}

fn middle(mut figures: Vec<(f64, f64)>) -> (f64, f64) {
    figures.sort_by(|a, b| a.0.total_cmp(&b.0));
    figures[figures.len() / 2]
}

fn appends(stage: &mut Stage) {
    println!("\n{:?}: entries a second that are durable; the middle of {ROUNDS} rounds", stage.kind);
    println!(
        "{:>7} {:>9} {:>12} {:>16} {:>7} {:>14} {:>7} {:>15} {:>7}",
        "waiting",
        "the log",
        "per commit",
        "floor, as large",
        "ratio",
        "floor, 1 each",
        "ratio",
        "1 each, served",
        "ratio"
    );
    let url = stage.fresh();
    let db = open(&url);
    let cast = Arc::new(Cast::new(&db.ctx()));
    appended(&db, &cast, 64);
    let rows = rows(&url);
    for waiting in WAITING {
        let [mut large, mut single, third] = std::array::from_fn(|_| Floor::new(&stage.fresh(), rows.clone()));
        let third = Arc::new(Mutex::new(third));
        let [mut ours, mut as_large, mut one_each, mut by_threads] = std::array::from_fn(|_| Vec::new());
        // In turn, so that what else the machine does falls on all alike.
        for _ in 0..ROUNDS {
            let (entries, commits) = appended(&db, &cast, waiting);
            ours.push((entries, commits));
            as_large.push(large.inserted(((entries / commits).round() as usize).max(1)));
            one_each.push(single.inserted(1));
            by_threads.push(served(&third, waiting));
        }
        let [ours, as_large, one_each, by_threads] = [ours, as_large, one_each, by_threads].map(middle);
        println!(
            "{waiting:>7} {:>9.0} {:>12.1} {:>16.0} {:>7.2} {:>14.0} {:>7.2} {:>15.0} {:>7.2}",
            ours.0,
            ours.0 / ours.1,
            as_large.0,
            ours.0 / as_large.0,
            one_each.0,
            ours.0 / one_each.0,
            by_threads.0,
            ours.0 / by_threads.0
        );
    }
}

/// Lets the log grow to so many entries, by the server's own code.
fn grow(db: &Db, cast: &Arc<Cast>, url: &DatabaseUrl, size: i64) {
    let mut there = entries(url);
    while there < size {
        let (cast, more) = (Arc::clone(cast), (size - there).min(1000) as usize);
        db.write_blocking(move |work| {
            (0..more).for_each(|number| work.log(cast.entry(there as usize + number)));
            Ok(())
        })
        .unwrap();
        there += more as i64;
    }
}

fn entries(url: &DatabaseUrl) -> i64 {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = BigInt)]
        size: i64,
    }
    sql_query("SELECT size FROM audit_head").get_result::<Size>(&mut url.open_writer().unwrap()).unwrap().size
}

/// What an append costs in a log of so many entries, and how fast a log is verified.
fn growth(stage: &mut Stage) {
    println!("\n{:?}: appending to a log of so many entries, 64 waiting; verifying one of 10^5", stage.kind);
    println!("{:>9} {:>14} {:>12}", "entries", "µs an entry", "beside 10^3");
    let url = stage.fresh();
    let db = open(&url);
    let cast = Arc::new(Cast::new(&db.ctx()));
    let mut first = None;
    for size in SIZES {
        grow(&db, &cast, &url, size);
        let cost = 1e6 / middle((0..ROUNDS).map(|_| appended(&db, &cast, 64)).collect()).0;
        let beside = cost / *first.get_or_insert(cost);
        println!("{size:>9} {cost:>14.1} {beside:>12.2}");
        if size == 100_000 {
            verify(&url);
        }
    }
}

fn verify(url: &DatabaseUrl) {
    let mut conn = url.open_writer().unwrap();
    let begun = Instant::now();
    let (size, _) = audit::verify(&mut conn, &mut |_| {}).unwrap();
    let verified = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let (mut bytes, mut hash) = (0, Sha256::new());
    let mut lines = Vec::new();
    audit::export(&mut conn, &mut |line| {
        lines.push(line.to_owned());
        Ok(())
    })
    .unwrap();
    let read = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    for line in &lines {
        bytes += line.len();
        hash.update(line);
    }
    let digest = hash.finalize();
    let hashed = begun.elapsed().as_secs_f64();
    println!(
        "          verified {:.0} entries a second; read alone {:.0}; bare SHA-256 of their {:.1} MB {:.0} (…{:02x})",
        size as f64 / verified,
        lines.len() as f64 / read,
        bytes as f64 / 1e6,
        lines.len() as f64 / hashed,
        digest[31]
    );
}
