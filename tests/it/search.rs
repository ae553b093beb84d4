//! Searching inside a room: whoever searches finds what the list of notes shows and not a note more, and nothing
//! tells afterwards what was looked for.

use serde_json::{Value, json};

use crate::both;
use crate::support::browser::form;
use crate::support::database::Kind;
use crate::support::html;
use crate::support::process::Process;
use crate::support::scene::{inside, note, scene};
use crate::support::world::OUTSIDERS;
use crate::support::{Client, Tables, TestServer, World};

/// The titles of what is found, from the first answer to the last; and how often it stopped early.
fn found(client: &mut Client, path: &str, body: &Value) -> (Vec<String>, usize) {
    let (mut titles, mut body, mut stops) = (Vec::new(), body.clone(), 0);
    loop {
        let answer = client.post(path, &body).expect(200);
        titles.extend(titles_of(&answer));
        assert_eq!(answer["complete"], json!(answer["next"].is_null()), "{answer}");
        if answer["complete"] == json!(true) {
            return (titles, stops);
        }
        stops += 1;
        assert!(stops < 100, "it gets on");
        body["cursor"] = answer["next"].clone();
    }
}

fn titles_of(answer: &Value) -> Vec<String> {
    answer["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect()
}

both!(a_search_finds_what_the_list_shows, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let room = format!("/api/v1/rooms/{}", scene.room);
    let (notes, search) = (format!("{room}/notes"), format!("{room}/search"));
    let mut fr = inside(&mut world, "fr", &scene.room);
    let mut de = inside(&mut world, "de", &scene.room);
    let mut ua = inside(&mut world, "ua", &scene.room);
    let first = fr.post(&notes, &note("first", "common, Witness K")).expect(201);
    let first = format!("{notes}/{}", first["id"].as_str().unwrap());
    fr.put(&first, 1, &note("second", "common, redacted")).expect(200);
    ua.post(&notes, &note("ours", "common")).expect(201);
    let late = world.add("late", "DE", incamera::network::model::Role::ContactPoint);
    world.enrol(&["late"]);
    fr.post(&format!("{room}/admissions"), &json!({"person": late, "reach": "onward"})).expect(201);
    de.post(&notes, &note("of DE", "common")).expect(201);
    let mut late = inside(&mut world, "late", &scene.room);

    let all = json!({"q": "common"});
    let same = |who: &mut Client, titles: &[&str]| {
        let list = titles_of(&who.get(&notes).expect(200));
        assert_eq!(list, titles, "the list");
        assert_eq!(found(who, &search, &all).0, titles, "the search");
    };
    same(&mut de, &["of DE", "ours", "second"]);
    same(&mut ua, &["ours"]);
    same(&mut late, &["of DE"]);
    // A release opens one version to the counterpart, and no other is looked at for it.
    let release = json!({"party": world.party("UA"), "version": 2});
    let act = fr.post(&format!("{first}/releases"), &release).expect(201)["act"].as_str().unwrap().to_owned();
    fr.put(&first, 2, &note("third", "common, Witness L")).expect(200);
    same(&mut ua, &["ours", "second"]);
    same(&mut de, &["of DE", "ours", "third"]);
    for (words, titles) in [("redacted", &["second"][..]), ("witness", &[]), ("third", &[])] {
        assert_eq!(found(&mut ua, &search, &json!({"q": words})).0, titles, "{words}");
    }
    assert_eq!(found(&mut de, &search, &json!({"q": "redacted"})).0, [""; 0], "an older version");
    // So do the names of files, of the version that the asker reads.
    fr.send_file(&format!("{first}/files"), 3, "Déposition 4.pdf", b"x").expect(201);
    let by_name = json!({"q": "deposition common"});
    assert_eq!(found(&mut de, &search, &by_name).0, ["third"]);
    assert_eq!(de.post(&search, &json!({"q": "deposition"})).expect(200)["items"][0]["excerpt"], "Déposition 4.pdf");
    assert_eq!(found(&mut ua, &search, &by_name).0, [""; 0]);
    let line = ua.post(&search, &json!({"q": "redacted"})).expect(200)["items"][0].clone();
    let listed = ua.get(&notes).expect(200)["items"][1].clone();
    for (name, value) in listed.as_object().unwrap() {
        assert_eq!(line[name], *value, "{name}");
    }
    assert_eq!(line["excerpt"], "common, redacted");
    assert_eq!(fr.delete(&format!("{first}/releases/{act}")).status, 204);
    same(&mut ua, &["ours"]);
});

