//! Many tries at once, and many tries in a row.

use std::time::{Duration, Instant};

use super::*;
use crate::support::database::Kind;
use crate::support::process::Process;

/// Most memory the process ever had, in KiB.
fn peak(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// However many ask: never more hashes at a time than the settings say, and beyond a short queue an honest
/// 503. The memory shows the first, since a hash takes 128 MiB.
#[test]
fn a_flood_of_log_ins() {
    let process = Process::start(
        Kind::Sqlite,
        &[
            ("INCAMERA_IDENTITY__ARGON2_MEMORY_KIB", "131072"),
            ("INCAMERA_IDENTITY__ARGON2_PASSES", "2"),
            ("INCAMERA_IDENTITY__HASHING_AT_ONCE", "1"),
            ("INCAMERA_IDENTITY__HASHING_QUEUE", "3"),
            ("INCAMERA_IDENTITY__TRIES_PER_SOURCE", "100000"),
        ],
    );
    process.client().get("/readyz").expect(200);
    let idle = peak(&process);
    let flood: Vec<_> = (0..16)
        .map(|n| {
            let mut client = process.client();
            std::thread::spawn(move || {
                let body = json!({"email": format!("x{n}@test.example"), "password": PASSWORD});
                let timed = |_| {
                    let begun = Instant::now();
                    (client.post("/api/v1/session", &body), begun.elapsed())
                };
                (0..3).map(timed).collect::<Vec<(Reply, Duration)>>()
            })
        })
        .collect();
    // Others are served meanwhile.
    let mut client = process.client();
    while flood.iter().any(|thread| !thread.is_finished()) {
        let begun = Instant::now();
        client.get("/api/v1/parties").expect(200);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    let replies: Vec<(Reply, Duration)> = flood.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let (mut served, mut at_once) = (0, 0);
    for (reply, spent) in &replies {
        if reply.status == 503 {
            assert_eq!(reply.headers["retry-after"], "2");
            assert_eq!(reply.json()["type"], "urn:incamera:problem:busy");
            // Turned away at the door, not after the two seconds that those in the queue wait for their turn.
            at_once += u32::from(*spent < Duration::from_millis(1500));
        } else {
            refused(reply);
            served += 1;
        }
    }
    assert!(served >= 4 && served < replies.len(), "{served} of {}", replies.len());
    assert!(at_once >= 10, "{at_once} of {} were turned away at once", replies.len());
    let grown = peak(&process) - idle;
    assert!((100 * 1024..200 * 1024).contains(&grown), "one hash takes 128 MiB, and {} MiB were taken", grown / 1024);
    // Afterwards it is as before.
    let body = json!({"email": "x@test.example", "password": PASSWORD});
    refused(&process.client().post("/api/v1/session", &body));
}

#[test]
fn many_tries_at_one_account() {
    let limits = [("INCAMERA_IDENTITY__TRIES_PER_ACCOUNT", "3"), ("INCAMERA_IDENTITY__TRIES_PER_SOURCE", "8")];
    let mut world = World::new(TestServer::start_with(Kind::Sqlite, &limits));
    world.seed("fr");
    world.seed("de");
    // At the beginning of a minute.
    let next_minute = |world: &World| {
        let seconds = world.server.ctx().now.seconds();
        world.server.clock.advance(60 - seconds.rem_euclid(60) + 1);
    };
    next_minute(&world);
    let wrong = "not the password at all";
    for email in ["fr@test.example", " FR@test.example", "fr@TEST.example"] {
        refused(&try_log_in(&world.server, email, wrong, None));
    }
    let before = log(&world.server).len();
    let begun = Instant::now();
    let too_many = world.try_log_in("fr", PASSWORD, None);
    assert_eq!(too_many.expect(429)["type"], "urn:incamera:problem:too-many");
    let wait: i64 = too_many.headers["retry-after"].parse().unwrap();
    assert!((1..=59).contains(&wait), "{wait}");
    assert!(begun.elapsed() < Duration::from_millis(500), "nothing costly was done");
    logged(&world.server, before, &[]);
    // The same for one that does not exist.
    for _ in 0..3 {
        refused(&world.try_log_in("nobody", wrong, None));
    }
    assert_eq!(world.try_log_in("nobody", wrong, None).normalized(), world.try_log_in("fr", wrong, None).normalized());
    // From this source there were eight by now: no account can be tried any more.
    assert_eq!(world.try_log_in("de", PASSWORD, None).status, 429);
    // Refused tries are not counted on: the next minute begins anew.
    next_minute(&world);
    world.try_log_in("fr", PASSWORD, None).expect(200);
    world.try_log_in("de", PASSWORD, None).expect(200);
}

/// Guessing the password from within is bounded alike, and does not keep others from changing theirs.
#[test]
fn many_tries_at_changing_a_password() {
    let limits = [("INCAMERA_IDENTITY__TRIES_PER_ACCOUNT", "4"), ("INCAMERA_IDENTITY__TRIES_PER_SOURCE", "1000")];
    let mut world = World::new(TestServer::start_with(Kind::Sqlite, &limits));
    let (mut one, mut other) = (world.client("fr"), world.client("de"));
    let seconds = world.server.ctx().now.seconds();
    world.server.clock.advance(60 - seconds.rem_euclid(60) + 1);
    let put = |client: &mut crate::support::Client, present: &str| {
        let body = json!({"password": present, "new_password": "teapot gravel 88 nimbus orchid"}).to_string();
        client.send("PUT", "/api/v1/me/password", &[("content-type", "application/json")], Some(body.as_bytes())).status
    };
    for _ in 0..4 {
        assert_eq!(put(&mut one, "not the password at all"), 422);
    }
    assert_eq!(put(&mut one, PASSWORD), 429);
    assert_eq!(put(&mut other, PASSWORD), 204);
}
