//! The public library as pages.

use actix_web::http::Method;
use askama::Template;

use super::model::{PublicationBody, PublicationKind, PublicationRequest};
use super::service;
use crate::access::{self, Action, Asker, TheNetwork, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::PublicationId;
use crate::meetings::known::known;
use crate::server::answer::List;
use crate::server::page::{Shell, filter, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Handler, Logs, Route, Takes, handler};

const QUERY: &[&str] = &["kind", "cursor", "limit"];

/// The documents, by title.
#[derive(Template)]
#[template(path = "library/list.html")]
struct ListPage {
    shell: Shell,
    publications: List<PublicationBody>,
    kind: Option<PublicationKind>,
    may_record: bool,
}

impl ListPage {
    /// The kinds to choose from: value, words, whether it is chosen.
    fn kinds(&self) -> Vec<(&'static str, String, bool)> {
        let all = PublicationKind::ALL.iter();
        all.map(|kind| (kind.as_str(), self.shell.word("publication-kind", kind.as_str()), self.kind == Some(*kind)))
            .collect()
    }

    fn base(&self) -> String {
        filter::address("/publications", &[("kind", self.kind.map(PublicationKind::as_str).unwrap_or_default())])
    }
}

/// A document.
#[derive(Template)]
#[template(path = "library/publication.html")]
struct PublicationPage {
    shell: Shell,
    publication: PublicationBody,
}

/// The form for a document.
#[derive(Template)]
#[template(path = "library/publication_form.html")]
struct FormPage {
    shell: Shell,
    meetings: Vec<(String, String)>,
}

impl FormPage {
    fn kinds(&self) -> Vec<(String, String)> {
        let all = PublicationKind::ALL.iter();
        all.map(|kind| (kind.as_str().to_owned(), self.shell.word("publication-kind", kind.as_str()))).collect()
    }
}

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    let public = Access::Public(Action::SeePublication);
    vec![
        Route {
            takes: Takes::Query(QUERY),
            ..look("/publications", "page_list_publications", "The documents of the library.", public, handler(list))
        },
        look(
            "/publications/{publication}",
            "page_get_publication",
            "One document of the library.",
            public,
            handler(get),
        ),
        look(
            "/publications/new",
            "page_new_publication",
            "The form for a document.",
            Access::May(Action::RecordPublication),
            handler(new),
        ),
        Route {
            method: Method::POST,
            path: "/publications",
            name: "page_record_publication",
            summary: "Records a document in the library.",
            access: Access::May(Action::RecordPublication),
            logs: Logs::Event(Event::PublicationRecorded),
            takes: Takes::Form(schema::<PublicationRequest>),
            gives: Gives::See,
            also: &[409],
            handler: handler(create),
        },
    ]
}

fn look(path: &'static str, name: &'static str, summary: &'static str, access: Access, handler: Handler) -> Route {
    let (logs, takes, gives) = (Logs::Nothing, Takes::Nothing, Gives::Page);
    Route { method: Method::GET, path, name, summary, access, logs, takes, gives, also: &[], handler }
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let kind = filter::chosen(&query, "kind", PublicationKind::parse)?;
    let (shell, (publications, may_record)) = call
        .see(move |work, asker| {
            let publications = service::list(work, asker, kind, &page)?;
            let may_record = access::permit::<actions::RecordPublication, TheNetwork>(work, asker, &()).is_ok();
            Ok((publications, may_record))
        })
        .await?;
    show(&shell.clone(), &ListPage { shell, publications, kind, may_record })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("publication", PublicationId::parse)?;
    let (shell, publication) = call.see(move |work, asker| service::get(work, asker, &id)).await?;
    show(&shell.clone(), &PublicationPage { shell, publication })
}

async fn new(call: Call) -> Result<Answer, AppError> {
    let (shell, meetings) = call
        .see(move |work, asker| {
            access::permit::<actions::RecordPublication, TheNetwork>(work, asker, &())?;
            // The document will name it to everyone, so only those that everyone may know of are offered.
            known(work, &Asker::anonymous(work.codes(), work.now), None)
        })
        .await?;
    let none = (String::new(), "—".to_owned());
    let meetings = std::iter::once(none)
        .chain(meetings.into_iter().map(|meeting| {
            let days = shell.days(&meeting.first_day, &meeting.last_day);
            let number = meeting.number.unwrap_or_default();
            (meeting.id.to_string(), shell.t2("meeting-choice", "number", number, "days", days))
        }))
        .collect();
    show(&shell.clone(), &FormPage { shell, meetings })
}

async fn create(call: Call) -> Result<Answer, AppError> {
    let created = async {
        let request = call.form::<PublicationRequest>()?.judged()?;
        call.write(move |work, asker| service::create(work, asker, &request)).await
    };
    match created.await {
        Ok(publication) => Answer::see(&format!("/publications/{}", publication.id)),
        Err(error) => new(call.failed(error)?).await,
    }
}

#[cfg(test)]
fn made_up(full: bool) -> PublicationBody {
    let id = "00000000-0000-4000-8000-00000000000a";
    PublicationBody {
        id: PublicationId::parse(id).unwrap(),
        code: "strategy-1".to_owned(),
        kind: PublicationKind::ExpertPaper,
        title: "A <script>paper</script> \u{202e}".to_owned(),
        summary: "What it says.\nIn a few <b>sentences</b>.".to_owned(),
        adopted_on: full.then(|| "2014-10-30".to_owned()),
        published_on: full.then(|| "2014-11".to_owned()),
        adopted_at_meeting: full.then(|| crate::ids::MeetingId::parse(id).unwrap()),
    }
}

#[cfg(test)]
impl ListPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let page = |items: Vec<PublicationBody>, kind, next, may_record| Self {
            shell: shell.clone(),
            publications: List { items, next },
            kind,
            may_record,
        };
        vec![
            page(Vec::new(), None, None, false),
            page(vec![made_up(false), made_up(true)], Some(PublicationKind::ExpertPaper), Some("bmV4dA".into()), true),
        ]
    }
}

#[cfg(test)]
impl PublicationPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        [false, true].map(|full| Self { shell: shell.clone(), publication: made_up(full) }).into()
    }
}

#[cfg(test)]
impl FormPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let meeting = ("00000000-0000-4000-8000-00000000000a".to_owned(), "36".to_owned());
        [Vec::new(), vec![meeting]].map(|meetings| Self { shell: shell.clone(), meetings }).into()
    }
}

/// Samples of every page of this slice.
#[cfg(test)]
pub(crate) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let mut samples = sample("library/list.html", ListPage::samples(shell));
    samples.extend(sample("library/publication.html", PublicationPage::samples(shell)));
    samples.extend(sample("library/publication_form.html", FormPage::samples(shell)));
    samples
}
