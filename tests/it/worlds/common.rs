//! The network that both servers hold.

use incamera::network::model::Role;
use serde_json::{Value, json};

use super::pair::Side;
use super::secrets::enter;
use crate::support::scene::{fiche, note, scene};
use crate::support::{Reply, TestServer, World};

/// A member of the answer to something that was made.
#[track_caller]
pub fn made(reply: &Reply, member: &str) -> String {
    let value = reply.expect(201);
    value.pointer(member).and_then(Value::as_str).unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// A network in which a good deal is there for everyone who is asked, so that the hidden lies between.
pub fn network(server: TestServer) -> Side {
    let mut world = World::new(server);
    for (key, party, role) in [
        ("late", "DE", Role::ContactPoint),
        ("gone", "SE", Role::ContactPoint),
        ("deep", "DE", Role::ContactPoint),
        ("no2", "NO", Role::Counterpart),
        ("ej2", "eurojust", Role::Representative),
    ] {
        world.add(key, party, role);
        world.seed(key);
    }
    let scene = scene(&mut world);
    let people: Vec<String> =
        world.people().map(ToOwned::to_owned).chain(["late", "gone", "deep", "no2", "ej2"].map(Into::into)).collect();
    let mut side = Side::new(world);
    for key in people {
        side.know(&key, side.world.person(&key).to_string());
    }
    for key in ["FR", "DE", "SE", "UA", "NO", "eurojust", "iiim", "ngo", "secretariat"] {
        side.know(key, side.world.party(key).to_string());
    }
    side.know("meeting", scene.meeting.to_string());
    side.know("open", scene.open.to_string());
    side.know("closed", scene.closed.to_string());
    side.know("room", scene.room.to_string());
    side.know("material", scene.material.clone());
    side.know("nobody", Side::nobody());

    let mut sec = side.world.client("sec");
    let part = json!({"party": side.world.party("ngo"), "source": "A letter"});
    let act = sec.post(&format!("/api/v1/sessions/{}/participations", scene.open), &part);
    side.know("participation", made(&act, "/act"));
    let mut meeting = |day: &str, number: i64, requested_by: Option<&str>| {
        let mut body = json!({"kind": "ordinary", "number": number, "first_day": day, "last_day": day, "way": "video", "topics": ["A topic"], "source": "A letter"});
        if let Some(party) = requested_by {
            body["kind"] = json!("ad_hoc");
            body["number"] = Value::Null;
            body["requested_by"] = json!(side.world.party(party));
        }
        made(&sec.post("/api/v1/meetings", &body), "/id")
    };
    let published = meeting("2024-10-08", 2, None);
    let drafted = meeting("2025-10-08", 3, None);
    let asked_for = meeting("2027-02-02", 0, Some("SE"));
    for id in [&published, &drafted] {
        sec.put(&format!("/api/v1/meetings/{id}/conclusions"), 0, &json!({"words": "Draft"})).expect(200);
    }
    let conclusions = format!("/api/v1/meetings/{published}/conclusions");
    sec.post(&format!("{conclusions}/adoption"), &json!({"version": 1, "source": "The meeting"})).expect(201);
    sec.post(&format!("{conclusions}/publication"), &json!({"source": "The Secretariat"})).expect(201);
    let breakout =
        sec.post(&format!("/api/v1/meetings/{published}/sessions"), &json!({"kind": "breakout", "title": "Breakout"}));
    let breakout = made(&breakout, "/id");
    for party in ["eurojust", "NO", "SE", "ngo"] {
        let part = json!({"party": side.world.party(party), "source": "A letter"});
        made(&sec.post(&format!("/api/v1/sessions/{breakout}/participations"), &part), "/act");
    }
    side.know("breakout", breakout);
    side.know("published", published);
    side.know("drafted", drafted);
    side.know("asked-for", asked_for);
    for (code, title) in [("strategy", "Strategy"), ("guide", "Guidelines")] {
        let kind = if code == "guide" { "guidelines" } else { code };
        let body = json!({"code": code, "kind": kind, "title": title, "summary": "What it says"});
        side.know(code, made(&sec.post("/api/v1/publications", &body), "/id"));
    }
    let board = json!({"body": "steering_board", "source": "The meeting"});
    made(&sec.post(&format!("/api/v1/people/{}/elections", side.id("fr2")), &board), "/id");
    for key in ["gone", "se", "fr", "ej", "no"] {
        let person = sec.get(&format!("/api/v1/people/{}", side.id(key))).expect(200);
        let act = person["designations"][0]["act"].as_str().unwrap().to_owned();
        side.know(&format!("{key}.designation"), act);
    }
    let party = sec.get(&format!("/api/v1/parties/{}", side.id("NO"))).expect(200);
    side.know("NO.standing", party["standings"][0]["act"].as_str().unwrap());

    // Case files and notes that some of those who are asked may read.
    let (mut fr, mut se, mut ua, mut no) =
        (side.world.client("fr"), side.world.client("se"), side.world.client("ua"), side.world.client("no"));
    let all = json!({"fiche": fiche("For all"), "visibility": {"to": "contact_points"}});
    let case = se.post("/api/v1/cases", &all);
    side.know("case", made(&case, "/id"));
    side.know("case.room", made(&case, "/room"));
    let asked = json!({"kind": "request", "to": [side.world.party("UA")], "title": "For UA", "text": "A text",
        "handling": ["H0"], "due": "2031-01-15"});
    side.know("request", made(&se.post("/api/v1/requests", &asked), "/id"));
    let named = json!({"to": "states", "states": [side.world.party("UA")]});
    let case = made(&fr.post("/api/v1/cases", &json!({"fiche": fiche("For some"), "visibility": named})), "/id");
    for party in ["NO", "SE"] {
        let to = json!({"to": "state", "party": side.world.party(party)});
        made(&fr.post(&format!("/api/v1/cases/{case}/releases"), &to), "/act");
    }
    side.know("case.named", case);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let visit = enter(&mut fr, scene.room.as_str());
    side.know("visit.fr", visit);
    enter(&mut ua, scene.room.as_str());
    enter(&mut se, scene.room.as_str());
    let written = made(&fr.post(&notes, &note("A title", "A text")), "/id");
    let file = fr.send_file(&format!("{notes}/{written}/files"), 1, "A file.txt", b"What the file says");
    side.know("file", made(&file, "/id"));
    let to_ua = json!({"party": side.world.party("UA")});
    side.know("release", made(&fr.post(&format!("{notes}/{written}/releases"), &to_ua), "/act"));
    side.know("note", written);
    made(&ua.post(&notes, &note("Of UA", "A text")), "/id");
    made(&se.post(&notes, &note("Of SE", "A text")), "/id");
    let own = json!({"kind": "designation", "person_name": "Somebody new", "role": "counterpart", "source": "A cable"});
    let proposal = no.post(&format!("/api/v1/parties/{}/proposals", side.id("NO")), &own);
    side.know("proposal", made(&proposal, "/id"));
    for (name, key) in [("entry", "ua"), ("entry.se", "se")] {
        let entries = side.world.client(key).get("/api/v1/audit/entries?limit=1").expect(200);
        side.know(name, entries["items"][0]["id"].as_str().unwrap());
    }
    // The moment before anything hidden happened.
    // Whoever will do what is hidden is logged in on both servers.
    for key in ["fr", "de", "deep", "sec", "sec2"] {
        side.world.client(key);
    }
    side.know("before", incamera::context::Moment(side.world.server.ctx().now.0).rfc3339());
    side.world.server.clock.advance(2);
    side
}
