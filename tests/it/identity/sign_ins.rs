//! Staying logged in, and ending it.

use incamera::context::Clock;

use super::*;
use crate::both;
use crate::support::Client;
use crate::support::database::Kind;

fn refresh(server: &TestServer, token: &Value) -> Reply {
    server.client().post("/api/v1/session/refresh", &json!({"refresh_token": token}))
}

both!(each_refresh_token_serves_once, |server| {
    let mut world = World::new(server);
    let (first, other) = (world.log_in("fr"), world.log_in("fr"));
    assert_eq!(first["expires_in"], 300);
    let before = log(&world.server).len();
    let second = refresh(&world.server, &first["refresh_token"]).expect(200);
    for name in ["access_token", "refresh_token", "unlock"] {
        assert_ne!(first[name], second[name], "{name}");
    }
    for (name, prefix) in [("refresh_token", "icr_"), ("unlock", "icu_")] {
        let text = second[name].as_str().unwrap();
        assert!(text.starts_with(prefix) && text.len() == prefix.len() + 43, "{text}");
    }
    // The second factor goes along.
    assert_eq!(world.with(&second).get("/api/v1/me").expect(200)["second_factor"], true);
    let third = refresh(&world.server, &second["refresh_token"]).expect(200);
    logged(&world.server, before, &["sign_in_refreshed", "sign_in_refreshed"]);

    // A second use of any spent one means that two hold it: the log-in ends for both, and only that one.
    let unknown = refresh(&world.server, &json!("icr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    refused(&unknown);
    let before = log(&world.server).len();
    assert_eq!(refresh(&world.server, &first["refresh_token"]).normalized(), unknown.normalized());
    let entries = logged(&world.server, before, &["refresh_reused"]);
    assert_eq!(entries[0]["person"], world.person("fr").as_str());
    assert_eq!(entries[0]["thing"]["kind"], "sign_in");
    refused(&world.with(&third).get("/api/v1/me"));
    for spent in [&first, &second, &third] {
        assert_eq!(refresh(&world.server, &spent["refresh_token"]).normalized(), unknown.normalized());
    }
    logged(&world.server, before, &["refresh_reused"]);
    world.with(&other).get("/api/v1/me").expect(200);
    refresh(&world.server, &other["refresh_token"]).expect(200);
    // What is no token at all is refused alike.
    for bad in [json!(""), json!("x"), first["access_token"].clone(), first["unlock"].clone(), json!("icr_\u{0}")] {
        assert_eq!(refresh(&world.server, &bad).normalized(), unknown.normalized(), "{bad}");
    }
});

both!(ends_by_itself, |server| {
    let mut world = World::new(server);
    // A token's times are whole seconds, and the clock runs on: one that is given out late in a second dies early.
    while world.server.clock.now().0.rem_euclid(1_000_000) > 200_000 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let session = world.log_in("fr");
    // The access token after five minutes.
    world.server.clock.advance(299);
    world.with(&session).get("/api/v1/me").expect(200);
    world.server.clock.advance(2);
    refused(&world.with(&session).get("/api/v1/me"));
    // The log-in after thirty idle ones.
    world.server.clock.advance(1800 - 301 - 2);
    let renewed = refresh(&world.server, &session["refresh_token"]).expect(200);
    world.server.clock.advance(1801);
    refused(&refresh(&world.server, &renewed["refresh_token"]));
    // And after twelve hours, however busy.
    let mut session = world.log_in("fr");
    for _ in 0..28 {
        world.server.clock.advance(1500);
        session = refresh(&world.server, &session["refresh_token"]).expect(200);
    }
    world.server.clock.advance(1150);
    session = refresh(&world.server, &session["refresh_token"]).expect(200);
    world.with(&session).get("/api/v1/me").expect(200);
    world.server.clock.advance(60);
    refused(&world.with(&session).get("/api/v1/me"));
    refused(&refresh(&world.server, &session["refresh_token"]));
});

/// Those that live, as the person sees them: id and whether it is this one.
fn listed(client: &mut Client) -> Vec<(String, bool)> {
    let list = client.get("/api/v1/me/sign-ins").expect(200);
    let one = |one: &Value| (one["id"].as_str().unwrap().to_owned(), one["this"].as_bool().unwrap());
    list["items"].as_array().unwrap().iter().map(one).collect()
}

fn this(client: &mut Client) -> String {
    listed(client).into_iter().find(|(_, this)| *this).unwrap().0
}

both!(are_listed_and_ended_by_the_person, |server| {
    let mut world = World::new(server);
    let mut clients: Vec<Client> = (0..4).map(|_| world.anew("fr")).collect();
    let mut without = world.client_without_second_factor("fr");
    let mut colleague = world.client("fr2");
    let ids: Vec<String> = clients.iter_mut().map(this).collect();
    assert_eq!(listed(&mut clients[0]).len(), 5);
    let list = without.get("/api/v1/me/sign-ins").expect(200);
    for one in list["items"].as_array().unwrap() {
        assert_eq!(one["second_factor"], one["this"] == false, "{one}");
        assert_eq!(one["opened_at"], one["refreshed_at"]);
    }
    // Nobody else's.
    let before = log(&world.server).len();
    let foreign = format!("/api/v1/me/sign-ins/{}", this(&mut colleague));
    let absent = format!("/api/v1/me/sign-ins/{}", world.person("fr"));
    let (foreign, absent) = (clients[0].delete(&foreign), clients[0].delete(&absent));
    assert_eq!(foreign.status, 404);
    assert_eq!(foreign.normalized(), absent.normalized());
    colleague.get("/api/v1/me").expect(200);
    // One of them.
    let one = format!("/api/v1/me/sign-ins/{}", ids[1]);
    clients[0].delete(&one).expect(204);
    refused(&clients[1].get("/api/v1/me"));
    assert_eq!(clients[0].delete(&one).normalized(), absent.normalized());
    assert_eq!(listed(&mut clients[0]).len(), 4);
    // This one, both ways.
    clients[2].delete("/api/v1/session").expect(204);
    refused(&clients[2].get("/api/v1/me"));
    refused(&clients[2].delete("/api/v1/session"));
    let own = format!("/api/v1/me/sign-ins/{}", ids[3]);
    clients[3].delete(&own).expect(204);
    refused(&clients[3].get("/api/v1/me"));
    // With the password alone, which may be stolen, nobody shuts the others out.
    let other = format!("/api/v1/me/sign-ins/{}", ids[0]);
    for path in [other.as_str(), "/api/v1/me/sign-ins"] {
        let reply = without.delete(path);
        assert_eq!(reply.expect(403)["type"], "urn:incamera:problem:second-factor-needed");
    }
    let body = json!({"password": PASSWORD, "new_password": "another good sentence of mine"}).to_string();
    let change = [("content-type", "application/json")];
    without.send("PUT", "/api/v1/me/password", &change, Some(body.as_bytes())).expect(403);
    for _ in 0..6 {
        world.client_without_second_factor("fr");
    }
    clients[0].get("/api/v1/me").expect(200);
    // All.
    let before_all = log(&world.server).len();
    clients[0].delete("/api/v1/me/sign-ins").expect(204);
    refused(&without.get("/api/v1/me"));
    refused(&clients[0].get("/api/v1/me"));
    colleague.get("/api/v1/me").expect(200);
    let entries = logged(&world.server, before_all, &["signed_out"]);
    assert_eq!(entries[0]["actor"], world.person("fr").as_str());
    assert!(entries[0]["count"].as_i64().unwrap() >= 6);
    let ended = log(&world.server).into_iter().skip(before).filter(|entry| entry["event"] == "signed_out").count();
    assert_eq!(ended, 4);
});

both!(are_ended_by_the_secretariat, |server| {
    let mut world = World::new(server);
    let session = world.log_in("fr");
    let (mut one, mut other) = (world.with(&session), world.anew("fr"));
    let path = format!("/api/v1/people/{}/sign-ins", world.person("fr"));
    for key in ["fr2", "de", "assoc", "aud", "fr"] {
        let reply = world.client(key).delete(&path);
        assert!(reply.status == 403 || reply.status == 404, "{key}: {}", reply.text());
    }
    one.get("/api/v1/me").expect(200);
    let mut officer = world.client("sec");
    let before = log(&world.server).len();
    officer.delete(&path).expect(204);
    let entries = logged(&world.server, before, &["signed_out"]);
    assert_eq!(
        (&entries[0]["actor"], &entries[0]["person"]),
        (&json!(world.person("sec").as_str()), &json!(world.person("fr").as_str()))
    );
    refused(&one.get("/api/v1/me"));
    refused(&other.get("/api/v1/me"));
    refused(&refresh(&world.server, &session["refresh_token"]));
    // It is no suspension.
    world.anew("fr").get("/api/v1/me").expect(200);
    let nobody = format!("/api/v1/people/{}/sign-ins", world.party("FR"));
    world.client("sec").delete(&nobody).expect(404);
});

#[test]
fn the_oldest_gives_way() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut world = World::new(TestServer::start_with(kind, &[("INCAMERA_IDENTITY__SIGN_INS_PER_PERSON", "3")]));
        let mut clients: Vec<Client> = Vec::new();
        for _ in 0..3 {
            clients.push(world.anew("fr"));
            world.server.clock.advance(1);
        }
        let ids: Vec<String> = clients.iter_mut().map(this).collect();
        // The oldest is the one that began first, not the one least used.
        clients[0].get("/api/v1/me").expect(200);
        let mut newest = world.anew("fr");
        refused(&clients[0].get("/api/v1/me"));
        let expected = vec![(ids[1].clone(), false), (ids[2].clone(), false), (this(&mut newest), true)];
        assert_eq!(listed(&mut newest), expected);
        // One that has ended takes no place.
        clients[1].delete("/api/v1/session").expect(204);
        let mut last = world.anew("fr");
        for client in [&mut clients[2], &mut newest, &mut last] {
            client.get("/api/v1/me").expect(200);
        }
    }
}

