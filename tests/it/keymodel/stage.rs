//! Two nodes over one database, and what happens there: each act as the request that it is, to either of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use incamera::access::acts::{ActKind, NewAct, record};
use incamera::db::Conn;
use incamera::ids::{ActId, CaseId, PartyId, PersonId, RoomId};
use incamera::network::import::{ensure_designation, ensure_party, ensure_person, ensure_standing};
use incamera::network::model::{PartyKind, Role, Standing};
use incamera::rooms::keys::recovery::{self, Refusal};
use incamera::rooms::opening::{self, RoomKind};
use incamera::seal::recovery::RecoverySecret;
use serde_json::{Value, json};

use crate::support::database::Kind;
use crate::support::scene::note;
use crate::support::server::CHEAP_HASHES;
use crate::support::world::{LONG_AGO, PASSWORD, code_of};
use crate::support::{Client, Reply, TestServer, World};

use super::acts::{Act, Person, Room};
use super::judge::{Answer, HOUR, IDLE, OFFICER, PEOPLE, STATE};

const OTHER: &str = "seven ember glacier 29 lattice";
/// Nobody's.
const NIL: &str = "00000000-0000-4000-8000-000000000000";
/// Why officers are not asked, and numbers for that.
const REFUSALS: [(Refusal, u16); 5] = [
    (Refusal::NotChosen, 1),
    (Refusal::AdmitFirst, 2),
    (Refusal::NotThisPerson, 3),
    (Refusal::NoKeyPair, 4),
    (Refusal::NothingLacking, 5),
];
/// Seconds after which an access token is renewed before it is used: it lives for 900.
const STALE: i64 = 700;

/// Two nodes, and people who are in no sequence.
pub struct Stage {
    // Ends before the other, which is verified.
    _other: TestServer,
    pub world: World,
    nodes: [Client; 2],
    officer: Client,
    /// Past the server, for looking only.
    pub conn: Conn,
    /// The officers' key, as their shares make it.
    secret: Arc<RecoverySecret>,
    /// What came of the act that was done last, if it was no request and could be refused.
    pub outcome: Option<Answer>,
}

/// The people of one sequence and what they have; the rooms.
pub struct Cast {
    pub people: Vec<PersonId>,
    pub rooms: Vec<RoomId>,
    pub notes: Vec<Vec<String>>,
    states: Vec<PartyId>,
    emails: Vec<String>,
    /// Of each the act by which he is designated, and the one by which he is suspended.
    designations: Vec<ActId>,
    suspensions: Vec<Option<ActId>>,
    standings: Vec<ActId>,
    /// The seed of the second factor, the newest step used, the code on paper, the password.
    totp: Vec<Option<String>>,
    used: Vec<u64>,
    papers: Vec<Option<String>>,
    passwords: Vec<&'static str>,
    tokens: Vec<Option<Tokens>>,
    visits: BTreeMap<(Person, Room), String>,
}

struct Tokens {
    access: String,
    refresh: String,
    unlock: String,
    issued: i64,
}

/// What is to be sent.
pub struct Request {
    method: &'static str,
    path: String,
    body: Option<Value>,
    version: Option<usize>,
    who: [Option<String>; 3],
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

fn usual(kind: Kind) -> TestServer {
    let seconds = IDLE.to_string();
    TestServer::start_with(kind, &settings(&seconds))
}

fn settings(idle: &str) -> [(&str, &str); 4] {
    [
        CHEAP_HASHES,
        ("INCAMERA_IDENTITY__ACCESS_SECONDS", "900"),
        ("INCAMERA_IDENTITY__IDLE_SECONDS", idle),
        // Nobody else comes with whom a commit could be shared.
        ("INCAMERA_DATABASE__BATCH_MILLISECONDS", "0"),
    ]
}

impl Stage {
    pub fn new(kind: Kind) -> Self {
        let server = usual(kind);
        let mut other = server.beside(&settings(&IDLE.to_string()));
        other.is_verified_later = true;
        let nodes = [server.client(), other.client()];
        let conn = server.url().open_writer().unwrap();
        let mut world = World::new(server);
        let officer = world.client("sec");
        let secret = Arc::new(RecoverySecret::new(&world.server.ctx(), 2, 3).unwrap());
        let key = secret.key().clone();
        assert!(world.server.operate(move |work| recovery::enter(work, &key)));
        Self { _other: other, world, nodes, officer, conn, secret, outcome: None }
    }

