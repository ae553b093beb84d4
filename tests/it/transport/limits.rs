//! What one client can take of the server: size, time, connections.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{read_all, statuses, talk};
use crate::support::TestServer;
use crate::support::database::Kind;

const LIMITS: &[(&str, &str)] = &[
    ("INCAMERA_SERVER__HANDSHAKE_SECONDS", "1"),
    ("INCAMERA_SERVER__HEAD_SECONDS", "1"),
    ("INCAMERA_SERVER__BODY_SECONDS", "4"),
    ("INCAMERA_SERVER__JSON_BYTES", "1000"),
    ("INCAMERA_MATERIALS__BYTES", "2000"),
];

fn post(length: usize) -> String {
    format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[test]
fn a_head_that_is_too_large() {
    let server = TestServer::start(Kind::Sqlite);
    let client = server.client();
    let head = |fields: &str| format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let many = (0..200).map(|n| format!("X-{n}: y\r\n")).collect::<Vec<_>>().concat();
    for (name, bytes) in [
        ("one long field", head(&format!("X-A: {}\r\n", "y".repeat(300_000)))),
        ("many fields", head(&many)),
        ("a long path", format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "y".repeat(300_000))),
        ("a long query", format!("GET /healthz?{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "y".repeat(300_000))),
        ("without an end", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ".to_owned() + &"y".repeat(1_000_000)),
    ] {
        let (got, closed) = talk(&client, bytes.as_bytes(), Duration::from_secs(8));
        assert!(closed, "{name}: the connection stays open");
        assert!(statuses(&got).iter().all(|status| (400..500).contains(status)), "{name}: {got}");
    }
    client.anew().get("/healthz").expect(200);
}

#[test]
fn a_head_or_a_handshake_that_is_too_slow() {
    let server = TestServer::start_with(Kind::Sqlite, LIMITS);
    let client = server.client();
    // A connection that says nothing at all, and one that begins a handshake and stops.
    let mut silent = TcpStream::connect(server.address).unwrap();
    let mut begun = TcpStream::connect(server.address).unwrap();
    begun.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    // One that shakes hands and says nothing, one that stops in the head, one that sends it byte by byte.
    let at = Instant::now();
    let (got, closed) = talk(&client, b"", Duration::from_secs(8));
    assert!(closed && statuses(&got).iter().all(|status| *status == 408), "{got}");
    let (got, closed) = talk(&client, b"GET /healthz HTTP/1.1\r\nHost: local", Duration::from_secs(8));
    assert!(closed && statuses(&got) == [408], "{got}");
    let mut stream = client.connect().unwrap();
    let mut got = Vec::new();
    for byte in "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: yes".bytes() {
        if stream.write_all(&[byte]).and_then(|()| stream.flush()).is_err() {
            break;
        }
        let (more, closed) = read_all(&mut stream, Duration::from_millis(100));
        got.extend_from_slice(&more);
        if closed {
            break;
        }
    }
    assert_eq!(statuses(&String::from_utf8_lossy(&got)), [408]);
    assert!(at.elapsed() < Duration::from_secs(10), "{:?}", at.elapsed());
    for socket in [&mut silent, &mut begun] {
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let ended = std::io::copy(socket, &mut std::io::sink());
        assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    }
}

#[test]
fn a_body_that_is_too_large() {
    let server = TestServer::start_with(Kind::Sqlite, LIMITS);
    let mut client = server.client();
    let exact = format!("{{\"email\":\"a@b.example\",\"password\":\"{}\"}}", "x".repeat(963));
    assert_eq!(exact.len(), 1000);
    let json = [("content-type", "application/json")];
    assert_eq!(client.send("POST", "/api/v1/session", &json, Some(exact.as_bytes())).status, 401);
    let reply = client.send("POST", "/api/v1/session", &json, Some(format!("{exact} ").as_bytes()));
    assert_eq!(reply.expect(413)["type"], "urn:incamera:problem:too-large");
    // Without an announced length, what comes is counted.
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = "64\r\n".to_owned() + &"x".repeat(100) + "\r\n";
    let (got, _) = talk(&client, format!("{head}{}0\r\n\r\n", chunks.repeat(11)).as_bytes(), Duration::from_secs(3));
    assert_eq!(statuses(&got), [413], "{got}");
    // An announcement is believed before a byte is sent.
    let (got, _) = talk(&client, post(1_000_000_000_000).as_bytes(), Duration::from_secs(1));
    assert_eq!(statuses(&got), [413], "{got}");
    // Where nothing is taken, one byte is too much.
    for (method, path) in [("GET", "/healthz"), ("GET", "/api/v1/parties"), ("GET", "/api/v1/openapi.json")] {
        assert_eq!(client.send(method, path, &[], Some(b"x")).status, 413, "{method} {path}");
    }
}

#[test]
fn a_body_that_is_too_slow() {
    let server = TestServer::start_with(Kind::Sqlite, LIMITS);
    let client = server.client();
    // Nothing after the head: the grace of two seconds is all there is.
    let at = Instant::now();
    let (got, _) = talk(&client, post(900).as_bytes(), Duration::from_secs(8));
    assert_eq!(statuses(&got), [408], "{got}");
    assert!((Duration::from_millis(1900)..Duration::from_secs(4)).contains(&at.elapsed()), "{:?}", at.elapsed());

    // Below the least rate, though something always comes; and above it, but for too long.
    for (rate, each, expected) in [("1024", 20, 2), ("1", 5, 4)] {
        let server =
            TestServer::start_with(Kind::Sqlite, &[LIMITS, &[("INCAMERA_SERVER__BODY_LEAST_RATE", rate)]].concat());
        let at = Instant::now();
        let mut stream = server.client().connect().unwrap();
        stream.write_all(post(900).as_bytes()).unwrap();
        let mut got = Vec::new();
        while at.elapsed() < Duration::from_secs(8) && got.is_empty() {
            drop(stream.write_all(&vec![b'x'; each]).and_then(|()| stream.flush()));
            got = read_all(&mut stream, Duration::from_millis(200)).0;
        }
        assert_eq!(statuses(&String::from_utf8_lossy(&got)), [408]);
        let spent = at.elapsed().as_secs_f64();
        assert!((f64::from(expected) - 0.2..f64::from(expected) + 1.5).contains(&spent), "{rate} B/s: after {spent} s");
    }
}

/// A client that breaks off in the middle leaves nothing behind.
#[test]
fn clients_that_go_away() {
    let server = TestServer::start(Kind::Sqlite);
    for _ in 0..50 {
        let mut stream = server.client().connect().unwrap();
        stream.write_all(post(900).as_bytes()).unwrap();
        stream.write_all(b"{\"email\":").unwrap();
        stream.flush().unwrap();
        drop(stream);
        drop(TcpStream::connect(server.address).unwrap());
    }
    server.client().get("/readyz").expect(200);
}

/// Beyond the limit a connection waits, and is served once another ends.
#[test]
fn connections_are_limited() {
    let server = TestServer::start_with(Kind::Sqlite, &[("INCAMERA_SERVER__CONNECTIONS", "3")]);
    let mut open: Vec<_> = (0..3).map(|_| server.client()).collect();
    for client in &mut open {
        client.get("/healthz").expect(200);
    }
    let (got, closed) =
        talk(&server.client(), b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", Duration::from_millis(1500));
    assert!(got.is_empty() && !closed, "served beyond the limit: {got}");
    // Those that are open are still served.
    open[0].get("/healthz").expect(200);
    open.remove(1);
    let at = Instant::now();
    server.client().get("/healthz").expect(200);
    assert!(at.elapsed() < Duration::from_secs(5));
}

/// While many half-open and slow connections lie there, others are served at once.
#[test]
fn slow_clients_do_not_keep_others_waiting() {
    let server = TestServer::start(Kind::Sqlite);
    let silent: Vec<_> = (0..40).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let slow: Vec<_> = (0..40)
        .map(|n| {
            let mut stream = server.client().connect().unwrap();
            let head = post(900);
            let part = if n % 2 == 0 { head.as_str() } else { "POST /api/v1/ses" };
            stream.write_all(part.as_bytes()).unwrap();
            stream.flush().unwrap();
            stream
        })
        .collect();
    for _ in 0..10 {
        let at = Instant::now();
        server.client().get("/readyz").expect(200);
        assert!(at.elapsed() < Duration::from_secs(1), "{:?}", at.elapsed());
    }
    drop((silent, slow));
}
