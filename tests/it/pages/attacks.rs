//! What an adversary found in the pages, or tried: each once, so that it stays mended.

use std::io::Write;

use incamera::server::page::language;
use serde_json::{Value, json};

use super::page_of;
use super::passkeys::{ANSWER, asked, browser, logged_in, options, refused, with_passkey};
use crate::both;
use crate::support::authenticator::Authenticator;
use crate::support::browser::{fields, form};
use crate::support::client::read_reply;
use crate::support::database::Kind;
use crate::support::made::text;
use crate::support::scene::{fiche, inside, note, scene};
use crate::support::world::PASSWORD;
use crate::support::{Reply, Tables, TestServer, World};

#[track_caller]
fn is(reply: &Reply, status: u16, page: &str) {
    assert_eq!((reply.status, page_of(reply).as_deref()), (status, Some(page)), "{}", reply.text());
}

/// A stolen password alone must not be enough to shut its owner out.
#[test]
fn log_ins_with_the_password_alone_displace_none_that_showed_more() {
    let settings = [("INCAMERA_IDENTITY__SIGN_INS_PER_PERSON", "2")];
    let mut world = World::new(TestServer::start_with(Kind::Sqlite, &settings));
    let mut owner = world.client("fr");
    let mut weak: Vec<_> = (0..4).map(|_| world.client_without_second_factor("fr")).collect();
    owner.get("/api/v1/me").expect(200);
    // Among themselves the oldest gives way, as among all.
    let living = weak.iter_mut().map(|client| client.get("/api/v1/me").status).collect::<Vec<_>>();
    assert_eq!(living, [401, 401, 200, 200]);
    // The owner's next log-in makes room as ever.
    world.anew("fr").get("/api/v1/me").expect(200);
    owner.get("/api/v1/me").expect(401);
}

both!(nobody_ends_a_passkey_with_the_password_alone, |server| {
    let mut world = World::new(server);
    let (mut owner, _) = with_passkey(&mut world, "fr");
    let mut weak = browser(&world);
    assert_eq!(weak.log_in(&World::email("fr"), PASSWORD, "").status, 303);
    let me = weak.get("/me");
    let end = me
        .text()
        .split("action=\"")
        .find(|rest| rest.starts_with("/me/passkeys/") && rest.contains("/ending\""))
        .and_then(|rest| rest.split('"').next().map(ToOwned::to_owned))
        .unwrap();
    is(&weak.fill(&me, &end, &[]), 403, "second-factor-needed");
    is(&weak.fill(&me, "/me/sign-ins/ending", &[]), 403, "second-factor-needed");
    assert!(owner.get("/me").text().contains("Key ring"));
});

both!(a_question_has_one_answer_right_or_wrong, |server| {
    let mut world = World::new(server);
    let (_, mut authenticator) = with_passkey(&mut world, "fr");
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    refused(&browser.fill(&page, ANSWER, &[("credential", "{}")]));
    let size = Tables::of(&world.server).size();
    for _ in 0..3 {
        let right = authenticator.sign(&options(&page));
        refused(&browser.fill(&page, ANSWER, &[("credential", &right)]));
    }
    assert_eq!(Tables::of(&world.server).size(), size, "a spent question fills no log");
});

#[test]
fn passkeys_are_bounded_and_each_is_one_persons() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let (mut fr, authenticator) = with_passkey(&mut world, "fr");
    // Ten questions are open at a time; the eleventh passkey is refused all the same.
    let asked: Vec<Reply> = (0..10)
        .map(|_| {
            let me = fr.get("/me");
            fr.fill(&me, "/me/passkeys/new", &[])
        })
        .collect();
    for (number, page) in asked.iter().enumerate() {
        let made = Authenticator::new(&world.server.settings.server.origin).make(&options(page));
        let reply = fr.fill(page, "/me/passkeys", &[("credential", &made), ("name", "x")]);
        assert_eq!(reply.status, if number < 9 { 303 } else { 409 }, "{number}: {}", reply.text());
    }
    // Another person's key is none that was asked for, and nobody hears that it is known.
    let mut stolen = authenticator;
    let mut de = logged_in(&mut world, "de");
    let me = de.get("/me");
    let page = de.fill(&me, "/me/passkeys/new", &[]);
    let made = stolen.make(&options(&page));
    is(&de.fill(&page, "/me/passkeys", &[("credential", &made), ("name", "x")]), 422, "me");
}

