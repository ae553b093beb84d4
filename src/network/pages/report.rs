//! The purpose and disclosure report as a page to print and as a table. Its period is in whole days, as the reader's
//! zone has them.

use actix_web::http::Method;
use askama::Template;
use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::access::{Action, Asker, Fact};
use crate::audit::model::report::{ARTICLE_25, OperationCount, ReportLine, operation};
use crate::audit::service::{self, Asked, Report};
use crate::audit::{Event, Operation};
use crate::context::{self, Moment};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId};
use crate::network::names::{self, Among, Names};
use crate::server::answer::List;
use crate::server::page::{Say, Shell, csv, filter, show};
use crate::server::{Access, Answer, Call, Gives, Logs, Page, Query, Route, Takes, handler};

const QUERY: &[&str] = &["from", "until", "party", "operation"];
/// Most lines of the page: what is longer is no paper to read, and is saved as a table.
const MOST: i64 = 2_000;
/// Days of the usual period, and of the longest, but for one.
const USUAL: i64 = 30;
const LONGEST: i64 = 365;

/// What was asked for, as the form shows it again.
#[derive(Clone, Debug)]
pub(super) struct Filters {
    /// The first day and the last, both of which belong to the period.
    from: Date,
    until: Date,
    party: Option<PartyId>,
    operation: Option<Operation>,
}

/// The report.
#[derive(Template)]
#[template(path = "audit/report.html")]
pub(super) struct ReportPage {
    shell: Shell,
    report: Report,
    names: Names,
    filters: Filters,
    /// The parties to choose from, for the auditor.
    parties: Vec<(PartyId, String)>,
}

impl ReportPage {
    fn operations(&self) -> Vec<(String, String)> {
        let all = super::options(&self.shell, "operation", ARTICLE_25.iter().map(|one| one.as_str()));
        super::or_none(self.shell.t("report-all-operations"), all)
    }

    fn choices(&self) -> Vec<(String, String)> {
        let all = self.parties.iter().map(|(id, words)| (id.to_string(), words.clone())).collect();
        super::or_none(self.shell.t("report-of-all"), all)
    }

    fn chosen_party(&self) -> &str {
        self.filters.party.as_ref().map_or("", PartyId::as_str)
    }

    fn chosen_operation(&self) -> &str {
        self.filters.operation.map_or("", Operation::as_str)
    }

    fn period(&self) -> String {
        self.shell.days(&self.filters.from.to_string(), &self.filters.until.to_string())
    }

    fn table(&self) -> String {
        self.address("/audit/report.csv")
    }

    /// Where all receipts are to be had in one file, if they are not too many for that.
    fn receipts(&self) -> Option<String> {
        let count = i64::try_from(self.report.items.len()).ok()?;
        let whole = (1..=service::MOST_RECEIPTS).contains(&count) && self.report.next.is_none();
        whole.then(|| self.address("/audit/receipts.tar"))
    }

    fn address(&self, path: &str) -> String {
        let (from, until) = (self.filters.from.to_string(), self.filters.until.to_string());
        let all = [
            ("from", from.as_str()),
            ("until", &until),
            ("party", self.chosen_party()),
            ("operation", self.chosen_operation()),
        ];
        filter::address(path, &all)
    }

    /// The lines of each operation of which there are any, with how many there are of it in the whole period.
    fn sections(&self) -> Vec<(Operation, i64, Vec<&ReportLine>)> {
        let section = |count: &OperationCount| {
            let of = |line: &&ReportLine| line.operation == count.operation;
            (count.operation, count.count, self.report.items.iter().filter(of).collect::<Vec<_>>())
        };
        self.report.counts.iter().map(section).filter(|(.., lines)| !lines.is_empty()).collect()
    }

    fn why(&self, line: &ReportLine) -> Option<String> {
        line.purpose_erased.then(|| self.shell.t("entry-erased"))
    }

    fn to_whom(&self, line: &ReportLine) -> Vec<String> {
        to_whom(&self.shell, line, &self.names, Names::party)
    }
}

/// To whom something was made available; what was done to all is told in the event alone.
fn to_whom(
    shell: &Shell,
    line: &ReportLine,
    names: &Names,
    party: for<'a> fn(&'a Names, &'a PartyId) -> &'a str,
) -> Vec<String> {
    let parties = line.recipients.iter().map(|one| party(names, one).to_owned());
    let person = line.person.iter().filter(|_| line.person_is_recipient());
    let mut all: Vec<String> = person.map(|one| names.person(one).to_owned()).chain(parties).collect();
    if all.is_empty() {
        all.extend(match line.event {
            Event::CaseReleased => Some(shell.t("report-to-all")),
            Event::ConclusionsPublished => Some(shell.t("report-to-public")),
            _ => None,
        });
    }
    all
}

fn people(lines: &[ReportLine]) -> impl Iterator<Item = &PersonId> {
    lines.iter().flat_map(|line| line.actor.iter().chain(&line.person))
}

fn parties(report: &Report) -> impl Iterator<Item = &PartyId> {
    report
        .items
        .iter()
        .flat_map(|line| line.actor_party.iter().chain(&line.owner).chain(&line.recipients))
        .chain(&report.party)
}

