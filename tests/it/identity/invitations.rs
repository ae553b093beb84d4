//! How an account comes to be.

use diesel::prelude::*;
use incamera::db::schema::{acts, enrolments};
use incamera::ids::PersonId;

use super::*;
use crate::both;
use crate::support::Client;
use crate::support::world::code_of;

const HOURS: i64 = 72;

fn invite(officer: &mut Client, person: &PersonId, email: &str) -> String {
    let made = officer.post(&format!("/api/v1/people/{person}/invitation"), &json!({"email": email})).expect(201);
    made["token"].as_str().unwrap().to_owned()
}

fn accept(server: &TestServer, token: &str, password: &str) -> Reply {
    server.client().post("/api/v1/invitations/acceptance", &json!({"token": token, "password": password}))
}

/// A contact point of France without an account.
fn newcomer(officer: &mut Client, world: &World) -> PersonId {
    let person = undesignated(officer, world);
    let designation = json!({"role": "contact_point", "source": "Note verbale 1"});
    officer.post(&format!("/api/v1/people/{person}/designations"), &designation).expect(201);
    person
}

fn undesignated(officer: &mut Client, world: &World) -> PersonId {
    let people = format!("/api/v1/parties/{}/people", world.party("FR"));
    let made = officer.post(&people, &json!({"name": "Livia Sartori"})).expect(201);
    PersonId::parse(made["id"].as_str().unwrap()).unwrap()
}

fn present_code(server: &TestServer, seed: &Value) -> String {
    code_of(seed.as_str().unwrap(), u64::try_from(server.ctx().now.seconds()).unwrap() / 30)
}

#[track_caller]
fn not_open(reply: &Reply) {
    let problem = reply.expect(422);
    assert_eq!(problem["fields"], json!([{"field": "token", "problem": "no invitation that is open"}]));
}

