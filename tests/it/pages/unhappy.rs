//! Browsers on bad days: log-ins that end under way, tabs that race each other, forms sent too late,
//! addresses that lead elsewhere.

use serde_json::json;

use super::page_of;
use crate::both;
use crate::support::browser::{Browser, Form, fields, form};
use crate::support::database::Kind;
use crate::support::made::text;
use crate::support::scene::{inside, scene};
use crate::support::world::PASSWORD;
use crate::support::{Reply, Tables, TestServer, World};

const HELD: [&str; 3] = ["__Host-incamera", "__Host-incamera-refresh", "__Host-incamera-unlock"];

/// A browser in which the person has just logged in.
fn browser(world: &mut World, key: &str) -> Browser {
    let code = world.code(key);
    let mut browser = Browser::new(&world.server.client());
    let reply = browser.log_in(&World::email(key), PASSWORD, &code);
    assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/"), "{}", reply.text());
    browser
}

/// The page itself, and not what else stands around it.
fn main_of(reply: &Reply) -> String {
    let text = reply.text();
    text.split("<main").nth(1).unwrap().split("</main>").next().unwrap().to_owned()
}

#[track_caller]
fn is(reply: &Reply, status: u16, page: &str) {
    assert_eq!((reply.status, page_of(reply).as_deref()), (status, Some(page)), "{}", reply.text());
}

fn names(reply: &Reply) -> Vec<&str> {
    let mut names: Vec<&str> = reply.cookies.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    names.sort_unstable();
    names
}

fn events(world: &World, from: i64) -> Vec<String> {
    let entries = Tables::of(&world.server).entries(from);
    entries.iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
}

both!(a_log_in_is_kept_in_cookies_and_taken_back, |server| {
    let mut world = World::new(server);
    let size = Tables::of(&world.server).size();
    let (code, mut browser) = (world.code("fr"), Browser::new(&world.server.client()));
    let size = size + i64::try_from(events(&world, size).len()).unwrap();
    // A wrong password: nothing is kept, and the form is there again with the address.
    let page = browser.log_in(&World::email("fr"), "not the password at all", &code);
    is(&page, 401, "sign-in-needed");
    assert!(page.cookies.is_empty() && browser.jar.is_empty());
    assert!(page.text().contains(&World::email("fr")) && !page.text().contains("not the password at all"));

    let reply = browser.log_in(&World::email("fr"), PASSWORD, &code);
    assert_eq!(reply.status, 303, "{}", reply.text());
    // `Browser` refuses cookies without Secure, HttpOnly and SameSite=Strict.
    assert_eq!(names(&reply), HELD);
    for cookie in &reply.cookies {
        assert!(cookie.contains("; Max-Age=43200"), "{cookie}");
    }
    is(&browser.get("/me"), 200, "me");
    let old = browser.tab();

    let page = browser.get("/me");
    let reply = browser.fill(&page, "/log-out", &[]);
    assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/"));
    assert_eq!(reply.headers["clear-site-data"], "\"cache\", \"storage\"");
    assert_eq!(names(&reply), HELD);
    assert!(browser.jar.is_empty(), "{:?}", browser.jar);
    assert_eq!(events(&world, size), ["sign_in_failed", "second_factor_confirmed", "signed_in", "signed_out"]);
    is(&browser.get("/me"), 401, "sign-in-needed");
    // Whoever kept the cookies has nothing of them.
    is(&old.tab().get("/me"), 401, "sign-in-needed");
    world.server.clock.advance(301);
    let mut old = old;
    let reply = old.get("/me");
    is(&reply, 401, "sign-in-needed");
    assert!(old.jar.is_empty(), "cookies that are no good are taken back");
    // And with cookies that are no good any more one can log in anew.
    let mut stale = browser.tab();
    stale.jar.insert((HELD[2].into(), "/".into()), "icu_AAAA".into());
    let code = world.code("fr");
    assert_eq!(stale.log_in(&World::email("fr"), PASSWORD, &code).status, 303);
    is(&stale.get("/me"), 200, "me");
});

both!(a_log_in_is_renewed_under_way, |server| {
    let mut world = World::new(server);
    let mut first = browser(&mut world, "fr");
    let size = Tables::of(&world.server).size();
    world.server.clock.advance(301);
    let mut second = first.tab();
    let spent = first.tab();
    let reply = first.get("/me");
    is(&reply, 200, "me");
    assert_eq!(names(&reply), HELD[..2], "the unlock secret stays");
    assert_eq!(first.cookie(HELD[2]), second.cookie(HELD[2]));
    // Another tab, with what the first has just spent: it is served, and hears of the new ones elsewhere.
    world.server.clock.advance(20);
    let reply = second.get("/me");
    is(&reply, 200, "me");
    assert!(reply.cookies.is_empty());
    assert_eq!(events(&world, size), ["sign_in_refreshed"]);
    // A form that waited longer than the token is taken, and brings new cookies too.
    let page = first.get("/me");
    world.server.clock.advance(301);
    let reply =
        first.fill(&page, "/me/password", &[("password", PASSWORD), ("new_password", "short"), ("_again", "short")]);
    is(&reply, 422, "me");
    assert_eq!(names(&reply), HELD[..2]);
    is(&first.get("/me"), 200, "me");
    // Much later, two hold it: the log-in ends for both.
    let mut thief = spent;
    let size = Tables::of(&world.server).size();
    let reply = thief.get("/me");
    is(&reply, 401, "sign-in-needed");
    assert_eq!(names(&reply), HELD);
    assert!(thief.jar.is_empty());
    is(&first.get("/me"), 401, "sign-in-needed");
    assert_eq!(events(&world, size), ["refresh_reused"]);
});

