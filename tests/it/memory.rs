//! What readers have found before is told again only while it is so (decision 22): each test here fails when one of the
//! conditions is dropped.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use diesel::connection::SimpleConnection;
use incamera::access::facts::{Reading, reading, rest_on_bound_rows, table};
use incamera::access::{Action, Fact};
use incamera::audit::{Entry, Event};
use incamera::db::bound::BOUND;
use incamera::error::AppError;

use crate::both;
use crate::support::scene::{bare_scene, inside, note, scene, visit};
use crate::support::{Tables, TestServer, World};

/// What a unit that reads is told, when `now` is what it would find itself.
#[track_caller]
fn told(server: &TestServer, now: i64) -> i64 {
    let unit = server.db.read(move |work| Ok(work.recall("a key of the test's".into(), move |_| Ok(now))?));
    actix_web::rt::System::new().block_on(unit).unwrap()
}

both!(what_was_found_is_told_until_rows_change, |server| {
    let world = World::new(server);
    let server = &world.server;
    assert_eq!([told(server, 1), told(server, 2)], [1, 1], "nothing has changed");

    // Another key, another type, and what could not be found.
    let unit = server.db.read(|work| {
        let texts = ["a key of the test's", "another"].map(|key| work.recall(key.into(), |_| Ok("text".to_owned())));
        let failed = work.recall("a third".into(), |_| Err::<i64, _>(diesel::result::Error::NotFound)).is_err();
        Ok((
            texts.map(Result::ok),
            failed,
            work.recall("a third".into(), |_| Ok(5))?,
            work.recall("another".into(), |_| Ok(6))?,
        ))
    });
    let text = Some("text".to_owned());
    assert_eq!(actix_web::rt::System::new().block_on(unit).unwrap(), ([text.clone(), text], true, 5, 6));

    // Who changes something sees what is not committed, and what he sees may never be.
    let found = server.unit(|work| Ok(work.recall("a key of the test's".into(), |_| Ok(3))?));
    let failed = server.db.write_blocking(|work| {
        work.recall("for a writer".into(), |_| Ok(3))?;
        Err::<(), _>(AppError::internal("on purpose"))
    });
    let unit = server.db.read(|work| Ok(work.recall("for a writer".into(), |_| Ok(4))?));
    assert_eq!((found, failed.is_err(), actix_web::rt::System::new().block_on(unit).unwrap()), (3, true, 4));

    // A change here, and on another node. Entries alone change nothing.
    server.unit(|work| {
        work.log(Entry::new(Event::OperatorActed));
        Ok(())
    });
    assert_eq!(told(server, 5), 1);
    let room = bare_scene(&world).room;
    assert_eq!([told(server, 6), told(server, 7)], [6, 6]);
    let node = server.beside(&[]);
    assert_eq!([told(&node, 8), told(server, 8)], [8, 6]);
    let at = server.ctx().now;
    let title = format!("UPDATE rooms SET opened_us = {} WHERE id = '{room}'", at.0);
    node.operate(move |work| Ok(work.conn.batch_execute(&title)?));
    assert_eq!([told(&node, 9), told(server, 10)], [9, 10]);
});

both!(what_was_found_is_told_until_somebody_puts_his_hand_to_rows, |server| {
    let world = World::new(server);
    let server = &world.server;
    let mut tables = Tables::of(server);
    assert_eq!([told(server, 1), told(server, 2)], [1, 1]);
    // Past the server: nobody is told anything until an entry tells of it, nor what was found before that, then.
    let change = "UPDATE people SET recorded_us = recorded_us + 1";
    tables.conn().batch_execute(change).unwrap();
    assert_eq!([told(server, 3), told(server, 4)], [3, 4]);
    server.unit(|_| Ok(()));
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM audit_touched"), 0, "it was told of");
    assert_eq!([told(server, 5), told(server, 6)], [5, 5]);
    // By somebody who covers his tracks.
    tables.execute("UPDATE people SET recorded_us = recorded_us - 1");
    assert_eq!([told(server, 7), told(server, 8)], [7, 7]);
    for codes in [
        "INSERT INTO row_codes SELECT tbl, 'a key', part, kid, code FROM row_codes WHERE tbl = 'standings' AND key = (SELECT MIN(act_id) FROM standings)",
        "UPDATE row_codes SET code = lower(code) WHERE key = 'a key'",
        "DELETE FROM row_codes WHERE key = 'a key'",
    ] {
        let before = told(server, 0);
        tables.conn().batch_execute(codes).unwrap();
        assert_eq!([told(server, before + 1), told(server, 0)], [before + 1; 2], "{codes}");
    }
    // Without its number, no state is known.
    tables.conn().batch_execute("DELETE FROM audit_state").unwrap();
    assert_eq!([told(server, 20), told(server, 21)], [20, 21]);
});

