//! Rooms: who is in them, visits, notes, versions, handling codes, releases.

use serde_json::json;

use crate::both;
use crate::support::scene::{inside, note, scene, visit};
use crate::support::world::{OUTSIDERS, PASSWORD};
use crate::support::{Tables, World};

both!(a_room_opens_to_those_admitted_with_second_factor_unlock_and_visit, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let path = format!("/api/v1/rooms/{}", scene.room);
    let notes = format!("{path}/notes");

    let mut bare = world.client_without_second_factor("fr");
    assert_eq!(bare.get(&notes).json()["type"], "urn:incamera:problem:second-factor-needed");
    assert_eq!(
        bare.post(&format!("{path}/visits"), &json!({"purpose": "x"})).json()["type"],
        "urn:incamera:problem:second-factor-needed"
    );
    let mut client = world.client("fr");
    let unlock = client.unlock.take();
    assert_eq!(client.get(&notes).json()["type"], "urn:incamera:problem:unlock-needed");
    client.unlock = unlock;
    assert_eq!(client.get(&notes).json()["type"], "urn:incamera:problem:visit-needed");
    visit(&mut client, &scene.room);
    assert_eq!(client.get(&notes).expect(200)["items"], json!([]));

    let room = client.get(&path).expect(200);
    assert_eq!(room["title"], "Pending arrests");
    assert_eq!(room["session"], scene.closed.to_string());
    assert_eq!(room["meeting"], scene.meeting.to_string());
    let names: Vec<&str> =
        room["members"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["de", "fr", "fr2", "se", "ua"]);

    // The visit is of this log-in, this person and this room.
    let mut other = world.client("de");
    other.visit.clone_from(&client.visit);
    assert_eq!(other.get(&notes).json()["type"], "urn:incamera:problem:visit-needed");
    let mut again = world.anew("fr");
    again.visit.clone_from(&client.visit);
    assert_eq!(again.get(&notes).json()["type"], "urn:incamera:problem:visit-needed");

    // It ends when it is ended, and by itself.
    let mut mine = inside(&mut world, "se", &scene.room);
    let end = format!("{path}/visits/{}", mine.visit.clone().unwrap());
    assert_eq!(other.delete(&end).status, 404, "only one's own");
    assert_eq!(mine.delete(&end).status, 204);
    assert_eq!(mine.get(&notes).status, 403);
    assert_eq!(mine.delete(&end).status, 404);
    visit(&mut again, &scene.room);
    world.server.clock.advance(60 * 60);
    let mut later = world.anew("fr");
    later.visit.clone_from(&again.visit);
    assert_eq!(later.get(&notes).status, 403);

    for key in OUTSIDERS.into_iter().chain(["no"]) {
        let mut client = world.client(key);
        let absent = client.get("/api/v1/rooms/00000000-0000-4000-8000-000000000000").normalized();
        assert_eq!(client.get(&path).normalized(), absent, "{key}");
        assert_eq!(client.get(&notes).normalized(), absent, "{key}");
        assert_eq!(client.post(&notes, &note("t", "x")).normalized(), absent, "{key}");
        assert_eq!(client.post(&format!("{path}/visits"), &json!({"purpose": "x"})).normalized(), absent, "{key}");
    }
    // The Secretariat knows of a session's room and who is in it, and no more.
    let mut officer = world.client("sec");
    let seen = officer.get(&path).expect(200);
    assert_eq!(seen["title"], json!(null));
    assert_eq!(seen["members"].as_array().unwrap().len(), 5);
    assert_eq!(officer.get(&notes).status, 403);
    assert_eq!(officer.post(&format!("{path}/visits"), &json!({"purpose": "x"})).status, 403);
});