    pub fn now(&self) -> i64 {
        self.world.server.ctx().now.0
    }

    /// The people of these sequences, all at once.
    pub fn cast(&self, all: Vec<u64>) -> Vec<Cast> {
        let identity = self.world.server.identity.clone();
        let secretariat = self.world.party("secretariat");
        self.world.server.operate(move |work| {
            let mut casts = Vec::new();
            for seed in all {
                let why = "made for a test";
                let (mut states, mut standings) = (Vec::new(), Vec::new());
                for letter in ["a", "b"] {
                    let code = format!("{letter}{seed}");
                    let party = ensure_party(work, PartyKind::State, &code, &[(&code, LONG_AGO)])?;
                    standings.push(ensure_standing(work, &party, Standing::Member, LONG_AGO, None, None, why)?);
                    states.push(party);
                }
                states.push(secretariat.clone());
                let (mut people, mut designations, mut emails) = (Vec::new(), Vec::new(), Vec::new());
                let (mut totp, mut papers) = (Vec::new(), Vec::new());
                for number in 0..PEOPLE {
                    let person = ensure_person(work, &states[STATE[number]], &format!("{seed} {number}"))?;
                    let role = if number == OFFICER { Role::SecretariatOfficer } else { Role::ContactPoint };
                    designations.push(ensure_designation(work, &person, role, None, LONG_AGO, why)?);
                    let email = format!("{seed}.{number}@test.example");
                    let means = match number {
                        3 => None,
                        _ => Some(identity.open_account(work, &person, &email, PASSWORD)?),
                    };
                    let (seed, paper) = means.map(|means| (means.totp_secret, means.room_code)).unzip();
                    totp.push(seed);
                    papers.push(paper);
                    people.push(person);
                    emails.push(email);
                }
                casts.push(Cast {
                    people,
                    rooms: Vec::new(),
                    notes: Vec::new(),
                    states,
                    emails,
                    designations,
                    suspensions: vec![None; PEOPLE],
                    standings,
                    totp,
                    used: vec![0; PEOPLE],
                    papers,
                    passwords: vec![PASSWORD; PEOPLE],
                    tokens: (0..PEOPLE).map(|_| None).collect(),
                    visits: BTreeMap::new(),
                });
            }
            Ok(casts)
        })
    }

    /// Opens a session's room and a case file's, and admits these people.
    pub fn open_rooms(&self, cast: &mut Cast, members: [u8; 2]) {
        let (people, state) = (cast.people.clone(), cast.states[0].clone());
        let rooms = self.world.server.operate(move |work| {
            let mut rooms = Vec::new();
            for (kind, members) in [RoomKind::Session, RoomKind::CaseFile].into_iter().zip(members) {
                let admitted = (0..PEOPLE).filter(|person| members & (1 << person) != 0);
                let admitted: Vec<_> = admitted.map(|person| (&people[person], "made for a test")).collect();
                rooms.push(opening::open_room(work, None, kind, "The title", &admitted)?);
            }
            let (case, room, now) = (CaseId::new(work)?, &rooms[1], work.now.0);
            work.conn.batch_execute(&format!(
                "INSERT INTO cases (id, room_id, party_id, opened_us) VALUES ('{case}', '{room}', '{state}', {now})"
            ))?;
            Ok(rooms)
        });
        cast.rooms.extend(rooms);
        cast.notes.resize(cast.rooms.len(), Vec::new());
    }

