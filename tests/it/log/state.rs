//! The state of the log, for those who may check it: what was signed, by whom, and how the log grew.

use incamera::audit::model::note::{Kind, Note, Signer};
use serde_json::{Value, json};

use super::tree::{grow, key};
use crate::both;
use crate::support::{Tables, TestServer, World};

const STATE: &str = "/api/v1/audit/state";

both!(the_state_of_the_log_is_what_was_signed_of_it, |server: TestServer| {
    let mut world = World::new(server);
    let mut fr = world.client("fr");
    let none = fr.get(STATE).expect(200);
    assert_eq!((&none["checkpoint"], &none["growth"]), (&Value::Null, &json!([])));
    assert!(fr.look("/audit/state", &[]).text().contains("No checkpoint was signed yet"));

    grow(&world.server, 300);
    world.server.clock.advance(7_200);
    let mut fr = world.anew("fr");
    grow(&world.server, 100);
    world.server.publish().unwrap().unwrap();
    // What came after is not told of: not even how much.
    grow(&world.server, 50);
    let mut tables = Tables::of(&world.server);
    let size = tables.number("SELECT size AS number FROM audit_published");
    let log = tables.size();
    let state = fr.get(STATE).expect(200);
    assert_eq!(tables.size(), log, "it is no entry");
    let public = key(&world.server);
    assert_eq!(state["log"]["key"], json!(public.to_string()));
    let checkpoint = &state["checkpoint"];
    assert_eq!((&checkpoint["size"], &checkpoint["origin"]), (&json!(size), &json!(public.name)));
    assert!(public.to_string().contains(&format!("+{}+", checkpoint["key_id"].as_str().unwrap())));
    assert_eq!(checkpoint["cosignatures"], json!([]));

    let growth = state["growth"].as_array().unwrap();
    assert_eq!(growth.len(), 40, "however long it is");
    assert_eq!((&growth[0]["entries"], &growth[39]["entries"]), (&json!(1), &json!(size)));
    for point in growth {
        let seq = point["entries"].as_i64().unwrap() - 1;
        let minute = tables.number(&format!("SELECT minute AS number FROM audit_entries WHERE seq = {seq}"));
        let at = incamera::context::Moment::parse(point["at"].as_str().unwrap()).unwrap();
        assert_eq!(at.minute(), minute, "{point}");
    }

    // A witness signs it.
    let text = tables.words("SELECT note AS word FROM audit_published").remove(0);
    let mut note = Note::parse(&text).unwrap();
    let private = Signer::generate("ministry.example/witness", Kind::Witness, &world.server.ctx()).unwrap();
    let line = Signer::parse(&private, Kind::Witness).unwrap().sign(&note.text, 1_780_000_000);
    let id = line.key_id();
    note.lines.push(line);
    tables.execute(&format!("UPDATE audit_published SET note = '{note}'"));
    let cosigned = json!([{"name": "ministry.example/witness", "key_id": id, "at": "2026-05-28T20:26:40Z"}]);
    assert_eq!(fr.get(STATE).expect(200)["checkpoint"]["cosignatures"], cosigned);
    let page = fr.look("/audit/state", &[]).text();
    for part in
        ["ministry.example/witness", &id, &public.to_string(), "28 May 2026, 22:26 CEST", "<svg class=\"drawing\""]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains(&format!(">{log}<")), "the size of the log as it is now");

    // What became of asking witnesses is told there, too.
    assert!(page.contains("This log has no witnesses."));
    let witnesses =
        format!("('ours', {size}, {size}, 1780000000000000, NULL), ('theirs', {size}, 7, NULL, 'other_history')");
    tables.execute(&format!("INSERT INTO audit_witnesses (name, asked, size, cosigned_us, fault) VALUES {witnesses}"));
    let page = fr.look("/audit/state", &[]).text();
    for part in ["Enough witnesses", "<bdi>ours</bdi>", "<bdi>theirs</bdi>", "<td>7</td>", "another history"] {
        assert!(page.contains(part), "{part}");
    }
    tables.execute("UPDATE audit_witnesses SET asked = asked + 1");
    assert!(fr.look("/audit/state", &[]).text().contains("Too few witnesses"));
    assert_eq!(world.client("aud").get(STATE).expect(200)["growth"], state["growth"]);
    for who in ["sec", "ej", "assoc", "guest"] {
        for reply in [world.client(who).get(STATE), world.client(who).look("/audit/state", &[])] {
            assert_eq!(reply.status, 403, "{who}");
        }
    }
    assert_eq!(world.client_without_second_factor("fr").get(STATE).status, 403);
});
