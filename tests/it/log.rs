//! The log: one entry for each change and each disclosure, none without, never a word of content; and what
//! happens when it cannot be written, or was tampered with.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use incamera::audit::{self, Entry, Event, Operation};
use incamera::identity::service::log_strangers;
use incamera::ids::{NoteId, PersonId, RoomId};
use incamera::rooms::opening::{self, Reach, RoomKind};
use serde_json::{Value, json};

use crate::both;
use crate::support::made::{self, text};
use crate::support::tables::nothing_lost;
use crate::support::{Client, Reply, Tables, TestServer, World, world};

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
    let address = json!({"email": "no@elsewhere.example"});
    let entry = log(&mut tables, Event::Invited, &mut || {
        let reply = sec.post(&format!("{}/invitation", path(&world, "no")), &address);
        invitation = reply.json();
        reply
    });
    by(&entry, &world, "sec", "secretariat");
    let accept = json!({"token": invitation["token"], "password": "seven ember glacier 29 lattice"});
    let mut enrolled = Value::Null;
    let entry = log(&mut tables, Event::AccountOpened, &mut || {
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
    log(&mut tables, Event::MeetingChanged, &mut || sec.send_put(&meeting, &body));
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
    log(&mut tables, Event::AgendaChanged, &mut || sec.send_put(&format!("{open}/agenda"), &body));
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
    let entry =
        log(&mut tables, Event::ClosedAgendaChanged, &mut || inside.send_put(&format!("{closed}/agenda"), &body));
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
    seen.extend([Event::StrangersRefused, Event::OperatorActed]);
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
    sec.send_put(&format!("{open}/agenda"), &json!({"items": [mark("item")]}));
    let closed =
        sec.post(&format!("{meeting}/sessions"), &json!({"kind": "closed", "title": mark("closed")})).expect(201);
    let room = text(&closed, "room");
    let closed = format!("/api/v1/sessions/{}", text(&closed, "id"));
    let mut fr = made::inside(&mut world, "fr", &room);
    assert_eq!(fr.send_put(&format!("{closed}/agenda"), &json!({"items": [mark("closed item")]})).status, 204);
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
    world.server.operate(log_strangers);
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

/// What of the log a person reads.
fn read(client: &mut Client) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/audit/entries?limit=200{cursor}")).expect(200);
        entries.extend(page["items"].as_array().unwrap().iter().map(|one| one["entry"].clone()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

both!(everyone_reads_what_concerns_them, |server: TestServer| {
    let mut world = World::new(server);
    let people: Vec<String> = world.people().map(ToOwned::to_owned).collect();
    for key in &people {
        world.client(key);
    }
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &["UA"]);
    let material = made::material(&mut world, &open, "Paper", "words");
    for key in ["fr", "assoc"] {
        assert_eq!(world.client(key).get(&format!("/api/v1/materials/{material}/content")).status, 200);
    }
    // Who read whose note, in the closed session's room and in that of a case file of FR's: as the rooms log it.
    let session_room = RoomId::parse(&text(&closed, "room")).unwrap();
    let (fr, de, se) = (world.person("fr"), world.person("de"), world.person("se"));
    let parties = ["FR", "DE", "UA"].map(|key| world.party(key));
    let noted: Vec<PersonId> = vec![de.clone(), se];
    let in_session = session_room.clone();
    let case_room = world.server.operate(move |work| {
        let room = opening::open_room(work, Some(&fr), RoomKind::CaseFile, "A case file")?;
        opening::admit(work, Some(&fr), &room, &fr, Reach::Whole, "made for a test")?;
        for (person, party) in noted.iter().zip(&parties) {
            let note = NoteId::new(work)?;
            work.log(
                Entry::new(Event::NoteRead)
                    .by_person(person)
                    .on("note", &note)
                    .in_room(&in_session)
                    .owned_by(Some(party)),
            );
        }
        let note = NoteId::new(work)?;
        work.log(
            Entry::new(Event::NoteRead).by_person(&de).on("note", &note).in_room(&room).owned_by(Some(&parties[0])),
        );
        Ok(room)
    });

    let all = read(&mut world.client("aud"));
    let administrative = |entry: &Value| {
        let area = Event::parse(entry["event"].as_str().unwrap()).unwrap().area();
        matches!(area, audit::Area::Administration | audit::Area::Identity)
    };
    let mut tables = Tables::of(&world.server);
    for key in &people {
        let person = json!(world.person(key));
        let mut client = world.client(key);
        let size = tables.size();
        let entries = read(&mut client);
        let (session, case) = (json!(session_room), json!(case_room));
        let state = match key.as_str() {
            "fr" | "fr2" => Some("FR"),
            "de" => Some("DE"),
            "se" => Some("SE"),
            "ua" => Some("UA"),
            _ => None,
        };
        let expected: Vec<&Value> = all
            .iter()
            .filter(|entry| {
                let of_mine = state.is_some_and(|state| entry["owner_party"] == json!(world.party(state)));
                match key.as_str() {
                    "aud" => true,
                    _ if entry["actor"] == person => true,
                    "sec" | "sec2" => administrative(entry),
                    // Admitted to the session's room; to the case file's only its opener.
                    _ => of_mine && (entry["room"] == session || (entry["room"] == case && key == "fr")),
                }
            })
            .collect();
        // Others are not told places: the gaps would tell how much others do.
        let mut shown: Vec<Value> = expected.into_iter().cloned().collect();
        if key == "aud" {
            // Its own readings were entries meanwhile.
            assert_eq!(entries.len() - shown.len(), usize::try_from(size).unwrap() - all.len());
            assert!(entries.iter().all(|entry| entry["seq"].is_i64()));
            assert!(tables.size() > size);
            continue;
        }
        assert_eq!(tables.size(), size, "{key}'s reading is no entry");
        for entry in &mut shown {
            entry.as_object_mut().unwrap().remove("seq");
        }
        assert_eq!(entries, shown, "{key}");
        assert!(shown.len() > 1, "{key}");
        // A look agrees with the list: those it leaves out are not there.
        let absent = client.get("/api/v1/audit/entries/3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11").normalized();
        for entry in &all {
            let reply = client.get(&format!("/api/v1/audit/entries/{}", text(entry, "id")));
            if shown.iter().any(|one| one["id"] == entry["id"]) {
                assert_eq!(reply.expect(200)["seq"], Value::Null);
            } else {
                assert_eq!(reply.normalized(), absent, "{key} {entry}");
            }
        }
    }
    assert_eq!(world.server.client().get("/api/v1/audit/entries").status, 401);
});

both!(the_list_can_be_narrowed, |server: TestServer| {
    let mut world = World::new(server);
    world.client("fr");
    let meeting = made::meeting(&mut world, 36);
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &[]);
    let mut aud = world.client("aud");
    let fr = world.person("fr");
    let sec = world.person("sec");
    let ask = |aud: &mut Client, query: &str| {
        aud.get(&format!("/api/v1/audit/entries?{query}")).expect(200)["items"].as_array().unwrap().clone()
    };
    let events =
        |entries: &[Value]| -> Vec<String> { entries.iter().map(|one| text(&one["entry"], "event")).collect() };
    assert_eq!(events(&ask(&mut aud, "event=meeting_convened")), ["meeting_convened"]);
    assert_eq!(events(&ask(&mut aud, &format!("thing={meeting}"))), ["meeting_convened"]);
    assert_eq!(events(&ask(&mut aud, &format!("room={}", text(&closed, "room")))), ["session_added"]);
    assert_eq!(events(&ask(&mut aud, &format!("actor={fr}"))), ["signed_in", "second_factor_confirmed"]);
    assert_eq!(events(&ask(&mut aud, &format!("actor={sec}&event=session_added"))), ["session_added"]);
    assert_eq!(events(&ask(&mut aud, "event=note_read")), Vec::<String>::new());
    let later = world.server.ctx().now.plus_seconds(1).rfc3339();
    assert!(ask(&mut aud, &format!("from={later}")).is_empty());
    assert!(ask(&mut aud, &format!("until={later}")).len() > 5);
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
    world.server.operate(log_strangers);
    assert_eq!(tables.size(), size, "the minute is not over");
    world.server.clock.advance(60);
    tries(3);
    world.server.clock.advance(60);
    world.server.operate(log_strangers);
    let number = |entry: &Value, field: &str| entry[field].as_i64().unwrap();
    let counts: Vec<(i64, i64)> =
        tables.entries(size).iter().map(|entry| (number(entry, "minute"), number(entry, "count"))).collect();
    assert_eq!(counts, [(first, 5), (first + 1, 3)], "one entry for each minute, which it names");
    for entry in tables.entries(size) {
        assert_eq!((&entry["event"], &entry["source"]), (&json!("strangers_refused"), &json!("127.0.0.0/24")));
        assert!(entry["actor"].is_null() && entry["person"].is_null());
    }
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM stranger_noise"), 0);
    world.server.operate(log_strangers);
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
    world.server.operate(log_strangers);
    let entries = tables.entries(size);
    assert_eq!(entries.len(), 21);
    assert_eq!((&entries[0]["source"], &entries[0]["count"]), (&json!("10.0.0.0/24"), &json!(1000)));
    let total: i64 = entries.iter().map(|entry| entry["count"].as_i64().unwrap()).sum();
    assert_eq!(total, (0..300).map(|source| 1000 - source).sum::<i64>());
    assert_eq!(entries[20]["source"], "others");
});

/// Ways in which the log stops being writable, with what makes it so and what repairs it.
fn breakages(server: &TestServer) -> Vec<(&'static str, &'static str, &'static str)> {
    let refuse = match server.kind {
        crate::support::database::Kind::Sqlite => (
            "entries are refused",
            "CREATE TRIGGER full BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
            "DROP TRIGGER full",
        ),
        crate::support::database::Kind::Postgres => (
            "entries are refused",
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION no()",
            "DROP TRIGGER full_disk ON audit_entries; DROP FUNCTION no()",
        ),
    };
    vec![
        refuse,
        (
            "the entries are gone",
            "ALTER TABLE audit_entries RENAME TO elsewhere",
            "ALTER TABLE elsewhere RENAME TO audit_entries",
        ),
        (
            "the head is gone",
            "ALTER TABLE audit_head RENAME TO elsewhere",
            "ALTER TABLE elsewhere RENAME TO audit_head",
        ),
        (
            "the head is empty",
            "CREATE TABLE kept AS SELECT * FROM audit_head; DELETE FROM audit_head",
            "INSERT INTO audit_head SELECT * FROM kept; DROP TABLE kept",
        ),
    ]
}

both!(without_a_log_nothing_is_done_and_nothing_disclosed, |server: TestServer| {
    const SECRET: &str = "zebrafinch";
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(&mut world, &meeting, "closed", &format!("{SECRET} title"), &[]);
    let material = made::material(&mut world, &open, "Paper", &format!("{SECRET} words"));
    let mut fr = made::inside(&mut world, "fr", &text(&closed, "room"));
    let closed = text(&closed, "id");
    let agenda = format!("/api/v1/sessions/{closed}/agenda");
    assert_eq!(fr.send_put(&agenda, &json!({"items": [format!("{SECRET} item")]})).status, 204);
    let (mut sec, mut aud, mut se) = (world.client("sec"), world.client("aud"), world.client("se"));
    let reads = [
        format!("/api/v1/materials/{material}/content"),
        format!("/api/v1/sessions/{closed}"),
        format!("/api/v1/meetings/{meeting}"),
        format!("/api/v1/explain?thing={open}"),
    ];
    let code = world.code("de");
    let log_in = json!({"email": World::email("de"), "password": world::PASSWORD, "code": code});
    let stranger = json!({"email": "nobody@test.example", "password": world::PASSWORD});
    let convene = json!({"kind": "ordinary", "number": 77, "first_day": "2027-05-04", "last_day": "2027-05-05", "way": "video", "source": SOURCE});
    let off_board = format!("/api/v1/people/{}/off-boarding", world.person("se"));

    for (what, breaks, repairs) in breakages(&world.server) {
        let mut tables = Tables::of(&world.server);
        let before = tables.rows();
        tables.execute(breaks);
        let refuse = |reply: Reply, of: &str| {
            assert_eq!(reply.status, 503, "{what}: {of}: {}", reply.text());
            assert_eq!(reply.json()["type"], "urn:incamera:problem:log-unavailable");
            assert!(reply.headers.contains_key("retry-after"));
            assert!(!String::from_utf8_lossy(&reply.body).contains(SECRET), "{what}: {of}");
        };
        for path in &reads {
            refuse(fr.get(path), path);
        }
        if !what.starts_with("the entries") {
            refuse(aud.get("/api/v1/audit/entries"), "the auditor's reading");
        }
        let mut anyone = world.server.client();
        refuse(anyone.post("/api/v1/session", &log_in), "a log-in");
        refuse(sec.post("/api/v1/meetings", &convene), "convening");
        refuse(sec.post(&off_board, &json!({"source": SOURCE})), "off-boarding");
        refuse(fr.send_put(&agenda, &json!({"items": ["Other"]})), "an agenda");
        refuse(se.delete("/api/v1/session"), "logging out");
        if what.starts_with("the head") {
            refuse(anyone.post("/api/v1/session", &stranger), "a stranger's count");
            refuse(anyone.get("/readyz"), "readiness");
        }
        // What is no entry is still answered.
        fr.get("/api/v1/me").expect(200);
        anyone.get("/api/v1/meetings").expect(200);
        assert_eq!(anyone.get("/healthz").status, 200);

        tables.execute(repairs);
        let after = tables.rows();
        for (table, rows) in &before {
            if table != "stranger_noise" {
                assert_eq!(&after[table], rows, "{what}: {table}");
            }
        }
        // And it serves again, at once.
        assert_eq!(anyone.get("/readyz").status, 200, "{what}");
        let size = tables.size();
        for path in &reads {
            assert_eq!(fr.get(path).status, 200, "{what}: {path}");
        }
        aud.get("/api/v1/audit/entries").expect(200);
        assert_eq!(tables.size(), size + 5, "{what}");
        nothing_lost(&before, &tables.rows());
    }
    sec.post("/api/v1/meetings", &convene).expect(201);
    world.server.client().post("/api/v1/session", &log_in).expect(200);
});

// Somebody else holds the database for longer than the server waits.
both!(a_database_that_is_held_is_no_log, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let material = made::material(&mut world, &open, "Paper", "zebrafinch");
    let mut fr = world.client("fr");
    let path = format!("/api/v1/materials/{material}/content");
    let mut tables = Tables::of(&world.server);
    let size = tables.size();
    tables.execute("BEGIN");
    tables.execute("UPDATE audit_head SET size = size");
    let reply = fr.get(&path);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(!reply.text().contains("zebrafinch"));
    tables.execute("ROLLBACK");
    assert_eq!(fr.get(&path).status, 200);
    assert_eq!(tables.size(), size + 1);
});

both!(tampering_is_noticed, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &[]);
    let body = json!({"name": "Other name", "source": SOURCE});
    world.client("sec").post(&format!("/api/v1/parties/{}/names", world.party("FR")), &body).expect(201);
    world.client("fr").get(&format!("/api/v1/sessions/{}", text(&closed, "id"))).expect(200);
    let mut tables = Tables::of(&world.server);
    let (size, _) = audit::verify(tables.conn(), &mut |_| {}).expect("the log is whole");
    assert_eq!(size, tables.size());
    assert!(size > 5);
    let at = |event: &str| format!("(SELECT MAX(seq) FROM audit_entries WHERE event = '{event}')");
    let (named, seen) = (at("act_recorded"), at("agenda_read"));
    let nobody = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
    let last = size - 1;

    let tamperings = [
        ("a payload", format!("UPDATE audit_entries SET payload = replace(payload, 'agenda_read', 'agenda_raed') WHERE seq = {seen}")),
        ("a payload's end", "UPDATE audit_entries SET payload = payload || ' ' WHERE seq = 2".into()),
        ("who", format!("UPDATE audit_entries SET actor_id = '{nobody}' WHERE seq = {seen}")),
        ("nobody", format!("UPDATE audit_entries SET actor_id = NULL WHERE seq = {seen}")),
        ("when", "UPDATE audit_entries SET at_us = at_us + 1 WHERE seq = 3".into()),
        ("the minute", "UPDATE audit_entries SET minute = minute + 1 WHERE seq = 3".into()),
        ("what", format!("UPDATE audit_entries SET event = 'note_read' WHERE seq = {seen}")),
        ("whose business", format!("UPDATE audit_entries SET area = 'audit' WHERE seq = {named}")),
        ("no business", format!("UPDATE audit_entries SET area = NULL WHERE seq = {named}")),
        ("whose", format!("UPDATE audit_entries SET owner_party = '{nobody}' WHERE seq = {named}")),
        ("nobody's", format!("UPDATE audit_entries SET owner_party = NULL WHERE seq = {named}")),
        ("somebody's", format!("UPDATE audit_entries SET owner_party = '{nobody}' WHERE seq = {seen}")),
        ("the room", format!("UPDATE audit_entries SET room_id = '{nobody}' WHERE seq = {seen}")),
        ("no room", format!("UPDATE audit_entries SET room_id = NULL WHERE seq = {seen}")),
        ("the thing", format!("UPDATE audit_entries SET thing_id = '{nobody}' WHERE seq = {seen}")),
        ("the id", format!("UPDATE audit_entries SET id = '{nobody}' WHERE seq = 3")),
        ("the salt", "UPDATE audit_entries SET salt = (SELECT salt FROM audit_entries WHERE seq = 2) WHERE seq = 3".into()),
        ("the commitment", "UPDATE audit_entries SET commitment = (SELECT commitment FROM audit_entries WHERE seq = 2) WHERE seq = 3".into()),
        ("all of an entry but its place", "UPDATE audit_entries SET payload = (SELECT payload FROM audit_entries WHERE seq = 2), salt = (SELECT salt FROM audit_entries WHERE seq = 2), commitment = (SELECT commitment FROM audit_entries WHERE seq = 2) WHERE seq = 3".into()),
        ("half an erasure", "UPDATE audit_entries SET payload = NULL, salt = NULL WHERE seq = 3".into()),
        ("a deletion", "DELETE FROM audit_entries WHERE seq = 3".into()),
        ("the first's deletion", "DELETE FROM audit_entries WHERE seq = 0".into()),
        ("the last's deletion", format!("DELETE FROM audit_entries WHERE seq = {last}")),
        ("places swapped", format!("UPDATE audit_entries SET seq = {size} WHERE seq = 2; UPDATE audit_entries SET seq = 2 WHERE seq = 3; UPDATE audit_entries SET seq = 3 WHERE seq = {size}")),
        ("a place moved", format!("UPDATE audit_entries SET seq = {} WHERE seq = {last}", size + 5)),
        ("a head too high", "UPDATE audit_head SET size = size + 1".into()),
        ("a head too low", "UPDATE audit_head SET size = size - 1".into()),
        ("a head of nothing", "UPDATE audit_head SET size = 0".into()),
    ];
    for (what, statements) in tamperings {
        tables.execute("BEGIN");
        tables.execute(&statements);
        let found = audit::verify(tables.conn(), &mut |_| {});
        tables.execute("ROLLBACK");
        assert!(found.is_err(), "{what} was not noticed");
    }
    // A whole erasure is lawful, and counted.
    tables.execute("BEGIN");
    tables.execute("UPDATE audit_entries SET payload = NULL, salt = NULL, at_us = NULL, event = NULL, area = NULL, actor_id = NULL, owner_party = NULL, room_id = NULL, thing_id = NULL WHERE seq = 3");
    assert_eq!(audit::verify(tables.conn(), &mut |_| {}).expect("an erasure"), (size, 1));
    tables.execute("ROLLBACK");
    audit::verify(tables.conn(), &mut |_| {}).expect("the log is whole");
});

