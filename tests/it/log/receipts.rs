//! Receipts: what a State takes home and checks without the server.

use incamera::audit::model::note::Verifier;
use incamera::audit::model::proof::{self, Proof, Unproven};
use serde_json::Value;

use super::tree::{checkpoint, grow, key};
use crate::both;
use crate::support::made::{self, text};
use crate::support::scene::note;
use crate::support::{Client, Tables, TestServer, World, process};

#[track_caller]
fn receipt(client: &mut Client, seq: u64) -> String {
    let reply = client.get(&format!("/api/v1/audit/receipts/{seq}"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

fn shown(text: &str, key: &Verifier) -> Value {
    let proven = proof::verify(text, std::slice::from_ref(key), |_| Ok(())).expect("it proves the entry");
    let fields = proven.shown.open().map(|(name, value)| (name.to_owned(), serde_json::from_str(value).unwrap()));
    Value::Object(fields.collect())
}

both!(a_receipt_proves_an_entry_and_shows_what_its_reader_may_read, |server: TestServer| {
    let mut world = World::new(server);
    world.enrol(&["fr", "de"]);
    let key = key(&world.server);
    let meeting = made::meeting(&mut world, 36);
    let closed = made::session(&mut world, &meeting, "closed", "Closed session", &[]);
    let room = text(&closed, "room");
    let mut tables = Tables::of(&world.server);
    let mut writer = made::inside(&mut world, "fr", &room);
    let note = text(&writer.post(&format!("/api/v1/rooms/{room}/notes"), &note("Title", "Text")).expect(201), "id");
    let mut reader = made::inside(&mut world, "de", &room);
    let seq = u64::try_from(tables.size()).unwrap();
    reader.get(&format!("/api/v1/rooms/{room}/notes/{note}")).expect(200);
    let path = format!("/api/v1/audit/receipts/{seq}");
    assert_eq!(world.client("fr").get(&path).status, 409, "no checkpoint reaches it yet");
    grow(&world.server, 700);
    world.server.publish().unwrap().unwrap();

    let entry = tables.entries(i64::try_from(seq).unwrap())[0].clone();
    assert_eq!(entry["event"], "note_read");
    // The State whose note it is sees who read it; in which of his log-ins and visits, only he does.
    let mut state = entry.clone();
    state.as_object_mut().unwrap().retain(|name, _| name != "sign_in" && name != "visit" && name != "rows");
    let fr = receipt(&mut world.client("fr"), seq);
    assert_eq!(shown(&fr, &key), state);
    assert!(!fr.contains(entry["visit"].as_str().unwrap()));
    let by_id = world.client("fr").get(&format!("/api/v1/audit/receipts/{}", text(&entry, "id")));
    assert_eq!(by_id.text(), fr, "he is shown the id, and asks by it");
    let mut reader = entry.clone();
    reader.as_object_mut().unwrap().remove("rows");
    assert_eq!(shown(&receipt(&mut world.client("de"), seq), &key), reader);
    assert_eq!(shown(&receipt(&mut world.client("aud"), seq), &key), entry);
    // For whoever may not read the entry, there is none.
    for who in ["se", "ua"] {
        let (there, absent) = (world.client(who).get(&path), world.client(who).get("/api/v1/audit/receipts/99999"));
        assert_eq!(there.normalized(), absent.normalized(), "{who}");
        assert_eq!(there.status, 404);
    }

    let beyond = format!("/api/v1/audit/receipts/{}", tables.size());
    let mut auditor = world.client("aud");
    grow(&world.server, 1);
    assert_eq!(auditor.get(&beyond).status, 409, "a checkpoint was signed, and ends before it");

    // Later checkpoints prove it as well; and a second one shows that none of it was rewritten.
    grow(&world.server, 100);
    world.server.publish().unwrap().unwrap();
    assert_eq!(shown(&receipt(&mut world.client("fr"), seq), &key), state);
    assert_eq!(shown(&fr, &key), state);
    let newest = checkpoint(&mut world.client("fr"), &key);
    assert!(newest.size > seq + 800);

    // By the command, without the server's folder.
    let folder = tempfile::tempdir().unwrap();
    let (file, public) = (folder.path().join("1.tlog-proof"), folder.path().join("log.pub"));
    std::fs::write(&file, &fr).unwrap();
    std::fs::write(&public, key.to_string()).unwrap();
    let run = |file: &std::path::Path| {
        let args = ["audit", "verify", file.to_str().unwrap(), "--key", public.to_str().unwrap()];
        process::incamera().args(args).output().unwrap()
    };
    let output = run(&file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("event \"note_read\"") && said.contains(&key.name), "{said}");
    std::fs::write(&file, fr.replace("index ", "index 1")).unwrap();
    let output = run(&file);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stdout).unwrap().contains("NOT PROVEN"));
});

both!(no_byte_of_a_receipt_can_be_changed, |server: TestServer| {
    let mut world = World::new(server);
    let key = key(&world.server);
    let name = serde_json::json!({"name": "Other name", "source": "Note verbale 7/2027"});
    let mut tables = Tables::of(&world.server);
    let seq = u64::try_from(tables.size()).unwrap() + 1;
    world.client("sec").post(&format!("/api/v1/parties/{}/names", world.party("FR")), &name).expect(201);
    grow(&world.server, 30);
    world.server.publish().unwrap().unwrap();
    let text = receipt(&mut world.client("aud"), seq);
    let proven = proof::verify(&text, std::slice::from_ref(&key), |_| Ok(())).unwrap();
    assert_eq!(Proof::parse(&text).unwrap().to_string(), text);
    let mut changed = 0;
    for place in 0..text.len() {
        for bit in [1, 2, 16] {
            let mut other = text.clone().into_bytes();
            other[place] ^= bit;
            let Ok(other) = String::from_utf8(other) else { continue };
            changed += 1;
            match proof::verify(&other, std::slice::from_ref(&key), |_| Ok(())) {
                Err(_) => {}
                // What is not signed, like the case of a digit, must at least say the same.
                Ok(same) => assert_eq!(same, proven, "at {place}: {other}"),
            }
        }
    }
    assert!(changed > 3_000, "{changed}");
    assert_eq!(proof::verify(&text, &[], |_| Ok(())), Err(Unproven::Unsigned));
    assert_eq!(
        proof::verify(&text, std::slice::from_ref(&key), |_| Err(Unproven::Witnesses)),
        Err(Unproven::Witnesses)
    );
});

both!(an_entry_that_was_edited_has_no_receipt, |server: TestServer| {
    let mut world = World::new(server);
    let mut auditor = world.client("aud");
    grow(&world.server, 5);
    world.server.publish().unwrap().unwrap();
    let mut tables = Tables::of(&world.server);
    assert_eq!(auditor.get("/api/v1/audit/receipts/3").status, 200);
    for edit in [
        "payload = replace(payload, '_', '-')",
        "minute = minute + 1",
        "commitment = (SELECT commitment FROM audit_entries WHERE seq = 2)",
        "salt = (SELECT salt FROM audit_entries WHERE seq = 2)",
    ] {
        tables.execute("CREATE TABLE kept_entry AS SELECT * FROM audit_entries WHERE seq = 3");
        tables.execute(&format!("UPDATE audit_entries SET {edit} WHERE seq = 3"));
        let reply = auditor.get("/api/v1/audit/receipts/3");
        tables.execute("DELETE FROM audit_entries WHERE seq = 3; INSERT INTO audit_entries SELECT * FROM kept_entry; DROP TABLE kept_entry");
        assert_eq!(reply.status, 500, "{edit}: {}", reply.text());
    }
    assert_eq!(auditor.get("/api/v1/audit/receipts/3").status, 200);
});
