//! The network in the database. What discloses or changes takes a permit; [`host`] is the one way
//! without, for the operator's commands, where nobody asks.

pub(super) mod acts;
pub(super) mod host;
pub(super) mod names;
pub(super) mod parties;
pub(super) mod people;
pub(super) mod proposals;
pub(super) mod soon;
mod terms;
pub(super) use terms::TermRow;

pub(super) use acts::ActRecord;
pub(super) use parties::{PartyRecord, Wanted as WantedParties};
pub(super) use people::PersonRecord;
pub(super) use proposals::{NewProposal, ProposalRecord};
