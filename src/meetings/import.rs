//! Loading the network's record from a file, by the operator: there is no asker, nothing is logged here
//! (the command that loads logs that it did), and what is there already is left as it is. What is new is
//! judged as what people type is.

use super::model::{ConveneBody, MediaType, MeetingKind, NewMaterial, NewParticipation, NewSession, SessionKind, Way};
use super::service::materials::Content;
use super::service::{conclusions, materials, meetings, participation, sessions};
use super::{media, store};
use crate::access::acts::ActKind;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{MaterialId, MeetingId, PartyId, RoomId, SessionId};

pub use super::service::sessions::seal_agenda;

/// A meeting of the record.
#[derive(Clone, Debug)]
pub struct RecordedMeeting<'a> {
    /// Ordinary or ad hoc.
    pub kind: MeetingKind,
    /// The number, exactly when it is an ordinary one.
    pub number: Option<i64>,
    /// The first day, `YYYY-MM-DD`.
    pub first_day: &'a str,
    /// The last day, `YYYY-MM-DD`.
    pub last_day: &'a str,
    /// How it was held.
    pub way: Way,
    /// Where.
    pub place: Option<&'a str>,
    /// Who held the Presidency.
    pub presidency: Option<&'a PartyId>,
    /// Which member State asked for an ad hoc one.
    pub requested_by: Option<&'a PartyId>,
    /// What it was about.
    pub topics: &'a [String],
    /// Where it is recorded.
    pub source: &'a str,
}

/// The ordinary meeting with this number.
///
/// # Errors
/// The database's.
pub fn meeting_numbered(work: &mut Work<'_>, number: i64) -> Result<Option<MeetingId>, AppError> {
    Ok(store::find_meeting(work.conn, Some(number), "")?)
}

/// The meeting with this number or, for an ad hoc one, this first day; recorded if it is not there.
///
/// # Errors
/// `Invalid` when a day or a text is not as it must be; the database's.
pub fn ensure_meeting(work: &mut Work<'_>, meeting: &RecordedMeeting<'_>) -> Result<MeetingId, AppError> {
    if let Some(there) = store::find_meeting(work.conn, meeting.number, meeting.first_day)? {
        return Ok(there);
    }
    if let Some(party) = meeting.presidency
        && !store::is_state(work.conn, party)?
    {
        return Err(AppError::field("presidency", "no such State"));
    }
    let new = ConveneBody {
        kind: meeting.kind,
        number: meeting.number,
        first_day: meeting.first_day.to_owned(),
        last_day: meeting.last_day.to_owned(),
        way: meeting.way,
        place: meeting.place.map(ToOwned::to_owned),
        presidency: meeting.presidency.cloned(),
        requested_by: meeting.requested_by.cloned(),
        topics: meeting.topics.to_vec(),
        source: meeting.source.to_owned(),
    }
    .checked()?;
    meetings::insert(work, None, &new).map(|(meeting, _)| meeting.id)
}

/// Records that the conclusions of a meeting were published before this server was.
///
/// # Errors
/// The database's.
pub fn ensure_conclusions_published_elsewhere(
    work: &mut Work<'_>,
    meeting: &MeetingId,
    source: &str,
) -> Result<(), AppError> {
    if conclusions::published(work, meeting)? {
        return Ok(());
    }
    conclusions::record(work, None, meeting, ActKind::Publication, None, source).map(drop)
}

/// The open session or breakout with this title; added if it is not there. For a closed one see
/// [`ensure_closed_session`].
///
/// # Errors
/// The database's; that it is a closed one.
pub fn ensure_session(
    work: &mut Work<'_>,
    meeting: &MeetingId,
    kind: SessionKind,
    title: &str,
) -> Result<SessionId, AppError> {
    let new = match kind {
        SessionKind::Open => NewSession::Open(title.to_owned()),
        SessionKind::Breakout => NewSession::Breakout(title.to_owned()),
        SessionKind::Closed => return ensure_closed_session(work, meeting, title, &[]).map(|(session, _)| session),
    };
    if let Some(there) = store::find_session(work.conn, meeting, kind, Some(title))? {
        return Ok(there.id);
    }
    sessions::insert(work, None, meeting, &new).map(|(session, _)| session.id)
}

/// The closed session of a meeting, with its room; added if the meeting has none (its title is sealed, so
/// it cannot be found by that), and then the contact points and the counterparts of these States, as
/// designated now, are admitted.
///
/// # Errors
/// `Invalid` when one of `counterparts_of` is no observer State; the database's.
pub fn ensure_closed_session(
    work: &mut Work<'_>,
    meeting: &MeetingId,
    title: &str,
    counterparts_of: &[PartyId],
) -> Result<(SessionId, RoomId), AppError> {
    let session = if let Some(there) = store::find_session(work.conn, meeting, SessionKind::Closed, None)? {
        there
    } else {
        let new = NewSession::Closed { title: Some(title.to_owned()), counterparts_of: counterparts_of.to_vec() };
        sessions::insert(work, None, meeting, &new)?.0
    };
    let room = session.room_id.ok_or_else(|| AppError::internal("a closed session without a room"))?;
    Ok((session.id, room))
}

/// Lets a whole delegation take part in a session, if it does not yet.
///
/// # Errors
/// The database's.
pub fn ensure_participation(
    work: &mut Work<'_>,
    session: &SessionId,
    party: &PartyId,
    source: &str,
) -> Result<(), AppError> {
    let now = work.now;
    if store::participates(work.conn, session, party, None, now)?.is_some() {
        return Ok(());
    }
    let new = NewParticipation { party: party.clone(), person: None, source: source.to_owned(), until: None };
    participation::insert(work, None, session, &new).map(drop)
}

/// The document with this file name; added if it is not there.
///
/// # Errors
/// As for one that is uploaded; the database's.
pub fn ensure_material(
    work: &mut Work<'_>,
    session: &SessionId,
    title: &str,
    file_name: &str,
    media_type: MediaType,
    bytes: &[u8],
) -> Result<MaterialId, AppError> {
    if let Some(there) = store::material_named(work.conn, session, file_name)? {
        return Ok(there);
    }
    media::check(media_type, bytes)?;
    let new = NewMaterial::checked(title, file_name, media_type)?;
    materials::insert(work, None, session, new, &Content::new(bytes.to_vec())).map(|material| material.id)
}