    /// What an act is as a request. What has none is done at once, and so is what must come before.
    pub fn prepare(&mut self, cast: &mut Cast, act: Act, version: usize, number: u32) -> Option<Request> {
        let room = |room: Room| format!("/api/v1/rooms/{}", cast.rooms[room]);
        let note_of = |of: Room, note: usize| {
            let id = cast.notes[of].get(note).map_or(NIL, String::as_str);
            format!("{}/notes/{id}", room(of))
        };
        let written = || note(&format!("n{number}"), &format!("text {number}"));
        let person = |of: Person| format!("/api/v1/people/{}", cast.people[of]);
        let why = json!({"source": "A letter"});
        let ending = |act: &ActId| format!("/api/v1/acts/{act}/ending");
        let (method, path, body) = match act {
            Act::LogIn(whose) => {
                let code = self.code(cast, whose);
                let (email, password) = (&cast.emails[whose], cast.passwords[whose]);
                ("POST", "/api/v1/session".into(), Some(json!({"email": email, "password": password, "code": code})))
            }
            Act::LogOut(_) => ("DELETE", "/api/v1/session".into(), None),
            Act::Renew(whose) => {
                let refresh = cast.tokens[whose].as_ref().map(|tokens| tokens.refresh.as_str());
                ("POST", "/api/v1/session/refresh".into(), Some(json!({"refresh_token": refresh.unwrap_or("none")})))
            }
            Act::ChangePassword(whose) => {
                let (old, new) = (cast.passwords[whose], other(cast.passwords[whose]));
                ("PUT", "/api/v1/me/password".into(), Some(json!({"password": old, "new_password": new})))
            }
            Act::NewMeans { person: whose, paper } => {
                let invite = format!("{}/invitation", person(whose));
                let invited = self.as_officer("POST", &invite, &json!({"email": cast.emails[whose]})).expect(201);
                let mut body = json!({"token": invited["token"], "password": PASSWORD});
                if let (true, Some(paper)) = (paper, &cast.papers[whose]) {
                    body["room_code"] = json!(paper);
                }
                ("POST", "/api/v1/invitations/acceptance".into(), Some(body))
            }
            Act::Visit(_, of) => ("POST", format!("{}/visits", room(of)), Some(json!({"purpose": "to see"}))),
            Act::Look(_, of) => ("GET", room(of), None),
            Act::List(_, of) => ("GET", format!("{}/notes", room(of)), None),
            Act::Search(_, of) => ("POST", format!("{}/search", room(of)), Some(json!({"q": "text"}))),
            Act::Read(_, of, note) => ("GET", note_of(of, note), None),
            Act::Versions(_, of, note) => ("GET", format!("{}/versions", note_of(of, note)), None),
            Act::Write(_, of) => ("POST", format!("{}/notes", room(of)), Some(written())),
            Act::Correct { room: of, note, .. } => ("PUT", note_of(of, note), Some(written())),
            Act::Admit { room: of, whom, whole, .. } => {
                let reach = if whole { "whole" } else { "onward" };
                let body = json!({"person": cast.people[whom], "reach": reach});
                ("POST", format!("{}/admissions", room(of)), Some(body))
            }
            Act::EndAdmission { room: of, whom, .. } => {
                ("DELETE", format!("{}/admissions/{}", room(of), cast.people[whom]), None)
            }
            Act::ChooseRecovery(_, of) => {
                ("PUT", format!("{}/recovery", room(of)), Some(json!({"key": self.secret.key().id})))
            }
            Act::EndRecovery(_, of) => ("DELETE", format!("{}/recovery", room(of)), None),
            Act::Recover { room, whom } => {
                self.outcome = Some(self.recover(cast.rooms[room].clone(), cast.people[whom].clone(), whom));
                return None;
            }
            Act::AdmitForAnHour { room, whom, whole } => {
                self.admit_for_an_hour(cast.rooms[room].clone(), cast.people[whom].clone(), whole);
                return None;
            }
            Act::HoursPass => {
                self.world.server.clock.advance(3700);
                return None;
            }
            Act::NightPasses => {
                self.world.server.clock.advance(8 * 3600);
                return None;
            }
            Act::Suspend(whose) => ("POST", format!("{}/suspension", person(whose)), Some(why)),
            Act::LiftSuspension(whose) => ("POST", ending(cast.suspensions[whose].as_ref().unwrap()), Some(why)),
            Act::Designate(whose) => {
                let role = if whose == OFFICER { "secretariat_officer" } else { "contact_point" };
                let body = json!({"role": role, "source": "A letter"});
                ("POST", format!("{}/designations", person(whose)), Some(body))
            }
            Act::EndDesignation(whose) => ("POST", ending(&cast.designations[whose]), Some(why)),
            Act::OffBoard(whose) => ("POST", format!("{}/off-boarding", person(whose)), Some(why)),
            Act::GiveStanding(state) => {
                let body = json!({"standing": "member", "source": "A letter"});
                ("POST", format!("/api/v1/parties/{}/standings", cast.states[state]), Some(body))
            }
            Act::EndStanding(state) => ("POST", ending(&cast.standings[state]), Some(why)),
        };
        let version = matches!(act, Act::Correct { .. }).then_some(version);
        Some(Request { method, path, body, version, who: self.who(cast, act) })
    }

