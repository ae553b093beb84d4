//! The facts. Each is a boolean about who asks and what about, as of one moment; each has one reading
//! for each kind of thing, in SQL, which a single query takes for one thing (as a bit) and a list takes
//! as a filter: so a list and a look can never differ. `tests/it/access.rs` holds the two uses equal.
//!
//! A reading that rests on acts names them ([`Reading::ByAct`]), so that the same line also answers
//! "because of which act?".

use super::actions::Kind;
use super::asker::Asker;
use crate::context::Moment;
use crate::db::codes;
use crate::db::fragment::{Fragment, Words};
use crate::ids::ActId;
use crate::seal::Known;

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal);* $(;)?) => {
        /// A named boolean.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fact { $($(#[$doc])* $name),* }

        impl Fact {
            /// Every fact.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its place in a [`FactSet`].
            #[must_use]
            pub const fn bit(self) -> i64 {
                match self { $(Self::$name => 1 << $bit),* }
            }

            /// As words that fit into a sentence.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

facts! {
    /// An account in force, not suspended, a log-in alive, and some designation in force.
    SignedIn = 0, "the asker is logged in and designated";
    /// The log-in used a second factor.
    SecondFactor = 1, "the log-in used a second factor";
    /// The unlock secret of the log-in came with the request.
    Unlocked = 2, "the unlock secret was sent";
    /// Designated contact point of a State whose standing is member.
    ContactPoint = 3, "the asker is a contact point of a member State";
    /// Designated counterpart of a State whose standing is observer.
    Counterpart = 4, "the asker is a counterpart of an observer State";
    /// Designated representative of an organisation with observer or associate standing.
    Representative = 5, "the asker represents an observer organisation or an associate";
    /// Designated for a party that is only invited, or for civil society.
    Guest = 6, "the asker is a guest";
    /// Designated officer of the Secretariat.
    SecretariatOfficer = 7, "the asker is a Secretariat officer";
    /// Designated auditor.
    Auditor = 8, "the asker is the auditor";
    /// In the public ring.
    Public = 9, "it is public";
    /// An open session of an ordinary meeting, or something of one.
    OpenSession = 10, "it belongs to an open session of an ordinary meeting";
    /// A breakout, or an open session of an ad hoc meeting, or something of one.
    ByInvitation = 11, "it belongs to a session held by invitation";
    /// A closed session.
    ClosedSession = 12, "it is a closed session";
    /// The asker's party, or the asker, takes part.
    TakingPart = 13, "the asker or the asker's delegation takes part";
    /// Admitted to the room by name.
    Admitted = 14, "the asker is admitted to the room by name";
    /// A visit of this log-in to this room is open.
    Visiting = 15, "a visit of the asker with a stated purpose is open";
    /// The room of a session.
    OfSession = 16, "it is a session's room";
    /// A case file or a request, the room of one, or something in it (DESIGN §2, ring 4).
    OfCircle = 17, "it is of a case file or a request";
    /// It belongs to the asker's party.
    MyParty = 18, "it is the asker's own party's";
    /// It is the asker, or about the asker's own rights.
    Myself = 19, "it is the asker's own";
    /// Released to the asker's party.
    ReleasedToMyParty = 20, "it was released to the asker's State";
    /// Released to all contact points.
    ReleasedToAll = 21, "it was released to all contact points";
    /// Administration: parties, standings, people, designations, meetings.
    Administrative = 22, "it is of administration";
    /// The person concerned is an officer of the Secretariat.
    ConcernsSecretariat = 23, "the person concerned is a Secretariat officer";
    /// A request that is sent to the asker's party.
    Addressed = 24, "it is addressed to the asker's State";
}

impl Fact {
    /// Whether it is about who asks alone, and so the same for every thing.
    #[must_use]
    pub const fn of_asker(self) -> bool {
        self.bit() <= Self::Auditor.bit()
    }
}

/// The facts that hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FactSet(i64);

impl FactSet {
    /// None.
    pub const NONE: Self = Self(0);

    /// Whether `fact` holds.
    #[must_use]
    pub const fn has(self, fact: Fact) -> bool {
        self.0 & fact.bit() != 0
    }

    /// These, and `fact` if `holds`.
    #[must_use]
    pub const fn with(self, fact: Fact, holds: bool) -> Self {
        if holds { Self(self.0 | fact.bit()) } else { self }
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The facts, in their order.
    pub fn iter(self) -> impl Iterator<Item = Fact> {
        Fact::ALL.iter().copied().filter(move |fact| self.has(*fact))
    }
}

impl FromIterator<Fact> for FactSet {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        facts.into_iter().fold(Self::NONE, |set, fact| set.with(fact, true))
    }
}

/// How a fact is read off a thing of some kind. `{person}`, `{party}`, `{sign_in}`, `{visit}` and `{at}`
/// stand for bound values, `{room}` and `{owner}` for the kind's own columns, and `{in_force}` for "the
/// act `a` is in force at that moment".
#[derive(Clone, Copy, Debug)]
pub enum Reading {
    /// It never holds for this kind.
    Never,
    /// It holds whenever this SQL condition does.
    Holds(&'static str),
    /// It holds whenever there is such a row `g`; `a` is its act.
    ByAct(&'static str),
}

/// An act is in force from its effective time, once recorded, until its own end or that of an ending act
/// that was recorded by then. Both times count: what is recorded today gave nobody a right yesterday.
///
/// Appends that condition on the act in the table or alias `act`.
pub fn in_force(sql: &mut Fragment, act: &'static str, at: Moment) {
    sql.sql(act).sql(".effective_us <= ").number(at.0).sql(" AND ").sql(act).sql(".recorded_us <= ").number(at.0);
    sql.sql(" AND (").sql(act).sql(".until_us IS NULL OR ").sql(act).sql(".until_us > ").number(at.0);
    sql.sql(") AND NOT EXISTS (SELECT 1 FROM acts e WHERE e.ends_act_id = ")
        .sql(act)
        .sql(".id AND e.effective_us <= ")
        .number(at.0);
    sql.sql(" AND e.recorded_us <= ").number(at.0).sql(")");
}

/// An admission was given to somebody designated by a party of some standing, and lasts no longer than both:
/// who is designated anew or as something else, or whose State comes to have another standing, is admitted
/// anew. Appends the condition that a designation of `person` that was there when the act `act` was recorded,
/// and the standing it meant something by, are still in force. Where the person asks, these are among the acts `held`,
/// whose codes were looked at.
pub fn still_designated(sql: &mut Fragment, person: &'static str, act: &'static str, at: Moment, held: &[ActId]) {
    let among = |sql: &mut Fragment, column: &'static str| {
        if !held.is_empty() {
            sql.sql(" AND ").sql(column).sql(" IN (''");
            for act in held {
                sql.sql(", ").text(act.as_str());
            }
            sql.sql(")");
        }
    };
    let since = |sql: &mut Fragment, alias: &'static str| {
        sql.sql(alias).sql(".effective_us <= ").sql(act).sql(".effective_us AND ");
        sql.sql(alias).sql(".recorded_us <= ").sql(act).sql(".recorded_us AND ");
        in_force(sql, alias, at);
    };
    sql.sql("EXISTS (SELECT 1 FROM designations d JOIN acts b ON b.id = d.act_id WHERE d.person_id = ").sql(person);
    among(sql, "d.act_id");
    sql.sql(" AND ");
    since(sql, "b");
    sql.sql(" AND (d.role = 'secretariat_officer' OR EXISTS (SELECT 1 FROM standings t JOIN acts c ON c.id = t.act_id WHERE t.party_id = d.party_id AND ((d.role = 'contact_point' AND t.standing = 'member') OR (d.role = 'counterpart' AND t.standing = 'observer')) AND ");
    since(sql, "c");
    among(sql, "t.act_id");
    sql.sql(")))");
}

/// The table of a kind; the network as a whole has none.
#[must_use]
pub const fn table(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Network => None,
        Kind::Party => Some("parties"),
        Kind::Person => Some("people"),
        Kind::Act => Some("acts"),
        Kind::Proposal => Some("proposals"),
        Kind::Meeting | Kind::Conclusions => Some("meetings"),
        Kind::Session => Some("sessions"),
        Kind::Material => Some("materials"),
        Kind::Room => Some("rooms"),
        Kind::Note => Some("notes"),
        Kind::Case => Some("cases"),
        Kind::Request => Some("requests"),
        Kind::Entry => Some("audit_entries"),
        Kind::Publication => Some("publications"),
    }
}

/// The column that says when a thing was recorded: nobody could know of it before.
#[must_use]
pub const fn recorded(kind: Kind) -> &'static str {
    match kind {
        Kind::Network => "NULL",
        Kind::Party
        | Kind::Person
        | Kind::Act
        | Kind::Meeting
        | Kind::Conclusions
        | Kind::Session
        | Kind::Publication => "recorded_us",
        Kind::Proposal => "proposed_us",
        Kind::Material => "added_us",
        Kind::Room | Kind::Case => "opened_us",
        Kind::Note => "written_us",
        Kind::Request => "sent_us",
        Kind::Entry => "at_us",
    }
}

