//! Parties, standings, people and what they are designated to: every right an act, no act ever overwritten,
//! and every ending felt on the next request.

mod endings;
mod explain;

use serde_json::{Value, json};

use crate::both;
use crate::support::made::{self, blamed, text};
use crate::support::tables::nothing_lost;
use crate::support::{Client, Tables, TestServer, World};

const SOURCE: &str = "Note verbale 7/2027";

/// The list's items.
fn items(client: &mut Client, path: &str) -> Vec<Value> {
    client.get(path).expect(200)["items"].as_array().unwrap().clone()
}

fn person(world: &World, key: &str) -> String {
    format!("/api/v1/people/{}", world.person(key))
}

fn party(world: &World, key: &str) -> String {
    format!("/api/v1/parties/{}", world.party(key))
}

/// The act by which the person holds the role first given.
fn designation(world: &mut World, key: &str) -> String {
    let path = person(world, key);
    text(&world.client("sec").get(&path).expect(200)["designations"][0], "act")
}

fn end(client: &mut Client, act: &str) -> crate::support::Reply {
    client.post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": SOURCE}))
}

both!(a_party_keeps_its_names, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let body = json!({"kind": "organisation", "code": "EUAA", "name": "EASO", "from": "2011-06-19T00:00:00Z", "source": SOURCE});
    let easo = sec.post("/api/v1/parties", &body).expect(201);
    assert_eq!(easo["name"], "EASO");
    let path = format!("/api/v1/parties/{}", text(&easo, "id"));
    assert_eq!(sec.post("/api/v1/parties", &body).status, 409, "the code is taken");

    let name = |name: &str, from: Option<&str>| json!({"name": name, "from": from, "source": SOURCE});
    let act = sec.post(&format!("{path}/names"), &name("EUAA", Some("2022-01-19"))).expect(201);
    assert_eq!(act["about"]["name"], "EUAA");
    assert_eq!(act["from"], "2022-01-19T00:00:00Z");
    sec.post(&format!("{path}/names"), &name("Next Agency", Some("2150-01-01"))).expect(201);

    let mut anyone = world.server.client();
    let body = anyone.get(&path).expect(200);
    assert_eq!(body["name"], "EUAA", "the name that began last, and not one that has yet to begin");
    let names: Vec<&str> = body["names"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Next Agency", "EUAA", "EASO"]);
    let listed = items(&mut anyone, "/api/v1/parties?kind=organisation&limit=200");
    assert_eq!(listed.iter().find(|one| one["code"] == "EUAA").unwrap()["name"], "EUAA");

    // Ended, it gives way to the one before.
    end(&mut sec, &text(&act, "id")).expect(201);
    assert_eq!(anyone.get(&path).expect(200)["name"], "EASO");
    let listed = items(&mut anyone, "/api/v1/parties?kind=organisation&limit=200");
    assert_eq!(listed.iter().find(|one| one["code"] == "EUAA").unwrap()["name"], "EASO");
});

