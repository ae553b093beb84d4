//! From when until when something holds.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Moment;
use crate::ids::{ActId, MeetingId};

/// An act and the time it holds for, as of the moment of the answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Term {
    /// The act that began it.
    pub act: ActId,
    /// From when on.
    pub from: Moment,
    /// Until when, if an end is known.
    pub until: Option<Moment>,
    /// When the act was recorded. It gave nobody a right before.
    pub recorded_at: Moment,
    /// Where the decision stands.
    pub source: String,
    /// The meeting that decided it, if one did.
    pub meeting: Option<MeetingId>,
    /// Whether it holds now.
    pub in_force: bool,
}

/// A stretch of time: from its first moment up to, but without, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: Moment,
    /// The first moment behind it, if it ends.
    pub end: Option<Moment>,
}

impl Span {
    /// Whether `at` lies in it.
    #[must_use]
    pub fn holds(self, at: Moment) -> bool {
        self.from <= at && self.end.is_none_or(|end| at < end)
    }

    /// Whether any of it lies at `at` or after.
    #[must_use]
    pub fn lasts_beyond(self, at: Moment) -> bool {
        self.end.is_none_or(|end| end > at.max(self.from))
    }

    /// Whether the two have a moment in common.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        let from = self.from.max(other.from);
        self.end.is_none_or(|end| from < end) && other.end.is_none_or(|end| from < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, end: i64) -> Span {
        Span { from: Moment(from), end: (end > 0).then_some(Moment(end)) }
    }

    #[test]
    fn spans_that_touch_do_not_meet() {
        assert!(!span(1, 5).meets(span(5, 0)));
        assert!(!span(5, 0).meets(span(1, 5)));
        assert!(span(1, 6).meets(span(5, 0)));
        assert!(span(1, 0).meets(span(7, 9)));
    }

    #[test]
    fn what_was_ended_before_it_began_is_nowhere() {
        assert!(!span(5, 5).meets(span(1, 0)));
        assert!(!span(5, 5).lasts_beyond(Moment(1)));
        assert!(!span(5, 5).holds(Moment(5)));
    }
}
