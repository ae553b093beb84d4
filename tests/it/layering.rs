//! The shape of the house, read off the sources: who may use diesel, open a transaction, make a permit,
//! know of whom. Each check is a function from one source to what it finds, so that it can be shown to
//! bite on a made-up snippet.

mod bites;

use crate::support::sources::{self, Source};

/// The rooms on which all slices stand, and what they share: they know of no slice.
const LOWER: [&str; 5] = ["server", "access", "audit", "seal", "db"];
const SHARED: [&str; 6] = ["context", "error", "ids", "input", "settings", "lib"];
const UPPER: [&str; 6] = ["identity", "network", "meetings", "rooms", "cases", "library"];

/// Most lines of a file: what can be read in one sitting.
const MOST_LINES: usize = 600;

/// Tests that are longer as yet. Shrink it.
const LONGER: &[&str] = &[];

/// The types that both databases hold as text, number or blob: they say how, and ask nothing.
const PLUMBING: [&str; 4] = ["src/ids.rs", "src/context.rs", "src/error.rs", "src/seal/contents.rs"];

fn is_store(path: &str) -> bool {
    path.ends_with("/store.rs") || path.contains("/store/")
}

fn queries(path: &str) -> bool {
    is_store(path) || path.starts_with("src/db/") || path.starts_with("src/access/")
}

fn room(path: &str) -> &str {
    path.strip_prefix("src/").unwrap_or(path).split(['/', '.']).next().unwrap_or_default()
}

/// diesel, the tables and pieces of SQL are for stores, `db` and `access`. Elsewhere only diesel's errors
/// are known, and by the [`PLUMBING`] how a type is written and read.
fn diesel_outside_stores(source: &Source) -> Vec<String> {
    if queries(&source.path) {
        return Vec::new();
    }
    let plumbing = ["backend", "deserialize", "serialize", "expression", "sql_types", "result", "QueryResult"];
    let known: &[&str] = if PLUMBING.contains(&source.path.as_str()) { &plumbing } else { &["result", "QueryResult"] };
    let mut found: Vec<String> = source
        .references()
        .into_iter()
        .filter(|one| {
            let mut parts = one.path.split("::");
            let diesel = parts.next() == Some("diesel") && !parts.next().is_some_and(|part| known.contains(&part));
            diesel || ["crate::db::schema", "crate::db::fragment"].iter().any(|table| begins(&one.path, table))
        })
        .map(|one| at(source, one.line, &one.path))
        .collect();
    let derives = !PLUMBING.contains(&source.path.as_str());
    for (line, text) in source.code.lines().enumerate() {
        let query = [".execute(", ".get_result(", ".get_results(", ".load(work", ".load(conn", "sql_query("];
        if query.iter().any(|query| text.contains(query)) || (derives && text.contains("#[diesel(")) {
            found.push(at(source, line + 1, text.trim()));
        }
    }
    found
}

/// A transaction is one unit of work, and only `db` opens units.
fn transactions_outside_db(source: &Source) -> Vec<String> {
    if source.path.starts_with("src/db/") {
        return Vec::new();
    }
    let calls = [".transaction(", "transaction::<", "::TransactionManager", "begin_test_transaction", "batch_execute"];
    let words = ["BEGIN", "SAVEPOINT", "COMMIT", "ROLLBACK", "START TRANSACTION", "RELEASE"];
    lines(source, &source.words, |line| {
        calls.iter().any(|call| line.contains(call)) || words.iter().any(|word| has_word(line, word))
    })
}

/// A permit, a filter and the key to contents are made in one place each.
fn made_elsewhere(source: &Source) -> Vec<String> {
    let made =
        [("Permit", "src/access/permit.rs"), ("Filter", "src/access/permit.rs"), ("Key", "src/seal/contents.rs")];
    lines(source, &source.code, |line| made.iter().any(|(name, place)| source.path != *place && constructs(line, name)))
}

/// `Name {`, `Name::<…> {` or `Name(()`, but not the definition, an `impl` or a return type.
fn constructs(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        let word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let after =
            after.strip_prefix("::<").map_or(after, |generic| generic.split_once('>').map_or("", |(_, rest)| rest));
        let defined =
            ["struct ", "enum ", "impl ", "for ", "-> ", "use ", "type "].iter().any(|one| before.ends_with(one));
        word && !defined && (after.trim_start().starts_with('{') || after.starts_with("(()"))
    })
}

