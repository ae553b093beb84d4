//! PostgreSQL clusters: the one that all tests share, and those of a test that stops and starts its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A cluster on a socket of its own. A watcher process stops and removes it when this process ends,
/// however it ends.
pub struct Cluster {
    root: PathBuf,
    binaries: &'static str,
}

/// Where the server's binaries are, if they are.
pub fn binaries() -> Option<&'static str> {
    ["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"]
        .into_iter()
        .find(|path| Path::new(path).join("initdb").exists())
}

impl Cluster {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Made with this option.
    #[expect(clippy::zombie_processes, reason = "the watcher outlives this process, which cannot wait for it")]
    pub fn start_with(option: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let binaries = binaries().expect("PostgreSQL's server binaries: ./test installs them");
        let name = format!("incamera-pg-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let cluster = Self { root: std::env::temp_dir().join(name), binaries };
        fs::create_dir_all(&cluster.root).unwrap();
        fs::set_permissions(&cluster.root, fs::Permissions::from_mode(0o777)).unwrap();
        if is_root() {
            // Or the watcher could not remove it: temporary folders are their owners'.
            std::os::unix::fs::chown(&cluster.root, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let (data, root) = (cluster.data(), cluster.root.display());
        cluster.run(&format!(
            "{binaries}/initdb -D {data} -U incamera -A trust -E UTF8 --locale=C -N {option} >/dev/null"
        ));
        let watch = format!(
            // Not `kill -0`: the watcher may not signal a process of another user, and would end at once.
            "while [ -d /proc/{pid} ] && [ -d {data} ]; do sleep 1; done; {binaries}/pg_ctl -D {data} -m immediate stop; rm -rf {root}",
            pid = std::process::id(),
        );
        // In a group of its own: what ends the whole group of the tests must leave the watcher to clean up.
        let mut watcher = as_nobody(&watch);
        watcher.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        cluster.start_again();
        cluster
    }

    /// Starts it after [`Cluster::stop_at_once`], and waits until it takes connections.
    pub fn start_again(&self) {
        self.start_by("", "C");
    }

    /// As [`Cluster::start_again`], with messages in another language. Its locale need not be installed: but for the name,
    /// it is that of C.
    pub fn start_in(&self, locale: &str) {
        let locales = self.root.join("locales").display().to_string();
        self.run(&format!("mkdir -p {locales} && cp -rT /usr/lib/locale/C.utf8 {locales}/{locale}"));
        self.start_by(&format!("LOCPATH={locales}"), locale);
    }

    fn start_by(&self, environment: &str, messages: &str) {
        let (binaries, data, root) = (self.binaries, self.data(), self.root.display());
        self.run(&format!(
            "{environment} {binaries}/pg_ctl -D {data} -w -o '-c listen_addresses= -c unix_socket_directories={root} -c max_connections=300 -c shared_buffers=64MB -c lc_messages={messages}' -l {root}/log start >/dev/null"
        ));
    }

    /// Ends it as a crash would: nothing is written out, every connection is cut.
    pub fn stop_at_once(&self) {
        self.run(&format!("{}/pg_ctl -D {} -m immediate stop >/dev/null", self.binaries, self.data()));
    }

    /// The processes that serve connections, and the one that takes them.
    pub fn processes(&self) -> Vec<u32> {
        let Ok(first) = fs::read_to_string(self.root.join("data/postmaster.pid")) else { return Vec::new() };
        let first: u32 = first.lines().next().unwrap().parse().unwrap();
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        std::iter::once(first).chain(children.split_whitespace().map(|pid| pid.parse().unwrap())).collect()
    }

    /// From now on no file of it may become longer.
    pub fn limit(&self, bytes: &str) {
        // Not even root may limit the processes of another. Those that served a connection may have ended meanwhile.
        let limit = |pid: &u32| as_nobody(&format!("prlimit --pid={pid} --fsize={bytes}:unlimited")).output().unwrap();
        let limited: Vec<_> = self.processes().iter().map(limit).collect();
        assert!(limited.first().is_some_and(|first| first.status.success()), "{limited:?}");
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://incamera@/{database}?host={}", self.root.display())
    }

    /// The URL of a fresh, empty database.
    pub fn fresh(&self) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        self.psql(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
        self.url(&name)
    }

    fn psql(&self, statement: &str) {
        let done = Command::new("psql").args([&self.url("postgres"), "-qc", statement]).output().expect("psql");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn data(&self) -> String {
        self.root.join("data").display().to_string()
    }

    fn run(&self, script: &str) {
        let done = as_nobody(script).stdout(Stdio::null()).stderr(Stdio::inherit()).status().unwrap();
        assert!(done.success(), "{script}: see {}/log", self.root.display());
    }
}

/// The shared one lives in a static and is never dropped: its watcher ends it.
impl Drop for Cluster {
    fn drop(&mut self) {
        // A failed test may have left them standing still.
        for pid in self.processes() {
            drop(Command::new("kill").args(["-CONT", &pid.to_string()]).output());
        }
        drop(as_nobody(&format!("{}/pg_ctl -D {} -m immediate stop", self.binaries, self.data())).output());
        drop(fs::remove_dir_all(&self.root));
    }
}

const NOBODY: u32 = 65534;

fn is_root() -> bool {
    fs::metadata("/proc/self").map(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0).unwrap_or(false)
}

/// PostgreSQL refuses to run as root.
fn as_nobody(script: &str) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
        command.args([&user, &group, "--clear-groups", "bash", "-c", script]);
        command
    } else {
        let mut command = Command::new("bash");
        command.args(["-c", script]);
        command
    };
    command.current_dir("/");
    command
}
