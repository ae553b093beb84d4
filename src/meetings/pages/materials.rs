//! Documents of open sessions: listing, saving, adding.

use askama::Template;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{form, look};
use crate::access::{self, Action, actions};
use crate::audit::Event;
use crate::error::{AppError, Fault};
use crate::ids::{MaterialId, SessionId};
use crate::meetings::media;
use crate::meetings::model::{MaterialBody, MediaType, NewMaterial};
use crate::meetings::service::materials::{self as service, Content};
use crate::meetings::store::Session;
use crate::server::answer::List;
use crate::server::page::{FileSent, Shell, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

const PAGE: &[&str] = &["cursor", "limit"];
/// The field that holds the document.
const FILE: &str = "file";

/// What comes with a document.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AddBody {
    /// Its title.
    title: String,
}

/// The documents of a session.
#[derive(Template)]
#[template(path = "meetings/materials.html")]
struct MaterialsPage {
    shell: Shell,
    session: SessionId,
    materials: List<MaterialBody>,
    may_add: bool,
    /// Most bytes of a document, in millions.
    most: usize,
}

impl MaterialsPage {
    fn base(&self) -> String {
        format!("/sessions/{}/materials?", self.session)
    }

    /// What a browser offers to choose from.
    fn accepts(&self) -> String {
        let endings = MediaType::ALL.iter().flat_map(|media| media.endings());
        endings.map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(",")
    }
}

/// A document.
#[derive(Template)]
#[template(path = "meetings/material.html")]
struct MaterialPage {
    shell: Shell,
    material: MaterialBody,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            takes: Takes::Query(PAGE),
            ..look(
                "/sessions/{session}/materials",
                "page_list_materials",
                "The documents of an open session or a breakout.",
                Access::May(Action::ListMaterials),
                handler(list),
            )
        },
        Route {
            takes: Takes::Upload(schema::<AddBody>),
            ..form(
                "/sessions/{session}/materials",
                "page_add_material",
                "Adds a document to an open session or a breakout.",
                (Action::AddMaterial, Event::MaterialAdded),
                schema::<AddBody>,
                handler(add),
            )
        },
        look(
            "/materials/{material}",
            "page_get_material",
            "What is recorded of a document.",
            Access::May(Action::ReadMaterial),
            handler(get),
        ),
        Route {
            logs: Logs::Event(Event::MaterialRead),
            gives: Gives::Bytes,
            ..look(
                "/materials/{material}/content",
                "page_read_material",
                "The bytes of a document.",
                Access::May(Action::ReadMaterial),
                handler(content),
            )
        },
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let session = call.path("session", SessionId::parse)?;
    // A form that came back brings no query.
    let page = call.query(PAGE)?.page()?;
    let most = call.settings().materials.bytes / 1_000_000;
    let id = session.clone();
    let (shell, (materials, may_add)) = call
        .see(move |work, asker| {
            let materials = service::list(work, asker, &id, &page)?;
            let may_add = access::permit::<actions::AddMaterial, Session>(work, asker, &id).is_ok();
            Ok((materials, may_add))
        })
        .await?;
    show(&shell.clone(), &MaterialsPage { shell, session, materials, may_add, most })
}

/// The document that was sent, judged. What is wrong with it is said beside the one field that it came by.
async fn judged(title: String, file: Option<FileSent>) -> Result<(NewMaterial, Content), AppError> {
    let file = file.ok_or_else(|| AppError::field(FILE, "missing"))?;
    let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let media_type = MediaType::ALL
        .iter()
        .copied()
        .find(|media| media.endings().contains(&ending.as_str()))
        .ok_or_else(|| AppError::field(FILE, "not a type of document that is taken here"))?;
    let new = NewMaterial::checked(&title, &file.name, media_type).map_err(|error| at_the_file(error, "file_name"))?;
    // Looking through ten megabytes is too long for a thread that serves, and for the one that writes.
    let content = tokio::task::spawn_blocking(move || {
        media::check(media_type, &file.bytes)?;
        Ok::<_, AppError>(Content::new(file.bytes))
    })
    .await
    .map_err(AppError::internal)?
    .map_err(|error| at_the_file(error, "body"))?;
    Ok((new, content))
}

fn at_the_file(error: AppError, named: &str) -> AppError {
    match error.fault {
        Fault::UnsupportedMedia => AppError::field(FILE, "not what its name says"),
        Fault::Invalid(mut problems) => {
            problems.iter_mut().filter(|one| one.field == named).for_each(|one| FILE.clone_into(&mut one.field));
            Fault::Invalid(problems).into()
        }
        _ => error,
    }
}

async fn add(mut call: Call) -> Result<Answer, AppError> {
    let session = call.path("session", SessionId::parse)?;
    let file = call.take_file();
    let added = async {
        let (new, content) = judged(call.form::<AddBody>()?.title, file).await?;
        let session = session.clone();
        call.write(move |work, asker| service::add(work, asker, &session, new, &content)).await
    };
    match added.await {
        Ok(_) => Answer::see(&format!("/sessions/{session}")),
        Err(error) => list(call.failed(error)?).await,
    }
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("material", MaterialId::parse)?;
    let (shell, material) = call.see(move |work, asker| service::get(work, asker, &id)).await?;
    show(&shell.clone(), &MaterialPage { shell, material })
}

async fn content(call: Call) -> Result<Answer, AppError> {
    let id = call.path("material", MaterialId::parse)?;
    let (material, bytes) = call.read(move |work, asker| service::read(work, asker, &id)).await?;
    Answer::download(material.media_type.header(), &material.file_name, bytes)
}

/// A made-up document, for samples.
#[cfg(test)]
pub(super) fn made_up() -> MaterialBody {
    let id = "00000000-0000-4000-8000-00000000000a";
    MaterialBody {
        id: MaterialId::parse(id).unwrap(),
        session: SessionId::parse(id).unwrap(),
        title: "A <b>paper</b> \u{202e}".to_owned(),
        file_name: "a <b>paper</b>.pdf".to_owned(),
        media_type: MediaType::Pdf,
        size: 123_456,
        sha256: "00".repeat(32),
        added_at: crate::context::Moment(1_731_542_400_000_000),
    }
}

#[cfg(test)]
impl MaterialsPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        [false, true]
            .map(|full| Self {
                shell: shell.clone(),
                session: SessionId::parse("00000000-0000-4000-8000-00000000000a").unwrap(),
                materials: List { items: if full { vec![made_up()] } else { Vec::new() }, next: None },
                may_add: full,
                most: 10,
            })
            .into()
    }
}

#[cfg(test)]
impl MaterialPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        vec![Self { shell: shell.clone(), material: made_up() }]
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let mut samples = sample("meetings/materials.html", MaterialsPage::samples(shell));
    samples.extend(sample("meetings/material.html", MaterialPage::samples(shell)));
    samples
}
