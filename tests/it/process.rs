//! What the program has in memory stays there: it writes no core, and nobody who is not root looks into it.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::process::{ended, incamera, listening};

/// A command with nothing that only root may do, though the tests be run by root.
fn as_anybody(program: &str) -> Command {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = Command::new(if is_root { "setpriv" } else { program });
    if is_root {
        command.args(["--bounding-set=-all", "--inh-caps=-all", program]);
    }
    command
}

/// Starts a server of its own in `folder`, by a shell that lets it write as large a core as may be.
fn serving(folder: &Path) -> Child {
    let data = folder.join("data");
    let made = ended(incamera().args(["init", data.to_str().unwrap()]));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut command = as_anybody("sh");
    command
        .args(["-c", "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_incamera")])
        .args(["serve", "--config", data.join("incamera.toml").to_str().unwrap()])
        .current_dir(folder)
        .env("INCAMERA_SERVER__PORT", "0")
        .env("INCAMERA_SERVER__WORKERS", "1");
    listening(&mut command).0
}

fn abort(mut child: Child) -> std::process::ExitStatus {
    let sent = Command::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap()
}

/// Reads the first byte of a file of another process of the same account.
fn read(pid: u32, file: &str) -> Output {
    as_anybody("head").args(["-c", "1", &format!("/proc/{pid}/{file}")]).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_server_that_is_aborted_leaves_no_core() {
    let folder = tempfile::tempdir().unwrap();
    let server = serving(folder.path());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(line.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    let files = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    let status = abort(server);
    assert_eq!(status.signal(), Some(6), "it was the signal that ended it");
    assert!(!status.core_dumped(), "nor was a core handed to another program");
    assert_eq!(files(), before);
}

// A limit of nothing alone does not keep a core from the program that `core_pattern` may name, nor anyone of
// the same account from attaching.
#[test]
fn nobody_of_the_same_account_looks_into_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serving(folder.path());
    let mut other = as_anybody("sleep").arg("60").spawn().unwrap();
    let begun = Instant::now();
    while !read(other.id(), "environ").status.success() {
        assert!(begun.elapsed() < Duration::from_secs(10), "that of others can be read");
        std::thread::sleep(Duration::from_millis(20));
    }
    for file in ["environ", "mem", "maps", "auxv"] {
        let seen = read(server.id(), file);
        let told = String::from_utf8_lossy(&seen.stderr);
        assert!(!seen.status.success() && told.contains("Permission denied"), "{file}: {told}");
    }
    for child in [&mut server, &mut other] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

// The unit is for copying: systemd takes it, finds little to say against it, and it keeps memory off the disk.
#[test]
fn the_unit_in_the_docs_is_sound() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/OPERATING.md")).unwrap();
    let unit = docs.split("```ini\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    for line in ["LimitCORE=0", "MemorySwapMax=0", "NoNewPrivileges=yes", "UMask=0077"] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("incamera.service");
    std::fs::write(&file, unit.replace("/usr/local/bin/incamera", env!("CARGO_BIN_EXE_incamera"))).unwrap();
    for arguments in [&["verify"][..], &["security", "--offline=true", "--no-pager", "--threshold=15"]] {
        match Command::new("systemd-analyze").args(arguments).arg(&file).output() {
            Ok(output) => {
                let told = [output.stdout, output.stderr].concat();
                assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&told));
            }
            Err(error) => println!("not checked here: systemd-analyze: {error}"),
        }
    }
}
