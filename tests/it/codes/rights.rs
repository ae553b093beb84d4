//! What acts give.

use diesel::connection::SimpleConnection;
use incamera::access::acts::{self, ActKind, NewAct};
use incamera::audit::{self, Entry, Event};
use incamera::db::codes;
use incamera::ids::ActId;
use incamera::seal::RowCodes;
use serde_json::json;

use super::{FORGED, Hand, basis};
use crate::both;
use crate::support::World;

both!(a_forged_act_gives_nothing, |server| {
    let mut world = World::new(server);
    let [mut sec, mut aud, mut assoc, mut de] = ["sec", "aud", "assoc", "de"].map(|key| world.client(key));
    let id = |key: &str| world.person(key).to_string();
    let mut hand = Hand::on(&world);
    let (sec_act, aud_act) =
        (hand.act("designations", "person_id", &id("sec")), hand.act("designations", "person_id", &id("aud")));
    let de_act = hand.act("designations", "person_id", &id("de"));
    let enrolment = hand.act("enrolments", "person_id", &id("de"));
    let standing = hand.act("standings", "party_id", world.party("DE").as_str());
    let iiim = hand.act("standings", "party_id", world.party("iiim").as_str());
    let of = |act: &str| format!("act_id = '{act}'");

    // Each of these would give a right, or leave one as it is.
    hand.edit("designations", &of(&sec_act), &["role"], "role = 'auditor'", || assert_eq!(basis(&mut sec), 0));
    hand.edit("designations", &of(&aud_act), &["person_id"], &format!("person_id = '{}'", id("sec")), || {
        assert_eq!((basis(&mut sec), basis(&mut aud)), (1, 0));
    });
    hand.edit("standings", &of(&iiim), &["standing"], "standing = 'observer'", || assert_eq!(basis(&mut assoc), 0));
    for act in [&de_act, &enrolment, &standing] {
        let whose = format!("id = '{act}'");
        hand.edit("acts", &whose, &["effective_us"], "effective_us = effective_us - 1", || {
            assert_eq!(basis(&mut de), 0, "{act}");
        });
        hand.edit("acts", &whose, &["source"], "source = 'Another letter'", || assert_eq!(basis(&mut de), 0, "{act}"));
    }
    assert_eq!([&mut sec, &mut aud, &mut assoc, &mut de].map(basis), [1; 4], "put back, they are the server's own");

    // Put in by hand: without a code, and with that of another.
    hand.tables.execute(&format!(
        "INSERT INTO acts SELECT '{FORGED}', kind, NULL, effective_us, NULL, recorded_us, recorded_by, source FROM acts WHERE id = '{aud_act}'; \
         INSERT INTO designations SELECT '{FORGED}', party_id, '{}', role, function, stand_in_for FROM designations WHERE act_id = '{aud_act}'",
        id("sec")
    ));
    assert_eq!(basis(&mut sec), 1);
    hand.copy_code("designations", &aud_act, FORGED);
    assert_eq!(basis(&mut sec), 1);
    hand.tables.execute(&format!("DELETE FROM row_codes WHERE tbl = 'standings' AND key = '{standing}'"));
    assert_eq!(basis(&mut de), 0);
});

both!(what_was_ended_stays_ended_when_the_ending_is_taken_away, |server| {
    let mut world = World::new(server);
    let [mut no, mut se, mut fr] = ["no", "se", "fr"].map(|key| world.client(key));
    let mut hand = Hand::on(&world);
    let act = hand.act("designations", "person_id", world.person("no").as_str());
    let ended = ActId::parse(&act).unwrap();
    world.server.operate(move |work| acts::end(work, None, &ended, None, "made for a test").map(drop));
    assert_eq!(basis(&mut no), 0);
    let whose = format!("ends_act_id = '{act}'");
    let later = "effective_us = effective_us + 999999999999999";
    hand.edit("acts", &whose, &["effective_us"], later, || assert_eq!(basis(&mut no), 0));
    hand.tables.execute(&format!("DELETE FROM acts WHERE {whose}"));
    assert_eq!(basis(&mut no), 0);

    let person = world.person("se");
    world.server.operate(move |work| {
        let act = acts::record(work, None, &NewAct::now(ActKind::Suspension, "made for a test"))?;
        Ok(work.conn.batch_execute(&format!("INSERT INTO suspensions VALUES ('{act}', '{person}')"))?)
    });
    assert_eq!(basis(&mut se), 0);
    hand.tables.execute("DELETE FROM suspensions; DELETE FROM acts WHERE kind = 'suspension'");
    assert_eq!(basis(&mut se), 0);

    // Nor does a change of the server's own make good what was done to a row before.
    let act = hand.act("designations", "person_id", world.person("fr").as_str());
    let forged = ActId::parse(&act).unwrap();
    let function = "function = 'analyst'";
    hand.edit("designations", &format!("act_id = '{act}'"), &["function"], function, || {
        world.server.operate(move |work| {
            let next_year = work.now.plus_seconds(31_536_000);
            acts::end(work, None, &forged, Some(next_year), "made for a test").map(drop)
        });
        assert_eq!(basis(&mut fr), 0);
    });
});

both!(a_refused_row_is_told_of_once_and_named, |server| {
    let mut world = World::new(server);
    let mut sec = world.client("sec");
    let mut hand = Hand::on(&world);
    let act = hand.act("designations", "person_id", world.person("sec").as_str());
    let size = hand.tables.size();
    hand.tables.execute(&format!("UPDATE designations SET role = 'auditor' WHERE act_id = '{act}'"));
    let read = || {
        let logged = world.server.db.read(|work| {
            work.log(Entry::new(Event::OperatorActed));
            Ok(())
        });
        actix_web::rt::System::new().block_on(logged).unwrap();
    };
    // That it was changed is told of with these.
    (0..3).for_each(|_| read());
    for _ in 0..3 {
        assert_eq!(basis(&mut sec), 0);
    }
    // That it was refused, with whatever comes next, and be that a read.
    read();
    let entries = hand.tables.entries(size);
    let refused: Vec<_> = entries.iter().filter(|entry| entry["event"] == "row_refused").collect();
    assert_eq!(refused.len(), 1, "{entries:?}");
    assert_eq!(refused[0]["thing"], json!({"kind": "row", "id": format!("designations/{act}/")}));
    let codes = RowCodes::open(&world.server.settings).unwrap();
    let found = codes::verify(hand.tables.conn(), &codes).unwrap();
    assert_eq!(found, [format!("designations {act}: this row has not its authentication code")]);
    assert!(audit::verify_rows(hand.tables.conn(), &mut |_| {}).unwrap().iter().any(|one| one.contains(&act)));
    // Another right stays what it is.
    let mut sec2 = world.client("sec2");
    assert_eq!(basis(&mut sec2), 1);
});
