//! Who may do what: acts → facts → rules → [`Permit`].
//!
//! * [`facts`]: a couple of dozen named booleans about the asker and the thing, each with one reading.
//! * [`rules`]: for each action one condition over those facts, and the prohibitions, which win.
//! * [`permit()`]: asks once, with the thing itself loaded. A [`Permit`] holds that thing and can be made
//!   nowhere else; a [`Filter`] is the same condition for a list.
//! * [`explain`]: the same condition once more, with the acts that the facts rest on.
//! * [`document`]: the same as sentences: `docs/ACCESS.md`.
//!
//! This room knows no thing by its Rust type: a slice implements [`Thing`] for its own.

pub mod actions;
pub mod acts;
mod asker;
pub mod document;
pub mod explain;
pub mod facts;
mod permit;
pub mod rules;

pub use actions::{Action, Kind, Mark, kinds};
pub use asker::{Asker, Basis, Credentials};
pub use facts::{Fact, FactSet, Facts, Findings};
pub use permit::{Confirm, Filter, Permit, TheNetwork, Thing, filter, filter_given, permit, permit_with};
