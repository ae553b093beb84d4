//! The public library.

use serde_json::{Value, json};

use crate::both;
use crate::support::made::{self, blamed, text};
use crate::support::{Client, Tables, TestServer, World};

const PATH: &str = "/api/v1/publications";

fn paper(code: &str, title: &str) -> Value {
    json!({"code": code, "kind": "expert_paper", "title": title, "summary": "What it says."})
}

/// Walks the list to its end; answers the titles.
fn walk(client: &mut Client, limit: usize) -> Vec<String> {
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{PATH}?limit={limit}{cursor}")).expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty() && items.len() <= limit);
        titles.extend(items.iter().map(|one| text(one, "title")));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return titles,
        }
    }
}

both!(what_is_published_is_everyones, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 30);
    let mut sec = world.client("sec");
    let body = json!({"code": "strategy-2024", "kind": "strategy", "title": " Strategy of the Network ", "summary": "Line one.\r\nLine two: Straße, діти.", "adopted_on": "2024-11-14", "published_on": "2024-12-02", "adopted_at_meeting": meeting});
    let mut tables = Tables::of(&world.server);
    let size = tables.size();
    let made = sec.post(PATH, &body).expect(201);
    let entries = tables.entries(size);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["event"], "publication_recorded");
    assert_eq!(entries[0]["thing"], json!({"kind": "publication", "id": made["id"]}));
    assert_eq!(entries[0]["actor"], json!(world.person("sec")));

    let path = format!("{PATH}/{}", text(&made, "id"));
    let mut askers: Vec<Client> = ["fr", "ua", "ej", "assoc", "guest", "aud"].map(|key| world.client(key)).into();
    askers.push(world.server.client());
    let size = tables.size();
    for client in &mut askers {
        let seen = client.get(&path).expect(200);
        assert_eq!(seen, made);
        assert_eq!(seen["title"], "Strategy of the Network");
        assert_eq!(seen["summary"], "Line one.\nLine two: Straße, діти.");
        assert_eq!((&seen["adopted_on"], &seen["published_on"]), (&body["adopted_on"], &body["published_on"]));
        assert_eq!(seen["adopted_at_meeting"], json!(meeting));
        assert_eq!(client.get(PATH).expect(200)["items"], json!([made]));
        assert_eq!(client.get(&format!("{PATH}?kind=strategy")).expect(200)["items"], json!([made]));
        assert_eq!(client.get(&format!("{PATH}?kind=guidelines")).expect(200)["items"], json!([]));
        let status = client.post(PATH, &paper("mine", "Mine")).status;
        assert_eq!(status, if client.token.is_some() { 403 } else { 401 });
    }
    assert_eq!(sec.get(&format!("{PATH}/3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11")).status, 404);
    assert_eq!(tables.size(), size, "neither reading what is public nor a refusal is an entry");
});

both!(a_publication_names_no_meeting_that_is_not_public, |server: TestServer| {
    let mut world = World::new(server);
    let hidden = made::ad_hoc(&mut world, Some("FR"));
    let mut sec = world.client("sec");
    let mut tables = Tables::of(&world.server);
    let before = tables.changes();
    let mut refusals = Vec::new();
    for meeting in [hidden, "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11".to_owned()] {
        let mut body = paper("paper", "A paper");
        body["adopted_at_meeting"] = json!(meeting);
        let reply = sec.post(PATH, &body);
        assert_eq!(blamed(&reply.json()), ["adopted_at_meeting"]);
        refusals.push(reply.normalized());
    }
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(tables.changes(), before);
});

both!(publications_are_judged, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    sec.post(PATH, &paper("paper-1", "A paper")).expect(201);
    let taken = sec.post(PATH, &paper("paper-1", "Another paper")).expect(409);
    assert_eq!(taken["type"], "urn:incamera:problem:conflict");
    let mut tables = Tables::of(&world.server);
    let before = tables.changes();
    for (field, value) in [
        ("code", json!("x")),
        ("code", json!("a b")),
        ("code", json!("a/b")),
        ("code", json!("é-1")),
        ("code", json!("a".repeat(65))),
        ("kind", json!("novel")),
        ("title", json!("a".repeat(301))),
        ("title", json!("RESTREINT UE/EU RESTRICTED")),
        ("summary", json!("é".repeat(4001))),
        ("summary", json!("line\nEU CONFIDENTIAL\nline")),
        ("adopted_on", json!("2024-11-31")),
        ("published_on", json!("14 November 2024")),
    ] {
        let mut body = paper("paper-2", "Another paper");
        body[field] = value;
        assert_eq!(blamed(&sec.post(PATH, &body).expect(422)), [field], "{body}");
    }
    assert_eq!(tables.changes(), before);
    // The longest that is taken.
    let mut body = paper(&"a".repeat(64), &"т".repeat(300));
    body["summary"] = json!("é".repeat(4000));
    sec.post(PATH, &body).expect(201);
});

// Titles of equal words, of the most bytes, and with the sign that separates the parts of a cursor.
both!(the_list_is_walked_to_its_end, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let mut titles = vec!["Same".to_owned(), "Same".into(), "Same".into(), "A|B|C".into(), "Über".into(), "zz".into()];
    titles.extend(["Д".repeat(300), "\u{1d49c}".repeat(300), "語".repeat(299) + "|"]);
    for (number, title) in titles.iter().enumerate() {
        sec.post(PATH, &paper(&format!("paper-{number}"), title)).expect(201);
    }
    titles.sort();
    let mut anyone = world.server.client();
    for limit in [1, 2, 4, 200] {
        assert_eq!(walk(&mut anyone, limit), titles, "{limit} a page");
    }
});
