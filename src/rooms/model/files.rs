//! Files of notes: their names, and what is recorded of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{FileId, PersonId};
use crate::input;

const NAME_MAX: usize = 120;

/// Judges the name of a file: a bare one, that is not hidden where it is saved.
///
/// # Errors
/// `Invalid`, naming the field `file`.
pub fn file_name(sent: &str) -> Result<String, AppError> {
    let name = input::line("file", sent, NAME_MAX)?;
    input::unclassified("file", &name)?;
    if name.starts_with('.') || name.contains(['/', '\\']) {
        return Err(AppError::field("file", "not a bare name"));
    }
    Ok(name)
}

/// A file of a note.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileBody {
    /// Its id.
    pub id: FileId,
    /// The name it is saved under.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The version of the note that it came with. It belongs to that and to all later ones.
    pub version: i64,
    /// Who added it.
    pub author: PersonId,
    /// When.
    pub added_at: Moment,
}

/// What is recorded of a file in its sealed part.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileDetails {
    /// The name it is saved under.
    pub name: String,
    /// Its size in bytes, without what it was filled up with.
    pub size: u64,
    /// What its pieces are sealed under.
    pub key: String,
}

/// A file whose pieces are all kept.
pub struct NewFile {
    /// Its id.
    pub id: FileId,
    /// What will be sealed.
    pub details: FileDetails,
    /// How many pieces it has.
    pub pieces: i64,
    /// The SHA-256 of the pieces as they rest, one after the other.
    pub digest: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bare() {
        assert_eq!(file_name(" statement (2).pdf ").unwrap(), "statement (2).pdf");
        for bad in ["", "a/b.txt", "..\\a", ".hidden", "EU SECRET.pdf", "a\u{202e}fdp.exe", &"a".repeat(121)] {
            assert!(file_name(bad).is_err(), "{bad}");
        }
    }
}
