//! Tries a minute, by source and by account, before anything costly is done. Kept in memory: a restart
//! forgives, and another node counts for itself; the bound that matters is that of the hashing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::context::Moment;
use crate::error::{AppError, Fault};

/// Most keys remembered; when there are more, those of past minutes go.
const MOST: usize = 20_000;

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
        let mut over = false;
        for (key, most) in [(format!("s/{source}"), self.per_source), (format!("a/{account}"), self.per_account)] {
            let slot = counts.entry(key).or_insert((minute, 0));
            if slot.0 != minute {
                *slot = (minute, 0);
            }
            slot.1 = slot.1.saturating_add(1);
            over |= slot.1 > most;
        }
        if over {
            let wait = 60 - now.seconds().rem_euclid(60);
            return Err(Fault::TooMany(u32::try_from(wait).unwrap_or(60)).into());
        }
        Ok(())
    }
}

/// The source of a call as it is counted and logged: an IPv4 /24 or IPv6 /48, so that the log holds no
/// stranger's whole address and a stranger with many addresses is still one.
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
