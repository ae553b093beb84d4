//! Requests between States: who is asked, who knows of it, who replies, and that nothing of it is to be read at rest.

mod pages;
mod sealed;

use incamera::ids::RoomId;
use serde_json::{Value, json};

use crate::both;
use crate::support::client::Client;
use crate::support::made::text;
use crate::support::scene::visit;
use crate::support::world::OUTSIDERS;
use crate::support::{Tables, World};

const REQUESTS: &str = "/api/v1/requests";
const MADE_UP: &str = "00000000-0000-4000-8000-000000000000";

/// A request of FR to these States.
fn to(world: &World, states: &[&str]) -> Value {
    let states: Vec<_> = states.iter().map(|key| world.party(key)).collect();
    json!({"kind": "request", "to": states, "title": "Whereabouts of a witness", "text": "Is he with you?",
        "handling": ["H1"], "due": "2030-01-15"})
}

fn with(mut body: Value, changes: Value) -> Value {
    for (field, value) in changes.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

fn answer() -> Value {
    json!({"kind": "answer", "title": "An answer", "text": "He is.", "handling": ["H1"]})
}

fn refusal() -> Value {
    with(answer(), json!({"kind": "refusal", "ground": "pending_proceedings", "title": "A refusal"}))
}

fn path(request: &Value) -> String {
    format!("{REQUESTS}/{}", request["id"].as_str().unwrap())
}

fn room(request: &Value) -> RoomId {
    RoomId::parse(request["room"].as_str().unwrap()).unwrap()
}

fn acknowledge(client: &mut Client, request: &Value) -> crate::support::client::Reply {
    client.send("POST", &format!("{}/receipt", path(request)), &[], None)
}

/// Sends what a State addressed sends: a reply, or an acknowledgement.
fn send(client: &mut Client, request: &str, body: Option<&Value>) -> crate::support::client::Reply {
    match body {
        Some(body) => client.post(&format!("{request}/reply"), body),
        None => client.send("POST", &format!("{request}/receipt"), &[], None),
    }
}

fn go_in(client: &mut Client, request: &Value) {
    visit(client, &room(request));
}

fn of<'a>(request: &'a Value, party: &impl ToString) -> &'a Value {
    let party = party.to_string();
    request["to"].as_array().unwrap().iter().find(|one| one["party"] == json!(party)).unwrap()
}

fn titles(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|one| text(one, "title")).collect()
}

