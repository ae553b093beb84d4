//! "Who can see this, and why": the rule, the facts that held, and the acts they rest on, in words; now or
//! on a past date.

use std::collections::BTreeSet;

use actix_web::http::Method;
use askama::Template;

use crate::access::explain::{Answer as Judged, Explanation};
use crate::access::rules::{self, Cond};
use crate::access::{self, Action, Asker, Fact, Kind, actions};
use crate::audit::Event;
use crate::cases::Case;
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{ActId, CaseId, NoteId, PersonId, RequestId, RoomId};
use crate::network::names::Names;
use crate::network::service::explain::{self, Question};
use crate::network::service::people;
use crate::rooms::requests::Request;
use crate::rooms::{self, Note};
use crate::server::page::{Shell, csv, filter, show};
use crate::server::{Access, Answer, Call, Gives, Logs, Page, Query, Route, Takes, handler};

const QUERY: &[&str] = &["person", "thing", "at"];
const OF_NOTE: &[&str] = &["person", "at"];

/// The question, and its answer.
#[derive(Template)]
#[template(path = "network/explain.html")]
pub(super) struct ExplainPage {
    shell: Shell,
    /// Where the question is asked, and what was asked, as it stands in the address.
    path: String,
    thing: String,
    person: String,
    at: String,
    /// Whom the reader may ask about: id and words.
    people: Vec<(String, String)>,
    answer: Option<Explanation>,
    /// Who can see it now, of those whom the reader may ask about: id, words, and whether,
    /// if that is the reader's to know.
    who: Vec<(PersonId, String, Option<bool>)>,
    names: Names,
}

impl ExplainPage {
    /// Whether the answer tells of something closed, and must look like it.
    fn closed(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| in_rooms(answer.kind))
    }

    /// What decides whether the person may know of the thing; and all else that can be done with it.
    fn parts(answer: &Explanation) -> (Vec<&Judged>, Vec<&Judged>) {
        answer.actions.iter().partition(|one| one.action == answer.kind.seen_by())
    }

    /// Whether the thing stands in the address: of a note it is the path that says so.
    fn names_thing(&self) -> bool {
        self.path == "/explain"
    }

    /// The address of the same question about somebody else.
    fn about(&self, person: &PersonId) -> String {
        let thing = if self.names_thing() { self.thing.as_str() } else { "" };
        format!("{}person={person}", filter::address(&self.path, &[("thing", thing)]))
    }

    /// The rule in words of the reader's language: each of the ways in which it is met, of which one is enough.
    fn ways(&self, judged: &Judged) -> Vec<String> {
        ways(&rules::rule(judged.action).when).into_iter().map(|way| sentence(&self.shell, way)).collect()
    }

    fn fact(&self, words: &str) -> String {
        fact(&self.shell, words)
    }

    /// The thing's own page, if it has one that its id leads to.
    fn thing_path(answer: &Explanation) -> Option<String> {
        let folder = match answer.kind {
            Kind::Party => "parties",
            Kind::Person => "people",
            Kind::Act => "acts",
            Kind::Proposal => "proposals",
            Kind::Meeting | Kind::Conclusions => "meetings",
            Kind::Session => "sessions",
            Kind::Room => "rooms",
            Kind::Case => "cases",
            Kind::Request => "requests",
            Kind::Entry => "audit/entries",
            Kind::Publication => "publications",
            Kind::Network | Kind::Material | Kind::Note => return None,
        };
        Some(format!("/{folder}/{}", answer.thing))
    }

    /// Whether the acts behind a fact have pages for the reader: admissions and releases have none.
    fn leads(&self, answer: &Explanation, fact: &str) -> bool {
        let of_asker = Fact::ALL.iter().any(|one| one.of_asker() && one.words() == fact);
        self.acts(answer) && (of_asker || !self.closed())
    }

    /// Whether the reader may look at the acts: the Secretariat and the auditor at all of administration,
    /// everybody at those about themselves.
    fn acts(&self, answer: &Explanation) -> bool {
        self.shell.officer()
            || self.shell.auditor()
            || self.people.first().is_some_and(|(me, _)| me == answer.person.as_str())
    }
}

/// Whether things of this kind are in rooms, or have one.
const fn in_rooms(kind: Kind) -> bool {
    matches!(kind, Kind::Room | Kind::Note | Kind::Case | Kind::Request)
}

fn fact(shell: &Shell, words: &str) -> String {
    shell.say().fixed("fact", words)
}

fn sentence(shell: &Shell, condition: &Cond) -> String {
    let inner = |part: &Cond| match part {
        Cond::All(_) | Cond::Any(_) => format!("({})", sentence(shell, part)),
        Cond::Is(_) | Cond::Not(_) => sentence(shell, part),
    };
    let joined =
        |parts: &[Cond], between: String| parts.iter().map(inner).collect::<Vec<_>>().join(&format!(" {between} "));
    match condition {
        Cond::Is(one) => fact(shell, one.words()),
        Cond::Not(one) => shell.t1("rule-not", "fact", fact(shell, one.words())),
        Cond::All(parts) => joined(parts, shell.t("rule-and")),
        Cond::Any(parts) => joined(parts, shell.t("rule-or")),
    }
}

