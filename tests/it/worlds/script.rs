//! The script of requests. Every role asks all of it; what differs between roles is only what they are told.

use incamera::server::{Route, Takes};
use serde_json::{Value, json};

use super::common::made;
use super::pair::{Ask, Pair};
use super::secrets::{MARK, NAMES};
use crate::support::scene::{fiche, note};

/// Routes that end the role's own log-in: they come last.
const ENDING: [&str; 3] = ["sign_out", "end_my_sign_ins", "end_my_sign_in"];

/// What of the script a role goes through.
#[derive(Clone, Copy, Default)]
pub struct Extent {
    /// The log is read without comparing: the auditor reads all of it, and a colleague reads who did what in
    /// the rooms of the State's case files.
    pub log_apart: bool,
    /// Methods and bodies that no route takes, too: what answers them does not look at who asks.
    pub odd: bool,
    /// The ad hoc meeting and the second closed session are swept, too.
    pub full: bool,
}

/// Every list, page by page, by every filter; and every look at what is there.
pub fn look(pair: &mut Pair, role: &str, extent: Extent) {
    for list in [
        "/api/v1/parties",
        "/api/v1/parties?kind=state",
        "/api/v1/parties?standing=observer",
        "/api/v1/people",
        "/api/v1/people?party=<DE>",
        "/api/v1/people?party=<SE>",
        "/api/v1/proposals",
        "/api/v1/proposals?state=waiting",
        "/api/v1/meetings",
        "/api/v1/meetings?kind=ordinary",
        "/api/v1/meetings?kind=ad_hoc",
        "/api/v1/meetings?from=2027-01-01",
        "/api/v1/meetings?until=2027-01-12&from=2027-01-11",
        "/api/v1/sessions/<open>/materials",
        "/api/v1/rooms/<room>/notes",
        "/api/v1/cases",
        "/api/v1/cases?party=<FR>",
        "/api/v1/requests",
        "/api/v1/publications",
        "/api/v1/publications?kind=strategy",
    ] {
        pair.pages(role, list, 1, 100);
        pair.get(role, list);
    }
    for thing in [
        "/healthz",
        "/readyz",
        "/api/v1/openapi.json",
        "/api/v1/me",
        "/api/v1/me/sign-ins",
        "/api/v1/parties/<DE>",
        "/api/v1/parties/<NO>",
        "/api/v1/people/<gone>",
        "/api/v1/people/<late>",
        "/api/v1/people/<no2>",
        "/api/v1/people/<ej>",
        "/api/v1/acts/<gone.designation>",
        "/api/v1/acts/<NO.standing>",
        "/api/v1/acts/<no.designation>",
        "/api/v1/proposals/<proposal>",
        "/api/v1/meetings/<meeting>",
        "/api/v1/meetings/<published>",
        "/api/v1/meetings/<asked-for>",
        "/api/v1/meetings/<published>/conclusions",
        "/api/v1/meetings/<drafted>/conclusions",
        "/api/v1/meetings/<meeting>/conclusions",
        "/api/v1/sessions/<open>",
        "/api/v1/sessions/<closed>",
        "/api/v1/sessions/<breakout>",
        "/api/v1/sessions/<breakout>/materials",
        "/api/v1/materials/<material>",
        "/api/v1/materials/<material>/content",
        "/api/v1/rooms/<room>",
        "/api/v1/rooms/<room>/notes/<note>",
        "/api/v1/rooms/<room>/notes/<note>/versions",
        "/api/v1/rooms/<room>/notes/<note>?version=1",
        "/api/v1/rooms/<room>/notes/<note>/files/<file>",
        "/api/v1/cases/<case>",
        "/api/v1/cases/<case.named>",
        "/api/v1/requests/<request>",
        "/api/v1/publications/<guide>",
        "/api/v1/audit/entries/<entry>",
        "/api/v1/audit/entries/<entry.se>",
    ] {
        pair.get(role, thing);
    }
    let logs = [
        "/api/v1/audit/entries?event=case_read",
        "/api/v1/audit/entries?event=note_written",
        "/api/v1/audit/entries?actor=<fr>",
        "/api/v1/audit/entries?actor=<late>",
        "/api/v1/audit/entries?room=<room>",
        "/api/v1/audit/entries?thing=<meeting>",
        "/api/v1/audit/entries?from=<before>",
        "/api/v1/audit/entries?until=<before>&from=2020-01-01",
        "/api/v1/audit/report",
        "/api/v1/audit/report?from=<before>&limit=2",
        "/api/v1/audit/report?operation=consultation",
        "/api/v1/audit/report?party=<SE>&operation=disclosure",
        "/api/v1/audit/report?party=<FR>",
    ];
    if extent.log_apart {
        for log in ["/api/v1/audit/entries"].iter().chain(&logs) {
            pair.listen(role, &Ask::get(*log));
        }
    } else {
        pair.pages(role, "/api/v1/audit/entries", 1, 5);
        pair.pages(role, "/api/v1/audit/entries", 200, 100);
        pair.pages(role, "/api/v1/audit/report", 3, 5);
        for log in logs {
            pair.get(role, log);
        }
    }
}