/// The lower rooms, and what all share, know nothing of the slices.
fn lower_knows_upper(source: &Source) -> Vec<String> {
    let low = LOWER.contains(&room(&source.path));
    let shared = SHARED.contains(&room(&source.path)) && source.path != "src/lib.rs";
    if !(low || shared) {
        return Vec::new();
    }
    references(source, |path| {
        UPPER.iter().chain(&["app", "cli", "witness"]).any(|upper| begins(path, &format!("crate::{upper}")))
    })
}

/// The witness is for machines that are not the server: it takes the listener and the log's formats, and no more.
fn witness_knows_the_server(source: &Source) -> Vec<String> {
    if room(&source.path) != "witness" {
        return Vec::new();
    }
    let own =
        ["witness", "audit::model", "server", "settings", "context", "error"].map(|room| format!("crate::{room}"));
    references(source, |path| begins(path, "crate") && !own.iter().any(|own| begins(path, own)))
}

/// A slice reaches another through its service or model, never through its tables.
fn foreign_stores(source: &Source) -> Vec<String> {
    let own = room(&source.path);
    references(source, |path| {
        let mut parts = path.split("::");
        parts.next() == Some("crate")
            && parts.next().is_some_and(|slice| slice != own)
            && parts.any(|part| part == "store")
    })
}

/// Models are types and rules. What they could not be tested without would be I/O.
fn io_in_models(source: &Source) -> Vec<String> {
    if !(source.path.ends_with("/model.rs") || source.path.contains("/model/")) {
        return Vec::new();
    }
    let mut found = references(source, |path| {
        [
            "diesel",
            "crate::db",
            "crate::server",
            "actix_web",
            "tokio",
            "std::fs",
            "std::net",
            "std::process",
            "std::io",
            "std::env",
        ]
        .iter()
        .any(|io| begins(path, io))
    });
    found.extend(lines(source, &source.code, |line| {
        line.contains(".conn") || has_word(line, "Work") || has_word(line, "Conn") || line.contains("async fn")
    }));
    found
}

/// Clippy bans the usual ways to the clock and to randomness; these are the others. What is left measures
/// how long something takes, or belongs to the command line.
fn clock_or_chance(source: &Source) -> Vec<String> {
    let allowed: &[(&str, &str)] = &[
        ("src/server/body.rs", "Instant::now"),          // measures a wait
        ("src/audit/witnesses/ask.rs", "Instant::now"),  // the same
        ("src/db/queue.rs", "Instant::now"),             // the same
        ("src/rooms/service/search.rs", "Instant::now"), // measures a search, to stop it
        ("src/server/listener.rs", "Instant::now"),      // measures an answer
        ("src/cli/certificate.rs", "KeyPair::generate"), // a key of a certificate, which rcgen makes itself
        ("src/cli/mod.rs", "SystemClock"),               // gives the parameters
        ("src/cli/mod.rs", "SystemEntropy"),
    ];
    let ways = [
        "Instant::now",
        "SystemTime::now",
        "now_utc",
        "now_local",
        "SystemClock",
        "SystemEntropy",
        "getrandom",
        "SystemRandom",
        "thread_rng",
        "rand::",
        "new_v4",
        "now_v7",
        "KeyPair::generate",
        "CURRENT_TIMESTAMP",
        "CURRENT_DATE",
        "'now'",
        "now()::",
        "NOW()",
        "random()",
        "RANDOM()",
        "gen_random_uuid",
        "randomblob",
    ];
    if source.path == "src/context.rs" {
        return Vec::new();
    }
    lines(source, &source.words, |line| {
        ways.iter().any(|way| line.contains(way) && !allowed.contains(&(source.path.as_str(), *way)))
    })
}

