//! TLS 1.3 and nothing else, hybrid key exchange first, certificates renewed while serving.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use incamera::context::{Clock, SystemClock};
use rcgen::{CertificateParams, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, NamedGroup, SignatureScheme};

use super::wait_until;
use crate::support::TestServer;
use crate::support::client::tls_config;
use crate::support::database::Kind;
use crate::support::process::{Process, ended, incamera};

/// Shakes hands and nothing more.
fn shake(address: SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<ClientConnection> {
    let mut socket = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::clone(config), name).map_err(std::io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(connection)
}

fn with(ca: &Path, change: impl FnOnce(&mut CryptoProvider)) -> Arc<ClientConfig> {
    let mut provider = aws_lc_rs::default_provider();
    change(&mut provider);
    let mut roots = rustls::RootCertStore::empty();
    for certificate in <CertificateDer<'_> as rustls::pki_types::pem::PemObject>::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    Arc::new(
        ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

#[test]
fn the_key_exchange_is_hybrid() {
    let server = TestServer::start(Kind::Sqlite);
    let ca = server.settings.base.join("ca.pem");
    let group = |config: &Arc<ClientConfig>| {
        let connection = shake(server.address, config)?;
        assert_eq!(connection.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        Ok::<_, std::io::Error>(connection.negotiated_key_exchange_group().unwrap().name())
    };
    assert_eq!(group(&Arc::new(tls_config(&ca))).unwrap(), NamedGroup::X25519MLKEM768);
    // Also when the client would rather have another, and sent no share for it.
    let late = with(&ca, |provider| {
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::X25519MLKEM768];
    });
    assert!(matches!(group(&late).unwrap(), NamedGroup::X25519MLKEM768 | NamedGroup::X25519));
    let classic = with(&ca, |provider| provider.kx_groups = vec![aws_lc_rs::kx_group::X25519]);
    assert_eq!(group(&classic).unwrap(), NamedGroup::X25519);
    let weak = with(&ca, |provider| provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256]);
    group(&weak).expect_err("AES-128 is not offered");
}

#[test]
fn without_the_hybrid_there_is_no_connection_where_it_is_asked_for() {
    let server = TestServer::start_with(Kind::Sqlite, &[("INCAMERA_SERVER__POST_QUANTUM_ONLY", "true")]);
    let ca = server.settings.base.join("ca.pem");
    let classic = with(&ca, |provider| {
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1];
    });
    shake(server.address, &classic).expect_err("no group in common");
    assert!(shake(server.address, &Arc::new(tls_config(&ca))).is_ok());
}

/// No tickets: what a session is resumed from would live longer than the connection. No other protocol
/// than HTTP/1.1 either.
#[test]
fn sessions_are_not_resumed() {
    let server = TestServer::start(Kind::Sqlite);
    let mut config = tls_config(&server.settings.base.join("ca.pem"));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let config = Arc::new(config);
    for _ in 0..3 {
        let mut socket = TcpStream::connect(server.address).unwrap();
        let mut connection =
            ClientConnection::new(Arc::clone(&config), ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = rustls::Stream::new(&mut connection, &mut socket);
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        assert_eq!(connection.handshake_kind(), Some(rustls::HandshakeKind::Full));
        assert_eq!(connection.alpn_protocol(), Some(b"http/1.1".as_slice()));
        assert_eq!(connection.tls13_tickets_received(), 0);
    }
    // A client that speaks only HTTP/2 is turned away in the handshake.
    let mut only = tls_config(&server.settings.base.join("ca.pem"));
    only.alpn_protocols = vec![b"h2".to_vec()];
    shake(server.address, &Arc::new(only)).expect_err("no protocol in common");
}

/// A TLS 1.2 client hello, by hand: this build cannot make one.
fn old_hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend_from_slice(&[7; 32]); // random
    body.push(0); // session id
    body.extend_from_slice(&[0, 6, 0xc0, 0x2b, 0xc0, 0x2f, 0x00, 0x9c]); // ECDHE with AES-128, and RSA
    body.extend_from_slice(&[1, 0]); // no compression
    let mut extensions = Vec::new();
    let name = b"localhost";
    let mut sni = vec![0, u8::try_from(name.len() + 3).unwrap(), 0, 0, u8::try_from(name.len()).unwrap()];
    sni.extend_from_slice(name);
    for (kind, content) in [
        (0u16, sni),
        (10, vec![0, 4, 0, 29, 0, 23]),     // x25519, secp256r1
        (11, vec![1, 0]),                   // uncompressed points
        (13, vec![0, 6, 4, 3, 8, 4, 4, 1]), // signature algorithms
    ] {
        extensions.extend_from_slice(&kind.to_be_bytes());
        extensions.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
        extensions.extend_from_slice(&content);
    }
    body.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend_from_slice(&extensions);
    let mut handshake = vec![1, 0];
    handshake.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
    handshake.extend_from_slice(&body);
    let mut record = vec![0x16, 3, 1];
    record.extend_from_slice(&u16::try_from(handshake.len()).unwrap().to_be_bytes());
    record.extend_from_slice(&handshake);
    record
}

fn answer_to(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    drop(socket.read_to_end(&mut answer));
    answer
}