/// The column that says which room a thing is in.
const fn room(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "sessions.room_id",
        Kind::Room => "rooms.id",
        Kind::Note => "notes.room_id",
        Kind::Case => "cases.room_id",
        Kind::Request => "requests.room_id",
        Kind::Entry => "audit_entries.room_id",
        _ => "NULL",
    }
}

/// The column that says whose a thing is.
const fn owner(kind: Kind) -> &'static str {
    match kind {
        Kind::Party => "parties.id",
        Kind::Person => "people.party_id",
        Kind::Proposal => "proposals.party_id",
        Kind::Meeting | Kind::Conclusions => "meetings.requested_by_party_id",
        Kind::Room => {
            "(SELECT c.party_id FROM cases c WHERE c.room_id = rooms.id UNION ALL SELECT q.party_id FROM requests q WHERE q.room_id = rooms.id)"
        }
        Kind::Note => "notes.party_id",
        Kind::Case => "cases.party_id",
        Kind::Request => "requests.party_id",
        Kind::Entry => "audit_entries.owner_party",
        _ => "NULL",
    }
}

/// The reading of `fact` for things of `kind`. Facts about the asker alone have none here: they are
/// known before any thing is looked at.
#[must_use]
#[expect(clippy::match_same_arms, reason = "one table, in the order of the facts")]
pub const fn reading(fact: Fact, kind: Kind) -> Reading {
    use Reading::{ByAct, Holds, Never};
    match (fact, kind) {
        (Fact::Public, Kind::Party | Kind::Publication) => Holds("1 = 1"),
        (Fact::Public, Kind::Meeting) => Holds("meetings.kind = 'ordinary'"),
        (Fact::Public, Kind::Conclusions) => ByAct(
            "conclusion_acts g JOIN acts a ON a.id = g.act_id WHERE a.kind = 'publication' AND g.meeting_id = meetings.id AND {in_force}",
        ),

        (Fact::OpenSession, Kind::Session) => Holds(
            "sessions.kind = 'open' AND EXISTS (SELECT 1 FROM meetings m WHERE m.id = sessions.meeting_id AND m.kind = 'ordinary')",
        ),
        (Fact::OpenSession, Kind::Material) => Holds(
            "EXISTS (SELECT 1 FROM sessions s JOIN meetings m ON m.id = s.meeting_id WHERE s.id = materials.session_id AND s.kind = 'open' AND m.kind = 'ordinary')",
        ),
        (Fact::ByInvitation, Kind::Session) => Holds(
            "(sessions.kind = 'breakout' OR (sessions.kind = 'open' AND EXISTS (SELECT 1 FROM meetings m WHERE m.id = sessions.meeting_id AND m.kind = 'ad_hoc')))",
        ),
        (Fact::ByInvitation, Kind::Material) => Holds(
            "EXISTS (SELECT 1 FROM sessions s JOIN meetings m ON m.id = s.meeting_id WHERE s.id = materials.session_id AND (s.kind = 'breakout' OR (s.kind = 'open' AND m.kind = 'ad_hoc')))",
        ),
        // Drafts of an ad hoc meeting's conclusions tell that there is such a meeting.
        (Fact::ByInvitation, Kind::Conclusions) => Holds("meetings.kind = 'ad_hoc'"),
        (Fact::ClosedSession, Kind::Session) => Holds("sessions.kind = 'closed'"),

        (Fact::TakingPart, Kind::Session) => ByAct(
            "participations g JOIN acts a ON a.id = g.act_id WHERE g.session_id = sessions.id AND g.party_id = {party} AND (g.person_id IS NULL OR g.person_id = {person}) AND {in_force}",
        ),
        (Fact::TakingPart, Kind::Material) => ByAct(
            "participations g JOIN acts a ON a.id = g.act_id WHERE g.session_id = materials.session_id AND g.party_id = {party} AND (g.person_id IS NULL OR g.person_id = {person}) AND {in_force}",
        ),
        (Fact::TakingPart, Kind::Meeting | Kind::Conclusions) => ByAct(
            "participations g JOIN acts a ON a.id = g.act_id JOIN sessions s ON s.id = g.session_id WHERE s.meeting_id = meetings.id AND g.party_id = {party} AND (g.person_id IS NULL OR g.person_id = {person}) AND {in_force}",
        ),

        // An admission "onward" opens nothing that was written before it.
        (Fact::Admitted, Kind::Note) => ByAct(
            "admissions g JOIN acts a ON a.id = g.act_id WHERE g.room_id = {room} AND g.person_id = {person} AND (g.reach = 'whole' OR a.effective_us <= notes.written_us) AND {in_force} AND {still_designated}",
        ),
        (Fact::Admitted, Kind::Session | Kind::Room | Kind::Case | Kind::Request | Kind::Entry) => ByAct(
            "admissions g JOIN acts a ON a.id = g.act_id WHERE g.room_id = {room} AND g.person_id = {person} AND {in_force} AND {still_designated}",
        ),
        (Fact::Admitted, Kind::Meeting | Kind::Conclusions) => ByAct(
            "admissions g JOIN acts a ON a.id = g.act_id JOIN sessions s ON s.room_id = g.room_id WHERE s.meeting_id = meetings.id AND g.person_id = {person} AND {in_force} AND {still_designated}",
        ),

        (Fact::Visiting, Kind::Session | Kind::Room | Kind::Note | Kind::Request) => Holds(
            "EXISTS (SELECT 1 FROM visits v WHERE v.id = {visit} AND v.room_id = {room} AND v.person_id = {person} AND v.sign_in_id = {sign_in} AND v.opened_us <= {at} AND v.expires_us > {at} AND (v.ended_us IS NULL OR v.ended_us > {at}))",
        ),

        (Fact::OfSession, Kind::Session) => Holds("sessions.room_id IS NOT NULL"),
        (Fact::OfSession, Kind::Room) => Holds("rooms.kind = 'session'"),
        (Fact::OfSession, Kind::Note) => {
            Holds("EXISTS (SELECT 1 FROM rooms r WHERE r.id = notes.room_id AND r.kind = 'session')")
        }
        (Fact::OfCircle, Kind::Room) => Holds("rooms.kind IN ('case_file', 'request')"),
        (Fact::OfCircle, Kind::Note) => {
            Holds("EXISTS (SELECT 1 FROM rooms r WHERE r.id = notes.room_id AND r.kind IN ('case_file', 'request'))")
        }
        (Fact::OfCircle, Kind::Case | Kind::Request) => Holds("1 = 1"),
        // For an entry: in the room of a case file of the asker's own State, or about reading the register. Of a request
        // only those in its room know, so what is told of it is read by them alone. Erasing
        // reaches all of these alike, and the Secretariat is not to learn how much of them there was (decision 17).
        (Fact::OfCircle, Kind::Entry) => Holds(
            "(audit_entries.event IN ('cases_listed', 'entries_erased') OR EXISTS (SELECT 1 FROM cases c WHERE c.room_id = audit_entries.room_id AND c.party_id = {party}))",
        ),

        (
            Fact::MyParty,
            Kind::Party
            | Kind::Person
            | Kind::Proposal
            | Kind::Meeting
            | Kind::Conclusions
            | Kind::Room
            | Kind::Note
            | Kind::Case
            | Kind::Request
            | Kind::Entry,
        ) => Holds("{owner} = {party}"),
        (Fact::Myself, Kind::Person) => Holds("people.id = {person}"),
        (Fact::Myself, Kind::Proposal) => Holds("proposals.person_id = {person}"),
        (Fact::Myself, Kind::Entry) => Holds("audit_entries.actor_id = {person}"),
        (Fact::Myself, Kind::Act) => Holds(
            "(EXISTS (SELECT 1 FROM designations s WHERE s.act_id = acts.id AND s.person_id = {person}) OR EXISTS (SELECT 1 FROM elections s WHERE s.act_id = acts.id AND s.person_id = {person}) OR EXISTS (SELECT 1 FROM enrolments s WHERE s.act_id = acts.id AND s.person_id = {person}) OR EXISTS (SELECT 1 FROM suspensions s WHERE s.act_id = acts.id AND s.person_id = {person}) OR EXISTS (SELECT 1 FROM standings s WHERE s.act_id = acts.id AND s.party_id = {party}))",
        ),

        (Fact::ReleasedToMyParty, Kind::Note) => ByAct(
            "releases g JOIN acts a ON a.id = g.act_id WHERE g.note_id = notes.id AND g.party_id = {party} AND {in_force}",
        ),
        (Fact::ReleasedToMyParty, Kind::Case) => ByAct(
            "releases g JOIN acts a ON a.id = g.act_id WHERE g.case_id = cases.id AND g.party_id = {party} AND {in_force}",
        ),
        (Fact::ReleasedToAll, Kind::Case) => ByAct(
            "releases g JOIN acts a ON a.id = g.act_id WHERE g.case_id = cases.id AND g.party_id IS NULL AND {in_force}",
        ),

        (Fact::Addressed, Kind::Request) => Holds(
            "EXISTS (SELECT 1 FROM request_addressees q WHERE q.request_id = requests.id AND q.party_id = {party})",
        ),

        (Fact::Administrative, Kind::Act) => {
            Holds("acts.kind IN ('naming', 'standing', 'designation', 'election', 'enrolment', 'suspension')")
        }
        (Fact::Administrative, Kind::Entry) => Holds("audit_entries.area IN ('administration', 'identity')"),
        _ => Never,
    }
}

