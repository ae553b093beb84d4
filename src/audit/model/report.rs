//! What was done with a party's things in a period, in the shape of Article 25 of Directive (EU) 2016/680: who
//! consulted, disclosed, altered, combined or erased them, when, why, and to whom.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Event, Operation};
use crate::context::Moment;
use crate::ids::{EntryId, PartyId, PersonId, VisitId};

/// The operations, in the order of Article 25(1). Who came in, and who may do what, is not among them: it is told
/// with what was done meanwhile, as its justification.
pub const ARTICLE_25: [Operation; 6] = [
    Operation::Collection,
    Operation::Alteration,
    Operation::Consultation,
    Operation::Disclosure,
    Operation::Combination,
    Operation::Erasure,
];

/// The operation of the article that is so spelled.
#[must_use]
pub fn operation(text: &str) -> Option<Operation> {
    Operation::parse(text).filter(|operation| ARTICLE_25.contains(operation))
}

/// The events that are one of these operations, or this one.
#[must_use]
pub fn events_of(operation: Option<Operation>) -> Vec<Event> {
    let wanted =
        |event: &Event| operation.map_or(event.operation() != Operation::Control, |it| it == event.operation());
    Event::ALL.iter().copied().filter(wanted).collect()
}

/// Longest period, in days: a year, a day more when it is a leap year, and the hour that clocks may be put back.
const LONGEST_DAYS: i64 = 366;
/// The period of a report when nobody says, in days.
const USUAL_DAYS: i64 = 31;
const DAY: i64 = 86_400;

/// What a report is on, from its first moment until before its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From this moment on.
    pub from: Moment,
    /// Before this moment.
    pub until: Moment,
}

/// Why this is no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPeriod {
    /// It ends before it began.
    Backwards,
    /// It is longer than a year.
    TooLong,
}

impl Period {
    /// The period between these; what is not said is a month until `now`.
    ///
    /// # Errors
    /// When it ends before it began or is longer than a year: a report is something to be read.
    pub fn new(from: Option<Moment>, until: Option<Moment>, now: Moment) -> Result<Self, NoPeriod> {
        let until = until.unwrap_or(match from {
            Some(from) if from <= now => now.min(from.plus_seconds(LONGEST_DAYS.saturating_mul(DAY))),
            _ => now,
        });
        let from = from.unwrap_or_else(|| until.plus_seconds(-USUAL_DAYS.saturating_mul(DAY)));
        if until <= from {
            return Err(NoPeriod::Backwards);
        }
        let longest = LONGEST_DAYS.saturating_mul(DAY).saturating_add(3600);
        if until > from.plus_seconds(longest) { Err(NoPeriod::TooLong) } else { Ok(Self { from, until }) }
    }
}

/// How much was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OperationCount {
    /// Of which operation.
    pub operation: Operation,
    /// So many entries.
    pub count: i64,
}

/// A count for each operation, those without any too: that nothing was disclosed is worth saying.
#[must_use]
pub fn counts(events: &[(Event, i64)]) -> Vec<OperationCount> {
    let of =
        |operation| events.iter().filter(|(event, _)| event.operation() == operation).map(|(_, count)| count).sum();
    ARTICLE_25.iter().map(|operation| OperationCount { operation: *operation, count: of(*operation) }).collect()
}

/// What something was done to: its kind and id, never its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReportThing {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// One line of a report: an entry of the log in the words of Article 25.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReportLine {
    /// The entry's id, by which its receipt is asked for.
    pub entry: EntryId,
    /// Its place in the log; for the auditor alone.
    pub seq: Option<i64>,
    /// When it was done.
    pub at: Moment,
    /// The operation.
    pub operation: Operation,
    /// What happened, more closely.
    pub event: Event,
    /// Who did it.
    pub actor: Option<PersonId>,
    /// For which party.
    pub actor_party: Option<PartyId>,
    /// What it was done to.
    pub thing: Option<ReportThing>,
    /// Whose that is.
    pub owner: Option<PartyId>,
    /// Which version of it.
    pub version: Option<i64>,
    /// How many things, where the entry is of several.
    pub count: Option<i64>,
    /// The person whom it concerns.
    pub person: Option<PersonId>,
    /// Why: the purpose stated for the visit in which it was done.
    pub purpose: Option<String>,
    /// A purpose was stated, in an entry that was erased since.
    pub purpose_erased: bool,
    /// To whom it was made available.
    pub recipients: Vec<PartyId>,
    /// What the entry said was erased.
    pub erased: bool,
}

