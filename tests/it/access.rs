//! The rules, proved by trying every combination of the facts they speak of, and kept as a reviewed table.

use std::collections::BTreeSet;
use std::fmt::Write;

use incamera::access::rules::{self, PROHIBITIONS};
use incamera::access::{Action, Fact, FactSet, Kind, document};

use crate::support::snapshot;

const ROLES: [Fact; 6] =
    [Fact::ContactPoint, Fact::Counterpart, Fact::Representative, Fact::Guest, Fact::SecretariatOfficer, Fact::Auditor];

/// What `Asker::load` and the readings guarantee: no role without a log-in and a designation, no means
/// without a log-in, and nothing personal for nobody.
fn possible(facts: FactSet) -> bool {
    let personal = [
        Fact::SecondFactor,
        Fact::Unlocked,
        Fact::TakingPart,
        Fact::Admitted,
        Fact::Visiting,
        Fact::MyParty,
        Fact::Myself,
        Fact::ReleasedToMyParty,
    ];
    let somebody = ROLES.iter().any(|role| facts.has(*role));
    somebody == facts.has(Fact::SignedIn) && (somebody || !personal.iter().any(|fact| facts.has(*fact)))
}

/// Every possible combination of the facts in `over`; facts outside it do not hold.
fn combinations(over: FactSet) -> impl Iterator<Item = FactSet> {
    subsets(over).filter(|facts| possible(*facts))
}

fn subsets(over: FactSet) -> impl Iterator<Item = FactSet> {
    let facts: Vec<Fact> = over.iter().collect();
    (0u64..1 << facts.len()).map(move |bits| {
        facts.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, fact)| *fact).collect()
    })
}

fn with_roles(facts: FactSet) -> FactSet {
    ROLES.iter().fold(facts.with(Fact::SignedIn, true), |set, role| set.with(*role, true))
}

/// A property: whenever one of `actions` is allowed, `must` holds. `speaks_of` are the facts in `must`.
struct Property {
    name: &'static str,
    actions: fn(Action) -> bool,
    speaks_of: &'static [Fact],
    must: fn(Action, FactSet) -> bool,
}

fn contents(action: Action) -> bool {
    matches!(
        action,
        Action::ReadRoom
            | Action::WriteNote
            | Action::ReadNote
            | Action::ReviseNote
            | Action::ReleaseNote
            | Action::ReadClosedAgenda
            | Action::ChangeClosedAgenda
            | Action::ChangeRecovery
    )
}

fn any(facts: FactSet, of: &[Fact]) -> bool {
    of.iter().any(|fact| facts.has(*fact))
}

