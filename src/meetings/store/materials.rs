//! Documents of open sessions.

use diesel::prelude::*;

use crate::access::{Facts, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::materials;
use crate::ids::{MaterialId, PersonId, SessionId};
use crate::meetings::model::MediaType;
use crate::meetings::store::Session;

/// A document, without its bytes.
#[derive(Queryable, Selectable, Debug, Clone)]
#[diesel(table_name = materials)]
pub struct Material {
    /// Its id.
    pub id: MaterialId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// Its title.
    pub title: String,
    /// The name it is saved under.
    pub file_name: String,
    /// Its type.
    pub media_type: MediaType,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// When it was added.
    pub added_us: Moment,
}

impl Thing for Material {
    type Kind = kinds::Material;
    type Id = MaterialId;
    fn find(conn: &mut Conn, id: &MaterialId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        materials::table.filter(materials::id.eq(id)).select((Self::as_select(), facts)).first(conn).optional()
    }
}

/// A document to be inserted.
#[derive(Insertable, Debug)]
#[diesel(table_name = materials)]
pub(in crate::meetings) struct NewMaterialRow<'a> {
    pub(in crate::meetings) id: &'a MaterialId,
    pub(in crate::meetings) session_id: &'a SessionId,
    pub(in crate::meetings) title: &'a str,
    pub(in crate::meetings) file_name: &'a str,
    pub(in crate::meetings) media_type: MediaType,
    pub(in crate::meetings) size: i64,
    pub(in crate::meetings) sha256: &'a [u8],
    pub(in crate::meetings) content: &'a [u8],
    pub(in crate::meetings) added_by: Option<&'a PersonId>,
    pub(in crate::meetings) added_us: Moment,
}

/// The documents of a session, the oldest first, behind the one added at `after.0` with the id `after.1`.
pub(in crate::meetings) fn page(
    conn: &mut Conn,
    permit: &Permit<actions::ListMaterials, Session>,
    after: Option<&(Moment, MaterialId)>,
    limit: i64,
) -> QueryResult<Vec<Material>> {
    let mut query = materials::table
        .filter(materials::session_id.eq(&permit.thing().id))
        .order((materials::added_us, materials::id))
        .limit(limit)
        .into_boxed();
    if let Some((added, id)) = after {
        query = query.filter(materials::added_us.gt(added).or(materials::added_us.eq(added).and(materials::id.gt(id))));
    }
    query.select(Material::as_select()).load(conn)
}

/// The bytes of a document.
pub(in crate::meetings) fn content(
    conn: &mut Conn,
    permit: &Permit<actions::ReadMaterial, Material>,
) -> QueryResult<Vec<u8>> {
    materials::table.filter(materials::id.eq(&permit.thing().id)).select(materials::content).first(conn)
}

/// Inserts a document. The caller has asked for leave to add one to its session.
pub(in crate::meetings) fn insert_material(conn: &mut Conn, row: &NewMaterialRow<'_>) -> QueryResult<()> {
    diesel::insert_into(materials::table).values(row).execute(conn).map(drop)
}

/// The document with this file name in a session: for the import.
pub(in crate::meetings) fn material_named(
    conn: &mut Conn,
    session: &SessionId,
    file_name: &str,
) -> QueryResult<Option<MaterialId>> {
    materials::table
        .filter(materials::session_id.eq(session))
        .filter(materials::file_name.eq(file_name))
        .order((materials::added_us, materials::id))
        .select(materials::id)
        .first(conn)
        .optional()
}
