//! Publications in the database.

use diesel::prelude::*;

use super::model::{PublicationKind, PublicationRequest};
use crate::access::{Facts, Filter, Findings, Permit, TheNetwork, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::publications;
use crate::error::{AppError, Fault, OrConflict};
use crate::ids::{MeetingId, PublicationId};

/// A publication.
#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = publications)]
pub(super) struct PublicationRecord {
    pub id: PublicationId,
    pub code: String,
    pub kind: PublicationKind,
    pub title: String,
    pub summary: String,
    pub adopted_on: Option<String>,
    pub published_on: Option<String>,
    pub adopted_at_meeting_id: Option<MeetingId>,
}

impl Thing for PublicationRecord {
    type Kind = kinds::Publication;
    type Id = PublicationId;
    fn find(conn: &mut Conn, id: &PublicationId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        publications::table.filter(publications::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// Those that the filter lets through, by title, behind the title and id `after`.
pub(super) fn page(
    conn: &mut Conn,
    filter: Filter<actions::SeePublication>,
    kind: Option<PublicationKind>,
    after: Option<&(String, PublicationId)>,
    limit: i64,
) -> QueryResult<Vec<PublicationRecord>> {
    let mut query = publications::table
        .filter(filter.condition())
        .order((publications::title, publications::id))
        .limit(limit)
        .into_boxed();
    if let Some((title, id)) = after {
        query = query.filter(
            publications::title
                .gt(title.clone())
                .or(publications::title.eq(title.clone()).and(publications::id.gt(id.clone()))),
        );
    }
    if let Some(kind) = kind {
        query = query.filter(publications::kind.eq(kind));
    }
    query.select(PublicationRecord::as_select()).load(conn)
}

/// Records a publication.
pub(super) fn record(
    conn: &mut Conn,
    _: &Permit<actions::RecordPublication, TheNetwork>,
    id: &PublicationId,
    publication: &PublicationRequest,
    now: Moment,
) -> Result<(), AppError> {
    host_record(conn, id, publication, now)
}

/// The same, for the operator's commands on the host, where nobody asks. Used by [`super::import`] only.
pub(super) fn host_record(
    conn: &mut Conn,
    id: &PublicationId,
    publication: &PublicationRequest,
    now: Moment,
) -> Result<(), AppError> {
    diesel::insert_into(publications::table)
        .values((
            publications::id.eq(id),
            publications::code.eq(&publication.code),
            publications::kind.eq(publication.kind),
            publications::title.eq(&publication.title),
            publications::summary.eq(&publication.summary),
            publications::adopted_on.eq(&publication.adopted_on),
            publications::published_on.eq(&publication.published_on),
            publications::adopted_at_meeting_id.eq(&publication.adopted_at_meeting),
            publications::recorded_us.eq(now),
        ))
        .execute(conn)
        .or_conflict(Fault::Conflict("There is a publication with this code already."))
        .map(drop)
}

/// The publication with this code; for [`super::import`] only.
pub(super) fn host_coded(conn: &mut Conn, code: &str) -> QueryResult<Option<PublicationId>> {
    publications::table.filter(publications::code.eq(code)).select(publications::id).first(conn).optional()
}
