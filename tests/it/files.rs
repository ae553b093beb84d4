//! Files of notes: they come and go a piece at a time, rest sealed, and are read by whoever reads the note's version.

use std::io::{Read, Write};

use incamera::ids::RoomId;
use incamera::seal::stream::{PIECE, TAG, padded};
use serde_json::{Value, json};

use crate::both;
use crate::pages::page_of;
use crate::support::browser::form;
use crate::support::client::read_reply;
use crate::support::database::Kind;
use crate::support::made::text;
use crate::support::process::{Process, incamera};
use crate::support::scene::{bare_scene, inside, note, scene, visit};
use crate::support::tables::Tables;
use crate::support::{Client, Reply, TestServer, World};

/// A note in a room, with the client of its author inside.
struct Told {
    world: World,
    tables: Tables,
    room: RoomId,
    fr: Client,
    /// The note's path.
    note: String,
}

impl Told {
    fn new(server: TestServer) -> Self {
        let mut world = World::new(server);
        let room = scene(&mut world).room;
        Self::within(world, room)
    }

    fn within(mut world: World, room: RoomId) -> Self {
        let mut fr = inside(&mut world, "fr", &room);
        let notes = format!("/api/v1/rooms/{room}/notes");
        let note = format!("{notes}/{}", text(&fr.post(&notes, &note("A note", "what it says")).expect(201), "id"));
        let tables = Tables::of(&world.server);
        Self { world, tables, room, fr, note }
    }

    fn version(&mut self) -> i64 {
        self.fr.get(&self.note).expect(200)["version"].as_i64().unwrap()
    }

    fn send(&mut self, name: &str, bytes: &[u8]) -> Reply {
        let version = self.version();
        self.fr.send_file(&format!("{}/files", self.note), version, name, bytes)
    }

    /// Adds a file; answers its path.
    fn add(&mut self, name: &str, bytes: &[u8]) -> String {
        let made = self.send(name, bytes).expect(201);
        format!("{}/files/{}", self.note, text(&made, "id"))
    }

    fn pieces(&mut self) -> i64 {
        self.tables.number("SELECT COUNT(*) AS number FROM file_pieces")
    }

    /// What is kept of the room's first epoch for somebody is gone.
    fn lose_first_key(&mut self, name: &str) {
        let person = self.world.person(name);
        self.tables.execute(&format!("DELETE FROM room_keys WHERE epoch = 1 AND person_id = '{person}'"));
    }

    fn uploads(&mut self) -> i64 {
        self.tables.number("SELECT COUNT(*) AS number FROM file_uploads")
    }
}

/// Bytes that are not the same anywhere.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state.to_le_bytes())
    });
    next.flatten().take(count).collect()
}

fn names(note: &Value) -> Vec<String> {
    note["files"].as_array().unwrap().iter().map(|file| text(file, "name")).collect()
}

