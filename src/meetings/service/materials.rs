//! Documents of open sessions.

use crate::access::{self, Asker, actions};
use crate::audit::{Entry, Event};
use crate::context::Moment;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::{MaterialId, PersonId, SessionId};
use crate::meetings::model::{MaterialBody, NewMaterial};
use crate::meetings::store::{self, Material, NewMaterialRow, Session};
use crate::server::Page;
use crate::server::answer::List;

/// The bytes of a document, and their SHA-256.
#[derive(Debug)]
pub(in crate::meetings) struct Content {
    bytes: Vec<u8>,
    sha256: Vec<u8>,
}

impl Content {
    /// Hashes `bytes`.
    pub(in crate::meetings) fn new(bytes: Vec<u8>) -> Self {
        use sha2::Digest;
        let sha256 = sha2::Sha256::digest(&bytes).to_vec();
        Self { bytes, sha256 }
    }
}

/// The documents of a session, the oldest first.
pub(in crate::meetings) fn list(
    work: &mut Work<'_>,
    asker: &Asker,
    session: &SessionId,
    page: &Page,
) -> Result<List<MaterialBody>, AppError> {
    let after = page.after.as_deref().map(place).transpose()?;
    let permit = access::permit::<actions::ListMaterials, Session>(work, asker, session)?;
    let rows = store::materials_page(work.conn, &permit, after.as_ref(), page.rows())?;
    let list = page.cut(rows, |row| format!("{}|{}", row.added_us.0, row.id));
    Ok(List { items: list.items.into_iter().map(body).collect(), next: list.next })
}

fn place(cursor: &str) -> Result<(Moment, MaterialId), AppError> {
    cursor
        .split_once('|')
        .and_then(|(added, id)| Some((Moment(added.parse().ok()?), MaterialId::parse(id)?)))
        .ok_or_else(|| AppError::field("cursor", "not a cursor of this list"))
}

/// What is recorded of a document.
pub(in crate::meetings) fn get(work: &mut Work<'_>, asker: &Asker, id: &MaterialId) -> Result<MaterialBody, AppError> {
    access::permit::<actions::ReadMaterial, Material>(work, asker, id).map(|permit| body(permit.into_thing()))
}

/// A document with its bytes.
pub(in crate::meetings) fn read(
    work: &mut Work<'_>,
    asker: &Asker,
    id: &MaterialId,
) -> Result<(Material, Vec<u8>), AppError> {
    let permit = access::permit::<actions::ReadMaterial, Material>(work, asker, id)?;
    let content = store::content(work.conn, &permit)?;
    work.log(Entry::new(Event::MaterialRead).by(asker).on("material", id));
    Ok((permit.into_thing(), content))
}

/// Adds a document. Its bytes have been judged.
pub(in crate::meetings) fn add(
    work: &mut Work<'_>,
    asker: &Asker,
    session: &SessionId,
    new: NewMaterial,
    content: &Content,
) -> Result<MaterialBody, AppError> {
    let permit = access::permit::<actions::AddMaterial, Session>(work, asker, session)?;
    let material = insert(work, asker.person(), &permit.thing().id, new, content)?;
    work.log(Entry::new(Event::MaterialAdded).by(asker).on("material", &material.id));
    Ok(body(material))
}

/// Inserts a document. The caller has leave, or is the operator.
pub(in crate::meetings) fn insert(
    work: &mut Work<'_>,
    by: Option<&PersonId>,
    session: &SessionId,
    new: NewMaterial,
    content: &Content,
) -> Result<Material, AppError> {
    let id = MaterialId::new(work)?;
    let (now, size) = (work.now, i64::try_from(content.bytes.len()).map_err(AppError::internal)?);
    store::insert_material(
        work.conn,
        &NewMaterialRow {
            id: &id,
            session_id: session,
            title: &new.title,
            file_name: &new.file_name,
            media_type: new.media_type,
            size,
            sha256: &content.sha256,
            content: &content.bytes,
            added_by: by,
            added_us: now,
        },
    )?;
    Ok(Material {
        id,
        session_id: session.clone(),
        title: new.title,
        file_name: new.file_name,
        media_type: new.media_type,
        size,
        sha256: content.sha256.clone(),
        added_us: now,
    })
}

fn body(material: Material) -> MaterialBody {
    MaterialBody {
        id: material.id,
        session: material.session_id,
        title: material.title,
        file_name: material.file_name,
        media_type: material.media_type,
        size: material.size,
        sha256: data_encoding::HEXLOWER.encode(&material.sha256),
        added_at: material.added_us,
    }
}
