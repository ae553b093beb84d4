//! A fresh database for each test: a file, or a database in a PostgreSQL cluster that the first test to
//! need one starts and the last one's end stops.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use incamera::context::{SystemClock, SystemEntropy};
use incamera::db::{DatabaseUrl, Db};
use incamera::seal::RowCodes;
use incamera::settings::Settings;

use super::cluster::Cluster;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The key of rows for a database without a server.
pub fn codes() -> Arc<RowCodes> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "07".repeat(32)).unwrap();
    RowCodes::read(file.path()).unwrap()
}

/// A database without a server, as one opens it: migrated already.
pub fn open(url: &DatabaseUrl) -> Db {
    let settings = Settings::from_text("", Path::new("/"), []).unwrap();
    Db::open(&settings.database, url, Arc::new(SystemClock), Arc::new(SystemEntropy), codes()).unwrap()
}

/// Waits for what it answers.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The URL of a fresh, empty database; `folder` is the test's own.
pub fn fresh(kind: Kind, folder: &Path) -> String {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    match kind {
        Kind::Sqlite => format!("sqlite:{}", folder.join("test.db").display()),
        Kind::Postgres => SHARED.get_or_init(Cluster::start).fresh(),
    }
}
