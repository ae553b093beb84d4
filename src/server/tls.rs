//! TLS 1.3 and nothing else (TLS 1.2 is not compiled in), hybrid key exchange first, and a certificate
//! that can be renewed without a restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::context::{Clock, Moment};
use crate::error::AppError;
use crate::settings::{ServerSettings, files};

/// The algorithms. AES-128 is left out (ASVS 5.0, appendix C, calls it legacy).
fn provider(post_quantum_only: bool) -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP256R1MLKEM768, SECP384R1, X25519, X25519MLKEM768};
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = vec![
        aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384,
        aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    provider.kx_groups = vec![X25519MLKEM768, SECP256R1MLKEM768];
    if !post_quantum_only {
        provider.kx_groups.extend([X25519, SECP256R1, SECP384R1]);
    }
    provider
}

/// The listener's TLS configuration. The certificate is looked at again every
/// `server.certificate_check_seconds`, for as long as the configuration is in use. Paths start at `base`.
///
/// # Errors
/// When the certificate or its key cannot be used.
pub fn config(settings: &ServerSettings, base: &Path, clock: Arc<dyn Clock>) -> Result<rustls::ServerConfig, AppError> {
    let provider = Arc::new(provider(settings.post_quantum_only));
    let source = Source {
        chain: base.join(&settings.certificate),
        key: base.join(&settings.private_key),
        host: host_of(&settings.origin),
        provider: Arc::clone(&provider),
        clock,
    };
    let seen = source.stamp();
    let resolver = Arc::new(Resolver { current: ArcSwap::from_pointee(source.load()?) });
    watch(source, seen, Arc::downgrade(&resolver), Duration::from_secs(settings.certificate_check_seconds.max(1)))?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(AppError::internal)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // No tickets: a resumed connection would rest on a key that lives longer than the connection.
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// How this server connects to others: with the same algorithms, and to those alone whose certificate one of the
/// authorities in the PEM text has signed. The authorities that browsers trust are not asked: any of them could
/// put somebody else in the other's place.
///
/// # Errors
/// When the text holds no certificate, or one that is none of an authority.
pub fn client(authorities: &[u8]) -> Result<rustls::ClientConfig, AppError> {
    let mut roots = rustls::RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        roots.add(authority.map_err(AppError::internal)?).map_err(AppError::internal)?;
    }
    if roots.is_empty() {
        return Err(AppError::internal("holds no certificate"));
    }
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(provider(false)))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(AppError::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

struct Resolver {
    current: ArcSwap<CertifiedKey>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// Where the certificate comes from, and what it must be good for.
struct Source {
    chain: PathBuf,
    key: PathBuf,
    host: String,
    provider: Arc<CryptoProvider>,
    clock: Arc<dyn Clock>,
}

impl Source {
    /// Reads and judges a pair: it must fit together, be in its time, and name the origin's host.
    fn load(&self) -> Result<CertifiedKey, AppError> {
        let refuse = |why: String| AppError::internal(format!("{}: {why}", self.chain.display()));
        let chain = std::fs::read(&self.chain).map_err(|error| refuse(error.to_string()))?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<_, _>>()
            .map_err(|error| refuse(error.to_string()))?;
        let key = files::read_private(&self.key).map_err(AppError::internal)?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| refuse(error.to_string()))?;
        let leaf = chain.first().ok_or_else(|| refuse("holds no certificate".into()))?;
        judge(leaf, &self.host, self.clock.now()).map_err(refuse)?;
        let pair = CertifiedKey::from_der(chain, key, &self.provider).map_err(|error| refuse(error.to_string()))?;
        pair.keys_match().map_err(|error| refuse(error.to_string()))?;
        Ok(pair)
    }

    /// What changes when a file is replaced.
    fn stamp(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.chain, &self.key]
            .map(|path| std::fs::metadata(path).ok().and_then(|data| Some((data.modified().ok()?, data.len()))))
    }
}

fn judge(leaf: &CertificateDer<'_>, host: &str, now: Moment) -> Result<(), String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|error| error.to_string())?;
    let validity = parsed.validity();
    if !(validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now.seconds()) {
        return Err("is not in its time".into());
    }
    let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
    let names =
        parsed.subject_alternative_name().map_err(|error| error.to_string())?.map(|names| &names.value.general_names);
    let covered = names.into_iter().flatten().any(|one| match (one, &name) {
        (x509_parser::extensions::GeneralName::DNSName(pattern), ServerName::DnsName(_)) => dns_covers(pattern, host),
        (x509_parser::extensions::GeneralName::IPAddress(bytes), ServerName::IpAddress(_)) => {
            host.parse::<std::net::IpAddr>().is_ok_and(|address| match address {
                std::net::IpAddr::V4(four) => four.octets() == **bytes,
                std::net::IpAddr::V6(six) => six.octets() == **bytes,
            })
        }
        _ => false,
    });
    if covered { Ok(()) } else { Err(format!("does not cover {host}")) }
}

fn dns_covers(pattern: &str, host: &str) -> bool {
    pattern.eq_ignore_ascii_case(host)
        || pattern
            .strip_prefix("*.")
            .is_some_and(|parent| host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)))
}

/// The host in `https://host:port`.
fn host_of(origin: &str) -> String {
    let authority = origin.trim_start_matches("https://");
    if let Some(six) = authority.strip_prefix('[') {
        return six.split(']').next().unwrap_or_default().into();
    }
    authority.split(':').next().unwrap_or_default().into()
}

/// Swaps a changed pair in once it has been judged; a bad one is reported and the old goes on. Ends by
/// itself when nobody uses the configuration any more.
fn watch(
    source: Source,
    mut seen: [Option<(SystemTime, u64)>; 2],
    resolver: Weak<Resolver>,
    every: Duration,
) -> Result<(), AppError> {
    std::thread::Builder::new()
        .name("certificate".into())
        .spawn(move || {
            while let Some(resolver) = {
                std::thread::sleep(every);
                resolver.upgrade()
            } {
                let stamp = source.stamp();
                if stamp == seen {
                    continue;
                }
                match source.load() {
                    Ok(pair) => {
                        resolver.current.store(Arc::new(pair));
                        seen = stamp;
                        tracing::info!("the certificate was renewed");
                    }
                    // Not marked as seen: the other half of the pair may be about to be written.
                    Err(error) => tracing::warn!(cause = ?error.cause().map(ToString::to_string), "the new certificate is refused; the old one stays"),
                }
            }
        })
        .map(drop)
        .map_err(AppError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_patterns() {
        assert_eq!(host_of("https://localhost:8443"), "localhost");
        assert_eq!(host_of("https://[::1]:8443"), "::1");
        assert_eq!(host_of("https://a.example.org"), "a.example.org");
        assert!(dns_covers("*.example.org", "a.example.org"));
        assert!(!dns_covers("*.example.org", "a.b.example.org"));
        assert!(!dns_covers("*.example.org", "example.org"));
    }
}
