//! `incamera audit hold`, `holds` and `lift`

use std::path::PathBuf;

use super::super::{CliError, open_database, say};
use crate::audit::PURPOSE_MAX;
use crate::audit::holds::{self, NewHold};
use crate::context::Moment;
use crate::ids::{HoldId, PersonId, RoomId};
use crate::settings::Settings;

/// What to keep, and why.
#[derive(clap::Args)]
pub(super) struct Args {
    /// What was done in this room, or with it: its id.
    #[arg(long)]
    room: Option<String>,
    /// What was done by or for this party, with what is its, or with it: its code.
    #[arg(long)]
    party: Option<String>,
    /// What this person has done, or what concerns this person: the id.
    #[arg(long)]
    person: Option<String>,
    /// From this day (YYYY-MM-DD, its beginning in UTC) or moment (RFC 3339) on.
    #[arg(long)]
    from: Option<String>,
    /// Before this day or moment.
    #[arg(long)]
    until: Option<String>,
    /// Why: it stands in the log. Name the proceedings, not what they are about.
    #[arg(long)]
    reason: String,
    /// The settings file.
    #[arg(long, default_value = "incamera.toml")]
    config: PathBuf,
}

fn other(text: impl Into<String>) -> CliError {
    CliError::Other(text.into())
}

/// A reason that the log takes whole.
fn reason(text: &str) -> Result<String, CliError> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(other("--reason: say why")),
        length if length > PURPOSE_MAX => Err(other(format!("--reason: at most {PURPOSE_MAX} characters"))),
        _ => Ok(text.to_owned()),
    }
}

fn read<T>(text: Option<&String>, name: &str, what: &str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, CliError> {
    text.map(|text| parse(text).ok_or_else(|| other(format!("{name}: not {what}")))).transpose()
}

pub(super) fn place(args: &Args) -> Result<(), CliError> {
    let settings = Settings::load(&args.config)?;
    let mut conn = settings.database_url()?.open_writer()?;
    let party = args.party.as_deref().map(|code| {
        holds::party_coded(&mut conn, code)?.ok_or_else(|| other(format!("--party: there is no party {code}")))
    });
    let hold = NewHold {
        room: read(args.room.as_ref(), "--room", "an id", RoomId::parse)?,
        party: party.transpose()?,
        person: read(args.person.as_ref(), "--person", "an id", PersonId::parse)?,
        from: read(args.from.as_ref(), "--from", "a date or time", Moment::parse)?,
        until: read(args.until.as_ref(), "--until", "a date or time", Moment::parse)?,
        reason: reason(&args.reason)?,
    };
    if hold.room.is_none()
        && hold.party.is_none()
        && hold.person.is_none()
        && hold.from.is_none()
        && hold.until.is_none()
    {
        return Err(other("say what to keep: --room, --party, --person, --from or --until"));
    }
    if hold.from.zip(hold.until).is_some_and(|(from, until)| from >= until) {
        return Err(other("--until: not after --from"));
    }
    let id = open_database(&settings)?.write_blocking(move |work| holds::place(work, hold))?;
    let id = id.ok_or_else(|| other("there is no such room or person"))?;
    say(format!("Placed hold {id}."))
}

pub(super) fn lift(settings: &Settings, id: &str, why: &str) -> Result<(), CliError> {
    let id = HoldId::parse(id).ok_or_else(|| other("not the id of a hold"))?;
    let why = reason(why)?;
    if open_database(settings)?.write_blocking(move |work| holds::lift(work, &id, &why))? {
        say("Lifted.")
    } else {
        Err(other("there is no such hold in force"))
    }
}

pub(super) fn list(settings: &Settings, all: bool) -> Result<(), CliError> {
    let mut conn = settings.database_url()?.open_writer()?;
    for hold in holds::list(&mut conn, !all)? {
        let named = [
            ("room", hold.room.map(|id| id.to_string())),
            ("party", hold.party.map(|id| id.to_string())),
            ("person", hold.person.map(|id| id.to_string())),
            ("from", hold.from.map(Moment::rfc3339)),
            ("until", hold.until.map(Moment::rfc3339)),
            ("lifted", hold.lifted.map(Moment::rfc3339)),
        ];
        let named: Vec<String> =
            named.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?))).collect();
        say(format!("{}  placed {}, {}: {}", hold.id, hold.placed.rfc3339(), named.join(", "), hold.reason))?;
    }
    Ok(())
}