both!(a_file_comes_and_goes_whole, |server: TestServer| {
    let mut told = Told::new(server);
    let mut de = inside(&mut told.world, "de", &told.room);
    for (number, size) in [1, 255, 256, 257, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17].into_iter().enumerate() {
        let (name, sent) = (format!("déposition {number}.bin"), bytes(size));
        let before = told.pieces();
        let made = told.send(&name, &sent);
        let version = i64::try_from(number).unwrap() + 2;
        assert_eq!(made.headers["etag"], format!("\"{version}\""));
        let made = made.expect(201);
        assert_eq!((text(&made, "name"), made["size"].as_u64()), (name.clone(), u64::try_from(size).ok()));
        assert_eq!(made["version"], version);
        assert_eq!(made["author"], told.world.person("fr").as_str());
        // It rests filled up to its class, in pieces.
        let filled = usize::try_from(padded(u64::try_from(size).unwrap())).unwrap();
        assert_eq!(told.pieces() - before, i64::try_from(filled.div_ceil(PIECE)).unwrap());
        let rests = format!(
            "SELECT CAST(SUM(length(sealed)) AS BIGINT) AS number FROM file_pieces WHERE file_id = '{}'",
            text(&made, "id")
        );
        assert_eq!(told.tables.number(&rests), i64::try_from(filled + TAG * filled.div_ceil(PIECE)).unwrap());
        let read = de.get(&format!("{}/files/{}", told.note, text(&made, "id")));
        assert_eq!((read.status, read.body.len()), (200, size));
        assert!(read.body == sent);
        assert_eq!(read.headers["content-type"], "application/octet-stream");
        assert!(read.headers["content-disposition"].starts_with("attachment; filename*=UTF-8''d%C3%A9position"));
    }
    let seen = de.get(&told.note).expect(200);
    assert_eq!((seen["version"].as_i64(), names(&seen).len()), (Some(9), 8));
    assert_eq!(seen["text"], "what it says");
    let events = de.get("/api/v1/audit/entries?event=file_added").expect(200);
    assert!(events["items"].as_array().unwrap().is_empty(), "what FR added is not DE's");
    let events = told.fr.get("/api/v1/audit/entries?event=file_added").expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 8);
    let told_of = &events["items"][0]["entry"];
    assert_eq!((&told_of["version"], &told_of["thing"]["id"]), (&json!(9), &json!(told.note.rsplit('/').next())));
    // FR is told who saved what.
    let read = told.fr.get("/api/v1/audit/entries?event=file_read").expect(200);
    assert_eq!(read["items"].as_array().unwrap().len(), 8);
    assert_eq!(read["items"][0]["entry"]["actor"], told.world.person("de").as_str());
    assert_eq!(told.uploads(), 0);
});

both!(a_file_belongs_to_its_version_and_the_later_ones, |server: TestServer| {
    let mut told = Told::new(server);
    let mut ua = inside(&mut told.world, "ua", &told.room);
    let to_ua = json!({"party": told.world.party("UA"), "version": 1});
    told.fr.post(&format!("{}/releases", told.note), &to_ua).expect(201);
    assert_eq!(ua.get(&told.note).expect(200)["version"], 1);
    let first = told.add("first.txt", b"one");
    // A release covers no file that came later, and nothing tells that there is one.
    assert_eq!(
        (ua.get(&told.note).expect(200)["version"].clone(), names(&ua.get(&told.note).json()).len()),
        (1.into(), 0)
    );
    let absent = ua.get(&format!("{}/files/{}", told.note, "00000000-0000-4000-8000-00000000dead"));
    assert_eq!(ua.get(&first).normalized(), absent.normalized());
    assert_eq!(absent.status, 404);
    let revised = told.fr.put(&told.note, 2, &note("A note", "what else it says")).expect(200);
    assert_eq!(names(&revised), ["first.txt"]);
    let second = told.add("second.txt", b"two");
    assert_eq!(names(&told.fr.get(&told.note).expect(200)), ["first.txt", "second.txt"]);
    assert_eq!(names(&told.fr.get(&format!("{}?version=3", told.note)).expect(200)), ["first.txt"]);
    assert_eq!(names(&told.fr.get(&format!("{}?version=1", told.note)).expect(200)), Vec::<String>::new());
    let to_ua = json!({"party": told.world.party("UA"), "version": 3});
    let release = text(&told.fr.post(&format!("{}/releases", told.note), &to_ua).expect(201), "act");
    assert_eq!(names(&ua.get(&told.note).expect(200)), ["first.txt"]);
    assert_eq!(ua.get(&first).body, b"one");
    assert_eq!(ua.get(&second).status, 404);
    assert_eq!(told.fr.delete(&format!("{}/releases/{release}", told.note)).status, 204);
    assert_eq!(ua.get(&first).status, 404);
    // Nobody adds one to a note of another State; nor reads one by way of another note or room.
    let files = format!("{}/files", told.note);
    assert_eq!(ua.send_file(&files, 1, "a.txt", b"x").status, 403);
    let mut de = inside(&mut told.world, "de", &told.room);
    assert_eq!(de.send_file(&files, 4, "a.txt", b"x").status, 403);
    let notes = told.note.rsplit_once('/').unwrap().0.to_owned();
    let other = text(&told.fr.post(&notes, &note("Another", "x")).expect(201), "id");
    let elsewhere = format!("{notes}/{other}/files/{}", first.rsplit('/').next().unwrap());
    assert_eq!(told.fr.get(&elsewhere).status, 404);
});

