//! The first page. For whoever is logged in it answers what waits: meetings that come, rooms with something
//! new, designations that end. It stands above the slices, since it asks each of them.

#[cfg(test)]
mod samples;

use actix_web::http::Method;
use askama::Template;

#[cfg(test)]
pub(crate) use self::samples::samples;
use crate::access::Action;
use crate::error::AppError;
use crate::meetings::known::{Known, known};
use crate::network::soon::{EndsSoon, ends_soon};
use crate::rooms::mine::{MyRoom, mine};
use crate::server::page::{Shell, show};
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

/// The first page.
#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    shell: Shell,
    soon: Vec<Known>,
    rooms: Vec<MyRoom>,
    /// The meetings of those rooms.
    meetings: Vec<Known>,
    ends: Vec<EndsSoon>,
}

impl StartPage {
    /// What a room belongs to, in words.
    fn room_words(&self, room: &MyRoom) -> String {
        let meeting = room.meeting.as_ref().and_then(|id| self.meetings.iter().find(|one| one.id == *id));
        match meeting {
            Some(meeting) => self.shell.t1("start-room-of", "meeting", self.meeting_words(meeting)),
            None => self.shell.word("room", room.kind.as_str()),
        }
    }

    /// A meeting in words.
    fn meeting_words(&self, meeting: &Known) -> String {
        let days = self.shell.days(&meeting.first_day, &meeting.last_day);
        match meeting.number {
            Some(number) => self.shell.t2("meeting-choice", "number", number, "days", days),
            None => self.shell.t1("meeting-choice-ad-hoc", "days", days),
        }
    }
}

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::GET,
        path: "/",
        name: "page_start",
        summary: "The first page: what waits for the reader.",
        access: Access::Public(Action::SeeMeeting),
        logs: Logs::Nothing,
        takes: Takes::Nothing,
        gives: Gives::Page,
        also: &[],
        handler: handler(start),
    }]
}

async fn start(call: Call) -> Result<Answer, AppError> {
    let (shell, (soon, rooms, meetings, ends)) = call
        .see(|work, asker| {
            let today = work.now.rfc3339().chars().take(10).collect();
            let mut soon = known(work, asker, Some(today))?;
            soon.reverse();
            let rooms = mine(work, asker)?;
            let meetings = if rooms.is_empty() { Vec::new() } else { known(work, asker, None)? };
            Ok((soon, rooms, meetings, ends_soon(work, asker)?))
        })
        .await?;
    show(&shell.clone(), &StartPage { shell, soon, rooms, meetings, ends })
}
