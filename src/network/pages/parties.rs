//! Parties: the public list, one of them through time, and what the Secretariat records of them.

use askama::Template;

use super::drawing::Drawing;
use super::form::{Field, FormPage};
use super::{look, options, or_none, saved, send};
use crate::access::{self, Action, TheNetwork, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::PartyId;
use crate::meetings::known::known;
use crate::network::model::{
    NameRequest, PartyBody, PartyKind, PartyLine, PartyRequest, PersonLine, Standing, StandingRequest,
};
use crate::network::service::{parties, people};
use crate::network::store::{PartyRecord, WantedParties};
use crate::server::answer::List;
use crate::server::page::{Shell, csv, filter, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Query, Route, Takes, handler};

const QUERY: &[&str] = &["kind", "standing", "cursor", "limit"];
const TABLE: &[&str] = &["kind", "standing"];

/// The parties.
#[derive(Template)]
#[template(path = "network/parties.html")]
pub(super) struct PartiesPage {
    shell: Shell,
    parties: List<PartyLine>,
    kind: Option<PartyKind>,
    standing: Option<Standing>,
    drawing: Option<Drawing>,
}

impl PartiesPage {
    fn address(&self, path: &str) -> String {
        let kind = self.kind.map_or("", PartyKind::as_str);
        filter::address(path, &[("kind", kind), ("standing", self.standing.map_or("", Standing::as_str))])
    }

    fn kinds(&self) -> Vec<(String, String)> {
        kinds(&self.shell, self.shell.t("filter-any"))
    }

    fn standings(&self) -> Vec<(String, String)> {
        or_none(
            self.shell.t("filter-any"),
            options(&self.shell, "standing", Standing::ALL.iter().map(|one| one.as_str())),
        )
    }
}

fn kinds(shell: &Shell, none: String) -> Vec<(String, String)> {
    or_none(none, options(shell, "party-kind", PartyKind::ALL.iter().map(|one| one.as_str())))
}

/// A party.
#[derive(Template)]
#[template(path = "network/party.html")]
pub(super) struct PartyPage {
    shell: Shell,
    party: PartyBody,
    /// Its people, as far as the reader may see them.
    people: List<PersonLine>,
    /// Whether the reader may propose something for it.
    own: bool,
    drawing: Option<Drawing>,
}

impl PartyPage {
    /// Whether the reader may look at the acts.
    fn acts(&self) -> bool {
        self.shell.officer() || self.shell.auditor()
    }
}

pub(super) fn routes() -> Vec<Route> {
    let public = Access::Public(Action::SeeParty);
    vec![
        look(
            "/parties",
            "page_list_parties",
            "The parties, and their standings through time.",
            public,
            Takes::Query(QUERY),
            handler(list),
        ),
        saved(
            "/parties.csv",
            "page_parties_table",
            "The parties as a table to be saved.",
            public,
            TABLE,
            handler(table),
        ),
        look(
            "/parties/new",
            "page_new_party",
            "The form for a party.",
            Access::May(Action::RecordParty),
            Takes::Nothing,
            handler(new),
        ),
        send(
            "/parties",
            "page_record_party",
            "Records a party.",
            (Action::RecordParty, Event::PartyRecorded),
            schema::<PartyRequest>,
            handler(create),
        ),
        look(
            "/parties/{party}",
            "page_get_party",
            "A party with its names and standings through time.",
            public,
            Takes::Nothing,
            handler(get),
        ),
        look(
            "/parties/{party}/names",
            "page_new_name",
            "The form for a party's name.",
            Access::May(Action::NameParty),
            Takes::Nothing,
            handler(new_name),
        ),
        send(
            "/parties/{party}/names",
            "page_name_party",
            "Gives a party a name.",
            (Action::NameParty, Event::ActRecorded),
            schema::<NameRequest>,
            handler(give_name),
        ),
        look(
            "/parties/{party}/standings",
            "page_new_standing",
            "The form for a party's standing.",
            Access::May(Action::GiveStanding),
            Takes::Nothing,
            handler(new_standing),
        ),
        send(
            "/parties/{party}/standings",
            "page_give_standing",
            "Gives a party a standing.",
            (Action::GiveStanding, Event::ActRecorded),
            schema::<StandingRequest>,
            handler(give_standing),
        ),
    ]
}

fn wanted(query: &Query) -> Result<WantedParties, AppError> {
    Ok(WantedParties {
        kind: filter::chosen(query, "kind", PartyKind::parse)?,
        standing: filter::chosen(query, "standing", Standing::parse)?,
    })
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let (page, wanted) = (query.page()?, wanted(&query)?);
    let (kind, standing) = (wanted.kind, wanted.standing);
    let (shell, (parties, standings, now)) = call
        .see(move |work, asker| {
            let list = parties::list(work, asker, &wanted, &page)?;
            let ids: Vec<&PartyId> = list.items.iter().map(|one| &one.id).collect();
            let standings = parties::standings(work, asker, &ids)?;
            Ok((list, standings, work.now))
        })
        .await?;
    let rows = parties.items.iter().map(|party| {
        let own = standings.iter().filter(|(id, _)| *id == party.id).map(|(_, standing)| standing);
        (party.code.clone(), own.collect::<Vec<_>>())
    });
    let rows = rows.filter(|(_, standings)| !standings.is_empty()).collect();
    let drawing = Drawing::of(&shell, rows, now);
    show(&shell.clone(), &PartiesPage { shell, parties, kind, standing, drawing })
}

async fn table(call: Call) -> Result<Answer, AppError> {
    let query = call.query(TABLE)?;
    let (mut page, wanted) = (query.page()?, wanted(&query)?);
    page.limit = csv::MOST;
    let (shell, list) = call.see(move |work, asker| parties::list(work, asker, &wanted, &page)).await?;
    let head = ["party-code", "name", "party-kind", "standing"];
    csv::answer(&shell, "parties.csv", &head, list, |party| {
        let standing = party.standing.map(|standing| shell.word("standing", standing.as_str())).unwrap_or_default();
        vec![party.code, party.name, shell.word("party-kind", party.kind.as_str()), standing]
    })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let page = call.query(&[])?.page()?;
    let (shell, (party, people, own, now)) = call
        .see(move |work, asker| {
            let party = parties::get(work, asker, &id)?;
            let people = if asker.is_somebody() {
                people::list(work, asker, Some(&id), &page)?
            } else {
                List { items: Vec::new(), next: None }
            };
            Ok((party, people, asker.party() == Some(&id), work.now))
        })
        .await?;
    let drawing = Drawing::of(&shell, vec![(party.code.clone(), party.standings.iter().rev().collect())], now);
    let own = own && shell.state();
    show(&shell.clone(), &PartyPage { shell, party, people, own, drawing })
}

async fn new(call: Call) -> Result<Answer, AppError> {
    let (shell, ()) =
        call.see(|work, asker| access::permit::<actions::RecordParty, TheNetwork>(work, asker, &()).map(drop)).await?;
    let fields = vec![
        Field::choice(
            "kind",
            shell.t("party-kind"),
            options(&shell, "party-kind", PartyKind::ALL.iter().map(|one| one.as_str())),
        ),
        Field::line("code", shell.t("party-code"), shell.t("party-code-hint")),
        Field::line("name", shell.t("name"), String::new()),
        Field::from(&shell),
        Field::source(&shell),
    ];
    let page = FormPage {
        name: "new-party",
        title: shell.t("party-new"),
        about: None,
        intro: shell.t("party-new-intro"),
        action: "/parties".into(),
        fields,
        button: shell.t("party-new-do"),
        ends: false,
        back: "/parties".into(),
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn create(call: Call) -> Result<Answer, AppError> {
    let created = async {
        let request = call.form::<PartyRequest>()?.judged()?;
        call.write(move |work, asker| parties::create(work, asker, request)).await
    };
    match created.await {
        Ok(party) => Answer::see(&format!("/parties/{}", party.id)),
        Err(error) => new(call.failed(error)?).await,
    }
}

async fn new_name(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let path = format!("/parties/{id}");
    let (shell, party) = call
        .see(move |work, asker| {
            access::permit::<actions::NameParty, PartyRecord>(work, asker, &id)?;
            parties::get(work, asker, &id)
        })
        .await?;
    let fields = vec![Field::line("name", shell.t("name"), String::new()), Field::from(&shell), Field::source(&shell)];
    let page = FormPage {
        name: "new-name",
        title: shell.t("party-name"),
        about: Some((party.name, path.clone())),
        intro: shell.t("party-name-intro"),
        action: format!("{path}/names"),
        fields,
        button: shell.t("party-name-do"),
        ends: false,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn give_name(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let path = format!("/parties/{id}");
    let given = async {
        let request = call.form::<NameRequest>()?.judged()?;
        call.write(move |work, asker| parties::give_name(work, asker, &id, &request)).await
    };
    match given.await {
        Ok(_) => Answer::see(&path),
        Err(error) => new_name(call.failed(error)?).await,
    }
}

async fn new_standing(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let path = format!("/parties/{id}");
    let (shell, (party, meetings)) = call
        .see(move |work, asker| {
            access::permit::<actions::GiveStanding, PartyRecord>(work, asker, &id)?;
            // Only ordinary meetings have a number, and only they are public, as standings are.
            let mut meetings = known(work, asker, None)?;
            meetings.retain(|meeting| meeting.number.is_some());
            Ok((parties::get(work, asker, &id)?, meetings))
        })
        .await?;
    let fitting = Standing::ALL.iter().filter(|standing| standing.fits(party.kind)).map(|one| one.as_str());
    let meetings = meetings.into_iter().map(|one| {
        let days = shell.days(&one.first_day, &one.last_day);
        (one.id.to_string(), shell.t2("standing-meeting", "number", one.number.unwrap_or_default(), "days", days))
    });
    let meetings = or_none(shell.t("standing-meeting-none"), meetings.collect());
    let fields = vec![
        Field::choice("standing", shell.t("standing"), options(&shell, "standing", fitting)),
        Field::from(&shell),
        Field::until(&shell),
        Field::choice("meeting", shell.t("act-meeting"), meetings),
        Field::source(&shell),
    ];
    let page = FormPage {
        name: "new-standing",
        title: shell.t("standing-give"),
        about: Some((party.name, path.clone())),
        intro: shell.t("standing-give-intro"),
        action: format!("{path}/standings"),
        fields,
        button: shell.t("standing-give-do"),
        ends: false,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn give_standing(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let path = format!("/parties/{id}");
    let given = async {
        let request = call.form::<StandingRequest>()?.judged()?;
        call.write(move |work, asker| parties::give_standing(work, asker, &id, &request)).await
    };
    match given.await {
        Ok(_) => Answer::see(&path),
        Err(error) => new_standing(call.failed(error)?).await,
    }
}

#[cfg(test)]
impl PartiesPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::context::Moment;
        use crate::network::model::StandingBody;
        let line = |number: u8, kind, name: &str, standing| PartyLine {
            id: made::party(number),
            kind,
            code: format!("P{number}"),
            name: name.to_owned(),
            standing,
        };
        let (past, now) = (
            StandingBody { standing: Standing::Observer, term: made::term(1, "2004-05-01", Some("2013-01-01")) },
            StandingBody { standing: Standing::Member, term: made::term(2, "2013-01-01", None) },
        );
        let page = |items, next, drawing, kind| Self {
            shell: shell.clone(),
            parties: List { items, next },
            kind,
            standing: None,
            drawing,
        };
        vec![
            page(Vec::new(), None, None, Some(PartyKind::State)),
            page(
                vec![
                    line(1, PartyKind::State, "Netherlands", Some(Standing::Member)),
                    line(2, PartyKind::CivilSociety, "<script>\u{202e} & Sons", None),
                ],
                Some("bmV4dA".into()),
                Drawing::of(shell, vec![("P1".into(), vec![&past, &now])], Moment(1_780_000_000_000_000)),
                None,
            ),
        ]
    }
}

#[cfg(test)]
impl PartyPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::context::Moment;
        use crate::network::model::{Function, NamedFrom, Role, RoleHeld, StandingBody};
        let standings = vec![
            StandingBody { standing: Standing::Member, term: made::term(2, "2013-01-01", None) },
            StandingBody { standing: Standing::Observer, term: made::term(1, "2004-05-01", Some("2013-01-01")) },
        ];
        let rows = vec![("HR".into(), standings.iter().rev().collect())];
        let drawing = Drawing::of(shell, rows, Moment(1_780_000_000_000_000));
        let party = |names, standings, standing| PartyBody {
            id: made::party(1),
            kind: PartyKind::State,
            code: "HR".into(),
            name: "Croatia <b>\u{202e}".into(),
            standing,
            names,
            standings,
        };
        let empty = Self {
            shell: shell.clone(),
            party: party(Vec::new(), Vec::new(), None),
            people: List { items: Vec::new(), next: None },
            own: false,
            drawing: None,
        };
        let person = PersonLine {
            id: made::person(1),
            name: "<b>Ánna</b>".into(),
            party: made::party(1),
            designations: vec![RoleHeld {
                act: made::act(3),
                role: Role::ContactPoint,
                function: Some(Function::MlaOfficer),
            }],
        };
        let named = NamedFrom { name: "Croatia".into(), term: made::term(1, "2004-05-01", None) };
        vec![
            empty,
            Self {
                shell: shell.clone(),
                party: party(vec![named], standings, Some(Standing::Member)),
                people: List { items: vec![person], next: Some("bmV4dA".into()) },
                own: true,
                drawing,
            },
        ]
    }
}
