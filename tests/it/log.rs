//! The log: one entry for each change and each disclosure, none without, never a word of content; and what
//! happens when it cannot be written, or was tampered with.

mod commits;
mod erasure;
mod faults;
mod outside;
mod readers;
mod receipts;
mod report;
mod rows;
mod signing;
mod state;
mod tampering;
mod tree;
mod twelve;
mod witnesses;

use std::collections::BTreeSet;

use incamera::audit::{self, Event, Operation};
use incamera::identity::service::log_strangers;
use incamera::network::model::Role;
use serde_json::{Value, json};

use crate::both;
use crate::support::made::{self, text};
use crate::support::{Reply, Tables, TestServer, World, world};

const SOURCE: &str = "Note verbale 7/2027";

/// Does one thing, and fails unless it left exactly one entry of this event; answers the entry.
#[track_caller]
fn one(tables: &mut Tables, event: Event, act: impl FnOnce() -> Reply) -> Value {
    let size = tables.size();
    let reply = act();
    assert!((200..300).contains(&reply.status), "{event}: {} {}", reply.status, reply.text());
    let entries = tables.entries(size);
    assert_eq!(entries.len(), 1, "{event}: {entries:?}");
    assert_eq!(entries[0]["event"], json!(event), "{entries:?}");
    entries[0].clone()
}

/// Fails unless the entry was by this person, in a log-in, for the person's party.
#[track_caller]
fn by(entry: &Value, world: &World, key: &str, party: &str) {
    assert_eq!(entry["actor"], json!(world.person(key)), "{entry}");
    assert_eq!(entry["actor_party"], json!(world.party(party)), "{entry}");
    assert!(entry["sign_in"].is_string(), "{entry}");
}

