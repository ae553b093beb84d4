//! `incamera recover`

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use zeroize::Zeroizing;

use super::{CliError, ctx, open_database, say};
use crate::error::AppError;
use crate::ids::{PersonId, RoomId};
use crate::rooms::keys::recovery::{ask, deliver, enter};
use crate::seal::recovery::ceremony::{Reply, Request};
use crate::seal::recovery::shares::Share;
use crate::seal::recovery::{RecoveryKey, RecoverySecret};
use crate::settings::{Settings, files};

/// What to do for the recovery of rooms.
#[derive(clap::Args)]
#[command(after_help = "\
A room whose people have lost their keys is lost, unless they chose before that officers can recover it. The officers hold
shares of a key that exists nowhere else. `make`, `check` and `open` are for a machine that is connected to nothing; the others are for
the server's. docs/OPERATING.md says how a ceremony is held, step by step.

    incamera recover make --shares 5 --needed 3 --out recovery            (offline)
    incamera recover check a.txt b.txt c.txt                              (offline: shares as they were typed)
    incamera recover enter recovery/recovery-key.json
    incamera recover ask --room ROOM --person PERSON --reason WHY --out request.json
    incamera recover open request.json                                    (offline: what is asked)
    incamera recover open request.json --share a.txt --share b.txt --share c.txt --out answer.json
    incamera recover deliver answer.json")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a recovery key, offline: a file for each share, and one with the public half.
    Make {
        /// How many shares.
        #[arg(long)]
        shares: u8,
        /// How many of them are needed.
        #[arg(long)]
        needed: u8,
        /// The folder to make. It must not exist, or be empty.
        #[arg(long)]
        out: PathBuf,
    },
    /// Say what shares are, offline: whether each was typed right, and whether together they make a key.
    Check {
        /// Files, each with a share as it was typed.
        #[arg(required = true, value_name = "FILES")]
        files: Vec<PathBuf>,
    },
    /// Enter the public half of a recovery key on the server. It retires the one before; no room is opened by it before
    /// somebody inside has chosen it.
    Enter {
        /// The file recovery-key.json that `make` made.
        file: PathBuf,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Ask the officers to give one person the keys of one room: an entry of the log, and a file for them. An answer is
    /// taken once, for 14 days.
    Ask {
        /// The room's id.
        #[arg(long)]
        room: String,
        /// The person's id.
        #[arg(long)]
        person: String,
        /// Why: the officers see it, and it stands in the log.
        #[arg(long)]
        reason: String,
        /// The file to make.
        #[arg(long)]
        out: PathBuf,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
    /// Say what is asked; with enough shares, answer it, offline.
    Open {
        /// The file that `ask` made.
        file: PathBuf,
        /// A file with a share as it was typed. May be given several times.
        #[arg(long = "share", value_name = "FILE", requires = "out")]
        shares: Vec<PathBuf>,
        /// The file to make, for the server.
        #[arg(long, requires = "shares")]
        out: Option<PathBuf>,
    },
    /// Take the officers' answer: the person can read the room again. It is an entry of the log.
    Deliver {
        /// The file that `open` made.
        file: PathBuf,
        /// The settings file.
        #[arg(long, default_value = "incamera.toml")]
        config: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    match &args.command {
        Command::Make { shares, needed, out } => make(*shares, *needed, out),
        Command::Check { files } => check(files),
        Command::Enter { file, config } => enter_key(file, &Settings::load(config)?),
        Command::Ask { room, person, reason, out, config } => {
            let room = RoomId::parse(room).ok_or_else(|| CliError::Other("--room: not an id".into()))?;
            let person = PersonId::parse(person).ok_or_else(|| CliError::Other("--person: not an id".into()))?;
            ask_officers(room, person, reason.clone(), out, &Settings::load(config)?)
        }
        Command::Open { file, shares, out } => open(file, shares, out.as_deref()),
        Command::Deliver { file, config } => deliver_answer(file, &Settings::load(config)?),
    }
}

/// Reads a file; what is wrong with it is said with its name.
fn read<T>(path: &Path, parse: impl Fn(&str) -> Result<T, AppError>) -> Result<T, CliError> {
    let refuse = |why: String| CliError::Other(format!("{}: {why}", path.display()));
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?);
    parse(&text).map_err(|error| refuse(super::words(&error)))
}

/// Makes a file that must not be there yet.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let written = files::create_private(path, text.as_bytes()).and_then(|()| files::sync_folder_of(path));
    written.map_err(|error| CliError::Other(format!("{}: {error}", path.display())))
}

