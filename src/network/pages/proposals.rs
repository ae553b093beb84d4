//! What States propose about their own people, and the Secretariat's decision.

use askama::Template;

use super::form::{Field, FormPage};
use super::people::colleagues;
use super::{look, options, or_none, send};
use crate::access::{self, Action, Fact, actions};
use crate::audit::Event;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId, ProposalId};
use crate::network::model::{
    DecisionRequest, Function, ProposalBody, ProposalKind, ProposalRequest, ProposalState, Role, Standing,
};
use crate::network::names::Names;
use crate::network::service::{parties, proposals};
use crate::network::store::PartyRecord;
use crate::server::answer::List;
use crate::server::page::{Shell, filter, show};
use crate::server::registry::schema;
use crate::server::{Access, Answer, Call, Route, Takes, handler};

const QUERY: &[&str] = &["state", "cursor", "limit"];
const FORM: &[&str] = &["kind", "person"];

/// Proposals.
#[derive(Template)]
#[template(path = "network/proposals.html")]
pub(super) struct ProposalsPage {
    shell: Shell,
    proposals: List<ProposalBody>,
    names: Names,
    state: Option<ProposalState>,
    /// The State that the reader may propose something for.
    own: Option<PartyId>,
}

impl ProposalsPage {
    fn about<'a>(&'a self, proposal: &'a ProposalBody) -> &'a str {
        about(proposal, &self.names)
    }

    fn state(&self) -> &'static str {
        self.state.map_or("", ProposalState::as_str)
    }

    fn address(&self) -> String {
        filter::address("/proposals", &[("state", self.state())])
    }

    fn states(&self) -> Vec<(String, String)> {
        let states = options(&self.shell, "proposal-state", ProposalState::ALL.iter().map(|one| one.as_str()));
        or_none(self.shell.t("filter-any"), states)
    }
}

/// A proposal.
#[derive(Template)]
#[template(path = "network/proposal.html")]
pub(super) struct ProposalPage {
    shell: Shell,
    proposal: ProposalBody,
    names: Names,
}

impl ProposalPage {
    fn about(&self) -> &str {
        about(&self.proposal, &self.names)
    }
}

/// The name of whom a proposal is about.
fn about<'a>(proposal: &'a ProposalBody, names: &'a Names) -> &'a str {
    match (&proposal.person, &proposal.person_name) {
        (Some(person), _) => names.person(person),
        (None, Some(name)) => name,
        (None, None) => "",
    }
}

pub(super) fn routes() -> Vec<Route> {
    const PROPOSALS: &str = "/parties/{party}/proposals";
    vec![
        look(
            PROPOSALS,
            "page_new_proposal",
            "The form for a proposal.",
            Access::May(Action::ProposeForParty),
            Takes::Query(FORM),
            handler(new),
        ),
        send(
            PROPOSALS,
            "page_propose",
            "Proposes a designation of one's own State, or the end of one.",
            (Action::ProposeForParty, Event::Proposed),
            schema::<ProposalRequest>,
            handler(propose),
        ),
        look(
            "/proposals",
            "page_list_proposals",
            "The proposals the reader may see, newest first.",
            Access::May(Action::UseNetwork),
            Takes::Query(QUERY),
            handler(list),
        ),
        look(
            "/proposals/{proposal}",
            "page_get_proposal",
            "A proposal, and what became of it.",
            Access::May(Action::SeeProposal),
            Takes::Nothing,
            handler(get),
        ),
        send(
            "/proposals/{proposal}/decision",
            "page_decide_proposal",
            "Accepts a proposal or declines it.",
            (Action::DecideProposal, Event::ProposalDecided),
            schema::<DecisionRequest>,
            handler(decide),
        ),
    ]
}

async fn list(call: Call) -> Result<Answer, AppError> {
    let query = call.query(QUERY)?;
    let page = query.page()?;
    let state = filter::chosen(&query, "state", ProposalState::parse)?;
    let (shell, (proposals, names, own)) = call
        .see(move |work, asker| {
            let list = proposals::list(work, asker, state, &page)?;
            let people = list.items.iter().flat_map(|one| one.person.iter().chain([&one.proposed_by]));
            let names = Names::of(work, people, list.items.iter().map(|one| &one.party))?;
            let state = asker.facts().has(Fact::ContactPoint) || asker.facts().has(Fact::Counterpart);
            Ok((list, names, asker.party().filter(|_| state).cloned()))
        })
        .await?;
    show(&shell.clone(), &ProposalsPage { shell, proposals, names, state, own })
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let id = call.path("proposal", ProposalId::parse)?;
    let (shell, (proposal, names)) = call
        .see(move |work, asker| {
            let proposal = proposals::get(work, asker, &id)?;
            let people = [Some(&proposal.proposed_by), proposal.person.as_ref(), proposal.decided_by.as_ref()];
            let names = Names::of(work, people.into_iter().flatten(), [&proposal.party])?;
            Ok((proposal, names))
        })
        .await?;
    show(&shell.clone(), &ProposalPage { shell, proposal, names })
}