/// Store functions that take a connection but no permit or filter, each with the reason. Shrink it.
/// `*` stands for every function of the file.
const WITHOUT_PERMIT: &[(&str, &str, &str)] = &[
    (
        "src/network/store/host.rs",
        "*",
        "for the operator's commands, where nobody asks; only `network::import` uses it",
    ),
    (
        "src/network/store/parties.rs",
        "names_of",
        "what a permitted function and the host's share; not seen outside the store",
    ),
    ("src/network/store/parties.rs", "standings_of", "the same"),
    ("src/network/store/parties.rs", "insert", "the same"),
    ("src/network/store/parties.rs", "insert_name", "the same"),
    ("src/network/store/parties.rs", "insert_standing", "the same"),
    ("src/network/store/people.rs", "designations_of", "the same"),
    ("src/network/store/people.rs", "elections_of", "the same"),
    ("src/network/store/people.rs", "insert", "the same"),
    ("src/network/store/people.rs", "insert_designation", "the same"),
    ("src/network/store/people.rs", "insert_election", "the same"),
    ("src/network/store/people.rs", "belongs", "the same"),
    ("src/library/store.rs", "host_record", "for the operator's import, where nobody asks"),
    ("src/library/store.rs", "host_coded", "the same"),
    ("src/meetings/store/conclusions.rs", "acts_about", "of meetings already let through a filter or a permit"),
    ("src/meetings/store/conclusions.rs", "drafted", "the same"),
    (
        "src/meetings/store/conclusions.rs",
        "latest",
        "a version's number, for one who holds a permit; shared with the import",
    ),
    ("src/meetings/store/conclusions.rs", "insert_act", "after the permit to adopt or publish; shared with the import"),
    ("src/meetings/store/materials.rs", "insert_material", "after the permit to add; shared with the import"),
    ("src/meetings/store/materials.rs", "material_named", "for the import, where nobody asks"),
    ("src/meetings/store/meetings.rs", "insert_meeting", "after the permit to convene; shared with the import"),
    ("src/meetings/store/meetings.rs", "insert_topics", "the same"),
    ("src/meetings/store/meetings.rs", "find_meeting", "for the import, where nobody asks"),
    ("src/meetings/store/parties.rs", "is_there", "answers about parties, which are public"),
    ("src/meetings/store/parties.rs", "is_state", "the same"),
    ("src/meetings/store/parties.rs", "is_person_of", "yes or no, for one who holds a permit to invite that person"),
    (
        "src/meetings/store/parties.rs",
        "admissible",
        "whom a convened session admits; the answer goes to admissions only",
    ),
    ("src/meetings/store/sessions.rs", "next_position", "a number, for one who holds a permit to add a session"),
    ("src/meetings/store/sessions.rs", "insert_session", "after the permit to add a session; shared with the import"),
    ("src/meetings/store/sessions.rs", "find_session", "for the import, where nobody asks"),
    ("src/meetings/store/sessions.rs", "participates", "for one who holds a permit to invite; shared with the import"),
    ("src/meetings/store/sessions.rs", "insert_participation", "after the permit to invite; shared with the import"),
    (
        "src/meetings/store/sessions.rs",
        "session_of",
        "finds what an act is about, before the permit on that thing is asked",
    ),
    ("src/rooms/opening/store.rs", "insert_room", "a room opens with the thing it belongs to, whose permit was given"),
    ("src/rooms/opening/store.rs", "insert_admission", "the same"),
    ("src/rooms/opening/store.rs", "admissions_of", "for ending all that a person has, whose permit was given"),
    ("src/rooms/opening/store.rs", "end_visits", "the same"),
    ("src/rooms/release/store.rs", "insert", "after the permit to release; shared by notes and fiches"),
    ("src/rooms/release/store.rs", "in_force", "the same"),
    ("src/rooms/release/store.rs", "is_state_of_the_network", "answers about parties, which are public"),
    (
        "src/rooms/store/admissions.rs",
        "admissible",
        "what the rule on admitting depends on; who may not admit is told nothing of it",
    ),
    ("src/rooms/store/notes.rs", "released_versions", "of notes already let through a filter or a permit"),
    ("src/rooms/store/notes.rs", "insert_note", "after the permit to write; shared with the import"),
    ("src/rooms/store/notes.rs", "holds_notes", "for the import, where nobody asks"),
    ("src/rooms/requests/store.rs", "addressees", "of requests already let through a filter or a permit"),
    ("src/rooms/requests/store.rs", "replies", "the same"),
    ("src/rooms/requests/store.rs", "insert", "after the permit to send; shared with the import"),
    ("src/rooms/requests/store.rs", "insert_reply", "after the permit to reply; shared with the import"),
    ("src/rooms/requests/store.rs", "observers", "answers about standings, which are public"),
    ("src/rooms/requests/store.rs", "in_office", "whom a request lets in; the answer goes to admissions only"),
    ("src/rooms/requests/store.rs", "admitted", "for the entry of a reply; nobody is shown it"),
    ("src/rooms/requests/store.rs", "any", "for the import, where nobody asks"),
    ("src/rooms/requests/store.rs", "party_of", "the same"),
    ("src/cases/store.rs", "newest", "of case files already let through a filter or a permit"),
    ("src/cases/store.rs", "insert", "after the permit to open; shared with the import"),
    ("src/cases/store.rs", "is_contact_point_of", "yes or no about one's own State, for one who holds a permit"),
    ("src/cases/store.rs", "first_of", "for the import, where nobody asks"),
    ("src/cases/store.rs", "party_of", "the same"),
    ("src/audit/store/mod.rs", "append", "the log writes itself; only `db` may call it"),
    ("src/audit/store/at_once.rs", "append_at_once", "the same"),
    ("src/audit/store/entries.rs", "insert", "the same"),
    ("src/audit/store/entries.rs", "id_of", "what a permit is asked for is found by it"),
    ("src/audit/store/published.rs", "publish", "the log signs itself"),
    ("src/audit/store/published.rs", "published", "the same; others read it after the permit to check the log"),
    ("src/audit/store/published.rs", "take_back", "the same"),
    ("src/audit/store/witnesses.rs", "witnesses", "the same; others read it after the permit to check the log"),
    ("src/audit/store/witnesses.rs", "record", "the log asks its witnesses itself"),
    ("src/audit/store/rows.rs", "*", "the same, and its verification, where nobody asks"),
    ("src/audit/store/tree.rs", "said", "the same"),
    ("src/audit/store/tree.rs", "head", "the same"),
    ("src/audit/store/tree.rs", "store_size", "the same"),
    ("src/audit/store/tree.rs", "grow", "the same"),
    ("src/audit/store/tree.rs", "full", "the same"),
    ("src/audit/store/erase.rs", "*", "for the operator's prune, where nobody asks"),
    ("src/audit/store/holds.rs", "*", "for the operator's holds, where nobody asks"),
    ("src/audit/store/kept.rs", "*", "the log checks itself"),
    ("src/audit/store/verify.rs", "verify", "for the operator's commands and the tests, where nobody asks"),
    ("src/audit/store/verify.rs", "export", "the same"),
    ("src/audit/store/verify.rs", "adopt", "for a migration, where nobody asks"),
    ("src/identity/store.rs", "account_by_email", "logging in comes before any permit"),
    ("src/identity/store.rs", "names_of", "the asker's own name, for the top of every page"),
    ("src/identity/passkeys/store.rs", "*", "a person's own means to log in, used before and while logging in"),
    ("src/identity/keys/store.rs", "*", "a person's own key pair, opened by what the person brings"),
    ("src/rooms/keys/store.rs", "*", "keys, sealed for whom they are: whom that may be is asked of the rule, for each"),
    (
        "src/rooms/keys/recovery/store.rs",
        "*",
        "keys, sealed for officers whom a permit has chosen, or for the operator",
    ),
    ("src/rooms/keys/before/store.rs", "*", "for a migration, where nobody asks"),
    ("src/cases/store.rs", "fiches_before", "the same"),
    ("src/cases/store.rs", "replace_fiche", "the same"),
    ("src/meetings/store/sessions.rs", "agenda_before", "the same"),
    ("src/meetings/store/sessions.rs", "replace_words", "the same"),
    ("src/network/store/names.rs", "people", "names for ids that a permitted function gave out"),
    ("src/network/store/names.rs", "parties", "answers about parties, which are public"),
    ("src/network/store/names.rs", "states_with", "the same"),
    ("src/network/store/soon.rs", "ending", "the asker's own designations, or all for whoever administers them"),
    ("src/rooms/store/mine.rs", "last_visits", "the asker's own"),
    ("src/rooms/store/mine.rs", "news", "numbers, of rooms that the asker is admitted to"),
    ("src/identity/store.rs", "take_step", "the same"),
    ("src/identity/store.rs", "use_recovery_code", "the same"),
    ("src/identity/store.rs", "insert_sign_in", "the same"),
    ("src/identity/store.rs", "sign_in", "what makes an asker comes before any permit"),
    ("src/identity/store.rs", "sign_in_by_refresh", "the same"),
    ("src/identity/store.rs", "sign_in_of_spent", "the same"),
    ("src/rooms/store/files.rs", "files_of", "of a version that a permit covers"),
    ("src/rooms/store/files.rs", "uploads_of", "of the asker's own"),
    ("src/rooms/store/files.rs", "broken_off", "the server's own doing: what nobody can open"),
    ("src/rooms/store/files.rs", "drop_upload", "the same"),
    ("src/rooms/store/files.rs", "digests", "for the operator's command, which reads what rests sealed"),
    ("src/rooms/store/files.rs", "piece_at_rest", "the same"),
    ("src/identity/store.rs", "rotate", "whoever holds the refresh token may renew"),
    ("src/identity/store.rs", "count_stranger", "strangers have no permit"),
    ("src/identity/store.rs", "take_noise", "the server's own doing"),
    ("src/identity/store.rs", "open_invitation", "whoever holds the invitation may take it up"),
    ("src/identity/store.rs", "close_invitation", "the same"),
    ("src/identity/store.rs", "save_account", "the same"),
    ("src/identity/store.rs", "replace_recovery_codes", "the same"),
    ("src/identity/store.rs", "is_enrolled", "the same"),
    ("src/identity/store.rs", "enrol", "the same"),
    ("src/identity/store.rs", "account_of", "of the asker's own"),
    ("src/identity/store.rs", "has_account", "yes or no, for whoever holds the invitation"),
    ("src/identity/store.rs", "set_password", "the same"),
    ("src/identity/store.rs", "sign_ins_of", "the same"),
    ("src/identity/store.rs", "forget_seeds", "the same"),
    ("src/identity/store.rs", "end_sign_in", "the same"),
    ("src/identity/store.rs", "end_sign_ins_of", "of the asker's own, or of whom a permit names"),
    ("src/identity/store.rs", "officer_was_enrolled", "for the operator's first account, where nobody asks"),
    ("src/identity/store.rs", "party_of", "of whom a permit or an invitation names, for the log"),
    ("src/identity/store.rs", "person_name", "of the asker's own, or of an invitation that was shown"),
    ("src/identity/store.rs", "party", "of the asker's own"),
];

