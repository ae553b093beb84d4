//! Meetings, sessions, materials and conclusions; and that nothing of what is hidden shows.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::both;
use crate::support::database::Kind;
use crate::support::made::{self, blamed, text};
use crate::support::twins::Names;
use crate::support::{Client, Reply, Tables, TestServer, World};

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
    assert_eq!(world.client("fr").send_put(&path, &change).status, 403);
    assert_eq!(anyone.send_put(&path, &change).status, 401);
    sec.send_put(&path, &change).expect(200);
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

    assert_eq!(world.client("sec").send_put(&agenda(&open), &body).status, 204);
    assert_eq!(world.client("assoc").get(&format!("/api/v1/sessions/{open}")).expect(200)["agenda"], body["items"]);
    for key in ["fr", "ua", "ej", "assoc"] {
        assert_eq!(world.client(key).send_put(&agenda(&open), &body).status, 403, "{key}");
    }
    for key in ["guest", "aud"] {
        let mut client = world.client(key);
        let absent = client.send_put(&agenda(ABSENT), &body);
        assert_eq!(client.send_put(&agenda(&open), &body).normalized(), absent.normalized(), "{key}");
    }

    // The closed one's: from inside a room, with everything that takes; the convener stays outside.
    assert_eq!(world.client("sec").send_put(&agenda(&closed), &body).status, 403);
    for key in ["no", "ej", "assoc", "guest", "aud"] {
        let mut client = world.client(key);
        let absent = client.send_put(&agenda(ABSENT), &body);
        assert_eq!(client.send_put(&agenda(&closed), &body).normalized(), absent.normalized(), "{key}");
    }
    let refused = world.client("fr").send_put(&agenda(&closed), &body).expect(403);
    assert_eq!(refused["type"], "urn:incamera:problem:visit-needed");
    let mut fr = made::inside(&mut world, "fr", &room);
    let mut locked = fr.again();
    locked.unlock = None;
    assert_eq!(locked.send_put(&agenda(&closed), &body).expect(403)["type"], "urn:incamera:problem:unlock-needed");
    let mut weak = world.client_without_second_factor("fr");
    weak.visit = fr.visit.clone();
    let refused = weak.send_put(&agenda(&closed), &body).expect(403);
    assert_eq!(refused["type"], "urn:incamera:problem:second-factor-needed");
    let mut other = world.client("de");
    other.visit = fr.visit.clone();
    let refused = other.send_put(&agenda(&closed), &body).expect(403);
    assert_eq!(refused["type"], "urn:incamera:problem:visit-needed", "somebody else's visit");

    let words = json!({"items": ["The witness in Lyon"]});
    assert_eq!(fr.send_put(&agenda(&closed), &words).status, 204);
    let detail = fr.get(&format!("/api/v1/sessions/{closed}")).expect(200);
    assert_eq!(detail["agenda"], words["items"]);
    for mut client in [locked, weak, other, world.client("sec")] {
        assert_eq!(client.get(&format!("/api/v1/sessions/{closed}")).expect(200)["agenda"], Value::Null);
    }
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

