//! What can be done in the library.

use super::model::{PublicationBody, PublicationKind, PublicationRequest};
use super::store::{self, PublicationRecord};
use crate::access::{self, Asker, Kind, TheNetwork, actions, explain::may_see};
use crate::audit::{Entry, Event};
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::PublicationId;
use crate::server::Page;
use crate::server::answer::List;

/// A page of the publications.
pub(super) fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    kind: Option<PublicationKind>,
    page: &Page,
) -> Result<List<PublicationBody>, AppError> {
    let after = page.place(PublicationId::parse)?;
    let filter = access::filter::<actions::SeePublication>(asker);
    let rows = store::page(work.conn, filter, kind, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |row| format!("{}|{}", row.title, row.id));
    Ok(List { items: list.items.into_iter().map(body).collect(), next: list.next })
}

/// One publication.
pub(super) fn get(work: &mut Work<'_>, asker: &Asker, id: &PublicationId) -> Result<PublicationBody, AppError> {
    Ok(body(access::permit::<actions::SeePublication, PublicationRecord>(work, asker, id)?.into_thing()))
}

fn body(row: PublicationRecord) -> PublicationBody {
    PublicationBody {
        id: row.id,
        code: row.code,
        kind: row.kind,
        title: row.title,
        summary: row.summary,
        adopted_on: row.adopted_on,
        published_on: row.published_on,
        adopted_at_meeting: row.adopted_at_meeting_id,
    }
}

/// Records a publication.
pub(super) fn create(
    work: &mut Work<'_>,
    asker: &Asker,
    request: &PublicationRequest,
) -> Result<PublicationBody, AppError> {
    let permit = access::permit::<actions::RecordPublication, TheNetwork>(work, asker, &())?;
    if let Some(meeting) = &request.adopted_at_meeting {
        // The publication will name it to everyone.
        let anyone = Asker::anonymous(work.codes(), work.now);
        may_see(work, &anyone, Kind::Meeting, meeting.as_str()).map_err(|error| match error.fault {
            Fault::NotFound => AppError::field("adopted_at_meeting", "no ordinary meeting"),
            _ => error,
        })?;
    }
    let id = PublicationId::new(work)?;
    store::record(work.conn, &permit, &id, request, work.now)?;
    work.log(Entry::new(Event::PublicationRecorded).by(asker).on("publication", &id));
    get(work, asker, &id)
}
