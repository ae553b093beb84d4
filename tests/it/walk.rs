//! The walk of the registry: every route, asked by everyone, in every wrong way; each answer is the one the
//! rules give.
//!
//! What must be answered is not written down here a second time: for each request the facts about asker
//! and thing are read from the database and put to the rules, and the server must do as they say. The
//! table that comes of it is kept as a reviewed snapshot beside `roles.txt`, so that a change of who is
//! answered what cannot pass unseen.

mod circles;
mod forms;
mod pages;
mod passkeys;
mod principals;
mod requests;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use diesel::connection::SimpleConnection;
use incamera::access::explain::facts_of;
use incamera::access::{Asker, Credentials, Fact, FactSet, rules};
use incamera::app;
use incamera::ids::{SignInId, VisitId};
use incamera::server::{Access, Gives, Logs, Route, openapi};
use serde_json::Value;

use crate::both;
use crate::pages::Checker;
use crate::support::database::Kind;
use crate::support::{Client, Reply, Tables, TestServer, World, snapshot};
use principals::{PRINCIPALS, Principal, Token};
use requests::{Ask, Request};
use stage::Stage;

/// What the rules say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    Means(&'static str),
    NotPermitted,
    Absent,
    SignIn,
}

impl Verdict {
    fn of(reply: &Reply) -> Option<Self> {
        if reply.status < 400 {
            return Some(Self::Done);
        }
        let page = crate::pages::page_of(reply);
        let problem = page.unwrap_or_else(|| reply.json()["type"].as_str().unwrap_or_default().to_owned());
        Some(match (reply.status, problem.trim_start_matches("urn:incamera:problem:")) {
            (401, "sign-in-needed") => Self::SignIn,
            (403, "not-permitted") => Self::NotPermitted,
            (403, "second-factor-needed") => Self::Means("second factor"),
            (403, "unlock-needed") => Self::Means("unlock"),
            (403, "visit-needed") => Self::Means("visit"),
            (404, "not-found") => Self::Absent,
            _ => return None,
        })
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Done => "yes",
            Self::Means(means) => means,
            Self::NotPermitted => "no",
            Self::Absent => "absent",
            Self::SignIn => "log in",
        }
    }
}

/// Whom a page is shown in every language.
const SPOKEN_TO: [&str; 5] = ["anonymous", "fr", "se", "sec", "aud"];

const MEANS: [(Fact, &str); 3] =
    [(Fact::SecondFactor, "second factor"), (Fact::Unlocked, "unlock"), (Fact::Visiting, "visit")];

/// What the rules say about one question, given all facts that hold.
fn judge(ask: &Ask, facts: FactSet) -> Verdict {
    if rules::decide(ask.action, facts) {
        return Verdict::Done;
    }
    let with = |without: Option<Fact>| {
        MEANS.iter().filter(|(fact, _)| Some(*fact) != without).fold(facts, |set, (fact, _)| set.with(*fact, true))
    };
    if rules::decide(ask.action, with(None)) {
        for (fact, word) in MEANS {
            if !facts.has(fact) && !rules::decide(ask.action, with(Some(fact))) {
                return Verdict::Means(word);
            }
        }
    }
    if rules::decide(ask.action.kind().seen_by(), facts) { Verdict::NotPermitted } else { Verdict::Absent }
}

/// The facts about the principal and the thing asked about, read as the server reads them.
fn facts(stage: &Stage, principal: &Principal, ask: &Ask, visit: Option<&str>) -> Option<FactSet> {
    let Some(key) = principal.somebody() else {
        return facts_with(&stage.world, ask, None);
    };
    let person = stage.world.person(key);
    let credentials = Credentials {
        sign_in: stage.sign_in(principal),
        second_factor: principal.second_factor,
        unlocked: principal.unlock,
        unlock: None,
        visit: visit.and_then(VisitId::parse),
    };
    facts_with(&stage.world, ask, Some((person, credentials)))
}

fn facts_with(world: &World, ask: &Ask, who: Option<(incamera::ids::PersonId, Credentials)>) -> Option<FactSet> {
    let ask = ask.clone();
    world.server.operate(move |work| {
        let asker = match who {
            Some((person, credentials)) => Asker::load(work, &person, credentials, work.now)?,
            None => Asker::anonymous(work.codes(), work.now),
        };
        let all: FactSet = Fact::ALL.iter().copied().collect();
        let kind = ask.action.kind();
        let of_thing = match &ask.thing {
            None => Some(asker.facts()),
            Some(id) => facts_of(work, &asker, kind, id, all)?,
        };
        Ok(of_thing.map(|facts| facts.and(ask.extra)))
    })
}

