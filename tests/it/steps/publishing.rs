//! Publishing: signing a checkpoint over what is new, into the file and then into the database.

use std::time::{Duration, Instant};

use super::{Spoilt, Stage, What};
use crate::support::database::Kind;
use crate::support::shim::{At, BROKEN, FULL, KILLED};

/// Which checkpoint is there: the one from before, or the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Old,
    New,
}
use Which::{New, Old};

/// The checkpoint in the file, and the one given out.
type State = (Which, Which);

enum How {
    /// A system call on a file: name, end of the path; whether half of it can be done; the error.
    File(&'static str, &'static str, bool, i32),
    /// What is read is gone.
    Gone,
    /// The database refuses the statement that gives it out, or stands still at it.
    Statement,
    /// Its commit.
    Commit,
}

struct Step {
    name: &'static str,
    how: How,
    fails: State,
    /// On SQLite and on PostgreSQL.
    fails_though_done: Option<[State; 2]>,
    /// At it; for what can be done, after it.
    killed: Option<State>,
}

/// Nothing of the new one can be seen before the file is replaced.
const fn unseen(name: &'static str, how: How) -> Step {
    Step { name, how, fails: (Old, Old), fails_though_done: Some([(Old, Old); 2]), killed: Some((Old, Old)) }
}

const STEPS: &[Step] = &[
    unseen("take the publishers' lock", How::File("open", "/log.lock", false, BROKEN)),
    unseen("read the last checkpoint", How::File("open", "/log.checkpoint", false, BROKEN)),
    Step { name: "read the tree, and sign", how: How::Gone, fails: (Old, Old), fails_though_done: None, killed: None },
    unseen("make a file beside it", How::File("open", "/log.new", false, FULL)),
    unseen("write it", How::File("write", "/log.new", true, FULL)),
    unseen("sync it", How::File("sync", "/log.new", false, BROKEN)),
    Step {
        name: "rename it over the last",
        how: How::File("rename", "/log.checkpoint", false, BROKEN),
        fails: (Old, Old),
        fails_though_done: Some([(New, Old); 2]),
        killed: Some((New, Old)),
    },
    Step {
        name: "sync the folder",
        how: How::File("sync", "/data", false, BROKEN),
        fails: (New, Old),
        fails_though_done: Some([(New, Old); 2]),
        killed: Some((New, Old)),
    },
    Step {
        name: "give it out",
        how: How::Statement,
        fails: (New, Old),
        fails_though_done: Some([(New, Old); 2]),
        killed: Some((New, Old)),
    },
    Step {
        name: "commit that",
        how: How::Commit,
        fails: (New, Old),
        fails_though_done: Some([(New, Old), (New, New)]),
        killed: Some((New, New)),
    },
];

/// The table in `docs/LOG.md`.
pub fn table() -> String {
    let words = |state: State| match state {
        (Old, Old) => "the old one",
        (New, Old) => "signed, not given out",
        (New, New) => "signed and given out",
        (Old, New) => "given out, not signed",
    };
    let mut lines = vec![
        "| signing: the step | fails | fails though it was done | the server is killed |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for step in STEPS {
        let though = match step.fails_though_done {
            None => "–".to_owned(),
            Some([one, other]) if one == other => words(one).to_owned(),
            Some([sqlite, postgres]) => format!("SQLite: {}; PostgreSQL: {}", words(sqlite), words(postgres)),
        };
        let killed = step.killed.map_or("–", words);
        lines.push(format!("| {} | {} | {though} | {killed} |", step.name, words(step.fails)));
    }
    lines.join("\n") + "\n"
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Fails,
    FailsThoughDone,
    Killed,
}

/// The call that fails, if it is one.
fn call(kind: Kind, how: &How, fault: Fault) -> Option<At> {
    let kill = |error| if fault == Fault::Killed { KILLED } else { error };
    match *how {
        How::File(call, place, half, error) => {
            let when = match fault {
                Fault::Fails if half => "half",
                Fault::Fails => "before",
                // Half of it is worse than all.
                Fault::Killed if half => "half",
                Fault::FailsThoughDone | Fault::Killed => "after",
            };
            Some(At { call, place, when, what: kill(error), once: fault == Fault::Killed })
        }
        How::Commit => {
            let (call, place) = match (kind, fault) {
                (Kind::Sqlite, Fault::Fails) => ("write", "test.db-wal"),
                (Kind::Sqlite, _) => ("sync", "test.db-wal"),
                (Kind::Postgres, _) => ("send", "COMMIT"),
            };
            let when = if fault == Fault::Fails { "before" } else { "after" };
            Some(At { call, place, when, what: kill(BROKEN), once: true })
        }
        How::Gone | How::Statement => None,
    }
}

