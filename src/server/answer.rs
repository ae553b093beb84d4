//! Answers: the successful ones, and the one place where an error becomes a problem report (RFC 9457).

use std::pin::Pin;
use std::{fmt, io};

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use futures_core::Stream;
use schemars::JsonSchema;
use serde::Serialize;

use super::page;
use crate::error::{AppError, Fault, FieldProblem};

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    cookies: Vec<Cookie<'static>>,
    body: Body,
}

/// What an answer holds that is made while it is sent.
pub type Made = Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>>>>;

enum Body {
    Whole(Vec<u8>),
    /// So many bytes; when they cannot all be made, the connection breaks off.
    Made(u64, Made),
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(body) => write!(out, "{} bytes", body.len()),
            Self::Made(size, _) => write!(out, "{size} bytes, made while they are sent"),
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(body: Vec<u8>) -> Self {
        Self::Whole(body)
    }
}

/// A list: the things, and where the next page starts. There is never a total.
#[derive(Debug, Serialize, JsonSchema)]
pub struct List<T> {
    /// The things.
    pub items: Vec<T>,
    /// Give it back as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
}

/// A problem report, as RFC 9457 has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// Which problem: `urn:incamera:problem:` and a name.
    pub r#type: String,
    /// What it is, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What exactly is in the way, where that is one of a few things.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields that are not as they must be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}

impl Answer {
    fn of(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
        Self { status, headers, cookies: Vec::new(), body: body.into() }
    }

    fn with_json<T: Serialize>(status: StatusCode, value: &T) -> Result<Self, AppError> {
        let body = serde_json::to_vec(value).map_err(AppError::internal)?;
        Ok(Self::of(status, "application/json", body))
    }

    /// 200 with JSON.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON: a defect.
    pub fn json<T: Serialize>(value: &T) -> Result<Self, AppError> {
        Self::with_json(StatusCode::OK, value)
    }

    /// 201 with JSON.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON: a defect.
    pub fn created<T: Serialize>(value: &T) -> Result<Self, AppError> {
        Self::with_json(StatusCode::CREATED, value)
    }

    /// 200 with text that is JSON already.
    #[must_use]
    pub fn json_text(text: &str) -> Self {
        Self::of(StatusCode::OK, "application/json", text.as_bytes().to_vec())
    }

    /// 200 with plain text.
    #[must_use]
    pub fn plain(text: String) -> Self {
        Self::of(StatusCode::OK, "text/plain; charset=utf-8", text.into_bytes())
    }

    /// 200 with bytes that mean something only to programs.
    #[must_use]
    pub fn bytes(bytes: Vec<u8>) -> Self {
        Self::of(StatusCode::OK, "application/octet-stream", bytes)
    }

