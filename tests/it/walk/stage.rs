//! What the walk is about: one thing of each kind, and everybody logged in.

use std::collections::BTreeMap;

use incamera::context::Moment;
use incamera::ids::{PersonId, RecoveryKeyId, RoomId, SignInId};
use incamera::network::model::{PartyKind, Role, Standing};
use incamera::rooms::keys::recovery::enter;
use incamera::seal::recovery::RecoverySecret;
use serde_json::{Value, json};

use super::principals::{Principal, Token, Visit};
use super::sign_in_of;
use crate::support::TestServer;
use crate::support::authenticator::Authenticator;
use crate::support::client::Client;
use crate::support::database::Kind;
use crate::support::made::text;
use crate::support::scene::{Scene, fiche, note, scene, visit};
use crate::support::world::World;

/// The things, the people, and their log-ins.
pub struct Stage {
    pub world: World,
    pub scene: Scene,
    pub case: String,
    pub case_room: RoomId,
    pub note: String,
    pub case_note: String,
    pub breakout: String,
    pub ad_hoc: String,
    pub ad_hoc_session: String,
    pub act: String,
    pub proposal: String,
    pub publication: String,
    /// Whether whoever brings a bad token is treated as one who brings none, as pages do.
    pub bad_means_nobody: bool,
    /// What somebody who is asked for a passkey at the door answers with.
    pub authenticator: Option<Authenticator>,
    /// Keeps the connection that everybody asks on: who asks stands in the headers.
    pub line: Client,
    sessions: BTreeMap<String, Value>,
    logged_in: BTreeMap<String, Moment>,
    visits: BTreeMap<(String, RoomId), String>,
    foreign: String,
    recovery: Option<RecoveryKeyId>,
    counter: usize,
}

impl Stage {
    pub fn set(server: TestServer) -> Self {
        let foreign = {
            let mut other = World::new(TestServer::start(Kind::Sqlite));
            text(&other.log_in("fr"), "access_token")
        };
        let mut world = World::new(server);
        let expired = world.log_in("fr");
        world.server.clock.advance(310);
        let scene = scene(&mut world);
        let mut fr = world.client("fr");
        let case = fr.post("/api/v1/cases", &json!({"fiche": fiche("The case")})).expect(201);
        let case_room = RoomId::parse(&text(&case, "room")).unwrap();
        let mut write = |room: &RoomId| {
            visit(&mut fr, room);
            text(&fr.post(&format!("/api/v1/rooms/{room}/notes"), &note("A note", "what it says")).expect(201), "id")
        };
        let (note, case_note) = (write(&scene.room), write(&case_room));

        let mut sec = world.client("sec");
        let mut add = |meeting: &str, kind: &str| {
            let body = json!({"kind": kind, "title": "A session"});
            text(&sec.post(&format!("/api/v1/meetings/{meeting}/sessions"), &body).expect(201), "id")
        };
        let breakout = add(scene.meeting.as_str(), "breakout");
        let ad_hoc = json!({"kind": "ad_hoc", "first_day": "2027-01-11", "last_day": "2027-01-12", "way": "video",
            "requested_by": world.party("FR"), "topics": ["A topic"], "source": "made for a test"});
        let ad_hoc = text(&world.client("sec").post("/api/v1/meetings", &ad_hoc).expect(201), "id");
        let ad_hoc_session = add(&ad_hoc, "open");
        for (session, party) in [(&breakout, "DE"), (&breakout, "iiim"), (&ad_hoc_session, "SE")] {
            let body = json!({"party": world.party(party), "source": "made for a test"});
            sec.post(&format!("/api/v1/sessions/{session}/participations"), &body).expect(201);
        }
        let standing = sec.get(&format!("/api/v1/people/{}", world.person("se"))).expect(200);
        let act = text(&standing["designations"][0], "act");
        let publication =
            json!({"code": "paper-1", "kind": "expert_paper", "title": "A paper", "summary": "On something."});
        let publication = text(&sec.post("/api/v1/publications", &publication).expect(201), "id");
        let proposal =
            json!({"kind": "designation", "person_name": "New", "role": "contact_point", "source": "made for a test"});
        let proposal =
            text(&fr.post(&format!("/api/v1/parties/{}/proposals", world.party("FR")), &proposal).expect(201), "id");

        Self {
            line: world.server.client(),
            world,
            scene,
            case: text(&case, "id"),
            case_room,
            note,
            case_note,
            breakout,
            ad_hoc,
            ad_hoc_session,
            act,
            proposal,
            publication,
            bad_means_nobody: false,
            authenticator: None,
            sessions: BTreeMap::from([("expired".to_owned(), expired)]),
            logged_in: BTreeMap::new(),
            visits: BTreeMap::new(),
            foreign,
            recovery: None,
            counter: 0,
        }
    }

