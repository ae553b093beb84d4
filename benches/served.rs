//! `cargo bench --bench served`: what a served request costs, each figure beside its floor in the same run.
//!
//! A server in a process of its own answers over TLS 1.3, on connections that are kept, (a) a fixed answer
//! of the size of a note, (b) the same after one indexed query by way of the same pool, and (c) the audited,
//! permitted read of that note. Nothing is asserted: figures drift with the machine; compare within a run.

// A program for measuring is as much of a test as of a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]
#![allow(clippy::print_stdout, clippy::pedantic, dead_code, unused_imports, missing_docs)]

mod measure;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use actix_web::http::Method;
use diesel::sql_types::{Binary, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::app::{self, App};
use incamera::context::{SystemClock, SystemEntropy};
use incamera::server::registry::schema;
use incamera::server::{self, Access, Answer, Gives, Logs, Route, Takes, handler};
use incamera::settings::Settings;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::{Value, json};

use support::cluster::{self, Cluster};
use support::database::Kind;
use support::scene::{inside, note, scene};
use support::{Client, TestServer, World};

const CLIENTS: [usize; 3] = [1, 16, 64];
const WARM: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(4);

fn main() {
    if let [_, flag, data] = &std::env::args().collect::<Vec<_>>()[..]
        && flag == "--serve"
    {
        serve(Path::new(data));
        return;
    }
    println!("{} threads of the machine, clients among them", std::thread::available_parallelism().unwrap());
    let sqlite = Stage::set(Kind::Sqlite, None);
    println!("the disk syncs {:.0} times a second", measure::syncs_a_second(&sqlite.data));
    measure("SQLite", &sqlite, None);
    at_rest(&sqlite);
    if cluster::binaries().is_some() {
        let cluster = Cluster::start();
        let postgres = Stage::set(Kind::Postgres, Some(&cluster));
        measure("PostgreSQL", &postgres, Some(&cluster));
    } else {
        println!("PostgreSQL: left out, its server is not installed");
    }
}

/// The server in a process of its own, with two routes more.
fn serve(data: &Path) {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).with_ansi(false).init();
    let settings = Settings::load(&data.join("incamera.toml")).unwrap();
    actix_web::rt::System::new().block_on(async {
        let app = App::open(settings, Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap();
        let mut routes = app::routes(&app.identity);
        routes.extend(floors(data));
        let running = server::start(&app.state, routes, false).unwrap();
        println!("{}", running.address);
        running.server.await.unwrap();
    });
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Binary)]
    words: Vec<u8>,
}

/// The same bytes as the note's, without anything and after one query; and the counts of work.
fn floors(data: &Path) -> [Route; 3] {
    let body: Arc<str> = std::fs::read_to_string(data.join("body.json")).unwrap().into();
    let note = serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned();
    let (bare, after) = (Arc::clone(&body), body);
    let route = |path, handler| Route {
        method: Method::GET,
        path,
        name: path,
        summary: "A floor to measure from.",
        access: Access::Anyone,
        logs: Logs::Nothing,
        takes: Takes::Nothing,
        gives: Gives::Json(schema::<Value>),
        also: &[],
        handler,
    };
    [
        route(
            "/bench/bare",
            handler(move |_| {
                let body = Arc::clone(&bare);
                async move { Ok(Answer::json_text(&body)) }
            }),
        ),
        route(
            "/bench/query",
            handler(move |call| {
                let (body, note) = (Arc::clone(&after), note.clone());
                async move {
                    call.db()
                        .read(move |work| {
                            let query = "SELECT words FROM note_versions WHERE note_id = $1 AND version = 1";
                            let row: Words = sql_query(query).bind::<Text, _>(note).get_result(work.conn)?;
                            assert!(!row.words.is_empty());
                            Ok(())
                        })
                        .await?;
                    Ok(Answer::json_text(&body))
                }
            }),
        ),
        route(
            "/bench/counters",
            handler(|call| async move {
                let now = call.db().counters();
                Answer::json(&json!([now.reads, now.read_queries(), now.entries, now.commits, now.prepared]))
            }),
        ),
    ]
}

/// A network with a note of 1 KiB, and somebody inside its room.
struct Stage {
    data: PathBuf,
    address: SocketAddr,
    path: String,
    reader: Client,
    child: Child,
    _folder: Arc<tempfile::TempDir>,
}

const SETTINGS: [(&str, &str); 3] = [
    ("INCAMERA_IDENTITY__ACCESS_SECONDS", "900"),
    ("INCAMERA_IDENTITY__ARGON2_MEMORY_KIB", "19456"),
    ("INCAMERA_IDENTITY__ARGON2_PASSES", "2"),
];

