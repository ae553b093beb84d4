//! Appending: of a change with its entry, and of the entry of a read.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use incamera::audit::{Entry, Event, Publisher};

use super::{SECRET, Spoilt, Stage, What};
use crate::support::Reply;
use crate::support::database::Kind;
use crate::support::shim::{At, BROKEN, FULL, KILLED};

/// How it ended for the caller, and in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Answered; it is there, with its entry.
    Done,
    /// 503: nothing was done, nothing disclosed; nothing is there.
    Refused,
    /// No answer; nothing is there.
    Lost,
    /// No answer; it is there, with its entry.
    Kept,
    /// Anything else: what must not be.
    Wrong,
}
use End::{Done, Kept, Lost, Refused, Wrong};

/// How a step is made to fail.
#[derive(Clone, Copy)]
enum How {
    /// Somebody else holds the log's lock.
    Held,
    /// The database refuses a statement on a table, or stands still at it.
    Statement(&'static str, &'static str),
    /// The file or the connection breaks.
    Commit,
    /// The connection breaks while nobody else appends.
    AtOnce,
}

struct Step {
    name: &'static str,
    how: How,
    /// What comes by it.
    by: &'static [What],
    fails: End,
    /// On SQLite and on PostgreSQL.
    fails_though_done: Option<[End; 2]>,
    killed_before: End,
    killed_after: Option<End>,
}

const STEPS: &[Step] = &[
    Step {
        name: "take the log's lock",
        how: How::Held,
        by: &[What::Write, What::Read],
        fails: Refused,
        fails_though_done: None,
        killed_before: Lost,
        killed_after: None,
    },
    Step {
        name: "the change itself",
        how: How::Statement("INSERT", "notes"),
        by: &[What::Write],
        fails: Refused,
        fails_though_done: Some([Refused, Refused]),
        killed_before: Lost,
        killed_after: None,
    },
    Step {
        name: "append the entry",
        how: How::Statement("INSERT", "audit_entries"),
        by: &[What::Write, What::Read],
        fails: Refused,
        fails_though_done: Some([Refused, Refused]),
        killed_before: Lost,
        killed_after: None,
    },
    Step {
        name: "bind the rows to it",
        how: How::Statement("INSERT", "audit_bindings"),
        by: &[What::Write],
        fails: Refused,
        fails_though_done: Some([Refused, Refused]),
        killed_before: Lost,
        killed_after: None,
    },
    Step {
        name: "fill a tile of the tree",
        how: How::Statement("INSERT", "audit_tiles"),
        by: &[What::Write, What::Read],
        fails: Refused,
        fails_though_done: Some([Refused, Refused]),
        killed_before: Lost,
        killed_after: None,
    },
    Step {
        name: "store the tree's head",
        how: How::Statement("UPDATE", "audit_head"),
        by: &[What::Write, What::Read],
        fails: Refused,
        fails_though_done: Some([Refused, Refused]),
        killed_before: Lost,
        killed_after: None,
    },
    Step {
        name: "commit",
        how: How::Commit,
        by: &[What::Write, What::Read],
        fails: Refused,
        // SQLite: it is in the file, but nobody was told, and what follows is written over it. PostgreSQL: the writer
        // asks again what became of it.
        fails_though_done: Some([Refused, Done]),
        killed_before: Lost,
        killed_after: Some(Kept),
    },
    Step {
        name: "entries of reads in one statement (PostgreSQL)",
        how: How::AtOnce,
        by: &[What::Read],
        // The writer asks what became of it, and if nothing has, begins again.
        fails: Done,
        fails_though_done: Some([Done, Done]),
        killed_before: Lost,
        killed_after: Some(Kept),
    },
];