/// Looks for what is hidden, by its very ids.
pub fn guess(pair: &mut Pair, role: &str, extent: Extent) {
    for name in NAMES {
        let id = format!("<{name}>");
        for place in [
            format!("/api/v1/explain?thing={id}"),
            format!("/api/v1/explain?thing={id}&at=<before>"),
            format!("/api/v1/explain?person={id}&thing=meeting:<meeting>"),
            format!("/api/v1/people?party={id}"),
            format!("/api/v1/cases?party={id}"),
        ] {
            if extent.log_apart && name.starts_with("hidden.entry") {
                pair.listen(role, &Ask::get(place));
            } else {
                pair.get(role, &place);
            }
        }
        for log in [
            format!("/api/v1/audit/entries?thing={id}"),
            format!("/api/v1/audit/entries?room={id}"),
            format!("/api/v1/audit/entries?actor={id}"),
            format!("/api/v1/audit/entries?cursor=<place:{name}>"),
        ] {
            if extent.log_apart {
                pair.listen(role, &Ask::get(log));
            } else {
                pair.get(role, &log);
            }
        }
    }
    for (kind, names) in [
        ("case", &["hidden.case", "hidden.room"][..]),
        ("request", &["hidden.request", "hidden.case"]),
        ("room", &["hidden.room", "hidden.second.room", "hidden.closed.room", "hidden.case"]),
        ("note", &["hidden.note", "hidden.second.note", "hidden.closed.note", "hidden.first.note"]),
        (
            "act",
            &[
                "hidden.admission",
                "hidden.release",
                "hidden.note.release",
                "hidden.participation",
                "hidden.designation",
            ],
        ),
        ("meeting", &["hidden.meeting"]),
        ("conclusions", &["hidden.meeting"]),
        ("session", &["hidden.open", "hidden.closed", "hidden.second"]),
        ("material", &["hidden.material"]),
        ("person", &["hidden.person", "gone", "late"]),
        ("proposal", &["hidden.proposal"]),
        ("entry", &["hidden.entry", "hidden.entry.read"]),
        ("publication", &["guide"]),
        ("party", &["DE"]),
    ] {
        if kind == "entry" && extent.log_apart {
            continue;
        }
        for name in names {
            for more in
                ["", "&at=<before>", "&at=2999-01-01", "&person=<gone>", "&person=<fr>&at=2021-05-05", "&person=<no2>"]
            {
                pair.get(role, &format!("/api/v1/explain?thing={kind}:<{name}>{more}"));
            }
        }
    }
    // What is there for all, asked about people who are in hidden places.
    for thing in [
        "meeting:<meeting>",
        "session:<open>",
        "session:<closed>",
        "room:<room>",
        "case:<case>",
        "request:<request>",
        "note:<note>",
        "material:<material>",
        "meeting:<published>",
        "conclusions:<drafted>",
        "act:<gone.designation>",
        "act:<NO.standing>",
    ] {
        for about in
            ["", "&person=<gone>", "&person=<no2>", "&person=<late>", "&person=<fr>", "&person=<fr2>", "&person=<ej2>"]
        {
            pair.get(role, &format!("/api/v1/explain?thing={thing}{about}"));
        }
    }
    // Places in lists, as if the hidden were the last of a page.
    for cursor in [
        "/api/v1/meetings?cursor=<place:2027-01-11|hidden.meeting>",
        "/api/v1/meetings?cursor=<place:2027-02-01|hidden.meeting>&limit=1",
        "/api/v1/people?cursor=<place:H|hidden.person>",
        "/api/v1/parties?cursor=<place:ES>",
        "/api/v1/cases?cursor=<place:1999999999999999|hidden.case>",
        "/api/v1/cases?cursor=<place:hidden.case>",
        "/api/v1/requests?cursor=<place:1999999999999999|hidden.request>",
        "/api/v1/proposals?cursor=<place:1999999999999999|hidden.proposal>",
        "/api/v1/publications?cursor=<place:H|hidden.case>",
        "/api/v1/sessions/<open>/materials?cursor=<place:1|hidden.material>",
        "/api/v1/sessions/<hidden.open>/materials?cursor=<place:1|hidden.material>",
        "/api/v1/rooms/<room>/notes?cursor=<place:1999999999999999|hidden.first.note>",
        "/api/v1/rooms/<hidden.room>/notes?cursor=<place:1999999999999999|hidden.note>",
    ] {
        pair.get(role, cursor);
    }
    for note in ["hidden.note", "hidden.second.note", "hidden.closed.note", "hidden.first.note"] {
        for room in ["room", "hidden.room", "case.room"] {
            pair.get(role, &format!("/api/v1/rooms/<{room}>/notes/<{note}>"));
            pair.get(role, &format!("/api/v1/rooms/<{room}>/notes/<{note}>?version=1"));
        }
        pair.ask(
            role,
            &Ask::get(format!("/api/v1/rooms/<hidden.room>/notes/<{note}>")).header("incamera-visit", "<hidden.visit>"),
        );
    }
}

