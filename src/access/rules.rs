//! The rules: one condition for each action, and the prohibitions, which are applied last and win.
//! DESIGN §2 is the table they spell out; `tests/it/access.rs` proves what must hold of them by trying
//! every combination of facts, and keeps the table as a reviewed snapshot.

use super::actions::{Action, Kind};
use super::facts::{Fact, FactSet};

/// A condition over facts.
#[derive(Clone, Copy, Debug)]
pub enum Cond {
    /// The fact holds.
    Is(Fact),
    /// The fact does not hold.
    Not(Fact),
    /// All hold.
    All(&'static [Cond]),
    /// At least one holds.
    Any(&'static [Cond]),
}

impl Cond {
    /// Whether the condition holds when exactly `facts` do.
    #[must_use]
    pub fn holds(&self, facts: FactSet) -> bool {
        match self {
            Self::Is(fact) => facts.has(*fact),
            Self::Not(fact) => !facts.has(*fact),
            Self::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(facts)),
        }
    }

    /// The facts it speaks of.
    #[must_use]
    pub fn mentions(&self) -> FactSet {
        match self {
            Self::Is(fact) | Self::Not(fact) => FactSet::NONE.with(*fact, true),
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().fold(FactSet::NONE, |set, part| set.and(part.mentions()))
            }
        }
    }
}

/// An action's rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// When the action is allowed, unless prohibited.
    pub when: Cond,
    /// Where the rule comes from.
    pub source: &'static str,
}

/// What no rule can allow.
#[derive(Clone, Copy, Debug)]
pub struct Prohibition {
    /// Its name, in explanations.
    pub name: &'static str,
    /// As a sentence.
    pub words: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The actions it forbids.
    pub forbids: fn(Action) -> bool,
    /// When it forbids them.
    pub when: Cond,
}

use Cond::{All, Any, Is, Not};
use Fact::{
    Addressed, Administrative, Admitted, Auditor, ByInvitation, ClosedSession, ConcernsSecretariat, ContactPoint,
    Counterpart, Guest, MyParty, Myself, OfCircle, OfSession, OpenSession, Public, ReleasedToAll, ReleasedToMyParty,
    Representative, SecondFactor, SecretariatOfficer, SignedIn, TakingPart, Unlocked, Visiting,
};

const STATE: Cond = Any(&[Is(ContactPoint), Is(Counterpart)]);
/// Those whom an admission by name can let in at all.
const ADMISSIBLE: Cond = Any(&[Is(ContactPoint), Is(Counterpart), All(&[Is(SecretariatOfficer), Is(OfSession)])]);
/// Inside a room, with everything that reading its contents takes.
const INSIDE: Cond = All(&[Is(Admitted), ADMISSIBLE, Is(SecondFactor), Is(Unlocked), Is(Visiting)]);
const OPEN_AUDIENCE: Cond = Any(&[
    All(&[Is(OpenSession), Any(&[Is(ContactPoint), Is(Counterpart), Is(Representative), Is(SecretariatOfficer)])]),
    All(&[Is(OpenSession), Is(Guest), Is(TakingPart)]),
    All(&[Is(ByInvitation), Is(TakingPart), Any(&[Is(ContactPoint), Is(Counterpart), Is(Representative), Is(Guest)])]),
    All(&[Is(ByInvitation), Is(SecretariatOfficer)]),
]);
/// A stolen password alone administers nothing.
const SECRETARIAT: Cond = All(&[Is(SecretariatOfficer), Is(SecondFactor)]);
/// Nor does it read the log.
const AUDITOR: Cond = All(&[Is(Auditor), Is(SecondFactor)]);
const OWN_CASE: Cond = All(&[Is(ContactPoint), Is(MyParty), Is(Admitted), Is(SecondFactor)]);

const DESIGN: &str = "Design §2, table";
const CLOSED: &str = "Network page, meetings: the closed session is held solely for national contact points and their counterparts from observer States";
const OPEN: &str =
    "Network page, meetings: the open session is for members, observer States, liaison organisations and civil society";

