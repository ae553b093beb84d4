//! Forms. A page's form sends the same fields as the JSON interface takes, by the same names, so that both
//! pass the same checks and a problem names the field that stands on the page.
//!
//! The body's schema says what a field is: `crimes` of a list may come several times, or once with a line
//! for each; `visibility.to` is a field of a field. What the schema does not know is passed on, and refused
//! where JSON with it would be.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::language::Say;
use crate::error::AppError;
use crate::server::registry::SchemaOf;

/// Names that begin with this are the form's own, not the body's.
const OWN: char = '_';
/// Most fields of a form. The longest list that is taken has fewer.
const FIELDS_MOST: usize = 2_000;

/// What a form sent, in its order.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// `Invalid` when it is not that.
    pub fn parse(body: &[u8]) -> Result<Self, AppError> {
        let text = std::str::from_utf8(body).map_err(|_not_text| AppError::field("body", "not a form"))?;
        let mut fields = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| {
                let text = text.replace('+', " ");
                percent_encoding::percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned)
            };
            let (Ok(name), Ok(value)) = (decode(name), decode(value)) else {
                return Err(AppError::field("body", "not a form"));
            };
            if fields.len() >= FIELDS_MOST {
                return Err(AppError::field("body", "too many fields"));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The fields of a list of pairs.
    #[must_use]
    pub fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether nothing was sent.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every field but the form's token and those that are secret: what is kept while somebody logs in. A
    /// password that was typed once more is one. (`code` is not: parties and publications have one, and the
    /// form that takes a second factor's is never kept, since it asks for no log-in.)
    #[must_use]
    pub fn to_keep(&self) -> Vec<(String, String)> {
        let secret = |name: &str| name.contains("password") || name == "_again" || name == "token";
        self.0.iter().filter(|(name, _)| *name != super::TOKEN && !secret(name)).cloned().collect()
    }

    /// The fields whose names begin with `prefix`, without it.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Vec<(String, String)> {
        self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))).collect()
    }

    /// The body that these fields stand for, as JSON.
    pub(in crate::server) fn to_json(&self, of: SchemaOf, say: &Say) -> Value {
        let mut generator =
            SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
        let schema = of(&mut generator).to_value();
        let mut known = Vec::new();
        let body = Reader { fields: self, say, known: &mut known }.read(&schema, "", true);
        let mut body = match body {
            Some(Value::Object(body)) => body,
            _ => Map::new(),
        };
        for (name, value) in &self.0 {
            if !name.starts_with(OWN) && !known.contains(name) {
                body.insert(name.clone(), Value::String(value.clone()));
            }
        }
        Value::Object(body)
    }
}

/// The form of a button: nothing beside the form's own fields.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

struct Reader<'a> {
    fields: &'a Fields,
    say: &'a Say,
    known: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// The value at `name`, as `schema` has it; none when the form leaves it out.
    fn read(&mut self, schema: &Value, name: &str, required: bool) -> Option<Value> {
        if let Some(choices) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            let real: Vec<&Value> = choices.iter().filter(|one| !is_type(one, "null")).collect();
            if let [only] = real.as_slice() {
                return self.read(only, name, required);
            }
            if real.iter().any(|one| one.get("properties").is_some()) {
                let chosen = real.iter().find(|one| self.is_chosen(one, name)).or(real.first())?;
                return self.read(chosen, name, required);
            }
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let needed = schema.get("required").and_then(Value::as_array);
            let mut object = Map::new();
            for (property, schema) in properties {
                let required = needed.is_some_and(|needed| needed.iter().any(|one| one == property.as_str()));
                if let Some(value) = self.read(schema, &join(name, property), required) {
                    object.insert(property.clone(), value);
                }
            }
            return (required || !object.is_empty()).then_some(Value::Object(object));
        }
        self.known.push(name.to_owned());
        if is_type(schema, "array") {
            let item = schema.get("items").unwrap_or(&Value::Null);
            let lines: Vec<Value> = self
                .fields
                .all(name)
                .flat_map(str::lines)
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(|line| self.scalar(item, line))
                .collect();
            let sent = self.fields.get(name).is_some() && !lines.is_empty();
            return (required || sent).then_some(Value::Array(lines));
        }
        let sent: Vec<&str> = self.fields.all(name).collect();
        let [text] = sent.as_slice() else {
            // Given twice: a list where there must be none, which is what it will be refused for.
            return (!sent.is_empty()).then(|| sent.iter().map(|one| Value::from(*one)).collect());
        };
        if text.trim().is_empty() && !required {
            return None;
        }
        Some(self.scalar(schema, text))
    }

    fn scalar(&self, schema: &Value, text: &str) -> Value {
        let trimmed = text.trim();
        if is_type(schema, "integer")
            && let Ok(number) = trimmed.parse::<i64>()
        {
            return number.into();
        }
        if is_type(schema, "boolean") && matches!(trimmed, "true" | "false") {
            return (trimmed == "true").into();
        }
        if schema.get("format").is_some_and(|format| format == "date-time")
            && let Some(moment) = self.say.moment_typed(trimmed)
        {
            return moment.into();
        }
        text.into()
    }

    /// Whether the form's fields choose this one of several shapes: each constant of it is what was sent.
    fn is_chosen(&self, shape: &Value, name: &str) -> bool {
        shape.get("properties").and_then(Value::as_object).is_some_and(|properties| {
            properties.iter().all(|(property, schema)| {
                schema
                    .get("const")
                    .and_then(Value::as_str)
                    .is_none_or(|constant| self.fields.get(&join(name, property)) == Some(constant))
            })
        })
    }
}

fn join(name: &str, property: &str) -> String {
    if name.is_empty() { property.to_owned() } else { format!("{name}.{property}") }
}

fn is_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;
    use crate::server::registry::schema;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Body {
        title: String,
        number: Option<i64>,
        topics: Vec<String>,
        accept: Option<bool>,
        from: Option<crate::context::Moment>,
        to: Audience,
        inner: Inner,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Inner {
        a: String,
        b: Option<String>,
    }

    #[derive(JsonSchema)]
    #[serde(tag = "to", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Audience {
        All,
        Some { states: Vec<String> },
    }

    fn json(form: &str) -> Value {
        let say = Say::to(Some("en"), None, Some("Europe/Amsterdam"), ("en", "UTC"));
        Fields::parse(form.as_bytes()).unwrap().to_json(schema::<Body>, &say)
    }

    #[test]
    fn a_form_is_read_as_the_schema_has_it() {
        assert_eq!(
            json(
                "title=A+%26+B&number=7&topics=one%0D%0Atwo&topics=three&accept=true&from=2026-07-01T14:00&to.to=some&to.states=x&inner.a=q&inner.b=&_token=t"
            ),
            json!({"title": "A & B", "number": 7, "topics": ["one", "two", "three"], "accept": true,
                "from": "2026-07-01T12:00:00Z", "to": {"to": "some", "states": ["x"]}, "inner": {"a": "q"}})
        );
        assert_eq!(
            json("title=&number=&topics=&to.to=all&more=1"),
            json!({"title": "", "topics": [], "to": {"to": "all"}, "inner": {}, "more": "1"})
        );
        assert_eq!(json("title=a&title=b&number=x")["title"], json!(["a", "b"]));
        assert_eq!(json("title=a&number=x")["number"], json!("x"));
    }
}
