//! What a route is. There is no default for any part: a route that does not say who may call it and what
//! it logs does not compile.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Answer, Call};
use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;

/// What answers a call.
pub type Handler = Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Result<Answer, AppError>>>> + Send + Sync>;

/// Makes a [`Handler`] of an async function.
pub fn handler<F, Fut>(function: F) -> Handler
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Answer, AppError>> + 'static,
{
    Arc::new(move |call| Box::pin(function(call)))
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, and it tells nothing that depends on who asks: health, the OpenAPI document.
    Anyone,
    /// Anyone, with a credential of its own in the body: logging in, taking up an invitation.
    OwnCredential,
    /// Anyone who may do this to the thing; the asker may be anonymous.
    Public(Action),
    /// Whoever is logged in and may do this to the thing.
    May(Action),
}

impl Access {
    /// Whether the call needs an access token.
    #[must_use]
    pub const fn needs_token(self) -> bool {
        matches!(self, Self::May(_))
    }

    /// The action that is asked about.
    #[must_use]
    pub const fn action(self) -> Option<Action> {
        match self {
            Self::Public(action) | Self::May(action) => Some(action),
            Self::Anyone | Self::OwnCredential => None,
        }
    }
}

/// What a successful call leaves in the log: exactly one entry of this event, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// Nothing: it discloses nothing that is kept from anyone who may call it.
    Nothing,
    /// This event.
    Event(Event),
    /// Each of these once: a page that shows several things.
    Events(&'static [Event]),
    /// This event, when the caller's role makes reading it an event (the auditor's readings, closed titles).
    SometimesEvent(Event),
}

/// Makes a schema with a generator.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`.
#[must_use]
pub fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What a call takes beside its path.
#[derive(Clone, Copy)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Query parameters with these names.
    Query(&'static [&'static str]),
    /// A JSON body.
    Json(SchemaOf),
    /// A form of a page that stands for this JSON, and fields of its own whose names begin with `_`.
    Form(SchemaOf),
    /// A form of a page with one file, as browsers send it: the other fields stand for this JSON. The limit of
    /// the file is the setting `materials.bytes`.
    Upload(SchemaOf),
    /// As [`Takes::Upload`], for a file that is taken piece by piece; the limit is the setting `rooms.file_bytes`.
    FileForm(SchemaOf),
    /// Raw bytes, with query parameters; the limit is the setting `materials.bytes`.
    Bytes(&'static [&'static str]),
    /// A file as raw bytes that are taken piece by piece, its name in a header; the limit is the setting
    /// `rooms.file_bytes`.
    File,
}

impl Takes {
    /// Whether it is a form, which must have come from a page of ours.
    #[must_use]
    pub const fn is_form(self) -> bool {
        matches!(self, Self::Form(_) | Self::Upload(_) | Self::FileForm(_))
    }
}

/// What a successful call gives.
#[derive(Clone, Copy)]
pub enum Gives {
    /// 204.
    Nothing,
    /// 200 with JSON.
    Json(SchemaOf),
    /// 201 with JSON.
    Created(SchemaOf),
    /// 200 with a list of these.
    List(SchemaOf),
    /// 200 with bytes of some type.
    Bytes,
    /// 200 with a page.
    Page,
    /// 303 to the page that shows what came of a form.
    See,
}

/// One route.
#[derive(Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{names}`; the last may be `{*that}` of several segments.
    pub path: &'static str,
    /// The operation's name in the OpenAPI document.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it logs.
    pub logs: Logs,
    /// What it takes.
    pub takes: Takes,
    /// What it gives.
    pub gives: Gives,
    /// Statuses it may answer beyond those that follow from the above.
    pub also: &'static [u16],
    /// What answers it.
    pub handler: Handler,
}

impl Route {
    /// Whether it is of the pages: asked by browsers, which bring cookies and forms and are shown errors as
    /// pages.
    #[must_use]
    pub fn is_page(&self) -> bool {
        is_page(self.path)
    }
}

/// Whether a path is one of pages. All else is for programs.
pub(super) fn is_page(path: &str) -> bool {
    !(path.starts_with("/api/") || path == "/api" || matches!(path, "/healthz" | "/readyz"))
}
