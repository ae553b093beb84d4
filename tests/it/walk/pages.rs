//! The requests of pages. A page that has a twin among the routes for programs (`page_` and the twin's name)
//! is asked for the same things, with a form that stands for the same JSON: nothing is said of it here.

use incamera::app;
use incamera::server::{Route, Takes};

use super::passkeys;
use super::principals::Principal;
use super::requests::{self, Made};
use super::stage::Stage;
use crate::support::browser::{Form, form, form_of};
use crate::support::made::text;
use crate::support::scene::note;

/// Pages without a twin, and the route for programs whose things they are about: forms to be filled in, and
/// looks at what was typed.
const LIKE: &[(&str, &str)] = &[
    ("page_new_note", "write_note"),
    ("page_preview_note", "write_note"),
    ("page_edit_note", "revise_note"),
    ("page_preview_revision", "revise_note"),
    ("page_note_changes", "get_note"),
    ("page_new_case", "open_case"),
    ("page_edit_case", "revise_case"),
    ("page_new_request", "send_request"),
    ("page_new_reply", "reply_to_request"),
    ("page_ask_to_end_participation", "end_participation"),
    ("page_before_off_boarding", "off_board"),
    ("page_change_closed_agenda", "change_agenda"),
    ("page_edit_agenda", "change_agenda"),
    ("page_edit_closed_agenda", "change_agenda"),
    ("page_edit_conclusions", "draft_conclusions"),
    ("page_edit_meeting", "change_meeting"),
    ("page_entries_table", "list_entries"),
    ("page_explain_note", "get_note"),
    ("page_export_meetings", "list_meetings"),
    ("page_get_closed_session", "get_session"),
    ("page_new_designation", "designate"),
    ("page_new_election", "elect"),
    ("page_new_ending", "end_act"),
    ("page_new_invitation", "invite"),
    ("page_new_meeting", "convene_meeting"),
    ("page_new_name", "name_party"),
    ("page_new_party", "record_party"),
    ("page_new_person", "record_person"),
    ("page_new_proposal", "propose"),
    ("page_new_publication", "record_publication"),
    ("page_new_session", "add_session"),
    ("page_new_standing", "give_standing"),
    ("page_new_suspension", "suspend"),
    ("page_order_agenda", "change_agenda"),
    ("page_order_closed_agenda", "change_agenda"),
    ("page_parties_table", "list_parties"),
    ("page_people_table", "list_people"),
    ("page_report_receipts", "get_report"),
    ("page_report_table", "get_report"),
];

/// What is closed has pages of its own, inside its room: the ways in which the others are asked.
pub fn variants(route: &Route) -> Option<&'static [&'static str]> {
    match route.name {
        "page_change_agenda" | "page_edit_agenda" | "page_order_agenda" => Some(&["open", "breakout"]),
        name if name.ends_with("_closed_agenda") || name == "page_get_closed_session" => Some(&["closed"]),
        _ => None,
    }
}

/// Pages about nothing in particular that are only looked at.
const PLAIN: &[&str] = &["page_log_in", "page_invitation", "page_start"];

/// The name of the route for programs that a page is like, if it is like one.
pub fn like(route: &Route) -> Option<&'static str> {
    let named = LIKE.iter().find(|(page, _)| *page == route.name).map(|(_, like)| *like);
    named.or_else(|| route.name.strip_prefix("page_").filter(|_| route.is_page()))
}

/// What only the page's form has.
fn own_fields(route: &Route, form: &mut Form) {
    let again = match route.name {
        "page_order_agenda" | "page_order_closed_agenda" => {
            form.push(("_move".into(), "add-0".into()));
            return;
        }
        "page_accept_invitation" => "password",
        "page_change_password" => "new_password",
        _ => return,
    };
    let same = form.iter().find(|(name, _)| name == again).unwrap().1.clone();
    form.push(("_again".into(), same));
}

/// The values of the names in `template` as `path` has them.
fn places<'p>(template: &'p str, path: &'p str) -> Vec<(&'p str, &'p str)> {
    let path = path.split('?').next().unwrap();
    template.split('/').zip(path.split('/')).filter(|(name, _)| name.starts_with('{')).collect()
}

/// The page's path about what the path of the route that it is like is about.
fn moved(route: &Route, template: &str, path: &str) -> String {
    let mut moved = route.path.to_owned();
    for (name, value) in places(template, path) {
        moved = moved.replace(name, value);
    }
    match (path.split_once('?'), route.takes) {
        (Some((_, query)), Takes::Query(_)) => format!("{moved}?{query}"),
        _ => moved,
    }
}