both!(a_search_is_refused_as_the_list_is, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let room = format!("/api/v1/rooms/{}", scene.room);
    let (notes, search) = (format!("{room}/notes"), format!("{room}/search"));
    let nowhere = "/api/v1/rooms/00000000-0000-4000-8000-000000000000/search";
    let body = json!({"q": "x"});
    inside(&mut world, "fr", &scene.room).post(&notes, &note("x", "x")).expect(201);
    // Organisations, the auditor, and a counterpart of a State that was not admitted.
    for key in OUTSIDERS.into_iter().chain(["no"]) {
        let mut client = world.client(key);
        let absent = client.post(nowhere, &body).normalized();
        assert_eq!(absent.0, 404);
        assert_eq!(client.post(&search, &body).normalized(), absent, "{key}");
    }
    // An officer knows of a session's room, and of a case file's not even that.
    assert_eq!(world.client("sec").post(&search, &body).status, 403);
    let case =
        world.client("fr").post("/api/v1/cases", &json!({"fiche": crate::support::scene::fiche("C")})).expect(201);
    let of_case = format!("/api/v1/rooms/{}/search", case["room"].as_str().unwrap());
    for key in ["sec", "de", "assoc"] {
        let mut client = world.client(key);
        let absent = client.post(nowhere, &body).normalized();
        assert_eq!(client.post(&of_case, &body).normalized(), absent, "{key}");
    }
    let mut bare = world.client_without_second_factor("fr");
    assert_eq!(bare.post(&search, &body).json()["type"], "urn:incamera:problem:second-factor-needed");
    let mut client = world.client("fr");
    assert_eq!(client.post(&search, &body).json()["type"], "urn:incamera:problem:visit-needed");
    let mut locked = inside(&mut world, "fr", &scene.room);
    locked.unlock = None;
    assert_eq!(locked.post(&search, &body).json()["type"], "urn:incamera:problem:unlock-needed");
    // By its address alone nothing is searched.
    let mut fr = inside(&mut world, "fr", &scene.room);
    assert!(matches!(fr.get(&format!("{search}?q=x")).status, 404 | 405));
    assert_eq!(fr.post(&format!("{search}?q=x"), &body).status, 422);
});

both!(words_are_found_however_they_are_typed, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let room = format!("/api/v1/rooms/{}", scene.room);
    let (notes, search) = (format!("{room}/notes"), format!("{room}/search"));
    let mut fr = inside(&mut world, "fr", &scene.room);
    let mut de = inside(&mut world, "de", &scene.room);
    for (title, text) in [("Enquête", "L’aveu du témoin à Łódź"), ("Straße", "100% sûr_de (a|b)+ [x] \\ ' \" <b>&")]
    {
        fr.post(&notes, &note(title, text)).expect(201);
    }
    let h3 = json!({"title": "Press", "text": "x", "handling": ["H3"], "handling_text": "Nicht für Zürich"});
    de.post(&notes, &h3).expect(201);
    for (words, titles) in [
        ("ENQUETE temoin", &["Enquête"][..]),
        ("lodz l'aveu", &["Enquête"]),
        ("enque\u{302}te", &["Enquête"]),
        ("temoin strasse", &[]),
        ("strasse", &["Straße"]),
        ("100%", &["Straße"]),
        ("%", &["Straße"]),
        ("_", &["Straße"]),
        ("(a|b)+", &["Straße"]),
        ("a|c", &[]),
        (".*", &[]),
        ("' \" \\", &["Straße"]),
        ("<b>&", &["Straße"]),
        ("'; DROP TABLE notes; --", &[]),
        ("zurich", &["Press"]),
    ] {
        assert_eq!(found(&mut fr, &search, &json!({"q": words})).0, titles, "{words}");
    }
    let handling = fr.post(&search, &json!({"q": "ZÜRICH"})).expect(200)["items"][0]["excerpt"].clone();
    assert_eq!(handling, "Nicht für Zürich");
    // Only some of the notes: whose, by whom, when.
    let now = world.server.ctx().now;
    let (before, after) = (now.plus_seconds(-3600).rfc3339(), now.plus_seconds(3600).rfc3339());
    let by = |name: &str, value: Value| json!({"q": "e", name: value});
    for (body, number) in [
        (json!({"q": "e"}), 3),
        (by("party", json!(world.party("DE"))), 1),
        (by("party", json!(world.party("SE"))), 0),
        (by("author", json!(world.person("fr"))), 2),
        (by("author", json!(world.person("fr2"))), 0),
        (by("from", json!(before)), 3),
        (by("from", json!(after)), 0),
        (by("to", json!(after)), 3),
        (by("to", json!(before)), 0),
    ] {
        assert_eq!(found(&mut fr, &search, &body).0.len(), number, "{body}");
    }

    let long = "x".repeat(10_240);
    for (field, body) in [
        ("q", json!({"q": long})),
        ("q", json!({"q": " "})),
        ("q", json!({})),
        ("q", json!({"q": "a\u{0}"})),
        ("author", json!({"q": "x", "author": "fr"})),
        ("to", json!({"q": "x", "from": after, "to": before})),
        ("cursor", json!({"q": "x", "cursor": "AAAA"})),
        ("text", json!({"q": "x", "text": "x"})),
    ] {
        let refused = fr.post(&search, &body);
        assert_eq!((refused.status, &refused.json()["fields"][0]["field"]), (422, &json!(field)), "{field}");
        assert!(!refused.text().contains("xxxx"), "what was looked for is not sent back");
    }
    // The list's own cursor is another list's here.
    let cursor = fr.get(&format!("{notes}?limit=1")).expect(200)["next"].clone();
    assert_eq!(fr.post(&search, &json!({"q": "x", "cursor": cursor})).status, 422);
});

