//! What only the second server holds, and goes on doing between the requests that are compared.

use std::collections::BTreeMap;

use serde_json::json;

use super::common::made;
use super::pair::{Ask, Side};
use crate::support::scene::{fiche, note};
use crate::support::{Client, Reply};

/// Stands in every text that nobody who is asked may read.
pub const MARK: &str = "Zephyr";

/// What those who are asked may know of after all, and so stands on both servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// That there is the case file, for a colleague of who opened it. Its room is hidden still.
    pub case: bool,
    /// The ad hoc meeting.
    pub meeting: bool,
    /// The ordinary meeting's second closed session.
    pub second: bool,
    /// The notes of the first closed session's room, for those whom it admits.
    pub first: bool,
    /// Who acts for another State, and what that State proposes.
    pub people: bool,
}

/// The people who know, and what they have done.
pub struct Secrets {
    known: Known,
    clients: BTreeMap<&'static str, Client>,
    turn: usize,
    done: BTreeMap<&'static str, usize>,
    pub told: Vec<String>,
    /// Nothing more happens: those who ask are the same who would do it.
    pub still: bool,
}

/// The names of what is hidden. On a server that does not hold it they stand for random ids.
pub const NAMES: [&str; 25] = [
    "hidden.case",
    "hidden.room",
    "hidden.request",
    "hidden.note",
    "hidden.file",
    "hidden.visit",
    "hidden.admission",
    "hidden.release",
    "hidden.note.release",
    "hidden.meeting",
    "hidden.open",
    "hidden.material",
    "hidden.participation",
    "hidden.closed",
    "hidden.closed.room",
    "hidden.closed.note",
    "hidden.second",
    "hidden.second.room",
    "hidden.second.note",
    "hidden.first.note",
    "hidden.person",
    "hidden.designation",
    "hidden.proposal",
    "hidden.entry",
    "hidden.entry.read",
];

fn mark(known: bool, text: &str) -> String {
    format!("{} {text}", if known { "Breeze" } else { MARK })
}

impl Secrets {
    pub fn new(known: Known) -> Self {
        Self { known, clients: BTreeMap::new(), turn: 0, done: BTreeMap::new(), told: Vec::new(), still: false }
    }

    /// Makes on both servers what is known after all, and gives names to the rest.
    pub fn prepare(&mut self, sides: &mut [Side; 2]) {
        for side in sides {
            for name in NAMES {
                side.know(name, Side::nobody());
            }
            if self.known.meeting {
                self.meeting(side);
            }
            if self.known.second {
                self.second(side);
            }
            if self.known.people {
                self.people(side);
            }
            if self.known.case {
                self.case(side);
            }
        }
    }

    /// Makes what is hidden.
    pub fn hide(&mut self, side: &mut Side) {
        self.clients.clear();
        for key in ["fr", "de", "deep", "sec"] {
            self.clients.insert(key, side.world.client(key));
        }
        if !self.known.meeting {
            self.meeting(side);
        }
        if !self.known.second {
            self.second(side);
        }
        if !self.known.people {
            self.people(side);
        }
        if !self.known.case {
            self.case(side);
        }
        self.circle(side);
        self.request(side);
        if !self.known.first {
            let (room, mut fr) = (side.id("room"), side.world.client("fr"));
            enter(&mut fr, &room);
            let note = fr.post(&format!("/api/v1/rooms/{room}/notes"), &note(&mark(false, "names"), MARK));
            side.know("hidden.first.note", made(&note, "/id"));
        }
        for (name, event) in [("hidden.entry", "note_written"), ("hidden.entry.read", "case_read")] {
            let entries = self.by("fr").get(&format!("/api/v1/audit/entries?event={event}&limit=1")).expect(200);
            side.know(name, entries["items"][0]["id"].as_str().unwrap());
        }
    }

    fn by(&mut self, key: &str) -> &mut Client {
        self.clients.get_mut(key).unwrap()
    }

    /// A case file of FR that nobody else may know of.
    fn case(&mut self, side: &mut Side) {
        let mut fr = side.world.client("fr");
        let case = fr.post("/api/v1/cases", &json!({"fiche": fiche(&mark(self.known.case, "arrests"))}));
        side.know("hidden.case", made(&case, "/id"));
        side.know("hidden.room", made(&case, "/room"));
    }

