//! `kill -9`, a hundred times, at random, under a mixed load: no answered change without its entry, no
//! entry without its change, no disclosed contents without an entry, serving goes on; and the log goes on from
//! every checkpoint that was ever signed, also when it was signing that was interrupted.
//!
//! Fifty times on each database, over one network whose data accumulate. On PostgreSQL every other time it
//! is the database that is killed and started again, while the server stays and has to come back by itself.
//! `INCAMERA_KILLS=1000 cargo test --test it killed_at_random -- --nocapture` does it a thousand times.

mod ledger;
mod load;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use incamera::db::{Conn, DatabaseUrl};
use incamera::network::model::Role;

use self::ledger::Ledger;
use self::load::{Cast, Done, Outcome, Part, Player, Signals, Traveller, play, sign_in_of};
use crate::support::cluster::Cluster;
use crate::support::database::Kind;
use crate::support::kept::Kept;
use crate::support::process::{self, Node};
use crate::support::scene::{note, scene, visit};
use crate::support::world::PASSWORD;
use crate::support::{Client, Reply, TestServer, World};

/// How often over one network, and how long at most: no log-in lasts longer.
const RUNS: u32 = 50;
const LONGEST: Duration = Duration::from_secs(600);

/// Kills as often as asked for, each time over a new network.
fn rounds(kind: Kind, cluster: Option<&Cluster>) {
    let times =
        std::env::var_os("INCAMERA_KILLS").map_or(2 * RUNS, |times| times.to_str().unwrap().parse().unwrap()) / 2;
    let (begun, mut sum) = (Instant::now(), Sum::default());
    while sum.kills < times {
        runs(kind, cluster, RUNS.min(times - sum.kills), &mut sum);
        println!("{kind:?}, {} s: {sum:?}", begun.elapsed().as_secs());
    }
    assert!(sum.requests > 8 * usize::try_from(times).unwrap(), "a load worth the name");
    assert!(sum.of_unknown_end > usize::try_from(times).unwrap(), "it was killed in the middle of something");
}

/// What it came to. The last is how often a half-written checkpoint was left behind.
#[derive(Debug, Default)]
struct Sum {
    kills: u32,
    requests: usize,
    of_unknown_end: usize,
    entries: usize,
    checkpoints: usize,
    checkpoints_cut_short: u32,
}

const SETTINGS: [(&str, &str); 8] = [
    // As often as can be.
    ("INCAMERA_AUDIT__PUBLISH_SECONDS", "1"),
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
    kept: Kept,
    _folder: Arc<tempfile::TempDir>,
}

impl Stage {
    fn set(kind: Kind, url: &str) -> Self {
        let mut world = World::new(TestServer::start_on(kind, tempfile::tempdir().unwrap(), url, &SETTINGS));
        let scene = scene(&mut world);
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
        let kept = Kept::of(&data);
        Self { data, url, cast, players, probe, kept, _folder: server.stop() }
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
    fn play(&self, address: SocketAddr, what: impl FnOnce(&Signals)) -> Vec<Done> {
        let signals = Signals::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .players
                .iter()
                .map(|player| {
                    let (client, signals) = (player.client.again_at(address), &signals);
                    scope.spawn(move || play(&self.cast, player, client, signals))
                })
                .collect();
            what(&signals);
            signals.stop.store(true, Ordering::SeqCst);
            threads.into_iter().flat_map(|thread| thread.join().expect("a player did not panic")).collect()
        })
    }

    /// Waits until a checkpoint is being signed, for as long as one may take to come.
    fn signing(&self) {
        let file = self.data.join("log.checkpoint");
        let last = || std::fs::metadata(&file).and_then(|data| data.modified()).ok();
        let (begun, before, beside) = (Instant::now(), last(), self.beside());
        while last() == before && !beside.exists() && begun.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Where a checkpoint is written to before it replaces the last.
    fn beside(&self) -> PathBuf {
        self.data.join("log.new")
    }

    /// A checkpoint is given out over all that there is, and the log begins with every one that was ever seen.
    #[track_caller]
    fn signs(&mut self, run: &str) {
        let mut conn = self.url.open_writer().unwrap();
        let size = size(&mut conn);
        let begun = Instant::now();
        while self.kept.look(&mut conn).1 < size {
            assert!(begun.elapsed() < Duration::from_secs(5), "{run}: nothing was signed");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kept.agree(&mut conn);
    }

    /// The command that the operator has.
    fn verify(&self, run: &str) {
        let verified = process::incamera()
            .args(["audit", "verify", "--config", self.data.join("incamera.toml").to_str().unwrap()])
            .output()
            .unwrap();
        assert!(verified.status.success(), "{run}: {}", String::from_utf8_lossy(&verified.stderr));
    }
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    size: i64,
}

fn size(conn: &mut Conn) -> u64 {
    sql_query("SELECT size FROM audit_head").get_result::<Size>(conn).unwrap().size.unsigned_abs()
}

/// Whom to kill.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Server,
    Database,
}

