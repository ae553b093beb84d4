//! The text that a row's code is made over: by the database for the writer, by the server from the row's values for
//! whoever uses it. Codes are kept, so both must make the very same.

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::db::bound::{BOUND, Column};
use incamera::db::dialect::{self, Which};
use serde_json::value::RawValue;

use crate::both;
use crate::support::Tables;

#[derive(QueryableByName)]
struct Both {
    #[diesel(sql_type = Text)]
    text: String,
    #[diesel(sql_type = Text)]
    selected: String,
}

/// What columns may hold, as SQL, and what is awkward to write or to count.
fn values(which: Which, column: Column) -> Vec<String> {
    let bytes = |digits: &str| match which {
        Which::Sqlite => format!("x'{digits}'"),
        Which::Postgres => format!("CAST('\\x{digits}' AS BYTEA)"),
    };
    let (kind, values) = match column {
        Column::Text => {
            let mut texts: Vec<String> = [
                "''",
                "'a'",
                "'say \"so\" \\ / it''s; b:1:x;'",
                "'Zażółć 漢字 🜲 e\u{301} \u{2028}'",
                "'a\tb\nc\r\u{1}\u{7f}'",
            ]
            .map(Into::into)
            .into();
            if which == Which::Sqlite {
                texts.push("'a' || char(0) || 'é'".into());
            }
            ("TEXT", texts)
        }
        Column::Number => ("BIGINT", ["0", "-1", "1764316800000000", "9223372036854775807"].map(Into::into).into()),
        Column::Yes => ("BOOLEAN", ["TRUE", "FALSE"].map(Into::into).into()),
        Column::Bytes => return vec![bytes(""), bytes("00ff5c22e9"), "CAST(NULL AS BYTEA)".into()],
    };
    values.into_iter().chain(["NULL".into()]).map(|value| format!("CAST({value} AS {kind})")).collect()
}

both!(the_database_and_the_server_make_the_same_text, |server| {
    let mut tables = Tables::of(&server);
    let which = dialect::which(tables.conn());
    let hex = |value: &str| dialect::hex(which, value);
    for bound in BOUND {
        for round in 0..7 {
            let columns: Vec<String> = (bound.columns.iter().enumerate())
                .map(|(place, (name, column))| {
                    let values = values(which, *column);
                    format!("{} AS {name}", values[(place + round) % values.len()])
                })
                .collect();
            let query = format!(
                "SELECT {} AS text, {} AS selected FROM (SELECT {}) x",
                bound.canonical(&hex),
                dialect::json_array(which, &bound.values_in("x", &hex)),
                columns.join(", ")
            );
            let Both { text, selected } = sql_query(query).get_result(tables.conn()).unwrap();
            assert!(!selected.contains('\n'), "{selected}");
            let mut values = serde_json::from_str::<Vec<&RawValue>>(&selected).unwrap().into_iter();
            let mut made = String::new();
            bound.canonical_of(&mut values, &mut made).unwrap();
            assert_eq!((made, values.count()), (text, 0), "{}: {selected}", bound.table);
        }
    }
});

/// A column of SQLite's keeps whatever is put there past the server: bytes that read as a number are greater than any
/// number, and so an end that never comes.
#[test]
fn values_that_no_such_column_holds_make_no_text() {
    let acts = BOUND.iter().find(|bound| bound.table == "acts").unwrap();
    let made = |until: &str| {
        let row = format!("[\"i\",\"standing\",null,1,{until},1,null,\"s\"]");
        let values: Vec<&RawValue> = serde_json::from_str(&row).unwrap();
        let mut made = String::new();
        acts.canonical_of(&mut values.into_iter(), &mut made).map(|()| made)
    };
    assert_eq!(
        made("5").as_deref(),
        Some("id:1:i;kind:8:standing;effective_us:1:1;until_us:1:5;recorded_us:1:1;source:1:s;")
    );
    for wrong in ["5.5", "\"5\"", "true", "[5]"] {
        assert_eq!(made(wrong), None, "{wrong}");
    }
}
