//! Every kind of bad input × every place that takes any, both taken from the registry: each gets a problem
//! report that blames the right field, none an error of ours, and nothing changes. A new route is covered
//! by itself; where the tables here cannot know what a good value is, the test says what to add where.

mod cases;
mod shape;

use std::collections::BTreeMap;

use incamera::access::rules;
use incamera::access::{Action, Fact, FactSet, Kind};
use incamera::app;
use incamera::rooms::keys::recovery::enter;
use incamera::seal::recovery::RecoverySecret;
use incamera::server::{Access, Route, Takes};
use serde_json::{Value, json};

use self::shape::{Member, Shape};
use crate::both;
use crate::support::made::{self, blamed, text};
use crate::support::{Client, Reply, Tables, TestServer, World, world};

/// The id of nothing.
const ABSENT: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";

/// What a route needs in its body beyond one good value for each required member. `null` takes a member away.
fn extras(route: &str, probe: &Probe) -> Value {
    match route {
        "accept_invitation" => json!({"token": probe.invitation, "password": "seven ember glacier 29 lattice"}),
        "add_session" => json!({"title": "Probe"}),
        "change_password" => json!({"password": world::PASSWORD, "new_password": "seven ember glacier 29 lattice"}),
        "convene_meeting" => json!({"number": 77}),
        "propose" => json!({"person_name": "New One", "role": "contact_point"}),
        "release_case" => json!({"to": "state", "party": probe.world.party("DE")}),
        "sign_in" => json!({"email": World::email("fr"), "password": world::PASSWORD, "code": "123456"}),
        _ => json!({}),
    }
}

/// What else changes in the body when one member is tried: some exclude or need each other.
fn beside(route: &str, path: &str) -> Value {
    match (route, path) {
        ("add_session", "admit_counterparts_of") => json!({"kind": "closed"}),
        ("convene_meeting", "requested_by") => json!({"kind": "ad_hoc", "number": null}),
        ("open_case", "visibility.states") => json!({"visibility": {"to": "states"}}),
        ("reply_to_request", "ground") => json!({"kind": "refusal"}),
        ("propose", "person") => json!({"person_name": null}),
        ("write_note" | "revise_note" | "send_request" | "reply_to_request", "handling_text") => {
            json!({"handling": ["H3"]})
        }
        _ => json!({}),
    }
}

/// A good value for a member of this name, where its type alone does not tell one.
fn good(name: &str, probe: &Probe) -> Option<Value> {
    let world = &probe.world;
    Some(match name {
        "adopted_at_meeting" | "meeting" => json!(probe.ids["meetings/meeting"]),
        "admit_counterparts_of" => json!([world.party("UA")]),
        "code" => json!("XQ-77"),
        "email" => json!("probe@test.example"),
        "author" | "contact" | "person" => json!(world.person("fr2")),
        "key" => json!(probe.ids["recovery"]),
        "party" | "presidency" => json!(world.party("SE")),
        "requested_by" => json!(world.party("DE")),
        "stand_in_for" => json!(world.person("fr")),
        "states" | "to" => json!([world.party("DE")]),
        "people" => json!([world.person("de")]),
        _ => return None,
    })
}

