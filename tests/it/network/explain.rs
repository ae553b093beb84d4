//! "May she, by which rule, because of which acts?"

use incamera::ids::PersonId;
use serde_json::{Value, json};

use super::{SOURCE, party};
use crate::both;
use crate::support::made::{self, blamed, text};
use crate::support::{Client, Tables, TestServer, World, world};

/// Asks whether the person could see the thing.
fn may(client: &mut Client, person: &PersonId, thing: &str, at: Option<&str>) -> Value {
    let at = at.map_or_else(String::new, |at| format!("&at={at}"));
    client.get(&format!("/api/v1/explain?person={person}&thing={thing}{at}")).expect(200)
}

both!(a_back_dated_act_gives_nobody_a_right_in_the_past, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let new =
        world.client("sec").post(&format!("{}/people", party(&world, "FR")), &json!({"name": "Late"})).expect(201);
    let late = PersonId::parse(&text(&new, "id")).unwrap();
    // Able to log in all along, so that only the designation is wanting.
    let (opened, identity) = (late.clone(), world.server.identity.clone());
    world
        .server
        .operate(move |work| identity.open_account(work, &opened, "late@test.example", world::PASSWORD).map(drop));
    world.server.clock.advance(3600);
    let early = world.server.ctx().now.rfc3339();
    world.server.clock.advance(3600);

    let mut sec = world.anew("sec");
    let back_dated = json!({"role": "contact_point", "from": "2021-01-01", "source": SOURCE});
    let act = sec.post(&format!("/api/v1/people/{late}/designations"), &back_dated).expect(201);

    let now = may(&mut sec, &late, &open, None);
    assert_eq!(now["may"], true);
    assert_eq!(now["basis"][0]["designation"], act["id"]);
    let then = may(&mut sec, &late, &open, Some(&early));
    assert_eq!((&then["may"], &then["basis"]), (&json!(false), &json!([])), "it was in effect, but not recorded");

    // An ending recorded today takes away no right of yesterday, however early it is dated.
    world.server.clock.advance(3600);
    let between = world.server.ctx().now.rfc3339();
    world.server.clock.advance(3600);
    let mut sec = world.anew("sec");
    let ending = json!({"effective": "2021-06-01", "source": SOURCE});
    sec.post(&format!("/api/v1/acts/{}/ending", text(&act, "id")), &ending).expect(201);
    assert_eq!(may(&mut sec, &late, &open, None)["may"], false);
    assert_eq!(may(&mut sec, &late, &open, Some(&between))["may"], true);
    assert_eq!(may(&mut sec, &late, &open, Some(&early))["may"], false);
});

both!(nobody_could_see_what_was_not_there_yet, |server: TestServer| {
    let mut world = World::new(server);
    world.seed("fr");
    world.server.clock.advance(3600);
    let early = world.server.ctx().now.rfc3339();
    world.server.clock.advance(3600);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let fr = world.person("fr");
    let mut sec = world.client("sec");
    for thing in [&meeting, &open] {
        assert_eq!(may(&mut sec, &fr, thing, None)["may"], true);
        let then = may(&mut sec, &fr, thing, Some(&early));
        assert_eq!(then["may"], false, "{then}");
        assert!(then["actions"].as_array().unwrap().iter().all(|answer| answer["may"] == false));
        assert_eq!(then["basis"].as_array().unwrap().len(), 1, "who the person was is still told");
    }
});

