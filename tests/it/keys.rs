//! The keys of rooms: to whom they come, whom they leave, and what whoever holds the database has of it.

pub mod canaries;

use std::collections::BTreeSet;

use incamera::cases::import::seal_fiches;
use incamera::db::bound::BOUND;
use incamera::meetings::import::seal_agenda;
use incamera::rooms::keys::before;
use incamera::seal::{ForMember, In, Place, PublicKey, Seed};
use serde_json::{Value, json};

use crate::both;
use crate::codes::keys::command;
use crate::support::made::text;
use crate::support::scene::{Scene, bare_scene, fiche, inside, note, visit};
use crate::support::tables::Tables;
use crate::support::world::PASSWORD;
use crate::support::{Client, TestServer, World};

const AWAITED: &str = "urn:incamera:problem:conflict";
const OTHER: &str = "seven ember glacier 29 lattice";

fn notes(scene: &Scene) -> String {
    format!("/api/v1/rooms/{}/notes", scene.room)
}

/// For whom a room's key is kept, and of which epochs.
pub fn holders(tables: &mut Tables, world: &World, scene: &Scene, key: &str) -> BTreeSet<String> {
    let (room, person) = (&scene.room, world.person(key));
    let sql = format!(
        "SELECT CAST(epoch AS TEXT) AS word FROM room_keys WHERE room_id = '{room}' AND person_id = '{person}' ORDER BY epoch"
    );
    tables.words(&sql).into_iter().collect()
}

pub fn epochs(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(ToString::to_string).collect()
}

fn kept(tables: &mut Tables) -> i64 {
    tables.number("SELECT COUNT(*) AS number FROM room_epochs WHERE kept IS NOT NULL")
}

/// The title of the newest note, as the person's own visit reads it.
fn newest(client: &mut Client, scene: &Scene) -> String {
    text(&client.get(&notes(scene)).expect(200)["items"][0], "title")
}

both!(whoever_leaves_has_no_key_of_what_comes_later, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de", "se", "fr2"]);
    let scene = bare_scene(&world);
    let mut tables = Tables::of(&world.server);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let mut de = inside(&mut world, "de", &scene.room);
    fr.post(&notes(&scene), &note("before", "x")).expect(201);
    assert_eq!(newest(&mut de, &scene), "before");
    for key in ["fr", "de", "se", "fr2"] {
        assert_eq!(holders(&mut tables, &world, &scene, key), epochs(&["1"]), "{key}");
    }
    // By an ending from inside; by the end of a designation and by a suspension, which nobody in the room does.
    let admission = format!("/api/v1/rooms/{}/admissions/{}", scene.room, world.person("de"));
    assert_eq!(fr.delete(&admission).status, 204);
    assert_eq!(holders(&mut tables, &world, &scene, "de"), epochs(&[]), "at once");
    fr.post(&notes(&scene), &note("after one", "x")).expect(201);
    assert_eq!(holders(&mut tables, &world, &scene, "fr"), epochs(&["1", "2"]));
    let designation = tables
        .words(&format!("SELECT act_id AS word FROM designations WHERE person_id = '{}'", world.person("se")))
        .pop()
        .unwrap();
    let ending = json!({"source": "A letter"});
    world.client("sec").post(&format!("/api/v1/acts/{designation}/ending"), &ending).expect(201);
    // Nor does a designation keep him there that the server has not recorded.
    tables.execute(&format!(
        "INSERT INTO acts SELECT '00000000-0000-4000-8000-00000000beef', kind, NULL, effective_us, NULL, recorded_us, recorded_by, source FROM acts WHERE id = '{designation}'; \
         INSERT INTO designations SELECT '00000000-0000-4000-8000-00000000beef', party_id, person_id, role, function, stand_in_for FROM designations WHERE act_id = '{designation}'"
    ));
    fr.post(&notes(&scene), &note("after both", "x")).expect(201);
    assert_eq!(holders(&mut tables, &world, &scene, "se"), epochs(&[]), "with the next that is written");
    assert_eq!(holders(&mut tables, &world, &scene, "fr"), epochs(&["1", "2", "3"]));
    let suspension = format!("/api/v1/people/{}/suspension", world.person("fr2"));
    world.client("sec").post(&suspension, &ending).expect(201);
    fr.post(&notes(&scene), &note("after three", "x")).expect(201);
    assert_eq!(holders(&mut tables, &world, &scene, "fr2"), epochs(&[]), "with the next that is written");
    assert_eq!(fr.get(&notes(&scene)).expect(200)["items"].as_array().unwrap().len(), 4, "who stayed reads all of it");
    // Whoever deletes the rows of epochs does not bring an older key back.
    tables.execute("DELETE FROM room_epochs WHERE epoch > 2");
    fr.post(&notes(&scene), &note("after all", "x")).expect(201);
    assert_eq!(holders(&mut tables, &world, &scene, "fr"), epochs(&["1", "2", "3", "4", "5"]));
    let sealed_for = tables.words(&format!(
        "SELECT {} AS word FROM note_versions v JOIN notes n ON n.id = v.note_id ORDER BY n.written_us",
        if tables.is_sqlite() { "lower(hex(substr(v.words, 2, 4)))" } else { "encode(substr(v.words, 2, 4), 'hex')" }
    ));
    assert_eq!(sealed_for, ["00000001", "00000002", "00000003", "00000004", "00000005"]);
});

