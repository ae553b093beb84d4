//! Acts of administration, one by one.

use diesel::prelude::*;

use super::terms::{TermRow, term_columns};
use crate::access::acts::ActKind;
use crate::access::{Facts, Findings, Permit, Thing, actions, kinds};
use crate::context::Moment;
use crate::db::Conn;
use crate::db::schema::{act_meetings, acts, designations, elections, enrolments, party_names, standings, suspensions};
use crate::ids::{ActId, PartyId, PersonId};
use crate::network::model::{About, Body, Function, Role, Standing};

/// An act.
#[derive(Debug)]
pub struct ActRecord {
    pub kind: ActKind,
    pub term: TermRow,
    pub recorded_by: Option<PersonId>,
}

impl Thing for ActRecord {
    type Kind = kinds::Act;
    type Id = ActId;
    fn find(conn: &mut Conn, id: &ActId, facts: Facts) -> QueryResult<Option<(Self, Findings)>> {
        type Row = ((ActKind, TermRow, Option<PersonId>), Findings);
        let row: Option<Row> = acts::table
            .filter(acts::id.eq(id))
            .select(((acts::kind, term_columns!(), acts::recorded_by), facts))
            .first(conn)
            .optional()?;
        Ok(row.map(|((kind, term, recorded_by), bits)| (Self { kind, term, recorded_by }, bits)))
    }
}

/// What the act is about.
pub fn about<A>(conn: &mut Conn, permit: &Permit<A, ActRecord>) -> QueryResult<About> {
    let act = &permit.thing().term.act;
    Ok(match permit.thing().kind {
        ActKind::Naming => {
            let (party, name): (PartyId, String) =
                party_names::table.find(act).select((party_names::party_id, party_names::name)).first(conn)?;
            About { party: Some(party), name: Some(name), ..About::default() }
        }
        ActKind::Standing => {
            let (party, standing): (PartyId, Standing) =
                standings::table.find(act).select((standings::party_id, standings::standing)).first(conn)?;
            About { party: Some(party), standing: Some(standing), ..About::default() }
        }
        ActKind::Designation => {
            type Row = (PartyId, PersonId, Role, Option<Function>, Option<PersonId>);
            let (party, person, role, function, stand_in_for): Row = designations::table
                .find(act)
                .select((
                    designations::party_id,
                    designations::person_id,
                    designations::role,
                    designations::function,
                    designations::stand_in_for,
                ))
                .first(conn)?;
            About {
                party: Some(party),
                person: Some(person),
                role: Some(role),
                function,
                stand_in_for,
                ..About::default()
            }
        }
        ActKind::Election => {
            let (person, body): (PersonId, Body) =
                elections::table.find(act).select((elections::person_id, elections::body)).first(conn)?;
            About { person: Some(person), body: Some(body), ..About::default() }
        }
        ActKind::Enrolment => {
            let person = enrolments::table.find(act).select(enrolments::person_id).first(conn)?;
            About { person: Some(person), ..About::default() }
        }
        ActKind::Suspension => {
            let person = suspensions::table.find(act).select(suspensions::person_id).first(conn)?;
            About { person: Some(person), ..About::default() }
        }
        ActKind::Convening
        | ActKind::Participation
        | ActKind::Adoption
        | ActKind::Publication
        | ActKind::Admission
        | ActKind::Release
        | ActKind::Ending => About::default(),
    })
}

/// The endings of the act: id, effective, recorded, source; the earliest first.
pub fn endings(
    conn: &mut Conn,
    permit: &Permit<actions::SeeAct, ActRecord>,
) -> QueryResult<Vec<(ActId, Moment, Moment, String)>> {
    acts::table
        .filter(acts::ends_act_id.eq(&permit.thing().term.act))
        .order((acts::effective_us, acts::recorded_us, acts::id))
        .select((acts::id, acts::effective_us, acts::recorded_us, acts::source))
        .load(conn)
}
