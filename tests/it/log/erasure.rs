//! What is too old is erased, and nothing else; the log stays provable, and no erasure hides anything.

use std::process::Output;
use std::time::{Duration, Instant};

use incamera::audit::model::proof;
use incamera::audit::prune::{self, Plan};
use incamera::audit::{self, Entry, Event};
use incamera::context::Moment;
use incamera::ids::{PartyId, RoomId};
use serde_json::{Value, json};

use super::rows::found;
use super::tree::{grow, key};
use crate::both;
use crate::support::database::Kind;
use crate::support::made::text;
use crate::support::scene::{inside, note, scene};
use crate::support::{Client, Tables, TestServer, World, process};

/// Long enough for every rule.
const LONG: i64 = 5 * 366 * 86_400;

fn command(server: &TestServer, arguments: &[&str]) -> Output {
    let config = server.settings.base.join("incamera.toml");
    process::incamera().arg("audit").args(arguments).args(["--config", config.to_str().unwrap()]).output().unwrap()
}

#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn plan(tables: &mut Tables, server: &TestServer, signs: bool, now: Moment) -> Plan {
    prune::plan(tables.conn(), &server.settings.retention, signs, now, &mut |_| {}).unwrap()
}

/// Entries of things of a party's.
fn owned(server: &TestServer, count: usize, party: &PartyId) {
    let party = party.clone();
    server.unit(move |work| {
        for _ in 0..count {
            work.log(Entry::new(Event::CaseRead).owned_by(Some(&party)));
        }
        Ok(())
    });
}

