//! The means to log in.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{FORGED, Hand, log_in};
use crate::both;
use crate::pages::passkeys::{ANSWER, asked, options, refused, with_passkey};
use crate::support::World;
use crate::support::database::Kind;
use crate::support::world::PASSWORD;

/// The digest that is kept of a secret, as the database takes it.
fn digest(kind: Kind, secret: &str) -> String {
    let hex = data_encoding::HEXLOWER.encode(&Sha256::digest(secret.as_bytes()));
    match kind {
        Kind::Sqlite => format!("x'{hex}'"),
        Kind::Postgres => format!("'\\x{hex}'::bytea"),
    }
}

both!(a_swapped_account_lets_nobody_in, |server| {
    let mut world = World::new(server);
    world.seed("de");
    let used = world.code("fr");
    let (fr, de, email) = (world.person("fr"), world.person("de"), World::email("fr"));
    assert_eq!(log_in(&world, &email, PASSWORD, Some(&used)), 200);
    let mut hand = Hand::on(&world);
    let whose = format!("person_id = '{fr}'");
    let of_de = |name: &str| format!("{name} = (SELECT o.{name} FROM accounts o WHERE o.person_id = '{de}')");
    // The password of the verifier that was swapped in is the same: it would be right.
    let swapped = ["hashing", "salt", "verifier"];
    hand.edit("accounts", &whose, &swapped, &swapped.map(of_de).join(", "), || {
        assert_eq!(log_in(&world, &email, PASSWORD, None), 401);
    });
    hand.edit("accounts", &whose, &["email"], "email = 'mallory@test.example'", || {
        assert_eq!(log_in(&world, "mallory@test.example", PASSWORD, None), 401);
    });
    // A code that was used already.
    hand.edit("accounts", &whose, &["totp_last_step"], "totp_last_step = 0", || {
        assert_eq!(log_in(&world, &email, PASSWORD, Some(&used)), 401);
    });
    hand.edit("accounts", &whose, &["totp_seed"], &of_de("totp_seed"), || {
        assert_eq!(log_in(&world, &email, PASSWORD, None), 401);
    });
    assert_eq!(log_in(&world, &email, PASSWORD, None), 200, "put back, it is the row that the server wrote");
    hand.tables.execute(&format!("DELETE FROM row_codes WHERE tbl = 'accounts' AND key = '{fr}'"));
    assert_eq!(log_in(&world, &email, PASSWORD, None), 401);
    hand.tables.execute(&format!("INSERT INTO row_codes SELECT tbl, '{fr}', part, kid, code FROM row_codes WHERE tbl = 'accounts' AND key = '{de}'"));
    assert_eq!(log_in(&world, &email, PASSWORD, None), 401);
    // The way back: new means, which the server writes whole.
    let identity = std::sync::Arc::clone(&world.server.identity);
    let address = email.clone();
    world.server.operate(move |work| identity.open_account(work, &fr, &address, PASSWORD).map(drop));
    assert_eq!(log_in(&world, &email, PASSWORD, None), 200);
});

