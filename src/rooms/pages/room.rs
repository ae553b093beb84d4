//! The door of a room: who is admitted, and the question for the purpose of a visit.

#[cfg(test)]
pub(super) mod samples;

use actix_web::http::Method;
use askama::Template;

use super::Inside;
use crate::access::{self, Action, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{PersonId, RoomId, VisitId};
use crate::rooms::model::{AdmitBody, Member, VisitBody};
use crate::rooms::service::{admissions, recovery, visits};
use crate::rooms::store::Room;
use crate::server::page::{KEPT, NEXT, Nothing, Purpose, Resume, Shell, is_ours, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

/// The door.
#[derive(Template)]
#[template(path = "rooms/room.html")]
struct RoomPage {
    shell: Shell,
    inside: Inside,
    /// The visit that came along, if any.
    visit: Option<VisitId>,
    /// Whom the reader could admit: id and words.
    candidates: Vec<(String, String)>,
    /// Who looks, if the reader may end others' admissions.
    ends_as: Option<PersonId>,
    /// Whether the reader could change whether officers can recover the room.
    changes_recovery: bool,
}

impl RoomPage {
    /// The members whose admission the reader could end. One's own is not among them: nobody changes their own
    /// rights (`own_rights` of `access/rules.rs`).
    fn others(&self) -> Vec<(&Member, &str)> {
        let Some(me) = &self.ends_as else { return Vec::new() };
        self.inside.members().filter(|(member, _)| member.person != *me).collect()
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/rooms/{room}",
            name: "page_get_room",
            summary: "A room's door: who is admitted, and the question for a purpose.",
            access: Access::May(Action::SeeRoom),
            logs: Logs::Event(Event::RoomSeen),
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::POST,
            path: "/rooms/{room}/visits",
            name: "page_open_visit",
            summary: "Begins a visit with a stated purpose.",
            access: Access::May(Action::OpenVisit),
            logs: Logs::Event(Event::VisitOpened),
            takes: Takes::Form(schema::<VisitBody>),
            gives: Gives::See,
            also: &[409],
            handler: handler(open_visit),
        },
        Route {
            method: Method::POST,
            path: "/rooms/{room}/visits/{visit}/ending",
            name: "page_end_visit",
            summary: "Ends a visit before its time.",
            access: Access::May(Action::OpenVisit),
            logs: Logs::Event(Event::VisitEnded),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end_visit),
        },
        Route {
            method: Method::POST,
            path: "/rooms/{room}/admissions",
            name: "page_admit",
            summary: "Admits a person to the room.",
            access: Access::May(Action::Admit),
            logs: Logs::Event(Event::Admitted),
            takes: Takes::Form(schema::<AdmitBody>),
            gives: Gives::See,
            also: &[409],
            handler: handler(admit),
        },
        Route {
            method: Method::POST,
            path: "/rooms/{room}/admissions/{person}/ending",
            name: "page_end_admission",
            summary: "Ends somebody else's admission.",
            access: Access::May(Action::EndAdmission),
            logs: Logs::Event(Event::AdmissionEnded),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end_admission),
        },
    ]
}

pub(super) async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("room", RoomId::parse)?;
    let visit = call.visit().cloned();
    let (shell, (inside, candidates, ends_as, changes_recovery)) = call
        .see(move |work, asker| {
            let inside = Inside::look(work, asker, &id)?;
            let candidates = admissions::candidates(work, asker, &id, &inside.room.members)?;
            let ends = access::permit::<actions::EndAdmission, Room>(work, asker, &id).is_ok();
            let changes = recovery::may_change(work, asker, &id)?;
            Ok((inside, candidates, asker.person().filter(|_| ends).cloned(), changes))
        })
        .await?;
    let candidates =
        candidates.into_iter().map(|(id, name, code)| (id.to_string(), format!("{code} · {name}"))).collect();
    show(&shell.clone(), &RoomPage { shell, inside, visit, candidates, ends_as, changes_recovery })
}

async fn open_visit(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let minutes = call.settings().rooms.visit_minutes;
    let (next, kept) = (call.fields()?.get(NEXT).unwrap_or_default().to_owned(), call.fields()?.under(KEPT));
    let opened = async {
        let purpose = call.form::<VisitBody>()?.checked()?;
        let room = room.clone();
        call.write(move |work, asker| visits::open(work, asker, &room, &purpose, minutes)).await
    };
    let opened = match opened.await {
        Ok(opened) => opened,
        // What was kept stays kept when the purpose is not one.
        Err(error) if !kept.is_empty() => {
            let shell = call.failed(error)?.shell()?;
            return show(&shell.clone(), &Purpose { shell, room: room.to_string(), next, kept });
        }
        Err(error) => return get(call.failed(error)?).await,
    };
    let door = format!("/rooms/{room}");
    let inside = format!("{door}/notes");
    // Only a page of this very room needs the visit.
    let next = if is_ours(&next) && next.starts_with(&format!("{door}/")) { next } else { inside };
    let answer = if kept.is_empty() {
        Answer::see(&next)?
    } else {
        let shell = call.shell()?;
        show(&shell.clone(), &Resume::new(shell, next, kept))?
    };
    Ok(answer.visit(&door, opened.visit.as_str(), minutes.saturating_mul(60)))
}

async fn end_visit(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let visit = call.path("visit", VisitId::parse)?;
    let door = format!("/rooms/{room}");
    call.write(move |work, asker| visits::end(work, asker, &room, &visit)).await?;
    Ok(Answer::see("/")?.visit(&door, "", 0))
}

async fn admit(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let admitted = async {
        let new = call.form::<AdmitBody>()?.checked()?;
        let room = room.clone();
        call.write(move |work, asker| admissions::admit(work, asker, &room, &new)).await
    };
    match admitted.await {
        Ok(_) => Answer::see(&format!("/rooms/{room}")),
        Err(error) => get(call.failed(error)?).await,
    }
}

async fn end_admission(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let person = call.path("person", PersonId::parse)?;
    let door = format!("/rooms/{room}");
    call.write(move |work, asker| admissions::end(work, asker, &room, &person)).await?;
    Answer::see(&door)
}