/// Commits in the write-ahead log of SQLite: its frames that end one.
fn wal_commits(world: &World) -> usize {
    let bytes = std::fs::read(world.server.folder.path().join("test.db-wal")).unwrap();
    if bytes.is_empty() {
        return 0;
    }
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let page = usize::try_from(word(8)).unwrap();
    (32..bytes.len())
        .step_by(24 + page)
        .take_while(|at| at + 24 + page <= bytes.len() && (word(at + 8), word(at + 12)) == (word(16), word(20)))
        .filter(|at| word(at + 4) != 0)
        .count()
}

both!(waiting_reads_share_a_commit, |server: TestServer| {
    const READERS: usize = 64;
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let material = made::material(&mut world, &open, "Paper", "words");
    let path = format!("/api/v1/materials/{material}/content");
    let fr = world.client("fr");
    let mut clients: Vec<Client> = (0..READERS).map(|_| fr.again()).collect();
    for client in &mut clients {
        client.get("/api/v1/me").expect(200);
    }
    let sqlite = world.server.kind == crate::support::database::Kind::Sqlite;
    let mut tables = Tables::of(&world.server);
    if sqlite {
        tables.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        assert_eq!(wal_commits(&world), 0);
    }
    let (size, before) = (tables.size(), world.server.db.counters());

    // The disk is slow: a commit is under way while all the others come.
    let (begun, held) = (mpsc::channel(), mpsc::channel::<()>());
    let db = world.server.db.clone();
    let slow = std::thread::spawn(move || {
        db.write_blocking(move |_| {
            begun.0.send(()).unwrap();
            drop(held.1.recv());
            Ok(())
        })
        .unwrap();
    });
    begun.1.recv().unwrap();
    let readers: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let path = path.clone();
            std::thread::spawn(move || assert_eq!(client.get(&path).body, b"words"))
        })
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    assert!(readers.iter().all(|reader| !reader.is_finished()), "an answer left before its entry was durable");
    assert_eq!(tables.size(), size);
    held.0.send(()).unwrap();
    slow.join().unwrap();
    for reader in readers {
        reader.join().unwrap();
    }

    let after = world.server.db.counters();
    let (commits, entries) = (after.commits - before.commits, after.entries - before.entries);
    println!("{entries} entries in {commits} commits");
    assert_eq!(entries, u64::try_from(READERS).unwrap());
    assert_eq!(tables.size(), size + i64::try_from(READERS).unwrap(), "each read has its entry");
    assert!(entries >= 4 * commits, "{entries} entries in {commits} commits");
    if sqlite {
        assert_eq!(u64::try_from(wal_commits(&world)).unwrap(), commits, "the count is true");
    }
});