both!(from_now_on_brings_no_key_of_what_was_before, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de", "no", "sec2"]);
    let scene = bare_scene(&world);
    let mut tables = Tables::of(&world.server);
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes(&scene), &note("before", "x")).expect(201);
    let admissions = format!("/api/v1/rooms/{}/admissions", scene.room);
    fr.post(&admissions, &json!({"person": world.person("sec2"), "reach": "onward"})).expect(201);
    assert_eq!(holders(&mut tables, &world, &scene, "sec2"), epochs(&["2"]));
    // Nor does a row that says "whole", which the server has not written.
    let (act, officer) = ("00000000-0000-4000-8000-00000000beef", world.person("sec2"));
    tables.execute(&format!(
        "INSERT INTO acts SELECT '{act}', kind, NULL, effective_us, NULL, recorded_us, recorded_by, source FROM acts WHERE id = (SELECT act_id FROM admissions WHERE person_id = '{officer}'); \
         INSERT INTO admissions VALUES ('{act}', '{}', '{officer}', 'whole')",
        scene.room
    ));
    fr.post(&admissions, &json!({"person": world.person("no")})).expect(201);
    assert_eq!(holders(&mut tables, &world, &scene, "no"), epochs(&["1", "2"]), "the whole room");
    assert_eq!(holders(&mut tables, &world, &scene, "sec2"), epochs(&["2"]));
    fr.post(&notes(&scene), &note("after", "x")).expect(201);
    let mut officer = inside(&mut world, "sec2", &scene.room);
    let list = officer.get(&notes(&scene)).expect(200);
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["title"]), (1, &json!("after")));
});

both!(an_admission_is_completed_from_inside, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "sec"]);
    let scene = bare_scene(&world);
    let mut tables = Tables::of(&world.server);
    assert_eq!(kept(&mut tables), 0, "somebody who is admitted has a key");
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes(&scene), &note("before", "x")).expect(201);
    // Whoever has no account yet has no key; the Secretariat cannot give him one, nor can he take it.
    let mut de = world.client("de");
    let room = format!("/api/v1/rooms/{}", scene.room);
    assert_eq!(de.get(&room).expect(200)["title"], Value::Null);
    let visit_it = json!({"purpose": "a test of the keys"});
    let waits = de.post(&format!("{room}/visits"), &visit_it);
    assert_eq!((waits.status, &waits.json()["type"]), (409, &json!(AWAITED)));
    let waiting = |client: &mut Client| -> Vec<String> {
        let members = client.get(&room).expect(200)["members"].clone();
        let waits = members.as_array().unwrap().iter().filter(|one| one["keyed"] == false);
        waits.map(|one| text(one, "name")).collect()
    };
    assert!(waiting(&mut fr).contains(&"de".to_owned()));
    let seen = world.client("sec").get(&room).expect(200);
    assert!(seen["members"].as_array().unwrap().iter().all(|one| one["keyed"].is_null()), "{seen}");
    world.client("sec").get("/api/v1/me").expect(200);
    assert_eq!(holders(&mut tables, &world, &scene, "de"), epochs(&[]));
    // A log-in of somebody who has the key is enough.
    world.anew("fr");
    assert_eq!(holders(&mut tables, &world, &scene, "de"), epochs(&["1"]));
    visit(&mut de, &scene.room);
    assert_eq!(newest(&mut de, &scene), "before");
    assert!(!waiting(&mut fr).contains(&"de".to_owned()));
});

