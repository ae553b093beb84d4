//! Recovery of rooms by officers: what they can open, and all that they cannot.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use incamera::ids::RoomId;
use incamera::network::model::Role;
use incamera::rooms::keys::recovery::deliver;
use incamera::seal::recovery::ceremony::Reply;
use serde_json::{Value, json};

use crate::both;
use crate::codes::keys::command;
use crate::keys::{epochs, holders, new_means};
use crate::support::made::text;
use crate::support::process::incamera;
use crate::support::scene::{Scene, bare_scene, fiche, inside, note, visit};
use crate::support::tables::Tables;
use crate::support::{Client, TestServer, World};

mod choosing;

/// What is said of a command that did what it should, or why it did not.
fn said(output: &std::process::Output) -> Result<String, String> {
    let words = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    if output.status.success() { Ok(words(&output.stdout)) } else { Err(words(&output.stderr)) }
}

/// A recovery key that takes two of three shares, and the folder where its officers work: no server is there.
struct Officers {
    folder: tempfile::TempDir,
    id: String,
}

impl Officers {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("key");
        let made = ["recover", "make", "--shares", "3", "--needed", "2", "--out", out.to_str().unwrap()];
        said(&incamera().args(made).current_dir("/").output().unwrap()).unwrap();
        let key: Value = serde_json::from_str(&fs::read_to_string(out.join("recovery-key.json")).unwrap()).unwrap();
        Self { id: text(&key, "recovery_key"), folder }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn enter(&self, server: &TestServer) -> Result<String, String> {
        said(&command(server, &["recover", "enter", &self.at("key/recovery-key.json")]))
    }