fn make(shares: u8, needed: u8, out: &Path) -> Result<(), CliError> {
    let ctx = ctx();
    let secret = RecoverySecret::new(&ctx, needed, shares)?;
    let key = secret.key();
    let parts = Share::all(&ctx, &secret)?;
    // Nobody gets a share of a key that its shares do not make.
    if parts.chunks_exact(needed.into()).any(|some| !Share::combine(some).is_ok_and(|made| made.key() == key)) {
        return Err(CliError::Other("the shares do not make the key".into()));
    }
    if out.exists() && fs::read_dir(out)?.next().is_some() {
        return Err(CliError::Other(format!("{} is not empty", out.display())));
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(out)?;
    for share in &parts {
        let text = Zeroizing::new(format!(
            "# Share {} of {shares} of the recovery key {}. Any {needed} of them open the rooms that have chosen it.\n\
             # Print it, keep it where nobody else reads it, and destroy this file. In a ceremony, type the line below.\n{}\n",
            share.number(),
            key.id,
            share.text()?.as_str()
        ));
        write(&out.join(format!("share-{}.txt", share.number())), &text)?;
    }
    write(&out.join("recovery-key.json"), &key.file()?)?;
    say(format!("Made {shares} shares in {}, {needed} of which are needed.", out.display()))?;
    say(format!("The key: {}", key.id))?;
    say("Give this number out yourselves: people compare it before they choose the key for a room.")
}

fn read_shares(paths: &[PathBuf]) -> Result<Vec<Share>, CliError> {
    paths.iter().map(|path| read(path, Share::read)).collect()
}

fn check(files: &[PathBuf]) -> Result<(), CliError> {
    let shares = read_shares(files)?;
    for (path, share) in files.iter().zip(&shares) {
        say(format!("{}: {}", path.display(), share.words()))?;
    }
    say(format!("Together they make the key {}.", Share::combine(&shares)?.key().id))
}

fn enter_key(file: &Path, settings: &Settings) -> Result<(), CliError> {
    let key = read(file, RecoveryKey::read)?;
    let id = key.id.clone();
    if open_database(settings)?.write_blocking(move |work| enter(work, &key))? {
        say(format!(
            "Entered the recovery key {id}. Each room keeps what it has chosen until somebody inside chooses it."
        ))
    } else {
        Err(CliError::Other(format!("the recovery key {id} was entered before")))
    }
}

fn ask_officers(
    room: RoomId,
    person: PersonId,
    reason: String,
    out: &Path,
    settings: &Settings,
) -> Result<(), CliError> {
    if out.exists() {
        return Err(CliError::Other(format!("{} is there already", out.display())));
    }
    let request = open_database(settings)?.write_blocking(move |work| ask(work, &room, &person, &reason))?;
    write(out, &request.file()?)?;
    say(format!("Made {} for the officers who hold the key {}.", out.display(), request.recovery_key))
}

fn open(file: &Path, shares: &[PathBuf], out: Option<&Path>) -> Result<(), CliError> {
    let request = read(file, Request::read)?;
    say(format!("Asked on {}, of the officers who hold the key {}:", request.asked.rfc3339(), request.recovery_key))?;
    say(format!("  the keys of the room {}, {} of them", request.room, request.epochs.len()))?;
    say(format!("  for the person {}", request.person))?;
    if request.admits {
        say("  who is to be admitted by it: nobody is left who could admit anybody")?;
    }
    say(format!("  because: {}", request.reason))?;
    let Some(out) = out else { return Ok(()) };
    let reply = request.answered(&ctx(), &Share::combine(&read_shares(shares)?)?)?;
    write(out, &reply.file()?)?;
    for epoch in reply.lacking() {
        say(format!("LEFT OUT: what the server keeps for the officers of epoch {epoch} is not its key"))?;
    }
    say(format!("Made {} for the server. Destroy the files with the shares.", out.display()))
}

fn deliver_answer(file: &Path, settings: &Settings) -> Result<(), CliError> {
    let reply = read(file, Reply::read)?;
    let person = reply.asked.person.clone();
    let delivered = open_database(settings)?.write_blocking(move |work| deliver(work, &reply))?;
    if let Some(act) = &delivered.admitted {
        say(format!("The person {person} is admitted, by act {act}, and can admit the others."))?;
    }
    say(format!("The person {person} has {} more keys of the room.", delivered.epochs))
}
