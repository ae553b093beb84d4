//! One connection type over both databases, and what is asked of every connection.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::r2d2::R2D2Connection;
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

    /// Opens the connection that writes.
    ///
    /// # Errors
    /// When it cannot be opened or does not keep the promises asked of it.
    pub fn open_writer(&self) -> Result<Conn, AppError> {
        self.open(false).map_err(AppError::log_unavailable)
    }

    /// The file behind an SQLite database, as it is now; see [`Anchor`].
    pub(super) fn anchor(&self) -> Option<Anchor> {
        match self {
            Self::Sqlite(path) => Some(Anchor { path: path.clone(), file: Anchor::file(path) }),
            Self::Postgres(_) => None,
        }
    }

    fn open(&self, read_only: bool) -> Result<Conn, OpenError> {
        let mut conn = match self {
            Self::Sqlite(path) => {
                if !path.exists() {
                    return Err(OpenError::Missing(path.clone()));
                }
                Conn::Sqlite(SqliteConnection::establish(&path.to_string_lossy())?)
            }
            Self::Postgres(url) => Conn::Postgres(PgConnection::establish(url)?),
        };
        conn.batch_execute(dialect::on_open(&conn, read_only))?;
        dialect::check_promises(&mut conn)?;
        Ok(conn)
    }
}

/// The file that an SQLite database was opened as. SQLite goes on writing into a file that was moved or
/// deleted: what it commits there is lost to whoever opens the database by its name, so no answer may
/// rest on it.
pub(super) struct Anchor {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Anchor {
    fn file(path: &Path) -> Option<(u64, u64)> {
        std::fs::metadata(path).ok().map(|data| (data.dev(), data.ino()))
    }

    /// Fails when another file, or none, has the name now.
    pub(super) fn hold(&self) -> Result<(), AppError> {
        if self.file.is_some() && Self::file(&self.path) == self.file {
            Ok(())
        } else {
            Err(AppError::log_unavailable("the database file was moved, deleted or replaced under the server"))
        }
    }
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

/// Opens reading connections for the pool.
#[derive(Debug)]
pub(super) struct Opener(pub(super) DatabaseUrl);

/// A reading connection. diesel notices a connection that broke only in transactions of its own making, so
/// the unit of work says whether this one can be used again.
pub(super) struct Reader {
    pub(super) conn: Conn,
    /// Set while a unit runs; a unit that ends well clears it.
    pub(super) in_use: bool,
}

impl diesel::r2d2::ManageConnection for Opener {
    type Connection = Reader;
    type Error = OpenError;

    fn connect(&self) -> Result<Reader, OpenError> {
        Ok(Reader { conn: self.0.open(true)?, in_use: false })
    }

    fn is_valid(&self, reader: &mut Reader) -> Result<(), OpenError> {
        Ok(reader.conn.ping()?)
    }

    fn has_broken(&self, reader: &mut Reader) -> bool {
        reader.in_use || reader.conn.is_broken()
    }
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