both!(a_forged_log_in_is_none, |server| {
    let mut world = World::new(server);
    let kind = world.server.kind;
    let (mut full, mut half) = (world.client("fr"), world.client_without_second_factor("fr"));
    let fr = world.person("fr");
    let mut hand = Hand::on(&world);
    let digest = |secret: &str| digest(kind, secret);
    let whose = format!("person_id = '{fr}' AND ended_us IS NULL AND refresh_digest <> {}", digest("icr_forged"));
    hand.tables.execute(&format!(
        "INSERT INTO sign_ins SELECT '{FORGED}', person_id, opened_us, refreshed_us, expires_us, second_factor, {}, {}, NULL, NULL, NULL, NULL, NULL FROM sign_ins WHERE {whose} AND second_factor = TRUE",
        digest("icr_forged"),
        digest("icu_forged")
    ));
    let refresh = |world: &World| {
        world.server.client().post("/api/v1/session/refresh", &json!({"refresh_token": "icr_forged"})).status
    };
    assert_eq!(refresh(&world), 401);
    let other = hand.tables.words(&format!("SELECT id AS word FROM sign_ins WHERE {whose}")).pop().unwrap();
    hand.copy_code("sign_ins", &other, FORGED);
    assert_eq!(refresh(&world), 401);

    let whose = format!("{whose} AND second_factor = FALSE");
    hand.edit("sign_ins", &whose, &["second_factor"], "second_factor = TRUE", || {
        assert_eq!(half.get("/api/v1/me").status, 401);
    });
    half.get("/api/v1/me").expect(200);
    hand.edit("sign_ins", &whose, &["expires_us"], "expires_us = expires_us + 1", || {
        assert_eq!(half.get("/api/v1/me").status, 401);
    });
    full.get("/api/v1/me").expect(200);

    // A refresh token that nobody spent just now would let a browser in, and one spent before would end the log-in.
    let now = world.server.ctx().now.0;
    for (secret, spent) in [("icr_now", now), ("icr_before", now - 3_600_000_000)] {
        let digest = digest(secret);
        hand.tables.execute(&format!(
            "INSERT INTO spent_refreshes (digest, sign_in_id, spent_us) VALUES ({digest}, '{other}', {spent})"
        ));
        let cookie = format!("__Host-incamera-refresh={secret}");
        let page = world.server.client().look("/me", &[("cookie", &cookie)]);
        assert_eq!(page.status, 401, "{secret}: {}", page.text());
    }
    full.get("/api/v1/me").expect(200);
    half.get("/api/v1/me").expect(200);

    // An invitation that nobody made, and a recovery code.
    hand.tables.execute(&format!(
        "INSERT INTO invitations VALUES ('{FORGED}', '{fr}', '{}', {}, NULL, {now}, {}, NULL)",
        World::email("fr"),
        digest("ici_forged"),
        now + 3_600_000_000
    ));
    let taken = json!({"token": "ici_forged", "password": "another long sentence 55 of words"});
    assert_eq!(world.server.client().post("/api/v1/invitations/acceptance", &taken).status, 422);
    hand.tables
        .execute(&format!("INSERT INTO recovery_codes VALUES ('{FORGED}', '{fr}', {}, NULL)", digest("icc_forged")));
    assert_eq!(log_in(&world, &World::email("fr"), PASSWORD, Some("icc_forged")), 401);
    let other = hand
        .tables
        .words(&format!("SELECT id AS word FROM recovery_codes WHERE person_id = '{fr}' AND id <> '{FORGED}'"));
    hand.copy_code("recovery_codes", &other[0], FORGED);
    assert_eq!(log_in(&world, &World::email("fr"), PASSWORD, Some("icc_forged")), 401);
});

both!(a_forged_passkey_signs_for_nobody, |server| {
    let mut world = World::new(server);
    world.seed("de");
    let (_, mut key) = with_passkey(&mut world, "fr");
    let (fr, de) = (world.person("fr"), world.person("de"));
    let mut hand = Hand::on(&world);
    // The passkey of somebody else, put in for a person whose password is known.
    let whose = format!("person_id = '{fr}'");
    hand.edit("passkeys", &whose, &["person_id"], &format!("person_id = '{de}'"), || {
        refused(&asked(&world, "de", PASSWORD).1);
        refused(&asked(&world, "fr", PASSWORD).1);
    });
    // What was asked says by which keys the answer is judged: it opens for no one else.
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    hand.tables.execute(&format!("UPDATE passkey_ceremonies SET person_id = '{de}'"));
    let signed = key.sign(&options(&page));
    refused(&browser.fill(&page, ANSWER, &[("credential", &signed)]));
    let (mut browser, page) = asked(&world, "fr", PASSWORD);
    let signed = key.sign(&options(&page));
    assert_eq!(browser.fill(&page, ANSWER, &[("credential", &signed)]).status, 303);
});
