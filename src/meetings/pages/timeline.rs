//! Meetings on a line of time. It is drawn on the server, of what the list beside it says in words.

use jiff::civil::Date;

use crate::meetings::model::{ConclusionsState, MeetingBody, MeetingKind};

/// Width of the drawing, in its own units.
const WIDTH: i32 = 1000;
/// Left and right of the line.
const EDGE: i32 = 24;
/// Between rows of marks.
const ROW: i32 = 34;
/// Marks nearer than this to the one before are set a row higher.
const NEAR: i32 = 24;
/// Rows of marks at most.
const ROWS: i32 = 4;
/// Width that the words of a year need.
const YEAR: i32 = 48;

/// A drawing.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) width: i32,
    pub(super) height: i32,
    /// Where the line is.
    pub(super) line: i32,
    pub(super) start: i32,
    pub(super) end: i32,
    pub(super) years: Vec<Year>,
    pub(super) marks: Vec<Mark>,
    pub(super) first: i16,
    pub(super) last: i16,
}

/// The beginning of a year.
#[derive(Debug)]
pub(super) struct Year {
    pub(super) x: i32,
    /// The year, where there is room for it.
    pub(super) words: Option<i16>,
}

/// A meeting.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) x: i32,
    pub(super) y: i32,
    /// The number of an ordinary one.
    pub(super) number: Option<i64>,
    pub(super) ad_hoc: bool,
    /// Whether its conclusions are public.
    pub(super) published: bool,
}

impl Timeline {
    /// Of these meetings; none where there are too few for a line to say more than the list.
    pub(super) fn of(meetings: &[MeetingBody]) -> Option<Self> {
        let mut days: Vec<(Date, &MeetingBody)> =
            meetings.iter().filter_map(|meeting| Some((meeting.first_day.parse().ok()?, meeting))).collect();
        days.sort_by_key(|(day, _)| *day);
        let (first, last) = (days.first()?.0.year(), days.last()?.0.year());
        if days.len() < 2 {
            return None;
        }
        let years = i32::from(last) - i32::from(first) + 1;
        let room = WIDTH - 2 * EDGE;
        let x_of = |year: i32, day: i32| EDGE + (year * 366 + day) * room / (years * 366);
        let per_year = (room / years).max(1);
        let every = (YEAR + per_year - 1) / per_year;
        let line = ROWS * ROW + 10;
        let mut marks: Vec<Mark> = Vec::new();
        let mut row = 0;
        for (day, meeting) in days {
            let x = x_of(i32::from(day.year()) - i32::from(first), i32::from(day.day_of_year()));
            let near = marks.last().is_some_and(|before| x - before.x < NEAR);
            row = if near { (row + 1) % ROWS } else { 0 };
            marks.push(Mark {
                x,
                y: line - 20 - row * ROW,
                number: meeting.number,
                ad_hoc: meeting.kind == MeetingKind::AdHoc,
                published: meeting.conclusions >= ConclusionsState::Published,
            });
        }
        let years = (0..=years)
            .zip(first..)
            .map(|(place, year)| Year {
                x: x_of(place, 0),
                words: (place % every == 0 && place < years).then_some(year),
            })
            .collect();
        let (start, end) = (EDGE, WIDTH - EDGE);
        Some(Self { width: WIDTH, height: line + 30, line, start, end, years, marks, first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meetings::pages::list::made_up;

    #[test]
    fn every_meeting_has_its_place() {
        let meetings: Vec<MeetingBody> =
            [(1, "2004-11-18"), (2, "2005-06-16"), (35, "2024-04-09"), (36, "2024-04-11")].map(made_up).into();
        let drawn = Timeline::of(&meetings).unwrap();
        assert_eq!((drawn.first, drawn.last, drawn.marks.len()), (2004, 2024, 4));
        assert!(drawn.marks.iter().all(|mark| (drawn.start..=drawn.end).contains(&mark.x) && mark.y > 0));
        assert!(drawn.marks[2].y > drawn.marks[3].y, "two near each other share no place");
        assert!(Timeline::of(&meetings[..1]).is_none());
    }
}