fn runs(kind: Kind, cluster: Option<&Cluster>, times: u32, sum: &mut Sum) {
    let folder = tempfile::tempdir().unwrap();
    let url = match cluster {
        Some(cluster) => cluster.fresh(),
        None => format!("sqlite:{}", folder.path().join("kill.db").display()),
    };
    let mut stage = Stage::set(kind, &url);
    let mut ledger = Ledger::open(&stage.url);
    let mut dice = Dice::new();
    let mut server = Node::start(&stage.data, &SETTINGS);
    let begun = Instant::now();
    for number in (0..times).take_while(|_| begun.elapsed() < LONGEST) {
        let victim = if cluster.is_some() && number % 2 == 1 { Victim::Database } else { Victim::Server };
        let run = format!("{kind:?}, run {number}, killing the {victim:?}");
        let done = stage.play(server.address, |load| match (victim, cluster) {
            (Victim::Database, Some(cluster)) => {
                load.wait_for(dice.below(60));
                std::thread::sleep(dice.millis(0, 60));
                cluster.stop_at_once();
                std::thread::sleep(dice.millis(0, 300));
                cluster.start_again();
                std::thread::sleep(dice.millis(100, 300));
            }
            _ => {
                match dice.below(8) {
                    // Before it has answered much.
                    0 => std::thread::sleep(dice.millis(0, 30)),
                    // At the publisher's work, or right behind it.
                    1..=3 => {
                        stage.signing();
                        // Most of it is over very soon.
                        let most = 1 << dice.below(13);
                        std::thread::sleep(Duration::from_micros(dice.below(most)));
                    }
                    _ => {
                        load.wait_for(dice.below(120));
                        std::thread::sleep(dice.millis(0, 60));
                    }
                }
                server.kill();
            }
        });
        sum.kills += 1;
        sum.requests += done.len();
        sum.of_unknown_end += done.iter().filter(|one| matches!(one.outcome, Outcome::Unknown)).count();
        sum.checkpoints_cut_short += u32::from(stage.beside().exists());
        stage.kept.signed();
        if let Victim::Server = victim {
            server = Node::start(&stage.data, &SETTINGS);
        }
        stage.goes_on(&run, server.address);
        ledger.check(&run, &done);
        stage.kept.look(&mut stage.url.open_writer().unwrap());
        if number % 10 == 9 {
            stage.signs(&run);
            stage.verify(&run);
        }
    }
    stage.signs("at the end");
    stage.verify("at the end");
    sum.entries += ledger.len();
    sum.checkpoints += stage.kept.len();
    let said = server.diagnostics();
    for never in ["rewritten", "set back", "entries was given out", "is gone"] {
        assert!(!said.contains(never), "it would not sign: {never}");
    }
}

#[test]
fn killed_at_random_on_sqlite() {
    rounds(Kind::Sqlite, None);
}

#[test]
fn killed_at_random_on_postgresql() {
    let cluster = Cluster::start();
    rounds(Kind::Postgres, Some(&cluster));
}
