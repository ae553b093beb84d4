//! The ends of rights, and the rights that cannot be changed.

use incamera::ids::RoomId;
use incamera::network::model::Role;
use incamera::rooms::opening::{self, Reach, RoomKind};
use serde_json::json;

use super::{SOURCE, designation, end, party, person};
use crate::both;
use crate::support::made::{self, blamed, text};
use crate::support::tables::nothing_lost;
use crate::support::{Tables, TestServer, World, world};

both!(suspension_shuts_out_until_it_is_ended, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let tokens = world.log_in("de");
    let mut de = world.with(&tokens);
    de.get("/api/v1/me").expect(200);
    let path = person(&world, "de");
    let act = sec.post(&format!("{path}/suspension"), &json!({"source": SOURCE})).expect(201);
    assert_eq!(act["kind"], "suspension");
    assert_eq!(de.get("/api/v1/me").status, 401);
    assert_eq!(de.get("/api/v1/meetings").status, 401, "even where nobody need be logged in");
    let renewal = json!({"refresh_token": tokens["refresh_token"]});
    assert_eq!(de.anew().post("/api/v1/session/refresh", &renewal).status, 401);
    let code = world.code("de");
    let log_in = json!({"email": World::email("de"), "password": world::PASSWORD, "code": code});
    let nobody = json!({"email": "nobody@test.example", "password": world::PASSWORD, "code": code});
    let refused = de.anew().post("/api/v1/session", &log_in);
    assert_eq!(refused.normalized(), de.anew().post("/api/v1/session", &nobody).normalized());
    assert_eq!(sec.post(&format!("{path}/suspension"), &json!({"source": SOURCE})).status, 409);
    assert_eq!(sec.get(&path).expect(200)["account"]["in_force"], false);

    end(&mut sec, &text(&act, "id")).expect(201);
    assert_eq!(de.get("/api/v1/me").status, 401, "a log-in that was ended stays ended");
    world.anew("de").get("/api/v1/me").expect(200);
    assert_eq!(sec.get(&path).expect(200)["account"]["in_force"], true);
});