/// Who may not send a file is told so before any of it was read.
#[test]
fn a_file_from_nobody_is_not_read() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let scene = scene(&mut world);
    let path = format!("/sessions/{}/materials", scene.open);
    for (site, status) in [("", 403), ("sec-fetch-site: cross-site\r\n", 403), ("sec-fetch-site: same-origin\r\n", 401)]
    {
        let mut stream = world.server.client().connect().unwrap();
        // The head alone: whoever waits for the body waits for thirty seconds, and then says 408.
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=X\r\n{site}content-length: 10000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.flush().unwrap();
        assert_eq!(read_reply(&mut stream).unwrap().status, status, "{site}");
    }
}

/// A document must be here in the time that any body is given, however fast it comes.
#[test]
fn a_document_is_not_waited_for_without_end() {
    let limits = [("INCAMERA_SERVER__BODY_SECONDS", "4"), ("INCAMERA_SERVER__BODY_LEAST_RATE", "1")];
    let mut world = World::new(TestServer::start_with(Kind::Sqlite, &limits));
    let scene = scene(&mut world);
    let sec = world.client("sec");
    let mut stream = sec.connect().unwrap();
    stream.sock.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    let head = format!(
        "POST /sessions/{}/materials HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=X\r\n\
         sec-fetch-site: same-origin\r\ncookie: {}\r\ncontent-length: 100000\r\n\r\n",
        scene.open,
        sec.cookies()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (begun, mut got) = (std::time::Instant::now(), [0; 64]);
    while begun.elapsed().as_secs() < 12 && got[0] == 0 {
        drop(stream.write_all(b"some bytes").and_then(|()| stream.flush()));
        drop(std::io::Read::read(&mut stream, &mut got));
    }
    assert!(got.starts_with(b"HTTP/1.1 408 "), "{:?}", String::from_utf8_lossy(&got));
    assert!(begun.elapsed().as_secs_f64() > 3.5);
}

#[test]
fn a_log_in_without_its_unlock_secret_sends_no_form() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let scene = scene(&mut world);
    let mut fr = logged_in(&mut world, "fr");
    fr.jar.retain(|(name, _), _| !name.contains("unlock"));
    let size = Tables::of(&world.server).size();
    let enter = format!("/rooms/{}/visits", scene.room);
    let reply = fr.post(&enter, &form(&[("purpose", "to look")]));
    is(&reply, 403, "unlock-needed");
    // What was typed waits for a whole log-in.
    assert!(fields(&reply, "/log-in").contains(&("_kept.purpose".to_owned(), "to look".to_owned())));
    assert_eq!(Tables::of(&world.server).size(), size);
}

#[test]
fn a_code_is_not_written_into_a_page() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let mut fr = logged_in(&mut world, "fr");
    let typed = [("email", "a@b.example"), ("password", "the password so so"), ("code", "123456"), ("_token", "wrong")];
    let reply = fr.post("/log-in", &form(&typed));
    is(&reply, 403, "form-not-ours");
    assert!(!reply.text().contains("123456") && !reply.text().contains("the password so so"));
}

/// Another may sit there by now: what was kept is shown before it is sent.
#[test]
fn what_was_kept_is_shown_before_it_is_sent() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let scene = scene(&mut world);
    let notes = format!("/rooms/{}/notes", scene.room);
    let typed = [("title", "Whose?"), ("text", "Written by somebody <else>"), ("handling", "H1")];
    let mut browser = browser(&world);
    let page = browser.post(&notes, &form(&typed));
    is(&page, 401, "sign-in-needed");
    let code = world.code("de");
    let page =
        browser.fill(&page, "/log-in", &[("email", &World::email("de")), ("password", PASSWORD), ("code", &code)]);
    is(&page, 200, "resume");
    let shown = |page: &Reply| {
        let text = page.text();
        let text = text.split("<dl>").nth(1).unwrap_or_default().split("</dl>").next().unwrap().to_owned();
        assert!(text.contains("Written by somebody &#60;else&#62;") && text.contains("Whose?"), "{}", page.text());
        assert!(page.text().contains(&format!("<code>{notes}</code>")), "where it goes");
    };
    shown(&page);
    let page = browser.fill(&page, &notes, &[]);
    is(&page, 403, "visit-needed");
    shown(&page);
    // A purpose that is none: it is all still there.
    let visits = format!("/rooms/{}/visits", scene.room);
    let page = browser.fill(&page, &visits, &[("purpose", " ")]);
    is(&page, 422, "visit-needed");
    shown(&page);
    let page = browser.fill(&page, &visits, &[("purpose", "to write")]);
    is(&page, 200, "resume");
    shown(&page);
}

