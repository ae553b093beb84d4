//! Changing an agenda. Lines are moved by buttons, which show the form again with the lines in their new
//! order; nothing is saved before the button for that is pressed. A closed session's agenda is changed from
//! inside its room only.

use askama::Template;

use super::session::{admitted, inside, names_of, require_of_room};
use super::{form, look};
use crate::access::{self, Action, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{RoomId, SessionId};
use crate::meetings::model::{AgendaBody, SessionDetail};
use crate::meetings::service::sessions as service;
use crate::meetings::store::Session;
use crate::network::names::Names;
use crate::server::page::{Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, handler};

/// The field that says which line to move where.
const MOVE: &str = "_move";
const ITEMS: &str = "items";

/// The form of a session that is not closed.
#[derive(Template)]
#[template(path = "meetings/agenda_form.html")]
struct AgendaPage {
    shell: Shell,
    session: SessionDetail,
    /// The session's page, and what the form's addresses begin with.
    path: String,
    lines: Vec<String>,
    based_on: i64,
    /// What somebody else saved meanwhile: the version and the lines.
    theirs: Option<(i64, String)>,
}

/// The form of a closed one.
#[derive(Template)]
#[template(path = "meetings/agenda_form_closed.html")]
struct ClosedAgendaPage {
    shell: Shell,
    session: SessionDetail,
    names: Names,
    path: String,
    lines: Vec<String>,
    based_on: i64,
    theirs: Option<(i64, String)>,
}

impl ClosedAgendaPage {
    fn admitted(&self) -> Vec<(&str, &str)> {
        admitted(&self.session, &self.names)
    }
}

const OPEN: &str = "/sessions/{session}/agenda";
const CLOSED: &str = "/rooms/{room}/sessions/{session}/agenda";

pub(super) fn routes() -> Vec<Route> {
    let (open, closed) = (Action::ChangeAgenda, Action::ChangeClosedAgenda);
    let read = Logs::Event(Event::AgendaRead);
    vec![
        look(OPEN, "page_edit_agenda", "The form for an agenda.", Access::May(open), handler(edit)),
        Route {
            also: &[412, 428],
            ..form(
                OPEN,
                "page_change_agenda",
                "Replaces the agenda of a session.",
                (open, Event::AgendaChanged),
                schema::<AgendaBody>,
                handler(change),
            )
        },
        Route {
            logs: Logs::Nothing,
            gives: Gives::Page,
            also: &[428],
            ..form(
                "/sessions/{session}/agenda/order",
                "page_order_agenda",
                "The form with its lines in another order; nothing is saved.",
                (open, Event::AgendaRead),
                schema::<AgendaBody>,
                handler(order),
            )
        },
        Route {
            logs: read,
            ..look(
                CLOSED,
                "page_edit_closed_agenda",
                "The form for the agenda of a closed session.",
                Access::May(closed),
                handler(edit),
            )
        },
        Route {
            also: &[412, 428],
            ..form(
                CLOSED,
                "page_change_closed_agenda",
                "Replaces the agenda of a closed session.",
                (closed, Event::ClosedAgendaChanged),
                schema::<AgendaBody>,
                handler(change),
            )
        },
        Route {
            gives: Gives::Page,
            also: &[428],
            ..form(
                "/rooms/{room}/sessions/{session}/agenda/order",
                "page_order_closed_agenda",
                "The form with its lines in another order; nothing is saved.",
                (closed, Event::AgendaRead),
                schema::<AgendaBody>,
                handler(order),
            )
        },
    ]
}

/// The session, and the room that it is seen from, if it is.
fn place(call: &Call) -> Result<(Option<RoomId>, SessionId), AppError> {
    Ok((call.path("room", RoomId::parse).ok(), call.path("session", SessionId::parse)?))
}

fn path(room: Option<&RoomId>, id: &SessionId) -> String {
    room.map_or_else(|| format!("/sessions/{id}"), |room| format!("/rooms/{room}/sessions/{id}"))
}

async fn edit(call: Call) -> Result<Answer, AppError> {
    edit_with(call, None).await
}

/// The form with these lines or, where none are given, with those that were typed or that there are.
async fn edit_with(call: Call, lines: Option<Vec<String>>) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let path = path(room.as_ref(), &id);
    let lines = lines.or_else(|| {
        let typed: Vec<String> = call.fields().ok()?.all(ITEMS).map(ToOwned::to_owned).collect();
        (!typed.is_empty()).then_some(typed)
    });
    let seen_from = room.clone();
    let (shell, (session, names)) = call
        .see(move |work, asker| {
            if let Some(room) = &seen_from {
                require_of_room(work, asker, room, &id)?;
                access::permit::<actions::ChangeClosedAgenda, Session>(work, asker, &id)?;
                return inside(work, asker, room, &id);
            }
            access::permit::<actions::ChangeAgenda, Session>(work, asker, &id)?;
            let session = service::get(work, asker, &id)?;
            let names = names_of(work, &session)?;
            Ok((session, names))
        })
        .await?;
    let (saved, version) = (session.agenda.clone().unwrap_or_default(), session.agenda_version.unwrap_or(0));
    let (based_on, beside) = shell.based_on(version);
    let theirs = beside.then(|| (version, saved.join("\n")));
    let mut lines = lines.unwrap_or(saved);
    if lines.last().is_none_or(|last| !last.trim().is_empty()) {
        lines.push(String::new());
    }
    if room.is_some() {
        show(&shell.clone(), &ClosedAgendaPage { shell, session, names, path, lines, based_on, theirs })
    } else {
        show(&shell.clone(), &AgendaPage { shell, session, path, lines, based_on, theirs })
    }
}

