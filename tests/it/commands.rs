//! The commands of the operator, by the program itself: `import` and `account`. See `demo.rs` for the demo.

use std::path::Path;
use std::process::{Command, Output};

use incamera::access::acts;
use incamera::ids::ActId;
use serde_json::{Value, json};

use crate::both;
use crate::support::{Client, TestServer, world};

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/public-record.toml");

/// Runs a command against the server, which goes on serving.
fn command(server: &TestServer, name: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_incamera"))
        .args([name, "--config", server.settings.base.join("incamera.toml").to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Fails unless the command failed; answers what it said.
#[track_caller]
fn fails(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Everything that an import can record, as everyone sees it.
fn on_record(client: &mut Client) -> Value {
    let lists = ["parties", "meetings", "publications"]
        .map(|name| client.get(&format!("/api/v1/{name}?limit=200")).expect(200)["items"].clone());
    let each = |client: &mut Client, name: &str, list: &Value| {
        list.as_array()
            .unwrap()
            .iter()
            .map(|one| client.get(&format!("/api/v1/{name}/{}", one["id"].as_str().unwrap())).expect(200))
            .collect::<Vec<_>>()
    };
    let (parties, meetings) = (each(client, "parties", &lists[0]), each(client, "meetings", &lists[1]));
    json!({"lists": lists, "parties": parties, "meetings": meetings})
}

/// The log's entries about what the operator did.
fn operated(server: &TestServer) -> Vec<Value> {
    let mut entries: Vec<Value> = Vec::new();
    incamera::audit::export(&mut server.url().open_writer().unwrap(), &mut |line| {
        entries.push(serde_json::from_str(line).unwrap());
        Ok(())
    })
    .unwrap();
    entries.retain(|entry| entry["event"] == "operator_acted");
    entries
}

fn party(client: &mut Client, code: &str) -> Value {
    let list = client.get("/api/v1/parties?limit=200").expect(200);
    let line = list["items"].as_array().unwrap().iter().find(|one| one["code"] == code).cloned();
    let id = line.unwrap_or_else(|| panic!("no {code}"))["id"].clone();
    client.get(&format!("/api/v1/parties/{}", id.as_str().unwrap())).expect(200)
}

both!(importing_twice_is_importing_once, |server| {
    let mut client = server.client();
    let words = succeeds(&command(&server, "import", &[RECORD]));
    assert!(words.contains("54 parties, 55 standings, 36 meetings and 1 ad hoc, 8 publications"), "{words}");
    let first = on_record(&mut client);
    assert_eq!(first["lists"][0].as_array().unwrap().len(), 54);
    assert_eq!(first["lists"][2].as_array().unwrap().len(), 8);

    let meetings = first["meetings"].as_array().unwrap();
    let numbers: Vec<i64> = meetings.iter().rev().map(|one| one["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=36).collect::<Vec<_>>(), "the ad hoc one is not public");
    let numbered = |number: i64| meetings.iter().find(|one| one["number"] == number).unwrap();
    assert_eq!(numbered(7)["conclusions"], "none", "unavailable, says the record");
    assert_eq!(numbered(36)["conclusions"], "published_elsewhere");
    assert_eq!(numbered(36)["last_day"], "2024-11-14");
    assert_eq!(numbered(28)["way"], "video");
    assert_eq!(numbered(28)["presidency"], party(&mut client, "DE")["id"]);

    let ukraine = party(&mut client, "UA");
    assert_eq!(ukraine["standing"], "observer");
    let standings: Vec<_> = ukraine["standings"].as_array().unwrap().iter().collect();
    assert_eq!(standings[0]["from"], "2024-11-14T00:00:00Z");
    assert_eq!(standings[0]["meeting"], numbered(36)["id"]);
    assert_eq!(standings[1]["until"], "2024-11-14T00:00:00Z");
    let renamed = party(&mut client, "euaa");
    assert_eq!(renamed["name"], "European Union Agency for Asylum (EUAA)");
    assert_eq!(renamed["names"][0]["from"], "2022-01-19T00:00:00Z");
    let strategy = first["lists"][2].as_array().unwrap().iter().find(|one| one["code"] == "strategy-2014").unwrap();
    assert_eq!(strategy["published_on"], "2014-11", "no day is made up");
    assert_eq!(strategy["adopted_at_meeting"], numbered(17)["id"]);

    succeeds(&command(&server, "import", &[RECORD]));
    assert_eq!(on_record(&mut client), first);

    let entries = operated(&server);
    assert_eq!(entries.len(), 2, "one entry for each import");
    assert_eq!((&entries[0]["thing"]["kind"], &entries[0]["count"]), (&json!("public_record"), &json!(154)));
    assert_eq!(entries[0]["thing"], entries[1]["thing"], "the digest of the same file");
});

both!(an_import_is_all_or_nothing, |server| {
    let good = std::fs::read_to_string(RECORD).unwrap();
    let file = server.folder.path().join("record.toml");
    let mut client = server.client();
    let nothing = on_record(&mut client);
    for (from, to, complaint) in [
        // The last publication: everything before it was good.
        (
            r#"published = "2020-05-23""#,
            r#"published = "2020-05-32""#,
            "publication paper-cumulative-prosecution: published_on",
        ),
        (r#"published_month = "2014-11""#, r#"published_month = "2014-13""#, "publication strategy-2014: published_on"),
        ("number = 2\n", "number = 1\n", "meeting 1: given twice"),
        (r#"presidency = "LU""#, r#"presidency = "eurojust""#, "meeting 2: presidency: no such State"),
        (r#"presidency = "LU""#, r#"presidency = "XX""#, "meeting 2: presidency: no such party"),
        (r#"first_day = "2005-06-28""#, r#"first_day = "2005-06-30""#, "meeting 2: last_day: before the first day"),
        ("\"Ways of working with Interpol\"", "\"EU SECRET\"", "meeting 2: topics[0]: marked"),
        ("meeting = 36\n", "meeting = 37\n", "standing of UA from 2024-11-14: meeting: no such meeting"),
        (r#"until = "2020-01-31""#, r#"until = "2014-12-01""#, "standing of GB from 2014-12-01: until"),
        (r#"until = "2014-12-01""#, r#"until = "2014-12-02""#, "standing of GB from 2014-12-01: The party has"),
        (r#"from = "2022-11-24""#, r#"from = "2022-11-31""#, "not a date or time"),
        (r#"key = "osji""#, r#"key = "o s""#, "party o s: code"),
        ("way = \"video\"", "way = \"post\"", "post"),
        ("[[decision]]\nmeeting = 17", "[[decision]]\nmeeting = 99", "decision: meeting: no such meeting"),
        ("kind = \"secretariat\"", "kind = \"secretariat\"\ncolour = \"red\"", "colour"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from} is in the record");
        std::fs::write(&file, bad).unwrap();
        let words = fails(&command(&server, "import", &[file.to_str().unwrap()]));
        assert!(words.contains(complaint), "{from} -> {to}: {words}");
        assert_eq!(on_record(&mut client), nothing, "{complaint}");
    }
    assert!(operated(&server).is_empty());
    assert!(fails(&command(&server, "import", &["/nowhere/record.toml"])).contains("/nowhere/record.toml"));
});

// A later, shorter record may refer to what is on the server; what the server knows better stays.
both!(an_import_goes_on_from_what_is_there, |server| {
    succeeds(&command(&server, "import", &[RECORD]));
    let file = server.folder.path().join("more.toml");
    std::fs::write(
        &file,
        "[[meeting]]\nnumber = 37\nfirst_day = \"2025-04-09\"\nlast_day = \"2025-04-10\"\nway = \"in_person\"\n\
         presidency = \"PL\"\nconclusions = \"unavailable\"\ntopics = [\"A topic\"]\n\
         [[meeting]]\nnumber = 36\nfirst_day = \"2030-01-01\"\nlast_day = \"2030-01-01\"\nway = \"video\"\n\
         conclusions = \"published\"\ntopics = []\n",
    )
    .unwrap();
    succeeds(&command(&server, "import", &[file.to_str().unwrap()]));
    let list = server.client().get("/api/v1/meetings?limit=200").expect(200);
    let days: Vec<_> = list["items"].as_array().unwrap().iter().take(2).map(|one| &one["first_day"]).collect();
    assert_eq!(days, ["2025-04-09", "2024-11-13"]);
});

/// What stands behind `label` in the output of `account`.
fn shown(output: &str, label: &str) -> String {
    let line = output.lines().find_map(|line| line.trim().strip_prefix(label)).unwrap_or_else(|| panic!("{output}"));
    line.trim().to_owned()
}

fn account(server: &TestServer, name: &str, email: &str) -> Output {
    command(server, "account", &["--name", name, "--email", email])
}

both!(the_first_officer_can_log_in, |server| {
    succeeds(&command(&server, "import", &[RECORD]));
    let output = succeeds(&account(&server, "Noor Vandaele", "Noor@example.org"));
    assert_eq!(output.matches("icc_").count(), 10, "{output}");
    assert!(output.contains("otpauth://totp/"), "{output}");
    let mut client = server.client();
    let code =
        world::code_of(&shown(&output, "second factor"), u64::try_from(server.ctx().now.seconds()).unwrap() / 30);
    let body = json!({"email": shown(&output, "address"), "password": shown(&output, "password"), "code": code});
    client.token = client.post("/api/v1/session", &body).expect(200)["access_token"].as_str().map(ToOwned::to_owned);
    let me = client.get("/api/v1/me").expect(200);
    assert_eq!(me["role"], "secretariat_officer");
    assert_eq!(me["person"]["name"], "Noor Vandaele");
    assert_eq!((&me["party"]["code"], &me["party"]["kind"]), (&json!("secretariat"), &json!("secretariat")));
    assert_eq!(me["party"]["name"], "Genocide Network Secretariat", "as the record has it");

    let entries = operated(&server);
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["thing"], json!({"kind": "account", "id": me["person"]["id"]}));
});

both!(there_is_no_second_first_officer, |server| {
    for (name, email, field) in [("Noor", "noor", "email"), (" ", "noor@example.org", "name")] {
        assert!(fails(&account(&server, name, email)).contains(field));
    }
    assert!(operated(&server).is_empty(), "nothing was done");
    let output = succeeds(&account(&server, "Noor Vandaele", "noor@example.org"));
    let mut client = server.client();
    assert_eq!(party(&mut client, "secretariat")["name"], "Secretariat", "made, since no record brought it");

    let body = json!({"email": "noor@example.org", "password": shown(&output, "password")});
    client.token = client.post("/api/v1/session", &body).expect(200)["access_token"].as_str().map(ToOwned::to_owned);
    let people = client.get("/api/v1/people").expect(200);
    for name in ["Noor Vandaele", "Somebody Else"] {
        let words = fails(&account(&server, name, "else@example.org"));
        assert!(words.contains("ask the Secretariat for an invitation"), "{words}");
    }
    assert_eq!(client.get("/api/v1/people").expect(200), people);
    let refused = operated(&server).split_off(1);
    assert_eq!(refused.len(), 2, "each try is logged");
    assert!(refused.iter().all(|entry| entry["thing"] == json!({"kind": "account", "id": "refused"})));

    // Not between two officers either: when nobody is in office just now.
    let me = client.get("/api/v1/me").expect(200);
    let designation = ActId::parse(me["acts"][0]["designation"].as_str().unwrap()).unwrap();
    server.operate(move |work| acts::end(work, None, &designation, None, "ended for a test"));
    assert_eq!(client.get("/api/v1/me").status, 401);
    fails(&account(&server, "Somebody Else", "else@example.org"));
    let reply = client.anew().post("/api/v1/session", &json!({"email": "else@example.org", "password": "x"}));
    assert_eq!(reply.status, 401);
});

#[test]
fn commands_name_the_settings_they_miss() {
    for arguments in [&["serve"][..], &["import", "x.toml"], &["account", "--name", "x", "--email", "x@example.org"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_incamera")).args(arguments).current_dir(Path::new("/")).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains(".toml: "), "{arguments:?}: {words}");
    }
}
