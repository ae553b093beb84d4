//! Erasing what entries say once its time is over (decision 17). The entries' places, commitments and tree stay.
//!
//! A plan is made without a lock and may take its time. Then some entries at a time are erased, each time in one
//! transaction with the entry that tells of it, in which all that the erasing rests on is asked again: a prune that is
//! killed leaves a log that is whole, and the next one goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::erasure::{About, Erased, Hold};
use super::model::retention::{Retention, Rule};
use super::store::{self, Authorities};
use super::{Entry, Event};
use crate::context::Moment;
use crate::db::{Conn, Db, Work, dialect};
use crate::error::AppError;
use crate::ids::PartyId;

/// Entries looked at in one go, and erased in one transaction.
const AT_A_TIME: usize = 256;

/// Entries that are erased together: by one party's rule, and shown to have been erased to one State.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    authority: Option<PartyId>,
    reader: Option<PartyId>,
    rule: Rule,
}

/// What is said of some entries: by whose rule they go, and the year in which they were made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The code of the party whose rule it is; nothing for the host's.
    pub authority: Option<String>,
    /// The rule.
    pub rule: Rule,
    /// The year.
    pub year: i32,
}

/// How many of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Would go.
    pub due: usize,
    /// Would go, and are held.
    pub held: usize,
}

/// What is to be erased.
#[derive(Debug, Default)]
pub struct Plan {
    /// What there is to say of it.
    pub lines: BTreeMap<Line, Counts>,
    /// How many entries each hold keeps; one that several keep counts for each.
    pub holds: Vec<(Hold, usize)>,
    groups: BTreeMap<Group, Vec<i64>>,
    authorities: Arc<Authorities>,
    /// Entries that cannot be read.
    unread: Vec<String>,
    /// Holds and parties that somebody changed past the server: by them, nothing may be erased.
    pub changed: Vec<String>,
}

impl Plan {
    /// How many entries are to be erased.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.values().map(Vec::len).fold(0, usize::saturating_add)
    }
}

/// What a prune has done.
#[derive(Debug, Default)]
pub struct Pruned {
    /// Entries erased.
    pub erased: usize,
    /// Why entries that were due were left as they are: they, or rows that they tell of, are not as they should be.
    pub refused: Vec<String>,
}

impl Authorities {
    /// The parties of the people that an entry names.
    fn of(&self, entry: &About) -> Vec<PartyId> {
        entry.people().filter_map(|person| self.people.get(person)).cloned().collect()
    }

    /// By whose rule an entry goes: of the party that acted and the one whose things it is about, the one whose rule is
    /// the longer, since no half of an entry can be kept. Where it names neither, the rule of the people it names
    /// counts; and where it names nobody, the host's.
    fn judge(&self, entry: &About, retention: &Retention) -> Group {
        let mut parties: Vec<PartyId> = entry.owner_party.iter().chain(&entry.actor_party).cloned().collect();
        if parties.is_empty() {
            parties = self.of(entry);
        }
        let rule = |party: &PartyId| {
            self.parties.get(party).map_or(retention.organisations, |(code, is_state)| retention.of(code, *is_state))
        };
        let reader = parties.first().cloned();
        let mut chosen = Group { authority: None, reader, rule: retention.organisations };
        for (place, party) in parties.into_iter().enumerate() {
            let rule = rule(&party);
            // Of two alike, the owner's.
            if place == 0 || rule.due(entry.at()) > chosen.rule.due(entry.at()) {
                (chosen.authority, chosen.rule) = (Some(party), rule);
            }
        }
        chosen
    }
}

fn about(payload: &str) -> Result<About, AppError> {
    serde_json::from_str(payload).map_err(AppError::internal)
}

