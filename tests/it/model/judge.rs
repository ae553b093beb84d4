//! What the server says of who may do what, to be held against the network.

use std::collections::BTreeSet;

use diesel::RunQueryDsl;
use diesel::sql_types::Text;
use incamera::access::explain::explain;
use incamera::access::facts::table;
use incamera::access::{Action, Asker, Credentials, actions, filter, permit};
use incamera::cases::Case;
use incamera::context::Moment;
use incamera::db::Work;
use incamera::db::fragment::{Condition, Fragment, Statement};
use incamera::error::{AppError, Fault};
use incamera::ids::{CaseId, MaterialId, MeetingId, NoteId, RoomId, SessionId, SignInId, VisitId};
use incamera::meetings::{Material, Meeting, Session};
use incamera::rooms::{Note, Room};

use super::network::{Brought, Doing, Network, Person, Tick};
use super::rows::Ids;
use super::sequence::MOST;

impl Doing {
    pub const fn action(self) -> Action {
        match self {
            Self::SeeMeeting => Action::SeeMeeting,
            Self::SeeSession => Action::SeeSession,
            Self::ReadMaterial => Action::ReadMaterial,
            Self::SeeRoom => Action::SeeRoom,
            Self::ReadRoom => Action::ReadRoom,
            Self::ReadNote => Action::ReadNote,
            Self::SeeCase => Action::SeeCase,
        }
    }

    fn condition(self, asker: &Asker) -> Condition {
        match self {
            Self::SeeMeeting => filter::<actions::SeeMeeting>(asker).parts().0,
            Self::SeeSession => filter::<actions::SeeSession>(asker).parts().0,
            Self::ReadMaterial => filter::<actions::ReadMaterial>(asker).parts().0,
            Self::SeeRoom => filter::<actions::SeeRoom>(asker).parts().0,
            Self::ReadRoom => filter::<actions::ReadRoom>(asker).parts().0,
            Self::ReadNote => filter::<actions::ReadNote>(asker).parts().0,
            Self::SeeCase => filter::<actions::SeeCase>(asker).parts().0,
        }
    }
}

impl Ids {
    pub fn of(&self, doing: Doing) -> &[String] {
        match doing {
            Doing::SeeMeeting => &self.meetings,
            Doing::SeeSession => &self.sessions,
            Doing::ReadMaterial => &self.materials,
            Doing::SeeRoom | Doing::ReadRoom => &self.rooms,
            Doing::ReadNote => &self.notes,
            Doing::SeeCase => &self.cases,
        }
    }
}

/// The person as the server sees him at `at`, with what the request brought.
pub fn asker(
    work: &mut Work<'_>,
    ids: &Ids,
    person: Option<Person>,
    brought: Brought,
    at: Tick,
) -> Result<Asker, AppError> {
    let Some(person) = person else { return Ok(Asker::anonymous(work.codes(), Moment(at))) };
    let own = brought.visit.map(|visit| &ids.visitors[visit]).filter(|(whose, _)| *whose == person);
    let sign_in = own.map_or(&ids.sign_ins[person], |(_, sign_in)| sign_in);
    let credentials = Credentials {
        sign_in: SignInId::parse(sign_in),
        second_factor: brought.second_factor,
        unlocked: brought.unlock,
        unlock: None,
        visit: brought.visit.and_then(|visit| VisitId::parse(&ids.visits[visit])),
    };
    Ok(Asker::load(work, &ids.people[person], credentials, Moment(at))?)
}

/// Everything of the network that its lists show to `asker`, by one statement. Of things that were recorded
/// later the lists of the past know nothing; only `explain` must.
pub fn lists(
    work: &mut Work<'_>,
    network: &Network,
    ids: &Ids,
    asker: &Asker,
) -> Result<BTreeSet<(Doing, usize)>, AppError> {
    let mut sql = Fragment::new();
    for (place, doing) in Doing::ALL.iter().enumerate() {
        let table = table(doing.action().kind()).unwrap();
        if place > 0 {
            sql.sql(" UNION ALL ");
        }
        sql.sql(format!("SELECT '{}', {table}.id FROM {table} WHERE {table}.id IN (", doing.action()));
        // Always as many places, so that the statement is the same and need not be prepared anew.
        for slot in 0..MOST {
            if slot > 0 {
                sql.sql(", ");
            }
            let recorded = |thing: &usize| network.recorded(*doing, *thing) <= asker.at().0;
            let id = Some(slot).filter(|slot| *slot < ids.of(*doing).len()).filter(recorded);
            sql.text(id.map_or("", |slot| &ids.of(*doing)[slot]));
        }
        sql.sql(") AND ").append(doing.condition(asker).0);
    }
    let rows: Vec<(String, String)> = Statement::<(Text, Text)>::new(sql).load(work.conn)?;
    Ok(rows
        .into_iter()
        .map(|(action, id)| {
            let doing = Doing::ALL.into_iter().find(|doing| doing.action().as_str() == action).unwrap();
            (doing, ids.of(doing).iter().position(|one| *one == id).unwrap())
        })
        .collect())
}