/// How often the server has said that it gave none out.
fn complaints(stage: &Stage) -> usize {
    stage.node.diagnostics().matches("no checkpoint was given out").count()
}

#[track_caller]
fn wait(case: &str, limit: Duration, mut until: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < limit, "{case}: not after {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How far the newest checkpoint given out reaches, and how many entries there are.
fn reach(stage: &Stage) -> (u64, u64) {
    let number = |query| stage.count(query).unsigned_abs();
    (number("SELECT size AS count FROM audit_published"), number("SELECT size AS count FROM audit_head"))
}

fn run(stage: &mut Stage, step: &Step, fault: Fault, case: &str) -> State {
    // From where everything is signed for.
    wait(case, Duration::from_secs(5), || reach(stage).0 == reach(stage).1);
    let (old, _) = reach(stage);
    let told = complaints(stage);
    let at = call(stage.kind, &step.how, fault);
    let is_commit = matches!(step.how, How::Commit);
    match step.how {
        How::Gone => stage.execute("ALTER TABLE audit_tiles RENAME TO elsewhere"),
        How::Statement => {
            let spoilt = match fault {
                Fault::Fails => Spoilt::Before,
                Fault::FailsThoughDone => Spoilt::After,
                Fault::Killed => Spoilt::Still,
            };
            stage.spoil(spoilt, "UPDATE", "audit_published");
        }
        How::File(..) => stage.shim.arm(at.unwrap()),
        How::Commit => {}
    }
    // Something new to sign. Its own commit is not the one that is meant.
    assert_eq!(stage.ask(What::Write).send().unwrap().status, 201, "{case}");
    if is_commit {
        stage.shim.arm(at.unwrap());
    }
    match (&step.how, fault) {
        (How::Statement, Fault::Killed) => {
            stage.stands_still();
            stage.node.kill();
        }
        (_, Fault::Killed) => {
            stage.shim.sprung();
            stage.node.wait();
        }
        _ => wait(case, Duration::from_secs(5), || complaints(stage) > told),
    }
    let mut conn = stage.conn();
    let (signed, given) = stage.kept.look(&mut conn);
    drop(conn);
    // It is only signing that fails.
    if fault != Fault::Killed {
        assert_eq!(stage.ask(What::Read).send().unwrap().status, 200, "{case}");
        assert_eq!(stage.ask(What::Write).send().unwrap().status, 201, "{case}");
    }
    match step.how {
        How::Gone => stage.execute("ALTER TABLE elsewhere RENAME TO audit_tiles"),
        How::Statement => stage.mend("audit_published"),
        How::File(..) | How::Commit => stage.shim.repair(),
    }
    if fault == Fault::Killed {
        stage.start_again();
    }
    let which = |size| if size > old { New } else { Old };
    (which(signed), which(given))
}

fn all(kind: Kind) {
    let mut stage = Stage::set(kind, "1");
    let (mut seen, mut wrong) = (Vec::new(), false);
    wait("the first", Duration::from_secs(10), || stage.count("SELECT COUNT(*) AS count FROM audit_published") == 1);
    for step in STEPS {
        let faults = [
            (Fault::Fails, Some(step.fails)),
            (Fault::FailsThoughDone, step.fails_though_done.map(|both| both[usize::from(kind == Kind::Postgres)])),
            (Fault::Killed, step.killed),
        ];
        for (fault, expected) in faults {
            let Some(expected) = expected else { continue };
            let case = format!("{kind:?}: {}, {fault:?}", step.name);
            let state = run(&mut stage, step, fault, &case);
            wrong |= state != expected;
            seen.push(format!("{case}: {state:?}, expected {expected:?}"));
            stage.goes_on(&case);
            // What is signed next is over all that there is, and follows from all that was signed before.
            let (_, size) = reach(&stage);
            wait(&case, Duration::from_secs(5), || reach(&stage).0 >= size);
            stage.is_whole(&case);
        }
    }
    assert!(!wrong, "\n{}", seen.join("\n"));
    println!("{}\n{} checkpoints, all of one log", seen.join("\n"), stage.kept.len());
    // Each was told in words that say what to look at.
    let said = stage.node.diagnostics();
    for words in ["No space left on device", "Input/output error", "audit_tiles"] {
        assert!(said.contains(words), "{words}");
    }
    for never in ["rewritten", "set back", "entries was given out", "is gone"] {
        assert!(!said.contains(never), "{never}");
    }
}

#[test]
fn publishing_on_sqlite() {
    all(Kind::Sqlite);
}

#[test]
fn publishing_on_postgres() {
    all(Kind::Postgres);
}