/// Things that are there, by the segment of the path they stand behind and the parameter's name.
fn things(world: &mut World) -> BTreeMap<&'static str, String> {
    let meeting = made::meeting(world, 36);
    let open = text(&made::session(world, &meeting, "open", "Open session", &[]), "id");
    let closed = made::session(world, &meeting, "closed", "Closed session", &["UA"]);
    made::meeting(world, 35);
    made::material(world, &open, "Other paper", "other words");
    let publications = ["A paper", "Another paper"].map(|title| {
        let body = json!({"code": title.replace(' ', "-"), "kind": "factsheet", "title": title, "summary": "Short."});
        text(&world.client("sec").post("/api/v1/publications", &body).expect(201), "id")
    });
    let draft = format!("/api/v1/meetings/{meeting}/conclusions");
    world.client("sec").put(&draft, 0, &json!({"words": "First"})).expect(200);
    let proposal =
        json!({"kind": "designation", "person_name": "New One", "role": "contact_point", "source": "made for a test"});
    let proposals = format!("/api/v1/parties/{}/proposals", world.party("FR"));
    let mut fr = world.client("fr");
    fr.post(&proposals, &proposal).expect(201);
    let proposal = text(&fr.post(&proposals, &proposal).expect(201), "id");
    let se = format!("/api/v1/people/{}", world.person("se"));
    let se = world.client("sec").get(&se).expect(200);
    let entry = Tables::of(&world.server).words("SELECT id AS word FROM audit_entries WHERE seq = 1").remove(0);
    let sign_in = text(&fr.get("/api/v1/me/sign-ins").expect(200)["items"][0], "id");
    world.server.publish().unwrap();
    let recovery = RecoverySecret::new(&world.server.ctx(), 2, 3).unwrap().key().clone();
    let recovery_id = recovery.id.to_string();
    world.server.operate(move |work| enter(work, &recovery));
    let request = json!({"kind": "request", "to": [world.party("FR")], "title": "A request", "text": "words", "handling": ["H0"]});
    let request = text(&world.client("de").post("/api/v1/requests", &request).expect(201), "id");
    BTreeMap::from([
        // The key that a room can choose.
        ("recovery", recovery_id),
        ("acts/act", text(&se["designations"][0], "act")),
        ("admissions/person", world.person("de").to_string()),
        ("entries/entry", entry),
        ("receipts/seq", "1".to_owned()),
        ("tile/*tile", "0/000.p/1".to_owned()),
        ("materials/material", made::material(world, &open, "Paper", "words")),
        ("meetings/meeting", meeting),
        ("participations/act", made::participation(world, &open, "FR", None)),
        ("parties/party", world.party("FR").to_string()),
        ("people/person", world.person("fr2").to_string()),
        ("proposals/proposal", proposal),
        ("publications/publication", publications[0].clone()),
        ("releases/act", ABSENT.to_owned()),
        ("requests/request", request),
        ("rooms/room", text(&closed, "room")),
        ("sessions/session", open),
        ("sign-ins/sign_in", sign_in),
        ("visits/visit", ABSENT.to_owned()),
    ])
}

pub struct Probe {
    world: World,
    tables: Tables,
    ids: BTreeMap<&'static str, String>,
    invitation: String,
    clients: BTreeMap<&'static str, Client>,
    /// What went wrong, in words.
    wrong: Vec<String>,
    tried: usize,
}