both!(standings_follow_one_another, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let path = party(&world, "NO");
    let standings = format!("{path}/standings");
    let member = |from: Option<&str>, until: Option<&str>| json!({"standing": "member", "from": from, "until": until, "source": SOURCE});

    // NO is an observer since 2020.
    for (from, until) in
        [(None, None), (Some("2019-01-01"), None), (Some("2010-01-01"), Some("2020-01-02")), (Some("2150-01-01"), None)]
    {
        let refused = sec.post(&standings, &member(from, until)).expect(409);
        assert_eq!(refused["type"], "urn:incamera:problem:conflict");
    }
    let refused = sec.post(&standings, &member(Some("2019-05-01"), Some("2019-04-01"))).expect(422);
    assert_eq!(blamed(&refused), ["until"]);
    // What ends as the next begins does not meet it.
    sec.post(&standings, &member(Some("2015-01-01"), Some("2020-01-01"))).expect(201);

    let observer = text(&sec.get(&path).expect(200)["standings"][0], "act");
    let ended = sec
        .post(&format!("/api/v1/acts/{observer}/ending"), &json!({"effective": "2026-03-01", "source": SOURCE}))
        .expect(201);
    assert_eq!(ended["in_force"], false);
    assert_eq!(ended["endings"][0]["effective"], "2026-03-01T00:00:00Z");
    assert_eq!(sec.get(&path).expect(200)["standing"], Value::Null);

    // Granted at a meeting, which is named.
    let meeting = made::meeting(&mut world, 36);
    let mut granted = member(Some("2026-03-01"), None);
    granted["meeting"] = json!(meeting);
    let act = sec.post(&standings, &granted).expect(201);
    assert_eq!(act["meeting"], json!(meeting));
    let body = world.server.client().get(&path).expect(200);
    assert_eq!(body["standing"], "member");
    assert_eq!(body["standings"][0]["meeting"], json!(meeting));
    let kinds: Vec<&Value> = body["standings"].as_array().unwrap().iter().map(|one| &one["standing"]).collect();
    assert_eq!(kinds, ["member", "observer", "member"]);
    let members = items(&mut world.server.client(), "/api/v1/parties?standing=member");
    assert!(members.iter().any(|one| one["code"] == "NO"));
    assert!(members.iter().all(|one| one["standing"] == "member"));

    // Only States are members, and what is shown to everyone names no meeting that is not.
    let organisation = party(&world, "iiim");
    let refused = sec.post(&format!("{organisation}/standings"), &member(Some("2010-01-01"), Some("2011-01-01")));
    assert_eq!(blamed(&refused.expect(422)), ["standing"]);
    let hidden = made::ad_hoc(&mut world, Some("FR"));
    for meeting in [hidden, "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11".into()] {
        let body = json!({"standing": "associate", "from": "2010-01-01", "until": "2011-01-01", "meeting": meeting, "source": SOURCE});
        let refused = sec.post(&format!("{organisation}/standings"), &body).expect(422);
        assert_eq!(blamed(&refused), ["meeting"]);
    }
});

both!(designations_have_functions_and_stand_ins, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let people = format!("{}/people", party(&world, "SE"));
    let new = sec.post(&people, &json!({"name": "  Åsa Lind "})).expect(201);
    assert_eq!(new["name"], "Åsa Lind");
    assert_eq!(new["designations"], json!([]));
    let path = format!("/api/v1/people/{}/designations", text(&new, "id"));

    let (se, de) = (world.person("se"), world.person("de"));
    let mut body = json!({"role": "contact_point", "function": "investigator", "stand_in_for": se, "from": "2026-02-01", "source": SOURCE});
    let act = sec.post(&path, &body).expect(201);
    assert_eq!(act["about"]["stand_in_for"], json!(se));
    assert_eq!(act["about"]["function"], "investigator");
    assert_eq!(act["from"], "2026-02-01T00:00:00Z");
    assert_eq!(act["source"], SOURCE);
    assert_eq!(act["recorded_by"], json!(world.person("sec")));
    assert!(text(&act, "recorded_at") > text(&act, "from"), "recorded later than it took effect");

    // The same role again, in time it is held: no. Another, or after it ended: yes.
    assert_eq!(sec.post(&path, &body).status, 409);
    body["role"] = json!("counterpart");
    sec.post(&path, &body).expect(201);
    end(&mut sec, &text(&act, "id")).expect(201);
    body["role"] = json!("contact_point");
    body["from"] = Value::Null;
    sec.post(&path, &body).expect(201);
    let held = sec.get(&format!("/api/v1/people/{}", text(&new, "id"))).expect(200);
    assert_eq!(held["designations"].as_array().unwrap().len(), 3, "the ended one stays on record");
    assert_eq!(held["designations"][0]["in_force"], true);
    assert_eq!(held["designations"][0]["stand_in_for"], json!(se));

    for (field, value) in [
        ("role", json!("representative")),
        ("role", json!("secretariat_officer")),
        ("stand_in_for", json!(de)),
        ("stand_in_for", new["id"].clone()),
    ] {
        let mut body = json!({"role": "contact_point", "from": "2150-01-01", "source": SOURCE});
        body[field] = value;
        assert_eq!(blamed(&sec.post(&path, &body).expect(422)), [field]);
    }
});