const PROPERTIES: &[Property] = &[
    Property {
        name: "organisations, guests and auditors reach no room, note, case file or request",
        actions: |action| {
            matches!(action.kind(), Kind::Room | Kind::Note | Kind::Case | Kind::Request)
                || matches!(action, Action::OpenCase | Action::SendRequest)
        },
        speaks_of: &[],
        must: |_, facts| !any(facts, &[Fact::Representative, Fact::Guest, Fact::Auditor]),
    },
    Property {
        name: "organisations, guests and auditors reach no closed session",
        actions: |action| action.kind() == Kind::Session,
        speaks_of: &[Fact::ClosedSession],
        must: |_, facts| {
            !facts.has(Fact::ClosedSession) || !any(facts, &[Fact::Representative, Fact::Guest, Fact::Auditor])
        },
    },
    Property {
        name: "contents need admission by name, designation, second factor, unlock secret and visit",
        actions: contents,
        speaks_of: &[Fact::Admitted, Fact::SecondFactor, Fact::Unlocked, Fact::Visiting],
        must: |_, facts| {
            [Fact::Admitted, Fact::SecondFactor, Fact::Unlocked, Fact::Visiting, Fact::SignedIn]
                .iter()
                .all(|fact| facts.has(*fact))
                && any(facts, &[Fact::ContactPoint, Fact::Counterpart, Fact::SecretariatOfficer])
        },
    },
    Property {
        name: "the Secretariat reads no room it is not admitted to",
        actions: |action| {
            contents(action)
                || matches!(action, Action::ReadRoomTitle | Action::OpenVisit | Action::Admit | Action::EndAdmission)
        },
        speaks_of: &[Fact::Admitted],
        must: |_, facts| !facts.has(Fact::SecretariatOfficer) || facts.has(Fact::Admitted),
    },
    Property {
        name: "nobody but the States' people, admitted by name, with second factor, sees a request or acts on one",
        actions: |action| action.kind() == Kind::Request,
        speaks_of: &[Fact::Admitted, Fact::SecondFactor],
        must: |_, facts| {
            facts.has(Fact::Admitted)
                && facts.has(Fact::SecondFactor)
                && any(facts, &[Fact::ContactPoint, Fact::Counterpart])
                && !any(facts, &[Fact::Representative, Fact::Guest, Fact::Auditor])
        },
    },
    Property {
        name: "nobody acknowledges or replies for a State that was not asked, nor replies from outside",
        actions: |action| matches!(action, Action::AcknowledgeRequest | Action::ReplyToRequest),
        speaks_of: &[Fact::Addressed, Fact::Visiting, Fact::Unlocked],
        must: |action, facts| {
            facts.has(Fact::Addressed)
                && (action != Action::ReplyToRequest || facts.has(Fact::Visiting) && facts.has(Fact::Unlocked))
        },
    },
    Property {
        name: "only contact points with second factor send requests",
        actions: |action| action == Action::SendRequest,
        speaks_of: &[Fact::SecondFactor],
        must: |_, facts| facts.has(Fact::ContactPoint) && facts.has(Fact::SecondFactor),
    },
    Property {
        name: "the Secretariat never reaches the register, a request or the room of either",
        actions: |action| matches!(action.kind(), Kind::Room | Kind::Note | Kind::Case | Kind::Request),
        speaks_of: &[Fact::OfCircle],
        // Every fiche is of a case file, and every request of a circle.
        must: |action, facts| {
            !facts.has(Fact::SecretariatOfficer)
                || !(facts.has(Fact::OfCircle)
                    || matches!(action.kind(), Kind::Case | Kind::Request)
                        && !any(facts, &[Fact::ContactPoint, Fact::Counterpart]))
        },
    },
    Property {
        name: "nobody changes their own rights",
        actions: |action| {
            matches!(
                action,
                Action::Designate
                    | Action::Elect
                    | Action::Invite
                    | Action::Suspend
                    | Action::OffBoard
                    | Action::EndAct
                    | Action::Admit
                    | Action::EndAdmission
                    | Action::DecideProposal
            )
        },
        speaks_of: &[Fact::Myself],
        must: |_, facts| !facts.has(Fact::Myself),
    },
    Property {
        name: "without a designation nothing but what is public",
        actions: |_| true,
        speaks_of: &[Fact::Public],
        must: |action, facts| {
            facts.has(Fact::SignedIn)
                || facts.has(Fact::Public)
                    && matches!(
                        action,
                        Action::SeeParty | Action::SeePublication | Action::SeeMeeting | Action::SeeConclusions
                    )
        },
    },
    Property {
        name: "a counterpart reads only notes of the own State or released to it",
        actions: |action| action == Action::ReadNote,
        speaks_of: &[Fact::MyParty, Fact::ReleasedToMyParty],
        must: |_, facts| {
            any(facts, &[Fact::ContactPoint, Fact::SecretariatOfficer])
                || any(facts, &[Fact::MyParty, Fact::ReleasedToMyParty])
        },
    },
    Property {
        name: "a counterpart draws up no closed agenda",
        actions: |action| action == Action::ChangeClosedAgenda,
        speaks_of: &[],
        must: |_, facts| any(facts, &[Fact::ContactPoint, Fact::SecretariatOfficer]),
    },
    Property {
        name: "whoever has officers recover a room could admit people to it",
        actions: |action| action == Action::ChangeRecovery,
        speaks_of: &[],
        must: |_, facts| rules::decide(Action::Admit, facts),
    },
    Property {
        // What is left is one's own account, the own party's people, and the two outer rings (decision 6).
        name: "without second factor nothing that is closed, no administration, and no log but one's own log-ins",
        actions: |action| action != Action::UseNetwork,
        speaks_of: &[
            Fact::SecondFactor,
            Fact::Public,
            Fact::OpenSession,
            Fact::ByInvitation,
            Fact::TakingPart,
            Fact::Administrative,
            Fact::Myself,
            Fact::MyParty,
        ],
        must: |action, facts| {
            facts.has(Fact::SecondFactor)
                || match action {
                    Action::SeePerson => any(facts, &[Fact::MyParty, Fact::Myself]),
                    Action::SeeAct | Action::ReadEntry => facts.has(Fact::Myself) && facts.has(Fact::Administrative),
                    Action::SeeMeeting => any(facts, &[Fact::Public, Fact::TakingPart]),
                    Action::SeeSession | Action::ReadSession | Action::ListMaterials | Action::ReadMaterial => {
                        any(facts, &[Fact::OpenSession, Fact::ByInvitation])
                    }
                    _ => facts.has(Fact::Public),
                }
        },
    },
    Property {
        name: "only the originator's State widens or changes",
        actions: |action| {
            matches!(
                action,
                Action::ReviseNote | Action::ReleaseNote | Action::ReviseCase | Action::ReleaseCase | Action::LinkCase
            )
        },
        speaks_of: &[Fact::MyParty],
        must: |_, facts| facts.has(Fact::MyParty),
    },
    Property {
        name: "only the Secretariat administers",
        actions: |action| {
            matches!(
                action,
                Action::RecordParty
                    | Action::NameParty
                    | Action::GiveStanding
                    | Action::RecordPerson
                    | Action::Designate
                    | Action::Elect
                    | Action::Invite
                    | Action::Suspend
                    | Action::OffBoard
                    | Action::EndAct
                    | Action::DecideProposal
                    | Action::ConveneMeeting
                    | Action::ChangeMeeting
                    | Action::AddSession
                    | Action::InviteToSession
                    | Action::AddMaterial
                    | Action::PublishConclusions
            )
        },
        speaks_of: &[],
        must: |_, facts| facts.has(Fact::SecretariatOfficer),
    },
];

