//! One connection type over both databases, and what is asked of every connection.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use diesel::connection::{Instrumentation, SimpleConnection};
use diesel::{Connection, PgConnection, SqliteConnection};

use super::dialect;
use crate::error::AppError;

pub use either::Conn;

mod either {
    // A module of its own: the derive makes public items without documentation.
    use diesel::{PgConnection, SqliteConnection};

    /// A connection to either database. The queries are written once, against [`Backend`](super::Backend).
    #[derive(diesel::MultiConnection)]
    pub enum Conn {
        /// SQLite, the default: nothing to install.
        Sqlite(SqliteConnection),
        /// PostgreSQL, for several nodes.
        Postgres(PgConnection),
    }
}

/// The database as diesel's query builder sees it.
pub type Backend = <Conn as Connection>::Backend;

/// Where the database is. An unknown scheme is refused: a typing error must not make a new, empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `postgres://…`, over a Unix socket or loopback.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH` (relative to `base`) or a PostgreSQL URL.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return if path.is_empty() || path == ":memory:" {
                Err("database.url: sqlite: needs the path of a file".into())
            } else {
                Ok(Self::Sqlite(base.join(path)))
            };
        }
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            return if cfg!(feature = "bundled-libpq") && !stays_on_this_host(rest) {
                Err("database.url: this build's libpq has no TLS, so PostgreSQL must be reached by Unix socket or loopback".into())
            } else {
                Ok(Self::Postgres(text.to_owned()))
            };
        }
        Err("database.url: must begin with sqlite: or postgres://".into())
    }

    /// Opens a connection that writes, for a command on the host: one that takes its time.
    ///
    /// # Errors
    /// When it cannot be opened or does not keep the promises asked of it.
    pub fn open_writer(&self) -> Result<Conn, AppError> {
        Link::open(self, Purpose::Command).map(|link| link.conn).map_err(AppError::log_unavailable)
    }

    /// Which file an SQLite database is at this moment; nothing for PostgreSQL.
    fn file(&self) -> std::io::Result<Option<FileId>> {
        match self {
            Self::Sqlite(path) => std::fs::metadata(path).map(|data| Some((data.dev(), data.ino()))),
            Self::Postgres(_) => Ok(None),
        }
    }
}

/// Device and inode: what a path names, whatever it is called.
type FileId = (u64, u64);

/// What a connection is for. The server's own must fail soon; a command may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Reading,
    Writing,
    Command,
}

/// An open connection, which knows what it is open on.
pub(super) struct Link {
    pub(super) conn: Conn,
    file: Option<FileId>,
}

impl Link {
    pub(super) fn open(url: &DatabaseUrl, purpose: Purpose) -> Result<Self, OpenError> {
        let (mut conn, file) = match url {
            DatabaseUrl::Sqlite(path) => {
                // Asked before, since SQLite would make a file where none is.
                let Ok(file) = url.file() else { return Err(OpenError::Missing(path.clone())) };
                (Conn::Sqlite(SqliteConnection::establish(&path.to_string_lossy())?), file)
            }
            DatabaseUrl::Postgres(text) => (Conn::Postgres(PgConnection::establish(&patient(text))?), None),
        };
        conn.batch_execute(dialect::on_open(&conn, purpose))?;
        dialect::check_promises(&mut conn)?;
        Ok(Self { conn, file })
    }

    /// With something that is told of its statements.
    pub(super) fn counted(mut self, tally: impl Instrumentation) -> Self {
        self.conn.set_instrumentation(tally);
        self
    }

    /// Whether it is still open on what the URL names. An SQLite connection would go on with a file that
    /// was moved away or deleted: log entries would go nowhere, and nobody would notice.
    pub(super) fn is_of(&self, url: &DatabaseUrl) -> bool {
        url.file().is_ok_and(|file| file == self.file)
    }
}

/// The URL, with a limit for connecting: a PostgreSQL that stands still takes connections and says nothing.
fn patient(url: &str) -> String {
    if url.contains("connect_timeout=") {
        return url.to_owned();
    }
    format!("{url}{}connect_timeout=2", if url.contains('?') { '&' } else { '?' })
}

/// Whether what follows `postgres://` names this machine: `[user[:password]@][host][:port]/db[?host=/socket]`.
fn stays_on_this_host(rest: &str) -> bool {
    let (authority, tail) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = if host.starts_with('[') {
        host.trim_start_matches('[').split(']').next().unwrap_or_default()
    } else {
        host.rsplit_once(':').map_or(host, |(name, _)| name)
    };
    let by_query =
        tail.split_once('?').map_or("", |(_, query)| query).split('&').filter_map(|pair| pair.strip_prefix("host="));
    let local = |name: &str| {
        ["", "localhost", "127.0.0.1", "::1"].contains(&name)
            || name.starts_with('/')
            || name.to_ascii_lowercase().starts_with("%2f")
    };
    local(name) && by_query.into_iter().all(local) && !tail.contains("hostaddr=")
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file is not there; only `incamera init` and `demo` make one.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The database refused.
    #[error(transparent)]
    Refused(#[from] diesel::ConnectionError),
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] diesel::result::Error),
    /// The database does not do what this server relies on.
    #[error("the database does not keep a promise: {0}")]
    Promise(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_beyond_this_host_is_refused() {
        let base = Path::new("/");
        for good in [
            "postgres:///incamera",
            "postgres://localhost/incamera",
            "postgres://u:p@127.0.0.1:5433/incamera",
            "postgres://u@[::1]:5433/x",
            "postgres:///x?host=/run/postgresql",
            "postgres://u@%2Frun%2Fpg/x",
        ] {
            assert!(DatabaseUrl::parse(good, base).is_ok(), "{good}");
        }
        for bad in [
            "postgres://db.example.org/incamera",
            "postgres://u:p@10.0.0.7/x",
            "postgres:///x?host=db.example.org",
            "postgres:///x?hostaddr=10.0.0.1",
            "mysql://localhost/x",
            "incamera.db",
            "sqlite:",
            "sqlite::memory:",
        ] {
            assert!(DatabaseUrl::parse(bad, base).is_err(), "{bad}");
        }
    }
}
