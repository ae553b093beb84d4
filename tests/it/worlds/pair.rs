//! Two servers that are asked the same, and what differs in their answers.

use std::collections::{BTreeMap, BTreeSet};

use incamera::context::SystemEntropy;
use incamera::ids::ActId;
use incamera::server::Route;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::plain::{Mark, Names};
use super::secrets::Secrets;
use crate::support::{Client, Reply, World};

/// A request, with names in angle brackets where ids belong: `<hidden.case>`; and with places in lists:
/// `<place:2027-01-11|hidden.meeting>`.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    /// Names for members of the answer, which later requests can use.
    pub keep: Vec<(&'static str, &'static str)>,
}

impl Ask {
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.to_owned(), path: path.into(), headers: Vec::new(), body: None, keep: Vec::new() }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("content-type", "application/json")
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn keep(mut self, name: &'static str, member: &'static str) -> Self {
        self.keep.push((name, member));
        self
    }
}

/// One of the two servers.
pub struct Side {
    pub world: World,
    /// The ids that requests name. Of what is not there, random ones.
    pub known: BTreeMap<String, String>,
    clients: BTreeMap<String, Client>,
    told: BTreeMap<String, Names>,
    own: BTreeMap<(String, &'static str), String>,
    /// The number of the request, which `<n>` and `<day>` stand for: what is ordered by a name or a day shall
    /// not be ordered by random ids.
    turn: usize,
}

impl Side {
    pub fn new(world: World) -> Self {
        Self {
            world,
            known: BTreeMap::new(),
            clients: BTreeMap::new(),
            told: BTreeMap::new(),
            own: BTreeMap::new(),
            turn: 0,
        }
    }

    /// An id that means nothing to the server.
    pub fn nobody() -> String {
        let ctx = incamera::context::Ctx::new(incamera::context::Moment(0), std::sync::Arc::new(SystemEntropy));
        ActId::new(&ctx).unwrap().to_string()
    }

    pub fn know(&mut self, name: &str, id: impl Into<String>) {
        self.known.insert(name.to_owned(), id.into());
    }

    #[track_caller]
    pub fn id(&self, name: &str) -> String {
        self.known.get(name).unwrap_or_else(|| panic!("no id is called {name}")).clone()
    }

