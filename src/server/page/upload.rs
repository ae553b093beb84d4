//! Forms with a file. Browsers send them as `multipart/form-data`, and show of themselves how far they are.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actix_web::web::Bytes;
use futures_core::Stream;
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::form::Fields;
use crate::error::{AppError, Fault};
use crate::server::body::Incoming;
use crate::server::file::FileComing;

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

/// How much of what such a form may hold.
#[derive(Clone, Copy)]
pub(in crate::server) struct Limits {
    /// Bytes of a file.
    pub file: u64,
    /// Bytes of a field.
    pub field: u64,
}

/// Reads such a form: its fields, and its file if one was chosen. One without a file may also come as other
/// forms do: so does what was kept while somebody logged in again.
///
/// # Errors
/// `UnsupportedMedia` when it is no form, `TooLarge` when the file has more bytes than are taken, `Invalid` when
/// it breaks off or is not what it says.
pub(in crate::server) async fn read(
    media: Option<&str>,
    incoming: Incoming,
    limits: Limits,
) -> Result<(Fields, Option<FileSent>), AppError> {
    let (fields, coming) = begin(media, incoming, limits).await?;
    let Some(mut coming) = coming else { return Ok((fields, None)) };
    let mut bytes = Vec::new();
    while let Some(some) = coming.next().await? {
        bytes.extend_from_slice(&some);
    }
    Ok((fields, Some(FileSent { name: coming.name, bytes })))
}

/// As [`read`], as far as the file, which comes behind the fields.
///
/// # Errors
/// As [`read`].
pub(in crate::server) async fn begin(
    media: Option<&str>,
    mut incoming: Incoming,
    limits: Limits,
) -> Result<(Fields, Option<FileComing>), AppError> {
    let media = media.unwrap_or_default();
    if media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let mut whole = Vec::new();
        while let Some(some) = incoming.next().await? {
            whole.extend_from_slice(&some);
            if u64::try_from(whole.len()).map_or(true, |length| length > limits.field) {
                return Err(Fault::TooLarge.into());
            }
        }
        return Ok((Fields::parse(&whole)?, None));
    }
    let boundary = multer::parse_boundary(media).map_err(|_no_form| AppError::from(Fault::UnsupportedMedia))?;
    let limit = SizeLimit::new().per_field(limits.file);
    let feed = Feed::default();
    let form = Multipart::with_constraints(feed.clone(), boundary, Constraints::new().size_limit(limit));
    let mut parts = Parts { incoming, feed, form };
    let mut fields = Vec::new();
    while let Some(mut part) = parts.next().await? {
        if fields.len() >= PARTS_MOST {
            return Err(AppError::field("body", "too many fields"));
        }
        if let Some(file_name) = part.file_name().map(|name| bare(name).to_owned()) {
            let first = parts.some_of(&mut part).await?;
            // No file was chosen.
            if file_name.is_empty() && first.is_none() {
                continue;
            }
            let part = Part { parts, coming: Some(part), first };
            return Ok((Fields::of(fields), Some(FileComing::of_part(file_name, part))));
        }
        let (name, mut bytes) = (part.name().unwrap_or_default().to_owned(), Vec::new());
        while let Some(some) = parts.some_of(&mut part).await? {
            bytes.extend_from_slice(&some);
            if u64::try_from(bytes.len()).map_or(true, |length| length > limits.field) {
                return Err(Fault::TooLarge.into());
            }
        }
        fields.push((name, String::from_utf8(bytes).map_err(|_no_text| AppError::field("body", "not a form"))?));
    }
    Ok((Fields::of(fields), None))
}

/// The file of a form, behind which there is nothing more.
pub(in crate::server) struct Part {
    parts: Parts,
    coming: Option<Field<'static>>,
    first: Option<Bytes>,
}

impl Part {
    /// What has come of it since the last call; nothing when that was all.
    ///
    /// # Errors
    /// As [`read`].
    pub(in crate::server) async fn next(&mut self) -> Result<Option<Bytes>, AppError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(mut part) = self.coming.take() else { return Ok(None) };
        if let Some(some) = self.parts.some_of(&mut part).await? {
            self.coming = Some(part);
            return Ok(Some(some));
        }
        drop(part);
        match self.parts.next().await? {
            None => Ok(None),
            Some(_) => Err(AppError::field("body", "something follows the file")),
        }
    }
}