/// The table in `docs/LOG.md`.
pub fn table() -> String {
    let word = |end: End| match end {
        Done => "answered; there",
        Refused => "503; not there",
        Lost => "no answer; not there",
        Kept => "no answer; there",
        Wrong => unreachable!("nothing is expected to end so"),
    };
    let mut lines = vec![
        "| appending: the step | fails | fails though it was done | the server is killed |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for step in STEPS {
        let though = match step.fails_though_done {
            None => "–".to_owned(),
            Some([one, other]) if one == other => word(one).to_owned(),
            Some([sqlite, postgres]) => format!("SQLite: {}; PostgreSQL: {}", word(sqlite), word(postgres)),
        };
        let killed = match step.killed_after {
            None => word(step.killed_before).to_owned(),
            Some(after) => format!("before it is done: {}; after: {}", word(step.killed_before), word(after)),
        };
        lines.push(format!("| {} | {} | {though} | {killed} |", step.name, word(step.fails)));
    }
    lines.join("\n") + "\n"
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Fails,
    FailsThoughDone,
    KilledBefore,
    KilledAfter,
}

impl Fault {
    fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// The call that is the commit, or all of it.
fn commit(kind: Kind, how: How, fault: Fault) -> At {
    let (before, after) = match kind {
        // The pages are written and synced: half a write is none, and after the sync it is in the file for good.
        Kind::Sqlite => (("write", "test.db-wal", "half", FULL), ("sync", "test.db-wal", "after", BROKEN)),
        Kind::Postgres => {
            let sent = if matches!(how, How::AtOnce) { "note_read" } else { "COMMIT" };
            (("send", sent, "before", BROKEN), ("send", sent, "after", BROKEN))
        }
    };
    let (call, place, when, error) = match fault {
        Fault::Fails | Fault::KilledBefore => before,
        Fault::FailsThoughDone | Fault::KilledAfter => after,
    };
    At { call, place, when, what: if fault.kills() { KILLED } else { error }, once: true }
}

/// Grows the log to where the next entry fills a tile.
fn grow_to_the_edge(stage: &Stage) {
    append_elsewhere(stage, 255 - stage.count("SELECT size AS count FROM audit_head") % 256);
}

/// As another node, appends so many entries.
fn append_elsewhere(stage: &Stage, count: i64) {
    stage
        .db()
        .write_blocking(move |work| {
            (0..count).for_each(|_| work.log(Entry::new(Event::OperatorActed)));
            Ok(())
        })
        .unwrap();
}

/// How many there are of what this does: the rows of a change, and the entries.
fn there(stage: &Stage, what: What) -> (i64, i64) {
    let count = |query: &str| stage.count(&format!("SELECT COUNT(*) AS count FROM {query}"));
    match what {
        What::Read => (0, count("audit_entries WHERE event = 'note_read'")),
        What::Write => (count("notes"), count("audit_entries WHERE event = 'note_written'")),
    }
}

/// How it ended, when so many rows and entries came to be.
fn end(what: What, reply: std::io::Result<Reply>, came: (i64, i64)) -> End {
    let stored = match (what, came) {
        (_, (0, 0)) => false,
        (What::Read, (0, 1)) | (What::Write, (1, 1)) => true,
        // A change without its entry, an entry without its change, or more than was asked for.
        _ => return Wrong,
    };
    let Ok(reply) = reply else { return if stored { Kept } else { Lost } };
    let disclosed = reply.text().contains(SECRET);
    match (reply.status, stored) {
        (200 | 201, true) => Done,
        (503, false) if !disclosed && reply.json()["type"] == "urn:incamera:problem:log-unavailable" => Refused,
        _ => {
            println!("{} {}", reply.status, reply.text());
            Wrong
        }
    }
}

/// One request, while a step fails, or the server is killed at it.
fn run(stage: &mut Stage, step: &Step, fault: Fault, what: What, case: &str) -> End {
    let read = || assert_eq!(stage.ask(What::Read).send().unwrap().status, 200);
    match step.how {
        How::Statement(_, "audit_tiles") => grow_to_the_edge(stage),
        How::Statement(..) | How::Held => {}
        // Where others append, too, it takes a transaction.
        How::Commit => {
            append_elsewhere(stage, 1);
            read();
        }
        // Once it has twice found that nobody does, and is not about to fill a tile.
        How::AtOnce => {
            append_elsewhere(stage, 1);
            (0..4).for_each(|_| read());
        }
    }
    let before = there(stage, what);
    let reply = match step.how {
        How::Held => {
            let mut other = stage.conn();
            let lock = match stage.kind {
                Kind::Sqlite => "BEGIN IMMEDIATE",
                Kind::Postgres => "BEGIN; SELECT size FROM audit_head FOR UPDATE",
            };
            other.batch_execute(lock).unwrap();
            let reply = while_it_waits(stage, fault, what, case, |_| std::thread::sleep(Duration::from_millis(400)));
            other.batch_execute("ROLLBACK").unwrap();
            reply
        }
        How::Statement(statement, table) => {
            let spoilt = match fault {
                Fault::Fails => Spoilt::Before,
                Fault::FailsThoughDone => Spoilt::After,
                Fault::KilledBefore | Fault::KilledAfter => Spoilt::Still,
            };
            stage.spoil(spoilt, statement, table);
            let reply = while_it_waits(stage, fault, what, case, Stage::stands_still);
            stage.mend(table);
            reply
        }
        How::Commit | How::AtOnce => {
            stage.shim.arm(commit(stage.kind, step.how, fault));
            let reply = stage.ask(what).send();
            stage.shim.sprung();
            if fault.kills() {
                stage.node.wait();
            } else {
                // What was told must hold whatever comes next: half of a commit that was given up must not come back.
                stage.node.kill();
            }
            reply
        }
    };
    if fault.kills() || matches!(step.how, How::Commit | How::AtOnce) {
        stage.start_again();
    }
    let after = there(stage, what);
    end(what, reply, (after.0 - before.0, after.1 - before.1))
}

/// Asks; if the server is to be killed, then when it `stands` at the step.
fn while_it_waits(
    stage: &mut Stage,
    fault: Fault,
    what: What,
    case: &str,
    stands: impl Fn(&Stage),
) -> std::io::Result<Reply> {
    let ask = stage.ask(what);
    if !fault.kills() {
        return ask.send();
    }
    let asking = std::thread::spawn(move || ask.send());
    stands(stage);
    assert!(!asking.is_finished(), "{case}: it did not wait");
    stage.node.kill();
    asking.join().unwrap()
}

fn all(kind: Kind) {
    let mut stage = Stage::set(kind, "86400");
    let publisher = Publisher::open(&stage.plain).unwrap().unwrap();
    let (mut seen, mut wrong) = (Vec::new(), false);
    for step in STEPS.iter().filter(|step| kind == Kind::Postgres || !matches!(step.how, How::AtOnce)) {
        let faults = [
            (Fault::Fails, Some(step.fails)),
            (Fault::FailsThoughDone, step.fails_though_done.map(|both| both[usize::from(kind == Kind::Postgres)])),
            (Fault::KilledBefore, Some(step.killed_before)),
            (Fault::KilledAfter, step.killed_after),
        ];
        for (fault, expected) in faults {
            let Some(expected) = expected else { continue };
            for what in step.by {
                let case = format!("{kind:?}: {}, {fault:?}, {what:?}", step.name);
                let ended = run(&mut stage, step, fault, *what, &case);
                wrong |= ended != expected;
                seen.push(format!("{case}: {ended:?}, expected {expected:?}"));
                stage.goes_on(&case);
                // And what is signed next follows from all that was signed before.
                let signed = actix_web::rt::System::new().block_on(publisher.publish(&stage.db()));
                let signed = signed.unwrap_or_else(|error| panic!("{case}: {:?}", error.cause())).unwrap();
                assert_eq!(stage.is_whole(&case), (signed, signed), "{case}");
            }
        }
    }
    assert!(!wrong, "\n{}", seen.join("\n"));
    println!("{}", seen.join("\n"));
}

#[test]
fn appending_on_sqlite() {
    all(Kind::Sqlite);
}

#[test]
fn appending_on_postgres() {
    all(Kind::Postgres);
}
