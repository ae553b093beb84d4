//! A session: its agenda, who takes part, its documents; of a closed one, who is admitted, and inside its
//! room the agenda.

use askama::Template;

use super::look;
use crate::access::{self, Action, Asker, actions};
use crate::audit::Event;
use crate::db::Work;
use crate::error::{AppError, Fault};
use crate::ids::{PartyId, PersonId, RoomId, SessionId};
use crate::meetings::model::{MaterialBody, Participant, SessionDetail, SessionKind};
use crate::meetings::service::choices::{self, Choices};
use crate::meetings::service::{materials, sessions as service};
use crate::meetings::store::Session;
use crate::network::names::{Among, Names};
use crate::server::answer::List;
use crate::server::page::{Shell, show};
use crate::server::{Access, Answer, Call, Logs, Page, Route, handler};

/// A session that is not closed.
#[derive(Template)]
#[template(path = "meetings/session.html")]
struct SessionPage {
    shell: Shell,
    session: SessionDetail,
    names: Names,
    materials: List<MaterialBody>,
    /// What the Secretariat can choose from to invite; none for all others.
    invite: Option<Invite>,
}

/// Whom the Secretariat can invite.
struct Invite {
    parties: Choices,
    people: Choices,
}

/// A delegation with those of its people who take part by name.
struct Delegation<'a> {
    party: &'a PartyId,
    parts: Vec<&'a Participant>,
}

impl SessionPage {
    /// Who takes part, each delegation once, in the order of their invitations.
    fn delegations(&self) -> Vec<Delegation<'_>> {
        let mut delegations: Vec<Delegation<'_>> = Vec::new();
        for part in &self.session.participants {
            match delegations.iter_mut().find(|one| *one.party == part.party) {
                Some(delegation) => delegation.parts.push(part),
                None => delegations.push(Delegation { party: &part.party, parts: vec![part] }),
            }
        }
        delegations
    }

    /// What the button that ends a participation is called.
    fn end_words(&self, part: &Participant) -> String {
        let name = part.person.as_ref().map_or_else(|| self.names.party(&part.party), |one| self.names.person(one));
        self.shell.t1("participation-end-one", "name", name)
    }
}

/// A closed session, from outside its room or from inside.
#[derive(Template)]
#[template(path = "meetings/session_closed.html")]
struct ClosedSessionPage {
    shell: Shell,
    session: SessionDetail,
    names: Names,
    /// Whether the reader can go into the room.
    may_enter: bool,
    /// Whether the reader may change the agenda.
    may_change: bool,
}

impl ClosedSessionPage {
    fn admitted(&self) -> Vec<(&str, &str)> {
        admitted(&self.session, &self.names)
    }
}

/// Who is admitted to a closed session: party's code and name, each person once.
pub(super) fn admitted<'a>(session: &'a SessionDetail, names: &'a Names) -> Vec<(&'a str, &'a str)> {
    let mut admitted: Vec<(&PersonId, &str, &str)> =
        session.admitted.iter().flatten().map(|one| (&one.id, names.code(&one.party), one.name.as_str())).collect();
    admitted.dedup_by(|next, one| next.0 == one.0);
    admitted.into_iter().map(|(_, code, name)| (code, name)).collect()
}

/// The names that a session's page shows.
pub(super) fn names_of(work: &mut Work<'_>, session: &SessionDetail) -> Result<Names, AppError> {
    let parties = session.participants.iter().map(|one| &one.party);
    let admitted = session.admitted.iter().flatten().map(|one| &one.party);
    Names::of(work, session.participants.iter().filter_map(|one| one.person.as_ref()), parties.chain(admitted))
}

/// Refuses a session that is not the one of this room.
pub(super) fn require_of_room(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    id: &SessionId,
) -> Result<(), AppError> {
    let seen = access::permit::<actions::SeeSession, Session>(work, asker, id)?;
    if seen.thing().room_id.as_ref() == Some(room) { Ok(()) } else { Err(Fault::NotFound.into()) }
}

/// A closed session as it is seen from inside its room, and only from there.
pub(super) fn inside(
    work: &mut Work<'_>,
    asker: &Asker,
    room: &RoomId,
    id: &SessionId,
) -> Result<(SessionDetail, Names), AppError> {
    require_of_room(work, asker, room, id)?;
    access::permit::<actions::ReadClosedAgenda, Session>(work, asker, id)?;
    let session = service::get(work, asker, id)?;
    let names = names_of(work, &session)?;
    Ok((session, names))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route {
            logs: Logs::SometimesEvent(Event::AgendaRead),
            ..look(
                "/sessions/{session}",
                "page_get_session",
                "A session with its agenda and who takes part or is admitted.",
                Access::May(Action::ReadSession),
                handler(get),
            )
        },
        Route {
            logs: Logs::Event(Event::AgendaRead),
            ..look(
                "/rooms/{room}/sessions/{session}",
                "page_get_closed_session",
                "A closed session from inside its room, with its agenda.",
                Access::May(Action::ReadClosedAgenda),
                handler(get_inside),
            )
        },
    ]
}

/// What is read for the page of a session.
struct Seen {
    session: SessionDetail,
    names: Names,
    materials: List<MaterialBody>,
    invite: Option<Invite>,
    may_enter: bool,
}

/// Whether the reader may read a closed agenda, or could with what there is to bring.
fn may_enter(work: &mut Work<'_>, asker: &Asker, id: &SessionId) -> bool {
    match access::permit::<actions::ReadClosedAgenda, Session>(work, asker, id) {
        Ok(_) => true,
        Err(error) => matches!(error.fault, Fault::MeansNeeded(_)),
    }
}

