//! Meetings, sessions, materials and conclusions; and that nothing of what is hidden shows.

mod conclusions;
mod hidden;
mod materials;

use serde_json::{Value, json};

use crate::both;
use crate::support::made::{self, blamed, text};
use crate::support::{Client, TestServer, World};

const SOURCE: &str = "Conclusions of the Steering Board, 3 March 2027";
/// The id of nothing.
const ABSENT: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";

fn items(client: &mut Client, path: &str) -> Vec<Value> {
    client.get(path).expect(200)["items"].as_array().unwrap().clone()
}

fn ordinary(number: i64) -> Value {
    json!({"kind": "ordinary", "number": number, "first_day": "2027-05-04", "last_day": "2027-05-05", "way": "hybrid", "place": "The Hague", "topics": ["Command responsibility", "Witness protection"], "source": SOURCE})
}

both!(a_meeting_is_convened_and_changed, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let mut body = ordinary(41);
    body["presidency"] = json!(world.party("SE"));
    let meeting = sec.post("/api/v1/meetings", &body).expect(201);
    assert_eq!(meeting["presidency"], json!(world.party("SE")));
    assert_eq!((&meeting["number"], &meeting["way"]), (&json!(41), &json!("hybrid")));
    assert_eq!(sec.post("/api/v1/meetings", &ordinary(41)).status, 409, "the number is taken");

    let path = format!("/api/v1/meetings/{}", text(&meeting, "id"));
    let mut anyone = world.server.client();
    let seen = anyone.get(&path).expect(200);
    assert_eq!(seen["topics"], json!(["Command responsibility", "Witness protection"]));
    assert_eq!(seen["sessions"], json!([]));
    assert_eq!((&seen["place"], &seen["conclusions"]), (&json!("The Hague"), &json!("none")));

    let change =
        json!({"first_day": "2027-06-01", "last_day": "2027-06-01", "way": "video", "topics": ["Jurisdiction"]});
    assert_eq!(world.client("fr").put(&path, 1, &change).status, 403);
    assert_eq!(anyone.put(&path, 1, &change).status, 401);
    sec.put(&path, 1, &change).expect(200);
    let seen = anyone.get(&path).expect(200);
    assert_eq!(
        (&seen["first_day"], &seen["way"], &seen["place"]),
        (&json!("2027-06-01"), &json!("video"), &Value::Null)
    );
    assert_eq!(seen["topics"], json!(["Jurisdiction"]));

    // An ad hoc one has no number, and one State or nobody that asked for it.
    let mut body = ordinary(42);
    for (field, value, blame) in [
        ("number", Value::Null, "number"),
        ("number", json!(0), "number"),
        ("kind", json!("ad_hoc"), "number"),
        ("requested_by", json!(world.party("FR")), "requested_by"),
        ("presidency", json!(world.party("iiim")), "presidency"),
        ("presidency", json!(ABSENT), "presidency"),
        ("first_day", json!("2027-02-30"), "first_day"),
        ("last_day", json!("2027-05-03"), "last_day"),
        ("place", json!("EU SECRET room"), "place"),
    ] {
        let kept = body[field].clone();
        body[field] = value;
        assert_eq!(blamed(&sec.post("/api/v1/meetings", &body).expect(422)), [blame], "{field}");
        body[field] = kept;
    }
    body["kind"] = json!("ad_hoc");
    body.as_object_mut().unwrap().remove("number");
    for state in ["UA", "iiim"] {
        body["requested_by"] = json!(world.party(state));
        assert_eq!(blamed(&sec.post("/api/v1/meetings", &body).expect(422)), ["requested_by"], "{state}");
    }
    body["requested_by"] = json!(world.party("DE"));
    let meeting = sec.post("/api/v1/meetings", &body).expect(201);
    assert_eq!((&meeting["kind"], &meeting["number"]), (&json!("ad_hoc"), &Value::Null));
});

/// Everyone who is logged in, but for those named.
fn all_but(world: &World, but: &[&str]) -> Vec<String> {
    world.people().filter(|key| !but.contains(key)).map(ToOwned::to_owned).collect()
}

