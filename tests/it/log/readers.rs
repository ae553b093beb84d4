//! Who reads which entries.

use incamera::audit::{self, Entry, Event};
use incamera::ids::{NoteId, PersonId, RoomId};
use incamera::rooms::opening::{self, RoomKind};
use serde_json::{Value, json};

use crate::both;
use crate::support::made::{self, text};
use crate::support::{Client, Tables, TestServer, World};

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
        let admitted = [(&fr, "made for a test")];
        let room = opening::open_room(work, Some(&fr), RoomKind::CaseFile, "A case file", &admitted)?;
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
                    // What was administered of the own State, and who read its fiches in the register, is told too.
                    _ => {
                        of_mine
                            && (administrative(entry)
                                || entry["event"] == "cases_listed"
                                || entry["room"] == session
                                || (entry["room"] == case && key == "fr"))
                    }
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
            let own = entry["actor"] == person;
            let fields = entry.as_object_mut().unwrap();
            fields.remove("rows");
            fields.remove("seq");
            // By whose log-in and visit others did it is for the auditor alone.
            if !own {
                fields.remove("sign_in");
                fields.remove("visit");
            }
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
