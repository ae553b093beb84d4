//! People: the list, and one of them with all that the person's rights rest on.

use askama::Template;

use super::form::{Field, FormPage};
use super::{look, or_none, saved, send};
use crate::access::{self, Action, Asker, Fact, actions};
use crate::audit::Event;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId};
use crate::network::model::{PersonBody, PersonLine, PersonRequest};
use crate::network::names::Names;
use crate::network::service::{parties, people};
use crate::network::store::{PartyRecord, WantedParties};
use crate::server::answer::List;
use crate::server::page::{Shell, csv, filter, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Page, Route, Takes, handler};

const QUERY: &[&str] = &["party", "cursor", "limit"];
const TABLE: &[&str] = &["party"];

/// The people.
#[derive(Template)]
#[template(path = "network/people.html")]
pub(super) struct PeoplePage {
    shell: Shell,
    people: List<PersonLine>,
    names: Names,
    party: Option<PartyId>,
    /// The parties to choose from, for those who see people of several.
    parties: Vec<(String, String)>,
}

impl PeoplePage {
    fn party(&self) -> &str {
        self.party.as_ref().map_or("", PartyId::as_str)
    }

    fn address(&self, path: &str) -> String {
        filter::address(path, &[("party", self.party())])
    }
}

/// A person.
#[derive(Template)]
#[template(path = "network/person.html")]
pub(super) struct PersonPage {
    shell: Shell,
    person: PersonBody,
    names: Names,
    /// Whether the reader may look at the acts.
    acts: bool,
    /// Whether the reader administers this person's rights: an officer, but not one's own.
    administers: bool,
    /// Whether it is one of the reader's own party, about whom the reader may propose something.
    own: bool,
}

pub(super) fn routes() -> Vec<Route> {
    let inside = Access::May(Action::UseNetwork);
    vec![
        look(
            "/people",
            "page_list_people",
            "The people the reader may see.",
            inside,
            Takes::Query(QUERY),
            handler(list),
        ),
        saved(
            "/people.csv",
            "page_people_table",
            "The people the reader may see, as a table to be saved.",
            inside,
            TABLE,
            handler(table),
        ),
        look(
            "/people/{person}",
            "page_get_person",
            "A person, with designations and elections through time.",
            Access::May(Action::SeePerson),
            Takes::Nothing,
            handler(get),
        ),
        look(
            "/parties/{party}/people",
            "page_new_person",
            "The form for a person.",
            Access::May(Action::RecordPerson),
            Takes::Nothing,
            handler(new),
        ),
        send(
            "/parties/{party}/people",
            "page_record_person",
            "Records a person who acts for a party.",
            (Action::RecordPerson, Event::PersonRecorded),
            schema::<PersonRequest>,
            handler(create),
        ),
    ]
}

/// The parties to choose from: code and name, by code.
pub(super) fn all_parties(work: &mut Work<'_>, asker: &Asker, page: &Page) -> Result<Vec<(String, String)>, AppError> {
    let mut page = page.clone();
    (page.after, page.limit) = (None, csv::MOST);
    let list = parties::list(work, asker, &WantedParties::default(), &page)?;
    Ok(list.items.into_iter().map(|party| (party.id.to_string(), format!("{} · {}", party.code, party.name))).collect())
}

/// The people of a party to choose from, but for one, by name.
pub(super) fn colleagues(
    work: &mut Work<'_>,
    asker: &Asker,
    party: &PartyId,
    but: Option<&PersonId>,
    page: &Page,
) -> Result<Vec<(String, String)>, AppError> {
    let mut page = page.clone();
    (page.after, page.limit) = (None, csv::MOST);
    let list = people::list(work, asker, Some(party), &page)?;
    Ok(list
        .items
        .into_iter()
        .filter(|person| Some(&person.id) != but)
        .map(|person| (person.id.to_string(), person.name))
        .collect())
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let party = filter::chosen(&query, "party", PartyId::parse)?;
    let wanted = party.clone();
    let (shell, (people, names, parties)) = call
        .see(move |work, asker| {
            let list = people::list(work, asker, wanted.as_ref(), &page)?;
            let names = Names::of(work, [], list.items.iter().map(|person| &person.party))?;
            let overseer = asker.facts().has(Fact::SecretariatOfficer) || asker.facts().has(Fact::Auditor);
            let parties = if overseer { all_parties(work, asker, &page)? } else { Vec::new() };
            Ok((list, names, parties))
        })
        .await?;
    let parties = if parties.is_empty() { parties } else { or_none(shell.t("filter-any"), parties) };
    show(&shell.clone(), &PeoplePage { shell, people, names, party, parties })
}