both!(off_boarding_ends_every_right_at_once, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let tokens = world.log_in("fr");
    let mut fr = world.with(&tokens);
    let path = person(&world, "fr");
    let id = world.person("fr");

    // One right of each kind, one that has yet to begin, one concealed from the Secretariat.
    sec.post(&format!("{path}/elections"), &json!({"body": "steering_board", "source": SOURCE})).expect(201);
    let ahead = json!({"role": "counterpart", "from": "2150-01-01", "source": SOURCE});
    sec.post(&format!("{path}/designations"), &ahead).expect(201);
    let meeting = made::meeting(&mut world, 36);
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &[]);
    let breakout = text(&made::session(&mut world, &meeting, "breakout", "Breakout", &[]), "id");
    made::participation(&mut world, &breakout, "FR", Some("fr"));
    let whole = made::participation(&mut world, &breakout, "FR", None);
    let (opener, person_id) = (id.clone(), id.clone());
    let concealed = world.server.operate(move |work| {
        let room = opening::open_room(work, Some(&opener), RoomKind::CaseFile, "A case file", &[])?;
        opening::admit(work, Some(&opener), &room, &person_id, Reach::Whole, "made for a test")
    });
    let invitation = sec.post(&format!("{path}/invitation"), &json!({"email": "fr@elsewhere.example"})).expect(201);
    fr.get(&format!("/api/v1/sessions/{}", text(&closed, "id"))).expect(200);

    let mut tables = Tables::of(&world.server);
    let (before, size) = (tables.rows(), tables.size());
    let gone = sec.post(&format!("{path}/off-boarding"), &json!({"source": SOURCE})).expect(201);
    nothing_lost(&before, &tables.rows());

    let mut kinds: Vec<&str> =
        gone["ended"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["admission", "designation", "designation", "election", "enrolment", "participation"]);
    assert!(!gone.to_string().contains(concealed.as_str()), "the case file's room stays concealed");
    // Each admission's end is told to whose room it was; nobody is named as the one who ended it, since an
    // officer reads what he did himself, and must not learn of a circle from it.
    let (ended, entries): (Vec<_>, Vec<_>) =
        tables.entries(size).into_iter().partition(|entry| entry["event"] == "admission_ended");
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["event"], &entries[0]["count"]), (&json!("off_boarded"), &json!(6)));
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|entry| entry["person"].is_string() && entry.get("actor").is_none()));

    // Nothing is left: no act about the person lasts, none but the delegation's own stays.
    let endless = "NOT EXISTS (SELECT 1 FROM acts e WHERE e.ends_act_id = s.act_id)";
    for table in ["designations", "elections", "enrolments", "admissions", "participations"] {
        let left = format!("SELECT COUNT(*) AS number FROM {table} s WHERE s.person_id = '{id}' AND {endless}");
        assert_eq!(tables.number(&left), 0, "{table}");
    }
    let left = format!("SELECT COUNT(*) AS number FROM participations s WHERE s.act_id = '{whole}' AND {endless}");
    assert_eq!(tables.number(&left), 1, "the delegation still takes part");
    for (table, still) in [("sign_ins", "ended_us IS NULL"), ("invitations", "closed_us IS NULL")] {
        let left = format!("SELECT COUNT(*) AS number FROM {table} WHERE person_id = '{id}' AND {still}");
        assert_eq!(tables.number(&left), 0, "{table}");
    }

    // The next request is refused, by every way in.
    assert_eq!(fr.get("/api/v1/me").status, 401);
    assert_eq!(
        fr.anew().post("/api/v1/session/refresh", &json!({"refresh_token": tokens["refresh_token"]})).status,
        401
    );
    let code = world.code("fr");
    let log_in = json!({"email": World::email("fr"), "password": world::PASSWORD, "code": code});
    assert_eq!(fr.anew().post("/api/v1/session", &log_in).status, 401);
    let taken_up = json!({"token": invitation["token"], "password": "another tandem oboe 417 quiver"});
    assert_eq!(blamed(&fr.anew().post("/api/v1/invitations/acceptance", &taken_up).expect(422)), ["token"]);
    // Again: there is nothing left to end.
    let again = sec.post(&format!("{path}/off-boarding"), &json!({"source": SOURCE})).expect(201);
    assert_eq!(again["ended"], json!([]));
});

both!(changes_bite_on_the_next_request, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let meeting = made::meeting(&mut world, 36);
    let breakout = text(&made::session(&mut world, &meeting, "breakout", "Breakout", &[]), "id");
    let part = made::participation(&mut world, &breakout, "UA", None);
    let session = format!("/api/v1/sessions/{breakout}");

    let mut ua = world.client("ua");
    ua.get(&session).expect(200);
    sec.post(&format!("/api/v1/participations/{part}/ending"), &json!({"source": SOURCE})).expect(201);
    assert_eq!(ua.get(&session).status, 404);
    made::participation(&mut world, &breakout, "UA", Some("ua"));
    ua.get(&session).expect(200);

    let no = party(&world, "UA");
    let standing = text(&sec.get(&no).expect(200)["standings"][0], "act");
    end(&mut sec, &standing).expect(201);
    assert_eq!(ua.get("/api/v1/me").status, 401, "a counterpart of a State without standing is nobody");
    sec.post(&format!("{no}/standings"), &json!({"standing": "member", "source": SOURCE})).expect(201);
    assert_eq!(ua.get("/api/v1/me").status, 401, "nor is a counterpart of a member");
    let contact = json!({"role": "contact_point", "source": SOURCE});
    sec.post(&format!("{}/designations", person(&world, "ua")), &contact).expect(201);
    assert_eq!(ua.get("/api/v1/me").expect(200)["role"], "contact_point");

    for key in ["fr", "ej", "assoc", "guest", "sec2", "aud"] {
        let mut client = world.client(key);
        client.get("/api/v1/me").expect(200);
        let act = designation(&mut world, key);
        end(&mut sec, &act).expect(201);
        assert_eq!(client.get("/api/v1/me").status, 401, "{key}");
    }
    let enrolment = text(&sec.get(&person(&world, "de")).expect(200), "id");
    assert_eq!(enrolment, world.person("de").as_str());
    let mut de = world.client("de");
    let enrolment = text(&sec.get(&person(&world, "de")).expect(200)["account"]["enrolments"][0], "act");
    end(&mut sec, &enrolment).expect(201);
    assert_eq!(de.get("/api/v1/me").status, 401);
});