    /// Somebody who was admitted to everything and logged in, and has lost the designation, the right to log
    /// in, or the standing of the State: the token is good, and nothing else is. Answers the log-in.
    fn taken_away(&mut self, key: &str) -> Value {
        let name = format!("{key}-{}", self.fresh());
        let party = if key == "lapsed" { name.as_str() } else { "FR" };
        if key == "lapsed" {
            self.world.add_party(party, PartyKind::State, Some(Standing::Member));
        }
        let person = self.world.add(&name, party, Role::ContactPoint);
        for room in [self.scene.room.clone(), self.case_room.clone()] {
            let path = format!("/api/v1/rooms/{room}/admissions");
            self.insider(&room).post(&path, &json!({"person": person})).expect(201);
        }
        let session = self.world.log_in(&name);
        let mut sec = self.officer();
        let why = json!({"source": "made for a test"});
        match key {
            "ended" => {
                let ended = sec.get(&format!("/api/v1/people/{person}")).expect(200);
                let act = text(&ended["designations"][0], "act");
                sec.post(&format!("/api/v1/acts/{act}/ending"), &why).expect(201);
            }
            "suspended" => drop(sec.post(&format!("/api/v1/people/{person}/suspension"), &why).expect(201)),
            _ => {
                let lapsed = sec.get(&format!("/api/v1/parties/{}", self.world.party(party))).expect(200);
                let act = text(&lapsed["standings"][0], "act");
                sec.post(&format!("/api/v1/acts/{act}/ending"), &why).expect(201);
            }
        }
        session
    }

    /// A number that was not given before: for names and codes that must be new.
    pub fn fresh(&mut self) -> usize {
        self.counter += 1;
        self.counter
    }

    /// A person of FR, designated, whom nothing was done to yet.
    pub fn somebody(&mut self) -> PersonId {
        let key = format!("somebody-{}", self.fresh());
        self.world.add(&key, "FR", Role::ContactPoint)
    }

    /// `fr` in a visit to the room: for making what a request is about.
    pub fn insider(&mut self, room: &RoomId) -> Client {
        let visit = self.visit_of("fr", room).unwrap();
        let session = self.session_of("fr", true);
        let mut client = self.world.with(&session);
        client.visit = Some(visit);
        client
    }

    /// A recovery key that can be chosen, and was for the room, or was not.
    pub fn recovery_key(&mut self, room: &RoomId, chosen: bool) -> RecoveryKeyId {
        if self.recovery.is_none() {
            let key = RecoverySecret::new(&self.world.server.ctx(), 2, 3).unwrap().key().clone();
            self.recovery = Some(key.id.clone());
            self.world.server.operate(move |work| enter(work, &key));
        }
        let key = self.recovery.clone().unwrap();
        let path = format!("/api/v1/rooms/{room}/recovery");
        let mut fr = self.insider(room);
        if chosen {
            drop(fr.send_put(&path, &json!({"key": key})));
        } else {
            drop(fr.delete(&path));
        }
        key
    }

    /// An officer of the Secretariat, likewise.
    pub fn officer(&mut self) -> Client {
        self.own("sec")
    }

    /// The person, logged in with the second factor.
    pub fn own(&mut self, key: &str) -> Client {
        let session = self.session_of(key, true);
        self.world.with(&session)
    }

