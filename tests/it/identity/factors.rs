//! The second factor: codes and recovery codes, each usable once.

use super::*;
use crate::both;
use crate::support::world::code_of;

both!(a_code_is_usable_once_and_in_its_time, |server| {
    let mut world = World::new(server);
    let seed = world.seed("fr");
    let step = world.align();
    let before = log(&world.server).len();
    let try_step = |step: u64| world.try_log_in("fr", PASSWORD, Some(&code_of(&seed, step)));
    // Only the present step and its neighbours, for clocks that differ a little.
    refused(&try_step(step - 2));
    refused(&try_step(step + 2));
    try_step(step - 1).expect(200);
    refused(&try_step(step - 1));
    try_step(step).expect(200);
    refused(&try_step(step));
    // Nor one that is older than the newest used.
    refused(&try_step(step - 1));
    try_step(step + 1).expect(200);
    world.server.clock.advance(30);
    refused(&try_step(step + 1));
    try_step(step + 2).expect(200);
    let failed = "sign_in_failed";
    let entries = logged(
        &world.server,
        before,
        &[
            failed,
            failed,
            "second_factor_confirmed",
            "signed_in",
            failed,
            "signed_in",
            failed,
            failed,
            "signed_in",
            failed,
            "signed_in",
        ],
    );
    for entry in entries {
        let named = if entry["event"] == failed { &entry["person"] } else { &entry["actor"] };
        assert_eq!(named, world.person("fr").as_str(), "{entry}");
    }
});

both!(what_is_no_code, |server| {
    let mut world = World::new(server);
    let seed = world.seed("fr");
    let step = world.align();
    let right = code_of(&seed, step);
    let wide: String = right.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    for bad in [
        "",
        " ",
        "000000000",
        &right[..5],
        &format!("{right}0"),
        &format!("0{right}"),
        "abcdef",
        "-12345",
        "12 345",
        &wide,
        "icc_",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ] {
        refused(&world.try_log_in("fr", PASSWORD, Some(bad)));
    }
    // Another's code is none.
    let others = code_of(&world.seed("de"), step);
    refused(&world.try_log_in("fr", PASSWORD, Some(&others)));
    // A wrong password does not use a code up: else a stranger could.
    world.server.clock.advance(3600);
    let right = code_of(&seed, step + 120);
    refused(&world.try_log_in("fr", "not the password at all", Some(&right)));
    let session = world.try_log_in("fr", PASSWORD, Some(&format!(" {right} "))).expect(200);
    assert_eq!(world.with(&session).get("/api/v1/me").expect(200)["second_factor"], true);
    // Null is no code either, and is the same as none.
    let body = json!({"email": World::email("fr"), "password": PASSWORD, "code": null});
    let session = world.server.client().post("/api/v1/session", &body).expect(200);
    assert_eq!(world.with(&session).get("/api/v1/me").expect(200)["second_factor"], false);
});

both!(a_recovery_code_is_usable_once, |server| {
    let mut world = World::new(server);
    world.seed("de");
    let (identity, person) = (world.server.identity.clone(), world.person("fr"));
    let codes = world
        .server
        .operate(move |work| Ok(identity.open_account(work, &person, &World::email("fr"), PASSWORD)?.recovery_codes));
    assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
    let before = log(&world.server).len();
    refused(&world.try_log_in("de", PASSWORD, Some(&codes[0])));
    refused(&world.try_log_in("fr", "not the password at all", Some(&codes[0])));
    let session = world.try_log_in("fr", PASSWORD, Some(&format!(" {}\n", codes[0]))).expect(200);
    assert_eq!(world.with(&session).get("/api/v1/me").expect(200)["second_factor"], true);
    refused(&world.try_log_in("fr", PASSWORD, Some(&codes[0])));
    refused(&world.try_log_in("fr", PASSWORD, Some(&codes[1].to_lowercase())));
    for code in &codes[1..] {
        world.try_log_in("fr", PASSWORD, Some(code)).expect(200);
        refused(&world.try_log_in("fr", PASSWORD, Some(code)));
    }
    let events = since(&world.server, before);
    let count = |name: &str| events.iter().filter(|(event, _)| event == name).count();
    assert_eq!((count("recovery_code_used"), count("signed_in"), count("sign_in_failed")), (10, 10, 13));
    assert!(
        events
            .iter()
            .all(|(event, entry)| event != "recovery_code_used" || entry["actor"] == world.person("fr").as_str())
    );
});

// Whoever has the password could try all codes, so beyond ten wrong ones in an hour none is right any more;
// he is not told so, nor that the password was right. A recovery code cannot be guessed and still serves.
both!(guessing_codes_is_futile, |server| {
    let mut world = World::new(server);
    let (identity, person) = (world.server.identity.clone(), world.person("fr"));
    let enrolled =
        world.server.operate(move |work| identity.open_account(work, &person, &World::email("fr"), PASSWORD));
    let seed = enrolled.totp_secret;
    world.seed("de");
    // At the beginning of an hour.
    let seconds = world.server.ctx().now.seconds();
    world.server.clock.advance(3600 - seconds.rem_euclid(3600) + 5);
    let now = || u64::try_from(world.server.ctx().now.seconds()).unwrap() / 30;
    let wrong = code_of(&seed, now() + 50);
    let first = world.try_log_in("fr", PASSWORD, Some(&wrong));
    for _ in 1..10 {
        refused(&world.try_log_in("fr", PASSWORD, Some(&wrong)));
    }
    let after = world.try_log_in("fr", PASSWORD, Some(&code_of(&seed, now())));
    assert_eq!(after.normalized(), first.normalized());
    // Others, and the same person without a code or with a recovery code, log in as ever.
    world.try_log_in("fr", PASSWORD, None).expect(200);
    world.try_log_in("fr", PASSWORD, Some(&enrolled.recovery_codes[0])).expect(200);
    world.server.clock.advance(3000);
    refused(&world.try_log_in("fr", PASSWORD, Some(&code_of(&seed, now()))));
    world.server.clock.advance(600);
    world.try_log_in("fr", PASSWORD, Some(&code_of(&seed, now()))).expect(200);
    world.log_in("de");
});
