//! A fresh database for each test: a file, or a database in a PostgreSQL cluster that the first test to
//! need one starts and the last one's end stops.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The URL of a fresh, empty database; `folder` is the test's own.
pub fn fresh(kind: Kind, folder: &Path) -> String {
    match kind {
        Kind::Sqlite => format!("sqlite:{}", folder.join("test.db").display()),
        Kind::Postgres => {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            let cluster = cluster();
            let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
            cluster.psql(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
            cluster.url(&name)
        }
    }
}

struct Cluster {
    socket: PathBuf,
}

impl Cluster {
    fn url(&self, database: &str) -> String {
        format!("postgres://incamera@/{database}?host={}", self.socket.display())
    }

    fn psql(&self, statement: &str) {
        let done = Command::new("psql").args([&self.url("postgres"), "-qc", statement]).output().expect("psql");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// The cluster of this run. It lives in memory-backed storage and is stopped by a watcher process when
/// this one ends, however it ends.
#[expect(clippy::zombie_processes, reason = "the watcher outlives this process, which cannot wait for it")]
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let binaries = ["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"]
            .into_iter()
            .find(|path| Path::new(path).join("initdb").exists())
            .expect("PostgreSQL's server binaries: ./test installs them");
        let root = std::env::temp_dir().join(format!("incamera-pg-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
        let data = root.join("data");
        let script = format!(
            "set -e; {binaries}/initdb -D {data} -U incamera -A trust -E UTF8 --locale=C -N >/dev/null; \
             {binaries}/pg_ctl -D {data} -w -o '-c listen_addresses= -c unix_socket_directories={root} -c max_connections=300 -c shared_buffers=64MB' -l {root}/log start >/dev/null",
            data = data.display(),
            root = root.display()
        );
        let started = as_nobody(&script).stdout(Stdio::null()).stderr(Stdio::inherit()).status().unwrap();
        assert!(started.success(), "the PostgreSQL cluster did not start: see {}/log", root.display());
        let watch = format!(
            // Not `kill -0`: the watcher may not signal a process of another user, and would end at once.
            "while [ -d /proc/{pid} ]; do sleep 1; done; {binaries}/pg_ctl -D {data} -m immediate stop; rm -rf {root}",
            pid = std::process::id(),
            data = data.display(),
            root = root.display()
        );
        as_nobody(&watch).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Cluster { socket: root }
    })
}

/// PostgreSQL refuses to run as root.
fn as_nobody(script: &str) -> Command {
    let root = fs::metadata("/proc/self").is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0);
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "bash", "-c", script]);
        command
    } else {
        let mut command = Command::new("bash");
        command.args(["-c", script]);
        command
    };
    command.current_dir("/");
    command
}
