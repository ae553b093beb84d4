//! Reading the log: permit, and an entry of its own for the auditor's readings.

mod report;
mod state;

pub use report::{Asked, MOST_RECEIPTS, Report, receipts, report};
pub use state::{CheckpointBody, CosignatureBody, GrowthPoint, KeyBody, LogState, state};

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::model::note::{Checkpoint, Note};
use super::model::proof::{Proof, Shown};
use super::model::tiles::Tile;
use super::model::witnessing::{Quorum, WitnessFault};
use super::model::{Commitment, Fields, Leaf, tree};
use super::store::{self, StoredTree, Wanted};
use super::{Entry, Event, LoggedEntry, Witnessed};
use crate::access::{self, Asker, Fact, Permit, TheNetwork, actions};
use crate::context::Moment;
use crate::db::{Work, codes};
use crate::error::{AppError, Fault};
use crate::ids::{EntryId, PartyId};
use crate::server::Page;
use crate::server::answer::List;

/// An entry of the log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EntryBody {
    /// Its id.
    pub id: EntryId,
    /// Its place in the log; only the auditor is shown it, since the gaps between one's own entries
    /// would tell how much others do. A receipt, which tells it, is asked for by id.
    pub seq: Option<i64>,
    /// What happened, as committed to; null once erased.
    pub entry: Option<serde_json::Value>,
    /// The commitment, hex.
    pub commitment: String,
    /// Of an entry that was erased: the place of the entry that tells of that.
    pub erased_by: Option<i64>,
}

/// What the asker may read of the log, newest first. The auditor's readings are themselves entries.
///
/// # Errors
/// `Invalid` when the page begins at no entry of the asker's; the database's.
pub fn list(work: &mut Work<'_>, asker: &Asker, wanted: &Wanted, page: &Page) -> Result<List<EntryBody>, AppError> {
    let after = page.after.as_deref().map(|id| place(work, asker, id)).transpose()?;
    let rows =
        store::page(work.conn, access::filter::<actions::ReadEntry>(asker), wanted, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |row| row.id.to_string());
    if asker.facts().has(Fact::Auditor) {
        work.log(Entry::new(Event::LogRead).by(asker).count(list.items.len()));
    }
    Ok(List { items: list.items.into_iter().map(|row| body(row, asker)).collect(), next: list.next })
}

/// One entry. The auditor's reading is itself one.
///
/// # Errors
/// `NotFound` when there is none that the asker may read; the database's.
pub fn get(work: &mut Work<'_>, asker: &Asker, id: &EntryId) -> Result<EntryBody, AppError> {
    let permit = access::permit::<actions::ReadEntry, LoggedEntry>(work, asker, id)?;
    if permit.held(Fact::Auditor) {
        work.log(Entry::new(Event::LogRead).by(asker).on("entry", id).count(1));
    }
    Ok(body(permit.into_thing(), asker))
}

/// The entry that a cursor names. One that the asker may not read is no cursor of his.
fn place(
    work: &mut Work<'_>,
    asker: &Asker,
    cursor: &str,
) -> Result<Permit<actions::ReadEntry, LoggedEntry>, AppError> {
    let none = || AppError::field("cursor", "not a cursor of this list");
    let id = EntryId::parse(cursor).ok_or_else(none)?;
    access::permit::<actions::ReadEntry, LoggedEntry>(work, asker, &id)
        .map_err(|error| if error.fault == Fault::NotFound { none() } else { error })
}

/// Binds the rows that the log does not tell of yet, after migrations: those of a database from before it bound any,
/// and of tables that one of `migrations` has added or filled. Without any, only if nothing was ever bound, as when an
/// earlier try was interrupted: it makes what is there count as right, and a row that is put in by hand must not come
/// to. For the operator's command. Answers how many there were.
///
/// # Errors
/// The database's.
pub fn bind_rows(work: &mut Work<'_>, migrations: usize) -> Result<usize, AppError> {
    if migrations == 0 && store::binds(work.conn)? {
        return Ok(0);
    }
    let count = store::touch_unbound(work.conn)?;
    if count > 0 {
        work.log(Entry::new(Event::RowsBound).count(count));
    }
    Ok(count)
}

/// What [`code_rows`] has done.
#[derive(Debug)]
pub struct CodedRows {
    /// Rows whose codes held under an older key, and were made anew under the newest.
    pub renewed: usize,
    /// Rows that had no code that holds, and got one.
    pub made: usize,
    /// Rows that got none, since some are not as the log says: which, in words.
    pub odd: Vec<String>,
}