    /// A request of FR to DE, and its answer.
    fn request(&mut self, side: &mut Side) {
        let words = |mut body: serde_json::Value| {
            for (member, value) in note(&mark(false, "whereabouts"), MARK).as_object().unwrap() {
                body[member] = value.clone();
            }
            body
        };
        let body = json!({"kind": "request", "to": [side.world.party("DE")], "people": [side.world.person("de")]});
        let sent = self.by("fr").post("/api/v1/requests", &words(body)).expect(201);
        let (id, room) = (sent["id"].as_str().unwrap().to_owned(), sent["room"].as_str().unwrap().to_owned());
        enter(self.by("de"), &room);
        let path = format!("/api/v1/requests/{id}/reply");
        self.by("de").post(&path, &words(json!({"kind": "answer"}))).expect(201);
        side.know("hidden.request", id);
    }

    /// The circle of the case file, and what is in it.
    fn circle(&mut self, side: &mut Side) {
        let (case, room) = (format!("/api/v1/cases/{}", side.id("hidden.case")), side.id("hidden.room"));
        let (notes, admissions) = (format!("/api/v1/rooms/{room}/notes"), format!("/api/v1/rooms/{room}/admissions"));
        let known = self.known;
        let visit = enter(self.by("fr"), &room);
        side.know("hidden.visit", visit);
        let fr = self.by("fr");
        let note_id = made(&fr.post(&notes, &note(&mark(false, "witness"), MARK)), "/id");
        fr.put(&format!("{notes}/{note_id}"), 1, &note(&mark(false, "witness again"), MARK)).expect(200);
        let words = mark(false, "in a file");
        let file = fr.send_file(&format!("{notes}/{note_id}/files"), 2, &format!("{words}.txt"), words.as_bytes());
        side.know("hidden.file", made(&file, "/id"));
        let deep = json!({"person": side.world.person("deep"), "reach": "onward"});
        side.know("hidden.admission", made(&fr.post(&admissions, &deep), "/act"));
        for key in ["late", "gone"] {
            fr.post(&admissions, &json!({"person": side.world.person(key)})).expect(201);
        }
        // Released to States whose people are not in the room: they still find nothing.
        for (party, name) in [("UA", "hidden.note.release"), ("NO", "hidden.note.release")] {
            let release = fr.post(&format!("{notes}/{note_id}/releases"), &json!({"party": side.world.party(party)}));
            side.know(name, made(&release, "/act"));
        }
        side.know("hidden.note", note_id);
        fr.get(&case).expect(200);
        if !known.case {
            let to_de = json!({"to": "state", "party": side.world.party("DE")});
            side.know("hidden.release", made(&fr.post(&format!("{case}/releases"), &to_de), "/act"));
            fr.post(&format!("{case}/meetings"), &json!({"meeting": side.id("meeting")})).expect(201);
        }
        // A colleague sees the case file, and not that it is linked to this one.
        fr.post(&format!("{case}/meetings"), &json!({"meeting": side.id("hidden.meeting")})).expect(201);
        enter(self.by("deep"), &room);
    }

    /// An ad hoc meeting that DE asked for, with an open and a closed session.
    fn meeting(&mut self, side: &mut Side) {
        let known = self.known.meeting;
        let (mut sec, mut de) = (side.world.client("sec"), side.world.client("de"));
        let body = json!({"kind": "ad_hoc", "first_day": "2027-01-11", "last_day": "2027-01-12", "way": "video",
            "requested_by": side.world.party("DE"), "topics": [mark(known, "topic")], "source": mark(known, "a note verbale")});
        let meeting = made(&sec.post("/api/v1/meetings", &body), "/id");
        let path = format!("/api/v1/meetings/{meeting}");
        let open =
            made(&sec.post(&format!("{path}/sessions"), &json!({"kind": "open", "title": mark(known, "half")})), "/id");
        let session = format!("/api/v1/sessions/{open}");
        let part = json!({"party": side.world.party("DE"), "person": side.world.person("de"), "source": "A letter"});
        side.know("hidden.participation", made(&sec.post(&format!("{session}/participations"), &part), "/act"));
        let material = sec.send(
            "POST",
            &format!(
                "{session}/materials?title={}&file_name={}.txt",
                mark(known, "paper").replace(' ', "+"),
                mark(known, "x").replace(' ', "-")
            ),
            &[("content-type", "text/plain")],
            Some(mark(known, "words").as_bytes()),
        );
        side.know("hidden.material", made(&material, "/id"));
        let closed =
            sec.post(&format!("{path}/sessions"), &json!({"kind": "closed", "title": mark(false, "closed half")}));
        let room = made(&closed, "/room");
        // It admits every contact point; those who are asked are in it no longer.
        for key in ["fr2", "se", "gone"] {
            let out = format!("/api/v1/rooms/{room}/admissions/{}", side.world.person(key));
            assert_eq!(de.delete(&out).status, 204);
        }
        enter(&mut de, &room);
        let written = de.post(&format!("/api/v1/rooms/{room}/notes"), &note(&mark(false, "plan"), MARK));
        side.know("hidden.closed.note", made(&written, "/id"));
        let draft = json!({"words": mark(known, "conclusions")});
        sec.put(&format!("{path}/conclusions"), 0, &draft).expect(200);
        side.know("hidden.closed", made(&closed, "/id"));
        side.know("hidden.closed.room", room);
        side.know("hidden.open", open);
        side.know("hidden.meeting", meeting);
    }

