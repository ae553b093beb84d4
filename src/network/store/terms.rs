//! Acts as terms: with the end that the act itself or an ending sets.

use diesel::prelude::*;

use crate::context::Moment;
use crate::db::schema::acts;
use crate::ids::{ActId, MeetingId};
use crate::network::model::{Span, Term};

diesel::alias!(acts as endings: Endings);

/// The columns of a [`TermRow`], in a query over `acts`.
macro_rules! term_columns {
    () => {
        (
            acts::id,
            acts::effective_us,
            acts::until_us,
            acts::recorded_us,
            acts::source,
            $crate::network::store::terms::endings
                .filter($crate::network::store::terms::endings.field(acts::ends_act_id).eq(acts::id.nullable()))
                .select(diesel::dsl::min($crate::network::store::terms::endings.field(acts::effective_us)))
                .single_value(),
            act_meetings::table
                .filter(act_meetings::act_id.eq(acts::id))
                .select(act_meetings::meeting_id)
                .single_value(),
        )
    };
}
pub(super) use term_columns;

/// An act's times and source.
#[derive(Queryable, Debug)]
pub struct TermRow {
    pub act: ActId,
    pub from: Moment,
    until: Option<Moment>,
    pub recorded: Moment,
    pub source: String,
    ended: Option<Moment>,
    pub meeting: Option<MeetingId>,
}

impl TermRow {
    /// When it holds: until its own end or the earliest ending, whichever comes first.
    pub fn span(&self) -> Span {
        Span { from: self.from, end: [self.until, self.ended].into_iter().flatten().min() }
    }

    pub fn into_term(self, now: Moment) -> Term {
        let span = self.span();
        Term {
            act: self.act,
            from: span.from,
            until: span.end,
            recorded_at: self.recorded,
            source: self.source,
            meeting: self.meeting,
            in_force: span.holds(now),
        }
    }
}
