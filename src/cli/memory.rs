//! What is in memory stays there. A server holds, for the time of a request, what opens a room; every command
//! that asks for a password or reads a key file holds those. A process that dies writes none of it to a disk,
//! and nobody who is not root looks into one that lives, be it under the same account of the machine.
//!
//! Memory is not locked: `docs/OPERATING.md` says why, and what keeps it off a swap device instead.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Shuts the process, before it has read anything. Two ways, since neither does alone: a limit of nothing keeps
/// core files away, but Linux does not ask it where `core_pattern` names a program to hand the core to; a
/// process that is not dumpable dumps to neither, and its `/proc/PID/mem` and `environ` belong to root.
///
/// # Errors
/// What the operating system said. The command must not go on.
pub(super) fn shut() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