both!(what_was_found_is_told_until_a_right_begins_or_ends, |server| {
    let mut world = World::new(server);
    let room = scene(&mut world).room;
    inside(&mut world, "fr", &room);
    let (server, mut tables) = (&world.server, Tables::of(&world.server));
    let mut next = 0;
    for column in ["effective_us", "until_us", "recorded_us", "opened_us", "expires_us", "ended_us"] {
        let table = if ["opened_us", "expires_us", "ended_us"].contains(&column) { "visits" } else { "acts" };
        let soon = server.ctx().now.plus_seconds(20).0;
        tables.execute(&format!("UPDATE {table} SET {column} = {soon} WHERE id = (SELECT MAX(id) FROM {table})"));
        next += 10;
        assert_eq!([told(server, next), told(server, next + 1)], [next; 2]);
        server.clock.advance(10);
        assert_eq!(told(server, next + 2), next, "{column} is not yet");
        server.clock.advance(11);
        assert_eq!([told(server, next + 3), told(server, next + 4)], [next + 3; 2], "{column}");
    }
    // After a minute in any case.
    server.clock.advance(70);
    assert_eq!([told(server, 100), told(server, 101)], [100; 2]);
    server.clock.advance(61);
    assert_eq!(told(server, 102), 102);
});

both!(clocks_that_are_set_back_bring_nothing_back, |server| {
    let world = World::new(server);
    let server = &world.server;
    assert_eq!(told(server, 1), 1);
    server.clock.advance(-20);
    assert_eq!([told(server, 2), told(server, 3)], [2, 2]);
});

both!(a_new_connection_may_be_to_another_database, |server| {
    assert_eq!([told(&server, 1), told(&server, 2)], [1, 1]);
    let before = server.db.counters().opened;
    for together in 2..=server.settings.database.readers {
        let meet = Arc::new(Barrier::new(usize::try_from(together).unwrap()));
        std::thread::scope(|scope| {
            for _ in 0..together {
                let (db, meet) = (server.db.clone(), Arc::clone(&meet));
                scope.spawn(move || {
                    let unit = db.read(move |_| Ok(meet.wait().is_leader()));
                    actix_web::rt::System::new().block_on(unit).unwrap()
                });
            }
        });
        if server.db.counters().opened > before {
            break;
        }
    }
    assert!(server.db.counters().opened > before);
    assert_eq!([told(&server, 3), told(&server, 4)], [3, 3]);
});

both!(what_is_told_of_one_is_not_told_of_another, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let written = inside(&mut world, "fr", &scene.room).post(&notes, &note("A", "one")).expect(201);
    let path = format!("{notes}/{}", written["id"].as_str().unwrap());
    let mut de = inside(&mut world, "de", &scene.room);
    let (mut no, mut other) = (world.client("no"), world.anew("de"));
    for _ in 0..2 {
        de.get(&path).expect(200);
        no.visit = de.visit.clone();
        assert_eq!(no.get(&path).status, 404, "not admitted");
        // Another log-in of the same person, with this one's visit, and with none.
        other.visit = de.visit.clone();
        assert_eq!(other.get(&path).status, 403);
        other.visit = None;
        assert_eq!(other.get(&path).status, 403);
        let visit = de.visit.take();
        assert_eq!(de.get(&path).status, 403, "no visit");
        de.visit = visit;
        let locked = de.unlock.take();
        assert_eq!(de.get(&path).status, 403, "locked");
        de.unlock = locked;
    }
    visit(&mut other, &scene.room);
    other.get(&path).expect(200);

    // What ends on another node ends here with the next request.
    let node = world.server.beside(&[]);
    de.get(&path).expect(200);
    other.get(&path).expect(200);
    other.again_at(node.address).delete("/api/v1/session").expect(204);
    assert_eq!(other.get(&path).status, 401);
    de.get(&path).expect(200);
    let admission = format!("/api/v1/rooms/{}/admissions/{}", scene.room, world.person("de"));
    let fr = inside(&mut world, "fr", &scene.room);
    fr.again_at(node.address).delete(&admission).expect(204);
    assert_eq!(de.get(&path).status, 404);
});

/// Only what the log binds has triggers, and so a state that tells of its changes.
#[test]
fn facts_that_are_told_again_rest_on_bound_rows() {
    let bound: BTreeSet<&str> = BOUND.iter().map(|bound| bound.table).collect();
    let kinds = Action::ALL.iter().map(|action| action.kind());
    let mut seen = 0;
    for kind in kinds {
        let mut all: Vec<&str> = table(kind).into_iter().collect();
        for fact in Fact::ALL {
            let template = match reading(*fact, kind) {
                Reading::Never => continue,
                Reading::Holds(template) => template,
                Reading::ByAct(template) => {
                    all.extend(template.split(' ').next());
                    template
                }
            };
            let words: Vec<&str> = template.split([' ', '(', ')']).collect();
            all.extend(words.windows(2).filter(|two| ["FROM", "JOIN"].contains(&two[0])).map(|two| two[1]));
        }
        if rest_on_bound_rows(kind) {
            seen += all.len();
            assert!(all.iter().all(|table| bound.contains(table)), "{kind:?}: {all:?}");
        } else {
            assert!(!all.iter().all(|table| bound.contains(table)), "{kind:?} could");
        }
    }
    assert!(seen > 50);
}
