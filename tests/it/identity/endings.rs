//! Whatever ends a person's rights bites on the very next request, though the token is still good.

use super::*;
use crate::both;
use crate::support::Client;

/// The act in force that `path` shows in the list `field`.
fn act_of(officer: &mut Client, path: &str, field: &str) -> String {
    let body = officer.get(path).expect(200);
    let list = body[field].as_array().unwrap_or_else(|| panic!("{body}"));
    list.iter().find(|one| one["in_force"] == true).unwrap()["act"].as_str().unwrap().to_owned()
}

/// Logs `key` in, lets `end` happen, and holds that nothing goes any more.
fn bites(world: &mut World, key: &str, event: &str, end: impl FnOnce(&mut World, &mut Client)) {
    let session = world.log_in(key);
    let mut client = world.with(&session);
    client.get("/api/v1/me").expect(200);
    let mut officer = world.client("sec");
    let before = log(&world.server).len();
    end(world, &mut officer);
    let entries = since(&world.server, before);
    assert!(
        entries.iter().any(|(name, entry)| name == event && entry["actor"] == world.person("sec").as_str()),
        "{entries:?}"
    );
    for path in ["/api/v1/me", "/api/v1/people", "/api/v1/parties", "/api/v1/meetings", "/api/v1/audit/entries"] {
        refused(&client.get(path));
    }
    refused(&client.delete("/api/v1/session"));
    let renew = json!({"refresh_token": session["refresh_token"]});
    refused(&world.server.client().post("/api/v1/session/refresh", &renew));
    let code = world.code(key);
    refused(&world.try_log_in(key, PASSWORD, Some(&code)));
    refused(&world.try_log_in(key, PASSWORD, None));
    // Without a token the public ring is still there.
    world.server.client().get("/api/v1/parties").expect(200);
}

both!(suspension, |server| {
    let mut world = World::new(server);
    bites(&mut world, "fr", "act_recorded", |world, officer| {
        let path = format!("/api/v1/people/{}/suspension", world.person("fr"));
        officer.post(&path, &json!({"source": "Decision 1"})).expect(201);
    });
    // Lifted, it is over; the log-ins that it ended stay ended.
    let mut officer = world.client("sec");
    let body = officer.get(&format!("/api/v1/people/{}", world.person("fr"))).expect(200);
    let act = body["account"]["suspensions"][0]["act"].as_str().unwrap().to_owned();
    officer.post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": "Decision 2"})).expect(201);
    world.anew("fr").get("/api/v1/me").expect(200);
});

both!(off_boarding, |server| {
    let mut world = World::new(server);
    bites(&mut world, "de", "off_boarded", |world, officer| {
        let path = format!("/api/v1/people/{}/off-boarding", world.person("de"));
        officer.post(&path, &json!({"source": "Note verbale 1"})).expect(201);
    });
    // A new designation alone does not bring the right to log in back.
    let mut officer = world.client("sec");
    let path = format!("/api/v1/people/{}/designations", world.person("de"));
    officer.post(&path, &json!({"role": "contact_point", "source": "Note verbale 2"})).expect(201);
    refused(&world.try_log_in("de", PASSWORD, None));
});

both!(designation, |server| {
    let mut world = World::new(server);
    bites(&mut world, "ua", "act_ended", |world, officer| {
        let act = act_of(officer, &format!("/api/v1/people/{}", world.person("ua")), "designations");
        officer.post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": "Note verbale 1"})).expect(201);
    });
    // Designated anew, the account serves again.
    let path = format!("/api/v1/people/{}/designations", world.person("ua"));
    let anew = json!({"role": "counterpart", "source": "Note verbale 2"});
    world.client("sec").post(&path, &anew).expect(201);
    world.anew("ua").get("/api/v1/me").expect(200);
});

both!(standing, |server| {
    let mut world = World::new(server);
    let mut colleague = world.client("fr2");
    bites(&mut world, "fr", "act_ended", |world, officer| {
        let act = act_of(officer, &format!("/api/v1/parties/{}", world.party("FR")), "standings");
        officer.post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": "Meeting 40"})).expect(201);
    });
    // It was the party's: its other people are out too, those of others are not.
    refused(&colleague.get("/api/v1/me"));
    world.client("de").get("/api/v1/me").expect(200);
});

both!(enrolment, |server| {
    let mut world = World::new(server);
    bites(&mut world, "assoc", "act_ended", |world, officer| {
        let body = officer.get(&format!("/api/v1/people/{}", world.person("assoc"))).expect(200);
        let act = body["account"]["enrolments"][0]["act"].as_str().unwrap().to_owned();
        officer.post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": "Decision 1"})).expect(201);
    });
});

// A term that was fixed beforehand ends at its moment, with nobody doing anything.
both!(term, |server| {
    let mut world = World::new(server);
    let mut officer = world.client("sec");
    let made =
        officer.post(&format!("/api/v1/parties/{}/people", world.party("SE")), &json!({"name": "Interim"})).expect(201);
    let person = incamera::ids::PersonId::parse(made["id"].as_str().unwrap()).unwrap();
    let until = world.server.ctx().now.plus_seconds(600).rfc3339();
    let designation = json!({"role": "contact_point", "until": until, "source": "Note verbale 1"});
    officer.post(&format!("/api/v1/people/{person}/designations"), &designation).expect(201);
    let identity = world.server.identity.clone();
    world.server.operate(move |work| identity.open_account(work, &person, "interim@test.example", PASSWORD).map(drop));
    let session = try_log_in(&world.server, "interim@test.example", PASSWORD, None).expect(200);
    world.server.clock.advance(290);
    world.with(&session).get("/api/v1/me").expect(200);
    let renew = json!({"refresh_token": session["refresh_token"]});
    let session = world.server.client().post("/api/v1/session/refresh", &renew).expect(200);
    world.server.clock.advance(295);
    world.with(&session).get("/api/v1/me").expect(200);
    let renew = json!({"refresh_token": session["refresh_token"]});
    let session = world.server.client().post("/api/v1/session/refresh", &renew).expect(200);
    world.server.clock.advance(20);
    refused(&world.with(&session).get("/api/v1/me"));
    let renew = json!({"refresh_token": session["refresh_token"]});
    refused(&world.server.client().post("/api/v1/session/refresh", &renew));
});

// Who holds no log-in any more cannot end anything, and who ends the own rights of another's does not end
// their own.
both!(an_officer_who_is_off_boarded, |server| {
    let mut world = World::new(server);
    let mut gone = world.client("sec2");
    gone.get("/api/v1/people").expect(200);
    let path = format!("/api/v1/people/{}/off-boarding", world.person("sec2"));
    gone.post(&path, &json!({"source": "Decision 1"})).expect(403);
    world.client("sec").post(&path, &json!({"source": "Decision 1"})).expect(201);
    let other = format!("/api/v1/people/{}/suspension", world.person("sec"));
    refused(&gone.post(&other, &json!({"source": "Decision 2"})));
    world.client("sec").get("/api/v1/me").expect(200);
});