#[test]
fn older_versions_are_refused() {
    let server = TestServer::start(Kind::Sqlite);
    for version in [[3, 3], [3, 2], [3, 1]] {
        // An alert record: fatal, protocol_version.
        let answer = answer_to(server.address, &old_hello(version));
        assert_eq!(answer.get(..1), Some([0x15].as_slice()), "{answer:x?}");
        assert_eq!(answer.get(5..), Some([2, 70].as_slice()), "{answer:x?}");
    }
}

#[test]
fn plain_http_gets_nothing() {
    let server = TestServer::start(Kind::Sqlite);
    for request in
        ["GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\r\n\r\n\r\n\r\n"]
    {
        let answer = answer_to(server.address, request.as_bytes());
        assert!(answer.is_empty() || answer[0] == 0x15, "more than a TLS alert: {}", String::from_utf8_lossy(&answer));
        assert!(!answer.windows(4).any(|part| part.eq_ignore_ascii_case(b"http")));
    }
}

/// Takes any certificate, to see which one is served.
#[derive(Debug)]
struct Any;

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn served(address: SocketAddr) -> Vec<u8> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any))
        .with_no_client_auth();
    let connection = shake(address, &Arc::new(config)).unwrap();
    connection.peer_certificates().unwrap()[0].to_vec()
}

/// A certificate for these names, good from and until so many days from now; DER, PEM and key.
fn certificate(names: &[&str], from: i64, until: i64) -> (Vec<u8>, String, String) {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    let day =
        |days: i64| time::OffsetDateTime::from_unix_timestamp(SystemClock.now().seconds() + days * 86_400).unwrap();
    (params.not_before, params.not_after) = (day(from), day(until));
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    (made.der().to_vec(), made.pem(), key.serialize_pem())
}

#[test]
fn a_certificate_is_renewed_without_a_restart_and_a_bad_one_is_refused() {
    let process = Process::start(Kind::Sqlite, &[("INCAMERA_SERVER__CERTIFICATE_CHECK_SECONDS", "1")]);
    let tls = process.data.join("tls");
    let write = |certificate: &str, key: &str, mode: u32| {
        std::fs::write(tls.join("cert.pem"), certificate).unwrap();
        std::fs::write(tls.join("key.pem"), key).unwrap();
        std::fs::set_permissions(tls.join("key.pem"), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let refusals = || process.diagnostics().matches("the new certificate is refused").count();
    let mut kept = process.client();
    kept.get("/healthz").expect(200);

    let first = served(process.address);
    let (der, pem, key) = certificate(&["localhost"], -1, 30);
    assert_ne!(first, der);
    write(&pem, &key, 0o600);
    wait_until(Duration::from_secs(10), "the new certificate is served", || served(process.address) == der);
    // A connection that was open goes on.
    kept.get("/healthz").expect(200);

    let good = |names: &[&str], from, until| {
        let (_, pem, key) = certificate(names, from, until);
        (pem, key)
    };
    let (other_pem, other_key) = good(&["localhost"], -1, 30);
    let cut = pem[..pem.len() / 2].to_owned();
    let bad = [
        ("is not the key's", (other_pem.clone(), key.clone()), 0o600),
        ("has another key", (pem.clone(), other_key.clone()), 0o600),
        ("has expired", good(&["localhost"], -30, -1), 0o600),
        ("has yet to begin", good(&["localhost"], 1, 30), 0o600),
        ("is for another name", good(&["other.example"], -1, 30), 0o600),
        ("is for a part of the name", good(&["*.localhost"], -1, 30), 0o600),
        ("is cut off", (cut, key.clone()), 0o600),
        ("is empty", (String::new(), key.clone()), 0o600),
        ("is no certificate", (key.clone(), key.clone()), 0o600),
        ("has no key", (pem.clone(), pem.clone()), 0o600),
        ("has a key that others can read", (other_pem.clone(), other_key.clone()), 0o640),
    ];
    for (why, (certificate, key), mode) in bad {
        let before = refusals();
        write(&certificate, &key, mode);
        wait_until(Duration::from_secs(10), why, || refusals() > before);
        assert_eq!(served(process.address), der, "one that {why} is not served");
    }
    std::fs::remove_file(tls.join("cert.pem")).unwrap();
    let before = refusals();
    wait_until(Duration::from_secs(10), "a missing one is refused", || refusals() > before);
    assert_eq!(served(process.address), der);

    // And after all that a good one is taken.
    let (der, pem, key) = certificate(&["other.example", "LOCALHOST"], -1, 30);
    write(&pem, &key, 0o600);
    wait_until(Duration::from_secs(10), "the good one is served", || served(process.address) == der);
}

#[test]
fn a_server_does_not_start_with_a_bad_certificate() {
    let process = Process::start(Kind::Sqlite, &[]);
    let (_, pem, key) = certificate(&["localhost"], -30, -1);
    std::fs::write(process.data.join("tls/cert.pem"), pem).unwrap();
    std::fs::write(process.data.join("tls/key.pem"), key).unwrap();
    let config = process.data.join("incamera.toml");
    let output =
        ended(incamera().args(["serve", "--config", config.to_str().unwrap()]).env("INCAMERA_SERVER__PORT", "0"));
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("not in its time"), "{words}");
}
