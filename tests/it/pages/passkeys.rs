//! Passkeys, with an authenticator in memory.

use scraper::{Html, Selector};
use serde_json::Value;

use super::page_of;
use crate::both;
use crate::support::authenticator::Authenticator;
use crate::support::browser::Browser;
use crate::support::world::PASSWORD;
use crate::support::{Reply, Tables, World};

/// What a page has the browser ask an authenticator.
#[track_caller]
pub(crate) fn options(page: &Reply) -> Value {
    let html = Html::parse_document(&page.text());
    let form = html.select(&Selector::parse("form[data-options]").unwrap()).next();
    let form = form.unwrap_or_else(|| panic!("{} {}", page.status, page.text()));
    serde_json::from_str(form.attr("data-options").unwrap()).unwrap()
}

pub(super) fn browser(world: &World) -> Browser {
    Browser::new(&world.server.client())
}

/// Logged in with password and code.
pub(super) fn logged_in(world: &mut World, key: &str) -> Browser {
    let code = world.code(key);
    let mut browser = browser(world);
    assert_eq!(browser.log_in(&World::email(key), PASSWORD, &code).status, 303);
    browser
}

/// Somebody with a passkey, and the passkey.
pub(crate) fn with_passkey(world: &mut World, key: &str) -> (Browser, Authenticator) {
    let mut authenticator = Authenticator::new(&world.server.settings.server.origin);
    let mut browser = logged_in(world, key);
    let me = browser.get("/me");
    let asked = browser.fill(&me, "/me/passkeys/new", &[]);
    assert_eq!(asked.status, 200, "{}", asked.text());
    let made = authenticator.make(&options(&asked));
    let added = browser.fill(&asked, "/me/passkeys", &[("credential", &made), ("name", "Key ring")]);
    assert_eq!((added.status, added.headers["location"].as_str()), (303, "/me"), "{}", added.text());
    (browser, authenticator)
}

/// The page that asks to sign, for whoever knows the password.
pub(crate) fn asked(world: &World, key: &str, password: &str) -> (Browser, Reply) {
    let mut browser = browser(world);
    let page = browser.get("/log-in");
    let form = [("email", World::email(key)), ("password", password.to_owned())];
    let mut fields = crate::support::browser::fields(&page, "/log-in");
    for (name, value) in form {
        fields.retain(|(one, _)| one != name);
        fields.push((name.to_owned(), value));
    }
    fields.retain(|(name, _)| name != "code");
    let reply = browser.post("/log-in/passkey", &fields);
    (browser, reply)
}

#[track_caller]
pub(crate) fn refused(reply: &Reply) {
    assert_eq!((reply.status, page_of(reply).as_deref()), (401, Some("sign-in-needed")), "{}", reply.text());
}

pub(crate) const ANSWER: &str = "/log-in/passkey/answer";

both!(a_passkey_stands_in_for_the_code, |server| {
    let mut world = World::new(server);
    let (mut owner, mut authenticator) = with_passkey(&mut world, "fr");
    assert!(owner.get("/me").text().contains("Key ring"));

    let size = Tables::of(&world.server).size();
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    assert_eq!(page.status, 200, "{}", page.text());
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    assert_eq!(page.headers["content-security-policy"], policy);
    let signed = authenticator.sign(&options(&page));
    let reply = browser.fill(&page, ANSWER, &[("credential", &signed)]);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let entries = Tables::of(&world.server).entries(size);
    assert_eq!(
        entries.iter().map(|entry| entry["event"].as_str().unwrap()).collect::<Vec<_>>(),
        ["passkey_asked", "signed_in"]
    );
    // It is a second factor: what asks for one is open.
    assert_eq!(browser.get("/cases").status, 200);

    // An answer is good once.
    refused(&self::browser(&world).fill(&page, ANSWER, &[("credential", &signed)]));

    // Ended, it is good for nothing, and the way to it is shut.
    let me = owner.get("/me");
    let form = me
        .text()
        .split("action=\"")
        .find(|rest| rest.starts_with("/me/passkeys/") && !rest.starts_with("/me/passkeys/new"))
        .unwrap()
        .to_owned();
    let action = form.split('"').next().unwrap();
    assert_eq!(owner.fill(&me, action, &[]).status, 303);
    refused(&asked(&world, "fr", PASSWORD).1);
});

