//! Parties, their names and standings.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::PartyId;
use crate::network::model::{
    ActBody, NameRequest, PartyBody, PartyKind, PartyLine, PartyRequest, Standing, StandingRequest,
};
use crate::network::service::parties;
use crate::network::store::WantedParties;
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const QUERY: &[&str] = &["kind", "standing", "cursor", "limit"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/parties",
            name: "list_parties",
            summary: "The States and organisations of the network, by code.",
            access: Access::Public(Action::SeeParty),
            logs: Logs::Nothing,
            takes: Takes::Query(QUERY),
            gives: Gives::List(schema::<PartyLine>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/parties/{party}",
            name: "get_party",
            summary: "One party, with its names and standings, in force and past.",
            access: Access::Public(Action::SeeParty),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<PartyBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/parties",
            name: "record_party",
            summary: "Record a party.",
            access: Access::May(Action::RecordParty),
            logs: Logs::Event(Event::PartyRecorded),
            takes: Takes::Json(schema::<PartyRequest>),
            gives: Gives::Created(schema::<PartyBody>),
            also: &[409],
            handler: handler(create),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/parties/{party}/names",
            name: "name_party",
            summary: "Give a party a name from a date on; the earlier ones stay on record.",
            access: Access::May(Action::NameParty),
            logs: Logs::Event(Event::ActRecorded),
            takes: Takes::Json(schema::<NameRequest>),
            gives: Gives::Created(schema::<ActBody>),
            also: &[],
            handler: handler(give_name),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/parties/{party}/standings",
            name: "give_standing",
            summary: "Give a party a standing for a time in which it has none.",
            access: Access::May(Action::GiveStanding),
            logs: Logs::Event(Event::ActRecorded),
            takes: Takes::Json(schema::<StandingRequest>),
            gives: Gives::Created(schema::<ActBody>),
            also: &[409],
            handler: handler(give_standing),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let wanted = WantedParties {
        kind: query.parse("kind", PartyKind::parse)?,
        standing: query.parse("standing", Standing::parse)?,
    };
    Answer::json(&call.read(move |work, asker| parties::list(work, asker, &wanted, &page)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    Answer::json(&call.read(move |work, asker| parties::get(work, asker, &id)).await?)
}

async fn create(call: Call) -> Result<Answer, AppError> {
    let request = call.json::<PartyRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| parties::create(work, asker, request)).await?)
}

async fn give_name(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let request = call.json::<NameRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| parties::give_name(work, asker, &id, &request)).await?)
}

async fn give_standing(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let request = call.json::<StandingRequest>()?.judged()?;
    Answer::created(&call.write(move |work, asker| parties::give_standing(work, asker, &id, &request)).await?)
}
