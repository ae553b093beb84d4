//! Documents of open sessions.

use schemars::JsonSchema;
use serde::Serialize;

use super::{TITLE_MAX, content_line};
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{MaterialId, SessionId};
use crate::text_enum;

text_enum! {
    /// The types of document that are taken.
    MediaType {
        /// PDF.
        Pdf = "application/pdf",
        /// PNG.
        Png = "image/png",
        /// JPEG.
        Jpeg = "image/jpeg",
        /// Word.
        Docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        /// Excel.
        Xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        /// PowerPoint.
        Pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        /// OpenDocument text.
        Odt = "application/vnd.oasis.opendocument.text",
        /// Plain text in UTF-8.
        Text = "text/plain",
        /// Comma-separated values in UTF-8.
        Csv = "text/csv",
    }
}

impl MediaType {
    /// As a header says it: texts name their encoding.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            other => other.as_str(),
        }
    }

    /// How names of such files end.
    #[must_use]
    pub const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Docx => &["docx"],
            Self::Xlsx => &["xlsx"],
            Self::Pptx => &["pptx"],
            Self::Odt => &["odt"],
            Self::Text => &["txt", "text", "md"],
            Self::Csv => &["csv"],
        }
    }
}

const FILE_NAME_MAX: usize = 120;

/// A document, without its bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MaterialBody {
    /// Its id.
    pub id: MaterialId,
    /// The session it belongs to.
    pub session: SessionId,
    /// Its title.
    pub title: String,
    /// The name it is saved under.
    pub file_name: String,
    /// Its type.
    pub media_type: MediaType,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of its bytes, hex.
    pub sha256: String,
    /// When it was added.
    pub added_at: Moment,
}

/// A document to be added, judged but for its bytes.
#[derive(Clone, Debug)]
pub struct NewMaterial {
    /// Its title.
    pub title: String,
    /// The name it is saved under: a bare one.
    pub file_name: String,
    /// What its bytes are claimed to be.
    pub media_type: MediaType,
}

impl NewMaterial {
    /// Judges a title and a file name. The name must end as its type's do, so that what is saved opens as
    /// what was checked.
    ///
    /// # Errors
    /// `Invalid`, naming the parameter.
    pub fn checked(title: &str, file_name: &str, media_type: MediaType) -> Result<Self, AppError> {
        let title = content_line("title", title, TITLE_MAX)?;
        let file_name = content_line("file_name", file_name, FILE_NAME_MAX)?;
        if file_name.starts_with('.') || file_name.contains(['/', '\\']) {
            return Err(AppError::field("file_name", "not a bare name"));
        }
        let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        if !ending.is_some_and(|ending| media_type.endings().contains(&ending.as_str())) {
            return Err(AppError::field("file_name", "does not end as names of this type do"));
        }
        Ok(Self { title, file_name, media_type })
    }
}
