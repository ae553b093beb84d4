//! One question to a witness over HTTP: a connection of its own over TLS 1.3, no redirects, and bounds on how long
//! the whole takes and how much is read, whatever the other side does.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Fault, WitnessFault, fault};
use crate::audit::model::witnessing::decimal;

/// Most bytes of an answer: a few signature lines.
const LONGEST: usize = 16_384;

/// Where a witness is asked: what comes before `/add-checkpoint`.
pub(super) struct Url {
    host: String,
    port: u16,
    /// Without a slash at the end.
    path: String,
    authority: HeaderValue,
    name: ServerName<'static>,
}

impl Url {
    /// Reads one; nothing when it is not one of HTTPS.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let plain = uri.scheme_str() == Some("https") && uri.query().is_none() && !authority.as_str().contains('@');
        // `Uri` drops what comes after a hash sign.
        if !plain || text.contains('#') {
            return None;
        }
        // `Authority::port` takes one that is out of range for none.
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => 443,
            port => port.strip_prefix(':')?.parse().ok()?,
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self {
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
            authority: HeaderValue::from_str(authority.as_str()).ok()?,
            name: ServerName::try_from(host.clone()).ok()?,
            host,
        })
    }
}

/// What a witness has answered.
pub(super) enum Asked {
    /// These lines.
    Cosigned(String),
    /// It has cosigned another size.
    Conflict(u64),
    /// Something else.
    Status(u16),
}

/// How a witness is asked, and until when.
pub(super) struct Post {
    tls: TlsConnector,
    until: Instant,
}

impl Post {
    pub(super) fn new(tls: Arc<rustls::ClientConfig>, patience: Duration) -> Self {
        Self { tls: TlsConnector::from(tls), until: Instant::now() + patience }
    }

    /// Asks for a cosignature.
    pub(super) async fn add_checkpoint(&self, url: &Url, body: String) -> Result<Asked, Fault> {
        let stream = timeout_at(self.until, self.connect(url))
            .await
            .map_err(|_elapsed| fault(WitnessFault::Unreachable, "no connection in time"))?
            .map_err(|error| fault(WitnessFault::Unreachable, error))?;
        timeout_at(self.until, exchange(stream, url, body))
            .await
            .map_err(|_elapsed| fault(WitnessFault::Late, "no answer in time"))?
    }

    async fn connect(&self, url: &Url) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect((url.host.as_str(), url.port)).await?;
        socket.set_nodelay(true)?;
        self.tls.connect(url.name.clone(), socket).await
    }
}

async fn exchange(stream: TlsStream<TcpStream>, url: &Url, body: String) -> Result<Asked, Fault> {
    let broken = |error: &dyn std::fmt::Display| fault(WitnessFault::WrongAnswer, error);
    let request = Request::post(format!("{}/add-checkpoint", url.path))
        .header(HOST, &url.authority)
        .header(USER_AGENT, "incamera")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| broken(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    // Ends with this function, whatever the other side does.
    let mut carrying = JoinSet::new();
    carrying.spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|error| broken(&error))?.to_bytes();
    let text = || std::str::from_utf8(&body).map_err(|error| broken(&error));
    match status {
        StatusCode::OK => Ok(Asked::Cosigned(text()?.to_owned())),
        StatusCode::CONFLICT => text()?
            .strip_suffix('\n')
            .and_then(decimal)
            .map(Asked::Conflict)
            .ok_or_else(|| broken(&"409 without a size")),
        other => Ok(Asked::Status(other.as_u16())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_https_are_taken() {
        let parts = |text: &str| Url::parse(text).map(|url| (url.host, url.port, url.path));
        let is = |host: &str, port: u16, path: &str| Some((host.to_owned(), port, path.to_owned()));
        assert_eq!(parts("https://w.example"), is("w.example", 443, ""));
        assert_eq!(parts("https://w.example:8444/a/b/"), is("w.example", 8444, "/a/b"));
        assert_eq!(parts("https://[::1]:8444/"), is("::1", 8444, ""));
        assert_eq!(parts("https://127.0.0.1:1"), is("127.0.0.1", 1, ""));
        for text in [
            "http://w.example",
            "w.example",
            "/w",
            "https://",
            "https://u@w.example",
            "https://w.example/?a",
            "https://w.example/#a",
            "https://w.example:99999",
            "https://w example",
            "ftp://w.example",
        ] {
            assert!(Url::parse(text).is_none(), "{text}");
        }
    }
}
