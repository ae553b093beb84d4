//! The connections that read: each unit on them sees one state of the database, whatever became of the one before.

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::db::{Conn, DatabaseUrl, Db, migrate};
use incamera::error::AppError;

use crate::support::database::{self, Kind, block_on};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn rows(conn: &mut Conn) -> diesel::QueryResult<i64> {
    sql_query("SELECT COUNT(*) AS count FROM scratch").get_result::<Count>(conn).map(|row| row.count)
}

/// What a unit finds before and after somebody else commits a row.
fn found(db: &Db, url: &DatabaseUrl) -> [i64; 2] {
    let mut other = url.open_writer().unwrap();
    let unit = db.read(move |work| {
        let before = rows(work.conn)?;
        other.batch_execute("INSERT INTO scratch VALUES (1)").unwrap();
        Ok([before, rows(work.conn)?])
    });
    block_on(unit).unwrap()
}

/// A statement that fails ends the transaction it is in: PostgreSQL then goes back to what the connection was told at its
/// opening, and hands that on to the transaction that follows.
fn every_unit_sees_one_state(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&database::fresh(kind, folder.path()), folder.path()).unwrap();
    migrate::run(&url, true).unwrap();
    url.open_writer().unwrap().batch_execute("CREATE TABLE scratch (number BIGINT)").unwrap();
    let db = database::open(&url);
    let fails = || {
        let unit = db.read(|work| Ok(work.conn.batch_execute("SELECT nothing FROM nowhere")?));
        assert!(block_on(unit).is_err());
    };
    // The first unit on a connection, a later one, and one after a panic, which takes its connection with it.
    fails();
    assert_eq!(found(&db, &url), [0, 0]);
    assert_eq!(found(&db, &url), [1, 1], "and the next sees what has come since");
    fails();
    assert_eq!(found(&db, &url), [2, 2]);
    assert!(block_on(db.read(|_| -> Result<(), AppError> { panic!("on purpose") })).is_err());
    assert_eq!(found(&db, &url), [3, 3]);
    // And none of them changes anything.
    let writes = db.read(|work| Ok(work.conn.batch_execute("INSERT INTO scratch VALUES (1)")?));
    assert!(block_on(writes).is_err());
    assert_eq!(found(&db, &url), [4, 4]);
}

#[test]
fn every_unit_sees_one_state_sqlite() {
    every_unit_sees_one_state(Kind::Sqlite);
}

#[test]
fn every_unit_sees_one_state_postgres() {
    every_unit_sees_one_state(Kind::Postgres);
}
