//! Where requests come from. A form does something only when a page of ours sent it, for the log-in whose
//! cookies come along; programs' tokens do nothing for pages, and browsers' cookies nothing for programs.

use incamera::app;
use incamera::server::{Access, Route, Takes};
use serde_json::json;

use super::principals::{PRINCIPALS, Principal};
use super::requests::{self, Request};
use super::stage::Stage;
use super::{Verdict, expected};
use crate::pages::page_of;
use crate::support::browser::{Form, OURS, URLENCODED, form_token};
use crate::support::database::Kind;
use crate::support::made::text;
use crate::support::{Client, Tables, TestServer};

const NOWHERE: &str = "00000000-0000-4000-8000-00000000dead";

fn principal(name: &str) -> &'static Principal {
    PRINCIPALS.iter().find(|one| one.name == name).unwrap()
}

/// Somebody who may, and what is asked.
fn good(stage: &mut Stage, route: &Route) -> (Client, Request) {
    let variant = requests::variants(route)[0];
    if !route.access.needs_token() {
        // What is brought stands in the form; whoever is logged in may bring it all the same.
        let request = requests::request(stage, route, variant, principal("anonymous"));
        return (stage.client(principal("fr"), None).0, request);
    }
    for name in ["fr", "sec", "se", "aud"] {
        let request = requests::request(stage, route, variant, principal(name));
        let (client, visit) = stage.client(principal(name), request.room.as_ref());
        if expected(stage, principal(name), route, &request, visit.as_deref()) == Verdict::Done {
            return (client, request);
        }
    }
    panic!("nobody may do {}", route.name)
}

#[test]
fn only_a_form_of_ours_does_anything() {
    let mut stage = Stage::set(TestServer::start(Kind::Sqlite));
    let mut tables = Tables::of(&stage.world.server);
    let origin = stage.world.server.settings.server.origin.clone();
    let other = form_token(&text(&stage.world.log_in("fr"), "unlock"));
    let mut tried = 0;
    for route in app::routes(&stage.world.server.identity) {
        if !route.takes.is_form() {
            continue;
        }
        let (mut client, request) = good(&mut stage, &route);
        let form = request.form.unwrap();
        let with = |token: Option<&str>| -> Form {
            let token = token.map(|token| ("_token".to_owned(), token.to_owned()));
            form.iter().cloned().chain(token).collect()
        };
        let token = client.form_token().unwrap();
        let (right, wrong) = (with(Some(&token)), "A".repeat(token.len()));
        let (before, size) = (tables.changes(), tables.size());
        type Attack<'a> = (&'a str, Form, &'a [(&'a str, &'a str)]);
        let attacks: &[Attack<'_>] = &[
            ("no token", with(None), &[OURS]),
            ("an empty token", with(Some("")), &[OURS]),
            ("a wrong token", with(Some(&wrong)), &[OURS]),
            ("another log-in's token", with(Some(&other)), &[OURS]),
            ("from another site", right.clone(), &[("sec-fetch-site", "cross-site")]),
            ("from a neighbour", right.clone(), &[("sec-fetch-site", "same-site")]),
            ("from nowhere", right.clone(), &[("sec-fetch-site", "none")]),
            ("from another site, as ours", right.clone(), &[("sec-fetch-site", "cross-site"), ("origin", &origin)]),
            ("by an old browser from elsewhere", right.clone(), &[("origin", "https://evil.example")]),
            ("by an old browser from nowhere", right.clone(), &[("origin", "null")]),
            ("without a word", right.clone(), &[]),
        ];
        for (what, form, headers) in attacks {
            let reply = client.submit_bare(&request.path, form, headers);
            let page = page_of(&reply);
            assert_eq!((reply.status, page.as_deref()), (403, Some("form-not-ours")), "{}, {what}", route.name);
            assert!(reply.cookies.is_empty(), "{}, {what}", route.name);
            tried += 1;
        }
        assert_eq!(tables.changes(), before, "{}: refused, and yet something changed", route.name);
        assert_eq!(tables.size(), size, "{}: refused, and yet something was logged", route.name);
        // An old browser says where the page was; and the form does what it is for.
        let reply = client.submit_bare_with(&request.path, &right, request.file.as_ref(), &[("origin", &origin)]);
        assert!(matches!(reply.status, 200 | 303), "{}: {} {}", route.name, reply.status, reply.text());
        if request.ends_log_in {
            stage.forget(principal("fr"));
        }
    }
    assert!(tried > 100, "{tried}");
}

/// The path with something in each place that is nowhere.
fn nowhere(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| if part.starts_with('{') { NOWHERE } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn programs_and_browsers_are_known_by_different_things() {
    let mut stage = Stage::set(TestServer::start(Kind::Sqlite));
    let mut tables = Tables::of(&stage.world.server);
    let room = stage.scene.room.clone();
    let client = stage.insider(&room);
    let (token, unlock, visit) =
        (client.token.clone().unwrap(), client.unlock.clone().unwrap(), client.visit.clone().unwrap());
    let (bearer, cookies) = (format!("Bearer {token}"), client.cookies());
    let mut stranger = client.anew();
    let (before, size) = (tables.changes(), tables.size());
    let mut asked = 0;
    for route in app::routes(&stage.world.server.identity) {
        let (method, path) = (route.method.as_str(), nowhere(&route));
        let body = json!({}).to_string();
        let body = match route.takes {
            Takes::Json(_) | Takes::Bytes(_) | Takes::File => Some(body.as_bytes()),
            Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_) => Some(b"".as_slice()),
            Takes::Nothing | Takes::Query(_) => None,
        };
        let good: Vec<(&str, &str)> = if route.is_page() {
            vec![OURS, URLENCODED, ("authorization", &bearer), ("incamera-unlock", &unlock), ("incamera-visit", &visit)]
        } else {
            vec![("content-type", "application/json"), ("cookie", &cookies), OURS]
        };
        let reply = stranger.send_bare(method, &path, &good, body);
        if route.access.needs_token() {
            assert_eq!(reply.status, 401, "{}: {}", route.name, reply.text());
            if route.is_page() {
                assert_eq!(page_of(&reply).as_deref(), Some("sign-in-needed"), "{}", route.name);
            }
            asked += 1;
        } else if method == "GET" {
            // What is no good for the one is not even looked at by the other.
            let bad =
                if route.is_page() { ("authorization", "Bearer nonsense") } else { ("cookie", "__Host-incamera=x") };
            let reply = stranger.send_bare(method, &path, &[bad], body);
            assert_ne!(reply.status, 401, "{}", route.name);
        }
        assert!(reply.cookies.is_empty() || route.access == Access::OwnCredential, "{}", route.name);
    }
    assert!(asked > 60, "{asked}");
    assert_eq!(tables.changes(), before);
    assert_eq!(tables.size(), size);
}