fn expected(stage: &Stage, principal: &Principal, route: &Route, request: &Request, visit: Option<&str>) -> Verdict {
    // Where nothing is told that depends on who asks, nobody looks behind a token that is good.
    let unasked = route.access == Access::Anyone && principal.token == Token::Own;
    // A page takes whoever's token is no good for somebody who is not logged in.
    let nobody = principal.person.is_none() || (route.is_page() && principal.token != Token::Own);
    if (principal.refused && !unasked && !nobody) || (nobody && route.access.needs_token()) {
        return Verdict::SignIn;
    }
    // A browser's log-in without its unlock secret has no token for its forms.
    if route.is_page() && route.takes.is_form() && route.access.needs_token() && !principal.unlock {
        return Verdict::Means("unlock");
    }
    for ask in &request.asks {
        match facts(stage, principal, ask, visit).map_or(Verdict::Absent, |facts| judge(ask, facts)) {
            Verdict::Done => {}
            other => return other,
        }
    }
    Verdict::Done
}

/// What was logged. A list of several States' things has an entry for each State, and one of rooms for each room; it counts
/// as one.
fn events<'e>(entries: &'e [Value], told: &str) -> Vec<&'e str> {
    let (mut events, mut owners) = (Vec::new(), BTreeSet::new());
    for entry in entries {
        let event = entry["event"].as_str().unwrap();
        if event.ends_with("_listed") || event == "notes_searched" {
            let whose = (event, entry["owner_party"].to_string(), entry["room"].to_string());
            assert!(owners.insert(whose), "{told} logged {event} twice");
            if events.contains(&event) {
                continue;
            }
        }
        events.push(event);
    }
    events
}

/// Sends a request by a client that asks as somebody does.
fn send(client: &mut Client, route: &Route, request: &Request, path: &str) -> Reply {
    match &request.form {
        Some(form) => client.submit_with(path, form, request.file.as_ref()),
        None if route.is_page() => client.look(path, &[]),
        None => {
            let headers: Vec<_> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.send(route.method.as_str(), path, &headers, request.body.as_deref())
        }
    }
}

/// One principal asks one request; the answer's word for the table.
fn ask(
    stage: &mut Stage,
    tables: &mut Tables,
    checker: &mut Checker,
    principal: &Principal,
    route: &Route,
    request: &Request,
) -> &'static str {
    let (mut client, visit) = stage.client(principal, request.room.as_ref());
    let expected = expected(stage, principal, route, request, visit.as_deref());
    let told = format!("{} by {}", route.name, principal.name);
    let method = route.method.as_str();
    client.take_connection(&mut stage.line);
    let (before, size) = (tables.changes(), tables.size());
    let reply = send(&mut client, route, request, &request.path);
    let entries = tables.entries(size);
    let got = Verdict::of(&reply).unwrap_or_else(|| panic!("{told}: {} {}", reply.status, reply.text()));
    assert_eq!(got, expected, "{told}: {} {}", request.path, reply.text());

    let success = match route.gives {
        Gives::Nothing => 204,
        Gives::Json(_) | Gives::List(_) | Gives::Bytes => 200,
        Gives::Created(_) => 201,
        Gives::Page => 200,
        Gives::See => 303,
    };
    if got == Verdict::Done {
        assert_eq!(reply.status, success, "{told}");
        let mut events = events(&entries, &told);
        match route.logs {
            Logs::Nothing => assert!(events.is_empty(), "{told} logged {events:?}"),
            Logs::Event(event) => {
                let event = request.event.unwrap_or(event.as_str());
                assert_eq!(events, [event], "{told}");
            }
            Logs::Events(each) => {
                let mut each: Vec<&str> = each.iter().map(|event| event.as_str()).collect();
                each.sort_unstable();
                events.sort_unstable();
                assert_eq!(events, each, "{told}");
            }
            Logs::SometimesEvent(event) => {
                assert!(events.is_empty() || events == [event.as_str()], "{told} logged {events:?}");
            }
        }
        for entry in entries.iter().filter(|_| route.access != Access::OwnCredential) {
            assert_eq!(
                entry["actor"].as_str(),
                principal.somebody().map(|key| stage.world.person(key).to_string()).as_deref(),
                "{told}: whose entry"
            );
        }
        if method == "GET" {
            assert_eq!(tables.changes(), before, "{told}: a look changed something");
        }
    } else {
        assert!(openapi::statuses(route).contains(&reply.status), "{told}: {} is not in the document", reply.status);
        assert_eq!(tables.changes(), before, "{told}: refused, and yet something changed");
        assert!(entries.is_empty(), "{told}: refused, and yet {entries:?} was logged");
    }
    if got == Verdict::Done && request.ends_log_in {
        stage.forget(principal);
    }
    if got == Verdict::Absent {
        let nothing = stage.nothing(&request.path);
        let absent = send(&mut client, route, request, &nothing);
        let (status, headers, mut text) = reply.normalized();
        if route.is_page() {
            // A page says where it is, to lead back there.
            for (one, other) in request.path.split('/').zip(nothing.split('/')).filter(|(one, other)| one != other) {
                text = text.replace(one, other);
            }
        }
        assert_eq!((status, headers, text), absent.normalized(), "{told}: not to be known of is not as if absent");
    }
    // The same templates speak on both databases; and a refusal is the same page for all who are refused alike.
    let to_check =
        stage.world.server.kind == Kind::Sqlite && (got == Verdict::Done || checker.is_first(route.name, reply.status));
    let html = reply.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if route.is_page() && html && to_check {
        checker.check(&told, &reply, "en");
        if method == "GET" && SPOKEN_TO.contains(&principal.name) {
            checker.in_every_language(&told, |accepted| client.look(&request.path, &[("accept-language", accepted)]));
        }
    }
    stage.line.take_connection(&mut client);
    got.word()
}