both!(only_contact_points_are_elected, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let body = json!({"body": "steering_board", "source": SOURCE});
    let elections = |world: &World, key: &str| format!("{}/elections", person(world, key));
    let act = sec.post(&elections(&world, "fr"), &body).expect(201);
    assert_eq!(act["about"]["body"], "steering_board");
    assert_eq!(sec.post(&elections(&world, "fr"), &body).status, 409, "elected already");
    for key in ["ua", "ej", "sec2"] {
        assert_eq!(sec.post(&elections(&world, key), &body).status, 409, "{key}");
    }
    end(&mut sec, &text(&act, "id")).expect(201);
    sec.post(&elections(&world, "fr"), &body).expect(201);
    let path = person(&world, "fr");
    assert_eq!(sec.get(&path).expect(200)["elections"].as_array().unwrap().len(), 2);
});

both!(people_are_seen_by_their_own_and_by_overseers, |server: TestServer| {
    let mut world = World::new(server);
    let everyone: Vec<String> = world.people().map(ToOwned::to_owned).collect();
    let expected = |key: &str| -> Vec<&str> {
        match key {
            "fr" | "fr2" => vec!["fr", "fr2"],
            "sec" | "sec2" | "aud" => {
                vec!["assoc", "aud", "de", "ej", "fr", "fr2", "guest", "no", "se", "sec", "sec2", "ua"]
            }
            other => vec![everyone.iter().find(|one| *one == other).unwrap()],
        }
    };
    for key in &everyone {
        let mut client = world.client(key);
        let listed = items(&mut client, "/api/v1/people");
        let names: Vec<&str> = listed.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected(key), "{key}");
        // A look agrees with the list, and what is not seen looks like what is not there.
        let absent = client.get("/api/v1/people/3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11").normalized();
        for other in &everyone {
            let reply = client.get(&person(&world, other));
            if expected(key).contains(&other.as_str()) {
                let body = reply.expect(200);
                assert_eq!(body["account"].is_null(), !["sec", "sec2"].contains(&key.as_str()), "{key} on {other}");
            } else {
                assert_eq!(reply.normalized(), absent, "{key} on {other}");
            }
        }
    }
    assert_eq!(world.server.client().get("/api/v1/people").status, 401);
});

both!(an_act_is_shown_to_those_it_concerns, |server: TestServer| {
    let mut world = World::new(server);
    let act = format!("/api/v1/acts/{}", designation(&mut world, "fr"));
    let absent = "/api/v1/acts/3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
    for key in ["sec", "aud", "fr"] {
        let body = world.client(key).get(&act).expect(200);
        assert_eq!(body["kind"], "designation");
        assert_eq!(body["about"]["role"], "contact_point");
    }
    for key in ["fr2", "de", "ua", "ej", "assoc", "guest"] {
        let mut client = world.client(key);
        assert_eq!(client.get(&act).normalized(), client.get(absent).normalized(), "{key}");
    }
    // Who recorded it is the overseers' to know.
    let recorded = world
        .client("sec")
        .post(&format!("{}/elections", person(&world, "fr")), &json!({"body": "steering_board", "source": SOURCE}));
    let election = format!("/api/v1/acts/{}", text(&recorded.expect(201), "id"));
    assert_eq!(world.client("fr").get(&election).expect(200)["recorded_by"], Value::Null);
    assert_eq!(world.client("aud").get(&election).expect(200)["recorded_by"], json!(world.person("sec")));
});

both!(an_act_ends_once_and_not_before_it_began, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let act = designation(&mut world, "de");
    let path = format!("/api/v1/acts/{act}/ending");
    let ending = |effective: &str| json!({"effective": effective, "source": SOURCE});
    assert_eq!(blamed(&sec.post(&path, &ending("2019-12-31")).expect(422)), ["effective"]);
    // An ending that lies ahead does not bite yet, and can be brought forward.
    let body = sec.post(&path, &ending("2150-01-01")).expect(201);
    assert_eq!((&body["in_force"], &body["until"]), (&json!(true), &json!("2150-01-01T00:00:00Z")));
    let de = world.person("de");
    assert_eq!(world.client("de").get("/api/v1/me").expect(200)["person"]["id"], json!(de));
    assert_eq!(sec.post(&path, &ending("2150-06-01")).status, 409, "after its end");
    let body = sec.post(&path, &json!({"source": SOURCE})).expect(201);
    assert_eq!(body["endings"].as_array().unwrap().len(), 2);
    assert_eq!(body["in_force"], false);
    assert_eq!(sec.post(&path, &json!({"source": SOURCE})).status, 409);
    // An ending is no act of administration itself: it cannot be ended.
    let ending = text(&body["endings"][0], "act");
    assert_eq!(end(&mut sec, &ending).status, 404);
});

