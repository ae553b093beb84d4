//! `cargo bench --bench served`: what a served request costs, each figure beside its floor in the same run.
//!
//! A server in a process of its own answers over TLS 1.3, on connections that are kept, (a) a fixed answer
//! of the size of a note, (b) the same after one indexed query by way of the same pool, and (c) the audited,
//! permitted read of that note. Between the last two stands (b+): that query with an entry in the log, without permit or
//! seal; what becomes of (b) once nobody is told anything before it is durably written down that he was. Nothing is
//! asserted: figures drift with the machine; compare within a run.

// A program for measuring is as much of a test as of a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]
#![allow(clippy::print_stdout, clippy::pedantic, dead_code, unused_imports, missing_docs)]

#[path = "measure/grow.rs"]
mod grow;
#[path = "measure/load.rs"]
mod load;
mod measure;
#[path = "measure/plot.rs"]
mod plot;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use diesel::sql_types::{Binary, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::app::{self, App};
use incamera::audit::{Entry, Event};
use incamera::context::{SystemClock, SystemEntropy};
use incamera::db::{DatabaseUrl, Work};
use incamera::server::registry::{Handler, schema};
use incamera::server::{self, Access, Answer, Gives, Logs, Route, Takes, handler};
use incamera::settings::Settings;
use serde_json::{Value, json};

use load::{Figures, Load, ROUNDS};
use plot::Curve;
use support::cluster::{self, Cluster};
use support::database::Kind;
use support::scene::{inside, note, scene};
use support::{Client, TestServer, World};

/// Unless `--clients N` says how many.
const CLIENTS: [usize; 3] = [1, 16, 64];
/// Notes in the database.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Of them, those that are read: as many are added before each size.
const READ: usize = 250;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, data] = &args[..]
        && flag == "--serve"
    {
        serve(Path::new(data));
        return;
    }
    let said = |flag: &str| args.iter().position(|arg| arg == flag).map(|at| &args[at + 1]);
    let pictures = said("--draw").map(PathBuf::from);
    let clients = said("--clients").map_or(CLIENTS.to_vec(), |clients| vec![clients.parse().unwrap()]);
    println!("{} threads of the machine, clients among them", std::thread::available_parallelism().unwrap());
    let mut curves = Curves::default();
    println!("the disk syncs {:.0} times a second", measure::syncs_a_second(tempfile::tempdir().unwrap().path()));
    if measure::is_asked_for("sqlite") {
        let sqlite = Stage::set(Kind::Sqlite, None);
        measure("SQLite", &sqlite, None, &clients, &mut curves);
        at_rest(&sqlite);
        grown("SQLite", &sqlite, None, &mut curves);
    }
    if measure::is_asked_for("postgres") {
        let cluster = Cluster::start();
        let postgres = Stage::set(Kind::Postgres, Some(&cluster));
        measure("PostgreSQL", &postgres, Some(&cluster), &clients, &mut curves);
        grown("PostgreSQL", &postgres, Some(&cluster), &mut curves);
    }
    if let Some(folder) = pictures {
        curves.draw(&folder);
    }
}

/// What is drawn at the end.
#[derive(Default)]
struct Curves {
    served: Vec<Curve>,
    grown: Vec<Curve>,
}

