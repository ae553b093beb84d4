//! The migrations of both databases, `src/db/schema.rs` and the text enums of the code say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::access::acts::ActKind;
use incamera::db::{Conn, DatabaseUrl, migrate};
use incamera::network::model::{PartyKind, Role};
use incamera::rooms::opening::Reach;

use crate::support::database::{self, Kind};
use crate::support::process::{ended, incamera};
use crate::support::sources;

mod bound;

/// A table, as far as both databases can tell of it in the same words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Table {
    /// Name, type as `schema.rs` calls it, and whether it may be null, in order.
    columns: Vec<(String, String, bool)>,
    primary_key: Vec<String>,
    unique: BTreeSet<Vec<String>>,
    /// Column, and the table and column it refers to.
    foreign: BTreeSet<(String, String, String)>,
    /// The columns of each index, those of keys and unique columns too.
    indexes: BTreeSet<Vec<String>>,
    /// The words of each list that a CHECK of one column holds.
    words: BTreeMap<String, BTreeSet<String>>,
    /// How many CHECKs there are in all.
    checks: usize,
}

type Schema = BTreeMap<String, Table>;

/// The migrations' own bookkeeping.
const BOOKKEEPING: &str = "__diesel_schema_migrations";

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    tab: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    tab: String,
    #[diesel(sql_type = Text)]
    index_name: String,
    #[diesel(sql_type = BigInt)]
    is_unique: i64,
    #[diesel(sql_type = BigInt)]
    is_primary: i64,
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct ForeignRow {
    #[diesel(sql_type = Text)]
    tab: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    other: String,
    #[diesel(sql_type = Text)]
    other_name: String,
}

#[derive(QueryableByName)]
struct CheckRow {
    #[diesel(sql_type = Text)]
    tab: String,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Text)]
    definition: String,
}

const SQLITE_TABLES: &str =
    "(SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\')";

/// What the database itself says.
fn introspect(conn: &mut Conn) -> Schema {
    let sqlite = matches!(conn, Conn::Sqlite(_));
    let columns = if sqlite {
        format!(
            "SELECT t.name AS tab, c.name AS name, c.type AS kind, c.\"notnull\" = 0 AS nullable FROM {SQLITE_TABLES} t JOIN pragma_table_info(t.name) c ORDER BY t.name, c.cid"
        )
    } else {
        "SELECT table_name::text AS tab, column_name::text AS name, data_type::text AS kind, is_nullable = 'YES' AS nullable FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position".into()
    };
    let indexes = if sqlite {
        // A primary key of one integer is the row's own number and has no index of its own to list.
        format!(
            "SELECT t.name AS tab, i.name AS index_name, CAST(i.\"unique\" AS BIGINT) AS is_unique, CAST(i.origin = 'pk' AS BIGINT) AS is_primary, c.name AS name FROM {SQLITE_TABLES} t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c ORDER BY t.name, i.name, c.seqno"
        )
    } else {
        "SELECT t.relname::text AS tab, i.relname::text AS index_name, (CASE WHEN x.indisunique THEN 1 ELSE 0 END)::bigint AS is_unique, (CASE WHEN x.indisprimary THEN 1 ELSE 0 END)::bigint AS is_primary, a.attname::text AS name FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' JOIN pg_class i ON i.oid = x.indexrelid JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k(attnum, place) ON true JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum ORDER BY t.relname, i.relname, k.place".into()
    };
    let foreign = if sqlite {
        format!(
            "SELECT t.name AS tab, f.\"from\" AS name, f.\"table\" AS other, f.\"to\" AS other_name FROM {SQLITE_TABLES} t JOIN pragma_foreign_key_list(t.name) f"
        )
    } else {
        "SELECT t.relname::text AS tab, a.attname::text AS name, o.relname::text AS other, b.attname::text AS other_name FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class o ON o.oid = k.confrelid JOIN LATERAL unnest(k.conkey, k.confkey) c(mine, theirs) ON true JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.mine JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = c.theirs WHERE k.contype = 'f'".into()
    };
    let mut schema = Schema::new();
    for row in sql_query(columns).load::<ColumnRow>(conn).unwrap() {
        if row.tab == BOOKKEEPING {
            continue;
        }
        let kind = match row.kind.to_ascii_lowercase().as_str() {
            "text" => "Text",
            "bigint" => "BigInt",
            "blob" | "bytea" => "Binary",
            "boolean" => "Bool",
            other => panic!("{}.{}: {other} is no type of ours", row.tab, row.name),
        };
        schema.entry(row.tab).or_default().columns.push((row.name, kind.into(), row.nullable));
    }
    let mut by_index: BTreeMap<(String, String, bool, bool), Vec<String>> = BTreeMap::new();
    for row in sql_query(indexes).load::<IndexRow>(conn).unwrap() {
        by_index.entry((row.tab, row.index_name, row.is_unique == 1, row.is_primary == 1)).or_default().push(row.name);
    }
    for ((table, _, unique, primary), columns) in by_index {
        let Some(table) = schema.get_mut(&table) else { continue };
        if primary {
            table.primary_key.clone_from(&columns);
        } else if unique {
            table.unique.insert(columns.clone());
        }
        table.indexes.insert(columns);
    }
    for row in sql_query(foreign).load::<ForeignRow>(conn).unwrap() {
        schema.get_mut(&row.tab).unwrap().foreign.insert((row.name, row.other, row.other_name));
    }
    read_checks(conn, &mut schema);
    schema
}