/// Uploads as the Secretariat.
fn upload(sec: &mut Client, session: &str, name: &str, media: &str, bytes: &[u8]) -> Reply {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let path = format!("/api/v1/sessions/{session}/materials?title=Paper&file_name={name}");
    sec.send("POST", &path, &[("content-type", media)], Some(bytes))
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

both!(materials_are_what_they_claim_to_be, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let mut sec = world.client("sec");
    let mut tables = Tables::of(&world.server);
    let before = tables.digest();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let too_large =
        vec![
            b'a';
            usize::try_from(world.server.settings.materials.bytes.to_string().parse::<i64>().unwrap()).unwrap() + 1
        ];
    for (name, media, bytes, status) in [
        ("a.pdf", "application/pdf", b"plain words".as_slice(), 415),
        ("a.pdf", "application/pdf", png.as_slice(), 415),
        ("a.png", "image/png", PDF, 415),
        ("a.txt", "text/plain", png.as_slice(), 415),
        ("a.txt", "text/plain", b"\xff\xfe\x00a", 415),
        ("a.txt", "text/plain", b"<!DOCTYPE html><script>alert(1)</script>", 415),
        ("a.txt", "text/plain; charset=utf-16", b"words", 415),
        ("a.html", "text/html", b"<p>words", 415),
        ("a.svg", "image/svg+xml", b"<svg/>", 415),
        ("a.bin", "application/octet-stream", b"words", 415),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04rest", 415),
        ("a.txt", "text/plain", b"", 422),
        ("a.pdf", "text/plain", b"words", 422),
        ("a.txt", "application/pdf", PDF, 422),
        ("a", "text/plain", b"words", 422),
        ("a.txt", "text/plain", b"RESTREINT UE/EU RESTRICTED\nwords", 422),
        ("a.txt", "text/plain", b"words R-UE/EU-R words", 422),
        ("a.txt", "text/plain", b"words C-UE/EU-C words", 422),
        ("a.txt", "text/plain", b"S-UE/EU-S", 422),
        ("a.txt", "text/plain", b"(TS-UE/EU-TS)", 422),
        ("a.txt", "text/plain", b"eu-secret", 422),
        ("a.csv", "text/csv", b"a,EU Confidential,b", 422),
        ("a.pdf", "application/pdf", b"%PDF-1.7\n/Title (EU TOP SECRET)", 422),
        ("a.txt", "text/plain", too_large.as_slice(), 413),
    ] {
        let reply = upload(&mut sec, &open, name, media, bytes);
        assert_eq!(reply.status, status, "{name} as {media}: {}", reply.text());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        assert_eq!(reply.json()["fields"].is_array(), status == 422, "{name} as {media}");
    }
    let title = format!("/api/v1/sessions/{open}/materials?title=EU%20RESTRICTED&file_name=a.txt");
    let refused = sec.send("POST", &title, &[("content-type", "text/plain")], Some(b"words"));
    assert_eq!(blamed(&refused.expect(422)), ["title"]);
    assert_eq!(blamed(&upload(&mut sec, &open, "EU SECRET.txt", "text/plain", b"words").expect(422)), ["file_name"]);
    assert_eq!(tables.digest(), before, "nothing was kept");

    for (name, media, bytes) in [
        ("a.pdf", "application/pdf", PDF),
        ("a.txt", "Text/Plain; charset=UTF-8", "Mémoire: the EU Secretariat's unclassified note".as_bytes()),
        ("A.TXT", "text/plain", b"restricted circulation"),
        ("table.csv", "text/csv", b"a,b\n1,2\n"),
    ] {
        let made = upload(&mut sec, &open, name, media, bytes).expect(201);
        assert_eq!(made["size"], json!(bytes.len()));
        let reply = sec.get(&format!("/api/v1/materials/{}/content", text(&made, "id")));
        assert_eq!((reply.status, reply.body.as_slice()), (200, bytes));
        let digest = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(bytes));
        assert_eq!(made["sha256"], json!(digest));
    }
    // As large as is taken at most.
    let most = &too_large[1..];
    upload(&mut sec, &open, "most.txt", "text/plain", most).expect(201);
});

both!(file_names_cannot_break_out, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let mut sec = world.client("sec");
    for name in [
        "../a.txt",
        "..\\a.txt",
        "/etc/a.txt",
        "a/../b.txt",
        ".a.txt",
        "a\nb.txt",
        "a\r\nset-cookie: x=y.txt",
        "a\0.txt",
        "a\u{202e}fdp.txt",
        "a\u{061c}b.txt",
        "a\u{200b}.txt",
        "a\u{feff}.txt",
        "a\u{ad}b.txt",
        "a\u{3164}.txt",
        "a.txt\u{2028}.txt",
        "a.pdf",
        "a.txt.exe",
        "txt",
        "",
        " ",
        &format!("{}.txt", "a".repeat(120)),
    ] {
        let refused = upload(&mut sec, &open, name, "text/plain", b"words").expect(422);
        assert_eq!(blamed(&refused), ["file_name"], "{name:?}");
    }
    for (name, shown) in [
        ("a\"b.txt", "a%22b%2Etxt"),
        ("a;b='c'.txt", "a%3Bb%3D%27c%27%2Etxt"),
        ("Пам’ятка 第1.txt", "%D0%9F%D0%B0%D0%BC%E2%80%99%D1%8F%D1%82%D0%BA%D0%B0%20%E7%AC%AC1%2Etxt"),
        ("a%0d%0ab.txt", "a%250d%250ab%2Etxt"),
        ("..a.b.txt.txt", ""),
    ] {
        let reply = upload(&mut sec, &open, name, "text/plain", b"words");
        if shown.is_empty() {
            assert_eq!(reply.status, 422, "{name}");
            continue;
        }
        let made = reply.expect(201);
        assert_eq!(made["file_name"], json!(name));
        let reply = world.client("assoc").get(&format!("/api/v1/materials/{}/content", text(&made, "id")));
        assert_eq!(reply.headers["content-disposition"], format!("attachment; filename*=UTF-8''{shown}"));
        assert_eq!(reply.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert!(reply.headers["content-security-policy"].starts_with("default-src 'none'"));
        assert!(!reply.headers.contains_key("set-cookie"));
    }
});