both!(notes_are_versions_and_none_is_lost, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let mut fr2 = inside(&mut world, "fr2", &scene.room);
    let mut de = inside(&mut world, "de", &scene.room);

    let written = fr.post(
        &notes,
        &json!({"title": "A", "text": "one", "handling": ["H1", "H3"], "handling_text": "not to the press"}),
    );
    assert_eq!(written.headers["etag"], "\"1\"");
    let written = written.expect(201);
    let path = format!("{notes}/{}", written["id"].as_str().unwrap());
    assert_eq!(written["handling"], json!(["H1", "H3"]));
    assert_eq!(de.get(&path).expect(200)["handling_text"], "not to the press");

    // Two who began from the same version: the second is told, and nothing of the first is lost.
    assert_eq!(fr2.put(&path, 1, &note("A", "two")).expect(200)["version"], 2);
    let refused = fr.put(&path, 1, &note("A", "three"));
    assert_eq!(refused.json()["type"], "urn:incamera:problem:outdated");
    assert_eq!(refused.status, 412);
    assert_eq!(fr.get(&path).expect(200)["text"], "two");
    assert_eq!(fr.put(&path, 2, &note("B", "three")).expect(200)["version"], 3);
    assert_eq!(fr.get(&format!("{path}?version=1")).expect(200)["text"], "one");
    assert_eq!(fr.get(&format!("{path}?version=2")).expect(200)["author"], world.person("fr2").to_string());
    assert_eq!(fr.get(&format!("{path}?version=4")).status, 404);
    let versions = de.get(&format!("{path}/versions")).expect(200);
    let titles: Vec<_> = versions["items"].as_array().unwrap().iter().map(|one| one["title"].clone()).collect();
    assert_eq!(titles, [json!("B"), json!("A"), json!("A")]);
    assert!(!versions.to_string().contains("three"), "the list of versions holds no text");

    // Only its own State revises a note; without If-Match nothing is changed.
    assert_eq!(de.put(&path, 3, &note("C", "four")).status, 403);
    let unsaid =
        fr.send("PUT", &path, &[("content-type", "application/json")], Some(note("C", "x").to_string().as_bytes()));
    assert_eq!(unsaid.status, 428);
    assert_eq!(fr.get(&path).expect(200)["version"], 3);

    let mut seen = Vec::new();
    for text in ["b", "c", "d"] {
        assert_eq!(de.post(&notes, &note(text, text)).status, 201);
    }
    let mut next = format!("{notes}?limit=3");
    loop {
        let page = fr.get(&next).expect(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(cursor) => next = format!("{notes}?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ["d", "c", "b", "B"]);

    for (field, bad) in [
        ("handling", json!({"title": "t", "text": "x", "handling": []})),
        ("handling", json!({"title": "t", "text": "x", "handling": ["H0", "H1"]})),
        ("handling_text", json!({"title": "t", "text": "x", "handling": ["H3"]})),
        ("text", json!({"title": "t", "text": "RESTREINT UE/EU RESTRICTED", "handling": ["H0"]})),
        ("title", json!({"title": "a\u{202e}b", "text": "x", "handling": ["H0"]})),
    ] {
        let refused = fr.post(&notes, &bad);
        assert_eq!((refused.status, refused.json()["fields"][0]["field"].clone()), (422, json!(field)));
    }
});

// The query of a note is spelled by hand, in the order of its columns, some of which are alike.
both!(a_note_is_read_as_it_was_written, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut client = inside(&mut world, "fr", &scene.room);
    let handled = json!({"title": "A", "text": "a", "handling": ["H1", "H3"], "handling_text": "after the hearing"});
    let first = client.post(&notes, &handled).expect(201);
    let one = format!("{notes}/{}", first["id"].as_str().unwrap());
    let second = client.put(&one, 1, &note("B", "b")).expect(200);
    assert_eq!(first["author"], world.person("fr").to_string());
    assert_eq!(first["party"], world.party("FR").to_string());
    // Twice: found with the facts, and without them once they are known.
    for _ in 0..2 {
        assert_eq!(client.get(&one).expect(200), second);
        assert_eq!(client.get(&format!("{one}?version=1")).expect(200), first);
    }
});

both!(a_counterpart_reads_what_is_released_to_its_state, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let mut de = inside(&mut world, "de", &scene.room);
    let mut ua = inside(&mut world, "ua", &scene.room);
    let written = fr.post(&notes, &note("A", "one")).expect(201);
    let path = format!("{notes}/{}", written["id"].as_str().unwrap());
    let absent = ua.get(&format!("{notes}/00000000-0000-4000-8000-000000000000")).normalized();
    assert_eq!(ua.get(&path).normalized(), absent);
    assert_eq!(ua.get(&notes).expect(200)["items"], json!([]));
    assert_eq!(de.get(&path).expect(200)["releases"], json!(null), "told to the originator only");

    let releases = format!("{path}/releases");
    let to_ua = json!({"party": world.party("UA")});
    assert_eq!(de.post(&releases, &to_ua).status, 403, "only the originator widens");
    assert_eq!(ua.post(&releases, &to_ua).normalized(), absent);
    for nobody in ["FR", "eurojust", "iiim"] {
        assert_eq!(fr.post(&releases, &json!({"party": world.party(nobody)})).status, 422, "{nobody}");
    }
    let release = fr.post(&releases, &to_ua).expect(201);
    assert_eq!(fr.post(&releases, &to_ua).status, 409);
    assert_eq!(ua.get(&path).expect(200)["text"], "one");
    assert_eq!(ua.get(&path).expect(200)["releases"], json!(null));
    assert_eq!(ua.get(&notes).expect(200)["items"][0]["title"], "A");
    assert_eq!(fr.get(&path).expect(200)["releases"][0]["party"], world.party("UA").to_string());

    // A counterpart's own notes are its State's; the contact points read them.
    let theirs = ua.post(&notes, &note("U", "ours")).expect(201);
    assert_eq!(de.get(&format!("{notes}/{}", theirs["id"].as_str().unwrap())).expect(200)["text"], "ours");

    let end = format!("{releases}/{}", release["act"].as_str().unwrap());
    assert_eq!(de.delete(&end).status, 403);
    assert_eq!(fr.delete(&end).status, 204);
    assert_eq!(fr.delete(&end).status, 404);
    assert_eq!(ua.get(&path).normalized(), absent);
});

