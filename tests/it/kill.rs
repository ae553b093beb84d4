//! `kill -9`, a hundred times, at random, under a mixed load: no answered change without its entry, no
//! entry without its change, no disclosed contents without an entry, and serving goes on.
//!
//! Fifty times on each database, over one network whose data accumulate. On PostgreSQL every other time it
//! is the database that is killed and started again, while the server stays and has to come back by itself.

mod ledger;
mod load;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use incamera::db::DatabaseUrl;
use incamera::network::model::Role;

use self::ledger::Ledger;
use self::load::{Cast, Done, Outcome, Part, Player, Traveller, play, sign_in_of};
use crate::support::cluster::Cluster;
use crate::support::database::Kind;
use crate::support::scene::{note, scene, visit};
use crate::support::world::PASSWORD;
use crate::support::{Client, Reply, TestServer, World};

const RUNS: u32 = 50;

/// The real binary on a data folder.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path) -> Self {
        let diagnostics = std::fs::File::options().create(true).append(true).open(data.join("diagnostics")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_incamera"))
            .args(["serve", "--config", data.join("incamera.toml").to_str().unwrap()])
            .env("INCAMERA_SERVER__PORT", "0")
            .env("INCAMERA_DIAGNOSTICS__LEVEL", "warn")
            .envs(SETTINGS.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(diagnostics)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_end_matches('.').rsplit(' ').next().and_then(|address| address.parse().ok());
        let said = || std::fs::read_to_string(data.join("diagnostics")).unwrap_or_default();
        let address = address.unwrap_or_else(|| panic!("it did not start: {line}{}", said()));
        Self { child, address }
    }

    fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

const SETTINGS: [(&str, &str); 7] = [
    // Longer than the whole test: a second factor's code is good for one log-in only.
    ("INCAMERA_IDENTITY__ACCESS_SECONDS", "900"),
    ("INCAMERA_IDENTITY__ARGON2_MEMORY_KIB", "19456"),
    ("INCAMERA_IDENTITY__ARGON2_PASSES", "2"),
    ("INCAMERA_IDENTITY__TRIES_PER_SOURCE", "100000"),
    ("INCAMERA_IDENTITY__TRIES_PER_ACCOUNT", "100000"),
    ("INCAMERA_IDENTITY__SIGN_INS_PER_PERSON", "100000"),
    ("INCAMERA_SERVER__WORKERS", "1"),
];

/// What happens by chance here need not be hard to guess.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let seed = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap() | 1;
        println!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// A network on disk, everybody's log-in, and nobody serving it.
struct Stage {
    data: PathBuf,
    url: DatabaseUrl,
    cast: Cast,
    players: Vec<Player>,
    /// Somebody outside the load, who looks whether the server serves.
    probe: Client,
    _folder: Arc<tempfile::TempDir>,
}

impl Stage {
    fn set(kind: Kind, url: &str) -> Self {
        let mut world = World::new(TestServer::start_on(kind, tempfile::tempdir().unwrap(), url, &SETTINGS));
        let scene = scene(&world);
        let candidates =
            ["late1", "late2", "late3"].map(|key| world.add(key, "DE", Role::ContactPoint).to_string()).to_vec();
        let mut players = Vec::new();
        // Two codes are good at a time, so nobody logs in more than twice.
        for (key, part) in [
            ("fr", Part::Writer),
            ("fr2", Part::Writer),
            ("de", Part::Reader),
            ("se", Part::Visitor),
            ("fr", Part::Admitter),
            ("de", Part::Releaser),
            ("sec", Part::Secretary),
            ("se", Part::Reader),
        ] {
            let session = world.log_in(key);
            let mut client = world.with(&session);
            if key != "sec" {
                visit(&mut client, &scene.room);
            }
            players.push(Player { part, client, who: sign_in_of(&session) });
        }
        world.seed("assoc");
        let notes = format!("/api/v1/rooms/{}/notes", scene.room);
        let mut written = |player: usize| {
            let client: &mut Client = &mut players[player].client;
            client.post(&notes, &note("A", "one")).expect(201)["id"].as_str().unwrap().to_owned()
        };
        let (shared, released) = (written(0), written(2));
        let cast = Cast {
            room: scene.room.to_string(),
            shared,
            released,
            observer: world.party("UA").to_string(),
            party: world.party("DE").to_string(),
            candidates,
            traveller: Traveller {
                person: world.person("assoc").to_string(),
                email: World::email("assoc"),
                password: PASSWORD,
            },
        };
        let probe = players.pop().unwrap().client;
        players.push(Player { part: Part::Traveller, client: probe.anew(), who: cast.traveller.person.clone() });
        let World { server, .. } = world;
        let (data, url) = (server.settings.base.clone(), server.url());
        Self { data, url, cast, players, probe, _folder: server.stop() }
    }

    /// An audited read and a write by somebody outside the load.
    fn serves(&mut self, address: SocketAddr) -> bool {
        let mut client = self.probe.again_at(address);
        let notes = format!("/api/v1/rooms/{}/notes", self.cast.room);
        let good = |reply: std::io::Result<Reply>, status| reply.is_ok_and(|reply| reply.status == status);
        let json = [("content-type", "application/json")];
        good(client.try_send("GET", &format!("{notes}/{}", self.cast.shared), &[], None), 200)
            && good(client.try_send("POST", &notes, &json, Some(note("P", "p").to_string().as_bytes())), 201)
    }

    #[track_caller]
    fn goes_on(&mut self, run: &str, address: SocketAddr) {
        let begun = Instant::now();
        while !self.serves(address) {
            assert!(begun.elapsed() < Duration::from_secs(5), "{run}: not serving again after {:?}", begun.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets everybody play while `what` happens; answers all they did.
    fn play(&self, address: SocketAddr, what: impl FnOnce()) -> Vec<Done> {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .players
                .iter()
                .map(|player| {
                    let (client, stop) = (player.client.again_at(address), &stop);
                    scope.spawn(move || play(&self.cast, player, client, stop))
                })
                .collect();
            what();
            stop.store(true, Ordering::SeqCst);
            threads.into_iter().flat_map(|thread| thread.join().expect("a player did not panic")).collect()
        })
    }

    /// The command that the operator has.
    fn verify(&self, run: &str) {
        let verified = Command::new(env!("CARGO_BIN_EXE_incamera"))
            .args(["audit", "verify", "--config", self.data.join("incamera.toml").to_str().unwrap()])
            .output()
            .unwrap();
        assert!(verified.status.success(), "{run}: {}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// Whom to kill.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Server,
    Database,
}

fn runs(kind: Kind, cluster: Option<&Cluster>) {
    let folder = tempfile::tempdir().unwrap();
    let url = match cluster {
        Some(cluster) => cluster.fresh(),
        None => format!("sqlite:{}", folder.path().join("kill.db").display()),
    };
    let mut stage = Stage::set(kind, &url);
    let mut ledger = Ledger::open(&stage.url);
    let mut dice = Dice::new();
    let (mut asked, mut unknown) = (0, 0);
    let mut server = Server::start(&stage.data);
    for number in 0..RUNS {
        let victim = if cluster.is_some() && number % 2 == 1 { Victim::Database } else { Victim::Server };
        let run = format!("{kind:?}, run {number}, killing the {victim:?}");
        let done = stage.play(server.address, || match (victim, cluster) {
            (Victim::Database, Some(cluster)) => {
                std::thread::sleep(dice.millis(30, 700));
                cluster.stop_at_once();
                std::thread::sleep(dice.millis(0, 300));
                cluster.start_again();
                std::thread::sleep(dice.millis(100, 300));
            }
            _ => {
                // Now and then before it has answered much.
                std::thread::sleep(if dice.below(8) == 0 { dice.millis(0, 30) } else { dice.millis(30, 800) });
                server.kill();
            }
        });
        asked += done.len();
        unknown += done.iter().filter(|one| matches!(one.outcome, Outcome::Unknown)).count();
        if let Victim::Server = victim {
            server = Server::start(&stage.data);
        }
        stage.goes_on(&run, server.address);
        ledger.check(&run, &done);
        if number % 10 == 9 {
            stage.verify(&run);
        }
    }
    println!("{kind:?}: {RUNS} kills, {asked} requests recorded, {unknown} of unknown end, {} entries", ledger.len());
    assert!(asked > 8 * usize::try_from(RUNS).unwrap(), "a load worth the name");
    assert!(unknown > usize::try_from(RUNS).unwrap(), "it was killed in the middle of something");
}

#[test]
fn killed_at_random_on_sqlite() {
    runs(Kind::Sqlite, None);
}

#[test]
fn killed_at_random_on_postgresql() {
    let cluster = Cluster::start();
    runs(Kind::Postgres, Some(&cluster));
}
