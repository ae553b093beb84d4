//! The shell's own pages, made up: for the tests of all pages.

use super::fault::{Failed, LogIn, Purpose, Resume};
use super::{Fields, Form, Sample, Shell, sample};
use crate::error::{Fault, FieldProblem, Means};

/// The shell around a form that came back, since these fields are not as they must be.
pub(crate) fn with_problems(shell: &Shell, problems: &[(&str, &str)], typed: &[(&str, &str)]) -> Shell {
    let own = |text: &&str| (*text).to_owned();
    let problems =
        problems.iter().map(|(field, problem)| FieldProblem { field: own(field), problem: own(problem) }).collect();
    let typed = Fields::of(typed.iter().map(|(name, value)| (own(name), own(value))).collect());
    let mut shell = shell.clone();
    shell.form = Form { typed, problems, other: None, status: Some(422) };
    shell
}

const ROOM: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";

/// Samples of the shell's own pages.
pub(crate) fn samples(shell: &Shell) -> Vec<Sample> {
    let kept = || {
        let text = "Two\nlines, \"quoted\" & <script>alert(1)</script>";
        vec![("title".to_owned(), "A title".to_owned()), ("text".to_owned(), text.to_owned())]
    };
    let next = || format!("/rooms/{ROOM}/notes");
    let log_in = |kept, next, failed, fault| LogIn {
        shell: shell.clone(),
        next,
        kept,
        email: if failed { "a@\"b\"".to_owned() } else { String::new() },
        failed,
        fault,
        passkeys: failed,
    };
    let purpose = |shell: Shell, kept| Purpose { shell, room: ROOM.to_owned(), next: next(), kept };
    let failed = |fault: &Fault, detail, fields| {
        let (_, name, text) = fault.public();
        Failed { shell: shell.clone(), name, text, detail, fields }
    };
    let wrong = vec![("limit".to_owned(), shell.say().fixed("problem", "not a value of this parameter"))];
    [
        sample(
            "shell/log_in.html",
            vec![
                log_in(Vec::new(), String::new(), false, "log-in"),
                log_in(Vec::new(), "/me".to_owned(), false, "sign-in-needed"),
                log_in(kept(), next(), true, "sign-in-needed"),
                log_in(kept(), next(), false, "unlock-needed"),
            ],
        ),
        sample(
            "shell/purpose.html",
            vec![
                purpose(shell.clone(), Vec::new()),
                purpose(shell.clone(), kept()),
                purpose(with_problems(shell, &[("purpose", "empty")], &[("purpose", " ")]), Vec::new()),
            ],
        ),
        sample(
            "shell/resume.html",
            vec![Resume::new(shell.clone(), next(), kept()), Resume::again(shell.clone(), next(), kept())],
        ),
        sample(
            "shell/fault.html",
            vec![
                failed(&Fault::NotFound, "", Vec::new()),
                failed(&Fault::NotPermitted, "", Vec::new()),
                failed(&Fault::FormNotOurs, "", Vec::new()),
                failed(&Fault::MeansNeeded(Means::SecondFactor), "", Vec::new()),
                failed(&Fault::Conflict(""), "It has ended already.", Vec::new()),
                failed(&Fault::Invalid(Vec::new()), "", wrong),
                failed(&Fault::LogUnavailable, "", Vec::new()),
                failed(&Fault::Internal, "", Vec::new()),
            ],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