/// Says what may be erased at `now`, as far as the newest checkpoint reaches; on a log that nobody signs, as far as it
/// goes. `progress` is told the number of the entry that was looked at last.
///
/// # Errors
/// The database's.
pub fn plan(
    conn: &mut Conn,
    retention: &Retention,
    signs: bool,
    now: Moment,
    progress: &mut dyn FnMut(i64),
) -> Result<Plan, AppError> {
    let end = match store::published(conn)? {
        Some(given) => given.size,
        None if signs => 0,
        None => store::head(conn)?.size(),
    };
    let changed = store::verify_tables(conn, &["audit_holds", "parties"])?;
    let authorities = store::authorities(conn)?;
    let mut holds: Vec<(Hold, usize)> = store::holds(conn, true)?.into_iter().map(|hold| (hold, 0)).collect();
    let (mut lines, mut groups) = (BTreeMap::<Line, Counts>::new(), BTreeMap::<Group, Vec<i64>>::new());
    let mut unread = Vec::new();
    let (mut next, limit) = (0, i64::try_from(AT_A_TIME).map_err(AppError::internal)?);
    loop {
        let old = store::old(conn, next, end, retention.before(now), limit)?;
        let Some((last, _)) = old.last() else { break };
        next = last.saturating_add(1);
        progress(*last);
        for (seq, payload) in old {
            let Ok(entry) = about(&payload.unwrap_or_default()) else {
                unread.push(format!("entry {seq} is not what was committed to"));
                continue;
            };
            let group = authorities.judge(&entry, retention);
            if entry.stays() || group.rule.due(entry.at()) > now {
                continue;
            }
            let of = authorities.of(&entry);
            let mut held = false;
            for (_, count) in holds.iter_mut().filter(|(hold, _)| hold.keeps(&entry, &of)) {
                *count = count.saturating_add(1);
                held = true;
            }
            let code = group.authority.as_ref().and_then(|party| authorities.parties.get(party));
            let line =
                Line { authority: code.map(|(code, _)| code.clone()), rule: group.rule, year: entry.at().year() };
            let counts = lines.entry(line).or_default();
            if held {
                counts.held = counts.held.saturating_add(1);
            } else {
                counts.due = counts.due.saturating_add(1);
                groups.entry(group).or_default().push(seq);
            }
        }
    }
    Ok(Plan { lines, holds, groups, authorities: Arc::new(authorities), unread, changed })
}

/// Erases what a plan says; `progress` is told how many entries it has gone through.
///
/// # Errors
/// When what the plan rests on was changed past the server; the database's: what was erased by then stays so.
pub fn prune(db: &Db, plan: &Plan, progress: &mut dyn FnMut(usize)) -> Result<Pruned, AppError> {
    if let Some(one) = plan.changed.first() {
        return Err(AppError::internal(one.clone()));
    }
    let (mut done, mut pruned) = (0_usize, Pruned { erased: 0, refused: plan.unread.clone() });
    for (group, seqs) in &plan.groups {
        for some in seqs.chunks(AT_A_TIME) {
            let (group, seqs, authorities) = (group.clone(), some.to_vec(), Arc::clone(&plan.authorities));
            let part = db.write_blocking(move |work| erase(work, &group, &seqs, &authorities))?;
            pruned.erased = pruned.erased.saturating_add(part.erased);
            pruned.refused.extend(part.refused);
            done = done.saturating_add(some.len());
            progress(done);
        }
    }
    Ok(pruned)
}

/// Erases some entries of a group, unless a hold was placed since, or something about them is wrong: an entry that was
/// tampered with, or tells of a row that was, is evidence.
fn erase(work: &mut Work<'_>, group: &Group, seqs: &[i64], authorities: &Authorities) -> Result<Pruned, AppError> {
    let mut pruned = Pruned::default();
    let holds = store::holds(work.conn, true)?;
    let mut going = Vec::new();
    for kept in store::kept(work.conn, seqs)? {
        if let Err(error) = kept.check(work.conn) {
            pruned.refused.push(error.cause().map(ToString::to_string).unwrap_or_default());
            continue;
        }
        let entry = about(kept.payload.as_deref().unwrap_or_default())?;
        let of = authorities.of(&entry);
        let held = holds.iter().any(|hold| hold.keeps(&entry, &of));
        if !held && !entry.stays() && group.rule.due(entry.at()) <= work.now {
            going.push((kept, entry.at()));
        }
    }
    let salted: Vec<(i64, Vec<u8>)> =
        going.iter().map(|(kept, _)| (kept.seq, kept.salt.clone().unwrap_or_default())).collect();
    let wrong = store::bind_anew(work.conn, &salted)?;
    going.retain(|(kept, _)| wrong.iter().all(|(seq, _)| *seq != kept.seq));
    pruned
        .refused
        .extend(wrong.into_iter().map(|(seq, row)| format!("entry {seq} tells of {row}, which is not as it left it")));
    let moments = || going.iter().map(|(_, at)| *at);
    let (Some(first), Some(last)) = (moments().min(), moments().max()) else { return Ok(pruned) };
    let by = work.next_seq().ok_or_else(|| AppError::internal("entries are erased where none can be written"))?;
    let mut erased = Erased::default();
    for (kept, _) in &going {
        erased.take(kept.seq, &kept.commitment);
    }
    let seqs: Vec<i64> = going.iter().map(|(kept, _)| kept.seq).collect();
    pruned.erased = store::erase(work.conn, &seqs, by)?;
    if pruned.erased != erased.count {
        return Err(AppError::internal("other entries were erased than were told of"));
    }
    store::forget(work.conn, &seqs)?;
    let entry = Entry::new(Event::EntriesErased).owned_by(group.reader.as_ref()).of_party(group.authority.as_ref());
    work.log(
        entry
            .count(erased.count)
            .span(Some(first), Some(Moment(last.0.saturating_add(1))))
            .rule(group.rule)
            .erased(erased.digest()),
    );
    Ok(pruned)
}

