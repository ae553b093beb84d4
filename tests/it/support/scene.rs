//! A meeting with an open and a closed session, and people inside the closed one's room.

use incamera::ids::{MeetingId, RoomId, SessionId};
use incamera::meetings::import::{
    RecordedMeeting, ensure_closed_session, ensure_material, ensure_meeting, ensure_session,
};
use incamera::meetings::model::{MediaType, MeetingKind, SessionKind, Way};
use serde_json::{Value, json};

use super::client::Client;
use super::world::World;

/// An ordinary meeting: an open session with a document, and a closed one that admits the contact points
/// of the member States and the counterparts of UA, but not those of NO.
pub struct Scene {
    pub meeting: MeetingId,
    pub open: SessionId,
    pub closed: SessionId,
    pub room: RoomId,
    pub material: String,
}

/// Makes the scene as the operator would, among people who all have accounts, and so the room's key.
pub fn scene(world: &mut World) -> Scene {
    world.enrol_all();
    bare_scene(world)
}

/// As [`scene`]; whoever has no account yet has no key either.
pub fn bare_scene(world: &World) -> Scene {
    let ua = world.party("UA");
    world.server.operate(move |work| {
        let meeting = ensure_meeting(
            work,
            &RecordedMeeting {
                kind: MeetingKind::Ordinary,
                number: Some(1),
                first_day: "2026-03-11",
                last_day: "2026-03-12",
                way: Way::Hybrid,
                place: Some("The Hague"),
                presidency: None,
                requested_by: None,
                topics: &["starvation as a method of warfare".to_owned()],
                source: "made for a test",
            },
        )?;
        let open = ensure_session(work, &meeting, SessionKind::Open, "Open session")?;
        let material = ensure_material(work, &open, "Programme", "programme.txt", MediaType::Text, b"09:00 welcome\n")?;
        let (closed, room) = ensure_closed_session(work, &meeting, "Pending arrests", &[ua])?;
        Ok(Scene { meeting, open, closed, room, material: material.to_string() })
    })
}

/// The person's client, in a visit to the room.
pub fn inside(world: &mut World, key: &str, room: &RoomId) -> Client {
    let mut client = world.client(key);
    visit(&mut client, room);
    client
}

/// Opens a visit for whoever the client speaks for.
pub fn visit(client: &mut Client, room: &RoomId) {
    let visit = client.post(&format!("/api/v1/rooms/{room}/visits"), &json!({"purpose": "a test of the rooms"}));
    client.visit = visit.expect(201)["visit"].as_str().map(ToOwned::to_owned);
}

/// A note to be written.
pub fn note(title: &str, text: &str) -> Value {
    json!({"title": title, "text": text, "handling": ["H0"]})
}

/// A fiche to be opened.
pub fn fiche(title: &str) -> Value {
    json!({
        "title": title,
        "authority": "National office for war crimes",
        "situation": "a situation",
        "crimes": ["war_crimes"],
        "stage": "investigation",
    })
}
