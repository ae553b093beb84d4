//! What the Secretariat decides about a person: designation, election, suspension, off-boarding.

use askama::Template;

use super::form::{Field, FormPage};
use super::people::colleagues;
use super::{look, options, or_none, send};
use crate::access::{self, Action, Mark, actions, kinds};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::PersonId;
use crate::network::model::{
    Body, DesignationRequest, ElectionRequest, Function, PersonBody, Role, SourceRequest, Term,
};
use crate::network::names::Names;
use crate::network::service::{parties, people, rights};
use crate::network::store::PersonRecord;
use crate::server::page::{Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Route, Takes, handler};

/// What off-boarding ends, before it does.
#[derive(Template)]
#[template(path = "network/off_boarding.html")]
pub(super) struct OffBoardingPage {
    shell: Shell,
    person: PersonBody,
    names: Names,
}

impl OffBoardingPage {
    /// The acts that it ends, in words.
    fn ends(&self) -> Vec<(String, &Term)> {
        let shell = &self.shell;
        let designations =
            self.person.designations.iter().map(|one| (shell.word("role", one.role.as_str()), &one.term));
        let elections = self.person.elections.iter().map(|one| (shell.word("body", one.body.as_str()), &one.term));
        let enrolments = self.person.account.iter().flat_map(|account| &account.enrolments);
        let enrolments = enrolments.map(|term| (shell.t("account-enrolled"), term));
        // What has yet to begin ends as well: the newest of those that are over lie behind what lasts.
        designations
            .chain(elections)
            .chain(enrolments)
            .filter(|(_, term)| term.in_force || term.until.is_none())
            .collect()
    }
}

pub(super) fn routes() -> Vec<Route> {
    const DESIGNATIONS: &str = "/people/{person}/designations";
    const ELECTIONS: &str = "/people/{person}/elections";
    const SUSPENSION: &str = "/people/{person}/suspension";
    const OFF_BOARDING: &str = "/people/{person}/off-boarding";
    let form =
        |path, name, summary, action, handler| look(path, name, summary, Access::May(action), Takes::Nothing, handler);
    vec![
        form(
            DESIGNATIONS,
            "page_new_designation",
            "The form for a designation.",
            Action::Designate,
            handler(new_designation),
        ),
        send(
            DESIGNATIONS,
            "page_designate",
            "Records a designation.",
            (Action::Designate, Event::ActRecorded),
            schema::<DesignationRequest>,
            handler(designate),
        ),
        form(ELECTIONS, "page_new_election", "The form for an election.", Action::Elect, handler(new_election)),
        send(
            ELECTIONS,
            "page_elect",
            "Records an election.",
            (Action::Elect, Event::ActRecorded),
            schema::<ElectionRequest>,
            handler(elect),
        ),
        form(SUSPENSION, "page_new_suspension", "The form for a suspension.", Action::Suspend, handler(new_suspension)),
        send(
            SUSPENSION,
            "page_suspend",
            "Keeps a person from logging in.",
            (Action::Suspend, Event::ActRecorded),
            schema::<SourceRequest>,
            handler(suspend),
        ),
        form(
            OFF_BOARDING,
            "page_before_off_boarding",
            "What off-boarding a person ends.",
            Action::OffBoard,
            handler(before_off_boarding),
        ),
        send(
            OFF_BOARDING,
            "page_off_board",
            "Ends every right of a person.",
            (Action::OffBoard, Event::OffBoarded),
            schema::<SourceRequest>,
            handler(off_board),
        ),
    ]
}

/// The person a form is about, if the asker may do that to her.
async fn person<A>(call: &Call) -> Result<(Shell, PersonBody), AppError>
where
    A: Mark<Kind = kinds::Person>,
{
    let id = call.path("person", PersonId::parse)?;
    call.see(move |work, asker| {
        access::permit::<A, PersonRecord>(work, asker, &id)?;
        people::get(work, asker, &id)
    })
    .await
}