/// Appends a template with its places filled. `None` where it needs a value that the asker has not (an
/// anonymous has no person): the fact then does not hold.
fn fill(sql: &mut Fragment, template: &'static str, kind: Kind, asker: &Asker) -> Option<()> {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, behind) = after.split_once('}')?;
        sql.sql(before);
        match place {
            "in_force" => in_force(sql, "a", asker.at()),
            "still_designated" => still_designated(sql, "g.person_id", "a", asker.at(), asker.held()),
            "at" => drop(sql.number(asker.at().0)),
            "person" => drop(sql.text(asker.person()?.as_str())),
            "party" => drop(sql.text(asker.party()?.as_str())),
            "sign_in" => drop(sql.text(asker.sign_in()?.as_str())),
            "visit" => drop(sql.text(asker.visit()?.as_str())),
            "room" => drop(sql.sql(room(kind))),
            "owner" => drop(sql.sql(owner(kind))),
            _ => return None,
        }
        rest = behind;
    }
    sql.sql(rest);
    Some(())
}

/// The condition that `fact` is on a thing of `kind`, for `asker`; `None` when it cannot hold.
#[must_use]
pub fn condition(fact: Fact, kind: Kind, asker: &Asker) -> Option<Fragment> {
    let mut sql = Fragment::new();
    match reading(fact, kind) {
        Reading::Never => return None,
        Reading::Holds(template) => {
            sql.sql("(");
            fill(&mut sql, template, kind, asker)?;
            sql.sql(")");
        }
        Reading::ByAct(template) => {
            sql.sql("EXISTS (SELECT 1 FROM ");
            fill(&mut sql, template, kind, asker)?;
            sql.sql(")");
        }
    }
    Some(sql)
}

