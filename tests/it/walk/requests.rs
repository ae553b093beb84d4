//! For each route of the registry, requests that would succeed for whoever may: so that a refusal is for
//! no other reason than the rules'.

use incamera::access::{Action, Fact, FactSet};
use incamera::ids::RoomId;
use incamera::network::model::PartyKind;
use incamera::server::{Access, Route, Takes};
use serde_json::{Value, json};

use super::circles;
use super::pages;
use super::principals::{Principal, Token};
use super::stage::Stage;
use crate::support::Tables;
use crate::support::browser::{File, Form};
use crate::support::made::text;
use crate::support::scene::note;
use crate::support::world::{PASSWORD, World};

/// A question to the rules.
#[derive(Clone, Debug)]
pub struct Ask {
    pub action: Action,
    /// The thing's id; none for the network as a whole.
    pub thing: Option<String>,
    /// Facts about a second subject.
    pub extra: FactSet,
}

/// A request, and what the rules must be asked about it, in this order.
#[derive(Debug)]
pub struct Request {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Vec<u8>>,
    /// What a page's form sends.
    pub form: Option<Form>,
    /// The file that goes with it.
    pub file: Option<File>,
    pub asks: Vec<Ask>,
    /// Whose visit is brought.
    pub room: Option<RoomId>,
    /// What is logged, when it is not what the route says.
    pub event: Option<&'static str>,
    /// Whether the asker's log-in ends with it.
    pub ends_log_in: bool,
}

/// The ways in which a route is asked; a page, in those of the route that it is like.
pub fn variants(route: &Route) -> &'static [&'static str] {
    if let Some(variants) = pages::variants(route) {
        return variants;
    }
    match pages::like(route).unwrap_or(route.name) {
        "get_session" => &["open", "closed", "breakout", "ad hoc"],
        "list_materials" | "change_agenda" => &["open", "closed", "breakout"],
        "get_meeting" => &["ordinary", "ad hoc"],
        "get_conclusions" => &["drafted", "published", "drafted, ad hoc"],
        "add_session" => &["open", "closed"],
        "get_room" | "open_visit" | "end_visit" | "list_notes" | "search_notes" | "write_note" | "get_note"
        | "revise_note" | "add_file" | "read_file" | "list_note_versions" | "release_note" | "end_note_release"
        | "end_admission" | "choose_recovery" | "end_recovery" => &["of a session", "of a case file"],
        "admit" => &["to a session", "to a case file", "an officer, to a case file", "oneself"],
        "get_person" => &["of FR", "of SE", "oneself"],
        "get_entry" | "get_receipt" => &["a note read", "a party recorded", "one's own"],
        "explain" => &["a session's room", "a case file", "a party"],
        "end_my_sign_in" => &["one's own", "another's"],
        _ => &[""],
    }
}

/// The request of a route that a principal sends.
pub fn request(stage: &mut Stage, route: &Route, variant: &str, principal: &Principal) -> Request {
    stage.bad_means_nobody = route.is_page();
    let made = if route.is_page() {
        pages::build(stage, route, variant, principal)
    } else {
        build(stage, route, variant, principal)
    };
    let mut request = Request {
        path: made.path.unwrap_or_else(|| route.path.to_owned()),
        headers: made.headers,
        body: None,
        form: made.form,
        file: made.file,
        asks: Vec::new(),
        room: made.room,
        event: made.event,
        ends_log_in: made.ends_log_in,
    };
    assert!(!request.path.contains('{'), "the walk gives {} no path", route.name);
    // A list shows what there is for the asker, and is open to whoever may ask at all.
    match route.access {
        Access::May(action) => request.asks.push(Ask { action, thing: made.thing, extra: made.extra }),
        Access::Public(action) if made.thing.is_some() => {
            request.asks.push(Ask { action, thing: made.thing, extra: made.extra });
        }
        Access::Public(_) | Access::Anyone | Access::OwnCredential => {}
    }
    if let Some(asks) = made.instead {
        request.asks = asks;
    }
    if let Some(body) = made.json {
        request.headers.push(("content-type", "application/json".into()));
        request.body = Some(body.to_string().into_bytes());
    }
    if let Some(bytes) = made.bytes {
        request.body = Some(bytes);
    }
    assert_eq!(
        request.body.is_some() || request.form.is_some(),
        matches!(
            route.takes,
            Takes::Json(_) | Takes::Bytes(_) | Takes::File | Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_)
        ),
        "the walk and the registry disagree about the body of {}",
        route.name
    );
    request
}

