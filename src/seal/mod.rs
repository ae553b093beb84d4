//! What makes contents unreadable at rest. Everything confidential passes through here on its way into
//! the database and out of it, so that how it is sealed is decided in this room alone.
//!
//! Two things are kept apart: [`contents`], what rooms hold, which only an admitted person's request may
//! open; and [`secret`], what the server itself must be able to read (seeds of second factors), sealed
//! under a key file that is not in the database. Beside them [`codes`]: by which the server knows the rows
//! that it has written itself.

pub mod codes;
pub mod contents;
pub mod keyfile;
pub mod secret;

pub use codes::{Known, RowCodes};
pub use contents::{Key, Place, Sealed};
