//! The purpose and disclosure report: each operation of Article 25 with who, when, why and to whom, for a State or
//! the auditor; and of nothing that its reader could not read line by line.

use incamera::audit::{Entry, Event};
use incamera::context::Moment;
use serde_json::{Value, json};

use crate::both;
use crate::support::made::{blamed, text};
use crate::support::scene::{fiche, note, scene, visit};
use crate::support::{Client, Tables, TestServer, World, process};

const REPORT: &str = "/api/v1/audit/report";
const PURPOSE: &str = "=HYPERLINK(\"https://evil.example\",\"to hear the witness\")";

/// The one line of a report about this event by this person.
#[track_caller]
fn line(report: &Value, event: &str, by: &Value) -> Value {
    let items = report["items"].as_array().unwrap();
    let found: Vec<&Value> = items.iter().filter(|one| one["event"] == event && one["actor"] == *by).collect();
    assert_eq!(found.len(), 1, "{event}: {report:#}");
    found[0].clone()
}

/// How many entries of an operation a report counts.
fn count(report: &Value, operation: &str) -> i64 {
    let counts = report["counts"].as_array().unwrap();
    counts.iter().find(|one| one["operation"] == operation).unwrap()["count"].as_i64().unwrap()
}

fn events(report: &Value) -> Vec<String> {
    report["items"].as_array().unwrap().iter().map(|one| text(one, "event")).collect()
}

/// What of it there is, in the ways in which each may be told of it.
/// The purpose of a visit in which nothing of anybody's is read.
const IDLE: &str = "to see who is here";

struct Told {
    note: String,
    case_note: String,
    case: String,
}

/// FR writes, revises and releases a note in a session's room, where DE reads it; and opens a case file, links it,
/// admits SE to it, who reads a note there.
fn happen(world: &mut World) -> Told {
    let scene = scene(world);
    let enter = |client: &mut Client, room: &str, purpose: &str| {
        let visit = client.post(&format!("/api/v1/rooms/{room}/visits"), &json!({"purpose": purpose}));
        client.visit = visit.expect(201)["visit"].as_str().map(ToOwned::to_owned);
    };
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let (mut fr, mut de, mut se) = (world.client("fr"), world.client("de"), world.client("se"));
    visit(&mut fr, &scene.room);
    enter(&mut de, scene.room.as_str(), IDLE);
    enter(&mut de, scene.room.as_str(), "to prepare a request");
    let written = text(&fr.post(&notes, &note("A title", "A text")).expect(201), "id");
    de.get(&format!("{notes}/{written}")).expect(200);
    fr.put(&format!("{notes}/{written}"), 1, &note("A title", "Another text")).expect(200);
    let to = json!({"party": world.party("UA")});
    fr.post(&format!("{notes}/{written}/releases"), &to).expect(201);
    let case = fr.post("/api/v1/cases", &json!({"fiche": fiche("A case")})).expect(201);
    let (id, room) = (text(&case, "id"), text(&case, "room"));
    assert!(fr.post(&format!("/api/v1/cases/{id}/meetings"), &json!({"meeting": scene.meeting})).status < 300);
    let all = json!({"to": "contact_points"});
    fr.post(&format!("/api/v1/cases/{id}/releases"), &all).expect(201);
    fr.post(&format!("/api/v1/rooms/{room}/admissions"), &json!({"person": world.person("se")})).expect(201);
    enter(&mut fr, &room, PURPOSE);
    enter(&mut se, &room, PURPOSE);
    let notes = format!("/api/v1/rooms/{room}/notes");
    let inside = text(&fr.post(&notes, &note("In the case", "A text")).expect(201), "id");
    se.get(&format!("{notes}/{inside}")).expect(200);
    Told { note: written, case_note: inside, case: id }
}