    /// Asks for this person; the answer's file is `name`.
    fn ask(&self, world: &World, room: &RoomId, person: &str, name: &str) -> Result<Value, String> {
        let (room, person, file) = (room.to_string(), world.person(person).to_string(), self.at(name));
        let ask = ["recover", "ask", "--room", &room, "--person", &person, "--reason", "all is lost", "--out", &file];
        said(&command(&world.server, &ask))?;
        Ok(serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
    }

    /// Opens a request with these shares; the answer's file is `answer`.
    fn open(&self, name: &str, shares: &[&str], answer: &str) -> Result<String, String> {
        let (file, out) = (self.at(name), self.at(answer));
        let mut open = incamera();
        open.args(["recover", "open", &file, "--out", &out]).current_dir("/");
        for share in shares {
            open.args(["--share", share]);
        }
        said(&open.output().unwrap())
    }

    fn share(&self, number: u8) -> String {
        self.at(&format!("key/share-{number}.txt"))
    }

    fn deliver(&self, server: &TestServer, name: &str) -> Result<String, String> {
        said(&command(server, &["recover", "deliver", &self.at(name)]))
    }

    /// The whole ceremony.
    fn recover(&self, world: &World, room: &RoomId, person: &str, name: &str) -> Result<String, String> {
        self.ask(world, room, person, &format!("{name}.asked"))?;
        self.open(&format!("{name}.asked"), &[&self.share(3), &self.share(1)], name)?;
        self.deliver(&world.server, name)
    }
}

fn recovery(room: &RoomId) -> String {
    format!("/api/v1/rooms/{room}/recovery")
}

fn notes(room: &RoomId) -> String {
    format!("/api/v1/rooms/{room}/notes")
}

fn choose(client: &mut Client, room: &RoomId, officers: &Officers) -> Value {
    client.send_put(&recovery(room), &json!({"key": officers.id})).expect(200)
}

/// The titles of the notes, as the person's own visit reads them.
fn titles(client: &mut Client, room: &RoomId) -> Vec<String> {
    let list = client.get(&notes(room)).expect(200);
    list["items"].as_array().unwrap().iter().map(|one| text(one, "title")).collect()
}

/// Of which epochs something is sealed to officers.
fn sealed(tables: &mut Tables, room: &RoomId) -> Vec<String> {
    let sql = format!("SELECT CAST(epoch AS TEXT) AS word FROM recovery_wraps WHERE room_id = '{room}' ORDER BY epoch");
    tables.words(&sql)
}

/// The last entry of this kind.
fn entry(tables: &mut Tables, event: &str) -> Value {
    let entries = tables.entries(0);
    entries.into_iter().rfind(|entry| entry["event"] == event).unwrap_or_else(|| panic!("no {event}"))
}

/// The scene with notes of two epochs, sealed to officers: `fr` and `de` have accounts, and nobody else.
fn two_epochs(world: &mut World, officers: &Officers) -> (Scene, Client) {
    world.enrol(&["fr", "de"]);
    let scene = bare_scene(world);
    officers.enter(&world.server).unwrap();
    let mut fr = inside(world, "fr", &scene.room);
    fr.post(&notes(&scene.room), &note("first", "x")).expect(201);
    choose(&mut fr, &scene.room, officers);
    let admission = format!("/api/v1/rooms/{}/admissions/{}", scene.room, world.person("de"));
    assert_eq!(fr.delete(&admission).status, 204);
    fr.post(&notes(&scene.room), &note("second", "x")).expect(201);
    (scene, fr)
}

both!(officers_give_back_what_everybody_has_lost, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let (scene, _) = two_epochs(&mut world, &officers);
    let room = scene.room.clone();
    let mut tables = Tables::of(&world.server);
    assert_eq!(sealed(&mut tables, &room), ["1", "2"], "at once, and with the next epoch");
    for key in ["fr", "de"] {
        new_means(&mut world, key, None).unwrap();
    }
    assert_eq!(world.anew("fr").get(&format!("/api/v1/rooms/{room}")).status, 404);

    let asked = officers.ask(&world, &room, "fr", "asked").unwrap();
    assert_eq!((&asked["admits"], asked["epochs"].as_array().unwrap().len()), (&json!(true), 2));
    let entry_of = entry(&mut tables, "recovery_asked");
    assert_eq!((&entry_of["person"], &entry_of["purpose"]), (&json!(world.person("fr")), &json!("all is lost")));
    // What is asked is told without any share.
    let shown = said(&incamera().args(["recover", "open", &officers.at("asked")]).current_dir("/").output().unwrap());
    let shown = shown.unwrap();
    for part in [room.as_str(), world.person("fr").as_str(), &officers.id, "all is lost", "admitted"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // One share of two opens nothing; nor does another key's.
    let few = officers.open("asked", &[&officers.share(2)], "answer").unwrap_err();
    assert!(few.contains("1 of the 2 shares that are needed"), "{few}");
    let others = Officers::new();
    let wrong = officers.open("asked", &[&others.share(1), &others.share(2)], "answer").unwrap_err();
    assert!(wrong.contains(&officers.id), "{wrong}");
    assert!(!PathBuf::from(officers.at("answer")).exists());

    officers.open("asked", &[&officers.share(2), &officers.share(3)], "answer").unwrap();
    let told = officers.deliver(&world.server, "answer").unwrap();
    assert!(told.contains("is admitted, by act") && told.contains("2 more keys"), "{told}");
    let (recovered, admitted) = (entry(&mut tables, "room_recovered"), entry(&mut tables, "admitted"));
    for entry in [&recovered, &admitted] {
        let what = (&entry["person"], &entry["room"], &entry["purpose"]);
        assert_eq!(what, (&json!(world.person("fr")), &json!(room), &json!("all is lost")));
        assert!(entry["act"].is_string());
    }
    assert_eq!(recovered["count"], 2);
    let mut fr = inside(&mut world, "fr", &room);
    assert_eq!(titles(&mut fr, &room), ["second", "first"]);
    assert_eq!(fr.get(&format!("/api/v1/rooms/{room}")).expect(200)["title"], "Pending arrests");
    // He admits the others, and all goes on; what is written from now on is sealed to the officers, too.
    fr.post(&format!("/api/v1/rooms/{room}/admissions"), &json!({"person": world.person("de")})).expect(201);
    let mut de = inside(&mut world, "de", &room);
    de.post(&notes(&room), &note("third", "x")).expect(201);
    assert_eq!(titles(&mut de, &room), ["third", "second", "first"]);
    assert_eq!(sealed(&mut tables, &room), ["1", "2", "3"]);
    let deep = command(&world.server, &["audit", "verify", "--deep"]);
    assert!(said(&deep).unwrap().contains("each is as the log says"), "{deep:?}");
});

both!(an_answer_is_good_once_and_for_what_was_asked, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let (scene, mut fr) = two_epochs(&mut world, &officers);
    let room = scene.room.clone();
    world.enrol(&["se", "fr2"]);
    // Somebody who is admitted, and came too late for the key of whoever left.
    let off = format!("/api/v1/people/{}/off-boarding", world.person("fr"));
    world.client("sec").post(&off, &json!({"source": "A letter"})).expect(201);
    drop(fr.get("/api/v1/me"));
    let mut se = inside(&mut world, "se", &room);
    assert_eq!(titles(&mut se, &room), Vec::<String>::new());
    let mut tables = Tables::of(&world.server);
    assert_eq!(holders(&mut tables, &world, &scene, "se"), epochs(&["3"]));

    let asked = officers.ask(&world, &room, "se", "asked").unwrap();
    assert_eq!((&asked["admits"], asked["epochs"].as_array().unwrap().len()), (&json!(false), 2));
    officers.open("asked", &[&officers.share(1), &officers.share(2)], "answer").unwrap();
    let answer: Value = serde_json::from_str(&fs::read_to_string(officers.at("answer")).unwrap()).unwrap();
    let (before, size) = (tables.changes(), tables.size());
    let nothing = "00000000-0000-4000-8000-00000000dead";
    type Change<'a> = (&'a str, &'a str, &'a dyn Fn(&mut Value));
    let changes: &[Change<'_>] = &[
        ("another person", "asked no such thing", &|it| it["asked"]["person"] = json!(world.person("fr2"))),
        ("another room", "asked no such thing", &|it| it["asked"]["room"] = json!(nothing)),
        ("another epoch", "asked no such thing", &|it| it["asked"]["epochs"][0]["epoch"] = json!(3)),
        ("to be admitted", "asked no such thing", &|it| it["asked"]["admits"] = json!(true)),
        ("another request", "asked no such thing", &|it| it["asked"]["request"] = json!(nothing)),
        ("another seed", "not signed", &|it| it["given"][0]["seed"] = it["given"][1]["seed"].clone()),
        ("another given epoch", "not signed", &|it| it["given"][0]["epoch"] = json!(2)),
        ("another signature", "not signed", &|it| it["signature"] = json!("AAAA")),
        ("one more word", "not the officers' answer", &|it| it["more"] = json!(1)),
    ];
    for (what, why, change) in changes {
        let mut changed = answer.clone();
        change(&mut changed);
        fs::write(officers.at("changed"), changed.to_string()).unwrap();
        let refused = officers.deliver(&world.server, "changed").unwrap_err();
        assert!(refused.contains(why), "{what}: {refused}");
    }
    assert_eq!((tables.changes(), tables.size()), (before, size), "nothing was done");