fn stops_early(kind: Kind, settings: &[(&str, &str)], size: usize, one_at_a_time: bool) {
    let mut world = World::new(TestServer::start_with(kind, settings));
    let scene = scene(&mut world);
    let room = format!("/api/v1/rooms/{}", scene.room);
    let (notes, search) = (format!("{room}/notes"), format!("{room}/search"));
    let mut fr = inside(&mut world, "fr", &scene.room);
    let filling = "é ".repeat(size);
    let mut titles = Vec::new();
    for number in 0..7 {
        let words = if number % 3 == 0 { "needle" } else { "hay" };
        fr.post(&notes, &note(&format!("{number} {words}"), &filling)).expect(201);
        titles.insert(0, format!("{number} {words}"));
    }
    titles.retain(|title| title.contains("needle"));
    let (seen, stops) = found(&mut fr, &search, &json!({"q": "needle"}));
    assert_eq!(seen, titles, "going on finds the rest, each once");
    assert!(stops >= 2, "it stopped {stops} times");
    if one_at_a_time {
        let first = fr.post(&search, &json!({"q": "nowhere"})).expect(200);
        assert_eq!(
            (&first["items"], &first["complete"]),
            (&json!([]), &json!(false)),
            "nothing found, and not at the end"
        );
    }
    // What a filter leaves out is not opened, and so costs nothing of the notes.
    if size == 1 {
        let none = json!({"q": "needle", "author": world.person("de")});
        assert_eq!(fr.post(&search, &none).expect(200)["complete"], true);
    }
}

#[test]
fn a_search_stops_after_so_many_notes() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        stops_early(kind, &[("INCAMERA_ROOMS__SEARCH_NOTES", "3")], 1, true);
    }
}

#[test]
fn a_search_stops_after_so_long() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        stops_early(kind, &[("INCAMERA_ROOMS__SEARCH_MILLISECONDS", "1")], 29_000, true);
    }
}

both!(an_answer_holds_fifty_notes, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let room = format!("/api/v1/rooms/{}", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    for number in 0..53 {
        fr.post(&format!("{room}/notes"), &note(&format!("{number}"), "needle")).expect(201);
    }
    let first = fr.post(&format!("{room}/search"), &json!({"q": "needle"})).expect(200);
    assert_eq!((titles_of(&first).len(), &first["complete"]), (50, &json!(false)));
    let (titles, _) = found(&mut fr, &format!("{room}/search"), &json!({"q": "needle"}));
    assert_eq!(titles, (0..53).rev().map(|number| number.to_string()).collect::<Vec<_>>());
});

