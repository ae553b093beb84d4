//! How much work the databases are given: for the diagnostics, and for the tests and the benchmark, which
//! hold the server to the figures it promises. One relaxed addition per statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What was done since the database was opened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $($(#[$doc])* pub $name: u64),* }

        #[derive(Debug, Default)]
        pub(super) struct Meter { $(pub(super) $name: Counter),* }

        impl Meter {
            pub(super) fn counters(&self) -> Counters {
                Counters { $($name: self.$name.get()),* }
            }
        }

        impl Counters {
            /// What was done since `earlier`.
            #[must_use]
            pub const fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name)),* }
            }
        }
    };
}

counters! {
    /// Units of work that read. Each is one trip to the blocking pool.
    reads,
    /// Statements on the reading connections, those of the next among them.
    read_statements,
    /// Statements that begin and end snapshots: two each, or one where the end of one is the beginning of the next.
    read_brackets,
    /// Units of work that change something.
    changes,
    /// Reads whose entries were handed to the writer.
    logged_reads,
    /// Entries appended.
    entries,
    /// Statements on the writing connection, those of the next three among them.
    write_statements,
    /// SAVEPOINT, RELEASE and ROLLBACK TO: two for each change, none for the entries of reads.
    savepoints,
    /// BEGIN, the head's lock and its size, COMMIT or ROLLBACK.
    write_brackets,
    /// Statements that append entries.
    appends,
    /// Commits of something: each is one sync of the disk.
    commits,
    /// Statements that had to be prepared anew.
    prepared,
    /// Connections opened.
    opened,
}

impl Counters {
    /// Queries of the units that read.
    #[must_use]
    pub const fn read_queries(&self) -> u64 {
        self.read_statements.saturating_sub(self.read_brackets)
    }

    /// Queries of the units that change something.
    #[must_use]
    pub const fn change_queries(&self) -> u64 {
        self.write_statements.saturating_sub(self.savepoints + self.write_brackets + self.appends)
    }
}

/// One number that many threads add to.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts the statements of one connection. It never looks at them: to spell one out would cost more than
/// to run it.
pub(super) struct Tally {
    pub(super) meter: Arc<Meter>,
    pub(super) statements: fn(&Meter) -> &Counter,
}

impl Instrumentation for Tally {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::FinishQuery { .. } => (self.statements)(&self.meter).add(1),
            InstrumentationEvent::CacheQuery { .. } => self.meter.prepared.add(1),
            _ => {}
        }
    }
}