    /// The tokens that come along.
    fn who(&mut self, cast: &Cast, act: Act) -> [Option<String>; 3] {
        if let Some(by) = act.by().filter(|_| !matches!(act, Act::Renew(_))) {
            let Some(tokens) = &cast.tokens[by] else { return [None, None, None] };
            let visit = match act {
                Act::List(_, room)
                | Act::Search(_, room)
                | Act::Read(_, room, _)
                | Act::Versions(_, room, _)
                | Act::Write(_, room)
                | Act::ChooseRecovery(_, room)
                | Act::EndRecovery(_, room)
                | Act::Correct { room, .. } => cast.visits.get(&(by, room)).cloned(),
                _ => None,
            };
            return [Some(tokens.access.clone()), Some(tokens.unlock.clone()), visit];
        }
        let secretariat = !matches!(act, Act::LogIn(_) | Act::Renew(_) | Act::NewMeans { .. });
        if secretariat {
            self.as_officer("GET", "/api/v1/me", &Value::Null).expect(200);
        }
        [self.officer.token.clone().filter(|_| secretariat), None, None]
    }

    /// By the tests' usual officer, who logs in again when it is time.
    fn as_officer(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        let send = |officer: &mut Client| match method {
            "GET" => officer.get(path),
            _ => officer.post(path, body),
        };
        let reply = send(&mut self.officer);
        if reply.status != 401 {
            return reply;
        }
        let mut anew = self.world.anew("sec");
        anew.take_connection(&mut self.officer);
        self.officer = anew;
        send(&mut self.officer)
    }

    pub fn send(&mut self, node: usize, request: &Request) -> Reply {
        send(&mut self.nodes[node], request)
    }

    /// Each to a node of its own, at the same time.
    pub fn send_both(&mut self, [one, two]: [&Request; 2]) -> [Reply; 2] {
        let [first, second] = &mut self.nodes;
        std::thread::scope(|scope| {
            let other = scope.spawn(|| send(second, two));
            [send(first, one), other.join().unwrap()]
        })
    }

    /// What the answer says, and what has to be remembered of it.
    pub fn take(&self, cast: &mut Cast, act: Act, reply: &Reply, number: u32) -> Answer {
        let mut answer = Answer { status: reply.status, ..Answer::default() };
        if reply.status >= 300 {
            return answer;
        }
        let body = if reply.body.is_empty() { Value::Null } else { reply.json() };
        let number_of = |value: &Value| text(value, "title")[1..].parse::<u32>().unwrap();
        let given = |body: &Value| ActId::parse(&text(body, "id")).unwrap();
        let named = |id: &str| cast.people.iter().position(|one| one.as_str() == id);
        match act {
            Act::LogIn(person) | Act::Renew(person) => {
                cast.tokens[person] = Some(Tokens {
                    access: text(&body, "access_token"),
                    refresh: text(&body, "refresh_token"),
                    unlock: text(&body, "unlock"),
                    issued: self.now(),
                });
            }
            Act::LogOut(person) => cast.tokens[person] = None,
            Act::ChangePassword(person) => cast.passwords[person] = other(cast.passwords[person]),
            Act::NewMeans { person, .. } => {
                (cast.totp[person], cast.used[person]) = (Some(text(&body, "totp_secret")), 0);
                (cast.papers[person], cast.passwords[person]) = (Some(text(&body, "room_code")), PASSWORD);
            }
            Act::Visit(person, room) => drop(cast.visits.insert((person, room), text(&body, "visit"))),
            Act::Look(..) => {
                answer.title = Some(body["title"].is_string());
                let members = body["members"].as_array().unwrap();
                let knows = members.iter().any(|one| one["keyed"].is_boolean());
                let keyed = members.iter().filter(|one| one["keyed"] == true);
                answer.keyed = knows.then(|| keyed.filter_map(|one| named(&text(one, "person"))).collect());
            }
            Act::List(..) | Act::Search(..) | Act::Versions(..) => {
                answer.texts = body["items"].as_array().unwrap().iter().map(number_of).collect();
            }
            Act::Read(..) | Act::Write(..) | Act::Correct { .. } => {
                let shown = number_of(&body);
                assert_eq!(text(&body, "text"), format!("text {shown}"));
                answer.texts.insert(shown);
                if let Act::Write(_, room) = act {
                    assert_eq!(shown, number);
                    cast.notes[room].push(text(&body, "id"));
                }
            }
            Act::Admit { whom, .. } => {
                answer.keyed = Some(if body["keyed"] == true { [whom].into() } else { BTreeSet::new() });
            }
            Act::Suspend(person) => cast.suspensions[person] = Some(given(&body)),
            Act::Designate(person) => cast.designations[person] = given(&body),
            Act::GiveStanding(state) => cast.standings[state] = given(&body),
            _ => {}
        }
        answer
    }

