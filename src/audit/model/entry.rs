//! What an entry can say. There is no field for free text but the purpose of a visit, which Article 25 of
//! Directive (EU) 2016/680 demands (the justification of a consultation) and which is bounded.

use serde::Serialize;

use super::retention::Rule;
use crate::access::Asker;
use crate::context::Moment;
use crate::ids::{ActId, PartyId, PersonId, RoomId, VisitId};
use crate::text_enum;

text_enum! {
    /// Whose business an entry is: decides who may read it (see the rule `read_entry`).
    Area {
        /// Log-ins and accounts.
        Identity = "identity",
        /// Parties, standings, people, designations, meetings.
        Administration = "administration",
        /// Materials of open sessions.
        Open = "open",
        /// Rooms, the case register and requests.
        Rooms = "rooms",
        /// Reading the log itself.
        Audit = "audit",
    }
}

text_enum! {
    /// The operations that Article 25(1) of Directive (EU) 2016/680 wants logged.
    Operation {
        /// Something was recorded for the first time.
        Collection = "collection",
        /// Something was changed.
        Alteration = "alteration",
        /// Something was looked at.
        Consultation = "consultation",
        /// Something was made available to others.
        Disclosure = "disclosure",
        /// Things were linked.
        Combination = "combination",
        /// Something was removed.
        Erasure = "erasure",
        /// Who may do what, or who came in: needed to make sense of the others.
        Control = "control",
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $area:ident, $operation:ident);* $(;)?) => {
        text_enum! {
            /// What happened.
            Event { $($(#[$doc])* $name = $text),* }
        }
        impl Event {
            /// Whose business it is.
            #[must_use]
            pub const fn area(self) -> Area {
                match self { $(Self::$name => Area::$area),* }
            }
            /// What it is in the words of Article 25.
            #[must_use]
            pub const fn operation(self) -> Operation {
                match self { $(Self::$name => Operation::$operation),* }
            }
        }
    };
}

events! {
    /// Someone logged in.
    SignedIn = "signed_in", Identity, Control;
    /// A log-in that named an account failed.
    SignInFailed = "sign_in_failed", Identity, Control;
    /// Log-ins that named no account failed: a count for a minute and a source.
    StrangersRefused = "strangers_refused", Identity, Control;
    /// A log-in was renewed.
    SignInRefreshed = "sign_in_refreshed", Identity, Control;
    /// A refresh token was used twice; the log-in was ended.
    RefreshReused = "refresh_reused", Identity, Control;
    /// A log-in was ended.
    SignedOut = "signed_out", Identity, Control;
    /// An invitation was made.
    Invited = "invited", Identity, Control;
    /// An invitation was taken up: a password was chosen.
    AccountOpened = "account_opened", Identity, Collection;
    /// An invitation was taken up by somebody who had an account: password and second factor are new.
    MeansReplaced = "means_replaced", Identity, Alteration;
    /// A second factor was confirmed.
    SecondFactorConfirmed = "second_factor_confirmed", Identity, Alteration;
    /// A recovery code was used.
    RecoveryCodeUsed = "recovery_code_used", Identity, Control;
    /// Somebody gave an account's password and was asked for its passkey.
    PasskeyAsked = "passkey_asked", Identity, Control;
    /// A passkey was added.
    PasskeyAdded = "passkey_added", Identity, Alteration;
    /// A passkey was ended.
    PasskeyEnded = "passkey_ended", Identity, Alteration;
    /// The key pair of an account was made that is older than rooms have keys.
    KeyMade = "key_made", Identity, Control;
    /// A password was changed.
    PasswordChanged = "password_changed", Identity, Alteration;
    /// A party was recorded.
    PartyRecorded = "party_recorded", Administration, Collection;
    /// A person was recorded.
    PersonRecorded = "person_recorded", Administration, Collection;
    /// An act of administration was recorded.
    ActRecorded = "act_recorded", Administration, Collection;
    /// An act of administration was ended.
    ActEnded = "act_ended", Administration, Alteration;
    /// All rights of a person were ended.
    OffBoarded = "off_boarded", Administration, Alteration;
    /// A State proposed something about its own people.
    Proposed = "proposed", Administration, Collection;
    /// The Secretariat decided on a proposal.
    ProposalDecided = "proposal_decided", Administration, Alteration;
    /// A meeting was convened.
    MeetingConvened = "meeting_convened", Administration, Collection;
    /// A meeting was changed.
    MeetingChanged = "meeting_changed", Administration, Alteration;
    /// A session was added to a meeting.
    SessionAdded = "session_added", Administration, Collection;
    /// A delegation or a guest was invited to a session.
    ParticipationRecorded = "participation_recorded", Administration, Collection;
    /// An agenda was changed.
    AgendaChanged = "agenda_changed", Administration, Alteration;
    /// Conclusions were drafted.
    ConclusionsDrafted = "conclusions_drafted", Administration, Alteration;
    /// Conclusions were adopted.
    ConclusionsAdopted = "conclusions_adopted", Administration, Alteration;
    /// Conclusions were published.
    ConclusionsPublished = "conclusions_published", Administration, Disclosure;
    /// A document was recorded in the public library.
    PublicationRecorded = "publication_recorded", Administration, Collection;
    /// A document was added to an open session.
    MaterialAdded = "material_added", Open, Collection;
    /// A document of an open session was downloaded.
    MaterialRead = "material_read", Open, Consultation;
    /// A room was opened, with its session, case file or request.
    RoomOpened = "room_opened", Rooms, Collection;
    /// Title and members of a room were looked at.
    RoomSeen = "room_seen", Rooms, Consultation;
    /// A visit began.
    VisitOpened = "visit_opened", Rooms, Control;
    /// A visit was ended before its time.
    VisitEnded = "visit_ended", Rooms, Control;
    /// What a room holds was sealed that was written before rooms had keys.
    RoomSealed = "room_sealed", Rooms, Alteration;
    /// Someone was admitted.
    Admitted = "admitted", Rooms, Disclosure;
    /// An admission was ended.
    AdmissionEnded = "admission_ended", Rooms, Alteration;
    /// A key by which officers recover rooms was entered; those before it were retired.
    RecoveryKeyEntered = "recovery_key_entered", Administration, Control;
    /// A room can be recovered by officers from now on.
    RecoveryChosen = "recovery_chosen", Rooms, Disclosure;
    /// A room can no longer be recovered by officers.
    RecoveryEnded = "recovery_ended", Rooms, Alteration;
    /// Officers were asked to recover a room for a person.
    RecoveryAsked = "recovery_asked", Rooms, Control;
    /// Officers recovered a room for a person.
    RoomRecovered = "room_recovered", Rooms, Disclosure;
    /// The list of a room's notes, with their titles, was read.
    NotesListed = "notes_listed", Rooms, Consultation;
    /// The notes of a room were searched. By which words is nowhere.
    NotesSearched = "notes_searched", Rooms, Consultation;
    /// A note was read.
    NoteRead = "note_read", Rooms, Consultation;
    /// A note was written.
    NoteWritten = "note_written", Rooms, Collection;
    /// A new version of a note was written.
    NoteRevised = "note_revised", Rooms, Alteration;
    /// A file was added to a note, which so has a new version.
    FileAdded = "file_added", Rooms, Collection;
    /// A file was downloaded, or begun to be.
    FileRead = "file_read", Rooms, Consultation;
    /// A note was released to a State.
    NoteReleased = "note_released", Rooms, Disclosure;
    /// A closed session's agenda was read.
    AgendaRead = "agenda_read", Rooms, Consultation;
    /// A closed session's agenda was changed.
    ClosedAgendaChanged = "closed_agenda_changed", Rooms, Alteration;
    /// A case file was opened.
    CaseOpened = "case_opened", Rooms, Collection;
    /// The register was searched or listed.
    CasesListed = "cases_listed", Rooms, Consultation;
    /// A fiche was read.
    CaseRead = "case_read", Rooms, Consultation;
    /// A fiche was changed.
    CaseRevised = "case_revised", Rooms, Alteration;
    /// A fiche was released.
    CaseReleased = "case_released", Rooms, Disclosure;
    /// A release was ended.
    ReleaseEnded = "release_ended", Rooms, Alteration;
    /// A case file was linked to a meeting.
    CaseLinked = "case_linked", Rooms, Combination;
    /// The list of requests was read, with this one in it.
    RequestsListed = "requests_listed", Rooms, Consultation;
    /// A request, spontaneous information or a notice of presence was sent, with the note that says what it says.
    RequestSent = "request_sent", Rooms, Disclosure;
    /// It was looked at: who asks whom, and how far each is.
    RequestRead = "request_read", Rooms, Consultation;
    /// A State acknowledged receipt.
    RequestAcknowledged = "request_acknowledged", Rooms, Collection;
    /// A State answered or refused, by a note.
    RequestReplied = "request_replied", Rooms, Disclosure;
    /// Someone asked why a person may see a thing.
    Explained = "explained", Audit, Consultation;
    /// The log was read.
    LogRead = "log_read", Audit, Consultation;
    /// The operator did something on the host.
    OperatorActed = "operator_acted", Administration, Control;
    /// Rows that nothing in the log told of yet were bound to it.
    RowsBound = "rows_bound", Audit, Control;
    /// The log was signed again although it does not follow from what was signed before.
    LogResumed = "log_resumed", Audit, Control;
    /// A row was changed past the server.
    RowFound = "row_found", Audit, Control;
    /// What entries said was erased, since their time was over.
    EntriesErased = "entries_erased", Audit, Erasure;
    /// Entries are kept beyond their time.
    HoldPlaced = "hold_placed", Audit, Control;
    /// They no longer are.
    HoldLifted = "hold_lifted", Audit, Control;
    /// A row without its authentication code was refused.
    RowRefused = "row_refused", Audit, Control;
    /// Authentication codes of rows were made for what was there.
    RowsCoded = "rows_coded", Audit, Control;
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    kind: &'static str,
    id: String,
}

impl Subject {
    pub(in crate::audit) fn id(&self) -> &str {
        &self.id
    }
}

/// One entry, as it is staged. The fields of [`Payload`] are all there is to say.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(in crate::audit) event: Event,
    pub(in crate::audit) payload: Payload,
}

/// What the commitment covers and what a reader of the log is shown. The order of the fields is the
/// canonical order; a field is only ever added at the end, since old commitments must still verify.
#[derive(Clone, Debug, Default, Serialize)]
pub(in crate::audit) struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) actor: Option<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) actor_party: Option<PartyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) sign_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) thing: Option<Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) person: Option<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) room: Option<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) owner_party: Option<PartyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) visit: Option<VisitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) act: Option<ActId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) recipients: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) minute: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) rows: Option<super::rows::Rows>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) party: Option<PartyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) span: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::audit) erased: Option<String>,
}

