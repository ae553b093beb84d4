//! Made-up contents of the pages of passkeys.

use super::*;
use crate::server::page::{Sample, sample};

fn asked() -> Asked {
    Asked {
        ceremony: CeremonyId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
        options: r#"{"publicKey":{"challenge":"AA","rpId":"localhost"}}"#.into(),
        hold: "ich_abc".to_owned().into(),
    }
}

pub(in crate::identity) fn samples(shell: &Shell) -> Vec<Sample> {
    let kept = vec![("text".to_owned(), "kept \"as\" <typed>\nand more".to_owned())];
    let log_in = UsePage { shell: shell.clone(), asked: asked(), next: "/me".into(), kept };
    let new = NewPage { shell: shell.clone(), asked: asked() };
    let mut samples = sample("identity/passkey_log_in.html", vec![log_in]);
    samples.extend(sample("identity/passkey_new.html", vec![new]));
    samples
}
