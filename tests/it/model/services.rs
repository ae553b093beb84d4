//! The same network once more, through the interface: what the services make of what people ask for, held
//! against the model after every request.

use std::collections::BTreeSet;

use incamera::context::Moment;
use incamera::error::AppError;
use incamera::ids::ActId;
use serde_json::{Value, json};

use super::dice::Dice;
use super::judge;
use super::network::{
    Act, Brought, Doing, Gives, Network, PARTIES, PEOPLE, Party, PartyKind, Person, Role, SessionKind, Standing, Tick,
};
use super::rows::{self, Ids};
use super::sequence::{Change, MOST};
use crate::support::database::Kind;
use crate::support::scene::{fiche, note};
use crate::support::{Client, Reply, TestServer, World};

/// Whom of the tests' usual network the model knows. Its first officer does what the Secretariat does, and is
/// not in the model; nor are the other States.
const PARTY_KEYS: [&str; PARTIES.len()] = ["FR", "NO", "eurojust", "ngo", "secretariat"];
const PEOPLE_KEYS: [&str; PEOPLE.len()] = ["fr", "fr2", "no", "ej", "guest", "sec2", "aud"];
const SECOND: Tick = 1_000_000;

/// What somebody may do, as the server said it of a moment; it must say so of that moment ever after.
type Said = (Tick, Person, Brought, BTreeSet<(Doing, usize)>);

/// One walk through what can happen.
pub struct Walk {
    seed: u64,
    dice: Dice,
    world: World,
    officer: Client,
    /// Those who are logged in.
    clients: Vec<Option<Client>>,
    network: Network,
    ids: Ids,
    said: Vec<Said>,
    done: Vec<String>,
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}

fn tick(value: &Value, pointer: &str) -> Tick {
    Moment::parse(&text(value, pointer)).unwrap().0
}

fn act(value: &Value, pointer: &str) -> ActId {
    ActId::parse(&text(value, pointer)).unwrap()
}

impl Walk {
    pub fn new(kind: Kind, seed: u64) -> Self {
        let server = TestServer::start_with(kind, &[("INCAMERA_IDENTITY__ACCESS_SECONDS", "900")]);
        let mut world = World::new(server);
        let officer = world.client("sec");
        let mut ids = Ids::default();
        ids.parties.extend(PARTY_KEYS.map(|key| world.party(key)));
        ids.people.extend(PEOPLE_KEYS.map(|key| world.person(key)));
        let mut walk = Self {
            seed,
            dice: Dice::new(seed),
            world,
            officer,
            clients: PEOPLE.iter().map(|_| None).collect(),
            network: Network::default(),
            ids,
            said: Vec::new(),
            done: Vec::new(),
        };
        for person in 0..PEOPLE.len() {
            walk.ids.sign_ins.push(String::new());
            walk.log_in(person);
        }
        walk.begin();
        walk
    }

    /// What the usual network begins with.
    fn begin(&mut self) {
        for (party, key) in PARTY_KEYS.iter().enumerate() {
            let body = self.officer.get(&format!("/api/v1/parties/{}", self.world.party(key))).expect(200);
            for one in body["standings"].as_array().unwrap() {
                let held = match text(one, "/standing").as_str() {
                    "member" => Standing::Member,
                    "observer" => Standing::Observer,
                    "associate" => Standing::Associate,
                    _ => Standing::Invited,
                };
                self.begun(Gives::Standing(party, held), one);
            }
        }
        for (person, key) in PEOPLE_KEYS.iter().enumerate() {
            let body = self.officer.get(&format!("/api/v1/people/{}", self.world.person(key))).expect(200);
            for one in body["designations"].as_array().unwrap() {
                let role = [Role::ContactPoint, Role::Counterpart, Role::Representative, Role::Officer, Role::Auditor]
                    .into_iter()
                    .find(|role| rows::role(*role).as_str() == text(one, "/role"));
                self.begun(Gives::Designation(person, role.unwrap()), one);
            }
            for one in body["account"]["enrolments"].as_array().unwrap() {
                self.begun(Gives::Enrolment(person), one);
            }
        }
    }

