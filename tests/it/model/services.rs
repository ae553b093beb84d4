//! The same network once more, through the interface: what the services make of what people ask for, held
//! against the model after every request.

mod administered;
mod inside;

use std::collections::BTreeSet;

use incamera::context::Moment;
use incamera::error::AppError;
use incamera::ids::ActId;
use serde_json::Value;

use super::dice::Dice;
use super::judge;
use super::network::{Act, Brought, Doing, Gives, Network, PARTIES, PEOPLE, Person, Role, Standing, Tick};
use super::rows::{self, Ids};
use crate::support::database::Kind;
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