/// A note with a file from before a colleague was let in again from now on, and a client of somebody who was inside all the
/// time. A new epoch has begun with that.
fn from_now_on(server: TestServer) -> (Told, String, Client) {
    let mut world = World::new(server);
    world.enrol(&["fr", "de", "fr2"]);
    let room = bare_scene(&world).room;
    let mut told = Told::within(world, room);
    let earlier = told.add("earlier.txt", b"before");
    let (room, person) = (told.room.clone(), told.world.person("fr2"));
    let admissions = format!("/api/v1/rooms/{room}/admissions");
    let mut de = inside(&mut told.world, "de", &room);
    assert_eq!(de.delete(&format!("{admissions}/{person}")).status, 204);
    de.post(&admissions, &json!({"person": person, "reach": "onward"})).expect(201);
    (told, earlier, de)
}

both!(whoever_came_later_has_no_key_of_an_earlier_file, |server: TestServer| {
    let (mut told, earlier, _) = from_now_on(server);
    let room = told.room.clone();
    let mut fr2 = inside(&mut told.world, "fr2", &room);
    assert_eq!((fr2.get(&told.note).status, fr2.get(&earlier).status), (404, 404));
    let notes = told.note.rsplit_once('/').unwrap().0.to_owned();
    told.note = format!("{notes}/{}", text(&told.fr.post(&notes, &note("For all", "x")).expect(201), "id"));
    let later = told.add("later.txt", b"after");
    assert_eq!(names(&fr2.get(&told.note).expect(200)), ["later.txt"]);
    assert_eq!(fr2.get(&later).body, b"after");
});

// A note that can be read is shown although one of its files cannot be any more.
both!(a_file_whose_key_is_lost_is_left_out, |server: TestServer| {
    let (mut told, earlier, mut de) = from_now_on(server);
    told.add("later.txt", b"after");
    assert_eq!(names(&de.get(&told.note).expect(200)), ["earlier.txt", "later.txt"]);
    told.lose_first_key("de");
    assert_eq!(names(&de.get(&told.note).expect(200)), ["later.txt"]);
    assert_eq!(de.get(&earlier).status, 409);
});

// Whoever cannot read what the note says cannot add to it: its next version says the same.
both!(a_file_comes_to_no_note_whose_key_is_lost, |server: TestServer| {
    let (mut told, _, _) = from_now_on(server);
    let (files, pieces) = (format!("{}/files", told.note), told.pieces());
    told.lose_first_key("fr");
    let refused = told.fr.send_file(&files, 2, "later.txt", b"after").expect(409);
    assert_eq!(refused["detail"], "The room's key has not come to you yet.");
    let versions = "SELECT COUNT(*) AS number FROM note_versions WHERE version > 2";
    assert_eq!((told.tables.number(versions), told.pieces(), told.uploads()), (0, pieces, 0));
});

