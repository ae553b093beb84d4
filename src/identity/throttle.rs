//! Tries a minute, by source and by account, before anything costly is done. Kept in memory: a restart
//! forgives, and another node counts for itself; the bound that matters is that of the hashing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::context::Moment;
use crate::error::{AppError, Fault};

/// Most sources, and most accounts, remembered of a minute. When there are more, that minute is forgiven:
/// it takes this many addresses to come there, and memory must have an end.
const MOST: usize = 20_000;

pub(super) struct Throttle {
    sources: Counts,
    accounts: Counts,
}

/// The tries of the present minute, each key with its number.
struct Counts {
    most: u32,
    minute: Mutex<(i64, HashMap<String, u32>)>,
}

impl Throttle {
    pub(super) fn new(per_source: u32, per_account: u32) -> Self {
        let counts = |most| Counts { most, minute: Mutex::new((0, HashMap::new())) };
        Self { sources: counts(per_source), accounts: counts(per_account) }
    }

    /// Counts a try from `source` at `account`, which need not exist. A source beyond its bound is turned
    /// away before the account is looked at: else it could lock out whomever it names, and fill the memory
    /// with names.
    ///
    /// # Errors
    /// `TooMany` beyond either bound; the same for accounts that exist and that do not.
    pub(super) fn count(&self, source: &str, account: &str, now: Moment) -> Result<(), AppError> {
        if self.sources.count(source, now) && self.accounts.count(account, now) {
            return Ok(());
        }
        let wait = 60 - now.seconds().rem_euclid(60);
        Err(Fault::TooMany(u32::try_from(wait).unwrap_or(60)).into())
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        [&self.sources, &self.accounts].map(|counts| counts.minute.lock().unwrap().1.len()).iter().sum()
    }
}

impl Counts {
    /// Counts one; whether it is within the bound.
    fn count(&self, key: &str, now: Moment) -> bool {
        let mut counted = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let (minute, tries) = &mut *counted;
        if *minute != now.minute() || tries.len() >= MOST && !tries.contains_key(key) {
            *minute = now.minute();
            tries.clear();
        }
        let slot = tries.entry(key.to_owned()).or_insert(0);
        *slot = slot.saturating_add(1);
        *slot <= self.most
    }
}

/// The source of a call as its tries are counted: an IPv4 address, or an IPv6 /64, since whoever has one
/// address of that has all of them.
pub(super) fn source(peer: Option<IpAddr>) -> String {
    match peer.map(|peer| peer.to_canonical()) {
        Some(IpAddr::V4(four)) => four.to_string(),
        Some(IpAddr::V6(six)) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".into(),
    }
}

/// The source of a call as it is logged: an IPv4 /24 or IPv6 /48, so that the log holds no stranger's
/// whole address and a stranger with many addresses is still one.
pub(super) fn prefix(peer: Option<IpAddr>) -> String {
    match peer {
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

    const NOW: Moment = Moment(1_000_000_000_000_000);

    #[test]
    fn counts_a_minute_by_source_and_by_account() {
        let throttle = Throttle::new(5, 2);
        for account in ["a", "a", "b", "c", "d"] {
            throttle.count("1.2.3.4", account, NOW).unwrap();
        }
        assert!(throttle.count("1.2.3.4", "e", NOW).is_err(), "the source is over its bound");
        assert!(throttle.count("1.2.3.5", "a", NOW).is_err(), "the account is over its bound");
        throttle.count("1.2.3.5", "f", NOW).unwrap();
        throttle.count("1.2.3.4", "a", NOW.plus_seconds(60)).unwrap();
    }

    #[test]
    fn one_source_fills_no_memory_and_locks_nobody_out() {
        let throttle = Throttle::new(5, 2);
        for number in 0..100_000 {
            drop(throttle.count("1.2.3.4", &number.to_string(), NOW));
        }
        assert!(throttle.remembered() < 10, "{} keys after tries from one source", throttle.remembered());
        throttle.count("1.2.3.5", "99999", NOW).unwrap();
        throttle.count("1.2.3.5", "99999", NOW).unwrap();
    }

    #[test]
    fn many_sources_fill_no_memory() {
        let throttle = Throttle::new(5, 2);
        for number in 0..100_000 {
            drop(throttle.count(&format!("source {number}"), &number.to_string(), NOW));
        }
        assert!(throttle.remembered() <= 2 * MOST);
    }

    #[test]
    fn a_subnet_of_ipv6_is_one_source() {
        let one = |text: &str| source(Some(text.parse().unwrap()));
        assert_eq!(one("2001:db8:1:2::3"), one("2001:db8:1:2:ffff::4"));
        assert_ne!(one("2001:db8:1:2::3"), one("2001:db8:1:3::3"));
        assert_ne!(one("192.0.2.1"), one("192.0.2.2"));
        assert_eq!(one("::ffff:192.0.2.1"), one("192.0.2.1"));
    }
}
