//! Second factors: time-based codes (RFC 6238), each usable once, and recovery codes.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use super::tokens::digest;
use crate::context::{Ctx, Moment};
use crate::error::AppError;

/// Recovery codes a person gets.
const RECOVERY_CODES: usize = 10;

/// A new seed, 160 bits as RFC 4226 recommends.
pub(super) fn new_seed(ctx: &Ctx) -> Result<Zeroizing<Vec<u8>>, AppError> {
    Ok(Zeroizing::new(ctx.random::<20>()?.to_vec()))
}

/// The seed as authenticators take it.
pub(super) fn base32(seed: &[u8]) -> String {
    BASE32_NOPAD.encode(seed)
}

/// The seed as an address that authenticators read from a picture.
pub(super) fn otpauth(seed: &[u8], email: &str) -> String {
    let account = percent_encoding::utf8_percent_encode(email, percent_encoding::NON_ALPHANUMERIC);
    format!(
        "otpauth://totp/In%20Camera:{account}?secret={}&issuer=In%20Camera&algorithm=SHA1&digits=6&period=30",
        base32(seed)
    )
}

/// The step that `code` belongs to, the present one or a neighbour, if it is right. Whoever accepts it
/// records the step and accepts none up to it again.
pub(super) fn step_of(seed: &[u8], code: &str, now: Moment) -> Result<Option<i64>, AppError> {
    let totp = totp(seed)?;
    let now = u64::try_from(now.seconds()).map_err(AppError::internal)?;
    totp.check(code, now).map(|step| i64::try_from(step).map_err(AppError::internal)).transpose()
}

fn totp(seed: &[u8]) -> Result<Totp, AppError> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(seed.to_vec())
        .build()
        .map_err(|error| AppError::internal(error.to_string()))
}

/// New recovery codes, with the digests that are kept of them.
pub(super) fn recovery_codes(ctx: &Ctx) -> Result<Vec<(String, Vec<u8>)>, AppError> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let code = format!("icc_{}", BASE64URL_NOPAD.encode(&ctx.random::<16>()?));
            let digest = digest(&code);
            Ok((code, digest))
        })
        .collect()
}
