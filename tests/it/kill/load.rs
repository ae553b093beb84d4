//! Who asks for what while the server runs. Each keeps a record of whatever may have left an entry.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Client;
use crate::support::scene::note;

/// A request that may have left an entry.
#[derive(Debug)]
pub struct Done {
    /// Whose doing: the log-in, or for log-ins themselves the person.
    pub who: String,
    pub event: &'static str,
    pub outcome: Outcome,
}

/// What an entry must say: places in it, and what is there.
pub type Fields = Vec<(&'static str, Value)>;

#[derive(Debug)]
pub enum Outcome {
    /// It was answered; what its entries must say.
    Answered(Vec<Fields>),
    /// The answer never came, or said that it is not known.
    Unknown,
}

/// The network, as the players know it.
pub struct Cast {
    pub room: String,
    /// A note that many revise.
    pub shared: String,
    /// A note that only its reader's State releases.
    pub released: String,
    pub observer: String,
    pub party: String,
    pub candidates: Vec<String>,
    pub traveller: Traveller,
}

pub struct Traveller {
    pub person: String,
    pub email: String,
    pub password: &'static str,
}

/// One who asks, one request after the other.
pub struct Player {
    pub part: Part,
    pub client: Client,
    /// The log-in.
    pub who: String,
}

#[derive(Clone, Copy, Debug)]
pub enum Part {
    Writer,
    Reader,
    Visitor,
    Admitter,
    Releaser,
    Secretary,
    Traveller,
}

/// What the players are told, and tell.
#[derive(Default)]
pub struct Signals {
    pub stop: AtomicBool,
    /// How many requests were answered so far.
    answered: AtomicUsize,
}

impl Signals {
    /// Waits until so many were answered, but not for ever: on a busy machine a time alone may be no work at all.
    pub fn wait_for(&self, answered: u64) {
        let begun = Instant::now();
        while u64::try_from(self.answered.load(Ordering::SeqCst)).unwrap() < answered
            && begun.elapsed() < Duration::from_secs(5)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The server is gone.
struct Gone;

struct Turn<'a> {
    cast: &'a Cast,
    client: Client,
    who: String,
    signals: &'a Signals,
    done: Vec<Done>,
    round: i64,
}

/// Plays until told to stop, or until the server is gone.
pub fn play(cast: &Cast, player: &Player, client: Client, signals: &Signals) -> Vec<Done> {
    let mut turn = Turn { cast, client, who: player.who.clone(), signals, done: Vec::new(), round: 0 };
    while !signals.stop.load(Ordering::SeqCst) {
        turn.round += 1;
        let gone = match player.part {
            Part::Writer => turn.write(),
            Part::Reader => turn.read(),
            Part::Visitor => turn.visit(),
            Part::Admitter => turn.admit(),
            Part::Releaser => turn.release(),
            Part::Secretary => turn.administer(),
            Part::Traveller => turn.travel(),
        };
        if gone.is_err() {
            break;
        }
    }
    turn.done
}

/// A request, and what it is expected to leave.
struct Ask<'a> {
    event: &'static str,
    method: &'static str,
    path: &'a str,
    body: Option<Value>,
    version: Option<i64>,
    /// The status of an answer that leaves the entry.
    good: u16,
}

impl<'a> Ask<'a> {
    fn get(event: &'static str, path: &'a str) -> Self {
        Self { event, method: "GET", path, body: None, version: None, good: 200 }
    }
    fn post(event: &'static str, path: &'a str, body: Value) -> Self {
        Self { event, method: "POST", path, body: Some(body), version: None, good: 201 }
    }
    fn delete(event: &'static str, path: &'a str) -> Self {
        Self { event, method: "DELETE", path, body: None, version: None, good: 204 }
    }
}

impl Turn<'_> {
    /// Asks for what leaves one entry. `Ok(None)`: refused, or not known.
    fn ask(&mut self, ask: Ask<'_>, fields: impl Fn(&Value) -> Fields) -> Result<Option<Value>, Gone> {
        self.ask_for_many(ask, |answer| vec![fields(answer)])
    }

    fn ask_for_many(&mut self, ask: Ask<'_>, entries: impl Fn(&Value) -> Vec<Fields>) -> Result<Option<Value>, Gone> {
        let body = ask.body.map(|body| body.to_string());
        let tag = ask.version.map(|version| format!("\"{version}\""));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(tag.as_deref().map(|tag| ("if-match", tag)));
        let reply = self.client.try_send(ask.method, ask.path, &headers, body.as_deref().map(str::as_bytes));
        let (outcome, answer) = match reply {
            Err(_) => (Some(Outcome::Unknown), Err(Gone)),
            Ok(reply) if reply.status == ask.good => {
                let value = if reply.body.is_empty() { Value::Null } else { reply.json() };
                (Some(Outcome::Answered(entries(&value))), Ok(Some(value)))
            }
            Ok(reply) => {
                let name = reply.json()["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
                let known = match (reply.status, name.as_str()) {
                    (503, "outcome-unknown") => {
                        assert_ne!(ask.method, "GET", "never said of a read");
                        false
                    }
                    // For a read it says that nothing was disclosed, not that there is no entry.
                    (503, _) => ask.method != "GET",
                    (403 | 404 | 409 | 412, _) => true,
                    _ => panic!("{} {}: {}", ask.method, ask.path, reply.text()),
                };
                if reply.status == 503 {
                    std::thread::sleep(Duration::from_millis(20));
                }
                ((!known).then_some(Outcome::Unknown), Ok(None))
            }
        };
        if let Some(outcome) = outcome {
            if let Outcome::Answered(_) = outcome {
                self.signals.answered.fetch_add(1, Ordering::SeqCst);
            }
            self.done.push(Done { who: self.who.clone(), event: ask.event, outcome });
        }
        answer
    }

    fn notes(&self) -> String {
        format!("/api/v1/rooms/{}/notes", self.cast.room)
    }

    fn read_note(&mut self, path: &str, id: &str) -> Result<Option<i64>, Gone> {
        let read = self.ask(Ask::get("note_read", path), |note| {
            vec![("/thing/id", json!(id)), ("/version", note["version"].clone())]
        })?;
        Ok(read.and_then(|note| note["version"].as_i64()))
    }

    fn write(&mut self) -> Result<(), Gone> {
        let notes = self.notes();
        let new = note(&format!("Note {}", self.round), &"words ".repeat(40));
        let written = self.ask(Ask::post("note_written", &notes, new.clone()), |note| {
            vec![("/thing/id", note["id"].clone()), ("/version", json!(1))]
        })?;
        if let Some(written) = written {
            let id = written["id"].as_str().unwrap();
            self.revise(id, 1)?;
            self.read_note(&format!("{notes}/{id}"), id)?;
        }
        let shared = self.cast.shared.clone();
        if let Some(version) = self.read_note(&format!("{notes}/{shared}"), &shared)? {
            self.revise(&shared, version)?;
        }
        Ok(())
    }

    fn revise(&mut self, id: &str, version: i64) -> Result<(), Gone> {
        let path = format!("{}/{id}", self.notes());
        let body = Some(note("Revised", &"other words ".repeat(30)));
        let ask = Ask { event: "note_revised", method: "PUT", path: &path, body, version: Some(version), good: 200 };
        self.ask(ask, |note| vec![("/thing/id", json!(id)), ("/version", note["version"].clone())])?;
        Ok(())
    }

    fn read(&mut self) -> Result<(), Gone> {
        let (notes, room) = (self.notes(), json!(self.cast.room));
        let path = format!("{notes}?limit=20");
        let list = self.ask_for_many(Ask::get("notes_listed", &path), |list| {
            let mut of = BTreeMap::<&str, usize>::new();
            for one in list["items"].as_array().unwrap() {
                *of.entry(one["party"].as_str().unwrap()).or_default() += 1;
            }
            of.into_iter()
                .map(|(party, count)| {
                    vec![("/thing/id", room.clone()), ("/owner_party", json!(party)), ("/count", json!(count))]
                })
                .collect()
        })?;
        for one in list.iter().flat_map(|list| list["items"].as_array().unwrap()).take(4) {
            let id = one["id"].as_str().unwrap();
            self.read_note(&format!("{notes}/{id}"), id)?;
        }
        let path = format!("{notes}/{}/versions", self.cast.shared);
        let thing = json!(self.cast.shared);
        self.ask(Ask::get("note_read", &path), |list| {
            vec![("/thing/id", thing.clone()), ("/count", json!(list["items"].as_array().unwrap().len()))]
        })?;
        let path = format!("/api/v1/rooms/{}", self.cast.room);
        self.ask(Ask::get("room_seen", &path), |_| vec![("/thing/id", room.clone())])?;
        Ok(())
    }

    fn visit(&mut self) -> Result<(), Gone> {
        let path = format!("/api/v1/rooms/{}/visits", self.cast.room);
        let purpose = json!({"purpose": format!("round {}", self.round)});
        let told = purpose["purpose"].clone();
        let opened = self.ask(Ask::post("visit_opened", &path, purpose), |visit| {
            vec![("/visit", visit["visit"].clone()), ("/purpose", told.clone())]
        })?;
        let Some(opened) = opened else { return Ok(()) };
        self.client.visit = opened["visit"].as_str().map(ToOwned::to_owned);
        let shared = self.cast.shared.clone();
        self.read_note(&format!("{}/{shared}", self.notes()), &shared)?;
        let path = format!("{path}/{}", opened["visit"].as_str().unwrap());
        self.ask(Ask::delete("visit_ended", &path), |_| vec![("/visit", opened["visit"].clone())])?;
        Ok(())
    }

    fn admit(&mut self) -> Result<(), Gone> {
        let path = format!("/api/v1/rooms/{}/admissions", self.cast.room);
        let cast = self.cast;
        for person in &cast.candidates {
            let admitted = self.ask(Ask::post("admitted", &path, json!({"person": person})), |member| {
                vec![("/act", member["act"].clone()), ("/person", json!(person))]
            })?;
            let act = admitted.map(|member| member["act"].clone());
            self.ask(Ask::delete("admission_ended", &format!("{path}/{person}")), |_| {
                let mut fields = vec![("/person", json!(person))];
                fields.extend(act.clone().map(|act| ("/act", act)));
                fields
            })?;
        }
        Ok(())
    }

    fn release(&mut self) -> Result<(), Gone> {
        let path = format!("{}/{}/releases", self.notes(), self.cast.released);
        let released = self
            .ask(Ask::post("note_released", &path, json!({"party": self.cast.observer})), |release| {
                vec![("/act", release["act"].clone())]
            })?
            .map(|release| release["act"].clone());
        // Refused: an earlier one stands, whose answer was lost.
        let act = match released {
            Some(act) => Some(act),
            None => {
                let id = self.cast.released.clone();
                let read = self.ask(Ask::get("note_read", &format!("{}/{id}", self.notes())), |_| {
                    vec![("/thing/id", json!(id))]
                })?;
                read.and_then(|note| note.pointer("/releases/0/act").cloned())
            }
        };
        if let Some(act) = act {
            let path = format!("{path}/{}", act.as_str().unwrap());
            self.ask(Ask::delete("release_ended", &path), |_| vec![("/act", act.clone())])?;
        }
        Ok(())
    }

    fn administer(&mut self) -> Result<(), Gone> {
        let path = format!("/api/v1/parties/{}/people", self.cast.party);
        let name = json!({"name": format!("Person {}", self.round)});
        let person = self.ask(Ask::post("person_recorded", &path, name), |person| {
            vec![("/thing/id", person["id"].clone()), ("/person", person["id"].clone())]
        })?;
        let Some(person) = person else { return Ok(()) };
        let path = format!("/api/v1/people/{}/designations", person["id"].as_str().unwrap());
        let body = json!({"role": "contact_point", "source": "made for a test"});
        let act = self.ask(Ask::post("act_recorded", &path, body), |act| vec![("/act", act["id"].clone())])?;
        let Some(act) = act else { return Ok(()) };
        let path = format!("/api/v1/acts/{}/ending", act["id"].as_str().unwrap());
        self.ask(Ask::post("act_ended", &path, json!({"source": "made for a test"})), |ended| {
            vec![("/thing/id", act["id"].clone()), ("/act", ended["endings"][0]["act"].clone())]
        })?;
        Ok(())
    }

    fn travel(&mut self) -> Result<(), Gone> {
        let traveller = &self.cast.traveller;
        self.who.clone_from(&traveller.person);
        self.client.token = None;
        let path = "/api/v1/session";
        if self.round % 3 == 0 {
            let wrong = json!({"email": traveller.email, "password": "wrong"});
            let ask = Ask { good: 401, ..Ask::post("sign_in_failed", path, wrong) };
            self.ask(ask, |_| vec![("/person", json!(traveller.person))])?;
        }
        let right = json!({"email": traveller.email, "password": traveller.password});
        let opened = self.ask(Ask { good: 200, ..Ask::post("signed_in", path, right) }, |session| {
            vec![("/thing/id", json!(sign_in_of(session)))]
        })?;
        let Some(mut session) = opened else { return Ok(()) };
        let sign_in = sign_in_of(&session);
        for _ in 0..2 {
            let body = json!({"refresh_token": session["refresh_token"]});
            let ask = Ask { good: 200, ..Ask::post("sign_in_refreshed", "/api/v1/session/refresh", body) };
            let renewed = self.ask(ask, |_| vec![("/thing/id", json!(sign_in))])?;
            // To ask again with a token that may be spent would look like theft.
            let Some(renewed) = renewed else { return Ok(()) };
            session = renewed;
        }
        self.client.token = session["access_token"].as_str().map(ToOwned::to_owned);
        self.ask(Ask::delete("signed_out", path), |_| vec![("/thing/id", json!(sign_in))])?;
        Ok(())
    }
}

/// The log-in that an answer's access token is of.
pub fn sign_in_of(session: &Value) -> String {
    let token = session["access_token"].as_str().unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["sid"].as_str().unwrap().to_owned()
}
