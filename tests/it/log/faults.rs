//! What happens while the log cannot be written.

use serde_json::json;

use super::SOURCE;
use crate::both;
use crate::support::made::{self, text};
use crate::support::tables::nothing_lost;
use crate::support::{Reply, Tables, TestServer, World, world};

/// Ways in which the log stops being writable, with what makes it so and what repairs it.
fn breakages(server: &TestServer) -> Vec<(&'static str, &'static str, &'static str)> {
    let refuse = match server.kind {
        crate::support::database::Kind::Sqlite => (
            "entries are refused",
            "CREATE TRIGGER full BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
            "DROP TRIGGER full",
        ),
        crate::support::database::Kind::Postgres => (
            "entries are refused",
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION no()",
            "DROP TRIGGER full_disk ON audit_entries; DROP FUNCTION no()",
        ),
    };
    vec![
        refuse,
        (
            "the entries are gone",
            "ALTER TABLE audit_entries RENAME TO elsewhere",
            "ALTER TABLE elsewhere RENAME TO audit_entries",
        ),
        (
            "the head is gone",
            "ALTER TABLE audit_head RENAME TO elsewhere",
            "ALTER TABLE elsewhere RENAME TO audit_head",
        ),
        (
            "the head is empty",
            "CREATE TABLE kept AS SELECT * FROM audit_head; DELETE FROM audit_head",
            "INSERT INTO audit_head SELECT * FROM kept; DROP TABLE kept",
        ),
    ]
}

both!(without_a_log_nothing_is_done_and_nothing_disclosed, |server: TestServer| {
    const SECRET: &str = "zebrafinch";
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(&mut world, &meeting, "closed", &format!("{SECRET} title"), &[]);
    let material = made::material(&mut world, &open, "Paper", &format!("{SECRET} words"));
    let mut fr = made::inside(&mut world, "fr", &text(&closed, "room"));
    let closed = text(&closed, "id");
    let agenda = format!("/api/v1/sessions/{closed}/agenda");
    assert_eq!(fr.put(&agenda, 0, &json!({"items": [format!("{SECRET} item")]})).status, 204);
    let (mut sec, mut aud, mut se) = (world.client("sec"), world.client("aud"), world.client("se"));
    let reads = [
        format!("/api/v1/materials/{material}/content"),
        format!("/api/v1/sessions/{closed}"),
        format!("/api/v1/meetings/{meeting}"),
        format!("/api/v1/explain?thing={open}"),
    ];
    let code = world.code("de");
    let log_in = json!({"email": World::email("de"), "password": world::PASSWORD, "code": code});
    let stranger = json!({"email": "nobody@test.example", "password": world::PASSWORD});
    let convene = json!({"kind": "ordinary", "number": 77, "first_day": "2027-05-04", "last_day": "2027-05-05", "way": "video", "source": SOURCE});
    let off_board = format!("/api/v1/people/{}/off-boarding", world.person("se"));

    for (what, breaks, repairs) in breakages(&world.server) {
        let mut tables = Tables::of(&world.server);
        let before = tables.rows();
        tables.execute(breaks);
        let refuse = |reply: Reply, of: &str| {
            assert_eq!(reply.status, 503, "{what}: {of}: {}", reply.text());
            assert_eq!(reply.json()["type"], "urn:incamera:problem:log-unavailable");
            assert!(reply.headers.contains_key("retry-after"));
            assert!(!String::from_utf8_lossy(&reply.body).contains(SECRET), "{what}: {of}");
        };
        for path in &reads {
            refuse(fr.get(path), path);
        }
        if !what.starts_with("the entries") {
            refuse(aud.get("/api/v1/audit/entries"), "the auditor's reading");
        }
        let mut anyone = world.server.client();
        refuse(anyone.post("/api/v1/session", &log_in), "a log-in");
        refuse(sec.post("/api/v1/meetings", &convene), "convening");
        refuse(sec.post(&off_board, &json!({"source": SOURCE})), "off-boarding");
        refuse(fr.put(&agenda, 1, &json!({"items": ["Other"]})), "an agenda");
        refuse(se.delete("/api/v1/session"), "logging out");
        if what.starts_with("the head") {
            refuse(anyone.post("/api/v1/session", &stranger), "a stranger's count");
            refuse(anyone.get("/readyz"), "readiness");
        }
        // What is no entry is still answered.
        fr.get("/api/v1/me").expect(200);
        anyone.get("/api/v1/meetings").expect(200);
        assert_eq!(anyone.get("/healthz").status, 200);

        tables.execute(repairs);
        let after = tables.rows();
        for (table, rows) in &before {
            if table != "stranger_noise" {
                assert_eq!(&after[table], rows, "{what}: {table}");
            }
        }
        // And it serves again, at once.
        assert_eq!(anyone.get("/readyz").status, 200, "{what}");
        let size = tables.size();
        for path in &reads {
            assert_eq!(fr.get(path).status, 200, "{what}: {path}");
        }
        aud.get("/api/v1/audit/entries").expect(200);
        assert_eq!(tables.size(), size + 5, "{what}");
        nothing_lost(&before, &tables.rows());
    }
    sec.post("/api/v1/meetings", &convene).expect(201);
    world.server.client().post("/api/v1/session", &log_in).expect(200);
});

// Somebody else holds the database for longer than the server waits.
both!(a_database_that_is_held_is_no_log, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let material = made::material(&mut world, &open, "Paper", "zebrafinch");
    let mut fr = world.client("fr");
    let path = format!("/api/v1/materials/{material}/content");
    let mut tables = Tables::of(&world.server);
    let size = tables.size();
    tables.execute("BEGIN");
    tables.execute("UPDATE audit_head SET size = size");
    let reply = fr.get(&path);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(!reply.text().contains("zebrafinch"));
    tables.execute("ROLLBACK");
    assert_eq!(fr.get(&path).status, 200);
    assert_eq!(tables.size(), size + 1);
});
