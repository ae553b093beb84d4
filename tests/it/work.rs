//! What an audited read costs, in statements, commits and trips between threads: the figures that
//! `docs/ARCHITECTURE.md` promises.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use incamera::db::{Conn, Counters};
use incamera::ids::RoomId;
use incamera::network::model::Role;
use serde_json::json;

use crate::both;
use crate::support::database::Kind;
use crate::support::scene::{fiche, inside, note, scene, visit};
use crate::support::{Client, Tables, TestServer, World};

/// What the server does while `what` happens.
fn during(server: &TestServer, what: impl FnOnce()) -> Counters {
    let before = server.db.counters();
    what();
    server.db.counters().since(&before)
}

/// Several reads one after the other, by somebody who has done the same before.
#[track_caller]
fn cost_of(server: &TestServer, client: &mut Client, path: &str) -> Counters {
    const TIMES: u64 = 10;
    for _ in 0..2 {
        client.get(path).expect(200);
    }
    let work = during(server, || {
        for _ in 0..TIMES {
            client.get(path).expect(200);
        }
    });
    println!("{path}: {work:?}");
    assert_eq!(work.reads, TIMES, "one trip to the blocking pool each");
    let brackets = match server.kind {
        Kind::Sqlite => 2,
        Kind::Postgres => 1,
    };
    assert_eq!(work.read_brackets, brackets * TIMES, "one snapshot each");
    assert_eq!((work.prepared, work.opened), (0, 0), "statements and connections are kept");
    assert_eq!((work.logged_reads, work.entries), (TIMES, TIMES), "one entry each");
    assert_eq!(work.changes, 0, "a read is no change");
    assert!(work.commits <= TIMES, "at most one sync each");
    let trips = match server.kind {
        Kind::Sqlite => (2, 3),
        Kind::Postgres => (1, 0),
    };
    assert_eq!(
        (work.appends, work.write_brackets),
        (trips.0 * TIMES, trips.1 * TIMES),
        "entry and head; a transaction"
    );
    assert_eq!(work.savepoints, 0, "the entries of reads need no savepoint");
    assert!(work.read_queries() <= 3 * TIMES, "{} queries for {TIMES} reads", work.read_queries());
    work
}

both!(an_audited_read_costs_three_queries_and_a_commit, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let mut de = inside(&mut world, "de", &scene.room);
    let mut ua = inside(&mut world, "ua", &scene.room);
    let written = fr.post(&notes, &note("A", &"x".repeat(1024))).expect(201);
    let path = format!("{notes}/{}", written["id"].as_str().unwrap());
    fr.put(&path, 1, &note("A", &"y".repeat(1024))).expect(200);
    fr.post(&format!("{path}/releases"), &serde_json::json!({"party": world.party("UA")})).expect(201);

    // By its originator, who is also told to whom it was released; by another; by one it was released to.
    for client in [&mut fr, &mut de, &mut ua] {
        cost_of(&world.server, client, &path);
        cost_of(&world.server, client, &format!("{path}?version=2"));
    }
    // A refusal costs no more, and leaves nothing to commit.
    let refused = format!("{notes}/00000000-0000-4000-8000-000000000000");
    de.get(&refused);
    let work = during(&world.server, || assert_eq!(de.get(&refused).status, 404));
    assert_eq!((work.reads, work.entries), (1, 0));
    assert!(work.commits <= work.changes && work.read_queries() <= 3);

    // A list, with the titles of all, costs as much as one.
    cost_of(&world.server, &mut de, &notes);
});

both!(those_who_wait_share_one_commit, |server| {
    const READERS: usize = 16;
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let written = fr.post(&notes, &note("A", "one")).expect(201);
    let path = format!("{notes}/{}", written["id"].as_str().unwrap());
    let clients: Vec<Client> = (0..READERS).map(|_| fr.again()).collect();

    let mut other = world.server.url().open_writer().unwrap();
    let lock = match other {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN; SELECT size FROM audit_head FOR UPDATE",
    };
    let work = during(&world.server, || {
        other.batch_execute(lock).unwrap();
        std::thread::scope(|scope| {
            for mut client in clients {
                let path = &path;
                scope.spawn(move || client.get(path).expect(200));
            }
            std::thread::sleep(Duration::from_millis(900));
            other.batch_execute("ROLLBACK").unwrap();
        });
    });
    println!("{work:?}");
    assert_eq!(work.entries, 16);
    assert!(work.commits <= 1 + work.changes, "{} commits for {READERS} reads that waited together", work.commits);
    // Sixteen entries are one statement, and the head is one.
    assert_eq!(work.appends, 2);
});

both!(a_change_costs_one_commit_with_its_entry, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    for _ in 0..2 {
        fr.post(&notes, &note("A", "one")).expect(201);
    }
    let work = during(&world.server, || drop(fr.post(&notes, &note("A", "one")).expect(201)));
    println!("{work:?}");
    let others = work.changes - 1;
    assert_eq!((work.reads, work.entries), (0, 1));
    // The entry, the head, and the bindings of two rows.
    assert_eq!((work.commits, work.savepoints, work.appends), (1 + others, 2 + 2 * others, 4));
    let queries = work.change_queries();
    // Whom the room's key is for takes seven: its epochs, who is admitted and what they are, who of them has a key pair and
    // who the key; one's own; and whether officers are to have it.
    let most = 9 + 7 + 2 * others;
    assert!(queries <= most, "{queries}: sign-in, asker, room, two rows; what they are now, in four; the key");
    assert_eq!(work.prepared, 0);
});

// What a page shows of many costs as many queries as what it shows of few.
both!(many_members_and_rooms_cost_what_few_do, |server| {
    let mut world = World::new(server);
    let mut fr = world.client("fr");
    let cost = |world: &mut World, fr: &mut Client, upto: usize| {
        let case = fr.post("/api/v1/cases", &json!({"fiche": fiche("A case")})).expect(201);
        let room = RoomId::parse(case["room"].as_str().unwrap()).unwrap();
        for number in 0..upto {
            let other = fr.post("/api/v1/cases", &json!({"fiche": fiche("Another")})).expect(201);
            visit(fr, &RoomId::parse(other["room"].as_str().unwrap()).unwrap());
            let person = world.add(&format!("{upto}-{number}"), "FR", Role::ContactPoint);
            fr.post(&format!("/api/v1/rooms/{room}/admissions"), &json!({"person": person})).expect(201);
        }
        visit(fr, &room);
        [format!("/rooms/{room}/notes/new"), "/".to_owned()].map(|path| {
            fr.look(&path, &[]);
            let work = during(&world.server, || {
                let page = fr.look(&path, &[]);
                assert_eq!(page.status, 200, "{}", page.text());
                assert!(page.text().matches("<li").count() >= upto, "{path}: {}", page.text());
            });
            println!("{path} with {upto}: {work:?}");
            work.read_queries()
        })
    };
    let (few, many) = (cost(&mut world, &mut fr, 3), cost(&mut world, &mut fr, 30));
    assert_eq!(few, many);
});

/// Kept statements are of use only as long as SQLite does not prepare them anew for each value (decision 20).
#[test]
fn sqlite_keeps_the_plans_of_kept_statements() {
    let server = TestServer::start(Kind::Sqlite);
    let built = "SELECT COUNT(*) AS number FROM pragma_compile_options WHERE compile_options IN ('ENABLE_QPSG', 'THREADSAFE=2')";
    assert_eq!(Tables::of(&server).number(built), 2, ".cargo/config.toml was not looked at");
}