both!(materials_are_read_by_the_sessions_audience, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let breakout = text(&made::session(&mut world, &meeting, "breakout", "Breakout", &[]), "id");
    made::participation(&mut world, &breakout, "SE", None);
    let shared = made::material(&mut world, &open, "Shared", "for all");
    let narrow = made::material(&mut world, &breakout, "Narrow", "for some");
    for key in all_but(&world, &[]) {
        let mut client = world.client(&key);
        let absent = client.get(&format!("/api/v1/materials/{ABSENT}")).normalized();
        let nowhere = client.get(&format!("/api/v1/sessions/{ABSENT}/materials")).normalized();
        for (session, material, audience) in [
            (&open, &shared, ["fr", "fr2", "de", "se", "ua", "no", "ej", "assoc", "sec", "sec2"].as_slice()),
            (&breakout, &narrow, ["se", "sec", "sec2"].as_slice()),
        ] {
            let (list, one, content) = (
                client.get(&format!("/api/v1/sessions/{session}/materials")),
                client.get(&format!("/api/v1/materials/{material}")),
                client.get(&format!("/api/v1/materials/{material}/content")),
            );
            if audience.contains(&key.as_str()) {
                assert_eq!(list.expect(200)["items"].as_array().unwrap().len(), 1);
                assert_eq!(one.expect(200)["session"], json!(session));
                assert_eq!(content.status, 200);
            } else {
                assert_eq!(list.normalized(), nowhere, "{key}");
                assert_eq!(one.normalized(), absent, "{key}");
                assert_eq!(content.normalized(), absent, "{key}");
            }
            if key != "sec" && key != "sec2" {
                let status = upload(&mut client, session, "a.txt", "text/plain", b"words").status;
                assert_eq!(status, if audience.contains(&key.as_str()) { 403 } else { 404 }, "{key}");
            }
        }
    }
    for path in ["materials/", "sessions/"] {
        assert_eq!(world.server.client().get(&format!("/api/v1/{path}{shared}")).status, 401);
    }
});

