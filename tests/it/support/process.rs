//! The real binary: its commands, and a server as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::client::Client;
use super::database::{self, Kind};

/// A command of the binary, which sees none of the settings in this process's own environment.
pub fn incamera() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_incamera"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("INCAMERA_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a command said that should end by itself. One that goes on is ended, and that is a failure.
#[track_caller]
pub fn ended(command: &mut Command) -> Output {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            drop(child.kill());
            let output = child.wait_with_output().unwrap();
            panic!("it did not end: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

/// Starts what tells in its first line, at the end, on which address it listens: the process, that address, and
/// what it writes to standard error.
pub fn listening(command: &mut Command) -> (Child, SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (mut stderr, into) = (child.stderr.take().unwrap(), Arc::clone(&told));
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = stderr.read(&mut part) {
            into.lock().unwrap().extend_from_slice(&part[..length]);
        }
    });
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().trim_end_matches('.').rsplit(' ').next().and_then(|address| address.parse().ok());
    let Some(address) = address else {
        drop(child.kill());
        drop(child.wait());
        panic!("it did not start: {line}{}", String::from_utf8_lossy(&told.lock().unwrap()));
    };
    (child, address, told)
}

/// `incamera serve`, which ends with the value.
pub struct Process {
    _folder: Option<tempfile::TempDir>,
    /// The folder that `incamera init` made.
    pub data: PathBuf,
    pub address: SocketAddr,
    child: Child,
    told: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    /// Makes a server and starts it, with further settings as environment variables name them.
    pub fn start(kind: Kind, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database::fresh(kind, folder.path());
        Self::over(folder, &url, settings)
    }

    /// As [`Process::start`], on this database.
    pub fn over(folder: tempfile::TempDir, url: &str, settings: &[(&str, &str)]) -> Self {
        let data = folder.path().join("data");
        let made = incamera().args(["init", data.to_str().unwrap(), "--database", url]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::on(Some(folder), data, settings)
    }

    /// Beside whatever serves this folder already.
    pub fn beside(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::on(None, data.to_owned(), settings)
    }

    fn on(folder: Option<tempfile::TempDir>, data: PathBuf, settings: &[(&str, &str)]) -> Self {
        let config = data.join("incamera.toml");
        let mut command = incamera();
        command
            .args(["serve", "--config", config.to_str().unwrap()])
            .env("INCAMERA_SERVER__PORT", "0")
            .env("INCAMERA_SERVER__WORKERS", "1")
            .envs(settings.iter().copied());
        let (child, address, told) = listening(&mut command);
        Self { _folder: folder, data, address, child, told }
    }

    pub fn client(&self) -> Client {
        Client::new(self.address, &self.data.join("ca.pem"))
    }

    /// Whatever it has written to standard error so far.
    pub fn diagnostics(&self) -> String {
        String::from_utf8_lossy(&self.told.lock().unwrap()).into_owned()
    }

    /// Waits until the diagnostics hold `text`.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while !self.diagnostics().contains(text) {
            assert!(begun.elapsed() < Duration::from_secs(20), "never said {text:?}: {}", self.diagnostics());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended_within(&mut self, limit: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < limit, "still running after {limit:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `incamera serve` over a folder that is there already, again and again: what it says goes into a file of the folder.
pub struct Node {
    child: Child,
    pub address: SocketAddr,
    said: PathBuf,
}

impl Node {
    pub fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let said = data.join("diagnostics");
        let diagnostics = std::fs::File::options().create(true).append(true).open(&said).unwrap();
        let mut child = incamera()
            .args(["serve", "--config", data.join("incamera.toml").to_str().unwrap()])
            .env("INCAMERA_SERVER__PORT", "0")
            .env("INCAMERA_DIAGNOSTICS__LEVEL", "warn")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(diagnostics)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_end_matches('.').rsplit(' ').next().and_then(|address| address.parse().ok());
        let tell = || std::fs::read_to_string(&said).unwrap_or_default();
        let address = address.unwrap_or_else(|| panic!("it did not start: {line}{}", tell()));
        Self { child, address, said }
    }

    /// Whatever it and those before it have said.
    pub fn diagnostics(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Waits for its end, by whatever.
    pub fn wait(&mut self) {
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
