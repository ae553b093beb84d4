//! What the operator's commands on the host record of requests. The command that calls this writes the log entry.

use super::model::{NewRequest, RequestKind};
use super::{service, store};
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId};
use crate::rooms::model::{HandlingCode, NewNote};

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct RecordedRequest<'a> {
    /// Who sends it.
    pub author: &'a PersonId,
    /// What it is.
    pub kind: RequestKind,
    /// To which States.
    pub to: &'a [PartyId],
    /// The day by which an answer is asked for.
    pub due: Option<&'a str>,
    /// Its title.
    pub title: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Its handling codes; H3 would need words and is not taken.
    pub handling: &'a [HandlingCode],
    /// Who has acknowledged it, each for another State.
    pub receipts: &'a [PersonId],
}

/// Sends these requests, if there are none yet.
///
/// # Errors
/// `Invalid` when one could not be sent so; the database's.
pub fn ensure_requests(work: &mut Work<'_>, recorded: &[RecordedRequest<'_>]) -> Result<(), AppError> {
    if store::any(work.conn)? {
        return Ok(());
    }
    for one in recorded {
        let party = store::party_of(work.conn, one.author)?;
        let note = NewNote {
            title: one.title.to_owned(),
            text: one.text.to_owned(),
            handling: one.handling.to_vec(),
            handling_text: None,
        };
        let due = one.due.map(ToOwned::to_owned);
        let new = NewRequest { kind: one.kind, to: one.to.to_vec(), people: Vec::new(), note, due };
        let request = service::insert(work, (one.author, &party), &new)?;
        for person in one.receipts {
            let party = store::party_of(work.conn, person)?;
            let row = service::receipt(work, &request, (person, &party))?;
            store::insert_reply(work.conn, &row)?;
        }
    }
    Ok(())
}
