//! `incamera witness`

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;

use super::init::{replace, toml_text};
use super::{CliError, certificate, clock, ctx, say, serve};
use crate::audit::model::note::{Kind, Signer, Verifier};
use crate::settings::{WITNESS_DEFAULTS, WitnessSettings, files};
use crate::witness::{self, Book, Witness};

/// Without a command: serve as a witness.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
A witness makes sure that a log shows everybody the same history. Run it on a machine that is not the log's operator's,
best in another State. It answers the log's server every few seconds (c2sp.org/tlog-witness), sees how many entries the
log has and the root over them, never an entry, and cosigns only what goes on from what it has cosigned before.

    incamera witness init nl --origin https://witness.example.nl:8444 --log log.pub
    incamera witness --config nl/witness.toml

The first makes a folder and prints a line for the log's policy: hand it to the log's operator with the file ca.pem."
)]
pub(super) struct Args {
    /// The settings file.
    #[arg(long, default_value = "witness.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a folder for a new witness: settings, key, certificate, the logs it cosigns for.
    Init {
        /// The folder to make. It must not exist, or be empty.
        folder: PathBuf,
        /// The address that logs will use.
        #[arg(long, default_value = "https://localhost:8444")]
        origin: String,
        /// The name that stands in its cosignatures: an address without its scheme, for good. By default that of --origin.
        #[arg(long)]
        name: Option<String>,
        /// A log's public key: the file log.pub that its operator gave out. May be given several times.
        #[arg(long, value_name = "FILE", required = true)]
        log: Vec<PathBuf>,
    },
    /// Leave behind what was cosigned of a log, so that it may begin anew. Stop the witness first.
    #[command(after_help = "\
For a log that was restored from a backup and says so (`incamera audit resume`). Ask its operator why, and look at the
entry that tells of it, before you do this: from then on this witness cosigns a history that contradicts the one it has
cosigned. What is left behind stays in the folder, in a file with the reason. Instead, the log's operator can begin a log
with another name and key, which is the cleaner way: then add its key to the file of logs.")]
    Forget {
        /// The log's origin: the first line of its checkpoints.
        origin: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// The settings file.
        #[arg(long, default_value = "witness.toml")]
        config: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    match &args.command {
        None => watch(&args.config),
        Some(Command::Init { folder, origin, name, log }) => init(folder, origin, name.as_deref(), log),
        Some(Command::Forget { origin, reason, config }) => forget(config, origin, reason),
    }
}

fn watch(config: &Path) -> Result<(), CliError> {
    let settings = WitnessSettings::load(config)?;
    serve::diagnostics(&settings.diagnostics)?;
    let witness = Arc::new(Witness::open(&settings, clock())?);
    actix_web::rt::System::new().block_on(async {
        let running = witness::start(&witness, &settings, true)?;
        say(format!("Witnessing as {} on {}.", witness.verifier().name, running.address))?;
        running.server.await?;
        Ok(())
    })
}

fn init(folder: &Path, origin: &str, name: Option<&str>, logs: &[PathBuf]) -> Result<(), CliError> {
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        return Err(CliError::Other(format!("{} is not empty", folder.display())));
    }
    let mut known =
        "# The logs that this witness cosigns for, and no others. Start it again after a change.\n".to_owned();
    for path in logs {
        let log = Verifier::parse(fs::read_to_string(path)?.trim_end()).filter(|key| key.kind == Kind::Log);
        let log = log.ok_or_else(|| CliError::Other(format!("{}: no public key of a log", path.display())))?;
        known = format!("{known}log {log}\n");
    }
    known.push_str("quorum none\n");
    let name = name.unwrap_or(origin).trim_start_matches("https://");
    let key = Signer::generate(name, Kind::Witness, &ctx())?;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let text = replace(WITNESS_DEFAULTS, "server.origin", &toml_text(origin))
        .ok_or_else(|| CliError::Other("server.origin is no setting".into()))?;
    let config = folder.join("witness.toml");
    files::create_private(&config, text.as_bytes())?;
    let settings = WitnessSettings::load(&config)?;
    fs::write(settings.path(&settings.witness.logs), known)?;
    files::create_private(&settings.path(&settings.witness.key), key.as_bytes())?;
    certificate::create(folder, origin, ctx().now)?;
    let witness = Witness::open(&settings, clock())?;
    let line = format!("witness {name} {} {origin}", witness.verifier());
    fs::write(folder.join("witness.pub"), format!("{line}\n"))?;
    say(format!("Made {}. For the log's policy, with {}:", folder.display(), folder.join("ca.pem").display()))?;
    say(line)?;
    say(format!("Next: incamera witness --config {}", config.display()))
}

fn forget(config: &Path, origin: &str, reason: &str) -> Result<(), CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::Other("--reason: say why".into()));
    }
    let settings = WitnessSettings::load(config)?;
    let book = Book::open(&settings.path(&settings.witness.seen))?;
    match book.forget(origin, reason.trim(), ctx().now)? {
        Some(left) => say(format!("Left behind, with the reason, in {}.", left.display())),
        None => Err(CliError::Other(format!("nothing was cosigned of {origin}"))),
    }
}