/// Walks a list to its end, a thing a page; answers the ids. The last page must not promise another.
fn walk(client: &mut Client, path: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{path}{cursor}")).expect(200);
        let found = page["items"].as_array().unwrap();
        assert!(found.len() == 1 || (ids.is_empty() && found.is_empty()), "an empty page after {}", ids.len());
        ids.extend(found.iter().map(|one| text(one, "id")));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

both!(an_ad_hoc_meeting_is_known_to_those_concerned, |server: TestServer| {
    let mut world = World::new(server);
    let shown: Vec<String> = (1..=3).map(|number| made::meeting(&mut world, number)).collect();
    // One lies last in the list, one first: neither the first page nor the last may hint at it.
    let hidden = made::ad_hoc(&mut world, Some("FR"));
    let early = json!({"kind": "ad_hoc", "first_day": "2001-01-01", "last_day": "2001-01-01", "way": "video", "requested_by": world.party("FR"), "source": SOURCE});
    let early = text(&world.client("sec").post("/api/v1/meetings", &early).expect(201), "id");
    let open = text(&made::session(&mut world, &hidden, "open", "About one case", &[]), "id");
    made::participation(&mut world, &open, "iiim", Some("assoc"));
    made::participation(&mut world, &open, "DE", None);

    let concerned = ["fr", "fr2", "de", "assoc", "sec", "sec2", "aud"];
    for key in all_but(&world, &[]) {
        let mut client = world.client(&key);
        let absent = client.get(&format!("/api/v1/meetings/{ABSENT}"));
        let reply = client.get(&format!("/api/v1/meetings/{hidden}"));
        let listed = walk(&mut client, "/api/v1/meetings?limit=1");
        let ad_hoc = items(&mut client, "/api/v1/meetings?kind=ad_hoc");
        if concerned.contains(&key.as_str()) {
            assert_eq!(reply.expect(200)["topics"], json!(["Hidden topic"]));
            assert!(listed.contains(&hidden), "{key}");
            assert!(ad_hoc.iter().any(|one| one["id"] == json!(hidden)), "{key}");
        } else {
            assert_eq!(reply.normalized(), absent.normalized(), "{key}");
            let mut sorted = listed.clone();
            sorted.sort();
            let mut expected = shown.clone();
            expected.sort();
            assert_eq!(sorted, expected, "{key}");
            assert!(ad_hoc.is_empty(), "{key}");
            assert!(items(&mut client, "/api/v1/meetings?from=2026-12-31&until=2027-02-01").is_empty(), "{key}");
        }
        let sees_early = ["fr", "fr2", "sec", "sec2", "aud"].contains(&key.as_str());
        assert_eq!(listed.contains(&early), sees_early, "{key}");
        // Its open session is for those invited, and for the Secretariat.
        let session = client.get(&format!("/api/v1/sessions/{open}")).status;
        let invited = ["de", "assoc", "sec", "sec2"].contains(&key.as_str());
        assert_eq!(session, if invited { 200 } else { 404 }, "{key}");
    }
    let mut anyone = world.server.client();
    assert_eq!(walk(&mut anyone, "/api/v1/meetings?limit=1").len(), 3);
    assert_eq!(
        anyone.get(&format!("/api/v1/meetings/{hidden}")).normalized(),
        anyone.get(&format!("/api/v1/meetings/{ABSENT}")).normalized()
    );
});

both!(a_session_is_seen_by_its_audience, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &["UA"]);
    let (closed, room) = (text(&closed, "id"), text(&closed, "room"));
    let breakout = text(&made::session(&mut world, &meeting, "breakout", "Breakout", &[]), "id");
    made::participation(&mut world, &open, "ngo", None);
    made::participation(&mut world, &breakout, "eurojust", None);
    made::participation(&mut world, &breakout, "FR", Some("fr"));

    let everyone = all_but(&world, &[]);
    for key in &everyone {
        let mut client = world.client(key);
        let absent = client.get(&format!("/api/v1/sessions/{ABSENT}")).normalized();
        let seen = client.get(&format!("/api/v1/meetings/{meeting}")).expect(200);
        let shown: Vec<String> = seen["sessions"].as_array().unwrap().iter().map(|one| text(one, "id")).collect();
        let positions: Vec<i64> =
            seen["sessions"].as_array().unwrap().iter().map(|one| one["position"].as_i64().unwrap()).collect();
        assert_eq!(positions, (0..).take(shown.len()).collect::<Vec<i64>>(), "{key}: no gap tells of a hidden one");
        let audiences: [(&String, &[&str]); 3] = [
            (&open, &["fr", "fr2", "de", "se", "ua", "no", "ej", "assoc", "guest", "sec", "sec2"]),
            (&closed, &["fr", "fr2", "de", "se", "ua", "sec", "sec2"]),
            (&breakout, &["fr", "ej", "sec", "sec2"]),
        ];
        for (session, audience) in audiences {
            let reply = client.get(&format!("/api/v1/sessions/{session}"));
            let sees = audience.contains(&key.as_str());
            assert_eq!(shown.contains(session), sees, "{key} {session}");
            if sees {
                reply.expect(200);
            } else {
                assert_eq!(reply.normalized(), absent, "{key} {session}");
            }
        }
    }
    assert_eq!(world.server.client().get(&format!("/api/v1/meetings/{meeting}")).expect(200)["sessions"], json!([]));

    // A closed one: the title for those inside who bring the unlock secret, the members for the convener too.
    let mut fr = world.client("fr");
    let detail = fr.get(&format!("/api/v1/sessions/{closed}")).expect(200);
    assert_eq!((&detail["title"], &detail["room"]), (&json!("Closed session"), &json!(room)));
    assert_eq!(detail["agenda"], Value::Null, "no visit");
    let admitted: Vec<&str> =
        detail["admitted"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(admitted, ["de", "fr", "fr2", "se", "ua"], "contact points, and the counterparts chosen");
    fr.unlock = None;
    assert_eq!(fr.get(&format!("/api/v1/sessions/{closed}")).expect(200)["title"], Value::Null);
    let detail = world.client("sec").get(&format!("/api/v1/sessions/{closed}")).expect(200);
    assert_eq!((&detail["title"], &detail["agenda"]), (&Value::Null, &Value::Null));
    assert_eq!(detail["admitted"].as_array().unwrap().len(), 5);
    let seen = world.client("sec").get(&format!("/api/v1/meetings/{meeting}")).expect(200);
    assert!(!seen.to_string().contains("Closed session"));
});

