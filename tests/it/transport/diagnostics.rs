//! What the process tells of itself holds nothing that a person typed, and nothing that names a thing.

use std::sync::Arc;
use std::time::Duration;

use incamera::context::{Clock, SystemClock, SystemEntropy};
use incamera::db::Db;
use incamera::identity::Identity;
use incamera::network::import::{ensure_designation, ensure_party, ensure_person};
use incamera::network::model::{PartyKind, Role};
use incamera::seal::RowCodes;
use incamera::settings::Settings;
use serde_json::{Value, json};

use super::talk;
use crate::support::database::Kind;
use crate::support::process::Process;
use crate::support::world::{LONG_AGO, PASSWORD, code_of};

/// An officer of the Secretariat, made beside the running process: person, party, seed.
fn officer(process: &Process) -> (String, String, String) {
    let text = std::fs::read_to_string(process.data.join("incamera.toml")).unwrap();
    let settings = Settings::from_text(&text, &process.data, []).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (url, codes) = (settings.database_url().unwrap(), RowCodes::open(&settings).unwrap());
    let db = Db::open(&settings.database, &url, Arc::clone(&clock), Arc::new(SystemEntropy), codes).unwrap();
    let identity = Identity::open(&settings, clock).unwrap();
    db.write_blocking(move |work| {
        let party = ensure_party(work, PartyKind::Secretariat, "Zekretariat", &[("The Zekretariat", LONG_AGO)])?;
        let person = ensure_person(work, &party, "Ottoline Zwart")?;
        ensure_designation(work, &person, Role::SecretariatOfficer, None, LONG_AGO, "made for a test")?;
        let enrolled = identity.open_account(work, &person, "ottoline@zekretariat.example", PASSWORD)?;
        Ok((person.to_string(), party.to_string(), enrolled.totp_secret))
    })
    .unwrap()
}

fn tells_nothing(kind: Kind, format: &str) {
    // Everything that can be told, of every crate.
    let process =
        Process::start(kind, &[("INCAMERA_DIAGNOSTICS__LEVEL", "trace"), ("INCAMERA_DIAGNOSTICS__FORMAT", format)]);
    let (person, party, seed) = officer(&process);
    let mut secrets: Vec<String> = vec![person.clone(), party.clone(), seed.clone(), PASSWORD.into()];
    let mut client = process.client();
    let mut keep = |value: &Value| {
        let text = value.as_str().unwrap().to_owned();
        secrets.push(text.clone());
        text
    };

    let code = code_of(&seed, u64::try_from(SystemClock.now().seconds()).unwrap() / 30);
    let login = |password: &str, code: &str| json!({"email": "ottoline@zekretariat.example", "password": password, "code": code});
    client.post("/api/v1/session", &login("wrong zeppelin password", &code)).expect(401);
    let session = client.post("/api/v1/session", &login(PASSWORD, &code)).expect(200);
    client.post("/api/v1/session", &login(PASSWORD, &code)).expect(401);
    let session = {
        let old = keep(&session["refresh_token"]);
        keep(&session["access_token"]);
        keep(&session["unlock"]);
        client.post("/api/v1/session/refresh", &json!({"refresh_token": old})).expect(200)
    };
    let refresh = keep(&session["refresh_token"]);
    client.token = Some(keep(&session["access_token"]));
    client.unlock = Some(keep(&session["unlock"]));
    client.visit = Some("11111111-2222-4333-8444-555555555555".into());

    client.get("/api/v1/me").expect(200);
    client.get(&format!("/api/v1/people/{person}")).expect(200);
    client.get(&format!("/api/v1/parties/{party}")).expect(200);
    client.get("/api/v1/people/66666666-7777-4888-8999-000000000000").expect(404);
    client.get("/api/v1/parties?zuery=zalue").expect(422);
    client.get("/api/v1/parties?cursor=zursor").expect(422);
    assert_eq!(client.get("/zomewhere/else").status, 404);
    assert_eq!(client.delete("/zomewhere/else").status, 404);
    let named =
        client.post(&format!("/api/v1/parties/{party}/people"), &json!({"name": "Zacharias Quill"})).expect(201);
    let other = keep(&named["id"]);
    let invited = client
        .post(&format!("/api/v1/people/{other}/invitation"), &json!({"email": "zacharias@quill.example"}))
        .expect(201);
    let invitation = keep(&invited["token"]);
    client.post("/api/v1/invitations/acceptance", &json!({"token": invitation, "password": "zz"})).expect(422);
    client.post("/api/v1/invitations/acceptance", &json!({"token": "ici_zwrong", "password": PASSWORD})).expect(422);
    client.post("/api/v1/people/x/zuffix", &json!({"zield": "zontent"})).expect(404);
    client.post("/api/v1/parties", &json!({"zield": "zontent"})).expect(422);
    client.send("POST", "/api/v1/parties", &[("content-type", "zext/plain")], Some(b"zontent")).expect(415);
    let mut forged = client.again();
    forged.token = Some("zorged.token.zere".into());
    forged.get("/api/v1/me").expect(401);
    talk(
        &client,
        b"GET /zroken HTTP/1.1\r\nHost: zost.example\r\nX-Zeader: zalue\r\nContent-Length: zlength\r\n\r\n",
        Duration::from_secs(5),
    );
    talk(&client, b"ZETHOD /zpath HTTP/1.1\r\nX-Zeader\r\n\r\n", Duration::from_secs(5));
    // An outage of the database, whose causes are told.
    client.post("/api/v1/session/refresh", &json!({"refresh_token": refresh})).expect(200);
    client.post("/api/v1/session/refresh", &json!({"refresh_token": refresh})).expect(401);
    client.delete("/api/v1/session").expect(401);

    process.wait_for("sign_out");
    std::thread::sleep(Duration::from_millis(200));
    let told = process.diagnostics();
    // It does tell something, for each call.
    for word in ["answered", "sign_in", "refresh", "accept_invitation", "get_person", "422", "401"] {
        assert!(told.contains(word), "{word} is not in the diagnostics: {told}");
    }
    // Pieces of tokens too.
    let pieces: Vec<String> = secrets.iter().flat_map(|secret| secret.split('.').map(ToOwned::to_owned)).collect();
    let words = [
        "ottoline",
        "zekretariat",
        "zwart",
        "zacharias",
        "quill",
        "zeppelin",
        "zuery",
        "zalue",
        "zursor",
        "zomewhere",
        "zuffix",
        "zield",
        "zontent",
        "zext",
        "zorged",
        "zroken",
        "zost",
        "zeader",
        "zlength",
        "zwrong",
        "zethod",
        "zpath",
        "11111111-2222",
        "66666666-7777",
        "bearer",
        "icr_",
        "icu_",
        "ici_",
        "eyJ",
    ];
    let folded = told.to_lowercase();
    for secret in pieces.iter().map(String::as_str).chain(words).chain([code.as_str()]) {
        let line = folded.lines().find(|line| line.contains(&secret.to_lowercase()));
        assert!(line.is_none(), "the diagnostics hold {secret:?}: {line:?}");
    }
}

#[test]
fn as_text() {
    tells_nothing(Kind::Sqlite, "text");
}

#[test]
fn as_json() {
    tells_nothing(Kind::Postgres, "json");
}