    /// The log-in of a person, renewed long before its token's time is over; of those who lost everything,
    /// that of another such.
    fn session_of(&mut self, key: &str, second_factor: bool) -> Value {
        let slot = if second_factor { key.to_owned() } else { format!("{key}, bare") };
        let now = self.world.server.ctx().now;
        if self.logged_in.get(&slot).is_some_and(|since| now > since.plus_seconds(200)) {
            self.sessions.remove(&slot);
            self.visits.retain(|(whose, _), _| whose != key);
        }
        if !self.sessions.contains_key(&slot) {
            let session = if matches!(key, "ended" | "suspended" | "lapsed") {
                self.taken_away(key)
            } else if second_factor {
                self.world.log_in(key)
            } else {
                let client = self.world.client_without_second_factor(key);
                json!({"access_token": client.token, "unlock": client.unlock})
            };
            self.sessions.insert(slot.clone(), session);
            let now = self.world.server.ctx().now;
            self.logged_in.insert(slot.clone(), now);
        }
        self.sessions[&slot].clone()
    }

    fn session(&mut self, principal: &Principal) -> Option<Value> {
        principal.person.map(|key| self.session_of(key, principal.second_factor))
    }

    /// The log-in behind the principal's token.
    pub fn sign_in(&self, principal: &Principal) -> Option<SignInId> {
        let key = principal.person?;
        let slot = if principal.second_factor { key.to_owned() } else { format!("{key}, bare") };
        sign_in_of(self.sessions.get(&slot)?["access_token"].as_str()?)
    }

    /// Forgets the principal's log-in: a request of his ended it.
    pub fn forget(&mut self, principal: &Principal) {
        let Some(key) = principal.person else { return };
        for slot in [key.to_owned(), format!("{key}, bare")] {
            self.sessions.remove(&slot);
            self.logged_in.remove(&slot);
        }
        self.visits.retain(|(whose, _), _| whose != key);
    }

    /// A visit of the log-in that the principal of this name asks by, if the person can begin one.
    pub fn visit_of(&mut self, key: &str, room: &RoomId) -> Option<String> {
        let session = self.session_of(key, true);
        if let Some(visit) = self.visits.get(&(key.to_owned(), room.clone())) {
            return Some(visit.clone());
        }
        let mut client = self.world.with(&session);
        let reply = client.post(&format!("/api/v1/rooms/{room}/visits"), &json!({"purpose": "a walk"}));
        if reply.status != 201 {
            return None;
        }
        let visit = text(&reply.json(), "visit");
        self.visits.insert((key.to_owned(), room.clone()), visit.clone());
        Some(visit)
    }

    /// A client that asks as the principal does, and the visit that it names.
    pub fn client(&mut self, principal: &Principal, room: Option<&RoomId>) -> (Client, Option<String>) {
        let session = self.session(principal);
        let mut client = self.line.anew();
        let own = session.as_ref().map(|session| text(session, "access_token"));
        client.token = match principal.token {
            Token::Own => own,
            Token::None => None,
            Token::Foreign => Some(self.foreign.clone()),
            Token::Nonsense => Some("nonsense".into()),
            Token::Forged => own.map(|token| {
                let (head, _) = token.rsplit_once('.').unwrap();
                format!("{head}.{}", data_encoding::BASE64URL_NOPAD.encode(&[7; 32]))
            }),
            Token::Expired => Some(self.expired()),
        };
        client.unlock = session.filter(|_| principal.unlock).map(|session| text(&session, "unlock"));
        let other =
            |room: &RoomId| if *room == self.case_room { self.scene.room.clone() } else { self.case_room.clone() };
        let visit = match (principal.visit, principal.person, room) {
            (Visit::Own, Some(key), Some(room)) if principal.token == Token::Own && principal.second_factor => {
                self.visit_of(key, room)
            }
            (Visit::OfAnotherRoom, Some(key), Some(room)) => {
                let other = other(room);
                self.visit_of(key, &other)
            }
            (Visit::OfAnotherPerson, ..) => {
                let room = self.scene.room.clone();
                self.visit_of("de", &room)
            }
            _ => None,
        };
        client.visit.clone_from(&visit);
        (client, visit)
    }

    /// A token of `fr` whose time was over a minute ago.
    fn expired(&self) -> String {
        self.sessions.get("expired").map(|session| text(session, "access_token")).unwrap_or_default()
    }

    /// The path with every id replaced by one that nothing has.
    pub fn nothing(&self, path: &str) -> String {
        path.split('/')
            .map(|part| if part.len() == 36 { "00000000-0000-4000-8000-00000000dead" } else { part })
            .collect::<Vec<_>>()
            .join("/")
    }
}