/// The functions of a store that others may call, that take a connection, and that ask for no permit.
fn without_permit(source: &Source) -> Vec<String> {
    if !is_store(&source.path) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (place, _) in source.code.match_indices("fn ") {
        let line = source.code[..place].rsplit('\n').next().unwrap_or_default();
        if !line.trim_start().starts_with("pub") {
            continue;
        }
        let rest = &source.code[place + 3..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let signature = rest.split_once('{').map_or(rest, |(head, _)| head);
        let connects = ["&mut Conn", "&mut Work", "&mut SqliteConnection", "&mut PgConnection"];
        let permitted = ["Permit<", "Filter<"].iter().any(|one| signature.contains(one));
        if connects.iter().any(|one| signature.contains(one)) && !permitted {
            found.push(name);
        }
    }
    found
}

fn excused(path: &str, function: &str) -> bool {
    WITHOUT_PERMIT.iter().any(|(file, name, _)| *file == path && (*name == function || *name == "*"))
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines > MOST_LINES { vec![format!("{}: {lines} lines", source.path)] } else { Vec::new() }
}

fn at(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", source.path)
}

fn lines(source: &Source, view: &str, bad: impl Fn(&str) -> bool) -> Vec<String> {
    view.lines().enumerate().filter(|(_, line)| bad(line)).map(|(n, line)| at(source, n + 1, line.trim())).collect()
}

fn references(source: &Source, bad: impl Fn(&str) -> bool) -> Vec<String> {
    source.references().into_iter().filter(|one| bad(&one.path)).map(|one| at(source, one.line, &one.path)).collect()
}

/// Whether `path` is `head` or lies within it.
fn begins(path: &str, head: &str) -> bool {
    path.strip_prefix(head).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part)
    })
}