/// The rule of `action`.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one table, to be read as one")]
pub const fn rule(action: Action) -> Rule {
    let (when, source) = match action {
        Action::UseNetwork => (Is(SignedIn), DESIGN),
        // A stolen password alone must not be enough to shut its owner out.
        Action::ChangeMeans => {
            (All(&[Is(SignedIn), Is(SecondFactor)]), "Decision 6: a log-in with the password alone changes nothing")
        }
        Action::RecordParty | Action::ConveneMeeting | Action::RecordPublication => {
            (SECRETARIAT, "Design §2: the Secretariat administers and convenes")
        }
        Action::CheckLog => (
            Any(&[All(&[STATE, Is(SecondFactor)]), AUDITOR]),
            "Decision 15: each State can check that the log was never rewritten",
        ),
        Action::OpenCase => (
            All(&[Is(ContactPoint), Is(SecondFactor)]),
            "Sixth meeting (2009), conclusion 3: a fiche of each ongoing investigation",
        ),
        Action::SendRequest => (
            All(&[Is(ContactPoint), Is(SecondFactor)]),
            "Decision 2002/494/JHA, Article 2: contact points exchange information; Decision 2003/335/JHA, Articles 2 and 3",
        ),

        Action::SeeParty | Action::SeePublication => (Is(Public), "Design §2, ring 1"),
        Action::NameParty | Action::GiveStanding | Action::RecordPerson => {
            (SECRETARIAT, "Design §2: the Secretariat administers")
        }
        Action::ProposeForParty => (
            All(&[STATE, Is(MyParty), Is(SecondFactor)]),
            "Decision 2002/494/JHA: the State designates; the Secretariat records",
        ),

        Action::SeePerson => (
            Any(&[
                All(&[Is(MyParty), Any(&[Is(ContactPoint), Is(Counterpart), Is(Representative)])]),
                SECRETARIAT,
                AUDITOR,
                All(&[Is(SignedIn), Is(Myself)]),
            ]),
            DESIGN,
        ),
        Action::Designate
        | Action::Elect
        | Action::Invite
        | Action::Suspend
        | Action::OffBoard
        | Action::EndSignIns => (SECRETARIAT, "Design §2: the Secretariat administers"),

        Action::SeeAct => (
            Any(&[
                All(&[Is(Administrative), Any(&[SECRETARIAT, AUDITOR])]),
                All(&[Is(SignedIn), Is(Administrative), Is(Myself)]),
            ]),
            DESIGN,
        ),
        Action::EndAct => (All(&[SECRETARIAT, Is(Administrative)]), "Design §1: every right ends with its act"),

        Action::SeeProposal => (Any(&[All(&[STATE, Is(MyParty), Is(SecondFactor)]), SECRETARIAT]), DESIGN),
        Action::DecideProposal => (SECRETARIAT, "Design §2: a State proposes, the Secretariat administers"),

        Action::SeeMeeting => (
            Any(&[
                Is(Public),
                All(&[Is(TakingPart), Any(&[Is(ContactPoint), Is(Counterpart), Is(Representative), Is(Guest)])]),
                All(&[Any(&[Is(Admitted), Is(MyParty)]), STATE, Is(SecondFactor)]),
                SECRETARIAT,
                AUDITOR,
            ]),
            "Design §2, ring 1: ordinary meetings are public; an ad hoc meeting is known to those who take part",
        ),
        Action::ChangeMeeting | Action::AddSession => (SECRETARIAT, "Design §2: the Secretariat convenes"),

        Action::SeeSession | Action::ReadSession => (
            Any(&[
                OPEN_AUDIENCE,
                All(&[Is(ClosedSession), Is(Admitted), STATE, Is(SecondFactor)]),
                All(&[Is(ClosedSession), SECRETARIAT]),
            ]),
            OPEN,
        ),
        Action::ReadClosedAgenda => (All(&[Is(ClosedSession), INSIDE]), CLOSED),
        Action::ChangeClosedAgenda => (
            All(&[Is(ClosedSession), INSIDE, Any(&[Is(ContactPoint), Is(SecretariatOfficer)])]),
            "Design §2: a counterpart is in a closed room for what is released to its State",
        ),
        Action::ChangeAgenda | Action::InviteToSession | Action::AddMaterial => {
            (All(&[SECRETARIAT, Not(ClosedSession)]), DESIGN)
        }
        Action::ListMaterials | Action::ReadMaterial => (OPEN_AUDIENCE, OPEN),

        Action::SeeConclusions => (
            Any(&[
                Is(Public),
                All(&[
                    Is(ContactPoint),
                    Is(SecondFactor),
                    Any(&[Not(ByInvitation), Is(TakingPart), Is(Admitted), Is(MyParty)]),
                ]),
                SECRETARIAT,
            ]),
            "Network page, meetings: conclusions are published; drafts are the members'",
        ),
        Action::DraftConclusions | Action::AdoptConclusions | Action::PublishConclusions => {
            (SECRETARIAT, "Network page: the Secretariat prepares the conclusions")
        }

        Action::SeeRoom => {
            (Any(&[All(&[Is(Admitted), ADMISSIBLE, Is(SecondFactor)]), All(&[SECRETARIAT, Is(OfSession)])]), DESIGN)
        }
        Action::ReadRoomTitle => {
            (All(&[Is(Admitted), ADMISSIBLE, Is(SecondFactor), Is(Unlocked)]), "Design §3.4: titles are contents")
        }
        Action::OpenVisit => (
            All(&[Is(Admitted), ADMISSIBLE, Is(SecondFactor)]),
            "Directive (EU) 2016/680, Art. 25: consultation with its justification",
        ),
        Action::ReadRoom | Action::WriteNote => (INSIDE, CLOSED),
        Action::Admit | Action::EndAdmission => (
            Any(&[
                All(&[Is(Admitted), Is(OfSession), Is(ContactPoint), Is(SecondFactor)]),
                All(&[Is(Admitted), Is(OfCircle), Is(ContactPoint), Is(MyParty), Is(SecondFactor)]),
            ]),
            "Design §2 and §3.3: only from inside; a circle is widened by its originator's State",
        ),
        // Whoever may let one person in may let in those who could open it; and must be able to read it himself.
        Action::ChangeRecovery => (
            All(&[INSIDE, Is(ContactPoint), Any(&[Is(OfSession), All(&[Is(OfCircle), Is(MyParty)])])]),
            "Decision 24: a room is recovered by officers only if those inside have chosen so",
        ),

        Action::ReadNote => (
            All(&[
                INSIDE,
                Any(&[
                    Is(ContactPoint),
                    Is(SecretariatOfficer),
                    All(&[Is(Counterpart), Any(&[Is(MyParty), Is(ReleasedToMyParty)])]),
                ]),
            ]),
            "Design §2: a counterpart reads only what is released to that State",
        ),
        Action::ReviseNote | Action::ReleaseNote => {
            (All(&[INSIDE, STATE, Is(MyParty)]), "Design §3.3: widening is a release by the originator")
        }

        Action::SeeCase => (
            All(&[
                Is(SecondFactor),
                Any(&[
                    All(&[
                        Is(ContactPoint),
                        Any(&[Is(MyParty), Is(ReleasedToAll), Is(ReleasedToMyParty), Is(Admitted)]),
                    ]),
                    All(&[Is(Counterpart), Any(&[Is(ReleasedToMyParty), Is(Admitted)])]),
                ]),
            ]),
            "Design §2: as each fiche's visibility says; a log-in without second factor reads nothing that is closed",
        ),
        Action::ReviseCase | Action::ReleaseCase | Action::LinkCase => {
            (OWN_CASE, "Design §3.3: widening is a release by the originator")
        }

        Action::SeeRequest => (
            All(&[STATE, Is(Admitted), Is(SecondFactor)]),
            "Design §2, ring 4: those admitted by name, and nobody else",
        ),
        Action::AcknowledgeRequest => (
            All(&[STATE, Is(Admitted), Is(Addressed), Is(SecondFactor)]),
            "Design §1: a request has a receipt; nobody gives it for a State that was not asked",
        ),
        Action::ReplyToRequest => (
            All(&[INSIDE, STATE, Is(Addressed)]),
            "Design §1: an answer, or a refusal with its ground, by a State that was asked",
        ),

        Action::ReadEntry => (
            Any(&[
                AUDITOR,
                All(&[SECRETARIAT, Is(Administrative)]),
                All(&[Is(SignedIn), Is(Myself), Any(&[Is(Administrative), Is(SecondFactor)])]),
                All(&[STATE, Is(SecondFactor), Is(MyParty), Any(&[Is(Admitted), Is(OfCircle), Is(Administrative)])]),
            ]),
            "Design §2, last column; Directive (EU) 2016/680, Art. 25",
        ),
    };
    Rule { when, source }
}

