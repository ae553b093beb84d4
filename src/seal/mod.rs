//! What makes contents unreadable at rest. Everything confidential passes through here on its way into
//! the database and out of it, so that how it is sealed is decided in this room alone.
//!
//! Two things are kept apart: [`contents`], what rooms hold, which only an admitted person's request may
//! open; and [`secret`], what the server itself must be able to read (seeds of second factors), sealed
//! under a key file that is not in the database. Beside them [`codes`]: by which the server knows the rows
//! that it has written itself.
//!
//! [`keypair`], [`wrap`] and [`epoch`] are how contents are sealed (decision 21): a room has a key pair for each epoch,
//! whose seed is wrapped for the people admitted, whose own seeds are wrapped under what they alone know; [`unlock`] opens
//! one's own for a request. [`stream`] is for files; [`recovery`] is how officers open a room whose people have lost their
//! keys (decision 24). Which rows hold all that is for the slices `identity` and `rooms` to say.

#[cfg(test)]
mod bend;
pub mod codes;
pub mod contents;
pub mod epoch;
pub mod keyfile;
pub mod keypair;
pub mod recovery;
pub mod secret;
pub mod stream;
pub mod unlock;
pub mod wrap;

pub use codes::{Known, RowCodes};
pub use contents::{Place, Sealed};
pub use epoch::In;
pub use keypair::{PublicKey, Seed};
pub use stream::FileKey;
pub use unlock::{Key, Unlock};
pub use wrap::{ForMember, Wrapped};
