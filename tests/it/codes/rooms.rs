//! Admissions and releases.

use incamera::access::acts;
use incamera::ids::ActId;
use incamera::network::import::ensure_designation;
use incamera::network::model::Role;
use serde_json::json;

use super::{FORGED, Hand, basis};
use crate::both;
use crate::support::World;
use crate::support::made::text;
use crate::support::scene::{inside, note, scene, visit};

both!(a_forged_admission_opens_nothing, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let mut fr = inside(&mut world, "fr", &scene.room);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let written = text(&fr.post(&notes, &note("A", "one")).expect(201), "id");
    let mut no = world.client("no");
    let mut hand = Hand::on(&world);
    let whose = format!("room_id = '{}' AND person_id = '{}'", scene.room, world.person("fr"));
    let act = hand.tables.words(&format!("SELECT act_id AS word FROM admissions WHERE {whose}")).pop().unwrap();
    let meeting = format!("/api/v1/meetings/{}", scene.meeting);
    let room = format!("/api/v1/rooms/{}", scene.room);
    let before = (no.get(&meeting).expect(200), no.get("/api/v1/cases").expect(200));
    hand.tables.execute(&format!(
        "INSERT INTO acts SELECT '{FORGED}', kind, NULL, effective_us, NULL, recorded_us, recorded_by, source FROM acts WHERE id = '{act}'; \
         INSERT INTO admissions VALUES ('{FORGED}', '{}', '{}', 'whole')",
        scene.room,
        world.person("no")
    ));
    for _ in 0..2 {
        let visit = json!({"purpose": "a test of the rooms"});
        assert_eq!(no.get(&room).status, 404);
        assert_eq!(no.post(&format!("{room}/visits"), &visit).status, 404);
        assert_eq!(no.get(&notes).status, 404);
        assert_eq!(no.get(&format!("{notes}/{written}")).status, 404);
        assert_eq!((no.get(&meeting).expect(200), no.get("/api/v1/cases").expect(200)), before, "and it is in no list");
        // The second time with the code of another's admission.
        if hand.tables.number(&format!("SELECT COUNT(*) AS number FROM row_codes WHERE key = '{FORGED}'")) == 0 {
            hand.copy_code("admissions", &act, FORGED);
        }
    }
    let person = format!("person_id = '{}'", world.person("no"));
    hand.edit("admissions", &format!("act_id = '{act}'"), &["person_id"], &person, || {
        assert_eq!((no.get(&room).status, fr.get(&notes).status), (404, 404));
    });
    fr.get(&notes).expect(200);
});

both!(a_forged_designation_revives_no_admission, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let mut de = inside(&mut world, "de", &scene.room);
    let room = format!("/api/v1/rooms/{}", scene.room);
    de.get(&room).expect(200);
    let mut hand = Hand::on(&world);
    let act = hand.act("designations", "person_id", world.person("de").as_str());
    let (ended, person) = (ActId::parse(&act).unwrap(), world.person("de"));
    world.server.operate(move |work| acts::end(work, None, &ended, None, "made for a test").map(drop));
    world.server.operate(move |work| {
        let now = work.now;
        ensure_designation(work, &person, Role::ContactPoint, None, now, "made for a test")
    });
    assert_eq!((basis(&mut de), de.get(&room).status), (1, 404), "who comes back is admitted anew");
    hand.tables.execute(&format!(
        "INSERT INTO acts SELECT '{FORGED}', kind, NULL, effective_us, NULL, recorded_us, recorded_by, source FROM acts WHERE id = '{act}'; \
         INSERT INTO designations SELECT '{FORGED}', party_id, person_id, role, function, stand_in_for FROM designations WHERE act_id = '{act}'"
    ));
    assert_eq!((basis(&mut de), de.get(&room).status), (1, 404));
});

both!(a_forged_release_shows_nothing, |server| {
    let mut world = World::new(server);
    let scene = scene(&mut world);
    let notes = format!("/api/v1/rooms/{}/notes", scene.room);
    let (mut fr, mut ua) = (inside(&mut world, "fr", &scene.room), inside(&mut world, "ua", &scene.room));
    let kept = text(&fr.post(&notes, &note("Kept", "kept")).expect(201), "id");
    let shown = text(&fr.post(&notes, &note("Shown", "first words")).expect(201), "id");
    let path = format!("{notes}/{shown}");
    fr.post(&format!("{path}/releases"), &json!({"party": world.party("UA")})).expect(201);
    fr.put(&path, 1, &note("Shown", "second words")).expect(200);
    let before = (ua.get(&notes).expect(200), ua.get(&path).expect(200));
    assert_eq!(before.1["text"], "first words");
    let mut hand = Hand::on(&world);
    let act = hand.tables.words("SELECT act_id AS word FROM releases").pop().unwrap();
    let second = "4e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b12";
    for (id, note, version) in [(FORGED, &kept, 1), (second, &shown, 2)] {
        hand.tables.execute(&format!(
            "INSERT INTO acts SELECT '{id}', kind, NULL, effective_us, NULL, recorded_us, recorded_by, source FROM acts WHERE id = '{act}'; \
             INSERT INTO releases VALUES ('{id}', '{note}', {version}, NULL, '{}')",
            world.party("UA")
        ));
    }
    assert_eq!((ua.get(&notes).expect(200), ua.get(&path).expect(200)), before);
    assert_eq!(ua.get(&format!("{notes}/{kept}")).status, 404);
    assert_eq!(ua.get(&format!("{path}?version=2")).status, 404);
    visit(&mut ua, &scene.room);
});
