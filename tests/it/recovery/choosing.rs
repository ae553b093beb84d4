//! Which rooms officers can recover: those whose people have chosen it, with the key that they have chosen.

use serde_json::json;

use super::{Officers, choose, entry, notes, recovery, sealed, titles, two_epochs};
use crate::both;
use crate::support::scene::{inside, note, scene, visit};
use crate::support::tables::Tables;
use crate::support::{TestServer, World};

both!(a_room_that_has_not_chosen_is_sealed_to_nobody, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let scene = scene(&mut world);
    let room = scene.room.clone();
    let mut fr = inside(&mut world, "fr", &room);
    let state = |client: &mut crate::support::Client| {
        client.get(&format!("/api/v1/rooms/{}", scene.room)).expect(200)["recovery"].clone()
    };
    assert_eq!(state(&mut fr), json!({"chosen": null, "complete": false, "offered": null}));
    let put = json!({"key": officers.id});
    assert_eq!(fr.send_put(&recovery(&room), &put).status, 422, "there is no such key");
    officers.enter(&world.server).unwrap();
    assert!(officers.enter(&world.server).unwrap_err().contains("entered before"));
    let mut tables = Tables::of(&world.server);
    assert_eq!(entry(&mut tables, "recovery_key_entered")["thing"]["id"], json!(officers.id));
    fr.post(&notes(&room), &note("before", "x")).expect(201);
    assert_eq!(sealed(&mut tables, &room), Vec::<String>::new());
    assert!(officers.ask(&world, &room, "fr", "asked").unwrap_err().contains("have not chosen"));
    // It is for whoever could admit to choose, inside; a counterpart and an officer who convenes are not asked.
    let mut ua = inside(&mut world, "ua", &room);
    assert_eq!(ua.send_put(&recovery(&room), &put).status, 403);
    assert_eq!(world.client("de").send_put(&recovery(&room), &put).json()["type"], "urn:incamera:problem:visit-needed");
    let mut sec = world.client("sec");
    assert_eq!(sec.send_put(&recovery(&room), &put).status, 403);
    assert!(state(&mut sec).is_null() && state(&mut ua)["offered"]["id"] == officers.id);
    assert_eq!(fr.delete(&recovery(&room)).status, 404, "it was not chosen");

    let chosen = choose(&mut fr, &room, &officers);
    assert_eq!((&chosen["complete"], &chosen["chosen"]["id"]), (&json!(true), &json!(officers.id)));
    assert_eq!((&chosen["chosen"]["needed"], &chosen["chosen"]["shares"]), (&json!(2), &json!(3)));
    assert_eq!(state(&mut ua), chosen, "everybody inside is told");
    assert_eq!(fr.send_put(&recovery(&room), &put).status, 409, "already");
    let logged = entry(&mut tables, "recovery_chosen");
    assert_eq!((&logged["actor"], &logged["room"]), (&json!(world.person("fr")), &json!(room)));
    assert_eq!(logged["thing"], json!({"kind": "recovery_key", "id": officers.id}));
    assert_eq!(sealed(&mut tables, &room), ["1"]);

    // Ended: what was sealed is gone, and what comes is in an epoch that never was.
    tables.execute("CREATE TABLE __kept AS SELECT * FROM recovery_wraps");
    tables.execute(&format!("DELETE FROM room_keys WHERE person_id = '{}'", world.person("se")));
    officers.ask(&world, &room, "se", "asked").unwrap();
    officers.open("asked", &[&officers.share(1), &officers.share(2)], "answer").unwrap();
    let mut de = inside(&mut world, "de", &room);
    assert_eq!(de.delete(&recovery(&room)).status, 204);
    assert_eq!(sealed(&mut tables, &room), Vec::<String>::new());
    assert_eq!(entry(&mut tables, "recovery_ended")["actor"], json!(world.person("de")));
    de.post(&notes(&room), &note("after", "x")).expect(201);
    let last = "SELECT CAST(MAX(epoch) AS TEXT) AS word FROM room_epochs";
    assert_eq!(tables.words(last), ["2"]);
    assert_eq!(sealed(&mut tables, &room), Vec::<String>::new());
    assert!(officers.deliver(&world.server, "answer").unwrap_err().contains("have not chosen"));
    // Nor do the officers come back with what somebody puts back past the server.
    tables.execute("INSERT INTO recovery_wraps SELECT * FROM __kept; UPDATE room_recoveries SET ended_us = NULL");
    assert!(officers.deliver(&world.server, "answer").unwrap_err().contains("have not chosen"));
    de.post(&notes(&room), &note("after that", "x")).expect(201);
    assert_eq!(sealed(&mut tables, &room), ["1"]);
    de.post(&notes(&room), &note("and after", "x")).expect(201);
    assert!(entry(&mut tables, "row_refused").to_string().contains("room_recoveries"));
    tables.execute("DROP TABLE __kept");
});

both!(what_was_there_before_is_sealed_by_who_can_open_it, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let late = world.add("late", "DE", incamera::network::model::Role::ContactPoint);
    let scene = scene(&mut world);
    let room = scene.room.clone();
    world.enrol(&["late"]);
    officers.enter(&world.server).unwrap();
    let mut fr = inside(&mut world, "fr", &room);
    let admissions = format!("/api/v1/rooms/{room}/admissions");
    assert_eq!(fr.delete(&format!("{admissions}/{late}")).status, 204);
    fr.post(&admissions, &json!({"person": late, "reach": "onward"})).expect(201);
    let mut late = inside(&mut world, "late", &room);
    let chosen = choose(&mut late, &room, &officers);
    let mut tables = Tables::of(&world.server);
    assert_eq!((&chosen["complete"], sealed(&mut tables, &room)), (&json!(false), vec!["2".to_owned()]));
    visit(&mut fr, &room);
    assert_eq!(sealed(&mut tables, &room), ["1", "2"]);
    assert_eq!(fr.get(&format!("/api/v1/rooms/{room}")).expect(200)["recovery"]["complete"], true);
});