/// What no rule can allow, in the order in which explanations name it.
pub const PROHIBITIONS: &[Prohibition] = &[
    Prohibition {
        name: "nothing_without_designation",
        words: "Whoever is not logged in, or holds no designation in force, reaches nothing but what is public.",
        source: "Design §1: every right comes from an act, and ends with it",
        forbids: |action| {
            !matches!(action, Action::SeeParty | Action::SeePublication | Action::SeeMeeting | Action::SeeConclusions)
        },
        when: Not(SignedIn),
    },
    Prohibition {
        name: "closed_to_others",
        words: "Representatives of organisations, guests and auditors never reach a room, a note, a case file or a request, admitted or not.",
        source: "Design §2: Eurojust, Europol and the ICC Prosecutor hold observer standing and are never in a closed room",
        forbids: |action| {
            matches!(action.kind(), Kind::Room | Kind::Note | Kind::Case | Kind::Request)
                || matches!(action, Action::OpenCase | Action::SendRequest)
        },
        when: Any(&[Is(Representative), Is(Guest), Is(Auditor)]),
    },
    Prohibition {
        name: "closed_session_to_others",
        words: "Representatives of organisations, guests and auditors never learn of a closed session.",
        source: "Design §2, table",
        forbids: |action| matches!(action.kind(), Kind::Session),
        when: All(&[Is(ClosedSession), Any(&[Is(Representative), Is(Guest), Is(Auditor)])]),
    },
    Prohibition {
        name: "register_to_secretariat",
        words: "Officers of the Secretariat never reach the case register, a request, or the room of either.",
        source: "Design §2: of case files and requests nothing",
        forbids: |action| {
            matches!(action.kind(), Kind::Room | Kind::Note | Kind::Case | Kind::Request)
                || matches!(action, Action::OpenCase | Action::SendRequest)
        },
        when: All(&[Is(SecretariatOfficer), Is(OfCircle)]),
    },
    Prohibition {
        name: "own_rights",
        words: "Nobody changes their own rights.",
        source: "Issue 2, access",
        forbids: |action| {
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
        when: Is(Myself),
    },
    Prohibition {
        name: "secretariat_not_into_circles",
        words: "An officer of the Secretariat is never admitted to the room of a case file or a request.",
        source: "Design §2: of case files and requests nothing",
        forbids: |action| matches!(action, Action::Admit),
        when: All(&[Is(ConcernsSecretariat), Is(OfCircle)]),
    },
];

/// The prohibitions that can ever concern `action`.
pub fn prohibitions(action: Action) -> impl Iterator<Item = &'static Prohibition> {
    PROHIBITIONS.iter().filter(move |one| (one.forbids)(action))
}

/// Whether `action` is allowed when exactly `facts` hold.
#[must_use]
pub fn decide(action: Action, facts: FactSet) -> bool {
    rule(action).when.holds(facts) && !prohibitions(action).any(|one| one.when.holds(facts))
}

/// Every fact that the decision on `action` can depend on.
#[must_use]
pub fn mentioned(action: Action) -> FactSet {
    prohibitions(action).fold(rule(action).when.mentions(), |set, one| set.and(one.when.mentions()))
}