/// What stands for the names in a path.
type Stand = fn(&str, &str) -> &'static str;

/// The case file and its room.
fn in_the_case(route: &str, name: &str) -> &'static str {
    match (name, route) {
        ("party", _) => "<DE>",
        ("person", _) => "<hidden.person>",
        ("act", "end_note_release") => "<hidden.note.release>",
        ("act", "end_case_release") => "<hidden.release>",
        ("act", _) => "<hidden.admission>",
        ("meeting", _) => "<hidden.meeting>",
        ("session", _) => "<hidden.second>",
        ("material", _) => "<hidden.material>",
        ("room", _) => "<hidden.room>",
        ("note", _) => "<hidden.note>",
        ("file", _) => "<hidden.file>",
        ("visit", _) => "<hidden.visit>",
        ("case", _) => "<hidden.case>",
        ("request", _) => "<hidden.request>",
        ("entry", _) => "<hidden.entry>",
        ("proposal", _) => "<hidden.proposal>",
        ("publication", _) => "<hidden.case>",
        ("sign_in", _) => "<hidden.visit>",
        // No log is signed here: how many entries it has is told to everybody who may check it.
        ("*tile", _) => "0/000.p/1",
        ("seq", _) => "0",
        _ => panic!("say in tests/it/worlds/script.rs what stands for {{{name}}}"),
    }
}

/// The ad hoc meeting, its sessions and their room.
fn in_the_meeting(route: &str, name: &str) -> &'static str {
    match (name, route) {
        ("person", _) => "<gone>",
        ("act", _) => "<hidden.participation>",
        ("session", "change_agenda" | "get_session") => "<hidden.closed>",
        ("session", _) => "<hidden.open>",
        ("room", _) => "<hidden.closed.room>",
        ("note", _) => "<hidden.closed.note>",
        _ => in_the_case(route, name),
    }
}