/// Runs a check over the sources; fails naming everything found.
#[track_caller]
fn hold(what: &str, folders: &[&str], check: fn(&Source) -> Vec<String>) {
    let found: Vec<String> = sources::all(folders).iter().flat_map(check).collect();
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn only_stores_use_diesel() {
    hold("uses diesel's queries outside a store", &["src"], diesel_outside_stores);
}

#[test]
fn only_db_opens_transactions() {
    hold("opens a transaction outside db", &["src"], transactions_outside_db);
}

#[test]
fn permits_are_made_in_one_place() {
    hold("makes a permit, a filter or a key", &["src"], made_elsewhere);
    // And there by one function each.
    for (path, name) in [("src/access/permit.rs", "Permit"), ("src/access/permit.rs", "Filter")] {
        let source = sources::all(&["src"]).into_iter().find(|source| source.path == path).unwrap();
        let made = source.code.lines().filter(|line| constructs(line, name)).count();
        assert_eq!(made, 1, "{path} makes a {name} in {made} places");
    }
}

#[test]
fn the_lower_rooms_know_nothing_of_the_slices() {
    hold("a lower room knows of a slice", &["src"], lower_knows_upper);
}

#[test]
fn the_witness_knows_neither_database_nor_slices() {
    hold("the witness knows more than it needs", &["src"], witness_knows_the_server);
}

#[test]
fn no_slice_reads_the_tables_of_another() {
    hold("uses another slice's store", &["src"], foreign_stores);
}

#[test]
fn models_do_no_io() {
    hold("a model that does I/O", &["src"], io_in_models);
}

#[test]
fn files_are_short() {
    let long: Vec<String> = sources::all(&["src", "tests"]).iter().flat_map(too_long).collect();
    let unknown: Vec<&String> = long.iter().filter(|found| !LONGER.iter().any(|one| found.starts_with(one))).collect();
    assert!(unknown.is_empty(), "longer than can be read in one sitting: {unknown:?}");
    let idle: Vec<&&str> = LONGER.iter().filter(|one| !long.iter().any(|found| found.starts_with(**one))).collect();
    assert!(idle.is_empty(), "no longer too long: {idle:?}");
}

#[test]
fn time_and_randomness_are_parameters() {
    hold("reads a clock, or draws randomness", &["src"], clock_or_chance);
    for database in ["sqlite", "postgres"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        for migration in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(migration.unwrap().path().join("up.sql")).unwrap();
            let source = Source::new("migration", &text);
            assert_eq!(clock_or_chance(&source), Vec::<String>::new());
        }
    }
}