fn read_checks(conn: &mut Conn, schema: &mut Schema) {
    if matches!(conn, Conn::Sqlite(_)) {
        let rows =
            sql_query("SELECT name AS tab, NULL AS name, sql AS definition FROM sqlite_master WHERE type = 'table'")
                .load::<CheckRow>(conn)
                .unwrap();
        for row in rows {
            let Some(table) = schema.get_mut(&row.tab) else { continue };
            for (at, _) in row.definition.match_indices("CHECK (") {
                table.checks += 1;
                let inside = &row.definition[at + 7..];
                if let Some((column, list)) = inside.split_once(" IN (")
                    && column.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                {
                    table.words.insert(column.to_owned(), quoted(list.split(')').next().unwrap()));
                }
            }
        }
    } else {
        let rows = sql_query("SELECT t.relname::text AS tab, CASE WHEN array_length(k.conkey, 1) = 1 THEN (SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = k.conkey[1]) END AS name, pg_get_constraintdef(k.oid)::text AS definition FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' WHERE k.contype = 'c'")
            .load::<CheckRow>(conn)
            .unwrap();
        for row in rows {
            let Some(table) = schema.get_mut(&row.tab) else { continue };
            table.checks += 1;
            let words = quoted(&row.definition);
            if let (Some(column), false) = (row.name, words.is_empty()) {
                table.words.insert(column, words);
            }
        }
    }
}

/// The texts between single quotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('\'').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// A database without any table of ours, and a connection to it.
fn empty(kind: Kind) -> (tempfile::TempDir, DatabaseUrl) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&database::fresh(kind, folder.path()), folder.path()).unwrap();
    (folder, url)
}

fn migrated(kind: Kind) -> (tempfile::TempDir, Conn) {
    let (folder, url) = empty(kind);
    assert!(!migrate::run(&url, true).unwrap().is_empty());
    let conn = url.open_writer().unwrap();
    (folder, conn)
}

/// The `table!` macros of `src/db/schema.rs` and below.
fn declared() -> Schema {
    let mut schema = Schema::new();
    let sources = sources::all(&["src/db"]).into_iter().filter(|source| source.path.starts_with("src/db/schema"));
    let code: String = sources.map(|source| source.code).collect();
    for block in code.split("diesel::table! {").skip(1) {
        let (head, rest) = block.split_once('{').unwrap();
        let (name, key) = head.trim().split_once('(').unwrap();
        let mut table = Table {
            primary_key: key.trim_end_matches(')').split(',').map(|part| part.trim().to_owned()).collect(),
            ..Table::default()
        };
        for line in rest.split('}').next().unwrap().lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (column, kind) = line.trim_end_matches(',').split_once(" -> ").unwrap();
            let inner = kind.strip_prefix("Nullable<").map(|inner| inner.trim_end_matches('>'));
            table.columns.push((column.into(), inner.unwrap_or(kind).into(), inner.is_some()));
        }
        schema.insert(name.trim().to_owned(), table);
    }
    schema
}

/// Every `text_enum!` of the code, private ones too: name and words.
fn text_enums() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for source in sources::all(&["src"]) {
        for block in source.words.split("text_enum! {").skip(1) {
            let (head, rest) = block.split_once('{').unwrap();
            let name = head.split_whitespace().last().unwrap().to_owned();
            let words = rest.split('}').next().unwrap().split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect();
            found.insert(name, words);
        }
    }
    found
}

#[test]
fn both_databases_have_the_same_tables() {
    let (_sqlite_folder, mut sqlite) = migrated(Kind::Sqlite);
    let (_postgres_folder, mut postgres) = migrated(Kind::Postgres);
    let (sqlite, postgres) = (introspect(&mut sqlite), introspect(&mut postgres));
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (name, table) in &sqlite {
        assert_eq!(table, &postgres[name], "{name}: left SQLite, right PostgreSQL");
    }
    // The reading itself reads: none of its parts is empty everywhere.
    let any = |part: fn(&Table) -> bool| assert!(sqlite.values().any(part));
    any(|table| !table.foreign.is_empty());
    any(|table| table.unique.iter().any(|unique| unique.len() == 1));
    any(|table| table.primary_key.len() == 2);
    any(|table| table.words.values().any(|words| words.len() > 1));
    any(|table| table.columns.iter().any(|(_, kind, nullable)| kind == "Binary" && *nullable));
    assert!(sqlite.values().all(|table| !table.primary_key.is_empty()), "every table has a primary key");
}

