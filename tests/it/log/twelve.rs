//! Twelve kinds of tampering, each done in SQL, each found by the means that `docs/LOG.md` names.

use incamera::audit::model::note::{Checkpoint, Kind as KeyKind, Note, Signed, Signer, Verifier};
use incamera::audit::model::tiles::{Resource, Tile};
use incamera::audit::model::tree::{Frontier, Hash, leaf_hash, root_of};
use incamera::audit::model::{Fields, Leaf};
use incamera::audit::{self, Refusal};
use serde_json::json;

use super::tree::{checkpoint, grow, key};
use crate::both;
use crate::support::database::Kind;
use crate::support::made;
use crate::support::scene::{bare_scene, inside, note};
use crate::support::{Client, Tables, TestServer, World};

/// What finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// `incamera audit verify`.
    Verify,
    /// `incamera audit verify --deep`.
    Deep,
    /// The next signing.
    Signing,
    /// Whoever holds the log's public key and a checkpoint from before, from outside.
    Keeper,
}

/// The kind, what was done, and by what it is found: the lines of the table in `docs/LOG.md`.
const KINDS: &[(&str, &str, &[By])] = &[
    ("edit", "an entry's words changed", &[By::Verify]),
    ("delete", "an entry taken away", &[By::Verify, By::Signing, By::Keeper]),
    ("insert", "an entry put in between others", &[By::Verify, By::Signing, By::Keeper]),
    ("reorder", "two entries in each other's places", &[By::Verify, By::Signing, By::Keeper]),
    ("truncate", "the last entries taken away, and the tree made to fit", &[By::Signing, By::Keeper]),
    ("roll back", "the log's tables as they were before, as from a backup", &[By::Signing, By::Keeper]),
    ("swap a key", "the key of a second factor exchanged for another's", &[By::Deep]),
    ("forge a designation", "a role given by a row that no act of anybody's made", &[By::Deep]),
    ("replay an old row", "a row put back as it was before it was changed", &[By::Deep]),
    ("change a salt", "an entry's salt exchanged, so that it opens to something else", &[By::Verify]),
    ("fork the log", "another history from some entry on, signed with the log's own key", &[By::Signing, By::Keeper]),
    (
        "sign again",
        "an entry and its commitment changed, the tree made anew, signed with another key",
        &[By::Signing, By::Keeper],
    ),
];

/// The table in the docs.
fn table() -> String {
    let words = |by: &By| match by {
        By::Verify => "`incamera audit verify`",
        By::Deep => "`incamera audit verify --deep`, which names the row",
        By::Signing => "the next signing",
        By::Keeper => "whoever kept a checkpoint",
    };
    let mut text = "| kind | what was done | found by |\n|---|---|---|\n".to_owned();
    for (kind, what, by) in KINDS {
        let by = by.iter().map(words).collect::<Vec<_>>().join("; ");
        text.push_str(&format!("| {kind} | {what} | {by} |\n"));
    }
    text
}

#[test]
fn the_twelve_kinds_are_in_the_docs() {
    assert_eq!(KINDS.len(), 12);
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LOG.md")).unwrap();
    assert!(docs.contains(&table()), "docs/LOG.md does not hold\n\n{}", table());
}

/// The tables of the log.
const LOG: [&str; 5] = ["audit_entries", "audit_tiles", "audit_head", "audit_published", "audit_bindings"];

fn copy(tables: &mut Tables, name: &str) {
    for table in LOG {
        tables.execute(&format!("CREATE TABLE {name}_{table} AS SELECT * FROM {table}"));
    }
}

