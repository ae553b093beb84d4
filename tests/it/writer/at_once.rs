//! Entries of reads alone, which PostgreSQL appends with one statement where nobody else appends.

use diesel::connection::SimpleConnection;
use incamera::db::{DatabaseUrl, Db, migrate};
use incamera::ids::PartyId;

use super::{Behind, Told, count, read};
use crate::support::database::{self, Kind, open};
use crate::support::proxy::{Break, Trap};

/// Until the writer has found out that nobody else appends.
fn read_alone(db: &Db) {
    for _ in 0..3 {
        assert_eq!(read(db, "alone"), Told::Done);
    }
    let before = db.counters();
    assert_eq!(read(db, "alone"), Told::Done);
    let work = db.counters().since(&before);
    assert_eq!((work.entries, work.commits, work.write_statements), (1, 1, 1), "one trip for a read's entry");
}

#[test]
fn entries_that_are_appended_at_once_are_told_as_it_is() {
    const THING: &str = "the thing that was read";
    let mut behind = Behind::new();
    let mut there = 0;
    for (when, and_shut, expected, stored) in [
        (Break::Before, false, Told::Done, true),
        (Break::After, false, Told::Done, true),
        // With nowhere to look, nothing is disclosed.
        (Break::Before, true, Told::NotDone, false),
        (Break::After, true, Told::NotDone, true),
    ] {
        let case = format!("{when:?} {and_shut}");
        let db = open(&behind.through);
        read_alone(&db);
        behind.proxy.arm(Trap { statement: THING, when, and_shut });
        let before = db.counters();
        assert_eq!(read(&db, THING), expected, "{case}");
        assert_eq!(db.counters().since(&before).commits, u64::from(expected == Told::Done), "{case}");
        assert!(behind.proxy.sprung(), "{case}");
        there += i64::from(stored);
        let query = "SELECT COUNT(*) AS count FROM audit_entries WHERE thing_id = $1";
        assert_eq!(count(&mut behind.conn, query, THING), there, "{case}");
        behind.proxy.open();
        read_alone(&db);
    }
    incamera::audit::verify(&mut behind.conn, &mut |_| {}).unwrap();
}

/// What one node takes the end of the log to be is where another has left it, or else it begins anew; and what somebody
/// has changed past both is told of first.
#[test]
fn nodes_that_append_at_once_append_to_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&database::fresh(Kind::Postgres, folder.path()), folder.path()).unwrap();
    migrate::run(&url, true).unwrap();
    let (one, other, mut conn) = (open(&url), open(&url), url.open_writer().unwrap());
    read_alone(&one);
    read_alone(&other);
    for _ in 0..3 {
        assert_eq!((read(&one, "in turn"), read(&other, "in turn")), (Told::Done, Told::Done));
    }
    let before = one.counters();
    assert_eq!(read(&one, "in turn"), Told::Done);
    let tried = one.counters().since(&before).write_statements;
    assert_eq!(tried, 5, "with others it tries nothing first: begin, lock, entry, head, commit");
    std::thread::scope(|scope| {
        for db in [&one, &other, &one, &other] {
            scope.spawn(|| (0..100).for_each(|_| assert_eq!(read(db, "at the same time"), Told::Done)));
        }
    });
    let things = "SELECT COUNT(*) AS count FROM audit_entries WHERE thing_id = $1";
    assert_eq!((count(&mut conn, things, "in turn"), count(&mut conn, things, "at the same time")), (7, 400));
    read_alone(&one);
    let party = PartyId::new(&one.ctx()).unwrap();
    let by_hand =
        format!("INSERT INTO parties (id, kind, code, recorded_us) VALUES ('{party}', 'organisation', 'by-hand', 1)");
    conn.batch_execute(&by_hand).unwrap();
    assert_eq!(read(&one, "after that"), Told::Done);
    let told = "SELECT COUNT(*) AS count FROM audit_entries WHERE event = 'row_found' AND thing_id = $1";
    assert_eq!(count(&mut conn, told, &format!("parties/{party}/")), 1);
    // A database that was set back while the server runs goes on from where it ends.
    let head = "CREATE TABLE kept AS SELECT size, frontier FROM audit_head";
    conn.batch_execute(head).unwrap();
    assert_eq!(read(&one, "forgotten"), Told::Done);
    let back = "DELETE FROM audit_entries WHERE seq >= (SELECT size FROM kept);
        UPDATE audit_head SET (size, frontier) = (SELECT size, frontier FROM kept); DROP TABLE kept";
    conn.batch_execute(back).unwrap();
    read_alone(&one);
    incamera::audit::verify(&mut conn, &mut |_| {}).unwrap();
    // Who holds the log's lock too long is no reason to look what became of an entry.
    let before = one.counters();
    conn.batch_execute("BEGIN; SELECT size FROM audit_head FOR UPDATE").unwrap();
    assert_eq!(read(&one, "in vain"), Told::NotDone);
    conn.batch_execute("ROLLBACK").unwrap();
    assert_eq!(one.counters().since(&before).opened, 0);
    read_alone(&one);
    // The transaction follows where a tile fills.
    (0..300).for_each(|_| assert_eq!(read(&one, "more"), Told::Done));
    incamera::audit::verify(&mut conn, &mut |_| {}).unwrap();
}