#[test]
fn the_code_declares_the_tables_that_there_are() {
    let (_folder, mut conn) = migrated(Kind::Sqlite);
    let (there, declared) = (introspect(&mut conn), declared());
    assert_eq!(there.keys().collect::<Vec<_>>(), declared.keys().collect::<Vec<_>>());
    for (name, table) in &declared {
        assert_eq!(table.columns, there[name].columns, "{name}: left schema.rs, right the database");
        assert_eq!(table.primary_key, there[name].primary_key, "{name}");
    }
    // What can be joined refers to it.
    let source =
        sources::all(&["src/db"]).into_iter().find(|source| source.path == "src/db/schema/relations.rs").unwrap();
    let mut joined = 0;
    for line in source.code.lines().filter_map(|line| line.strip_prefix("diesel::joinable!(")) {
        let (child, rest) = line.split_once(" -> ").unwrap();
        let (parent, column) = rest.trim_end_matches("));").trim_end_matches(");").split_once(" (").unwrap();
        let refers = there[child].foreign.iter().any(|(name, other, _)| name == column && other == parent);
        // The account shares its key with the person that the sign-in refers to.
        assert!(refers || (child, parent) == ("sign_ins", "accounts"), "{child}.{column} does not refer to {parent}");
        joined += 1;
    }
    assert!(joined > 10);
}

#[test]
fn every_reference_has_an_index() {
    let (_folder, mut conn) = migrated(Kind::Sqlite);
    let mut lacking = Vec::new();
    for (name, table) in introspect(&mut conn) {
        for (column, other, _) in &table.foreign {
            if !table.indexes.iter().any(|index| index.first() == Some(column)) {
                lacking.push(format!("{name}.{column} -> {other}"));
            }
        }
    }
    assert!(lacking.is_empty(), "without an index, deleting or joining reads the whole table: {lacking:?}");
}

/// What a request looks up by other than by id or reference.
#[test]
fn every_lookup_has_an_index() {
    let (_folder, mut conn) = migrated(Kind::Sqlite);
    let schema = introspect(&mut conn);
    for (table, column) in [
        ("accounts", "email"),
        ("invitations", "digest"),
        ("sign_ins", "refresh_digest"),
        ("spent_refreshes", "digest"),
        ("parties", "code"),
        ("meetings", "number"),
        ("audit_entries", "id"),
    ] {
        let index = schema[table].indexes.iter().any(|index| index.first().is_some_and(|first| first == column));
        assert!(index, "{table}.{column} is looked up, and has no index");
    }
}

#[test]
fn checks_list_the_words_of_the_code() {
    let (_folder, mut conn) = migrated(Kind::Sqlite);
    let enums = text_enums();
    // The reading of the sources reads what the macro makes.
    for (name, all) in [
        ("PartyKind", PartyKind::ALL.iter().map(|one| one.as_str().to_owned()).collect::<BTreeSet<_>>()),
        ("ActKind", ActKind::ALL.iter().map(|one| one.as_str().to_owned()).collect()),
        ("Role", Role::ALL.iter().map(|one| one.as_str().to_owned()).collect()),
        ("Reach", Reach::ALL.iter().map(|one| one.as_str().to_owned()).collect()),
    ] {
        assert_eq!(enums[name], all, "{name}");
    }
    let of = [
        ("parties.kind", "PartyKind"),
        ("acts.kind", "ActKind"),
        ("standings.standing", "Standing"),
        ("designations.role", "Role"),
        ("designations.function", "Function"),
        ("elections.body", "Body"),
        ("proposals.kind", "ProposalKind"),
        ("proposals.function", "Function"),
        ("proposals.state", "ProposalState"),
        ("sign_ins.ended_why", "EndedWhy"),
        ("audit_entries.area", "Area"),
        ("audit_witnesses.fault", "WitnessFault"),
        ("meetings.kind", "MeetingKind"),
        ("meetings.way", "Way"),
        ("requests.kind", "RequestKind"),
        ("request_replies.kind", "ReplyKind"),
        ("rooms.kind", "RoomKind"),
        ("sessions.kind", "SessionKind"),
        ("admissions.reach", "Reach"),
        ("publications.kind", "PublicationKind"),
        ("passkey_ceremonies.kind", "CeremonyKind"),
    ];
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, table) in introspect(&mut conn) {
        listed.extend(table.words.into_iter().map(|(column, words)| (format!("{name}.{column}"), words)));
    }
    // A State proposes for its own people: of the roles, those that a State can give.
    assert_eq!(listed.remove("proposals.role"), Some(["contact_point", "counterpart"].map(ToOwned::to_owned).into()));
    for (column, name) in of {
        let words = listed.remove(column).unwrap_or_else(|| panic!("{column} has no CHECK"));
        assert_eq!(words, enums[name], "{column}: left the database, right {name}");
    }
    assert!(listed.is_empty(), "a CHECK with words that no text enum is known for: {listed:?}");
}

