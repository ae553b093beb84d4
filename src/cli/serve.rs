//! `incamera serve`

use std::path::Path;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{CliError, say};
use crate::app::App;
use crate::rooms::keys::before;
use crate::settings::{DiagnosticsSettings, Settings};

pub(super) fn run(config: &Path) -> Result<(), CliError> {
    diagnostics(&Settings::load(config)?.diagnostics)?;
    let app = super::open(config)?;
    if app.state.db.write_blocking(before::rooms)? > 0 {
        return Err(CliError::Other(
            "some rooms hold what is not sealed yet: run `incamera db migrate` once more".into(),
        ));
    }
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

/// Starts the diagnostics on standard error. What the libraries tell beyond `info` is left out whatever the
/// setting says: it holds parts of requests, and nobody here reviews it.
pub(super) fn diagnostics(wanted: &DiagnosticsSettings) -> Result<(), CliError> {
    let filter =
        EnvFilter::try_new(&wanted.level).map_err(|error| CliError::Other(format!("diagnostics.level: {error}")))?;
    let reviewed = tracing_subscriber::filter::filter_fn(|about| {
        *about.level() <= tracing::Level::INFO || about.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    let all = tracing_subscriber::registry().with(filter).with(reviewed);
    let started = match wanted.format.as_str() {
        "json" => all.with(lines.json()).try_init(),
        "text" => all.with(lines).try_init(),
        _ => return Err(CliError::Other("diagnostics.format: text or json".into())),
    };
    started.map_err(|error| CliError::Other(error.to_string()))
}
