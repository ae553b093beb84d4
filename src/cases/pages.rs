//! The register as pages. Whoever has no room of his own in a case file sees its fiche and nothing beside.

#[cfg(test)]
mod samples;

use actix_web::http::Method;
use askama::Template;

#[cfg(test)]
pub(crate) use self::samples::samples;
use super::model::{
    CaseBody, CaseLine, Crime, Fiche, LinkBody, OpenBody, ReleaseBody, ReleaseTo, ReviseBody, Stage, VisibleTo,
};
use super::service;
use crate::access::{self, Action, Asker, TheNetwork, actions};
use crate::audit::Event;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{ActId, CaseId, PartyId};
use crate::meetings::known::{Known, known};
use crate::network::names::{Names, STATES_OF_THE_NETWORK, to_choose};
use crate::server::answer::List;
use crate::server::page::{Nothing, Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const QUERY: &[&str] = &["party", "cursor", "limit"];

/// The register.
#[derive(Template)]
#[template(path = "cases/list.html")]
struct CasesPage {
    shell: Shell,
    cases: List<CaseLine>,
    names: Names,
    states: Vec<(String, String)>,
    party: String,
}

impl CasesPage {
    /// The address of the list, to which a cursor is added.
    fn base(&self) -> String {
        if self.party.is_empty() { "/cases?".to_owned() } else { format!("/cases?party={}&", self.party) }
    }
}

/// A case file.
#[derive(Template)]
#[template(path = "cases/case.html")]
struct CasePage {
    shell: Shell,
    case: CaseBody,
    names: Names,
    /// The meetings it is linked to: id and words.
    meetings: Vec<(String, String)>,
    /// What it may be released and linked to, for those who may.
    states: Vec<(String, String)>,
    others: Vec<(String, String)>,
}

/// The form for a fiche: of a new case file, or a new version.
#[derive(Template)]
#[template(path = "cases/form.html")]
struct CaseFormPage {
    shell: Shell,
    action: String,
    based_on: Option<i64>,
    fiche: Fiche,
    states: Vec<(String, String)>,
    /// What somebody else saved meanwhile.
    theirs: Option<CaseBody>,
}

impl CaseFormPage {
    fn offences(&self) -> String {
        self.fiche.concurrent_offences.join("\n")
    }

    fn stages(&self) -> Vec<(String, String)> {
        Stage::ALL.iter().map(|stage| (stage.as_str().to_owned(), self.shell.word("stage", stage.as_str()))).collect()
    }
}

/// The words for a meeting in a list to choose from.
fn meeting_words(shell: &Shell, meeting: &Known) -> String {
    let days = shell.days(&meeting.first_day, &meeting.last_day);
    match meeting.number {
        Some(number) => shell.t2("meeting-choice", "number", number, "days", days),
        None => shell.t1("meeting-choice-ad-hoc", "days", days),
    }
}

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [looks(), forms()].concat()
}

fn looks() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/cases",
            name: "page_list_cases",
            summary: "The case files the reader may know of.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::CasesListed),
            takes: Takes::Query(QUERY),
            gives: Gives::Page,
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::GET,
            path: "/cases/new",
            name: "page_new_case",
            summary: "The form for a case file.",
            access: Access::May(Action::OpenCase),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(new),
        },
        Route {
            method: Method::GET,
            path: "/cases/{case}",
            name: "page_get_case",
            summary: "A case file.",
            access: Access::May(Action::SeeCase),
            logs: Logs::Event(Event::CaseRead),
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::GET,
            path: "/cases/{case}/revision",
            name: "page_edit_case",
            summary: "The form for a new version of a fiche.",
            access: Access::May(Action::ReviseCase),
            logs: Logs::Event(Event::CaseRead),
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(edit),
        },
    ]
}

fn forms() -> Vec<Route> {
    vec![
        Route {
            method: Method::POST,
            path: "/cases",
            name: "page_open_case",
            summary: "Opens a case file.",
            access: Access::May(Action::OpenCase),
            logs: Logs::Event(Event::CaseOpened),
            takes: Takes::Form(schema::<OpenBody>),
            gives: Gives::See,
            also: &[],
            handler: handler(open),
        },
        Route {
            method: Method::POST,
            path: "/cases/{case}",
            name: "page_revise_case",
            summary: "Writes the next version of a fiche.",
            access: Access::May(Action::ReviseCase),
            logs: Logs::Event(Event::CaseRevised),
            takes: Takes::Form(schema::<ReviseBody>),
            gives: Gives::See,
            also: &[412, 428],
            handler: handler(revise),
        },
        Route {
            method: Method::POST,
            path: "/cases/{case}/releases",
            name: "page_release_case",
            summary: "Releases a fiche.",
            access: Access::May(Action::ReleaseCase),
            logs: Logs::Event(Event::CaseReleased),
            takes: Takes::Form(schema::<ReleaseBody>),
            gives: Gives::See,
            also: &[409],
            handler: handler(release),
        },
        Route {
            method: Method::POST,
            path: "/cases/{case}/releases/{act}/ending",
            name: "page_end_case_release",
            summary: "Ends a release of a fiche.",
            access: Access::May(Action::ReleaseCase),
            logs: Logs::Event(Event::ReleaseEnded),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end_release),
        },
        Route {
            method: Method::POST,
            path: "/cases/{case}/meetings",
            name: "page_link_case",
            summary: "Links a case file to a meeting.",
            access: Access::May(Action::LinkCase),
            logs: Logs::Event(Event::CaseLinked),
            takes: Takes::Form(schema::<LinkBody>),
            gives: Gives::See,
            also: &[409],
            handler: handler(link),
        },
    ]
}