both!(admission_is_from_inside_and_ends_at_once, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let path = format!("/api/v1/rooms/{}", scene.room);
    let (notes, admissions) = (format!("{path}/notes"), format!("{path}/admissions"));
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes, &note("before", "x")).expect(201);

    // The Secretariat convenes, and yet admits nobody; nor does a counterpart, nor anyone from outside.
    let no = json!({"person": world.person("no"), "reach": "onward"});
    assert_eq!(world.client("sec").post(&admissions, &no).status, 403);
    assert_eq!(world.client("ua").post(&admissions, &no).status, 403);
    assert_eq!(world.client("no").post(&admissions, &no).status, 404);
    assert_eq!(world.client_without_second_factor("fr").post(&admissions, &no).status, 403);
    for key in ["ej", "assoc", "guest", "aud"] {
        let refused = fr.post(&admissions, &json!({"person": world.person(key)}));
        let nobody = fr.post(&admissions, &json!({"person": "00000000-0000-4000-8000-000000000000"}));
        assert_eq!((refused.status, refused.normalized()), (422, nobody.normalized()), "{key}");
    }
    assert_eq!(fr.post(&admissions, &json!({"person": world.person("fr")})).status, 403, "not oneself");
    assert_eq!(fr.post(&admissions, &json!({"person": world.person("de")})).status, 409);

    fr.post(&admissions, &no).expect(201);
    let mut onward = inside(&mut world, "no", &scene.room);
    assert_eq!(onward.get(&notes).expect(200)["items"], json!([]));
    // An officer comes in by name, when somebody inside says so; and reads what the room holds.
    fr.post(&admissions, &json!({"person": world.person("sec2")})).expect(201);
    let mut officer = inside(&mut world, "sec2", &scene.room);
    assert_eq!(officer.get(&notes).expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(officer.get(&path).expect(200)["title"], "Pending arrests");

    let out = |key: &str, world: &World| format!("{admissions}/{}", world.person(key));
    assert_eq!(world.client("sec").delete(&out("de", &world)).status, 403);
    assert_eq!(fr.delete(&out("fr", &world)).status, 403, "not oneself");
    let mut de = inside(&mut world, "de", &scene.room);
    assert_eq!(de.get(&notes).status, 200);
    assert_eq!(fr.delete(&out("de", &world)).status, 204);
    assert_eq!(fr.delete(&out("de", &world)).status, 404);
    let absent = de.get("/api/v1/rooms/00000000-0000-4000-8000-000000000000").normalized();
    assert_eq!(de.get(&notes).normalized(), absent);
    // The visit that lasted then is not revived by a new admission.
    fr.post(&admissions, &json!({"person": world.person("de")})).expect(201);
    assert_eq!(de.get(&notes).json()["type"], "urn:incamera:problem:visit-needed");
});

