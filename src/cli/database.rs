//! `incamera db`

use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, say};
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
    let applied = migrate::run(&settings.database_url()?, false)?;
    if applied.is_empty() {
        return say("Nothing to do.");
    }
    for name in applied {
        say(format!("Applied {name}."))?;
    }
    Ok(())
}
