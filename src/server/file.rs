//! A file that comes with a call and is too large to be held in memory: its name, and what has come of it so far.

use actix_web::HttpRequest;
use actix_web::web::Bytes;

use super::body::Incoming;
use super::page::upload::Part;
use crate::error::AppError;

/// In which header programs send a file's name, percent-encoded: a name is contents, and addresses are no place for
/// those (DESIGN §3.8).
pub const FILE_NAME: &str = "incamera-file-name";

/// A file that is being sent.
pub struct FileComing {
    /// Its name, without folders.
    pub name: String,
    source: Source,
}

enum Source {
    /// It is the body.
    Body(Incoming),
    /// It is a part of a form.
    Part(Box<Part>),
}

impl FileComing {
    /// The body of a program's request.
    ///
    /// # Errors
    /// `Invalid` without a name.
    pub(super) fn of_body(request: &HttpRequest, body: Incoming) -> Result<Self, AppError> {
        let header =
            request.headers().get(FILE_NAME).ok_or_else(|| AppError::field("Incamera-File-Name", "missing"))?;
        let name = percent_encoding::percent_decode(header.as_bytes()).decode_utf8();
        let name = name.map_err(|_other| AppError::field("Incamera-File-Name", "not UTF-8"))?.into_owned();
        Ok(Self { name, source: Source::Body(body) })
    }

    /// A part of a form.
    pub(super) fn of_part(name: String, part: Part) -> Self {
        Self { name, source: Source::Part(Box::new(part)) }
    }

    /// What has come of it since the last call; nothing when that was all.
    ///
    /// # Errors
    /// As [`Incoming::next`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, AppError> {
        match &mut self.source {
            Source::Body(body) => body.next().await,
            Source::Part(part) => part.next().await,
        }
    }
}
