//! "Who can see this, and why": the rule, the facts that held, and the acts they rest on, in words; now or
//! on a past date.

use actix_web::http::Method;
use askama::Template;

use super::TABLE_MOST;
use crate::access::explain::{Answer as Judged, Explanation};
use crate::access::rules::{self, Cond};
use crate::access::{Action, Asker, Kind};
use crate::audit::Event;
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{ActId, PersonId};
use crate::network::names::Names;
use crate::network::service::explain::{self, Question};
use crate::network::service::people;
use crate::server::page::{Shell, filter, show};
use crate::server::{Access, Answer, Call, Gives, Logs, Page, Query, Route, Takes, handler};

const QUERY: &[&str] = &["person", "thing", "at"];

/// The question, and its answer.
#[derive(Template)]
#[template(path = "network/explain.html")]
pub(super) struct ExplainPage {
    shell: Shell,
    /// What was asked, as it stands in the address.
    thing: String,
    person: String,
    at: String,
    /// Whom the reader may ask about: id and words.
    people: Vec<(String, String)>,
    answer: Option<Explanation>,
    names: Names,
}

impl ExplainPage {
    /// What decides whether the person may know of the thing; and all else that can be done with it.
    fn parts(answer: &Explanation) -> (Vec<&Judged>, Vec<&Judged>) {
        answer.actions.iter().partition(|one| one.action == answer.kind.seen_by())
    }

    /// The rule in words of the reader's language.
    fn rule(&self, judged: &Judged) -> String {
        sentence(&self.shell, &rules::rule(judged.action).when)
    }

    fn fact(&self, words: &str) -> String {
        fact(&self.shell, words)
    }

    /// The thing's own page, if it has one that its id leads to.
    fn path(answer: &Explanation) -> Option<String> {
        let folder = match answer.kind {
            Kind::Party => "parties",
            Kind::Person => "people",
            Kind::Act => "acts",
            Kind::Proposal => "proposals",
            Kind::Meeting | Kind::Conclusions => "meetings",
            Kind::Session => "sessions",
            Kind::Room => "rooms",
            Kind::Case => "cases",
            Kind::Entry => "audit/entries",
            Kind::Publication => "publications",
            Kind::Network | Kind::Material | Kind::Note => return None,
        };
        Some(format!("/{folder}/{}", answer.thing))
    }

    /// Whether the reader may look at the acts: the Secretariat and the auditor at all of administration,
    /// everybody at those about themselves.
    fn acts(&self, answer: &Explanation) -> bool {
        self.shell.officer()
            || self.shell.auditor()
            || self.people.first().is_some_and(|(me, _)| me == answer.person.as_str())
    }
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

pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::GET,
        path: "/explain",
        name: "page_explain",
        summary: "What a person may do with a thing, by which rules, because of which acts, now or on a past date.",
        access: Access::May(Action::UseNetwork),
        logs: Logs::Event(Event::Explained),
        takes: Takes::Query(QUERY),
        gives: Gives::Page,
        also: &[],
        handler: handler(explain),
    }]
}

/// What was typed, as it is shown again.
fn typed(query: &Query) -> [String; 3] {
    QUERY_IN_ORDER.map(|name| query.get(name).unwrap_or_default().trim().to_owned())
}

const QUERY_IN_ORDER: [&str; 3] = ["person", "thing", "at"];

/// `thing` is an id, or a kind and an id: `room:…`.
fn question(call: &Call, query: &Query) -> Result<Question, AppError> {
    let thing = query.get("thing").ok_or_else(|| AppError::field("thing", "missing"))?;
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

/// Whom the asker may ask about: the asker first, then the people of the same party, and whoever else the
/// asker oversees, for things that the overseer is not kept out of.
fn people_to_ask_about(
    work: &mut Work<'_>,
    asker: &Asker,
    kind: Kind,
    page: &Page,
) -> Result<Vec<(String, String)>, AppError> {
    let mut page = page.clone();
    (page.after, page.limit) = (None, TABLE_MOST);
    let all = matches!(kind, Kind::Party | Kind::Person | Kind::Act | Kind::Meeting | Kind::Proposal | Kind::Session);
    let party = if all { None } else { asker.party() };
    let list = people::list(work, asker, party, &page)?;
    let names = Names::of(work, list.items.iter().map(|one| &one.id), [])?;
    let mut people: Vec<(String, String)> = list
        .items
        .iter()
        .map(|one| (one.id.to_string(), format!("{} · {}", names.party_of(&one.id), one.name)))
        .collect();
    people.sort_by_key(|(id, words)| (asker.person().is_none_or(|me| me.as_str() != id), words.clone()));
    Ok(people)
}

async fn explain(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let typed = typed(&query);
    let answered = async {
        let question = question(&call, &query)?;
        let page = page.clone();
        call.see(move |work, asker| {
            let answer = explain::answer(work, asker, &question)?;
            let people = people_to_ask_about(work, asker, answer.kind, &page)?;
            let names = Names::of(work, [&answer.person], [])?;
            Ok((answer, people, names))
        })
        .await
    };
    match answered.await {
        Ok((shell, (answer, mut people, names))) => {
            let [_, thing, at] = typed;
            let person = answer.person.to_string();
            // Somebody in the same room, perhaps, whom the reader cannot look up elsewhere.
            if !people.iter().any(|(id, _)| *id == person) {
                people.push((person.clone(), names.person(&answer.person).to_owned()));
            }
            show(&shell.clone(), &ExplainPage { shell, thing, person, at, people, answer: Some(answer), names })
        }
        Err(error) => {
            let (shell, people) =
                call.failed(error)?.see(move |work, asker| people_to_ask_about(work, asker, Kind::Room, &page)).await?;
            let [person, thing, at] = typed;
            let names = Names::default();
            show(&shell.clone(), &ExplainPage { shell, thing, person, at, people, answer: None, names })
        }
    }
}

#[cfg(test)]
impl ExplainPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::access::explain::Because;
        use crate::access::{Basis, Fact};
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
        let page = |thing: &str, people, answer| Self {
            shell: shell.clone(),
            thing: thing.to_owned(),
            person: made::person(2).to_string(),
            at: String::new(),
            people,
            answer,
            names: made::names(),
        };
        vec![
            page("", Vec::new(), None),
            page("note:x", vec![(made::person(2).to_string(), "NO · <b>\u{202e}Ánna".into())], Some(answer)),
        ]
    }
}