async fn order(call: Call) -> Result<Answer, AppError> {
    let fields = call.fields()?;
    let lines: Vec<String> = fields.all(ITEMS).map(ToOwned::to_owned).collect();
    let lines = moved(lines, fields.get(MOVE).unwrap_or_default())?;
    match call.based_on() {
        Ok(_) => edit_with(call.again()?, Some(lines)).await,
        Err(error) => edit_with(call.failed(error)?, Some(lines)).await,
    }
}

/// The lines after one of them was moved: `up-2`, `down-2`, `drop-2`, `add-2` (an empty one behind it).
fn moved(mut lines: Vec<String>, how: &str) -> Result<Vec<String>, AppError> {
    let wrong = || AppError::field(MOVE, "not a value of this parameter");
    let (how, place) = how.split_once('-').ok_or_else(wrong)?;
    let place: usize = place.parse().ok().filter(|place| *place < lines.len()).ok_or_else(wrong)?;
    match how {
        "up" if place > 0 => lines.swap(place - 1, place),
        "down" if place + 1 < lines.len() => lines.swap(place, place + 1),
        "up" | "down" => {}
        "drop" => drop(lines.remove(place)),
        "add" => lines.insert(place + 1, String::new()),
        _ => return Err(wrong()),
    }
    Ok(lines)
}

async fn change(call: Call) -> Result<Answer, AppError> {
    let (room, id) = place(&call)?;
    let back = path(room.as_ref(), &id);
    let changed = async {
        let agenda = call.form::<AgendaBody>()?.checked(call.based_on()?)?;
        call.write(move |work, asker| {
            if let Some(room) = &room {
                require_of_room(work, asker, room, &id)?;
            }
            service::change_agenda(work, asker, &id, &agenda)
        })
        .await
    };
    match changed.await {
        Ok(()) => Answer::see(&back),
        Err(error) => edit(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl AgendaPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let page = |full: bool| {
            let (session, _) = super::session::made_up(crate::meetings::model::SessionKind::Open, full);
            let mut lines = session.agenda.clone().unwrap_or_default();
            lines.push(String::new());
            let theirs = full.then(|| (1, "Opening\n<i>Panel</i>".to_owned()));
            Self { shell: shell.clone(), path: path(None, &session.id), session, lines, based_on: 0, theirs }
        };
        vec![page(false), page(true)]
    }
}

#[cfg(test)]
impl ClosedAgendaPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let (session, names) = super::session::made_up(crate::meetings::model::SessionKind::Closed, true);
        let lines = session.agenda.clone().unwrap_or_default();
        let page = |theirs| Self {
            shell: shell.clone(),
            path: path(session.room.as_ref(), &session.id),
            session: super::session::made_up(crate::meetings::model::SessionKind::Closed, true).0,
            names: names.clone(),
            lines: lines.clone(),
            based_on: 0,
            theirs,
        };
        vec![page(None), page(Some((1, "Opening".to_owned())))]
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let mut samples = sample("meetings/agenda_form.html", AgendaPage::samples(shell));
    samples.extend(sample("meetings/agenda_form_closed.html", ClosedAgendaPage::samples(shell)));
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_move() {
        let all = |how: &str| moved(["a", "b", "c"].map(str::to_owned).into(), how).map(|lines| lines.join(""));
        for (how, then) in
            [("up-1", "bac"), ("up-0", "abc"), ("down-1", "acb"), ("down-2", "abc"), ("drop-0", "bc"), ("add-0", "abc")]
        {
            assert_eq!(all(how).unwrap(), then, "{how}");
        }
        for wrong in ["", "up", "up-3", "up--1", "sideways-1"] {
            assert!(all(wrong).is_err(), "{wrong}");
        }
    }
}