/// What a refusal must blame.
pub enum Blame<'a> {
    /// This field, or something in it: 422.
    Field(&'a str),
    /// This field, or the body as a whole: 422.
    FieldOrBody(&'a str),
    /// One of these statuses.
    Status(&'a [u16]),
    /// Whatever is answered, it is no defect.
    Nothing,
}

impl Probe {
    fn new(server: TestServer) -> Self {
        let mut world = World::new(server);
        let ids = things(&mut world);
        let invited = format!("/api/v1/people/{}/invitation", world.person("no"));
        let invitation = world.client("sec").post(&invited, &json!({"email": "no@test.example"})).expect(201);
        let mut clients = BTreeMap::from([("nobody", world.server.client())]);
        for key in ["sec", "aud", "ua", "ej"] {
            clients.insert(key, world.client(key));
        }
        clients.insert("fr", made::inside(&mut world, "fr", &ids["rooms/room"]));
        let tables = Tables::of(&world.server);
        let invitation = text(&invitation, "token");
        let mut probe = Self { world, tables, ids, invitation, clients, wrong: Vec::new(), tried: 0 };
        // Things of the slices that may not be there yet.
        for (route, id) in [("open_case", "cases/case"), ("write_note", "notes/note")] {
            if let Some(route) = probe.routes().iter().find(|one| one.name == route) {
                let body = probe.base(route, &probe.members(route).unwrap());
                let reply = probe.send(route, &probe.path(route), &[], Some(body.to_string().as_bytes()));
                probe.ids.insert(id, text(&reply.expect(201), "id"));
            }
        }
        let route = probe.routes().into_iter().find(|one| one.name == "add_file").unwrap();
        let reply = probe.send(&route, &probe.path(&route), &[], Some(b"words"));
        probe.ids.insert("files/file", text(&reply.expect(201), "id"));
        probe
    }

    fn routes(&self) -> Vec<Route> {
        app::routes(&self.world.server.identity).into_iter().filter(|route| !route.is_page()).collect()
    }

    /// The members of a route's body, if it takes one.
    fn members(&self, route: &Route) -> Option<Vec<Member>> {
        match route.takes {
            Takes::Json(schema) => Some(shape::members(route.name, schema)),
            _ => None,
        }
    }

    /// A path to things that are there.
    fn path(&self, route: &Route) -> String {
        self.path_with(route, |place| self.id(place))
    }

    fn path_with(&self, route: &Route, id: impl Fn(&str) -> String) -> String {
        let mut before = "";
        let segments: Vec<String> = route
            .path
            .split('/')
            .map(|segment| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => id(&format!("{before}/{name}")),
                None => {
                    before = segment;
                    segment.to_owned()
                }
            })
            .collect();
        segments.join("/")
    }

    fn id(&self, place: &str) -> String {
        self.ids
            .get(place)
            .unwrap_or_else(|| {
                panic!("tests/it/bad_input.rs: say in `things` which id may stand for the path parameter {place}")
            })
            .clone()
    }

    /// A body that is good: one good value for each member that it needs.
    fn base(&self, route: &Route, members: &[Member]) -> Value {
        let mut body = json!({});
        for member in members.iter().filter(|member| member.required) {
            body[&member.name] = self.sample(route, &member.name, &member.shape);
        }
        shape::patch(&mut body, &extras(route.name, self));
        body
    }

    /// A good value for the member at this dotted path.
    fn sample(&self, route: &Route, path: &str, shape: &Shape) -> Value {
        let name = path.rsplit('.').next().unwrap();
        let known = match good(name, self) {
            Some(Value::Array(values)) if !matches!(shape, Shape::List(_)) => values.into_iter().next(),
            other => other,
        };
        if let Some(value) = known.filter(|value| shape.takes(value)) {
            return value;
        }
        match shape {
            Shape::Text => "Probe words".into(),
            Shape::Id => panic!("tests/it/bad_input.rs: say in `good` which id {path} of {} may have", route.name),
            Shape::Moment => "2150-01-01T00:00:00Z".into(),
            Shape::Day => "2027-05-04".into(),
            Shape::Choice(words) => words[0].clone().into(),
            Shape::Number => 1.into(),
            Shape::Flag => false.into(),
            Shape::List(of) => json!([self.sample(route, path, of)]),
            Shape::Object(members) => members
                .iter()
                .filter(|member| member.required)
                .map(|member| {
                    (member.name.clone(), self.sample(route, &format!("{path}.{}", member.name), &member.shape))
                })
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// Sends as somebody whom the route's rule can let through, with the headers that a change needs.
    fn send(&mut self, route: &Route, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let client = self.clients.get_mut(caller(route)).unwrap();
        let mut all = vec![("if-match", "\"1\"")];
        match route.takes {
            Takes::Json(_) => all.push(("content-type", "application/json")),
            Takes::Bytes(_) => all.push(("content-type", "text/plain")),
            Takes::File => all.push(("incamera-file-name", "a.txt")),
            Takes::Nothing | Takes::Query(_) | Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_) => {}
        }
        all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        all.retain(|(name, _)| !headers.iter().any(|(other, value)| other == name && value.is_empty()));
        self.tried += 1;
        client.send(route.method.as_str(), path, &all, body)
    }

    /// Sends what must be refused.
    fn refused(
        &mut self,
        route: &Route,
        what: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        blame: &Blame<'_>,
    ) {
        let reply = self.send(route, path, headers, body);
        if let Err(problem) = judge(&reply, blame) {
            let shown = String::from_utf8_lossy(body.unwrap_or_default()).chars().take(200).collect::<String>();
            let path: String = path.chars().take(200).collect();
            self.wrong.push(format!("{} {path} ({what}) {shown}: {problem}", route.name));
        }
    }

    /// As [`Probe::refused`], with a body for the route's usual path.
    fn refused_body(&mut self, route: &Route, what: &str, body: &[u8], blame: &Blame<'_>) {
        let path = self.path(route);
        self.refused(route, what, &path, &[], Some(body), blame);
    }

    /// Runs `tries`, and says so if they changed anything.
    fn unchanged(&mut self, what: &str, tries: impl FnOnce(&mut Self)) {
        let before = self.tables.changes();
        tries(self);
        let after = self.tables.changes();
        for (table, number) in &before {
            if after[table] != *number {
                self.wrong.push(format!("{what} changed {table}"));
            }
        }
    }

    fn end(self) {
        println!("{} bad inputs", self.tried);
        assert!(
            self.wrong.is_empty(),
            "{} of {} were not refused as they must be:\n{}",
            self.wrong.len(),
            self.tried,
            self.wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n")
        );
    }
}

fn judge(reply: &Reply, blame: &Blame<'_>) -> Result<(), String> {
    let shown = format!("{} {}", reply.status, reply.text().chars().take(300).collect::<String>());
    if matches!(blame, Blame::Nothing) && reply.status == 200 {
        return Ok(());
    }
    let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.headers.get("content-type").is_none_or(|media| media != "application/problem+json")
        || problem["status"] != json!(reply.status)
        || !problem["title"].is_string()
        || !problem["type"].as_str().is_some_and(|name| name.starts_with("urn:incamera:problem:"))
    {
        return Err(format!("no problem report: {shown}"));
    }
    let within =
        |field: &str, of: &str| field == of || field.strip_prefix(of).is_some_and(|rest| rest.starts_with(['.', '[']));
    let fields = blamed(&problem);
    let right = match blame {
        Blame::Field(field) => reply.status == 422 && fields.iter().all(|one| within(one, field)),
        Blame::FieldOrBody(field) => {
            reply.status == 422 && fields.iter().all(|one| within(one, field) || one == "body")
        }
        Blame::Status(statuses) => statuses.contains(&reply.status),
        Blame::Nothing => (400..500).contains(&reply.status),
    };
    if reply.status == 422 && fields.is_empty() {
        return Err(format!("blames nothing: {shown}"));
    }
    let wanted = match blame {
        Blame::Field(field) | Blame::FieldOrBody(field) => (*field).to_owned(),
        Blame::Status(statuses) => format!("{statuses:?}"),
        Blame::Nothing => "no defect".into(),
    };
    if right { Ok(()) } else { Err(format!("wanted {wanted}, got {shown}")) }
}

/// Somebody whom the route's rule lets through, if anybody: so that what is judged after the rule is reached.
fn caller(route: &Route) -> &'static str {
    let Some(action) = route.access.action() else { return "nobody" };
    let mut roles = [
        (Fact::SecretariatOfficer, "sec"),
        (Fact::ContactPoint, "fr"),
        (Fact::Auditor, "aud"),
        (Fact::Counterpart, "ua"),
        (Fact::Representative, "ej"),
    ];
    if matches!(action.kind(), Kind::Room | Kind::Note | Kind::Case | Kind::Request) {
        roles.swap(0, 1);
    }
    let somebody = roles.iter().find(|(role, _)| can(action, *role)).map(|(_, key)| *key);
    match (route.access, somebody) {
        (Access::May(_), None) => panic!("nobody may {action}"),
        (_, somebody) => somebody.unwrap_or("nobody"),
    }
}

/// Whether there are facts that let somebody of this role do it.
fn can(action: Action, role: Fact) -> bool {
    let free: Vec<Fact> = rules::mentioned(action).iter().filter(|fact| !fact.of_asker()).collect();
    let base: FactSet = [role, Fact::SignedIn, Fact::SecondFactor, Fact::Unlocked].into_iter().collect();
    (0_u32..1 << free.len()).any(|bits| {
        let facts = free.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, fact)| *fact);
        rules::decide(action, base.and(facts.collect()))
    })
}