/// The second closed session of the ordinary meeting; and people who are somewhere in hidden places.
fn in_the_second(route: &str, name: &str) -> &'static str {
    match name {
        "person" => "<late>",
        "act" => "<hidden.designation>",
        "meeting" => "<meeting>",
        "session" => "<hidden.second>",
        "room" => "<hidden.second.room>",
        "note" => "<hidden.second.note>",
        "entry" => "<hidden.entry.read>",
        _ => in_the_case(route, name),
    }
}

/// What is there for all.
fn in_public(route: &str, name: &str) -> &'static str {
    match (name, route) {
        ("party", "propose") => "<NO>",
        ("party", _) => "<iiim>",
        ("person", _) => "<gone>",
        ("act", "end_participation") => "<participation>",
        ("act", "end_note_release") => "<release>",
        ("act", _) => "<ej.designation>",
        ("meeting", _) => "<meeting>",
        ("session", _) => "<open>",
        ("material", _) => "<material>",
        ("room", _) => "<room>",
        ("note", _) => "<note>",
        ("file", _) => "<file>",
        ("visit", _) => "<visit.fr>",
        ("case", _) => "<case>",
        ("request", _) => "<request>",
        ("entry", _) => "<entry>",
        ("proposal", _) => "<proposal>",
        ("publication", _) => "<guide>",
        _ => in_the_case(route, name),
    }
}

fn filled(route: &Route, stand: Stand) -> String {
    let mut path = String::new();
    let mut rest = route.path;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        path.push_str(before);
        let alike = route.name.trim_start_matches("page_");
        path.push_str(if name == "version" { "2" } else { stand(alike, name) });
        rest = after;
    }
    path.push_str(rest);
    path
}

/// A body with what a note says.
fn with_note(mut body: Value) -> Value {
    for (member, value) in note("A title", "A text").as_object().unwrap() {
        body[member] = value.clone();
    }
    body
}