both!(a_report_says_who_did_what_when_why_and_to_whom, |server: TestServer| {
    let mut world = World::new(server);
    let told = happen(&mut world);
    let person = |world: &World, key: &str| json!(world.person(key));
    let (fr, de, se) = (person(&world, "fr"), person(&world, "de"), person(&world, "se"));
    let mut tables = Tables::of(&world.server);
    let size = tables.size();
    let report = world.client("fr").get(REPORT).expect(200);
    assert_eq!(tables.size(), size, "a State's reading of its own is no entry");
    assert_eq!((&report["party"], &report["checkpoint"]), (&json!(world.party("FR")), &Value::Null));

    // Who, what, when; why, also where the visit was to no room of FR's; to whom.
    let at = |one: &Value| {
        let id = text(one, "entry");
        let sql = format!("SELECT at_us AS number FROM audit_entries WHERE id = '{id}'");
        Moment(Tables::of(&world.server).number(&sql)).rfc3339()
    };
    let read = line(&report, "note_read", &de);
    assert_eq!(read["at"], json!(at(&read)), "{read}");
    assert_eq!((&read["operation"], &read["actor_party"]), (&json!("consultation"), &json!(world.party("DE"))));
    assert_eq!(read["thing"], json!({"kind": "note", "id": told.note}));
    assert_eq!(read["purpose"], json!("to prepare a request"), "a visit to no room of FR's");
    assert!(!report.to_string().contains(IDLE), "a visit in which nothing of FR's was read is none of FR's business");
    assert_eq!(read["seq"], Value::Null);
    let read = line(&report, "note_read", &se);
    assert_eq!((&read["purpose"], &read["purpose_erased"]), (&json!(PURPOSE), &json!(false)));
    assert_eq!(read["thing"]["id"], json!(told.case_note));
    let revised = line(&report, "note_revised", &fr);
    assert_eq!((&revised["operation"], &revised["purpose"]), (&json!("alteration"), &json!("a test of the rooms")));
    assert_eq!(revised["version"], 2);
    let released = line(&report, "note_released", &fr);
    assert_eq!((&released["operation"], &released["purpose"]), (&json!("disclosure"), &json!("a test of the rooms")));
    assert_eq!(released["recipients"], json!([world.party("UA")]));
    let admitted = line(&report, "admitted", &fr);
    assert_eq!((&admitted["operation"], &admitted["person"]), (&json!("disclosure"), &se));
    let linked = line(&report, "case_linked", &fr);
    assert_eq!((&linked["operation"], &linked["thing"]["id"]), (&json!("combination"), &json!(told.case)));
    assert!(events(&report).contains(&"note_written".to_owned()) && count(&report, "collection") >= 3);
    assert_eq!(count(&report, "combination"), 1);
    assert_eq!(count(&report, "erasure"), 0, "that nothing was erased is said");
    for one in report["items"].as_array().unwrap() {
        assert_ne!(one["operation"], "control", "who came in is told with what was done there");
        assert_eq!(one["owner"], json!(world.party("FR")), "{one}");
        for kept in ["sign_in", "visit", "room", "rows"] {
            assert!(one.get(kept).is_none(), "{one}");
        }
    }

    // Each operation by itself, with the counts of all.
    let only = world.client("fr").get(&format!("{REPORT}?operation=combination")).expect(200);
    assert_eq!(events(&only), ["case_linked"]);
    assert_eq!(only["counts"], report["counts"]);

    // Page by page it is the same, and each is counted once.
    let (mut client, mut all, mut cursor) = (world.client("fr"), Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{REPORT}?limit=3{cursor}")).expect(200);
        assert!(page["items"].as_array().unwrap().len() <= 3);
        all.extend(page["items"].as_array().unwrap().iter().map(|one| one["entry"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let whole: Vec<Value> = report["items"].as_array().unwrap().iter().map(|one| one["entry"].clone()).collect();
    assert_eq!(all, whole);
    let counted: i64 = report["counts"].as_array().unwrap().iter().map(|one| one["count"].as_i64().unwrap()).sum();
    assert_eq!(counted, i64::try_from(all.len()).unwrap());

    // A colleague is told of the same.
    let colleague = world.client("fr2").get(REPORT).expect(200);
    assert_eq!(colleague["counts"], report["counts"]);
    assert_eq!(colleague["items"], report["items"]);

    // What is FR's is in nobody else's; and to ask for it is as to ask for what is not there.
    for key in ["de", "se", "ua"] {
        let mut client = world.client(key);
        let own = client.get(REPORT).expect(200);
        assert!(!own["items"].to_string().contains(&told.note) && !own["items"].to_string().contains(&told.case));
        assert_eq!(count(&own, "disclosure") + count(&own, "combination"), 0, "{key}: {own:#}");
        let absent = client.get(&format!("{REPORT}?party=3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11"));
        assert_eq!(absent.status, 404);
        assert_eq!(client.get(&format!("{REPORT}?party={}", world.party("FR"))).normalized(), absent.normalized());
        let named = client.get(&format!("{REPORT}?party={}", world.party(&key.to_uppercase()))).expect(200);
        assert_eq!(named["items"], own["items"]);
    }
    for key in ["sec", "ej", "assoc", "guest"] {
        assert_eq!(world.client(key).get(REPORT).status, 403, "{key}");
    }
});

both!(the_auditor_reports_on_any_state_and_each_report_is_an_entry, |server: TestServer| {
    let mut world = World::new(server);
    let told = happen(&mut world);
    let (de, party) = (json!(world.person("de")), world.party("FR"));
    world.server.publish().unwrap().unwrap();
    let mut tables = Tables::of(&world.server);
    let mut auditor = world.client("aud");
    let size = tables.size();
    let report = auditor.get(&format!("{REPORT}?party={party}")).expect(200);
    let entries = tables.entries(size);
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!((&entries[0]["event"], &entries[0]["thing"]["id"]), (&json!("log_read"), &json!(party)));
    assert_eq!(entries[0]["count"], json!(report["items"].as_array().unwrap().len()));
    let read = line(&report, "note_read", &de);
    assert_eq!((&read["purpose"], &read["purpose_erased"]), (&json!("to prepare a request"), &json!(false)));
    assert!(read["seq"].is_i64() && read["thing"]["id"] == json!(told.note));
    // It rests on what was signed.
    let checkpoint = auditor.get("/api/v1/audit/checkpoint").text();
    let mut signed = checkpoint.lines();
    assert_eq!(report["checkpoint"]["origin"], json!(signed.next().unwrap()));
    assert_eq!(report["checkpoint"]["size"].to_string(), signed.next().unwrap());
    assert_eq!(report["checkpoint"]["root"], json!(signed.next().unwrap()));

    // Of all: what has no owner, too, and the auditor's own readings.
    let all = auditor.get(&format!("{REPORT}?limit=200")).expect(200);
    let owners: std::collections::BTreeSet<String> =
        all["items"].as_array().unwrap().iter().map(|one| one["owner"].to_string()).collect();
    assert!(owners.len() >= 2 && owners.contains("null"), "{owners:?}");
    assert_eq!(all["party"], Value::Null);
    let none = auditor.get(&format!("{REPORT}?party={}", world.party("NO"))).expect(200);
    assert_eq!(count(&none, "consultation"), 0);
});

both!(a_period_is_kept_to_the_microsecond, |server: TestServer| {
    let mut world = World::new(server);
    happen(&mut world);
    let mut fr = world.client("fr");
    let report = fr.get(REPORT).expect(200);
    let linked = line(&report, "case_linked", &json!(world.person("fr")));
    let at = Moment::parse(&text(&linked, "at")).unwrap();
    let mut of = |from: i64, until: i64| {
        let (from, until) = (Moment(at.0 + from).rfc3339(), Moment(at.0 + until).rfc3339());
        let report = fr.get(&format!("{REPORT}?operation=combination&from={from}&until={until}")).expect(200);
        let found = report["items"].as_array().unwrap().len();
        assert_eq!(count(&report, "combination"), i64::try_from(found).unwrap());
        found
    };
    assert_eq!((of(0, 1), of(-1, 1), of(0, 60_000_000)), (1, 1, 1));
    assert_eq!((of(1, 60_000_000), of(-60_000_000, 0)), (0, 0));
    for (query, field) in [
        ("from=2026-01-02&until=2026-01-02", "until"),
        ("from=2026-01-02&until=2026-01-01", "until"),
        ("from=2026-01-01&until=2027-01-03", "until"),
        ("from=yesterday", "from"),
        ("operation=reading", "operation"),
        ("operation=control", "operation"),
        ("party=FR", "party"),
        ("cursor=AAAA", "cursor"),
    ] {
        let reply = fr.get(&format!("{REPORT}?{query}"));
        assert_eq!((reply.status, blamed(&reply.json())), (422, vec![field.to_owned()]), "{query}");
    }
    // What the cursor of another's list names is none of this one's.
    let others = world.client("de").get(&format!("{REPORT}?limit=1")).expect(200);
    if let Some(next) = others["next"].as_str() {
        assert_eq!(world.client("fr").get(&format!("{REPORT}?cursor={next}")).status, 422);
    }
});

both!(a_report_is_a_page_to_print_and_a_table_of_texts, |server: TestServer| {
    let mut world = World::new(server);
    let told = happen(&mut world);
    let report = world.client("fr").get(REPORT).expect(200);
    let linked = line(&report, "case_linked", &json!(world.person("fr")));
    // A day more, since it may be the next one already where the reader is.
    let day: jiff::civil::Date = text(&linked, "at")[..10].parse().unwrap();
    let period = format!("from={day}&until={}", day.tomorrow().unwrap());
    let mut fr = world.client("fr");
    let page = fr.look(&format!("/audit/report?{period}"), &[]);
    assert_eq!(page.status, 200, "{}", page.text());
    let html = page.text();
    for part in
        ["a test of the rooms", "HYPERLINK", &told.note, &told.case, "to prepare a request", "(Europe/Amsterdam)"]
    {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("A title") && !html.contains("In the case"), "no content");
    for empty in ["from=2001-01-01&until=2001-12-31", "from=&until=2001-12-31&party=&operation="] {
        let page = fr.look(&format!("/audit/report?{empty}"), &[]).text();
        assert!(page.contains("Nothing of that kind was done") && !page.contains(&told.note), "{empty}");
    }
    let table = fr.look(&format!("/audit/report.csv?{period}&operation=consultation"), &[]);
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        table.headers["content-disposition"]
            .contains(&format!("report%2DFR%2D{}", day.to_string().replace('-', "%2D")))
    );
    let csv = table.text();
    let lines: Vec<&str> = csv.trim_end().split("\r\n").collect();
    let found = usize::try_from(count(&report, "consultation")).unwrap();
    assert_eq!(lines.len(), found + 1, "{csv}");
    assert!(csv.contains(",\"'=HYPERLINK(\"\"https://evil.example"), "a purpose is never a formula: {csv}");
    assert!(csv.contains(&told.case_note) && !csv.contains("A title"));
    // Another's is not there for a page either, and the auditor's page is an entry.
    assert_eq!(world.client("de").look(&format!("/audit/report?party={}", world.party("FR")), &[]).status, 404);
    let mut tables = Tables::of(&world.server);
    let mut auditor = world.client("aud");
    let size = tables.size();
    let page = auditor.look(&format!("/audit/report?party={}", world.party("FR")), &[]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("to prepare a request"));
    assert_eq!(tables.entries(size).len(), 1);
});

both!(a_long_report_says_that_it_goes_on_and_costs_as_many_queries, |server: TestServer| {
    let mut world = World::new(server);
    happen(&mut world);
    let mut fr = world.client("fr");
    let cost = |world: &World, fr: &mut Client, path: &str| {
        fr.look(path, &[]);
        let before = world.server.db.counters();
        let page = fr.look(path, &[]);
        assert_eq!(page.status, 200, "{}", page.text());
        (world.server.db.counters().since(&before).read_queries(), page.text())
    };
    let cost_of_json = |world: &World, fr: &mut Client| {
        let path = format!("{REPORT}?limit=200");
        fr.get(&path);
        let before = world.server.db.counters();
        fr.get(&path).expect(200);
        world.server.db.counters().since(&before).read_queries()
    };
    let (few, few_json) = (cost(&world, &mut fr, "/audit/report"), cost_of_json(&world, &mut fr));
    assert!(!few.1.contains("longer than can be shown"));
    let party = world.party("FR");
    world.server.unit(move |work| {
        for _ in 0..2_100 {
            work.log(Entry::new(Event::PartyRecorded).on("party", &party).owned_by(Some(&party)));
        }
        Ok(())
    });
    let (many, many_json) = (cost(&world, &mut fr, "/audit/report"), cost_of_json(&world, &mut fr));
    println!("few: {} and {few_json}, many: {} and {many_json}", few.0, many.0);
    assert_eq!(few_json, many_json);
    assert!(few_json <= 6, "sign-in, asker, checkpoint, counts, lines, purposes: {few_json}");
    // Two more pieces of a thousand, of which nothing was done in a visit.
    assert!(many.0 <= few.0 + 2, "{} and {}", few.0, many.0);
    assert!(many.1.contains("these are its first 2000 lines"));
    assert_eq!(many.1.matches("<tr><td><a href=\"/audit/entries/").count(), 2_000);
});

both!(all_receipts_of_a_report_come_in_one_file, |server: TestServer| {
    let mut world = World::new(server);
    happen(&mut world);
    let party = world.party("FR");
    let mut fr = world.client("fr");
    let receipts = "/audit/receipts.tar";
    assert_eq!(fr.look(receipts, &[]).status, 409, "nothing was signed yet");
    world.server.publish().unwrap().unwrap();
    let report = fr.get(REPORT).expect(200);
    let archive = fr.look(receipts, &[]);
    assert_eq!((archive.status, archive.headers["content-type"].as_str()), (200, "application/x-tar"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("receipts.tar"), &archive.body).unwrap();
    let unpacked = std::process::Command::new("tar").args(["-xf", "receipts.tar"]).current_dir(folder.path()).status();
    assert!(unpacked.unwrap().success());
    let items = report["items"].as_array().unwrap();
    let files: Vec<String> = items.iter().map(|one| format!("{}.tlog-proof", text(one, "entry"))).collect();
    let key = world.server.settings.base.join("log.pub");
    let verify = |files: &[String]| {
        let mut command = process::incamera();
        command.current_dir(folder.path()).args(["audit", "verify", "--key", key.to_str().unwrap()]);
        command.args(files).output().unwrap()
    };
    let output = verify(&files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(String::from_utf8(output.stdout).unwrap().matches("event \"note_read\"").count(), 2);
    // A single one says what the same one by itself says.
    let one = fr.get(&format!("/api/v1/audit/receipts/{}", text(&items[0], "entry"))).text();
    assert_eq!(std::fs::read_to_string(folder.path().join(&files[0])).unwrap(), one);

    let mut tables = Tables::of(&world.server);
    let mut auditor = world.client("aud");
    let size = tables.size();
    let archive = auditor.look(&format!("{receipts}?party={party}"), &[]);
    assert_eq!(archive.status, 200, "{}", archive.text());
    let entries = tables.entries(size);
    assert_eq!((entries.len(), &entries[0]["count"]), (1, &json!(items.len())));
    let nothing = fr.look(&format!("{receipts}?until=2001-12-31"), &[]);
    assert_eq!((nothing.status, nothing.body.len()), (200, 1024));

    let count = 500;
    world.server.unit(move |work| {
        for _ in 0..count {
            work.log(Entry::new(Event::PartyRecorded).on("party", &party).owned_by(Some(&party)));
        }
        Ok(())
    });
    world.server.publish().unwrap().unwrap();
    assert_eq!(fr.look(receipts, &[]).status, 422, "more than are given at once");
    assert!(!fr.look("/audit/report", &[]).text().contains("receipts.tar"));
    assert_eq!(fr.look(&format!("{receipts}?operation=consultation"), &[]).status, 200);
});
