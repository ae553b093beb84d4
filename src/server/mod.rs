//! HTTPS: TLS, the route registry, what every request passes, and the answers.
//!
//! A route is one value ([`Route`]); the registry drives the listener, the OpenAPI document and the
//! tests that walk all routes. Who asks is found by a [`Gate`], which a higher room provides.

pub mod answer;
pub(crate) mod body;
pub mod call;
mod file;
pub mod health;
mod listener;
pub mod openapi;
pub mod page;
mod paths;
pub mod registry;
pub mod tls;

pub use answer::Answer;
pub use call::{Bearer, Brought, Call, Gate, Page, Query, Renewing};
pub use file::{FILE_NAME, FileComing};
pub(crate) use listener::{How, listen};
pub use listener::{Running, State, start};
pub use registry::{Access, Gives, Handler, Logs, Route, Takes, handler};
