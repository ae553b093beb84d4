//! `incamera db`

use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, say};
use crate::audit::service::bind_rows;
use crate::db::migrate;
use crate::settings::Settings;

/// What to do with the database.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Apply the migrations that are missing. Stop the server first.
    Migrate {
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let Command::Migrate { config } = &args.command;
    let settings = Settings::load(config)?;
    let (applied, bound) = bring_up_to_date(&settings)?;
    if applied.is_empty() && bound == 0 {
        return say("Nothing to do.");
    }
    for name in applied {
        say(format!("Applied {name}."))?;
    }
    if bound > 0 {
        say(format!("Bound {bound} rows to the log."))?;
    }
    Ok(())
}

/// Applies what is missing, and lets the log bind the rows that it does not tell of yet. Answers the names of the one
/// and the number of the other. Takes nothing but the database: a server from before may lack keys that it needs now.
pub(super) fn bring_up_to_date(settings: &Settings) -> Result<(Vec<String>, usize), CliError> {
    let applied = migrate::run(&settings.database_url()?, false)?;
    let migrations = applied.len();
    let bound = super::open_database(settings)?.write_blocking(move |work| bind_rows(work, migrations))?;
    Ok((applied, bound))
}