    fn begun(&mut self, gives: Gives, term: &Value) {
        self.ids.acts.push(act(term, "/act"));
        let (from, recorded) = (tick(term, "/from"), tick(term, "/recorded_at"));
        self.network.acts.push(Act { gives, from, until: None, recorded, endings: Vec::new() });
    }

    fn now(&self) -> Tick {
        self.world.server.ctx().now.0
    }

    fn log_in(&mut self, person: Person) {
        let mut client = self.world.anew(PEOPLE_KEYS[person]);
        let all = client.get("/api/v1/me/sign-ins").expect(200);
        let this = all["items"].as_array().unwrap().iter().find(|one| one["this"] == true).unwrap();
        self.ids.sign_ins[person] = text(this, "/id");
        self.clients[person] = Some(client);
    }

    /// The person's client, if the network lets the person log in: what it lets in, the server must.
    fn client(&mut self, person: Person) -> Option<&mut Client> {
        if !self.network.somebody(person, self.now()) {
            return None;
        }
        if self.clients[person].as_mut().is_none_or(|client| client.get("/api/v1/me").status == 401) {
            self.log_in(person);
        }
        self.clients[person].as_mut()
    }

    fn path(&self, doing: Doing, thing: usize) -> String {
        let folder = match doing {
            Doing::SeeMeeting => "meetings",
            Doing::SeeSession => "sessions",
            Doing::ReadMaterial => "materials",
            Doing::SeeRoom | Doing::ReadRoom => "rooms",
            Doing::ReadNote => "notes",
            Doing::SeeCase => "cases",
        };
        format!("/api/v1/{folder}/{}", self.ids.of(doing)[thing])
    }

    /// A thing of a kind, if there is any.
    fn some(&mut self, doing: Doing) -> Option<usize> {
        let count = self.network.count(doing);
        (count > 0).then(|| self.dice.below(count))
    }

    fn person(&mut self) -> Person {
        self.dice.below(PEOPLE.len())
    }

    /// A date near the present, or none: the present itself.
    fn date(&mut self) -> Option<Tick> {
        let now = self.now();
        self.dice.once_in(2).then(|| now + self.dice.of(&[-20, -9, -3, 3, 9, 20]) * SECOND)
    }

    fn noted(&mut self, what: &str, reply: &Reply) -> bool {
        assert!(reply.status < 500, "{what}: {}", reply.text());
        let done = reply.status < 300;
        self.done.push(format!("  {what}{}", if done { String::new() } else { format!(" ({})", reply.status) }));
        done
    }

    /// An act that was recorded in answer to a request.
    fn given(&mut self, gives: Gives, id: ActId, (from, until): (Tick, Option<Tick>), recorded: Tick) {
        self.ids.acts.push(id);
        self.network.acts.push(Act { gives, from, until, recorded, endings: Vec::new() });
    }

    /// Something happens, most often; whoever asks for it may be refused.
    fn happens(&mut self) {
        match self.dice.below(22) {
            0 => self.stands(),
            1 | 2 => self.designates(),
            3 => self.suspends(),
            4 => self.off_boards(),
            5 => self.gives_new_means(),
            6 | 7 => self.ends_an_act(),
            8 => self.convenes(),
            9 | 10 => self.adds_a_session(),
            11 => self.takes_part(),
            12 => self.adds_a_material(),
            13 | 14 => self.opens_a_case(),
            15 | 16 => self.admits(),
            17 => self.ends_an_admission(),
            18 | 19 => self.writes(),
            20 => self.releases_a_note(),
            _ => self.releases_a_case(),
        }
    }

    fn stands(&mut self) {
        let (party, from) = (self.dice.below(PARTIES.len() - 1), self.date());
        let held = self.dice.of(&[Standing::Member, Standing::Observer, Standing::Associate, Standing::Invited]);
        let until = self.date().filter(|_| self.dice.once_in(2));
        let path = format!("/api/v1/parties/{}/standings", self.ids.parties[party]);
        self.records(&path, json!({"standing": rows::standing(held)}), Gives::Standing(party, held), (from, until));
    }