    let told = officers.deliver(&world.server, "answer").unwrap();
    assert!(told.contains("2 more keys") && !told.contains("admitted"), "{told}");
    visit(&mut se, &room);
    assert_eq!(titles(&mut se, &room), ["second", "first"]);
    let again = officers.deliver(&world.server, "answer").unwrap_err();
    assert!(again.contains("answered before"), "{again}");
    // Nothing is lacking any more, and nobody who is not admitted is let in while somebody can admit.
    assert!(officers.ask(&world, &room, "se", "more").unwrap_err().contains("lacking"));
    assert!(officers.ask(&world, &room, "de", "more").unwrap_err().contains("ask them first"));

    // Somebody leaves between the question and the answer.
    let lost = format!("DELETE FROM room_keys WHERE person_id = '{}'", world.person("fr2"));
    tables.execute(&lost);
    officers.ask(&world, &room, "fr2", "left.asked").unwrap();
    officers.open("left.asked", &[&officers.share(1), &officers.share(2)], "left").unwrap();
    let admission = format!("/api/v1/rooms/{room}/admissions/{}", world.person("fr2"));
    assert_eq!(se.delete(&admission).status, 204);
    assert!(officers.deliver(&world.server, "left").unwrap_err().contains("ask them first"));
    // Admitted again, with another key pair.
    se.post(&format!("/api/v1/rooms/{room}/admissions"), &json!({"person": world.person("fr2")})).expect(201);
    tables.execute(&lost);
    officers.ask(&world, &room, "fr2", "late.asked").unwrap();
    officers.open("late.asked", &[&officers.share(1), &officers.share(2)], "late").unwrap();
    new_means(&mut world, "fr2", None).unwrap();
    se.post(&format!("/api/v1/rooms/{room}/admissions"), &json!({"person": world.person("fr2")})).expect(201);
    assert!(officers.deliver(&world.server, "late").unwrap_err().contains("another key pair"));
    // An answer that turns up much later is none.
    tables.execute(&lost);
    officers.ask(&world, &room, "fr2", "old.asked").unwrap();
    officers.open("old.asked", &[&officers.share(1), &officers.share(2)], "old").unwrap();
    let reply = Reply::read(&fs::read_to_string(officers.at("old")).unwrap()).unwrap();
    world.server.clock.advance(15 * 86_400);
    let late = world.server.db.write_blocking(move |work| deliver(work, &reply)).unwrap_err();
    assert!(late.cause().unwrap().to_string().contains("14 days"));
});