fn receipt(client: &mut Client, seq: i64) -> String {
    let reply = client.get(&format!("/api/v1/audit/receipts/{seq}"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

/// A world of long ago, in which people have worked; the note that was written and where the log ended.
fn long_ago(server: TestServer) -> (World, RoomId, i64) {
    server.clock.advance(-LONG);
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let written = text(&fr.post(&notes, &note("A", "one")).expect(201), "id");
    fr.put(&format!("{notes}/{written}"), 1, &note("A", "two")).expect(200);
    inside(&mut world, "de", &scene.room).get(&format!("{notes}/{written}")).expect(200);
    world.client("sec");
    world.client("ej");
    let end = Tables::of(&world.server).size();
    (world, scene.room, end)
}

fn back(world: &mut World) {
    world.server.clock.advance(LONG);
    world.server.publish().unwrap();
    for key in ["fr", "de", "sec", "aud"] {
        world.anew(key);
    }
}

both!(each_authority_has_its_own_time, |server: TestServer| {
    let world = World::new(server);
    let mut tables = Tables::of(&world.server);
    let first = tables.size();
    for code in ["FR", "eurojust", "ngo", "secretariat"] {
        owned(&world.server, 1, &world.party(code));
    }
    grow(&world.server, 1);
    let entries = tables.entries(first);
    for (entry, (authority, rule)) in entries.iter().zip([
        (Some("FR"), "year end + 1"),
        (Some("eurojust"), "3 years"),
        (Some("ngo"), "3 years"),
        (Some("secretariat"), "3 years"),
        (None, "3 years"),
    ]) {
        let made = entry["at_us"].as_i64().unwrap();
        let day = Moment(made).rfc3339();
        let year: i32 = day[..4].parse().unwrap();
        // Reckoned here by other means than in the code: a day that there is in every year.
        assert_ne!(&day[5..10], "02-29", "this test cannot be run on this day");
        let due = match rule {
            "3 years" => Moment::parse(&format!("{}{}", year + 3, &day[4..10])).unwrap().plus_seconds(86_400),
            _ => Moment::parse(&format!("{}-01-01", year + 2)).unwrap(),
        };
        let mut due_at = |now: Moment| {
            let plan = plan(&mut tables, &world.server, false, now);
            let mut lines = plan.lines.iter().filter(|(line, _)| line.authority.as_deref() == authority);
            lines.next().map(|(line, counts)| {
                assert_eq!((line.rule.to_string().as_str(), line.year), (rule, year));
                counts.due
            })
        };
        assert_eq!(due_at(Moment(due.0 - 1)), None, "{authority:?}: a microsecond before");
        assert!(due_at(due) >= Some(1), "{authority:?}: at the moment");
    }
    let much_later = world.server.ctx().now.plus_seconds(LONG);
    assert_eq!(plan(&mut tables, &world.server, true, much_later).count(), 0, "nothing was signed for yet");
    world.server.publish().unwrap().unwrap();
    let size = usize::try_from(tables.size()).unwrap();
    assert_eq!(plan(&mut tables, &world.server, true, much_later).count(), size);
    grow(&world.server, 3);
    let ahead = plan(&mut tables, &world.server, true, much_later);
    assert_eq!(ahead.count(), size, "nor are the newest");
    // Whatever a plan says: before its time nothing goes.
    assert_eq!(prune::prune(&world.server.db, &ahead, &mut |_| {}).unwrap().erased, 0);
});

both!(what_is_erased_is_gone_and_the_log_stays_provable, |server: TestServer| {
    let (mut world, _, end) = long_ago(server);
    let mut tables = Tables::of(&world.server);
    let log = key(&world.server);
    world.server.publish().unwrap().unwrap();
    let written = tables.number("SELECT MAX(seq) AS number FROM audit_entries WHERE event = 'note_written'");
    let before = receipt(&mut world.client("fr"), written);
    let id = tables.words(&format!("SELECT id AS word FROM audit_entries WHERE seq = {written}")).remove(0);
    back(&mut world);
    let rows = tables.rows();
    let dry = said(&command(&world.server, &["prune", "--dry-run"]));
    assert!(dry.contains("FR (year end + 1), made in") && dry.contains("the host (3 years), made in"), "{dry}");
    assert!(dry.contains(&format!("{end} entries would be erased. Nothing was changed.")), "{dry}");
    let none = said(&command(&world.server, &["prune", "--dry-run", "--at", "2021-01-01"]));
    assert!(none.contains("0 entries would be erased"), "{none}");
    assert!(!command(&world.server, &["prune", "--at", "2031-01-01"]).status.success(), "the future is for dry runs");
    assert!(tables.rows() == rows, "a dry run changes nothing");

    let size = tables.size();
    let output = said(&command(&world.server, &["prune"]));
    assert!(output.contains(&format!("{end} entries were erased.")), "{output}");
    assert_eq!(audit::verify(tables.conn(), &mut |_| {}).unwrap(), (tables.size(), end));
    assert_eq!(found(&mut tables), Vec::<String>::new(), "every row is bound anew");
    assert_eq!(tables.number(&format!("SELECT COUNT(*) AS number FROM audit_bindings WHERE seq < {end}")), 0);
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM audit_entries WHERE erased_by IS NOT NULL AND (payload IS NOT NULL OR salt IS NOT NULL OR at_us IS NOT NULL OR event IS NOT NULL OR area IS NOT NULL OR actor_id IS NOT NULL OR owner_party IS NOT NULL OR room_id IS NOT NULL OR thing_id IS NOT NULL)"), 0);
    let told = tables.entries(size);
    assert!(told.iter().all(|entry| entry["event"] == "entries_erased"), "{told:?}");
    assert_eq!(told.iter().map(|entry| entry["count"].as_i64().unwrap()).sum::<i64>(), end);
    let of_fr = told.iter().find(|entry| entry["owner_party"] == json!(world.party("FR"))).unwrap();
    assert_eq!((&of_fr["rule"], &of_fr["party"]), (&json!("year end + 1"), &json!(world.party("FR"))));
    assert!(of_fr["span"]["from"].as_i64() < of_fr["span"]["until"].as_i64(), "{of_fr}");
    if world.server.kind == Kind::Sqlite {
        // Nothing of it is left in the files, not even of what was overwritten.
        let file = world.server.folder.path().join("test.db");
        for file in [file.clone(), file.with_extension("db-wal")] {
            let bytes = std::fs::read(&file).unwrap_or_default();
            let purpose = b"a test of the rooms";
            assert!(!bytes.windows(purpose.len()).any(|some| some == purpose), "{}", file.display());
        }
    }

    // Proofs of before hold, and there are new ones of what was erased.
    let trusted = std::slice::from_ref(&log);
    assert!(proof::verify(&before, trusted, |_| Ok(())).unwrap().shown.open().any(|(name, _)| name == "event"));
    world.server.publish().unwrap().unwrap();
    let proven = proof::verify(&receipt(&mut world.client("aud"), written), trusted, |_| Ok(())).unwrap();
    assert_eq!(proven.shown.open().count(), 0);
    assert_eq!(proven.leaf, proof::verify(&before, trusted, |_| Ok(())).unwrap().leaf);

    // The auditor sees that it was, and where it is told; its State sees that something was; others nothing.
    let path = format!("/api/v1/audit/entries/{id}");
    let body = world.client("aud").get(&path).expect(200);
    assert_eq!((&body["entry"], &body["seq"]), (&Value::Null, &json!(written)));
    assert!(told.iter().any(|entry| entry["seq"] == body["erased_by"]), "{body}");
    let page = world.client("aud").look(&format!("/audit/entries/{id}"), &[]);
    assert!(page.status == 200 && page.text().contains("erased lawfully"), "{}", page.text());
    assert_eq!(world.client("fr").get(&path).status, 404);
    let (of_fr, of_de) = (json!(world.party("FR")), json!(world.party("DE")));
    let mut read = |who: &str| {
        let list = world.client(who).get("/api/v1/audit/entries?event=entries_erased").expect(200);
        let mut owners: Vec<Value> =
            list["items"].as_array().unwrap().iter().map(|one| one["entry"]["owner_party"].clone()).collect();
        owners.dedup();
        owners
    };
    assert_eq!(read("fr"), [of_fr]);
    assert_eq!(read("de"), [of_de]);
    assert_eq!(read("sec"), Vec::<Value>::new());
    assert!(read("aud").len() > 2);

    // Nothing is left to do, and nothing is told; nor does it ever come to what tells of erasures.
    let size = tables.size();
    assert!(said(&command(&world.server, &["prune"])).contains("0 entries were erased."));
    assert_eq!(tables.size(), size);
    world.server.publish().unwrap();
    let later = world.server.ctx().now.plus_seconds(LONG);
    let told = tables.number("SELECT COUNT(*) AS number FROM audit_entries WHERE event = 'entries_erased'");
    let kept = tables.number("SELECT COUNT(*) AS number FROM audit_entries WHERE payload IS NOT NULL");
    let due = plan(&mut tables, &world.server, false, later).count();
    assert_eq!(i64::try_from(due).unwrap(), kept - told);

    // Who edits a row now is found, as before.
    for statement in [
        "UPDATE people SET name = name || '!'",
        "UPDATE note_versions SET words = title WHERE version = 2",
        "DELETE FROM designations",
    ] {
        tables.execute("BEGIN");
        tables.execute(statement);
        assert_ne!(found(&mut tables), Vec::<String>::new(), "{statement}");
        tables.execute("ROLLBACK");
    }
});

both!(evidence_is_not_erased, |server: TestServer| {
    let (mut world, _, end) = long_ago(server);
    back(&mut world);
    let fr = world.person("fr");
    let mut tables = Tables::of(&world.server);
    let tells =
        tables.number(&format!("SELECT MAX(seq) AS number FROM audit_bindings WHERE tbl = 'people' AND key = '{fr}'"));
    let read = tables.number("SELECT MAX(seq) AS number FROM audit_entries WHERE event = 'note_read'");
    assert!(tells < end && read < end);
    // A row that differs at this moment is not to come to count as right; and an entry that was edited is not to vanish.
    tables.execute(&format!("UPDATE people SET name = 'Other' WHERE id = '{fr}'"));
    let kept = |tables: &mut Tables| {
        tables
            .number(&format!("SELECT COUNT(*) AS number FROM audit_entries WHERE payload IS NOT NULL AND seq < {end}"))
    };
    let edit = |tables: &mut Tables, from: &str, to: &str| {
        tables.execute(&format!(
            "UPDATE audit_entries SET payload = replace(payload, '{from}', '{to}') WHERE seq = {read}"
        ));
    };
    let refused = |entry: &str| {
        let output = command(&world.server, &["prune"]);
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(words.contains(&format!("not erased: entry {entry}")), "{words}");
    };
    for (from, to) in [("note_read", "note_reda"), ("\"note\"", "\"nota\"")] {
        edit(&mut tables, from, to);
        refused(&format!("{read} is not what was committed to"));
        edit(&mut tables, to, from);
        assert_eq!(kept(&mut tables), 2, "all else went");
    }
    refused(&format!("{tells} tells of people {fr}, which is not as it left it"));
    assert_eq!(kept(&mut tables), 1, "all else went");
    assert_eq!(found(&mut tables), [format!("people {fr}: this row is not as the last entry left it")]);
    // Once it is as it was, the entry goes, too.
    tables.execute(&format!("UPDATE people SET name = 'fr' WHERE id = '{fr}'"));
    said(&command(&world.server, &["prune"]));
    assert_eq!(kept(&mut tables), 0);
    assert_eq!(found(&mut tables), Vec::<String>::new());
});

both!(an_erasure_by_hand_is_told, |server: TestServer| {
    server.clock.advance(-LONG);
    let world = World::new(server);
    owned(&world.server, 600, &world.party("FR"));
    world.server.clock.advance(LONG);
    grow(&world.server, 5);
    world.server.publish().unwrap().unwrap();
    said(&command(&world.server, &["prune"]));
    let mut tables = Tables::of(&world.server);
    audit::verify(tables.conn(), &mut |_| {}).expect("the log is whole");
    let size = tables.size();
    let last = tables.number("SELECT MAX(seq) AS number FROM audit_entries WHERE event = 'entries_erased'");
    let first = tables.number("SELECT MIN(seq) AS number FROM audit_entries WHERE event = 'entries_erased'");
    let by_hand = tables.number("SELECT MIN(seq) AS number FROM audit_entries WHERE event = 'operator_acted'");
    assert!(first < last && by_hand < first);
    let null = "payload = NULL, salt = NULL, at_us = NULL, event = NULL, area = NULL, actor_id = NULL, owner_party = NULL, room_id = NULL, thing_id = NULL";
    for (what, statement, words) in [
        ("no entry tells", format!("UPDATE audit_entries SET {null} WHERE seq = {by_hand}"), "no entry tells of that"),
        (
            "one that erased others",
            format!("UPDATE audit_entries SET {null}, erased_by = {last} WHERE seq = {by_hand}"),
            "other erasures",
        ),
        (
            "one that erased nothing",
            format!("UPDATE audit_entries SET {null}, erased_by = {} WHERE seq = {by_hand}", by_hand + 1),
            "does not tell",
        ),
        (
            "one that is not there",
            format!("UPDATE audit_entries SET {null}, erased_by = {} WHERE seq = {by_hand}", size + 7),
            "does not tell",
        ),
        (
            "an erased one's place",
            format!("UPDATE audit_entries SET erased_by = {last} WHERE erased_by = {first}"),
            "other erasures",
        ),
        (
            "one in another's place",
            format!(
                "UPDATE audit_entries SET {null}, erased_by = {last} WHERE seq = {by_hand}; UPDATE audit_entries SET erased_by = NULL WHERE seq = (SELECT MAX(seq) FROM audit_entries WHERE erased_by = {last})"
            ),
            "no entry tells of that",
        ),
        (
            "what tells of it",
            format!("UPDATE audit_entries SET {null}, erased_by = {} WHERE seq = {first}", size + 7),
            "does not tell",
        ),
        (
            "half",
            format!("UPDATE audit_entries SET payload = NULL, salt = NULL, erased_by = {last} WHERE seq = {by_hand}"),
            "columns",
        ),
        (
            "a whole one as if erased",
            format!("UPDATE audit_entries SET erased_by = {last} WHERE seq = {by_hand}"),
            "columns",
        ),
    ] {
        tables.execute("BEGIN");
        tables.execute(&statement);
        let found = audit::verify(tables.conn(), &mut |_| {});
        tables.execute("ROLLBACK");
        let error = found.expect_err(what).cause().unwrap().to_string();
        assert!(error.contains(words), "{what}: {error}");
    }
    audit::verify(tables.conn(), &mut |_| {}).expect("the log is whole");
});

both!(what_is_held_is_kept_until_it_is_lifted, |server: TestServer| {
    let (mut world, room, end) = long_ago(server);
    back(&mut world);
    let mut tables = Tables::of(&world.server);
    let fr = world.person("fr").to_string();
    let kept = |tables: &mut Tables| {
        tables.words(&format!(
            "SELECT CAST(seq AS TEXT) AS word FROM audit_entries WHERE payload IS NOT NULL AND seq < {end} ORDER BY seq"
        ))
    };
    for arguments in [
        &["hold", "--reason", "of nothing"][..],
        &["hold", "--room", room.as_str(), "--reason", " "],
        &["hold", "--room", "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11", "--reason", "unknown"],
        &["hold", "--person", room.as_str(), "--reason", "unknown"],
        &["hold", "--party", "XX", "--reason", "unknown"],
        &["hold", "--from", "2026-01-02", "--until", "2026-01-02", "--reason", "nothing"],
        &["hold", "--from", "soon", "--reason", "nothing"],
        &["lift", "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11", "--reason", "unknown"],
    ] {
        assert_eq!(command(&world.server, arguments).status.code(), Some(1), "{arguments:?}");
    }
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM audit_holds"), 0);
    let size = tables.size();
    let placed = |what: &[&str], reason: &str| {
        let output = said(&command(&world.server, &[&["hold", "--reason", reason], what].concat()));
        output.trim().trim_end_matches('.').rsplit(' ').next().unwrap().to_owned()
    };
    let of_room = placed(&["--room", room.as_str()], "Court of Appeal, 4/2031");
    let of_person = placed(&["--person", &fr], "Internal control 7");
    let list = said(&command(&world.server, &["holds"]));
    assert!(list.contains(&format!("room {room}: Court of Appeal, 4/2031")) && list.contains(&of_person), "{list}");
    assert_eq!(found(&mut tables), Vec::<String>::new(), "holds are bound to the log");
    let told = tables.entries(size);
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["event"], &told[0]["purpose"]), (&json!("hold_placed"), &json!("Court of Appeal, 4/2031")));
    assert_eq!((&told[0]["room"], &told[1]["person"]), (&json!(room), &json!(fr)));

    let dry = said(&command(&world.server, &["prune", "--dry-run"]));
    assert!(dry.contains(" held") && dry.contains(&format!("hold {of_room} keeps ")), "{dry}");
    said(&command(&world.server, &["prune"]));
    let (in_room, by_him) = (json!(room), json!(fr));
    let entries = |tables: &mut Tables| -> Vec<Value> {
        let payloads = tables.words(&format!(
            "SELECT payload AS word FROM audit_entries WHERE payload IS NOT NULL AND seq < {end} ORDER BY seq"
        ));
        payloads.iter().map(|payload| serde_json::from_str(payload).unwrap()).collect()
    };
    let fits_room = |entry: &Value| entry["room"] == in_room || entry["thing"]["id"] == in_room;
    let fits_him = |entry: &Value| [&entry["actor"], &entry["person"], &entry["thing"]["id"]].contains(&&by_him);
    let now = entries(&mut tables);
    assert!(now.iter().all(|entry| fits_room(entry) || fits_him(entry)), "{now:?}");
    assert!(now.iter().filter(|entry| fits_room(entry)).count() >= 5);
    assert!(now.iter().any(|entry| !fits_room(entry)) && now.iter().any(|entry| !fits_him(entry)));
    assert_eq!(found(&mut tables), Vec::<String>::new());
    // One that somebody lifts past the server, and a party that becomes another, let nothing go.
    for statement in [
        "UPDATE audit_holds SET lifted_us = placed_us",
        "DELETE FROM audit_holds",
        "UPDATE parties SET kind = 'state' WHERE kind = 'secretariat'",
    ] {
        tables.execute(&format!("CREATE TABLE h AS SELECT * FROM audit_holds; CREATE TABLE p AS SELECT * FROM parties; {statement}; DELETE FROM audit_touched"));
        let (rows, output) = (tables.rows(), command(&world.server, &["prune"]));
        assert_eq!(output.status.code(), Some(3), "{statement}");
        assert!(tables.rows() == rows, "{statement}");
        tables.execute("DELETE FROM audit_holds; INSERT INTO audit_holds SELECT * FROM h; UPDATE parties SET kind = (SELECT p.kind FROM p WHERE p.id = parties.id); DROP TABLE h; DROP TABLE p; DELETE FROM audit_touched");
    }
    // A hold that is placed after the plan was made keeps, too.
    said(&command(&world.server, &["lift", &of_person, "--reason", "Control 7 is closed"]));
    let plan = plan(&mut tables, &world.server, true, world.server.ctx().now);
    assert!(plan.count() > 0);
    let again = placed(&["--person", &fr], "Internal control 8");
    let before = kept(&mut tables);
    assert_eq!(prune::prune(&world.server.db, &plan, &mut |_| {}).unwrap().erased, 0);
    assert_eq!(kept(&mut tables), before);
    said(&command(&world.server, &["lift", &again, "--reason", "Control 8 is closed"]));
    assert_eq!(command(&world.server, &["lift", &again, "--reason", "twice"]).status.code(), Some(1));
    said(&command(&world.server, &["prune"]));
    let now = entries(&mut tables);
    assert!(!now.is_empty() && now.iter().all(fits_room), "{now:?}");
    said(&command(&world.server, &["lift", &of_room, "--reason", "Judgment of 3 May"]));
    said(&command(&world.server, &["prune"]));
    assert_eq!(kept(&mut tables), Vec::<String>::new());
    assert_eq!(said(&command(&world.server, &["holds"])), "");
    assert_eq!(said(&command(&world.server, &["holds", "--all"])).lines().count(), 3);
    assert_eq!(found(&mut tables), Vec::<String>::new());

    // That something was held is the auditor's to read.
    let read = |client: &mut Client| {
        let list = client.get("/api/v1/audit/entries?event=hold_placed").expect(200);
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(["fr", "de", "sec", "aud"].map(|who| read(&mut world.client(who))), [0, 0, 0, 3]);
});

both!(a_prune_that_is_killed_goes_on, |server: TestServer| {
    server.clock.advance(-LONG);
    let world = World::new(server);
    owned(&world.server, 5000, &world.party("FR"));
    let mut tables = Tables::of(&world.server);
    let end = tables.size();
    world.server.clock.advance(LONG);
    world.server.publish().unwrap().unwrap();
    let config = world.server.settings.base.join("incamera.toml");
    let erased =
        |tables: &mut Tables| tables.number("SELECT COUNT(*) AS number FROM audit_entries WHERE payload IS NULL");
    let mut seen = 0;
    for _ in 0..3 {
        let mut child = process::incamera()
            .args(["audit", "prune", "--config", config.to_str().unwrap()])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while erased(&mut tables) == seen {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never began");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let now = erased(&mut tables);
        assert!(seen < now && now < end, "{seen} {now} {end}");
        seen = now;
        // Between any two commits, the log is whole, and tells what is gone.
        assert_eq!(audit::verify(tables.conn(), &mut |_| {}).unwrap(), (tables.size(), seen));
        assert_eq!(found(&mut tables), Vec::<String>::new());
    }
    let output = said(&command(&world.server, &["prune"]));
    assert!(output.contains(&format!("{} entries were erased.", end - seen)), "{output}");
    assert_eq!(audit::verify(tables.conn(), &mut |_| {}).unwrap(), (tables.size(), end));
    let told = "SELECT COUNT(*) AS number FROM audit_entries WHERE event = 'entries_erased'";
    assert!((19..30).contains(&tables.number(told)), "at most 256 in one transaction");
});