both!(a_closed_session_takes_only_who_may_come, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let mut sec = world.client("sec");
    let path = format!("/api/v1/meetings/{meeting}/sessions");
    let observer = json!(world.party("eurojust"));
    for (body, blame) in [
        (json!({"kind": "closed", "admit_counterparts_of": [observer]}), "admit_counterparts_of[0]"),
        (
            json!({"kind": "closed", "admit_counterparts_of": [world.party("UA"), world.party("FR")]}),
            "admit_counterparts_of[1]",
        ),
        (
            json!({"kind": "closed", "admit_counterparts_of": [world.party("UA"), world.party("UA")]}),
            "admit_counterparts_of[1]",
        ),
        (
            json!({"kind": "open", "title": "Open", "admit_counterparts_of": [world.party("UA")]}),
            "admit_counterparts_of",
        ),
        (json!({"kind": "open"}), "title"),
        (json!({"kind": "breakout"}), "title"),
        (json!({"kind": "closed", "title": "EU CONFIDENTIAL"}), "title"),
    ] {
        assert_eq!(blamed(&sec.post(&path, &body).expect(422)), [blame], "{body}");
    }
    let closed = sec.post(&path, &json!({"kind": "closed"})).expect(201);
    assert_eq!((&closed["kind"], &closed["title"]), (&json!("closed"), &Value::Null));
    // Nobody is invited to it: people are admitted, and by somebody inside.
    let invitation = json!({"party": world.party("iiim"), "source": SOURCE});
    let invited = format!("/api/v1/sessions/{}/participations", text(&closed, "id"));
    assert_eq!(sec.post(&invited, &invitation).status, 403);
    let bytes = Some(b"words".as_slice());
    let upload = format!("/api/v1/sessions/{}/materials?title=A&file_name=a.txt", text(&closed, "id"));
    assert_eq!(sec.send("POST", &upload, &[("content-type", "text/plain")], bytes).status, 403);
    // A person designated later is not in it.
    world.add("late", "FR", incamera::network::model::Role::ContactPoint);
    let mut late = world.client("late");
    assert_eq!(late.get(&format!("/api/v1/sessions/{}", text(&closed, "id"))).status, 404);
    assert_eq!(late.get(&format!("/api/v1/meetings/{meeting}")).expect(200)["sessions"], json!([]));
});

