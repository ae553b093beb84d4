//! Acts of administration, and ending them.

use askama::Template;

use super::form::{Field, FormPage};
use super::{look, send};
use crate::access::acts::ActKind;
use crate::access::{self, Action, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::ActId;
use crate::network::model::{ActBody, EndingRequest};
use crate::network::names::Names;
use crate::network::service::acts;
use crate::network::store::ActRecord;
use crate::server::page::{Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Route, Takes, handler};

/// An act.
#[derive(Template)]
#[template(path = "network/act.html")]
pub(super) struct ActPage {
    shell: Shell,
    act: ActBody,
    names: Names,
    /// Whether any of it is left to end, and the reader may.
    lasts: bool,
}

pub(super) fn routes() -> Vec<Route> {
    const ENDING: &str = "/acts/{act}/ending";
    vec![
        look(
            "/acts/{act}",
            "page_get_act",
            "An act of administration, with its endings.",
            Access::May(Action::SeeAct),
            Takes::Nothing,
            handler(get),
        ),
        look(
            ENDING,
            "page_new_ending",
            "The form for ending an act.",
            Access::May(Action::EndAct),
            Takes::Nothing,
            handler(new_ending),
        ),
        send(
            ENDING,
            "page_end_act",
            "Ends what an act began.",
            (Action::EndAct, Event::ActEnded),
            schema::<EndingRequest>,
            handler(put_to_end),
        ),
    ]
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("act", ActId::parse)?;
    let (shell, (act, names, now, may_end)) = call
        .see(move |work, asker| {
            let act = acts::get(work, asker, &id)?;
            // Nobody ends what oneself has: no button that only leads to a refusal.
            let may_end = access::permit::<actions::EndAct, ActRecord>(work, asker, &id).is_ok();
            let about = &act.about;
            let people = [&act.recorded_by, &about.person, &about.stand_in_for].into_iter().flatten();
            let names = Names::of(work, people, &about.party)?;
            Ok((act, names, work.now, may_end))
        })
        .await?;
    let lasts =
        may_end && act.kind != ActKind::Ending && act.endings.is_empty() && act.until.is_none_or(|until| until > now);
    show(&shell.clone(), &ActPage { shell, act, names, lasts })
}

async fn new_ending(call: Call) -> Result<Answer, AppError> {
    let id = call.path("act", ActId::parse)?;
    let path = format!("/acts/{id}");
    let (shell, (act, names)) = call
        .see(move |work, asker| {
            access::permit::<actions::EndAct, ActRecord>(work, asker, &id)?;
            let act = acts::get(work, asker, &id)?;
            let names = Names::of(work, &act.about.person, &act.about.party)?;
            Ok((act, names))
        })
        .await?;
    let whose = match (&act.about.person, &act.about.party) {
        (Some(person), _) => names.person(person).to_owned(),
        (None, Some(party)) => names.party(party).to_owned(),
        (None, None) => String::new(),
    };
    let about = format!("{} · {whose}", shell.word("act-kind", act.kind.as_str()));
    let (label, hint) = (shell.t("ending-effective"), shell.t("ending-effective-hint"));
    let fields =
        vec![Field::Line { name: "effective", label, kind: "date", hint, required: false }, Field::source(&shell)];
    let page = FormPage {
        name: "new-ending",
        title: shell.t("act-end"),
        about: Some((about, path.clone())),
        intro: shell.t("act-end-intro"),
        action: format!("{path}/ending"),
        fields,
        button: shell.t("act-end-do"),
        ends: true,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn put_to_end(call: Call) -> Result<Answer, AppError> {
    let id = call.path("act", ActId::parse)?;
    let path = format!("/acts/{id}");
    let done = async {
        let request = call.form::<EndingRequest>()?.judged()?;
        call.write(move |work, asker| acts::put_to_end(work, asker, &id, &request)).await
    };
    match done.await {
        Ok(_) => Answer::see(&path),
        Err(error) => new_ending(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl ActPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::network::model::{About, Ended, Function, Role};
        let act = |about, endings: Vec<Ended>, until| ActBody {
            id: made::act(1),
            kind: ActKind::Designation,
            from: made::day("2024-01-01"),
            until,
            recorded_at: made::day("2024-01-01"),
            source: "Note verbale <of> \u{202e}that".into(),
            meeting: None,
            in_force: endings.is_empty(),
            recorded_by: Some(made::person(1)),
            about,
            endings,
        };
        let about = About {
            party: Some(made::party(2)),
            person: Some(made::person(2)),
            role: Some(Role::Counterpart),
            function: Some(Function::Prosecutor),
            stand_in_for: Some(made::person(1)),
            ..About::default()
        };
        let ended = Ended {
            act: made::act(2),
            effective: made::day("2025-01-01"),
            recorded_at: made::day("2024-12-01"),
            source: "Letter".into(),
        };
        let page = |act, lasts| Self { shell: shell.clone(), act, names: made::names(), lasts };
        vec![
            page(act(About::default(), Vec::new(), None), true),
            page(act(about, vec![ended], Some(made::day("2025-01-01"))), false),
        ]
    }
}