both!(officers_let_in_only_who_could_let_in_the_others, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    officers.enter(&world.server).unwrap();
    let mut fr = world.client("fr");
    let case = text(&fr.post("/api/v1/cases", &json!({"fiche": fiche("The case")})).expect(201), "room");
    let room = RoomId::parse(&case).unwrap();
    visit(&mut fr, &room);
    fr.post(&notes(&room), &note("of the case", "x")).expect(201);
    choose(&mut fr, &room, &officers);
    world.enrol(&["de", "no", "sec2", "ej"]);
    new_means(&mut world, "fr", None).unwrap();
    // Another State's, a counterpart, an officer of the Secretariat, an organisation's; nobody who has no account.
    for key in ["de", "no", "sec2", "ej", "fr2"] {
        let why = officers.ask(&world, &room, key, "refused").unwrap_err();
        assert!(why.contains("only somebody who could then admit the others"), "{key}: {why}");
    }
    // One of the State whose case it is, unless he is suspended, also between the question and the answer.
    world.enrol(&["fr2"]);
    officers.ask(&world, &room, "fr2", "asked").unwrap();
    officers.open("asked", &[&officers.share(1), &officers.share(2)], "answer").unwrap();
    let suspension = format!("/api/v1/people/{}/suspension", world.person("fr2"));
    let act = world.client("sec").post(&suspension, &json!({"source": "A letter"})).expect(201);
    for why in
        [officers.ask(&world, &room, "fr2", "refused"), officers.deliver(&world.server, "answer").map(Value::from)]
    {
        assert!(why.as_ref().is_err_and(|why| why.contains("only somebody who could")), "{why:?}");
    }
    let act = text(&act, "id");
    world.client("sec").post(&format!("/api/v1/acts/{act}/ending"), &json!({"source": "A letter"})).expect(201);
    officers.deliver(&world.server, "answer").unwrap();
    let mut fr2 = inside(&mut world, "fr2", &room);
    assert_eq!(titles(&mut fr2, &room), ["of the case"]);
    // Its State reads of it.
    let mut tables = Tables::of(&world.server);
    assert_eq!(entry(&mut tables, "room_recovered")["owner_party"], json!(world.party("FR")));
});

both!(whoever_is_admitted_from_some_day_on_is_given_no_more, |server: TestServer| {
    let (mut world, officers) = (World::new(server), Officers::new());
    let late = world.add("late", "DE", Role::ContactPoint);
    let (scene, mut fr) = two_epochs(&mut world, &officers);
    let admissions = format!("/api/v1/rooms/{}/admissions", scene.room);
    world.enrol(&["late"]);
    assert_eq!(fr.delete(&format!("{admissions}/{late}")).status, 204);
    fr.post(&admissions, &json!({"person": late, "reach": "onward"})).expect(201);
    let mut tables = Tables::of(&world.server);
    assert_eq!(holders(&mut tables, &world, &scene, "late"), epochs(&["3"]));
    tables.execute(&format!("DELETE FROM room_keys WHERE person_id = '{late}'"));
    assert!(officers.recover(&world, &scene.room, "late", "answer").unwrap().contains("1 more keys"));
    assert_eq!(holders(&mut tables, &world, &scene, "late"), epochs(&["3"]));
});

#[test]
fn a_key_is_made_offline_and_its_shares_are_kept_apart() {
    let officers = Officers::new();
    for name in ["share-1.txt", "share-2.txt", "share-3.txt", "recovery-key.json"] {
        let mode = fs::metadata(officers.at(&format!("key/{name}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(officers.at("key")).unwrap().permissions().mode() & 0o777, 0o700);
    let make = |shares: &str, needed: &str, out: &str| {
        let arguments = ["recover", "make", "--shares", shares, "--needed", needed, "--out", out];
        said(&incamera().args(arguments).output().unwrap())
    };
    assert!(make("3", "2", &officers.at("key")).unwrap_err().contains("is not empty"));
    for (shares, needed) in [("3", "1"), ("2", "3"), ("256", "2")] {
        make(shares, needed, &officers.at("other")).unwrap_err();
        assert!(!PathBuf::from(officers.at("other")).exists());
    }
    let check = |shares: &[&str]| said(&incamera().args(["recover", "check"]).args(shares).output().unwrap());
    let good = check(&[&officers.share(3), &officers.share(2)]).unwrap();
    assert!(good.contains("share 3 of 3, of which 2 are needed") && good.contains(&officers.id), "{good}");
    assert!(check(&[&officers.share(3)]).unwrap_err().contains("1 of the 2 shares"));
    // A mistyped share is named.
    let typed = fs::read_to_string(officers.share(1)).unwrap();
    assert!(typed.lines().count() == 3 && typed.contains(&officers.id));
    fs::write(officers.at("typed.txt"), typed.replacen("ICR1-0", "ICR1-8", 1)).unwrap();
    fs::write(officers.at("asked"), "{}").unwrap();
    let not = officers.open("asked", &[&officers.share(2)], "answer").unwrap_err();
    assert!(not.contains("asked: not a request to recover a room"), "{not}");
    let asked = json!({"request": officers.id, "recovery_key": officers.id, "room": officers.id, "person": officers.id,
        "pair": 1, "person_key": "", "admits": false, "reason": "x", "asked": "2026-01-01T00:00:00Z", "epochs": []});
    fs::write(officers.at("asked"), asked.to_string()).unwrap();
    let mistyped = officers.open("asked", &[&officers.share(2), &officers.at("typed.txt")], "answer").unwrap_err();
    assert!(mistyped.contains("typed.txt: not a share, or mistyped"), "{mistyped}");
}