both!(the_server_keeps_a_key_only_until_somebody_has_it, |server: TestServer| {
    let mut world = World::new(server);
    let scene = bare_scene(&world);
    let mut tables = Tables::of(&world.server);
    assert_eq!((kept(&mut tables), tables.number("SELECT COUNT(*) AS number FROM room_keys")), (1, 0));
    // Whoever is not admitted takes nothing.
    world.client("no");
    assert_eq!(kept(&mut tables), 1);
    world.client("de");
    assert_eq!((kept(&mut tables), tables.number("SELECT COUNT(*) AS number FROM room_keys")), (0, 1));
    let title = world.client("de").get(&format!("/api/v1/rooms/{}", scene.room)).expect(200)["title"].clone();
    assert_eq!(title, "Pending arrests");
});

both!(a_room_goes_on_when_everybody_who_had_its_key_is_gone, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr"]);
    let scene = bare_scene(&world);
    inside(&mut world, "fr", &scene.room).post(&notes(&scene), &note("lost", "x")).expect(201);
    world
        .client("sec")
        .post(&format!("/api/v1/people/{}/off-boarding", world.person("fr")), &json!({"source": "A letter"}))
        .expect(201);
    // Whoever comes after has nothing of what was written, and can write all the same.
    let mut de = inside(&mut world, "de", &scene.room);
    assert_eq!(de.get(&notes(&scene)).expect(200)["items"], json!([]));
    assert_eq!(de.get(&format!("/api/v1/rooms/{}", scene.room)).expect(200)["title"], Value::Null);
    de.post(&notes(&scene), &note("after", "x")).expect(201);
    let list = de.get(&notes(&scene)).expect(200);
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["title"]), (1, &json!("after")));
});

both!(a_swapped_key_is_refused_and_seen, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de", "no"]);
    let scene = bare_scene(&world);
    let mut tables = Tables::of(&world.server);
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes(&scene), &note("before", "x")).expect(201);
    let (de, no) = (world.person("de"), world.person("no"));
    let admissions = format!("/api/v1/rooms/{}/admissions", scene.room);
    // A person's: whoever is admitted under it is given nothing.
    tables.execute(&format!(
        "CREATE TABLE __kept AS SELECT public_key FROM person_keys WHERE person_id = '{no}'; \
         UPDATE person_keys SET public_key = (SELECT public_key FROM person_keys WHERE person_id = '{de}') WHERE person_id = '{no}'"
    ));
    fr.post(&admissions, &json!({"person": no})).expect(201);
    assert_eq!(holders(&mut tables, &world, &scene, "no"), epochs(&[]));
    tables.execute(&format!(
        "UPDATE person_keys SET public_key = (SELECT public_key FROM __kept) WHERE person_id = '{no}'; DROP TABLE __kept"
    ));
    // A room's: nobody writes under it, though whoever put it there gave everybody its seed.
    tables.execute(&format!(
        "CREATE TABLE __kept AS SELECT public_key FROM room_epochs WHERE room_id = '{0}'; \
         UPDATE room_epochs SET public_key = (SELECT public_key FROM person_keys WHERE person_id = '{de}') WHERE room_id = '{0}'",
        scene.room
    ));
    let refused = fr.post(&notes(&scene), &note("after", "x"));
    assert_eq!(refused.status, 500, "{}", refused.text());
    tables.execute(&format!(
        "UPDATE room_epochs SET public_key = (SELECT public_key FROM __kept) WHERE room_id = '{}'; DROP TABLE __kept",
        scene.room
    ));
    fr.post(&notes(&scene), &note("after", "x")).expect(201);
    // What is kept for one is of no use to another, nor of another room.
    let mut de = inside(&mut world, "de", &scene.room);
    let wrap = |person: &str| format!("(SELECT seed FROM room_keys WHERE person_id = '{person}' AND epoch = 1)");
    tables.execute(&format!(
        "CREATE TABLE __kept AS SELECT seed FROM room_keys WHERE person_id = '{0}'; UPDATE room_keys SET seed = {1} WHERE person_id = '{0}'",
        world.person("de"),
        wrap(world.person("fr").as_str())
    ));
    assert_eq!(de.get(&notes(&scene)).status, 500);
    tables.execute(&format!(
        "UPDATE room_keys SET seed = (SELECT seed FROM __kept) WHERE person_id = '{}'; DROP TABLE __kept",
        world.person("de")
    ));
    assert_eq!(newest(&mut de, &scene), "after");
    let told: Vec<String> =
        tables.entries(0).into_iter().filter(|entry| entry["event"] == "row_refused").map(|e| e.to_string()).collect();
    for table in ["person_keys", "room_epochs"] {
        assert!(told.iter().any(|entry| entry.contains(table)), "{table}: {told:?}");
    }
});

