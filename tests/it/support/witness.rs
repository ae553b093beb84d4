//! Witnesses: the real binary, and one that lies as a test tells it to.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use incamera::audit::model::note::{Kind, Signer};
use incamera::audit::model::witnessing::Submission;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::client::Client;
use super::process::{incamera, listening};

/// Makes a witness's folder for a log; answers it.
fn init(folder: &Path, name: &str, log: &Path) -> PathBuf {
    let data = folder.join(name);
    let made = incamera()
        .args(["witness", "init", data.to_str().unwrap(), "--name", name, "--log", log.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    data
}

/// The witness's line in a policy, where it listens at this address.
fn line(data: &Path, address: SocketAddr) -> String {
    let made = std::fs::read_to_string(data.join("witness.pub")).unwrap();
    let words: Vec<&str> = made.split_whitespace().collect();
    format!("{} {} {} https://localhost:{}\n", words[0], words[1], words[2], address.port())
}

/// `incamera witness`, which ends with the value.
pub struct Witness {
    pub data: PathBuf,
    pub address: SocketAddr,
    child: Option<Child>,
}

impl Witness {
    /// Makes one for a log and starts it.
    pub fn start(folder: &Path, name: &str, log: &Path) -> Self {
        let data = init(folder, name, log);
        let mut witness = Self { data, address: ([127, 0, 0, 1], 0).into(), child: None };
        witness.start_again();
        witness
    }

    /// Starts it where it was.
    pub fn start_again(&mut self) {
        let config = self.data.join("witness.toml");
        let mut command = incamera();
        command
            .args(["witness", "--config", config.to_str().unwrap()])
            .env("INCAMERA_SERVER__PORT", self.address.port().to_string());
        let (child, address, _) = listening(&mut command);
        (self.child, self.address) = (Some(child), address);
    }

    /// Ends it at once, as a loss of power does.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn line(&self) -> String {
        line(&self.data, self.address)
    }

    pub fn client(&self) -> Client {
        Client::new(self.address, &self.data.join("ca.pem"))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// What a lying witness does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It tells the truth, this once.
    None,
    /// It signs by another key in its own name.
    OtherKey,
    /// It signs another root.
    OtherRoot,
    /// It cosigns without a time.
    Timeless,
    /// It gives a cosignature of its own and one that is wrong.
    Both,
    Garbage,
    Endless,
    EndlessHead,
    /// It takes the question and says nothing.
    Silent,
    /// It takes the connection and says nothing.
    Deaf,
    /// It says that it has cosigned more than there is.
    Ahead,
    /// It never tires of saying that it has cosigned another size.
    Conflicts,
    Status(u16),
    /// It sends the asker elsewhere, where an answer would be had.
    Redirects,
    /// It ends the connection without an answer.
    HangsUp,
}

/// A witness that lies.
pub struct Liar {
    pub data: PathBuf,
    pub address: SocketAddr,
    lie: Arc<Mutex<Lie>>,
}

impl Liar {
    pub fn start(folder: &Path, name: &str, log: &Path) -> Self {
        let data = init(folder, name, log);
        let chain = CertificateDer::pem_file_iter(data.join("tls/cert.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(data.join("tls/key.pem")).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let (tls, listener) = (Arc::new(tls), TcpListener::bind("127.0.0.1:0").unwrap());
        let (address, lie) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Lie::None)));
        let signer = std::fs::read_to_string(data.join("witness.key")).unwrap();
        let its = Arc::clone(&lie);
        // Ends with the tests.
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (lie, tls, signer) = (*its.lock().unwrap(), Arc::clone(&tls), signer.clone());
                std::thread::spawn(move || answer(lie, socket.unwrap(), tls, &signer));
            }
        });
        Self { data, address, lie }
    }

    pub fn tell(&self, lie: Lie) {
        *self.lie.lock().unwrap() = lie;
    }

    pub fn line(&self) -> String {
        line(&self.data, self.address)
    }
}

/// The body of the request, once it is whole.
fn asked(stream: &mut StreamOwned<ServerConnection, TcpStream>) -> Option<String> {
    let (mut got, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut part).ok().filter(|length| *length > 0)?;
        got.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&got).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("POST /add-checkpoint HTTP/1.1\r\n"), "{head}");
        let mut lengths =
            head.lines().filter_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= lengths.next().unwrap_or(usize::MAX) {
            return Some(body.to_owned());
        }
    }
}

fn answer(lie: Lie, socket: TcpStream, tls: Arc<ServerConfig>, signer: &str) {
    if lie == Lie::Deaf {
        std::thread::sleep(Duration::from_secs(20));
        return;
    }
    let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), socket);
    let Some(body) = asked(&mut stream) else { return };
    let submission = Submission::parse(&body).expect("what a log asks is as the specification has it");
    let text = submission.note.text.clone();
    let signer = Signer::parse(signer, Kind::Witness).unwrap();
    let own = signer.sign(&text, 1_700_000_000).to_string();
    let other = |text: &str| signer.sign(text, 1_700_000_000).to_string();
    let said = |status: u16, body: &str| {
        format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nLocation: /elsewhere\r\n\r\n{body}", body.len())
    };
    let reply = match lie {
        Lie::None => said(200, &own),
        Lie::OtherKey => {
            let ctx =
                incamera::context::Ctx::new(incamera::context::Moment(0), Arc::new(incamera::context::SystemEntropy));
            let key = Signer::generate(&signer.verifier().name, Kind::Witness, &ctx).unwrap();
            said(200, &Signer::parse(&key, Kind::Witness).unwrap().sign(&text, 1_700_000_000).to_string())
        }
        Lie::OtherRoot => said(200, &other(&text.replacen(&submission.checkpoint.size.to_string(), "7", 1))),
        Lie::Timeless => said(200, &signer.sign(&text, 0).to_string()),
        Lie::Both => said(200, &(own.clone() + &other("something else\n"))),
        Lie::Garbage => said(200, "no signature at all\n"),
        Lie::Status(status) => said(status, &own),
        Lie::Redirects => said(307, &own),
        Lie::Ahead => said(409, "18446744073709551615\n"),
        Lie::Conflicts => said(409, &format!("{}\n", submission.old / 2)),
        Lie::HangsUp => String::new(),
        Lie::Silent | Lie::Deaf => {
            std::thread::sleep(Duration::from_secs(20));
            return;
        }
        Lie::Endless | Lie::EndlessHead => {
            let head = if lie == Lie::Endless { "HTTP/1.1 200 OK\r\n\r\n" } else { "HTTP/1.1 200 OK\r\n" };
            let line = if lie == Lie::Endless { own } else { format!("X: {}\r\n", "y".repeat(1000)) };
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() {
                sent = stream.write_all(line.as_bytes());
            }
            assert_ne!(sent.unwrap_err().kind(), ErrorKind::WouldBlock);
            return;
        }
    };
    drop(stream.write_all(reply.as_bytes()));
    stream.conn.send_close_notify();
    drop(stream.flush());
}