#[test]
fn stores_ask_for_permits() {
    let sources = sources::all(&["src"]);
    let bare: Vec<(String, String)> = sources
        .iter()
        .flat_map(|source| without_permit(source).into_iter().map(|name| (source.path.clone(), name)))
        .collect();
    let unknown: Vec<String> =
        bare.iter().filter(|(path, name)| !excused(path, name)).map(|(path, name)| format!("{path}: {name}")).collect();
    assert!(unknown.is_empty(), "takes a connection and neither a permit nor a filter:\n  {}", unknown.join("\n  "));
    // The list only shrinks: what it no longer needs must go from it.
    let idle: Vec<String> = WITHOUT_PERMIT
        .iter()
        .filter(|(file, function, _)| {
            !bare.iter().any(|(path, name)| path == file && (name == function || *function == "*"))
        })
        .map(|(file, function, _)| format!("{file}: {function}"))
        .collect();
    assert!(idle.is_empty(), "no longer needs an excuse:\n  {}", idle.join("\n  "));
    // The ways without a permit that are for the host are used by nothing that a request reaches.
    for source in sources.iter().filter(|source| !source.path.ends_with("/import.rs") && !is_store(&source.path)) {
        let found = references(source, |path| {
            path.ends_with("::host") || path.contains("::host::") || path.contains("::host_")
        });
        assert!(found.is_empty(), "used by more than an import: {found:?}");
        let called = lines(source, &source.code, |line| line.contains("host_record") || line.contains("host_coded"));
        assert!(called.is_empty(), "used by more than an import: {called:?}");
    }
}
