//! What the operator's commands on the host record in the register. The command that calls this writes
//! the log entry.

use super::model::{Fiche, NewCase, Visibility};
use super::{service, store};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{CaseId, PersonId, RoomId};

pub use super::service::seal_fiches;

/// A case file to be opened.
#[derive(Clone, Debug)]
pub struct RecordedCase<'a> {
    /// Who opens it, and is to be asked about it.
    pub contact: &'a PersonId,
    /// Its register entry.
    pub fiche: Fiche,
    /// Who beside its own State sees that.
    pub visibility: Visibility,
    /// Who is in its circle, beside the contact.
    pub admit: &'a [PersonId],
}

/// The first case file of the contact's State, opened as described if the State has none.
///
/// # Errors
/// `Invalid` when a text is not as it must be; the database's.
pub fn ensure_case(work: &mut Work<'_>, case: &RecordedCase<'_>) -> Result<(CaseId, RoomId), AppError> {
    let party = store::party_of(work.conn, case.contact)?;
    if let Some(there) = store::first_of(work.conn, &party)? {
        return Ok((there.id, there.room_id));
    }
    let new = NewCase { fiche: case.fiche.clone().judged()?, visibility: case.visibility.clone(), contact: None };
    let opened = service::insert(work, case.contact, &party, case.contact, case.admit, &new)?;
    Ok((opened.id, opened.room_id))
}