both!(another_password_opens_the_same_rooms, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de"]);
    let scene = bare_scene(&world);
    inside(&mut world, "fr", &scene.room).post(&notes(&scene), &note("before", "x")).expect(201);
    let change = json!({"password": PASSWORD, "new_password": OTHER});
    assert_eq!(world.client("de").send_put("/api/v1/me/password", &change).status, 204);
    let (email, code) = (World::email("de"), world.code("de"));
    let session = json!({"email": email, "password": OTHER, "code": code});
    let session = world.server.client().post("/api/v1/session", &session).expect(200);
    let mut de = world.with(&session);
    visit(&mut de, &scene.room);
    assert_eq!(newest(&mut de, &scene), "before");
    // And so does a log-in that was renewed, with its new unlock secret alone.
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let renewed = world.server.client().post("/api/v1/session/refresh", &refresh).expect(200);
    let (visit, old) = (de.visit.clone(), de.unlock.clone());
    let mut de = world.with(&renewed);
    de.visit = visit;
    assert_eq!(newest(&mut de, &scene), "before");
    de.unlock = old;
    assert_eq!(de.get(&notes(&scene)).status, 403);
    // What ended has nothing left that a secret could open.
    assert_eq!(de.delete("/api/v1/session").status, 204);
    let mut tables = Tables::of(&world.server);
    let ended = "SELECT COUNT(*) AS number FROM sign_ins WHERE ended_us IS NOT NULL";
    let left = "AND (seed_by_unlock IS NOT NULL OR seed_by_refresh IS NOT NULL)";
    world.client("sec");
    let before = tables.number(ended);
    let suspension = format!("/api/v1/people/{}/suspension", world.person("fr"));
    world.client("sec").post(&suspension, &json!({"source": "A letter"})).expect(201);
    assert!(before > 0 && tables.number(ended) > before);
    assert_eq!(tables.number(&format!("{ended} {left}")), 0);
    // Nor has what was not ended, and lasted as long as it could, once its person comes again.
    let whose = format!("SELECT COUNT(*) AS number FROM sign_ins WHERE person_id = '{}'", world.person("sec"));
    assert_eq!(tables.number(&format!("{whose} {left}")), 1);
    world.server.clock.advance(world.server.settings.identity.absolute_seconds + 1);
    world.anew("sec");
    assert_eq!(tables.number(&format!("{whose} {left}")), 1, "the new one alone");
});