both!(answers_that_are_not_what_was_asked_open_nothing, |server| {
    let mut world = World::new(server);
    let (_, mut authenticator) = with_passkey(&mut world, "fr");
    let (_, mut another) = with_passkey(&mut world, "de");

    world.seed("se");
    // A wrong password, somebody without a passkey and nobody are told the same.
    let none: Vec<_> = [("fr", "not the password at all"), ("se", PASSWORD), ("nobody", PASSWORD)]
        .map(|(key, password)| asked(&world, key, password).1)
        .into();
    for reply in &none {
        refused(reply);
    }

    type Ways = [(&'static str, fn(&mut Authenticator, &mut Authenticator, &Value) -> String); 7];
    let ways: Ways = [
        ("not an answer", |_, _, _| "{}".into()),
        ("not JSON", |_, _, _| "nothing".into()),
        ("another's key", |_, other, asked| other.sign(asked)),
        ("another site", |own, _, asked| {
            let origin = std::mem::replace(&mut own.origin, "https://evil.example".into());
            let signed = own.sign(asked);
            own.origin = origin;
            signed
        }),
        ("without a finger", |own, _, asked| {
            own.verified = false;
            let signed = own.sign(asked);
            own.verified = true;
            signed
        }),
        ("another question", |own, _, asked| {
            let mut other = asked.clone();
            other["publicKey"]["challenge"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
            own.sign(&other)
        }),
        ("a changed signature", |own, _, asked| {
            let mut signed: Value = serde_json::from_str(&own.sign(asked)).unwrap();
            let signature = signed["response"]["signature"].as_str().unwrap().to_owned();
            let last = if signature.ends_with('A') { 'Q' } else { 'A' };
            signed["response"]["signature"] = format!("{}{last}", &signature[..signature.len() - 1]).into();
            signed.to_string()
        }),
    ];
    for (what, way) in ways {
        let (mut browser, page) = asked(&world, "fr", PASSWORD);
        let answer = way(&mut authenticator, &mut another, &options(&page));
        let reply = browser.fill(&page, ANSWER, &[("credential", &answer)]);
        assert_eq!(reply.status, 401, "{what}: {}", reply.text());
        assert!(browser.jar.is_empty(), "{what}");
    }

    // A copy of the key that lags behind is found out by its counter.
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    assert_eq!(browser.fill(&page, ANSWER, &[("credential", &authenticator.sign(&options(&page)))]).status, 303);
    authenticator.counter = 0;
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    refused(&browser.fill(&page, ANSWER, &[("credential", &authenticator.sign(&options(&page)))]));
    authenticator.counter = 1_000;

    // Too late; and when the password was changed in between.
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    let late = authenticator.sign(&options(&page));
    world.server.clock.advance(301);
    refused(&browser.fill(&page, ANSWER, &[("credential", &late)]));
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    let stale = authenticator.sign(&options(&page));
    let mut fr = world.client("fr");
    let changed = serde_json::json!({"password": PASSWORD, "new_password": PASSWORD});
    assert_eq!(
        fr.send(
            "PUT",
            "/api/v1/me/password",
            &[("content-type", "application/json")],
            Some(changed.to_string().as_bytes())
        )
        .status,
        204
    );
    refused(&browser.fill(&page, ANSWER, &[("credential", &stale)]));
});

both!(only_a_log_in_with_a_second_factor_adds_a_passkey, |server| {
    let mut world = World::new(server);
    world.seed("fr");
    let mut weak = browser(&world);
    assert_eq!(weak.log_in(&World::email("fr"), PASSWORD, "").status, 303);
    let me = weak.get("/me");
    let reply = weak.fill(&me, "/me/passkeys/new", &[]);
    assert_eq!((reply.status, page_of(&reply).as_deref()), (403, Some("second-factor-needed")));

    // What one person was asked, another cannot answer; and an answer is good once.
    let mut fr = logged_in(&mut world, "fr");
    let mut de = logged_in(&mut world, "de");
    let (page_fr, page_de) = (fr.get("/me"), de.get("/me"));
    let asked_fr = fr.fill(&page_fr, "/me/passkeys/new", &[]);
    let asked_de = de.fill(&page_de, "/me/passkeys/new", &[]);
    let mut authenticator = Authenticator::new(&world.server.settings.server.origin);
    let made = authenticator.make(&options(&asked_fr));
    let ceremony = crate::support::browser::fields(&asked_fr, "/me/passkeys");
    let ceremony = &ceremony.iter().find(|(name, _)| name == "ceremony").unwrap().1;
    let stolen = de.fill(&asked_de, "/me/passkeys", &[("ceremony", ceremony), ("credential", &made), ("name", "x")]);
    assert_eq!(stolen.status, 422, "{}", stolen.text());
    assert_eq!(fr.fill(&asked_fr, "/me/passkeys", &[("credential", &made), ("name", "x")]).status, 303);
    assert_eq!(fr.fill(&asked_fr, "/me/passkeys", &[("credential", &made), ("name", "x")]).status, 422);
});

both!(new_means_end_all_passkeys, |server| {
    let mut world = World::new(server);
    drop(with_passkey(&mut world, "fr"));
    assert_eq!(asked(&world, "fr", PASSWORD).1.status, 200);
    let person = world.person("fr");
    let mut sec = world.client("sec");
    let invited =
        sec.post(&format!("/api/v1/people/{person}/invitation"), &serde_json::json!({"email": World::email("fr")}));
    let taken = serde_json::json!({"token": invited.expect(201)["token"], "password": PASSWORD});
    world.server.client().post("/api/v1/invitations/acceptance", &taken).expect(201);
    refused(&asked(&world, "fr", PASSWORD).1);
});