both!(conclusions_go_one_way, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let path = format!("/api/v1/meetings/{meeting}/conclusions");
    let (adoption, publication) = (format!("{path}/adoption"), format!("{path}/publication"));
    let mut sec = world.client("sec");
    let source = json!({"source": SOURCE});
    let adopt = |version: i64| json!({"version": version, "source": SOURCE});
    let draft = |words: &str| json!({"words": words});
    let mut tables = Tables::of(&world.server);

    let refuse = |sec: &mut Client, tables: &mut Tables, what: &str, statuses: &[(&str, u16)]| {
        let before = tables.digest();
        for (step, status) in statuses {
            let reply = match *step {
                "publish" => sec.post(&publication, &source),
                "adopt 0" => sec.post(&adoption, &adopt(0)),
                "adopt 1" => sec.post(&adoption, &adopt(1)),
                "adopt 2" => sec.post(&adoption, &adopt(2)),
                "adopt 3" => sec.post(&adoption, &adopt(3)),
                "draft on 0" => sec.put(&path, 0, &draft("Lost?")),
                "draft on 1" => sec.put(&path, 1, &draft("Lost?")),
                "draft on 2" => sec.put(&path, 2, &draft("Lost?")),
                "draft on -1" => sec.put(&path, -1, &draft("Lost?")),
                "draft on nothing" => sec.send_put(&path, &draft("Lost?")),
                other => panic!("{other}"),
            };
            assert_eq!(reply.status, *status, "{what}: {step}: {}", reply.text());
        }
        assert_eq!(tables.digest(), before, "{what}");
    };

    refuse(
        &mut sec,
        &mut tables,
        "nothing yet",
        &[("publish", 409), ("adopt 0", 422), ("adopt 1", 422), ("draft on 1", 412), ("draft on nothing", 428)],
    );
    let first = sec.put(&path, 0, &draft("First"));
    assert_eq!(first.headers["etag"], "\"1\"");
    assert_eq!(first.expect(200)["state"], "drafted");
    refuse(
        &mut sec,
        &mut tables,
        "a first draft",
        &[("publish", 409), ("adopt 2", 422), ("draft on 0", 412), ("draft on 2", 412), ("draft on -1", 412)],
    );
    sec.put(&path, 1, &draft("Second")).expect(200);
    refuse(&mut sec, &mut tables, "a second draft", &[("adopt 1", 409), ("adopt 3", 422), ("draft on 1", 412)]);
    let adopted = sec.post(&adoption, &adopt(2)).expect(201);
    assert_eq!((&adopted["state"], &adopted["version"]), (&json!("adopted"), &json!(2)));
    refuse(&mut sec, &mut tables, "adopted", &[("adopt 2", 409), ("adopt 3", 409), ("draft on 2", 409)]);
    let published = sec.post(&publication, &source).expect(201);
    assert_eq!(published["state"], "published");
    assert_eq!(published["acts"].as_array().unwrap().len(), 2);
    refuse(&mut sec, &mut tables, "published", &[("publish", 409), ("adopt 2", 409), ("draft on 2", 409)]);
    let words = world.server.client().get(&path).expect(200);
    assert_eq!((&words["words"], &words["version"]), (&json!("Second"), &json!(2)));
    // The acts about them are not of administration: nobody ends them by that way.
    let act = text(&published["acts"][0], "act");
    assert_eq!(sec.post(&format!("/api/v1/acts/{act}/ending"), &source).status, 404);
});

both!(drafts_are_the_members, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let path = format!("/api/v1/meetings/{meeting}/conclusions");
    let mut sec = world.client("sec");
    let look = |world: &mut World, stage: &str, seen: &str| {
        for key in all_but(world, &[]) {
            let mut client = world.client(&key);
            let insider = ["fr", "fr2", "de", "se", "sec", "sec2"].contains(&key.as_str());
            let shown = client.get(&format!("/api/v1/meetings/{meeting}")).expect(200)["conclusions"].clone();
            let listed = items(&mut client, "/api/v1/meetings")[0]["conclusions"].clone();
            let expected = if insider || seen == "published" { seen } else { "none" };
            assert_eq!((&shown, &listed), (&json!(expected), &json!(expected)), "{stage}: {key}");
            let reply = client.get(&path);
            if insider || seen == "published" {
                assert_eq!(reply.expect(200)["state"], json!(seen), "{stage}: {key}");
            } else {
                let absent = client.get(&format!("/api/v1/meetings/{ABSENT}/conclusions"));
                assert_eq!(reply.normalized(), absent.normalized(), "{stage}: {key}");
            }
            if !["sec", "sec2"].contains(&key.as_str()) {
                let status = client.put(&path, 0, &json!({"words": "Mine"})).status;
                assert_eq!(status, if insider || seen == "published" { 403 } else { 404 }, "{stage}: {key}");
            }
        }
        let mut anyone = world.server.client();
        assert_eq!(anyone.get(&path).status, if seen == "published" { 200 } else { 404 }, "{stage}");
    };
    look(&mut world, "nothing yet", "none");
    sec.put(&path, 0, &json!({"words": "First"})).expect(200);
    look(&mut world, "drafted", "drafted");
    sec.post(&format!("{path}/adoption"), &json!({"version": 1, "source": SOURCE})).expect(201);
    look(&mut world, "adopted", "adopted");
    sec.post(&format!("{path}/publication"), &json!({"source": SOURCE})).expect(201);
    look(&mut world, "published", "published");
});