/// After a prune: what was erased goes from what the database keeps beside its tables, too, as far as that can be
/// done while it is used. Whether it could.
///
/// # Errors
/// The database's.
pub fn settle(conn: &mut Conn) -> Result<bool, AppError> {
    Ok(dialect::settle(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PersonId;
    use serde_json::json;

    fn id(number: u8) -> String {
        format!("00000000-0000-4000-8000-0000000000{number:02}")
    }

    #[test]
    fn an_entry_goes_by_the_longer_of_its_rules() {
        let party = |number| PartyId::parse(&id(number)).unwrap();
        let retention = Retention {
            states: Rule::YearEnd(1),
            organisations: Rule::Years(3),
            parties: [("SE".to_owned(), Rule::Years(5))].into(),
        };
        // 1 and 2 are States, 3 is SE, 4 an organisation; 9 is a person of 1.
        let parties = [(1, "FR", true), (2, "DE", true), (3, "SE", true), (4, "eurojust", false)];
        let authorities = Authorities {
            parties: parties.into_iter().map(|(number, code, state)| (party(number), (code.into(), state))).collect(),
            people: [(PersonId::parse(&id(9)).unwrap(), party(1))].into(),
        };
        let judged = |actor: Option<u8>, owner: Option<u8>, person: Option<u8>| {
            let entry = json!({
                "at_us": 1_780_000_000_000_000_i64, "event": "note_read", "actor_party": actor.map(id),
                "owner_party": owner.map(id), "person": person.map(id),
            });
            let group = authorities.judge(&serde_json::from_value(entry).unwrap(), &retention);
            let number = |party: Option<PartyId>| party.and_then(|party| party.as_str().get(34..)?.parse::<u8>().ok());
            (number(group.authority), number(group.reader), group.rule.to_string())
        };
        let is = |authority: Option<u8>, reader: Option<u8>, rule: &str| (authority, reader, rule.to_owned());
        assert_eq!(judged(Some(1), None, None), is(Some(1), Some(1), "year end + 1"));
        assert_eq!(judged(Some(4), None, None), is(Some(4), Some(4), "3 years"));
        // Whoever acted, those whose thing it was see that it was erased.
        assert_eq!(judged(Some(2), Some(1), None), is(Some(1), Some(1), "year end + 1"));
        assert_eq!(judged(Some(4), Some(1), None), is(Some(4), Some(1), "3 years"));
        assert_eq!(judged(Some(1), Some(4), None), is(Some(4), Some(4), "3 years"));
        assert_eq!(judged(Some(3), Some(4), None), is(Some(3), Some(4), "5 years"));
        assert_eq!(judged(Some(4), Some(3), None), is(Some(3), Some(3), "5 years"));
        // A log-in that failed is its person's; what is nobody's is the host's.
        assert_eq!(judged(None, None, Some(9)), is(Some(1), Some(1), "year end + 1"));
        assert_eq!(judged(None, None, None), is(None, None, "3 years"));
        assert_eq!(judged(None, None, Some(8)), is(None, None, "3 years"));
        // A party that is not known goes by the longer rule there is for all.
        assert_eq!(judged(Some(7), None, None), is(Some(7), Some(7), "3 years"));
    }
}
