//! Standings through time, as an SVG drawing. What it shows stands in the table beside it as well, so it
//! needs no more than a name for those who cannot see it.

use crate::context::Moment;
use crate::network::model::{Standing, StandingBody};
use crate::server::page::Shell;

/// Where the bars begin and how long the time's line is, in the drawing's own units.
const LEFT: i64 = 120;
const LENGTH: i64 = 840;
/// The height of a row and of the line of years.
const ROW: i64 = 26;
const TOP: i64 = 24;
/// A word needs so much room for each of its letters.
const LETTER: i64 = 8;

/// A drawing.
pub(super) struct Drawing {
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) years: Vec<Year>,
    pub(super) rows: Vec<Row>,
}

/// A year's line.
pub(super) struct Year {
    pub(super) x: i64,
    pub(super) number: i32,
}

/// A party's row.
pub(super) struct Row {
    pub(super) y: i64,
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
}

/// A standing.
pub(super) struct Bar {
    pub(super) x: i64,
    pub(super) length: i64,
    pub(super) standing: Standing,
    /// What it says, if there is room.
    pub(super) word: Option<String>,
    /// From when until when.
    pub(super) title: String,
}

impl Drawing {
    /// The standings of each, up to `now`; none when there is nothing to draw.
    pub(super) fn of(shell: &Shell, rows: Vec<(String, Vec<&StandingBody>)>, now: Moment) -> Option<Self> {
        let first = rows.iter().flat_map(|(_, terms)| terms.iter().map(|one| one.term.from)).min()?;
        let (first, last) = (year_of(first), year_of(now).saturating_add(1));
        let (begin, end) = (new_year(first)?, new_year(last)?);
        let place = |at: Moment| {
            let at = at.clamp(begin, end).0;
            let span = end.0.saturating_sub(begin.0).max(1);
            LEFT.saturating_add(at.saturating_sub(begin.0).saturating_mul(LENGTH).checked_div(span).unwrap_or(0))
        };
        let step = (last - first).checked_div(10).unwrap_or(0) + 1;
        let years = (first..=last)
            .filter(|year| (year - first).checked_rem(step) == Some(0))
            .filter_map(|number| Some(Year { x: place(new_year(number)?), number }))
            .collect();
        let rows: Vec<Row> = (0_i64..)
            .zip(rows)
            .map(|(number, (label, terms))| Row {
                y: TOP + number * ROW,
                label,
                bars: terms
                    .into_iter()
                    .filter(|one| one.term.from <= now)
                    .map(|one| {
                        let (x, to) = (place(one.term.from), place(one.term.until.unwrap_or(now).min(now)));
                        let length = to.saturating_sub(x).max(2);
                        let word = shell.word("standing", one.standing.as_str());
                        let from = super::day(shell, &one.term.from);
                        let term = match &one.term.until {
                            Some(until) => shell.t2("from-to", "from", from, "to", super::day(shell, until)),
                            None => shell.t1("since", "day", from),
                        };
                        let title = format!("{word}: {term}");
                        let letters = i64::try_from(word.chars().count()).unwrap_or(i64::MAX);
                        let fits = letters.saturating_mul(LETTER) < length;
                        Bar { x, length, standing: one.standing, word: fits.then_some(word), title }
                    })
                    .collect(),
            })
            .collect();
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        Some(Self { width: LEFT + LENGTH + 20, height: TOP + count.saturating_mul(ROW) + 4, years, rows })
    }
}

fn year_of(moment: Moment) -> i32 {
    moment.rfc3339().get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970)
}

fn new_year(year: i32) -> Option<Moment> {
    Moment::parse(&format!("{year:04}-01-01"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::pages::made;
    use crate::server::page::{Form, Say};

    #[test]
    fn bars_lie_within_the_drawing_in_their_order() {
        let say = Say::to(Some("en"), None, None, ("en", "UTC"));
        let shell = Shell::new(say, None, "/parties".into(), None, Form::default());
        let (past, present) = (
            StandingBody { standing: Standing::Observer, term: made::term(1, "2004-05-01", Some("2013-01-01")) },
            StandingBody { standing: Standing::Member, term: made::term(2, "2013-01-01", None) },
        );
        let drawing = Drawing::of(&shell, vec![("HR".into(), vec![&past, &present])], made::day("2026-07-01")).unwrap();
        let bars = &drawing.rows[0].bars;
        assert!(bars[0].x >= LEFT && bars[0].x + bars[0].length == bars[1].x);
        assert!(bars[1].x + bars[1].length <= LEFT + LENGTH);
        assert!(drawing.years.len() <= 12);
        assert!(Drawing::of(&shell, vec![("HR".into(), vec![])], made::day("2026-07-01")).is_none());
    }
}
