//! `incamera openapi`

use super::{CliError, say};
use crate::access::document;

/// What to print.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Print the rules of access as sentences (docs/ACCESS.md) instead.
    #[arg(long)]
    access: bool,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    if args.access {
        say(document::markdown().trim_end())
    } else {
        say(include_str!("../../docs/openapi.json").trim_end())
    }
}