both!(each_change_and_each_disclosure_is_one_entry, |server: TestServer| {
    let mut world = World::new(server);
    let mut tables = Tables::of(&world.server);
    let people: Vec<String> = world.people().map(ToOwned::to_owned).collect();
    for key in &people {
        world.client(key);
    }
    let (mut sec, mut fr, mut aud) = (world.client("sec"), world.client("fr"), world.client("aud"));
    let source = json!({"source": SOURCE});
    let path = |world: &World, key: &str| format!("/api/v1/people/{}", world.person(key));
    let mut seen: BTreeSet<Event> = BTreeSet::new();
    let mut log = |tables: &mut Tables, event: Event, act: &mut dyn FnMut() -> Reply| {
        seen.insert(event);
        one(tables, event, act)
    };

    // Log-ins and accounts.
    let code = world.code("se");
    let body = json!({"email": World::email("se"), "password": world::PASSWORD, "code": code});
    let mut anyone = world.server.client();
    let mut tokens = Value::Null;
    let entry = log(&mut tables, Event::SignedIn, &mut || {
        let reply = anyone.post("/api/v1/session", &body);
        tokens = reply.json();
        reply
    });
    by(&entry, &world, "se", "SE");
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    log(&mut tables, Event::SignInRefreshed, &mut || anyone.post("/api/v1/session/refresh", &refresh));
    let size = tables.size();
    assert_eq!(anyone.post("/api/v1/session/refresh", &refresh).status, 401);
    let entries = tables.entries(size);
    assert_eq!((entries.len(), &entries[0]["event"]), (1, &json!("refresh_reused")));
    assert_eq!(entries[0]["person"], json!(world.person("se")));
    let wrong = json!({"email": World::email("se"), "password": "not the password of anybody"});
    let size = tables.size();
    assert_eq!(anyone.post("/api/v1/session", &wrong).status, 401);
    let entries = tables.entries(size);
    assert_eq!((entries.len(), &entries[0]["event"]), (1, &json!("sign_in_failed")));
    assert_eq!(entries[0]["person"], json!(world.person("se")));
    assert_eq!(entries[0]["source"], "127.0.0.0/24", "no whole address");
    assert!(entries[0]["actor"].is_null(), "nobody knows who it was");
    let mut se = world.anew("se");
    log(&mut tables, Event::SignedOut, &mut || se.delete("/api/v1/session"));
    world.anew("se");
    let entry = log(&mut tables, Event::SignedOut, &mut || sec.delete(&format!("{}/sign-ins", path(&world, "se"))));
    assert_eq!((&entry["person"], &entry["count"]), (&json!(world.person("se")), &json!(2)));
    let mut se = world.anew("se");
    log(&mut tables, Event::SignedOut, &mut || se.delete("/api/v1/me/sign-ins"));
    let mut se = world.anew("se");
    let change = json!({"password": world::PASSWORD, "new_password": "seven ember glacier 29 lattice"});
    let entry = log(&mut tables, Event::PasswordChanged, &mut || se.send_put("/api/v1/me/password", &change));
    by(&entry, &world, "se", "SE");
    let mut invitation = Value::Null;
    let newcomer = world.add("newcomer", "NO", Role::Counterpart);
    let invite = format!("/api/v1/people/{newcomer}/invitation");
    let first = sec.post(&invite, &json!({"email": "newcomer@elsewhere.example"})).expect(201);
    let accept = json!({"token": first["token"], "password": "seven ember glacier 29 lattice"});
    let entry = log(&mut tables, Event::AccountOpened, &mut || anyone.post("/api/v1/invitations/acceptance", &accept));
    assert_eq!(entry["person"], json!(newcomer));
    let address = json!({"email": "no@elsewhere.example"});
    let entry = log(&mut tables, Event::Invited, &mut || {
        let reply = sec.post(&format!("{}/invitation", path(&world, "no")), &address);
        invitation = reply.json();
        reply
    });
    by(&entry, &world, "sec", "secretariat");
    let accept = json!({"token": invitation["token"], "password": "seven ember glacier 29 lattice"});
    let mut enrolled = Value::Null;
    let entry = log(&mut tables, Event::MeansReplaced, &mut || {
        let reply = anyone.post("/api/v1/invitations/acceptance", &accept);
        enrolled = reply.json();
        reply
    });
    assert_eq!(entry["person"], json!(world.person("no")));
    // Confirming a second factor and using a recovery code are changes of their own, beside the log-in.
    let step = u64::try_from(world.server.ctx().now.seconds()).unwrap() / 30;
    for (code, event) in [
        (world::code_of(enrolled["totp_secret"].as_str().unwrap(), step), Event::SecondFactorConfirmed),
        (enrolled["recovery_codes"][0].as_str().unwrap().to_owned(), Event::RecoveryCodeUsed),
    ] {
        let body = json!({"email": "no@elsewhere.example", "password": "seven ember glacier 29 lattice", "code": code});
        let size = tables.size();
        anyone.post("/api/v1/session", &body).expect(200);
        let events: Vec<Value> = tables.entries(size).iter().map(|entry| entry["event"].clone()).collect();
        assert_eq!(events, [json!(event), json!(Event::SignedIn)]);
    }

    // The network.
    let body = json!({"kind": "organisation", "code": "EUAA", "name": "EASO", "source": SOURCE});
    let mut party = Value::Null;
    let entry = log(&mut tables, Event::PartyRecorded, &mut || {
        let reply = sec.post("/api/v1/parties", &body);
        party = reply.json();
        reply
    });
    by(&entry, &world, "sec", "secretariat");
    assert_eq!((&entry["thing"]["id"], &entry["owner_party"]), (&party["id"], &party["id"]));
    assert!(entry["act"].is_string(), "the act that names it");
    let party = format!("/api/v1/parties/{}", text(&party, "id"));
    let name = json!({"name": "EUAA", "source": SOURCE});
    log(&mut tables, Event::ActRecorded, &mut || sec.post(&format!("{party}/names"), &name));
    let standing = json!({"standing": "associate", "source": SOURCE});
    log(&mut tables, Event::ActRecorded, &mut || sec.post(&format!("{party}/standings"), &standing));
    let mut new = Value::Null;
    let body = json!({"name": "New One"});
    log(&mut tables, Event::PersonRecorded, &mut || {
        let reply = sec.post(&format!("{party}/people"), &body);
        new = reply.json();
        reply
    });
    let person = format!("/api/v1/people/{}", text(&new, "id"));
    let mut act = Value::Null;
    let body = json!({"role": "representative", "source": SOURCE});
    let entry = log(&mut tables, Event::ActRecorded, &mut || {
        let reply = sec.post(&format!("{person}/designations"), &body);
        act = reply.json();
        reply
    });
    assert_eq!((&entry["person"], &entry["act"]), (&new["id"], &act["id"]));
    let body = json!({"body": "steering_board", "source": SOURCE});
    log(&mut tables, Event::ActRecorded, &mut || sec.post(&format!("{}/elections", path(&world, "fr")), &body));
    let ending = format!("/api/v1/acts/{}/ending", text(&act, "id"));
    let entry = log(&mut tables, Event::ActEnded, &mut || sec.post(&ending, &source));
    assert_eq!((&entry["thing"]["id"], &entry["person"]), (&act["id"], &new["id"]));
    assert_ne!(entry["act"], act["id"], "the ending is an act itself");
    log(&mut tables, Event::ActRecorded, &mut || sec.post(&format!("{}/suspension", path(&world, "ej")), &source));
    let entry = log(&mut tables, Event::OffBoarded, &mut || {
        sec.post(&format!("{}/off-boarding", path(&world, "guest")), &source)
    });
    assert_eq!((&entry["person"], &entry["count"]), (&json!(world.person("guest")), &json!(2)));
    let proposals = format!("/api/v1/parties/{}/proposals", world.party("FR"));
    let proposal = json!({"kind": "designation", "person_name": "New One", "role": "contact_point", "source": SOURCE});
    let mut proposed = Value::Null;
    let entry = log(&mut tables, Event::Proposed, &mut || {
        let reply = fr.post(&proposals, &proposal);
        proposed = reply.json();
        reply
    });
    by(&entry, &world, "fr", "FR");
    let decision = format!("/api/v1/proposals/{}/decision", text(&proposed, "id"));
    let accept = json!({"accept": true, "source": SOURCE});
    let entry = log(&mut tables, Event::ProposalDecided, &mut || sec.post(&decision, &accept));
    by(&entry, &world, "sec", "secretariat");
    assert!(entry["act"].is_string() && entry["person"].is_string());

    // Meetings.
    let mut meeting = Value::Null;
    let body = json!({"kind": "ordinary", "number": 41, "first_day": "2027-05-04", "last_day": "2027-05-05", "way": "video", "source": SOURCE});
    log(&mut tables, Event::MeetingConvened, &mut || {
        let reply = sec.post("/api/v1/meetings", &body);
        meeting = reply.json();
        reply
    });
    let meeting = format!("/api/v1/meetings/{}", text(&meeting, "id"));
    let body = json!({"first_day": "2027-05-04", "last_day": "2027-05-05", "way": "video", "topics": ["One", "Two"]});
    log(&mut tables, Event::MeetingChanged, &mut || sec.put(&meeting, 1, &body));
    let (mut open, mut closed) = (Value::Null, Value::Null);
    let body = json!({"kind": "open", "title": "Open session"});
    log(&mut tables, Event::SessionAdded, &mut || {
        let reply = sec.post(&format!("{meeting}/sessions"), &body);
        open = reply.json();
        reply
    });
    let body = json!({"kind": "closed", "title": "Closed session", "admit_counterparts_of": [world.party("UA")]});
    let entry = log(&mut tables, Event::SessionAdded, &mut || {
        let reply = sec.post(&format!("{meeting}/sessions"), &body);
        closed = reply.json();
        reply
    });
    assert_eq!((&entry["room"], &entry["count"]), (&closed["room"], &json!(6)), "with all that it admitted");
    let room = text(&closed, "room");
    let open = format!("/api/v1/sessions/{}", text(&open, "id"));
    let closed = format!("/api/v1/sessions/{}", text(&closed, "id"));
    let body = json!({"items": ["One"]});
    log(&mut tables, Event::AgendaChanged, &mut || sec.put(&format!("{open}/agenda"), 0, &body));
    let body = json!({"party": world.party("UA"), "person": world.person("ua"), "source": SOURCE});
    let mut part = Value::Null;
    let entry = log(&mut tables, Event::ParticipationRecorded, &mut || {
        let reply = sec.post(&format!("{open}/participations"), &body);
        part = reply.json();
        reply
    });
    assert_eq!(entry["recipients"], json!([world.party("UA")]));
    let ending = format!("/api/v1/participations/{}/ending", text(&part, "act"));
    log(&mut tables, Event::ActEnded, &mut || sec.post(&ending, &source));
    let mut material = Value::Null;
    let upload = format!("{open}/materials?title=Paper&file_name=a.txt");
    log(&mut tables, Event::MaterialAdded, &mut || {
        let reply = sec.send("POST", &upload, &[("content-type", "text/plain")], Some(b"words"));
        material = reply.json();
        reply
    });
    let content = format!("/api/v1/materials/{}/content", text(&material, "id"));
    let entry = log(&mut tables, Event::MaterialRead, &mut || fr.get(&content));
    by(&entry, &world, "fr", "FR");
    assert_eq!(entry["thing"], json!({"kind": "material", "id": material["id"]}));
    let conclusions = format!("{meeting}/conclusions");
    let words = json!({"words": "First"});
    let entry = log(&mut tables, Event::ConclusionsDrafted, &mut || sec.put(&conclusions, 0, &words));
    assert_eq!(entry["version"], 1);
    let adopt = json!({"version": 1, "source": SOURCE});
    log(&mut tables, Event::ConclusionsAdopted, &mut || sec.post(&format!("{conclusions}/adoption"), &adopt));
    log(&mut tables, Event::ConclusionsPublished, &mut || sec.post(&format!("{conclusions}/publication"), &source));
    let body = json!({"code": "paper", "kind": "factsheet", "title": "A paper", "summary": "Short."});
    log(&mut tables, Event::PublicationRecorded, &mut || sec.post("/api/v1/publications", &body));

    // What is closed: its title, its members, its agenda.
    let entry = log(&mut tables, Event::RoomSeen, &mut || fr.get(&meeting));
    assert_eq!(entry["room"], json!(room));
    for key in ["fr", "sec"] {
        let mut client = world.client(key);
        client.unlock = None;
        let entry = log(&mut tables, Event::AgendaRead, &mut || client.get(&closed));
        assert_eq!(entry["room"], json!(room), "who is admitted was shown to {key}");
        assert_eq!(entry["actor"], json!(world.person(key)));
    }
    let mut inside = made::inside(&mut world, "fr", &room);
    let body = json!({"items": ["One"]});
    let entry = log(&mut tables, Event::ClosedAgendaChanged, &mut || inside.put(&format!("{closed}/agenda"), 0, &body));
    assert_eq!(entry["visit"], json!(inside.visit));
    let entry = log(&mut tables, Event::AgendaRead, &mut || inside.get(&closed));
    assert_eq!(entry["visit"], json!(inside.visit));

    // Asking why, and reading the log.
    let thing = text(&material, "session");
    log(&mut tables, Event::Explained, &mut || fr.get(&format!("/api/v1/explain?thing={thing}")));
    let entry = log(&mut tables, Event::LogRead, &mut || aud.get("/api/v1/audit/entries?limit=7"));
    by(&entry, &world, "aud", "secretariat");
    assert_eq!(entry["count"], 7);
    let entry_id = text(&entry, "id");
    let entry = log(&mut tables, Event::LogRead, &mut || aud.get(&format!("/api/v1/audit/entries/{entry_id}")));
    assert_eq!(entry["thing"], json!({"kind": "entry", "id": entry_id}));

    // Everybody else's readings, and refusals, leave nothing.
    let size = tables.size();
    for path in [
        "/api/v1/me",
        "/api/v1/parties",
        "/api/v1/people",
        "/api/v1/meetings",
        "/api/v1/audit/entries",
        &open,
        &conclusions,
    ] {
        fr.get(path).expect(200);
        assert_eq!(fr.post(path, &json!({})).status / 100, 4);
    }
    assert_eq!(fr.post(&format!("{meeting}/sessions"), &json!({"kind": "open", "title": "Mine"})).status, 403);
    assert_eq!(tables.size(), size);

    // What no test here makes happen: the strangers' below, those of the rooms' and the operator's own tests.
    seen.extend([Event::RefreshReused, Event::SignInFailed, Event::SecondFactorConfirmed, Event::RecoveryCodeUsed]);
    seen.extend([Event::StrangersRefused, Event::OperatorActed, Event::RowsBound, Event::RowFound, Event::LogResumed]);
    seen.extend([Event::EntriesErased, Event::HoldPlaced, Event::HoldLifted, Event::RowRefused, Event::RowsCoded]);
    seen.extend([Event::PasskeyAsked, Event::PasskeyAdded, Event::PasskeyEnded, Event::KeyMade]);
    seen.insert(Event::RecoveryKeyEntered);
    for event in Event::ALL {
        assert!(seen.contains(event) || event.area() == audit::Area::Rooms, "no test makes {event} happen");
    }
    article_25(&mut tables);
});