#[test]
fn a_log_in_that_must_wait_keeps_what_was_typed() {
    let settings = [("INCAMERA_IDENTITY__TRIES_PER_ACCOUNT", "1")];
    let mut world = World::new(TestServer::start_with(Kind::Sqlite, &settings));
    world.seed("fr");
    let scene = scene(&mut world);
    let mut browser = browser(&world);
    let page = browser.post(&format!("/rooms/{}/notes", scene.room), &form(&[("text", "kept, whatever happens")]));
    let wrong = [("email", World::email("fr")), ("password", "wrong wrong wrong".to_owned())];
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut page = browser.fill(&page, "/log-in", &wrong);
    for _ in 0..3 {
        page = browser.fill(&page, "/log-in", &wrong);
        assert!(fields(&page, "/log-in").contains(&("_kept.text".to_owned(), "kept, whatever happens".to_owned())));
    }
    assert_eq!(page.status, 429, "{}", page.text());
}

// How much a room holds is contents: it is told to whoever came in once, and only since then.
both!(the_first_page_counts_nothing_before_the_first_visit, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&notes, &note("A", "one")).expect(201);
    let mut de = logged_in(&mut world, "de");
    let page = de.get("/");
    is(&page, 200, "start");
    assert!(page.text().contains(scene.room.as_str()));
    assert!(!page.text().contains("new text") && !page.text().contains("Nothing new"), "{}", page.text());
    let door = de.get(&format!("/rooms/{}", scene.room));
    de.fill(&door, &format!("/rooms/{}/visits", scene.room), &[("purpose", "to look")]);
    assert!(de.get("/").text().contains("Nothing new"));
    world.server.clock.advance(5);
    fr.post(&notes, &note("B", "two")).expect(201);
    assert!(de.get("/").text().contains("One new text"));
    // What one wrote oneself is not new, and a counterpart is told no number at all.
    assert!(logged_in(&mut world, "fr").get("/").text().contains("Nothing new"));
    let mut ua = logged_in(&mut world, "ua");
    let door = ua.get(&format!("/rooms/{}", scene.room));
    ua.fill(&door, &format!("/rooms/{}/visits", scene.room), &[("purpose", "to look")]);
    let page = ua.get("/").text();
    assert!(page.contains(scene.room.as_str()) && !page.contains("new text") && !page.contains("Nothing new"));
});

// A form that came back for another reason stays based on what its writer saw (DESIGN §3.9).
both!(a_form_that_came_back_overwrites_nothing_unseen, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let api = format!("/api/v1/rooms/{}/notes", scene.room);
    let id = text(&fr.post(&api, &note("A", "one")).expect(201), "id");
    let mut browser = logged_in(&mut world, "fr");
    let door = browser.get(&format!("/rooms/{}", scene.room));
    browser.fill(&door, &format!("/rooms/{}/visits", scene.room), &[("purpose", "to write")]);
    let path = format!("/rooms/{}/notes/{id}", scene.room);
    let open = browser.get(&format!("{path}/revision"));
    fr.put(&format!("{api}/{id}"), 1, &note("A", "what somebody else wrote")).expect(200);
    let back = browser.fill(&open, &path, &[("title", " ")]);
    is(&back, 422, "note-form");
    assert!(fields(&back, &path).contains(&("_based_on".to_owned(), "1".to_owned())));
    let conflict = browser.fill(&back, &path, &[("title", "A"), ("text", "mine")]);
    is(&conflict, 412, "note-form");
    assert!(conflict.text().contains("what somebody else wrote") && conflict.text().contains("mine"));

    let case = fr.post("/api/v1/cases", &json!({"fiche": fiche("A case")})).expect(201);
    let path = format!("/cases/{}", text(&case, "id"));
    let open = browser.get(&format!("{path}/revision"));
    // The fiche is the founder's own; he changes it elsewhere meanwhile.
    fr.put(&format!("/api/v1{path}"), 1, &json!({"fiche": fiche("Another title")})).expect(200);
    let back = browser.fill(&open, &path, &[("fiche.title", " ")]);
    is(&back, 422, "case-form");
    assert!(fields(&back, &path).contains(&("_based_on".to_owned(), "1".to_owned())));
    let conflict = browser.fill(&back, &path, &[("fiche.title", "Mine")]);
    is(&conflict, 412, "case-form");
    assert!(conflict.text().contains("Another title"));
});

