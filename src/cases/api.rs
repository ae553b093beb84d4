//! The register over JSON.

use actix_web::http::Method;

use super::model::{CaseBody, CaseLine, CaseReleaseBody, LinkBody, OpenBody, ReleaseBody, ReviseBody};
use super::service;
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{ActId, CaseId, PartyId};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const QUERY: &[&str] = &["party", "cursor", "limit"];

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/cases",
            name: "list_cases",
            summary: "The case files the caller may know of, the one opened last first.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::CasesListed),
            takes: Takes::Query(QUERY),
            gives: Gives::List(schema::<CaseLine>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/cases",
            name: "open_case",
            summary: "Open a case file of one's own State, with its room; its circle is the caller alone.",
            access: Access::May(Action::OpenCase),
            logs: Logs::Event(Event::CaseOpened),
            takes: Takes::Json(schema::<OpenBody>),
            gives: Gives::Created(schema::<CaseBody>),
            also: &[],
            handler: handler(open),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/cases/{case}",
            name: "get_case",
            summary: "A case file: its fiche, whom to ask, and for those admitted its room.",
            access: Access::May(Action::SeeCase),
            logs: Logs::Event(Event::CaseRead),
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<CaseBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::PUT,
            path: "/api/v1/cases/{case}",
            name: "revise_case",
            summary: "Write the next version of a fiche, based on the version in If-Match.",
            access: Access::May(Action::ReviseCase),
            logs: Logs::Event(Event::CaseRevised),
            takes: Takes::Json(schema::<ReviseBody>),
            gives: Gives::Json(schema::<CaseBody>),
            also: &[412, 428],
            handler: handler(revise),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/cases/{case}/releases",
            name: "release_case",
            summary: "Release a fiche to a State or to all contact points.",
            access: Access::May(Action::ReleaseCase),
            logs: Logs::Event(Event::CaseReleased),
            takes: Takes::Json(schema::<ReleaseBody>),
            gives: Gives::Created(schema::<CaseReleaseBody>),
            also: &[409],
            handler: handler(release),
        },
        Route {
            method: Method::DELETE,
            path: "/api/v1/cases/{case}/releases/{act}",
            name: "end_case_release",
            summary: "End a release of a fiche.",
            access: Access::May(Action::ReleaseCase),
            logs: Logs::Event(Event::ReleaseEnded),
            takes: Takes::Nothing,
            gives: Gives::Nothing,
            also: &[],
            handler: handler(end_release),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/cases/{case}/meetings",
            name: "link_case",
            summary: "Link a case file to a meeting.",
            access: Access::May(Action::LinkCase),
            logs: Logs::Event(Event::CaseLinked),
            takes: Takes::Json(schema::<LinkBody>),
            gives: Gives::Created(schema::<CaseBody>),
            also: &[409],
            handler: handler(link),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let (page, party) = (query.page()?, query.parse("party", PartyId::parse)?);
    Answer::json(&call.read(move |work, asker| service::list(work, asker, party.as_ref(), &page)).await?)
}

async fn open(call: Call) -> Result<Answer, AppError> {
    let new = call.json::<OpenBody>()?.checked()?;
    let case = call.write(move |work, asker| service::open(work, asker, &new)).await?;
    Answer::created(&case)?.version(case.version)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let case = call.read(move |work, asker| service::get(work, asker, &id)).await?;
    Answer::json(&case)?.version(case.version)
}

async fn revise(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let revision = call.json::<ReviseBody>()?.checked(call.if_match()?)?;
    let case = call.write(move |work, asker| service::revise(work, asker, &id, &revision)).await?;
    Answer::json(&case)?.version(case.version)
}

async fn release(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let new = call.json::<ReleaseBody>()?.checked()?;
    Answer::created(&call.write(move |work, asker| service::release(work, asker, &id, &new)).await?)
}

async fn end_release(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let act = call.path("act", ActId::parse)?;
    call.write(move |work, asker| service::end_release(work, asker, &id, &act)).await?;
    Ok(Answer::nothing())
}

async fn link(call: Call) -> Result<Answer, AppError> {
    let id = call.path("case", CaseId::parse)?;
    let body = call.json::<LinkBody>()?;
    Answer::created(&call.write(move |work, asker| service::link(work, asker, &id, &body.meeting)).await?)
}
