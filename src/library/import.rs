//! What the operator's commands on the host record in the library. The command that calls this writes
//! the log entry.

use super::model::PublicationRequest;
use super::store;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::PublicationId;

/// The publication with the code of `publication`, which is recorded if there is none yet; one that is
/// there is left as it is.
///
/// # Errors
/// `Invalid` when a text or day is not as it must be; the database's.
pub fn ensure_publication(work: &mut Work<'_>, publication: PublicationRequest) -> Result<PublicationId, AppError> {
    if let Some(id) = store::host_coded(work.conn, &publication.code)? {
        return Ok(id);
    }
    let publication = publication.judged()?;
    let id = PublicationId::new(work)?;
    store::host_record(work.conn, &id, &publication, work.now)?;
    Ok(id)
}
