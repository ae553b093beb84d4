//! Which tables the log binds (`src/db/bound.rs`), and that it learns of what changes in them.

use std::collections::BTreeSet;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::db::bound::{BOUND, Column};

use super::{introspect, migrated};
use crate::support::database::Kind;
use crate::support::tables::LOG;

/// Tables whose rows the log does not bind: the log's own; a count of strangers, who leave no entry until the minute is
/// over; challenges for passkeys, each good for some minutes and once; and codes, which the rows are held against.
const UNBOUND: [&str; 5] = ["file_pieces", "file_uploads", "passkey_ceremonies", "row_codes", "stranger_noise"];

#[test]
fn every_table_that_decides_or_holds_anything_is_bound() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (_folder, mut conn) = migrated(kind);
        let there = introspect(&mut conn);
        let bound: BTreeSet<&str> = BOUND.iter().map(|bound| bound.table).collect();
        let all: BTreeSet<&str> = there.keys().map(String::as_str).collect();
        let unbound: BTreeSet<&str> = all.difference(&bound).copied().collect();
        assert_eq!(unbound, LOG.into_iter().chain(UNBOUND).collect());
        for bound in BOUND {
            let table = &there[bound.table];
            let columns = table.columns.iter().map(|(name, kind, _)| (name.as_str(), kind.as_str()));
            let said = bound.columns.iter().map(|(name, column)| {
                (
                    *name,
                    match column {
                        Column::Text => "Text",
                        Column::Number => "BigInt",
                        Column::Yes => "Bool",
                        Column::Bytes => "Binary",
                    },
                )
            });
            let sorted = |all: Vec<(&str, &str)>| {
                all.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect::<BTreeSet<_>>()
            };
            assert_eq!(sorted(said.collect()), sorted(columns.collect()), "{}", bound.table);
            assert_eq!(bound.keys, table.primary_key, "{}", bound.table);
        }
        // Without its triggers, nobody would know what a change has touched.
        let triggers = match kind {
            Kind::Sqlite => {
                "SELECT COUNT(*) AS number FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'touch\\_%' ESCAPE '\\'"
            }
            Kind::Postgres => "SELECT COUNT(*) * 3 AS number FROM pg_trigger WHERE tgname = 'touch'",
        };
        let count = sql_query(triggers).get_result::<Count>(&mut conn).unwrap().number;
        assert_eq!(usize::try_from(count), Ok(3 * BOUND.len()));
        // Nor, without these, that what was found before may be so no longer.
        let triggers = match kind {
            Kind::Sqlite => {
                "SELECT COUNT(*) AS number FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'state\\_%' ESCAPE '\\'"
            }
            Kind::Postgres => "SELECT COUNT(*) * 2 AS number FROM pg_trigger WHERE tgname = 'state'",
        };
        assert_eq!(sql_query(triggers).get_result::<Count>(&mut conn).unwrap().number, 4);
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}
