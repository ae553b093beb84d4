//! `incamera audit`

mod holds;
mod prune;

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, ctx, say};
use crate::audit::model::note::{Kind, Note, Signer, Verifier};
use crate::audit::model::policy::Policy;
use crate::audit::model::proof::{self, Proven};
use crate::audit::service::code_rows;
use crate::audit::{self, Publisher};
use crate::db::codes;
use crate::error::AppError;
use crate::rooms;
use crate::seal::RowCodes;
use crate::settings::{Settings, files};

/// What to do with the log.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the log, or receipts of it. Exit code 3 when something is found wrong.
    #[command(after_help = "\
Without FILES, the whole log in the database: no entry is missing, none was changed, every commitment holds, and the
tree is that of the entries. With FILES, receipts (.tlog-proof): each is in the tree that the log has signed for, and
with --policy as many witnesses as that wants have cosigned the tree. That takes nothing but public keys, and is meant
for machines that are not the server.")]
    Verify {
        /// Receipts to check.
        #[arg(value_name = "FILES")]
        files: Vec<PathBuf>,
        /// Hold every row of the database against what the log says of it, too, and name those that somebody edited,
        /// put in, took away or set back past the server.
        #[arg(long, conflicts_with = "files")]
        deep: bool,
        /// The log's public key: the file log.pub that its operator gave out.
        #[arg(long, value_name = "FILE", requires = "files")]
        key: Option<PathBuf>,
        /// Which witnesses must have cosigned, in the format of c2sp.org/tlog-policy. Where it has `log` lines, --key may
        /// be left out.
        #[arg(long, value_name = "FILE", requires = "files")]
        policy: Option<PathBuf>,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Print every entry, a JSON object a line, oldest first.
    Export {
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Go on signing a log that does not follow from what was signed last, as after a backup was restored. Stop the
    /// server first.
    #[command(after_help = "\
The whole log is checked first. Then an entry is made with the reason and the checkpoint that is left behind, and the log
is signed. Every State that holds the old checkpoint will see that the log does not follow from it: tell them, with the
reason, before they find out. Receipts for entries that are lost stay good, and prove that these were there.")]
    Resume {
        /// Why: it stands in the log for good.
        #[arg(long)]
        reason: String,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Erase what entries say once its time is over (`[retention]` in the settings). The entries' places stay, and every
    /// proof over them.
    #[command(after_help = "\
Goes as far as the newest checkpoint, leaves out what is held (`incamera audit hold`), and makes an entry for each 256 that
it erases. It can be killed at any time, and goes on when it is run again. Entries that are not what was committed to, and
such that tell of a row that was changed past the server, are left as they are and named: exit code 3.
On PostgreSQL, and for backups, see docs/LOG.md: what was erased here is still there.")]
    Prune {
        /// Change nothing; say what would be erased, and what is held.
        #[arg(long)]
        dry_run: bool,
        /// What would be erased on this day (YYYY-MM-DD, its beginning in UTC) or at this moment (RFC 3339).
        #[arg(long, requires = "dry_run", value_name = "DATE")]
        at: Option<String>,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Keep entries from being erased until the hold is lifted, as for on-going control or criminal proceedings.
    #[command(
        after_help = "An entry is kept when it fits all that is given; at least one must be. The hold is an entry of the log,\nwhich the auditor alone reads."
    )]
    Hold(holds::Args),
    /// List the holds in force.
    Holds {
        /// Those that were lifted, too.
        #[arg(long)]
        all: bool,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Lift a hold. What it kept beyond its time goes with the next `audit prune`.
    Lift {
        /// Its id.
        id: String,
        /// Why: it stands in the log.
        #[arg(long)]
        reason: String,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Make the authentication codes of rows anew: after a new key was put first into keys/rows.key, or when that file was
    /// lost. Stop the server first.
    #[command(after_help = "\
Rows whose codes hold under an older key of the file get new ones under the first. Where codes are missing, or hold under
none of the keys, the whole log is checked first and every row held against it, and codes are made only if all is as the
log says: they make what is there count as right. An entry is made with the reason. Without a key file, one is made. Each
node needs the same file.
Fiches, and the keys of rooms that the server keeps, are sealed under this file, too, and are not sealed anew: never take
an older key out of it. When the file is lost, they are.")]
    Recode {
        /// Why: it stands in the log for good.
        #[arg(long)]
        reason: String,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Print the log's public key, by which States verify it; make the pair where there is none yet.
    #[command(name = "key")]
    Public {
        /// The name of a log that is made: the first line of all its checkpoints, for good. By default the address at
        /// which it is served. A log that is to begin anew needs another one than before.
        #[arg(long)]
        name: Option<String>,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    match &args.command {
        Command::Verify { files, key, policy, .. } if !files.is_empty() => {
            receipts(files, key.as_deref(), policy.as_deref())
        }
        Command::Verify { config, deep, .. } => whole(&Settings::load(config)?, *deep),
        Command::Export { config } => {
            let mut conn = Settings::load(config)?.database_url()?.open_writer()?;
            audit::export(&mut conn, &mut |line| say(line).map_err(|error| AppError::internal(error.to_string())))?;
            Ok(())
        }
        Command::Resume { reason, config } => resume(config, reason),
        Command::Prune { dry_run, at, config } => prune::run(&Settings::load(config)?, *dry_run, at.as_deref()),
        Command::Hold(args) => holds::place(args),
        Command::Holds { all, config } => holds::list(&Settings::load(config)?, *all),
        Command::Lift { id, reason, config } => holds::lift(&Settings::load(config)?, id, reason),
        Command::Recode { reason, config } => recode(&Settings::load(config)?, reason),
        Command::Public { config, name } => say(key(&Settings::load(config)?, name.as_deref())?),
    }
}

fn whole(settings: &Settings, deep: bool) -> Result<(), CliError> {
    let mut conn = settings.database_url()?.open_writer()?;
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} entries, {per_sec}") {
        bar.set_style(style);
    }
    let verified = audit::verify(&mut conn, &mut |done| bar.set_position(u64::try_from(done).unwrap_or_default()));
    bar.finish_and_clear();
    let (size, erased) = verified.map_err(|error| CliError::Found(super::words(&error)))?;
    say(format!("{size} entries, {erased} of them erased: each is what was committed to."))?;
    if !deep {
        return Ok(());
    }
    let mut rows = 0;
    let mut found = audit::verify_rows(&mut conn, &mut |count| rows = count).map_err(AppError::from)?;
    found.extend(rooms::verify::files(&mut conn)?);
    found.extend(codes::verify(&mut conn, &*RowCodes::open(settings)?).map_err(AppError::from)?);
    for one in &found {
        say(one)?;
    }
    if found.is_empty() {
        say(format!("{rows} rows: each is as the log says."))
    } else {
        Err(CliError::Found(format!("{} things are wrong with {rows} rows", found.len())))
    }
}

/// The logs that are trusted, and the policy: the key alone, the policy's logs, or the key where the policy has it.
fn trusted(key: Option<&Path>, policy: Option<&Path>) -> Result<(Vec<Verifier>, Option<Policy>), CliError> {
    let refuse = |path: &Path, why: &dyn Display| CliError::Other(format!("{}: {why}", path.display()));
    let policy = match policy {
        Some(path) => Some((path, Policy::parse(&fs::read(path)?).map_err(|error| refuse(path, &error))?)),
        None => None,
    };
    let mut logs = policy.as_ref().map(|(_, policy)| policy.logs.clone()).unwrap_or_default();
    if let Some(path) = key {
        let key = Verifier::parse(fs::read_to_string(path)?.trim_end()).filter(|key| key.kind == Kind::Log);
        let key = key.ok_or_else(|| refuse(path, &"no public key of a log"))?;
        if let Some((path, _)) = policy.as_ref().filter(|_| !logs.is_empty() && !logs.contains(&key)) {
            return Err(refuse(path, &"it names logs, and not the one of --key"));
        }
        logs = vec![key];
    }
    if logs.is_empty() {
        return Err(CliError::Other("--key: say by which log's key, or name the log in the policy".into()));
    }
    Ok((logs, policy.map(|(_, policy)| policy)))
}

fn receipts(paths: &[PathBuf], key: Option<&Path>, policy: Option<&Path>) -> Result<(), CliError> {
    let (logs, policy) = trusted(key, policy)?;
    let witnessed = |note: &Note| policy.as_ref().map_or(Ok(()), |policy| policy.check(note));
    let mut wrong = 0_usize;
    for path in paths {
        let words = match proof::verify(&fs::read_to_string(path)?, &logs, witnessed) {
            Ok(proven) => in_words(&proven),
            Err(unproven) => {
                wrong = wrong.saturating_add(1);
                format!("NOT PROVEN: {unproven}")
            }
        };
        say(format!("{}: {words}", path.display()))?;
    }
    if wrong == 0 { Ok(()) } else { Err(CliError::Found(format!("{wrong} of {} prove nothing", paths.len()))) }
}

fn in_words(Proven { leaf, shown, checkpoint }: &Proven) -> String {
    let first = format!("entry {} of {} in the log {}", leaf.seq, checkpoint.size, checkpoint.origin);
    let fields = shown.open().map(|(name, value)| format!("    {name} {value}"));
    std::iter::once(first).chain(fields).collect::<Vec<_>>().join("\n")
}

fn resume(config: &Path, reason: &str) -> Result<(), CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::Other("--reason: say why".into()));
    }
    whole(&Settings::load(config)?, false)?;
    let app = super::open(config)?;
    let publisher = app.publisher.ok_or_else(|| CliError::Other("this node does not sign".into()))?;
    let size = publisher.resume(&app.state.db, reason)?;
    say(format!("Signed over {size} entries. Tell every State why."))?;
    if publisher.is_witnessed() {
        say(
            "It is given out once the witnesses have cosigned it. Those that had cosigned what is left behind refuse, and",
        )?;
        say("it is for each one's operator to decide (`incamera witness forget`).")?;
    }
    Ok(())
}