// A script through everything that the Secretariat and the States can do here; before and after each call
// every act, and every row that says what an act is about, is the same but for new ones.
both!(nothing_is_ever_overwritten, |server: TestServer| {
    let mut world = World::new(server);
    let (mut sec, mut fr) = (world.client("sec"), world.client("fr"));
    world.seed("fr2");
    let (fr2, se, no) = (person(&world, "fr2"), person(&world, "se"), party(&world, "NO"));
    let (fr_act, no_act) = (designation(&mut world, "fr2"), text(&sec.get(&no).expect(200)["standings"][0], "act"));
    let own = world.party("FR");
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let source = json!({"source": SOURCE});
    let mut tables = Tables::of(&world.server);
    let mut before = tables.rows();
    let mut call = |client: &mut Client, method: &str, path: &str, body: &Value| {
        let reply = client.send(
            method,
            path,
            &[("content-type", "application/json"), ("if-match", "\"0\"")],
            Some(body.to_string().as_bytes()),
        );
        assert!((200..300).contains(&reply.status), "{method} {path}: {}", reply.text());
        let after = tables.rows();
        nothing_lost(&before, &after);
        assert!(after["acts"].len() >= before["acts"].len());
        before = after;
        if reply.body.is_empty() { Value::Null } else { reply.json() }
    };
    let name = json!({"name": "Kingdom of Norway", "source": SOURCE});
    call(&mut sec, "POST", &format!("{no}/names"), &name);
    call(&mut sec, "POST", &format!("/api/v1/acts/{no_act}/ending"), &source);
    call(&mut sec, "POST", &format!("{no}/standings"), &json!({"standing": "member", "source": SOURCE}));
    call(&mut sec, "POST", &format!("/api/v1/acts/{fr_act}/ending"), &source);
    let body = json!({"role": "contact_point", "function": "analyst", "source": SOURCE});
    call(&mut sec, "POST", &format!("{fr2}/designations"), &body);
    call(&mut sec, "POST", &format!("{fr2}/elections"), &json!({"body": "steering_board", "source": SOURCE}));
    let suspension = call(&mut sec, "POST", &format!("{fr2}/suspension"), &source);
    call(&mut sec, "POST", &format!("/api/v1/acts/{}/ending", text(&suspension, "id")), &source);
    let proposal = json!({"kind": "designation", "person_name": "New One", "role": "contact_point", "source": SOURCE});
    let proposal = call(&mut fr, "POST", &format!("/api/v1/parties/{own}/proposals"), &proposal);
    let decision = json!({"accept": true, "source": SOURCE});
    call(&mut sec, "POST", &format!("/api/v1/proposals/{}/decision", text(&proposal, "id")), &decision);
    let invited = json!({"party": own, "source": SOURCE});
    let part = call(&mut sec, "POST", &format!("/api/v1/sessions/{open}/participations"), &invited);
    call(&mut sec, "POST", &format!("/api/v1/participations/{}/ending", text(&part, "act")), &source);
    let conclusions = format!("/api/v1/meetings/{meeting}/conclusions");
    call(&mut sec, "PUT", &conclusions, &json!({"words": "First draft"}));
    call(&mut sec, "POST", &format!("{conclusions}/adoption"), &json!({"version": 1, "source": SOURCE}));
    call(&mut sec, "POST", &format!("{conclusions}/publication"), &source);
    call(&mut sec, "POST", &format!("{se}/off-boarding"), &source);
});

