//! The list of meetings, as a page and as a table to be saved.

use actix_web::http::Method;
use askama::Template;

use super::timeline::Timeline;
use super::{look, options, title};
use crate::access::{self, Action, TheNetwork, actions};
use crate::error::AppError;
use crate::input;
use crate::meetings::model::{ConclusionsState, MeetingBody, MeetingKind, Wanted};
use crate::meetings::service::meetings as service;
use crate::network::names::Names;
use crate::server::answer::List;
use crate::server::page::{Shell, csv, filter, show};
use crate::server::{Access, Answer, Call, Gives, Query, Route, Takes, handler};

const QUERY: &[&str] = &["kind", "from", "until", "cursor", "limit"];
const FILTERS: &[&str] = &["kind", "from", "until"];

/// Meetings, the latest first.
#[derive(Template)]
#[template(path = "meetings/list.html")]
struct ListPage {
    shell: Shell,
    names: Names,
    meetings: List<MeetingBody>,
    wanted: Wanted,
    timeline: Option<Timeline>,
    may_convene: bool,
}

impl ListPage {
    fn title(&self, meeting: &MeetingBody) -> String {
        title(&self.shell, meeting)
    }

    /// The kinds to choose from: value, words, whether it is chosen.
    fn kinds(&self) -> Vec<(String, String, bool)> {
        options(&self.shell, "meeting-kind", MeetingKind::ALL.iter().map(|kind| kind.as_str()))
            .into_iter()
            .map(|(kind, words)| {
                let chosen = self.wanted.kind.is_some_and(|wanted| wanted.as_str() == kind);
                (kind, words, chosen)
            })
            .collect()
    }

    fn from(&self) -> &str {
        self.wanted.from.as_deref().unwrap_or_default()
    }

    fn until(&self) -> &str {
        self.wanted.until.as_deref().unwrap_or_default()
    }

    fn is_filtered(&self) -> bool {
        self.wanted.kind.is_some() || self.wanted.from.is_some() || self.wanted.until.is_some()
    }

    /// `path` with what is asked for.
    fn at(&self, path: &str) -> String {
        let kind = self.wanted.kind.map(MeetingKind::as_str).unwrap_or_default();
        filter::address(path, &[("kind", kind), ("from", self.from()), ("until", self.until())])
    }

    /// What a link to the conclusions is called where it is heard without its row.
    fn conclusions_of(&self, meeting: &MeetingBody) -> String {
        let state = self.shell.word("conclusions-state", meeting.conclusions.as_str());
        self.shell.t2("conclusions-of", "meeting", self.title(meeting), "state", state)
    }

    /// The drawing in a sentence; the list below says the rest.
    fn timeline_words(&self, drawn: &Timeline) -> String {
        let (first, last) = (drawn.first.to_string(), drawn.last.to_string());
        let args = [("count", drawn.marks.len().into()), ("first", first.into()), ("last", last.into())];
        self.shell.say().with("meetings-line-words", &args)
    }
}

pub(super) fn routes() -> Vec<Route> {
    let access = Access::Public(Action::SeeMeeting);
    vec![
        Route {
            takes: Takes::Query(QUERY),
            ..look("/meetings", "page_list_meetings", "Meetings, the latest first.", access, handler(list))
        },
        Route {
            method: Method::GET,
            takes: Takes::Query(FILTERS),
            gives: Gives::Bytes,
            ..look("/meetings.csv", "page_export_meetings", "The same as a table.", access, handler(export))
        },
    ]
}