/// What Article 25 of Directive (EU) 2016/680 asks of every entry.
fn article_25(tables: &mut Tables) {
    for entry in tables.entries(0) {
        let event = Event::parse(entry["event"].as_str().unwrap()).unwrap();
        assert!(entry["at_us"].as_i64().unwrap() > 1_700_000_000_000_000, "{entry}");
        let whom = ["actor", "person", "source"].iter().any(|field| entry[field].is_string());
        assert!(whom || event == Event::OperatorActed, "by or about nobody: {entry}");
        if matches!(event.operation(), Operation::Consultation | Operation::Disclosure) {
            assert!(entry["actor"].is_string(), "who looked? {entry}");
            assert!(entry["thing"].is_object() || event == Event::LogRead, "at what? {entry}");
        }
    }
}

both!(an_entry_is_bounded_and_holds_no_content, |server: TestServer| {
    let mut world = World::new(server);
    // Each text that people type holds the mark, each secret is kept to be looked for.
    const MARK: &str = "zebrafinch";
    let mark = |what: &str| format!("{MARK} {what}");
    let mut secrets: Vec<String> = vec![world::PASSWORD.into()];
    let tokens = world.log_in("fr");
    secrets.extend(["access_token", "refresh_token", "unlock"].map(|name| text(&tokens, name)));
    let mut sec = world.client("sec");
    let source = mark("source");
    let meeting = json!({"kind": "ordinary", "number": 41, "first_day": "2027-05-04", "last_day": "2027-05-05", "way": "video", "place": mark("place"), "topics": [mark("topic")], "source": source});
    let meeting = format!("/api/v1/meetings/{}", text(&sec.post("/api/v1/meetings", &meeting).expect(201), "id"));
    let open = sec.post(&format!("{meeting}/sessions"), &json!({"kind": "open", "title": mark("session")})).expect(201);
    let open = format!("/api/v1/sessions/{}", text(&open, "id"));
    sec.put(&format!("{open}/agenda"), 0, &json!({"items": [mark("item")]}));
    let closed =
        sec.post(&format!("{meeting}/sessions"), &json!({"kind": "closed", "title": mark("closed")})).expect(201);
    let room = text(&closed, "room");
    let closed = format!("/api/v1/sessions/{}", text(&closed, "id"));
    let mut fr = made::inside(&mut world, "fr", &room);
    assert_eq!(fr.put(&format!("{closed}/agenda"), 0, &json!({"items": [mark("closed item")]})).status, 204);
    assert!(fr.get(&closed).text().contains(MARK));
    assert!(fr.get(&meeting).text().contains(MARK));
    let upload = format!("{open}/materials?title={MARK}&file_name={MARK}.txt");
    let words = mark("words");
    let material = sec.send("POST", &upload, &[("content-type", "text/plain")], Some(words.as_bytes())).expect(201);
    assert_eq!(fr.get(&format!("/api/v1/materials/{}/content", text(&material, "id"))).body, words.as_bytes());
    sec.put(&format!("{meeting}/conclusions"), 0, &json!({"words": mark("conclusions")})).expect(200);
    sec.post(&format!("{meeting}/conclusions/adoption"), &json!({"version": 1, "source": source})).expect(201);
    sec.post(&format!("{meeting}/conclusions/publication"), &json!({"source": source})).expect(201);
    let body = json!({"code": "paper", "kind": "factsheet", "title": mark("title"), "summary": mark("summary")});
    sec.post("/api/v1/publications", &body).expect(201);
    let body = json!({"kind": "organisation", "code": "EUAA", "name": mark("party"), "source": source});
    let party = format!("/api/v1/parties/{}", text(&sec.post("/api/v1/parties", &body).expect(201), "id"));
    let person = sec.post(&format!("{party}/people"), &json!({"name": mark("person")})).expect(201);
    let person = format!("/api/v1/people/{}", text(&person, "id"));
    let body = json!({"role": "representative", "source": source});
    let act = text(&sec.post(&format!("{person}/designations"), &body).expect(201), "id");
    let body = json!({"email": format!("{MARK}@test.example")});
    let invitation = text(&sec.post(&format!("{person}/invitation"), &body).expect(201), "token");
    let chosen = format!("seven ember {MARK} 29 lattice");
    let accept = json!({"token": invitation, "password": chosen});
    let enrolled = world.server.client().post("/api/v1/invitations/acceptance", &accept).expect(201);
    secrets.extend([
        invitation,
        chosen.clone(),
        text(&enrolled, "totp_secret"),
        enrolled["recovery_codes"][0].as_str().unwrap().to_owned(),
    ]);
    for password in [chosen.as_str(), "not the password of anybody"] {
        let body = json!({"email": format!("{MARK}@test.example"), "password": password});
        world.server.client().post("/api/v1/session", &body);
    }
    let body = json!({"email": format!("{MARK}@nowhere.example"), "password": "not the password of anybody"});
    assert_eq!(world.server.client().post("/api/v1/session", &body).status, 401);
    let body =
        json!({"kind": "designation", "person_name": mark("proposed"), "role": "contact_point", "source": source});
    let proposal = fr.post(&format!("/api/v1/parties/{}/proposals", world.party("FR")), &body).expect(201);
    let decision = format!("/api/v1/proposals/{}/decision", text(&proposal, "id"));
    sec.post(&decision, &json!({"accept": true, "source": source})).expect(200);
    sec.post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": source})).expect(201);
    sec.post(&format!("{person}/off-boarding"), &json!({"source": source})).expect(201);
    world.server.clock.advance(61);
    world.server.unit(log_strangers);
    fr.get(&format!("/api/v1/explain?thing={}", text(&material, "session"))).expect(200);

    let mut tables = Tables::of(&world.server);
    let rows = tables.rows();
    assert!(rows["audit_entries"].len() > 25);
    for row in &rows["audit_entries"] {
        assert!(!row.to_lowercase().contains(MARK), "{row}");
        assert!(!row.contains("@") && !row.contains("example"), "an address: {row}");
        for secret in &secrets {
            assert!(!row.contains(secret.as_str()), "a secret: {row}");
        }
    }
    let longest = tables.number("SELECT CAST(MAX(length(payload)) AS BIGINT) AS number FROM audit_entries");
    assert!(longest <= 1024, "{longest} characters; 4096 are the most that an entry can have");
    // The mark was there to be found.
    assert!(rows["meeting_topics"].iter().any(|row| row.contains(MARK)));
});
both!(strangers_are_counted_by_source_and_minute, |server: TestServer| {
    let world = World::new(server);
    let mut tables = Tables::of(&world.server);
    let mut client = world.server.client();
    let size = tables.size();
    // To the beginning of a minute, so that those of one minute stay in it.
    let seconds = world.server.ctx().now.seconds();
    world.server.clock.advance(61 - seconds.rem_euclid(60));
    let first = world.server.ctx().now.minute();
    let mut tries = |count: usize| {
        for number in 0..count {
            let body =
                json!({"email": format!("nobody{number}@test.example"), "password": "not the password of anybody"});
            assert_eq!(client.post("/api/v1/session", &body).status, 401);
        }
    };
    tries(5);
    world.server.unit(log_strangers);
    assert_eq!(tables.size(), size, "the minute is not over");
    world.server.clock.advance(60);
    tries(3);
    world.server.clock.advance(60);
    world.server.unit(log_strangers);
    let number = |entry: &Value, field: &str| entry[field].as_i64().unwrap();
    let counts: Vec<(i64, i64)> =
        tables.entries(size).iter().map(|entry| (number(entry, "minute"), number(entry, "count"))).collect();
    assert_eq!(counts, [(first, 5), (first + 1, 3)], "one entry for each minute, which it names");
    for entry in tables.entries(size) {
        assert_eq!((&entry["event"], &entry["source"]), (&json!("strangers_refused"), &json!("127.0.0.0/24")));
        assert!(entry["actor"].is_null() && entry["person"].is_null());
    }
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM stranger_noise"), 0);
    world.server.unit(log_strangers);
    assert_eq!(tables.entries(size).len(), 2, "each is told once");

    // A flood from everywhere: the loudest are named, the rest summed up; the log does not grow with it.
    let minute = world.server.ctx().now.minute() - 1;
    for source in 0..300 {
        tables.execute(&format!(
            "INSERT INTO stranger_noise (minute, source, failures) VALUES ({minute}, '10.{source}.0.0/24', {})",
            1000 - source
        ));
    }
    let size = tables.size();
    world.server.unit(log_strangers);
    let entries = tables.entries(size);
    assert_eq!(entries.len(), 21);
    assert_eq!((&entries[0]["source"], &entries[0]["count"]), (&json!("10.0.0.0/24"), &json!(1000)));
    let total: i64 = entries.iter().map(|entry| entry["count"].as_i64().unwrap()).sum();
    assert_eq!(total, (0..300).map(|source| 1000 - source).sum::<i64>());
    assert_eq!(entries[20]["source"], "others");
});
