//! What a password must be, and changing it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use incamera::audit::take_touched;
use incamera::db::schema::{accounts, sign_ins};
use incamera::db::{Conn, codes};
use incamera::ids::PersonId;
use incamera::seal::RowCodes;

use super::*;
use crate::both;

const NEW: &str = "teapot gravel 88 nimbus orchid";

both!(is_changed_by_whoever_knows_it, |server| {
    let mut world = World::new(server);
    let (mut this, mut other) = (world.anew("fr"), world.anew("fr"));
    let mut colleague = world.client("fr2");
    let change = |present: &str, new: &str| json!({"password": present, "new_password": new});
    let mut put = |body: &Value| {
        this.send(
            "PUT",
            "/api/v1/me/password",
            &[("content-type", "application/json")],
            Some(body.to_string().as_bytes()),
        )
    };
    let before = log(&world.server).len();
    let wrong = put(&change("not the present one", NEW)).expect(422);
    assert_eq!(wrong["fields"], json!([{"field": "password", "problem": "not the present password"}]));
    for (bad, why) in [
        ("short", "shorter than 15 characters"),
        ("fourteen chars", "shorter than 15 characters"),
        (&*"x9 fj2l sq".repeat(13), "longer than 128 characters"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "too easy to guess"),
        ("password1234567", "too easy to guess"),
        ("eurojust prosecutor", "too easy to guess"),
        ("fr@test.example fr", "too easy to guess"),
    ] {
        let refused = put(&change(PASSWORD, bad)).expect(422);
        assert_eq!(refused["fields"], json!([{"field": "new_password", "problem": why}]), "{bad}");
    }
    logged(&world.server, before, &[]);
    other.get("/api/v1/me").expect(200);

    put(&change(PASSWORD, NEW)).expect(204);
    let entries = logged(&world.server, before, &["password_changed"]);
    assert_eq!(entries[0]["actor"], world.person("fr").as_str());
    // Every other log-in ended, this one goes on, and nobody else's ended.
    refused(&other.get("/api/v1/me"));
    this.get("/api/v1/me").expect(200);
    colleague.get("/api/v1/me").expect(200);
    refused(&world.try_log_in("fr", PASSWORD, None));
    world.try_log_in("fr", NEW, None).expect(200);
    world.try_log_in("fr2", PASSWORD, None).expect(200);
});

both!(is_the_same_however_it_is_typed, |server| {
    let mut world = World::new(server);
    let mut client = world.client("fr");
    let composed = "caf\u{e9} gravel 88 nimbus orchid";
    let decomposed = "cafe\u{301} gravel 88 nimbus orchid";
    let body = json!({"password": PASSWORD, "new_password": decomposed}).to_string();
    let json = [("content-type", "application/json")];
    client.send("PUT", "/api/v1/me/password", &json, Some(body.as_bytes())).expect(204);
    world.try_log_in("fr", composed, None).expect(200);
    world.try_log_in("fr", decomposed, None).expect(200);
    // But nothing is trimmed, folded or cut off.
    for near in
        [&format!("{composed} "), &composed.to_uppercase(), &composed[..composed.len() - 1], &format!("{composed}x")]
    {
        refused(&world.try_log_in("fr", near, None));
    }
});

// A log-in that was begun with the old password and is still under way when another is chosen does not
// come about: it would outlive the change that was to end it.
both!(a_change_overtakes_a_log_in, |server| {
    let mut world = World::new(server);
    world.seed("fr");
    let mut client = world.server.client();
    let body = json!({"email": World::email("fr"), "password": PASSWORD});
    let person = world.person("fr");
    let reply = overtaken(
        &world.server,
        move || client.post("/api/v1/session", &body),
        |conn| {
            set_verifier(conn, &person, &[7; 32]);
        },
    );
    refused(&reply);
    // Without the change it would have come about.
    let mut client = world.server.client();
    let body = json!({"email": World::email("de"), "password": PASSWORD});
    world.seed("de");
    overtaken(&world.server, move || client.post("/api/v1/session", &body), |_| {}).expect(200);
});

// The same for a change of password: what was found right must still be so when it is replaced, and whoever
// asked must still be logged in.
both!(a_change_overtakes_a_change, |server| {
    let mut world = World::new(server);
    let change = |mut client: crate::support::Client| {
        let body = json!({"password": PASSWORD, "new_password": NEW}).to_string();
        move || {
            client.send("PUT", "/api/v1/me/password", &[("content-type", "application/json")], Some(body.as_bytes()))
        }
    };
    let (fr, de) = (world.person("fr"), world.person("de"));
    let [fr_client, de_client, se_client] = ["fr", "de", "se"].map(|key| world.client(key));
    let reply = overtaken(&world.server, change(fr_client), |conn| set_verifier(conn, &fr, &[7; 32]));
    assert_eq!(reply.expect(422)["fields"][0]["problem"], "not the present password");
    let mut conn = world.server.url().open_writer().unwrap();
    let kept: Vec<u8> = accounts::table.find(&fr).select(accounts::verifier).first(&mut conn).unwrap();
    assert_eq!(kept, [7; 32], "overwritten");

    let reply = overtaken(&world.server, change(de_client), |conn| {
        let own = sign_ins::table.filter(sign_ins::person_id.eq(&de));
        diesel::update(own).set((sign_ins::ended_us.eq(1), sign_ins::ended_why.eq("suspended"))).execute(conn).unwrap();
    });
    refused(&reply);
    world.try_log_in("de", PASSWORD, None).expect(200);
    overtaken(&world.server, change(se_client), |_| {}).expect(204);
});

/// Lets `call` run until only its own writing is left, then `change` happen before that.
fn overtaken(
    server: &TestServer,
    call: impl FnOnce() -> Reply + Send + 'static,
    change: impl FnOnce(&mut Conn),
) -> Reply {
    crate::support::tables::put_hand_to(&server.settings);
    let (mut conn, mut before) = (server.url().open_writer().unwrap(), server.url().open_writer().unwrap());
    let keys = RowCodes::open(&server.settings).unwrap();
    let lock = match &conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN; SELECT size FROM audit_head FOR UPDATE",
    };
    conn.batch_execute(lock).unwrap();
    let under_way = std::thread::spawn(call);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(!under_way.is_finished(), "it did not wait");
    change(&mut conn);
    // As another node would leave it: with codes.
    let touched = take_touched(&mut conn).unwrap();
    codes::write(&mut conn, &mut before, &keys, &touched, &[]).unwrap();
    conn.batch_execute("COMMIT").unwrap();
    under_way.join().unwrap()
}

fn set_verifier(conn: &mut Conn, person: &PersonId, verifier: &[u8]) {
    let changed = diesel::update(accounts::table.find(person)).set(accounts::verifier.eq(verifier)).execute(conn);
    assert_eq!(changed.unwrap(), 1);
}