    /// Whether the person's access token must be renewed before it is used.
    pub fn is_stale(&self, cast: &Cast, person: Person) -> bool {
        cast.tokens[person].as_ref().is_some_and(|tokens| self.now() > tokens.issued + STALE * 1_000_000)
    }

    /// The unlock secret that the person's log-in has.
    pub fn unlock(cast: &Cast, person: Person) -> &str {
        &cast.tokens[person].as_ref().expect("logged in").unlock
    }

    /// A code of the second factor; the clock goes ahead when none is left. Of whoever has none, one that is wrong.
    fn code(&self, cast: &mut Cast, person: Person) -> String {
        let Some(seed) = cast.totp[person].clone() else { return "000000".into() };
        let present = |stage: &Self| u64::try_from(stage.now() / 30_000_000).unwrap();
        let step = present(self).max(cast.used[person] + 1);
        if step > present(self) + 1 {
            self.world.server.clock.advance(30);
        }
        let step = present(self).max(cast.used[person] + 1);
        cast.used[person] = step;
        code_of(&seed, step)
    }

    /// The whole ceremony, as far as it goes: what is refused on the way leaves nothing.
    fn recover(&self, room: RoomId, person: PersonId, whom: Person) -> Answer {
        let (ctx, secret) = (self.world.server.ctx(), Arc::clone(&self.secret));
        let held = self.world.server.db.write_blocking(move |work| {
            let asked = recovery::ask(work, &room, &person, "all is lost")?;
            recovery::deliver(work, &asked.answered(&ctx, &secret)?)
        });
        match held {
            Ok(given) => Answer { keyed: given.admitted.map(|_| [whom].into()), ..Answer::of(200) },
            Err(refused) => {
                let why = refused.cause().unwrap().to_string();
                let known = REFUSALS.iter().find(|(refusal, _)| refusal.to_string() == why);
                Answer::of(known.unwrap_or_else(|| panic!("{why}")).1)
            }
        }
    }

    /// No request admits for a time; the rules know of such admissions.
    fn admit_for_an_hour(&self, room: RoomId, person: PersonId, whole: bool) {
        self.world.server.operate(move |work| {
            let until = Some(work.now.plus_seconds(HOUR));
            let act = record(work, None, &NewAct { until, ..NewAct::now(ActKind::Admission, "A letter") })?;
            let reach = if whole { "whole" } else { "onward" };
            work.conn.batch_execute(&format!(
                "INSERT INTO admissions (act_id, room_id, person_id, reach) VALUES ('{act}', '{room}', '{person}', '{reach}')"
            ))?;
            Ok(())
        });
    }
}

fn other(password: &str) -> &'static str {
    if password == PASSWORD { OTHER } else { PASSWORD }
}

fn send(client: &mut Client, request: &Request) -> Reply {
    [client.token, client.unlock, client.visit] = request.who.clone();
    let body = request.body.as_ref().map(Value::to_string);
    let tag = request.version.map(|version| format!("\"{version}\""));
    let mut headers = Vec::new();
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    if let Some(tag) = &tag {
        headers.push(("if-match", tag.as_str()));
    }
    client.send(request.method, &request.path, &headers, body.as_deref().map(str::as_bytes))
}