/// Addresses that a browser would follow to another host, or that are none.
const ELSEWHERE: [&str; 16] = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "\t//evil.example/",
    "/\n/evil.example/",
    " //evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/\u{e9}vil",
    "/x\r\nset-cookie: a=b",
    "",
    "?a=b",
];

#[test]
fn nobody_is_led_elsewhere() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let scene = scene(&mut world);
    let (room, seed) = (scene.room.to_string(), world.seed("fr"));
    assert!(!seed.is_empty());
    let mut browser = browser(&mut world, "fr");
    let email = World::email("fr");
    for elsewhere in ELSEWHERE {
        // Without a code: that log-in reaches no room, and uses up no code.
        let mut other = Browser::new(&world.server.client());
        let page = other.get("/log-in");
        let reply = other.fill(&page, "/log-in", &[("email", &email), ("password", PASSWORD), ("_next", elsewhere)]);
        assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/"), "{elsewhere:?}");
        let mut other = Browser::new(&world.server.client());
        let kept = [("email", email.as_str()), ("password", PASSWORD), ("_next", elsewhere), ("_kept.a", "b")];
        let reply = other.fill(&page, "/log-in", &kept);
        is(&reply, 200, "resume");
        assert_eq!(fields(&reply, "/").iter().filter(|(name, _)| name == "a").count(), 1, "{elsewhere:?}");

        let page = browser.get("/me");
        let reply = browser.fill(&page, "/choices", &[("next", elsewhere)]);
        assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/"), "{elsewhere:?}");

        for next in
            [elsewhere.to_owned(), format!("/rooms/{room}/\\..{elsewhere}"), format!("/rooms/{room}/ {elsewhere}")]
        {
            let page = browser.get(&format!("/rooms/{room}/notes"));
            is(&page, 403, "visit-needed");
            let enter = format!("/rooms/{room}/visits");
            let reply = browser.fill(&page, &enter, &[("purpose", "to look"), ("_next", &next)]);
            let inside = format!("/rooms/{room}/notes");
            assert_eq!((reply.status, reply.headers["location"].as_str()), (303, inside.as_str()), "{next:?}");
            browser.jar.retain(|(name, _), _| !name.contains("visit"));
        }
    }
    // What is ours is where one goes on.
    let mut other = Browser::new(&world.server.client());
    let page = other.get("/me");
    is(&page, 401, "sign-in-needed");
    let reply = other.fill(&page, "/log-in", &[("email", &email), ("password", PASSWORD)]);
    assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/me"));
}

/// 10,000 characters of all that could get lost or do something on the way.
fn long_text() -> String {
    let line =
        "<script>alert(\"1\")</script> & 'so' &amp; &#10; </textarea> %41+b=c&d é 日本 𝕊 \u{5d0}\u{5d1}\ttab\n\n";
    let mut text: String = line.chars().cycle().take(9_999).collect();
    text.push('.');
    text
}