async fn new_designation(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let path = format!("/people/{id}");
    let page = call.query(&[])?.page()?;
    let (shell, (person, kind, others)) = call
        .see(move |work, asker| {
            access::permit::<actions::Designate, PersonRecord>(work, asker, &id)?;
            let person = people::get(work, asker, &id)?;
            let kind = parties::get(work, asker, &person.party)?.kind;
            let others = colleagues(work, asker, &person.party, Some(&id), &page)?;
            Ok((person, kind, others))
        })
        .await?;
    let fitting = Role::ALL.iter().filter(|role| role.fits(kind)).map(|one| one.as_str());
    let functions = options(&shell, "function", Function::ALL.iter().map(|one| one.as_str()));
    let mut fields = vec![
        Field::choice("role", shell.t("role"), options(&shell, "role", fitting)),
        Field::choice("function", shell.t("function"), or_none(shell.t("choice-none"), functions)),
    ];
    if !others.is_empty() {
        fields.push(Field::choice("stand_in_for", shell.t("stand-in-for"), or_none(shell.t("stand-in-no"), others)));
    }
    fields.extend([Field::from(&shell), Field::until(&shell), Field::source(&shell)]);
    let page = FormPage {
        name: "new-designation",
        title: shell.t("designate-title"),
        about: Some((person.name, path.clone())),
        intro: shell.t("designate-intro"),
        action: format!("{path}/designations"),
        fields,
        button: shell.t("designate-do"),
        ends: false,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn designate(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let path = format!("/people/{id}");
    let done = async {
        let request = call.form::<DesignationRequest>()?.judged()?;
        call.write(move |work, asker| people::designate(work, asker, &id, &request)).await
    };
    match done.await {
        Ok(_) => Answer::see(&path),
        Err(error) => new_designation(call.failed(error)?).await,
    }
}

async fn new_election(call: Call) -> Result<Answer, AppError> {
    let (shell, person) = person::<actions::Elect>(&call).await?;
    let path = format!("/people/{}", person.id);
    let bodies = options(&shell, "body", Body::ALL.iter().map(|one| one.as_str()));
    let fields = vec![
        Field::choice("body", shell.t("elected-to"), bodies),
        Field::from(&shell),
        Field::until(&shell),
        Field::source(&shell),
    ];
    let page = FormPage {
        name: "new-election",
        title: shell.t("elect-title"),
        about: Some((person.name, path.clone())),
        intro: shell.t("elect-intro"),
        action: format!("{path}/elections"),
        fields,
        button: shell.t("elect-do"),
        ends: false,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn elect(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let path = format!("/people/{id}");
    let done = async {
        let request = call.form::<ElectionRequest>()?.judged()?;
        call.write(move |work, asker| people::elect(work, asker, &id, &request)).await
    };
    match done.await {
        Ok(_) => Answer::see(&path),
        Err(error) => new_election(call.failed(error)?).await,
    }
}

async fn new_suspension(call: Call) -> Result<Answer, AppError> {
    let (shell, person) = person::<actions::Suspend>(&call).await?;
    let path = format!("/people/{}", person.id);
    let page = FormPage {
        name: "new-suspension",
        title: shell.t("suspend-title"),
        about: Some((person.name, path.clone())),
        intro: shell.t("suspend-intro"),
        action: format!("{path}/suspension"),
        fields: vec![Field::source(&shell)],
        button: shell.t("suspend-do"),
        ends: true,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn suspend(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let path = format!("/people/{id}");
    let done = async {
        let request = call.form::<SourceRequest>()?.judged()?;
        call.write(move |work, asker| rights::suspend(work, asker, &id, &request)).await
    };
    match done.await {
        Ok(_) => Answer::see(&path),
        Err(error) => new_suspension(call.failed(error)?).await,
    }
}

async fn before_off_boarding(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let (shell, (person, names)) = call
        .see(move |work, asker| {
            access::permit::<actions::OffBoard, PersonRecord>(work, asker, &id)?;
            let person = people::get(work, asker, &id)?;
            let names = Names::of(work, [], [&person.party])?;
            Ok((person, names))
        })
        .await?;
    show(&shell.clone(), &OffBoardingPage { shell, person, names })
}

async fn off_board(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let path = format!("/people/{id}");
    let done = async {
        let request = call.form::<SourceRequest>()?.judged()?;
        call.write(move |work, asker| rights::off_board(work, asker, &id, &request)).await
    };
    match done.await {
        Ok(_) => Answer::see(&path),
        Err(error) => before_off_boarding(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl OffBoardingPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::network::model::DesignationBody;
        let page = |designations| Self {
            shell: shell.clone(),
            person: PersonBody {
                id: made::person(2),
                name: "<b>\u{202e}Ánna</b>".into(),
                party: made::party(2),
                designations,
                elections: Vec::new(),
                account: None,
            },
            names: made::names(),
        };
        let designation = DesignationBody {
            role: Role::Counterpart,
            function: None,
            stand_in_for: None,
            term: made::term(1, "2024-01-01", None),
        };
        vec![page(Vec::new()), page(vec![designation])]
    }
}