    /// A second closed session of the ordinary meeting, without those who are asked.
    fn second(&mut self, side: &mut Side) {
        let (mut sec, mut fr) = (side.world.client("sec"), side.world.client("fr"));
        let sessions = format!("/api/v1/meetings/{}/sessions", side.id("meeting"));
        let closed = sec.post(&sessions, &json!({"kind": "closed", "title": mark(false, "second")}));
        let (session, room) = (made(&closed, "/id"), made(&closed, "/room"));
        let admissions = format!("/api/v1/rooms/{room}/admissions");
        for key in ["fr2", "se"] {
            assert_eq!(fr.delete(&format!("{admissions}/{}", side.world.person(key))).status, 204);
        }
        // Colleagues of those who are asked.
        fr.post(&admissions, &json!({"person": side.world.person("no2"), "reach": "onward"})).expect(201);
        enter(&mut fr, &room);
        let written = fr.post(&format!("/api/v1/rooms/{room}/notes"), &note(&mark(false, "raid"), MARK));
        side.know("hidden.second.note", made(&written, "/id"));
        let agenda = json!({"items": [mark(false, "item")]});
        let reply = fr.put(&format!("/api/v1/sessions/{session}/agenda"), 0, &agenda);
        assert_eq!(reply.status, 204);
        side.know("hidden.second", session);
        side.know("hidden.second.room", room);
    }

    /// Somebody who acts for DE, and what DE proposes.
    fn people(&mut self, side: &mut Side) {
        let (mut sec, mut de) = (side.world.client("sec"), side.world.client("de"));
        let party = format!("/api/v1/parties/{}", side.world.party("DE"));
        let person =
            made(&sec.post(&format!("{party}/people"), &json!({"name": mark(self.known.people, "person")})), "/id");
        // Only for a time that is over: nobody who is asked may find a person by trying to admit one.
        let past = json!({"role": "contact_point", "from": "2021-01-01", "until": "2021-06-01", "source": mark(self.known.people, "letter")});
        side.know(
            "hidden.designation",
            made(&sec.post(&format!("/api/v1/people/{person}/designations"), &past), "/id"),
        );
        let proposal = json!({"kind": "designation", "person": person, "role": "contact_point", "source": mark(self.known.people, "cable")});
        side.know("hidden.proposal", made(&de.post(&format!("{party}/proposals"), &proposal), "/id"));
        side.know("hidden.person", person);
    }

    fn time(&mut self, what: &'static str) -> usize {
        let times = self.done.entry(what).or_default();
        *times += 1;
        *times
    }

