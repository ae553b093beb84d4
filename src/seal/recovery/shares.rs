//! Shares as people print, keep and type them: m of n, by Shamir's way over GF(256) (crate `vsss-rs`).
//!
//! A share is one short text: `ICR1`, then 47 bytes in letters and digits that are not mistaken for one another (Crockford's
//! base 32, in groups of four): its number, how many are needed of how many, the first half of the key's id, the share
//! itself, and a checksum over all of it.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use data_encoding::{Encoding, HEXLOWER, Specification};
use sha2::{Digest, Sha256};
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use super::{RecoverySecret, Refusal};
use crate::context::Ctx;
use crate::error::AppError;
use crate::seal::keypair::{SEED, Seed};

const PREFIX: &str = "ICR1";
const CHECKSUM: &[u8] = b"incamera/recovery-share/v1\0";
/// Number, needed, shares; half of the key's id.
const HEAD: usize = 3 + 8;
/// What stands before the checksum of four bytes.
const BODY: usize = HEAD + SEED;
const GROUP: usize = 4;

/// One share of a recovery key.
pub struct Share(Zeroizing<Vec<u8>>);

fn encoding() -> Result<Encoding, AppError> {
    let mut way = Specification::new();
    way.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    way.translate.from.push_str("abcdefghjkmnpqrstvwxyzoOiIlL");
    way.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    way.ignore.push_str("- \t\r\n");
    way.encoding().map_err(AppError::internal)
}

fn checksum(body: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(CHECKSUM).chain_update(body).finalize().iter().copied().take(4).collect()
}

impl Share {
    /// Splits a key.
    ///
    /// # Errors
    /// Without randomness.
    pub fn all(ctx: &Ctx, secret: &RecoverySecret) -> Result<Vec<Self>, AppError> {
        let key = secret.key();
        // The crate asks for randomness that never fails: it is stretched from what was got.
        let random = ChaCha20Rng::from_seed(ctx.random::<32>()?);
        let split = Gf256::split_bytes(key.needed.into(), key.shares.into(), secret.seed.bytes(), random);
        let split = split.map_err(|error| AppError::internal(error.to_string()))?;
        let share = |part: Vec<u8>| {
            let part = Zeroizing::new(part);
            let (number, value) = part.split_first().ok_or_else(|| AppError::internal("a share is empty"))?;
            let head = [&[*number, key.needed, key.shares], key.short().as_slice()].concat();
            Ok(Self(Zeroizing::new([head.as_slice(), value].concat())))
        };
        split.into_iter().map(share).collect()
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.at(0)
    }

    /// What it says of itself.
    #[must_use]
    pub fn words(&self) -> String {
        let key = HEXLOWER.encode(self.common().get(2..).unwrap_or_default());
        format!("share {} of {}, of which {} are needed; the key begins with {key}", self.at(0), self.at(2), self.at(1))
    }

    fn at(&self, place: usize) -> u8 {
        self.0.get(place).copied().unwrap_or_default()
    }

    fn needed(&self) -> u8 {
        self.at(1)
    }

    /// What is the same in all shares of one key.
    fn common(&self) -> &[u8] {
        self.0.get(1..HEAD).unwrap_or_default()
    }

    /// The text.
    ///
    /// # Errors
    /// Never, in fact.
    pub fn text(&self) -> Result<Zeroizing<String>, AppError> {
        let whole = Zeroizing::new([self.0.as_slice(), &checksum(&self.0)].concat());
        let letters = Zeroizing::new(encoding()?.encode(&whole));
        let mut text = Zeroizing::new(String::with_capacity(2 * letters.len()));
        text.push_str(PREFIX);
        for (place, letter) in letters.chars().enumerate() {
            if place.is_multiple_of(GROUP) {
                text.push('-');
            }
            text.push(letter);
        }
        Ok(text)
    }

    /// Reads a share as it was typed: small or capital letters, with or without hyphens and spaces, in one line or several.
    /// Lines that begin with `#` are left out.
    ///
    /// # Errors
    /// [`Refusal::NotAShare`].
    pub fn read(typed: &str) -> Result<Self, AppError> {
        let lines = typed.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let typed = Zeroizing::new(lines.collect::<Vec<_>>().join("\n"));
        let typed = typed.trim();
        let (prefix, letters) = typed.split_at_checked(PREFIX.len()).ok_or(Refusal::NotAShare)?;
        let whole = encoding()?.decode(letters.as_bytes()).ok().map(Zeroizing::new).ok_or(Refusal::NotAShare)?;
        let (body, sum) = whole.split_at_checked(BODY).ok_or(Refusal::NotAShare)?;
        if !prefix.eq_ignore_ascii_case(PREFIX) || checksum(body) != sum {
            return Err(Refusal::NotAShare.into());
        }
        Ok(Self(Zeroizing::new(body.to_vec())))
    }

