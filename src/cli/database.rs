//! `incamera db`

use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, ctx, progress, say};
use crate::audit::service::{CodedRows, bind_rows, code_rows_once};
use crate::audit::{Entry, Event};
use crate::cases::import::seal_fiches;
use crate::db::{Db, Work, migrate};
use crate::error::AppError;
use crate::meetings::import::seal_agenda;
use crate::rooms::keys::before;
use crate::seal::RowCodes;
use crate::settings::Settings;

/// What to do with the database.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Apply the migrations that are missing, and seal what rooms hold from before they had keys. Stop the server first.
    Migrate {
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let Command::Migrate { config } = &args.command;
    let settings = Settings::load(config)?;
    let Brought { applied, bound, coded, sealed } = bring_up_to_date(&settings)?;
    if applied.is_empty() && bound == 0 && coded.made == 0 && coded.odd.is_empty() && sealed == 0 {
        return say("Nothing to do.");
    }
    for name in applied {
        say(format!("Applied {name}."))?;
    }
    if bound > 0 {
        say(format!("Bound {bound} rows to the log."))?;
    }
    if coded.made > 0 {
        say(format!("Made the authentication codes of {} rows.", coded.made))?;
    }
    if sealed > 0 {
        say(format!(
            "Sealed what {sealed} rooms hold. The server keeps the key of each until somebody admitted comes in."
        ))?;
    }
    not_coded(&coded)
}

/// Seals what rooms hold from before they had keys, a room at a time: what was done stays done when it is stopped. At
/// the end it looks whether anything was left. Answers how many rooms there were.
fn seal_rooms(db: &Db) -> Result<u64, CliError> {
    let bar = progress(db.write_blocking(before::rooms)?, "Sealing rooms");
    while db.write_blocking(seal_one)? {
        bar.inc(1);
    }
    bar.finish_and_clear();
    match db.write_blocking(before::left)? {
        0 => Ok(bar.position()),
        left => Err(CliError::Other(format!("{left} texts of rooms are not sealed: do not go on"))),
    }
}

fn seal_one(work: &mut Work<'_>) -> Result<bool, AppError> {
    let Some((room, slot)) = before::seal_next(work)? else { return Ok(false) };
    seal_agenda(work, &room, &slot)?;
    seal_fiches(work, &room)?;
    work.log(Entry::new(Event::RoomSealed).on("room", &room).in_room(&room));
    Ok(true)
}

/// Says why rows got no codes.
pub(super) fn not_coded(coded: &CodedRows) -> Result<(), CliError> {
    for one in &coded.odd {
        say(one)?;
    }
    if coded.odd.is_empty() {
        return Ok(());
    }
    Err(CliError::Found(format!(
        "{} rows are not as the log says: no codes were made, and rows without one are refused",
        coded.odd.len()
    )))
}

/// What [`bring_up_to_date`] has done.
pub(super) struct Brought {
    /// The names of the migrations applied.
    applied: Vec<String>,
    /// Rows that the log binds now.
    bound: usize,
    /// What became of rows without codes.
    coded: CodedRows,
    /// Rooms whose contents were sealed.
    sealed: u64,
}

/// Applies what is missing, lets the log bind the rows that it does not tell of yet, makes codes where there are none
/// at all, and seals what rooms hold. Takes nothing but the database: a server from before may lack keys that it needs
/// now, and that of rows is made.
pub(super) fn bring_up_to_date(settings: &Settings) -> Result<Brought, CliError> {
    let applied = migrate::run(&settings.database_url()?, false)?;
    let migrations = applied.len();
    RowCodes::create_key(settings, &ctx())?;
    let db = super::open_database(settings)?;
    let bound = db.write_blocking(move |work| bind_rows(work, migrations))?;
    let coded = db.write_blocking(code_rows_once)?;
    Ok(Brought { applied, bound, coded, sealed: seal_rooms(&db)? })
}