/// The parts of a form, and what they are read from.
struct Parts {
    incoming: Incoming,
    feed: Feed,
    form: Multipart<'static>,
}

impl Parts {
    async fn next(&mut self) -> Result<Option<Field<'static>>, AppError> {
        loop {
            if let Poll::Ready(part) = poll_fn(|cx| Poll::Ready(self.form.poll_next_field(cx))).await {
                return part.map_err(|error| broken(&error));
            }
            self.feed.take_from(&mut self.incoming).await?;
        }
    }

    async fn some_of(&mut self, part: &mut Field<'static>) -> Result<Option<Bytes>, AppError> {
        loop {
            if let Poll::Ready(some) = poll_fn(|cx| Poll::Ready(Pin::new(&mut *part).poll_next(cx))).await {
                match some.transpose().map_err(|error| broken(&error))? {
                    Some(some) if some.is_empty() => continue,
                    some => return Ok(some),
                }
            }
            self.feed.take_from(&mut self.incoming).await?;
        }
    }
}

/// What has come and was not looked at yet. Whoever looks takes all that there is, and so is given no more than he needs:
/// the reader of forms would fill the memory with a large file.
#[derive(Clone, Default)]
struct Feed(Arc<Mutex<Come>>);

#[derive(Default)]
struct Come {
    some: VecDeque<Bytes>,
    all: bool,
}

impl Feed {
    async fn take_from(&self, incoming: &mut Incoming) -> Result<(), AppError> {
        let some = incoming.next().await?;
        let mut come = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match some {
            Some(some) => come.some.push_back(some),
            // It is not asked for more than once.
            None if come.all => return Err(AppError::field("body", "not a form")),
            None => come.all = true,
        }
        drop(come);
        Ok(())
    }
}

impl Stream for Feed {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut come = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match come.some.pop_front() {
            Some(some) => Poll::Ready(Some(Ok(some))),
            None if come.all => Poll::Ready(None),
            // Nobody is woken: whoever is told so takes more himself, and asks again.
            None => Poll::Pending,
        }
    }
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

    /// However the body is cut into pieces, it is read as the same.
    fn run(media: &str, body: &[u8], most: u64) -> Result<(Fields, Option<FileSent>), AppError> {
        let read = |piece: usize| {
            let incoming = Incoming::of(body.chunks(piece).map(Bytes::copy_from_slice).collect());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(read(Some(media), incoming, Limits { file: most, field: 100 }))
        };
        let (whole, bytes) = (read(body.len()), read(1));
        assert_eq!(format!("{whole:?}"), format!("{bytes:?}"));
        whole
    }

    #[test]
    fn fields_and_a_file() {
        let body = form(&[("name=\"title\"", "Déjà vu"), ("name=\"file\"; filename=\"C:\\\\a\\\\b.txt\"", "words")]);
        let (fields, file) = run(MEDIA, &body, 10).unwrap();
        assert_eq!(fields.get("title"), Some("Déjà vu"));
        let file = file.unwrap();
        assert_eq!((file.name.as_str(), file.bytes.as_slice()), ("b.txt", b"words".as_slice()));
    }

    #[test]
    fn no_file_was_chosen() {
        let (_, file) = run(MEDIA, &form(&[("name=\"file\"; filename=\"\"", "")]), 5).unwrap();
        assert!(file.is_none());
        let (fields, file) = run("application/x-www-form-urlencoded", b"title=a", 5).unwrap();
        assert!(file.is_none() && fields.get("title") == Some("a"));
    }

    #[test]
    fn what_is_refused() {
        let large = form(&[("name=\"file\"; filename=\"a.txt\"", "words!")]);
        assert_eq!(run(MEDIA, &large, 5).unwrap_err().fault, Fault::TooLarge);
        assert_eq!(run("text/plain", &large, 9).unwrap_err().fault, Fault::UnsupportedMedia);
        let cut = large.get(..large.len() - 8).unwrap();
        assert!(matches!(run(MEDIA, cut, 9).unwrap_err().fault, Fault::Invalid(_)));
        let two = form(&[("name=\"a\"; filename=\"a.txt\"", "a"), ("name=\"b\"; filename=\"b.txt\"", "b")]);
        assert!(matches!(run(MEDIA, &two, 9).unwrap_err().fault, Fault::Invalid(_)));
    }
}