/// The States to choose from, but one's own.
fn choices(work: &mut Work<'_>, asker: &Asker) -> Result<Vec<(String, String)>, AppError> {
    let states = to_choose(work, asker, STATES_OF_THE_NETWORK)?.into_iter().filter(|(id, _)| asker.party() != Some(id));
    Ok(states.map(|(id, name)| (id.to_string(), name)).collect())
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    // The choice of all States is sent as nothing.
    let chosen =
        query.parse("party", |text| if text.is_empty() { Some(None) } else { PartyId::parse(text).map(Some) })?;
    let (page, party) = (query.page()?, chosen.flatten());
    let wanted = party.clone();
    let (shell, (cases, names, states)) = call
        .see(move |work, asker| {
            let cases = service::list(work, asker, wanted.as_ref(), &page)?;
            let names = Names::of(work, [], cases.items.iter().map(|case| &case.party))?;
            Ok((cases, names, to_choose(work, asker, STATES_OF_THE_NETWORK)?))
        })
        .await?;
    let states = states.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let party = party.map(|party| party.to_string()).unwrap_or_default();
    show(&shell.clone(), &CasesPage { shell, cases, names, states, party })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let (shell, (case, names, known, states)) = call
        .see(move |work, asker| {
            let case = service::get(work, asker, &id)?;
            let released = case.releases.iter().flatten().filter_map(|release| release.party.as_ref());
            let names = Names::of(work, [], released.chain([&case.party]))?;
            Ok((case, names, known(work, asker, None)?, choices(work, asker)?))
        })
        .await?;
    let (linked, free): (Vec<_>, Vec<_>) = known.into_iter().partition(|one| case.meetings.contains(&one.id));
    let words = |meetings: &[Known]| -> Vec<(String, String)> {
        meetings.iter().map(|one| (one.id.to_string(), meeting_words(&shell, one))).collect()
    };
    let (meetings, others) = (words(&linked), words(&free));
    show(&shell.clone(), &CasePage { shell, case, names, meetings, states, others })
}

fn nothing_yet() -> Fiche {
    Fiche {
        title: String::new(),
        authority: String::new(),
        situation: String::new(),
        crimes: Vec::new(),
        concurrent_offences: Vec::new(),
        stage: Stage::Preliminary,
        legal_issues: None,
    }
}

async fn new(call: Call) -> Result<Answer, AppError> {
    let (shell, states) = call
        .see(|work, asker| {
            access::permit::<actions::OpenCase, TheNetwork>(work, asker, &())?;
            choices(work, asker)
        })
        .await?;
    let action = "/cases".to_owned();
    show(&shell.clone(), &CaseFormPage { shell, action, based_on: None, fiche: nothing_yet(), states, theirs: None })
}

async fn open(call: Call) -> Result<Answer, AppError> {
    let opened = async {
        let new = call.form::<OpenBody>()?.checked()?;
        call.write(move |work, asker| service::open(work, asker, &new)).await
    };
    match opened.await {
        Ok(case) => Answer::see(&format!("/cases/{}", case.id)),
        Err(error) => new(call.failed(error)?).await,
    }
}

async fn edit(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let (shell, case) = call
        .see(move |work, asker| {
            access::permit::<actions::ReviseCase, super::store::Case>(work, asker, &id)?;
            service::get(work, asker, &id)
        })
        .await?;
    // As with notes: a form that came back for another reason stays based on what it was based on.
    let (based_on, beside) = shell.based_on(case.version);
    let form = CaseFormPage {
        action: format!("/cases/{}", case.id),
        based_on: Some(based_on),
        fiche: case.fiche.clone().unwrap_or_else(nothing_yet),
        states: Vec::new(),
        theirs: beside.then_some(case),
        shell,
    };
    show(&form.shell.clone(), &form)
}

async fn revise(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let back = format!("/cases/{id}");
    let revised = async {
        let revision = call.form::<ReviseBody>()?.checked(call.based_on()?)?;
        call.write(move |work, asker| service::revise(work, asker, &id, &revision)).await
    };
    match revised.await {
        Ok(_) => Answer::see(&back),
        Err(error) => edit(call.failed(error)?).await,
    }
}

async fn release(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let back = format!("/cases/{id}");
    let released = async {
        let new = call.form::<ReleaseBody>()?.checked()?;
        call.write(move |work, asker| service::release(work, asker, &id, &new)).await
    };
    match released.await {
        Ok(_) => Answer::see(&back),
        Err(error) => get(call.failed(error)?).await,
    }
}

async fn end_release(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let act = call.path("act", ActId::parse)?;
    let back = format!("/cases/{id}");
    call.write(move |work, asker| service::end_release(work, asker, &id, &act)).await?;
    Answer::see(&back)
}

async fn link(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let back = format!("/cases/{id}");
    let linked = async {
        let body = call.form::<LinkBody>()?;
        call.write(move |work, asker| service::link(work, asker, &id, &body.meeting)).await
    };
    match linked.await {
        Ok(_) => Answer::see(&back),
        Err(error) => get(call.failed(error)?).await,
    }
}