// What somebody else saved meanwhile stands beside what was typed, and the next save is based on it.
both!(a_meeting_and_an_agenda_lose_no_sentence, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let mut sec = world.client("sec");
    let mut browser = logged_in(&mut world, "sec");
    let meeting = format!("/meetings/{}", scene.meeting);
    let form = browser.get(&format!("{meeting}/revision"));
    let theirs = json!({"first_day": "2027-06-01", "last_day": "2027-06-01", "way": "video", "topics": ["Theirs"]});
    sec.put(&format!("/api/v1{meeting}"), 1, &theirs).expect(200);
    let back = browser.fill(&form, &meeting, &[("place", "Mine"), ("last_day", "1999-01-01")]);
    is(&back, 422, "meeting-form");
    assert!(!back.text().contains("Theirs"));
    let conflict = browser.fill(&back, &meeting, &[("last_day", "2030-01-01"), ("topics", "My topic")]);
    is(&conflict, 412, "meeting-form");
    for words in ["Theirs", "2027-06-01", "My topic", "2030-01-01"] {
        assert!(conflict.text().contains(words), "{words}");
    }
    assert!(fields(&conflict, &meeting).contains(&("_based_on".to_owned(), "2".to_owned())));
    assert!(fields(&conflict, &meeting).contains(&("topics".to_owned(), "My topic".to_owned())));
    assert_eq!(browser.fill(&conflict, &meeting, &[]).status, 303);

    let session = format!("/sessions/{}", scene.open);
    let (agenda, order) = (format!("{session}/agenda"), format!("{session}/agenda/order"));
    let form = browser.get(&agenda);
    sec.put(&format!("/api/v1{agenda}"), 0, &json!({"items": ["Theirs"]})).expect(204);
    // Moving lines shows the form anew; it stays based on what was seen first.
    let mut moved = fields(&form, &agenda);
    moved.retain(|(name, _)| name != "items");
    moved.extend(
        [("items", "My line"), ("items", "Another"), ("_move", "up-1")].map(|(a, b)| (a.to_owned(), b.to_owned())),
    );
    let form = browser.post(&order, &moved);
    is(&form, 200, "agenda-form");
    assert!(!form.text().contains("Theirs"));
    let conflict = browser.post(&agenda, &fields(&form, &agenda));
    is(&conflict, 412, "agenda-form");
    for words in ["Theirs", "My line", "Another"] {
        assert!(conflict.text().contains(words), "{words}");
    }
    let without: Vec<_> = moved.into_iter().filter(|(name, _)| name != "_based_on").collect();
    is(&browser.post(&order, &without), 428, "agenda-form");
    assert_eq!(browser.post(&agenda, &fields(&conflict, &agenda)).status, 303);
    let saved = sec.get(&format!("/api/v1{session}")).expect(200);
    assert_eq!(saved["agenda"], json!(["Another", "My line"]));
});

// Choosing a language leads away from the page: on one that holds what was typed it is not offered.
both!(no_choice_of_a_language_loses_what_was_typed, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let mut browser = logged_in(&mut world, "sec");
    let meeting = format!("/meetings/{}", scene.meeting);
    let chooser = "action=\"/choices\"";
    let form = browser.get(&format!("{meeting}/revision"));
    assert!(form.text().contains(chooser));
    let back = browser.fill(&form, &meeting, &[("place", "Typed here"), ("last_day", "1999-01-01")]);
    is(&back, 422, "meeting-form");
    assert!(back.text().contains("Typed here") && !back.text().contains(chooser));
    assert!(back.text().contains("once this form is sent or left"));
});

