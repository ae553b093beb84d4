//! The register of case files. A case file is one State's entry on an investigation (its *fiche*) and the
//! room of those who work on it: the register says that there is an investigation and whom to ask, and
//! holds pointers, never evidence.

pub mod api;
pub mod import;
pub mod model;
pub mod pages;
mod service;
mod store;

pub use store::Case;