/// What a condition asks for at least one of. Ten alternatives in one sentence are not read by anybody.
fn ways(condition: &Cond) -> Vec<&Cond> {
    match condition {
        Cond::Any(parts) => parts.iter().flat_map(ways).collect(),
        Cond::Is(_) | Cond::Not(_) | Cond::All(_) => vec![condition],
    }
}

pub(super) fn routes() -> Vec<Route> {
    let route = Route {
        method: Method::GET,
        path: "/explain",
        name: "page_explain",
        summary: "What a person may do with a thing, by which rules, because of which acts, now or on a past date.",
        access: Access::May(Action::UseNetwork),
        logs: Logs::Event(Event::Explained),
        takes: Takes::Query(QUERY),
        gives: Gives::Page,
        also: &[404],
        handler: handler(explain),
    };
    vec![
        Route {
            path: "/rooms/{room}/notes/{note}/explanation",
            name: "page_explain_note",
            summary: "The same of a note: it takes a visit, which a browser brings to the pages of the room alone.",
            access: Access::May(Action::ReadNote),
            takes: Takes::Query(OF_NOTE),
            handler: handler(explain_note),
            ..route.clone()
        },
        route,
    ]
}

/// `thing` is an id, or a kind and an id: `room:…`.
fn question(call: &Call, query: &Query, thing: &str) -> Result<Question, AppError> {
    let (kind, id) = match thing.split_once(':') {
        Some((kind, id)) => {
            (Some(Kind::parse(kind).ok_or_else(|| AppError::field("thing", "no such kind of thing"))?), id)
        }
        None => (None, thing),
    };
    // Every kind's ids are written alike.
    let id = ActId::parse(id).ok_or_else(|| AppError::field("thing", "not an id, nor a kind and an id"))?;
    let shell = call.shell()?;
    let moment = |text: &str| shell.say().moment_typed(text.trim()).as_deref().and_then(Moment::parse);
    Ok(Question {
        person: filter::chosen(query, "person", PersonId::parse)?,
        kind,
        thing: id.to_string(),
        at: filter::chosen(query, "at", moment)?,
    })
}

/// Whom the asker may ask about: the asker first, then the people of the same party, whoever else the asker
/// oversees, for things that the overseer is not kept out of, and those in the same room.
fn people_to_ask_about(
    work: &mut Work<'_>,
    asker: &Asker,
    (kind, id): (Kind, &str),
    page: &Page,
) -> Result<Vec<(PersonId, String)>, AppError> {
    let mut page = page.clone();
    (page.after, page.limit) = (None, csv::MOST);
    let all = matches!(kind, Kind::Party | Kind::Person | Kind::Act | Kind::Meeting | Kind::Proposal | Kind::Session);
    let party = if all { None } else { asker.party() };
    let list = people::list(work, asker, party, &page)?;
    let ids: BTreeSet<PersonId> =
        list.items.into_iter().map(|one| one.id).chain(roommates(work, asker, kind, id)?).collect();
    let names = Names::of(work, &ids, [])?;
    let words = |id: &PersonId| format!("{} · {}", names.party_of(id), names.person(id));
    let mut people: Vec<(PersonId, String)> = ids.iter().map(|id| (id.clone(), words(id))).collect();
    people.sort_by_key(|(id, words)| (asker.person() != Some(id), words.clone()));
    Ok(people)
}

