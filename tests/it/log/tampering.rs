//! What `audit verify` finds.

use incamera::audit;
use serde_json::json;

use super::SOURCE;
use super::tree::grow;
use crate::both;
use crate::support::made::{self, text};
use crate::support::{Tables, TestServer, World};

both!(tampering_is_noticed, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &[]);
    let body = json!({"name": "Other name", "source": SOURCE});
    world.client("sec").post(&format!("/api/v1/parties/{}/names", world.party("FR")), &body).expect(201);
    world.client("fr").get(&format!("/api/v1/sessions/{}", text(&closed, "id"))).expect(200);
    let mut tables = Tables::of(&world.server);
    let (size, _) = audit::verify(tables.conn(), &mut |_| {}).expect("the log is whole");
    assert_eq!(size, tables.size());
    assert!(size > 5);
    let at = |event: &str| format!("(SELECT MAX(seq) FROM audit_entries WHERE event = '{event}')");
    let (named, seen) = (at("act_recorded"), at("agenda_read"));
    let nobody = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
    let last = size - 1;

    let tamperings = [
        ("a payload", format!("UPDATE audit_entries SET payload = replace(payload, 'agenda_read', 'agenda_raed') WHERE seq = {seen}")),
        ("a payload's end", "UPDATE audit_entries SET payload = payload || ' ' WHERE seq = 2".into()),
        ("who", format!("UPDATE audit_entries SET actor_id = '{nobody}' WHERE seq = {seen}")),
        ("nobody", format!("UPDATE audit_entries SET actor_id = NULL WHERE seq = {seen}")),
        ("when", "UPDATE audit_entries SET at_us = at_us + 1 WHERE seq = 3".into()),
        ("the minute", "UPDATE audit_entries SET minute = minute + 1 WHERE seq = 3".into()),
        ("what", format!("UPDATE audit_entries SET event = 'note_read' WHERE seq = {seen}")),
        ("whose business", format!("UPDATE audit_entries SET area = 'audit' WHERE seq = {named}")),
        ("no business", format!("UPDATE audit_entries SET area = NULL WHERE seq = {named}")),
        ("whose", format!("UPDATE audit_entries SET owner_party = '{nobody}' WHERE seq = {named}")),
        ("nobody's", format!("UPDATE audit_entries SET owner_party = NULL WHERE seq = {named}")),
        ("somebody's", format!("UPDATE audit_entries SET owner_party = '{nobody}' WHERE seq = {seen}")),
        ("the room", format!("UPDATE audit_entries SET room_id = '{nobody}' WHERE seq = {seen}")),
        ("no room", format!("UPDATE audit_entries SET room_id = NULL WHERE seq = {seen}")),
        ("the thing", format!("UPDATE audit_entries SET thing_id = '{nobody}' WHERE seq = {seen}")),
        ("the id", format!("UPDATE audit_entries SET id = '{nobody}' WHERE seq = 3")),
        ("the salt", "UPDATE audit_entries SET salt = (SELECT salt FROM audit_entries WHERE seq = 2) WHERE seq = 3".into()),
        ("the commitment", "UPDATE audit_entries SET commitment = (SELECT commitment FROM audit_entries WHERE seq = 2) WHERE seq = 3".into()),
        ("all of an entry but its place", "UPDATE audit_entries SET payload = (SELECT payload FROM audit_entries WHERE seq = 2), salt = (SELECT salt FROM audit_entries WHERE seq = 2), commitment = (SELECT commitment FROM audit_entries WHERE seq = 2) WHERE seq = 3".into()),
        ("half an erasure", "UPDATE audit_entries SET payload = NULL, salt = NULL WHERE seq = 3".into()),
        ("a whole erasure that no entry tells of", "UPDATE audit_entries SET payload = NULL, salt = NULL, at_us = NULL, event = NULL, area = NULL, actor_id = NULL, owner_party = NULL, room_id = NULL, thing_id = NULL WHERE seq = (SELECT MAX(seq) FROM audit_entries WHERE event = 'agenda_read')".into()),
        ("a deletion", "DELETE FROM audit_entries WHERE seq = 3".into()),
        ("the first's deletion", "DELETE FROM audit_entries WHERE seq = 0".into()),
        ("the last's deletion", format!("DELETE FROM audit_entries WHERE seq = {last}")),
        ("places swapped", format!("UPDATE audit_entries SET seq = {size} WHERE seq = 2; UPDATE audit_entries SET seq = 2 WHERE seq = 3; UPDATE audit_entries SET seq = 3 WHERE seq = {size}")),
        ("a place moved", format!("UPDATE audit_entries SET seq = {} WHERE seq = {last}", size + 5)),
        ("a head too high", "UPDATE audit_head SET size = size + 1".into()),
        ("a head too low", "UPDATE audit_head SET size = size - 1".into()),
        ("a head of nothing", "UPDATE audit_head SET size = 0".into()),
    ];
    for (what, statements) in tamperings {
        tables.execute("BEGIN");
        tables.execute(&statements);
        let found = audit::verify(tables.conn(), &mut |_| {});
        tables.execute("ROLLBACK");
        assert!(found.is_err(), "{what} was not noticed");
    }
    audit::verify(tables.conn(), &mut |_| {}).expect("the log is whole");
});

both!(what_is_kept_of_the_tree_is_verified_too, |server: TestServer| {
    grow(&server, 600);
    let mut tables = Tables::of(&server);
    assert_eq!(audit::verify(tables.conn(), &mut |_| {}).expect("the log is whole"), (600, 0));
    for (what, statement) in [
        (
            "a tile's hashes",
            "UPDATE audit_tiles SET hashes = (SELECT hashes FROM audit_tiles WHERE place = 0) WHERE place = 1",
        ),
        (
            "a tile's root",
            "UPDATE audit_tiles SET root = (SELECT root FROM audit_tiles WHERE place = 0) WHERE place = 1",
        ),
        ("a tile taken away", "DELETE FROM audit_tiles WHERE place = 1"),
        ("a tile put in", "INSERT INTO audit_tiles SELECT 1, 0, hashes, root FROM audit_tiles WHERE place = 0"),
        ("the frontier", "UPDATE audit_head SET frontier = (SELECT root FROM audit_tiles WHERE place = 0)"),
        ("no frontier", "UPDATE audit_head SET frontier = NULL"),
    ] {
        tables.execute("BEGIN");
        tables.execute(statement);
        let found = audit::verify(tables.conn(), &mut |_| {});
        tables.execute("ROLLBACK");
        assert!(found.is_err(), "{what} was not noticed");
    }
});