both!(a_key_that_somebody_put_there_is_not_used, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de"]);
    let scene = bare_scene(&world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let written = text(&fr.post(&notes(&scene), &note("before", "x")).expect(201), "id");
    let mut tables = Tables::of(&world.server);
    let (person, room) = (world.person("fr"), scene.room.clone());
    let bytes = |hex: &str, sqlite: bool| if sqlite { format!("x'{hex}'") } else { format!("decode('{hex}', 'hex')") };
    let sqlite = tables.is_sqlite();
    let hex = |column: &str| if sqlite { format!("lower(hex({column}))") } else { format!("encode({column}, 'hex')") };
    let his = format!("FROM room_keys WHERE person_id = '{person}' AND epoch = 1");
    let own = tables.words(&format!("SELECT {} AS word {his}", hex("seed"))).pop().unwrap();
    // A seed of one's own, sealed to somebody's public key, as anybody can.
    let public = tables
        .words(&format!("SELECT {} AS word FROM person_keys WHERE person_id = '{person}'", hex("public_key")))
        .pop()
        .unwrap();
    let public = PublicKey::read(&data_encoding::HEXLOWER.decode(public.as_bytes()).unwrap()).unwrap();
    let ctx = world.server.ctx();
    let place = ForMember { room: &room, epoch: 1, person: &person, pair: 1 };
    let seed = Seed::new(&ctx).unwrap();
    let planted = place.to(&ctx, &public, &seed).unwrap();
    let planted = bytes(&data_encoding::HEXLOWER.encode(&planted), sqlite);
    let put = |seed: &str| format!("UPDATE room_keys SET seed = {seed} WHERE person_id = '{person}' AND epoch = 1");
    tables.execute(&put(&planted));
    assert_eq!(fr.post(&notes(&scene), &note("to the wrong one", "x")).status, 500);
    assert_eq!(fr.get(&notes(&scene)).status, 500);
    // Nor is what nobody inside wrote read under it.
    let at = Place { room: &room, what: "note.title", thing: &written, version: 1 };
    let forged = In { place: at, epoch: 1 }.seal_to(&ctx, &seed.public().unwrap(), b"forged").unwrap();
    let forged = [&forged[..1], &[0, 0, 0, 1], &forged[1..]].concat();
    let title = tables.words(&format!("SELECT {} AS word FROM note_versions", hex("title"))).pop().unwrap();
    let name = |title: &str| format!("UPDATE note_versions SET title = {}", bytes(title, sqlite));
    tables.execute(&name(&data_encoding::HEXLOWER.encode(&forged)));
    assert_eq!(fr.get(&notes(&scene)).status, 500);
    tables.execute(&name(&title));
    tables.execute(&put(&bytes(&own, sqlite)));
    assert_eq!(newest(&mut fr, &scene), "before");
    // A number that comes again, with another key, and then the older seed put back, which is under his own.
    let admission = format!("/api/v1/rooms/{}/admissions/{}", scene.room, world.person("de"));
    assert_eq!(fr.delete(&admission).status, 204);
    fr.post(&notes(&scene), &note("in the second", "x")).expect(201);
    visit(&mut fr, &scene.room);
    let second = format!("FROM room_keys WHERE person_id = '{person}' AND epoch = 2");
    let older = tables.words(&format!("SELECT {} AS word {second}", hex("seed"))).pop().unwrap();
    tables.execute(
        "DELETE FROM room_keys WHERE epoch = 2; DELETE FROM row_codes WHERE key = (SELECT id FROM room_epochs WHERE epoch = 2); DELETE FROM room_epochs WHERE epoch = 2",
    );
    fr.post(&notes(&scene), &note("in the second again", "x")).expect(201);
    tables.execute(&format!(
        "UPDATE room_keys SET seed = {} WHERE person_id = '{person}' AND epoch = 2",
        bytes(&older, sqlite)
    ));
    assert_eq!(fr.post(&notes(&scene), &note("to the old one", "x")).status, 500);
});

both!(what_one_alone_can_open_is_not_thrown_away, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr"]);
    let scene = bare_scene(&world);
    inside(&mut world, "fr", &scene.room).post(&notes(&scene), &note("before", "x")).expect(201);
    // Somebody who waits for the key ends the admission of the one who has it, and thinks better of it.
    let admissions = format!("/api/v1/rooms/{}/admissions", scene.room);
    let mut de = world.client("de");
    assert_eq!(de.delete(&format!("{admissions}/{}", world.person("fr"))).status, 204);
    de.post(&admissions, &json!({"person": world.person("fr")})).expect(201);
    let mut fr = inside(&mut world, "fr", &scene.room);
    assert_eq!(newest(&mut fr, &scene), "before");
});

