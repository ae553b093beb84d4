//! Requests about case files, and about requests between States.

use incamera::ids::RoomId;
use incamera::server::Route;
use serde_json::{Value, json};

use super::principals::Principal;
use super::requests::{Made, unknown};
use super::stage::Stage;
use crate::support::Tables;
use crate::support::made::text;
use crate::support::scene::fiche;

/// What DE sends to FR and UA; `fr` and `ua` alone are let in beside its author.
pub fn sent(stage: &mut Stage) -> Value {
    let mut de = stage.own("de");
    let world = &stage.world;
    let body = json!({"kind": "request", "to": [world.party("FR"), world.party("UA")], "title": "A request", "text": "x",
        "people": [world.person("fr"), world.person("ua")], "handling": ["H0"], "due": "2031-01-15"});
    de.post("/api/v1/requests", &body).expect(201)
}

/// About a request: those that change it, about a new one each time.
pub fn requests(stage: &mut Stage, route: &Route, principal: &Principal) -> Made {
    match route.name {
        "list_requests" => return Made::default(),
        "send_request" => {
            // Not to one's own State.
            let other = if principal.person == Some("se") { "DE" } else { "SE" };
            return Made::default()
                .json(json!({"kind": "spontaneous", "to": [stage.world.party(other)], "title": "One more",
                "text": "x", "handling": ["H1"]}));
        }
        _ => {}
    }
    let request = sent(stage);
    let (id, room) = (text(&request, "id"), RoomId::parse(&text(&request, "room")).unwrap());
    let path = format!("/api/v1/requests/{id}");
    match route.name {
        "get_request" => Made::at(path, &id),
        "acknowledge_request" => Made::at(format!("{path}/receipt"), &id),
        "reply_to_request" => Made::at(format!("{path}/reply"), &id)
            .json(json!({"kind": "refusal", "ground": "national_law", "title": "A reply", "text": "x", "handling": ["H1"]}))
            .inside(&room),
        _ => unknown(route),
    }
}

/// About a case file.
pub fn cases(stage: &mut Stage, route: &Route) -> Made {
    match route.name {
        "list_cases" => Made::default(),
        "open_case" => Made::default().json(json!({"fiche": fiche("One more")})),
        "get_case" => Made::at(format!("/api/v1/cases/{}", stage.case), &stage.case),
        "revise_case" => {
            let query = format!(
                "SELECT CAST(MAX(version) AS TEXT) AS word FROM case_versions WHERE case_id = '{}'",
                stage.case
            );
            let version = Tables::of(&stage.world.server).words(&query).pop().unwrap();
            Made::at(format!("/api/v1/cases/{}", stage.case), &stage.case)
                .json(json!({"fiche": fiche("Once more")}))
                .based_on(&version)
        }
        _ => {
            let room = stage.case_room.clone();
            let mut fr = stage.insider(&room);
            let case = text(&fr.post("/api/v1/cases", &json!({"fiche": fiche("To be released")})).expect(201), "id");
            let path = format!("/api/v1/cases/{case}");
            match route.name {
                "release_case" => Made::at(format!("{path}/releases"), &case).json(json!({"to": "contact_points"})),
                "end_case_release" => {
                    let body = json!({"to": "state", "party": stage.world.party("SE")});
                    let made = fr.post(&format!("{path}/releases"), &body).expect(201);
                    Made::at(format!("{path}/releases/{}", text(&made, "act")), &case)
                }
                "link_case" => {
                    Made::at(format!("{path}/meetings"), &case).json(json!({"meeting": stage.scene.meeting}))
                }
                _ => unknown(route),
            }
        }
    }
}