    /// Makes the key again.
    ///
    /// # Errors
    /// When there are too few, the same twice, of different keys, or of none.
    pub fn combine(shares: &[Self]) -> Result<RecoverySecret, AppError> {
        let first = shares.first().ok_or(Refusal::TooFew { have: 0, needed: 2 })?;
        for (place, share) in shares.iter().enumerate() {
            if share.common() != first.common() {
                return Err(Refusal::Mixed(share.number()).into());
            }
            if shares.iter().take(place).any(|other| other.number() == share.number()) {
                return Err(Refusal::Twice(share.number()).into());
            }
        }
        let needed = first.needed();
        if shares.len() < usize::from(needed) {
            return Err(Refusal::TooFew { have: shares.len(), needed }.into());
        }
        let part = |share: &Self| [&[share.number()], share.0.get(HEAD..).unwrap_or_default()].concat();
        let mut parts: Vec<Vec<u8>> = shares.iter().map(part).collect();
        let made = Gf256::combine_bytes(&parts).map(Zeroizing::new);
        parts.iter_mut().for_each(zeroize::Zeroize::zeroize);
        let seed = made.ok().and_then(|made| Seed::of(&made)).ok_or(Refusal::NotTheKey)?;
        let secret = RecoverySecret::of(seed, needed, first.at(2))?;
        // Whatever went wrong: another seed is another key.
        if secret.key().short() == first.common().get(2..).unwrap_or_default() {
            Ok(secret)
        } else {
            Err(Refusal::NotTheKey.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::{Moment, SystemEntropy};

    fn ctx() -> Ctx {
        Ctx::new(Moment(0), Arc::new(SystemEntropy))
    }

    fn made(needed: u8, shares: u8) -> (RecoverySecret, Vec<Zeroizing<String>>) {
        let secret = RecoverySecret::new(&ctx(), needed, shares).unwrap();
        let shares = Share::all(&ctx(), &secret).unwrap().iter().map(|share| share.text().unwrap()).collect();
        (secret, shares)
    }

    fn combine(texts: &[&str]) -> Result<RecoverySecret, String> {
        let shares: Result<Vec<Share>, _> = texts.iter().map(|text| Share::read(text)).collect();
        shares.and_then(|shares| Share::combine(&shares)).map_err(|error| error.cause().unwrap().to_string())
    }

    #[test]
    fn any_m_make_the_key_and_fewer_make_none() {
        let (secret, shares) = made(3, 5);
        assert_eq!(shares.len(), 5);
        for mask in 0u32..1 << 5 {
            let some: Vec<&str> = (0..5).filter(|at| mask & (1 << at) != 0).map(|at| shares[at].as_str()).collect();
            match combine(&some) {
                Ok(made) => assert!(some.len() >= 3 && made.key() == secret.key()),
                Err(why) => assert!(some.len() < 3 && why.contains("shares that are needed"), "{some:?} {why}"),
            }
        }
        let (secret, shares) = made(2, 255);
        assert_eq!(combine(&[&shares[254], &shares[17]]).unwrap().key(), secret.key());
    }

    #[test]
    fn fewer_are_not_taken_for_enough_by_saying_so() {
        // Whoever changes what a share says of itself has made another key of it, or none.
        let (_, shares) = made(3, 5);
        let lowered: Vec<Share> = shares
            .iter()
            .take(2)
            .map(|text| {
                let mut share = Share::read(text).unwrap();
                share.0[1] = 2;
                share
            })
            .collect();
        assert_eq!(
            Share::combine(&lowered).err().unwrap().cause().unwrap().to_string(),
            Refusal::NotTheKey.to_string()
        );
    }

    #[test]
    fn a_share_is_read_as_people_type_it() {
        let (secret, shares) = made(2, 3);
        let typed =
            shares[0].to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l").replacen("icrl", "icr1", 1);
        let lines = format!("# Share 1 of 3\n\n  {}\n{}\n", &typed[..40], &typed[40..]);
        assert_eq!(combine(&[&lines, &shares[2]]).unwrap().key(), secret.key());
    }

    #[test]
    fn each_slip_of_the_hand_is_seen() {
        let (_, shares) = made(2, 2);
        let text = shares[0].as_str();
        for at in 0..text.len() {
            let other = if &text[at..=at] == "7" { "8" } else { "7" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_eq!(combine(&[&changed, &shares[1]]).err().unwrap(), "not a share, or mistyped", "{changed}");
        }
        let (front, back) = (&text[..5], &text[10..]);
        for wrong in
            ["", "ICR1", "#", "é", &text[..text.len() - 5], &format!("{front}{}-{}-{back}", "7K7K", &text[5..9])]
        {
            assert_eq!(combine(&[wrong]).err().unwrap(), "not a share, or mistyped", "{wrong}");
        }
    }

    #[test]
    fn what_does_not_belong_together_is_named() {
        let ((_, one), (_, other)) = (made(2, 3), made(2, 3));
        assert_eq!(combine(&[&one[0], &other[1]]).err().unwrap(), "share 2 is of another key than the first");
        assert_eq!(combine(&[&one[0], &one[1], &one[0]]).err().unwrap(), "share 1 was given twice");
        // A share that was made up, with a right checksum.
        let mut forged = Share::read(&one[1]).unwrap();
        forged.0[20] ^= 1;
        let forged = forged.text().unwrap();
        assert_eq!(combine(&[&one[0], &forged]).err().unwrap(), Refusal::NotTheKey.to_string());
        assert_eq!(combine(&[&one[0], &forged, &one[2]]).err().unwrap(), Refusal::NotTheKey.to_string());
    }

    /// What is on paper stays there for years: whatever is changed here, it must make the same key.
    #[test]
    fn shares_from_before_make_their_key() {
        let first =
            "ICR1-0410-7W5A-5JD9-83C1-S2N5-MP93-VF51-T3R8-93AT-60N2-0ND7-5W01-SZMA-8MSH-2P3V-17KP-J1AD-BC09-JMRG";
        let third =
            "ICR1-0C10-7W5A-5JD9-83C1-S3NY-1SBB-F15J-J7RP-TSNF-027K-07G9-G18D-8GPZ-KYTX-66EC-BDWM-MQS6-NW24-N80G";
        let made = combine(&[third, first]).unwrap();
        assert_eq!(made.seed.bytes(), &[7; 32]);
        assert_eq!(made.key().id.as_str(), "f0aa2c9a-940d-81c8-8892-eae701323db1");
    }
}
