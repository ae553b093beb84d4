//! What the Secretariat does: standings, designations, their ends, accounts.

use incamera::context::Moment;
use serde_json::{Value, json};

use super::super::network::{Gives, PARTIES, PEOPLE, PartyKind, Person, Role, Standing, Tick};
use super::super::rows;
use super::super::sequence::Change;
use super::{PEOPLE_KEYS, Walk, act, text, tick};
use crate::support::World;

impl Walk {
    pub(super) fn stands(&mut self) {
        let (party, from) = (self.dice.below(PARTIES.len() - 1), self.date());
        let held = self.dice.of(&[Standing::Member, Standing::Observer, Standing::Associate, Standing::Invited]);
        let until = self.date().filter(|_| self.dice.once_in(2));
        let path = format!("/api/v1/parties/{}/standings", self.ids.parties[party]);
        self.records(&path, json!({"standing": rows::standing(held)}), Gives::Standing(party, held), (from, until));
    }

    pub(super) fn designates(&mut self) {
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

    pub(super) fn suspends(&mut self) {
        let person = self.person();
        let path = format!("/api/v1/people/{}/suspension", self.ids.people[person]);
        if self.records(&path, json!({}), Gives::Suspension(person), (None, None)) {
            self.clients[person] = None;
        }
    }

    /// An act of administration, by the officer. Whether it was done.
    pub(super) fn records(
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

    pub(super) fn ends_an_act(&mut self) {
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
    pub(super) fn off_boards(&mut self) {
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

    pub(super) fn leaves_every_room(&mut self, person: Person, now: Tick) {
        for visit in self.network.visits.iter_mut().filter(|visit| visit.person == person) {
            visit.ended = visit.ended.or(Some(now));
        }
    }

    /// An invitation, taken up: for somebody who has an account, it opens no room (decision 10).
    pub(super) fn gives_new_means(&mut self) {
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
}