/// The decision with the property's own prohibitions left out would let something through: so the
/// property says something.
fn bites(property: &Property) -> bool {
    let mut speaks = FactSet::NONE;
    for fact in property.speaks_of {
        speaks = speaks.with(*fact, true);
    }
    Action::ALL.iter().filter(|action| (property.actions)(**action)).any(|action| {
        combinations(with_roles(rules::mentioned(*action).and(speaks))).any(|facts| !(property.must)(*action, facts))
    })
}

#[test]
fn every_property_holds_of_every_combination() {
    let mut tried = 0u64;
    for property in PROPERTIES {
        let mut allowed = 0u64;
        for action in Action::ALL.iter().copied().filter(|action| (property.actions)(*action)) {
            let mut over = with_roles(rules::mentioned(action));
            for fact in property.speaks_of {
                over = over.with(*fact, true);
            }
            for facts in combinations(over) {
                tried += 1;
                if rules::decide(action, facts) {
                    allowed += 1;
                    assert!(
                        (property.must)(action, facts),
                        "{}: {action} with {:?}",
                        property.name,
                        facts.iter().collect::<Vec<_>>()
                    );
                }
            }
        }
        assert!(allowed > 0, "{}: nothing it speaks of is ever allowed, so it says nothing", property.name);
        assert!(bites(property), "{}: no combination could break it, so it says nothing", property.name);
    }
    println!("{tried} combinations");
}

