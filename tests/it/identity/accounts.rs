//! Who may log in, what a stranger learns of it, who one is; and what lies in the database.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use incamera::context::Moment;
use incamera::db::schema::accounts;
use incamera::network::import::ensure_designation;
use incamera::network::model::Role;

use super::*;
use crate::both;
use crate::support::database::Kind;
use crate::support::world::{LONG_AGO, code_of};

// Whatever is the matter, the answer is the same to the byte.
both!(every_refusal_is_the_same, |server| {
    let mut world = World::new(server);
    for key in ["fr", "de", "se", "ua", "no", "fr2"] {
        world.seed(key);
    }
    let mut officer = world.client("sec");
    let source = json!({"source": "Decision 1"});
    let suspended = format!("/api/v1/people/{}/suspension", world.person("de"));
    officer.post(&suspended, &source).expect(201);
    let off_boarded = format!("/api/v1/people/{}/off-boarding", world.person("se"));
    officer.post(&off_boarded, &source).expect(201);
    let acts = |client: &mut crate::support::Client, path: String, field: &str| -> String {
        let body = client.get(&path).expect(200);
        body[field].as_array().unwrap().iter().find(|one| one["in_force"] == true).unwrap()["act"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let designation = acts(&mut officer, format!("/api/v1/people/{}", world.person("ua")), "designations");
    officer.post(&format!("/api/v1/acts/{designation}/ending"), &source).expect(201);
    let standing = acts(&mut officer, format!("/api/v1/parties/{}", world.party("NO")), "standings");
    officer.post(&format!("/api/v1/acts/{standing}/ending"), &source).expect(201);
    // An account of which the server can make nothing any more.
    let person = world.person("fr2");
    world.server.operate(move |work| {
        diesel::update(accounts::table.find(&person))
            .set((
                accounts::hashing.eq("argon2id/v1;m=19456;t=2;k=0000000000000000"),
                accounts::totp_seed.eq(vec![1_u8, 2, 3]),
            ))
            .execute(work.conn)?;
        Ok(())
    });
    let step = world.align();
    let seed = world.seed("fr");
    let right = code_of(&seed, step);
    let expected = world.try_log_in("nobody", PASSWORD, None);
    refused(&expected);
    let code = |world: &mut World, key: &str| code_of(&world.seed(key), step);
    let codes: Vec<String> = ["de", "se", "ua", "no"].iter().map(|key| code(&mut world, key)).collect();
    let cases = [
        ("an unknown address with a code", world.try_log_in("nobody", PASSWORD, Some(&right))),
        ("a wrong password", world.try_log_in("fr", "not the password at all", None)),
        ("a wrong password with the right code", world.try_log_in("fr", "not the password at all", Some(&right))),
        ("an empty password", world.try_log_in("fr", "", None)),
        ("a very long password", world.try_log_in("fr", &"x".repeat(100_000), None)),
        ("a wrong code", world.try_log_in("fr", PASSWORD, Some(&code_of(&seed, step + 40)))),
        ("a suspension", world.try_log_in("de", PASSWORD, Some(&codes[0]))),
        ("an off-boarding", world.try_log_in("se", PASSWORD, Some(&codes[1]))),
        ("an ended designation", world.try_log_in("ua", PASSWORD, Some(&codes[2]))),
        ("an ended standing", world.try_log_in("no", PASSWORD, Some(&codes[3]))),
        ("an unknown way of hashing", world.try_log_in("fr2", PASSWORD, None)),
        ("an empty address", try_log_in(&world.server, "", PASSWORD, None)),
        ("an address that is none", try_log_in(&world.server, "fr", PASSWORD, None)),
        ("a zero byte", try_log_in(&world.server, "fr@test.example\u{0}", PASSWORD, None)),
        ("a control character", try_log_in(&world.server, "fr\u{1b}@test.example", PASSWORD, None)),
        ("a very long address", try_log_in(&world.server, &("x".repeat(100_000) + "@test.example"), PASSWORD, None)),
        ("SQL", try_log_in(&world.server, "' OR 1=1 --", PASSWORD, None)),
        ("a wildcard", try_log_in(&world.server, "%@test.example", PASSWORD, None)),
    ];
    for (why, reply) in cases {
        assert_eq!(reply.normalized(), expected.normalized(), "{why}");
    }
    world.try_log_in("fr", PASSWORD, Some(&right)).expect(200);
});

/// An unknown address costs the same work as a wrong password: the times could tell them apart.
#[test]
fn every_refusal_takes_the_same_work() {
    let mut world = World::new(TestServer::start_with(
        Kind::Sqlite,
        &[("INCAMERA_IDENTITY__ARGON2_MEMORY_KIB", "32768"), ("INCAMERA_IDENTITY__ARGON2_PASSES", "3")],
    ));
    for key in ["fr", "de", "fr2"] {
        world.seed(key);
    }
    let suspended = format!("/api/v1/people/{}/suspension", world.person("de"));
    world.client("sec").post(&suspended, &json!({"source": "Decision 1"})).expect(201);
    let person = world.person("fr2");
    world.server.operate(move |work| {
        diesel::update(accounts::table.find(&person)).set(accounts::hashing.eq("unknown")).execute(work.conn)?;
        Ok(())
    });
    let wrong = "not the password at all";
    let cases = [
        ("nobody", wrong, None),
        ("fr", wrong, None),
        ("fr", PASSWORD, Some("000000")),
        ("de", PASSWORD, None),
        ("fr2", PASSWORD, None),
    ];
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); cases.len()];
    for _ in 0..9 {
        for (case, (key, password, code)) in cases.iter().enumerate() {
            let begun = Instant::now();
            refused(&world.try_log_in(key, password, *code));
            times[case].push(begun.elapsed());
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[times.len() / 2].as_secs_f64()
        })
        .collect();
    for (case, median) in medians.iter().enumerate() {
        let ratio = median / medians[0];
        assert!((0.6..1.7).contains(&ratio), "{:?} takes {ratio:.2} times what an unknown address takes", cases[case]);
    }
}

