//! The accounts of the invented people: made, written down for scripts, shown.

use std::path::Path;
use std::thread;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::content::Person;
use crate::app::App;
use crate::cli::{CliError, ctx, progress, say};
use crate::context::Ctx;
use crate::error::AppError;
use crate::identity::Identity;
use crate::identity::operator::{PreparedAccount, new_password};
use crate::settings::files;

/// The file with everybody's means to log in.
pub(super) const FILE: &str = "accounts.json";

/// What a script needs to log in as somebody.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    /// As DESIGN §1 has it.
    pub(super) role: String,
    /// The party's code.
    pub(super) party: String,
    pub(super) email: String,
    pub(super) password: String,
    /// Base32.
    pub(super) totp_secret: String,
}

/// An account that can be opened, and its password.
pub(super) struct Prepared {
    pub(super) password: Zeroizing<String>,
    pub(super) account: PreparedAccount,
}

/// Prepares an account for each of these people, in their order: as many at a time as a server would hash.
pub(super) fn prepare(app: &App, people: &[Person]) -> Result<Vec<Prepared>, CliError> {
    let at_once = app.state.settings.identity.hashing_at_once.max(1);
    let (ctx, bar) = (ctx(), progress(people.len(), "Hashing passwords"));
    let prepared = thread::scope(|scope| {
        let hashing: Vec<_> = people
            .chunks(people.len().div_ceil(at_once).max(1))
            .map(|some| {
                let (ctx, bar, identity) = (&ctx, &bar, &*app.identity);
                scope.spawn(move || {
                    some.iter()
                        .map(|person| prepare_one(identity, ctx, person).inspect(|_| bar.inc(1)))
                        .collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let mut all = Vec::with_capacity(people.len());
        for some in hashing {
            all.extend(some.join().map_err(|_panic| AppError::internal("a thread that hashed has panicked"))??);
        }
        Ok::<_, AppError>(all)
    });
    bar.finish_and_clear();
    Ok(prepared?)
}

fn prepare_one(identity: &Identity, ctx: &Ctx, person: &Person) -> Result<Prepared, AppError> {
    let password = new_password(ctx)?;
    let account = identity.prepare_account(ctx, &person.name, &person.email, &password)?;
    Ok(Prepared { password, account })
}

/// Writes the accounts down, for their owner's eyes.
pub(super) fn write(path: &Path, lines: &[Line]) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(lines).map_err(|error| CliError::Other(error.to_string()))?;
    Ok(files::create_private(path, text.as_bytes())?)
}

pub(super) fn read(path: &Path) -> Result<Vec<Line>, CliError> {
    let wrong = |error: &dyn std::fmt::Display| CliError::Other(format!("{}: {error}", path.display()));
    let text = files::read_private(path).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&text).map_err(|error| wrong(&error))
}

pub(super) fn table(lines: &[Line]) -> Result<(), CliError> {
    let row = |role: &str, party: &str, email: &str, password: &str| {
        say(format!("  {role:<20} {party:<12} {email:<36} {password}").trim_end())
    };
    row("role", "party", "address", "password")?;
    lines.iter().try_for_each(|line| row(&line.role, &line.party, &line.email, &line.password))
}
