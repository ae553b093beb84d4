//! That nothing of what is hidden shows.

use serde_json::json;

use super::{ABSENT, SOURCE};
use crate::support::database::Kind;
use crate::support::made::{self, text};
use crate::support::twins::Names;
use crate::support::{Client, Reply, Tables, TestServer, World};

/// What one outsider can ask about a network's meetings. `hidden` are ids of things he may not know of, or of
/// nothing.
fn script(client: &mut Client, meeting: &str, open: &str, hidden: &[String]) -> Vec<(String, Reply)> {
    let mut asked = Vec::new();
    let get = |asked: &mut Vec<(String, Reply)>, client: &mut Client, path: String| {
        let reply = client.get(&path);
        asked.push((path, reply.clone()));
        reply
    };
    for path in [
        "me",
        "meetings",
        "meetings?kind=ad_hoc",
        "meetings?from=2026-01-01",
        "meetings?until=2005-01-01",
        "parties",
        "people",
        "proposals",
        "publications",
        "audit/entries",
        "audit/entries?event=room_seen",
        "audit/entries?event=session_added",
    ] {
        get(&mut asked, client, format!("/api/v1/{path}"));
    }
    let mut cursor = String::new();
    for _ in 0..20 {
        let page = get(&mut asked, client, format!("/api/v1/meetings?limit=1{cursor}")).json();
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    for path in [
        format!("meetings/{meeting}"),
        format!("meetings/{meeting}/conclusions"),
        format!("explain?thing={meeting}"),
        format!("sessions/{open}"),
        format!("sessions/{open}/materials"),
        format!("explain?thing={open}"),
    ] {
        get(&mut asked, client, format!("/api/v1/{path}"));
    }
    for id in hidden {
        for path in [
            format!("meetings/{id}"),
            format!("meetings/{id}/conclusions"),
            format!("sessions/{id}"),
            format!("sessions/{id}/materials"),
            format!("materials/{id}"),
            format!("materials/{id}/content"),
            format!("acts/{id}"),
            format!("people/{id}"),
            format!("explain?thing={id}"),
            format!("explain?thing=session:{id}"),
            format!("explain?thing=room:{id}"),
            format!("explain?thing=meeting:{id}"),
            format!("explain?thing=act:{id}"),
            format!("explain?thing=entry:{id}"),
            format!("audit/entries/{id}"),
            format!("audit/entries?thing={id}"),
            format!("audit/entries?room={id}"),
            format!("audit/entries?actor={id}"),
            format!("audit/entries?cursor={}", data_encoding::BASE64URL_NOPAD.encode(id.as_bytes())),
        ] {
            get(&mut asked, client, format!("/api/v1/{path}"));
        }
        for (method, path, body) in [
            ("PUT", format!("sessions/{id}/agenda"), json!({"items": []})),
            (
                "PUT",
                format!("meetings/{id}"),
                json!({"first_day": "2027-01-01", "last_day": "2027-01-01", "way": "video", "topics": []}),
            ),
            ("PUT", format!("meetings/{id}/conclusions"), json!({"words": "Words"})),
            ("POST", format!("meetings/{id}/sessions"), json!({"kind": "open", "title": "Mine"})),
            ("POST", format!("meetings/{id}/conclusions/adoption"), json!({"version": 1, "source": SOURCE})),
            ("POST", format!("meetings/{id}/conclusions/publication"), json!({"source": SOURCE})),
            ("POST", format!("sessions/{id}/participations"), json!({"party": ABSENT, "source": SOURCE})),
            ("POST", format!("participations/{id}/ending"), json!({"source": SOURCE})),
            ("POST", format!("acts/{id}/ending"), json!({"source": SOURCE})),
        ] {
            let headers = [("content-type", "application/json"), ("if-match", "\"0\"")];
            let path = format!("/api/v1/{path}");
            let reply = client.send(method, &path, &headers, Some(body.to_string().as_bytes()));
            asked.push((format!("{method} {path}"), reply));
        }
    }
    asked
}

/// The same network twice, one with closed sessions, breakouts, ad hoc meetings, drafts, documents and
/// admissions between what is open. Whoever may not know of them gets the same answers from both.
fn two_worlds(kind: Kind) {
    let mut worlds = [World::new(TestServer::start(kind)), World::new(TestServer::start(kind))];
    let outsiders = ["ej", "assoc", "guest", "no", "late"];
    let mut answers = Vec::new();
    for (at, world) in worlds.iter_mut().enumerate() {
        let secret = at == 1;
        // Each has entries of its own on both sides of the hidden ones.
        for key in ["ej", "assoc", "guest", "no"] {
            world.client(key);
        }
        let mut hidden: Vec<String> = Vec::new();
        // Before, between and after what is open, both in time and in order.
        if secret {
            let early = json!({"kind": "ad_hoc", "first_day": "2001-01-01", "last_day": "2001-01-01", "way": "video", "requested_by": world.party("DE"), "source": SOURCE});
            hidden.push(text(&world.client("sec").post("/api/v1/meetings", &early).expect(201), "id"));
        }
        let meeting = made::meeting(world, 36);
        if secret {
            let closed = made::session(world, &meeting, "closed", "Closed before", &[]);
            hidden.extend([text(&closed, "id"), text(&closed, "room")]);
        }
        let open = text(&made::session(world, &meeting, "open", "Open session", &[]), "id");
        made::participation(world, &open, "ngo", None);
        made::material(world, &open, "Paper", "words");
        if secret {
            let closed = made::session(world, &meeting, "closed", "Closed between", &["UA"]);
            hidden.extend([text(&closed, "id"), text(&closed, "room")]);
            let room = text(&closed, "room");
            let mut fr = made::inside(world, "fr", &room);
            let agenda = format!("/api/v1/sessions/{}/agenda", text(&closed, "id"));
            assert_eq!(fr.put(&agenda, 0, &json!({"items": ["Hidden item"]})).status, 204);
            let breakout = text(&made::session(world, &meeting, "breakout", "Breakout", &[]), "id");
            hidden.push(made::participation(world, &breakout, "SE", None));
            hidden.push(made::material(world, &breakout, "Narrow", "for some"));
            hidden.push(breakout);
        }
        made::session(world, &meeting, "open", "Last open session", &[]);
        made::meeting(world, 37);
        if secret {
            let ad_hoc = made::ad_hoc(world, Some("DE"));
            let session = text(&made::session(world, &ad_hoc, "open", "About one case", &[]), "id");
            made::material(world, &session, "Narrow", "for some");
            hidden.extend([ad_hoc, session]);
            let admission = Tables::of(&world.server).words("SELECT MIN(act_id) AS word FROM admissions");
            hidden.extend(admission);
            let entries = "SELECT id AS word FROM audit_entries WHERE event IN ('session_added', 'closed_agenda_changed') ORDER BY seq";
            hidden.extend(Tables::of(&world.server).words(entries).into_iter().rev().take(3));
        }
        // Comes after every admission by default.
        world.add("late", "FR", incamera::network::model::Role::ContactPoint);
        hidden.resize(18, ABSENT.to_owned());
        for key in outsiders {
            let mut names = Names::default();
            let mut client = world.client(key);
            // The ids of nothing differ too: no id that was sent may come back.
            for (path, reply) in script(&mut client, &meeting, &open, &hidden) {
                assert!(!hidden.iter().any(|id| id != ABSENT && reply.text().contains(id.as_str())), "{key} {path}");
                answers.push((at, key, path, names.comparable(&reply)));
            }
        }
    }
    let (bare, full): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(at, ..)| *at == 0);
    assert_eq!(bare.len(), full.len());
    for ((_, key, path, without), (_, _, of, with)) in bare.iter().zip(&full) {
        assert_eq!(without, with, "{key}: {path} and {of}");
    }
}

#[test]
fn what_is_hidden_leaves_no_trace_on_sqlite() {
    two_worlds(Kind::Sqlite);
}

#[test]
fn what_is_hidden_leaves_no_trace_on_postgres() {
    two_worlds(Kind::Postgres);
}