both!(bodies, |server: TestServer| {
    let mut probe = Probe::new(server);
    for route in probe.routes() {
        if let Some(members) = probe.members(&route) {
            cases::whole_bodies(&mut probe, &route, &members);
            cases::members(&mut probe, &route, &members);
        }
    }
    probe.end();
});

both!(queries_paths_and_headers, |server: TestServer| {
    let mut probe = Probe::new(server);
    let routes = probe.routes();
    let cursors = cases::cursors(&mut probe, &routes);
    assert!(cursors.len() > 5, "lists with more than a page: {:?}", cursors.keys());
    for route in &routes {
        cases::queries(&mut probe, route, &cursors);
        cases::paths(&mut probe, route);
        cases::headers(&mut probe, route);
    }
    probe.end();
});

// What the cases above change for the worse must be good to begin with, or a refusal proves nothing.
both!(what_the_cases_start_from_is_good, |server: TestServer| {
    let mut probe = Probe::new(server);
    let mut routes = probe.routes();
    // Those behind which the others' people are nobody.
    routes.sort_by_key(|route| matches!(route.name, "suspend" | "off_board"));
    for route in routes {
        let Some(members) = probe.members(&route) else { continue };
        let body = probe.base(&route, &members);
        let path = probe.path(&route);
        let reply = probe.send(&route, &path, &[], Some(body.to_string().as_bytes()));
        assert!(
            !matches!(reply.status, 404 | 413 | 415 | 422 | 500..),
            "{}: {body} is not good: {}\nSay in tests/it/bad_input.rs, `extras` or `good`, what is.",
            route.name,
            reply.text()
        );
    }
});