both!(a_request_goes_all_the_way, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let sent = fr.post(REQUESTS, &to(&world, &["DE", "UA"])).expect(201);
    assert_eq!((&sent["kind"], &sent["from"]), (&json!("request"), &json!(world.party("FR"))));
    assert_eq!((&sent["due"], &sent["title"]), (&json!("2030-01-15"), &json!("Whereabouts of a witness")));
    for party in ["DE", "UA"] {
        assert_eq!(
            (&of(&sent, &world.party(party))["state"], &of(&sent, &world.party(party))["at"]),
            (&json!("open"), &Value::Null)
        );
    }
    let members = fr.get(&format!("/api/v1/rooms/{}", room(&sent))).expect(200);
    assert_eq!(members["request"], sent["id"]);
    assert_eq!((&members["kind"], &members["title"]), (&json!("request"), &sent["title"]));
    let mut names: Vec<_> = members["members"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
    names.sort();
    assert_eq!(names, ["de", "fr", "ua"], "everybody in office of the States addressed, and the author");

    // Listed, acknowledged, read inside, answered.
    let mut de = world.client("de");
    assert_eq!(titles(&de.get(REQUESTS).expect(200)), ["Whereabouts of a witness"]);
    let received = acknowledge(&mut de, &sent).expect(201);
    assert_eq!(of(&received, &world.party("DE"))["state"], "received");
    assert_eq!(acknowledge(&mut de, &sent).status, 409);
    let reply = format!("{}/reply", path(&sent));
    assert_eq!(de.post(&reply, &answer()).status, 403, "a reply takes a visit");
    go_in(&mut de, &sent);
    let notes = format!("/api/v1/rooms/{}/notes", room(&sent));
    let note = de.get(&format!("{notes}/{}", text(&sent, "note"))).expect(200);
    assert_eq!(
        (&note["title"], &note["text"], &note["handling"]),
        (&sent["title"], &json!("Is he with you?"), &json!(["H1"]))
    );
    let answered = de.post(&reply, &answer()).expect(201);
    let state = of(&answered, &world.party("DE"));
    assert_eq!((&state["state"], &state["ground"]), (&json!("answered"), &Value::Null));
    assert_eq!(de.post(&reply, &refusal()).status, 409, "one answer or refusal");
    go_in(&mut fr, &sent);
    assert_eq!(fr.get(&format!("{notes}/{}", text(state, "note"))).expect(200)["text"], "He is.");

    // A counterpart reads the request and its own refusal, and no other State's answer.
    let mut ua = world.client("ua");
    go_in(&mut ua, &sent);
    assert_eq!(ua.get(&format!("{notes}/{}", text(&sent, "note"))).expect(200)["text"], "Is he with you?");
    assert_eq!(ua.get(&format!("{notes}/{}", text(state, "note"))).status, 404);
    let seen = ua.get(&path(&sent)).expect(200);
    assert_eq!(
        (&of(&seen, &world.party("DE"))["state"], &of(&seen, &world.party("DE"))["note"]),
        (&json!("answered"), &Value::Null)
    );
    let refused = ua.post(&reply, &refusal()).expect(201);
    let state = of(&refused, &world.party("UA"));
    assert_eq!((&state["state"], &state["ground"]), (&json!("refused"), &json!("pending_proceedings")));
    assert_eq!(acknowledge(&mut ua, &sent).status, 409, "a reply has acknowledged it");
    let listed = ua.get(&notes).expect(200);
    assert_eq!(titles(&listed), ["A refusal", "Whereabouts of a witness"]);

    // Everybody in the room sees how far each is; the ground only with the unlock secret.
    let seen = fr.get(&path(&sent)).expect(200);
    assert_eq!(of(&seen, &world.party("UA"))["ground"], "pending_proceedings");
    assert_eq!(titles(&fr.get(&notes).expect(200)).len(), 3);
    fr.unlock = None;
    let locked = fr.get(&path(&sent)).expect(200);
    assert_eq!((&locked["title"], &of(&locked, &world.party("UA"))["ground"]), (&Value::Null, &Value::Null));
    assert_eq!(of(&locked, &world.party("UA"))["state"], "refused");
    assert!(!fr.get(REQUESTS).expect(200).to_string().contains("Whereabouts"));
});

both!(it_is_absent_for_everybody_else, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let sent = fr.post(REQUESTS, &to(&world, &["DE"])).expect(201);
    for key in ["fr2", "se", "ua", "no", "sec"].into_iter().chain(OUTSIDERS) {
        let mut client = world.client(key);
        assert_eq!(client.get(REQUESTS).expect(200), json!({"items": [], "next": null}), "{key}");
        let absent = client.get(&format!("{REQUESTS}/{MADE_UP}")).normalized();
        assert_eq!(client.get(&path(&sent)).normalized(), absent, "{key}");
        assert_eq!(client.get(&format!("/api/v1/rooms/{}", room(&sent))).normalized(), absent, "{key}");
        for body in [None, Some(&answer())] {
            let absent = send(&mut client, &format!("{REQUESTS}/{MADE_UP}"), body).normalized();
            assert_eq!(send(&mut client, &path(&sent), body).normalized(), absent, "{key} {body:?}");
        }
        let thing = format!("/api/v1/explain?thing={}", text(&sent, "id"));
        let absent = client.get(&format!("/api/v1/explain?thing={MADE_UP}")).normalized();
        assert_eq!(client.get(&thing).normalized(), absent, "{key}");
        // Nor does the log tell of it.
        let entries = client.get("/api/v1/audit/entries?limit=200").expect(200).to_string();
        assert!(key == "aud" || !entries.contains(&text(&sent, "id")), "{key}");
        assert!(key == "aud" || !entries.contains(&text(&sent, "room")), "{key}");
    }
    // With the password alone one sees none, and sends none.
    let mut bare = world.client_without_second_factor("de");
    assert_eq!(bare.get(REQUESTS).expect(200)["items"], json!([]));
    assert_eq!(bare.get(&path(&sent)).status, 403);
    assert_eq!(bare.post(REQUESTS, &to(&world, &["SE"])).status, 403);
    for key in ["ua", "sec", "ej", "assoc", "guest", "aud"] {
        assert_eq!(world.client(key).post(REQUESTS, &to(&world, &["SE"])).status, 403, "{key}");
    }
    // Nobody but its State lets others in, and nobody of the Secretariat.
    let admissions = format!("/api/v1/rooms/{}/admissions", room(&sent));
    assert_eq!(world.client("de").post(&admissions, &json!({"person": world.person("se")})).status, 403);
    assert_eq!(fr.post(&admissions, &json!({"person": world.person("sec")})).status, 403);
    fr.post(&admissions, &json!({"person": world.person("fr2")})).expect(201);
    assert_eq!(world.client("fr2").get(&path(&sent)).expect(200)["id"], sent["id"]);
    // Those who asked do not answer, nor acknowledge.
    go_in(&mut fr, &sent);
    assert_eq!(fr.post(&format!("{}/reply", path(&sent)), &answer()).status, 403);
    assert_eq!(acknowledge(&mut fr, &sent).status, 403);
});