both!(an_agenda_is_not_changed_by_who_sees_part_of_it, |server: TestServer| {
    let mut world = World::new(server);
    let late = world.add("late", "DE", incamera::network::model::Role::ContactPoint);
    world.enrol(&["fr", "late"]);
    let scene = bare_scene(&world);
    let admissions = format!("/api/v1/rooms/{}/admissions", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let agenda = format!("/api/v1/sessions/{}/agenda", scene.closed);
    assert_eq!(fr.put(&agenda, 0, &json!({"items": ["one", "two"]})).status / 100, 2);
    assert_eq!(fr.delete(&format!("{admissions}/{late}")).status, 204);
    fr.post(&admissions, &json!({"person": late, "reach": "onward"})).expect(201);
    let mut late = inside(&mut world, "late", &scene.room);
    let session = format!("/api/v1/sessions/{}", scene.closed);
    assert_eq!(late.get(&session).expect(200)["agenda"], json!([]));
    assert_eq!(late.put(&agenda, 1, &json!({"items": ["mine"]})).status, 409);
    assert_eq!(fr.get(&session).expect(200)["agenda"], json!(["one", "two"]));
});

/// Takes up an invitation for somebody who had an account; with the room code, if there is one.
pub fn new_means(world: &mut World, key: &str, room_code: Option<&Value>) -> Result<Value, Value> {
    let invite = format!("/api/v1/people/{}/invitation", world.person(key));
    let invitation = world.client("sec").post(&invite, &json!({"email": World::email(key)})).expect(201);
    let mut body = json!({"token": invitation["token"], "password": PASSWORD});
    if let Some(code) = room_code {
        body["room_code"] = code.clone();
    }
    let reply = world.server.client().post("/api/v1/invitations/acceptance", &body);
    if reply.status != 201 {
        return Err(reply.json());
    }
    let means = reply.json();
    world.replace_seed(key, means["totp_secret"].as_str().unwrap());
    Ok(means)
}

both!(a_forgotten_password_takes_the_code_on_paper, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de"]);
    let means = new_means(&mut world, "de", None).unwrap();
    let scene = bare_scene(&world);
    let mut tables = Tables::of(&world.server);
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes(&scene), &note("before", "x")).expect(201);
    // Another's code, or none that is one, is said to be wrong, and changes nothing.
    let wrong = json!("icm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(new_means(&mut world, "de", Some(&wrong)).unwrap_err()["fields"][0]["field"], "room_code");
    let mut de = inside(&mut world, "de", &scene.room);
    assert_eq!(newest(&mut de, &scene), "before");
    // With the code: the same key pair, the same rooms, and a new code.
    let again = new_means(&mut world, "de", Some(&means["room_code"])).unwrap();
    assert_ne!(again["room_code"], means["room_code"]);
    world.anew("de");
    let mut de = inside(&mut world, "de", &scene.room);
    assert_eq!(newest(&mut de, &scene), "before");
    assert!(new_means(&mut world, "de", Some(&means["room_code"])).is_err(), "a code is good once");
    // Without it: another pair, no room, until somebody inside admits anew; the old pair's keys are gone.
    new_means(&mut world, "de", None).unwrap();
    let room = format!("/api/v1/rooms/{}", scene.room);
    assert_eq!(world.anew("de").get(&room).status, 404);
    assert_eq!(holders(&mut tables, &world, &scene, "de"), epochs(&[]));
    // An older pair that somebody revives takes nothing from the newest.
    tables.execute(&format!("UPDATE person_keys SET ended_us = NULL WHERE person_id = '{}'", world.person("de")));
    fr.post(&format!("{room}/admissions"), &json!({"person": world.person("de")})).expect(201);
    let mut de = inside(&mut world, "de", &scene.room);
    assert_eq!(newest(&mut de, &scene), "before");
    let pairs = format!("SELECT COUNT(*) AS number FROM person_keys WHERE person_id = '{}'", world.person("de"));
    assert_eq!(tables.number(&pairs), 3);
});

both!(an_older_account_gets_its_key_at_the_next_log_in, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de"]);
    let scene = bare_scene(&world);
    let mut tables = Tables::of(&world.server);
    let person = world.person("de");
    tables.execute(&format!(
        "DELETE FROM room_keys WHERE person_id = '{person}'; DELETE FROM row_codes WHERE tbl = 'person_keys' AND key = (SELECT id FROM person_keys WHERE person_id = '{person}'); DELETE FROM person_keys WHERE person_id = '{person}'"
    ));
    let size = tables.size();
    world.anew("de");
    let made =
        tables.entries(size).into_iter().any(|entry| entry["event"] == "key_made" && entry["actor"] == json!(person));
    assert!(made);
    inside(&mut world, "fr", &scene.room);
    assert_eq!(holders(&mut tables, &world, &scene, "de"), epochs(&["1"]));
});

