//! What can be done with case files: each function asks for leave, does it, and stages the log entry.

use std::collections::HashSet;

use super::model::{
    CaseBody, CaseLine, CaseReleaseBody, ContactRef, Fiche, NewCase, NewRelease, ReleaseTo, Revision, Visibility,
};
use super::store::{self, Case, SealedFiche};
use crate::access::{self, Asker, Fact, Kind, Permit, TheNetwork, actions, explain::may_see};
use crate::audit::{Entry, Event, counts};
use crate::context::Moment;
use crate::db::Work;
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{ActId, CaseId, MeetingId, PartyId, PersonId, RoomId};
use crate::rooms::opening::{self, RoomKind};
use crate::rooms::release::{self, Recipient, Release, Released};
use crate::seal::{Place, Sealed};
use crate::server::Page;
use crate::server::answer::List;

/// The source of the admission that comes with a case file.
const ORIGINATOR: &str = "Admitted as the one who opened the case file";
/// The source of the admissions of those whom the originator lets in when it opens.
const BY_ORIGINATOR: &str = "Admitted by the originator";
/// The source of the releases that come with it.
const AT_OPENING: &str = "Released when the case file was opened";

fn entry(event: Event, asker: &Asker, case: &Case) -> Entry {
    Entry::new(event).by(asker).on("case", &case.id).in_room(&case.room_id).owned_by(Some(&case.party_id))
}

fn fiche_place(case: &Case, version: i64) -> Place<'_> {
    Place { room: &case.room_id, what: "fiche", thing: case.id.as_str(), version }
}

fn seal(
    work: &Work<'_>,
    case: &Case,
    version: i64,
    fiche: &Fiche,
    (contact, author): (&PersonId, &PersonId),
) -> Result<SealedFiche, AppError> {
    let (ctx, keeper) = (work.ctx(), work.codes().keys().keeper());
    let text = serde_json::to_string(fiche).map_err(AppError::internal)?;
    Ok(SealedFiche {
        case_id: case.id.clone(),
        version,
        fiche: Sealed::by_server(ctx, keeper, fiche_place(case, version), &text)?,
        contact_id: contact.clone(),
        author_id: author.clone(),
        written_us: work.now,
    })
}

/// Seals the fiches of a room's case file from before they were. For the operator's command.
///
/// # Errors
/// The database's.
pub fn seal_fiches(work: &mut Work<'_>, room: &RoomId) -> Result<(), AppError> {
    for (case, row) in store::fiches_before(work.conn, room)? {
        let (keeper, place) = (work.codes().keys().keeper(), fiche_place(&case, row.version));
        let fiche = Sealed::by_server(work, keeper, place, &row.fiche.read_plain()?)?;
        store::replace_fiche(work.conn, &row, &fiche)?;
    }
    Ok(())
}

/// The fiche, if the request brought the unlock secret. Its readers are more than its circle: so it is the server that
/// seals it (decision 23).
fn open_fiche(work: &Work<'_>, asker: &Asker, case: &Case, row: &SealedFiche) -> Result<Option<Fiche>, AppError> {
    if !asker.facts().has(Fact::Unlocked) {
        return Ok(None);
    }
    let text = row.fiche.open_by_server(work.codes().keys().keeper(), fiche_place(case, row.version))?;
    serde_json::from_str(&text).map(Some).map_err(AppError::internal)
}

/// The case files that the asker may know of, the one opened last first.
pub(super) fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    party: Option<&PartyId>,
    page: &Page,
) -> Result<List<CaseLine>, AppError> {
    access::permit::<actions::UseNetwork, TheNetwork>(work, asker, &())?;
    let after = page.after.as_deref().map(place).transpose()?;
    let filter = access::filter::<actions::SeeCase>(asker);
    let rows = store::page(work.conn, filter, party, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |case| format!("{}|{}", case.opened_us.0, case.id));
    let newest = store::newest(work.conn, &list.items)?;
    let mine: HashSet<RoomId> =
        store::rooms_of(work.conn, access::filter::<actions::SeeRoom>(asker), &list.items)?.into_iter().collect();
    log_listed(work, asker, &list.items);
    let items = list
        .items
        .into_iter()
        .map(|case| {
            let (row, name) = newest.iter().find(|(row, _)| row.case_id == case.id).ok_or_else(no_version)?;
            Ok(CaseLine {
                version: row.version,
                fiche: open_fiche(work, asker, &case, row)?,
                contact: ContactRef { id: row.contact_id.clone(), name: name.clone() },
                room: mine.contains(&case.room_id).then(|| case.room_id.clone()),
                opened_at: case.opened_us,
                id: case.id,
                party: case.party_id,
            })
        })
        .collect::<Result<_, AppError>>()?;
    Ok(List { items, next: list.next })
}