fn put_back(tables: &mut Tables, name: &str) {
    for table in LOG {
        tables.execute(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {name}_{table}"));
    }
}

/// What each means says, in words; nothing when it finds nothing wrong.
struct Found {
    verify: Option<String>,
    deep: Vec<String>,
    signing: Option<String>,
    keeper: Option<&'static str>,
}

/// What a State finds that kept a checkpoint and the log's public key, by what the server gives it.
fn keeper(state: &mut Client, key: &Verifier, kept: &Checkpoint) -> Option<&'static str> {
    let note = Note::parse(&state.get("/api/v1/audit/checkpoint").text()).unwrap();
    if note.signed(key) != Signed::Yes {
        return Some("signed by another key");
    }
    let now = Checkpoint::parse(&note.text).unwrap();
    if now.size < kept.size {
        return Some("shorter than what was signed");
    }
    let tile = Tile { resource: Resource::Entries, index: 0, width: now.size };
    let bundle = state.get(&format!("/api/v1/audit/tile/{}", tile.path()));
    // A server that gives no leaves for what it signed has lost some.
    if bundle.status != 200 {
        return Some("leaves are gone");
    }
    let leaves: Vec<Hash> = bundle.body.chunks(2 + Leaf::LENGTH).map(|leaf| leaf_hash(&leaf[2..])).collect();
    if root_of(&leaves) != now.root {
        return Some("the leaves are not those of the tree");
    }
    let before = usize::try_from(kept.size).unwrap();
    (root_of(&leaves[..before]) != kept.root).then_some("does not begin with what was signed")
}

/// What is there of one server, for all means.
struct Bench {
    world: World,
    tables: Tables,
    state: Client,
    key: Verifier,
    kept: Checkpoint,
}

impl Bench {
    fn found(&mut self) -> Found {
        let because = |error: incamera::error::AppError| error.cause().unwrap().to_string();
        let verify = audit::verify(self.tables.conn(), &mut |_| {}).err().map(because);
        let deep = audit::verify_rows(self.tables.conn(), &mut |_| {}).unwrap();
        let signing = self.world.server.publish().err().map(|error| {
            let refusal = error.cause().and_then(|cause| cause.downcast_ref::<Refusal>());
            refusal.map_or_else(|| error.cause().unwrap().to_string(), ToString::to_string)
        });
        let keeper = keeper(&mut self.state, &self.key, &self.kept);
        Found { verify, deep, signing, keeper }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex = data_encoding::HEXLOWER.encode(bytes);
        match self.world.server.kind {
            Kind::Sqlite => format!("x'{hex}'"),
            Kind::Postgres => format!("'\\x{hex}'"),
        }
    }

    fn hex_of(&mut self, column: &str, seq: i64) -> Vec<u8> {
        let hex = match self.world.server.kind {
            Kind::Sqlite => format!("lower(hex({column}))"),
            Kind::Postgres => format!("encode({column}, 'hex')"),
        };
        let words = self.tables.words(&format!("SELECT {hex} AS word FROM audit_entries WHERE seq = {seq}"));
        data_encoding::HEXLOWER.decode(words[0].as_bytes()).unwrap()
    }

    /// Makes the tree that of the entries as they are now: somebody who knows how can do that.
    fn make_the_tree_anew(&mut self) -> Frontier {
        let mut tree = Frontier::default();
        let size = self.tables.number("SELECT COUNT(*) AS number FROM audit_entries");
        assert!(size < 256, "no tile is full");
        for seq in 0..size {
            let commitment = self.hex_of("commitment", seq).try_into().unwrap();
            let minute = self.tables.number(&format!("SELECT minute AS number FROM audit_entries WHERE seq = {seq}"));
            let leaf = Leaf { seq: seq.unsigned_abs(), minute: minute.unsigned_abs(), commitment };
            tree.push(leaf.hash());
        }
        let frontier = self.bytes(&tree.bytes());
        self.tables.execute(&format!("UPDATE audit_head SET size = {size}, frontier = {frontier}"));
        tree
    }

    /// Puts a checkpoint over this tree in the place of the one given out.
    fn give_out(&mut self, signer: &Signer, tree: &Frontier) {
        let checkpoint = Checkpoint { origin: self.key.name.clone(), size: tree.size(), root: tree.root() };
        let text = checkpoint.text();
        let note = Note { lines: vec![signer.sign(&text, 0)], text };
        self.tables.execute(&format!("UPDATE audit_published SET size = {}, note = '{note}'", checkpoint.size));
    }