fn look_at(work: &mut Work<'_>, asker: &Asker, id: &SessionId, page: &Page) -> Result<Seen, AppError> {
    let session = service::get(work, asker, id)?;
    let names = names_of(work, &session)?;
    if session.kind == SessionKind::Closed {
        let materials = List { items: Vec::new(), next: None };
        let may_enter = may_enter(work, asker, id);
        return Ok(Seen { session, names, materials, invite: None, may_enter });
    }
    let materials = materials::list(work, asker, id, page)?;
    let invite = match access::permit::<actions::InviteToSession, Session>(work, asker, id) {
        Ok(_) => Some(Invite {
            parties: choices::parties(work, asker, Among::All)?,
            people: super::or_none(choices::people(work, asker)?),
        }),
        Err(_not_permitted) => None,
    };
    Ok(Seen { session, names, materials, invite, may_enter: false })
}

/// The page of a session; also what a form on it comes back to.
pub(super) async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("session", SessionId::parse)?;
    let page = call.query(&[])?.page()?;
    let (shell, Seen { session, names, materials, invite, may_enter }) =
        call.see(move |work, asker| look_at(work, asker, &id, &page)).await?;
    if session.kind == SessionKind::Closed {
        show(&shell.clone(), &ClosedSessionPage { shell, session, names, may_enter, may_change: false })
    } else {
        show(&shell.clone(), &SessionPage { shell, session, names, materials, invite })
    }
}

async fn get_inside(call: Call) -> Result<Answer, AppError> {
    let room = call.path("room", RoomId::parse)?;
    let id = call.path("session", SessionId::parse)?;
    let (shell, (session, names, may_change)) = call
        .see(move |work, asker| {
            let (session, names) = inside(work, asker, &room, &id)?;
            let may_change = access::permit::<actions::ChangeClosedAgenda, Session>(work, asker, &id).is_ok();
            Ok((session, names, may_change))
        })
        .await?;
    show(&shell.clone(), &ClosedSessionPage { shell, session, names, may_enter: true, may_change })
}

/// A made-up session, for samples.
#[cfg(test)]
pub(super) fn made_up(kind: SessionKind, full: bool) -> (SessionDetail, Names) {
    use crate::ids::{ActId, MeetingId};
    use crate::meetings::model::Admitted;
    let id = "00000000-0000-4000-8000-00000000000a";
    let (france, norway) =
        (PartyId::parse(id).unwrap(), PartyId::parse("00000000-0000-4000-8000-00000000000b").unwrap());
    let person = PersonId::parse(id).unwrap();
    let names = Names::made_up(
        [(&person, "Camille <b>Aubertin</b> \u{202e}", "FR")],
        [(&france, "FR", "France"), (&norway, "NO", "Norway")],
    );
    let part = |party: &PartyId, person: Option<&PersonId>| Participant {
        act: ActId::parse(id).unwrap(),
        party: party.clone(),
        person: person.cloned(),
    };
    let closed = kind == SessionKind::Closed;
    let admitted =
        |name: &str, party: &PartyId| Admitted { id: person.clone(), name: name.to_owned(), party: party.clone() };
    let session = SessionDetail {
        id: SessionId::parse(id).unwrap(),
        kind,
        meeting: MeetingId::parse(id).unwrap(),
        title: (full || !closed).then(|| "A <script>title</script>".to_owned()),
        room: closed.then(|| RoomId::parse(id).unwrap()),
        agenda: match (closed, full) {
            (_, true) => Some(vec!["Opening".to_owned(), "<i>Evidence</i>".to_owned(), "Closing".to_owned()]),
            (false, false) => Some(Vec::new()),
            (true, false) => None,
        },
        agenda_version: (full || !closed).then_some(1),
        participants: if full && !closed {
            vec![part(&france, None), part(&norway, None), part(&france, Some(&person))]
        } else {
            Vec::new()
        },
        admitted: closed.then(|| vec![admitted("Camille Aubertin", &france), admitted("Sindre Aasland", &norway)]),
    };
    (session, names)
}

#[cfg(test)]
impl SessionPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let page = |kind, full: bool| {
            let (session, names) = made_up(kind, full);
            let items = if full { vec![super::materials::made_up()] } else { Vec::new() };
            let choices = || vec![("00000000-0000-4000-8000-00000000000a".to_owned(), "France (FR)".to_owned())];
            let invite = full.then(|| Invite { parties: choices(), people: super::or_none(choices()) });
            let materials = List { items, next: full.then(|| "bmV4dA".to_owned()) };
            Self { shell: shell.clone(), session, names, materials, invite }
        };
        vec![page(SessionKind::Open, false), page(SessionKind::Open, true), page(SessionKind::Breakout, true)]
    }
}

#[cfg(test)]
impl ClosedSessionPage {
    fn samples(shell: &Shell) -> Vec<Self> {
        let page = |full: bool, may_enter: bool| {
            let (session, names) = made_up(SessionKind::Closed, full);
            Self { shell: shell.clone(), session, names, may_enter, may_change: full }
        };
        vec![page(false, false), page(false, true), page(true, true)]
    }
}

/// Samples of these pages.
#[cfg(test)]
pub(super) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    let mut samples = sample("meetings/session.html", SessionPage::samples(shell));
    samples.extend(sample("meetings/session_closed.html", ClosedSessionPage::samples(shell)));
    samples
}