both!(people_can_be_named, |server| {
    let mut world = World::new(server);
    let de2 = world.add("de2", "DE", incamera::network::model::Role::ContactPoint);
    world.enrol_all();
    let mut fr = world.client("fr");
    let named = json!({"people": [de2, world.person("fr2"), world.person("ua")]});
    let sent = fr.post(REQUESTS, &with(to(&world, &["DE", "UA"]), named)).expect(201);
    for (key, status) in [("fr", 200), ("fr2", 200), ("de2", 200), ("ua", 200), ("de", 404), ("se", 404)] {
        assert_eq!(world.client(key).get(&path(&sent)).status, status, "{key}");
    }
    // Of one's own State as well; but that gives no leave to reply.
    let mut fr2 = world.client("fr2");
    go_in(&mut fr2, &sent);
    assert_eq!(fr2.post(&format!("{}/reply", path(&sent)), &answer()).status, 403);
});

both!(what_is_wrong_names_its_field_and_changes_nothing, |server| {
    let mut world = World::new(server);
    let empty = world.add_party(
        "XX",
        incamera::network::model::PartyKind::State,
        Some(incamera::network::model::Standing::Member),
    );
    world.enrol_all();
    let mut fr = world.client("fr");
    let before = Tables::of(&world.server).rows();
    let good = to(&world, &["DE", "UA"]);
    for (field, changes) in [
        ("to", json!({"to": []})),
        ("to", json!({"to": [world.party("DE"), world.party("DE")]})),
        ("to[1]", json!({"to": [world.party("DE"), world.party("FR")]})),
        ("to[0]", json!({"to": [world.party("eurojust")]})),
        ("to[0]", json!({"to": [MADE_UP]})),
        ("to[1]", json!({"to": [world.party("DE"), empty]})),
        ("people[0]", json!({"people": [world.person("se")]})),
        ("people[1]", json!({"people": [world.person("de"), world.person("sec")]})),
        ("people[0]", json!({"people": [world.person("fr")]})),
        ("people[0]", json!({"people": [MADE_UP]})),
        ("people", json!({"people": [world.person("de"), world.person("de")]})),
        ("to[1]", json!({"people": [world.person("de")]})),
        ("due", json!({"due": "2020-01-01"})),
        ("due", json!({"due": "2030-02-30"})),
        ("due", json!({"kind": "presence"})),
        ("title", json!({"title": "EU SECRET"})),
        ("text", json!({"text": ""})),
        ("handling", json!({"handling": ["H0", "H1"]})),
        ("handling_text", json!({"handling": ["H3"]})),
    ] {
        let refused = fr.post(REQUESTS, &with(good.clone(), changes.clone())).expect(422);
        assert_eq!(refused["fields"][0]["field"], field, "{changes}: {refused}");
    }
    assert_eq!(Tables::of(&world.server).rows(), before);

    let sent = fr.post(REQUESTS, &good).expect(201);
    let mut de = world.client("de");
    go_in(&mut de, &sent);
    let before = Tables::of(&world.server).rows();
    for (field, body) in [
        ("ground", with(answer(), json!({"kind": "refusal"}))),
        ("ground", with(answer(), json!({"ground": "national_law"}))),
        ("text", with(answer(), json!({"text": "RESTREINT UE"}))),
    ] {
        let refused = de.post(&format!("{}/reply", path(&sent)), &body).expect(422);
        assert_eq!(refused["fields"][0]["field"], field, "{body}");
    }
    assert_eq!(Tables::of(&world.server).rows(), before);
});

