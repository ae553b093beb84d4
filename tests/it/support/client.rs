//! A client over TLS 1.3 that shows an answer's very bytes.

use percent_encoding::NON_ALPHANUMERIC;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// What each `Set-Cookie` says.
    pub cookies: Vec<String>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Fails unless the status is this; answers the JSON, or null without a body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Status, headers and body, without what must differ: the clock and the request's random id.
    pub fn normalized(&self) -> (u16, BTreeMap<String, String>, String) {
        let mut headers = self.headers.clone();
        headers.remove("date");
        headers.remove("incamera-request");
        (self.status, headers, self.text())
    }
}

/// Talks to one server; keeps the connection while it can.
pub struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    stream: Option<StreamOwned<ClientConnection, TcpStream>>,
    pub token: Option<String>,
    pub unlock: Option<String>,
    pub visit: Option<String>,
}

pub fn tls_config(ca: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

impl Client {
    pub fn new(address: SocketAddr, ca: &Path) -> Self {
        Self { address, config: Arc::new(tls_config(ca)), stream: None, token: None, unlock: None, visit: None }
    }

    /// Another with its own connection and nobody logged in.
    pub fn anew(&self) -> Self {
        Self {
            address: self.address,
            config: Arc::clone(&self.config),
            stream: None,
            token: None,
            unlock: None,
            visit: None,
        }
    }

    /// Goes on on the other's connection, which costs no handshake.
    pub fn take_connection(&mut self, other: &mut Self) {
        self.stream = other.stream.take();
    }

    /// Another for the same person.
    pub fn again(&self) -> Self {
        Self { token: self.token.clone(), unlock: self.unlock.clone(), visit: self.visit.clone(), ..self.anew() }
    }

    /// Another for the same person, at a server that moved.
    pub fn again_at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.again() }
    }

    pub fn connect(&self) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let socket = TcpStream::connect_timeout(&self.address, Duration::from_secs(5))?;
        socket.set_read_timeout(Some(Duration::from_mins(1)))?;
        socket.set_nodelay(true)?;
        let connection = ClientConnection::new(Arc::clone(&self.config), ServerName::try_from("localhost").unwrap())
            .map_err(std::io::Error::other)?;
        Ok(StreamOwned::new(connection, socket))
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }

    pub fn delete(&mut self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None)
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], Some(body.to_string().as_bytes()))
    }

    /// As [`Client::put`], without saying on which version it is based.
    pub fn send_put(&mut self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, &[("content-type", "application/json")], Some(body.to_string().as_bytes()))
    }

    /// Sends a file, to be added on top of this version.
    pub fn send_file(&mut self, path: &str, version: i64, name: &str, bytes: &[u8]) -> Reply {
        let (tag, name) = (format!("\"{version}\""), percent_encoding::utf8_percent_encode(name, NON_ALPHANUMERIC));
        self.send("POST", path, &[("incamera-file-name", &name.to_string()), ("if-match", &tag)], Some(bytes))
    }

    pub fn put(&mut self, path: &str, version: i64, body: &Value) -> Reply {
        let tag = format!("\"{version}\"");
        self.send(
            "PUT",
            path,
            &[("content-type", "application/json"), ("if-match", &tag)],
            Some(body.to_string().as_bytes()),
        )
    }

    /// Sends with the person's headers and those given; a given one replaces the person's.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        self.try_send(method, path, headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    pub fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> std::io::Result<Reply> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        all.insert("host".into(), "localhost".into());
        for (name, value) in [
            ("authorization", self.token.as_ref().map(|token| format!("Bearer {token}"))),
            ("incamera-unlock", self.unlock.clone()),
            ("incamera-visit", self.visit.clone()),
        ] {
            if let Some(value) = value {
                all.insert(name.into(), value);
            }
        }
        for (name, value) in headers {
            all.insert((*name).to_ascii_lowercase(), (*value).into());
        }
        self.exchange(&written(method, path, all, body))
    }

    /// Sends with these headers only, whoever is logged in.
    #[track_caller]
    pub fn send_bare(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let mut all: BTreeMap<String, String> = BTreeMap::from([("host".into(), "localhost".into())]);
        all.extend(headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned())));
        self.exchange(&written(method, path, all, body)).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends these very bytes; once more on a new connection when the kept one turns out closed.
    pub fn exchange(&mut self, bytes: &[u8]) -> std::io::Result<Reply> {
        let kept = self.stream.is_some();
        match self.exchange_once(bytes) {
            Err(error)
                if kept
                    && matches!(
                        error.kind(),
                        std::io::ErrorKind::UnexpectedEof
                            | std::io::ErrorKind::ConnectionReset
                            | std::io::ErrorKind::BrokenPipe
                    ) =>
            {
                self.exchange_once(bytes)
            }
            other => other,
        }
    }

    fn exchange_once(&mut self, bytes: &[u8]) -> std::io::Result<Reply> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        // The server may answer and close before it has read everything (a body that is too large).
        let sent = stream.write_all(bytes).and_then(|()| stream.flush());
        // An answer to HEAD says how long a body it does not have.
        let read = if bytes.starts_with(b"HEAD ") { read_head(&mut stream) } else { read_reply(&mut stream) };
        let reply = read.map_err(|error| sent.err().unwrap_or(error))?;
        if reply.headers.get("connection").is_none_or(|value| value != "close") {
            self.stream = Some(stream);
        }
        Ok(reply)
    }
}

fn written(method: &str, path: &str, mut headers: BTreeMap<String, String>, body: Option<&[u8]>) -> Vec<u8> {
    if let Some(body) = body {
        headers.insert("content-length".into(), body.len().to_string());
    }
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in &headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.push_str("\r\n");
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body.unwrap_or_default());
    bytes
}

pub fn read_reply(stream: &mut impl Read) -> std::io::Result<Reply> {
    let mut reply = read_head(stream)?;
    let length: usize = reply.headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    reply.body = vec![0; length];
    stream.read_exact(&mut reply.body)?;
    Ok(reply)
}

fn read_head(stream: &mut impl Read) -> std::io::Result<Reply> {
    let eof = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(eof());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).map_err(std::io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok()).ok_or_else(eof)?;
    let (mut headers, mut cookies) = (BTreeMap::new(), Vec::new());
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = name.to_ascii_lowercase();
        if name == "set-cookie" {
            cookies.push(value.to_owned());
        }
        headers.insert(name, value.to_owned());
    }
    cookies.sort();
    Ok(Reply { status, headers, cookies, body: Vec::new() })
}