both!(is_taken_up_once, |server| {
    let mut world = World::new(server);
    let mut officer = world.client("sec");
    let person = newcomer(&mut officer, &world);
    let before = log(&world.server).len();
    let token = invite(&mut officer, &person, " Livia.Sartori@IT.example ");
    let entries = logged(&world.server, before, &["invited"]);
    assert_eq!(entries[0]["person"], person.as_str());
    assert_eq!(entries[0]["actor"], world.person("sec").as_str());

    // A password that is too weak is refused, and the invitation stays open.
    let weak = accept(&world.server, &token, "Livia Sartori 2026").expect(422);
    assert_eq!(weak["fields"], json!([{"field": "password", "problem": "too easy to guess"}]));
    logged(&world.server, before + 1, &[]);

    let enrolled = accept(&world.server, &token, PASSWORD).expect(201);
    assert_eq!(enrolled["email"], "livia.sartori@it.example");
    let codes = enrolled["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    let seed = &enrolled["totp_secret"];
    assert!(enrolled["otpauth"].as_str().unwrap().contains(&format!("secret={}", seed.as_str().unwrap())));
    let entries = logged(&world.server, before + 1, &["account_opened"]);
    assert_eq!(entries[0]["person"], person.as_str());
    assert!(entries[0].get("actor").is_none(), "nobody was logged in");

    // The right to log in is an act of whoever invited.
    let mut conn = world.server.url().open_writer().unwrap();
    let by: Vec<Option<PersonId>> = enrolments::table
        .inner_join(acts::table)
        .filter(enrolments::person_id.eq(&person))
        .select(acts::recorded_by)
        .load(&mut conn)
        .unwrap();
    assert_eq!(by, [Some(world.person("sec"))]);

    not_open(&accept(&world.server, &token, PASSWORD));
    let code = present_code(&world.server, seed);
    let session = try_log_in(&world.server, "LIVIA.sartori@it.example ", PASSWORD, Some(&code)).expect(200);
    let me = world.with(&session).get("/api/v1/me").expect(200);
    assert_eq!(me["person"], json!({"id": person.as_str(), "name": "Livia Sartori"}));
    assert_eq!(me["second_factor"], true);
});

both!(ends, |server| {
    let mut world = World::new(server);
    let mut officer = world.client("sec");
    let person = newcomer(&mut officer, &world);
    let never = accept(&world.server, "ici_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", PASSWORD);
    not_open(&never);
    // By a newer one.
    let first = invite(&mut officer, &person, "livia@it.example");
    let second = invite(&mut officer, &person, "livia@it.example");
    assert_eq!(accept(&world.server, &first, PASSWORD).normalized(), never.normalized());
    // By time.
    world.server.clock.advance(HOURS * 3600 - 60);
    let third = invite(&mut world.anew("sec"), &world.person("de"), "de@it.example");
    world.server.clock.advance(61);
    assert_eq!(accept(&world.server, &second, PASSWORD).normalized(), never.normalized());
    accept(&world.server, &third, PASSWORD).expect(201);
    // By off-boarding.
    let fourth = invite(&mut world.anew("sec"), &person, "livia@it.example");
    let gone = format!("/api/v1/people/{person}/off-boarding");
    world.client("sec").post(&gone, &json!({"source": "Note verbale 2"})).expect(201);
    assert_eq!(accept(&world.server, &fourth, PASSWORD).normalized(), never.normalized());
    // Near misses are none.
    let fifth = invite(&mut world.client("sec"), &world.person("de"), "de@it.example");
    for near in [fifth.to_uppercase(), format!("{fifth} "), fifth[4..].to_owned(), format!("{fifth}="), String::new()] {
        assert_eq!(accept(&world.server, &near, PASSWORD).normalized(), never.normalized(), "{near}");
    }
});

both!(gives_an_account_new_means, |server| {
    let mut world = World::new(server);
    let old_seed = world.seed("fr");
    let mut old = world.client("fr");
    let old_session = world.log_in("fr");
    old.get("/api/v1/me").expect(200);
    let mut officer = world.client("sec");
    let token = invite(&mut officer, &world.person("fr"), "fr.new@test.example");
    // Being invited changes nothing yet.
    old.get("/api/v1/me").expect(200);
    let chosen = "teapot gravel 88 nimbus orchid";
    let enrolled = accept(&world.server, &token, chosen).expect(201);

    refused(&old.get("/api/v1/me"));
    let refresh = json!({"refresh_token": old_session["refresh_token"]});
    refused(&world.server.client().post("/api/v1/session/refresh", &refresh));
    world.server.clock.advance(60);
    refused(&try_log_in(&world.server, "fr@test.example", PASSWORD, None));
    refused(&try_log_in(&world.server, "fr@test.example", chosen, None));
    refused(&try_log_in(&world.server, "fr.new@test.example", PASSWORD, None));
    let code = present_code(&world.server, &json!(old_seed));
    refused(&try_log_in(&world.server, "fr.new@test.example", chosen, Some(&code)));
    let code = present_code(&world.server, &enrolled["totp_secret"]);
    try_log_in(&world.server, "fr.new@test.example", chosen, Some(&code)).expect(200);
    for code in enrolled["recovery_codes"].as_array().unwrap() {
        try_log_in(&world.server, "fr.new@test.example", chosen, code.as_str()).expect(200);
    }
});

both!(needs_an_address_of_its_own, |server| {
    let mut world = World::new(server);
    world.seed("de");
    let mut officer = world.client("sec");
    let (one, other) = (newcomer(&mut officer, &world), newcomer(&mut officer, &world));
    let path = format!("/api/v1/people/{one}/invitation");
    let taken = officer.post(&path, &json!({"email": "DE@test.example"})).expect(409);
    assert_eq!(taken["detail"], "An account with this address exists.");
    // Two are invited with the same one; the second to come is too late, and nothing of his was done.
    let (first, second) = (invite(&mut officer, &one, "x@y.example"), invite(&mut officer, &other, "x@y.example"));
    accept(&world.server, &first, PASSWORD).expect(201);
    let before = log(&world.server).len();
    assert_eq!(accept(&world.server, &second, PASSWORD).expect(409)["detail"], "An account with this address exists.");
    logged(&world.server, before, &[]);
    let account = officer.get(&format!("/api/v1/people/{other}")).expect(200);
    assert_eq!(account["account"]["enrolments"], json!([]));
    for bad in [
        "",
        "x",
        "@y.example",
        "x@",
        "x@y",
        "x@.example",
        "x@y.",
        "x@y@z.example",
        "x y@z.example",
        "x@y.example\u{0}",
        "x\u{202e}@y.example",
        &("x".repeat(250) + "@y.example"),
    ] {
        let problem = officer.post(&path, &json!({"email": bad})).expect(422);
        assert_eq!(problem["fields"][0]["field"], "email", "{bad:?}");
    }
});

// The means without the right are nothing, whichever comes first.
both!(gives_no_right_by_itself, |server| {
    let mut world = World::new(server);
    let mut officer = world.client("sec");
    let person = undesignated(&mut officer, &world);
    let token = invite(&mut officer, &person, "livia@it.example");
    let enrolled = accept(&world.server, &token, PASSWORD).expect(201);
    let code = present_code(&world.server, &enrolled["totp_secret"]);
    let log_in = |code: Option<&str>| try_log_in(&world.server, "livia@it.example", PASSWORD, code);
    let before = log(&world.server).len();
    refused(&log_in(Some(&code)));
    refused(&log_in(None));
    // The first code was right, and is used up all the same.
    logged(&world.server, before, &["second_factor_confirmed", "sign_in_failed", "sign_in_failed"]);
    let designation = json!({"role": "contact_point", "source": "Note verbale 1"});
    officer.post(&format!("/api/v1/people/{person}/designations"), &designation).expect(201);
    log_in(None).expect(200);

    // New means do not lift a suspension.
    officer.post(&format!("/api/v1/people/{person}/suspension"), &json!({"source": "Decision 1"})).expect(201);
    refused(&log_in(None));
    let token = invite(&mut officer, &person, "livia@it.example");
    accept(&world.server, &token, PASSWORD).expect(201);
    refused(&log_in(None));
});

both!(is_for_the_secretariat_to_make, |server| {
    let mut world = World::new(server);
    let body = json!({"email": "x@y.example"});
    let path = format!("/api/v1/people/{}/invitation", world.person("fr2"));
    let before = log(&world.server).len();
    refused(&world.server.client().post(&path, &body));
    for key in ["fr", "de", "ua", "ej", "assoc", "guest", "aud"] {
        let reply = world.client(key).post(&path, &body);
        assert!(reply.status == 403 || reply.status == 404, "{key}: {}", reply.text());
    }
    // Nobody changes their own rights; another officer does.
    let own = format!("/api/v1/people/{}/invitation", world.person("sec"));
    world.client("sec").post(&own, &body).expect(403);
    let nobody = format!("/api/v1/people/{}/invitation", PersonId::new(&world.server.ctx()).unwrap());
    world.client("sec").post(&nobody, &body).expect(404);
    assert!(since(&world.server, before).iter().all(|(event, _)| event != "invited"));
    world.client("sec2").post(&own, &body).expect(201);
});
