//! Makes one chosen system call of a server fail, or kills the server at it, by `faults.c`, which is preloaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// "No space left on device".
pub const FULL: i32 = 28;
/// "Input/output error".
pub const BROKEN: i32 = 5;
/// The program is killed.
pub const KILLED: i32 = 0;

/// A call, and what becomes of it: the words are those of `faults.c`.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub call: &'static str,
    pub place: &'static str,
    pub when: &'static str,
    pub what: i32,
    /// Only this time, or until it is repaired.
    pub once: bool,
}

/// Where one server is told what is to fail.
pub struct Shim(PathBuf);

impl Shim {
    pub fn new(folder: &Path) -> Self {
        Self(folder.join("fault"))
    }

    /// What the server's environment must hold.
    pub fn settings(&self) -> [(&'static str, String); 2] {
        static BUILT: OnceLock<PathBuf> = OnceLock::new();
        let built = BUILT.get_or_init(build);
        [("LD_PRELOAD", built.display().to_string()), ("FAULT_AT", self.0.display().to_string())]
    }

    pub fn arm(&self, at: At) {
        let At { call, place, when, what, once } = at;
        let beside = self.0.with_extension("new");
        fs::write(&beside, format!("{call} {place} {when} {what} {}", i32::from(once))).unwrap();
        fs::rename(beside, &self.0).unwrap();
    }

    /// Waits until it has happened.
    #[track_caller]
    pub fn sprung(&self) {
        let (begun, mark) = (Instant::now(), self.0.with_extension("sprung"));
        while self.0.exists() && !mark.exists() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "it never came to {}",
                fs::read_to_string(&self.0).unwrap()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn repair(&self) {
        for path in [&self.0, &self.0.with_extension("sprung")] {
            drop(fs::remove_file(path));
        }
    }
}

fn build() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.so");
    let beside = place.with_extension(format!("so.{}", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/faults.c");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).args([&beside, &source]).arg("-ldl");
    let made = cc.output().expect("a C compiler, which the server's build takes, too");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::rename(beside, &place).unwrap();
    place
}
