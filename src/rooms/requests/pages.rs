//! Requests as pages. What is asked and replied is read in the room; here stands who asks whom, and how far each is.

#[cfg(test)]
mod samples;

use actix_web::http::Method;
use askama::Template;

#[cfg(test)]
pub(crate) use self::samples::samples;
use super::model::{Ground, ReplyAs, ReplyBody, RequestBody, RequestKind, SendBody};
use super::service::{self, Could};
use crate::access::{self, Action, Asker, TheNetwork, actions};
use crate::audit::Event;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, RequestId, RoomId};
use crate::network::names::{Names, STATES_OF_THE_NETWORK, to_choose};
use crate::rooms::model::HandlingCode;
use crate::rooms::pages::Inside;
use crate::server::answer::List;
use crate::server::page::{Nothing, Shell, options, or_none, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const PAGE: &[&str] = &["cursor", "limit"];

/// The requests.
#[derive(Template)]
#[template(path = "requests/list.html")]
struct RequestsPage {
    shell: Shell,
    requests: List<RequestBody>,
    names: Names,
    today: String,
}

/// A request.
#[derive(Template)]
#[template(path = "requests/request.html")]
struct RequestPage {
    shell: Shell,
    request: RequestBody,
    names: Names,
    could: Could,
    today: String,
}

/// The form for a request.
#[derive(Template)]
#[template(path = "requests/form.html")]
struct RequestFormPage {
    shell: Shell,
    /// The States, and whom one could name: id and words.
    states: Vec<(String, String)>,
    people: Vec<(String, String)>,
}

/// The form for a reply.
#[derive(Template)]
#[template(path = "requests/reply.html")]
struct ReplyPage {
    shell: Shell,
    inside: Inside,
    request: RequestId,
}

impl ReplyPage {
    fn grounds(&self) -> Vec<(String, String)> {
        let grounds = options(&self.shell, "ground", Ground::ALL.iter().map(|ground| ground.as_str()));
        or_none(self.shell.t("ground-none"), grounds)
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
            path: "/requests",
            name: "page_list_requests",
            summary: "The requests whose rooms the reader is admitted to.",
            access: Access::May(Action::UseNetwork),
            logs: Logs::Event(Event::RequestsListed),
            takes: Takes::Query(PAGE),
            gives: Gives::Page,
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::GET,
            path: "/requests/new",
            name: "page_new_request",
            summary: "The form for a request.",
            access: Access::May(Action::SendRequest),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(new),
        },
        Route {
            method: Method::GET,
            path: "/requests/{request}",
            name: "page_get_request",
            summary: "A request.",
            access: Access::May(Action::SeeRequest),
            logs: Logs::Event(Event::RequestRead),
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::GET,
            path: "/rooms/{room}/reply",
            name: "page_new_reply",
            summary: "The form for a reply to the request whose room this is.",
            access: Access::May(Action::ReplyToRequest),
            logs: Logs::Event(Event::RoomSeen),
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[409],
            handler: handler(new_reply),
        },
    ]
}

fn forms() -> Vec<Route> {
    vec![
        Route {
            method: Method::POST,
            path: "/requests",
            name: "page_send_request",
            summary: "Sends a request.",
            access: Access::May(Action::SendRequest),
            logs: Logs::Event(Event::RequestSent),
            takes: Takes::Form(schema::<SendBody>),
            gives: Gives::See,
            also: &[],
            handler: handler(send),
        },
        Route {
            method: Method::POST,
            path: "/requests/{request}/receipt",
            name: "page_acknowledge_request",
            summary: "Acknowledges receipt.",
            access: Access::May(Action::AcknowledgeRequest),
            logs: Logs::Event(Event::RequestAcknowledged),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[409],
            handler: handler(acknowledge),
        },
        // A visit goes with the pages of its room alone: so the reply has its address there.
        Route {
            method: Method::POST,
            path: "/rooms/{room}/reply",
            name: "page_reply_to_request",
            summary: "Answers a request, or refuses.",
            access: Access::May(Action::ReplyToRequest),
            logs: Logs::Event(Event::RequestReplied),
            takes: Takes::Form(schema::<ReplyBody>),
            gives: Gives::See,
            also: &[409],
            handler: handler(reply),
        },
    ]
}

