//! Forms with a file. Browsers send them as `multipart/form-data`, and show of themselves how far they are.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::web::Bytes;
use futures_core::Stream;
use multer::{Constraints, Multipart, SizeLimit};

use super::form::Fields;
use crate::error::{AppError, Fault};

/// Most parts of such a form.
const PARTS_MOST: usize = 64;

/// A file, as a form sent it.
#[derive(Debug)]
pub struct FileSent {
    /// Its name, without folders. What the browser says of its type is not kept: it follows from the name, and
    /// the bytes are judged by it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads such a form: its fields, and its file if one was chosen. One without a file may also come as other
/// forms do: so does what was kept while somebody logged in again.
///
/// # Errors
/// `UnsupportedMedia` when it is no form, `TooLarge` when the file has more than `most` bytes, `Invalid` when
/// it breaks off or is not what it says.
pub(in crate::server) async fn read(
    media: Option<&str>,
    body: Vec<u8>,
    most: usize,
) -> Result<(Fields, Option<FileSent>), AppError> {
    let media = media.unwrap_or_default();
    if media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok((Fields::parse(&body)?, None));
    }
    let boundary = multer::parse_boundary(media).map_err(|_no_form| AppError::from(Fault::UnsupportedMedia))?;
    let limit = SizeLimit::new().per_field(u64::try_from(most).unwrap_or(u64::MAX));
    let mut parts =
        Multipart::with_constraints(Whole(Some(body.into())), boundary, Constraints::new().size_limit(limit));
    let (mut fields, mut file) = (Vec::new(), None);
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
        if fields.len() >= PARTS_MOST {
            return Err(AppError::field("body", "too many fields"));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(|name| bare(name).to_owned());
        let bytes = part.bytes().await.map_err(|error| broken(&error))?;
        match file_name {
            None => {
                let text = String::from_utf8(bytes.into()).map_err(|_no_text| AppError::field("body", "not a form"))?;
                fields.push((name, text));
            }
            // No file was chosen.
            Some(file_name) if file_name.is_empty() && bytes.is_empty() => {}
            Some(file_name) if file.is_none() => file = Some(FileSent { name: file_name, bytes: bytes.into() }),
            Some(_) => return Err(AppError::field("body", "too many files")),
        }
    }
    Ok((Fields::of(fields), file))
}

/// A file's name without the folders that some browsers put before it.
fn bare(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn broken(error: &multer::Error) -> AppError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => Fault::TooLarge.into(),
        _ => AppError::field("body", "not a form"),
    }
}

/// A body that is here already, as a stream of one piece.
struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: &str = "multipart/form-data; boundary=XX";

    fn form(parts: &[(&str, &str)]) -> Vec<u8> {
        let parts = parts
            .iter()
            .map(|(head, body)| format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n"));
        format!("{}--XX--\r\n", parts.collect::<String>()).into_bytes()
    }

    fn run(media: &str, body: Vec<u8>, most: usize) -> Result<(Fields, Option<FileSent>), AppError> {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read(Some(media), body, most))
    }

    #[test]
    fn fields_and_a_file() {
        let body = form(&[("name=\"title\"", "Déjà vu"), ("name=\"file\"; filename=\"C:\\\\a\\\\b.txt\"", "words")]);
        let (fields, file) = run(MEDIA, body, 10).unwrap();
        assert_eq!(fields.get("title"), Some("Déjà vu"));
        let file = file.unwrap();
        assert_eq!((file.name.as_str(), file.bytes.as_slice()), ("b.txt", b"words".as_slice()));
    }

    #[test]
    fn no_file_was_chosen() {
        let (_, file) = run(MEDIA, form(&[("name=\"file\"; filename=\"\"", "")]), 5).unwrap();
        assert!(file.is_none());
        let (fields, file) = run("application/x-www-form-urlencoded", b"title=a".to_vec(), 5).unwrap();
        assert!(file.is_none() && fields.get("title") == Some("a"));
    }

    #[test]
    fn what_is_refused() {
        let large = form(&[("name=\"file\"; filename=\"a.txt\"", "words!")]);
        assert_eq!(run(MEDIA, large.clone(), 5).unwrap_err().fault, Fault::TooLarge);
        assert_eq!(run("text/plain", large.clone(), 9).unwrap_err().fault, Fault::UnsupportedMedia);
        let cut = large.get(..large.len() - 8).unwrap().to_vec();
        assert!(matches!(run(MEDIA, cut, 9).unwrap_err().fault, Fault::Invalid(_)));
        let two = form(&[("name=\"a\"; filename=\"a.txt\"", "a"), ("name=\"b\"; filename=\"b.txt\"", "b")]);
        assert!(matches!(run(MEDIA, two, 9).unwrap_err().fault, Fault::Invalid(_)));
    }
}
