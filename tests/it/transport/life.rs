//! How a server ends, and how it tells that it cannot serve.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use incamera::db::{Conn, DatabaseUrl};
use serde_json::json;

use super::{read_all, statuses, wait_until};
use crate::support::database::Kind;
use crate::support::process::Process;
use crate::support::{TestServer, World};

/// SIGTERM: a request under way is finished and answered, nothing new is taken, and the process ends well.
#[test]
fn a_shutdown_lets_requests_finish() {
    for signal in ["TERM", "INT"] {
        let mut process = Process::start(Kind::Sqlite, &[]);
        // An idle connection does not hold it up.
        let mut idle = process.client();
        idle.get("/healthz").expect(200);
        let body = json!({"email": "a@b.example", "password": "not the password"}).to_string();
        let mut stream = process.client().connect().unwrap();
        let head = format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body.as_bytes()[..10]).unwrap();
        stream.flush().unwrap();
        // Until the server has it for certain.
        std::thread::sleep(Duration::from_millis(300));
        let at = Instant::now();
        if signal == "TERM" {
            process.signal("TERM");
            std::thread::sleep(Duration::from_millis(500));
            stream.write_all(&body.as_bytes()[10..]).unwrap();
            stream.flush().unwrap();
            let (got, _) = read_all(&mut stream, Duration::from_secs(8));
            assert_eq!(statuses(&String::from_utf8_lossy(&got)), [401]);
            assert!(TcpStream::connect_timeout(&process.address, Duration::from_secs(1)).is_err(), "still accepts");
        } else {
            // Ctrl-C does not wait.
            process.signal("INT");
        }
        drop(stream);
        let status = process.ended_within(Duration::from_secs(9));
        assert!(status.success(), "{signal}: {status}");
        assert!(at.elapsed() < Duration::from_secs(9), "{:?}", at.elapsed());
    }
}

