//! The rules as sentences: `docs/ACCESS.md`, which a lawyer can read and sign. A test holds the file to
//! what this makes.

use std::fmt::Write;

use super::actions::{Action, Kind};
use super::rules::{self, Cond, PROHIBITIONS};

/// A condition as a sentence.
#[must_use]
pub fn sentence(condition: &Cond) -> String {
    match condition {
        Cond::Is(fact) => fact.words().into(),
        Cond::Not(fact) => format!("not: {}", fact.words()),
        Cond::All(parts) => parts.iter().map(within_all).collect::<Vec<_>>().join(", and "),
        Cond::Any(parts) => parts.iter().map(within_any).collect::<Vec<_>>().join("; or "),
    }
}

fn within_all(part: &Cond) -> String {
    if matches!(part, Cond::Any(_)) { format!("either ({})", sentence(part)) } else { sentence(part) }
}

fn within_any(part: &Cond) -> String {
    if matches!(part, Cond::All(_)) { format!("({})", sentence(part)) } else { sentence(part) }
}

/// The whole document.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# Who may do what\n\nMade from the rules in `src/access/rules.rs` by `./test --update`; do not edit. Each action is allowed when its \
         condition holds and no prohibition does. What is not listed cannot be done. For somebody who may not see a thing it is \
         absent: the answer is the same as if it did not exist.\n\n## Prohibitions\n\nThey are applied last, and win.\n\n",
    );
    for one in PROHIBITIONS {
        let concerned: Vec<_> =
            Action::ALL.iter().filter(|action| (one.forbids)(**action)).map(|action| action.as_str()).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "- **{}** {} *When:* {}. *Concerns:* {}. *Source:* {}.",
            one.name,
            one.words,
            sentence(&one.when),
            if concerned.len() > Action::ALL.len() / 2 {
                format!("{} actions, all but those on public things", concerned.len())
            } else {
                concerned.join(", ")
            },
            one.source
        );
    }
    for kind in Kind::ALL {
        let _ = writeln!(text, "\n## {}\n\nAbsent without `{}`.\n", kind.as_str(), kind.seen_by().as_str());
        for action in Action::ALL.iter().filter(|action| action.kind() == *kind) {
            let rule = rules::rule(*action);
            let _ = writeln!(text, "- **{}**: {}. *Source:* {}.", action.as_str(), sentence(&rule.when), rule.source);
        }
    }
    text
}
