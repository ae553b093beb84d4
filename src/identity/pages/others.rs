//! What the Secretariat does about other people's accounts: inviting, and ending log-ins.

use actix_web::http::Method;
use askama::Template;

use crate::access::{self, Action, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::identity::model::{Invitation, InviteBody};
use crate::identity::service;
use crate::identity::store::Invitee;
use crate::ids::PersonId;
use crate::network::names::Names;
use crate::server::page::{Nothing, Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

/// The form for an invitation.
#[derive(Template)]
#[template(path = "identity/invite.html")]
struct InvitePage {
    shell: Shell,
    person: PersonId,
    names: Names,
}

/// An invitation, shown once.
#[derive(Template)]
#[template(path = "identity/invited.html")]
struct InvitedPage {
    shell: Shell,
    person: PersonId,
    names: Names,
    invitation: Invitation,
    /// Where it is taken up.
    address: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/people/{person}/invitation",
            name: "page_new_invitation",
            summary: "The form for an invitation.",
            access: Access::May(Action::Invite),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Page,
            also: &[],
            handler: handler(ask),
        },
        Route {
            method: Method::POST,
            path: "/people/{person}/invitation",
            name: "page_invite",
            summary: "Invites a person, and shows the invitation once.",
            access: Access::May(Action::Invite),
            logs: Logs::Event(Event::Invited),
            takes: Takes::Form(schema::<InviteBody>),
            gives: Gives::Page,
            also: &[409],
            handler: handler(invite),
        },
        Route {
            method: Method::POST,
            path: "/people/{person}/sign-ins/ending",
            name: "page_end_sign_ins",
            summary: "Ends all log-ins of a person.",
            access: Access::May(Action::EndSignIns),
            logs: Logs::Event(Event::SignedOut),
            takes: Takes::Form(schema::<Nothing>),
            gives: Gives::See,
            also: &[],
            handler: handler(end_sign_ins),
        },
    ]
}

async fn ask(call: Call) -> Result<Answer, AppError> {
    let id = call.path("person", PersonId::parse)?;
    let person = id.clone();
    let (shell, names) = call
        .see(move |work, asker| {
            access::permit::<actions::Invite, Invitee>(work, asker, &id)?;
            Names::of(work, [&id], [])
        })
        .await?;
    show(&shell.clone(), &InvitePage { shell, person, names })
}

async fn invite(call: Call) -> Result<Answer, AppError> {
    let person = call.path("person", PersonId::parse)?;
    let hours = call.settings().identity.invitation_hours;
    let invited = async {
        let body = call.form::<InviteBody>()?;
        let person = person.clone();
        call.write(move |work, asker| service::invite(work, asker, &person, &body.email, hours)).await
    };
    match invited.await {
        Ok(invitation) => {
            let id = person.clone();
            let (shell, names) = call.see(move |work, _| Names::of(work, [&id], [])).await?;
            let address = format!("{}/invitation", call.settings().server.origin);
            show(&shell.clone(), &InvitedPage { shell, person, names, invitation, address })
        }
        Err(error) => ask(call.failed(error)?).await,
    }
}

async fn end_sign_ins(call: Call) -> Result<Answer, AppError> {
    let person = call.path("person", PersonId::parse)?;
    let path = format!("/people/{person}");
    call.write(move |work, asker| service::end_sign_ins(work, asker, &person)).await?;
    Answer::see(&path)
}

/// The pages of this file from made-up contents.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let person = PersonId::parse("00000000-0000-4000-8000-000000000001").unwrap();
    let names = || Names::made_up([(&person, "<b>\u{202e}Ánna</b>", "NO")], []);
    let ask = InvitePage { shell: shell.clone(), person: person.clone(), names: Names::default() };
    let ask_named = InvitePage { shell: shell.clone(), person: person.clone(), names: names() };
    let invited = InvitedPage {
        shell: shell.clone(),
        person: person.clone(),
        names: names(),
        invitation: Invitation {
            token: "ici_made-up".into(),
            expires_at: crate::context::Moment::parse("2026-07-01").unwrap(),
        },
        address: "https://localhost:8443/invitation".into(),
    };
    [sample("identity/invite.html", vec![ask, ask_named]), sample("identity/invited.html", vec![invited])]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::page::{Form, Say};

    #[test]
    fn what_a_person_is_called_stays_text() {
        let say = Say::to(Some("en"), None, None, ("en", "UTC"));
        let shell = Shell::new(say, None, "/here".into(), None, Form::default());
        for page in samples(&shell) {
            assert!(!page.html.unwrap().contains("<b>"), "{}", page.template);
        }
    }
}
