//! Things that many tests need, made by the Secretariat over the interface.

use incamera::ids::{RoomId, VisitId};
use serde_json::{Value, json};

use super::client::Client;
use super::tables::Tables;
use super::world::World;

/// The text of a member that is one.
#[track_caller]
pub fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no text {member} in {value}")).to_owned()
}

/// An ordinary meeting; answers its id.
pub fn meeting(world: &mut World, number: i64) -> String {
    let day = format!("20{:02}-05-04", 10 + number % 80);
    let body = json!({"kind": "ordinary", "number": number, "first_day": day, "last_day": day, "way": "in_person", "topics": ["A topic"], "source": "made for a test"});
    text(&world.client("sec").post("/api/v1/meetings", &body).expect(201), "id")
}

/// An ad hoc meeting; answers its id.
pub fn ad_hoc(world: &mut World, requested_by: Option<&str>) -> String {
    let party = requested_by.map(|key| world.party(key));
    let body = json!({"kind": "ad_hoc", "first_day": "2027-01-11", "last_day": "2027-01-12", "way": "video", "requested_by": party, "topics": ["Hidden topic"], "source": "made for a test"});
    text(&world.client("sec").post("/api/v1/meetings", &body).expect(201), "id")
}

/// A session of a meeting; answers what the interface answers.
pub fn session(world: &mut World, meeting: &str, kind: &str, title: &str, counterparts_of: &[&str]) -> Value {
    let mut body = json!({"kind": kind, "title": title});
    if !counterparts_of.is_empty() {
        body["admit_counterparts_of"] = counterparts_of.iter().map(|key| json!(world.party(key))).collect();
    }
    world.client("sec").post(&format!("/api/v1/meetings/{meeting}/sessions"), &body).expect(201)
}

/// Lets a party, or one person of it, take part; answers the act.
pub fn participation(world: &mut World, session: &str, party: &str, person: Option<&str>) -> String {
    let body = json!({"party": world.party(party), "person": person.map(|key| world.person(key)), "source": "made for a test"});
    text(&world.client("sec").post(&format!("/api/v1/sessions/{session}/participations"), &body).expect(201), "act")
}

/// A text document in a session; answers its id.
pub fn material(world: &mut World, session: &str, title: &str, words: &str) -> String {
    let title = percent_encoding::utf8_percent_encode(title, percent_encoding::NON_ALPHANUMERIC);
    let path = format!("/api/v1/sessions/{session}/materials?title={title}&file_name=paper.txt");
    let reply = world.client("sec").send("POST", &path, &[("content-type", "text/plain")], Some(words.as_bytes()));
    text(&reply.expect(201), "id")
}

/// A client of the person inside the room, in a visit that is open. The person must be admitted.
pub fn inside(world: &mut World, key: &str, room: &str) -> Client {
    let mut client = world.client(key);
    let ctx = world.server.ctx();
    let visit = VisitId::new(&ctx).unwrap();
    let room = RoomId::parse(room).unwrap();
    let all = client.get("/api/v1/me/sign-ins").expect(200);
    let sign_in = all["items"].as_array().unwrap().iter().find(|one| one["this"] == true).unwrap()["id"].clone();
    let (from, until) = (ctx.now.0, ctx.now.plus_seconds(3600).0);
    Tables::of(&world.server).execute(&format!(
        "INSERT INTO visits (id, room_id, person_id, sign_in_id, opened_us, expires_us) VALUES ('{visit}', '{room}', '{}', '{}', {from}, {until})",
        world.person(key),
        sign_in.as_str().unwrap()
    ));
    client.visit = Some(visit.to_string());
    client
}

/// Which field a problem report blames, if one.
pub fn blamed(problem: &Value) -> Vec<String> {
    problem["fields"].as_array().into_iter().flatten().map(|field| text(field, "field")).collect()
}
