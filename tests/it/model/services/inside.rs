//! Meetings and rooms: what is convened, opened, written and released, and who is let in.

use std::collections::BTreeSet;

use incamera::context::Moment;
use serde_json::{Value, json};

use super::super::network::{Doing, Gives, PARTIES, PEOPLE, Party, Person, SessionKind};
use super::super::sequence::{Change, MOST};
use super::{Walk, act, text, tick};
use crate::support::scene::{fiche, note};

impl Walk {
    pub(super) fn convenes(&mut self) {
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

    pub(super) fn adds_a_session(&mut self) {
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

    pub(super) fn takes_part(&mut self) {
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

    pub(super) fn adds_a_material(&mut self) {
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

    pub(super) fn opens_a_case(&mut self) {
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

    pub(super) fn admits(&mut self) {
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

    pub(super) fn ends_an_admission(&mut self) {
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
    pub(super) fn writes(&mut self) {
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

    pub(super) fn releases_a_note(&mut self) {
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

    pub(super) fn releases_a_case(&mut self) {
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
}