both!(agendas_are_written_by_those_they_belong_to, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &["UA"]);
    let (closed, room) = (text(&closed, "id"), text(&closed, "room"));
    let agenda = |session: &str| format!("/api/v1/sessions/{session}/agenda");
    let body = json!({"items": ["Opening", "Panel"]});

    assert_eq!(world.client("sec").put(&agenda(&open), 0, &body).status, 204);
    assert_eq!(world.client("assoc").get(&format!("/api/v1/sessions/{open}")).expect(200)["agenda"], body["items"]);
    for key in ["fr", "ua", "ej", "assoc"] {
        assert_eq!(world.client(key).put(&agenda(&open), 0, &body).status, 403, "{key}");
    }
    for key in ["guest", "aud"] {
        let mut client = world.client(key);
        let absent = client.put(&agenda(ABSENT), 0, &body);
        assert_eq!(client.put(&agenda(&open), 0, &body).normalized(), absent.normalized(), "{key}");
    }

    // The closed one's: from inside a room, with everything that takes; the convener stays outside.
    assert_eq!(world.client("sec").put(&agenda(&closed), 0, &body).status, 403);
    for key in ["no", "ej", "assoc", "guest", "aud"] {
        let mut client = world.client(key);
        let absent = client.put(&agenda(ABSENT), 0, &body);
        assert_eq!(client.put(&agenda(&closed), 0, &body).normalized(), absent.normalized(), "{key}");
    }
    let refused = world.client("fr").put(&agenda(&closed), 0, &body).expect(403);
    assert_eq!(refused["type"], "urn:incamera:problem:visit-needed");
    let mut fr = made::inside(&mut world, "fr", &room);
    let mut locked = fr.again();
    locked.unlock = None;
    assert_eq!(locked.put(&agenda(&closed), 0, &body).expect(403)["type"], "urn:incamera:problem:unlock-needed");
    let mut weak = world.client_without_second_factor("fr");
    weak.visit = fr.visit.clone();
    let refused = weak.put(&agenda(&closed), 0, &body).expect(403);
    assert_eq!(refused["type"], "urn:incamera:problem:second-factor-needed");
    let mut other = world.client("de");
    other.visit = fr.visit.clone();
    let refused = other.put(&agenda(&closed), 0, &body).expect(403);
    assert_eq!(refused["type"], "urn:incamera:problem:visit-needed", "somebody else's visit");

    let words = json!({"items": ["The witness in Lyon"]});
    assert_eq!(fr.put(&agenda(&closed), 0, &words).status, 204);
    let detail = fr.get(&format!("/api/v1/sessions/{closed}")).expect(200);
    assert_eq!(detail["agenda"], words["items"]);
    assert_eq!(weak.get(&format!("/api/v1/sessions/{closed}")).status, 403);
    for mut client in [locked, other, world.client("sec")] {
        assert_eq!(client.get(&format!("/api/v1/sessions/{closed}")).expect(200)["agenda"], Value::Null);
    }
});

// No sentence is lost (DESIGN §3.9): what was not seen is not overwritten, and an agenda that may not be read
// has no version either.
both!(a_change_says_what_it_is_based_on, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &[]);
    let mut sec = world.client("sec");
    let mut fr = made::inside(&mut world, "fr", &text(&closed, "room"));
    let (open, closed) = (format!("/api/v1/sessions/{open}"), format!("/api/v1/sessions/{}", text(&closed, "id")));
    let meeting = format!("/api/v1/meetings/{meeting}");
    let about =
        |topic: &str| json!({"first_day": "2027-06-01", "last_day": "2027-06-01", "way": "video", "topics": [topic]});
    let items = |item: &str| json!({"items": [item]});
    let tag = |reply: &crate::support::Reply| reply.headers.get("etag").cloned();

    assert_eq!(tag(&sec.get(&meeting)).as_deref(), Some("\"1\""));
    sec.send_put(&meeting, &about("Lost?")).expect(428);
    let changed = sec.put(&meeting, 1, &about("One"));
    assert_eq!((tag(&changed).as_deref(), changed.expect(200)["version"].clone()), (Some("\"2\""), json!(2)));
    let refused = sec.put(&meeting, 1, &about("Lost?")).expect(412);
    assert_eq!(refused["type"], "urn:incamera:problem:outdated");
    assert_eq!(sec.get(&meeting).expect(200)["topics"], json!(["One"]));
    sec.put(&meeting, 2, &about("Two")).expect(200);

    for (client, session) in [(&mut sec, &open), (&mut fr, &closed)] {
        let agenda = format!("{session}/agenda");
        assert_eq!(tag(&client.get(session)).as_deref(), Some("\"0\""), "{session}");
        client.send_put(&agenda, &items("Lost?")).expect(428);
        client.put(&agenda, 1, &items("Lost?")).expect(412);
        client.put(&agenda, 0, &items("One")).expect(204);
        client.put(&agenda, 0, &items("Lost?")).expect(412);
        let seen = client.get(session);
        assert_eq!(tag(&seen).as_deref(), Some("\"1\""));
        assert_eq!((&seen.json()["agenda"], &seen.json()["agenda_version"]), (&json!(["One"]), &json!(1)));
        client.put(&agenda, 1, &items("Two")).expect(204);
    }
    let seen = sec.get(&closed);
    assert_eq!((tag(&seen), seen.expect(200)["agenda_version"].clone()), (None, Value::Null));
});

