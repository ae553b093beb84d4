//! Nothing that is said in a request or a reply is to be read in what a server leaves.

use std::path::PathBuf;

use serde_json::json;

use super::{REQUESTS, answer, go_in, path, refusal, to, with};
use crate::both;
use crate::keys::canaries::{MARK, holding, spellings};
use crate::support::database::Kind;
use crate::support::{Tables, World};

both!(title_text_ground_and_answer_are_nowhere, |server| {
    let mut world = World::new(server);
    world.enrol_all();
    let mut fr = world.client("fr");
    let words = |what: &str| {
        json!({"title": format!("{MARK} {what} title"), "text": format!("{MARK} {what} text"),
        "handling": ["H3"], "handling_text": format!("{MARK} {what} handling")})
    };
    let sent = fr.post(REQUESTS, &with(to(&world, &["DE", "SE"]), words("request"))).expect(201);
    for (key, reply) in [("de", refusal()), ("se", answer())] {
        let mut client = world.client(key);
        go_in(&mut client, &sent);
        client.post(&format!("{}/reply", path(&sent)), &with(reply, words(key))).expect(201);
    }
    let told = fr.get(&path(&sent)).expect(200).to_string();
    assert!(told.contains(MARK) && told.contains("pending_proceedings"), "there is something to be found");
    let mut folders = vec![world.server.folder.path().to_owned()];
    let mut tables = Tables::of(&world.server);
    match world.server.kind {
        Kind::Sqlite => {
            let copy = world.server.folder.path().join("copy.db");
            tables.execute(&format!("VACUUM INTO '{}'", copy.display()));
        }
        Kind::Postgres => {
            tables.execute("CHECKPOINT");
            // Its own part of the cluster, and the log that all share: the others' would take minutes.
            let parts = "SELECT current_setting('data_directory') || '/base/' || oid AS word FROM pg_database \
                         WHERE datname = current_database() \
                         UNION ALL SELECT current_setting('data_directory') || '/pg_wal'";
            folders.extend(tables.words(parts).into_iter().map(PathBuf::from));
            assert!(folders.len() == 3 && folders.iter().all(|folder| folder.is_dir()), "{folders:?}");
        }
    }
    let mut spellings = spellings();
    spellings.push(b"pending_proceedings".to_vec());
    for folder in &folders {
        assert_eq!(holding(folder, &spellings), Vec::<PathBuf>::new());
    }
});