    fn designates(&mut self) {
        let (person, from) = (self.person(), self.date());
        let until = self.date().filter(|_| self.dice.once_in(3));
        let role = match PARTIES[PEOPLE[person]] {
            PartyKind::State => self.dice.of(&[Role::ContactPoint, Role::Counterpart]),
            PartyKind::Organisation | PartyKind::CivilSociety => Role::Representative,
            PartyKind::Secretariat => self.dice.of(&[Role::Officer, Role::Auditor]),
        };
        let path = format!("/api/v1/people/{}/designations", self.ids.people[person]);
        self.records(&path, json!({"role": rows::role(role)}), Gives::Designation(person, role), (from, until));
    }

    fn suspends(&mut self) {
        let person = self.person();
        let path = format!("/api/v1/people/{}/suspension", self.ids.people[person]);
        if self.records(&path, json!({}), Gives::Suspension(person), (None, None)) {
            self.clients[person] = None;
        }
    }

    /// An act of administration, by the officer. Whether it was done.
    fn records(
        &mut self,
        path: &str,
        mut body: Value,
        gives: Gives,
        (from, until): (Option<Tick>, Option<Tick>),
    ) -> bool {
        let now = self.now();
        body["source"] = json!("A letter");
        for (name, moment) in [("from", from), ("until", until)] {
            if let Some(moment) = moment {
                body[name] = json!(Moment(moment));
            }
        }
        let reply = self.officer.post(path, &body);
        let done = self.noted(&format!("{gives:?} from {from:?} until {until:?}"), &reply);
        let change = Change::Record { gives, from: from.unwrap_or(now), until };
        if self.network.refuses(change, now) && done {
            panic!("the server did not refuse {change:?}\n{}", self.report());
        }
        if done {
            let body = reply.json();
            let term = (tick(&body, "/from"), until);
            self.given(gives, act(&body, "/id"), term, tick(&body, "/recorded_at"));
        }
        done
    }

    fn ends_an_act(&mut self) {
        let place = self.dice.below(self.network.acts.len());
        let now = self.now();
        let at = self.date();
        let id = &self.ids.acts[place];
        let path = match self.network.acts[place].gives {
            Gives::Participation(..) => format!("/api/v1/participations/{id}/ending"),
            Gives::Admission { .. } | Gives::NoteRelease(..) | Gives::CaseRelease(..) => return,
            _ => format!("/api/v1/acts/{id}/ending"),
        };
        let mut body = json!({"source": "A letter"});
        if let Some(at) = at {
            body["effective"] = json!(Moment(at));
        }
        let reply = self.officer.post(&path, &body);
        let what = format!("the end of {:?} at {at:?}", self.network.acts[place].gives);
        let done = self.noted(&what, &reply);
        let refused = self.network.refuses(Change::End { act: place, at: at.unwrap_or(now) }, now);
        assert_eq!(done, !refused, "{what}: {}\n{}", reply.text(), self.report());
        if done {
            self.network.acts[place].endings.push((at.unwrap_or(now), now));
        }
    }

    /// Everything that the model says ends at once.
    fn off_boards(&mut self) {
        let person = self.person();
        let now = self.now();
        let path = format!("/api/v1/people/{}/off-boarding", self.ids.people[person]);
        let reply = self.officer.post(&path, &json!({"source": "A letter"}));
        if self.noted(&format!("the off-boarding of {person}"), &reply) {
            for act in &mut self.network.acts {
                if act.is_right_of(person) && act.lasts_beyond(now) {
                    let at = act.from.max(now);
                    act.endings.push((at, now));
                }
            }
            self.leaves_every_room(person, now);
            self.clients[person] = None;
        }
    }

    fn leaves_every_room(&mut self, person: Person, now: Tick) {
        for visit in self.network.visits.iter_mut().filter(|visit| visit.person == person) {
            visit.ended = visit.ended.or(Some(now));
        }
    }

