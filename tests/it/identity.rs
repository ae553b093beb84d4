//! Accounts, passwords, second factors, log-ins and their ends, tokens.

mod accounts;
mod endings;
mod factors;
mod floods;
mod invitations;
mod passwords;
mod sign_ins;
mod tokens;

use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Reply, TestServer, World};

/// The log as it stands, oldest first.
fn log(server: &TestServer) -> Vec<Value> {
    let mut conn = server.url().open_writer().unwrap();
    let mut entries = Vec::new();
    incamera::audit::export(&mut conn, &mut |entry| {
        entries.push(serde_json::from_str(entry).unwrap());
        Ok(())
    })
    .unwrap();
    entries
}

/// The entries that came since the log had `before` of them: event, and the rest.
fn since(server: &TestServer, before: usize) -> Vec<(String, Value)> {
    log(server).into_iter().skip(before).map(|entry| (entry["event"].as_str().unwrap().to_owned(), entry)).collect()
}

/// Fails unless exactly these events were logged since.
#[track_caller]
fn logged(server: &TestServer, before: usize, events: &[&str]) -> Vec<Value> {
    let (names, entries): (Vec<String>, Vec<Value>) = since(server, before).into_iter().unzip();
    assert_eq!(names, events, "{entries:?}");
    entries
}

fn try_log_in(server: &TestServer, email: &str, password: &str, code: Option<&str>) -> Reply {
    let mut body = json!({"email": email, "password": password});
    if let Some(code) = code {
        body["code"] = code.into();
    }
    server.client().post("/api/v1/session", &body)
}

/// The answer to anybody whom the server does not know.
#[track_caller]
fn refused(reply: &Reply) {
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert_eq!(reply.headers["www-authenticate"], "Bearer");
    assert_eq!(reply.json()["type"], "urn:incamera:problem:sign-in-needed");
}

impl World {
    fn try_log_in(&self, key: &str, password: &str, code: Option<&str>) -> Reply {
        try_log_in(&self.server, &Self::email(key), password, code)
    }

    /// Sets the clock so that a step of the second factor has just begun, and answers the step.
    fn align(&self) -> u64 {
        let seconds = self.server.ctx().now.seconds();
        self.server.clock.advance(30 - seconds.rem_euclid(30) + 2);
        u64::try_from(self.server.ctx().now.seconds()).unwrap() / 30
    }
}
