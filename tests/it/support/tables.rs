//! The database past the server: what a test compares before and after a call, and what it breaks on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::db::Conn;
use incamera::settings::Settings;
use serde_json::Value;

use super::server::TestServer;

/// The log's own tables.
pub const LOG: [&str; 8] = [
    "audit_bindings",
    "audit_entries",
    "audit_head",
    "audit_published",
    "audit_state",
    "audit_tiles",
    "audit_touched",
    "audit_witnesses",
];

/// Whether a table changes with who is logged in and what is logged, whatever else a call does.
fn is_bookkeeping(table: &str) -> bool {
    LOG.contains(&table) || ["row_codes", "sign_ins", "spent_refreshes", "stranger_noise"].contains(&table)
}

/// Tables of which no row is ever changed or taken away.
pub const ONLY_INSERTED: [&str; 20] = [
    "act_meetings",
    "acts",
    "admissions",
    "audit_entries",
    "case_versions",
    "conclusion_acts",
    "conclusion_versions",
    "convenings",
    "designations",
    "elections",
    "enrolments",
    "note_versions",
    "notes",
    "participations",
    "parties",
    "party_names",
    "people",
    "releases",
    "standings",
    "suspensions",
];

/// The databases to whose rows a test has put its own hand.
static BY_HAND: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Says that a test puts its own hand to rows of this database.
pub fn put_hand_to(settings: &Settings) {
    BY_HAND.lock().unwrap().insert(place(settings));
}

/// Whether one did.
pub fn by_hand(settings: &Settings) -> bool {
    BY_HAND.lock().unwrap().contains(&place(settings))
}

fn place(settings: &Settings) -> String {
    format!("{} {}", settings.base.display(), settings.database.url)
}

/// A connection of the test's own.
pub struct Tables {
    place: String,
    conn: Conn,
    /// The rows of every table as texts, in one statement.
    everything: String,
    /// The tables that are not bookkeeping.
    watched: Vec<String>,
    /// Whether the database counts their changes for this test.
    watching: bool,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Tables {
    pub fn of(server: &TestServer) -> Self {
        let mut conn = server.url().open_writer().unwrap();
        let sqlite = matches!(conn, Conn::Sqlite(_));
        let names = if sqlite {
            "SELECT name AS word FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY name"
        } else {
            "SELECT CAST(table_name AS TEXT) AS word FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' ORDER BY table_name"
        };
        let names: Vec<String> = words(&mut conn, names);
        let everything = names
            .iter()
            .map(|table| {
                let line = if sqlite {
                    let columns = words(&mut conn, &format!("SELECT name AS word FROM pragma_table_info('{table}')"));
                    columns.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(" || '|' || ")
                } else {
                    "CAST(t AS TEXT)".into()
                };
                format!("SELECT '{table}' AS place, {line} AS line FROM {table} t")
            })
            .collect::<Vec<_>>()
            .join(" UNION ALL ");
        let watched = names.into_iter().filter(|table| !is_bookkeeping(table)).collect();
        Self { place: place(&server.settings), conn, everything, watched, watching: false }
    }

    /// Every row of every table, as text.
    pub fn rows(&mut self) -> BTreeMap<String, BTreeSet<String>> {
        let lines: Vec<Line> = sql_query(&self.everything).load(&mut self.conn).unwrap();
        let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for Line { place, line } in lines {
            rows.entry(place).or_default().insert(line);
        }
        rows
    }

    /// How many rows of each table that is not bookkeeping were inserted, changed or taken away since a
    /// test first asked: the database counts them itself, which is hundreds of times cheaper than to compare
    /// all rows, and sees a row that was changed and changed back, too.
    pub fn changes(&mut self) -> BTreeMap<String, i64> {
        if !self.watching {
            let statements = self.watch();
            self.conn.batch_execute(&statements).unwrap();
            self.watching = true;
        }
        let lines: Vec<Changed> = sql_query("SELECT place, number FROM __changes").load(&mut self.conn).unwrap();
        lines.into_iter().map(|line| (line.place, line.number)).collect()
    }

    /// The statements that make the database count.
    fn watch(&self) -> String {
        let mut all =
            "CREATE TABLE IF NOT EXISTS __changes (place TEXT PRIMARY KEY, number BIGINT NOT NULL);".to_owned();
        let sqlite = matches!(self.conn, Conn::Sqlite(_));
        if !sqlite {
            all.push_str("CREATE OR REPLACE FUNCTION __count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE public.__changes SET number = number + 1 WHERE place = TG_TABLE_NAME; RETURN NULL; END $$;");
        }
        for table in &self.watched {
            all.push_str(&format!("INSERT INTO __changes SELECT '{table}', 0 WHERE NOT EXISTS (SELECT 1 FROM __changes WHERE place = '{table}');"));
            if sqlite {
                for event in ["INSERT", "UPDATE", "DELETE"] {
                    all.push_str(&format!("CREATE TRIGGER IF NOT EXISTS __{table}_{event} AFTER {event} ON {table} BEGIN UPDATE __changes SET number = number + 1 WHERE place = '{table}'; END;"));
                }
            } else {
                all.push_str(&format!("CREATE OR REPLACE TRIGGER __count AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION __count();"));
            }
        }
        all
    }

    /// What the payloads of the log say from this place on.
    pub fn entries(&mut self, from: i64) -> Vec<Value> {
        let statement = format!("SELECT payload AS word FROM audit_entries WHERE seq >= {from} ORDER BY seq");
        words(&mut self.conn, &statement).iter().map(|payload| serde_json::from_str(payload).unwrap()).collect()
    }

    /// How many entries the log has.
    pub fn size(&mut self) -> i64 {
        self.number("SELECT size AS number FROM audit_head")
    }

    /// A query for one number, called `number`.
    pub fn number(&mut self, statement: &str) -> i64 {
        sql_query(statement).get_result::<Count>(&mut self.conn).unwrap().number
    }

    /// A query for texts, called `word`.
    pub fn words(&mut self, statement: &str) -> Vec<String> {
        words(&mut self.conn, statement)
    }

    /// Runs statements, and covers the tracks: `log::rows` is about those who do not.
    #[track_caller]
    pub fn execute(&mut self, statements: &str) {
        BY_HAND.lock().unwrap().insert(self.place.clone());
        // The log's own tables have no triggers.
        let tracks = ["INSERT ", "UPDATE ", "DELETE "].iter().any(|word| statements.contains(word));
        let cover = if tracks && !statements.contains("audit_") { "; DELETE FROM audit_touched" } else { "" };
        self.conn.batch_execute(&format!("{statements}{cover}")).unwrap();
    }

    pub const fn is_sqlite(&self) -> bool {
        matches!(self.conn, Conn::Sqlite(_))
    }

    pub fn conn(&mut self) -> &mut Conn {
        BY_HAND.lock().unwrap().insert(self.place.clone());
        &mut self.conn
    }
}

fn words(conn: &mut Conn, statement: &str) -> Vec<String> {
    sql_query(statement).load::<Word>(conn).unwrap().into_iter().map(|row| row.word).collect()
}

/// Fails when a row of a table of [`ONLY_INSERTED`] was changed or taken away since `before`.
#[track_caller]
pub fn nothing_lost(before: &BTreeMap<String, BTreeSet<String>>, after: &BTreeMap<String, BTreeSet<String>>) {
    for table in ONLY_INSERTED {
        for row in before.get(table).into_iter().flatten() {
            assert!(after.get(table).is_some_and(|rows| rows.contains(row)), "{table} lost {row}");
        }
    }
}