/// An entry for each State whose case files are shown, which may read it; one without an owner when there
/// is nothing to show.
fn log_listed(work: &mut Work<'_>, asker: &Asker, items: &[Case]) {
    let shown = counts(items.iter().map(|case| &case.party_id));
    let entry = || Entry::new(Event::CasesListed).by(asker);
    if shown.is_empty() {
        work.log(entry().count(0));
    }
    for (party, count) in shown {
        work.log(entry().owned_by(Some(party)).count(count));
    }
}

fn place(cursor: &str) -> Result<(Moment, CaseId), AppError> {
    cursor
        .split_once('|')
        .and_then(|(opened, id)| Some((Moment(opened.parse().ok()?), CaseId::parse(id)?)))
        .ok_or_else(|| AppError::field("cursor", "not a cursor of this list"))
}

fn no_version() -> AppError {
    AppError::internal("a case file has no fiche")
}

/// One case file.
pub(super) fn get(work: &mut Work<'_>, asker: &Asker, id: &CaseId) -> Result<CaseBody, AppError> {
    let permit = access::permit::<actions::SeeCase, Case>(work, asker, id)?;
    let case = permit.thing();
    let body = body(work, asker, case, permit.held(Fact::MyParty))?;
    work.log(entry(Event::CaseRead, asker, case).version(body.version));
    Ok(body)
}

fn body(work: &mut Work<'_>, asker: &Asker, case: &Case, mine: bool) -> Result<CaseBody, AppError> {
    let one = std::slice::from_ref(case);
    let (row, name) = store::newest(work.conn, one)?.into_iter().next().ok_or_else(no_version)?;
    let room = store::rooms_of(work.conn, access::filter::<actions::SeeRoom>(asker), one)?.pop();
    // Nobody but its own State is told to whom else it was released.
    let releases = if mine {
        let releases = release::in_force(work, Released::Case(&case.id))?;
        Some(releases.into_iter().map(release_body).collect())
    } else {
        None
    };
    let meetings = store::meetings_of(work.conn, case, access::filter::<actions::SeeMeeting>(asker))?;
    Ok(CaseBody {
        id: case.id.clone(),
        party: case.party_id.clone(),
        version: row.version,
        fiche: open_fiche(work, asker, case, &row)?,
        contact: ContactRef { id: row.contact_id, name },
        room,
        releases,
        meetings,
        opened_at: case.opened_us,
        revised_at: row.written_us,
    })
}

/// A fiche is released as it is kept up, not one version of it.
const fn to(party: Option<&PartyId>) -> Recipient<'_> {
    Recipient { party, version: None }
}

fn release_body(release: Release) -> CaseReleaseBody {
    CaseReleaseBody {
        act: release.act,
        to: if release.party.is_some() { ReleaseTo::State } else { ReleaseTo::ContactPoints },
        party: release.party,
        from: release.from,
    }
}

/// Opens a case file of the asker's State. Its circle is the asker alone; who sees the fiche is fixed with
/// it (DESIGN §3.3).
pub(super) fn open(work: &mut Work<'_>, asker: &Asker, new: &NewCase) -> Result<CaseBody, AppError> {
    access::permit::<actions::OpenCase, TheNetwork>(work, asker, &())?;
    let author = asker.person().ok_or(Fault::SignInNeeded)?;
    let party = asker.party().ok_or(Fault::SignInNeeded)?;
    let contact = new.contact.as_ref().unwrap_or(author);
    judge_contact(work, contact, party)?;
    if let Visibility::States(states) = &new.visibility {
        for (place, state) in states.iter().enumerate() {
            release::judge_recipient(work, party, state, &format!("visibility.states[{place}]"))?;
        }
    }
    let case = insert(work, author, party, contact, &[], new)?;
    let mut entry = entry(Event::CaseOpened, asker, &case).version(1);
    if let Visibility::States(states) = &new.visibility {
        entry = entry.to(states);
    }
    work.log(entry);
    body(work, asker, &case, true)
}