/// A day of the calendar, as the field of a form sends it.
fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    context::day(text)?;
    text.parse().ok()
}

/// The moment at which a day begins in the reader's zone.
fn begins(say: &Say, day: Date) -> Option<Moment> {
    say.moment_typed(&day.to_string()).as_deref().and_then(Moment::parse)
}

fn moved(day: Date, by: Span) -> Date {
    day.checked_add(by).unwrap_or(day)
}

/// What the address asks for, read before the moment is known.
struct Typed {
    from: Option<Date>,
    until: Option<Date>,
    party: Option<PartyId>,
    operation: Option<Operation>,
}

impl Typed {
    fn read(query: &Query) -> Result<Self, AppError> {
        Ok(Self {
            from: filter::chosen(query, "from", day)?,
            until: filter::chosen(query, "until", day)?,
            party: filter::chosen(query, "party", PartyId::parse)?,
            operation: filter::chosen(query, "operation", operation)?,
        })
    }

    /// The days that are meant, and the moments they are: the last day belongs to the period.
    fn period(self, say: &Say, now: Moment) -> Result<(Filters, Asked), AppError> {
        let none = || AppError::internal("a day of the calendar has no beginning in this zone");
        let today: Date = say.moment_to_type(now).get(..10).and_then(day).ok_or_else(none)?;
        let until = self.until.unwrap_or_else(|| match self.from {
            Some(from) if from <= today => today.min(moved(from, LONGEST.days())),
            _ => today,
        });
        let from = self.from.unwrap_or_else(|| moved(until, -USUAL.days()));
        let asked = Asked {
            from: Some(begins(say, from).ok_or_else(none)?),
            until: Some(begins(say, moved(until, 1.day())).ok_or_else(none)?),
            party: self.party.clone(),
            operation: self.operation,
        };
        Ok((Filters { from, until, party: self.party, operation: self.operation }, asked))
    }
}

struct Made {
    report: Report,
    names: Names,
    filters: Filters,
}

fn make(work: &mut Work<'_>, asker: &Asker, typed: Typed, say: &Say, page: &Page) -> Result<Made, AppError> {
    let (filters, wanted) = typed.period(say, work.now)?;
    let report = service::report(work, asker, &wanted, page)?;
    let names = Names::of(work, people(&report.items), parties(&report))?;
    Ok(Made { report, names, filters })
}

pub(super) fn routes() -> Vec<Route> {
    let route = |path, name, summary, gives, handler| Route {
        method: Method::GET,
        path,
        name,
        summary,
        access: Access::May(Action::CheckLog),
        logs: Logs::SometimesEvent(Event::LogRead),
        takes: Takes::Query(QUERY),
        gives,
        also: &[404],
        handler,
    };
    vec![
        route(
            "/audit/report",
            "page_get_report",
            "What was done with a party's things in a period, to be printed.",
            Gives::Page,
            handler(get),
        ),
        route(
            "/audit/report.csv",
            "page_report_table",
            "The same as a table to be saved.",
            Gives::Bytes,
            handler(table),
        ),
        Route {
            also: &[404, 409],
            ..route(
                "/audit/receipts.tar",
                "page_report_receipts",
                "The receipts of all that the report has lines of, as an archive.",
                Gives::Bytes,
                handler(receipts),
            )
        },
    ]
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let (typed, say) = (Typed::read(&query)?, call.shell()?.say().clone());
    let mut page = query.page()?;
    page.limit = MOST;
    let (shell, (made, parties)) = call
        .see(move |work, asker| {
            let made = make(work, asker, typed, &say, &page)?;
            let choose = asker.facts().has(Fact::Auditor);
            let parties = if choose { names::to_choose(work, asker, Among::All)? } else { Vec::new() };
            Ok((made, parties))
        })
        .await?;
    let Made { report, names, filters } = made;
    show(&shell.clone(), &ReportPage { shell, report, names, filters, parties })
}

async fn receipts(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let (typed, say) = (Typed::read(&query)?, call.shell()?.say().clone());
    let archive = call
        .read(move |work, asker| {
            let (_, asked) = typed.period(&say, work.now)?;
            service::receipts(work, asker, &asked)
        })
        .await?;
    Answer::download("application/x-tar", "receipts.tar", archive)
}

async fn table(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let (typed, say) = (Typed::read(&query)?, call.shell()?.say().clone());
    let mut page = query.page()?;
    page.limit = csv::MOST;
    let (shell, made) = call.see(move |work, asker| make(work, asker, typed, &say, &page)).await?;
    let Made { report, names, filters } = made;
    let head = [
        "entry-when",
        "entry-operation",
        "entry-event",
        "entry-actor",
        "entry-actor-party",
        "entry-thing",
        "entry-thing-id",
        "entry-version",
        "entry-count",
        "entry-owner",
        "entry-purpose",
        "entry-recipients",
        "entry-person",
        "entry-id",
    ];
    let of = report.party.as_ref().map_or("all", |party| names.code(party));
    let file = format!("report-{of}-{}-{}.csv", filters.from, filters.until);
    let lines = List { items: report.items, next: report.next };
    csv::answer(&shell, &file, &head, lines, |line| row(&shell, &line, &names))
}

