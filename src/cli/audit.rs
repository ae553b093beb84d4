//! `incamera audit`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, ctx, say};
use crate::audit::model::note::{Kind, Signer, Verifier};
use crate::audit::model::proof::{self, Proven};
use crate::audit::service::code_rows;
use crate::audit::{self, Publisher};
use crate::db::codes;
use crate::error::AppError;
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
tree is that of the entries. With FILES, receipts (.tlog-proof): each is in the tree that the log has signed for. That
takes nothing but the log's public key, and is meant for machines that are not the server.")]
    Verify {
        /// Receipts to check.
        #[arg(value_name = "FILES", requires = "key")]
        files: Vec<PathBuf>,
        /// Hold every row of the database against what the log says of it, too, and name those that somebody edited,
        /// put in, took away or set back past the server.
        #[arg(long, conflicts_with = "files")]
        deep: bool,
        /// The log's public key: the file log.pub that its operator gave out.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
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
    /// Make the authentication codes of rows anew: after a new key was put first into keys/rows.key, or when that file was
    /// lost. Stop the server first.
    #[command(after_help = "\
Rows whose codes hold under an older key of the file get new ones under the first. Where codes are missing, or hold under
none of the keys, the whole log is checked first and every row held against it, and codes are made only if all is as the
log says: they make what is there count as right. An entry is made with the reason. Without a key file, one is made. Each
node needs the same file.")]
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
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    match &args.command {
        Command::Verify { files, key: Some(key), .. } if !files.is_empty() => receipts(files, key),
        Command::Verify { config, deep, .. } => whole(&Settings::load(config)?, *deep),
        Command::Export { config } => {
            let mut conn = Settings::load(config)?.database_url()?.open_writer()?;
            audit::export(&mut conn, &mut |line| say(line).map_err(|error| AppError::internal(error.to_string())))?;
            Ok(())
        }
        Command::Resume { reason, config } => resume(config, reason),
        Command::Recode { reason, config } => recode(&Settings::load(config)?, reason),
        Command::Public { config } => say(key(&Settings::load(config)?)?),
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

fn receipts(paths: &[PathBuf], key: &Path) -> Result<(), CliError> {
    let log = Verifier::parse(fs::read_to_string(key)?.trim_end()).filter(|key| key.kind == Kind::Log);
    let log = log.ok_or_else(|| CliError::Other(format!("{}: no public key of a log", key.display())))?;
    let mut wrong = 0_usize;
    for path in paths {
        let words = match proof::verify(&fs::read_to_string(path)?, std::slice::from_ref(&log), |_| true) {
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
    say(format!("Signed over {size} entries. Tell every State why."))
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
pub(super) fn key(settings: &Settings) -> Result<String, CliError> {
    let path = settings.path(&settings.audit.key);
    if !path.exists() {
        // As the specification would have it: the address at which the log is served, without its scheme.
        let host = settings.server.origin.trim_start_matches("https://");
        let text = Signer::generate(&format!("{host}/api/v1/audit"), Kind::Log, &ctx())?;
        files::create_private(&path, text.as_bytes())?;
    }
    let publisher = Publisher::open(settings)?.ok_or_else(|| CliError::Other("this node does not sign".into()))?;
    let public = publisher.verifier().to_string();
    fs::write(settings.base.join("log.pub"), format!("{public}\n"))?;
    Ok(public)
}
