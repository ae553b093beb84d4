//! Inviting to sessions, and ending that.

use askama::Template;

use super::{form, look, session};
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{ActId, SessionId};
use crate::meetings::model::{EndBody, InviteBody, Participant};
use crate::meetings::service::participation as service;
use crate::network::names::Names;
use crate::server::page::{Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Route, handler};

/// The form that ends a participation.
#[derive(Template)]
#[template(path = "meetings/participation_end.html")]
struct EndPage {
    shell: Shell,
    session: SessionId,
    part: Participant,
    names: Names,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            also: &[409],
            ..form(
                "/sessions/{session}/participations",
                "page_invite_to_session",
                "Invites a delegation, or one person of it.",
                (Action::InviteToSession, Event::ParticipationRecorded),
                schema::<InviteBody>,
                handler(invite),
            )
        },
        look(
            "/participations/{act}/ending",
            "page_ask_to_end_participation",
            "The form that ends a participation.",
            Access::May(Action::InviteToSession),
            handler(ask),
        ),
        Route {
            also: &[409],
            ..form(
                "/participations/{act}/ending",
                "page_end_participation",
                "Ends a participation.",
                (Action::InviteToSession, Event::ActEnded),
                schema::<EndBody>,
                handler(end),
            )
        },
    ]
}

async fn invite(call: Call) -> Result<Answer, AppError> {
    let id = call.path("session", SessionId::parse)?;
    let invited = async {
        let new = call.form::<InviteBody>()?.checked()?;
        let id = id.clone();
        call.write(move |work, asker| service::invite(work, asker, &id, new)).await
    };
    match invited.await {
        Ok(_) => Answer::see(&format!("/sessions/{id}")),
        Err(error) => session::get(call.failed(error)?).await,
    }
}

async fn ask(call: Call) -> Result<Answer, AppError> {
    let act = call.path("act", ActId::parse)?;
    let (shell, (session, part, names)) = call
        .see(move |work, asker| {
            let (session, part) = service::get(work, asker, &act)?;
            let names = Names::of(work, part.person.as_ref(), [&part.party])?;
            Ok((session, part, names))
        })
        .await?;
    show(&shell.clone(), &EndPage { shell, session, part, names })
}

async fn end(call: Call) -> Result<Answer, AppError> {
    let act = call.path("act", ActId::parse)?;
    let ended = async {
        let ending = call.form::<EndBody>()?.checked()?;
        let act = act.clone();
        call.write(move |work, asker| {
            let (session, _) = service::get(work, asker, &act)?;
            service::end(work, asker, &act, &ending)?;
            Ok(session)
        })
        .await
    };
    match ended.await {
        Ok(session) => Answer::see(&format!("/sessions/{session}")),
        Err(error) => ask(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl EndPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        use crate::meetings::model::SessionKind;
        let page = |part: usize| {
            let (mut session, names) = session::made_up(SessionKind::Open, true);
            Self { shell: shell.clone(), session: session.id, part: session.participants.swap_remove(part), names }
        };
        vec![page(0), page(2)]
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    crate::server::page::sample("meetings/participation_end.html", EndPage::samples(shell))
}
