//! What each witness did when it was asked last. No row decides anything: who has cosigned a checkpoint stands under
//! the checkpoint.

use diesel::prelude::*;

use crate::audit::model::witnessing::WitnessFault;
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::audit_witnesses;

/// A witness of the policy.
#[derive(Queryable, Selectable, Debug, Clone, PartialEq, Eq)]
#[diesel(table_name = audit_witnesses)]
pub struct Witnessed {
    /// What the policy calls it.
    pub name: String,
    /// The size it was asked about last.
    pub asked: i64,
    /// The size it has cosigned last; 0 when it has never.
    pub size: i64,
    /// When it did.
    pub cosigned_us: Option<Moment>,
    /// What was the matter with it when it was asked last.
    pub fault: Option<WitnessFault>,
}

/// The witnesses of the policy by which checkpoints are given out, by name; none where none are asked.
///
/// # Errors
/// The database's.
pub fn witnesses(conn: &mut Conn) -> QueryResult<Vec<Witnessed>> {
    audit_witnesses::table.order(audit_witnesses::name).select(Witnessed::as_select()).load(conn)
}

/// Records what came of asking them, and forgets those that are no longer asked. What has not changed is not written.
pub(in crate::audit) fn record(conn: &mut Conn, now: &[Witnessed]) -> QueryResult<()> {
    let before = witnesses(conn)?;
    for gone in before.iter().filter(|before| !now.iter().any(|one| one.name == before.name)) {
        diesel::delete(audit_witnesses::table.find(&gone.name)).execute(conn)?;
    }
    for one in now {
        let values = (
            audit_witnesses::asked.eq(one.asked),
            audit_witnesses::size.eq(one.size),
            audit_witnesses::cosigned_us.eq(one.cosigned_us),
            audit_witnesses::fault.eq(one.fault),
        );
        match before.iter().find(|before| before.name == one.name) {
            Some(before) if before == one => {}
            Some(_) => {
                diesel::update(audit_witnesses::table.find(&one.name)).set(values).execute(conn)?;
            }
            None => {
                let values = (audit_witnesses::name.eq(&one.name), values);
                diesel::insert_into(audit_witnesses::table).values(values).execute(conn)?;
            }
        }
    }
    Ok(())
}
