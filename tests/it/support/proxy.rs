//! Stands between the server and PostgreSQL, and breaks the connection at a chosen statement: before it
//! arrives, or after it was carried out and before the answer comes back.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// When the connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The statement never arrives.
    Before,
    /// The statement was carried out; its answer never arrives.
    After,
}

/// A chosen statement, and what happens to the connection that sends it.
#[derive(Clone, Copy, Debug)]
pub struct Trap {
    /// A part of the statement's text, as it is sent.
    pub statement: &'static str,
    pub when: Break,
    /// No connection is let through from then on.
    pub and_shut: bool,
}

#[derive(Clone)]
pub struct Proxy {
    folder: PathBuf,
    trap: Arc<Mutex<Option<Trap>>>,
    shut: Arc<AtomicBool>,
}

impl Proxy {
    /// Listens in `folder` for the cluster whose socket is in `behind`.
    pub fn start(folder: &Path, behind: &Path) -> Self {
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let proxy =
            Self { folder: folder.into(), trap: Arc::new(Mutex::new(None)), shut: Arc::new(AtomicBool::new(false)) };
        let (its, behind) = (proxy.clone(), behind.join(".s.PGSQL.5432"));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                match UnixStream::connect(&behind) {
                    Ok(server) if !its.shut.load(Ordering::SeqCst) => its.carry(client, server),
                    _ => drop(client.shutdown(Shutdown::Both)),
                }
            }
        });
        proxy
    }

    /// The URL of a database of the cluster behind, by way of this.
    pub fn url(&self, database_url: &str) -> String {
        let (before, _) = database_url.split_once("host=").unwrap();
        format!("{before}host={}", self.folder.display())
    }

    pub fn arm(&self, trap: Trap) {
        *self.trap.lock().unwrap() = Some(trap);
    }

    /// Whether the trap has sprung.
    pub fn sprung(&self) -> bool {
        self.trap.lock().unwrap().is_none()
    }

    /// Lets connections through again.
    pub fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
    }

    fn carry(&self, client: UnixStream, server: UnixStream) {
        let swallow = Arc::new(AtomicBool::new(false));
        let (its, its_swallow) = (self.clone(), Arc::clone(&swallow));
        let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || {
            let mut part = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from_client.read(&mut part) {
                match its.springs(&part[..length]) {
                    Some(Break::Before) => break,
                    Some(Break::After) => its_swallow.store(true, Ordering::SeqCst),
                    None => {}
                }
                if to_server.write_all(&part[..length]).is_err() {
                    break;
                }
            }
            drop(from_client.shutdown(Shutdown::Both));
            drop(to_server.shutdown(Shutdown::Both));
        });
        let (mut from_server, mut to_client) = (server, client);
        std::thread::spawn(move || {
            let mut part = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from_server.read(&mut part) {
                if swallow.load(Ordering::SeqCst) || to_client.write_all(&part[..length]).is_err() {
                    break;
                }
            }
            drop(from_server.shutdown(Shutdown::Both));
            drop(to_client.shutdown(Shutdown::Both));
        });
    }

    fn springs(&self, sent: &[u8]) -> Option<Break> {
        let mut trap = self.trap.lock().unwrap();
        let armed = trap.as_mut()?;
        let statement = armed.statement.as_bytes();
        if !sent.windows(statement.len()).any(|window| window == statement) {
            return None;
        }
        let when = armed.when;
        self.shut.store(armed.and_shut, Ordering::SeqCst);
        *trap = None;
        Some(when)
    }
}
