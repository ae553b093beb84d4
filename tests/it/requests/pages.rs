//! Requests in a browser: what is shown to whom, and that a reply which came second is not lost.

use serde_json::json;

use super::{REQUESTS, answer, go_in, path, refusal, room, to};
use crate::both;
use crate::support::World;
use crate::support::browser::Browser;
use crate::support::made::text;
use crate::support::world::PASSWORD;

fn logged_in(world: &mut World, key: &str) -> Browser {
    let (code, mut browser) = (world.code(key), Browser::new(&world.server.client()));
    assert_eq!(browser.log_in(&World::email(key), PASSWORD, &code).status, 303);
    browser
}

both!(a_page_links_what_its_reader_can_open, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let sent = fr.post(REQUESTS, &to(&world, &["DE"])).expect(201);
    world.server.clock.advance(30);
    let late = json!({"person": world.person("fr2"), "reach": "onward"});
    fr.post(&format!("/api/v1/rooms/{}/admissions", room(&sent)), &late).expect(201);
    for (key, linked) in [("fr", true), ("fr2", false)] {
        world.server.clock.advance(30);
        let page = logged_in(&mut world, key).get(&path(&sent).replace("/api/v1", ""));
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(page.text().contains(&text(&sent, "note")), linked, "{key}");
    }
});

both!(a_reply_that_came_second_is_shown_again, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let sent = world.client("fr").post(REQUESTS, &to(&world, &["DE"])).expect(201);
    let mut client = world.client("de");
    world.server.clock.advance(30);
    let mut de = logged_in(&mut world, "de");
    let form = format!("/rooms/{}/reply", room(&sent));
    let asked = de.get(&form);
    assert_eq!(asked.status, 403, "{}", asked.text());
    let entered = de.fill(&asked, &format!("/rooms/{}/visits", room(&sent)), &[("purpose", "to answer")]);
    assert_eq!(entered.status, 303, "{}", entered.text());
    let page = de.get(&form);
    assert_eq!(page.status, 200, "{}", page.text());

    go_in(&mut client, &sent);
    client.post(&format!("{}/reply", path(&sent)), &refusal()).expect(201);
    let words = answer();
    let typed =
        [("kind", "answer"), ("title", "An answer"), ("text", words["text"].as_str().unwrap()), ("handling", "H1")];
    let second = de.fill(&page, &form, &typed);
    assert_eq!(second.status, 409, "{}", second.text());
    assert!(second.text().contains("He is.") && second.text().contains("replied already"), "{}", second.text());
    // Where nothing was typed yet, no form is shown.
    let none = de.get(&form);
    assert_eq!(none.status, 409, "{}", none.text());
    assert!(!none.text().contains("<textarea"), "{}", none.text());
});
