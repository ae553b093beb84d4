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
    let applied = bring_up_to_date(settings)?;
    if applied.is_empty() {
        return say("Nothing to do.");
    }
    for name in applied {
        say(format!("Applied {name}."))?;
    }
    Ok(())
}

/// Applies what is missing, and lets the log bind the rows that it does not tell of yet. Only then: a row that is put in
/// by hand afterwards must not come to count as right.
pub(super) fn bring_up_to_date(settings: Settings) -> Result<Vec<String>, CliError> {
    let applied = migrate::run(&settings.database_url()?, false)?;
    if !applied.is_empty() {
        super::open_with(settings)?.state.db.write_blocking(bind_rows)?;
    }
    Ok(applied)
}
