//! Clients that ask over TLS on kept connections, as fast as they are answered, and what that costs the server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::support;
use crate::support::cluster::Cluster;

const WARM: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_secs(1);
/// Of which the middle one is told.
pub const ROUNDS: usize = 7;

/// What asks of whom.
pub struct Load<'a> {
    pub address: SocketAddr,
    pub ca: &'a Path,
    /// The server's process.
    pub server: u32,
    pub cluster: Option<&'a Cluster>,
    pub clients: usize,
    /// What is asked: each client goes through all of it, from a place of its own.
    pub requests: &'a [String],
    /// The server's counts: reads, queries, entries, commits, prepared statements.
    pub counters: &'a dyn Fn() -> [u64; 5],
}

/// What one row of the table says.
#[derive(Clone)]
pub struct Figures {
    clients: usize,
    pub a_second: f64,
    /// Milliseconds.
    pub p50: f64,
    p99: f64,
    /// Microseconds of the server for each request.
    pub cpu: f64,
    /// Microseconds of the database's own processes for each request.
    database: f64,
    queries: f64,
    prepared: u64,
    commits: f64,
    /// Entries in each commit.
    together: f64,
}

impl Figures {
    /// The one in the middle by requests a second.
    pub fn middle(mut rounds: Vec<Self>) -> Self {
        rounds.sort_by(|a, b| a.a_second.total_cmp(&b.a_second));
        rounds.swap_remove(rounds.len() / 2)
    }

    /// Prints a row of the table.
    pub fn print(&self, what: &str) {
        println!(
            "{:>7}  {what:<26} {:>10.0} {:>8.2} {:>8.2} {:>8.0} {:>8.0} {:>8.2} {:>8} {:>8.2} {:>10.1}",
            self.clients,
            self.a_second,
            self.p50,
            self.p99,
            self.cpu,
            self.database,
            self.queries,
            self.prepared,
            self.commits,
            self.together
        );
    }
}

impl Load<'_> {
    /// Measures once.
    pub fn measure(&self) -> Figures {
        let config = Arc::new(support::client::tls_config(self.ca));
        let clients = self.clients;
        let (warm, over) = (AtomicBool::new(true), AtomicBool::new(false));
        let ready = Barrier::new(clients + 1);
        let database = || self.cluster.map_or(0, |cluster| cluster.processes().into_iter().map(ticks).sum::<u64>());
        let mut spent = (0, 0, [0; 5], Duration::ZERO);
        let mut taken: Vec<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..clients)
                .map(|number| {
                    let (address, requests) = (self.address, self.requests);
                    let (config, warm, over, ready) = (&config, &warm, &over, &ready);
                    scope.spawn(move || {
                        let mut caller = Caller::connect(address, config);
                        let mut taken = Vec::new();
                        ready.wait();
                        for request in requests.iter().cycle().skip(number * requests.len() / clients) {
                            if over.load(Ordering::Relaxed) {
                                break;
                            }
                            let begun = Instant::now();
                            caller.call(request.as_bytes());
                            if !warm.load(Ordering::Relaxed) {
                                taken.push(begun.elapsed().as_micros() as u32);
                            }
                        }
                        taken
                    })
                })
                .collect();
            ready.wait();
            std::thread::sleep(WARM);
            let (before, counters, begun) = ((ticks(self.server), database()), (self.counters)(), Instant::now());
            warm.store(false, Ordering::Relaxed);
            std::thread::sleep(MEASURED);
            let after = (ticks(self.server), database());
            let now = (self.counters)();
            let counted: [u64; 5] = std::array::from_fn(|at| now[at] - counters[at]);
            spent = (after.0 - before.0, after.1 - before.1, counted, begun.elapsed());
            over.store(true, Ordering::Relaxed);
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        taken.sort_unstable();
        let (server, database, [_, queries, entries, commits, prepared], elapsed) = spent;
        let count = taken.len() as f64;
        let each = |ticks: u64| ticks as f64 * 10_000.0 / count;
        let percentile = |part: f64| f64::from(taken[(count * part) as usize]) / 1000.0;
        Figures {
            clients,
            a_second: count / elapsed.as_secs_f64(),
            p50: percentile(0.5),
            p99: percentile(0.99),
            cpu: each(server),
            database: each(database),
            queries: queries as f64 / count,
            prepared,
            commits: commits as f64 / count,
            together: entries as f64 / commits.max(1) as f64,
        }
    }
}

/// The head of that table.
pub fn head() {
    println!(
        "{:>7}  {:<26} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>10}",
        "clients",
        "",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs",
        "DB µs",
        "queries",
        "prepared",
        "commits",
        "per commit"
    );
}

/// A kept connection.
struct Caller {
    stream: StreamOwned<ClientConnection, TcpStream>,
    read: Vec<u8>,
}

impl Caller {
    fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        let connection = ClientConnection::new(Arc::clone(config), ServerName::try_from("localhost").unwrap()).unwrap();
        Self { stream: StreamOwned::new(connection, socket), read: vec![0; 1 << 16] }
    }

    fn call(&mut self, request: &[u8]) {
        self.stream.write_all(request).unwrap();
        self.stream.flush().unwrap();
        let mut length = 0;
        loop {
            length += self.stream.read(&mut self.read[length..]).unwrap();
            let said = &self.read[..length];
            let Some(head) = said.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&said[..head]).unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{}", String::from_utf8_lossy(said));
            let body = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
            if length == head + 4 + body.parse::<usize>().unwrap() {
                return;
            }
        }
    }
}

/// Hundredths of a second that a process has computed.
fn ticks(pid: u32) -> u64 {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0 };
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Memory of a process, KiB.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