/// Those who are in the thing's room, if the asker may know that.
fn roommates(work: &mut Work<'_>, asker: &Asker, kind: Kind, id: &str) -> Result<Vec<PersonId>, AppError> {
    let room = match kind {
        Kind::Room => RoomId::parse(id),
        Kind::Note => match NoteId::parse(id) {
            Some(id) => Some(access::permit::<actions::ReadNote, Note>(work, asker, &id)?.into_thing().room_id),
            None => None,
        },
        Kind::Case => match CaseId::parse(id) {
            Some(id) => Some(access::permit::<actions::SeeCase, Case>(work, asker, &id)?.into_thing().room_id),
            None => None,
        },
        Kind::Request => match RequestId::parse(id) {
            Some(id) => Some(access::permit::<actions::SeeRequest, Request>(work, asker, &id)?.into_thing().room_id),
            None => None,
        },
        _ => None,
    };
    let (Some(room), Some(party)) = (room, asker.party()) else { return Ok(Vec::new()) };
    match rooms::readers(work, asker, &room, party) {
        Ok(readers) => Ok(readers.into_iter().map(|reader| reader.person).collect()),
        // Whoever sees a fiche that was released is not in its room.
        Err(error) if error.fault == Fault::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

async fn explain(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let thing = query.get("thing").unwrap_or_default().trim().to_owned();
    explain_at(call, "/explain".into(), &query, thing).await
}

async fn explain_note(call: Call) -> Result<Answer, AppError> {
    let (room, note) = (call.path("room", RoomId::parse)?, call.path("note", NoteId::parse)?);
    let path = format!("/rooms/{room}/notes/{note}/explanation");
    let query = call.query(OF_NOTE)?;
    let thing = format!("{}:{note}", Kind::Note);
    call.read(move |work, asker| {
        let there = access::permit::<actions::ReadNote, Note>(work, asker, &note)?.into_thing().room_id == room;
        if there { Ok(()) } else { Err(Fault::NotFound.into()) }
    })
    .await?;
    explain_at(call, path, &query, thing).await
}

async fn explain_at(call: Call, path: String, query: &Query, thing: String) -> Result<Answer, AppError> {
    let page = query.page()?;
    let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
    let (person, at) = (text("person"), text("at"));
    let answered = async {
        if thing.is_empty() {
            return Err(AppError::field("thing", "missing"));
        }
        let question = question(&call, query, &thing)?;
        let page = page.clone();
        call.see(move |work, asker| {
            let answer = explain::answer(work, asker, &question)?;
            let people = people_to_ask_about(work, asker, (answer.kind, &answer.thing), &page)?;
            // On a past date others were in the room.
            let inside = in_rooms(answer.kind) && question.at.is_none();
            let ids: Vec<PersonId> = people.iter().filter(|_| inside).map(|(id, _)| id.clone()).collect();
            let who = explain::who(work, asker, answer.kind, &answer.thing, &ids)?;
            let names = Names::of(work, [&answer.person], [])?;
            Ok((answer, people, who, names))
        })
        .await
    };
    match answered.await {
        Ok((shell, (answer, people, who, names))) => {
            let words = |id: &PersonId| people.iter().find(|(one, _)| one == id).map(|(_, words)| words.clone());
            let who = who.into_iter().filter_map(|(id, may)| Some((id.clone(), words(&id)?, may))).collect();
            let person = answer.person.to_string();
            let people = people.into_iter().map(|(id, words)| (id.to_string(), words)).collect();
            show(
                &shell.clone(),
                &ExplainPage { shell, path, thing, person, at, people, answer: Some(answer), who, names },
            )
        }
        Err(error) => {
            let (shell, people) = call
                .failed(error)?
                .see(move |work, asker| people_to_ask_about(work, asker, (Kind::Material, ""), &page))
                .await?;
            let people = people.into_iter().map(|(id, words)| (id.to_string(), words)).collect();
            let (who, names) = (Vec::new(), Names::default());
            show(&shell.clone(), &ExplainPage { shell, path, thing, person, at, people, answer: None, who, names })
        }
    }
}

#[cfg(test)]
impl ExplainPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::access::Basis;
        use crate::access::explain::Because;
        let judged = |action, may, prohibited_by| Judged {
            action,
            may,
            bring: vec!["second factor"],
            rule: String::new(),
            source: "Design §2",
            prohibited_by,
            because: vec![
                Because { fact: Fact::ContactPoint.words(), acts: vec![made::act(1), made::act(2)] },
                Because { fact: Fact::OfSession.words(), acts: Vec::new() },
            ],
            lacking: vec![Fact::Admitted.words()],
        };
        let answer = Explanation {
            person: made::person(2),
            kind: Kind::Note,
            thing: made::act(7).to_string(),
            at: made::day("2026-05-01"),
            may: true,
            basis: vec![Basis {
                role: "contact_point".into(),
                standing: Some("member".into()),
                designation: made::act(1),
                standing_act: Some(made::act(2)),
                enrolment: made::act(3),
            }],
            withheld: vec![Fact::ReleasedToMyParty.words()],
            actions: vec![
                judged(Action::ReadNote, true, None),
                judged(Action::ReviseNote, false, Some("Nobody outside is told.")),
            ],
        };
        let page = |thing: &str, people, answer: Option<Explanation>| Self {
            shell: shell.clone(),
            path: "/explain".into(),
            thing: thing.to_owned(),
            person: made::person(2).to_string(),
            at: String::new(),
            people,
            who: vec![
                (made::person(2), "NO · <b>\u{202e}Ánna".into(), answer.as_ref().map(|one| one.may)),
                (made::person(1), "NL · Noor".into(), Some(false)),
            ],
            answer,
            names: made::names(),
        };
        vec![
            page("", Vec::new(), None),
            page("note:x", vec![(made::person(2).to_string(), "NO · <b>\u{202e}Ánna".into())], Some(answer)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::FactSet;

    #[test]
    fn a_rule_is_met_when_one_of_its_ways_is() {
        let mut alternatives = 0;
        for action in Action::ALL {
            let when = &rules::rule(*action).when;
            let all = ways(when);
            alternatives += usize::from(all.len() > 1);
            // All facts, none, all but each one, and each one alone.
            let every = Fact::ALL.iter().copied().collect::<FactSet>();
            let but = |left: Fact| Fact::ALL.iter().copied().filter(|fact| *fact != left).collect::<FactSet>();
            let mut tried = vec![every, FactSet::NONE];
            tried.extend(Fact::ALL.iter().flat_map(|fact| [but(*fact), std::iter::once(*fact).collect()]));
            for facts in tried {
                assert_eq!(when.holds(facts), all.iter().any(|way| way.holds(facts)), "{}", action.as_str());
            }
        }
        assert!(alternatives > 3);
    }
}
