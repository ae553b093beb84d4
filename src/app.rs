//! Puts a server together out of its rooms.

#[cfg(test)]
mod samples;

use std::sync::Arc;

use crate::audit::Publisher;
use crate::context::{Clock, Entropy};
use crate::db::{Counters, Db};
use crate::error::AppError;
use crate::identity::Identity;
use crate::seal::RowCodes;
use crate::server::{Gate, Route, Running, State};
use crate::settings::{Settings, SettingsError};
use crate::{audit, cases, identity, library, meetings, network, rooms, server, start};

/// A server, ready to listen.
pub struct App {
    /// What every call can reach.
    pub state: State,
    /// Who logs in and how.
    pub identity: Arc<Identity>,
    /// What signs the log's checkpoints, on a node that does.
    pub publisher: Option<Arc<Publisher>>,
}

/// Every route there is.
#[must_use]
pub fn routes(identity: &Arc<Identity>) -> Vec<Route> {
    let mut routes = server::health::routes();
    routes.extend(identity::api::routes(identity));
    routes.extend(network::api::routes());
    routes.extend(meetings::api::routes());
    routes.extend(rooms::api::routes());
    routes.extend(rooms::requests::api::routes());
    routes.extend(cases::api::routes());
    routes.extend(library::api::routes());
    routes.extend(audit::api::routes());
    routes.extend(server::openapi::routes());
    routes.extend(server::page::routes());
    routes.extend(identity::pages::routes(identity));
    routes.extend(rooms::pages::routes());
    routes.extend(rooms::requests::pages::routes());
    routes.extend(cases::pages::routes());
    routes.extend(start::routes());
    routes.extend(meetings::pages::routes());
    routes.extend(library::pages::routes());
    routes.extend(network::pages::routes());
    routes
}

impl App {
    /// Opens database and keys.
    ///
    /// # Errors
    /// When either cannot be used as it is.
    pub fn open(settings: Settings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, AppError> {
        let url = settings.database_url().map_err(|error: SettingsError| AppError::internal(error))?;
        let db = Db::open(&settings.database, &url, Arc::clone(&clock), entropy, RowCodes::open(&settings)?)?;
        let identity = Identity::open(&settings, Arc::clone(&clock))?;
        let gate: Arc<dyn Gate> = identity.clone();
        let publisher = Publisher::open(&settings)?;
        let log_key = publisher.as_ref().map(|publisher| publisher.verifier().to_string().into());
        Ok(Self { state: State { settings: Arc::new(settings), db, gate, clock, log_key }, identity, publisher })
    }

    /// Binds the port. Await the answer's `server` to serve.
    ///
    /// # Errors
    /// When the certificate cannot be used or the port cannot be bound.
    pub fn listen(&self, signals: bool) -> Result<Running, AppError> {
        let running = server::start(&self.state, routes(&self.identity), signals)?;
        if let Some(publisher) = self.publisher.clone() {
            let pause = std::time::Duration::from_secs(self.state.settings.audit.publish_seconds);
            tokio::task::spawn_local(publish(publisher, self.state.db.clone(), pause));
        }
        let pause = std::time::Duration::from_secs(self.state.settings.identity.strangers_seconds);
        tokio::task::spawn_local(log_strangers(self.state.db.clone(), pause));
        tokio::task::spawn_local(tell_of_work(self.state.db.clone()));
        Ok(running)
    }
}

/// Puts the counts of strangers into the log, again and again.
async fn log_strangers(db: Db, pause: std::time::Duration) {
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = db.write(identity::service::log_strangers).await {
            tracing::error!(cause = ?error.cause().map(ToString::to_string), "the counts of strangers could not be logged");
        }
    }
}

/// Signs and gives out what is new in the log, again and again. What is refused is told each time: it does not go away.
async fn publish(publisher: Arc<Publisher>, db: Db, pause: std::time::Duration) {
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = publisher.publish(&db).await {
            tracing::error!(cause = ?error.cause().map(ToString::to_string), "no checkpoint was given out");
        }
    }
}

/// Tells the diagnostics twice a minute what was done since the last time, if anything was asked for.
async fn tell_of_work(db: Db) {
    let mut before = db.counters();
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        let now = db.counters();
        tell(&now.since(&before));
        before = now;
    }
}

fn tell(work: &Counters) {
    if work.reads > 0 || work.entries > 0 {
        tracing::info!(
            reads = work.reads,
            read_queries = work.read_queries(),
            changes = work.changes,
            change_queries = work.change_queries(),
            savepoints = work.savepoints,
            entries = work.entries,
            commits = work.commits,
            prepared = work.prepared,
            opened = work.opened,
            "the database's work"
        );
    }
}