// Nobody changes their own rights: one's own row offers nothing that would be refused.
both!(a_door_offers_no_end_of_ones_own_admission, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let door = format!("/rooms/{}", scene.room);
    let page = logged_in(&mut world, "fr").get(&door);
    let ending = |key: &str| format!("action=\"{door}/admissions/{}/ending\"", world.person(key));
    assert!(page.text().contains(&ending("de")), "{}", page.text());
    assert!(!page.text().contains(&ending("fr")));
    let own = format!("/api/v1{door}/admissions/{}", world.person("fr"));
    assert_eq!(world.client("fr").delete(&own).status, 403);
});

// The English sentences are those of docs/ACCESS.md; none of them stands on a French page.
both!(an_explanation_speaks_the_readers_language, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let case = world.client("fr").post("/api/v1/cases", &json!({"fiche": fiche("A case")})).expect(201);
    let english = language::sources().into_iter().find(|(code, _)| *code == "en").unwrap().1;
    let families = ["fact-", "prohibition-", "rule-source-"];
    let lines = english.lines().filter(|line| families.iter().any(|family| line.starts_with(family)));
    let sentences: Vec<&str> = lines.map(|line| line.split_once(" = ").unwrap().1).collect();
    let things = [
        format!("meeting:{}", scene.meeting),
        format!("session:{}", scene.open),
        format!("session:{}", scene.closed),
        format!("room:{}", scene.room),
        format!("case:{}", text(&case, "id")),
    ];
    // A page holds what was typed with some signs written out.
    let shown = |page: &Reply| page.text().replace("&#39;", "'").replace("&#x27;", "'");
    for thing in things {
        let path = format!("/explain?thing={thing}");
        let mut fr = world.client("fr");
        let (english, french) = (fr.look(&path, &[]), fr.look(&path, &[("accept-language", "fr")]));
        let count = |page: &Reply| {
            let page = shown(page);
            sentences.iter().filter(|words| page.contains(**words)).count()
        };
        assert!(count(&english) > 5, "{thing}: {}", english.text());
        let french = shown(&french);
        for words in &sentences {
            assert!(!french.contains(words), "{thing}: {words}");
        }
    }
});

// Whose a thing is reads who asked who can see it; and who only reads a released fiche is not told its room.
both!(explanations_are_told_to_the_state, |server| {
    let mut world = World::new(server);
    let mut de = world.client("de");
    let body = json!({"fiche": fiche("A case"), "visibility": {"to": "contact_points"}});
    let case = de.post("/api/v1/cases", &body).expect(201);
    let (id, room) = (text(&case, "id"), text(&case, "room"));
    let fr_id = world.person("fr");
    de.post(&format!("/api/v1/rooms/{room}/admissions"), &json!({"person": fr_id})).expect(201);
    let mut fr = world.client("fr");
    for thing in [format!("room:{room}"), format!("case:{id}")] {
        let mut tables = Tables::of(&world.server);
        let size = tables.size();
        fr.get(&format!("/api/v1/explain?thing={thing}")).expect(200);
        let entry = tables.entries(size).pop().unwrap();
        assert_eq!((&entry["event"], &entry["owner_party"]), (&json!("explained"), &json!(world.party("DE"))));
        assert_eq!(entry["room"], json!(room));
        let told = de.get("/api/v1/audit/entries?event=explained").expect(200);
        assert!(told["items"].as_array().unwrap().iter().any(|one| one["entry"]["actor"] == json!(fr_id)), "{told}");
    }
    let mut se = world.client("se");
    let case = se.get(&format!("/api/v1/cases/{id}")).expect(200);
    assert_eq!(case["room"], Value::Null);
    se.get(&format!("/api/v1/explain?thing=case:{id}")).expect(200);
    let log = se.get("/api/v1/audit/entries?limit=200").expect(200);
    let own = |event: &str| log["items"].as_array().unwrap().iter().any(|one| one["entry"]["event"] == event);
    assert!(own("case_read") && own("explained"));
    assert!(!log.to_string().contains(&room), "{log}");
});