/// Inserts a case file with its room, the admissions of whoever opens it and of his `circle`, and the releases that its
/// visibility means. The caller has leave, or is the operator.
pub(super) fn insert(
    work: &mut Work<'_>,
    author: &PersonId,
    party: &PartyId,
    contact: &PersonId,
    circle: &[PersonId],
    new: &NewCase,
) -> Result<Case, AppError> {
    let mut people = vec![(author, ORIGINATOR)];
    people.extend(circle.iter().map(|person| (person, BY_ORIGINATOR)));
    let room = opening::open_room(work, Some(author), RoomKind::CaseFile, &new.fiche.title, &people)?;
    let now = work.now;
    let case = Case { id: CaseId::new(work)?, room_id: room, party_id: party.clone(), opened_us: now };
    let first = seal(work, &case, 1, &new.fiche, (contact, author))?;
    store::insert(work.conn, &case, &first)?;
    let what = Released::Case(&case.id);
    match &new.visibility {
        Visibility::OwnState => {}
        Visibility::ContactPoints => drop(release::release(work, Some(author), what, to(None), AT_OPENING)?),
        Visibility::States(states) => {
            for state in states {
                release::release(work, Some(author), what, to(Some(state)), AT_OPENING)?;
            }
        }
    }
    Ok(case)
}

fn judge_contact(work: &mut Work<'_>, contact: &PersonId, party: &PartyId) -> Result<(), AppError> {
    let now = work.now;
    if store::is_contact_point_of(work.conn, contact, party, now)? {
        Ok(())
    } else {
        Err(AppError::field("contact", "no contact point of your State"))
    }
}

/// Writes the next version of a fiche, if the newest is the one it was based on.
pub(super) fn revise(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &CaseId,
    revision: &Revision,
) -> Result<CaseBody, AppError> {
    let permit = access::permit::<actions::ReviseCase, Case>(work, asker, id)?;
    let case = permit.thing();
    let author = asker.person().ok_or(Fault::SignInNeeded)?;
    let (newest, _) =
        store::newest(work.conn, std::slice::from_ref(case))?.into_iter().next().ok_or_else(no_version)?;
    if newest.version != revision.based_on {
        return Err(Fault::Outdated.into());
    }
    if let Some(contact) = &revision.contact {
        judge_contact(work, contact, &case.party_id)?;
    }
    let contact = revision.contact.as_ref().unwrap_or(&newest.contact_id);
    let version = newest.version.saturating_add(1);
    let next = seal(work, case, version, &revision.fiche, (contact, author))?;
    store::insert_version(work.conn, &permit, &next).or_conflict(Fault::Outdated)?;
    work.log(entry(Event::CaseRevised, asker, case).version(version));
    body(work, asker, case, true)
}

/// Releases a fiche to a State or to all contact points.
pub(super) fn release(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &CaseId,
    new: &NewRelease,
) -> Result<CaseReleaseBody, AppError> {
    let permit: Permit<actions::ReleaseCase, Case> = access::permit(work, asker, id)?;
    let case = permit.thing();
    if let Some(party) = &new.party {
        release::judge_recipient(work, &case.party_id, party, "party")?;
    }
    let act = release::release(work, asker.person(), Released::Case(id), to(new.party.as_ref()), &new.source)?;
    let mut entry = entry(Event::CaseReleased, asker, case).act(&act);
    if let Some(party) = &new.party {
        entry = entry.to([party]);
    }
    let from = work.now;
    work.log(entry);
    Ok(release_body(Release { act, party: new.party.clone(), version: None, from }))
}

/// Ends a release of a fiche.
pub(super) fn end_release(work: &mut Work<'_>, asker: &Asker, id: &CaseId, act: &ActId) -> Result<(), AppError> {
    let permit: Permit<actions::ReleaseCase, Case> = access::permit(work, asker, id)?;
    let case = permit.thing();
    let ended = release::end(work, asker.person(), Released::Case(id), act, "Ended by the originator")?;
    let mut entry = entry(Event::ReleaseEnded, asker, case).act(act);
    if let Some(party) = &ended.party {
        entry = entry.to([party]);
    }
    work.log(entry);
    Ok(())
}

/// Links a case file to a meeting that the asker may know of.
pub(super) fn link(work: &mut Work<'_>, asker: &Asker, id: &CaseId, meeting: &MeetingId) -> Result<CaseBody, AppError> {
    let permit = access::permit::<actions::LinkCase, Case>(work, asker, id)?;
    may_see(work, asker, Kind::Meeting, meeting.as_str()).map_err(|error| match error.fault {
        Fault::NotFound => AppError::field("meeting", "no such meeting"),
        _ => error,
    })?;
    let by = asker.person().ok_or(Fault::SignInNeeded)?;
    let now = work.now;
    store::link(work.conn, &permit, meeting, by, now).or_conflict(Fault::Conflict("They are linked already."))?;
    work.log(entry(Event::CaseLinked, asker, permit.thing()));
    body(work, asker, permit.thing(), true)
}
