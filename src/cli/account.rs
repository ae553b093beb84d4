//! `incamera account`: the first officer of the Secretariat, who then invites everybody else.

use std::path::PathBuf;

use super::{CliError, ctx, say};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::AppError;
use crate::identity::model::Enrolled;
use crate::identity::operator::{PreparedAccount, has_had_an_officer, new_password};
use crate::network::import::{ensure_designation, ensure_party, ensure_person, party_coded};
use crate::network::model::{PartyKind, Role};

/// Which server, who.
#[derive(clap::Args)]
#[command(after_help = "\
Prints the means to log in: they are shown this once. It works once for a server: as soon as an officer of the
Secretariat has had an account, accounts are given, and lost ones replaced, by the Secretariat's invitation
only. A try after that changes nothing and is logged.")]
pub(super) struct Args {
    /// The settings file.
    #[arg(long, default_value = "incamera.toml")]
    config: PathBuf,
    /// The officer's name.
    #[arg(long)]
    name: String,
    /// The address that the officer will log in with.
    #[arg(long)]
    email: String,
}

/// The party that an officer acts for, where the record has not brought it.
const CODE: &str = "secretariat";
const NAME: &str = "Secretariat";
const SOURCE: &str = "First officer, recorded by the operator";

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let app = super::open(&args.config)?;
    let ctx = ctx();
    let password = new_password(&ctx)?;
    let account = app.identity.prepare_account(&ctx, &args.name, &args.email, &password)?;
    let name = args.name.clone();
    let enrolled = app.state.db.write_blocking(move |work| open(work, &name, account))?.ok_or_else(|| {
        CliError::Other(
            "an officer of the Secretariat has an account, or has had one: ask the Secretariat for an invitation. \
             Nothing was changed; this try was logged."
                .into(),
        )
    })?;
    say(format!("{} can log in. Shown once:", args.name))?;
    say(format!("  address          {}", enrolled.email))?;
    say(format!("  password         {}", *password))?;
    say(format!("  second factor    {}", enrolled.totp_secret))?;
    say(format!("  the same, as a link for an authenticator\n    {}", enrolled.otpauth))?;
    say("  recovery codes, each of which replaces the second factor once; print them and lock them away")?;
    enrolled.recovery_codes.iter().try_for_each(|code| say(format!("    {code}")))?;
    say(format!("  room code, for the rooms if the password is forgotten; print it, too\n    {}", enrolled.room_code))
}

/// Records the officer; `None`, and an entry about the try, where there has been one before.
fn open(work: &mut Work<'_>, name: &str, account: PreparedAccount) -> Result<Option<Enrolled>, AppError> {
    if has_had_an_officer(work)? {
        work.log(Entry::new(Event::OperatorActed).on("account", "refused"));
        return Ok(None);
    }
    let now = work.now;
    let party = match party_coded(work, CODE)? {
        Some((id, PartyKind::Secretariat)) => id,
        _ => ensure_party(work, PartyKind::Secretariat, CODE, &[(NAME, now)])?,
    };
    let person = ensure_person(work, &party, name)?;
    ensure_designation(work, &person, Role::SecretariatOfficer, None, now, SOURCE)?;
    let enrolled = account.open(work, &person)?;
    work.log(Entry::new(Event::OperatorActed).on("account", &person).concerning(&person));
    Ok(Some(enrolled))
}