fn row(shell: &Shell, line: &ReportLine, names: &Names) -> Vec<String> {
    let person = |id: &Option<PersonId>| id.as_ref().map(|id| names.person(id).to_owned()).unwrap_or_default();
    let party = |id: &Option<PartyId>| id.as_ref().map(|id| names.code(id).to_owned()).unwrap_or_default();
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let (kind, id) = line
        .thing
        .as_ref()
        .map_or((String::new(), String::new()), |thing| (shell.word("thing", &thing.kind), thing.id.clone()));
    let why = || if line.purpose_erased { shell.t("entry-erased") } else { String::new() };
    vec![
        line.at.rfc3339(),
        shell.word("operation", line.operation.as_str()),
        shell.word("event", line.event.as_str()),
        if line.erased { shell.t("entry-erased") } else { person(&line.actor) },
        party(&line.actor_party),
        kind,
        id,
        number(line.version),
        number(line.count),
        party(&line.owner),
        line.purpose.clone().unwrap_or_else(why),
        to_whom(shell, line, names, Names::code).join(", "),
        person(&line.person),
        line.entry.to_string(),
    ]
}

#[cfg(test)]
impl ReportPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::log_state::sample_checkpoint;
        use super::made;
        use crate::audit::model::report::{ReportThing, counts};
        use crate::ids::EntryId;
        let entry = |number| EntryId::parse(made::act(number).as_str()).unwrap();
        let line = |event: Event, number, full: bool| ReportLine {
            entry: entry(number),
            seq: full.then_some(41),
            at: Moment(1_780_000_000_000_000),
            operation: event.operation(),
            event,
            actor: full.then(|| made::person(2)),
            actor_party: full.then(|| made::party(2)),
            thing: full.then(|| ReportThing { kind: "note".into(), id: made::act(7).to_string() }),
            owner: full.then(|| made::party(1)),
            version: full.then_some(2),
            count: full.then_some(3),
            person: full.then(|| made::person(1)),
            purpose: full.then(|| "Preparing <b>\u{202e} the hearing".into()),
            purpose_erased: event == Event::NotesListed,
            recipients: if full { vec![made::party(1), made::party(2)] } else { Vec::new() },
            erased: event == Event::NoteWritten,
        };
        let lines = vec![
            line(Event::NoteRead, 1, true),
            line(Event::NotesListed, 2, false),
            line(Event::NoteReleased, 3, true),
            line(Event::CaseReleased, 4, false),
            line(Event::ConclusionsPublished, 5, false),
            line(Event::NoteWritten, 6, false),
        ];
        let report = |items: Vec<ReportLine>, party, next: Option<&str>| Report {
            party,
            from: made::day("2026-01-01"),
            until: made::day("2026-02-01"),
            made_at: made::day("2026-02-03"),
            checkpoint: next.map(|_| sample_checkpoint()),
            counts: counts(&items.iter().map(|line| (line.event, 1)).collect::<Vec<_>>()),
            items,
            next: next.map(ToOwned::to_owned),
        };
        let filters = |party, operation| Filters {
            from: "2026-01-01".parse().unwrap(),
            until: "2026-01-31".parse().unwrap(),
            party,
            operation,
        };
        let page = |report, filters| Self {
            shell: shell.clone(),
            report,
            names: made::names(),
            filters,
            parties: vec![(made::party(2), "Norway <script> (NO)".into())],
        };
        vec![
            page(report(Vec::new(), Some(made::party(2)), None), filters(None, None)),
            page(report(lines, None, Some("more")), filters(Some(made::party(2)), Some(Operation::Consultation))),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_belongs_to_the_period_as_the_readers_zone_has_it() {
        let say = Say::to(Some("en"), None, Some("Europe/Brussels"), ("en", "UTC"));
        let typed = |from: Option<&str>, until: Option<&str>| Typed {
            from: from.and_then(day),
            until: until.and_then(day),
            party: None,
            operation: None,
        };
        let at = |text: &str| Moment::parse(text);
        // Clocks were put forward on 29 March 2026.
        let now = at("2026-04-05T22:30:00Z").unwrap();
        let (_, asked) = typed(Some("2026-03-28"), Some("2026-03-29")).period(&say, now).unwrap();
        assert_eq!((asked.from, asked.until), (at("2026-03-27T23:00:00Z"), at("2026-03-29T22:00:00Z")));
        // It is past midnight there.
        let (filters, asked) = typed(None, None).period(&say, now).unwrap();
        assert_eq!((filters.from.to_string(), filters.until.to_string()), ("2026-03-07".into(), "2026-04-06".into()));
        assert_eq!(asked.until, at("2026-04-06T22:00:00Z"));
        let (filters, _) = typed(Some("2020-01-01"), None).period(&say, now).unwrap();
        assert_eq!(filters.until.to_string(), "2020-12-31");
        assert!(["2026-02-30", "2026-01-01T10:00", "1 May 2026", ""].iter().all(|text| day(text).is_none()));
    }
}