    /// An invitation, taken up: for somebody who has an account, it opens no room (decision 10).
    fn gives_new_means(&mut self) {
        let person = self.person();
        let key = PEOPLE_KEYS[person];
        let path = format!("/api/v1/people/{}/invitation", self.ids.people[person]);
        let invited = self.officer.post(&path, &json!({"email": World::email(key)})).expect(201);
        let now = self.now();
        let taken = json!({"token": invited["token"], "password": crate::support::world::PASSWORD});
        let enrolled = self.world.server.client().post("/api/v1/invitations/acceptance", &taken).expect(201);
        self.world.replace_seed(key, &text(&enrolled, "/totp_secret"));
        self.clients[person] = None;
        self.done.push(format!("  new means for {person}"));
        for act in &mut self.network.acts {
            let admission = matches!(act.gives, Gives::Admission { person: whom, .. } if whom == person);
            if admission && act.in_force(now) {
                act.endings.push((now, now));
            }
        }
        self.leaves_every_room(person, now);
        let gives = Gives::Enrolment(person);
        if !self.network.acts.iter().any(|act| act.gives == gives && act.in_force(now)) {
            let body = self.officer.get(&format!("/api/v1/people/{}", self.ids.people[person])).expect(200);
            let terms = body["account"]["enrolments"].as_array().unwrap();
            let new = terms.iter().find(|term| !self.ids.acts.contains(&act(term, "/act"))).expect("enrolled anew");
            self.given(gives, act(new, "/act"), (tick(new, "/from"), None), tick(new, "/recorded_at"));
        }
    }

    fn convenes(&mut self) {
        if self.network.meetings.len() >= MOST {
            return;
        }
        let ordinary = self.dice.once_in(2);
        let requested_by = (!ordinary && self.dice.once_in(2)).then(|| self.dice.below(2));
        let mut body = json!({"kind": "ad_hoc", "first_day": "2027-01-11", "last_day": "2027-01-12", "way": "video", "topics": [], "source": "A letter"});
        if ordinary {
            body["kind"] = json!("ordinary");
            body["number"] = json!(self.network.meetings.len() + 1);
        }
        if let Some(party) = requested_by {
            body["requested_by"] = json!(self.ids.parties[party]);
        }
        let now = self.now();
        let reply = self.officer.post("/api/v1/meetings", &body);
        if self.noted(&format!("a meeting, ordinary: {ordinary}, asked for by {requested_by:?}"), &reply) {
            self.ids.meetings.push(text(&reply.json(), "/id"));
            self.network.change(Change::Meeting { ordinary, requested_by }, now);
        }
    }

    fn adds_a_session(&mut self) {
        let Some(meeting) = self.some(Doing::SeeMeeting) else { return };
        if self.network.sessions.len() >= MOST || self.network.rooms.len() >= MOST {
            return;
        }
        let kind = self.dice.of(&[SessionKind::Open, SessionKind::Closed, SessionKind::Breakout, SessionKind::Closed]);
        let now = self.now();
        let mut body = json!({"kind": format!("{kind:?}").to_lowercase(), "title": "A title"});
        let counterparts = kind == SessionKind::Closed && self.dice.once_in(2);
        if counterparts {
            body["admit_counterparts_of"] = json!([self.ids.parties[1]]);
        }
        let reply = self.officer.post(&format!("{}/sessions", self.path(Doing::SeeMeeting, meeting)), &body);
        if !self.noted(&format!("a session of meeting {meeting}: {kind:?}, with counterparts: {counterparts}"), &reply)
        {
            return;
        }
        let made = reply.json();
        self.ids.sessions.push(text(&made, "/id"));
        self.network.change(Change::Session { meeting, kind }, now);
        if kind != SessionKind::Closed {
            return;
        }
        let room = self.network.rooms.len() - 1;
        self.ids.rooms.push(text(&made, "/room"));
        // DESIGN §2: it admits every contact point of the member States, and the counterparts that were chosen.
        let shown = self.officer.get(&self.path(Doing::SeeRoom, room)).expect(200);
        let mut admitted = BTreeSet::new();
        for member in shown["members"].as_array().unwrap() {
            if let Some(person) = self.ids.people.iter().position(|one| one.as_str() == text(member, "/person")) {
                admitted.insert(person);
                let from = tick(member, "/from");
                let gives = Gives::Admission { room, person, whole: true };
                self.given(gives, act(member, "/act"), (from, None), from);
            }
        }
        let expected: BTreeSet<Person> = (0..PEOPLE.len())
            .filter(|person| self.network.admitted_by_default(*person, counterparts.then_some(1), now))
            .collect();
        assert_eq!(admitted, expected, "who is admitted by default\n{}", self.report());
    }