both!(what_is_not_taken, |server: TestServer| {
    let large = 3 * PIECE;
    let limit = [("INCAMERA_ROOMS__FILE_BYTES", large.to_string())];
    let limit: Vec<(&str, &str)> = limit.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut told = Told::new(TestServer::start_with(server.kind, &limit));
    let files = format!("{}/files", told.note);
    let field = |reply: &Reply| reply.expect(422)["fields"][0]["field"].as_str().unwrap().to_owned();
    let marked = |at: usize| {
        let mut bytes = vec![b'.'; 2 * PIECE];
        bytes[at..at + 9].copy_from_slice(b"EU SECRET");
        bytes
    };
    for (name, sent) in [
        ("a.txt", Vec::new()),
        ("", b"x".to_vec()),
        ("a/b.txt", b"x".to_vec()),
        (".a", b"x".to_vec()),
        ("EU SECRET.txt", b"x".to_vec()),
        ("a.txt", marked(0)),
        ("a.txt", marked(PIECE - 5)),
        ("a.txt", marked(2 * PIECE - 9)),
    ] {
        assert_eq!(field(&told.send(name, &sent)), "file", "{name} {}", sent.len());
    }
    let nameless = told.fr.send("POST", &files, &[("if-match", "\"1\"")], Some(b"x"));
    assert_eq!(field(&nameless), "Incamera-File-Name");
    let broken = [("if-match", "\"1\""), ("incamera-file-name", "%ff")];
    assert_eq!(field(&told.fr.send("POST", &files, &broken, Some(b"x"))), "Incamera-File-Name");
    let unbased = told.fr.send("POST", &files, &[("incamera-file-name", "a")], Some(b"x"));
    assert_eq!(unbased.status, 428);
    // Before anything has come of it.
    let mut outdated = begin_upon(&mut told, 7, Some(large));
    assert_eq!(read_reply(&mut outdated).unwrap().status, 412);
    assert_eq!(told.send("a.txt", &bytes(large + 1)).status, 413);
    assert_eq!((told.version(), told.pieces(), told.uploads()), (1, 0, 0));
    // Likewise when its length was not announced.
    let mut stream = begin(&mut told, None);
    let chunk = bytes(large + 1);
    let sent = stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).and_then(|()| stream.write_all(&chunk));
    let reply = read_reply(&mut stream).map_err(|error| sent.err().unwrap_or(error));
    assert_eq!(reply.unwrap().status, 413);
    assert_eq!((told.version(), told.pieces(), told.uploads()), (1, 0, 0));
    told.add("a.txt", &bytes(large));
});

type Stream = rustls::StreamOwned<rustls::ClientConnection, std::net::TcpStream>;

/// Begins to send a file of so many bytes, or nobody knows how many.
fn begin(told: &mut Told, size: Option<usize>) -> Stream {
    let version = told.version();
    begin_upon(told, version, size)
}

