use super::CliError;
#[derive(clap::Args)]
pub(super) struct Args {}
pub(super) fn run(_: &Args) -> Result<(), CliError> {
    Ok(())
}