both!(what_was_there_before_is_sealed, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de"]);
    let scene = bare_scene(&world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let written = text(&fr.post(&notes(&scene), &note("the title", "the text")).expect(201), "id");
    let agenda = format!("/api/v1/sessions/{}/agenda", scene.closed);
    assert_eq!(fr.put(&agenda, 0, &json!({"items": ["the item"]})).status / 100, 2);
    let case = text(&fr.post("/api/v1/cases", &json!({"fiche": fiche("the case")})).expect(201), "id");
    // As it was before: the texts as they were typed, and no keys.
    let mut tables = Tables::of(&world.server);
    let plain = |text: &str| {
        let hex = data_encoding::HEXLOWER.encode(text.as_bytes());
        if tables.is_sqlite() { format!("x'00{hex}'") } else { format!("decode('00{hex}', 'hex')") }
    };
    let said = serde_json::to_string(&fr.get(&format!("/api/v1/cases/{case}")).expect(200)["fiche"]).unwrap();
    let (title, note_title, words, item, said) =
        (plain("Pending arrests"), plain("the title"), plain("the text"), plain("the item"), plain(&said));
    tables.execute(&format!(
        "DELETE FROM room_keys; DELETE FROM room_epochs; DELETE FROM person_keys; \
         DELETE FROM row_codes WHERE tbl IN ('room_epochs', 'person_keys'); \
         UPDATE rooms SET title = {title}; UPDATE note_versions SET title = {note_title}, words = {words}; \
         UPDATE agenda_items SET words = {item} WHERE session_id = '{}'; UPDATE case_versions SET fiche = {said}",
        scene.closed
    ));
    let step = |world: &World| {
        world.server.operate(|work| {
            let Some((room, slot)) = before::seal_next(work)? else { return Ok(false) };
            seal_agenda(work, &room, &slot)?;
            seal_fiches(work, &room)?;
            Ok(true)
        })
    };
    // A room at a time, and what was done stays done.
    assert_eq!(world.server.operate(before::left), 6);
    assert!(step(&world));
    let left = world.server.operate(before::left);
    assert!(left > 0 && left < 6, "{left}");
    // No server begins with half of it; the command goes on with the rest, and has nothing to do the next time.
    let refused = command(&world.server, &["serve"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("incamera db migrate"), "{refused:?}");
    let done = command(&world.server, &["db", "migrate"]);
    assert!(done.status.success() && String::from_utf8_lossy(&done.stdout).contains("1 rooms"), "{done:?}");
    assert_eq!(world.server.operate(before::left), 0);
    assert!(!step(&world));
    // Somebody admitted logs in, and all is there.
    assert_eq!(kept(&mut tables), 2);
    world.anew("fr");
    assert_eq!(kept(&mut tables), 0);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let read = fr.get(&format!("{}/{written}", notes(&scene))).expect(200);
    assert_eq!((&read["title"], &read["text"]), (&json!("the title"), &json!("the text")));
    let session = fr.get(&format!("/api/v1/sessions/{}", scene.closed)).expect(200);
    assert_eq!((&session["title"], &session["agenda"]), (&json!("Pending arrests"), &json!(["the item"])));
    assert_eq!(fr.get(&format!("/api/v1/cases/{case}")).expect(200)["fiche"]["title"], "the case");
});

// A stolen access token opens nothing: neither alone, nor with all that the database and the key files hold.
both!(nothing_that_the_server_keeps_opens_a_room, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de"]);
    let scene = bare_scene(&world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes(&scene), &note("before", "x")).expect(201);
    let mut stolen = fr.again();
    (stolen.token, stolen.visit, stolen.unlock) = (fr.token.clone(), fr.visit.clone(), None);
    assert_eq!(stolen.get(&notes(&scene)).json()["type"], "urn:incamera:problem:unlock-needed");
    // No blob that is kept is the room's seed under the key that the server keeps such under.
    let mut tables = Tables::of(&world.server);
    let (mut blobs, sqlite) = (Vec::new(), tables.is_sqlite());
    for bound in BOUND {
        for (column, kind) in bound.columns {
            if format!("{kind:?}") == "Bytes" && !["materials", "accounts"].contains(&bound.table) {
                let hex = if sqlite { format!("lower(hex({column}))") } else { format!("encode({column}, 'hex')") };
                let sql = format!("SELECT {hex} AS word FROM {} WHERE {column} IS NOT NULL", bound.table);
                let words = tables.words(&sql).into_iter();
                blobs.extend(words.map(|word| data_encoding::HEXLOWER.decode(word.as_bytes()).unwrap()));
            }
        }
    }
    assert!(blobs.len() > 10);
    let keeper = world.server.operate(|work| Ok(work.codes().keys().keeper().clone()));
    let places = ["1", "2"].map(|epoch| format!("room-epoch/{}/{epoch}", scene.room));
    for blob in &blobs {
        for place in &places {
            assert!(keeper.open(place, blob).is_err());
        }
    }
});
