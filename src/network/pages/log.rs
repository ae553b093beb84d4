//! The log as pages. The log itself knows people and parties by their ids alone; their names are the
//! network's, which is why its pages are here.

use actix_web::http::Method;
use askama::Template;
use serde_json::Value;

use crate::access::Action;
use crate::audit::service::{self, EntryBody};
use crate::audit::{Event, Wanted, api};
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{ActId, EntryId, PartyId, PersonId, RoomId};
use crate::network::names::Names;
use crate::server::answer::List;
use crate::server::page::{Shell, csv, filter, show};
use crate::server::{Access, Answer, Call, Gives, Logs, Query, Route, Takes, handler};

const QUERY: &[&str] = &["event", "actor", "thing", "room", "from", "until", "cursor", "limit"];
const TABLE: &[&str] = &["event", "actor", "thing", "room", "from", "until"];

/// An entry, as far as its reader is shown it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    id: EntryId,
    seq: Option<i64>,
    commitment: String,
    erased: bool,
    erased_by: Option<i64>,
    at: Option<Moment>,
    event: Option<Event>,
    actor: Option<PersonId>,
    actor_party: Option<PartyId>,
    thing: Option<(String, String)>,
    person: Option<PersonId>,
    room: Option<RoomId>,
    owner: Option<PartyId>,
    act: Option<ActId>,
    version: Option<i64>,
    count: Option<i64>,
    purpose: Option<String>,
    source: Option<String>,
    recipients: Vec<PartyId>,
    /// By whose rule something was erased, or whose entries are held; and from when to when those were made.
    party: Option<PartyId>,
    rule: Option<String>,
    from: Option<Moment>,
    until: Option<Moment>,
    /// The log-in and the visit, for those who are shown them.
    sign_in: Option<String>,
    visit: Option<String>,
}

impl Line {
    fn of(body: EntryBody) -> Self {
        let entry = body.entry.unwrap_or(Value::Null);
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
        let own = |pointer: &str| text(pointer).map(ToOwned::to_owned);
        let number = |pointer: &str| entry.pointer(pointer).and_then(Value::as_i64);
        let recipients = entry.pointer("/recipients").and_then(Value::as_array);
        Self {
            id: body.id,
            seq: body.seq,
            commitment: body.commitment,
            erased: entry.is_null(),
            erased_by: body.erased_by,
            at: number("/at_us").map(Moment),
            event: text("/event").and_then(Event::parse),
            actor: text("/actor").and_then(PersonId::parse),
            actor_party: text("/actor_party").and_then(PartyId::parse),
            thing: own("/thing/kind").zip(own("/thing/id")),
            person: text("/person").and_then(PersonId::parse),
            room: text("/room").and_then(RoomId::parse),
            owner: text("/owner_party").and_then(PartyId::parse),
            act: text("/act").and_then(ActId::parse),
            version: number("/version"),
            count: number("/count"),
            purpose: own("/purpose"),
            source: own("/source"),
            recipients: recipients.into_iter().flatten().filter_map(Value::as_str).filter_map(PartyId::parse).collect(),
            party: text("/party").and_then(PartyId::parse),
            rule: own("/rule"),
            from: number("/span/from").map(Moment),
            until: number("/span/until").map(Moment),
            sign_in: own("/sign_in"),
            visit: own("/visit"),
        }
    }

    fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.actor.iter().chain(&self.person)
    }

    fn parties(&self) -> impl Iterator<Item = &PartyId> {
        self.actor_party.iter().chain(&self.owner).chain(&self.party).chain(&self.recipients)
    }

    fn event(&self, shell: &Shell) -> String {
        self.event.map_or_else(|| shell.t("entry-erased"), |event| shell.word("event", event.as_str()))
    }

    fn kind(&self, shell: &Shell) -> String {
        self.thing.as_ref().map(|(kind, _)| shell.word("thing", kind)).unwrap_or_default()
    }

    /// The id of what it is about.
    fn thing(&self) -> &str {
        self.thing.as_ref().map_or("", |(_, id)| id)
    }

    /// The page of what it is about, where the reader can be expected to be let in.
    fn path(&self, shell: &Shell) -> Option<String> {
        let (kind, id) = self.thing.as_ref()?;
        let overseer = shell.officer() || shell.auditor();
        match kind.as_str() {
            "party" => Some(format!("/parties/{id}")),
            "meeting" | "conclusions" => Some(format!("/meetings/{id}")),
            "person" if overseer || shell.state() => Some(format!("/people/{id}")),
            "act" if overseer => Some(format!("/acts/{id}")),
            "proposal" if shell.officer() || shell.state() => Some(format!("/proposals/{id}")),
            "session" if !shell.auditor() => Some(format!("/sessions/{id}")),
            "room" if shell.officer() || shell.state() => Some(format!("/rooms/{id}")),
            "note" if shell.state() => self.room.as_ref().map(|room| format!("/rooms/{room}/notes/{id}")),
            "case" if shell.state() => Some(format!("/cases/{id}")),
            "entry" if shell.auditor() => Some(format!("/audit/entries/{id}")),
            _ => None,
        }
    }
}

