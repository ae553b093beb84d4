//! Where one request ends and the next begins is never open to two readings.

use std::time::Duration;

use super::{statuses, talk};
use crate::support::TestServer;
use crate::support::database::Kind;

/// What would be answered with 200 if it were taken for a request of its own.
const INNER: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Each is refused, the connection is closed, and what follows is never taken for a request.
#[test]
fn ambiguous_requests_are_refused() {
    let server = TestServer::start(Kind::Sqlite);
    let client = server.client();
    let inner = INNER.len();
    let post = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let shapes: Vec<(&str, String)> = vec![
        (
            "both lengths",
            format!("{post}Content-Length: {inner}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}"),
        ),
        (
            "both, the other way",
            format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{INNER}"),
        ),
        ("two lengths", format!("{post}Content-Length: 0\r\nContent-Length: {inner}\r\n\r\n{INNER}")),
        ("two equal lengths", format!("{post}Content-Length: 0\r\nContent-Length: 0\r\n\r\n{INNER}")),
        ("a list of lengths", format!("{post}Content-Length: 0, {inner}\r\n\r\n{INNER}")),
        ("a length with a plus", format!("{post}Content-Length: +0\r\n\r\n{INNER}")),
        ("a negative length", format!("{post}Content-Length: -1\r\n\r\n{INNER}")),
        ("a hexadecimal length", format!("{post}Content-Length: 0x0\r\n\r\n{INNER}")),
        ("a length that is none", format!("{post}Content-Length: none\r\n\r\n{INNER}")),
        ("a length beyond all", format!("{post}Content-Length: 99999999999999999999999\r\n\r\n{INNER}")),
        ("an unknown coding", format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}")),
        ("chunked and another", format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{INNER}")),
        ("another and chunked", format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{INNER}")),
        (
            "chunked twice",
            format!("{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}"),
        ),
        ("a space before the colon", format!("{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{INNER}")),
        ("a quoted coding", format!("{post}Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n{INNER}")),
        ("a folded header", format!("{post}X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}")),
        ("a header without a colon", format!("{post}Content-Length\r\n\r\n{INNER}")),
        ("a header with a zero byte", format!("{post}X-A: b\0c\r\n\r\n{INNER}")),
        ("a bare carriage return", format!("{post}X-A: b\rContent-Length: 3\r\n\r\n{INNER}")),
        ("two hosts", format!("{post}Host: other.example\r\nContent-Length: 0\r\n\r\n{INNER}")),
        ("no host", format!("POST /api/v1/session HTTP/1.1\r\nContent-Length: 0\r\n\r\n{INNER}")),
        (
            "chunks in HTTP/1.0",
            format!("{}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}", post.replace("1.1", "1.0")),
        ),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
        ("HTTP/3.7", format!("GET /healthz HTTP/3.7\r\nHost: localhost\r\n\r\n{INNER}")),
        ("no version", format!("GET /healthz\r\n\r\n{INNER}")),
        ("no method", format!(" /healthz HTTP/1.1\r\n\r\n{INNER}")),
        ("no sense", format!("\x01\x02\x03\r\n\r\n{INNER}")),
    ];
    for (name, bytes) in shapes {
        let (got, closed) = talk(&client, bytes.as_bytes(), Duration::from_secs(8));
        let statuses = statuses(&got);
        assert!(closed, "{name}: the connection stays open: {got}");
        assert!(statuses.len() <= 1, "{name}: answered more than once: {got}");
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "{name}: {got}");
    }
    client.anew().get("/healthz").expect(200);
}

/// A body that turns out wrong on the way: refused, and what follows is never taken for a request.
#[test]
fn broken_chunks_are_refused() {
    let server = TestServer::start(Kind::Sqlite);
    let client = server.client();
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (name, body) in [
        ("no size", "\r\nabc\r\n0\r\n\r\n"),
        ("a size that is none", "xyz\r\nabc\r\n0\r\n\r\n"),
        ("a negative size", "-1\r\nabc\r\n0\r\n\r\n"),
        ("a size beyond all", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("a size beyond the limit", "fffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("more than the size", "1\r\nabc\r\n0\r\n\r\n"),
        ("no break after the chunk", "3\r\nabc0\r\n\r\n"),
    ] {
        let (got, closed) = talk(&client, format!("{head}{body}{INNER}").as_bytes(), Duration::from_secs(8));
        assert!(closed, "{name}: the connection stays open: {got}");
        let statuses = statuses(&got);
        assert!(statuses.len() <= 1 && statuses.iter().all(|status| (400..500).contains(status)), "{name}: {got}");
    }
    // A whole one is read as one body, however it is cut.
    let body = r#"{"email":"a@b.example","password":"x"}"#;
    let chunks = body.chars().map(|c| format!("1;note=x\r\n{c}\r\n")).collect::<Vec<_>>().concat();
    let (got, _) = talk(&client, format!("{head}{chunks}0\r\nX-Trailer: y\r\n\r\n").as_bytes(), Duration::from_secs(3));
    assert_eq!(statuses(&got), [401], "{got}");
}

/// Requests that follow one another on a connection are answered in their order, and a refused body's
/// rest is not read as a request.
#[test]
fn one_after_the_other() {
    let server = TestServer::start(Kind::Sqlite);
    let client = server.client();
    let two = format!("{INNER}GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n{INNER}");
    let (got, _) = talk(&client, two.as_bytes(), Duration::from_secs(2));
    assert_eq!(statuses(&got), [200, 404, 200], "{got}");
    // The body is refused unread for its announced length; its bytes are not a request.
    for (line, status) in [
        ("POST /api/v1/session HTTP/1.1\r\nContent-Type: application/json", 413),
        ("GET /healthz HTTP/1.1", 413),
        ("GET /nowhere HTTP/1.1", 404),
        ("GET /api/v1/me HTTP/1.1", 401),
    ] {
        let filler = "x".repeat(300_000);
        let length = INNER.len() + filler.len();
        let head = format!("{line}\r\nHost: localhost\r\n");
        for (bytes, whole) in [
            (format!("{head}Content-Length: {length}\r\n\r\n{INNER}{filler}"), true),
            (format!("{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{INNER}{filler}\r\n0\r\n\r\n"), true),
            (format!("{head}Transfer-Encoding: chunked\r\n\r\nfffffff\r\n{INNER}{filler}"), false),
        ] {
            let (got, closed) = talk(&client, bytes.as_bytes(), Duration::from_secs(4));
            assert_eq!(statuses(&got), [status], "{line}: {got}");
            // A body whose rest never comes does not keep the connection of one who was answered. A whole one
            // may have been taken in by then, and the connection be good for another request.
            assert!(closed || whole, "{line}: stays open: {got}");
        }
    }
}
