//! The case register: fiches and their visibility, circles, links to meetings.

use serde_json::{Value, json};

use crate::both;
use crate::support::World;
use crate::support::scene::{fiche, inside, note, scene, visit};
use crate::support::world::OUTSIDERS;

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

both!(a_fiche_is_seen_as_its_visibility_says, |server| {
    let mut world = World::new(server);
    let mut fr = world.client("fr");
    let own = fr.post("/api/v1/cases", &json!({"fiche": fiche("Own")})).expect(201);
    let named = json!({"to": "states", "states": [world.party("DE"), world.party("UA")]});
    let named = fr.post("/api/v1/cases", &json!({"fiche": fiche("Named"), "visibility": named})).expect(201);
    let all =
        fr.post("/api/v1/cases", &json!({"fiche": fiche("All"), "visibility": {"to": "contact_points"}})).expect(201);
    let [own, named, all] = [&own, &named, &all].map(|case| case["id"].as_str().unwrap().to_owned());

    for (key, seen) in [
        ("fr", vec![&all, &named, &own]),
        ("fr2", vec![&all, &named, &own]),
        ("de", vec![&all, &named]),
        ("se", vec![&all]),
        ("ua", vec![&named]),
        ("no", vec![]),
        ("sec", vec![]),
        ("ej", vec![]),
        ("assoc", vec![]),
        ("guest", vec![]),
        ("aud", vec![]),
    ] {
        let mut client = world.client(key);
        let list = client.get("/api/v1/cases").expect(200);
        assert_eq!(ids(&list), seen, "{key}");
        let absent = client.get("/api/v1/cases/00000000-0000-4000-8000-000000000000").normalized();
        for id in [&own, &named, &all] {
            let reply = client.get(&format!("/api/v1/cases/{id}"));
            if seen.contains(&id) {
                let case = reply.expect(200);
                assert_eq!(case["releases"].is_null(), !key.starts_with("fr"), "{key}: told to its own State only");
                assert_eq!(case["room"].is_null(), key != "fr", "{key}: the room is for those admitted");
            } else {
                assert_eq!(reply.normalized(), absent, "{key}");
            }
        }
    }
    // Without the unlock secret no text; without second factor nothing.
    let mut locked = world.client("fr2");
    locked.unlock = None;
    assert_eq!(locked.get(&format!("/api/v1/cases/{own}")).expect(200)["fiche"], Value::Null);
    assert!(!locked.get("/api/v1/cases").expect(200).to_string().contains("Named"));
    let mut bare = world.client_without_second_factor("fr2");
    assert_eq!(bare.get("/api/v1/cases").expect(200)["items"], json!([]));
    assert_eq!(bare.get(&format!("/api/v1/cases/{own}")).status, 403);
});

