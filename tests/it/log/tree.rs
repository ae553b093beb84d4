//! The tree as States are served it: tile by tile, in the paths of the specification, and whole.

use data_encoding::HEXLOWER;
use incamera::audit::model::note::{Checkpoint, Note, Signed, Verifier};
use incamera::audit::model::tiles::{Resource, Tile};
use incamera::audit::model::tree::{Hash, leaf_hash, root_of};
use incamera::audit::{self, Entry, Event};
use incamera::db::migrate;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::both;
use crate::support::database::Kind;
use crate::support::{Client, Tables, TestServer, World};

/// Appends so many entries in one go.
pub fn grow(server: &TestServer, count: usize) {
    server.unit(move |work| {
        for _ in 0..count {
            work.log(Entry::new(Event::OperatorActed));
        }
        Ok(())
    });
}

fn count(length: usize) -> u64 {
    length.try_into().unwrap()
}

/// The log's public key, as its operator gives it out.
pub fn key(server: &TestServer) -> Verifier {
    Verifier::parse(std::fs::read_to_string(server.settings.base.join("log.pub")).unwrap().trim_end()).unwrap()
}

/// The newest checkpoint, signed by the log.
#[track_caller]
pub fn checkpoint(client: &mut Client, key: &Verifier) -> Checkpoint {
    let reply = client.get("/api/v1/audit/checkpoint");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.headers["content-type"], "text/plain; charset=utf-8");
    let note = Note::parse(&reply.text()).expect("a note");
    assert_eq!(note.signed(key), Signed::Yes);
    let checkpoint = Checkpoint::parse(&note.text).expect("a checkpoint");
    assert_eq!(checkpoint.origin, key.name);
    checkpoint
}

#[track_caller]
fn hashes(client: &mut Client, tile: Tile) -> Vec<Hash> {
    let reply = client.get(&format!("/api/v1/audit/tile/{}", tile.path()));
    assert_eq!(reply.status, 200, "{}", tile.path());
    assert_eq!(reply.headers["content-type"], "application/octet-stream");
    let (hashes, rest) = reply.body.as_chunks();
    assert!(rest.is_empty() && count(hashes.len()) == tile.width, "{}", tile.path());
    hashes.to_vec()
}

/// Reads the whole tree as its checkpoint has it, checks every tile against those below, and answers the leaves.
fn whole(client: &mut Client, size: u64) -> Vec<Vec<u8>> {
    let tiles = |count: u64, resource: Resource| {
        (0..count.div_ceil(256)).map(move |index| Tile { resource, index, width: (count - index * 256).min(256) })
    };
    let mut leaves = Vec::new();
    for tile in tiles(size, Resource::Entries) {
        let reply = client.get(&format!("/api/v1/audit/tile/{}", tile.path()));
        assert_eq!(reply.status, 200, "{}", tile.path());
        let mut rest = &reply.body[..];
        for _ in 0..tile.width {
            let (length, more) = rest.split_first_chunk().expect("a length");
            let (leaf, more) = more.split_at(u16::from_be_bytes(*length).into());
            leaves.push(leaf.to_vec());
            rest = more;
        }
        assert!(rest.is_empty());
    }
    let mut below: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    for level in 0.. {
        let served: Vec<Hash> =
            tiles(count(below.len()), Resource::Hashes(level)).flat_map(|tile| hashes(client, tile)).collect();
        assert_eq!(served, below, "level {level}");
        below = below.as_chunks::<256>().0.iter().map(|full| root_of(full)).collect();
        if below.is_empty() {
            break;
        }
    }
    leaves
}

both!(a_state_reads_the_whole_tree, |server: TestServer| {
    let mut world = World::new(server);
    let key = key(&world.server);
    let mut fr = world.client("fr");
    assert_eq!(fr.get("/api/v1/audit/checkpoint").status, 404, "none was signed yet");
    assert_eq!(fr.get("/api/v1/audit/tile/entries/000.p/1").status, 404);
    world.server.publish().unwrap().expect("there is something new");
    let mut before = checkpoint(&mut fr, &key);
    assert_eq!(world.server.publish().unwrap(), None, "nothing is new");
    // Up to, onto and over the edges of tiles; 65,536 entries would fill one of level 1.
    for more in [1, 256 - usize::try_from(before.size).unwrap() - 2, 1, 1, 300, 512] {
        grow(&world.server, more);
        assert_eq!(world.server.publish().unwrap(), Some(before.size + count(more)));
        let now = checkpoint(&mut fr, &key);
        let leaves = whole(&mut fr, now.size);
        let roots: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        assert_eq!(root_of(&roots), now.root);
        assert_eq!(root_of(&roots[..usize::try_from(before.size).unwrap()]), before.root);
        before = now;
    }
    assert!(before.size > 1024);

    // What stands in a leaf is the entry's, and nothing else is.
    let leaves = whole(&mut fr, before.size);
    let mut tables = Tables::of(&world.server);
    for (seq, payload) in tables.entries(0).iter().enumerate().take(usize::try_from(before.size).unwrap()) {
        assert_eq!(payload["seq"], json!(seq));
        assert_eq!(leaves[seq][..9], [&[1][..], &count(seq).to_be_bytes()].concat());
        assert_eq!(leaves[seq].len(), 49);
    }
    // Nothing beyond the checkpoint, however much there is.
    grow(&world.server, 300);
    let beyond = Tile { resource: Resource::Hashes(0), index: before.size / 256, width: before.size % 256 + 1 };
    for path in [
        beyond.path(),
        "0/004".into(),
        "0/999".into(),
        "1/000".into(),
        "2/000.p/1".into(),
        "63/000.p/1".into(),
        "entries/004".into(),
    ] {
        assert_eq!(fr.get(&format!("/api/v1/audit/tile/{path}")).status, 404, "{path}");
    }
    for path in
        ["", "0", "0/0", "0/000.p/0", "0/000.p/256", "00/000", "entries/x000/001", "0/000/", "0/%30%30%30.p/256"]
    {
        assert_eq!(fr.get(&format!("/api/v1/audit/tile/{path}")).status, 404, "{path}");
    }
});

