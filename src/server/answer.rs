//! Answers: the successful ones, and the one place where an error becomes a problem report (RFC 9457).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{AppError, Fault, FieldProblem};

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
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
    fn with_json<T: Serialize>(status: StatusCode, value: &T) -> Result<Self, AppError> {
        let body = serde_json::to_vec(value).map_err(AppError::internal)?;
        Ok(Self { status, headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body })
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
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Self { status: StatusCode::OK, headers, body: text.as_bytes().to_vec() }
    }

    /// 204.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Vec::new() }
    }

    /// 200 with bytes to be saved as `file_name`, never to be shown in the browser's own pages.
    ///
    /// # Errors
    /// When the type or name cannot stand in a header: a defect, since both were checked when taken in.
    pub fn download(media_type: &str, file_name: &str, body: Vec<u8>) -> Result<Self, AppError> {
        let name = percent_encoding::utf8_percent_encode(file_name, percent_encoding::NON_ALPHANUMERIC);
        let disposition = format!("attachment; filename*=UTF-8''{name}");
        Ok(Self {
            status: StatusCode::OK,
            headers: vec![
                (header::CONTENT_TYPE, HeaderValue::from_str(media_type).map_err(AppError::internal)?),
                (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(AppError::internal)?),
            ],
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

    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for header in self.headers {
            response.insert_header(header);
        }
        response.body(self.body)
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
