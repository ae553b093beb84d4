//! Rows carry authentication codes under a key outside the database (decision 19): what somebody writes there past the
//! server gives nobody anything, also when he covers his tracks (`Tables::execute` does).

pub mod keys;
mod means;
mod rights;
mod rooms;
mod texts;

use serde_json::{Value, json};

use crate::support::{Client, Tables, World};

/// An id that nothing has.
const FORGED: &str = "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11";

/// A test's own hand in the database.
struct Hand {
    tables: Tables,
}

impl Hand {
    fn on(world: &World) -> Self {
        Self { tables: Tables::of(&world.server) }
    }

    /// Runs `check` while the row of `table` that `whose` names has other values in these columns.
    #[track_caller]
    fn edit(&mut self, table: &str, whose: &str, columns: &[&str], set: &str, check: impl FnOnce()) {
        self.tables.execute(&format!("CREATE TABLE __kept AS SELECT * FROM {table} WHERE {whose}"));
        assert_eq!(self.tables.number("SELECT COUNT(*) AS number FROM __kept"), 1, "{table} {whose}");
        self.tables.execute(&format!("UPDATE {table} SET {set} WHERE {whose}"));
        check();
        let key = match table {
            "accounts" => "person_id",
            "acts" | "sign_ins" | "passkeys" | "recovery_codes" => "id",
            _ => "act_id",
        };
        let back: Vec<String> = columns.iter().map(|name| format!("{name} = (SELECT {name} FROM __kept)")).collect();
        self.tables.execute(&format!(
            "UPDATE {table} SET {} WHERE {key} = (SELECT {key} FROM __kept); DROP TABLE __kept",
            back.join(", ")
        ));
    }

    /// The act by which a person or party has what `table` says.
    fn act(&mut self, table: &str, whose: &str, id: &str) -> String {
        self.tables.words(&format!("SELECT act_id AS word FROM {table} WHERE {whose} = '{id}'")).pop().unwrap()
    }

    /// Gives a row the code of another.
    fn copy_code(&mut self, table: &str, from: &str, to: &str) {
        self.tables.execute(&format!(
            "INSERT INTO row_codes SELECT tbl, '{to}', part, kid, code FROM row_codes WHERE tbl = '{table}' AND key = '{from}'"
        ));
    }
}

/// The rights of whoever asks: the acts that they rest on; none for whom there are none.
fn basis(client: &mut Client) -> usize {
    let reply = client.get("/api/v1/me");
    if reply.status == 401 {
        return 0;
    }
    reply.expect(200)["acts"].as_array().unwrap().len()
}

/// What a log-in with the password, and a code if there is one, is answered.
fn log_in(world: &World, email: &str, password: &str, code: Option<&str>) -> u16 {
    let mut body = json!({"email": email, "password": password});
    if let Some(code) = code {
        body["code"] = Value::from(code);
    }
    world.server.client().post("/api/v1/session", &body).status
}
