//! All that differs between the two databases. Everything else is written once.

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};

use super::connection::{Conn, OpenError, Purpose};
use super::fragment::{Fragment, Statement};
use crate::audit;
use crate::error::AppError;
use crate::ids::EntryId;

/// What a fresh connection is told. The server's own wait for a lock as long as a caller is kept waiting,
/// and no statement of theirs runs longer than [`super::LONGEST`].
///
/// SQLite: WAL with `synchronous=FULL`, since NORMAL may lose the last commits at a power cut, that is,
/// an answered read without its entry; deleted content is overwritten; temporary data stays in memory.
/// The write-ahead log goes into the database after 32 MB, not after 4: commits wait while it does, and most of its pages
/// are the same ones again (docs/PERFORMANCE.md says what that gives, and where it costs).
/// The time to wait comes first, since the next statement may already find a lock.
pub(super) fn on_open(conn: &Conn, purpose: Purpose) -> &'static str {
    match (conn, purpose) {
        (Conn::Sqlite(_), Purpose::Writing) => {
            "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA wal_autocheckpoint = 8000; \
             PRAGMA journal_size_limit = 67108864;"
        }
        (Conn::Sqlite(_), Purpose::Command) => {
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA wal_autocheckpoint = 8000; \
             PRAGMA journal_size_limit = 67108864;"
        }
        (Conn::Sqlite(_), Purpose::Reading) => {
            "PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; \
             PRAGMA synchronous = FULL; PRAGMA query_only = ON;"
        }
        (Conn::Postgres(_), Purpose::Writing) => {
            "SET TIME ZONE 'UTC'; SET synchronous_commit = on; SET lock_timeout = '2s'; SET statement_timeout = '8s'; \
             SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning;"
        }
        (Conn::Postgres(_), Purpose::Command) => {
            "SET TIME ZONE 'UTC'; SET synchronous_commit = on; SET lock_timeout = '5s'; SET client_min_messages = warning;"
        }
        (Conn::Postgres(_), Purpose::Reading) => {
            "SET TIME ZONE 'UTC'; SET default_transaction_read_only = on; SET default_transaction_isolation = 'repeatable read'; \
             SET lock_timeout = '2s'; SET statement_timeout = '8s'; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning;"
        }
    }
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Reads back what durability and integrity rest on; a server whose database promises less must not start.
pub(super) fn check_promises(conn: &mut Conn) -> Result<(), OpenError> {
    let asked: &[(&str, &str, &[&str])] = match conn {
        Conn::Sqlite(_) => &[
            ("journal_mode", "SELECT CAST(journal_mode AS TEXT) AS value FROM pragma_journal_mode", &["wal"]),
            ("synchronous", "SELECT CAST(synchronous AS TEXT) AS value FROM pragma_synchronous", &["2", "3"]),
            ("foreign_keys", "SELECT CAST(foreign_keys AS TEXT) AS value FROM pragma_foreign_keys", &["1"]),
        ],
        Conn::Postgres(_) => &[
            ("fsync", "SELECT current_setting('fsync') AS value", &["on"]),
            ("full_page_writes", "SELECT current_setting('full_page_writes') AS value", &["on"]),
            (
                "synchronous_commit",
                "SELECT current_setting('synchronous_commit') AS value",
                &["on", "remote_write", "remote_apply"],
            ),
            ("server_encoding", "SELECT current_setting('server_encoding') AS value", &["UTF8"]),
            // An outage is known by what the database says of it ([`is_contention`], and `error.rs`).
            (
                "lc_messages",
                "SELECT CASE WHEN current_setting('lc_messages') ~ '^(C|POSIX|en)([._@]|$)' THEN 'English' \
                 ELSE current_setting('lc_messages') END AS value",
                &["English"],
            ),
        ],
    };
    for (name, query, good) in asked {
        let value = sql_query(*query).get_result::<Setting>(conn)?.value;
        if !good.contains(&value.as_str()) {
            return Err(OpenError::Promise(format!("{name} is {value}, and must be {}", good.join(" or "))));
        }
    }
    Ok(())
}

/// Makes a new connection ready to read. One to PostgreSQL is always in a transaction: that sees a state of the database
/// from its first query on, and until then holds nothing, however long that is. So a snapshot is one trip, and not two.
/// What kind of transaction it is the session says, not this BEGIN: what that said would be gone once a query fails.
pub(super) fn ready_for_snapshots(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => conn.batch_execute("BEGIN"),
    }
}

/// Begins a snapshot, in which every query sees the same state. Answers how many statements that took. PostgreSQL is asked
/// nothing: that the connection is not there any more shows in what has come by it, first why it was ended, as a rule, and
/// behind that the end.
///
/// # Errors
/// When the connection is not there any more.
pub(super) fn begin_snapshot(conn: &mut Conn) -> QueryResult<u64> {
    match conn {
        Conn::Sqlite(_) => bracket(conn, "BEGIN").map(|()| 1),
        Conn::Postgres(conn) => {
            for _ in ["why", "the end"] {
                conn.notifications_iter().try_for_each(|notice| notice.map(drop))?;
            }
            Ok(0)
        }
    }
}

