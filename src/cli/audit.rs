//! `incamera audit`

use std::path::PathBuf;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, say};
use crate::audit;
use crate::settings::Settings;

/// What to do with the log.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that no entry is missing, none was changed, and every commitment holds. Exit code 3 when not.
    Verify {
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
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    match &args.command {
        Command::Verify { config } => {
            let mut conn = Settings::load(config)?.database_url()?.open_writer()?;
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} entries, {per_sec}") {
                bar.set_style(style);
            }
            let verified =
                audit::verify(&mut conn, &mut |done| bar.set_position(u64::try_from(done).unwrap_or_default()));
            bar.finish_and_clear();
            let (size, erased) = verified.map_err(|error| CliError::Found(super::words(&error)))?;
            say(format!("{size} entries, {erased} of them erased: each is what was committed to."))
        }
        Command::Export { config } => {
            let mut conn = Settings::load(config)?.database_url()?.open_writer()?;
            audit::export(&mut conn, &mut |line| {
                say(line).map_err(|error| crate::error::AppError::internal(error.to_string()))
            })?;
            Ok(())
        }
    }
}