#[test]
fn both_folders_hold_the_same_migrations() {
    let (sqlite, postgres) = migrate::listed().unwrap();
    assert_eq!(sqlite, postgres);
    assert!(sqlite.is_sorted());
    assert_eq!(sqlite, folders("sqlite").iter().map(|path| name(path)).collect::<Vec<_>>());
}

fn folders(database: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn undone(kind: Kind) {
    let (_folder, url) = empty(kind);
    let applied = migrate::run(&url, true).unwrap();
    let mut conn = url.open_writer().unwrap();
    let before = introspect(&mut conn);
    let mut reverted = migrate::revert_all(&mut conn).unwrap();
    assert_eq!(introspect(&mut conn), Schema::new(), "revert_all leaves nothing of ours");
    assert_eq!(left_over(&mut conn), Vec::<String>::new());
    reverted.reverse();
    assert_eq!(applied, reverted);
    drop(conn);
    assert_eq!(migrate::run(&url, false).unwrap(), applied);
    assert_eq!(introspect(&mut url.open_writer().unwrap()), before);
    assert!(migrate::run(&url, false).unwrap().is_empty(), "a second run has nothing to do");
}

/// Each `down` undoes its own `up` and no more.
fn undone_one_by_one(kind: Kind) {
    let (folder, url) = empty(kind);
    if kind == Kind::Sqlite {
        std::fs::write(folder.path().join("test.db"), b"").unwrap();
    }
    let mut conn = url.open_writer().unwrap();
    let folders = folders(if kind == Kind::Sqlite { "sqlite" } else { "postgres" });
    let mut run = |path: &Path, half: &str| {
        let text = std::fs::read_to_string(path.join(half)).unwrap();
        conn.batch_execute(&text).unwrap_or_else(|error| panic!("{} {half}: {error}", name(path)));
        (introspect(&mut conn), left_over(&mut conn))
    };
    let mut states = vec![(Schema::new(), Vec::new())];
    for path in &folders {
        let state = run(path, "up.sql");
        assert_ne!(states.last(), Some(&state), "{} does nothing", name(path));
        states.push(state);
    }
    for path in folders.iter().rev() {
        states.pop();
        let state = run(path, "down.sql");
        assert_eq!(Some(&state), states.last(), "{} is not undone", name(path));
    }
}

#[derive(QueryableByName, Debug)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Everything of ours but tables: indexes, views, triggers, functions, types, sequences.
fn left_over(conn: &mut Conn) -> Vec<String> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT name FROM sqlite_master WHERE type <> 'table' AND tbl_name <> '__diesel_schema_migrations' ORDER BY name"
        }
        Conn::Postgres(_) => {
            "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind <> 'r' AND relname NOT LIKE '\\_\\_diesel%' UNION ALL SELECT proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND proname NOT LIKE 'diesel%' ORDER BY name"
        }
    };
    sql_query(query).load::<Name>(conn).unwrap().into_iter().map(|row| row.name).collect()
}

#[test]
fn down_undoes_up_on_sqlite() {
    undone(Kind::Sqlite);
    undone_one_by_one(Kind::Sqlite);
}

#[test]
fn down_undoes_up_on_postgres() {
    undone(Kind::Postgres);
    undone_one_by_one(Kind::Postgres);
}

/// A database that lacks a migration is not served, and the words say what to do.
#[test]
fn a_database_that_lacks_a_migration_is_refused() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let url = database::fresh(kind, folder.path());
        let run = |arguments: &[&str]| ended(incamera().args(arguments));
        let config = data.join("incamera.toml");
        let config = config.to_str().unwrap();
        assert!(run(&["init", data.to_str().unwrap(), "--database", &url]).status.success());
        let mut conn = DatabaseUrl::parse(&url, folder.path()).unwrap().open_writer().unwrap();
        migrate::revert_all(&mut conn).unwrap();
        let refused = run(&["serve", "--config", config]);
        assert_eq!(refused.status.code(), Some(1));
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(words.contains("incamera db migrate"), "{words}");
        assert!(run(&["db", "migrate", "--config", config]).status.success());
        assert!(run(&["audit", "verify", "--config", config]).status.success());
    }
}
