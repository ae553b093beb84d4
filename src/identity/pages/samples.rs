//! One's own account and the ways to it, made up: for the tests of all pages.

use super::{Code, EnrolledPage, InvitationPage, MePage, others};
use crate::access::Basis;
use crate::context::Moment;
use crate::identity::model::{Enrolled, Me, PartyRef, PersonRef, SignInSummary};
use crate::identity::passkeys::{self, MyPasskey};
use crate::ids::{ActId, PartyId, PasskeyId, PersonId, SignInId};
use crate::server::page::{Sample, Shell, sample, with_problems};

const ID: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";
const OTHER: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b12";
const THEN: Moment = Moment(1_780_000_000_000_000);

fn me_page(shell: Shell, bare: bool) -> MePage {
    let act = || ActId::parse(ID).unwrap();
    let sign_in = |id: &str, this| SignInSummary {
        id: SignInId::parse(id).unwrap(),
        opened_at: THEN,
        refreshed_at: THEN.plus_seconds(60),
        expires_at: THEN.plus_seconds(36_000),
        second_factor: !bare,
        this,
    };
    let basis = Basis {
        role: "contact_point".to_owned(),
        standing: (!bare).then(|| "member".to_owned()),
        designation: act(),
        standing_act: (!bare).then(act),
        enrolment: act(),
    };
    let me = Me {
        person: PersonRef { id: PersonId::parse(ID).unwrap(), name: "Anna \"O'Neil\" <b>".to_owned() },
        party: PartyRef {
            id: PartyId::parse(ID).unwrap(),
            name: "France".to_owned(),
            code: "FR".to_owned(),
            kind: "state".to_owned(),
        },
        role: "contact_point".to_owned(),
        standing: (!bare).then(|| "member".to_owned()),
        second_factor: !bare,
        acts: vec![basis],
    };
    let passkey = |id, used_at| MyPasskey {
        id: PasskeyId::parse(id).unwrap(),
        name: "<b>Key</b> \"ring\"".to_owned(),
        made_at: THEN,
        used_at,
    };
    MePage {
        shell,
        me,
        sign_ins: vec![sign_in(ID, true), sign_in(OTHER, false)],
        passkeys: if bare { Vec::new() } else { vec![passkey(ID, None), passkey(OTHER, Some(THEN))] },
        takes_passkeys: !bare,
    }
}

/// Samples of every page of this slice.
pub(crate) fn samples(shell: &Shell) -> Vec<Sample> {
    let wrong =
        [("token", "no invitation that is open"), ("password", "too easy to guess"), ("_again", "not the same again")];
    let present = [("password", "not the present password"), ("new_password", "shorter than 15 characters")];
    let enrolled = Enrolled {
        email: "anna@justice.example".to_owned(),
        totp_secret: "JBSWY3DPEHPK3PXP".to_owned(),
        otpauth: "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP".to_owned(),
        recovery_codes: vec!["abcd-efgh".to_owned(), "ijkl-mnop".to_owned()],
        room_code: "icm_abc".to_owned(),
    };
    let code = Code::of(&enrolled.otpauth).unwrap();
    [
        sample(
            "identity/me.html",
            vec![
                me_page(shell.clone(), false),
                me_page(shell.clone(), true),
                me_page(with_problems(shell, &present, &[("password", "x")]), false),
            ],
        ),
        sample(
            "identity/invitation.html",
            vec![
                InvitationPage { shell: shell.clone() },
                InvitationPage { shell: with_problems(shell, &wrong, &[("token", "ici_\"<x>")]) },
            ],
        ),
        sample("identity/enrolled.html", vec![EnrolledPage { shell: shell.clone(), enrolled, code }]),
        passkeys::pages::samples(shell),
        others::samples(shell),
    ]
    .into_iter()
    .flatten()
    .collect()
}