    /// Changes what an entry says, with all that follows from it but the tree.
    fn rewrite(&mut self, seq: i64) {
        let payload =
            self.tables.words(&format!("SELECT payload AS word FROM audit_entries WHERE seq = {seq}")).remove(0);
        let at = self.tables.number(&format!("SELECT at_us AS number FROM audit_entries WHERE seq = {seq}"));
        let payload = payload.replace(&at.to_string(), &(at - 60_000_000).to_string());
        let salt = self.hex_of("salt", seq);
        let commitment = self.bytes(&Fields::parse(&payload).unwrap().commitment(&salt));
        self.tables.execute(&format!(
            "UPDATE audit_entries SET payload = '{payload}', commitment = {commitment}, at_us = {}, minute = minute - 1 WHERE seq = {seq}",
            at - 60_000_000
        ));
    }
}

both!(twelve_kinds_of_tampering_are_found, |server: TestServer| {
    let mut world = World::new(server);
    let scene = bare_scene(&world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    fr.post(&format!("/api/v1/rooms/{}/notes", scene.room), &note("A", "one")).expect(201);
    let meeting = made::meeting(&mut world, 36);
    world.seed("de");
    let (fr_id, de_id) = (world.person("fr"), world.person("de"));
    let mut tables = Tables::of(&world.server);
    world.server.publish().unwrap().unwrap();
    tables.execute("CREATE TABLE old_meetings AS SELECT * FROM meetings");
    copy(&mut tables, "old");
    let change = json!({"first_day": "2027-05-04", "last_day": "2027-05-05", "way": "video", "topics": ["Other"]});
    assert!(world.client("sec").put(&format!("/api/v1/meetings/{meeting}"), 1, &change).status < 300);
    grow(&world.server, 9);
    world.server.publish().unwrap().unwrap();
    let key = key(&world.server);
    let mut state = world.client("fr");
    let kept = checkpoint(&mut state, &key);
    // Nobody reads what would be an entry of its own from here on.
    let size = tables.size();
    copy(&mut tables, "whole");
    let file = world.server.settings.base.join("log.checkpoint");
    let signed = std::fs::read(&file).unwrap();
    let mut bench = Bench { world, tables, state, key, kept };
    let none = bench.found();
    assert_eq!((none.verify, none.deep, none.signing, none.keeper), (None, vec![], None, None), "all is well");

    let designation = format!("(SELECT MIN(act_id) FROM designations WHERE person_id = '{fr_id}')");
    let forged = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
    for (kind, _, by) in KINDS {
        let sql = match *kind {
            "edit" => "UPDATE audit_entries SET payload = replace(payload, '_', '-') WHERE seq = 3".to_owned(),
            "delete" => "DELETE FROM audit_entries WHERE seq = 3".to_owned(),
            "insert" => format!(
                "UPDATE audit_entries SET seq = seq + 1000 WHERE seq > 3; UPDATE audit_entries SET seq = seq - 999 WHERE seq > 1000;
                 INSERT INTO audit_entries (seq, id, minute, commitment, payload, salt, at_us, event, area, actor_id, owner_party, room_id, thing_id) SELECT 4, '{forged}', minute, commitment, payload, salt, at_us, event, area, actor_id, owner_party, room_id, thing_id FROM audit_entries WHERE seq = 3;
                 UPDATE audit_head SET size = size + 1"
            ),
            "reorder" => "UPDATE audit_entries SET seq = 1000 WHERE seq = 2; UPDATE audit_entries SET seq = 2 WHERE seq = 3; UPDATE audit_entries SET seq = 3 WHERE seq = 1000".to_owned(),
            "truncate" => format!("DELETE FROM audit_entries WHERE seq >= {0}; DELETE FROM audit_bindings WHERE seq >= {0}", size - 5),
            "roll back" | "fork the log" | "sign again" => String::new(),
            "swap a key" => format!("UPDATE accounts SET totp_seed = (SELECT totp_seed FROM accounts WHERE person_id = '{de_id}') WHERE person_id = '{fr_id}'"),
            "forge a designation" => format!("INSERT INTO acts SELECT '{forged}', kind, ends_act_id, effective_us, until_us, recorded_us, recorded_by, source FROM acts WHERE id = {designation}; INSERT INTO designations SELECT '{forged}', party_id, '{de_id}', role, function, stand_in_for FROM designations WHERE act_id = {designation}"),
            "replay an old row" => format!("UPDATE meetings SET way = (SELECT way FROM old_meetings o WHERE o.id = meetings.id), version = 1 WHERE id = '{meeting}'"),
            "change a salt" => "UPDATE audit_entries SET salt = (SELECT salt FROM audit_entries WHERE seq = 2) WHERE seq = 3".to_owned(),
            _ => panic!("{kind} is not done"),
        };
        let rows = by == &[By::Deep];
        if rows {
            // Only means on the same connection look at it: it is taken back without a trace.
            bench.tables.execute("BEGIN");
        }
        if !sql.is_empty() {
            bench.tables.execute(&sql);
        }
        match *kind {
            "truncate" => drop(bench.make_the_tree_anew()),
            "roll back" => put_back(&mut bench.tables, "old"),
            "fork the log" => {
                put_back(&mut bench.tables, "old");
                grow(&bench.world.server, 30);
                let refused = bench.world.server.publish().unwrap_err();
                assert!(refused.cause().unwrap().to_string().contains("rewritten"), "{kind}");
                // Who has the key can sign the other history all the same, and give it out.
                let tree = bench.make_the_tree_anew();
                let text = std::fs::read_to_string(bench.world.server.settings.base.join("keys/log.key")).unwrap();
                bench.give_out(&Signer::parse(&text, KeyKind::Log).unwrap(), &tree);
            }
            "sign again" => {
                bench.rewrite(3);
                let tree = bench.make_the_tree_anew();
                let text = Signer::generate(&bench.key.name, KeyKind::Log, &bench.world.server.ctx()).unwrap();
                bench.give_out(&Signer::parse(&text, KeyKind::Log).unwrap(), &tree);
            }
            _ => {}
        }
        if rows {
            audit::verify(bench.tables.conn(), &mut |_| {})
                .unwrap_or_else(|_| panic!("{kind}: the log itself is whole"));
            let deep = audit::verify_rows(bench.tables.conn(), &mut |_| {}).unwrap();
            bench.tables.execute("ROLLBACK");
            let (place, words) = match *kind {
                "swap a key" => (format!("accounts {fr_id}"), "not as the last entry left it"),
                "forge a designation" => (format!("designations {forged}"), "no entry tells"),
                _ => (format!("meetings {meeting}"), "not as the last entry left it"),
            };
            assert!(deep.iter().any(|one| one.starts_with(&place) && one.contains(words)), "{kind}: {deep:?}");
            continue;
        }
        let found = bench.found();
        let (verify, signing) = (found.verify.unwrap_or_default(), found.signing.unwrap_or_default());
        let keeper = found.keeper.unwrap_or_default();
        let words: [&str; 3] = match *kind {
            "edit" | "change a salt" => ["entry 3 is not what was committed to", "", ""],
            "delete" => ["entry 3 is missing", "missing", "leaves are gone"],
            "insert" => ["entry 4", "rewritten", "the leaves are not those of the tree"],
            "reorder" => ["entry 2", "rewritten", "the leaves are not those of the tree"],
            "truncate" => ["", "set back", "leaves are gone"],
            "roll back" => ["", "set back", "shorter than what was signed"],
            "fork the log" => ["", "was given out", "does not begin with what was signed"],
            _ => ["", "rewritten", "signed by another key"],
        };
        for (means, said, words) in
            [(By::Verify, verify.as_str(), words[0]), (By::Signing, &signing, words[1]), (By::Keeper, keeper, words[2])]
        {
            assert_eq!(by.contains(&means), !words.is_empty(), "{kind}: {means:?}");
            if by.contains(&means) {
                assert!(said.contains(words), "{kind}: {means:?} said {said:?}");
            }
        }
        println!("{kind}: verify {verify:?}, signing {signing:?}, keeper {keeper:?}, {} rows", found.deep.len());
        put_back(&mut bench.tables, "whole");
        std::fs::write(&file, &signed).unwrap();
        let none = bench.found();
        assert_eq!((none.verify, none.deep, none.signing, none.keeper), (None, vec![], None, None), "after {kind}");
    }
    for name in ["old", "whole"] {
        for table in LOG {
            bench.tables.execute(&format!("DROP TABLE {name}_{table}"));
        }
    }
});
