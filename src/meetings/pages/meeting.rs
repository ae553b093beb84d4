//! A meeting: when, where, under whom, about what, and its sessions as far as the reader may know of them.

use askama::Template;

use super::{look, title};
use crate::access::{self, Action, Asker, actions};
use crate::audit::Event;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::MeetingId;
use crate::meetings::model::{ConclusionsState, MeetingDetail, SessionBody, SessionKind};
use crate::meetings::service::meetings as service;
use crate::meetings::store::{Conclusions, Meeting};
use crate::network::names::Names;
use crate::server::page::{Shell, show};
use crate::server::{Access, Answer, Call, Logs, Route, handler};

/// What the page of a meeting shows.
struct Seen {
    meeting: MeetingDetail,
    names: Names,
    may_change: bool,
    /// Whether there is something behind the link to the conclusions.
    conclusions: bool,
}

impl Seen {
    fn title(&self, shell: &Shell) -> String {
        title(shell, &self.meeting.meeting)
    }

    fn closed(&self) -> impl Iterator<Item = &SessionBody> {
        self.meeting.sessions.iter().filter(|session| session.kind == SessionKind::Closed)
    }

    fn others(&self) -> impl Iterator<Item = &SessionBody> {
        self.meeting.sessions.iter().filter(|session| session.kind != SessionKind::Closed)
    }

    /// Whether the title of a closed session is on the page: then all of it is closed.
    fn discloses(&self) -> bool {
        self.closed().any(|session| session.title.is_some())
    }
}

/// A meeting, with nothing on the page that is closed but perhaps that a closed session is held.
#[derive(Template)]
#[template(path = "meetings/meeting.html")]
struct MeetingPage {
    shell: Shell,
    seen: Seen,
}

/// The same with the title of a closed session.
#[derive(Template)]
#[template(path = "meetings/meeting_closed.html")]
struct ClosedMeetingPage {
    shell: Shell,
    seen: Seen,
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        logs: Logs::SometimesEvent(Event::RoomSeen),
        ..look(
            "/meetings/{meeting}",
            "page_get_meeting",
            "A meeting with its topics and sessions.",
            Access::Public(Action::SeeMeeting),
            handler(get),
        )
    }]
}

fn look_at(work: &mut Work<'_>, asker: &Asker, id: &MeetingId) -> Result<Seen, AppError> {
    let meeting = service::get(work, asker, id)?;
    let names = Names::of(work, [], meeting.meeting.presidency.as_ref())?;
    let may_change = access::permit::<actions::ChangeMeeting, Meeting>(work, asker, id).is_ok();
    let conclusions = meeting.meeting.conclusions != ConclusionsState::Absent
        || access::permit::<actions::DraftConclusions, Conclusions>(work, asker, id).is_ok();
    Ok(Seen { meeting, names, may_change, conclusions })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("meeting", MeetingId::parse)?;
    let (shell, seen) = call.see(move |work, asker| look_at(work, asker, &id)).await?;
    if seen.discloses() {
        show(&shell.clone(), &ClosedMeetingPage { shell, seen })
    } else {
        show(&shell.clone(), &MeetingPage { shell, seen })
    }
}

#[cfg(test)]
impl Seen {
    fn made_up(full: bool, disclosing: bool) -> Self {
        use crate::ids::{PartyId, RoomId, SessionId};
        let id = "00000000-0000-4000-8000-00000000000a";
        let session = |kind: SessionKind, title: Option<&str>| SessionBody {
            id: SessionId::parse(id).unwrap(),
            kind,
            title: title.map(ToOwned::to_owned),
            room: (kind == SessionKind::Closed).then(|| RoomId::parse(id).unwrap()),
            position: 0,
        };
        let sessions = vec![
            session(SessionKind::Open, Some("Open <b>session</b> \u{202e}")),
            session(SessionKind::Closed, disclosing.then_some("Names of suspects")),
            session(SessionKind::Breakout, Some(&"long ".repeat(40))),
        ];
        let party = PartyId::parse(id).unwrap();
        let names = Names::made_up([], [(&party, "FR", "France")]);
        let mut meeting = super::list::made_up(if full { (36, "2024-11-13") } else { (0, "2031-02-03") });
        meeting.presidency = full.then_some(party);
        Self {
            meeting: MeetingDetail {
                meeting,
                topics: if full { vec!["Battlefield evidence".to_owned(), "<i>x</i>".to_owned()] } else { Vec::new() },
                sessions: if full { sessions } else { Vec::new() },
            },
            names,
            may_change: full,
            conclusions: full,
        }
    }
}

#[cfg(test)]
impl MeetingPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        [false, true].map(|full| Self { shell: shell.clone(), seen: Seen::made_up(full, false) }).into()
    }
}

#[cfg(test)]
impl ClosedMeetingPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        vec![Self { shell: shell.clone(), seen: Seen::made_up(true, true) }]
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let mut samples = sample("meetings/meeting.html", MeetingPage::samples(shell));
    samples.extend(sample("meetings/meeting_closed.html", ClosedMeetingPage::samples(shell)));
    samples
}