fn recode(settings: &Settings, reason: &str) -> Result<(), CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::Other("--reason: say why".into()));
    }
    whole(settings, false)?;
    RowCodes::create_key(settings, &ctx())?;
    let reason = reason.to_owned();
    let coded = super::open_database(settings)?.write_blocking(move |work| code_rows(work, &reason))?;
    say(format!("{} codes were renewed, {} made for rows that had none.", coded.renewed, coded.made))?;
    super::database::not_coded(&coded)
}

/// The log's public key, in words and in the file `log.pub` beside the settings; made where there is none.
pub(super) fn key(settings: &Settings, name: Option<&str>) -> Result<String, CliError> {
    let path = settings.path(&settings.audit.key);
    if !settings.audit.sign {
        return Err(CliError::Other("this node does not sign".into()));
    }
    if !path.exists() {
        // As the specification would have it: the address at which the log is served, without its scheme.
        let host = settings.server.origin.trim_start_matches("https://");
        let name = name.map_or_else(|| format!("{host}/api/v1/audit"), ToOwned::to_owned);
        let text = Signer::generate(&name, Kind::Log, &ctx())?;
        files::create_private(&path, text.as_bytes())?;
    } else if name.is_some() {
        return Err(CliError::Other(format!("{}: there is a key already; put it away first", path.display())));
    }
    let public = Publisher::public_key(settings)?.to_string();
    fs::write(settings.base.join("log.pub"), format!("{public}\n"))?;
    Ok(public)
}
