//! `incamera explain`

use std::path::PathBuf;

use super::{CliError, say};
use crate::access::explain;
use crate::context::Moment;
use crate::ids::PersonId;

/// Who, what and when.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The settings file.
    #[arg(long, default_value = "incamera.toml")]
    config: PathBuf,
    /// The person's id.
    #[arg(long)]
    person: String,
    /// The thing's id.
    #[arg(long)]
    thing: String,
    /// The moment (RFC 3339) or day (YYYY-MM-DD, its beginning in UTC); the present when left out.
    #[arg(long)]
    at: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let person = PersonId::parse(&args.person).ok_or_else(|| CliError::Other("--person: not an id".into()))?;
    let at = match &args.at {
        None => super::ctx().now,
        Some(text) => Moment::parse(text).ok_or_else(|| CliError::Other("--at: not a date or time".into()))?,
    };
    let db = super::open_database(&crate::settings::Settings::load(&args.config)?)?;
    let thing = args.thing.clone();
    let explained = db.write_blocking(move |work| {
        let Some(kind) = explain::kind_of(work.conn, &thing)? else { return Ok(None) };
        Ok(explain::explain(work, &person, kind, &thing, at)?.map(|explanation| (kind, explanation)))
    })?;
    let (kind, explanation) = explained.ok_or_else(|| CliError::Other("there is no such thing".into()))?;

    say(format!(
        "On {}, the person {} the {} {}.",
        at.rfc3339(),
        if explanation.may { "may see" } else { "may not see" },
        kind,
        args.thing
    ))?;
    for basis in &explanation.basis {
        let standing = basis.standing.as_deref().unwrap_or("none needed");
        say(format!("  designated {} by act {}; standing of the party: {standing}", basis.role, basis.designation))?;
    }
    for answer in &explanation.actions {
        say(format!("{}: {}", answer.action, if answer.may { "yes" } else { "no" }))?;
        say(format!("  rule: {} ({})", answer.rule, answer.source))?;
        if let Some(prohibition) = answer.prohibited_by {
            say(format!("  prohibited: {prohibition}"))?;
        }
        if answer.may && !answer.bring.is_empty() {
            say(format!("  must bring: {}", answer.bring.join(", ")))?;
        }
        for because in &answer.because {
            let acts = because.acts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            say(format!(
                "  because {}{}",
                because.fact,
                if acts.is_empty() { String::new() } else { format!(" (act {acts})") }
            ))?;
        }
        if !answer.may {
            for lacking in &answer.lacking {
                say(format!("  lacking: {lacking}"))?;
            }
        }
    }
    Ok(())
}