impl Stage {
    fn set(kind: Kind, cluster: Option<&Cluster>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = cluster
            .map_or_else(|| format!("sqlite:{}", folder.path().join("bench.db").display()), |cluster| cluster.fresh());
        let mut world = World::new(TestServer::start_on(kind, folder, &url, &SETTINGS));
        let scene = scene(&mut world);
        let notes = format!("/api/v1/rooms/{}/notes", scene.room);
        let written = inside(&mut world, "fr", &scene.room).post(&notes, &note("A note", &"text ".repeat(200)));
        let path = format!("{notes}/{}", written.expect(201)["id"].as_str().unwrap());
        let mut reader = inside(&mut world, "de", &scene.room);
        let body = reader.get(&path);
        body.expect(200);
        let World { server, .. } = world;
        let data = server.settings.base.clone();
        let folder = server.stop();
        std::fs::write(data.join("body.json"), &body.body).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([Path::new("--serve"), &data])
            .envs(SETTINGS)
            .env("INCAMERA_SERVER__PORT", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().parse().expect("the server started");
        Self { data, address, path, reader, child, _folder: folder }
    }

    fn counters(&self) -> [u64; 5] {
        let counters = self.reader.again_at(self.address).get("/bench/counters").expect(200);
        std::array::from_fn(|at| counters[at].as_u64().unwrap())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What one row of the table says.
struct Figures {
    a_second: f64,
    cpu: f64,
}

fn measure(name: &str, stage: &Stage, cluster: Option<&Cluster>) {
    println!(
        "\n{name}; a note of {} bytes as it is answered",
        std::fs::metadata(stage.data.join("body.json")).unwrap().len()
    );
    println!(
        "{:>7}  {:<26} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>10}",
        "clients", "", "requests/s", "p50 ms", "p99 ms", "CPU µs", "DB µs", "queries", "commits", "per commit"
    );
    for clients in CLIENTS {
        let mut all = Vec::new();
        for (what, path) in [
            ("(a) bare handler", "/bench/bare"),
            ("(b) and one query", "/bench/query"),
            ("(c) audited read of a note", stage.path.as_str()),
        ] {
            all.push(row(what, stage, path, clients, cluster));
        }
        let [bare, query, read] = &all[..] else { unreachable!() };
        println!(
            "{:>7}  (c) beside (a), (b): CPU {:.1} and {:.1} times, requests 1/{:.1} and 1/{:.1}",
            "",
            read.cpu / bare.cpu,
            read.cpu / query.cpu,
            bare.a_second / read.a_second,
            query.a_second / read.a_second
        );
    }
    println!("memory of the server after that: {} MB", resident(stage.child.id()) / 1024);
}

fn row(what: &str, stage: &Stage, path: &str, clients: usize, cluster: Option<&Cluster>) -> Figures {
    let config = Arc::new(support::client::tls_config(&stage.data.join("ca.pem")));
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n");
    if path == stage.path {
        let reader = &stage.reader;
        let of = |one: &Option<String>| one.clone().unwrap();
        request += &format!(
            "authorization: Bearer {}\r\nincamera-unlock: {}\r\nincamera-visit: {}\r\n",
            of(&reader.token),
            of(&reader.unlock),
            of(&reader.visit)
        );
    }
    request += "\r\n";
    let (warm, over) = (AtomicBool::new(true), AtomicBool::new(false));
    let ready = Barrier::new(clients + 1);
    let database = || cluster.map_or(0, |cluster| cluster.processes().into_iter().map(ticks).sum());
    let mut spent = (0, 0, [0; 5], Duration::ZERO);
    let mut taken: Vec<u32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|_| {
                let (config, request, warm, over, ready) = (&config, request.as_bytes(), &warm, &over, &ready);
                scope.spawn(move || {
                    let mut caller = Caller::connect(stage.address, config);
                    let mut taken = Vec::new();
                    ready.wait();
                    while !over.load(Ordering::Relaxed) {
                        let begun = Instant::now();
                        caller.call(request);
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
        let (before, counters, begun) = ((ticks(stage.child.id()), database()), stage.counters(), Instant::now());
        warm.store(false, Ordering::Relaxed);
        std::thread::sleep(MEASURED);
        let after = (ticks(stage.child.id()), database());
        let counted: [u64; 5] = std::array::from_fn(|at| stage.counters()[at] - counters[at]);
        spent = (after.0 - before.0, after.1 - before.1, counted, begun.elapsed());
        over.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    taken.sort_unstable();
    let (server, database, [_, queries, entries, commits, _], elapsed) = spent;
    let count = taken.len() as f64;
    let each = |ticks: u64| ticks as f64 * 10_000.0 / count;
    let percentile = |part: f64| f64::from(taken[(count * part) as usize]) / 1000.0;
    let figures = Figures { a_second: count / elapsed.as_secs_f64(), cpu: each(server) };
    println!(
        "{clients:>7}  {what:<26} {:>10.0} {:>8.2} {:>8.2} {:>8.0} {:>8.0} {:>8.2} {:>8.2} {:>10.1}",
        figures.a_second,
        percentile(0.5),
        percentile(0.99),
        figures.cpu,
        each(database),
        queries as f64 / count,
        commits as f64 / count,
        entries as f64 / commits.max(1) as f64
    );
    figures
}

/// A kept connection that says the same again and again.
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
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The program as it is shipped: its size, how soon it answers on data that are there, and its memory then.
fn at_rest(stage: &Stage) {
    let program = env!("CARGO_BIN_EXE_incamera");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args([Path::new("serve"), Path::new("--config"), &stage.data.join("incamera.toml")])
        .env("INCAMERA_SERVER__PORT", port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut client = stage.reader.again_at(([127, 0, 0, 1], port).into());
    while client.try_send("GET", &stage.path, &[], None).is_err() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let first = begun.elapsed();
    std::thread::sleep(Duration::from_secs(2));
    println!(
        "\nfrom start to the first audited read answered: {} ms; idle memory: {:.1} MB; the program: {:.1} MB",
        first.as_millis(),
        resident(child.id()) as f64 / 1024.0,
        std::fs::metadata(program).unwrap().len() as f64 / 1e6
    );
    drop(child.kill());
    drop(child.wait());
}
