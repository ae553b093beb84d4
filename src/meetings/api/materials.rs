//! Documents of open sessions.

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{MaterialId, SessionId};
use crate::meetings::media;
use crate::meetings::model::{MaterialBody, NewMaterial};
use crate::meetings::service::materials::{self as service, Content};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const PAGE: &[&str] = &["cursor", "limit"];
const UPLOAD: &[&str] = &["title", "file_name"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            method: Method::GET,
            path: "/api/v1/sessions/{session}/materials",
            name: "list_materials",
            summary: "The documents of an open session or a breakout, the oldest first.",
            access: Access::May(Action::ListMaterials),
            logs: Logs::Nothing,
            takes: Takes::Query(PAGE),
            gives: Gives::List(schema::<MaterialBody>),
            also: &[],
            handler: handler(list),
        },
        Route {
            method: Method::POST,
            path: "/api/v1/sessions/{session}/materials",
            name: "add_material",
            summary: "Add a document to an open session or a breakout; its bytes must be what Content-Type claims.",
            access: Access::May(Action::AddMaterial),
            logs: Logs::Event(Event::MaterialAdded),
            takes: Takes::Bytes(UPLOAD),
            gives: Gives::Created(schema::<MaterialBody>),
            also: &[415],
            handler: handler(add),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/materials/{material}",
            name: "get_material",
            summary: "What is recorded of a document.",
            access: Access::May(Action::ReadMaterial),
            logs: Logs::Nothing,
            takes: Takes::Nothing,
            gives: Gives::Json(schema::<MaterialBody>),
            also: &[],
            handler: handler(get),
        },
        Route {
            method: Method::GET,
            path: "/api/v1/materials/{material}/content",
            name: "read_material",
            summary: "The bytes of a document.",
            access: Access::May(Action::ReadMaterial),
            logs: Logs::Event(Event::MaterialRead),
            takes: Takes::Nothing,
            gives: Gives::Bytes,
            also: &[],
            handler: handler(content),
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let session = call.path("session", SessionId::parse)?;
    let page = call.query(PAGE)?.page()?;
    Answer::json(&call.read(move |work, asker| service::list(work, asker, &session, &page)).await?)
}

async fn add(call: Call) -> Result<Answer, AppError> {
    let session = call.path("session", SessionId::parse)?;
    let query = call.query(UPLOAD)?;
    let media_type = media::claimed(call.header("content-type"))?;
    let named = |name: &'static str| query.get(name).ok_or_else(|| AppError::field(name, "missing"));
    let new = NewMaterial::checked(named("title")?, named("file_name")?, media_type)?;
    let bytes = call.bytes().to_vec();
    // Looking through ten megabytes is too long for a thread that serves, and for the one that writes.
    let content = tokio::task::spawn_blocking(move || {
        media::check(media_type, &bytes)?;
        Ok::<_, AppError>(Content::new(bytes))
    })
    .await
    .map_err(AppError::internal)??;
    Answer::created(&call.write(move |work, asker| service::add(work, asker, &session, new, &content)).await?)
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("material", MaterialId::parse)?;
    Answer::json(&call.read(move |work, asker| service::get(work, asker, &id)).await?)
}

async fn content(call: Call) -> Result<Answer, AppError> {
    let id = call.path("material", MaterialId::parse)?;
    let (material, bytes) = call.read(move |work, asker| service::read(work, asker, &id)).await?;
    Answer::download(material.media_type.header(), &material.file_name, bytes)
}
