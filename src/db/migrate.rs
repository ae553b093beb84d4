//! The migrations, embedded. Both folders hold the same names; `tests/it/schema.rs` compares what they make.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::{Connection, PgConnection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{Conn, DatabaseUrl};
use crate::error::AppError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies what is missing and answers the names applied, oldest first. `make` allows an SQLite file to
/// be made where none is.
///
/// # Errors
/// When the database cannot be opened or a migration fails; what came before it stays applied.
pub fn run(url: &DatabaseUrl, make: bool) -> Result<Vec<String>, AppError> {
    if let (DatabaseUrl::Sqlite(path), true) = (url, make)
        && !path.exists()
    {
        crate::settings::files::create_private(path, b"").map_err(AppError::internal)?;
    }
    let mut conn = url.open_writer()?;
    let done = match &mut conn {
        Conn::Sqlite(conn) => names(conn.run_pending_migrations(SQLITE)),
        Conn::Postgres(conn) => names(conn.run_pending_migrations(POSTGRES)),
    };
    let done = done.map_err(AppError::internal)?;
    // What a migration's SQL cannot do.
    conn.transaction(crate::audit::adopt)?;
    Ok(done)
}

/// Undoes every migration, newest first: all data are lost. For tests, which hold `down` to its word.
///
/// # Errors
/// When one cannot be undone.
pub fn revert_all(conn: &mut Conn) -> Result<Vec<String>, AppError> {
    let undone = match conn {
        Conn::Sqlite(conn) => names(conn.revert_all_migrations(SQLITE)),
        Conn::Postgres(conn) => names(conn.revert_all_migrations(POSTGRES)),
    };
    undone.map_err(AppError::internal)
}

/// The names of all migrations of each database, in order.
///
/// # Errors
/// When an embedded migration cannot be read.
pub fn listed() -> Result<(Vec<String>, Vec<String>), AppError> {
    let sqlite = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE).map_err(AppError::internal)?;
    let postgres = MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES).map_err(AppError::internal)?;
    Ok((
        sqlite.iter().map(|one| one.name().to_string()).collect(),
        postgres.iter().map(|one| one.name().to_string()).collect(),
    ))
}

/// Refuses a database that lacks a migration: the server never migrates on its own.
pub(super) fn require_current(conn: &mut Conn) -> Result<(), AppError> {
    let pending = match conn {
        Conn::Sqlite(conn) => <SqliteConnection as MigrationHarness<_>>::has_pending_migration(conn, SQLITE),
        Conn::Postgres(conn) => <PgConnection as MigrationHarness<_>>::has_pending_migration(conn, POSTGRES),
    }
    .map_err(AppError::internal)?;
    if pending { Err(AppError::internal("the database lacks migrations: run `incamera db migrate`")) } else { Ok(()) }
}

fn names<E>(result: Result<Vec<MigrationVersion<'_>>, E>) -> Result<Vec<String>, E> {
    result.map(|versions| versions.iter().map(ToString::to_string).collect())
}