both!(a_search_is_logged_without_its_words, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let room = format!("/api/v1/rooms/{}", scene.room);
    let (notes, search) = (format!("{room}/notes"), format!("{room}/search"));
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes, &note("A", "common")).expect(201);
    fr.post(&notes, &note("B", "common")).expect(201);
    inside(&mut world, "de", &scene.room).post(&notes, &note("C", "common")).expect(201);
    let mut se = inside(&mut world, "se", &scene.room);
    let mut tables = Tables::of(&world.server);
    let mut logged = |client: &mut Client, body: &Value| {
        let (size, before) = (tables.size(), tables.changes());
        client.post(&search, body).expect(200);
        assert_eq!(tables.changes(), before, "nothing but the log has changed");
        let entries = tables.entries(size);
        for entry in &entries {
            assert_eq!(entry["event"], "notes_searched");
            assert_eq!(entry["visit"], json!(client.visit));
            assert_eq!(entry["thing"], json!({"kind": "room", "id": scene.room.to_string()}));
            assert!(!entry.to_string().contains("common"), "{entry}");
        }
        entries.iter().map(|one| (one["owner_party"].clone(), one["count"].clone())).collect::<Vec<_>>()
    };
    // One for each State whose notes were found; one, for nobody in particular, where none was.
    let mut told = logged(&mut se, &json!({"q": "common"}));
    told.sort_by_key(|(_, count)| count.as_i64());
    assert_eq!(told, [(json!(world.party("DE")), json!(1)), (json!(world.party("FR")), json!(2))]);
    assert_eq!(logged(&mut se, &json!({"q": "uncommon"})), [(json!(null), json!(0))]);
    // The State reads that somebody found notes of its own.
    let entries = world.client("de").get("/api/v1/audit/entries?event=notes_searched").expect(200);
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
});

// Over the program itself, telling as much as it can be made to tell.
#[test]
fn no_word_that_was_looked_for_reaches_diagnostics_or_database() {
    const WORDS: &str = "xylophon quarzuhr";
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let scene = scene(&mut world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    fr.post(&notes, &note("A", "x")).expect(201);
    let data = world.server.settings.base.clone();
    let process = Process::beside(&data, &[("INCAMERA_DIAGNOSTICS__LEVEL", "trace")]);
    let mut there = fr.again_at(process.address);
    let path = format!("/rooms/{}/search", scene.room);
    for body in [json!({"q": WORDS}), json!({"q": WORDS, "author": "no id"}), json!({"q": WORDS.repeat(20)})] {
        assert!(matches!(there.post(&format!("/api/v1{path}"), &body).status, 200 | 422));
    }
    let page = there.submit(&path, &form(&[("q", WORDS)]));
    assert_eq!(page.status, 200);
    drop(there);
    let told = process.diagnostics();
    assert!(told.contains("search"), "that it was asked is told: {told}");
    assert!(!told.contains("xylophon") && !told.contains("quarzuhr"), "{told}");
    for file in std::fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"xylophon"), "{}", file.display());
    }
}

both!(the_page_searches_without_any_script, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let path = format!("/rooms/{}", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let notes = format!("/api/v1{path}/notes");
    fr.post(&notes, &note("Enquête", "<script>alert(1)</script> à Vienne")).expect(201);
    fr.post(&notes, &note("Another", "x")).expect(201);
    let list = fr.look(&format!("{path}/notes"), &[]).text();
    assert!(list.contains(&format!("action=\"{path}/search\"")), "the list has the form");

    let search = format!("{path}/search");
    let page =
        fr.submit(&search, &form(&[("q", "ENQUETE vienne"), ("author", ""), ("party", ""), ("from", ""), ("to", "")]));
    assert_eq!((page.status, crate::pages::page_of(&page).as_deref()), (200, Some("search")));
    let text = page.text();
    assert!(text.contains("<bdi>Enquête</bdi>") && !text.contains("<bdi>Another</bdi>"), "{text}");
    assert!(text.contains("&lt;script&gt;") || text.contains("&#60;script&#62;"), "the excerpt is text: {text}");
    assert!(!html::has_script(&text));
    assert!(text.contains("value=\"ENQUETE vienne\""), "what was typed stands in the field");
    let nothing = fr.submit(&search, &form(&[("q", "nowhere")])).text();
    assert!(nothing.contains("No note that you can read holds all of these words."), "{nothing}");
    // A mistake is told beside its field.
    let wrong = fr.submit(&search, &form(&[("q", ""), ("from", "2027-01-01T00:00"), ("to", "2026-01-01T00:00")]));
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("id=\"problem-q\""), "{}", wrong.text());
    let wrong = fr.submit(&search, &form(&[("q", "x"), ("from", "2027-01-01T00:00"), ("to", "2026-01-01T00:00")]));
    assert!(wrong.text().contains("id=\"problem-to\""), "{}", wrong.text());
    // Whose visit has ended is asked for the purpose, and the words wait in the page, not in an address.
    fr.visit = None;
    let door = fr.submit(&search, &form(&[("q", "ENQUETE")]));
    assert_eq!(door.status, 403);
    assert!(door.text().contains("name=\"_kept.q\" value=\"ENQUETE\""), "{}", door.text());
    assert!(!door.text().contains("search?"), "{}", door.text());
});