// What failed is in the log: named where it concerned an account, counted where it came from strangers.
both!(failures_are_logged, |server| {
    let mut world = World::new(server);
    world.seed("fr");
    let before = log(&world.server).len();
    for _ in 0..3 {
        refused(&world.try_log_in("fr", "not the password at all", None));
    }
    let entries = logged(&world.server, before, &["sign_in_failed"; 3]);
    assert_eq!(entries[0]["person"], world.person("fr").as_str());
    assert_eq!(entries[0]["source"], "127.0.0.0/24");
    assert!(entries[0].get("actor").is_none(), "nobody is known to have done it");
    let before = log(&world.server).len();
    for n in 0..4 {
        refused(&try_log_in(&world.server, &format!("stranger{n}@test.example"), PASSWORD, None));
    }
    world.server.unit(incamera::identity::service::log_strangers);
    logged(&world.server, before, &[]);
    // A minute later they are one entry, with nothing of what they tried.
    world.server.clock.advance(60);
    world.server.unit(incamera::identity::service::log_strangers);
    let entries = logged(&world.server, before, &["strangers_refused"]);
    assert_eq!((&entries[0]["count"], &entries[0]["source"]), (&json!(4), &json!("127.0.0.0/24")));
    assert!(!entries[0].to_string().contains("stranger0"));
    world.server.unit(incamera::identity::service::log_strangers);
    logged(&world.server, before, &["strangers_refused"]);
});