both!(what_was_typed_outlives_a_log_in_and_a_visit, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/rooms/{}/notes", scene.room);
    let mut first = browser(&mut world, "fr");
    let page = first.get(&notes);
    first.fill(&page, &format!("/rooms/{}/visits", scene.room), &[("purpose", "to write")]);
    let page = first.get(&format!("{notes}/new"));
    is(&page, 200, "note-form");
    let (title, typed) = ("A \"title\" <b> é", long_text());
    let mut sent = fields(&page, &notes);
    sent.retain(|(name, _)| !matches!(name.as_str(), "title" | "text" | "handling"));
    sent.extend(form(&[("title", title), ("text", &typed), ("handling", "H1"), ("handling", "H2")]));

    // The log-in ended over lunch, and the visit with it.
    world.server.clock.advance(3 * 3600);
    let size = Tables::of(&world.server).size();
    let page = first.post(&notes, &sent);
    is(&page, 401, "sign-in-needed");
    assert!(!main_of(&page).contains("<script>"));
    let kept: Form = fields(&page, "/log-in").into_iter().filter(|(name, _)| name.starts_with("_kept.")).collect();
    let wanted = [("title", title), ("text", &typed), ("handling", "H1"), ("handling", "H2"), ("handling_text", "")];
    let wanted: Form = wanted.iter().map(|(name, value)| (format!("_kept.{name}"), (*value).to_owned())).collect();
    let sorted = |mut form: Form| {
        form.sort();
        form
    };
    assert_eq!(sorted(kept), sorted(wanted.clone()));
    assert_eq!(events(&world, size), [""; 0], "nothing was written");

    // A wrong password first: it is all still there.
    let page = first.fill(&page, "/log-in", &[("email", &World::email("fr")), ("password", "wrong wrong wrong")]);
    is(&page, 401, "sign-in-needed");
    assert!(!page.text().contains("wrong wrong wrong"));
    let code = world.code("fr");
    let page = first.fill(&page, "/log-in", &[("email", &World::email("fr")), ("password", PASSWORD), ("code", &code)]);
    is(&page, 200, "resume");
    // Sent on, it meets the question for a purpose.
    let page = first.fill(&page, &notes, &[]);
    is(&page, 403, "visit-needed");
    let page = first.fill(&page, &format!("/rooms/{}/visits", scene.room), &[("purpose", "to write")]);
    is(&page, 200, "resume");
    let reply = first.fill(&page, &notes, &[]);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let id = reply.headers["location"].rsplit('/').next().unwrap().to_owned();

    let mut fr = inside(&mut world, "fr", &scene.room);
    let note = fr.get(&format!("/api/v1/rooms/{}/notes/{id}", scene.room)).expect(200);
    assert_eq!(text(&note, "title"), title);
    assert_eq!(text(&note, "text"), typed);
    assert_eq!(note["handling"], json!(["H1", "H2"]));

    // The version that a revision is based on is kept as well.
    let page = first.get(&format!("{notes}/{id}/revision"));
    is(&page, 200, "note-form");
    assert!(main_of(&page).contains("&#60;script&#62;") && !main_of(&page).contains("<script>"));
    let revision = fields(&page, &format!("{notes}/{id}"));
    assert_eq!(revision.iter().find(|(name, _)| name == "text").unwrap().1, typed, "it is read as it was typed");
    first.jar.clear();
    let page = first.post(&format!("{notes}/{id}"), &revision);
    is(&page, 401, "sign-in-needed");
    assert!(fields(&page, "/log-in").contains(&("_kept._based_on".to_owned(), "1".to_owned())));
});

/// Logged in again in another tab, the page that was open meanwhile has the token of the log-in before.
#[test]
fn what_was_typed_outlives_a_log_in_beside_it() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let scene = scene(&mut world);
    let notes = format!("/rooms/{}/notes", scene.room);
    let visits = format!("/rooms/{}/visits", scene.room);
    let mut browser = browser(&mut world, "fr");
    let page = browser.get(&notes);
    browser.fill(&page, &visits, &[("purpose", "to write")]);
    let open = browser.get(&format!("{notes}/new"));

    let code = world.code("fr");
    assert_eq!(browser.log_in(&World::email("fr"), PASSWORD, &code).status, 303);
    let page = browser.get(&notes);
    browser.fill(&page, &visits, &[("purpose", "to write on")]);
    let size = Tables::of(&world.server).size();
    let page = browser.fill(&open, &notes, &[("title", "A title"), ("text", "Two\nlines")]);
    is(&page, 403, "form-not-ours");
    assert_eq!(events(&world, size), [""; 0], "nothing was written");
    assert_eq!(browser.fill(&page, &notes, &[]).status, 303);
    assert_eq!(events(&world, size), ["note_written"]);
}

#[test]
fn no_secret_is_kept() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let mut browser = browser(&mut world, "fr");
    let page = browser.get("/me");
    let mut form = fields(&page, "/me/password");
    let secrets = ["the present one, so so", "the new one, so so so"];
    form.retain(|(name, _)| name == "_token");
    form.extend(self::form(&[("password", secrets[0]), ("new_password", secrets[1]), ("_again", secrets[1])]));
    let token = form[0].1.clone();
    browser.jar.clear();
    let page = browser.post("/me/password", &form);
    is(&page, 401, "sign-in-needed");
    for secret in secrets.iter().copied().chain([token.as_str()]) {
        assert!(!page.text().contains(secret), "{secret} is shown");
    }
    // Nor does a form that comes back show them.
    let mut browser = self::browser(&mut world, "fr");
    let page = browser.get("/me");
    let typed = [("password", secrets[0]), ("new_password", secrets[1]), ("_again", secrets[1])];
    let page = browser.fill(&page, "/me/password", &typed);
    is(&page, 422, "me");
    assert!(secrets.iter().all(|secret| !page.text().contains(secret)));
}

/// A link from elsewhere: the browser leaves the cookies out, and is asked to come again by itself.
#[test]
fn a_link_from_elsewhere_leads_in() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let mut client = browser(&mut world, "fr").client;
    let reply = client.send_bare("GET", "/me", &[("sec-fetch-site", "cross-site")], None);
    is(&reply, 401, "sign-in-needed");
    assert_eq!(reply.headers.get("refresh").map(String::as_str), Some("0"));
    let reply = client.send_bare("GET", "/me", &[("sec-fetch-site", "same-origin")], None);
    is(&reply, 401, "sign-in-needed");
    assert_eq!(reply.headers.get("refresh"), None, "it would come again and again");
}