async fn table(call: Call) -> Result<Answer, AppError> {
    let query = call.query(TABLE)?;
    let mut page = query.page()?;
    page.limit = csv::MOST;
    let party = filter::chosen(&query, "party", PartyId::parse)?;
    let (shell, (people, names)) = call
        .see(move |work, asker| {
            let list = people::list(work, asker, party.as_ref(), &page)?;
            let names = Names::of(work, [], list.items.iter().map(|person| &person.party))?;
            Ok((list, names))
        })
        .await?;
    let head = ["name", "party", "designated-as", "function"];
    csv::answer(&shell, "people.csv", &head, people, |person| {
        let roles: Vec<_> = person.designations.iter().map(|one| shell.word("role", one.role.as_str())).collect();
        let functions: Vec<_> = person
            .designations
            .iter()
            .filter_map(|one| one.function)
            .map(|function| shell.word("function", function.as_str()))
            .collect();
        vec![person.name, names.code(&person.party).to_owned(), roles.join("; "), functions.join("; ")]
    })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let (shell, (person, names, acts, oneself, own)) = call
        .see(move |work, asker| {
            let person = people::get(work, asker, &id)?;
            let stood_in = person.designations.iter().filter_map(|one| one.stand_in_for.as_ref());
            let names = Names::of(work, stood_in, [&person.party])?;
            let facts = asker.facts();
            let oneself = asker.person() == Some(&id);
            let acts = facts.has(Fact::SecretariatOfficer) || facts.has(Fact::Auditor) || oneself;
            Ok((person, names, acts, oneself, asker.party().cloned()))
        })
        .await?;
    let own = shell.state() && own.as_ref() == Some(&person.party);
    let administers = shell.officer() && !oneself;
    show(&shell.clone(), &PersonPage { shell, person, names, acts, administers, own })
}

async fn new(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let path = format!("/parties/{id}");
    let (shell, party) = call
        .see(move |work, asker| {
            access::permit::<actions::RecordPerson, PartyRecord>(work, asker, &id)?;
            parties::get(work, asker, &id)
        })
        .await?;
    let fields = vec![Field::line("name", shell.t("name"), String::new())];
    let page = FormPage {
        name: "new-person",
        title: shell.t("person-new"),
        about: Some((party.name, path.clone())),
        intro: shell.t("person-new-intro"),
        action: format!("{path}/people"),
        fields,
        button: shell.t("person-new-do"),
        ends: false,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn create(call: Call) -> Result<Answer, AppError> {
    let party = call.path("party", PartyId::parse)?;
    let created = async {
        let request = call.form::<PersonRequest>()?.judged()?;
        call.write(move |work, asker| people::create(work, asker, &party, &request)).await
    };
    match created.await {
        Ok(person) => Answer::see(&format!("/people/{}", person.id)),
        Err(error) => new(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl PeoplePage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::network::model::{Function, Role, RoleHeld};
        let line = |number, name: &str, designations| PersonLine {
            id: made::person(number),
            name: name.to_owned(),
            party: made::party(number),
            designations,
        };
        let held = RoleHeld { act: made::act(1), role: Role::ContactPoint, function: Some(Function::Prosecutor) };
        let page = |items, next, parties, party| Self {
            shell: shell.clone(),
            people: List { items, next },
            names: made::names(),
            party,
            parties,
        };
        vec![
            page(Vec::new(), None, Vec::new(), None),
            page(
                vec![line(1, "Noor Made-Up", vec![held]), line(2, "<b>\u{202e}Ánna</b>", Vec::new())],
                Some("bmV4dA".into()),
                vec![(String::new(), "–".into()), (made::party(2).to_string(), "NO · Norway <script>".into())],
                Some(made::party(2)),
            ),
        ]
    }
}

#[cfg(test)]
impl PersonPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::network::model::{AccountState, Body, DesignationBody, ElectionBody, Function, Role};
        let person = |designations, elections, account| PersonBody {
            id: made::person(2),
            name: "<b>\u{202e}Ánna</b>".into(),
            party: made::party(2),
            designations,
            elections,
            account,
        };
        let page = |person, acts, own| Self {
            shell: shell.clone(),
            person,
            names: made::names(),
            acts,
            administers: shell.officer(),
            own,
        };
        let designation = DesignationBody {
            role: Role::Counterpart,
            function: Some(Function::Prosecutor),
            stand_in_for: Some(made::person(1)),
            term: made::term(1, "2024-01-01", None),
        };
        let election =
            ElectionBody { body: Body::SteeringBoard, term: made::term(2, "2024-01-01", Some("2025-01-01")) };
        let account = AccountState {
            in_force: true,
            enrolments: vec![made::term(3, "2024-01-01", None)],
            suspensions: vec![made::term(4, "2024-03-01", Some("2024-04-01"))],
        };
        let no_account = AccountState { in_force: false, enrolments: Vec::new(), suspensions: Vec::new() };
        vec![
            page(person(Vec::new(), Vec::new(), None), false, true),
            page(person(Vec::new(), Vec::new(), Some(no_account)), true, false),
            page(person(vec![designation], vec![election], Some(account)), true, false),
        ]
    }
}
