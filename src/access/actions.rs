//! The kinds of thing and what can be done to each. An action belongs to one kind, by type.

use crate::text_enum;

macro_rules! kinds_and_actions {
    ($($(#[$kdoc:meta])* $kind:ident = $ktext:literal, seen by $see:ident {
        $($(#[$adoc:meta])* $action:ident = $atext:literal),* $(,)?
    })*) => {
        text_enum! {
            /// The kinds of thing that can be acted on.
            Kind { $($(#[$kdoc])* $kind = $ktext),* }
        }

        text_enum! {
            /// All that can be done.
            Action { $($($(#[$adoc])* $action = $atext),*),* }
        }

        impl Action {
            /// The kind of thing it is done to.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $($(Self::$action => Kind::$kind),*),* }
            }
        }

        impl Kind {
            /// The action without which a thing of this kind is absent for the asker.
            #[must_use]
            pub const fn seen_by(self) -> Action {
                match self { $(Self::$kind => Action::$see),* }
            }
        }

        /// The kinds as types, so that a permit for an action fits only things of its kind.
        pub mod kinds {
            /// A kind of thing, as a type.
            pub trait KindMark: 'static {
                /// The same as a value.
                const KIND: super::Kind;
            }
            $(
                $(#[$kdoc])*
                #[derive(Debug, Clone, Copy)]
                pub enum $kind {}
                impl KindMark for $kind {
                    const KIND: super::Kind = super::Kind::$kind;
                }
            )*
        }

        $($(
            $(#[$adoc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $action {}
            impl Mark for $action {
                type Kind = kinds::$kind;
                const ACTION: Action = Action::$action;
            }
        )*)*
    };
}

/// An action, as a type.
pub trait Mark: 'static {
    /// The kind of thing it is done to.
    type Kind: kinds::KindMark;
    /// The same as a value.
    const ACTION: Action;
}

kinds_and_actions! {
    /// The network as a whole.
    Network = "network", seen by UseNetwork {
        /// Be somebody here: see one's own account, end one's own log-ins.
        UseNetwork = "use_network",
        /// Change the means by which one logs in, and end one's other log-ins.
        ChangeMeans = "change_means",
        /// Record a new party.
        RecordParty = "record_party",
        /// Convene a meeting.
        ConveneMeeting = "convene_meeting",
        /// Open a case file of one's own State.
        OpenCase = "open_case",
        /// Send a request, spontaneous information or a notice of presence to other States.
        SendRequest = "send_request",
        /// Record a document in the public library.
        RecordPublication = "record_publication",
        /// Check the log: read its checkpoints and the hashes of its tree, which tell its size and nothing else.
        CheckLog = "check_log",
    }
    /// A State or an organisation.
    Party = "party", seen by SeeParty {
        /// See a party, its names and standings.
        SeeParty = "see_party",
        /// Give it a new name from a date on.
        NameParty = "name_party",
        /// Give it a standing.
        GiveStanding = "give_standing",
        /// Record a person who acts for it.
        RecordPerson = "record_person",
        /// Propose a designation for it.
        ProposeForParty = "propose_for_party",
    }
    /// A human being who acts for a party.
    Person = "person", seen by SeePerson {
        /// See a person and the designations.
        SeePerson = "see_person",
        /// Record a designation.
        Designate = "designate",
        /// Record an election.
        Elect = "elect",
        /// Invite to open an account.
        Invite = "invite",
        /// Suspend the right to log in.
        Suspend = "suspend",
        /// End every right at once.
        OffBoard = "off_board",
        /// End a person's log-ins.
        EndSignIns = "end_sign_ins",
    }
    /// A dated decision.
    Act = "act", seen by SeeAct {
        /// See an act of administration.
        SeeAct = "see_act",
        /// End what it began.
        EndAct = "end_act",
    }
    /// A State's proposal about its own people.
    Proposal = "proposal", seen by SeeProposal {
        /// See a proposal.
        SeeProposal = "see_proposal",
        /// Accept or decline it.
        DecideProposal = "decide_proposal",
    }
    /// A meeting.
    Meeting = "meeting", seen by SeeMeeting {
        /// See that and when it is held, and its public topics.
        SeeMeeting = "see_meeting",
        /// Change its dates, way, place or topics.
        ChangeMeeting = "change_meeting",
        /// Add a session to it.
        AddSession = "add_session",
    }
    /// A part of a meeting.
    Session = "session", seen by SeeSession {
        /// See that and when it is held.
        SeeSession = "see_session",
        /// Read the agenda and who takes part, or that it is a closed one and who is admitted.
        ReadSession = "read_session",
        /// Read a closed session's agenda.
        ReadClosedAgenda = "read_closed_agenda",
        /// Change the agenda.
        ChangeAgenda = "change_agenda",
        /// Change a closed session's agenda.
        ChangeClosedAgenda = "change_closed_agenda",
        /// Invite a delegation or a guest.
        InviteToSession = "invite_to_session",
        /// Read the list of its materials.
        ListMaterials = "list_materials",
        /// Add a document.
        AddMaterial = "add_material",
    }
    /// A document of an open session.
    Material = "material", seen by ReadMaterial {
        /// Read it.
        ReadMaterial = "read_material",
    }
    /// The conclusions of a meeting.
    Conclusions = "conclusions", seen by SeeConclusions {
        /// Read them.
        SeeConclusions = "see_conclusions",
        /// Write a draft.
        DraftConclusions = "draft_conclusions",
        /// Record their adoption.
        AdoptConclusions = "adopt_conclusions",
        /// Publish them.
        PublishConclusions = "publish_conclusions",
    }
    /// A closed audience with its contents.
    Room = "room", seen by SeeRoom {
        /// See that there is such a room, and who is in it.
        SeeRoom = "see_room",
        /// Read its title.
        ReadRoomTitle = "read_room_title",
        /// Begin a visit with a purpose.
        OpenVisit = "open_visit",
        /// Read the list of what it holds.
        ReadRoom = "read_room",
        /// Write a note into it.
        WriteNote = "write_note",
        /// Admit a person.
        Admit = "admit",
        /// End a person's admission.
        EndAdmission = "end_admission",
        /// Have it recovered by officers if its keys are lost, or no longer.
        ChangeRecovery = "change_recovery",
    }
    /// A note in a room.
    Note = "note", seen by ReadNote {
        /// Read it, in every version.
        ReadNote = "read_note",
        /// Write a new version.
        ReviseNote = "revise_note",
        /// Release it to a State.
        ReleaseNote = "release_note",
    }
    /// One State's register entry on an investigation.
    Case = "case", seen by SeeCase {
        /// Read the fiche.
        SeeCase = "see_case",
        /// Change the fiche.
        ReviseCase = "revise_case",
        /// Release the fiche to a State or to all contact points, or end a release.
        ReleaseCase = "release_case",
        /// Link it to a meeting.
        LinkCase = "link_case",
    }
    /// What one State asks of others or tells them.
    Request = "request", seen by SeeRequest {
        /// See it: who asks whom, by when, and who has answered.
        SeeRequest = "see_request",
        /// Acknowledge its receipt for one's State.
        AcknowledgeRequest = "acknowledge_request",
        /// Answer it for one's State, or refuse with a ground.
        ReplyToRequest = "reply_to_request",
    }
    /// An entry of the log.
    Entry = "entry", seen by ReadEntry {
        /// Read it.
        ReadEntry = "read_entry",
    }
    /// A document of the public library.
    Publication = "publication", seen by SeePublication {
        /// Read what is recorded of it.
        SeePublication = "see_publication",
    }
}