/// The column that a thing is loaded with: [`columns`].
pub type Facts = Words;

/// What that column is read as: what was found about a thing, before the codes of the acts are looked at.
pub type Findings = String;

/// The column of those `wanted` facts that are about things of `kind`: the bits of those that hold by the thing's own
/// nature, and behind a semicolon the acts that the others rest on, each in a line of its own, with its fact's bit and,
/// as `db::codes` selects it, its code.
#[must_use]
pub fn columns(wanted: FactSet, kind: Kind, asker: &Asker) -> Facts {
    let (mut bits, mut acts) = (Fragment::new(), Fragment::new());
    bits.sql("CAST(CAST(0");
    for fact in wanted.iter().filter(|fact| !fact.of_asker()) {
        match reading(fact, kind) {
            Reading::Never => {}
            Reading::Holds(_) => {
                if let Some(condition) = condition(fact, kind, asker) {
                    bits.sql(" + CASE WHEN ").append(condition).sql(format!(" THEN {} ELSE 0 END", fact.bit()));
                }
            }
            Reading::ByAct(template) => {
                if let Some(behind) = acts_behind(fact, template, kind, asker) {
                    acts.sql(" || ").append(behind);
                }
            }
        }
    }
    bits.sql(" AS BIGINT) AS TEXT) || ';'").append(acts);
    Words(bits)
}