fn names_of(work: &mut Work<'_>, lines: &[Line], actor: Option<&PersonId>) -> Result<Names, AppError> {
    Names::of(work, lines.iter().flat_map(Line::people).chain(actor), lines.iter().flat_map(Line::parties))
}

/// The filters, as they stand in the address.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters {
    event: String,
    actor: Option<PersonId>,
    thing: String,
    room: String,
    from: String,
    until: String,
}

/// Entries.
#[derive(Template)]
#[template(path = "audit/entries.html")]
pub(super) struct EntriesPage {
    shell: Shell,
    lines: Vec<Line>,
    next: Option<String>,
    names: Names,
    filters: Filters,
}

/// What a page of the log is called: it depends on what its reader is shown.
fn title(shell: &Shell) -> String {
    if shell.auditor() {
        shell.t("entries-title-all")
    } else if shell.state() {
        shell.t("entries-title-state")
    } else if shell.officer() {
        shell.t("entries-title-officer")
    } else {
        shell.t("entries-title-own")
    }
}

impl EntriesPage {
    fn title(&self) -> String {
        title(&self.shell)
    }

    fn text(&self) -> String {
        let shell = &self.shell;
        if shell.auditor() {
            shell.t("entries-text-all")
        } else if shell.state() {
            shell.t("entries-text-state")
        } else if shell.officer() {
            shell.t("entries-text-officer")
        } else {
            shell.t("entries-text-own")
        }
    }

    /// The address with all filters but the one named.
    fn address(&self, path: &str, but: &str) -> String {
        let filters = &self.filters;
        let actor = filters.actor.as_ref().map_or("", PersonId::as_str);
        let all = [
            ("event", filters.event.as_str()),
            ("actor", actor),
            ("thing", &filters.thing),
            ("room", &filters.room),
            ("from", &filters.from),
            ("until", &filters.until),
        ];
        let kept: Vec<(&str, &str)> = all.into_iter().filter(|(name, _)| *name != but).collect();
        filter::address(path, &kept)
    }

    fn events(&self) -> Vec<(String, String)> {
        let events = super::options(&self.shell, "event", Event::ALL.iter().map(|one| one.as_str()));
        super::or_none(self.shell.t("filter-any"), events)
    }
}

/// An entry.
#[derive(Template)]
#[template(path = "audit/entry.html")]
pub(super) struct EntryPage {
    shell: Shell,
    line: Line,
    names: Names,
}

impl EntryPage {
    fn title(&self) -> String {
        title(&self.shell)
    }

    fn operation(&self) -> Option<String> {
        let event = self.line.event?;
        Some(self.shell.word("operation", event.operation().as_str()))
    }
}

pub(super) fn routes() -> Vec<Route> {
    let route = |path, name, summary, action, takes, gives, handler| Route {
        method: Method::GET,
        path,
        name,
        summary,
        access: Access::May(action),
        logs: Logs::SometimesEvent(Event::LogRead),
        takes,
        gives,
        also: &[],
        handler,
    };
    vec![
        route(
            "/audit/entries",
            "page_list_entries",
            "Entries of the log, newest first: for the auditor all, for others what concerns them.",
            Action::UseNetwork,
            Takes::Query(QUERY),
            Gives::Page,
            handler(list),
        ),
        route(
            "/audit/entries.csv",
            "page_entries_table",
            "The same as a table to be saved.",
            Action::UseNetwork,
            Takes::Query(TABLE),
            Gives::Bytes,
            handler(table),
        ),
        route(
            "/audit/entries/{entry}",
            "page_get_entry",
            "One entry of the log.",
            Action::ReadEntry,
            Takes::Nothing,
            Gives::Page,
            handler(get),
        ),
        Route {
            also: &[409],
            ..route(
                "/audit/receipts/{seq}",
                "page_get_receipt",
                "The proof that an entry is in the log, to be saved and verified elsewhere.",
                Action::CheckLog,
                Takes::Nothing,
                Gives::Bytes,
                handler(api::receipt),
            )
        },
        Route {
            logs: Logs::Nothing,
            ..route(
                "/audit/checkpoint",
                "page_get_checkpoint",
                "The newest signed statement about the log's tree.",
                Action::CheckLog,
                Takes::Nothing,
                Gives::Bytes,
                handler(api::checkpoint),
            )
        },
    ]
}

