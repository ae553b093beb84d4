//! A server in this process, on a free port, with a clock that a test can set ahead.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use incamera::app::App;
use incamera::audit::{Entry, Event, Publisher};
use incamera::context::{Clock, Ctx, ShiftedClock, SystemEntropy};
use incamera::db::{DatabaseUrl, Db, Work};
use incamera::error::AppError;
use incamera::identity::Identity;
use incamera::seal::RowCodes;
use incamera::settings::Settings;

use super::client::Client;
use super::database::{self, Kind};
use super::process;

/// Among the settings: passwords are hashed for next to nothing, which no setting allows. For tests that log in by the
/// ten thousand.
pub const CHEAP_HASHES: (&str, &str) = ("CHEAP_HASHES", "yes");

/// A server of one test's own. It ends with the value.
pub struct TestServer {
    pub kind: Kind,
    pub folder: Arc<tempfile::TempDir>,
    pub settings: Settings,
    pub clock: Arc<ShiftedClock>,
    pub address: SocketAddr,
    pub identity: Arc<Identity>,
    pub db: Db,
    pub publisher: Arc<Publisher>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    /// Whether another server over the same data ends later, and they are verified then.
    pub is_verified_later: bool,
}

impl TestServer {
    pub fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[])
    }

    /// With further settings, as environment variables name them.
    pub fn start_with(kind: Kind, overrides: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database::fresh(kind, folder.path());
        Self::start_on(kind, folder, &url, overrides)
    }

    /// On this empty database.
    pub fn start_on(kind: Kind, folder: tempfile::TempDir, url: &str, overrides: &[(&str, &str)]) -> Self {
        let data = folder.path().join("data");
        let made = process::incamera().args(["init", data.to_str().unwrap(), "--database", url]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::over(kind, Arc::new(folder), &data, overrides, Arc::new(ShiftedClock::default()))
    }

    /// Another node: a server of its own over the same data, started now.
    pub fn beside(&self, overrides: &[(&str, &str)]) -> Self {
        Self::over(self.kind, Arc::clone(&self.folder), &self.settings.base, overrides, Arc::clone(&self.clock))
    }

    fn over(
        kind: Kind,
        folder: Arc<tempfile::TempDir>,
        data: &Path,
        overrides: &[(&str, &str)],
        clock: Arc<ShiftedClock>,
    ) -> Self {
        let text = std::fs::read_to_string(data.join("incamera.toml")).unwrap();
        let usual = [
            ("INCAMERA_SERVER__PORT", "0"),
            ("INCAMERA_SERVER__WORKERS", "1"),
            // The least that the settings allow: tests log in often.
            ("INCAMERA_IDENTITY__ARGON2_MEMORY_KIB", "19456"),
            ("INCAMERA_IDENTITY__ARGON2_PASSES", "2"),
            ("INCAMERA_IDENTITY__TRIES_PER_SOURCE", "100000"),
            ("INCAMERA_IDENTITY__TRIES_PER_ACCOUNT", "100000"),
            ("INCAMERA_IDENTITY__SIGN_INS_PER_PERSON", "50"),
            // Strangers are told of, and checkpoints signed, when a test says so.
            ("INCAMERA_IDENTITY__STRANGERS_SECONDS", "86400"),
            ("INCAMERA_AUDIT__PUBLISH_SECONDS", "86400"),
        ];
        let (cheap, overrides): (Vec<_>, Vec<_>) = overrides.iter().partition(|one| **one == CHEAP_HASHES);
        let all = usual.iter().chain(overrides).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut settings = Settings::from_text(&text, data, all).unwrap();
        if !cheap.is_empty() {
            settings.identity.argon2_memory_kib = 8;
            settings.identity.argon2_passes = 1;
        }
        let (tell, told) = mpsc::channel();
        let (its_settings, its_clock) = (settings.clone(), Arc::clone(&clock));
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = App::open(its_settings, its_clock, Arc::new(SystemEntropy)).unwrap();
                let running = app.listen(false).unwrap();
                let publisher = app.publisher.clone().unwrap();
                tell.send((running.address, running.handle, app.identity.clone(), app.state.db.clone(), publisher))
                    .unwrap();
                drop(app);
                running.server.await.unwrap();
            });
        });
        let (address, handle, identity, db, publisher) = told.recv().expect("the server started");
        Self {
            kind,
            folder,
            settings,
            clock,
            address,
            identity,
            db,
            publisher,
            handle,
            thread: Some(thread),
            is_verified_later: false,
        }
    }

    /// Stops it, and keeps its data.
    pub fn stop(self) -> Arc<tempfile::TempDir> {
        Arc::clone(&self.folder)
    }

    /// A client with nobody logged in.
    pub fn client(&self) -> Client {
        Client::new(self.address, &self.settings.base.join("ca.pem"))
    }

    pub fn url(&self) -> DatabaseUrl {
        self.settings.database_url().unwrap()
    }

    /// Signs what is new in the log, as the server does every few seconds.
    pub fn publish(&self) -> Result<Option<u64>, AppError> {
        actix_web::rt::System::new().block_on(self.publisher.publish(&self.db))
    }

    /// The present, as the server sees it.
    pub fn ctx(&self) -> Ctx {
        Ctx::new(self.clock.now(), Arc::new(SystemEntropy))
    }

    /// Runs a unit of work that logs what it does.
    #[track_caller]
    pub fn unit<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    ) -> T {
        self.db.write_blocking(unit).unwrap()
    }

    /// Runs a unit of work as the operator would: with an entry that says so.
    #[track_caller]
    pub fn operate<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut Work<'_>) -> Result<T, AppError> + Send + 'static,
    ) -> T {
        self.unit(|work| {
            let value = unit(work)?;
            work.log(Entry::new(Event::OperatorActed));
            Ok(value)
        })
    }
}

/// Whatever a test did, the log must be whole afterwards, and every reference must hold.
impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the server did not panic");
            }
        }
        if !std::thread::panicking() && !self.is_verified_later {
            let mut conn = self.url().open_writer().unwrap();
            incamera::audit::verify(&mut conn, &mut |_| {}).expect("the log is whole");
            // And every row as the log says, unless the test has put its own hand to some.
            if !super::tables::by_hand(&self.settings) {
                let found = incamera::audit::verify_rows(&mut conn, &mut |_| {}).unwrap();
                assert_eq!(found, Vec::<String>::new());
                let codes = RowCodes::open(&self.settings).unwrap();
                assert_eq!(incamera::db::codes::verify(&mut conn, &codes).unwrap(), Vec::<String>::new());
            }
            if let incamera::db::Conn::Sqlite(conn) = &mut conn {
                use diesel::connection::SimpleConnection;
                conn.batch_execute("CREATE TEMP TABLE broken AS SELECT * FROM pragma_foreign_key_check; CREATE TEMP TABLE must_be_empty (n CHECK (n = 0)); INSERT INTO must_be_empty SELECT COUNT(*) FROM broken;")
                    .expect("every reference holds");
            }
        }
    }
}
