//! Notes: what they say, and under which handling codes.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FileBody, source};
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{ActId, NoteId, PartyId, PersonId, RoomId};
use crate::{input, text_enum};

text_enum! {
    /// What a reader may do with it: the handling codes of Europol's SIENA.
    HandlingCode {
        /// For preventing and combating crime, without further conditions.
        H0 = "H0",
        /// Not to be used in judicial proceedings without the originator's leave.
        H1 = "H1",
        /// Not to be passed on without the originator's leave.
        H2 = "H2",
        /// Other restrictions, said in words.
        H3 = "H3",
    }
}

const TITLE_MAX: usize = 200;
const TEXT_MAX: usize = 60_000;
const HANDLING_MAX: usize = 1000;

/// A note, or a new version of one, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteBody {
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// H0 alone, or any of H1, H2, H3.
    pub handling: Vec<HandlingCode>,
    /// The restrictions in words, exactly when H3 is among the codes.
    pub handling_text: Option<String>,
}

/// What a version of a note says, judged.
#[derive(Clone, Debug)]
pub struct NewNote {
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Its codes, in their order.
    pub handling: Vec<HandlingCode>,
    /// The words to H3.
    pub handling_text: Option<String>,
}

/// What a version says, and which version it was based on.
#[derive(Clone, Debug)]
pub struct Revision {
    /// What the new version says.
    pub note: NewNote,
    /// The version that was newest when it was written.
    pub based_on: i64,
}

impl WriteBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewNote, AppError> {
        let title = input::line("title", &self.title, TITLE_MAX)?;
        let text = input::lines("text", &self.text, TEXT_MAX)?;
        let handling_text = self
            .handling_text
            .as_deref()
            .map(|words| input::lines("handling_text", words, HANDLING_MAX))
            .transpose()?;
        for (field, words) in
            [("title", Some(&title)), ("text", Some(&text)), ("handling_text", handling_text.as_ref())]
        {
            if let Some(words) = words {
                input::unclassified(field, words)?;
            }
        }
        let handling = codes(&self.handling)?;
        match (handling.contains(&HandlingCode::H3), &handling_text) {
            (true, None) => return Err(AppError::field("handling_text", "H3 needs its restrictions in words")),
            (false, Some(_)) => return Err(AppError::field("handling_text", "only H3 has words")),
            _ => {}
        }
        Ok(NewNote { title, text, handling, handling_text })
    }
}

fn codes(sent: &[HandlingCode]) -> Result<Vec<HandlingCode>, AppError> {
    let codes: BTreeSet<HandlingCode> = sent.iter().copied().collect();
    if codes.is_empty() {
        return Err(AppError::field("handling", "empty"));
    }
    if codes.len() != sent.len() {
        return Err(AppError::field("handling", "given twice"));
    }
    if codes.contains(&HandlingCode::H0) && codes.len() > 1 {
        return Err(AppError::field("handling", "H0 stands alone"));
    }
    Ok(codes.into_iter().collect())
}

/// A note as it is read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteBody {
    /// Its id.
    pub id: NoteId,
    /// The room it is in.
    pub room: RoomId,
    /// The version shown; also the ETag.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Its handling codes.
    pub handling: Vec<HandlingCode>,
    /// The words to H3.
    pub handling_text: Option<String>,
    /// The originator: the party of whoever wrote it.
    pub party: PartyId,
    /// Who wrote the version shown.
    pub author: PersonId,
    /// When the note was first written.
    pub written_at: Moment,
    /// When the version shown was written.
    pub revised_at: Moment,
    /// The files that belong to the version shown, the oldest first.
    pub files: Vec<FileBody>,
    /// To which States it is released; told to its originator only.
    pub releases: Option<Vec<NoteReleaseBody>>,
}

/// A note, in the list of its room.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteLine {
    /// Its id.
    pub id: NoteId,
    /// Its newest version.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// Its handling codes.
    pub handling: Vec<HandlingCode>,
    /// The originator.
    pub party: PartyId,
    /// Who wrote the newest version.
    pub author: PersonId,
    /// When it was first written.
    pub written_at: Moment,
    /// When the newest version was written.
    pub revised_at: Moment,
}

/// A version of a note, in the list of its versions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteVersionLine {
    /// Which one.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// Its handling codes.
    pub handling: Vec<HandlingCode>,
    /// Who wrote it.
    pub author: PersonId,
    /// When.
    pub written_at: Moment,
}

/// A release of a note.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NoteReleaseBody {
    /// The act of release.
    pub act: ActId,
    /// To which State.
    pub party: PartyId,
    /// Which version.
    pub version: i64,
    /// From when on.
    pub from: Moment,
}

/// To whom to release a note, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// The State.
    pub party: PartyId,
    /// Which version: the newest when left out. No other is released with it, earlier or later.
    pub version: Option<i64>,
    /// Where the decision stands.
    pub source: Option<String>,
}

/// To whom to release a note, judged.
#[derive(Clone, Debug)]
pub struct NewRelease {
    /// The State.
    pub party: PartyId,
    /// Which version; `None`: the newest.
    pub version: Option<i64>,
    /// Where the decision stands.
    pub source: String,
}

impl ReleaseBody {
    /// Judges what was sent. Whether there is such a State and version is for the service to find.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<NewRelease, AppError> {
        let source = source(self.source.as_deref(), "Released by the originator")?;
        Ok(NewRelease { party: self.party, version: self.version, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(handling: &[HandlingCode], words: Option<&str>) -> WriteBody {
        WriteBody {
            title: "t".into(),
            text: "x".into(),
            handling: handling.to_vec(),
            handling_text: words.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn codes_that_contradict_each_other_are_refused() {
        use HandlingCode::{H0, H1, H2, H3};
        for good in [body(&[H0], None), body(&[H2, H1], None), body(&[H1, H3], Some("not to the press"))] {
            assert!(good.checked().is_ok());
        }
        for bad in [
            body(&[], None),
            body(&[H0, H1], None),
            body(&[H1, H1], None),
            body(&[H3], None),
            body(&[H1], Some("words")),
            body(&[H3], Some("EU SECRET")),
        ] {
            assert!(bad.checked().is_err());
        }
    }
}