/// The filters of the address, as they are shown again and as the log is asked. Days are the reader's.
fn filters(call: &Call, query: &Query) -> Result<(Filters, Wanted), AppError> {
    let shell = call.shell()?;
    let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
    let moment = |text: &str| shell.say().moment_typed(text.trim()).as_deref().and_then(Moment::parse);
    let wanted = Wanted {
        event: filter::chosen(query, "event", Event::parse)?,
        actor: filter::chosen(query, "actor", PersonId::parse)?,
        // Every kind's ids are written alike.
        thing: filter::chosen(query, "thing", EntryId::parse)?.map(|id| id.to_string()),
        room: filter::chosen(query, "room", RoomId::parse)?,
        from: filter::chosen(query, "from", moment)?,
        until: filter::chosen(query, "until", moment)?,
    };
    let filters = Filters {
        event: text("event"),
        actor: wanted.actor.clone(),
        thing: text("thing"),
        room: text("room"),
        from: text("from"),
        until: text("until"),
    };
    Ok((filters, wanted))
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let (filters, wanted) = filters(&call, &query)?;
    let (shell, (lines, next, names)) = call
        .see(move |work, asker| {
            let list = service::list(work, asker, &wanted, &page)?;
            let lines: Vec<Line> = list.items.into_iter().map(Line::of).collect();
            // Whose entries are asked for is named only if there are such entries to see.
            let actor = wanted.actor.as_ref().filter(|_| !lines.is_empty());
            let names = names_of(work, &lines, actor)?;
            Ok((lines, list.next, names))
        })
        .await?;
    show(&shell.clone(), &EntriesPage { shell, lines, next, names, filters })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("entry", EntryId::parse)?;
    let (shell, (line, names)) = call
        .see(move |work, asker| {
            let line = Line::of(service::get(work, asker, &id)?);
            let names = names_of(work, std::slice::from_ref(&line), None)?;
            Ok((line, names))
        })
        .await?;
    show(&shell.clone(), &EntryPage { shell, line, names })
}

async fn table(call: Call) -> Result<Answer, AppError> {
    let query = call.query(TABLE)?;
    let mut page = query.page()?;
    page.limit = csv::MOST;
    let (_, wanted) = filters(&call, &query)?;
    let (shell, (lines, names)) = call
        .see(move |work, asker| {
            let list = service::list(work, asker, &wanted, &page)?;
            let lines = List { items: list.items.into_iter().map(Line::of).collect::<Vec<_>>(), next: list.next };
            let names = names_of(work, &lines.items, None)?;
            Ok((lines, names))
        })
        .await?;
    let head = [
        "entry-when",
        "entry-seq",
        "entry-event",
        "entry-actor",
        "entry-actor-party",
        "entry-thing",
        "entry-thing-id",
        "entry-person",
        "entry-owner",
        "entry-room",
        "entry-act",
        "entry-purpose",
        "entry-id",
    ];
    csv::answer(&shell, "log.csv", &head, lines, |line| row(&shell, &line, &names))
}

fn row(shell: &Shell, line: &Line, names: &Names) -> Vec<String> {
    let person = |id: &Option<PersonId>| id.as_ref().map(|id| names.person(id).to_owned()).unwrap_or_default();
    let party = |id: &Option<PartyId>| id.as_ref().map(|id| names.code(id).to_owned()).unwrap_or_default();
    vec![
        line.at.map(Moment::rfc3339).unwrap_or_default(),
        line.seq.map(|seq| seq.to_string()).unwrap_or_default(),
        line.event(shell),
        person(&line.actor),
        party(&line.actor_party),
        line.kind(shell),
        line.thing().to_owned(),
        person(&line.person),
        party(&line.owner),
        line.room.as_ref().map(ToString::to_string).unwrap_or_default(),
        line.act.as_ref().map(ToString::to_string).unwrap_or_default(),
        line.purpose.clone().unwrap_or_default(),
        line.id.to_string(),
    ]
}

#[cfg(test)]
fn made_up() -> (Line, Line) {
    use super::made;
    let id = |number| EntryId::parse(made::act(number).as_str()).unwrap();
    let commitment = "c0ffee".to_owned();
    let entry = serde_json::json!({
        "at_us": 1_780_000_000_000_000_i64, "event": "note_read", "actor": made::person(2),
        "actor_party": made::party(2), "thing": {"kind": "note", "id": made::act(7)}, "person": made::person(1),
        "room": made::act(8), "owner_party": made::party(1), "visit": made::act(9), "sign_in": made::act(10),
        "act": made::act(11), "version": 2, "count": 3, "source": "192.0.2.0/24",
        "purpose": "Preparing <b>\u{202e} the hearing", "recipients": [made::party(1), made::party(2)],
        "party": made::party(1), "rule": "year end + 1", "span": {"from": 1_780_000_000_000_000_i64, "until": 1_780_000_000_000_001_i64},
    });
    (
        Line::of(EntryBody {
            id: id(1),
            seq: Some(41),
            entry: Some(entry),
            commitment: commitment.clone(),
            erased_by: None,
        }),
        Line::of(EntryBody { id: id(2), seq: Some(12), entry: None, commitment, erased_by: Some(40) }),
    )
}

#[cfg(test)]
impl EntriesPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        let (full, erased) = made_up();
        let filters = Filters {
            event: "note_read".into(),
            actor: Some(made::person(2)),
            thing: made::act(7).to_string(),
            room: made::act(8).to_string(),
            from: "2026-01-01".into(),
            until: "2026-07-01".into(),
        };
        let page = |lines, next, filters| Self { shell: shell.clone(), lines, next, names: made::names(), filters };
        vec![page(Vec::new(), None, Filters::default()), page(vec![full, erased], Some("bmV4dA".into()), filters)]
    }
}

#[cfg(test)]
impl EntryPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        let (full, erased) = made_up();
        let page = |line| Self { shell: shell.clone(), line, names: super::made::names() };
        vec![page(erased), page(full)]
    }
}
