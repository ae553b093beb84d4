//! How many commits the entries take.

use std::sync::mpsc;
use std::time::Duration;

use crate::both;
use crate::support::made::{self, text};
use crate::support::{Client, Tables, TestServer, World};

/// Commits in the write-ahead log of SQLite: its frames that end one.
fn wal_commits(world: &World) -> usize {
    let bytes = std::fs::read(world.server.folder.path().join("test.db-wal")).unwrap();
    if bytes.is_empty() {
        return 0;
    }
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let page = usize::try_from(word(8)).unwrap();
    (32..bytes.len())
        .step_by(24 + page)
        .take_while(|at| at + 24 + page <= bytes.len() && (word(at + 8), word(at + 12)) == (word(16), word(20)))
        .filter(|at| word(at + 4) != 0)
        .count()
}

both!(waiting_reads_share_a_commit, |server: TestServer| {
    const READERS: usize = 64;
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let material = made::material(&mut world, &open, "Paper", "words");
    let path = format!("/api/v1/materials/{material}/content");
    let fr = world.client("fr");
    let mut clients: Vec<Client> = (0..READERS).map(|_| fr.again()).collect();
    for client in &mut clients {
        client.get("/api/v1/me").expect(200);
    }
    let sqlite = world.server.kind == crate::support::database::Kind::Sqlite;
    let mut tables = Tables::of(&world.server);
    if sqlite {
        tables.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        assert_eq!(wal_commits(&world), 0);
    }
    let (size, before) = (tables.size(), world.server.db.counters());

    // The disk is slow: a commit is under way while all the others come.
    let (begun, held) = (mpsc::channel(), mpsc::channel::<()>());
    let db = world.server.db.clone();
    let slow = std::thread::spawn(move || {
        db.write_blocking(move |_| {
            begun.0.send(()).unwrap();
            let _ = held.1.recv();
            Ok(())
        })
        .unwrap();
    });
    begun.1.recv().unwrap();
    let readers: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let path = path.clone();
            std::thread::spawn(move || assert_eq!(client.get(&path).body, b"words"))
        })
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    assert!(readers.iter().all(|reader| !reader.is_finished()), "an answer left before its entry was durable");
    assert_eq!(tables.size(), size);
    held.0.send(()).unwrap();
    slow.join().unwrap();
    for reader in readers {
        reader.join().unwrap();
    }

    let after = world.server.db.counters();
    let (commits, entries) = (after.commits - before.commits, after.entries - before.entries);
    println!("{entries} entries in {commits} commits");
    assert_eq!(entries, u64::try_from(READERS).unwrap());
    assert_eq!(tables.size(), size + i64::try_from(READERS).unwrap(), "each read has its entry");
    assert!(entries >= 4 * commits, "{entries} entries in {commits} commits");
    if sqlite {
        assert_eq!(u64::try_from(wal_commits(&world)).unwrap(), commits, "the count is true");
    }
});