/// Makes the codes of rows anew under the newest key, as the operator asks for `reason`: of those whose codes hold under
/// an older one and, where codes are missing or the key was lost, of all others, if every row is as the log says. It
/// makes what is there count as right. An entry tells of it. For the operator's command.
///
/// # Errors
/// The database's.
pub fn code_rows(work: &mut Work<'_>, reason: &str) -> Result<CodedRows, AppError> {
    let keys = Arc::clone(work.codes().keys());
    let (renewed, lacking) = codes::make_anew(work.conn, &keys, false)?;
    let odd = if lacking == 0 { Vec::new() } else { store::verify_rows(work.conn, &mut |_| {})? };
    let mut made = 0;
    if lacking > 0 && odd.is_empty() {
        codes::make_anew(work.conn, &keys, true)?;
        made = lacking;
    }
    if renewed.saturating_add(made) > 0 {
        work.log(Entry::new(Event::RowsCoded).count(renewed.saturating_add(made)).purpose(reason));
    }
    Ok(CodedRows { renewed, made, odd })
}

/// Makes the codes of a database from before there were any; nothing where one is. For the operator's command, after
/// [`bind_rows`].
///
/// # Errors
/// The database's.
pub fn code_rows_once(work: &mut Work<'_>) -> Result<CodedRows, AppError> {
    let keys = Arc::clone(work.codes().keys());
    let (any, _) = codes::known(work.conn, &keys)?;
    if any {
        return Ok(CodedRows { renewed: 0, made: 0, odd: Vec::new() });
    }
    code_rows(work, "A database from before rows had codes")
}

fn may_check(work: &mut Work<'_>, asker: &Asker) -> Result<Permit<actions::CheckLog, TheNetwork>, AppError> {
    access::permit(work, asker, &())
}

/// The newest checkpoint: a signed note.
///
/// # Errors
/// `NotPermitted`; `NotFound` when none was signed yet; the database's.
pub fn checkpoint(work: &mut Work<'_>, asker: &Asker) -> Result<String, AppError> {
    may_check(work, asker)?;
    store::published(work.conn)?.map(|given| given.note).ok_or_else(|| Fault::NotFound.into())
}

/// The witnesses of the log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WitnessesBody {
    /// Whether enough of them have cosigned the newest checkpoint that was signed.
    pub quorum: Quorum,
    /// Each witness that is asked, by name.
    pub witnesses: Vec<WitnessBody>,
}

/// A witness of the log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WitnessBody {
    /// What the log's policy calls it.
    pub name: String,
    /// How many entries it has cosigned; 0 when it never has.
    pub size: i64,
    /// When it did.
    pub at: Option<Moment>,
    /// What was the matter with it when it was asked last.
    pub fault: Option<WitnessFault>,
}

/// What became of asking the witnesses last.
///
/// # Errors
/// `NotPermitted`; the database's.
pub fn witnesses(work: &mut Work<'_>, asker: &Asker) -> Result<WitnessesBody, AppError> {
    may_check(work, asker)?;
    let rows = store::witnesses(work.conn)?;
    let given = store::published(work.conn)?.map(|given| given.size);
    let quorum = match rows.iter().map(|row| row.asked).max() {
        None => Quorum::None,
        newest if given >= newest => Quorum::Reached,
        _ => Quorum::Missing,
    };
    let body = |row: Witnessed| WitnessBody { name: row.name, size: row.size, at: row.cosigned_us, fault: row.fault };
    Ok(WitnessesBody { quorum, witnesses: rows.into_iter().map(body).collect() })
}

/// The bytes of a tile of the tree, or of a bundle of its leaves, as far as the newest checkpoint reaches.
///
/// # Errors
/// `NotPermitted`; `NotFound` when it is not there; the database's.
pub fn tile(work: &mut Work<'_>, asker: &Asker, tile: &Tile) -> Result<Vec<u8>, AppError> {
    let permit = may_check(work, asker)?;
    let size = store::published(work.conn)?.map_or(0, |given| given.size.unsigned_abs());
    if tile.needs().is_none_or(|needs| needs > size) {
        return Err(Fault::NotFound.into());
    }
    store::read(work.conn, &permit, tile)?.ok_or_else(|| AppError::internal("a tile of the tree is not whole"))
}

/// How an entry is named: by its id, which its readers are shown, or by its number in the tree.
#[derive(Debug)]
pub enum Which {
    /// By its id.
    Id(EntryId),
    /// By its number.
    Seq(i64),
}

impl Which {
    /// Reads either.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = || text.parse().ok().filter(|seq: &i64| *seq >= 0 && seq.to_string() == text).map(Self::Seq);
        EntryId::parse(text).map(Self::Id).or_else(number)
    }
}

