//! Makes a database large: rows beside those that are read, with ids as random as theirs.

use diesel::connection::SimpleConnection;
use incamera::db::{Conn, DatabaseUrl};

/// Adds so many copies of the note `of`, each under an id of its own. They cannot be opened, being sealed for another
/// place, and nobody does; the log does not tell of them, and is not to find them when it is asked about strays.
pub fn copies(url: &DatabaseUrl, of: &str, count: usize) {
    let mut conn = url.open_writer().unwrap();
    let (id, numbers) = match conn {
        Conn::Sqlite(_) => (
            "lower(printf('%s-%s-4%s-8%s-%s', hex(randomblob(4)), hex(randomblob(2)), substr(hex(randomblob(2)), 2), substr(hex(randomblob(2)), 2), hex(randomblob(6))))",
            format!(
                "(WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) SELECT n FROM up)"
            ),
        ),
        Conn::Postgres(_) => {
            ("CAST(gen_random_uuid() AS TEXT)", format!("(SELECT n FROM generate_series(1, {count}) AS up (n))"))
        }
    };
    conn.batch_execute(&format!(
        "BEGIN;
         CREATE TABLE bench_ids AS SELECT {id} AS id FROM {numbers} AS numbers;
         INSERT INTO notes (id, room_id, author_id, party_id, written_us)
             SELECT i.id, n.room_id, n.author_id, n.party_id, n.written_us FROM bench_ids i, notes n WHERE n.id = '{of}';
         INSERT INTO note_versions (note_id, version, title, words, handling, handling_words, author_id, written_us, files)
             SELECT i.id, v.version, v.title, v.words, v.handling, v.handling_words, v.author_id, v.written_us, v.files
             FROM bench_ids i, note_versions v WHERE v.note_id = '{of}' AND v.version = 1;
         DROP TABLE bench_ids;
         DELETE FROM audit_touched;
         COMMIT;"
    ))
    .unwrap();
    if let Conn::Postgres(_) = conn {
        // As it would be a minute later: else each query goes through the rows that were deleted, while the server's own
        // cleaning takes the processors.
        conn.batch_execute("VACUUM ANALYZE notes, note_versions, audit_touched").unwrap();
    }
}