    fn takes_part(&mut self) {
        let Some(session) = self.some(Doing::SeeSession) else { return };
        let party: Party = self.dice.below(PARTIES.len());
        let person = self.dice.once_in(2).then(|| PEOPLE.iter().position(|of| *of == party).unwrap());
        let until = self.date().filter(|_| self.dice.once_in(2));
        let now = self.now();
        let body = json!({
            "party": self.ids.parties[party],
            "person": person.map(|person| &self.ids.people[person]),
            "until": until.map(Moment),
            "source": "A letter"
        });
        let reply = self.officer.post(&format!("{}/participations", self.path(Doing::SeeSession, session)), &body);
        let gives = Gives::Participation(session, party, person);
        if self.noted(&format!("{gives:?} until {until:?}"), &reply) {
            self.given(gives, act(&reply.json(), "/act"), (now, until), now);
        }
    }

    fn adds_a_material(&mut self) {
        let Some(session) = self.some(Doing::SeeSession) else { return };
        if self.network.materials.len() >= MOST {
            return;
        }
        let now = self.now();
        let path = format!("{}/materials?title=A&file_name=a.txt", self.path(Doing::SeeSession, session));
        let reply = self.officer.send("POST", &path, &[("content-type", "text/plain")], Some(b"words"));
        if self.noted(&format!("a document of session {session}"), &reply) {
            self.ids.materials.push(text(&reply.json(), "/id"));
            self.network.change(Change::Material { session }, now);
        }
    }

    fn opens_a_case(&mut self) {
        if self.network.cases.len() >= MOST || self.network.rooms.len() >= MOST {
            return;
        }
        let person = self.person();
        let to = self.dice.below(3);
        let visibility = match to {
            0 => json!({"to": "own_state"}),
            1 => json!({"to": "states", "states": [self.ids.parties[self.dice.below(2)]]}),
            _ => json!({"to": "contact_points"}),
        };
        let now = self.now();
        let body = json!({"fiche": fiche("A title"), "visibility": visibility});
        let Some(client) = self.client(person) else { return };
        let reply = client.post("/api/v1/cases", &body);
        let room = reply.json().get("room").and_then(Value::as_str).map(ToOwned::to_owned);
        let members = room.map(|room| client.get(&format!("/api/v1/rooms/{room}")).expect(200));
        if !self.noted(&format!("a case file by {person}: {visibility}"), &reply) {
            return;
        }
        let (made, members) = (reply.json(), members.expect("a room"));
        let (case, room) = (self.network.cases.len(), self.network.rooms.len());
        self.ids.cases.push(text(&made, "/id"));
        self.ids.rooms.push(text(&made, "/room"));
        self.network.change(Change::Case { person }, now);
        let from = tick(&members, "/members/0/from");
        let gives = Gives::Admission { room, person, whole: true };
        self.given(gives, act(&members, "/members/0/act"), (from, None), from);
        for release in made["releases"].as_array().unwrap() {
            let party = release["party"].as_str();
            let party = party.map(|id| self.ids.parties.iter().position(|one| one.as_str() == id).unwrap());
            let from = tick(release, "/from");
            self.given(Gives::CaseRelease(case, party), act(release, "/act"), (from, None), from);
        }
    }

    fn admits(&mut self) {
        let (Some(room), by, person) = (self.some(Doing::SeeRoom), self.person(), self.person()) else { return };
        let whole = !self.dice.once_in(3);
        let reach = if whole { "whole" } else { "onward" };
        let body = json!({"person": self.ids.people[person], "reach": reach});
        let path = format!("{}/admissions", self.path(Doing::SeeRoom, room));
        let now = self.now();
        let Some(client) = self.client(by) else { return };
        let reply = client.post(&path, &body);
        if self.noted(&format!("{by} admits {person} to room {room}, {reach}"), &reply) {
            // DESIGN §2: from inside only, and to a circle by its own State only.
            assert!(by != person && self.network.may_at_all(by, Doing::ReadRoom, room, now), "{}", self.report());
            if let Some(case) = self.network.rooms[room].case {
                assert_eq!(self.network.cases[case].party, PEOPLE[by], "{}", self.report());
            }
            let made = reply.json();
            let from = tick(&made, "/from");
            self.given(Gives::Admission { room, person, whole }, act(&made, "/act"), (from, None), from);
        }
    }