both!(the_tree_is_for_states_and_the_auditor, |server: TestServer| {
    let mut world = World::new(server);
    grow(&world.server, 3);
    world.server.publish().unwrap().unwrap();
    let paths = ["checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"];
    for (who, status) in
        [("fr", 200), ("se", 200), ("ua", 200), ("aud", 200), ("sec", 403), ("ej", 403), ("assoc", 403), ("guest", 403)]
    {
        for path in paths {
            assert_eq!(world.client(who).get(&format!("/api/v1/audit/{path}")).status, status, "{who}: {path}");
        }
        let receipt = world.client(who).get("/api/v1/audit/receipts/0").status;
        assert_eq!(
            receipt,
            if who == "aud" {
                200
            } else if status == 200 {
                404
            } else {
                status
            },
            "{who}"
        );
    }
    for path in paths {
        assert_eq!(world.server.client().get(&format!("/api/v1/audit/{path}")).status, 401, "{path}");
    }
});

both!(two_nodes_append_to_one_tree, |server: TestServer| {
    let beside = server.beside(&[("INCAMERA_AUDIT__SIGN", "true")]);
    let key = key(&server);
    let threads: Vec<_> = [&server, &beside]
        .into_iter()
        .map(|node| {
            let db = node.db.clone();
            std::thread::spawn(move || {
                for _ in 0..150 {
                    db.write_blocking(|work| {
                        work.log(Entry::new(Event::OperatorActed));
                        work.log(Entry::new(Event::OperatorActed));
                        Ok(())
                    })
                    .unwrap();
                }
            })
        })
        .collect();
    // Both sign meanwhile, over the same two files: whoever is later follows from the other.
    let mut sizes = Vec::new();
    while threads.iter().any(|thread| !thread.is_finished()) {
        sizes.extend(server.publish().unwrap());
        sizes.extend(beside.publish().unwrap());
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    sizes.extend(beside.publish().unwrap());
    assert!(sizes.is_sorted(), "{sizes:?}");
    assert_eq!(sizes.last(), Some(&600));
    let note = std::fs::read_to_string(server.settings.base.join("log.checkpoint")).unwrap();
    assert_eq!(Note::parse(&note).unwrap().signed(&key), Signed::Yes);
});

both!(a_log_from_before_the_tree_is_put_into_one, |server: TestServer| {
    grow(&server, 600);
    let mut tables = Tables::of(&server);
    let rows = tables.words(
        "SELECT CAST(seq AS TEXT) || ' ' || lower(HEX) || ' ' || payload AS word FROM audit_entries ORDER BY seq"
            .replace(
                "HEX",
                match server.kind {
                    Kind::Sqlite => "hex(salt)",
                    Kind::Postgres => "encode(salt, 'hex')",
                },
            )
            .as_str(),
    );
    // As entries were committed to before: as a whole.
    let mut as_before = String::from("DELETE FROM audit_tiles; UPDATE audit_head SET frontier = NULL;");
    for row in &rows {
        let mut parts = row.splitn(3, ' ');
        let (seq, salt, payload) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let salt = HEXLOWER.decode(salt.as_bytes()).unwrap();
        let hash = Sha256::new().chain_update(b"incamera/audit-entry/v1\0").chain_update(salt).chain_update(payload);
        let hash = HEXLOWER.encode(&hash.finalize());
        let bytes = match server.kind {
            Kind::Sqlite => format!("x'{hash}'"),
            Kind::Postgres => format!("'\\x{hash}'"),
        };
        as_before.push_str(&format!("UPDATE audit_entries SET commitment = {bytes} WHERE seq = {seq};"));
    }
    tables.execute(&as_before);
    let refused = server.db.write_blocking(|work| {
        work.log(Entry::new(Event::OperatorActed));
        Ok(())
    });
    assert!(refused.is_err(), "nothing is appended to a log without its tree");
    tables.execute("UPDATE audit_entries SET payload = replace(payload, 'operator', 'operetta') WHERE seq = 7");
    assert!(migrate::run(&server.url(), false).is_err(), "what was changed is not committed to anew");
    tables.execute("UPDATE audit_entries SET payload = replace(payload, 'operetta', 'operator') WHERE seq = 7");
    migrate::run(&server.url(), false).unwrap();
    assert_eq!(audit::verify(tables.conn(), &mut |_| {}).unwrap(), (600, 0));
    grow(&server, 200);
    assert_eq!(server.publish().unwrap(), Some(800));
});