/// Ends it.
pub(super) fn end_snapshot(conn: &mut Conn) -> QueryResult<()> {
    let end = match conn {
        Conn::Sqlite(_) => "COMMIT",
        Conn::Postgres(_) => "COMMIT AND CHAIN",
    };
    bracket(conn, end)
}

/// Begins or ends a transaction, or a savepoint in one. SQLite takes as long to read such a statement as to do it, so it
/// is kept prepared; to PostgreSQL it is one trip in either way.
pub(super) fn bracket(conn: &mut Conn, statement: &'static str) -> QueryResult<()> {
    if let Conn::Postgres(_) = conn {
        return conn.batch_execute(statement);
    }
    Statement::<()>::new(Fragment::of(statement)).execute(conn).map(drop)
}

/// Which of the two databases, where SQL is spelled before there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Which one a connection is to.
#[must_use]
pub const fn which(conn: &Conn) -> Which {
    match conn {
        Conn::Sqlite(_) => Which::Sqlite,
        Conn::Postgres(_) => Which::Postgres,
    }
}

/// The connection as one to PostgreSQL, if it is.
pub fn postgres(conn: &mut Conn) -> Option<&mut PgConnection> {
    match conn {
        Conn::Postgres(conn) => Some(conn),
        Conn::Sqlite(_) => None,
    }
}

/// The SQL that writes bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(which: Which, value: &str) -> String {
    match which {
        Which::Sqlite => format!("lower(hex({value}))"),
        Which::Postgres => format!("encode({value}, 'hex')"),
    }
}

/// The SQL that writes these values as an array in JSON, a text in one line.
#[must_use]
pub fn json_array(which: Which, values: &[String]) -> String {
    let values = values.join(", ");
    match which {
        Which::Sqlite => format!("json_array({values})"),
        Which::Postgres => format!("CAST(json_build_array({values}) AS TEXT)"),
    }
}

/// What stands around a text of hexadecimal digits to make bytes of it.
pub(super) const fn unhex(conn: &Conn) -> (&'static str, &'static str) {
    match conn {
        Conn::Sqlite(_) => ("unhex(", ")"),
        Conn::Postgres(_) => ("decode(", ", 'hex')"),
    }
}

/// Begins the writing transaction and takes the head's lock, which every change of every node takes
/// first: so changes happen one after the other, each sees all before it, and the log has no gaps.
/// Answers the head, or why it is none.
pub(super) fn begin_batch(conn: &mut Conn) -> QueryResult<Result<audit::Head, AppError>> {
    let (begin, lock) = match conn {
        Conn::Sqlite(_) => (
            "BEGIN IMMEDIATE",
            "SELECT size, frontier, (SELECT COUNT(*) FROM audit_touched) AS strays FROM audit_head WHERE id = 1",
        ),
        Conn::Postgres(_) => (
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            "SELECT size, frontier, (SELECT COUNT(*) FROM audit_touched) AS strays FROM audit_head WHERE id = 1 FOR UPDATE",
        ),
    };
    bracket(conn, begin)?;
    let (size, frontier, strays): (i64, Option<Vec<u8>>, i64) =
        Statement::<(BigInt, Nullable<Binary>, BigInt)>::new(Fragment::of(lock)).get_result(conn)?;
    Ok(audit::Head::new(size, frontier.as_deref(), strays > 0))
}

/// Whether a transaction could not be begun because another holds the lock, so that it would be waited for again on
/// another connection.
pub(super) fn is_contention(error: &diesel::result::Error) -> bool {
    let diesel::result::Error::DatabaseError(_, info) = error else { return false };
    ["locked", "lock timeout"].iter().any(|sign| info.message().contains(sign))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Whether the log holds this entry.
pub(super) fn holds_entry(conn: &mut Conn, id: &EntryId) -> QueryResult<bool> {
    sql_query("SELECT COUNT(*) AS count FROM audit_entries WHERE id = $1")
        .bind::<Text, _>(id)
        .get_result::<Count>(conn)
        .map(|found| found.count > 0)
}

#[derive(QueryableByName)]
struct Settled {
    #[diesel(sql_type = BigInt)]
    busy: i64,
}

/// After something was erased: takes it out of what the database keeps beside its tables, as far as that can be done
/// while others use it. SQLite overwrites what it erases (`secure_delete`), but its write-ahead log holds older pages until
/// it is emptied; PostgreSQL keeps older versions of a row until it is told to clean up. Whether it could be done.
///
/// # Errors
/// The database's.
pub fn settle(conn: &mut Conn) -> QueryResult<bool> {
    if matches!(conn, Conn::Sqlite(_)) {
        let settled = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Settled>(conn)?;
        return Ok(settled.busy == 0);
    }
    // Each by itself: it runs in no transaction.
    for table in ["audit_entries", "audit_bindings"] {
        conn.batch_execute(&format!("VACUUM {table}"))?;
    }
    Ok(true)
}

/// Each database's name, for people.
#[must_use]
pub const fn name(conn: &Conn) -> &'static str {
    match conn {
        Conn::Sqlite(_) => "SQLite",
        Conn::Postgres(_) => "PostgreSQL",
    }
}
