//! Conclusions: reading them, and for the Secretariat drafting, adopting and publishing. A draft that
//! somebody else wrote meanwhile is shown beside one's own, and neither is lost.

use askama::Template;

use super::{form, look};
use crate::access::{self, Action, Asker, actions};
use crate::audit::Event;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::MeetingId;
use crate::meetings::model::{AdoptBody, ConclusionsBody, ConclusionsState, DraftBody, PublishBody};
use crate::meetings::service::conclusions as service;
use crate::meetings::store::Conclusions;
use crate::server::page::{Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Route, handler};

/// The conclusions of a meeting.
#[derive(Template)]
#[template(path = "meetings/conclusions.html")]
struct ConclusionsPage {
    shell: Shell,
    conclusions: ConclusionsBody,
    may_draft: bool,
}

impl ConclusionsPage {
    fn is_public(&self) -> bool {
        self.conclusions.state >= ConclusionsState::Published
    }

    fn is(&self, state: &str) -> bool {
        self.conclusions.state.as_str() == state
    }
}

/// The form for the next version.
#[derive(Template)]
#[template(path = "meetings/conclusions_form.html")]
struct DraftPage {
    shell: Shell,
    meeting: MeetingId,
    /// The version it is based on; 0 for the first.
    based_on: i64,
    words: String,
    /// What somebody else wrote meanwhile: the number and the words.
    theirs: Option<(i64, String)>,
}

const PATH: &str = "/meetings/{meeting}/conclusions";

pub(super) fn routes() -> Vec<Route> {
    vec![
        look(
            PATH,
            "page_get_conclusions",
            "The conclusions of a meeting.",
            Access::Public(Action::SeeConclusions),
            handler(get),
        ),
        look(
            "/meetings/{meeting}/conclusions/revision",
            "page_edit_conclusions",
            "The form for the next version of the conclusions.",
            Access::May(Action::DraftConclusions),
            handler(edit),
        ),
        Route {
            also: &[409, 412, 428],
            ..form(
                PATH,
                "page_draft_conclusions",
                "Writes the next version of the conclusions.",
                (Action::DraftConclusions, Event::ConclusionsDrafted),
                schema::<DraftBody>,
                handler(draft),
            )
        },
        Route {
            also: &[409],
            ..form(
                "/meetings/{meeting}/conclusions/adoption",
                "page_adopt_conclusions",
                "Records that the newest version was adopted.",
                (Action::AdoptConclusions, Event::ConclusionsAdopted),
                schema::<AdoptBody>,
                handler(adopt),
            )
        },
        Route {
            also: &[409],
            ..form(
                "/meetings/{meeting}/conclusions/publication",
                "page_publish_conclusions",
                "Publishes the adopted version.",
                (Action::PublishConclusions, Event::ConclusionsPublished),
                schema::<PublishBody>,
                handler(publish),
            )
        },
    ]
}

fn may_draft(work: &mut Work<'_>, asker: &Asker, meeting: &MeetingId) -> bool {
    access::permit::<actions::DraftConclusions, Conclusions>(work, asker, meeting).is_ok()
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let (shell, (conclusions, may_draft)) = call
        .see(move |work, asker| {
            let conclusions = service::get(work, asker, &meeting)?;
            Ok((conclusions, may_draft(work, asker, &meeting)))
        })
        .await?;
    show(&shell.clone(), &ConclusionsPage { shell, conclusions, may_draft })
}

async fn edit(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let id = meeting.clone();
    let (shell, newest) = call
        .see(move |work, asker| {
            access::permit::<actions::DraftConclusions, Conclusions>(work, asker, &id)?;
            service::get(work, asker, &id)
        })
        .await?;
    let (version, words) = (newest.version.unwrap_or(0), newest.words.unwrap_or_default());
    let (based_on, beside) = shell.based_on(version);
    let theirs = beside.then(|| (version, words.clone()));
    show(&shell.clone(), &DraftPage { shell, meeting, based_on, words, theirs })
}

async fn draft(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let back = format!("/meetings/{meeting}/conclusions");
    let drafted = async {
        let draft = call.form::<DraftBody>()?.checked(call.based_on()?)?;
        call.write(move |work, asker| service::draft(work, asker, &meeting, draft)).await
    };
    match drafted.await {
        Ok(_) => Answer::see(&back),
        Err(error) => edit(call.failed(error)?).await,
    }
}

async fn adopt(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let back = format!("/meetings/{meeting}/conclusions");
    let adopted = async {
        let adopt = call.form::<AdoptBody>()?.checked()?;
        call.write(move |work, asker| service::adopt(work, asker, &meeting, &adopt)).await
    };
    match adopted.await {
        Ok(_) => Answer::see(&back),
        Err(error) => get(call.failed(error)?).await,
    }
}

async fn publish(call: Call) -> Result<Answer, AppError> {
    let meeting = call.path("meeting", MeetingId::parse)?;
    let back = format!("/meetings/{meeting}/conclusions");
    let published = async {
        let publish = call.form::<PublishBody>()?.checked()?;
        call.write(move |work, asker| service::publish(work, asker, &meeting, &publish)).await
    };
    match published.await {
        Ok(_) => Answer::see(&back),
        Err(error) => get(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl ConclusionsPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        use crate::access::acts::ActKind;
        use crate::ids::ActId;
        use crate::meetings::model::ConclusionActBody;
        let id = "00000000-0000-4000-8000-00000000000a";
        let act = |kind: ActKind, version: Option<i64>| ConclusionActBody {
            act: ActId::parse(id).unwrap(),
            kind,
            version,
            effective: crate::context::Moment(1_731_542_400_000_000),
        };
        let page =
            |state: ConclusionsState, version: Option<i64>, acts: Vec<ConclusionActBody>, may_draft: bool| Self {
                shell: shell.clone(),
                conclusions: ConclusionsBody {
                    meeting: MeetingId::parse(id).unwrap(),
                    state,
                    version,
                    words: version.map(|_| "1. The network <b>agrees</b>.\n2. \u{202e}".to_owned()),
                    acts,
                },
                may_draft,
            };
        let adopted = || act(ActKind::Adoption, Some(2));
        vec![
            page(ConclusionsState::Absent, None, Vec::new(), true),
            page(ConclusionsState::Drafted, Some(1), Vec::new(), true),
            page(ConclusionsState::Drafted, Some(1), Vec::new(), false),
            page(ConclusionsState::Adopted, Some(2), vec![adopted()], true),
            page(ConclusionsState::Published, Some(2), vec![adopted(), act(ActKind::Publication, Some(2))], false),
            page(ConclusionsState::PublishedElsewhere, None, vec![act(ActKind::Publication, None)], false),
        ]
    }
}

#[cfg(test)]
impl DraftPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let page = |based_on: i64, theirs: Option<(i64, String)>| Self {
            shell: shell.clone(),
            meeting: MeetingId::parse("00000000-0000-4000-8000-00000000000a").unwrap(),
            based_on,
            words: if based_on > 0 { "1. <b>x</b>".to_owned() } else { String::new() },
            theirs,
        };
        vec![page(0, None), page(2, Some((2, "<script>theirs</script>".to_owned())))]
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let mut samples = sample("meetings/conclusions.html", ConclusionsPage::samples(shell));
    samples.extend(sample("meetings/conclusions_form.html", DraftPage::samples(shell)));
    samples
}