/// The proof that an entry is in the log, with those of its fields that the asker may read: a
/// `c2sp.org/tlog-proof@v1`.
///
/// # Errors
/// `NotPermitted`; `NotFound` when there is no such entry that the asker may read; `Conflict` when no checkpoint
/// reaches it yet; the database's.
pub fn receipt(work: &mut Work<'_>, asker: &Asker, which: Which) -> Result<String, AppError> {
    may_check(work, asker)?;
    let id = match which {
        Which::Id(id) => id,
        Which::Seq(seq) => store::id_of(work.conn, seq)?.ok_or(Fault::NotFound)?,
    };
    let entry = access::permit::<actions::ReadEntry, LoggedEntry>(work, asker, &id)?.into_thing();
    let signed = Signed::newest(work)?.ok_or_else(not_reached)?;
    let proof = signed.prove(&mut StoredTree::new(work.conn, signed.checkpoint.size), asker, &entry)?;
    if asker.facts().has(Fact::Auditor) {
        work.log(Entry::new(Event::LogRead).by(asker).on("entry", &id).count(1));
    }
    Ok(proof)
}

fn not_reached() -> AppError {
    Fault::Conflict("No signed checkpoint reaches this entry yet. It will in a few seconds.").into()
}

/// What was signed last, by which entries are proved.
struct Signed {
    note: Note,
    checkpoint: Checkpoint,
}

impl Signed {
    fn newest(work: &mut Work<'_>) -> Result<Option<Self>, AppError> {
        let note = store::published(work.conn)?.and_then(|given| Note::parse(&given.note));
        Ok(note.and_then(|note| Some(Self { checkpoint: Checkpoint::parse(&note.text)?, note })))
    }

    /// The proof that an entry which the asker may read is in the tree, with the fields that he may read.
    fn prove(&self, tree: &mut StoredTree<'_>, asker: &Asker, entry: &LoggedEntry) -> Result<String, AppError> {
        let (index, checkpoint) = (entry.seq.unsigned_abs(), &self.checkpoint);
        if index >= checkpoint.size {
            return Err(not_reached());
        }
        let minute = entry.minute.unsigned_abs();
        let commitment = Commitment::try_from(&entry.commitment[..]).map_err(AppError::internal)?;
        let shown = if let (Some(payload), Some(salt)) = (&entry.payload, &entry.salt) {
            let fields = Fields::parse(payload).map_err(AppError::internal)?;
            if fields.commitment(salt) != commitment {
                return Err(AppError::internal(format!("entry {index} is not what was committed to")));
            }
            let kept = kept(&serde_json::from_str(payload).map_err(AppError::internal)?, asker);
            Shown::of(minute, &fields, salt, |name| !kept.contains(&name))
        } else {
            Shown::erased(minute, &commitment)
        };
        let path = tree::inclusion(tree, index, checkpoint.size)?;
        let leaf = Leaf { seq: index, minute, commitment };
        if !tree::is_included(&leaf.hash(), index, checkpoint.size, &path, &checkpoint.root) {
            return Err(AppError::internal(format!("entry {index} is not in the tree that was signed for")));
        }
        let extra = serde_json::to_vec(&shown).map_err(AppError::internal)?;
        Ok(Proof { extra, index, path, checkpoint: self.note.clone() }.to_string())
    }
}

/// The fields of an entry that are kept from this reader of it.
fn kept(fields: &serde_json::Map<String, serde_json::Value>, asker: &Asker) -> Vec<&'static str> {
    if asker.facts().has(Fact::Auditor) {
        return Vec::new();
    }
    // How many rows a change has left may tell of more than its reader may know of.
    let mut kept = vec!["rows"];
    let text = |name: &str| fields.get(name).and_then(serde_json::Value::as_str);
    let thing = fields.get("thing").and_then(|thing| thing.get("kind")).and_then(serde_json::Value::as_str);
    // Whoever only read what another State let him see is not told which room it has.
    let foreign = text("owner_party").is_some_and(|owner| asker.party().map(PartyId::as_str) != Some(owner));
    if foreign && thing == Some("case") && text("visit").is_none() {
        kept.push("room");
    }
    // By whose log-in and visit others read is for the auditor to put together.
    if asker.person().is_none_or(|person| text("actor") != Some(person.as_str())) {
        kept.extend(["sign_in", "visit"]);
    }
    kept
}

fn body(row: LoggedEntry, asker: &Asker) -> EntryBody {
    let auditor = asker.facts().has(Fact::Auditor);
    let mut entry = row.payload.as_deref().and_then(|payload| serde_json::from_str::<serde_json::Value>(payload).ok());
    if let Some(serde_json::Value::Object(fields)) = &mut entry {
        for name in kept(fields, asker) {
            fields.remove(name);
        }
        if !auditor {
            fields.remove("seq");
        }
    }
    EntryBody {
        id: row.id,
        seq: auditor.then_some(row.seq),
        entry,
        commitment: data_encoding::HEXLOWER.encode(&row.commitment),
        erased_by: row.erased_by.filter(|_| auditor),
    }
}
