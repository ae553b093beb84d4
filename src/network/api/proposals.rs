//! What States propose about their own people.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{PartyId, ProposalId};
use crate::network::model::{DecisionRequest, ProposalBody, ProposalRequest, ProposalState};
use crate::network::service::proposals;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const QUERY: &[&str] = &["state", "cursor", "limit"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::POST,
            path: "/api/v1/parties/{party}/proposals",
            name: "propose",
            summary: "Propose a designation of one's own State, or the end of one.",
            access: Access::May(Action::ProposeForParty),
            logs: Logs::Event(Event::Proposed),
            takes: Takes::Json(schema::<ProposalRequest>),
            gives: Gives::Created(schema::<ProposalBody>),
            also: &[],
            handler: handler(propose),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/proposals",
            name: "list_proposals",
            summary: "The proposals the caller may see, newest first.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Nothing,
            takes: Takes::Query(QUERY),
            gives: Gives::List(schema::<ProposalBody>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/proposals/{proposal}",
            name: "get_proposal",
            summary: "One proposal, and what became of it.",
            access: Access::May(Action::SeeProposal),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<ProposalBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/proposals/{proposal}/decision",
            name: "decide_proposal",
            summary: "Accept a proposal, which records what it proposes, or decline it.",
            access: Access::May(Action::DecideProposal),
            logs: Logs::Event(Event::ProposalDecided),
            takes: Takes::Json(schema::<DecisionRequest>),
            gives: Gives::Json(schema::<ProposalBody>),
            also: &[409],
            handler: handler(decide),
        },
    ]
}

async fn propose(call: Call) -> Result<Answer, AppError> {
    let party = call.path("party", PartyId::parse)?;
    let request = call.json::<ProposalRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| proposals::propose(work, asker, &party, &request)).await?)
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let state = query.parse("state", ProposalState::parse)?;
    Answer::json(&call.read(move |work, asker| proposals::list(work, asker, state, &page)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("proposal", ProposalId::parse)?;
    Answer::json(&call.read(move |work, asker| proposals::get(work, asker, &id)).await?)
}

async fn decide(call: Call) -> Result<Answer, AppError> {
    let id = call.path("proposal", ProposalId::parse)?;
    let request = call.json::<DecisionRequest>()?.judged()?;
    Answer::json(&call.write(move |work, asker| proposals::decide(work, asker, &id, &request)).await?)
}
