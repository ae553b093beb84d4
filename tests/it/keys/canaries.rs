//! A thousand strings that nobody else would write, and a search for them wherever a server leaves anything.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::{BASE64_NOPAD, HEXLOWER, HEXUPPER};

use super::notes;
use crate::both;
use crate::support::database::Kind;
use crate::support::process::Process;
use crate::support::scene::{inside, note, scene};
use crate::support::tables::Tables;
use crate::support::{TestServer, World};

/// What all of them begin with, in each of the ways in which a program could write it.
pub const MARK: &str = "canary-7f3a9c";
const COUNT: usize = 1_000;

pub fn spellings() -> Vec<Vec<u8>> {
    let mut all = vec![
        MARK.as_bytes().to_vec(),
        MARK.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        MARK.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        HEXLOWER.encode(MARK.as_bytes()).into_bytes(),
        HEXUPPER.encode(MARK.as_bytes()).into_bytes(),
    ];
    // At each of the three places where it can begin in base64; the characters that its neighbours decide are left out.
    for before in 0..3 {
        let shifted = [vec![b'x'; before], MARK.as_bytes().to_vec()].concat();
        let text = BASE64_NOPAD.encode(&shifted);
        let (from, until) = ([0, 2, 3][before], text.len() - 2);
        all.push(text.as_bytes()[from..until].to_vec());
        all.push(text[from..until].replace('+', "-").replace('/', "_").into_bytes());
    }
    all
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The files below a folder that hold one of the spellings.
pub fn holding(folder: &Path, spellings: &[Vec<u8>]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    files(folder, &mut all);
    let searchers: Vec<_> = spellings.iter().map(memchr::memmem::Finder::new).collect();
    let holds = |path: &PathBuf| {
        let Ok(bytes) = std::fs::read(path) else { return false };
        searchers.iter().any(|one| one.find(&bytes).is_some())
    };
    all.into_iter().filter(holds).collect()
}

both!(what_was_written_is_nowhere, |server: TestServer| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let (fr, de) = (inside(&mut world, "fr", &scene.room), inside(&mut world, "de", &scene.room));
    // A process of its own, that says all it can say, with a folder of its own for whatever is temporary.
    let beside = world.server.folder.path().join("temporary");
    std::fs::create_dir(&beside).unwrap();
    let settings = [("INCAMERA_DIAGNOSTICS__LEVEL", "trace"), ("TMPDIR", beside.to_str().unwrap())];
    let mut process = Process::beside(&world.server.settings.base, &settings);
    let (mut fr, mut de) = (fr.again_at(process.address), de.again_at(process.address));
    for number in 0..COUNT {
        let written = note(&format!("{MARK} title {number}"), &format!("{MARK} text {number}"));
        let written = fr.post(&notes(&scene), &written).expect(201);
        let path = format!("{}/{}", notes(&scene), written["id"].as_str().unwrap());
        let (name, held) = (format!("{MARK} name {number}.txt"), format!("{MARK} file {number}"));
        let file = fr.send_file(&format!("{path}/files"), 1, &name, held.as_bytes()).expect(201);
        if number % 50 == 0 {
            assert_eq!(de.get(&path).expect(200)["text"], format!("{MARK} text {number}"));
            let file = de.get(&format!("{path}/files/{}", file["id"].as_str().unwrap()));
            assert_eq!(file.text(), held);
            // Nor do refusals say what was sent.
            let refused = note(&format!("{MARK} title {number}"), &"x".repeat(70_000));
            assert_eq!(fr.post(&notes(&scene), &refused).status, 422);
            assert_eq!(fr.send_file(&format!("{path}/files"), 2, &format!("{MARK}/{number}"), b"x").status, 422);
        }
    }
    let spellings = spellings();
    let mut tables = Tables::of(&world.server);
    let mut folders = vec![world.server.folder.path().to_owned()];
    match world.server.kind {
        // What the copy holds is what a backup would.
        Kind::Sqlite => {
            let copy = world.server.folder.path().join("copy.db");
            tables.execute(&format!("VACUUM INTO '{}'", copy.display()));
            assert!(copy.metadata().unwrap().len() > 1_000_000);
        }
        Kind::Postgres => {
            tables.execute("CHECKPOINT");
            let data = tables.words("SELECT current_setting('data_directory') AS word").pop().unwrap();
            folders.push(data.into());
        }
    }
    let said = world.server.folder.path().join("said");
    let about = format!("/proc/{}", process.pid());
    for what in ["environ", "cmdline"] {
        let said = world.server.folder.path().join(what);
        std::fs::write(said, std::fs::read(format!("{about}/{what}")).unwrap()).unwrap();
    }
    process.signal("ABRT");
    assert_eq!(process.ended_within(Duration::from_secs(10)).signal(), Some(6));
    std::fs::write(&said, process.diagnostics()).unwrap();
    assert!(said.metadata().unwrap().len() > 100_000, "it said a lot");
    for folder in &folders {
        assert_eq!(holding(folder, &spellings), Vec::<PathBuf>::new());
    }
    // The search finds what is there: as it is typed, and in another spelling.
    let planted = world.server.folder.path().join("planted");
    for spelling in &spellings {
        std::fs::write(&planted, [b"xx", spelling.as_slice(), b"yy"].concat()).unwrap();
        assert_eq!(holding(world.server.folder.path(), &spellings), std::slice::from_ref(&planted));
    }
});
