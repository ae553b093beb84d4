//! The network as pages: parties and people with all that was decided about them, what the Secretariat
//! records, what States propose, why somebody may see a thing, and the log with its names.

mod acts;
mod decisions;
mod drawing;
mod explain;
mod form;
mod growth;
mod log;
mod log_state;
mod parties;
mod people;
mod proposals;
mod report;

use actix_web::http::Method;

use crate::access::Action;
use crate::audit::Event;
use crate::context::Moment;
use crate::server::page::{Shell, options, or_none};
use crate::server::registry::SchemaOf;
use crate::server::{Access, Gives, Handler, Logs, Route, Takes};

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        parties::routes(),
        people::routes(),
        decisions::routes(),
        acts::routes(),
        explain::routes(),
        proposals::routes(),
        log::routes(),
        report::routes(),
        log_state::routes(),
    ]
    .concat()
}

/// A look at a page.
fn look(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    access: Access,
    takes: Takes,
    handler: Handler,
) -> Route {
    let (logs, gives) = (Logs::Nothing, Gives::Page);
    Route { method: Method::GET, path, name, summary, access, logs, takes, gives, also: &[], handler }
}

/// A list as a table to be saved.
fn saved(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    access: Access,
    filters: &'static [&'static str],
    handler: Handler,
) -> Route {
    Route { gives: Gives::Bytes, ..look(path, name, summary, access, Takes::Query(filters), handler) }
}

/// A form that records something.
fn send(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    (action, event): (Action, Event),
    body: SchemaOf,
    handler: Handler,
) -> Route {
    let (access, logs) = (Access::May(action), Logs::Event(event));
    let (takes, gives) = (Takes::Form(body), Gives::See);
    Route { method: Method::POST, path, name, summary, access, logs, takes, gives, also: &[409], handler }
}

/// The day of a moment in the reader's zone: terms begin and end with days, and their acts say the rest.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "templates give references")]
fn day(shell: &Shell, moment: &Moment) -> String {
    // From when a party's first name counts whose beginning is not on record.
    if *moment == Moment(0) {
        return shell.t("term-always");
    }
    shell.day(shell.say().moment_to_type(*moment).get(..10).unwrap_or_default())
}