/// The columns of an entry that a line rests on.
#[derive(Debug)]
pub(in crate::audit) struct LineOf {
    pub(in crate::audit) entry: EntryId,
    pub(in crate::audit) seq: Option<i64>,
    pub(in crate::audit) at: Moment,
    pub(in crate::audit) event: Event,
}

impl ReportLine {
    /// Whether the person concerned is the one to whom something was made available: an admission lets him in.
    #[must_use]
    pub fn person_is_recipient(&self) -> bool {
        self.operation == Operation::Disclosure
    }

    /// The line of an entry of which its reader is shown `fields`; none of an erased one.
    pub(in crate::audit) fn new(of: LineOf, fields: Option<&Value>) -> Self {
        let none = Value::Null;
        let entry = fields.unwrap_or(&none);
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
        let number = |pointer: &str| entry.pointer(pointer).and_then(Value::as_i64);
        let thing = text("/thing/kind").zip(text("/thing/id"));
        let recipients = entry.get("recipients").and_then(Value::as_array);
        Self {
            entry: of.entry,
            seq: of.seq,
            at: of.at,
            operation: of.event.operation(),
            event: of.event,
            actor: text("/actor").and_then(PersonId::parse),
            actor_party: text("/actor_party").and_then(PartyId::parse),
            thing: thing.map(|(kind, id)| ReportThing { kind: kind.to_owned(), id: id.to_owned() }),
            owner: text("/owner_party").and_then(PartyId::parse),
            version: number("/version"),
            count: number("/count"),
            person: text("/person").and_then(PersonId::parse),
            purpose: text("/purpose").map(ToOwned::to_owned),
            purpose_erased: false,
            recipients: recipients.into_iter().flatten().filter_map(Value::as_str).filter_map(PartyId::parse).collect(),
            erased: fields.is_none(),
        }
    }
}

/// The visit that an entry's payload names, with the room and the person whose visit it is.
pub(in crate::audit) fn visit_of(payload: &Value) -> Option<(VisitId, String, PersonId)> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    Some((VisitId::parse(text("visit")?)?, text("room")?.to_owned(), PersonId::parse(text("actor")?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_of_the_article_or_of_control() {
        let all = events_of(None);
        let apart: Vec<Event> = ARTICLE_25.iter().flat_map(|one| events_of(Some(*one))).collect();
        assert_eq!(all.len(), apart.len());
        assert!(all.iter().all(|event| apart.contains(event)));
        assert_eq!((operation("erasure"), operation("control")), (Some(Operation::Erasure), None));
        assert!(!all.contains(&Event::VisitOpened) && all.contains(&Event::NoteRead));
        let counted = counts(&[(Event::NoteRead, 2), (Event::NotesListed, 3), (Event::NoteReleased, 1)]);
        assert_eq!(counted.iter().map(|one| one.count).collect::<Vec<_>>(), [0, 0, 5, 1, 0, 0]);
    }

    #[test]
    fn a_period_is_a_month_when_nobody_says_and_a_year_at_most() {
        let at = |text: &str| Moment::parse(text).unwrap();
        let now = at("2026-11-28T10:00:00Z");
        let of = |from: Option<&str>, until: Option<&str>| Period::new(from.map(at), until.map(at), now);
        let usual = of(None, None).unwrap();
        assert_eq!((usual.from, usual.until), (at("2026-10-28T10:00:00Z"), now));
        assert_eq!(of(None, Some("2026-03-01")).unwrap().from, at("2026-01-29"));
        assert_eq!(of(Some("2026-11-01"), None).unwrap().until, now);
        assert_eq!(of(Some("2020-01-01"), None).unwrap().until, at("2021-01-01"));
        assert!(of(Some("2028-01-01"), Some("2029-01-01")).is_ok(), "a leap year");
        assert_eq!(of(Some("2026-01-01"), Some("2027-01-03")), Err(NoPeriod::TooLong));
        assert_eq!(of(Some("2026-01-01"), Some("2026-01-01")), Err(NoPeriod::Backwards));
        assert_eq!(of(Some("2027-01-01"), None), Err(NoPeriod::Backwards));
        let ends = Moment(i64::MIN);
        assert_eq!(Period::new(Some(ends), Some(Moment(i64::MAX)), now), Err(NoPeriod::TooLong));
    }
}