#[derive(Default)]
pub struct Made {
    pub path: Option<String>,
    pub headers: Vec<(&'static str, String)>,
    pub json: Option<Value>,
    pub form: Option<Form>,
    pub file: Option<File>,
    pub bytes: Option<Vec<u8>>,
    pub thing: Option<String>,
    pub extra: FactSet,
    pub instead: Option<Vec<Ask>>,
    pub room: Option<RoomId>,
    pub event: Option<&'static str>,
    pub ends_log_in: bool,
}

impl Made {
    pub fn at(path: String, thing: impl ToString) -> Self {
        Self { path: Some(path), thing: Some(thing.to_string()), ..Self::default() }
    }

    pub fn json(self, body: Value) -> Self {
        Self { json: Some(body), ..self }
    }

    pub fn inside(self, room: &RoomId) -> Self {
        Self { room: Some(room.clone()), ..self }
    }

    pub fn based_on(mut self, version: &str) -> Self {
        self.headers.push(("if-match", format!("\"{version}\"")));
        self
    }
}

fn on(action: Action, thing: impl ToString) -> Ask {
    Ask { action, thing: Some(thing.to_string()), extra: FactSet::NONE }
}

const WHY: &str = "made for a test";

/// The request of a route for programs.
pub fn build(stage: &mut Stage, route: &Route, variant: &str, principal: &Principal) -> Made {
    match route.path.split('/').nth(3).unwrap_or_default() {
        "session" | "me" | "invitations" => identity(stage, route, variant, principal),
        "people" | "parties" | "acts" | "proposals" | "explain" => network(stage, route, variant, principal),
        "meetings" | "sessions" | "materials" | "participations" => meetings(stage, route, variant),
        "rooms" => rooms(stage, route, variant, principal),
        "cases" => circles::cases(stage, route),
        "requests" => circles::requests(stage, route, principal),
        _ => others(stage, route, variant, principal),
    }
}

pub fn unknown(route: &Route) -> ! {
    panic!("the walk knows no request for the new route {}: add one to tests/it/walk/requests.rs", route.name)
}

fn others(stage: &mut Stage, route: &Route, variant: &str, principal: &Principal) -> Made {
    match route.name {
        "healthz" | "readyz" | "openapi" | "list_publications" | "list_entries" | "list_witnesses" => Made::default(),
        "get_publication" => Made::at(format!("/api/v1/publications/{}", stage.publication), &stage.publication),
        "record_publication" => Made::default().json(json!({
            "code": format!("paper-of-{}", stage.fresh() + 100), "kind": "factsheet", "title": "A paper", "summary": "On it.",
        })),
        "get_report" => Made::default(),
        "get_log_state" => {
            stage.world.server.publish().unwrap();
            Made::default()
        }
        "get_checkpoint" | "get_tile" => {
            stage.world.server.publish().unwrap();
            let what = if route.name == "get_tile" { "tile/0/000.p/7" } else { "checkpoint" };
            Made { path: Some(format!("/api/v1/audit/{what}")), ..Made::default() }
        }
        "get_receipt" => {
            stage.world.server.publish().unwrap();
            let id = entry(stage, variant, principal);
            let seq = format!("SELECT CAST(seq AS TEXT) AS word FROM audit_entries WHERE id = '{id}'");
            let seq = Tables::of(&stage.world.server).words(&seq).pop().unwrap_or_else(|| "987654321".to_owned());
            let first = Ask { action: Action::CheckLog, thing: None, extra: FactSet::NONE };
            let asks = vec![first, on(Action::ReadEntry, &id)];
            Made { path: Some(format!("/api/v1/audit/receipts/{seq}")), instead: Some(asks), ..Made::default() }
        }
        "get_entry" => {
            let id = entry(stage, variant, principal);
            Made::at(format!("/api/v1/audit/entries/{id}"), &id)
        }
        _ => unknown(route),
    }
}

/// The id of an entry, of which there may be none.
fn entry(stage: &Stage, variant: &str, principal: &Principal) -> String {
    let which = match variant {
        "a note read" => format!("thing_id = '{}'", stage.note),
        "one's own" => {
            let key = principal.somebody().unwrap_or("fr");
            format!("actor_id = '{}'", stage.world.person(key))
        }
        _ => "event = 'publication_recorded'".to_owned(),
    };
    Tables::of(&stage.world.server)
        .words(&format!("SELECT id AS word FROM audit_entries WHERE {which} ORDER BY seq LIMIT 1"))
        .pop()
        .unwrap_or_else(|| "00000000-0000-4000-8000-00000000dead".to_owned())
}

fn identity(stage: &mut Stage, route: &Route, variant: &str, principal: &Principal) -> Made {
    // Each log-in uses up a code; those who ask with a bad token are refused before it is looked at.
    // Pages take them for those who bring none.
    let good = principal.token == Token::None || stage.bad_means_nobody;
    match route.name {
        "sign_in" => {
            // Of somebody whom no bad token names: a log-in in between would use up a later code.
            let code = if good { stage.world.code("fr2") } else { "000000".into() };
            Made::default().json(json!({"email": World::email("fr2"), "password": PASSWORD, "code": code}))
        }
        "refresh" => {
            let token = if good { text(&stage.world.log_in("fr"), "refresh_token") } else { "icr_none".into() };
            Made::default().json(json!({"refresh_token": token}))
        }
        "accept_invitation" => {
            let person = stage.somebody();
            let email = format!("invited-{}@test.example", stage.fresh());
            let path = format!("/api/v1/people/{person}/invitation");
            let invitation = stage.officer().post(&path, &json!({"email": email})).expect(201);
            Made::default().json(json!({"token": text(&invitation, "token"), "password": PASSWORD}))
        }
        "sign_out" | "end_my_sign_ins" => Made { ends_log_in: true, ..Made::default() },
        "me" | "list_my_sign_ins" => Made::default(),
        "change_password" => {
            let body = json!({"password": PASSWORD, "new_password": PASSWORD});
            Made { ends_log_in: true, ..Made::default() }.json(body)
        }
        "end_my_sign_in" => {
            let whose = match (variant, principal.somebody()) {
                ("one's own", Some(key)) => key,
                _ => "se",
            };
            let own = principal.somebody() == Some(whose);
            let session = stage.world.log_in(whose);
            let id = super::sign_in_of(&text(&session, "access_token")).unwrap();
            // Whose it is not, for him there is none: the registry's action is only the first question.
            let absent = on(Action::SeeParty, "00000000-0000-4000-8000-00000000dead");
            let ask = |action| Ask { action, thing: None, extra: FactSet::NONE };
            let asks = vec![ask(Action::UseNetwork), if own { ask(Action::ChangeMeans) } else { absent }];
            Made { path: Some(format!("/api/v1/me/sign-ins/{id}")), instead: Some(asks), ..Made::default() }
        }
        _ => unknown(route),
    }
}

fn network(stage: &mut Stage, route: &Route, variant: &str, principal: &Principal) -> Made {
    let fr = stage.world.party("FR");
    match route.name {
        "list_parties" | "list_people" | "list_proposals" => Made::default(),
        "get_party" => Made::at(format!("/api/v1/parties/{fr}"), &fr),
        "record_party" => Made::default().json(json!({
            "kind": "organisation", "code": format!("org-{}", stage.fresh()), "name": "An organisation", "source": WHY,
        })),
        "name_party" => {
            Made::at(format!("/api/v1/parties/{fr}/names"), &fr).json(json!({"name": "Another", "source": WHY}))
        }
        "give_standing" => {
            let key = format!("state-{}", stage.fresh());
            let party = stage.world.add_party(&key, PartyKind::State, None);
            Made::at(format!("/api/v1/parties/{party}/standings"), &party)
                .json(json!({"standing": "invited", "source": WHY}))
        }
        "record_person" => Made::at(format!("/api/v1/parties/{fr}/people"), &fr).json(json!({"name": "Somebody"})),
        "propose" => Made::at(format!("/api/v1/parties/{fr}/proposals"), &fr).json(json!({
            "kind": "designation", "person_name": "Somebody", "role": "contact_point", "source": WHY,
        })),
        "get_proposal" => Made::at(format!("/api/v1/proposals/{}", stage.proposal), &stage.proposal),
        "decide_proposal" => {
            let body = json!({"kind": "designation", "person_name": "N", "role": "contact_point", "source": WHY});
            let room = stage.scene.room.clone();
            let made = stage.insider(&room).post(&format!("/api/v1/parties/{fr}/proposals"), &body).expect(201);
            let id = text(&made, "id");
            Made::at(format!("/api/v1/proposals/{id}/decision"), &id).json(json!({"accept": true, "source": WHY}))
        }
        "get_person" => {
            let key = match variant {
                "of FR" => "fr2",
                "of SE" => "se",
                _ => principal.somebody().unwrap_or("fr"),
            };
            let person = stage.world.person(key);
            Made::at(format!("/api/v1/people/{person}"), &person)
        }
        "get_act" => Made::at(format!("/api/v1/acts/{}", stage.act), &stage.act),
        "end_act" => {
            let person = stage.somebody();
            let query = format!("SELECT act_id AS word FROM designations WHERE person_id = '{person}'");
            let act = Tables::of(&stage.world.server).words(&query).pop().unwrap();
            Made::at(format!("/api/v1/acts/{act}/ending"), &act).json(json!({"source": WHY}))
        }
        "explain" => {
            let (thing, ask) = match variant {
                "a session's room" => (format!("room:{}", stage.scene.room), on(Action::SeeRoom, &stage.scene.room)),
                "a case file" => (stage.case.clone(), on(Action::SeeCase, &stage.case)),
                _ => (fr.to_string(), on(Action::SeeParty, &fr)),
            };
            let first = Ask { action: Action::UseNetwork, thing: None, extra: FactSet::NONE };
            Made {
                path: Some(format!("/api/v1/explain?thing={thing}")),
                instead: Some(vec![first, ask]),
                ..Made::default()
            }
        }
        _ => {
            let person = stage.somebody();
            let at = |rest: &str| Made::at(format!("/api/v1/people/{person}/{rest}"), &person);
            match route.name {
                "designate" => at("designations").json(json!({"role": "counterpart", "source": WHY})),
                "elect" => at("elections").json(json!({"body": "steering_board", "source": WHY})),
                "suspend" => at("suspension").json(json!({"source": WHY})),
                "off_board" => at("off-boarding").json(json!({"source": WHY})),
                "invite" => at("invitation").json(json!({"email": format!("{person}@test.example")})),
                "end_sign_ins" => at("sign-ins"),
                _ => unknown(route),
            }
        }
    }
}

/// A new ordinary meeting whose conclusions are as far as said.
fn concluded(stage: &mut Stage, far: &str) -> String {
    let number = stage.fresh() + 100;
    let body = json!({"kind": "ordinary", "number": number, "first_day": "2027-05-04", "last_day": "2027-05-04",
        "way": "video", "topics": ["A topic"], "source": WHY});
    let mut sec = stage.officer();
    let id = if far.ends_with("ad hoc") {
        stage.ad_hoc.clone()
    } else {
        text(&sec.post("/api/v1/meetings", &body).expect(201), "id")
    };
    let path = format!("/api/v1/meetings/{id}/conclusions");
    if far != "nothing" {
        drop(sec.put(&path, 0, &json!({"words": "What was concluded"})));
    }
    if matches!(far, "adopted" | "published") {
        sec.post(&format!("{path}/adoption"), &json!({"version": 1, "source": WHY})).expect(201);
    }
    if far == "published" {
        sec.post(&format!("{path}/publication"), &json!({"source": WHY})).expect(201);
    }
    id
}

/// The version that a row of the table has now.
fn newest(stage: &Stage, table: &str, column: &str, id: &str) -> String {
    let query = format!("SELECT CAST({column} AS TEXT) AS word FROM {table} WHERE id = '{id}'");
    Tables::of(&stage.world.server).words(&query).pop().unwrap()
}

fn meetings(stage: &mut Stage, route: &Route, variant: &str) -> Made {
    let session = match variant {
        "closed" => stage.scene.closed.to_string(),
        "breakout" => stage.breakout.clone(),
        "ad hoc" => stage.ad_hoc_session.clone(),
        _ => stage.scene.open.to_string(),
    };
    let meeting = stage.scene.meeting.to_string();
    match route.name {
        "list_meetings" => Made::default(),
        "get_meeting" => {
            let meeting = if variant == "ad hoc" { stage.ad_hoc.clone() } else { meeting };
            Made::at(format!("/api/v1/meetings/{meeting}"), &meeting)
        }
        "convene_meeting" => Made::default().json(json!({
            "kind": "ordinary", "number": stage.fresh() + 2000, "first_day": "2028-01-01", "last_day": "2028-01-02",
            "way": "hybrid", "source": WHY,
        })),
        "change_meeting" => {
            let version = newest(stage, "meetings", "version", &meeting);
            Made::at(format!("/api/v1/meetings/{meeting}"), &meeting)
                .json(json!({
                    "first_day": "2026-03-11", "last_day": "2026-03-12", "way": "hybrid", "topics": ["A topic"],
                }))
                .based_on(&version)
        }
        "add_session" => {
            let meeting = concluded(stage, "nothing");
            Made::at(format!("/api/v1/meetings/{meeting}/sessions"), &meeting)
                .json(json!({"kind": variant, "title": "One more"}))
        }
        "get_session" => {
            let room = (variant == "closed").then(|| stage.scene.room.clone());
            Made { room, ..Made::at(format!("/api/v1/sessions/{session}"), &session) }
        }
        "change_agenda" => {
            let version = newest(stage, "sessions", "agenda_version", &session);
            let mut made = Made::at(format!("/api/v1/sessions/{session}/agenda"), &session)
                .json(json!({"items": ["One"]}))
                .based_on(&version);
            let mut second = Action::ChangeAgenda;
            if variant == "closed" {
                made = made.inside(&stage.scene.room);
                second = Action::ChangeClosedAgenda;
                made.event = Some("closed_agenda_changed");
            }
            made.instead = Some(vec![on(Action::SeeSession, &session), on(second, &session)]);
            made
        }
        "list_materials" => Made::at(format!("/api/v1/sessions/{session}/materials"), &session),
        "add_material" => Made {
            headers: vec![("content-type", "text/plain".into())],
            bytes: Some(b"a text".to_vec()),
            ..Made::at(format!("/api/v1/sessions/{session}/materials?title=A&file_name=a.txt"), &session)
        },
        "get_material" => Made::at(format!("/api/v1/materials/{}", stage.scene.material), &stage.scene.material),
        "read_material" => {
            Made::at(format!("/api/v1/materials/{}/content", stage.scene.material), &stage.scene.material)
        }
        "invite_to_session" => {
            let key = format!("guest-{}", stage.fresh());
            let party = stage.world.add_party(&key, PartyKind::Organisation, None);
            Made::at(format!("/api/v1/sessions/{session}/participations"), &session)
                .json(json!({"party": party, "source": WHY}))
        }
        "end_participation" => {
            let key = format!("guest-{}", stage.fresh());
            let party = stage.world.add_party(&key, PartyKind::Organisation, None);
            let path = format!("/api/v1/sessions/{session}/participations");
            let made = stage.officer().post(&path, &json!({"party": party, "source": WHY})).expect(201);
            let path = format!("/api/v1/participations/{}/ending", text(&made, "act"));
            Made::at(path, &session).json(json!({"source": WHY}))
        }
        "get_conclusions" => {
            let meeting = concluded(stage, variant);
            Made::at(format!("/api/v1/meetings/{meeting}/conclusions"), &meeting)
        }
        "draft_conclusions" => {
            let meeting = concluded(stage, "nothing");
            Made::at(format!("/api/v1/meetings/{meeting}/conclusions"), &meeting)
                .json(json!({"words": "Concluded"}))
                .based_on("0")
        }
        "adopt_conclusions" => {
            let meeting = concluded(stage, "drafted");
            Made::at(format!("/api/v1/meetings/{meeting}/conclusions/adoption"), &meeting)
                .json(json!({"version": 1, "source": WHY}))
        }
        "publish_conclusions" => {
            let meeting = concluded(stage, "adopted");
            Made::at(format!("/api/v1/meetings/{meeting}/conclusions/publication"), &meeting)
                .json(json!({"source": WHY}))
        }
        _ => unknown(route),
    }
}

fn newest_note(stage: &Stage, note: &str) -> i64 {
    let query = format!("SELECT MAX(version) AS number FROM note_versions WHERE note_id = '{note}'");
    Tables::of(&stage.world.server).number(&query)
}

fn rooms(stage: &mut Stage, route: &Route, variant: &str, principal: &Principal) -> Made {
    let (room, there) = if variant.contains("case file") {
        (stage.case_room.clone(), stage.case_note.clone())
    } else {
        (stage.scene.room.clone(), stage.note.clone())
    };
    let path = format!("/api/v1/rooms/{room}");
    let made = match route.name {
        "get_room" => Made::at(path, &room),
        "open_visit" => Made::at(format!("{path}/visits"), &room).json(json!({"purpose": "a walk"})),
        "end_visit" => {
            // One's own, and one that no other request rests on.
            let mut client = stage.client(principal, None).0;
            let begun = client.post(&format!("{path}/visits"), &json!({"purpose": "a walk"}));
            let visit =
                if begun.status == 201 { text(&begun.json(), "visit") } else { stage.visit_of("fr", &room).unwrap() };
            Made::at(format!("{path}/visits/{visit}"), &room)
        }
        "admit" => {
            let (person, extra) = match variant {
                "oneself" => {
                    let own = principal.somebody().map(|key| stage.world.person(key));
                    (own.unwrap_or_else(|| stage.world.person("fr")), Fact::Myself)
                }
                "an officer, to a case file" => (stage.world.person("sec2"), Fact::ConcernsSecretariat),
                _ => (stage.somebody(), Fact::Public),
            };
            let extra = FactSet::NONE.with(extra, extra != Fact::Public);
            Made { extra, ..Made::at(format!("{path}/admissions"), &room).json(json!({"person": person})) }
        }
        "end_admission" => {
            let person = stage.somebody();
            stage.insider(&room).post(&format!("{path}/admissions"), &json!({"person": person})).expect(201);
            Made::at(format!("{path}/admissions/{person}"), &room)
        }
        "choose_recovery" | "end_recovery" => {
            let key = stage.recovery_key(&room, route.name == "end_recovery");
            let made = Made::at(format!("{path}/recovery"), &room);
            if route.name == "end_recovery" { made } else { made.json(json!({"key": key})) }
        }
        "list_notes" => Made::at(format!("{path}/notes"), &room),
        "search_notes" => Made::at(format!("{path}/search"), &room).json(json!({"q": "note"})),
        "write_note" => Made::at(format!("{path}/notes"), &room).json(note("A note", "what it says")),
        "get_note" => Made::at(format!("{path}/notes/{there}"), &there),
        "list_note_versions" => Made::at(format!("{path}/notes/{there}/versions"), &there),
        "revise_note" => {
            let version = newest_note(stage, &there).to_string();
            Made::at(format!("{path}/notes/{there}"), &there)
                .json(note("A note", "what else it says"))
                .based_on(&version)
        }
        "add_file" => {
            let made = Made::at(format!("{path}/notes/{there}/files"), &there);
            let mut made = Made { bytes: Some(b"what it holds".to_vec()), ..made }
                .based_on(&newest_note(stage, &there).to_string());
            made.headers.push(("incamera-file-name", "a.txt".into()));
            made
        }
        "read_file" => {
            let files = format!("{path}/notes/{there}/files");
            let query = format!("SELECT id AS word FROM files WHERE note_id = '{there}' ORDER BY version LIMIT 1");
            let file = Tables::of(&stage.world.server).words(&query).pop().unwrap_or_else(|| {
                let version = newest_note(stage, &there);
                let made = stage.insider(&room).send_file(&files, version, "a.txt", b"what it holds");
                text(&made.expect(201), "id")
            });
            Made::at(format!("{files}/{file}"), &there)
        }
        "release_note" | "end_note_release" => {
            let mut fr = stage.insider(&room);
            let id = text(&fr.post(&format!("{path}/notes"), &note("To be released", "x")).expect(201), "id");
            let releases = format!("{path}/notes/{id}/releases");
            if route.name == "release_note" {
                Made::at(releases, &id).json(json!({"party": stage.world.party("NO")}))
            } else {
                let made = fr.post(&releases, &json!({"party": stage.world.party("UA")})).expect(201);
                Made::at(format!("{releases}/{}", text(&made, "act")), &id)
            }
        }
        _ => unknown(route),
    };
    made.inside(&room)
}
