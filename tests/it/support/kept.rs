//! What a State could have kept of the log: every checkpoint that was seen, held against the log as it is now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use incamera::audit::model::Leaf;
use incamera::audit::model::note::{Checkpoint, Note, Signed, Verifier};
use incamera::audit::model::tree::{Frontier, Hash};
use incamera::db::Conn;

pub struct Kept {
    file: PathBuf,
    key: Verifier,
    seen: BTreeMap<u64, Hash>,
    /// The tree of the entries, as far as it was made.
    tree: Frontier,
}

#[derive(QueryableByName)]
struct Given {
    #[diesel(sql_type = Text)]
    note: String,
}

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    minute: i64,
    #[diesel(sql_type = Binary)]
    commitment: Vec<u8>,
}

impl Kept {
    /// Of the server in this folder.
    pub fn of(data: &Path) -> Self {
        let key = std::fs::read_to_string(data.join("log.pub")).unwrap();
        let key = Verifier::parse(key.trim_end()).unwrap();
        Self { file: data.join("log.checkpoint"), key, seen: BTreeMap::new(), tree: Frontier::default() }
    }

    /// Keeps the checkpoint in the file and the one given out; answers how far each reaches.
    #[track_caller]
    pub fn look(&mut self, conn: &mut Conn) -> (u64, u64) {
        // Given out is only what was signed: so the other way round, the file might be behind.
        let given: Vec<Given> = sql_query("SELECT note FROM audit_published").load(conn).unwrap();
        let signed = self.signed();
        let given = given.first().map_or(0, |given| self.keep(&given.note));
        assert!(given <= signed, "a checkpoint over {given} was given out, and one over {signed} is the newest");
        (signed, given)
    }

    /// Keeps the checkpoint in the file; answers how far it reaches.
    #[track_caller]
    pub fn signed(&mut self) -> u64 {
        std::fs::read_to_string(&self.file).ok().map_or(0, |note| self.keep(&note))
    }

    #[track_caller]
    fn keep(&mut self, note: &str) -> u64 {
        let note = Note::parse(note).unwrap_or_else(|| panic!("no note: {note}"));
        assert_eq!(note.signed(&self.key), Signed::Yes);
        let Checkpoint { size, root, .. } = Checkpoint::parse(&note.text).unwrap();
        assert_eq!(*self.seen.entry(size).or_insert(root), root, "two checkpoints over {size} entries");
        size
    }

    /// Fails unless the log begins with every one of them.
    #[track_caller]
    pub fn agree(&mut self, conn: &mut Conn) {
        let Some(last) = self.seen.keys().next_back() else { return };
        let query = format!(
            "SELECT seq, minute, commitment FROM audit_entries WHERE seq >= {} AND seq < {last} ORDER BY seq",
            self.tree.size()
        );
        for row in sql_query(query).load::<Entry>(conn).unwrap() {
            assert_eq!(row.seq.unsigned_abs(), self.tree.size());
            let commitment = row.commitment.try_into().unwrap();
            let leaf = Leaf { seq: row.seq.unsigned_abs(), minute: row.minute.unsigned_abs(), commitment };
            self.tree.push(leaf.hash());
            if let Some(root) = self.seen.get(&self.tree.size()) {
                assert_eq!(
                    self.tree.root(),
                    *root,
                    "the checkpoint over {} entries is of another log",
                    self.tree.size()
                );
            }
        }
        assert_eq!(self.tree.size(), *last, "entries that were signed for are gone");
    }

    pub fn len(&self) -> usize {
        self.seen.len()
    }
}