/// Bodies that are as they must be, and some that run into what is hidden.
fn bodies(route: &str) -> Vec<Value> {
    let source = json!({"source": "A letter"});
    match route {
        "sign_in" => vec![json!({"email": "nobody@test.example", "password": "wrong", "code": "000000"})],
        "refresh" => vec![json!({"refresh_token": "icr_wrong"})],
        "accept_invitation" => vec![json!({"token": "ici_wrong", "password": "glacier tandem oboe 417 quiver"})],
        "change_password" => vec![json!({"password": "wrong", "new_password": "a new one that is long enough"})],
        "invite" => vec![json!({"email": "new@test.example"}), json!({"email": "fr@test.example"})],
        "record_party" => vec![
            json!({"kind": "state", "code": "DE", "name": "Another", "source": "A letter"}),
            json!({"kind": "state", "code": "E-<n>", "name": "A party", "source": "A letter"}),
        ],
        "name_party" => vec![json!({"name": "A new name", "source": "A letter"})],
        "give_standing" => vec![
            json!({"standing": "observer", "from": "2031-01-01", "meeting": "<hidden.meeting>", "source": "A letter"}),
            json!({"standing": "observer", "from": "2031-01-01", "meeting": "<meeting>", "source": "A letter"}),
        ],
        "record_person" => vec![json!({"name": "Zz new <n>"})],
        "propose" => vec![
            json!({"kind": "ending", "person": "<hidden.person>", "source": "A cable"}),
            json!({"kind": "ending", "person": "<no2>", "source": "A cable"}),
            json!({"kind": "designation", "person_name": "Yy new", "role": "counterpart", "source": "A cable"}),
        ],
        "decide_proposal" => vec![json!({"accept": true, "source": "A cable"})],
        "designate" => vec![
            json!({"role": "contact_point", "stand_in_for": "<hidden.person>", "from": "2031-01-01", "source": "A letter"}),
            json!({"role": "contact_point", "from": "2031-01-01", "source": "A letter"}),
        ],
        "elect" => vec![json!({"body": "steering_board", "source": "A letter"})],
        "suspend" | "off_board" => vec![source],
        "end_act" => vec![json!({"effective": "2031-01-01", "source": "A letter"}), source],
        "end_participation" => vec![json!({"effective": "2031-01-01", "source": "A letter"})],
        "convene_meeting" => vec![
            json!({"kind": "ad_hoc", "first_day": "<day>", "last_day": "<day>", "way": "video", "requested_by": "<DE>", "topics": ["x"], "source": "A letter"}),
            json!({"kind": "ordinary", "number": 1, "first_day": "2027-01-11", "last_day": "2027-01-12", "way": "video", "topics": ["x"], "source": "A letter"}),
        ],
        "change_meeting" => vec![json!({"first_day": "<day>", "last_day": "<day>", "way": "hybrid", "topics": ["x"]})],
        "add_session" => vec![
            json!({"kind": "open", "title": "Another"}),
            json!({"kind": "closed", "title": "Another", "admit_counterparts_of": ["<UA>"]}),
            json!({"kind": "closed", "admit_counterparts_of": ["<hidden.person>"]}),
        ],
        "change_agenda" => vec![json!({"items": ["One", "Two"]})],
        "invite_to_session" => vec![
            json!({"party": "<SE>", "person": "<hidden.person>", "source": "A letter"}),
            json!({"party": "<SE>", "person": "<gone>", "source": "A letter"}),
        ],
        "draft_conclusions" => vec![json!({"words": "A draft"})],
        "adopt_conclusions" => vec![json!({"version": 1, "source": "A letter"})],
        "publish_conclusions" => vec![source],
        "open_visit" => vec![json!({"purpose": "to look"})],
        "admit" => vec![
            json!({"person": "<late>"}),
            json!({"person": "<hidden.person>"}),
            json!({"person": "<no2>", "reach": "onward"}),
        ],
        "choose_recovery" => vec![json!({"key": "<hidden.person>"})],
        "write_note" | "revise_note" => vec![note("A title", "A text")],
        "search_notes" => vec![json!({"q": "a"}), json!({"q": MARK}), json!({"q": "e", "author": "<hidden.person>"})],
        "release_note" => vec![json!({"party": "<UA>"}), json!({"party": "<hidden.person>"})],
        "open_case" => vec![
            json!({"fiche": fiche("Another"), "contact": "<hidden.person>"}),
            json!({"fiche": fiche("Another"), "visibility": {"to": "states", "states": ["<DE>"]}}),
        ],
        "revise_case" => {
            vec![json!({"fiche": fiche("Revised"), "contact": "<hidden.person>"}), json!({"fiche": fiche("Revised")})]
        }
        "release_case" => vec![json!({"to": "state", "party": "<DE>"}), json!({"to": "contact_points"})],
        "link_case" => vec![json!({"meeting": "<hidden.meeting>"}), json!({"meeting": "<meeting>"})],
        "send_request" => vec![
            with_note(json!({"kind": "request", "to": ["<UA>"], "people": ["<hidden.person>"]})),
            with_note(json!({"kind": "spontaneous", "to": ["<UA>"], "people": ["<ua>", "<no2>"]})),
            with_note(json!({"kind": "presence", "to": ["<DE>"]})),
        ],
        "reply_to_request" => {
            vec![with_note(json!({"kind": "answer"})), with_note(json!({"kind": "refusal", "ground": "nothing_held"}))]
        }
        "record_publication" => vec![
            json!({"code": "new-<n>", "kind": "factsheet", "title": "New <n>", "summary": "x", "adopted_at_meeting": "<hidden.meeting>"}),
            json!({"code": "new-<n>", "kind": "factsheet", "title": "New <n>", "summary": "x", "adopted_at_meeting": "<meeting>"}),
        ],
        other => panic!("say in tests/it/worlds/script.rs what {other} takes"),
    }
}

