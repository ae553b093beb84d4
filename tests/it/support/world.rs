//! A small network on a test's server: at least one person of each role and of each kind of party, all of
//! whom can log in.

use std::collections::BTreeMap;

use incamera::context::Moment;
use incamera::error::AppError;
use incamera::ids::{PartyId, PersonId};
use incamera::network::import::{ensure_designation, ensure_party, ensure_person, ensure_standing};
use incamera::network::model::{PartyKind, Role, Standing};
use serde_json::{Value, json};

use super::client::Client;
use super::server::TestServer;

/// Good for every account of a test.
pub const PASSWORD: &str = "glacier tandem oboe 417 quiver";
/// When all that the world begins with took effect: 2020-01-01.
pub const LONG_AGO: Moment = Moment(1_577_836_800_000_000);

/// Key, kind and standing of each party. UA and NO are observer *States*; `eurojust` holds observer
/// standing as an organisation.
const PARTIES: &[(&str, PartyKind, Option<Standing>)] = &[
    ("FR", PartyKind::State, Some(Standing::Member)),
    ("DE", PartyKind::State, Some(Standing::Member)),
    ("SE", PartyKind::State, Some(Standing::Member)),
    ("UA", PartyKind::State, Some(Standing::Observer)),
    ("NO", PartyKind::State, Some(Standing::Observer)),
    ("eurojust", PartyKind::Organisation, Some(Standing::Observer)),
    ("iiim", PartyKind::Organisation, Some(Standing::Associate)),
    ("ngo", PartyKind::CivilSociety, Some(Standing::Invited)),
    ("secretariat", PartyKind::Secretariat, None),
];

/// Key (and name), party and role of each person.
const PEOPLE: &[(&str, &str, Role)] = &[
    ("fr", "FR", Role::ContactPoint),
    ("fr2", "FR", Role::ContactPoint),
    ("de", "DE", Role::ContactPoint),
    ("se", "SE", Role::ContactPoint),
    ("ua", "UA", Role::Counterpart),
    ("no", "NO", Role::Counterpart),
    ("ej", "eurojust", Role::Representative),
    ("assoc", "iiim", Role::Representative),
    ("guest", "ngo", Role::Representative),
    ("sec", "secretariat", Role::SecretariatOfficer),
    ("sec2", "secretariat", Role::SecretariatOfficer),
    ("aud", "secretariat", Role::Auditor),
];

/// The keys of the people whom the network keeps from everything closed.
pub const OUTSIDERS: [&str; 4] = ["ej", "assoc", "guest", "aud"];

/// The server, and who is who on it.
pub struct World {
    pub server: TestServer,
    parties: BTreeMap<String, PartyId>,
    people: BTreeMap<String, PersonId>,
    seeds: BTreeMap<String, String>,
    steps: BTreeMap<String, u64>,
    sessions: BTreeMap<String, Value>,
}

impl World {
    /// Records the network. Accounts are opened when somebody first logs in.
    pub fn new(server: TestServer) -> Self {
        let (parties, people) = server.operate(|work| {
            let (mut parties, mut people) = (BTreeMap::new(), BTreeMap::new());
            for (key, kind, standing) in PARTIES {
                let name = format!("Party {key}");
                let id = ensure_party(work, *kind, key, &[(&name, LONG_AGO)])?;
                if let Some(standing) = standing {
                    ensure_standing(work, &id, *standing, LONG_AGO, None, None, "made for a test")?;
                }
                parties.insert((*key).to_owned(), id);
            }
            for (key, party, role) in PEOPLE {
                let id = ensure_person(work, &parties[*party], key)?;
                ensure_designation(work, &id, *role, None, LONG_AGO, "made for a test")?;
                people.insert((*key).to_owned(), id);
            }
            Ok((parties, people))
        });
        Self { server, parties, people, seeds: BTreeMap::new(), steps: BTreeMap::new(), sessions: BTreeMap::new() }
    }

    pub fn party(&self, key: &str) -> PartyId {
        self.parties[key].clone()
    }

    pub fn person(&self, key: &str) -> PersonId {
        self.people[key].clone()
    }

    #[expect(clippy::unused_self, reason = "who there is may come to differ from world to world")]
    pub fn people(&self) -> impl Iterator<Item = &str> {
        PEOPLE.iter().map(|(key, ..)| *key)
    }

