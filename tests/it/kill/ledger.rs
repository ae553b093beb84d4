//! Compares what callers were told with the log, and the log with the rows.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::db::{Conn, DatabaseUrl};
use serde_json::Value;

use super::load::{Done, Fields, Outcome};

/// What is known of the log and of the rows so far.
pub struct Ledger {
    url: DatabaseUrl,
    entries: Vec<Value>,
    /// Rows that were there before anybody was asked, and so have no entry.
    before: BTreeMap<&'static str, Vec<String>>,
}

/// Rows that only a change with an entry makes: their keys, and the key that an entry tells of.
struct Bond {
    name: &'static str,
    rows: &'static str,
    event: &'static str,
    told: fn(&Value) -> Option<String>,
}

fn at(entry: &Value, pointer: &str) -> Option<String> {
    match entry.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn act(entry: &Value) -> Option<String> {
    at(entry, "/act")
}

fn thing(entry: &Value) -> Option<String> {
    at(entry, "/thing/id")
}

fn version(entry: &Value) -> Option<String> {
    Some(format!("{}/{}", thing(entry)?, at(entry, "/version")?))
}

const BONDS: &[Bond] = &[
    Bond { name: "notes", rows: "SELECT id AS key FROM notes", event: "note_written", told: thing },
    Bond {
        name: "first versions",
        rows: "SELECT note_id || '/' || CAST(version AS TEXT) AS key FROM note_versions WHERE version = 1",
        event: "note_written",
        told: version,
    },
    Bond {
        name: "later versions",
        rows: "SELECT note_id || '/' || CAST(version AS TEXT) AS key FROM note_versions WHERE version > 1",
        event: "note_revised",
        told: version,
    },
    Bond {
        name: "visits",
        rows: "SELECT id AS key FROM visits",
        event: "visit_opened",
        told: |entry| at(entry, "/visit"),
    },
    Bond { name: "admissions", rows: "SELECT act_id AS key FROM admissions", event: "admitted", told: act },
    Bond {
        name: "ends of admissions",
        rows: "SELECT e.ends_act_id AS key FROM acts e JOIN admissions a ON a.act_id = e.ends_act_id",
        event: "admission_ended",
        told: act,
    },
    Bond { name: "releases", rows: "SELECT act_id AS key FROM releases", event: "note_released", told: act },
    Bond {
        name: "ends of releases",
        rows: "SELECT e.ends_act_id AS key FROM acts e JOIN releases r ON r.act_id = e.ends_act_id",
        event: "release_ended",
        told: act,
    },
    Bond { name: "people", rows: "SELECT id AS key FROM people", event: "person_recorded", told: thing },
    Bond { name: "designations", rows: "SELECT act_id AS key FROM designations", event: "act_recorded", told: act },
    Bond {
        name: "ends of designations",
        rows: "SELECT e.id AS key FROM acts e JOIN designations d ON d.act_id = e.ends_act_id",
        event: "act_ended",
        told: act,
    },
    Bond { name: "cases", rows: "SELECT id AS key FROM cases", event: "case_opened", told: thing },
    Bond { name: "log-ins", rows: "SELECT id AS key FROM sign_ins", event: "signed_in", told: thing },
    Bond {
        name: "refreshes",
        rows: "SELECT sign_in_id AS key FROM spent_refreshes",
        event: "sign_in_refreshed",
        told: thing,
    },
    Bond {
        name: "ends of log-ins",
        rows: "SELECT id AS key FROM sign_ins WHERE ended_why = 'signed_out'",
        event: "signed_out",
        told: thing,
    },
];

/// A list leaves an entry for each State whose notes it shows; those that write here are three.
fn entries_at_most(event: &str) -> usize {
    if event == "notes_listed" { 3 } else { 1 }
}

/// Whose doing an entry is, in the words of [`Done::who`]: a log-in's, but where there is none yet, or it
/// is the log-in itself that changes, the person's.
fn who(entry: &Value) -> Option<String> {
    match entry["event"].as_str()? {
        "signed_in" | "sign_in_refreshed" | "signed_out" => at(entry, "/actor"),
        "sign_in_failed" => at(entry, "/person"),
        _ => at(entry, "/sign_in"),
    }
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Payload {
    #[diesel(sql_type = Nullable<Text>)]
    payload: Option<String>,
}

fn keys(conn: &mut Conn, query: &str) -> Vec<String> {
    let mut keys: Vec<String> = sql_query(query).load::<Key>(conn).unwrap().into_iter().map(|row| row.key).collect();
    keys.sort();
    keys
}

impl Ledger {
    pub fn open(url: &DatabaseUrl) -> Self {
        let mut ledger = Self { url: url.clone(), entries: Vec::new(), before: BTreeMap::new() };
        let mut conn = url.open_writer().unwrap();
        ledger.take_in(&mut conn);
        for bond in BONDS {
            let told = ledger.told(bond);
            let mut rest = keys(&mut conn, bond.rows);
            for key in &told {
                let place = rest.binary_search(key).unwrap_or_else(|_| panic!("{}: {key} is not there", bond.name));
                rest.remove(place);
            }
            ledger.before.insert(bond.name, rest);
        }
        ledger
    }

    /// How many entries there are so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Compares everything. `done` is all that was asked since the last time.
    #[track_caller]
    pub fn check(&mut self, run: &str, done: &[Done]) {
        let mut conn = self.url.open_writer().unwrap();
        // Entries without a gap, each what was committed to, and as many as the head says.
        incamera::audit::verify(&mut conn, &mut |_| {}).unwrap_or_else(|error| panic!("{run}: {:?}", error.cause()));
        let known = self.entries.len();
        self.take_in(&mut conn);
        self.compare(run, &self.entries[known..], done);
        for bond in BONDS {
            let mut told = self.told(bond);
            told.extend(self.before[bond.name].iter().cloned());
            told.sort();
            let rows = keys(&mut conn, bond.rows);
            let missing: Vec<_> = told.iter().filter(|key| rows.binary_search(key).is_err()).collect();
            let untold: Vec<_> = rows.iter().filter(|key| told.binary_search(key).is_err()).collect();
            assert!(missing.is_empty(), "{run}: {} with an entry but no row: {missing:?}", bond.name);
            assert!(untold.is_empty(), "{run}: {} with a row but no entry: {untold:?}", bond.name);
            assert_eq!(told, rows, "{run}: {}: as many entries as rows", bond.name);
        }
        let ended = keys(&mut conn, "SELECT id AS key FROM visits WHERE ended_us IS NOT NULL");
        for entry in self.entries.iter().filter(|entry| entry["event"] == "visit_ended") {
            let visit = at(entry, "/visit").unwrap();
            assert!(ended.binary_search(&visit).is_ok(), "{run}: {visit} was not ended");
        }
        if let Conn::Sqlite(_) = conn {
            let query = "SELECT COUNT(*) AS number FROM pragma_foreign_key_check";
            assert_eq!(sql_query(query).get_result::<Number>(&mut conn).unwrap().number, 0, "{run}: references");
        }
    }

    /// Every answered request has its entries, and nobody has more entries than the requests account for.
    #[track_caller]
    fn compare(&self, run: &str, new: &[Value], done: &[Done]) {
        let mut answered: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
        type Exact<'a> = BTreeMap<(&'a str, &'a str, String), (usize, &'a Fields)>;
        let mut exact: Exact<'_> = BTreeMap::new();
        for one in done {
            let total = answered.entry((&one.who, one.event)).or_default();
            match &one.outcome {
                Outcome::Answered(entries) => {
                    total.0 += entries.len();
                    for fields in entries {
                        exact.entry((&one.who, one.event, format!("{fields:?}"))).or_insert((0, fields)).0 += 1;
                    }
                }
                Outcome::Unknown => total.1 += entries_at_most(one.event),
            }
        }
        let of = |doer: &str, event: &str| -> Vec<&Value> {
            new.iter().filter(|one| one["event"] == event && who(one).as_deref() == Some(doer)).collect()
        };
        for ((doer, event, _), (times, fields)) in &exact {
            let found = of(doer, event)
                .iter()
                .filter(|entry| fields.iter().all(|(pointer, value)| entry.pointer(pointer) == Some(value)))
                .count();
            assert!(found >= *times, "{run}: {times} answered {event} with {fields:?}, {found} entries");
        }
        for ((doer, event), (answered, unknown)) in &answered {
            let found = of(doer, event).len();
            assert!(
                (*answered..=answered + unknown).contains(&found),
                "{run}: {event} by {doer}: {answered} entries answered for, {unknown} perhaps, {found} there"
            );
        }
        // Nobody else did anything that only the load does.
        for entry in new {
            let event = entry["event"].as_str().unwrap();
            let doer = who(entry).unwrap_or_default();
            if done.iter().any(|one| one.who == doer) {
                assert!(
                    answered.contains_key(&(doer.as_str(), event)),
                    "{run}: an entry {event} of {doer}, who was told that nothing was done: {entry}"
                );
            }
        }
    }

    fn told(&self, bond: &Bond) -> Vec<String> {
        let mut told: Vec<String> =
            self.entries.iter().filter(|entry| entry["event"] == bond.event).filter_map(bond.told).collect();
        told.sort();
        told
    }

    fn take_in(&mut self, conn: &mut Conn) {
        let query = format!("SELECT payload FROM audit_entries WHERE seq >= {} ORDER BY seq", self.entries.len());
        let rows: Vec<Payload> = sql_query(query).load(conn).unwrap();
        self.entries.extend(rows.into_iter().map(|row| serde_json::from_str(&row.payload.unwrap()).unwrap()));
    }
}