/// Every route of the registry, with whatever stands for the names in its path.
fn sweep(pair: &mut Pair, role: &str, extent: Extent, stand: Stand) {
    sweep_pages(pair, role, extent, stand);
    for route in pair.routes() {
        if ENDING.contains(&route.name) {
            continue;
        }
        let path = filled(&route, stand);
        let ask = Ask::new(route.method.as_str(), path.clone()).header("incamera-visit", "<visit>");
        let of_the_log = extent.log_apart && (path.contains("/audit/") || path.contains("/explain"));
        match route.takes {
            Takes::Nothing | Takes::Query(_) if of_the_log => pair.listen(role, &ask),
            Takes::Nothing | Takes::Query(_) => drop(pair.ask(role, &ask)),
            Takes::Json(_) => {
                for body in bodies(route.name) {
                    let ask = ask.clone().json(&body);
                    if route.method == "PUT" {
                        pair.ask(role, &ask);
                        for version in ["\"7\"", "\"0\"", "\"1\""] {
                            pair.ask(role, &ask.clone().header("if-match", version));
                        }
                    } else {
                        pair.ask(role, &ask);
                        // The second time is a conflict, where the first was none.
                        pair.ask(role, &ask);
                    }
                }
                if extent.odd {
                    pair.ask(role, &ask.clone().json(&json!({})));
                    pair.ask(role, &ask);
                }
            }
            Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_) => unreachable!("a page is asked elsewhere"),
            Takes::File => {
                let mut ask = ask.header("if-match", "\"1\"");
                ask.body = Some(b"words".to_vec());
                pair.ask(role, &ask);
                pair.ask(role, &ask.header("incamera-file-name", "a.txt"));
            }
            Takes::Bytes(_) => {
                let mut ask = ask.header("content-type", "text/plain");
                ask.body = Some(b"words".to_vec());
                pair.ask(role, &ask);
                ask.path.push_str("?title=A&file_name=a.txt");
                pair.ask(role, &ask);
            }
        }
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] {
            let there = pair.routes().iter().any(|one| one.path == route.path && one.method == method);
            if extent.odd && !there {
                pair.ask(role, &Ask::new(method, path.clone()));
            }
        }
    }
}

/// Every page, likewise.
fn sweep_pages(pair: &mut Pair, role: &str, extent: Extent, stand: Stand) {
    for page in pair.looks() {
        let path = filled(&page, stand);
        let ask = Ask::get(path.clone()).header("incamera-visit", "<visit>");
        if extent.log_apart && (path.contains("/audit/") || path.contains("/explain")) {
            pair.listen(role, &ask);
        } else {
            pair.ask(role, &ask);
        }
    }
}

