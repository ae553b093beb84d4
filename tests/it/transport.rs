//! TLS, headers, limits, framing; and the process as a whole: shutdown, readiness, diagnostics.

mod diagnostics;
mod framing;
mod life;
mod limits;
mod tls;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};
use sha2::Digest;

use crate::both;
use crate::support::database::Kind;
use crate::support::{Client, TestServer, World};

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Everything that comes until the other side closes, or nothing comes for `limit`.
fn read_all(stream: &mut Tls, limit: Duration) -> (Vec<u8>, bool) {
    stream.sock.set_read_timeout(Some(limit)).unwrap();
    let mut got = Vec::new();
    let mut part = [0; 16_384];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return (got, true),
            Ok(length) => got.extend_from_slice(&part[..length]),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                return (got, false);
            }
            // A close without a farewell, or a reset, is a close all the same.
            Err(_) => return (got, true),
        }
    }
}

/// Sends bytes on a new connection; what came back, and whether the connection was closed in the end.
fn talk(client: &Client, bytes: &[u8], limit: Duration) -> (String, bool) {
    let mut stream = client.connect().unwrap();
    stream.sock.set_read_timeout(Some(limit)).unwrap();
    // The server may answer and close before it has read everything.
    drop(stream.write_all(bytes).and_then(|()| stream.flush()));
    let (got, closed) = read_all(&mut stream, limit);
    (String::from_utf8_lossy(&got).into_owned(), closed)
}

/// The statuses of the answers in what came back.
fn statuses(got: &str) -> Vec<u16> {
    got.match_indices("HTTP/1.1 ").filter_map(|(at, _)| got[at + 9..].split(' ').next()?.parse().ok()).collect()
}

/// Waits until `done`, for at most `limit`.
#[track_caller]
fn wait_until(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_answer_carries_the_headers() {
    let server = TestServer::start(Kind::Sqlite);
    let mut client = server.client();
    for (method, path, status) in [
        ("GET", "/healthz", 200),
        ("GET", "/api/nowhere", 404),
        ("GET", "/api/v1/people/%00", 401),
        ("DELETE", "/healthz", 405),
        ("GET", "/api/v1/me", 401),
        ("GET", "/healthz?a=b", 422),
    ] {
        let reply = client.send(method, path, &[], None);
        assert_eq!(reply.status, status, "{method} {path}");
        for (header, value) in [
            ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.headers.get(header).map(String::as_str), Some(value), "{method} {path}: {header}");
        }
        for header in ["server", "x-powered-by", "set-cookie", "access-control-allow-origin"] {
            assert!(!reply.headers.contains_key(header), "{method} {path}: {header}");
        }
        let media = if status == 200 { "application/json" } else { "application/problem+json" };
        assert_eq!(reply.headers["content-type"], media, "{method} {path}");
    }
    assert_eq!(client.get("/readyz").status, 200);
}

/// A known path with another method is 405 and says which there are; an unknown path is 404 for every
/// method, so that the method tells nothing of it.
#[test]
fn methods() {
    let server = TestServer::start(Kind::Sqlite);
    let mut client = server.client();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "GETT"] {
        let reply = client.send(method, "/healthz", &[], None);
        assert_eq!(reply.status, 405, "{method}: {}", reply.text());
        assert_eq!(reply.headers["allow"], "GET", "{method}");
        assert_eq!(reply.json()["type"], "urn:incamera:problem:method-not-allowed");
        assert_eq!(client.send(method, "/nowhere", &[], None).status, 404, "{method}");
    }
    assert_eq!(client.send("PATCH", "/api/v1/session", &[], None).headers["allow"], "POST, DELETE");
    // HEAD has no body, whatever it says about its length; the next answer follows directly.
    let (got, _) = talk(
        &client,
        b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        Duration::from_secs(5),
    );
    assert_eq!(statuses(&got), [405, 200], "{got}");
    assert!(got.contains("\r\n\r\nHTTP/1.1 200"), "a body after HEAD: {got}");
    // No method is hidden in a header or a field.
    for header in ["x-http-method-override", "x-method-override", "x-http-method"] {
        assert_eq!(client.send("GET", "/api/v1/session", &[(header, "POST")], None).status, 405);
    }
    // No other origin is let in.
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let reply = client.send("OPTIONS", "/api/v1/session", &preflight, None);
    assert!(reply.status == 405 && !reply.headers.keys().any(|name| name.starts_with("access-control")));
}

// A control character in a query is a bad value wherever it stands; one of the databases would fail on some.
both!(control_characters_in_a_query, |server| {
    let mut world = World::new(server);
    let mut auditor = world.client("aud");
    // Made as the server makes them: the check in a cursor is no secret.
    let check = sha2::Sha256::digest(b"/api/v1/parties\0\0");
    let cursor = data_encoding::BASE64URL_NOPAD.encode(&[&check[..6], b"\0"].concat());
    for path in [
        "audit/entries?thing=%00",
        "audit/entries?thing=a%0Ab",
        "parties?code=%00",
        "people?cursor=%00",
        "meetings?x=%7F",
        &format!("parties?cursor={cursor}"),
    ] {
        let problem = auditor.get(&format!("/api/v1/{path}")).expect(422);
        assert_eq!(problem["type"], "urn:incamera:problem:invalid", "{path}");
    }
    auditor.get("/api/v1/audit/entries?thing=%FF").expect(422);
});