/// Every page of this slice from made-up contents.
#[cfg(test)]
pub(crate) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    use crate::server::page::sample;
    [
        sample("network/parties.html", parties::PartiesPage::samples(shell)),
        sample("network/party.html", parties::PartyPage::samples(shell)),
        sample("network/people.html", people::PeoplePage::samples(shell)),
        sample("network/person.html", people::PersonPage::samples(shell)),
        sample("network/off_boarding.html", decisions::OffBoardingPage::samples(shell)),
        sample("network/act.html", acts::ActPage::samples(shell)),
        sample("network/form.html", form::FormPage::samples(shell)),
        sample("network/explain.html", explain::ExplainPage::samples(shell)),
        sample("network/proposals.html", proposals::ProposalsPage::samples(shell)),
        sample("network/proposal.html", proposals::ProposalPage::samples(shell)),
        sample("audit/entries.html", log::EntriesPage::samples(shell)),
        sample("audit/entry.html", log::EntryPage::samples(shell)),
        sample("audit/report.html", report::ReportPage::samples(shell)),
        sample("audit/state.html", log_state::StatePage::samples(shell)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What samples are made of.
#[cfg(test)]
mod made {
    use crate::context::Moment;
    use crate::ids::{ActId, PartyId, PersonId};
    use crate::network::model::Term;
    use crate::network::names::Names;

    fn uuid(number: u8) -> String {
        format!("00000000-0000-4000-8000-0000000000{number:02x}")
    }

    pub(super) fn act(number: u8) -> ActId {
        ActId::parse(&uuid(number)).unwrap()
    }

    pub(super) fn party(number: u8) -> PartyId {
        PartyId::parse(&uuid(number)).unwrap()
    }

    pub(super) fn person(number: u8) -> PersonId {
        PersonId::parse(&uuid(number)).unwrap()
    }

    pub(super) fn day(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    pub(super) fn term(number: u8, from: &str, until: Option<&str>) -> Term {
        Term {
            act: act(number),
            from: day(from),
            until: until.map(day),
            recorded_at: day(from),
            source: "Note verbale <of> & \"about\" \u{202e}that".into(),
            meeting: None,
            in_force: until.is_none(),
        }
    }

    /// Two parties with a person each: the second with names that are a nuisance.
    pub(super) fn names() -> Names {
        Names::made_up(
            [(&person(1), "Noor Made-Up", "NL"), (&person(2), "<b>\u{202e}Ánna</b>", "NO")],
            [(&party(1), "NL", "Netherlands"), (&party(2), "NO", "Norway <script>")],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::page::{Form, Say, Who};

    /// What surrounds a page, for nobody and for one of each role.
    fn shells(language: &str) -> Vec<Shell> {
        use crate::access::{Fact, FactSet};
        let who = |fact| Who {
            name: "Noor".into(),
            party: "NL".into(),
            facts: FactSet::NONE.with(Fact::SignedIn, true).with(fact, true),
        };
        let roles =
            [Fact::ContactPoint, Fact::Counterpart, Fact::Representative, Fact::SecretariatOfficer, Fact::Auditor];
        let all = roles.into_iter().map(|fact| Some(who(fact))).chain([None]);
        all.map(|who| {
            let say = Say::to(Some(language), None, Some("Europe/Amsterdam"), ("en", "UTC"));
            Shell::new(say, who, "/here".into(), Some("token".into()), Form::default())
        })
        .collect()
    }

    #[test]
    fn pages_are_made_in_every_language_and_for_every_role() {
        for shell in shells("en").into_iter().chain(shells("fr")) {
            for page in samples(&shell) {
                let html = page.html.unwrap();
                assert_eq!(html.matches("<h1").count(), 1, "{}", page.template);
                assert!(!html.contains("<script"), "{}", page.template);
            }
        }
    }

    #[test]
    fn every_value_that_is_shown_has_its_words() {
        use crate::access::acts::ActKind;
        use crate::access::{Fact, Kind, rules};
        use crate::audit::{Event, Operation};
        use crate::network::model::{Body, Function, PartyKind, ProposalKind, ProposalState, Role, Standing};
        for language in ["en", "fr"] {
            let shell = shells(language).remove(0);
            let mut keys: Vec<String> = Vec::new();
            let mut family = |name: &str, values: Vec<&'static str>| {
                keys.extend(values.into_iter().map(|value| format!("{name}-{}", value.replace('_', "-"))));
            };
            family("act-kind", ActKind::ALL.iter().map(|one| one.as_str()).collect());
            family("action", Action::ALL.iter().map(|one| one.as_str()).collect());
            family("thing", Kind::ALL.iter().map(|one| one.as_str()).collect());
            family("event", Event::ALL.iter().map(|one| one.as_str()).collect());
            family("operation", Operation::ALL.iter().map(|one| one.as_str()).collect());
            family("body", Body::ALL.iter().map(|one| one.as_str()).collect());
            family("function", Function::ALL.iter().map(|one| one.as_str()).collect());
            family("party-kind", PartyKind::ALL.iter().map(|one| one.as_str()).collect());
            family("proposal-kind", ProposalKind::ALL.iter().map(|one| one.as_str()).collect());
            family("proposal-state", ProposalState::ALL.iter().map(|one| one.as_str()).collect());
            if language == "en" {
                family("role", Role::ALL.iter().map(|one| one.as_str()).collect());
                family("standing", Standing::ALL.iter().map(|one| one.as_str()).collect());
            }
            let slug = crate::server::page::language::slug;
            keys.extend(Fact::ALL.iter().map(|fact| format!("fact-{}", slug(fact.words()))));
            keys.extend(rules::PROHIBITIONS.iter().map(|one| format!("prohibition-{}", slug(one.words))));
            for key in keys {
                assert_ne!(shell.t(&key), key, "no words in {language}");
            }
        }
    }
}
