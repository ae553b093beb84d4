//! Access tokens (JWT, HS256, five minutes) and the opaque secrets beside them.
//!
//! The token only carries who claims to ask; every request looks at its sign-in's row. The library checks
//! the signature; times are checked here, because the clock is a parameter, and the header is read by a
//! strict reader of our own, because the library lets `typ`, `crit`, `jwk` and the like pass (RFC 8725).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::hashing::name_of;
use crate::context::{Ctx, Moment};
use crate::error::AppError;
use crate::ids::{PersonId, SignInId};
use crate::seal::keyfile::KeyFile;
use crate::server::Bearer;

/// RFC 9068, section 2.1: keeps any other JWT of ours, now or later, from passing for an access token.
const TYPE: &str = "at+jwt";
/// Seconds that two nodes' clocks may differ.
const LEEWAY: i64 = 5;
/// No token of ours is longer.
const LONGEST: usize = 1024;

pub(super) struct Tokens {
    keys: Vec<(String, EncodingKey, DecodingKey)>,
    validation: Validation,
    origin: String,
    life: i64,
    /// What those say whose signature was found good, by digest: finding that anew took a
    /// twentieth of an audited read. Times are looked at each time. When there are too many, all are forgotten.
    verified: Mutex<HashMap<[u8; 32], Claims>>,
}

/// How many are kept.
const MOST_VERIFIED: usize = 10_000;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: PersonId,
    sid: SignInId,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    typ: String,
    alg: String,
    kid: String,
}

impl Tokens {
    pub(super) fn new(file: &KeyFile, origin: &str, life: i64) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[origin]);
        validation.set_audience(&[origin]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let keys = file
            .all()
            .map(|key| (name_of(key), EncodingKey::from_secret(key), DecodingKey::from_secret(key)))
            .collect();
        Self { keys, validation, origin: origin.to_owned(), life, verified: Mutex::default() }
    }

    /// Seconds a token lives.
    pub(super) const fn life(&self) -> i64 {
        self.life
    }

    pub(super) fn issue(&self, ctx: &Ctx, person: &PersonId, sign_in: &SignInId) -> Result<String, AppError> {
        let (name, key, _) = self.keys.first().ok_or_else(|| AppError::internal("no token key"))?;
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.into());
        header.kid = Some(name.clone());
        let now = ctx.now.seconds();
        let claims = Claims {
            iss: self.origin.clone(),
            aud: self.origin.clone(),
            sub: person.clone(),
            sid: sign_in.clone(),
            jti: BASE64URL_NOPAD.encode(&ctx.random::<12>()?),
            iat: now,
            nbf: now,
            exp: now.saturating_add(self.life),
        };
        jsonwebtoken::encode(&header, &claims, key).map_err(AppError::internal)
    }

    /// What `token` says, if it is one of ours and in its time.
    pub(super) fn verify(&self, token: &str, now: Moment) -> Option<Bearer> {
        if token.len() > LONGEST {
            return None;
        }
        let digest = Sha256::digest(token.as_bytes()).into();
        let kept = self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        let claims = match kept {
            Some(claims) => claims,
            None => self.read(token).inspect(|claims| self.keep(digest, claims.clone()))?,
        };
        let now = now.seconds();
        let in_time = claims.nbf <= now.saturating_add(LEEWAY)
            && claims.iat <= now.saturating_add(LEEWAY)
            && claims.exp > now
            && claims.exp.saturating_sub(claims.iat) <= self.life;
        in_time.then_some(Bearer { person: claims.sub, sign_in: claims.sid })
    }

    fn keep(&self, digest: [u8; 32], claims: Claims) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MOST_VERIFIED {
            verified.clear();
        }
        verified.insert(digest, claims);
    }

    /// What `token` says, if it is one of ours, in whatever time.
    fn read(&self, token: &str) -> Option<Claims> {
        let header = BASE64URL_NOPAD.decode(token.split('.').next()?.as_bytes()).ok()?;
        let header: StrictHeader = serde_json::from_slice(&header).ok()?;
        if header.typ != TYPE || header.alg != "HS256" {
            return None;
        }
        let (_, _, key) = self.keys.iter().find(|(name, _, _)| *name == header.kid)?;
        jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok().map(|token| token.claims)
    }
}

/// A new opaque secret with its kind as prefix, and the digest that is kept of it. 256 random bits need no
/// slow hash.
pub(super) fn opaque(ctx: &Ctx, prefix: &str) -> Result<(Zeroizing<String>, Vec<u8>), AppError> {
    let secret = Zeroizing::new(ctx.random::<32>()?);
    let text = Zeroizing::new(format!("{prefix}{}", BASE64URL_NOPAD.encode(secret.as_slice())));
    let digest = digest(&text);
    Ok((text, digest))
}

/// What is kept of an opaque secret.
pub(super) fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}