both!(a_circle_starts_with_its_originator_alone, |server| {
    let mut world = World::new(server);
    let mut fr = world.client("fr");
    let case = fr
        .post("/api/v1/cases", &json!({"fiche": fiche("Circle"), "visibility": {"to": "contact_points"}}))
        .expect(201);
    let room = incamera::ids::RoomId::parse(case["room"].as_str().unwrap()).unwrap();
    let path = format!("/api/v1/rooms/{room}");
    let seen = fr.get(&path).expect(200);
    assert_eq!(seen["members"].as_array().unwrap().len(), 1);
    assert_eq!(seen["case"], case["id"]);
    assert_eq!(seen["title"], "Circle");
    visit(&mut fr, &room);
    let written = fr.post(&format!("{path}/notes"), &note("secret", "x")).expect(201);

    for key in ["fr2", "de", "sec", "aud", "ua"].into_iter().chain(OUTSIDERS) {
        let mut client = world.client(key);
        let absent = client.get("/api/v1/rooms/00000000-0000-4000-8000-000000000000").normalized();
        assert_eq!(client.get(&path).normalized(), absent, "{key}");
        assert_eq!(
            client.get(&format!("{path}/notes/{}", written["id"].as_str().unwrap())).normalized(),
            absent,
            "{key}"
        );
    }
    // Nobody of the Secretariat ever comes into a circle; somebody of another State does not widen it.
    let admissions = format!("{path}/admissions");
    assert_eq!(fr.post(&admissions, &json!({"person": world.person("sec")})).status, 403);
    fr.post(&admissions, &json!({"person": world.person("de")})).expect(201);
    let mut de = inside(&mut world, "de", &room);
    assert_eq!(de.get(&format!("{path}/notes")).expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(de.post(&admissions, &json!({"person": world.person("se")})).status, 403);
    assert_eq!(de.delete(&format!("{admissions}/{}", world.person("fr"))).status, 403);
    assert_eq!(fr.delete(&format!("{admissions}/{}", world.person("de"))).status, 204);
    assert_eq!(de.get(&format!("{path}/notes")).status, 404);
});

both!(fiches_are_revised_released_and_linked_by_those_in_the_circle, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let mut fr = world.client("fr");
    let mut se = world.client("se");
    let case = fr.post("/api/v1/cases", &json!({"fiche": fiche("One")})).expect(201);
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    assert_eq!(case["contact"]["name"], "fr");

    let two = json!({"fiche": fiche("Two"), "contact": world.person("fr2")});
    assert_eq!(world.client("fr2").put(&path, 1, &two).status, 403, "of its State, but not in the circle");
    let revised = fr.put(&path, 1, &two).expect(200);
    assert_eq!((revised["version"].clone(), revised["contact"]["name"].clone()), (json!(2), json!("fr2")));
    assert_eq!(fr.put(&path, 1, &two).status, 412);
    assert_eq!(fr.put(&path, 2, &json!({"fiche": fiche("x"), "contact": world.person("de")})).status, 422);

    let absent = se.get("/api/v1/cases/00000000-0000-4000-8000-000000000000").normalized();
    assert_eq!(se.get(&path).normalized(), absent);
    let releases = format!("{path}/releases");
    assert_eq!(se.post(&releases, &json!({"to": "contact_points"})).normalized(), absent);
    for bad in [
        json!({"to": "state"}),
        json!({"to": "state", "party": world.party("FR")}),
        json!({"to": "state", "party": world.party("eurojust")}),
        json!({"to": "contact_points", "party": world.party("SE")}),
    ] {
        assert_eq!(fr.post(&releases, &bad).status, 422, "{bad}");
    }
    let to_se = json!({"to": "state", "party": world.party("SE")});
    let release = fr.post(&releases, &to_se).expect(201);
    assert_eq!(fr.post(&releases, &to_se).status, 409);
    assert_eq!(se.get(&path).expect(200)["fiche"]["title"], "Two");
    assert_eq!(world.client("de").get(&path).status, 404);

    let link = format!("{path}/meetings");
    let linked = fr.post(&link, &json!({"meeting": scene.meeting})).expect(201);
    assert_eq!(linked["meetings"], json!([scene.meeting]));
    assert_eq!(fr.post(&link, &json!({"meeting": scene.meeting})).status, 409);
    assert_eq!(fr.post(&link, &json!({"meeting": "00000000-0000-4000-8000-000000000000"})).status, 422);
    assert_eq!(se.get(&path).expect(200)["meetings"], json!([scene.meeting]));

    assert_eq!(fr.delete(&format!("{releases}/{}", release["act"].as_str().unwrap())).status, 204);
    assert_eq!(se.get(&path).normalized(), absent);
});

// The register is a list like any other: whoever may read nothing of it gets the answer that a State gets from which
// all of it is kept, of the interface and as a page. That there is a register is no secret; only whoever may come to
// read something there is led to it.
both!(who_never_reads_the_register_finds_it_empty_and_is_not_led_there, |server| {
    let mut world = World::new(server);
    for (title, visibility) in [("Named", "own_state"), ("Shared", "contact_points")] {
        let body = json!({"fiche": fiche(title), "visibility": {"to": visibility}});
        world.client("fr").post("/api/v1/cases", &body).expect(201);
    }
    for (key, shown, led) in [
        ("fr", 2, true),
        ("de", 1, true),
        ("ua", 0, true),
        ("ej", 0, false),
        ("assoc", 0, false),
        ("guest", 0, false),
        ("sec", 0, false),
        ("aud", 0, false),
    ] {
        let mut client = world.client(key);
        let list = client.get("/api/v1/cases").expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), shown, "{key}");
        assert_eq!(list["next"], Value::Null);
        let page = client.look("/cases", &[]);
        assert_eq!((page.status, page.text().matches("class=\"card\"").count()), (200, shown), "{key}");
        for page in [page, client.look("/", &[])] {
            assert_eq!(page.text().contains("href=\"/cases\""), led, "{key}");
        }
    }
});
