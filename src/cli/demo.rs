//! `incamera demo`: a complete network on this machine.

mod accounts;
mod content;
mod folder;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use self::accounts::Line;
use self::content::Content;
use self::folder::{Folder, Found};
use super::import::Record;
use super::{CliError, audit, ctx, database, init, open_with, progress, say, serve};
use crate::db::DatabaseUrl;
use crate::settings::Settings;

/// Where, and whether from the beginning.
#[derive(clap::Args)]
#[command(after_help = "\
The first start makes the folder: keys, a certificate of an authority of its own (ca.pem), a database with the
network's public record, invented people, sessions and case files, and everybody's means to log in
(accounts.json). Every further start goes on with what is there; one that was interrupted is begun anew.
Stop it with Ctrl-C.")]
pub(super) struct Args {
    /// The folder of the demo.
    #[arg(long, default_value = "demo-data")]
    data: PathBuf,
    /// The port on this machine; 0 takes a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Delete what an earlier demo left in the folder, and begin anew.
    #[arg(long)]
    fresh: bool,
}

/// The record and the invented network that come with the program.
const RECORD: &str = include_str!("../../config/public-record.toml");
const NETWORK: &str = include_str!("../../config/demo.toml");
/// The file of the settings, and the database in them: of the demo's own, in its folder.
const SETTINGS: &str = "incamera.toml";
const DATABASE: &str = "incamera.db";

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let port = free(args.port)?;
    let folder = Folder::open(&args.data)?;
    match folder.found()? {
        Found::Whole if !args.fresh => {
            let settings = settings(&folder, port)?;
            audit::key(&settings, None)?;
            database::bring_up_to_date(&settings)?;
        }
        found => {
            if found == Found::Half {
                say(format!("An earlier start did not finish {}: beginning anew.", args.data.display()))?;
            }
            if found != Found::Empty {
                folder.clear()?;
            }
            make(&folder, port)?;
        }
    }
    let lines = accounts::read(&folder.file(accounts::FILE))?;
    let settings = settings(&folder, port)?;
    serve::diagnostics(&settings.diagnostics)?;
    let app = open_with(settings)?;
    serve::serve(&app, |_| greet(&args.data, port, &lines))
}

/// The port, if it is free: to find out after the accounts were made would be late.
fn free(port: u16) -> Result<u16, CliError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .and_then(|socket| socket.local_addr())
        .map(|address| address.port())
        .map_err(|error| CliError::Other(format!("port {port} cannot be used ({error}): choose another with --port")))
}

fn origin(port: u16) -> String {
    format!("https://localhost:{port}")
}

/// The settings in the folder, with the port of this start. A database elsewhere is refused: whoever has
/// set one in the environment for a real server must not find invented officers on it.
fn settings(folder: &Folder, port: u16) -> Result<Settings, CliError> {
    let mut settings = Settings::load(&folder.file(SETTINGS))?;
    settings.server.port = port;
    settings.server.origin = origin(port);
    if settings.database_url()? == DatabaseUrl::Sqlite(folder.file(DATABASE)) {
        Ok(settings)
    } else {
        Err(CliError::Other("the demo keeps to its own database: database.url says another".into()))
    }
}

/// Makes everything. Whatever ends this before the last line leaves a folder that says that it is not whole.
fn make(folder: &Folder, port: u16) -> Result<(), CliError> {
    let record = Record::parse(RECORD, Path::new("the public record"))?;
    let content = Content::parse(NETWORK)?;
    folder.begin()?;
    say(format!("Making {}: settings, keys, certificate, database.", folder.path().display()))?;
    init::write_settings(folder.path(), &origin(port), &format!("sqlite:{DATABASE}"))?;
    let settings = settings(folder, port)?;
    init::furnish(&settings, ctx().now)?;
    let app = open_with(settings)?;

    say(format!("Recording: {}.", record.words()))?;
    let prepared = accounts::prepare(&app, content.people())?;
    let bar = progress(record.len(), "Recording");
    let moving = bar.clone();
    let enrolled = app.state.db.write_blocking(move |work| {
        record.record(work, &moving)?;
        content.record(work, prepared)
    });
    bar.finish_and_clear();
    accounts::write(&folder.file(accounts::FILE), &enrolled?)?;
    drop(app);
    folder.complete()
}

fn greet(data: &Path, port: u16, lines: &[Line]) -> Result<(), CliError> {
    say(format!("\nA network of invented people, at {}", origin(port)))?;
    say(format!("Its certificate's authority: {}\n", data.join("ca.pem").display()))?;
    accounts::table(lines)?;
    say(format!("\nSeeds of the second factors: {}\nStop with Ctrl-C.", data.join(accounts::FILE).display()))
}
