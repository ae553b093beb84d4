//! `incamera serve`

use std::path::Path;

use tracing_subscriber::EnvFilter;

use super::{CliError, say};
use crate::app::App;
use crate::settings::Settings;

pub(super) fn run(config: &Path) -> Result<(), CliError> {
    diagnostics(&Settings::load(config)?)?;
    let app = super::open(config)?;
    serve(&app, |address| say(format!("Serving {} on {address}.", app.state.settings.server.origin)))
}

/// Serves until told to stop; `ready` is called once the port is bound.
pub(super) fn serve(
    app: &App,
    ready: impl FnOnce(std::net::SocketAddr) -> Result<(), CliError>,
) -> Result<(), CliError> {
    actix_web::rt::System::new().block_on(async {
        let running = app.listen(true)?;
        ready(running.address)?;
        running.server.await?;
        Ok(())
    })
}

/// Starts the diagnostics on standard error.
pub(super) fn diagnostics(settings: &Settings) -> Result<(), CliError> {
    let wanted = &settings.diagnostics;
    let filter =
        EnvFilter::try_new(&wanted.level).map_err(|error| CliError::Other(format!("diagnostics.level: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = match wanted.format.as_str() {
        "json" => builder.json().try_init(),
        "text" => builder.with_ansi(false).try_init(),
        _ => return Err(CliError::Other("diagnostics.format: text or json".into())),
    };
    started.map_err(|error| CliError::Other(error.to_string()))
}
