//! Tries a minute, by source and by account, before anything costly is done; and wrong codes of the second
//! factor. Kept in memory: a restart forgives, and another node counts for itself; the bound that matters is
//! that of the hashing.
//!
//! An account is counted for each source: else anyone could keep its owner from logging in by trying in
//! vain (ASVS 5.0, 6.1.1).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::context::Moment;
use crate::error::{AppError, Fault};
use crate::ids::PersonId;

/// Most keys remembered; when there are more, those of past minutes go.
const MOST: usize = 20_000;
/// Wrong codes of one person in an hour, after which none is right. Whoever has the password could try all
/// the codes there are: at this rate he finds one in some four years.
const WRONG_CODES: u32 = 10;

pub(super) struct Throttle {
    per_source: u32,
    per_account: u32,
    counts: Mutex<HashMap<String, (i64, u32)>>,
}

impl Throttle {
    pub(super) fn new(per_source: u32, per_account: u32) -> Self {
        Self { per_source, per_account, counts: Mutex::new(HashMap::new()) }
    }

    /// Counts a try from `source` at `account`, which need not exist.
    ///
    /// # Errors
    /// `TooMany` beyond either bound; the same for accounts that exist and that do not.
    pub(super) fn count(&self, source: &str, account: &str, now: Moment) -> Result<(), AppError> {
        let minute = now.minute();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() > MOST {
            counts.retain(|_, (at, _)| *at == minute);
        }
        // A source beyond its bound leaves no more keys behind, or it could fill the memory with accounts.
        let over = one_more(&mut counts, source.to_owned(), minute) > self.per_source
            || one_more(&mut counts, format!("{source} {account}"), minute) > self.per_account;
        if over {
            let wait = 60 - now.seconds().rem_euclid(60);
            return Err(Fault::TooMany(u32::try_from(wait).unwrap_or(60)).into());
        }
        Ok(())
    }
}

/// Counts one more in this stretch of time, and answers how many there were in it.
fn one_more<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, (i64, u32)>, key: K, stretch: i64) -> u32 {
    let slot = counts.entry(key).or_insert((stretch, 0));
    if slot.0 != stretch {
        *slot = (stretch, 0);
    }
    slot.1 = slot.1.saturating_add(1);
    slot.1
}

/// Wrong codes after a right password, by person and hour. Strangers do not come this far, so nobody can
/// be shut out by it who has not lost the password.
#[derive(Default)]
pub(super) struct WrongCodes(Mutex<HashMap<PersonId, (i64, u32)>>);

impl WrongCodes {
    /// Whether the person's codes still count in this hour.
    pub(super) fn may_try(&self, person: &PersonId, now: Moment) -> bool {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(person).is_none_or(|(at, wrong)| *at != hour(now) || *wrong < WRONG_CODES)
    }

    /// Counts a wrong one.
    pub(super) fn count(&self, person: &PersonId, now: Moment) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        one_more(&mut counts, person.clone(), hour(now));
    }
}

const fn hour(now: Moment) -> i64 {
    now.minute().div_euclid(60)
}

/// The source of a call as its tries are counted: an IPv4 address, or an IPv6 /64, of which one stranger
/// has all.
pub(super) fn source(peer: Option<IpAddr>) -> String {
    match peer.map(|peer| peer.to_canonical()) {
        Some(IpAddr::V6(six)) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(four) => four.to_string(),
        None => "unknown".into(),
    }
}

/// The source of a call as it is logged: an IPv4 /24 or IPv6 /48, so that the log holds no stranger's whole
/// address and a stranger with many addresses is still one.
pub(super) fn prefix(peer: Option<IpAddr>) -> String {
    match peer.map(|peer| peer.to_canonical()) {
        Some(IpAddr::V4(four)) => {
            let [a, b, c, _] = four.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(six)) => {
            let [a, b, c, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(throttle: &Throttle, source: &str, account: &str, second: i64) -> bool {
        throttle.count(source, account, Moment(second * 1_000_000)).is_err()
    }

    #[test]
    fn tries_are_bounded_by_source_and_account() {
        let throttle = Throttle::new(5, 2);
        assert!(!refused(&throttle, "1", "a", 0) && !refused(&throttle, "1", "a", 59));
        assert!(refused(&throttle, "1", "a", 59));
        // Another source does not suffer for it, nor does another account.
        assert!(!refused(&throttle, "2", "a", 59));
        assert!(!refused(&throttle, "1", "b", 59) && !refused(&throttle, "1", "c", 59));
        // Five were tried from there by now, whichever.
        assert!(refused(&throttle, "1", "d", 59));
        assert!(!refused(&throttle, "1", "a", 60));
    }

    #[test]
    fn a_flood_leaves_no_more_behind_than_its_bound() {
        let throttle = Throttle::new(10, 2);
        for n in 0..50_000 {
            let _ = refused(&throttle, "1", &n.to_string(), 0);
        }
        assert!(throttle.counts.lock().unwrap().len() <= 11);
        for n in 0..3 * MOST {
            let _ = refused(&throttle, &n.to_string(), "a", i64::try_from(n).unwrap());
        }
        assert!(throttle.counts.lock().unwrap().len() <= MOST + 2);
    }

    #[test]
    fn wrong_codes_are_bounded_by_person_and_hour() {
        let ctx = crate::context::Ctx::new(Moment(0), std::sync::Arc::new(crate::context::SystemEntropy));
        let (one, other) = (PersonId::new(&ctx).unwrap(), PersonId::new(&ctx).unwrap());
        let codes = WrongCodes::default();
        let at = |minute: i64| Moment(minute * 60_000_000);
        for _ in 0..WRONG_CODES {
            assert!(codes.may_try(&one, at(0)));
            codes.count(&one, at(0));
        }
        assert!(!codes.may_try(&one, at(59)));
        assert!(codes.may_try(&other, at(0)) && codes.may_try(&one, at(60)));
    }

    #[test]
    fn sources() {
        let of = |text: &str| (source(text.parse().ok()), prefix(text.parse().ok()));
        assert_eq!(of("192.0.2.7"), ("192.0.2.7".into(), "192.0.2.0/24".into()));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), ("2001:db8:1:2::/64".into(), "2001:db8:1::/48".into()));
        // What a listener for both kinds makes of an IPv4 address: else all of them were one source.
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_eq!(source(None), "unknown");
    }
}