/// What the filters say.
fn wanted(query: &Query) -> Result<Wanted, AppError> {
    let day = |name: &'static str| filter::chosen(query, name, |text| input::day(name, text).ok());
    Ok(Wanted { kind: filter::chosen(query, "kind", MeetingKind::parse)?, from: day("from")?, until: day("until")? })
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let (wanted, page) = (wanted(&query)?, query.page()?);
    let asked = wanted.clone();
    let (shell, (meetings, names, may_convene)) = call
        .see(move |work, asker| {
            let meetings = service::list(work, asker, &asked, &page)?;
            let names = Names::of(work, [], meetings.items.iter().filter_map(|one| one.presidency.as_ref()))?;
            let may_convene = access::permit::<actions::ConveneMeeting, TheNetwork>(work, asker, &()).is_ok();
            Ok((meetings, names, may_convene))
        })
        .await?;
    let timeline = Timeline::of(&meetings.items);
    show(&shell.clone(), &ListPage { shell, names, meetings, wanted, timeline, may_convene })
}

async fn export(call: Call) -> Result<Answer, AppError> {
    let query = call.query(FILTERS)?;
    let (wanted, mut page) = (wanted(&query)?, query.page()?);
    let (meetings, names) = call
        .read(move |work, asker| {
            let mut meetings: Vec<MeetingBody> = Vec::new();
            loop {
                let mut part = service::list(work, asker, &wanted, &page)?;
                meetings.append(&mut part.items);
                // The next page begins behind the last meeting of this one.
                match meetings.last().filter(|_| part.next.is_some()) {
                    Some(last) => page.after = Some(format!("{}|{}", last.first_day, last.id)),
                    None => break,
                }
            }
            let names = Names::of(work, [], meetings.iter().filter_map(|one| one.presidency.as_ref()))?;
            Ok((meetings, names))
        })
        .await?;
    let shell = call.shell()?;
    let head = [
        "meeting-number",
        "meeting-kind",
        "meeting-first-day",
        "meeting-last-day",
        "meeting-way",
        "meeting-place",
        "meeting-presidency",
        "conclusions-title",
    ];
    let whole = List { items: meetings, next: None };
    csv::answer(&shell, "meetings.csv", &head, whole, |meeting| {
        vec![
            meeting.number.map(|number| number.to_string()).unwrap_or_default(),
            shell.word("meeting-kind", meeting.kind.as_str()),
            meeting.first_day,
            meeting.last_day,
            shell.word("way", meeting.way.as_str()),
            meeting.place.unwrap_or_default(),
            meeting.presidency.as_ref().map(|party| names.party(party).to_owned()).unwrap_or_default(),
            shell.word("conclusions-state", meeting.conclusions.as_str()),
        ]
    })
}

/// A made-up meeting, for samples and tests.
#[cfg(test)]
pub(super) fn made_up((number, day): (i64, &str)) -> MeetingBody {
    use crate::ids::MeetingId;
    use crate::meetings::model::Way;
    MeetingBody {
        id: MeetingId::parse(&format!("00000000-0000-4000-8000-{number:012}")).unwrap(),
        number: (number > 0).then_some(number),
        kind: if number > 0 { MeetingKind::Ordinary } else { MeetingKind::AdHoc },
        first_day: day.to_owned(),
        last_day: day.to_owned(),
        way: Way::InPerson,
        place: Some("<script>The Hague</script> \u{202e}".to_owned()),
        presidency: None,
        conclusions: if number % 2 == 0 { ConclusionsState::Published } else { ConclusionsState::Absent },
        version: 1,
    }
}

#[cfg(test)]
impl ListPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let page = |items: Vec<MeetingBody>, wanted: Wanted, next: Option<String>, may_convene: bool| Self {
            shell: shell.clone(),
            names: Names::default(),
            timeline: Timeline::of(&items),
            meetings: List { items, next },
            wanted,
            may_convene,
        };
        let some = [(36, "2024-11-13"), (0, "2024-06-01"), (35, "2024-04-10"), (1, "2004-11-18")].map(made_up);
        let asked = Wanted { kind: Some(MeetingKind::AdHoc), from: Some("2031-01-01".into()), until: None };
        vec![
            page(Vec::new(), Wanted::default(), None, false),
            page(Vec::new(), asked, None, true),
            page(some.into(), Wanted::default(), Some("bmV4dA".into()), true),
        ]
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    crate::server::page::sample("meetings/list.html", ListPage::samples(shell))
}