both!(a_release_is_of_one_version, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let mut ua = inside(&mut world, "ua", &scene.room);
    let written = fr.post(&notes, &note("with the name", "Witness K")).expect(201);
    let path = format!("{notes}/{}", written["id"].as_str().unwrap());
    fr.put(&path, 1, &note("without", "redacted")).expect(200);
    let to_ua = json!({"party": world.party("UA"), "version": 2});
    assert_eq!(fr.post(&format!("{path}/releases"), &json!({"party": world.party("UA"), "version": 3})).status, 422);
    fr.post(&format!("{path}/releases"), &to_ua).expect(201);
    fr.put(&path, 2, &note("later", "Witness L")).expect(200);

    assert_eq!(ua.get(&path).expect(200)["text"], "redacted");
    assert_eq!(ua.get(&format!("{path}?version=2")).expect(200)["text"], "redacted");
    let absent = ua.get(&format!("{path}?version=9")).normalized();
    for version in [1, 3] {
        assert_eq!(ua.get(&format!("{path}?version={version}")).normalized(), absent, "version {version}");
    }
    assert_eq!(ua.get(&notes).expect(200)["items"][0]["title"], "without");
    let versions = ua.get(&format!("{path}/versions")).expect(200);
    assert_eq!(versions["items"].as_array().unwrap().len(), 1);
    // The members read the note as it is; a further release opens a further version.
    assert_eq!(inside(&mut world, "de", &scene.room).get(&path).expect(200)["text"], "Witness L");
    fr.post(&format!("{path}/releases"), &json!({"party": world.party("UA")})).expect(201);
    assert_eq!(ua.get(&path).expect(200)["text"], "Witness L");
    assert_eq!(ua.get(&format!("{path}?version=1")).normalized(), absent);
});

both!(an_admission_ends_with_the_designation_it_was_given_to, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let path = format!("/api/v1/rooms/{}", scene.room);
    let mut sec = world.client("sec");
    let person = format!("/api/v1/people/{}", world.person("ua"));
    let mut ua = inside(&mut world, "ua", &scene.room);
    let act = sec.get(&person).expect(200)["designations"][0]["act"].as_str().unwrap().to_owned();
    let why = json!({"source": "made for a test"});
    sec.post(&format!("/api/v1/acts/{act}/ending"), &why).expect(201);
    let again = json!({"role": "counterpart", "source": "made for a test"});
    sec.post(&format!("{person}/designations"), &again).expect(201);
    // Designated again, she is somebody; but nobody has let this one in.
    ua.get("/api/v1/me").expect(200);
    let absent = ua.get("/api/v1/rooms/00000000-0000-4000-8000-000000000000").normalized();
    assert_eq!(ua.get(&path).normalized(), absent);
    let mut fr = world.client("fr");
    assert!(!fr.get(&path).expect(200)["members"].to_string().contains("\"ua\""));
    fr.post(&format!("{path}/admissions"), &json!({"person": world.person("ua")})).expect(201);
    visit(&mut ua, &scene.room);
    ua.get(&format!("{path}/notes")).expect(200);
});

both!(an_admission_ends_with_the_standing_it_was_given_to, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes, &note("A", "not for UA")).expect(201);
    let mut ua = inside(&mut world, "ua", &scene.room);
    assert_eq!(ua.get(&notes).expect(200)["items"], json!([]));
    // The Secretariat makes the counterpart a contact point, too, and the State a member.
    let mut sec = world.client("sec");
    let why = "made for a test";
    let too = json!({"role": "contact_point", "source": why});
    sec.post(&format!("/api/v1/people/{}/designations", world.person("ua")), &too).expect(201);
    let party = format!("/api/v1/parties/{}", world.party("UA"));
    let act = sec.get(&party).expect(200)["standings"][0]["act"].as_str().unwrap().to_owned();
    sec.post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": why})).expect(201);
    sec.post(&format!("{party}/standings"), &json!({"standing": "member", "source": why})).expect(201);
    assert_eq!(ua.get("/api/v1/me").expect(200)["role"], "contact_point");
    // The counterpart designation is in force still; but the room was opened to a counterpart.
    let absent = ua.get("/api/v1/rooms/00000000-0000-4000-8000-000000000000").normalized();
    assert_eq!(ua.get(&notes).normalized(), absent);
    assert!(!fr.get(&format!("/api/v1/rooms/{}", scene.room)).expect(200)["members"].to_string().contains("\"ua\""));
});