/// What a look at one thing is answered; `None` for leave to do it.
pub fn look(
    work: &mut Work<'_>,
    ids: &Ids,
    asker: &Asker,
    doing: Doing,
    thing: usize,
) -> Result<Option<Fault>, AppError> {
    let id = &ids.of(doing)[thing];
    let outcome = match doing {
        Doing::SeeMeeting => {
            permit::<actions::SeeMeeting, Meeting>(work, asker, &MeetingId::parse(id).unwrap()).map(drop)
        }
        Doing::SeeSession => {
            permit::<actions::SeeSession, Session>(work, asker, &SessionId::parse(id).unwrap()).map(drop)
        }
        Doing::ReadMaterial => {
            permit::<actions::ReadMaterial, Material>(work, asker, &MaterialId::parse(id).unwrap()).map(drop)
        }
        Doing::SeeRoom => permit::<actions::SeeRoom, Room>(work, asker, &RoomId::parse(id).unwrap()).map(drop),
        Doing::ReadRoom => permit::<actions::ReadRoom, Room>(work, asker, &RoomId::parse(id).unwrap()).map(drop),
        Doing::ReadNote => permit::<actions::ReadNote, Note>(work, asker, &NoteId::parse(id).unwrap()).map(drop),
        Doing::SeeCase => permit::<actions::SeeCase, Case>(work, asker, &CaseId::parse(id).unwrap()).map(drop),
    };
    match outcome {
        Ok(()) => Ok(None),
        Err(AppError { fault: fault @ (Fault::NotFound | Fault::NotPermitted | Fault::MeansNeeded(_)), .. }) => {
            Ok(Some(fault))
        }
        Err(error) => Err(error),
    }
}

/// Asks the server why, as of `at`, and holds every part of the answer against the network. Answers what is
/// wrong with it.
pub fn explained(
    work: &mut Work<'_>,
    network: &Network,
    ids: &Ids,
    person: Person,
    (doing, thing): (Doing, usize),
    at: Tick,
) -> Result<Vec<String>, AppError> {
    let kind = doing.action().kind();
    let id = &ids.of(doing)[thing];
    let answer = explain(work, &ids.people[person], kind, id, Moment(at))?.expect("the thing is there");
    let mut wrong = Vec::new();
    for one in Doing::ALL.into_iter().filter(|one| one.action().kind() == kind) {
        let said = answer.actions.iter().find(|said| said.action == one.action()).expect("every action is explained");
        let may = network.may_at_all(person, one, thing, at);
        if said.may != may {
            wrong.push(format!("explain says of {one:?} {}, and it is {may}", said.may));
        }
        let named = said.because.iter().flat_map(|because| &because.acts);
        let basis = answer.basis.iter().flat_map(|basis| {
            [Some(&basis.designation), basis.standing_act.as_ref(), Some(&basis.enrolment)].into_iter().flatten()
        });
        for act in named.chain(basis) {
            match ids.acts.iter().position(|one| one == act) {
                Some(place) if network.acts[place].in_force(at) => {}
                Some(place) => wrong.push(format!(
                    "explain gives as a reason for {one:?} an act that is not in force: {:?}",
                    network.acts[place]
                )),
                None => wrong.push(format!("explain gives as a reason for {one:?} an act of another network")),
            }
        }
    }
    if answer.may != network.may_at_all(person, see(doing), thing, at) {
        wrong.push(format!("explain says that the thing may be known: {}", answer.may));
    }
    Ok(wrong)
}

/// Without which the thing is absent.
pub const fn see(doing: Doing) -> Doing {
    match doing {
        Doing::ReadRoom => Doing::SeeRoom,
        other => other,
    }
}