#[test]
fn every_action_is_possible_and_every_prohibition_matters() {
    for action in Action::ALL {
        assert!(
            combinations(with_roles(rules::mentioned(*action))).any(|facts| rules::decide(*action, facts)),
            "{action} is never allowed"
        );
        // Whoever may act on a thing may know of it (the auditor's and the audience's lists rest on it).
        let see = action.kind().seen_by();
        for facts in combinations(with_roles(rules::mentioned(*action).and(rules::mentioned(see)))) {
            // Every fiche and request is of a circle; the readings of other kinds know no such bond.
            let facts = if matches!(action.kind(), Kind::Case | Kind::Request) {
                facts.with(Fact::OfCircle, true)
            } else {
                facts
            };
            if rules::decide(*action, facts)
                && !matches!(
                    action.kind(),
                    Kind::Session | Kind::Person | Kind::Act | Kind::Meeting | Kind::Conclusions | Kind::Party
                )
            {
                assert!(rules::decide(see, facts), "{action} without {see}: {:?}", facts.iter().collect::<Vec<_>>());
            }
        }
    }
    // Over all combinations, also those that the readings rule out: the first prohibition stands guard
    // over just that guarantee.
    for prohibition in PROHIBITIONS {
        let matters = Action::ALL.iter().filter(|action| (prohibition.forbids)(**action)).any(|action| {
            subsets(with_roles(rules::mentioned(*action)))
                .any(|facts| rules::rule(*action).when.holds(facts) && prohibition.when.holds(facts))
        });
        assert!(matters, "{} forbids nothing that a rule allows", prohibition.name);
    }
}

/// The table of DESIGN §2, spelled out: for each role and action, the least facts that allow it.
#[test]
fn the_table_of_roles_is_the_reviewed_snapshot() {
    let mut table = String::from(
        "# For each role and action the least that allows it. Made by ./test --update; review every change.\n",
    );
    let mut rows: Vec<(&str, Option<Fact>)> = vec![("anonymous", None)];
    rows.extend([
        ("contact_point", Some(Fact::ContactPoint)),
        ("counterpart", Some(Fact::Counterpart)),
        ("representative", Some(Fact::Representative)),
        ("guest", Some(Fact::Guest)),
        ("secretariat_officer", Some(Fact::SecretariatOfficer)),
        ("auditor", Some(Fact::Auditor)),
    ]);
    for kind in Kind::ALL {
        for action in Action::ALL.iter().filter(|action| action.kind() == *kind) {
            writeln!(table, "\n{kind} / {action}").unwrap();
            for (name, role) in &rows {
                writeln!(table, "  {name:<20} {}", least(*action, *role)).unwrap();
            }
        }
    }
    snapshot::check("tests/snapshots/roles.txt", &table);
}

fn least(action: Action, role: Option<Fact>) -> String {
    let base: FactSet = role.into_iter().flat_map(|role| [role, Fact::SignedIn]).collect();
    let free: Vec<Fact> =
        rules::mentioned(action).iter().filter(|fact| !ROLES.contains(fact) && *fact != Fact::SignedIn).collect();
    let sets: Vec<BTreeSet<Fact>> = (0u64..1 << free.len())
        .map(|bits| {
            free.iter()
                .enumerate()
                .filter(|(at, _)| bits & (1 << at) != 0)
                .map(|(_, fact)| *fact)
                .collect::<BTreeSet<Fact>>()
        })
        .filter(|set| {
            let facts = base.and(set.iter().copied().collect());
            possible(facts) && rules::decide(action, facts)
        })
        .collect();
    let mut minimal: Vec<&BTreeSet<Fact>> =
        sets.iter().filter(|set| !sets.iter().any(|other| other != *set && other.is_subset(set))).collect();
    minimal.sort_by_key(|set| (set.len(), (*set).clone()));
    if minimal.is_empty() {
        return "never".into();
    }
    let spoil: BTreeSet<Fact> = minimal
        .iter()
        .flat_map(|set| {
            free.iter()
                .filter(|fact| !set.contains(fact))
                .filter(|fact| !rules::decide(action, base.and(set.iter().copied().collect()).with(**fact, true)))
        })
        .copied()
        .collect();
    let mut text = minimal
        .iter()
        .map(|set| {
            if set.is_empty() {
                "always".to_owned()
            } else {
                set.iter().map(|fact| format!("{fact:?}")).collect::<Vec<_>>().join(" & ")
            }
        })
        .collect::<Vec<_>>()
        .join("  |  ");
    if !spoil.is_empty() {
        write!(text, "  unless {}", spoil.iter().map(|fact| format!("{fact:?}")).collect::<Vec<_>>().join(", "))
            .unwrap();
    }
    text
}

#[test]
fn the_rules_as_sentences_are_the_reviewed_snapshot() {
    snapshot::check("docs/ACCESS.md", &document::markdown());
}