/// The request of a page.
pub fn build(stage: &mut Stage, route: &Route, variant: &str, principal: &Principal) -> Made {
    let twin = like(route).and_then(|name| {
        app::routes(&stage.world.server.identity).into_iter().find(|one| !one.is_page() && one.name == name)
    });
    let Some(twin) = twin else { return without_twin(stage, route, principal) };
    let mut made = requests::build(stage, &twin, variant, principal);
    let path = made.path.take().unwrap_or_else(|| twin.path.to_owned());
    let mut path = moved(route, twin.path, &path);
    if let Some(room) = &made.room {
        path = path.replace("{room}", room.as_str());
    }
    if route.name == "page_report_receipts" {
        // Of what nothing was signed for yet there are no receipts.
        path.push_str("?until=2001-12-31");
    }
    made.path = Some(path);
    made.event = None;
    if route.name == "page_note_changes" {
        with_two_versions(stage, &mut made);
    }
    let body = made.json.take();
    let based_on = made.headers.iter().find(|(name, _)| *name == "if-match").map(|(_, tag)| tag.replace('"', ""));
    made.headers.clear();
    if let Some(bytes) = made.bytes.take() {
        made.form = Some(based_on.map_or_else(|| form(&[("title", "A")]), |version| form(&[("_based_on", &version)])));
        made.file = Some(("a.txt".to_owned(), bytes));
    } else if let Takes::Form(_) = route.takes {
        let mut form = body.map(|body| form_of(&body)).unwrap_or_default();
        form.extend(based_on.map(|version| ("_based_on".to_owned(), version)));
        own_fields(route, &mut form);
        made.form = Some(form);
    }
    made
}

/// The note of the path has a second version, which the path names.
fn with_two_versions(stage: &mut Stage, made: &mut Made) {
    let path = made.path.take().unwrap().replace("{version}", "2");
    let note_path = format!("/api/v1{}", path.split("/versions").next().unwrap());
    let room = made.room.clone().unwrap();
    let mut fr = stage.insider(&room);
    let newest = fr.get(&note_path).expect(200)["version"].as_i64().unwrap();
    if newest < 2 {
        text(&fr.put(&note_path, newest, &note("A note", "what else it says")).expect(200), "id");
    }
    made.path = Some(path);
}

fn without_twin(stage: &mut Stage, route: &Route, principal: &Principal) -> Made {
    match route.name {
        name if PLAIN.contains(&name) => Made::default(),
        "asset" => {
            let mut client = stage.world.server.client();
            let page = client.look("/log-in", &[]).text();
            let style = page.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".css"));
            Made { path: Some(style.unwrap().to_owned()), ..Made::default() }
        }
        "page_choices" => {
            let chosen = form(&[("language", "en"), ("zone", "Europe/Paris"), ("next", "/log-in")]);
            Made { form: Some(chosen), ..Made::default() }
        }
        name if name.ends_with("_passkey") => passkeys::build(stage, route, principal),
        name => panic!(
            "the walk knows no request for the new page {name}: say in LIKE of tests/it/walk/pages.rs which route for programs it is like"
        ),
    }
}

/// Paths and rights of a page follow from its twin's. Those whose paths do not, since browsers' readers are
/// not programs.
const PATHS_OF_THEIR_OWN: &[&str] =
    &["page_sign_in", "page_accept_invitation", "page_sign_out", "page_reply_to_request"];

#[test]
fn pages_follow_from_their_twins() {
    let server = crate::support::TestServer::start(crate::support::database::Kind::Sqlite);
    let routes = app::routes(&server.identity);
    let mut twins = 0;
    for route in routes.iter().filter(|route| route.is_page()) {
        assert!(
            route.method == "GET" || route.method == "POST",
            "{}: browsers cannot send {}",
            route.name,
            route.method
        );
        let form = route.takes.is_form();
        assert_eq!(route.method == "POST", form, "{}: what is posted is a form", route.name);
        let Some(twin) = route.name.strip_prefix("page_").and_then(|name| routes.iter().find(|one| one.name == name))
        else {
            continue;
        };
        twins += 1;
        assert_eq!(route.access, twin.access, "{}: it asks the rules what its twin asks", route.name);
        if PATHS_OF_THEIR_OWN.contains(&route.name) {
            continue;
        }
        let path = twin.path.strip_prefix("/api/v1").unwrap();
        let posted = routes.iter().any(|one| one.path == twin.path && one.method == "POST");
        let path = match twin.method.as_str() {
            "GET" => path.to_owned(),
            "DELETE" => format!("{path}/ending"),
            "PUT" if posted => format!("{path}/revision"),
            _ => path.to_owned(),
        };
        assert_eq!(route.path, path, "{}", route.name);
    }
    assert!(twins >= 15, "{twins}");
    for (page, like) in LIKE {
        assert!(routes.iter().any(|route| route.name == *page), "there is no page {page}");
        assert!(routes.iter().any(|route| route.name == *like), "there is no route {like}");
    }
}
