//! `incamera init`

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{CliError, audit, certificate, ctx, say};
use crate::context::Moment;
use crate::db::migrate;
use crate::identity::Identity;
use crate::seal::RowCodes;
use crate::settings::{DEFAULTS, Settings, files};

/// Which folder, and what the server is called.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The folder to make. It must not exist, or be empty.
    folder: PathBuf,
    /// The address that browsers will use.
    #[arg(long, default_value = "https://localhost:8443")]
    origin: String,
    /// The database: sqlite:PATH (relative to the folder) or postgres://…; it must be empty.
    #[arg(long, default_value = "sqlite:incamera.db")]
    database: String,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    create(&args.folder, &args.origin, &args.database)?;
    let config = args.folder.join("incamera.toml");
    say(format!("Made {}.", args.folder.display()))?;
    say(format!("Next: incamera account --config {} --name NAME --email ADDRESS", config.display()))?;
    say(format!("Then: incamera serve --config {}", config.display()))
}

fn create(folder: &Path, origin: &str, database: &str) -> Result<(), CliError> {
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        return Err(CliError::Other(format!("{} is not empty", folder.display())));
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    furnish(&write_settings(folder, origin, database)?, ctx().now)
}

/// Writes the documented defaults into the folder, with this address and database, and reads them back.
pub(super) fn write_settings(folder: &Path, origin: &str, database: &str) -> Result<Settings, CliError> {
    let mut text = DEFAULTS.to_owned();
    for (name, value) in [("server.origin", origin), ("database.url", database)] {
        text =
            replace(&text, name, &toml_text(value)).ok_or_else(|| CliError::Other(format!("{name} is no setting")))?;
    }
    let config = folder.join("incamera.toml");
    files::create_private(&config, text.as_bytes())?;
    Ok(Settings::load(&config)?)
}

/// Makes what the settings speak of: keys, certificate, database.
pub(super) fn furnish(settings: &Settings, now: Moment) -> Result<(), CliError> {
    let folder = &settings.base;
    fs::DirBuilder::new().mode(0o700).create(folder.join("keys"))?;
    Identity::create_keys(settings, &ctx())?;
    RowCodes::create_key(settings, &ctx())?;
    audit::key(settings, None)?;
    certificate::create(folder, &settings.server.origin, now)?;
    migrate::run(&settings.database_url()?, true)?;
    Ok(())
}

/// A TOML basic string.
pub(super) fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Replaces the value of `section.key` in the documented defaults, keeping the comments.
pub(super) fn replace(text: &str, name: &str, value: &str) -> Option<String> {
    let (section, key) = name.split_once('.')?;
    let (mut inside, mut done) = (false, false);
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with('[') {
                inside = line == format!("[{section}]");
            }
            if inside && line.split(" = ").next() == Some(key) {
                done = true;
                format!("{key} = {value}")
            } else {
                line.to_owned()
            }
        })
        .collect();
    done.then(|| lines.join("\n") + "\n")
}