both!(people_take_part_per_delegation_and_by_name, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let breakout = text(&made::session(&mut world, &meeting, "breakout", "Breakout", &[]), "id");
    let mut sec = world.client("sec");
    let session = format!("/api/v1/sessions/{breakout}");
    let path = format!("{session}/participations");
    let part = |world: &World, party: &str, person: Option<&str>| json!({"party": world.party(party), "person": person.map(|key| world.person(key)), "source": SOURCE});

    let body = part(&world, "DE", Some("fr"));
    assert_eq!(blamed(&sec.post(&path, &body).expect(422)), ["person"], "of another party");
    let nobody = json!({"party": ABSENT, "source": SOURCE});
    assert_eq!(blamed(&sec.post(&path, &nobody).expect(422)), ["party"]);
    for key in ["fr", "ej", "aud"] {
        let mut client = world.client(key);
        assert_eq!(client.post(&path, &part(&world, "FR", None)).status, 404, "{key}");
    }

    // By name: that person alone. The delegation: all of it, also who joins later.
    let by_name = text(&sec.post(&path, &part(&world, "FR", Some("fr"))).expect(201), "act");
    assert_eq!(sec.post(&path, &part(&world, "FR", Some("fr"))).status, 409);
    assert_eq!(world.client("fr").get(&session).status, 200);
    assert_eq!(world.client("fr2").get(&session).status, 404);
    let whole = text(&sec.post(&path, &part(&world, "FR", None)).expect(201), "act");
    assert_eq!(world.client("fr2").get(&session).status, 200);
    world.add("fr3", "FR", incamera::network::model::Role::ContactPoint);
    let seen = world.client("fr3").get(&session).expect(200);
    let parts: Vec<(&Value, &Value)> =
        seen["participants"].as_array().unwrap().iter().map(|one| (&one["party"], &one["person"])).collect();
    assert_eq!(parts.len(), 2);
    assert!(parts.contains(&(&json!(world.party("FR")), &Value::Null)));
    assert!(parts.contains(&(&json!(world.party("FR")), &json!(world.person("fr")))));

    // Ended separately; until a date, by itself.
    let ending = json!({"source": SOURCE});
    let of = |act: &str| format!("/api/v1/participations/{act}/ending");
    assert_eq!(world.client("fr2").post(&of(&whole), &ending).status, 403);
    let mut outsider = world.client("de");
    assert_eq!(outsider.post(&of(&whole), &ending).normalized(), outsider.post(&of(ABSENT), &ending).normalized());
    sec.post(&of(&whole), &ending).expect(201);
    assert_eq!(sec.post(&of(&whole), &ending).status, 409);
    assert_eq!(world.client("fr2").get(&session).status, 404);
    assert_eq!(world.client("fr").get(&session).status, 200, "by name still");
    let before = json!({"source": SOURCE, "effective": "2020-01-01"});
    assert_eq!(blamed(&sec.post(&of(&by_name), &before).expect(422)), ["effective"]);
    let soon = world.server.ctx().now.plus_seconds(60).rfc3339();
    let body = json!({"party": world.party("UA"), "source": SOURCE, "until": soon});
    sec.post(&path, &body).expect(201);
    assert_eq!(world.client("ua").get(&session).status, 200);
    world.server.clock.advance(61);
    assert_eq!(world.client("ua").get(&session).status, 404);
});