both!(what_everyone_is_answered_is_as_the_rules_say_and_reviewed, |server| {
    let kind = server.kind;
    let mut stage = Stage::set(server);
    let mut tables = Tables::of(&stage.world.server);
    let mut checker = Checker::default();
    let routes = app::routes(&stage.world.server.identity);
    let mut table = String::from(
        "# What each route answers whom. Made by ./test --update; review every change.\n# yes: done; no: 403; absent: 404, as if there were nothing; log in: 401; otherwise what is to be brought.\n",
    );
    let mut cells = 0;
    for route in &routes {
        for variant in requests::variants(route) {
            write!(table, "\n{} {}", route.method, route.path).unwrap();
            writeln!(table, "{}", if variant.is_empty() { String::new() } else { format!(" ({variant})") }).unwrap();
            let mut answers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for principal in PRINCIPALS {
                if matches!(route.access, Access::OwnCredential) && !principal.may_bring_own_credential() {
                    continue;
                }
                let request = requests::request(&mut stage, route, variant, principal);
                let word = ask(&mut stage, &mut tables, &mut checker, principal, route, &request);
                answers.entry(word).or_default().push(principal.name);
                cells += 1;
            }
            for (word, names) in answers {
                writeln!(table, "  {word:<13} {}", names.join(", ")).unwrap();
            }
        }
    }
    println!("{cells} cells over {} routes on {kind:?}, {} pages looked through", routes.len(), checker.pages);
    checker.must_be_content();
    snapshot::check("tests/snapshots/walk.txt", &table);
});

// What a refused request may not do is seen by this: whatever is done to any row of any table.
both!(every_change_of_every_table_is_seen, |server: TestServer| {
    let mut tables = Tables::of(&server);
    assert!(tables.changes().values().all(|number| *number == 0));
    let stage = Stage::set(server);
    let (made, rows) = (tables.changes(), tables.rows());
    let column = match stage.world.server.kind {
        Kind::Sqlite => "SELECT name AS word FROM pragma_table_info('{table}') LIMIT 1",
        Kind::Postgres => {
            "SELECT column_name::text AS word FROM information_schema.columns WHERE table_name = '{table}' LIMIT 1"
        }
    };
    let (mut filled, mut emptied) = (0, 0);
    for (table, number) in &made {
        let Some(rows) = rows.get(table).map(|rows| i64::try_from(rows.len()).unwrap()) else { continue };
        filled += 1;
        assert!(*number >= rows, "{table}: {number} changes made {rows} rows");
        let column = tables.words(&column.replace("{table}", table)).pop().unwrap();
        tables.execute(&format!("UPDATE {table} SET {column} = {column}"));
        let changed = tables.changes()[table];
        assert_eq!(changed, number + rows, "{table}");
        if tables.conn().batch_execute(&format!("DELETE FROM {table}")).is_ok() {
            assert_eq!(tables.changes()[table], changed + rows, "{table}");
            emptied += 1;
        }
    }
    assert!(filled > 20 && emptied > 3, "{filled} tables had rows, {emptied} could be emptied");
});

/// The log-in that an access token is of.
fn sign_in_of(token: &str) -> Option<SignInId> {
    let claims = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1)?.as_bytes()).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    SignInId::parse(claims["sid"].as_str()?)
}