both!(a_state_proposes_for_its_own_and_the_secretariat_decides, |server: TestServer| {
    let mut world = World::new(server);
    let (mut sec, mut fr) = (world.client("sec"), world.client("fr"));
    let proposals = |world: &World, key: &str| format!("{}/proposals", party(world, key));
    let new = json!({"kind": "designation", "person_name": "Léa Brun", "role": "contact_point", "function": "prosecutor", "source": SOURCE});

    // For its own alone, and of its own people alone.
    assert_eq!(fr.post(&proposals(&world, "DE"), &new).status, 403);
    for key in ["ej", "assoc", "guest", "sec", "aud"] {
        let mut client = world.client(key);
        assert_eq!(client.post(&proposals(&world, "FR"), &new).status, 403, "{key}");
    }
    let foreign = json!({"kind": "ending", "person": world.person("de"), "source": SOURCE});
    assert_eq!(blamed(&fr.post(&proposals(&world, "FR"), &foreign).expect(422)), ["person"]);
    let absent = json!({"kind": "ending", "person": "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11", "source": SOURCE});
    assert_eq!(
        fr.post(&proposals(&world, "FR"), &foreign).normalized(),
        fr.post(&proposals(&world, "FR"), &absent).normalized(),
        "somebody else's person and nobody look alike"
    );

    let proposal = fr.post(&proposals(&world, "FR"), &new).expect(201);
    assert_eq!((&proposal["state"], &proposal["proposed_by"]), (&json!("waiting"), &json!(world.person("fr"))));
    let path = format!("/api/v1/proposals/{}", text(&proposal, "id"));
    assert_eq!(items(&mut fr, "/api/v1/people").len(), 2, "nothing has happened yet");
    for key in ["fr2", "sec"] {
        assert_eq!(items(&mut world.client(key), "/api/v1/proposals").len(), 1, "{key}");
        world.client(key).get(&path).expect(200);
    }
    for key in ["de", "ua", "ej", "assoc", "guest", "aud"] {
        let mut client = world.client(key);
        assert!(items(&mut client, "/api/v1/proposals").is_empty(), "{key}");
        let absent = client.get("/api/v1/proposals/3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11");
        assert_eq!(client.get(&path).normalized(), absent.normalized(), "{key}");
    }

    let decision = json!({"accept": true, "source": SOURCE});
    assert_eq!(fr.post(&format!("{path}/decision"), &decision).status, 403, "a State does not decide");
    let decided = sec.post(&format!("{path}/decision"), &decision).expect(200);
    assert_eq!((&decided["state"], &decided["decided_by"]), (&json!("accepted"), &json!(world.person("sec"))));
    assert_eq!(fr.get(&path).expect(200)["decided_by"], Value::Null, "who decided is not the State's to know");
    let made = items(&mut fr, "/api/v1/people").into_iter().find(|one| one["name"] == "Léa Brun").unwrap();
    assert_eq!(made["designations"][0]["role"], "contact_point");
    assert_eq!(made["designations"][0]["act"], decided["act"]);
    assert_eq!(sec.post(&format!("{path}/decision"), &decision).status, 409, "decided already");

    // Declined: nothing follows. Overtaken by events: a conflict, and it still waits.
    let second = fr.post(&proposals(&world, "FR"), &new).expect(201);
    let declined = json!({"accept": false, "source": SOURCE});
    let second = sec.post(&format!("/api/v1/proposals/{}/decision", text(&second, "id")), &declined).expect(200);
    assert_eq!((&second["state"], &second["act"]), (&json!("declined"), &Value::Null));
    assert_eq!(items(&mut fr, "/api/v1/people").len(), 3);
    let again = json!({"kind": "designation", "person": made["id"], "role": "contact_point", "source": SOURCE});
    let again = fr.post(&proposals(&world, "FR"), &again).expect(201);
    let mut tables = Tables::of(&world.server);
    let before = tables.rows();
    let at = format!("/api/v1/proposals/{}/decision", text(&again, "id"));
    assert_eq!(sec.post(&at, &decision).status, 409);
    assert_eq!(tables.rows(), before);

    // An ending ends every designation of the person, on the next request.
    world.seed("fr2");
    let mut fr2 = world.client("fr2");
    fr2.get("/api/v1/me").expect(200);
    let ending = json!({"kind": "ending", "person": world.person("fr2"), "source": SOURCE});
    let ending = fr.post(&proposals(&world, "FR"), &ending).expect(201);
    sec.post(&format!("/api/v1/proposals/{}/decision", text(&ending, "id")), &decision).expect(200);
    assert_eq!(fr2.get("/api/v1/me").status, 401);
});