/// A column in the place of that one, for who knows the facts already.
#[must_use]
pub fn none() -> Facts {
    let mut sql = Fragment::new();
    sql.sql("''");
    Words(sql)
}

/// Whether the facts about things of this kind rest on rows alone that the log binds: those of an entry of the log
/// itself do not.
#[must_use]
pub const fn rest_on_bound_rows(kind: Kind) -> bool {
    !matches!(kind, Kind::Entry)
}

/// Every act by which `fact` holds, in the order in which they took effect: any other would be told at random.
fn acts_behind(fact: Fact, template: &'static str, kind: Kind, asker: &Asker) -> Option<Fragment> {
    let table = template.split(' ').next()?;
    let mut sql = Fragment::new();
    sql.sql("COALESCE((SELECT string_agg('")
        .sql(fact.bit().to_string())
        .sql("' || q.t, '\n' ORDER BY q.effective_us, q.recorded_us, q.id) || '\n' FROM (SELECT ")
        .either(codes::act(table, "g", "a"))
        .sql(" AS t, a.effective_us, a.recorded_us, a.id FROM ");
    fill(&mut sql, template, kind, asker)?;
    sql.sql(") q), '')");
    Some(sql)
}

/// Reads that column. A fact holds by an act that has its code; one that has not is as if it were not there. Answers
/// the facts, and the acts behind them.
#[must_use]
pub fn read(findings: &str, kind: Kind, codes: &Known) -> (FactSet, Vec<(Fact, ActId)>) {
    let (bits, rest) = findings.split_once(';').unwrap_or_default();
    let (mut facts, mut acts) = (FactSet(bits.parse().unwrap_or_default()), Vec::new());
    for line in rest.lines() {
        let (bit, selected) = line.split_at(line.find('[').unwrap_or_default());
        let fact = Fact::ALL.iter().copied().find(|fact| bit.parse() == Ok(fact.bit()));
        let Some((fact, table)) = fact.and_then(|fact| Some((fact, table_of_acts(fact, kind)?))) else { continue };
        let act = codes::read(table, selected);
        if codes.accept(act.coded())
            && let Some(id) = ActId::parse(act.key())
        {
            facts = facts.with(fact, true);
            acts.push((fact, id));
        }
    }
    (facts, acts)
}

/// The table that says what the acts are about by which a fact holds.
#[must_use]
pub fn table_of_acts(fact: Fact, kind: Kind) -> Option<&'static str> {
    let Reading::ByAct(template) = reading(fact, kind) else { return None };
    template.split(' ').next()
}
