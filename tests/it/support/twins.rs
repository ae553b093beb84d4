//! Answers of two servers, made comparable: ids, moments and cursors are random or of their time, everything
//! else must be the same.

use std::collections::BTreeMap;

use incamera::context::Moment;
use incamera::ids::ActId;
use serde_json::Value;

use super::client::Reply;

/// Names ids in the order in which they first appear in the answers of one server.
#[derive(Default)]
pub struct Names(BTreeMap<String, usize>);

impl Names {
    /// Status, headers and body of an answer, without what must differ between two servers.
    pub fn comparable(&mut self, reply: &Reply) -> (u16, BTreeMap<String, String>, String) {
        let (status, mut headers, body) = reply.normalized();
        // A moment with fewer digits is a shorter body.
        headers.remove("content-length");
        let body = match serde_json::from_str::<Value>(&body) {
            Ok(mut value) => {
                self.rename(&mut value);
                value.to_string()
            }
            Err(_) => body,
        };
        (status, headers, body)
    }

    fn rename(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if ActId::parse(text).is_some() {
                    let next = self.0.len();
                    *text = format!("id {}", self.0.entry(text.clone()).or_insert(next));
                } else if text.contains('T') && Moment::parse(text).is_some() {
                    "a moment".clone_into(text);
                }
            }
            Value::Number(number) if number.as_i64().is_some_and(|number| number > 1_000_000_000_000) => {
                *value = "a moment".into();
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.rename(value)),
            Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "next" if value.is_string() => *value = "a cursor".into(),
                        "commitment" => *value = "a digest".into(),
                        _ => self.rename(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