both!(a_room_keeps_the_key_that_it_has_chosen, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let (scene, mut fr) = two_epochs(&mut world, &officers);
    let room = scene.room.clone();
    // Whoever operates the server enters another: nothing is sealed to that, and nothing more to the one before.
    let others = Officers::new();
    others.enter(&world.server).unwrap();
    let admission = format!("/api/v1/rooms/{room}/admissions/{}", world.person("se"));
    assert_eq!(fr.delete(&admission).status, 204);
    fr.post(&notes(&room), &note("third", "x")).expect(201);
    let mut tables = Tables::of(&world.server);
    let whose = |tables: &mut Tables| tables.words("SELECT key_id AS word FROM recovery_wraps ORDER BY epoch");
    assert_eq!(whose(&mut tables), [&*officers.id, &officers.id]);
    let state = fr.get(&format!("/api/v1/rooms/{room}")).expect(200)["recovery"].clone();
    assert_eq!((&state["chosen"]["id"], &state["offered"]["id"]), (&json!(officers.id), &json!(others.id)));
    assert!(state["chosen"]["retired"].is_string() && state["complete"] == false);
    assert_eq!(fr.send_put(&recovery(&room), &json!({"key": officers.id})).status, 422, "it is offered no more");
    // What was asked of the officers before is answered in vain.
    world.enrol(&["fr2"]);
    officers.ask(&world, &room, "fr2", "asked").unwrap();
    officers.open("asked", &[&officers.share(1), &officers.share(2)], "answer").unwrap();
    choose(&mut fr, &room, &others);
    assert!(officers.deliver(&world.server, "answer").unwrap_err().contains("have not chosen"));
    // What comes now is of an epoch that those before never had.
    fr.post(&notes(&room), &note("fourth", "x")).expect(201);
    assert_eq!(sealed(&mut tables, &room), ["1", "2", "3", "4"]);
    assert!(whose(&mut tables).iter().all(|id| *id == others.id));
    assert_eq!(titles(&mut fr, &room), ["fourth", "third", "second", "first"]);
});

both!(what_somebody_spoils_is_left_out, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let (scene, _) = two_epochs(&mut world, &officers);
    let mut tables = Tables::of(&world.server);
    tables.execute(&format!("DELETE FROM room_keys WHERE person_id = '{}'", world.person("fr")));
    // The seed of another epoch in the place of the first.
    tables.execute(
        "CREATE TABLE __kept AS SELECT seed FROM recovery_wraps WHERE epoch = 2; \
         UPDATE recovery_wraps SET seed = (SELECT seed FROM __kept) WHERE epoch = 1; DROP TABLE __kept",
    );
    officers.ask(&world, &scene.room, "fr", "asked").unwrap();
    let told = officers.open("asked", &[&officers.share(1), &officers.share(2)], "answer").unwrap();
    assert!(told.contains("LEFT OUT: what the server keeps for the officers of epoch 1"), "{told}");
    assert!(officers.deliver(&world.server, "answer").unwrap().contains("1 more keys"));
    assert_eq!(titles(&mut inside(&mut world, "fr", &scene.room), &scene.room), ["second"]);
});

both!(a_swapped_recovery_key_is_refused_and_seen, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let (scene, mut fr) = two_epochs(&mut world, &officers);
    let room = scene.room.clone();
    let mut tables = Tables::of(&world.server);
    officers.ask(&world, &room, "fr", "refused").unwrap_err();
    tables.execute(&format!("DELETE FROM room_keys WHERE person_id = '{}' AND epoch = 1", world.person("fr")));
    officers.ask(&world, &room, "fr", "asked").unwrap();
    officers.open("asked", &[&officers.share(1), &officers.share(2)], "answer").unwrap();
    // Another public key in its row: nothing is sealed to it, nothing is recovered with it, and it is not offered.
    tables.execute(&format!(
        "CREATE TABLE __kept AS SELECT public_key FROM recovery_keys; \
         UPDATE recovery_keys SET public_key = (SELECT public_key FROM person_keys WHERE person_id = '{}')",
        world.person("fr")
    ));
    let admission = format!("/api/v1/rooms/{room}/admissions/{}", world.person("se"));
    assert_eq!(fr.delete(&admission).status, 204);
    fr.post(&notes(&room), &note("third", "x")).expect(201);
    assert_eq!(sealed(&mut tables, &room), ["1", "2"]);
    let state = fr.get(&format!("/api/v1/rooms/{room}")).expect(200)["recovery"].clone();
    assert!(state["chosen"].is_null() && state["offered"].is_null(), "{state}");
    assert!(officers.deliver(&world.server, "answer").unwrap_err().contains("have not chosen"));
    assert!(
        tables.entries(0).iter().any(|one| one["event"] == "row_refused" && one.to_string().contains("recovery_keys"))
    );
    tables.execute("UPDATE recovery_keys SET public_key = (SELECT public_key FROM __kept); DROP TABLE __kept");
    officers.deliver(&world.server, "answer").unwrap();
    visit(&mut fr, &room);
    assert_eq!(sealed(&mut tables, &room), ["1", "2", "3"], "and it goes on where it was");
    // An answer is not made good again by taking back that it was given.
    tables.execute("UPDATE recovery_requests SET answered_us = NULL");
    assert!(officers.deliver(&world.server, "answer").unwrap_err().contains("asked no such thing"));
});
