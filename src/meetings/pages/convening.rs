//! The Secretariat's forms: convening a meeting, changing it, adding a session.

use askama::Template;

use super::{form, look, options, or_none, title};
use crate::access::{self, Action, TheNetwork, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::MeetingId;
use crate::meetings::model::{ChangeBody, ConveneBody, MeetingDetail, MeetingKind, NewSessionBody, SessionKind, Way};
use crate::meetings::service::choices::{self, Choices};
use crate::meetings::service::{meetings as service, sessions};
use crate::meetings::store::Meeting;
use crate::network::names::{Among, MEMBER_STATES, OBSERVER_STATES};
use crate::server::page::{Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Logs, Route, handler};

/// The form for a meeting: a new one, or what of one can change.
#[derive(Template)]
#[template(path = "meetings/meeting_form.html")]
struct MeetingFormPage {
    shell: Shell,
    /// The meeting that is changed; none for a new one.
    meeting: Option<MeetingDetail>,
    states: Choices,
    members: Choices,
    /// The version that a change is based on.
    based_on: i64,
    /// The version that somebody else saved meanwhile, if it is to be shown.
    theirs: Option<i64>,
}

impl MeetingFormPage {
    /// What was saved meanwhile, as text.
    fn saved(&self) -> String {
        self.told(self.first_day(), self.last_day(), self.way(), self.place(), &self.topics())
    }

    /// What was typed, likewise.
    fn typed(&self) -> String {
        let typed = |name| self.shell.typed(name, "");
        self.told(&typed("first_day"), &typed("last_day"), &typed("way"), &typed("place"), &typed("topics"))
    }

    fn told(&self, first: &str, last: &str, way: &str, place: &str, topics: &str) -> String {
        let way = if Way::parse(way).is_some() { self.shell.word("way", way) } else { way.to_owned() };
        let told = |key: &str, value: &str| format!("{}: {value}", self.shell.t(key));
        let lines = [
            told("meeting-first-day", first),
            told("meeting-last-day", last),
            told("meeting-way", &way),
            told("meeting-place", place),
            format!("{}:\n{topics}", self.shell.t("meeting-topics")),
        ];
        lines.join("\n")
    }

    fn kinds(&self) -> Choices {
        options(&self.shell, "meeting-kind", MeetingKind::ALL.iter().map(|one| one.as_str()))
    }

    fn ways(&self) -> Choices {
        options(&self.shell, "way", Way::ALL.iter().map(|one| one.as_str()))
    }

    fn action(&self) -> String {
        self.meeting.as_ref().map_or_else(|| "/meetings".to_owned(), |one| format!("/meetings/{}", one.meeting.id))
    }

    fn first_day(&self) -> &str {
        self.meeting.as_ref().map_or("", |one| &one.meeting.first_day)
    }

    fn last_day(&self) -> &str {
        self.meeting.as_ref().map_or("", |one| &one.meeting.last_day)
    }

    fn way(&self) -> &str {
        self.meeting.as_ref().map_or(Way::InPerson.as_str(), |one| one.meeting.way.as_str())
    }

    fn place(&self) -> &str {
        self.meeting.as_ref().and_then(|one| one.meeting.place.as_deref()).unwrap_or_default()
    }

    fn topics(&self) -> String {
        self.meeting.as_ref().map(|one| one.topics.join("\n")).unwrap_or_default()
    }

    fn title(&self) -> String {
        match &self.meeting {
            Some(one) => self.shell.t1("meeting-change-title", "meeting", title(&self.shell, &one.meeting)),
            None => self.shell.t("meeting-convene"),
        }
    }
}

/// The form for a session.
#[derive(Template)]
#[template(path = "meetings/session_form.html")]
struct SessionFormPage {
    shell: Shell,
    meeting: MeetingId,
    observers: Choices,
}

impl SessionFormPage {
    fn kinds(&self) -> Choices {
        options(&self.shell, "session-kind", SessionKind::ALL.iter().map(|one| one.as_str()))
    }
}

pub(super) fn routes() -> Vec<Route> {
    let seen = Logs::SometimesEvent(Event::RoomSeen);
    vec![
        look(
            "/meetings/new",
            "page_new_meeting",
            "The form for a meeting.",
            Access::May(Action::ConveneMeeting),
            handler(new),
        ),
        Route {
            also: &[409],
            ..form(
                "/meetings",
                "page_convene_meeting",
                "Convenes a meeting.",
                (Action::ConveneMeeting, Event::MeetingConvened),
                schema::<ConveneBody>,
                handler(convene),
            )
        },
        Route {
            logs: seen,
            ..look(
                "/meetings/{meeting}/revision",
                "page_edit_meeting",
                "The form for what of a meeting can change.",
                Access::May(Action::ChangeMeeting),
                handler(edit),
            )
        },
        Route {
            also: &[412, 428],
            ..form(
                "/meetings/{meeting}",
                "page_change_meeting",
                "Replaces the days, way, place and topics of a meeting.",
                (Action::ChangeMeeting, Event::MeetingChanged),
                schema::<ChangeBody>,
                handler(change),
            )
        },
        look(
            "/meetings/{meeting}/sessions/new",
            "page_new_session",
            "The form for a session.",
            Access::May(Action::AddSession),
            handler(new_session),
        ),
        form(
            "/meetings/{meeting}/sessions",
            "page_add_session",
            "Adds a session.",
            (Action::AddSession, Event::SessionAdded),
            schema::<NewSessionBody>,
            handler(add_session),
        ),
    ]
}

async fn new(call: Call) -> Result<Answer, AppError> {
    let (shell, (states, members)) = call
        .see(move |work, asker| {
            access::permit::<actions::ConveneMeeting, TheNetwork>(work, asker, &())?;
            let states = or_none(choices::parties(work, asker, Among::States)?);
            Ok((states, or_none(choices::parties(work, asker, MEMBER_STATES)?)))
        })
        .await?;
    show(&shell.clone(), &MeetingFormPage { shell, meeting: None, states, members, based_on: 0, theirs: None })
}

async fn convene(call: Call) -> Result<Answer, AppError> {
    let convened = async {
        let new = call.form::<ConveneBody>()?.checked()?;
        call.write(move |work, asker| service::convene(work, asker, &new)).await
    };
    match convened.await {
        Ok(meeting) => Answer::see(&format!("/meetings/{}", meeting.id)),
        Err(error) => new(call.failed(error)?).await,
    }
}

async fn edit(call: Call) -> Result<Answer, AppError> {
    let id = call.path("meeting", MeetingId::parse)?;
    let (shell, meeting) = call
        .see(move |work, asker| {
            access::permit::<actions::ChangeMeeting, Meeting>(work, asker, &id)?;
            service::get(work, asker, &id)
        })
        .await?;
    let (states, members) = (Choices::new(), Choices::new());
    let (based_on, beside) = shell.based_on(meeting.meeting.version);
    let theirs = beside.then_some(meeting.meeting.version);
    show(&shell.clone(), &MeetingFormPage { shell, meeting: Some(meeting), states, members, based_on, theirs })
}

async fn change(call: Call) -> Result<Answer, AppError> {
    let id = call.path("meeting", MeetingId::parse)?;
    let changed = async {
        let (based_on, to) = (call.based_on()?, call.form::<ChangeBody>()?.checked()?);
        let id = id.clone();
        call.write(move |work, asker| service::change(work, asker, &id, based_on, to)).await
    };
    match changed.await {
        Ok(_) => Answer::see(&format!("/meetings/{id}")),
        Err(error) => edit(call.failed(error)?).await,
    }
}

async fn new_session(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let id = meeting.clone();
    let (shell, observers) = call
        .see(move |work, asker| {
            access::permit::<actions::AddSession, Meeting>(work, asker, &id)?;
            choices::parties(work, asker, OBSERVER_STATES)
        })
        .await?;
    show(&shell.clone(), &SessionFormPage { shell, meeting, observers })
}

async fn add_session(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let added = async {
        let new = call.form::<NewSessionBody>()?.checked()?;
        call.write(move |work, asker| sessions::add(work, asker, &meeting, &new)).await
    };
    match added.await {
        Ok(session) => Answer::see(&format!("/sessions/{}", session.id)),
        Err(error) => new_session(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl MeetingFormPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let states = || or_none(vec![("00000000-0000-4000-8000-00000000000a".to_owned(), "France (FR)".to_owned())]);
        let meeting = || MeetingDetail {
            meeting: super::list::made_up((36, "2024-11-13")),
            topics: vec!["<b>One</b>".to_owned(), "Two".to_owned()],
            sessions: Vec::new(),
        };
        [(None, None), (Some(meeting()), None), (Some(meeting()), Some(3))]
            .map(|(meeting, theirs)| Self {
                shell: shell.clone(),
                meeting,
                states: states(),
                members: states(),
                based_on: 3,
                theirs,
            })
            .into()
    }
}

#[cfg(test)]
impl SessionFormPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let meeting = || MeetingId::parse("00000000-0000-4000-8000-00000000000a").unwrap();
        let observers = vec![("00000000-0000-4000-8000-00000000000b".to_owned(), "Norway (NO)".to_owned())];
        [Vec::new(), observers].map(|observers| Self { shell: shell.clone(), meeting: meeting(), observers }).into()
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let mut samples = sample("meetings/meeting_form.html", MeetingFormPage::samples(shell));
    samples.extend(sample("meetings/session_form.html", SessionFormPage::samples(shell)));
    samples
}