/// The form for the kind of proposal that the address names, or the form that came back.
async fn new(call: Call) -> Result<Answer, AppError> {
    let id = call.path("party", PartyId::parse)?;
    let path = format!("/parties/{id}");
    let query = call.query(FORM)?;
    let page = query.page()?;
    let kind = filter::chosen(&query, "kind", ProposalKind::parse)?;
    let chosen = filter::chosen(&query, "person", PersonId::parse)?;
    let (shell, (party, people)) = call
        .see(move |work, asker| {
            access::permit::<actions::ProposeForParty, PartyRecord>(work, asker, &id)?;
            Ok((parties::get(work, asker, &id)?, colleagues(work, asker, &id, None, &page)?))
        })
        .await?;
    let sent = shell.form.typed.get("kind").and_then(ProposalKind::parse);
    let kind = sent.or(kind).unwrap_or(ProposalKind::Designation);
    let value = chosen.map(|person| person.to_string()).unwrap_or_default();
    let (name, label, hint) = ("person", shell.t("person"), String::new());
    let mut fields = vec![Field::Hidden { name: "kind", value: kind.as_str().to_owned() }];
    match kind {
        ProposalKind::Ending => fields.push(Field::Choice { name, label, options: people, value, hint }),
        ProposalKind::Designation => {
            let options_of_people = or_none(shell.t("propose-somebody-new"), people);
            fields.push(Field::Choice { name, label, options: options_of_people, value, hint });
            let (label, hint) = (shell.t("propose-name"), shell.t("propose-name-hint"));
            fields.push(Field::Line { name: "person_name", label, kind: "text", hint, required: false });
            let role = match party.standing {
                Some(Standing::Member) => Role::ContactPoint,
                _ => Role::Counterpart,
            };
            fields.push(Field::Choice {
                name: "role",
                label: shell.t("role"),
                options: options(&shell, "role", [Role::ContactPoint, Role::Counterpart].map(Role::as_str)),
                value: role.as_str().to_owned(),
                hint: shell.t("propose-role-hint"),
            });
            let functions = options(&shell, "function", Function::ALL.iter().map(|one| one.as_str()));
            fields.push(Field::choice("function", shell.t("function"), or_none(shell.t("choice-none"), functions)));
        }
    }
    fields.push(Field::source(&shell));
    let (title, intro) = match kind {
        ProposalKind::Designation => (shell.t("propose-designation"), shell.t("propose-designation-intro")),
        ProposalKind::Ending => (shell.t("propose-ending"), shell.t("propose-ending-intro")),
    };
    let page = FormPage {
        name: "new-proposal",
        title,
        about: Some((party.name, path.clone())),
        intro,
        action: format!("{path}/proposals"),
        fields,
        button: shell.t("propose-do"),
        ends: false,
        back: path,
        shell,
    };
    show(&page.shell.clone(), &page)
}

async fn propose(call: Call) -> Result<Answer, AppError> {
    let party = call.path("party", PartyId::parse)?;
    let done = async {
        let request = call.form::<ProposalRequest>()?.judged()?;
        call.write(move |work, asker| proposals::propose(work, asker, &party, &request)).await
    };
    match done.await {
        Ok(proposal) => Answer::see(&format!("/proposals/{}", proposal.id)),
        Err(error) => new(call.failed(error)?).await,
    }
}

async fn decide(call: Call) -> Result<Answer, AppError> {
    let id = call.path("proposal", ProposalId::parse)?;
    let path = format!("/proposals/{id}");
    let done = async {
        let request = call.form::<DecisionRequest>()?.judged()?;
        call.write(move |work, asker| proposals::decide(work, asker, &id, &request)).await
    };
    match done.await {
        Ok(_) => Answer::see(&path),
        Err(error) => get(call.failed(error)?).await,
    }
}

#[cfg(test)]
fn made_up() -> (ProposalBody, ProposalBody) {
    use super::made;
    let id = |number| ProposalId::parse(made::act(number).as_str()).unwrap();
    let waiting = ProposalBody {
        id: id(1),
        party: made::party(2),
        proposed_by: made::person(1),
        proposed_at: made::day("2026-03-01"),
        kind: ProposalKind::Designation,
        person: None,
        person_name: Some("<b>\u{202e}Somebody New".into()),
        role: Some(Role::Counterpart),
        function: Some(Function::Investigator),
        source: "Letter <of> the Ministry".into(),
        state: ProposalState::Waiting,
        decided_by: None,
        decided_at: None,
        act: None,
    };
    let accepted = ProposalBody {
        id: id(2),
        party: made::party(1),
        proposed_by: made::person(1),
        proposed_at: made::day("2026-02-01"),
        kind: ProposalKind::Ending,
        person: Some(made::person(2)),
        person_name: None,
        role: None,
        function: None,
        source: "Letter".into(),
        state: ProposalState::Accepted,
        decided_by: Some(made::person(1)),
        decided_at: Some(made::day("2026-02-03")),
        act: Some(made::act(3)),
    };
    (waiting, accepted)
}

#[cfg(test)]
impl ProposalsPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        let (waiting, accepted) = made_up();
        let names = super::made::names();
        let page = |items, next, state, own| Self {
            shell: shell.clone(),
            proposals: List { items, next },
            names: names.clone(),
            state,
            own,
        };
        vec![
            page(Vec::new(), None, Some(ProposalState::Waiting), Some(super::made::party(1))),
            page(vec![waiting, accepted], Some("bmV4dA".into()), None, None),
        ]
    }
}

#[cfg(test)]
impl ProposalPage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        let (waiting, accepted) = made_up();
        let page = |proposal| Self { shell: shell.clone(), proposal, names: super::made::names() };
        vec![page(waiting), page(accepted)]
    }
}
