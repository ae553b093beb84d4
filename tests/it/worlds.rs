//! Two worlds: the same script of requests, by everyone who may not know, to two servers of which one also
//! holds what is hidden. Every answer must be the same, byte for byte, but for clocks and random ids.
//!
//! That the script would find a leak is itself tested: asked by those who may know, it finds differences on
//! every route by which anything hidden could be told.

mod common;
mod pair;
mod plain;
mod script;
mod secrets;

use pair::{Pair, Side};
use script::Extent;
use secrets::{Known, Secrets};

use crate::support::TestServer;
use crate::support::database::Kind;

/// A request that takes long in a debug build must not outlive the log-in.
const SETTINGS: [(&str, &str); 1] = [("INCAMERA_IDENTITY__ACCESS_SECONDS", "900")];

fn pair(kind: Kind, known: Known) -> Pair {
    let mut sides = [(); 2].map(|()| common::network(TestServer::start_with(kind, &SETTINGS)));
    let mut secrets = Secrets::new(known);
    secrets.prepare(&mut sides);
    Pair::new(sides, secrets)
}

fn seat(pair: &mut Pair, role: &'static str) {
    pair.seat(role, |side: &mut Side| match role {
        "anonymous" => side.world.server.client(),
        "bare" => side.world.client_without_second_factor("se"),
        "locked" => {
            let mut client = side.world.client("se");
            client.unlock = None;
            client
        }
        other => side.world.client(other),
    });
}

/// Goes through the script; answers what differed.
fn play(pair: &mut Pair, roles: &[&'static str], extent: Extent, still: bool) {
    for role in roles {
        seat(pair, role);
        script::look(pair, role, extent);
    }
    let Pair { sides, secrets, .. } = pair;
    secrets.hide(&mut sides[1]);
    secrets.still = still;
    for role in roles {
        script::look(pair, role, extent);
        script::guess(pair, role, extent);
    }
    script::goes_on(pair, 1);
    for (at, role) in roles.iter().enumerate() {
        script::reach(pair, role, Extent { odd: at == 0, ..extent });
    }
    script::goes_on(pair, 2);
    for role in roles {
        script::look(pair, role, extent);
        script::leave(pair, role);
    }
}

fn nothing_is_told(kind: Kind, roles: &[&'static str], known: Known, log_apart: bool) {
    let begun = std::time::Instant::now();
    let mut pair = pair(kind, known);
    play(&mut pair, roles, Extent { log_apart, odd: true, full: kind == Kind::Sqlite }, false);
    for role in roles {
        match *role {
            "anonymous" | "aud" => {}
            "bare" | "locked" => pair.compare_logs(role, "se"),
            role => pair.compare_logs(role, role),
        }
    }
    println!("{} requests in {:?}", pair.requests, begun.elapsed());
    pair.must_be_alike();
    for role in roles {
        assert_eq!(pair.not_asked(role), [""; 0], "{role}: routes that the script does not ask");
    }
}

macro_rules! on_both {
    ($name:ident, $roles:expr, on PostgreSQL: $fewer:expr, $known:expr, log apart: $log_apart:expr) => {
        mod $name {
            use super::*;
            #[test]
            fn sqlite() {
                nothing_is_told(Kind::Sqlite, $roles, $known, $log_apart);
            }
            #[test]
            fn postgres() {
                nothing_is_told(Kind::Postgres, $fewer, $known, $log_apart);
            }
        }
    };
}

const NOTHING: Known = Known { case: false, meeting: false, second: false, first: false, people: false };

// PostgreSQL answers the same queries: there those are left out whom the rules treat like another.
on_both!(
    those_outside_are_told_nothing,
    &["anonymous", "ej", "assoc", "guest", "no", "ua"],
    on PostgreSQL: &["anonymous", "ej", "guest", "no", "ua"],
    NOTHING,
    log apart: false
);
on_both!(
    another_states_contact_point_is_told_nothing,
    &["se", "bare", "locked"],
    on PostgreSQL: &["se"],
    Known { first: true, ..NOTHING },
    log apart: false
);
on_both!(
    a_colleague_is_told_nothing,
    &["fr2"],
    on PostgreSQL: &["fr2"],
    Known { case: true, first: true, ..NOTHING },
    log apart: true
);
on_both!(
    the_secretariat_is_told_nothing,
    &["sec"],
    on PostgreSQL: &["sec"],
    Known { meeting: true, second: true, people: true, ..NOTHING },
    log apart: false
);
on_both!(
    the_auditor_is_told_nothing,
    &["aud"],
    on PostgreSQL: &["aud"],
    Known { meeting: true, people: true, ..NOTHING },
    log apart: true
);

/// The routes by which nothing that is hidden here could be told to anybody: they do not differ even for
/// those who know.
const DULL: [&str; 30] = [
    "healthz",
    "readyz",
    "sign_in",
    "refresh",
    "accept_invitation",
    "sign_out",
    "me",
    "change_password",
    "list_my_sign_ins",
    "end_my_sign_ins",
    "end_my_sign_in",
    "list_parties",
    "get_party",
    "record_party",
    "name_party",
    "give_standing",
    "record_person",
    "propose",
    "convene_meeting",
    "send_request",
    "open_case",
    "list_publications",
    "get_publication",
    "record_publication",
    "get_log_state",
    "get_checkpoint",
    "list_witnesses",
    "get_tile",
    "get_receipt",
    "openapi",
];

#[test]
fn those_who_know_are_told_on_every_route() {
    let mut pair = pair(Kind::Sqlite, NOTHING);
    play(&mut pair, &["fr", "sec"], Extent { full: true, ..Extent::default() }, true);
    let found = pair.differing();
    let silent: Vec<&str> = pair.routes().iter().map(|route| route.name).filter(|name| !found.contains(name)).collect();
    assert_eq!(silent, DULL);
    // A page whose twin can tell tells too.
    let told: Vec<&str> = pair.routes().iter().map(|route| route.name).filter(|name| !DULL.contains(name)).collect();
    let pages = pair.looks();
    let silent: Vec<&str> = pages
        .iter()
        .map(|page| page.name)
        .filter(|name| told.contains(&name.trim_start_matches("page_")) && !found.contains(name))
        .collect();
    assert_eq!(silent, [""; 0], "pages");
    assert!(!pair.secrets.told.is_empty(), "the words of what is hidden are looked for");
}

/// One step of an unprivileged role's script, answered by somebody who is admitted.
#[test]
fn a_single_wrong_answer_is_found() {
    let mut pair = pair(Kind::Sqlite, NOTHING);
    for role in ["se", "fr"] {
        seat(&mut pair, role);
    }
    let Pair { sides, secrets, .. } = &mut pair;
    secrets.hide(&mut sides[1]);
    pair.get("se", "/api/v1/cases");
    pair.must_be_alike();
    pair.usurp("se", "fr");
    pair.get("se", "/api/v1/cases");
    assert_eq!(pair.differing().into_iter().collect::<Vec<_>>(), ["list_cases", "page_list_cases"]);
    assert!(!pair.secrets.told.is_empty());
}