// Two designations: who one is does not hang on the order of random ids, but on what began first.
both!(two_designations, |server| {
    let mut world = World::new(server);
    // Enough people for a wrong order to show.
    for n in 0..8 {
        let key = format!("both{n}");
        world.add(&key, "secretariat", Role::SecretariatOfficer);
        let person = world.person(&key);
        world
            .server
            .operate(move |work| ensure_designation(work, &person, Role::Auditor, None, LONG_AGO, "made for a test"));
        let mut client = world.client(&key);
        let me = client.get("/api/v1/me").expect(200);
        assert_eq!(me["role"], "auditor", "the designation that began first");
        let roles: Vec<&str> = me["acts"].as_array().unwrap().iter().map(|act| act["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["auditor", "secretariat_officer"]);
        // With either right.
        client.get("/api/v1/audit/entries").expect(200);
        client.get("/api/v1/people").expect(200);
        // When one ends, the other stays.
        let act = me["acts"][0]["designation"].as_str().unwrap();
        world.client("sec").post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": "Decision 1"})).expect(201);
        let me = client.get("/api/v1/me").expect(200);
        assert_eq!((&me["role"], me["acts"].as_array().unwrap().len()), (&json!("secretariat_officer"), 1));
    }
});

both!(who_one_is, |server| {
    let mut world = World::new(server);
    let me = world.client("ua").get("/api/v1/me").expect(200);
    assert_eq!(me["person"], json!({"id": world.person("ua").as_str(), "name": "ua"}));
    assert_eq!(
        me["party"],
        json!({"id": world.party("UA").as_str(), "name": "Party UA", "code": "UA", "kind": "state"})
    );
    assert_eq!(
        (&me["role"], &me["standing"], &me["second_factor"]),
        (&json!("counterpart"), &json!("observer"), &json!(true))
    );
    let basis = &me["acts"][0];
    for act in ["designation", "standing_act", "enrolment"] {
        assert!(basis[act].is_string(), "{basis}");
    }
    let without = world.client_without_second_factor("ua").get("/api/v1/me").expect(200);
    assert_eq!(without["second_factor"], false);
    assert_eq!(without["acts"], me["acts"]);
    let secretariat = world.client("sec").get("/api/v1/me").expect(200);
    assert_eq!((&secretariat["standing"], &secretariat["party"]["kind"]), (&Value::Null, &json!("secretariat")));
});

/// Whoever has the database has no means to log in: neither the seeds nor any secret that was handed out
/// stand in it, in no spelling.
#[test]
fn nothing_secret_lies_in_the_database() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let (identity, person) = (world.server.identity.clone(), world.person("fr"));
    let enrolled =
        world.server.operate(move |work| identity.open_account(work, &person, &World::email("fr"), PASSWORD));
    let seed = enrolled.totp_secret.clone();
    let mut secrets: Vec<String> = vec![PASSWORD.into(), seed.clone()];
    secrets.extend(enrolled.recovery_codes.clone());
    let step = world.align();
    let code = code_of(&seed, step);
    let session = world.try_log_in("fr", PASSWORD, Some(&code)).expect(200);
    let refreshed = world
        .server
        .client()
        .post("/api/v1/session/refresh", &json!({"refresh_token": session["refresh_token"]}))
        .expect(200);
    for tokens in [&session, &refreshed] {
        for name in ["access_token", "refresh_token", "unlock"] {
            secrets.push(tokens[name].as_str().unwrap().to_owned());
        }
    }
    let invitation = format!("/api/v1/people/{}/invitation", world.person("de"));
    let invited = world.client("sec").post(&invitation, &json!({"email": "de@test.example"})).expect(201);
    secrets.push(invited["token"].as_str().unwrap().to_owned());
    world.try_log_in("fr", PASSWORD, Some(&enrolled.recovery_codes[0])).expect(200);

    let folder = world.server.folder.path();
    let mut bytes = Vec::new();
    for end in ["test.db", "test.db-wal"] {
        bytes.extend(std::fs::read(folder.join(end)).unwrap());
    }
    let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    // The search finds what is there.
    assert!(holds(b"fr@test.example"));
    assert!(holds(world.person("fr").as_str().as_bytes()));
    for secret in secrets {
        let mut spellings = vec![secret.clone().into_bytes()];
        // Without the prefix that tells its kind, and as the bytes it spells.
        let bare = secret.split_once('_').map_or(secret.as_str(), |(_, bare)| bare);
        spellings.push(bare.as_bytes().to_vec());
        spellings.extend(data_encoding::BASE64URL_NOPAD.decode(bare.as_bytes()).ok());
        spellings.extend(data_encoding::BASE32_NOPAD.decode(bare.as_bytes()).ok());
        spellings.extend(secret.split('.').map(|part| part.as_bytes().to_vec()));
        for spelling in spellings.iter().filter(|spelling| spelling.len() > 8) {
            assert!(!holds(spelling), "{secret} stands in the database");
        }
    }
    // Nor do the keys that are files.
    for name in ["token.key", "pepper.key", "factor.key", "rows.key"] {
        let line = std::fs::read_to_string(world.server.settings.base.join("keys").join(name)).unwrap();
        let key = data_encoding::HEXLOWER.decode(line.trim().as_bytes()).unwrap();
        assert!(!holds(&key) && !holds(line.trim().as_bytes()), "{name}");
    }
}

/// The keys under which seeds are sealed and passwords hashed can be changed: what was made under the old
/// line still serves until the line is removed, and then is refused like anything else.
#[test]
fn keys_are_rotated() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    world.seed("fr");
    let keys = world.server.settings.base.join("keys");
    let old: Vec<(std::path::PathBuf, String)> = ["pepper.key", "factor.key"]
        .iter()
        .map(|name| (keys.join(name), std::fs::read_to_string(keys.join(name)).unwrap()))
        .collect();
    for (path, line) in &old {
        std::fs::write(path, format!("{}\n{line}", "5c".repeat(32))).unwrap();
    }
    let with_both = world.server.beside(&[]);
    let step = world.align();
    let code = code_of(&world.seed("fr"), step);
    try_log_in(&with_both, &World::email("fr"), PASSWORD, Some(&code)).expect(200);
    // What is made now is made under the new one.
    let (identity, person) = (with_both.identity.clone(), world.person("de"));
    let new_seed = with_both
        .operate(move |work| Ok(identity.open_account(work, &person, &World::email("de"), PASSWORD)?.totp_secret));
    for (path, _) in &old {
        std::fs::write(path, "5c".repeat(32) + "\n").unwrap();
    }
    let with_new = world.server.beside(&[]);
    try_log_in(&with_new, &World::email("de"), PASSWORD, Some(&code_of(&new_seed, step))).expect(200);
    let unknown = try_log_in(&with_new, "nobody@test.example", PASSWORD, None);
    let gone = try_log_in(&with_new, &World::email("fr"), PASSWORD, None);
    assert_eq!(gone.normalized(), unknown.normalized());
    // The password alone, under a seed that cannot be opened: no code is right.
    std::fs::write(&old[0].0, format!("{}\n{}", "5c".repeat(32), old[0].1)).unwrap();
    let without_factor = world.server.beside(&[]);
    try_log_in(&without_factor, &World::email("fr"), PASSWORD, None).expect(200);
    world.server.clock.advance(60);
    let code = code_of(&world.seed("fr"), step + 2);
    assert_eq!(
        try_log_in(&without_factor, &World::email("fr"), PASSWORD, Some(&code)).normalized(),
        unknown.normalized()
    );
}

// Set back by hours, the clock must not lengthen what was to end: a log-in from the future does not live.
both!(a_clock_that_runs_backwards, |server| {
    let mut world = World::new(server);
    world.seed("fr");
    world.server.clock.advance(10 * 3600);
    let session = world.log_in("fr");
    let mut client = world.with(&session);
    client.get("/api/v1/me").expect(200);
    let back = |world: &World, seconds: i64| {
        let before: Moment = world.server.ctx().now;
        world.server.clock.advance(-seconds);
        assert!(world.server.ctx().now < before);
    };
    // A few seconds are the usual correction.
    back(&world, 3);
    client.get("/api/v1/me").expect(200);
    back(&world, 9 * 3600);
    refused(&client.get("/api/v1/me"));
    let renew = json!({"refresh_token": session["refresh_token"]});
    refused(&world.server.client().post("/api/v1/session/refresh", &renew));
    // One can log in anew, though not with a code from before.
    let present = world.try_log_in("fr", PASSWORD, None).expect(200);
    let listed = world.with(&present).get("/api/v1/me/sign-ins").expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
});