// An ending bites on every node on the next request.
both!(other_nodes_know_at_once, |server| {
    let mut world = World::new(server);
    let session = world.log_in("fr");
    let node = world.server.beside(&[]);
    let mut there = node.client();
    there.token = session["access_token"].as_str().map(ToOwned::to_owned);
    there.get("/api/v1/me").expect(200);
    world.with(&session).delete("/api/v1/session").expect(204);
    refused(&there.get("/api/v1/me"));
    refused(&refresh(&node, &session["refresh_token"]));
    // A code that was used there is used here, and a refresh token too.
    let code = world.code("fr");
    let opened = try_log_in(&node, &World::email("fr"), PASSWORD, Some(&code)).expect(200);
    refused(&world.try_log_in("fr", PASSWORD, Some(&code)));
    refresh(&node, &opened["refresh_token"]).expect(200);
    refused(&refresh(&world.server, &opened["refresh_token"]));
});

// The unlock secret is the log-in's own: no other's opens anything, nor does one that was renewed.
both!(the_unlock_secret_belongs_to_one_log_in, |server| {
    let mut world = World::new(server);
    let mut officer = world.client("sec");
    let meeting = json!({
        "kind": "ordinary", "number": 40, "first_day": "2026-11-10", "last_day": "2026-11-11", "way": "in_person",
        "source": "Convened for a test", "topics": []
    });
    let meeting = officer.post("/api/v1/meetings", &meeting).expect(201);
    let path = format!("/api/v1/meetings/{}", meeting["id"].as_str().unwrap());
    let closed = json!({"kind": "closed", "title": "Behind closed doors"});
    officer.post(&format!("{path}/sessions"), &closed).expect(201);
    let title = |client: &mut Client| client.get(&path).expect(200)["sessions"][0]["title"].clone();

    let (mine, second, others) = (world.log_in("fr"), world.log_in("fr"), world.log_in("de"));
    let mut client = world.with(&mine);
    assert_eq!(title(&mut client), "Behind closed doors");
    for wrong in [
        &second["unlock"],
        &others["unlock"],
        &mine["refresh_token"],
        &mine["access_token"],
        &json!(""),
        &json!("icu_"),
    ] {
        client.unlock = wrong.as_str().map(ToOwned::to_owned);
        assert_eq!(title(&mut client), Value::Null, "{wrong}");
    }
    client.unlock = None;
    assert_eq!(title(&mut client), Value::Null);
    let secret = mine["unlock"].as_str().unwrap();
    for near in
        [secret.to_uppercase(), format!("{secret}A"), secret[..secret.len() - 1].to_owned(), secret[4..].to_owned()]
    {
        client.unlock = Some(near);
        assert_eq!(title(&mut client), Value::Null);
    }
    client.unlock = Some(secret.to_owned());
    assert_eq!(title(&mut client), "Behind closed doors");
    // Renewed with the log-in: the old one opens nothing, neither with the old access token nor the new.
    let renewed = refresh(&world.server, &mine["refresh_token"]).expect(200);
    assert_eq!(title(&mut client), Value::Null);
    client.token = renewed["access_token"].as_str().map(ToOwned::to_owned);
    assert_eq!(title(&mut client), Value::Null);
    client.unlock = renewed["unlock"].as_str().map(ToOwned::to_owned);
    assert_eq!(title(&mut client), "Behind closed doors");
});
