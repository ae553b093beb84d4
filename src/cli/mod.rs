//! The command line, one file a command.
//!
//! Exit codes: 0 done, 1 failed, 2 not understood, 3 a check found something wrong.

mod account;
mod audit;
mod certificate;
mod database;
mod demo;
mod explain;
mod import;
mod init;
mod memory;
mod openapi;
mod recover;
mod serve;
mod witness;

use std::error::Error as StdError;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::App;
use crate::context::{Ctx, SystemClock, SystemEntropy};
use crate::db::Db;
use crate::error::{AppError, Fault};
use crate::seal::RowCodes;
use crate::settings::{Settings, SettingsError};

/// Coordinates the work of national prosecutors on genocide, crimes against humanity and war crimes, and
/// keeps what is said in closed sessions apart from what is said in open ones.
#[derive(Parser)]
#[command(name = "incamera", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a complete network on this machine and serve it: the public record, invented people, open and
    /// closed sessions, case files.
    Demo(demo::Args),
    /// Make a folder for a new server: settings, keys, a certificate of its own authority, a database.
    Init(init::Args),
    /// Serve.
    Serve(ConfigArgs),
    /// Make the first Secretariat account on a new server.
    Account(account::Args),
    /// Load a public record (parties, standings, meetings, publications) from a TOML file; safe to repeat.
    Import(import::Args),
    /// Say what a person may do with a thing, now or on a past date, by which rule and because of which acts.
    Explain(explain::Args),
    /// Check or export the log.
    Audit(audit::Args),
    /// Witness logs for others: cosign what goes on from what was cosigned before, and nothing else.
    Witness(witness::Args),
    /// Recover rooms whose people have lost their keys, by officers who hold shares of a key.
    Recover(recover::Args),
    /// Bring the database up to date.
    Db(database::Args),
    /// Print the OpenAPI document, or the rules of access as sentences.
    Openapi(openapi::Args),
}

/// Which server.
#[derive(clap::Args)]
struct ConfigArgs {
    /// The settings file.
    #[arg(long, default_value = "incamera.toml")]
    config: PathBuf,
}

/// Why a command failed, for people.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    Settings(#[from] SettingsError),
    #[error("{}", words(.0))]
    App(AppError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Other(String),
    /// Something was checked and found wrong.
    #[error("{0}")]
    Found(String),
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

fn words(error: &AppError) -> String {
    let (_, _, title) = error.fault.public();
    let mut text = match &error.fault {
        Fault::Invalid(fields) => {
            fields.iter().map(|one| format!("{}: {}", one.field, one.problem)).collect::<Vec<_>>().join("; ")
        }
        Fault::Conflict(what) => (*what).to_owned(),
        Fault::Internal | Fault::LogUnavailable if error.cause().is_some() => String::new(),
        _ => title.to_owned(),
    };
    let mut cause: Option<&dyn StdError> = error.cause().map(|cause| {
        let cause: &dyn StdError = cause;
        cause
    });
    while let Some(one) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}

/// Runs what the arguments say.
#[must_use]
pub fn run() -> ExitCode {
    if let Err(error) = memory::shut() {
        drop(writeln!(io::stderr(), "incamera: the process cannot be kept from dumping its memory: {error}"));
        return ExitCode::FAILURE;
    }
    let outcome = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Serve(args) => serve::run(&args.config),
        Command::Account(args) => account::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Witness(args) => witness::run(&args),
        Command::Recover(args) => recover::run(&args),
        Command::Db(args) => database::run(&args),
        Command::Openapi(args) => openapi::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing better can be done when standard error is closed.
            drop(writeln!(io::stderr(), "incamera: {error}"));
            ExitCode::from(if matches!(error, CliError::Found(_)) { 3 } else { 1 })
        }
    }
}

/// A line for whoever runs the command.
fn say(line: impl std::fmt::Display) -> Result<(), CliError> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Shows how far long work is; nothing where standard error is no terminal.
fn progress(steps: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX)).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {pos} of {len}") {
        bar.set_style(style);
    }
    bar
}

/// The time and randomness of a command.
fn ctx() -> Ctx {
    use crate::context::Clock;
    Ctx::new(SystemClock.now(), Arc::new(SystemEntropy))
}

/// The clock of a command that goes on.
fn clock() -> Arc<dyn crate::context::Clock> {
    Arc::new(SystemClock)
}

/// Opens the server that a settings file describes, without listening.
fn open(config: &Path) -> Result<App, CliError> {
    open_with(Settings::load(config)?)
}

/// The database and the key of its rows alone, for a command that needs neither the other keys nor people.
fn open_database(settings: &Settings) -> Result<Db, CliError> {
    let url = settings.database_url()?;
    let codes = RowCodes::open(settings)?;
    Ok(Db::open(&settings.database, &url, Arc::new(SystemClock), Arc::new(SystemEntropy), codes)?)
}

/// As [`open`], with settings that were read already.
fn open_with(settings: Settings) -> Result<App, CliError> {
    Ok(App::open(settings, Arc::new(SystemClock), Arc::new(SystemEntropy))?)
}