impl Curves {
    fn draw(&self, folder: &Path) {
        let clients = CLIENTS.map(|clients| clients as f64);
        let served = plot::draw("Requests a second", "clients", &clients, &self.served);
        std::fs::write(folder.join("served.svg"), served).unwrap();
        let sizes = SIZES.map(|size| size as f64);
        let grown =
            plot::draw("An audited read's median, in milliseconds", "notes in the database", &sizes, &self.grown);
        std::fs::write(folder.join("grown.svg"), grown).unwrap();
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

/// The same bytes as the note's, without anything, after one query, and after one that is logged; and the counts of work.
fn floors(data: &Path) -> [Route; 4] {
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
        route("/bench/query", queried(&after, &note, |_, _| {})),
        route(
            "/bench/logged",
            queried(&after, &note, |work, note| work.log(Entry::new(Event::NoteRead).on("note", note).version(1))),
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

/// Answers `body` after one indexed query and what is done `besides`, with the note's id.
fn queried(body: &Arc<str>, note: &str, besides: fn(&mut Work<'_>, &str)) -> Handler {
    let (body, note) = (Arc::clone(body), note.to_owned());
    handler(move |call| {
        let (body, note) = (Arc::clone(&body), note.clone());
        async move {
            call.db()
                .read(move |work| {
                    let query = "SELECT words FROM note_versions WHERE note_id = $1 AND version = 1";
                    let row: Words = sql_query(query).bind::<Text, _>(&note).get_result(work.conn)?;
                    assert!(!row.words.is_empty());
                    besides(work, &note);
                    Ok(())
                })
                .await?;
            Ok(Answer::json_text(&body))
        }
    })
}

/// A network with a note of 1 KiB, and somebody inside its room.
struct Stage {
    data: PathBuf,
    url: DatabaseUrl,
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
        let url = DatabaseUrl::parse(&url, &data).unwrap();
        Self { data, url, address, path, reader, child, _folder: folder }
    }

    /// A request for this path, with the reader's credentials where it takes any.
    fn request(&self, path: &str) -> String {
        let mut request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n");
        if path.starts_with("/api/") {
            let of = |one: &Option<String>| one.clone().unwrap();
            request += &format!(
                "authorization: Bearer {}\r\nincamera-unlock: {}\r\nincamera-visit: {}\r\n",
                of(&self.reader.token),
                of(&self.reader.unlock),
                of(&self.reader.visit)
            );
        }
        request + "\r\n"
    }

    fn load(&self, clients: usize, cluster: Option<&Cluster>, requests: &[String]) -> Figures {
        let counters = || self.counters();
        let (address, ca, server) = (self.address, &*self.data.join("ca.pem"), self.child.id());
        Load { address, ca, server, cluster, clients, requests, counters: &counters }.measure()
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

fn measure(name: &'static str, stage: &Stage, cluster: Option<&Cluster>, clients: &[usize], curves: &mut Curves) {
    println!(
        "\n{name}; a note of {} bytes as it is answered",
        std::fs::metadata(stage.data.join("body.json")).unwrap().len()
    );
    load::head();
    let mut drawn: Vec<Curve> = ["(a) bare", "(b) one query", "(b+) logged", "(c) audited read"]
        .into_iter()
        .enumerate()
        .map(|(kind, what)| Curve { name: what.to_owned(), database: name, kind, points: Vec::new() })
        .collect();
    for &clients in clients {
        let paths = ["/bench/bare", "/bench/query", "/bench/logged", stage.path.as_str()];
        // In turn, so that what else the machine does falls on all alike.
        let rounds: Vec<[Figures; 4]> =
            (0..ROUNDS).map(|_| paths.map(|path| stage.load(clients, cluster, &[stage.request(path)]))).collect();
        let what = ["(a) bare handler", "(b) and one query", "(b+) and an entry", "(c) audited read of a note"];
        for ((at, what), curve) in what.into_iter().enumerate().zip(&mut drawn) {
            let figures = Figures::middle(rounds.iter().map(|round| round[at].clone()).collect());
            figures.print(what);
            curve.points.push((clients as f64, figures.a_second));
        }
        let beside = |of: fn(&Figures) -> f64, one: usize, floor: usize| {
            let mut ratios: Vec<f64> = rounds.iter().map(|round| of(&round[one]) / of(&round[floor])).collect();
            ratios.sort_by(f64::total_cmp);
            ratios[ROUNDS / 2]
        };
        println!(
            "{:>7}  (c) beside (a), (b), the middle of each round's: CPU {:.1} and {:.1} times, requests {:.3} and {:.3}; (b+) beside (b): {:.3}",
            "",
            beside(|figures| figures.cpu, 3, 0),
            beside(|figures| figures.cpu, 3, 1),
            beside(|figures| figures.a_second, 3, 0),
            beside(|figures| figures.a_second, 3, 1),
            beside(|figures| figures.a_second, 2, 1)
        );
    }
    println!("memory of the server after that: {} MB", load::resident(stage.child.id()) / 1024);
    curves.served.append(&mut drawn);
}

/// The read of notes among more and more of them, each time of ones that were written when there were fewer, too.
fn grown(name: &'static str, stage: &Stage, cluster: Option<&Cluster>, curves: &mut Curves) {
    println!("\n{name}; reads of {READ} notes and more among so many");
    load::head();
    let (notes, of) = stage.path.rsplit_once('/').unwrap();
    let (notes, of) = (notes.to_owned(), of.to_owned());
    let mut writer = stage.reader.again_at(stage.address);
    let mut requests: Vec<String> = Vec::new();
    let mut there = 0;
    let mut medians = [(0, "1 client"), (1, "16 clients")].map(|(kind, clients)| Curve {
        name: clients.to_owned(),
        database: name,
        kind,
        points: Vec::new(),
    });
    for size in SIZES {
        let begun = Instant::now();
        grow::copies(&stage.url, &of, size - there - READ);
        for _ in 0..READ {
            let written = writer.post(&notes, &note("A note", &"text ".repeat(200))).expect(201);
            requests.push(stage.request(&format!("{notes}/{}", written["id"].as_str().unwrap())));
        }
        there = size;
        for (clients, curve) in [1, 16].into_iter().zip(&mut medians) {
            let figures = Figures::middle((0..ROUNDS).map(|_| stage.load(clients, cluster, &requests)).collect());
            figures.print(&format!("among {size}"));
            curve.points.push((size as f64, figures.p50));
        }
        println!("         made in {:.0} s", begun.elapsed().as_secs_f64());
    }
    for curve in medians {
        let [first, .., last] = &curve.points[..] else { unreachable!() };
        println!(
            "{}, {name}: the median among the most is {:.2} times that among the fewest",
            curve.name,
            last.1 / first.1
        );
        curves.grown.push(curve);
    }
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
        load::resident(child.id()) as f64 / 1024.0,
        std::fs::metadata(program).unwrap().len() as f64 / 1e6
    );
    drop(child.kill());
    drop(child.wait());
}