    /// 204.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), cookies: Vec::new(), body: Body::Whole(Vec::new()) }
    }

    /// A page.
    pub(super) fn html(status: u16, html: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = Self::of(status, "text/html; charset=utf-8", html.into_bytes());
        answer.headers.push((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY)));
        // With nothing at all, browsers would not say of a form where it comes from.
        answer.headers.push((header::REFERRER_POLICY, HeaderValue::from_static("same-origin")));
        answer
    }

    /// With leave for the one script.
    pub(super) fn with_script(mut self) -> Self {
        for (name, value) in &mut self.headers {
            if *name == header::CONTENT_SECURITY_POLICY {
                *value = HeaderValue::from_static(page::POLICY_WITH_SCRIPT);
            }
        }
        self
    }

    /// 303: a form was taken; the page at `path` shows what came of it.
    ///
    /// # Errors
    /// When the path cannot stand in a header: a defect.
    pub fn see(path: &str) -> Result<Self, AppError> {
        let mut answer = Self::nothing();
        answer.status = StatusCode::SEE_OTHER;
        answer.headers.push((header::LOCATION, HeaderValue::from_str(path).map_err(AppError::internal)?));
        Ok(answer)
    }

    /// 200 with what never changes at its address.
    pub(super) fn asset(media_type: &'static str, text: &'static str) -> Self {
        let mut answer = Self::of(StatusCode::OK, media_type, text.as_bytes().to_vec());
        let for_good = HeaderValue::from_static("public, max-age=31536000, immutable");
        answer.headers.push((header::CACHE_CONTROL, for_good));
        answer
    }

    /// 200 with a table to be saved.
    ///
    /// # Errors
    /// When the name cannot stand in a header: a defect.
    pub fn csv(file_name: &str, text: String) -> Result<Self, AppError> {
        Self::download("text/csv; charset=utf-8", file_name, text.into_bytes())
    }

    /// With the secrets of a log-in, for the browser to keep.
    #[must_use]
    pub fn signed_in(mut self, secrets: &page::cookies::SignedIn) -> Self {
        self.cookies.extend(page::cookies::signed_in(secrets));
        self
    }

    /// With the secrets of the log-in taken back, and all else that the browser may have kept of the pages.
    #[must_use]
    pub fn signed_out(mut self) -> Self {
        self.cookies.extend(page::cookies::signed_out());
        self.headers
            .push((HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\"")));
        self
    }

    /// With the reader's choices.
    #[must_use]
    pub fn choices(mut self, language: &str, zone: &str) -> Self {
        self.cookies.extend(page::cookies::choices(language, zone));
        self
    }

    /// With a visit, for the pages under `path`, for so many seconds; 0 takes it back.
    #[must_use]
    pub fn visit(mut self, path: &str, visit: &str, seconds: i64) -> Self {
        self.cookies.push(page::cookies::visit(path, visit, seconds));
        self
    }

    /// 200 with bytes to be saved as `file_name`, never to be shown in the browser's own pages.
    ///
    /// # Errors
    /// When the type or name cannot stand in a header: a defect, since both were checked when taken in.
    pub fn download(media_type: &str, file_name: &str, body: Vec<u8>) -> Result<Self, AppError> {
        Self::saved(media_type, file_name, body.into())
    }

    /// As [`Answer::download`], of `size` bytes that are made while they are sent, and of which nothing is said.
    ///
    /// # Errors
    /// When the name cannot stand in a header: a defect.
    pub fn made(file_name: &str, size: u64, made: Made) -> Result<Self, AppError> {
        Self::saved("application/octet-stream", file_name, Body::Made(size, made))
    }

    fn saved(media_type: &str, file_name: &str, body: Body) -> Result<Self, AppError> {
        let name = percent_encoding::utf8_percent_encode(file_name, percent_encoding::NON_ALPHANUMERIC);
        let disposition = format!("attachment; filename*=UTF-8''{name}");
        Ok(Self {
            status: StatusCode::OK,
            headers: vec![
                (header::CONTENT_TYPE, HeaderValue::from_str(media_type).map_err(AppError::internal)?),
                (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(AppError::internal)?),
            ],
            cookies: Vec::new(),
            body,
        })
    }

    /// With the version of the thing as its `ETag`.
    ///
    /// # Errors
    /// Never, in fact.
    pub fn version(mut self, version: i64) -> Result<Self, AppError> {
        self.headers
            .push((header::ETAG, HeaderValue::from_str(&format!("\"{version}\"")).map_err(AppError::internal)?));
        Ok(self)
    }

    /// What it holds.
    #[cfg(test)]
    pub(in crate::server) fn into_body(self) -> Vec<u8> {
        match self.body {
            Body::Whole(body) => body,
            Body::Made(..) => panic!("made while it is sent"),
        }
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for header in self.headers {
            response.insert_header(header);
        }
        for cookie in self.cookies {
            response.cookie(cookie);
        }
        match self.body {
            Body::Whole(body) => response.body(body),
            Body::Made(size, made) => response.body(SizedStream::new(size, made)),
        }
    }
}

/// The problem report of an error; its cause is not in it.
pub(super) fn problem(error: &AppError) -> HttpResponse {
    let (status, name, title) = error.fault.public();
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    let mut report = Problem {
        r#type: format!("urn:incamera:problem:{name}"),
        title: title.into(),
        status,
        detail: None,
        fields: Vec::new(),
    };
    match &error.fault {
        Fault::Invalid(fields) => report.fields.clone_from(fields),
        Fault::Conflict(what) => report.detail = Some((*what).into()),
        Fault::TooMany(seconds) | Fault::Busy(seconds) => {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        Fault::LogUnavailable => {
            response.insert_header((header::RETRY_AFTER, "5"));
        }
        Fault::SignInNeeded => {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        _ => {}
    }
    response.body(serde_json::to_vec(&report).unwrap_or_default())
}