both!(drafts_of_an_ad_hoc_meeting_are_of_those_concerned, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::ad_hoc(&mut world, Some("FR"));
    let path = format!("/api/v1/meetings/{meeting}/conclusions");
    world.client("sec").put(&path, 0, &json!({"words": "First"})).expect(200);
    for key in all_but(&world, &["fr", "fr2", "sec", "sec2"]) {
        let mut client = world.client(&key);
        let absent = client.get(&format!("/api/v1/meetings/{ABSENT}/conclusions"));
        assert_eq!(client.get(&path).normalized(), absent.normalized(), "{key}");
    }
    for key in ["fr", "fr2", "sec"] {
        assert_eq!(world.client(key).get(&path).expect(200)["words"], "First");
    }
});

/// What one outsider can ask about a network's meetings. `hidden` are ids of things he may not know of, or of
/// nothing.
fn script(client: &mut Client, meeting: &str, open: &str, hidden: &[String]) -> Vec<(String, Reply)> {
    let mut asked = Vec::new();
    let get = |asked: &mut Vec<(String, Reply)>, client: &mut Client, path: String| {
        let reply = client.get(&path);
        asked.push((path, reply.clone()));
        reply
    };
    for path in [
        "me",
        "meetings",
        "meetings?kind=ad_hoc",
        "meetings?from=2026-01-01",
        "meetings?until=2005-01-01",
        "parties",
        "people",
        "proposals",
        "publications",
        "audit/entries",
        "audit/entries?event=room_seen",
        "audit/entries?event=session_added",
    ] {
        get(&mut asked, client, format!("/api/v1/{path}"));
    }
    let mut cursor = String::new();
    for _ in 0..20 {
        let page = get(&mut asked, client, format!("/api/v1/meetings?limit=1{cursor}")).json();
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    for path in [
        format!("meetings/{meeting}"),
        format!("meetings/{meeting}/conclusions"),
        format!("explain?thing={meeting}"),
        format!("sessions/{open}"),
        format!("sessions/{open}/materials"),
        format!("explain?thing={open}"),
    ] {
        get(&mut asked, client, format!("/api/v1/{path}"));
    }
    for id in hidden {
        for path in [
            format!("meetings/{id}"),
            format!("meetings/{id}/conclusions"),
            format!("sessions/{id}"),
            format!("sessions/{id}/materials"),
            format!("materials/{id}"),
            format!("materials/{id}/content"),
            format!("acts/{id}"),
            format!("people/{id}"),
            format!("explain?thing={id}"),
            format!("explain?thing=session:{id}"),
            format!("explain?thing=room:{id}"),
            format!("explain?thing=meeting:{id}"),
            format!("explain?thing=act:{id}"),
            format!("explain?thing=entry:{id}"),
            format!("audit/entries/{id}"),
            format!("audit/entries?thing={id}"),
            format!("audit/entries?room={id}"),
            format!("audit/entries?actor={id}"),
            format!("audit/entries?cursor={}", data_encoding::BASE64URL_NOPAD.encode(id.as_bytes())),
        ] {
            get(&mut asked, client, format!("/api/v1/{path}"));
        }
        for (method, path, body) in [
            ("PUT", format!("sessions/{id}/agenda"), json!({"items": []})),
            (
                "PUT",
                format!("meetings/{id}"),
                json!({"first_day": "2027-01-01", "last_day": "2027-01-01", "way": "video", "topics": []}),
            ),
            ("PUT", format!("meetings/{id}/conclusions"), json!({"words": "Words"})),
            ("POST", format!("meetings/{id}/sessions"), json!({"kind": "open", "title": "Mine"})),
            ("POST", format!("meetings/{id}/conclusions/adoption"), json!({"version": 1, "source": SOURCE})),
            ("POST", format!("meetings/{id}/conclusions/publication"), json!({"source": SOURCE})),
            ("POST", format!("sessions/{id}/participations"), json!({"party": ABSENT, "source": SOURCE})),
            ("POST", format!("participations/{id}/ending"), json!({"source": SOURCE})),
            ("POST", format!("acts/{id}/ending"), json!({"source": SOURCE})),
        ] {
            let headers = [("content-type", "application/json"), ("if-match", "\"0\"")];
            let path = format!("/api/v1/{path}");
            let reply = client.send(method, &path, &headers, Some(body.to_string().as_bytes()));
            asked.push((format!("{method} {path}"), reply));
        }
    }
    asked
}

/// The same network twice, one with closed sessions, breakouts, ad hoc meetings, drafts, documents and
/// admissions between what is open. Whoever may not know of them gets the same answers from both.
fn two_worlds(kind: Kind) {
    let mut worlds = [World::new(TestServer::start(kind)), World::new(TestServer::start(kind))];
    let outsiders = ["ej", "assoc", "guest", "no", "late"];
    let mut answers = Vec::new();
    for (at, world) in worlds.iter_mut().enumerate() {
        let secret = at == 1;
        // Each has entries of its own on both sides of the hidden ones.
        for key in ["ej", "assoc", "guest", "no"] {
            world.client(key);
        }
        let mut hidden: Vec<String> = Vec::new();
        // Before, between and after what is open, both in time and in order.
        if secret {
            let early = json!({"kind": "ad_hoc", "first_day": "2001-01-01", "last_day": "2001-01-01", "way": "video", "requested_by": world.party("DE"), "source": SOURCE});
            hidden.push(text(&world.client("sec").post("/api/v1/meetings", &early).expect(201), "id"));
        }
        let meeting = made::meeting(world, 36);
        if secret {
            let closed = made::session(world, &meeting, "closed", "Closed before", &[]);
            hidden.extend([text(&closed, "id"), text(&closed, "room")]);
        }
        let open = text(&made::session(world, &meeting, "open", "Open session", &[]), "id");
        made::participation(world, &open, "ngo", None);
        made::material(world, &open, "Paper", "words");
        if secret {
            let closed = made::session(world, &meeting, "closed", "Closed between", &["UA"]);
            hidden.extend([text(&closed, "id"), text(&closed, "room")]);
            let room = text(&closed, "room");
            let mut fr = made::inside(world, "fr", &room);
            let agenda = format!("/api/v1/sessions/{}/agenda", text(&closed, "id"));
            assert_eq!(fr.send_put(&agenda, &json!({"items": ["Hidden item"]})).status, 204);
            let breakout = text(&made::session(world, &meeting, "breakout", "Breakout", &[]), "id");
            hidden.push(made::participation(world, &breakout, "SE", None));
            hidden.push(made::material(world, &breakout, "Narrow", "for some"));
            hidden.push(breakout);
        }
        made::session(world, &meeting, "open", "Last open session", &[]);
        made::meeting(world, 37);
        if secret {
            let ad_hoc = made::ad_hoc(world, Some("DE"));
            let session = text(&made::session(world, &ad_hoc, "open", "About one case", &[]), "id");
            made::material(world, &session, "Narrow", "for some");
            hidden.extend([ad_hoc, session]);
            let admission = Tables::of(&world.server).words("SELECT MIN(act_id) AS word FROM admissions");
            hidden.extend(admission);
            let entries = "SELECT id AS word FROM audit_entries WHERE event IN ('session_added', 'closed_agenda_changed') ORDER BY seq";
            hidden.extend(Tables::of(&world.server).words(entries).into_iter().rev().take(3));
        }
        // Comes after every admission by default.
        world.add("late", "FR", incamera::network::model::Role::ContactPoint);
        hidden.resize(18, ABSENT.to_owned());
        for key in outsiders {
            let mut names = Names::default();
            let mut client = world.client(key);
            // The ids of nothing differ too: no id that was sent may come back.
            for (path, reply) in script(&mut client, &meeting, &open, &hidden) {
                assert!(!hidden.iter().any(|id| id != ABSENT && reply.text().contains(id.as_str())), "{key} {path}");
                answers.push((at, key, path, names.comparable(&reply)));
            }
        }
    }
    let (bare, full): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(at, ..)| *at == 0);
    assert_eq!(bare.len(), full.len());
    for ((_, key, path, without), (_, _, of, with)) in bare.iter().zip(&full) {
        assert_eq!(without, with, "{key}: {path} and {of}");
    }
}

#[test]
fn what_is_hidden_leaves_no_trace_on_sqlite() {
    two_worlds(Kind::Sqlite);
}

#[test]
fn what_is_hidden_leaves_no_trace_on_postgres() {
    two_worlds(Kind::Postgres);
}
