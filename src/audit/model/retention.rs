//! How long what an entry says is kept: each authority's law has a rule of its own (decision 17).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime};

use crate::context::Moment;

/// How long. Days and years are those of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rule {
    /// `3 years`: to the end of the day of that date so many years later, as Regulation (EEC, Euratom) No 1182/71,
    /// Article 3(2)(c), counts a period in years.
    Years(u8),
    /// `year end + 1`: to the end of the year that is so many after the one in which the entry was made.
    YearEnd(u8),
}

impl Rule {
    /// Reads one. Less than one year is none: what was done yesterday is nobody's to erase.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let number = |text: &str| text.parse().ok().filter(|number| (1..=100).contains(number));
        match words[..] {
            [years, "year" | "years"] => number(years).map(Self::Years),
            ["year", "end", "+", years] => number(years).map(Self::YearEnd),
            _ => None,
        }
    }

    /// The first moment at which an entry of `at` may be erased; the end of time for one that cannot be reckoned with.
    #[must_use]
    pub fn due(self, at: Moment) -> Moment {
        let reckon = || {
            let made = date(at)?;
            match self {
                Self::YearEnd(years) => new_year(made.year().checked_add(i32::from(years))?.checked_add(1)?),
                Self::Years(years) => {
                    let year = made.year().checked_add(i32::from(years))?;
                    // Where there is no 29 February, the period ends with the 28th.
                    let last = made.replace_year(year).or_else(|_| Date::from_calendar_date(year, Month::February, 28));
                    Some(start(last.ok()?.next_day()?))
                }
            }
        };
        reckon().unwrap_or(Moment(i64::MAX))
    }

    /// Entries from before this moment may be erased at `now`, and no others.
    #[must_use]
    pub fn before(self, now: Moment) -> Moment {
        let reckon = || {
            let today = date(now)?;
            match self {
                Self::YearEnd(years) => new_year(today.year().checked_sub(i32::from(years))?),
                Self::Years(years) => {
                    let year = today.year().checked_sub(i32::from(years))?;
                    let first = today.replace_year(year).or_else(|_| Date::from_calendar_date(year, Month::March, 1));
                    Some(start(first.ok()?))
                }
            }
        };
        reckon().unwrap_or(Moment(i64::MIN))
    }
}

fn date(at: Moment) -> Option<Date> {
    OffsetDateTime::from_unix_timestamp(at.seconds()).ok().map(OffsetDateTime::date)
}

fn start(day: Date) -> Moment {
    Moment(day.midnight().assume_utc().unix_timestamp().saturating_mul(1_000_000))
}

fn new_year(year: i32) -> Option<Moment> {
    Date::from_ordinal_date(year, 1).ok().map(start)
}

impl fmt::Display for Rule {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Years(1) => to.write_str("1 year"),
            Self::Years(years) => write!(to, "{years} years"),
            Self::YearEnd(years) => write!(to, "year end + {years}"),
        }
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

impl TryFrom<String> for Rule {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
            .ok_or_else(|| format!("{text:?} is no rule of retention: write \"3 years\" or \"year end + 1\""))
    }
}

/// Whose entries are kept how long. The defaults and their sources stand in `config/incamera.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Those of States.
    pub states: Rule,
    /// Those of organisations, of the Secretariat, and of nobody: the host's.
    pub organisations: Rule,
    /// Those of the parties with these codes.
    pub parties: BTreeMap<String, Rule>,
}

impl Retention {
    /// The rule for a party.
    #[must_use]
    pub fn of(&self, code: &str, is_state: bool) -> Rule {
        self.parties.get(code).copied().unwrap_or(if is_state { self.states } else { self.organisations })
    }

    /// Entries from this moment on are kept at `now`, whosever they are.
    #[must_use]
    pub fn before(&self, now: Moment) -> Moment {
        let all = self.parties.values().chain([&self.states, &self.organisations]);
        all.map(|rule| rule.before(now)).max().unwrap_or(Moment(i64::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn rules_are_read_and_written() {
        for text in ["3 years", "1 year", "year end + 1", "year end + 100"] {
            assert_eq!(Rule::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "0 years", "3", "years", "3 days", "-1 years", "year end + 0", "year end", "101 years", "1 year x"]
        {
            assert_eq!(Rule::parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_ends_at_its_midnight_to_the_microsecond() {
        for (rule, made, due) in [
            ("year end + 1", "2025-01-01T00:00:00Z", "2027-01-01"),
            ("year end + 1", "2025-12-31T23:59:59.999999Z", "2027-01-01"),
            ("year end + 1", "2026-01-01T00:00:00Z", "2028-01-01"),
            ("3 years", "2025-05-06T00:00:00Z", "2028-05-07"),
            ("3 years", "2025-05-06T23:59:59.999999Z", "2028-05-07"),
            ("3 years", "2024-02-28T12:00:00Z", "2027-03-01"),
            ("3 years", "2024-02-29T12:00:00Z", "2027-03-01"),
            ("4 years", "2024-02-29T12:00:00Z", "2028-03-01"),
            ("3 years", "2025-12-31T12:00:00Z", "2029-01-01"),
        ] {
            let (rule, made, due) = (Rule::parse(rule).unwrap(), moment(made), moment(due));
            assert_eq!(rule.due(made), due, "{rule} {}", made.rfc3339());
            assert!(made < rule.before(due));
            assert!(made >= rule.before(Moment(due.0 - 1)));
        }
    }

    #[test]
    fn what_may_go_is_what_is_before() {
        let day = 86_400_000_000;
        for rule in
            ["1 year", "3 years", "4 years", "year end + 1", "year end + 2"].map(|text| Rule::parse(text).unwrap())
        {
            for made in (0..1500).map(|number| Moment(moment("2023-12-20").0 + number * day - number % 2)) {
                let due = rule.due(made);
                for now in [Moment(due.0 - day), Moment(due.0 - 1), due, Moment(due.0 + 1), Moment(due.0 + day)] {
                    assert_eq!(made < rule.before(now), due <= now, "{rule} {} {}", made.rfc3339(), now.rfc3339());
                }
            }
        }
        assert_eq!(Rule::Years(3).due(Moment(i64::MAX)), Moment(i64::MAX));
        assert_eq!(Rule::YearEnd(1).before(Moment(i64::MIN)), Moment(i64::MIN));
    }
}
