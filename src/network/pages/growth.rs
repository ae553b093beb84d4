//! The growth of the log's tree, as an SVG drawing. What it shows stands in the table beside it as well.

use std::fmt::Write;

use crate::audit::service::GrowthPoint;
use crate::context::Moment;
use crate::server::page::Shell;

/// The drawing, in its own units, and the field within it where the line is.
const WIDTH: i64 = 1000;
const HEIGHT: i64 = 300;
const LEFT: i64 = 90;
const RIGHT: i64 = WIDTH - 20;
const TOP: i64 = 20;
const BOTTOM: i64 = HEIGHT - 40;
/// Rows of the table at most.
const ROWS: usize = 12;
/// From so long on, in seconds, days are told and not minutes.
const DAYS: i64 = 4 * 86_400;

/// A drawing.
pub(super) struct Growth {
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) left: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
    /// The line of entries over time, and the area below it, as paths.
    pub(super) line: String,
    pub(super) area: String,
    /// Numbers of entries, with their heights.
    pub(super) sizes: Vec<(i64, i64)>,
    /// Moments with their places and how they are set there.
    pub(super) moments: Vec<(i64, String, &'static str)>,
    /// Some of the points, for the table.
    pub(super) rows: Vec<GrowthPoint>,
}

impl Growth {
    /// Of these points; none where there are too few for a line.
    pub(super) fn of(shell: &Shell, points: &[GrowthPoint]) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        if points.len() < 2 {
            return None;
        }
        let share = |part: i64, whole: i64, length: i64| {
            let part = i128::from(part).saturating_mul(i128::from(length));
            part.checked_div(i128::from(whole.max(1))).and_then(|share| i64::try_from(share).ok()).unwrap_or(0)
        };
        let time = last.at.0.saturating_sub(first.at.0);
        let x = |at: Moment| LEFT.saturating_add(share(at.0.saturating_sub(first.at.0), time, RIGHT - LEFT));
        let y = |entries: i64| BOTTOM.saturating_sub(share(entries, last.entries, BOTTOM - TOP));
        let mut line = format!("M{LEFT} {}", y(first.entries));
        for point in points.iter().skip(1) {
            // A log that is younger than a minute has grown at once.
            let place = if time == 0 { RIGHT } else { x(point.at) };
            write!(line, "L{place} {}", y(point.entries)).ok()?;
        }
        let area = format!("{line}V{BOTTOM}H{LEFT}Z");
        let middle = last.entries.checked_div(2).filter(|half| *half > 0);
        let sizes = [Some(0), middle, Some(last.entries)].into_iter().flatten().map(|size| (size, y(size))).collect();
        let told =
            |at: Moment| if time.div_euclid(1_000_000) < DAYS { shell.moment(&at) } else { super::day(shell, &at) };
        let between = Moment(first.at.0.saturating_add(time.div_euclid(2)));
        let mut moments = vec![(LEFT, told(first.at), "begin")];
        if time > 0 {
            moments.push((LEFT.saturating_add(RIGHT).div_euclid(2), told(between), "middle"));
            moments.push((RIGHT, told(last.at), "end"));
        }
        Some(Self {
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: RIGHT,
            bottom: BOTTOM,
            line,
            area,
            sizes,
            moments,
            rows: rows(points),
        })
    }
}

/// So many of the points that a table of them can be read, of each minute the last: the very last among them.
fn rows(points: &[GrowthPoint]) -> Vec<GrowthPoint> {
    let step = points.len().div_ceil(ROWS).max(1);
    let mut rows: Vec<GrowthPoint> = points.iter().rev().step_by(step).copied().collect();
    rows.dedup_by_key(|point| point.at);
    rows.reverse();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::page::{Form, Say};

    fn shell() -> Shell {
        let say = Say::to(Some("en"), None, None, ("en", "UTC"));
        Shell::new(say, None, "/audit/state".into(), None, Form::default())
    }

    fn points(all: &[(i64, i64)]) -> Vec<GrowthPoint> {
        all.iter().map(|(minute, entries)| GrowthPoint { at: Moment(minute * 60_000_000), entries: *entries }).collect()
    }

    #[test]
    fn the_line_goes_from_the_first_entry_to_the_last() {
        let drawn = Growth::of(&shell(), &points(&[(0, 1), (100, 500), (10_000, 1000)])).unwrap();
        assert_eq!(drawn.line, "M90 260L98 140L980 20");
        assert_eq!(drawn.area, "M90 260L98 140L980 20V260H90Z");
        assert_eq!(drawn.sizes, [(0, 260), (500, 140), (1000, 20)]);
        assert_eq!(drawn.moments.iter().map(|one| one.0).collect::<Vec<_>>(), [90, 535, 980]);
        assert_eq!(drawn.moments[2].1, "7 January 1970");
        let young = Growth::of(&shell(), &points(&[(5, 1), (5, 2)])).unwrap();
        assert_eq!((young.line.as_str(), young.moments.len()), ("M90 140L980 20", 1));
        let long = Growth::of(&shell(), &points(&[(0, 1), (i64::MAX / 120_000_000, i64::MAX)])).unwrap();
        assert!(long.line.ends_with("L980 20"), "{}", long.line);
        assert!(Growth::of(&shell(), &points(&[(5, 1)])).is_none() && Growth::of(&shell(), &[]).is_none());
    }

    #[test]
    fn the_table_is_short_and_ends_with_the_last() {
        let many: Vec<(i64, i64)> = (0..40).map(|number| (number, number + 1)).collect();
        let kept = rows(&points(&many));
        assert!(kept.len() <= ROWS && kept.last().unwrap().entries == 40, "{}", kept.len());
        assert_eq!(rows(&points(&many[..3])).len(), 3);
        assert_eq!(rows(&points(&[(0, 1), (0, 2), (1, 3), (1, 4)])), points(&[(0, 2), (1, 4)]));
    }
}