both!(only_a_request_is_answered, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    for kind in ["spontaneous", "presence"] {
        let sent = fr.post(REQUESTS, &with(to(&world, &["DE"]), json!({"kind": kind, "due": null}))).expect(201);
        let mut de = world.client("de");
        go_in(&mut de, &sent);
        for body in [answer(), refusal()] {
            assert_eq!(de.post(&format!("{}/reply", path(&sent)), &body).status, 409, "{kind}");
        }
        let received = acknowledge(&mut de, &sent).expect(201);
        assert_eq!(of(&received, &world.party("DE"))["state"], "received", "{kind}");
    }
    // The list goes on where it was left, the one sent last first.
    let first = fr.get(&format!("{REQUESTS}?limit=1")).expect(200);
    assert_eq!(first["items"][0]["kind"], "presence");
    let next = fr.get(&format!("{REQUESTS}?limit=1&cursor={}", text(&first, "next"))).expect(200);
    assert_eq!((&next["items"][0]["kind"], &next["next"]), (&json!("spontaneous"), &Value::Null));
});

both!(an_ending_bites_at_once, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let sent = fr.post(REQUESTS, &to(&world, &["DE", "SE"])).expect(201);
    let (mut de, mut se) = (world.client("de"), world.client("se"));
    go_in(&mut de, &sent);
    go_in(&mut se, &sent);
    let mut sec = world.client("sec");
    let de_acts = sec.get(&format!("/api/v1/people/{}", world.person("de"))).expect(200);
    let why = json!({"source": "made for a test"});
    sec.post(&format!("/api/v1/acts/{}/ending", text(&de_acts["designations"][0], "act")), &why).expect(201);
    for body in [None, Some(&answer())] {
        assert_ne!(send(&mut de, &path(&sent), body).status, 201);
    }
    assert_ne!(de.get(&path(&sent)).status, 200);
    // Off-boarding ends an admission with an entry that its State reads, and tells no officer of the circle.
    sec.post(&format!("/api/v1/people/{}/off-boarding", world.person("se")), &why).expect(201);
    assert_ne!(se.post(&format!("{}/reply", path(&sent)), &answer()).status, 201);
    let mut tables = Tables::of(&world.server);
    let ended = tables.entries(0).into_iter().filter(|one| one["event"] == "admission_ended").collect::<Vec<_>>();
    assert_eq!(ended.len(), 1);
    assert_eq!((&ended[0]["owner_party"], &ended[0]["room"]), (&json!(world.party("FR")), &sent["room"]));
    let told = sec.get("/api/v1/audit/entries?limit=200").expect(200).to_string();
    assert!(!told.contains(&text(&sent, "room")));
    // What is written now is out of reach for them, and the others go on.
    let mut fr = world.client("fr");
    go_in(&mut fr, &sent);
    assert_eq!(fr.get(&path(&sent)).expect(200)["title"], sent["title"]);
});