    /// One more hidden thing happens. Each is done by somebody who may, over the interface.
    pub fn stir(&mut self, side: &mut Side) {
        if self.clients.is_empty() || self.still {
            return;
        }
        self.turn += 1;
        let (case, room) = (format!("/api/v1/cases/{}", side.id("hidden.case")), side.id("hidden.room"));
        let notes = format!("/api/v1/rooms/{room}/notes");
        let path = format!("{notes}/{}", side.id("hidden.note"));
        match self.turn % 14 {
            0 => drop(self.by("fr").get(&notes).expect(200)),
            1 => drop(self.by("fr").post(&notes, &note(&mark(false, "more"), MARK)).expect(201)),
            2 => {
                let version = self.time("version") + 2;
                let next = note(&mark(false, "and more"), MARK);
                self.by("fr").put(&path, i64::try_from(version).unwrap(), &next).expect(200);
            }
            3 => {
                let admissions = format!("/api/v1/rooms/{room}/admissions");
                let deep = side.world.person("deep");
                assert_eq!(self.by("fr").delete(&format!("{admissions}/{deep}")).status, 204);
                let act = self.by("fr").post(&admissions, &json!({"person": deep, "reach": "onward"}));
                side.know("hidden.admission", made(&act, "/act"));
            }
            4 => drop(enter(self.by("deep"), &room)),
            5 => {
                let release = side.id("hidden.note.release");
                assert_eq!(self.by("fr").delete(&format!("{path}/releases/{release}")).status, 204);
                let to_no = json!({"party": side.world.party("NO")});
                let again = self.by("fr").post(&format!("{path}/releases"), &to_no);
                side.know("hidden.note.release", made(&again, "/act"));
            }
            6 => drop(self.by("fr").get(&case).expect(200)),
            7 if !self.known.case => {
                let version = self.time("fiche");
                let fiche = json!({"fiche": fiche(&mark(false, "arrests again"))});
                self.by("fr").put(&case, i64::try_from(version).unwrap(), &fiche).expect(200);
            }
            8 if !self.known.case => {
                let release = side.id("hidden.release");
                assert_eq!(self.by("fr").delete(&format!("{case}/releases/{release}")).status, 204);
                let to_de = json!({"to": "state", "party": side.world.party("DE")});
                let again = self.by("fr").post(&format!("{case}/releases"), &to_de);
                side.know("hidden.release", made(&again, "/act"));
            }
            9 if !self.known.first => {
                let room = side.id("room");
                let mut fr = self.by("fr").again();
                enter(&mut fr, &room);
                fr.post(&format!("/api/v1/rooms/{room}/notes"), &note(&mark(false, "more names"), MARK)).expect(201);
            }
            10 if !self.known.meeting => {
                let meeting = side.id("hidden.meeting");
                let version = self.time("draft");
                let draft = json!({"words": mark(false, "more conclusions")});
                let path = format!("/api/v1/meetings/{meeting}/conclusions");
                self.by("sec").put(&path, i64::try_from(version).unwrap(), &draft).expect(200);
            }
            11 if !self.known.meeting => {
                let path =
                    format!("/api/v1/sessions/{}/materials?title={MARK}&file_name={MARK}.txt", side.id("hidden.open"));
                let words = format!("{MARK} again");
                self.by("sec")
                    .send("POST", &path, &[("content-type", "text/plain")], Some(words.as_bytes()))
                    .expect(201);
            }
            12 if !self.known.second => {
                let admissions = format!("/api/v1/rooms/{}/admissions", side.id("hidden.second.room"));
                let no2 = side.world.person("no2");
                assert_eq!(self.by("fr").delete(&format!("{admissions}/{no2}")).status, 204);
                self.by("fr").post(&admissions, &json!({"person": no2})).expect(201);
            }
            13 if !self.known.people => {
                let party = format!("/api/v1/parties/{}", side.world.party("DE"));
                let proposal = json!({"kind": "designation", "person_name": mark(false, "other"), "role": "contact_point", "source": MARK});
                self.by("de").post(&format!("{party}/proposals"), &proposal).expect(201);
            }
            _ => {}
        }
    }

    /// Whatever was asked: no word of what is hidden may stand in the answer.
    pub fn must_not_be_told(&mut self, role: &str, ask: &Ask, reply: &Reply) {
        let told = reply.text().contains(MARK) || reply.headers.values().any(|value| value.contains(MARK));
        if told {
            self.told.push(format!("{role}: {} {}: {}", ask.method, ask.path, reply.text()));
        }
    }
}

/// Opens a visit for whoever the client speaks for.
#[track_caller]
pub fn enter(client: &mut Client, room: &str) -> String {
    let visit = client.post(&format!("/api/v1/rooms/{room}/visits"), &json!({"purpose": "to prepare the next step"}));
    let visit = made(&visit, "/visit");
    client.visit = Some(visit.clone());
    visit
}
