//! Whether the bytes of a document are what they are claimed to be, and whether they say that they must
//! not be here.

use super::model::MediaType;
use crate::error::{AppError, Fault};
use crate::input;

/// The type that a `Content-Type` header claims. Texts are taken in UTF-8 only.
///
/// # Errors
/// `UnsupportedMedia` when it is none of those taken here.
pub(super) fn claimed(header: Option<&str>) -> Result<MediaType, AppError> {
    let (media, parameters) = header.unwrap_or_default().split_once(';').unwrap_or((header.unwrap_or_default(), ""));
    let media = MediaType::parse(&media.trim().to_ascii_lowercase()).ok_or(Fault::UnsupportedMedia)?;
    let parameters = parameters.trim().to_ascii_lowercase();
    let utf8 = parameters.strip_prefix("charset=").is_some_and(|charset| charset.trim_matches('"') == "utf-8");
    if parameters.is_empty() || (utf8 && is_text(media)) { Ok(media) } else { Err(Fault::UnsupportedMedia.into()) }
}

const fn is_text(media: MediaType) -> bool {
    matches!(media, MediaType::Text | MediaType::Csv)
}

/// Judges the bytes of a document of the type `claimed`.
///
/// A marking of EU RESTRICTED or above is looked for in the plain spelling. In a text that finds every
/// one; in the other types only what stands there neither compressed nor otherwise encoded, such as the
/// properties of a PDF. It is a safeguard against mistakes, not against intent.
///
/// # Errors
/// `Invalid` when they are empty or bear such a marking; `UnsupportedMedia` when they are something else.
pub(super) fn check(claimed: MediaType, bytes: &[u8]) -> Result<(), AppError> {
    if bytes.is_empty() {
        return Err(AppError::field("body", "empty"));
    }
    if !is(claimed, bytes) {
        return Err(Fault::UnsupportedMedia.into());
    }
    input::unclassified("body", &String::from_utf8_lossy(bytes))
}

fn is(claimed: MediaType, bytes: &[u8]) -> bool {
    let found = infer::get(bytes);
    if is_text(claimed) {
        // Short signatures of binary formats ("BM", "MZ") are also words; a script or a web page is not
        // what a text is claimed to be.
        return found.is_none_or(|found| found.matcher_type() != infer::MatcherType::Text)
            && std::str::from_utf8(bytes)
                .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')));
    }
    match found.map(|found| found.mime_type()) {
        Some(mime) if mime == claimed.as_str() => true,
        // Office suites order the parts of a file differently; the part that makes it what it is decides.
        Some("application/zip") => {
            main_part(claimed).is_some_and(|part| holds(bytes, b"[Content_Types].xml") && holds(bytes, part))
        }
        _ => false,
    }
}

/// The part that an Office Open XML file of this type has.
const fn main_part(media: MediaType) -> Option<&'static [u8]> {
    match media {
        MediaType::Docx => Some(b"word/document.xml"),
        MediaType::Xlsx => Some(b"xl/workbook.xml"),
        MediaType::Pptx => Some(b"ppt/presentation.xml"),
        _ => None,
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims() {
        assert_eq!(claimed(Some("text/plain; charset=UTF-8")).unwrap(), MediaType::Text);
        assert_eq!(claimed(Some("Application/PDF")).unwrap(), MediaType::Pdf);
        for bad in [None, Some(""), Some("text/html"), Some("text/plain; charset=latin1"), Some("application/pdf; a=b")]
        {
            assert_eq!(claimed(bad).unwrap_err().fault, Fault::UnsupportedMedia, "{bad:?}");
        }
    }

    #[test]
    fn bytes_are_what_they_are_claimed_to_be() {
        let zip = |names: &[&str]| {
            let mut bytes = Vec::new();
            for name in names {
                bytes.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
                bytes.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
                bytes.extend_from_slice(&[0, 0]);
                bytes.extend_from_slice(name.as_bytes());
            }
            bytes
        };
        let word =
            zip(&["_rels/.rels", "docProps/app.xml", "docProps/core.xml", "word/document.xml", "[Content_Types].xml"]);
        assert!(check(MediaType::Pdf, b"%PDF-1.7\n").is_ok());
        assert!(check(MediaType::Docx, &word).is_ok());
        assert!(check(MediaType::Text, "BMJV: note, déjà vu\n".as_bytes()).is_ok());
        for (media, bytes) in [
            (MediaType::Png, b"%PDF-1.7\n".to_vec()),
            (MediaType::Xlsx, word.clone()),
            (MediaType::Docx, zip(&["a.txt"])),
            (MediaType::Text, b"a\0b".to_vec()),
            (MediaType::Text, b"\xff\xfe".to_vec()),
            (MediaType::Text, b"<!DOCTYPE html><script>".to_vec()),
            (MediaType::Pdf, b"plain".to_vec()),
        ] {
            assert_eq!(check(media, &bytes).unwrap_err().fault, Fault::UnsupportedMedia, "{media}");
        }
        assert!(check(MediaType::Text, b"").is_err());
        assert!(check(MediaType::Csv, b"a,RESTREINT UE/EU RESTRICTED").is_err());
        assert!(check(MediaType::Pdf, b"%PDF-1.7\n/Title (EU SECRET)").is_err());
    }
}
