//! Conclusions: drafted, adopted, published.

use serde_json::json;

use super::{ABSENT, SOURCE, all_but, items};
use crate::both;
use crate::support::made::{self, text};
use crate::support::{Client, Tables, TestServer, World};

both!(conclusions_go_one_way, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let path = format!("/api/v1/meetings/{meeting}/conclusions");
    let (adoption, publication) = (format!("{path}/adoption"), format!("{path}/publication"));
    let mut sec = world.client("sec");
    let source = json!({"source": SOURCE});
    let adopt = |version: i64| json!({"version": version, "source": SOURCE});
    let draft = |words: &str| json!({"words": words});
    let mut tables = Tables::of(&world.server);

    let refuse = |sec: &mut Client, tables: &mut Tables, what: &str, statuses: &[(&str, u16)]| {
        let before = tables.changes();
        for (step, status) in statuses {
            let reply = match *step {
                "publish" => sec.post(&publication, &source),
                "adopt 0" => sec.post(&adoption, &adopt(0)),
                "adopt 1" => sec.post(&adoption, &adopt(1)),
                "adopt 2" => sec.post(&adoption, &adopt(2)),
                "adopt 3" => sec.post(&adoption, &adopt(3)),
                "draft on 0" => sec.put(&path, 0, &draft("Lost?")),
                "draft on 1" => sec.put(&path, 1, &draft("Lost?")),
                "draft on 2" => sec.put(&path, 2, &draft("Lost?")),
                "draft on -1" => sec.put(&path, -1, &draft("Lost?")),
                "draft on nothing" => sec.send_put(&path, &draft("Lost?")),
                other => panic!("{other}"),
            };
            assert_eq!(reply.status, *status, "{what}: {step}: {}", reply.text());
        }
        assert_eq!(tables.changes(), before, "{what}");
    };

    refuse(
        &mut sec,
        &mut tables,
        "nothing yet",
        &[("publish", 409), ("adopt 0", 422), ("adopt 1", 422), ("draft on 1", 412), ("draft on nothing", 428)],
    );
    let first = sec.put(&path, 0, &draft("First"));
    assert_eq!(first.headers["etag"], "\"1\"");
    assert_eq!(first.expect(200)["state"], "drafted");
    refuse(
        &mut sec,
        &mut tables,
        "a first draft",
        &[("publish", 409), ("adopt 2", 422), ("draft on 0", 412), ("draft on 2", 412), ("draft on -1", 412)],
    );
    sec.put(&path, 1, &draft("Second")).expect(200);
    refuse(&mut sec, &mut tables, "a second draft", &[("adopt 1", 409), ("adopt 3", 422), ("draft on 1", 412)]);
    let adopted = sec.post(&adoption, &adopt(2)).expect(201);
    assert_eq!((&adopted["state"], &adopted["version"]), (&json!("adopted"), &json!(2)));
    refuse(&mut sec, &mut tables, "adopted", &[("adopt 2", 409), ("adopt 3", 409), ("draft on 2", 409)]);
    let published = sec.post(&publication, &source).expect(201);
    assert_eq!(published["state"], "published");
    assert_eq!(published["acts"].as_array().unwrap().len(), 2);
    refuse(&mut sec, &mut tables, "published", &[("publish", 409), ("adopt 2", 409), ("draft on 2", 409)]);
    let words = world.server.client().get(&path).expect(200);
    assert_eq!((&words["words"], &words["version"]), (&json!("Second"), &json!(2)));
    // The acts about them are not of administration: nobody ends them by that way.
    let act = text(&published["acts"][0], "act");
    assert_eq!(sec.post(&format!("/api/v1/acts/{act}/ending"), &source).status, 404);
});

both!(drafts_are_the_members, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let path = format!("/api/v1/meetings/{meeting}/conclusions");
    let mut sec = world.client("sec");
    let look = |world: &mut World, stage: &str, seen: &str| {
        for key in all_but(world, &[]) {
            let mut client = world.client(&key);
            let insider = ["fr", "fr2", "de", "se", "sec", "sec2"].contains(&key.as_str());
            let shown = client.get(&format!("/api/v1/meetings/{meeting}")).expect(200)["conclusions"].clone();
            let listed = items(&mut client, "/api/v1/meetings")[0]["conclusions"].clone();
            let expected = if insider || seen == "published" { seen } else { "none" };
            assert_eq!((&shown, &listed), (&json!(expected), &json!(expected)), "{stage}: {key}");
            let reply = client.get(&path);
            if insider || seen == "published" {
                assert_eq!(reply.expect(200)["state"], json!(seen), "{stage}: {key}");
            } else {
                let absent = client.get(&format!("/api/v1/meetings/{ABSENT}/conclusions"));
                assert_eq!(reply.normalized(), absent.normalized(), "{stage}: {key}");
            }
            if !["sec", "sec2"].contains(&key.as_str()) {
                let status = client.put(&path, 0, &json!({"words": "Mine"})).status;
                assert_eq!(status, if insider || seen == "published" { 403 } else { 404 }, "{stage}: {key}");
            }
        }
        let mut anyone = world.server.client();
        assert_eq!(anyone.get(&path).status, if seen == "published" { 200 } else { 404 }, "{stage}");
    };
    look(&mut world, "nothing yet", "none");
    sec.put(&path, 0, &json!({"words": "First"})).expect(200);
    look(&mut world, "drafted", "drafted");
    sec.post(&format!("{path}/adoption"), &json!({"version": 1, "source": SOURCE})).expect(201);
    look(&mut world, "adopted", "adopted");
    sec.post(&format!("{path}/publication"), &json!({"source": SOURCE})).expect(201);
    look(&mut world, "published", "published");
});

both!(drafts_of_an_ad_hoc_meeting_are_of_those_concerned, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::ad_hoc(&mut world, Some("FR"));
    let path = format!("/api/v1/meetings/{meeting}/conclusions");
    world.client("sec").put(&path, 0, &json!({"words": "First"})).expect(200);
    for key in all_but(&world, &["fr", "fr2", "sec", "sec2"]) {
        let mut client = world.client(&key);
        let absent = client.get(&format!("/api/v1/meetings/{ABSENT}/conclusions"));
        assert_eq!(client.get(&path).normalized(), absent.normalized(), "{key}");
    }
    for key in ["fr", "fr2", "sec"] {
        assert_eq!(world.client(key).get(&path).expect(200)["words"], "First");
    }
});