both!(explanations_are_for_those_who_may_ask, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &["UA"]);
    let (closed, room) = (text(&closed, "id"), text(&closed, "room"));
    let hidden = made::ad_hoc(&mut world, Some("FR"));
    let people: Vec<String> = world.people().map(ToOwned::to_owned).collect();
    for key in &people {
        world.seed(key);
    }
    let absent = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
    let question = |person: &PersonId, thing: &str| format!("/api/v1/explain?person={person}&thing={thing}");

    // About oneself: whatever one sees; the answer names the acts.
    let fr = world.person("fr");
    let mut client = world.client("fr");
    let own = client.get(&format!("/api/v1/explain?thing={closed}")).expect(200);
    assert_eq!((&own["person"], &own["may"], &own["withheld"]), (&json!(fr), &json!(true), &json!([])));
    let read = own["actions"].as_array().unwrap().iter().find(|one| one["action"] == "read_closed_agenda").unwrap();
    assert_eq!(read["may"], true);
    assert_eq!(read["bring"], json!(["second factor", "unlock secret", "visit with a purpose"]));
    let admitted =
        read["because"].as_array().unwrap().iter().find(|one| one["fact"].as_str().unwrap().contains("admitted"));
    assert_eq!(admitted.unwrap()["acts"].as_array().unwrap().len(), 1);
    let mut again = client.get(&format!("/api/v1/explain?thing=session:{closed}")).expect(200);
    again["at"] = own["at"].clone();
    assert_eq!(again, own, "with its kind named, the same");

    // Nobody asks about what he may not see, nor about people he may not see: nothing is there.
    for (key, about, thing) in [
        ("assoc", "assoc", &closed),
        ("assoc", "assoc", &room),
        ("guest", "guest", &closed),
        ("ej", "ej", &closed),
        ("no", "no", &closed),
        ("aud", "aud", &closed),
        ("aud", "fr", &closed),
        ("assoc", "assoc", &hidden),
        ("de", "de", &hidden),
        ("guest", "guest", &open),
        ("assoc", "fr", &open),
        ("de", "fr", &open),
        ("fr", "de", &open),
        ("fr", "sec", &open),
        ("ua", "fr", &closed),
        ("sec", "fr", &room),
    ] {
        let about = world.person(about);
        let mut client = world.client(key);
        let reply = client.get(&question(&about, thing));
        let nothing = client.get(&question(&about, absent));
        assert_eq!(reply.normalized(), nothing.normalized(), "{key} on {about} and {thing}");
        assert_eq!(reply.status, 404);
    }
    let nobody = PersonId::parse(absent).unwrap();
    assert_eq!(client.get(&question(&nobody, &open)).status, 404);

    // A colleague, the Secretariat, the auditor.
    let fr2 = world.person("fr2");
    assert_eq!(client.get(&question(&fr2, &open)).expect(200)["may"], true);
    assert_eq!(world.client("sec").get(&question(&fr, &closed)).expect(200)["may"], true);
    assert_eq!(world.client("sec").get(&question(&world.person("no"), &closed)).expect(200)["may"], false);
    assert_eq!(world.client("aud").get(&question(&fr, &meeting)).expect(200)["may"], true);
    let assoc = world.person("assoc");
    assert_eq!(world.client("sec").get(&question(&assoc, &closed)).expect(200)["may"], false);

    // Bad questions name what is wrong.
    for (query, field) in [
        ("", "thing".to_owned()),
        ("?thing=abc", "thing".into()),
        (&format!("?thing=planet:{open}"), "thing".into()),
        (&format!("?thing={open}&person=abc"), "person".into()),
        (&format!("?thing={open}&at=2150-01-01"), "at".into()),
        (&format!("?thing={open}&at=yesterday"), "at".into()),
        (&format!("?thing={open}&who=me"), "who".into()),
    ] {
        let refused = client.get(&format!("/api/v1/explain{query}")).expect(422);
        assert_eq!(blamed(&refused), [field], "{query}");
    }

    // Each answer is logged, with who was asked about; a refusal is not.
    let mut tables = Tables::of(&world.server);
    let size = tables.size();
    client.get(&question(&fr2, &open)).expect(200);
    assert_eq!(client.get(&question(&world.person("de"), &open)).status, 404);
    let entries = tables.entries(size);
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["event"], &entries[0]["person"]), (&json!("explained"), &json!(fr2)));
    assert_eq!(entries[0]["thing"]["id"], json!(open));
});

both!(what_the_asker_could_not_find_out_is_withheld, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    made::session(&mut world, &meeting, "closed", "Closed session", &["UA"]);
    let breakout = text(&made::session(&mut world, &meeting, "breakout", "Breakout", &[]), "id");
    world.seed("fr2");
    world.seed("fr");
    let (fr, fr2) = (world.person("fr"), world.person("fr2"));
    let ask = |client: &mut Client, about: &PersonId| {
        let mut body = may(client, about, &meeting, None);
        body["at"] = Value::Null;
        body
    };

    // A colleague who was invited to a session that the asker may not know of: the answer is the same.
    let mut client = world.client("fr");
    let before = ask(&mut client, &fr2);
    let withheld = before["withheld"].as_array().unwrap();
    assert_eq!(withheld.len(), 2, "{withheld:?}");
    made::participation(&mut world, &breakout, "FR", Some("fr2"));
    assert_eq!(ask(&mut client, &fr2), before);
    // The invited one and the Secretariat are told.
    let mut own = world.client("fr2");
    assert!(ask(&mut own, &fr2).to_string().contains("takes part"));
    assert!(ask(&mut own, &fr2)["withheld"].as_array().unwrap().is_empty());
    let mut sec = world.client("sec");
    assert!(ask(&mut sec, &fr2)["withheld"].as_array().unwrap().is_empty());
    assert!(!ask(&mut sec, &fr).to_string().contains("delegation takes part\",\"acts\":[\""));
    // The auditor is not, since the log tells it where it must.
    assert_eq!(ask(&mut world.client("aud"), &fr2)["withheld"].as_array().unwrap().len(), 2);
});