    /// Adds a party.
    pub fn add_party(&mut self, key: &str, kind: PartyKind, standing: Option<Standing>) -> PartyId {
        let (code, name) = (key.to_owned(), format!("Party {key}"));
        let id = self.server.operate(move |work| {
            let id = ensure_party(work, kind, &code, &[(&name, work.now)])?;
            if let Some(standing) = standing {
                ensure_standing(work, &id, standing, work.now, None, None, "made for a test")?;
            }
            Ok(id)
        });
        self.parties.insert(key.to_owned(), id.clone());
        id
    }

    /// Adds a person who can log in.
    pub fn add(&mut self, key: &str, party: &str, role: Role) -> PersonId {
        let (party, name) = (self.party(party), key.to_owned());
        let id = self.server.operate(move |work| {
            let id = ensure_person(work, &party, &name)?;
            ensure_designation(work, &id, role, None, work.now, "made for a test")?;
            Ok(id)
        });
        self.people.insert(key.to_owned(), id.clone());
        id
    }

    pub fn email(key: &str) -> String {
        format!("{key}@test.example")
    }

    /// Opens the person's account, if that was not done yet; answers the seed of the second factor, base32.
    pub fn seed(&mut self, key: &str) -> String {
        if let Some(seed) = self.seeds.get(key) {
            return seed.clone();
        }
        let (identity, person, email) = (self.server.identity.clone(), self.person(key), Self::email(key));
        let seed = self.server.operate(move |work| {
            Ok::<_, AppError>(identity.open_account(work, &person, &email, PASSWORD)?.totp_secret)
        });
        self.seeds.insert(key.to_owned(), seed.clone());
        seed
    }

    /// Opens these people's accounts: whoever has one gets the keys of rooms as soon as he is admitted.
    pub fn enrol(&mut self, keys: &[&str]) {
        for key in keys {
            self.seed(key);
        }
    }

    /// Opens everybody's account.
    pub fn enrol_all(&mut self) {
        let keys: Vec<&str> = PEOPLE.iter().map(|(key, ..)| *key).collect();
        self.enrol(&keys);
    }

    /// The person was given new means with this seed.
    pub fn replace_seed(&mut self, key: &str, seed: &str) {
        self.seeds.insert(key.to_owned(), seed.to_owned());
        self.steps.remove(key);
    }

    /// A code of the second factor that was not used yet; the clock goes ahead when there is none.
    pub fn code(&mut self, key: &str) -> String {
        let seed = self.seed(key);
        let present = |server: &TestServer| u64::try_from(server.ctx().now.seconds()).unwrap() / 30;
        let mut step = present(&self.server).max(self.steps.get(key).map_or(0, |last| last + 1));
        if step > present(&self.server) + 1 {
            self.server.clock.advance(30);
            step = present(&self.server).max(self.steps[key] + 1);
        }
        self.steps.insert(key.to_owned(), step);
        code_of(&seed, step)
    }

    /// Logs the person in anew, with the second factor; answers the tokens.
    pub fn log_in(&mut self, key: &str) -> Value {
        let code = self.code(key);
        self.server
            .client()
            .post("/api/v1/session", &json!({"email": Self::email(key), "password": PASSWORD, "code": code}))
            .expect(200)
    }

    /// A client for the person, logged in with the second factor and the unlock secret. The same log-in
    /// serves every call for as long as the test runs; after the clock was set far ahead, see [`World::anew`].
    pub fn client(&mut self, key: &str) -> Client {
        if !self.sessions.contains_key(key) {
            let session = self.log_in(key);
            self.sessions.insert(key.to_owned(), session);
        }
        self.with(&self.sessions[key])
    }

    /// As [`World::client`], by a new log-in.
    pub fn anew(&mut self, key: &str) -> Client {
        self.sessions.remove(key);
        self.client(key)
    }

    /// A client for the person whose log-in used no second factor.
    pub fn client_without_second_factor(&mut self, key: &str) -> Client {
        self.seed(key);
        let session = self
            .server
            .client()
            .post("/api/v1/session", &json!({"email": Self::email(key), "password": PASSWORD}))
            .expect(200);
        self.with(&session)
    }

    /// A client that sends these tokens.
    pub fn with(&self, session: &Value) -> Client {
        let mut client = self.server.client();
        client.token = session["access_token"].as_str().map(ToOwned::to_owned);
        client.unlock = session["unlock"].as_str().map(ToOwned::to_owned);
        client
    }
}

/// The code that an authenticator with this seed shows in this step of 30 seconds.
pub fn code_of(seed: &str, step: u64) -> String {
    let seed = data_encoding::BASE32_NOPAD.decode(seed.as_bytes()).unwrap();
    totp_rs::Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_secret(seed)
        .build()
        .unwrap()
        .generate(step * 30)
        .to_string()
}