both!(each_step_is_an_entry_without_words, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let from = Tables::of(&world.server).size();
    let sent = fr.post(REQUESTS, &to(&world, &["DE", "UA"])).expect(201);
    let mut de = world.client("de");
    de.get(REQUESTS).expect(200);
    de.get(&path(&sent)).expect(200);
    acknowledge(&mut de, &sent).expect(201);
    go_in(&mut de, &sent);
    de.post(&format!("{}/reply", path(&sent)), &refusal()).expect(201);
    let entries = Tables::of(&world.server).entries(from);
    let said = Value::from(entries.clone()).to_string();
    for word in ["Whereabouts", "Is he", "A refusal", "He is", "pending_proceedings"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
    let (de, ua, fr) = (json!(world.party("DE")), json!(world.party("UA")), json!(world.party("FR")));
    for (event, to) in [
        ("request_sent", json!([de, ua])),
        ("requests_listed", Value::Null),
        ("request_read", Value::Null),
        ("request_acknowledged", Value::Null),
        // An observer State reads the reply only if it is released to it.
        ("request_replied", json!([fr])),
    ] {
        let found: Vec<_> = entries.iter().filter(|one| one["event"] == event).collect();
        assert_eq!(found.len(), 1, "{event}: {said}");
        assert_eq!(found[0]["owner_party"], fr, "{event}");
        assert_eq!(found[0]["room"], sent["room"], "{event}");
        assert_eq!(found[0]["recipients"], to, "{event}");
    }
    // Those inside read it; the State's others do not know of it.
    let read = |client: &mut Client| client.get("/api/v1/audit/entries?limit=200").expect(200).to_string();
    assert!(read(&mut world.client("fr")).contains("request_replied"));
    assert!(!read(&mut world.client("fr2")).contains("request_"));
});

both!(notes_are_told_to_whom_they_open, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let sent = fr.post(REQUESTS, &to(&world, &["DE", "UA"])).expect(201);
    let mut de = world.client("de");
    go_in(&mut de, &sent);
    de.post(&format!("{}/reply", path(&sent)), &refusal()).expect(201);

    // Whoever comes in from now on, and a counterpart to whom nothing was released, see how far each is and no more.
    world.server.clock.advance(1);
    let admissions = format!("/api/v1/rooms/{}/admissions", room(&sent));
    fr.post(&admissions, &json!({"person": world.person("fr2"), "reach": "onward"})).expect(201);
    fr.post(&admissions, &json!({"person": world.person("no")})).expect(201);
    for key in ["fr2", "no"] {
        let mut late = world.client(key);
        let seen = late.get(&path(&sent)).expect(200);
        let state = of(&seen, &world.party("DE"));
        assert_eq!(state["state"], "refused", "{key}");
        assert_eq!(
            (&seen["note"], &state["note"], &state["ground"]),
            (&Value::Null, &Value::Null, &Value::Null),
            "{key}"
        );
        assert!(!late.get("/api/v1/requests").expect(200).to_string().contains(&text(&sent, "note")), "{key}");
    }

    // A counterpart is told of a reply once it was released to that State.
    let mut ua = world.client("ua");
    let seen = ua.get(&path(&sent)).expect(200);
    assert_eq!((&seen["note"], &of(&seen, &world.party("DE"))["note"]), (&sent["note"], &Value::Null));
    let reply = text(of(&de.get(&path(&sent)).expect(200), &world.party("DE")), "note");
    let release = format!("/api/v1/rooms/{}/notes/{reply}/releases", room(&sent));
    de.post(&release, &json!({"party": world.party("UA")})).expect(201);
    let seen = ua.get(&path(&sent)).expect(200);
    let state = of(&seen, &world.party("DE"));
    assert_eq!((&state["note"], &state["ground"]), (&json!(reply), &json!("pending_proceedings")));
});

both!(a_reply_goes_to_whom_reads_it, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let sent = fr.post(REQUESTS, &to(&world, &["DE", "SE"])).expect(201);
    let admissions = format!("/api/v1/rooms/{}/admissions", room(&sent));
    fr.delete(&format!("{admissions}/{}", world.person("se"))).expect(204);
    let mut de = world.client("de");
    go_in(&mut de, &sent);
    de.post(&format!("{}/reply", path(&sent)), &answer()).expect(201);
    let entries = world.client("aud").get("/api/v1/audit/entries?event=request_replied").expect(200);
    // Nobody of the other State addressed is in the room any more.
    assert_eq!(entries["items"][0]["entry"]["recipients"], json!([world.party("FR")]));
});