/// Tries whatever there is, on what is hidden and on what is not.
pub fn reach(pair: &mut Pair, role: &str, extent: Extent) {
    let open = Ask::new("POST", "/api/v1/rooms/<room>/visits").json(&json!({"purpose": "to look"}));
    pair.ask(role, &open.keep("visit", "/visit"));
    sweep(pair, role, extent, in_the_case);
    if extent.full {
        let extent = Extent { odd: false, ..extent };
        sweep(pair, role, extent, in_the_meeting);
        sweep(pair, role, extent, in_the_second);
    }
    pair.ask(role, &Ask::get("/api/v1/rooms/<room>/notes").header("incamera-visit", "<visit>"));
    pair.ask(role, &Ask::get("/api/v1/rooms/<room>/notes/<note>").header("incamera-visit", "<visit>"));
    pair.ask(role, &Ask::get("/api/v1/rooms/<room>/notes/<hidden.first.note>").header("incamera-visit", "<visit>"));
    pair.ask(role, &Ask::get("/api/v1/sessions/<closed>").header("incamera-visit", "<visit>"));
    pair.ask(role, &Ask::get("/api/v1/rooms/<room>/notes?limit=1").header("incamera-visit", "<visit>"));
    // One's own case file, where one may open any: linked to what is hidden, admitting who is elsewhere.
    let own = Ask::new("POST", "/api/v1/cases").json(&json!({"fiche": fiche("Mine")}));
    pair.ask(role, &own.keep("mine", "/id").keep("mine.room", "/room"));
    for (path, body) in [
        ("/api/v1/cases/<mine>/meetings", json!({"meeting": "<hidden.meeting>"})),
        ("/api/v1/cases/<mine>/meetings", json!({"meeting": "<nobody>"})),
        ("/api/v1/rooms/<mine.room>/admissions", json!({"person": "<hidden.person>"})),
        ("/api/v1/rooms/<mine.room>/admissions", json!({"person": "<gone>"})),
        ("/api/v1/rooms/<mine.room>/admissions", json!({"person": "<gone>"})),
        ("/api/v1/cases/<mine>/releases", json!({"to": "state", "party": "<hidden.person>"})),
    ] {
        pair.ask(role, &Ask::new("POST", path).json(&body));
    }
    pair.ask(role, &Ask::new("DELETE", "/api/v1/cases/<mine>/releases/<hidden.release>"));
    pair.ask(role, &Ask::new("DELETE", "/api/v1/rooms/<mine.room>/admissions/<late>"));
    sweep(pair, role, Extent { odd: false, ..extent }, in_public);
    for (path, cursor) in [("/api/v1/meetings", "%%%"), ("/api/v1/cases", "x"), ("/api/v1/requests", "x")] {
        pair.get(role, &format!("{path}?cursor={cursor}"));
        pair.get(role, &format!("{path}?limit=0"));
        pair.get(role, &format!("{path}?total=true"));
    }
    pair.get(role, "/api/v1/search?q=Zephyr");
    pair.get(role, "/api/v1/cases/<hidden.case>/");
}

/// Ends the role's own log-ins, one after the other.
pub fn leave(pair: &mut Pair, role: &str) {
    for (method, path) in [
        ("DELETE", "/api/v1/me/sign-ins/<hidden.visit>"),
        ("GET", "/api/v1/me/sign-ins"),
        ("DELETE", "/api/v1/session"),
        ("GET", "/api/v1/me"),
        ("DELETE", "/api/v1/me/sign-ins"),
    ] {
        pair.ask(role, &Ask::new(method, path));
    }
}

/// What the Secretariat does in the meantime, for all to see who may.
pub fn goes_on(pair: &mut Pair, step: usize) {
    pair.both(|side| {
        let mut sec = side.world.client("sec2");
        let sessions = format!("/api/v1/meetings/{}/sessions", side.id("meeting"));
        let session = made(&sec.post(&sessions, &json!({"kind": "open", "title": format!("Half day {step}")})), "/id");
        let path = format!("/api/v1/sessions/{session}/materials?title=Paper&file_name=paper-{step}.txt");
        sec.send("POST", &path, &[("content-type", "text/plain")], Some(b"words")).expect(201);
        for party in ["SE", "NO", "eurojust"] {
            let people = format!("/api/v1/parties/{}/people", side.id(party));
            made(&sec.post(&people, &json!({"name": format!("Xx new {step} {party}")})), "/id");
        }
        let topics = json!({"first_day": "2026-03-11", "last_day": "2026-03-12", "way": "hybrid", "topics": [format!("topic {step}")]});
        let meeting = format!("/api/v1/meetings/{}", side.id("meeting"));
        let version = sec.get(&meeting).expect(200)["version"].as_i64().unwrap();
        sec.put(&meeting, version, &topics).expect(200);
        let code = format!("paper-{step}");
        let paper = json!({"code": code, "kind": "expert_paper", "title": format!("Paper {step}"), "summary": "x"});
        made(&sec.post("/api/v1/publications", &paper), "/id");
        let mut no = side.world.client("no2");
        let own = json!({"kind": "designation", "person_name": format!("Ww {step}"), "role": "counterpart", "source": "A cable"});
        made(&no.post(&format!("/api/v1/parties/{}/proposals", side.id("NO")), &own), "/id");
    });
}