fn names_of<'a>(work: &mut Work<'_>, requests: impl IntoIterator<Item = &'a RequestBody>) -> Result<Names, AppError> {
    let parties = |request: &'a RequestBody| request.to.iter().map(|one| &one.party).chain([&request.from]);
    Names::of(work, [], requests.into_iter().flat_map(parties))
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let page = call.query(PAGE)?.page()?;
    let (shell, (requests, names, today)) = call
        .see(move |work, asker| {
            let requests = service::list(work, asker, &page)?;
            let names = names_of(work, &requests.items)?;
            Ok((requests, names, service::today(work.now)))
        })
        .await?;
    show(&shell.clone(), &RequestsPage { shell, requests, names, today })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("request", RequestId::parse)?;
    let (shell, (request, names, could, today)) = call
        .see(move |work, asker| {
            let request = service::get(work, asker, &id)?;
            let (names, could) = (names_of(work, [&request])?, service::could(work, asker, &request)?);
            Ok((request, names, could, service::today(work.now)))
        })
        .await?;
    show(&shell.clone(), &RequestPage { shell, request, names, could, today })
}

/// The States, but one's own, and whom one could name.
type Choices = (Vec<(String, String)>, Vec<(String, String)>);

fn choices(work: &mut Work<'_>, asker: &Asker) -> Result<Choices, AppError> {
    access::permit::<actions::SendRequest, TheNetwork>(work, asker, &())?;
    let states = to_choose(work, asker, STATES_OF_THE_NETWORK)?;
    let ids: Vec<PartyId> = states.iter().map(|(id, _)| id.clone()).collect();
    let people = service::candidates(work, asker, &ids)?;
    let states = states.into_iter().filter(|(id, _)| asker.party() != Some(id));
    Ok((
        states.map(|(id, name)| (id.to_string(), name)).collect(),
        people.into_iter().map(|(id, name, code)| (id.to_string(), format!("{code} · {name}"))).collect(),
    ))
}

async fn new(call: Call) -> Result<Answer, AppError> {
    let (shell, (states, people)) = call.see(choices).await?;
    show(&shell.clone(), &RequestFormPage { shell, states, people })
}

async fn send(call: Call) -> Result<Answer, AppError> {
    let sent = async {
        let new = call.form::<SendBody>()?.checked()?;
        call.write(move |work, asker| service::send(work, asker, &new)).await
    };
    match sent.await {
        Ok(request) => Answer::see(&format!("/requests/{}", request.id)),
        Err(error) => new(call.failed(error)?).await,
    }
}

async fn acknowledge(call: Call) -> Result<Answer, AppError> {
    let id = call.path("request", RequestId::parse)?;
    let back = format!("/requests/{id}");
    match call.write(move |work, asker| service::acknowledge(work, asker, &id)).await {
        Ok(_) => Answer::see(&back),
        Err(error) => get(call.failed(error)?).await,
    }
}

async fn new_reply(call: Call) -> Result<Answer, AppError> {
    reply_form(call, service::open_to_reply).await
}

/// The form, for the request that `find` finds.
async fn reply_form(
    call: Call,
    find: fn(&mut Work<'_>, &Asker, &RoomId) -> Result<RequestId, AppError>,
) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let (shell, (request, inside)) =
        call.see(move |work, asker| Ok((find(work, asker, &room)?, Inside::look(work, asker, &room)?))).await?;
    show(&shell.clone(), &ReplyPage { shell, inside, request })
}

async fn reply(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let replied = async {
        let new = call.form::<ReplyBody>()?.checked()?;
        call.write(move |work, asker| {
            let id = service::answerable(work, asker, &room)?;
            service::reply(work, asker, &id, &new)
        })
        .await
    };
    match replied.await {
        Ok(request) => Answer::see(&format!("/requests/{}", request.id)),
        Err(error) => reply_form(call.failed(error)?, service::answerable).await,
    }
}