    fn fill(&self, role: &str, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once('<').and_then(|(before, after)| Some((before, after.split_once('>')?)))
        {
            filled.push_str(before);
            let find = |name: &str| {
                match name {
                    "n" => return Some(self.turn.to_string()),
                    "day" => {
                        let (year, month, day) = (self.turn / 336, self.turn / 28 % 12, self.turn % 28);
                        return Some(format!("{:04}-{:02}-{:02}", 2100 + year, month + 1, day + 1));
                    }
                    _ => {}
                }
                let own = self.own.iter().find(|((whose, what), _)| whose == role && *what == name).map(|(_, id)| id);
                own.or_else(|| self.known.get(name)).cloned()
            };
            match name.strip_prefix("place:") {
                Some(parts) => {
                    let parts: Vec<String> =
                        parts.split('|').map(|part| find(part).unwrap_or_else(|| part.to_owned())).collect();
                    let list = filled.split('?').next().unwrap_or_default();
                    filled = format!("{filled}{}", cursor(list, &parts.join("|")));
                }
                None => filled.push_str(&find(name).unwrap_or_else(|| panic!("no id is called {name}"))),
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    fn ask(&mut self, role: &str, ask: &Ask) -> (Reply, String) {
        let (path, body) = (
            self.fill(role, &ask.path),
            // Bytes that are no text hold no names.
            ask.body.clone().map(|body| match String::from_utf8(body) {
                Ok(text) => self.fill(role, &text).into_bytes(),
                Err(bytes) => bytes.into_bytes(),
            }),
        );
        let headers: Vec<(String, String)> =
            ask.headers.iter().map(|(name, value)| (name.clone(), self.fill(role, value))).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let client = self.clients.get_mut(role).unwrap_or_else(|| panic!("nobody is logged in as {role}"));
        let reply = if is_page(&path) {
            let visit =
                headers.iter().find(|(name, _)| *name == "incamera-visit").map(|(_, visit)| (*visit).to_owned());
            let own = std::mem::replace(&mut client.visit, visit);
            let reply = client.look(&path, &[]);
            client.visit = own;
            reply
        } else {
            client.send(&ask.method, &path, &headers, body.as_deref())
        };
        for (name, member) in &ask.keep {
            let value = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
            let id = value.pointer(member).and_then(Value::as_str).map_or_else(Self::nobody, ToOwned::to_owned);
            self.own.insert((role.to_owned(), name), id);
        }
        let mut shown = reply.clone();
        if is_page(&path) {
            // A page says where it is, with the very ids that were asked for.
            let mut text = reply.text();
            // Where something must be brought first, it says where to go on: to the very address asked for.
            let next = format!("{NEXT}{}\"", path.replace('&', "&#38;"));
            text = text.replace(&next, &format!("{NEXT}(here)\""));
            for name in ask.path.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
                if !name.starts_with("place:") && !matches!(name, "n" | "day") {
                    text = text.replace(&self.fill(role, &format!("<{name}>")), &format!("(asked {name})"));
                }
            }
            if let Some((before, rest)) = text.split_once(HERE) {
                text = format!("{before}{HERE}(here){}", rest.split_once('"').map_or("", |(_, after)| after));
            }
            shown.headers.remove("content-length");
            shown.body = text.into_bytes();
        }
        let plain = self.told.entry(role.to_owned()).or_default().plain(&shown);
        (reply, plain)
    }
}

/// Before the address that a page leads back to.
const HERE: &str = "name=\"next\" value=\"";
/// Before the address that logging in leads to.
const NEXT: &str = "name=\"_next\" value=\"";

/// Whether a browser asks for it.
fn is_page(path: &str) -> bool {
    !path.starts_with("/api/") && !["/healthz", "/readyz"].contains(&path)
}

/// A cursor as the list at this path would give it: anyone can make one.
fn cursor(list: &str, place: &str) -> String {
    let digest = Sha256::digest(format!("{list}\0{place}"));
    data_encoding::BASE64URL_NOPAD.encode(&[&digest[..6], place.as_bytes()].concat())
}

/// An answer that was not the same.
#[derive(Clone, Debug)]
pub struct Difference {
    pub role: String,
    pub route: Option<&'static str>,
    pub what: String,
}

/// The two servers: the second also holds what is hidden.
pub struct Pair {
    pub sides: [Side; 2],
    pub secrets: Secrets,
    routes: Vec<Route>,
    /// The pages that are looked at.
    looks: Vec<Route>,
    asked: BTreeMap<String, BTreeSet<&'static str>>,
    pub differences: Vec<Difference>,
    pub requests: usize,
}

impl Pair {
    pub fn new(sides: [Side; 2], secrets: Secrets) -> Self {
        let routes = incamera::app::routes(&sides[0].world.server.identity);
        let (pages, routes): (Vec<_>, Vec<_>) = routes.into_iter().partition(Route::is_page);
        let looks = pages.into_iter().filter(|page| page.method == "GET" && page.name != "asset").collect();
        Self { sides, secrets, routes, looks, asked: BTreeMap::new(), differences: Vec::new(), requests: 0 }
    }

    pub fn routes(&self) -> Vec<Route> {
        self.routes.clone()
    }

    /// The pages that are looked at, beside those routes.
    pub fn looks(&self) -> Vec<Route> {
        self.looks.clone()
    }

    /// Lets `role` be who the client makes it, on both servers.
    pub fn seat(&mut self, role: &str, mut client: impl FnMut(&mut Side) -> Client) {
        for side in &mut self.sides {
            let client = client(side);
            side.clients.insert(role.to_owned(), client);
            let names = side.told.entry(role.to_owned()).or_default();
            for (name, id) in &side.known {
                names.call(id, name);
            }
        }
    }

    /// Seats somebody else on the second server alone: what he is told there shows as a difference, or the
    /// comparison is worth nothing.
    pub fn usurp(&mut self, role: &str, by: &str) {
        let client = self.sides[1].world.client(by);
        self.sides[1].clients.insert(role.to_owned(), client);
    }

    /// Asks both the same; answers what the two said. Every few requests something hidden happens on the
    /// second server in between.
    pub fn ask(&mut self, role: &str, ask: &Ask) -> [Reply; 2] {
        self.requests += 1;
        if self.requests.is_multiple_of(5) {
            self.secrets.stir(&mut self.sides[1]);
        }
        let route = self.route(&ask.method, &ask.path);
        if let Some(route) = route {
            self.asked.entry(role.to_owned()).or_default().insert(route);
        }
        let before = self.marks(role);
        let [(here, one), (there, other)] = self.sides.each_mut().map(|side| {
            side.turn = self.requests;
            side.ask(role, ask)
        });
        self.secrets.must_not_be_told(role, ask, &there);
        if one != other {
            self.forget(role, before);
            let at = one.bytes().zip(other.bytes()).take_while(|(here, there)| here == there).count();
            let part = |text: &str| {
                let from = (0..=at.saturating_sub(60)).rev().find(|from| text.is_char_boundary(*from)).unwrap_or(0);
                text[from..].chars().take(400).collect::<String>()
            };
            self.differences.push(Difference {
                role: role.to_owned(),
                route,
                what: format!(
                    "{} {} {}\n  without what is hidden: …{}\n  with it:                …{}",
                    ask.method,
                    ask.path,
                    ask.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default(),
                    part(&one),
                    part(&other)
                ),
            });
        }
        [here, there]
    }

    fn marks(&mut self, role: &str) -> [Mark; 2] {
        self.sides.each_mut().map(|side| side.told.entry(role.to_owned()).or_default().mark())
    }

    fn forget(&mut self, role: &str, since: [Mark; 2]) {
        for (side, mark) in self.sides.iter_mut().zip(since) {
            side.told.entry(role.to_owned()).or_default().forget(mark);
        }
    }

    /// Asks without comparing: only that no word of what is hidden is told.
    pub fn listen(&mut self, role: &str, ask: &Ask) {
        let kept = self.differences.len();
        let before = self.marks(role);
        self.ask(role, ask);
        self.differences.truncate(kept);
        self.forget(role, before);
    }

    /// Looks, as a program and, where there is such a page, as a browser.
    pub fn get(&mut self, role: &str, path: &str) -> [Reply; 2] {
        self.look(role, path);
        self.ask(role, &Ask::get(path))
    }

    fn look(&mut self, role: &str, path: &str) {
        let page = path.trim_start_matches("/api/v1");
        if is_page(page) && self.route("GET", page).is_some() {
            self.ask(role, &Ask::get(page));
        }
    }

    /// The first pages of a list; all of them, where `most` is not reached.
    pub fn pages(&mut self, role: &str, path: &str, limit: usize, most: usize) {
        let more = if path.contains('?') { '&' } else { '?' };
        self.look(role, &format!("{path}{more}limit={limit}"));
        let mut ask = Ask::get(format!("{path}{more}limit={limit}"));
        for _ in 0..most {
            let next = self.ask(role, &ask).map(|reply| {
                serde_json::from_slice::<Value>(&reply.body)
                    .ok()
                    .and_then(|list| list["next"].as_str().map(ToOwned::to_owned))
            });
            let [Some(here), Some(there)] = next else { return };
            for (side, cursor) in self.sides.iter_mut().zip([here, there]) {
                side.own.insert((role.to_owned(), "cursor"), cursor);
            }
            ask = Ask::get(format!("{path}{more}limit={limit}&cursor=<cursor>"));
        }
    }

    /// What the auditor finds in the log of what `role` did, on both servers. The number of an entry, which the
    /// auditor alone is shown, counts what others did too.
    pub fn compare_logs(&mut self, role: &str, person: &str) {
        let logs = self.sides.each_mut().map(|side| {
            let mut names = Names::default();
            for (name, id) in &side.known {
                names.call(id, name);
            }
            let mut auditor = side.world.client("aud");
            let mut entries = Vec::new();
            let mut cursor = String::new();
            loop {
                let path = format!("/api/v1/audit/entries?actor={}&limit=200{cursor}", side.known[person]);
                let page = auditor.get(&path).expect(200);
                // Of what is compared nowhere the log tells differently, too.
                let apart =
                    |one: &Value| one["entry"]["event"] == "explained" && one["entry"]["thing"]["kind"] == "entry";
                for one in page["items"].as_array().unwrap().iter().filter(|one| !apart(one)) {
                    let mut entry = one["entry"].clone();
                    // So does the number of rows that a change has left; both are shown to the auditor alone.
                    entry.as_object_mut().unwrap().retain(|name, _| name != "seq" && name != "rows");
                    entries.push(entry.to_string());
                }
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            entries.reverse();
            names.text(&entries.join("\n"))
        });
        assert!(logs[0].lines().count() > 10, "{role} left nothing in the log");
        if logs[0] != logs[1] {
            let differing = logs[0].lines().zip(logs[1].lines()).find(|(here, there)| here != there);
            self.differences.push(Difference {
                role: role.to_owned(),
                route: None,
                what: format!("left another trace in the log: {differing:?}"),
            });
        }
    }

    /// The same change on both servers, that those who are asked may know of.
    pub fn both(&mut self, mut change: impl FnMut(&mut Side)) {
        for side in &mut self.sides {
            change(side);
        }
    }

    fn route(&self, method: &str, path: &str) -> Option<&'static str> {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |pattern: &str| {
            // What ends with such a name takes all the rest of the path.
            let rest = pattern.contains("{*");
            let (parts, words) = (pattern.split('/').count(), path.split('/').count());
            (parts == words || (rest && parts < words))
                && pattern.split('/').zip(path.split('/')).all(|(part, word)| part.starts_with('{') || part == word)
        };
        self.routes
            .iter()
            .chain(&self.looks)
            .filter(|route| route.method.as_str() == method && fits(route.path))
            .min_by_key(|route| route.path.matches('{').count())
            .map(|route| route.name)
    }

    /// The routes that were not asked in this role.
    pub fn not_asked(&self, role: &str) -> Vec<&'static str> {
        let asked = self.asked.get(role).cloned().unwrap_or_default();
        self.routes.iter().chain(&self.looks).map(|route| route.name).filter(|name| !asked.contains(name)).collect()
    }

    /// The routes whose answers differed.
    pub fn differing(&self) -> BTreeSet<&'static str> {
        self.differences.iter().filter_map(|one| one.route).collect()
    }

    #[track_caller]
    pub fn must_be_alike(&self) {
        let shown: Vec<String> =
            self.differences.iter().take(6).map(|one| format!("{}: {}", one.role, one.what)).collect();
        assert!(self.secrets.told.is_empty(), "words of what is hidden were told:\n{}", self.secrets.told.join("\n"));
        assert!(
            self.differences.is_empty(),
            "{} of {} answers tell what is hidden:\n{}",
            self.differences.len(),
            self.requests,
            shown.join("\n")
        );
    }
}