/// A span of time, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::audit) struct Span {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

/// Longest purpose of a visit, in characters.
pub const PURPOSE_MAX: usize = 300;

impl Entry {
    /// An entry about `event`, by nobody yet.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self { event, payload: Payload::default() }
    }

    /// Done by `asker`, in his visit if he has one open.
    #[must_use]
    pub fn by(mut self, asker: &Asker) -> Self {
        self.payload.actor = asker.person().cloned();
        self.payload.actor_party = asker.party().cloned();
        self.payload.sign_in = asker.sign_in().map(ToString::to_string);
        self
    }

    /// Done by `person` whose asker is not known yet (a log-in).
    #[must_use]
    pub fn by_person(mut self, person: &PersonId) -> Self {
        self.payload.actor = Some(person.clone());
        self
    }

    /// About one thing. `kind` is the word of DESIGN §1.
    #[must_use]
    pub fn on(mut self, kind: &'static str, id: &(impl ToString + ?Sized)) -> Self {
        self.payload.thing = Some(Subject { kind, id: id.to_string() });
        self
    }

    /// Concerning a person.
    #[must_use]
    pub fn concerning(mut self, person: &PersonId) -> Self {
        self.payload.person = Some(person.clone());
        self
    }

    /// In a room.
    #[must_use]
    pub fn in_room(mut self, room: &RoomId) -> Self {
        self.payload.room = Some(room.clone());
        self
    }

    /// About a thing of `party`, which may therefore read the entry.
    #[must_use]
    pub fn owned_by(mut self, party: Option<&PartyId>) -> Self {
        self.payload.owner_party = party.cloned();
        self
    }

    /// During a visit.
    #[must_use]
    pub fn during(mut self, visit: Option<&VisitId>) -> Self {
        self.payload.visit = visit.cloned();
        self
    }

    /// By this act.
    #[must_use]
    pub fn act(mut self, act: &ActId) -> Self {
        self.payload.act = Some(act.clone());
        self
    }

    /// Of this version.
    #[must_use]
    pub const fn version(mut self, version: i64) -> Self {
        self.payload.version = Some(version);
        self
    }

    /// So many.
    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        self.payload.count = i64::try_from(count).ok();
        self
    }

    /// For this purpose: the justification of Article 25. Cut at [`PURPOSE_MAX`]; the service has
    /// refused longer ones before.
    #[must_use]
    pub fn purpose(mut self, purpose: &str) -> Self {
        self.payload.purpose = Some(purpose.chars().take(PURPOSE_MAX).collect());
        self
    }

    /// From this network source (an address prefix, never a whole address of a stranger).
    #[must_use]
    pub fn source(mut self, source: &str) -> Self {
        self.payload.source = Some(source.chars().take(64).collect());
        self
    }

    /// In this minute, counted from 1970: the entry sums it up afterwards.
    #[must_use]
    pub const fn in_minute(mut self, minute: i64) -> Self {
        self.payload.minute = Some(minute);
        self
    }

    /// By the rule of this party, or holding what is this party's. Unlike the owner, it may read nothing for that.
    #[must_use]
    pub fn of_party(mut self, party: Option<&PartyId>) -> Self {
        self.payload.party = party.cloned();
        self
    }

    /// About what is from the one moment to the other.
    #[must_use]
    pub fn span(mut self, from: Option<Moment>, until: Option<Moment>) -> Self {
        let span = Span { from: from.map(|at| at.0), until: until.map(|at| at.0) };
        self.payload.span = (from.is_some() || until.is_some()).then_some(span);
        self
    }

    /// By a rule of retention.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.payload.rule = Some(rule.to_string());
        self
    }

    /// Having erased the entries that this is the digest of.
    #[must_use]
    pub fn erased(mut self, digest: String) -> Self {
        self.payload.erased = Some(digest);
        self
    }

    /// To these parties: the recipients of Article 25. At most 64 are named.
    #[must_use]
    pub fn to<'p>(mut self, parties: impl IntoIterator<Item = &'p PartyId>) -> Self {
        self.payload.recipients = Some(parties.into_iter().take(64).map(ToString::to_string).collect());
        self
    }
}

/// How many of these are each party's, in the order in which the parties come: entries in the order of random
/// ids would differ from server to server without a reason.
#[must_use]
pub fn counts<'p>(owners: impl IntoIterator<Item = &'p PartyId>) -> Vec<(&'p PartyId, usize)> {
    let mut counts: Vec<(&PartyId, usize)> = Vec::new();
    for owner in owners {
        match counts.iter_mut().find(|(party, _)| *party == owner) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((owner, 1)),
        }
    }
    counts
}