both!(nobody_admits_further_than_he_was_admitted, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let admissions = format!("/api/v1/rooms/{}/admissions", scene.room);
    let late = world.add("late", "DE", incamera::network::model::Role::ContactPoint);
    let later = world.add("later", "SE", incamera::network::model::Role::ContactPoint);
    world.client("fr").post(&admissions, &json!({"person": late, "reach": "onward"})).expect(201);
    let mut late = world.client("late");
    let refused = late.post(&admissions, &json!({"person": later}));
    assert_eq!((refused.status, refused.json()["fields"][0]["field"].clone()), (422, json!("reach")));
    // Nor by a row that says so, which the server has not written.
    let (act, whose) = ("00000000-0000-4000-8000-00000000beef", world.person("late"));
    Tables::of(&world.server).execute(&format!(
        "INSERT INTO acts SELECT '{act}', kind, NULL, effective_us, NULL, recorded_us, recorded_by, source FROM acts WHERE id = (SELECT act_id FROM admissions WHERE person_id = '{whose}'); \
         INSERT INTO admissions VALUES ('{act}', '{}', '{whose}', 'whole')",
        scene.room
    ));
    assert_eq!(late.post(&admissions, &json!({"person": later})).status, 422);
    late.post(&admissions, &json!({"person": later, "reach": "onward"})).expect(201);
});

both!(new_means_open_no_room, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    inside(&mut world, "fr", &scene.room).post(&notes, &note("secret", "x")).expect(201);
    let mut before = inside(&mut world, "de", &scene.room);
    assert_eq!(before.get(&notes).status, 200);

    // An officer who takes up an invitation for somebody else is somebody else, and in none of his rooms.
    let invite = format!("/api/v1/people/{}/invitation", world.person("de"));
    let invitation = world.client("sec").post(&invite, &json!({"email": World::email("de")})).expect(201);
    let body = json!({"token": invitation["token"], "password": PASSWORD});
    let means = world.server.client().post("/api/v1/invitations/acceptance", &body).expect(201);
    assert_eq!(before.get(&notes).status, 401);
    world.replace_seed("de", means["totp_secret"].as_str().unwrap());
    let mut after = world.anew("de");
    let absent = after.get("/api/v1/rooms/00000000-0000-4000-8000-000000000000").normalized();
    assert_eq!(after.get(&format!("/api/v1/rooms/{}", scene.room)).normalized(), absent);
    // The State reads what happened, and somebody inside lets the person in again.
    let entries = after.get("/api/v1/audit/entries?event=means_replaced").expect(200);
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
    let admissions = format!("/api/v1/rooms/{}/admissions", scene.room);
    world.client("fr").post(&admissions, &json!({"person": world.person("de")})).expect(201);
    visit(&mut after, &scene.room);
    assert_eq!(after.get(&notes).expect(200)["items"].as_array().unwrap().len(), 1);
});

both!(onward_opens_nothing_that_was_written_before, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let path = format!("/api/v1/rooms/{}", scene.room);
    let notes = format!("{path}/notes");
    let mut fr = inside(&mut world, "fr", &scene.room);
    let before = fr.post(&notes, &note("before", "x")).expect(201);
    let late = world.add("late", "DE", incamera::network::model::Role::ContactPoint);
    world.enrol(&["late"]);
    fr.post(&format!("{path}/admissions"), &json!({"person": late, "reach": "onward"})).expect(201);
    let after = fr.post(&notes, &note("after", "x")).expect(201);
    let mut late = inside(&mut world, "late", &scene.room);
    let titles = late.get(&notes).expect(200);
    assert_eq!(titles["items"].as_array().unwrap().len(), 1);
    assert_eq!(titles["items"][0]["title"], "after");
    assert_eq!(late.get(&format!("{notes}/{}", after["id"].as_str().unwrap())).status, 200);
    assert_eq!(late.get(&format!("{notes}/{}", before["id"].as_str().unwrap())).status, 404);
});