both!(nobody_changes_their_own_rights, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let own = person(&world, "sec");
    let source = json!({"source": SOURCE});
    let act = designation(&mut world, "sec");
    let enrolment = text(&sec.get(&own).expect(200)["account"]["enrolments"][0], "act");
    let mut tables = Tables::of(&world.server);
    let before = tables.rows();
    for (path, body) in [
        (format!("{own}/designations"), json!({"role": "auditor", "source": SOURCE})),
        (format!("{own}/elections"), json!({"body": "steering_board", "source": SOURCE})),
        (format!("{own}/invitation"), json!({"email": "sec@elsewhere.example"})),
        (format!("{own}/suspension"), source.clone()),
        (format!("{own}/off-boarding"), source.clone()),
        (format!("/api/v1/acts/{act}/ending"), source.clone()),
        (format!("/api/v1/acts/{enrolment}/ending"), source.clone()),
    ] {
        let refused = sec.post(&path, &body).expect(403);
        assert_eq!(refused["type"], "urn:incamera:problem:not-permitted", "{path}");
    }
    assert_eq!(tables.rows(), before);
    // Another officer can.
    let other = designation(&mut world, "sec2");
    end(&mut sec, &other).expect(201);
});

both!(rights_of_rooms_are_not_administration, |server: TestServer| {
    let mut world = World::new(server);
    let fr = world.person("fr");
    let admission = world.server.operate(move |work| {
        let room: RoomId = opening::open_room(work, Some(&fr), RoomKind::CaseFile, "A case file", &[])?;
        opening::admit(work, Some(&fr), &room, &fr, Reach::Whole, "made for a test")
    });
    // Nobody is shown such an act, or can end it, by the way of administration.
    let absent = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
    for key in ["sec", "aud", "fr", "fr2", "assoc"] {
        let mut client = world.client(key);
        for (method, tail) in [("GET", ""), ("POST", "/ending")] {
            let body = (method == "POST").then(|| json!({"source": SOURCE}).to_string());
            let headers = [("content-type", "application/json")];
            let headers: &[(&str, &str)] = if body.is_some() { &headers } else { &[] };
            let mut ask = |act: &str| {
                client.send(method, &format!("/api/v1/acts/{act}{tail}"), headers, body.as_deref().map(str::as_bytes))
            };
            assert_eq!(ask(admission.as_str()).normalized(), ask(absent).normalized(), "{key} {method}");
        }
    }
});

both!(a_new_person_is_nobody_until_designated_and_enrolled, |server: TestServer| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let new = sec.post(&format!("{}/people", party(&world, "iiim")), &json!({"name": "New One"})).expect(201);
    let path = format!("/api/v1/people/{}", text(&new, "id"));
    let invitation = sec.post(&format!("{path}/invitation"), &json!({"email": "New.One@iiim.example"})).expect(201);
    let mut client = world.server.client();
    let chosen = "seven ember glacier 29 lattice";
    let body = json!({"token": invitation["token"], "password": chosen});
    let enrolled = client.post("/api/v1/invitations/acceptance", &body).expect(201);
    assert_eq!(enrolled["email"], "new.one@iiim.example");
    let log_in = json!({"email": "new.one@iiim.example", "password": chosen});
    assert_eq!(client.post("/api/v1/session", &log_in).status, 401, "enrolled, but designated for nothing");
    sec.post(&format!("{path}/designations"), &json!({"role": "representative", "source": SOURCE})).expect(201);
    let session = client.post("/api/v1/session", &log_in).expect(200);
    client.token = session["access_token"].as_str().map(ToOwned::to_owned);
    let me = client.get("/api/v1/me").expect(200);
    assert_eq!((&me["role"], &me["standing"]), (&json!("representative"), &json!("associate")));
    // The other order: designated first, no account.
    world.add("later", "iiim", Role::Representative);
    let body = json!({"email": "later@test.example", "password": world::PASSWORD});
    assert_eq!(client.anew().post("/api/v1/session", &body).status, 401);
});
