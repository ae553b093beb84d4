//! A certificate from an authority made for it alone. The authority's key is thrown away: nothing else
//! can ever be signed by it, and a renewal makes a new one.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::CliError;
use crate::context::Moment;
use crate::settings::files;

/// Days the certificate is good for.
const DAYS: i64 = 397;

/// Writes `ca.pem` into `folder`, and `cert.pem` and `key.pem` into its `tls` folder, for the host of
/// `origin` and this machine's own addresses.
pub(super) fn create(folder: &Path, origin: &str, now: Moment) -> Result<(), CliError> {
    let failed = |error: rcgen::Error| CliError::Other(error.to_string());
    let host = origin.trim_start_matches("https://").split(':').next().unwrap_or_default().to_owned();

    let mut authority = CertificateParams::new(Vec::new()).map_err(failed)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, format!("In Camera authority of {host}"));
    let authority_key = KeyPair::generate().map_err(failed)?;
    let mut leaf = CertificateParams::new(vec![host.clone(), "localhost".into(), "127.0.0.1".into(), "::1".into()])
        .map_err(failed)?;
    leaf.distinguished_name.push(DnType::CommonName, host);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let day = |days: i64| {
        time::OffsetDateTime::from_unix_timestamp(now.plus_seconds(days * 86_400).seconds())
            .map_err(|error| CliError::Other(error.to_string()))
    };
    for params in [&mut authority, &mut leaf] {
        params.not_before = day(-1)?;
        params.not_after = day(DAYS)?;
    }
    let certificate = authority.self_signed(&authority_key).map_err(failed)?;
    let issuer = Issuer::new(authority, authority_key);
    let leaf_key = KeyPair::generate().map_err(failed)?;
    let signed = leaf.signed_by(&leaf_key, &issuer).map_err(failed)?;

    let tls = folder.join("tls");
    fs::create_dir_all(&tls)?;
    fs::write(folder.join("ca.pem"), certificate.pem())?;
    fs::write(tls.join("cert.pem"), signed.pem())?;
    files::create_private(&tls.join("key.pem"), leaf_key.serialize_pem().as_bytes())?;
    Ok(())
}