    fn ends_an_admission(&mut self) {
        let (Some(room), by, person) = (self.some(Doing::SeeRoom), self.person(), self.person()) else { return };
        let path = format!("{}/admissions/{}", self.path(Doing::SeeRoom, room), self.ids.people[person]);
        let now = self.now();
        let Some(client) = self.client(by) else { return };
        let reply = client.delete(&path);
        if self.noted(&format!("{by} ends the admission of {person} to room {room}"), &reply) {
            assert!(self.network.may_at_all(by, Doing::ReadRoom, room, now), "{}", self.report());
            for act in &mut self.network.acts {
                let of_it = matches!(act.gives, Gives::Admission { room: to, person: whom, .. } if to == room && whom == person);
                if of_it && act.in_force(now) {
                    act.endings.push((now, now));
                }
            }
            for visit in &mut self.network.visits {
                if visit.room == room && visit.person == person {
                    visit.ended = visit.ended.or(Some(now));
                }
            }
        }
    }

    /// A visit, and a note written during it.
    fn writes(&mut self) {
        let (Some(room), person) = (self.some(Doing::SeeRoom), self.person()) else { return };
        let path = self.path(Doing::SeeRoom, room);
        let now = self.now();
        let Some(client) = self.client(person) else { return };
        let reply = client.post(&format!("{path}/visits"), &json!({"purpose": "to write"}));
        if !self.noted(&format!("{person} visits room {room}"), &reply) {
            return;
        }
        let made = reply.json();
        let visit = text(&made, "/visit");
        self.ids.visits.push(visit.clone());
        self.ids.visitors.push((person, self.ids.sign_ins[person].clone()));
        self.network.change(Change::Visit { room, person, expires: tick(&made, "/expires_at") }, now);
        if self.network.notes.len() >= MOST {
            return;
        }
        let now = self.now();
        let client = self.clients[person].as_mut().unwrap();
        client.visit = Some(visit);
        let reply = client.post(&format!("{path}/notes"), &note("A title", "A text"));
        if self.noted(&format!("{person} writes into room {room}"), &reply) {
            assert!(self.network.may_at_all(person, Doing::ReadRoom, room, now), "{}", self.report());
            let made = reply.json();
            self.ids.notes.push(text(&made, "/id"));
            self.network.change(Change::Note { room, person }, tick(&made, "/written_at"));
        }
    }

    fn releases_a_note(&mut self) {
        let Some(of) = self.some(Doing::ReadNote) else { return };
        let (room, party) = (self.network.notes[of].room, self.dice.below(2));
        let mut visits = self.network.visits.iter().enumerate().filter(|(_, visit)| visit.room == room);
        let Some((visit, by)) = visits.next_back().map(|(place, visit)| (place, visit.person)) else { return };
        let visit = self.ids.visits[visit].clone();
        let path = format!("/api/v1/rooms/{}/notes/{}/releases", self.ids.rooms[room], self.ids.notes[of]);
        let gives = Gives::NoteRelease(of, party);
        let now = self.now();
        let there = self.network.acts.iter().position(|act| act.gives == gives && act.in_force(now));
        let body = json!({"party": self.ids.parties[party]});
        let ending = there.map(|place| format!("{path}/{}", self.ids.acts[place]));
        let Some(client) = self.client(by) else { return };
        client.visit = Some(visit);
        let reply = match &ending {
            Some(ending) => client.delete(ending),
            None => client.post(&path, &body),
        };
        if self.noted(&format!("{by}: {}{gives:?}", if ending.is_some() { "the end of " } else { "" }), &reply) {
            // DESIGN §3.3: widening is a release by the originator.
            assert_eq!(self.network.notes[of].party, PEOPLE[by], "{}", self.report());
            match there {
                Some(place) => self.network.acts[place].endings.push((now, now)),
                None => {
                    let made = reply.json();
                    let from = tick(&made, "/from");
                    self.given(gives, act(&made, "/act"), (from, None), from);
                }
            }
        }
    }