/// Whoever does not finish does not hold a shutdown up for longer than the setting says.
#[test]
fn a_shutdown_does_not_wait_for_ever() {
    let mut process = Process::start(Kind::Sqlite, &[("INCAMERA_SERVER__SHUTDOWN_SECONDS", "1")]);
    let mut stream = process.client().connect().unwrap();
    stream.write_all(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{").unwrap();
    stream.flush().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    process.signal("TERM");
    assert!(process.ended_within(Duration::from_secs(5)).success());
}

/// What `readyz` says within two seconds.
fn ready(server: &TestServer) -> u16 {
    let at = Instant::now();
    let status = server.client().get("/readyz").status;
    assert!(at.elapsed() < Duration::from_secs(2), "{status} only after {:?}", at.elapsed());
    status
}

/// Not ready, nothing disclosed, nothing done; and the process itself lives.
fn out_of_order(world: &mut World) {
    for _ in 0..6 {
        assert_eq!(ready(&world.server), 503);
    }
    world.server.client().get("/healthz").expect(200);
    let reply = world.client("fr").get("/api/v1/me");
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.headers.contains_key("retry-after"));
}

fn recovers(world: &mut World) {
    wait_until(Duration::from_secs(10), "ready again", || ready(&world.server) == 200);
    // Every connection of the pool, not only the first one asked.
    for _ in 0..12 {
        assert_eq!(ready(&world.server), 200);
        world.client("fr").get("/api/v1/me").expect(200);
    }
    world.anew("fr").get("/api/v1/me").expect(200);
}

/// The name of a server's database, and a connection to another one of the same cluster.
fn beside(server: &TestServer) -> (String, Conn) {
    let DatabaseUrl::Postgres(url) = server.url() else { unreachable!() };
    let (address, host) = url.split_once('?').unwrap();
    let (base, name) = address.rsplit_once('/').unwrap();
    let maintenance = DatabaseUrl::Postgres(format!("{base}/postgres?{host}"));
    (name.to_owned(), maintenance.open_writer().unwrap())
}

#[test]
fn a_postgres_that_goes_away_and_comes_back() {
    let mut world = World::new(TestServer::start(Kind::Postgres));
    world.client("fr").get("/api/v1/me").expect(200);
    assert_eq!(ready(&world.server), 200);
    let (name, mut operator) = beside(&world.server);
    for _ in 0..2 {
        operator
            .batch_execute(&format!(
                "ALTER DATABASE {name} ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';"
            ))
            .unwrap();
        out_of_order(&mut world);
        operator.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true;")).unwrap();
        recovers(&mut world);
    }
}

/// PostgreSQL was restarted while nobody asked: the connections that lay idle are replaced, and no caller
/// is turned away for them.
#[test]
fn connections_that_were_cut_while_idle() {
    #[derive(diesel::QueryableByName)]
    struct Ended {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        process: i32,
    }
    let mut world = World::new(TestServer::start(Kind::Postgres));
    world.client("fr").get("/api/v1/me").expect(200);
    let (name, mut operator) = beside(&world.server);
    for _ in 0..3 {
        let query = format!(
            "SELECT pid AS process, pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE datname = '{name}'"
        );
        let ended: Vec<Ended> = diesel::sql_query(query).load(&mut operator).unwrap();
        assert!(!ended.is_empty());
        // They end by themselves, at once.
        let gone = |one: &Ended| !std::path::Path::new(&format!("/proc/{}", one.process)).exists();
        while !ended.iter().all(gone) {
            std::thread::yield_now();
        }
        world.client("fr").get("/api/v1/me").expect(200);
        assert_eq!(ready(&world.server), 200);
    }
}

/// Idle reading connections are in a transaction. If that held a state of the database, nothing that is deleted could be
/// cleaned up while the server runs, and what they read next would be from before.
#[test]
fn idle_connections_hold_nothing() {
    #[derive(diesel::QueryableByName, Debug)]
    struct Held {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        idle: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        holding: i64,
    }
    let mut world = World::new(TestServer::start(Kind::Postgres));
    world.client("fr").get("/api/v1/me").expect(200);
    let (name, mut operator) = beside(&world.server);
    let query = format!(
        "SELECT COUNT(*) AS idle, COUNT(*) FILTER (WHERE backend_xid IS NOT NULL OR backend_xmin IS NOT NULL OR EXISTS \
         (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation')) AS holding \
         FROM pg_stat_activity a WHERE datname = '{name}' AND state = 'idle in transaction'"
    );
    let held: Held = diesel::sql_query(query).get_result(&mut operator).unwrap();
    assert!(held.idle > 0, "this is about connections in a transaction: {held:?}");
    assert_eq!(held.holding, 0);
}

/// The file is taken away while the server holds it open: what is written there then is lost to everyone
/// who opens the database by its name, so nothing may be answered on the strength of it.
#[test]
fn an_sqlite_file_that_goes_away_and_comes_back() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    world.client("fr").get("/api/v1/me").expect(200);
    assert_eq!(ready(&world.server), 200);
    let DatabaseUrl::Sqlite(path) = world.server.url() else { unreachable!() };
    let move_to = |from: &str, to: &str| {
        for end in ["", "-wal", "-shm"] {
            let name = |stem: &str| format!("{}{stem}{end}", path.display());
            if std::path::Path::new(&name(from)).exists() {
                std::fs::rename(name(from), name(to)).unwrap();
            }
        }
    };
    for _ in 0..2 {
        move_to("", ".away");
        out_of_order(&mut world);
        move_to(".away", "");
        recovers(&mut world);
    }
}

/// Somebody else holds the database: reading goes on, but what must be logged cannot be.
#[test]
fn a_database_that_another_holds() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let server = TestServer::start(kind);
        assert_eq!(ready(&server), 200);
        let mut other = server.url().open_writer().unwrap();
        other
            .batch_execute(match &other {
                Conn::Sqlite(_) => "BEGIN IMMEDIATE",
                Conn::Postgres(_) => "BEGIN; SELECT size FROM audit_head FOR UPDATE",
            })
            .unwrap();
        for _ in 0..3 {
            assert_eq!(ready(&server), 503);
        }
        server.client().get("/healthz").expect(200);
        server.client().get("/api/v1/parties").expect(200);
        other.batch_execute("ROLLBACK").unwrap();
        wait_until(Duration::from_secs(10), "ready again", || ready(&server) == 200);
    }
}