/// The same, based on a version.
fn begin_upon(told: &mut Told, version: i64, size: Option<usize>) -> Stream {
    let held = |what: &Option<String>| what.clone().unwrap();
    let length = size.map_or("transfer-encoding: chunked".to_owned(), |size| format!("content-length: {size}"));
    let head = format!(
        "POST {}/files HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nincamera-unlock: {}\r\nincamera-visit: {}\r\n\
         incamera-file-name: slow.bin\r\nif-match: \"{version}\"\r\n{length}\r\n\r\n",
        told.note,
        held(&told.fr.token),
        held(&told.fr.unlock),
        held(&told.fr.visit),
    );
    let mut stream = told.fr.connect().unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Waits until so many pieces are kept.
fn wait_for(told: &mut Told, pieces: i64) {
    let begun = std::time::Instant::now();
    while told.pieces() != pieces {
        assert!(begun.elapsed().as_secs() < 20, "{} pieces", told.pieces());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Begins to send a file, and has sent so many bytes of it, of which the first piece is kept.
fn half_way(told: &mut Told, all: &[u8], sent: usize) -> Stream {
    let mut stream = begin(told, Some(all.len()));
    stream.write_all(&all[..sent]).unwrap();
    stream.flush().unwrap();
    wait_for(told, 1);
    stream
}

/// Sends the rest, which whoever has heard enough may not read to its end.
fn answer(stream: &mut Stream, rest: &[u8]) -> Reply {
    let sent = stream.write_all(rest).and_then(|()| stream.flush());
    read_reply(stream).map_err(|error| sent.err().unwrap_or(error)).unwrap()
}

both!(an_ending_bites_in_the_middle_of_what_comes, |server: TestServer| {
    let mut told = Told::new(server);
    let all = bytes(3 * PIECE);
    for (number, ending) in ["of the visit", "of the admission"].into_iter().enumerate() {
        let mut stream = half_way(&mut told, &all, 2 * PIECE);
        let person = told.world.person("fr");
        if number == 0 {
            let visit = format!("/api/v1/rooms/{}/visits/{}", told.room, told.fr.visit.as_ref().unwrap());
            assert_eq!(told.fr.delete(&visit).status, 204);
        } else {
            let mut de = inside(&mut told.world, "de", &told.room);
            assert_eq!(de.delete(&format!("/api/v1/rooms/{}/admissions/{person}", told.room)).status, 204);
        }
        assert_eq!(answer(&mut stream, &all[2 * PIECE..]).status, [403, 404][number], "{ending}");
        assert_eq!((told.pieces(), told.uploads()), (0, 0), "{ending}");
        assert_eq!(told.tables.number("SELECT COUNT(*) AS number FROM files"), 0);
        if number == 0 {
            visit(&mut told.fr, &told.room);
            assert_eq!(told.version(), 1);
        }
    }
});

both!(what_was_overtaken_leaves_nothing, |server: TestServer| {
    let mut told = Told::new(server);
    let all = bytes(2 * PIECE);
    let mut stream = half_way(&mut told, &all, PIECE + 1);
    told.fr.put(&told.note, 1, &note("A note", "meanwhile")).expect(200);
    assert_eq!(answer(&mut stream, &all[PIECE + 1..]).status, 412);
    assert_eq!((told.version(), told.pieces(), told.uploads()), (2, 0, 0));
});

both!(an_ending_bites_in_the_middle_of_what_goes, |server: TestServer| {
    let mut told = Told::new(server);
    let sent = bytes(24 * PIECE);
    let path = told.add("large.bin", &sent);
    let de = inside(&mut told.world, "de", &told.room);
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nincamera-unlock: {}\r\nincamera-visit: {}\r\n\r\n",
        de.token.as_ref().unwrap(),
        de.unlock.as_ref().unwrap(),
        de.visit.as_ref().unwrap(),
    );
    // Whoever is slow is waited for.
    let mut stream = de.connect().unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut some = vec![0; PIECE];
    stream.read_exact(&mut some).unwrap();
    let admission = format!("/api/v1/rooms/{}/admissions/{}", told.room, told.world.person("de"));
    assert_eq!(told.fr.delete(&admission).status, 204);
    let (mut more, mut rest) = (some.len(), vec![0; PIECE]);
    while let Ok(read @ 1..) = stream.read(&mut rest) {
        more += read;
    }
    assert!(more < 20 * PIECE, "{more} bytes of {} came all the same", sent.len());
    assert!(told.fr.get(&path).body == sent);
});

both!(what_broke_off_is_thrown_away, |server: TestServer| {
    let mut told = Told::new(server);
    drop(half_way(&mut told, &bytes(3 * PIECE), 2 * PIECE));
    // When the connection ends, or else by its age.
    let person = told.world.person("fr");
    told.tables.execute(&format!(
        "INSERT INTO file_uploads (file_id, person_id, touched_us) VALUES ('00000000-0000-4000-8000-00000000dead', '{person}', 0)"
    ));
    told.world.server.clock.advance(3601);
    let session = told.world.log_in("fr");
    told.fr = told.world.with(&session);
    visit(&mut told.fr, &told.room);
    told.add("a.txt", b"one");
    told.add("b.txt", b"two");
    assert_eq!((told.pieces(), told.uploads()), (2, 0));
    // Nobody fills the disk with files that never end.
    for number in 0..8 {
        told.tables.execute(&format!(
            "INSERT INTO file_uploads (file_id, person_id, touched_us) VALUES ('00000000-0000-4000-8000-00000000000{number}', '{person}', {})",
            told.world.server.ctx().now.0
        ));
    }
    let refused = told.send("c.txt", b"three").expect(409);
    assert_eq!(refused["detail"], "You are sending too many files already.");
    // Nor does he keep others from it.
    let (room, notes) = (told.room.clone(), format!("/api/v1/rooms/{}/notes", told.room));
    let mut de = inside(&mut told.world, "de", &room);
    let own = text(&de.post(&notes, &note("Another", "y")).expect(201), "id");
    assert_eq!(de.send_file(&format!("{notes}/{own}/files"), 1, "d.txt", b"four").status, 201);
});

// What comes of a file that was given up in the meantime is not kept: nobody would ever throw it away.
both!(a_file_that_was_given_up_takes_no_more, |server: TestServer| {
    let mut told = Told::new(server);
    let all = bytes(3 * PIECE);
    let mut stream = half_way(&mut told, &all, PIECE + 1);
    told.tables.execute("DELETE FROM file_uploads; DELETE FROM file_pieces");
    assert_eq!(answer(&mut stream, &all[PIECE + 1..]).status, 500);
    assert_eq!((told.version(), told.pieces(), told.uploads()), (1, 0, 0));
});

both!(a_file_that_somebody_changed_is_not_given_out, |server: TestServer| {
    let mut told = Told::new(server);
    let sent = bytes(3 * PIECE);
    let (first, second) = (told.add("first.bin", &sent), told.add("second.bin", &sent));
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let (one, two) = (id(&first), id(&second));
    let blob = |told: &mut Told, file: &str, number: i64| {
        let hex = if told.world.server.kind == Kind::Sqlite { "hex(sealed)" } else { "encode(sealed, 'hex')" };
        told.tables
            .words(&format!("SELECT {hex} AS word FROM file_pieces WHERE file_id = '{file}' AND number = {number}"))
            .remove(0)
    };
    let put = |told: &mut Told, file: &str, number: i64, hex: &str| {
        let bytes = if told.world.server.kind == Kind::Sqlite {
            format!("X'{hex}'")
        } else {
            format!("decode('{hex}', 'hex')")
        };
        told.tables.execute(&format!(
            "UPDATE file_pieces SET sealed = {bytes} WHERE file_id = '{file}' AND number = {number}"
        ));
    };
    // The first piece comes whole, or the answer does not come to its end.
    let fails = |told: &mut Told, path: &str, what: &str| {
        let reply = told.fr.try_send("GET", path, &[], None);
        assert!(reply.as_ref().map_or(true, |reply| reply.status == 500), "{what}: {reply:?}");
    };
    let original: Vec<String> = (0..3).map(|number| blob(&mut told, &one, number)).collect();
    for (what, number, wrong) in [
        ("another's", 0, blob(&mut told, &two, 0)),
        ("exchanged", 1, original[2].clone()),
        ("the last in the middle", 1, original[0].clone()),
        ("cut off", 2, original[2][..original[2].len() - 2].to_owned()),
    ] {
        put(&mut told, &one, number, &wrong);
        fails(&mut told, &first, what);
        put(&mut told, &one, number, &original[usize::try_from(number).unwrap()]);
        assert!(told.fr.get(&first).body == sent);
    }
    told.tables.execute(&format!("UPDATE files SET pieces = 2 WHERE id = '{one}'"));
    fails(&mut told, &first, "cut short");
    told.tables.execute(&format!("UPDATE files SET pieces = 3 WHERE id = '{one}'"));
    assert!(told.fr.get(&first).body == sent);
    // Moved to another note, it opens no more: else whoever may read that one could read it.
    let notes = told.note.rsplit_once('/').unwrap().0.to_owned();
    let other = text(&told.fr.post(&notes, &note("Another", "x")).expect(201), "id");
    told.tables.execute(&format!("UPDATE files SET note_id = '{other}', version = 1 WHERE id = '{two}'"));
    assert_eq!(told.fr.get(&format!("{notes}/{other}/files/{two}")).status, 500);
    // One that is gone is missed.
    assert_eq!(told.fr.get(&told.note).status, 500);
    assert_eq!(told.fr.get(&format!("{}?version=1", told.note)).status, 200);
});

both!(a_page_takes_and_gives_files, |server: TestServer| {
    let mut told = Told::new(server);
    let page = told.note.replace("/api/v1", "");
    let sent = (format!("p{}.txt", 7), bytes(PIECE + 5));
    let done = told.fr.submit_with(&format!("{page}/files"), &form(&[("_based_on", "1")]), Some(&sent));
    assert_eq!((done.status, done.headers["location"].as_str()), (303, page.as_str()));
    let shown = told.fr.look(&page, &[]).text();
    let link = shown.split('"').find(|part| part.starts_with(&format!("{page}/files/"))).unwrap().to_owned();
    assert!(shown.contains("p7.txt") && shown.contains("1049 kB"), "{shown}");
    let saved = told.fr.look(&link, &[]);
    assert!(saved.body == sent.1);
    assert!(saved.headers["content-disposition"].ends_with("p7%2Etxt"));
    // The form comes back with what is wrong.
    let refused = told.fr.submit_with(
        &format!("{page}/files"),
        &form(&[("_based_on", "2")]),
        Some(&("a.txt".into(), Vec::new())),
    );
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("id=\"problem-file\""), "{}", refused.text());
    let old = told.fr.submit_with(
        &format!("{page}/files"),
        &form(&[("_based_on", "1")]),
        Some(&("a.txt".into(), b"x".to_vec())),
    );
    assert_eq!((old.status, page_of(&old).as_deref()), (412, Some("note")));
    let nothing = told.fr.submit_with(&format!("{page}/files"), &form(&[("_based_on", "2")]), None);
    assert_eq!(nothing.status, 422);
    assert_eq!(told.version(), 2);
});

/// Most memory that a process has ever had, in KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

both!(a_large_file_takes_no_more_memory_than_a_small_one, |server: TestServer| {
    let mut told = Told::new(server);
    let node = Process::beside(&told.world.server.settings.base, &[]);
    told.fr = told.fr.again_at(node.address);
    let mut after = |size: usize| {
        let sent = bytes(size);
        let path = told.add("a.bin", &sent);
        assert!(told.fr.get(&path).body == sent);
        peak(node.pid())
    };
    let (small, large) = (after(4 * PIECE), after(96 * PIECE));
    assert!(large < small + 16 * 1024, "{small} KiB, {large} KiB");
});

both!(pieces_that_are_not_as_they_were_are_named, |server: TestServer| {
    let mut told = Told::new(server);
    let ids: Vec<String> =
        (0..4).map(|_| told.add("a.bin", &bytes(2 * PIECE)).rsplit('/').next().unwrap().to_owned()).collect();
    let config = told.world.server.settings.base.join("incamera.toml");
    let verify = || {
        let output =
            incamera().args(["audit", "verify", "--deep", "--config", config.to_str().unwrap()]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(verify().0, Some(0));
    told.tables.execute(&format!("DELETE FROM file_pieces WHERE file_id = '{}' AND number = 1", ids[0]));
    told.tables.execute(&format!(
        "INSERT INTO file_pieces SELECT file_id, 2, sealed FROM file_pieces WHERE file_id = '{}' AND number = 1",
        ids[1]
    ));
    told.tables.execute(&format!(
        "UPDATE file_pieces SET sealed = (SELECT sealed FROM file_pieces WHERE file_id = '{}' AND number = 0) WHERE file_id = '{}' AND number = 0",
        ids[3], ids[2]
    ));
    let (code, said) = verify();
    assert_eq!(code, Some(3));
    let named: Vec<bool> =
        ids.iter().map(|id| said.contains(&format!("file {id}: what it holds is not what was kept"))).collect();
    assert_eq!(named, [true, true, true, false], "{said}");
});