    fn releases_a_case(&mut self) {
        let (Some(case), by) = (self.some(Doing::SeeCase), self.dice.below(3)) else { return };
        let party = self.dice.once_in(2).then(|| self.dice.below(2));
        let path = format!("{}/releases", self.path(Doing::SeeCase, case));
        let gives = Gives::CaseRelease(case, party);
        let now = self.now();
        let there = self.network.acts.iter().position(|act| act.gives == gives && act.in_force(now));
        let body = match party {
            Some(party) => json!({"to": "state", "party": self.ids.parties[party]}),
            None => json!({"to": "contact_points"}),
        };
        let ending = there.map(|place| format!("{path}/{}", self.ids.acts[place]));
        let Some(client) = self.client(by) else { return };
        let reply = match &ending {
            Some(ending) => client.delete(ending),
            None => client.post(&path, &body),
        };
        if self.noted(&format!("{by}: {}{gives:?}", if ending.is_some() { "the end of " } else { "" }), &reply) {
            assert_eq!(self.network.cases[case].party, PEOPLE[by], "{}", self.report());
            match there {
                Some(place) => self.network.acts[place].endings.push((now, now)),
                None => {
                    let made = reply.json();
                    let from = tick(&made, "/from");
                    self.given(gives, act(&made, "/act"), (from, None), from);
                }
            }
        }
    }

    /// One step: something happens, and then everyone is judged; somebody also of an earlier moment.
    pub fn step(&mut self) {
        self.world.server.clock.advance(i64::try_from(1 + self.dice.below(3)).unwrap());
        self.happens();
        // What happened was recorded before this moment, and nothing was since.
        let now = self.now();
        let mut asked = Vec::new();
        for person in 0..PEOPLE.len() {
            let mine: Vec<usize> =
                (0..self.network.visits.len()).filter(|one| self.network.visits[*one].person == person).collect();
            let visit = (!mine.is_empty()).then(|| self.dice.of(&mine));
            let brought = Brought { second_factor: !self.dice.once_in(8), unlock: true, visit };
            asked.push((now, person, brought, None));
        }
        if !self.said.is_empty() {
            let (at, person, brought, then) = self.said[self.dice.below(self.said.len())].clone();
            asked.push((at, person, brought, Some(then)));
        }
        let (network, ids) = (self.network.clone(), self.ids.clone());
        let answers = self.world.server.operate(move |work| {
            let answer = |(at, person, brought, then)| {
                let asker = judge::asker(work, &ids, Some(person), brought, at)?;
                let lists = judge::lists(work, &network, &ids, &asker)?;
                Ok::<_, AppError>((at, person, brought, then, lists))
            };
            asked.into_iter().map(answer).collect::<Result<Vec<_>, _>>()
        });
        for (at, person, brought, then, lists) in answers {
            let may = self.network.may(Some(person), brought, at);
            let report = || {
                let (more, less): (Vec<_>, Vec<_>) =
                    (lists.difference(&may).collect(), may.difference(&lists).collect());
                format!("{person} with {brought:?} as of {at} is shown {more:?} and not {less:?}\n{}", self.report())
            };
            assert_eq!(lists, may, "{}", report());
            match then {
                Some(then) => assert_eq!(lists, then, "of {at} the server said something else\n{}", self.report()),
                None => self.said.push((at, person, brought, lists)),
            }
        }
    }

    fn report(&self) -> String {
        format!("seed {}, after:\n{}", self.seed, self.done.join("\n"))
    }

    /// How many requests were done, and how many refused.
    pub fn counts(&self) -> (usize, usize) {
        let refused = self.done.iter().filter(|line| line.ends_with(')') && line.contains(" (4")).count();
        (self.done.len() - refused, refused)
    }
}
