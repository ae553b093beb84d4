//! What a body looks like, read from its JSON schema.

use incamera::server::registry::SchemaOf;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// What a value can be.
#[derive(Clone, Debug)]
pub enum Shape {
    Text,
    Id,
    Moment,
    Day,
    Choice(Vec<String>),
    Number,
    Flag,
    List(Box<Shape>),
    Object(Vec<Member>),
}

/// A member of a body.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: String,
    pub shape: Shape,
    pub required: bool,
    pub nullable: bool,
}

impl Shape {
    /// Whether a value is of this shape, at a glance.
    pub fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Id | Self::Moment | Self::Day => value.is_string(),
            Self::Choice(words) => words.iter().any(|word| value == word),
            Self::Number => value.is_i64(),
            Self::Flag => value.is_boolean(),
            Self::List(_) => value.is_array(),
            Self::Object(_) => value.is_object(),
        }
    }
}

/// The members of a route's body.
pub fn members(route: &str, schema: SchemaOf) -> Vec<Member> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let root = schema(&mut generator).to_value();
    let definitions = Value::Object(generator.definitions().clone());
    match shape(route, &root, &definitions) {
        (Shape::Object(members), false) => members,
        (other, _) => panic!("{route} takes {other:?}, and not an object"),
    }
}

fn shape(place: &str, schema: &Value, definitions: &Value) -> (Shape, bool) {
    if let Some(name) = schema["$ref"].as_str() {
        return shape(place, &definitions[name.rsplit('/').next().unwrap()], definitions);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let (null, rest): (Vec<_>, Vec<_>) = choices.iter().partition(|one| one["type"] == "null");
        assert_eq!(rest.len(), 1, "{place}: {schema}");
        return (shape(place, rest[0], definitions).0, !null.is_empty());
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return (Shape::Choice(choices.iter().map(|one| word(&one["const"])).collect()), false);
    }
    let (kind, nullable) = match &schema["type"] {
        Value::Array(kinds) => {
            let kind = kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str).unwrap();
            (kind, kinds.iter().any(|kind| kind == "null"))
        }
        kind => (kind.as_str().unwrap_or_else(|| panic!("{place}: {schema}")), false),
    };
    let shape = match (kind, schema["format"].as_str()) {
        ("string", _) if schema["enum"].is_array() => {
            Shape::Choice(schema["enum"].as_array().unwrap().iter().filter(|one| !one.is_null()).map(word).collect())
        }
        ("string", Some("uuid")) => Shape::Id,
        ("string", Some("date-time")) => Shape::Moment,
        ("string", Some("date" | "date-or-month")) => Shape::Day,
        ("string", None) => {
            let name = place.rsplit('.').next().unwrap();
            assert!(
                !name.ends_with("_day") && !name.ends_with("_on"),
                "{place} looks like a day, and its schema does not say so: #[schemars(extend(\"format\" = \"date\"))]"
            );
            Shape::Text
        }
        ("integer", _) => Shape::Number,
        ("boolean", _) => Shape::Flag,
        ("array", _) => Shape::List(Box::new(shape(place, &schema["items"], definitions).0)),
        ("object", _) => Shape::Object(object(place, schema, definitions)),
        _ => panic!("{place}: a schema that the table of bad inputs does not know: {schema}"),
    };
    (shape, nullable)
}

fn object(place: &str, schema: &Value, definitions: &Value) -> Vec<Member> {
    assert_eq!(schema["additionalProperties"], false, "{place} takes members that it does not know");
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let (shape, nullable) = shape(&format!("{place}.{name}"), property, definitions);
            Member { name: name.clone(), shape, nullable, required: required.contains(&name.as_str()) }
        })
        .collect()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Sets what `patch` says; `null` there takes a member away.
pub fn patch(body: &mut Value, patch: &Value) {
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else if value.is_object() && body[name].is_object() {
            self::patch(&mut body[name], value);
        } else {
            body[name] = value.clone();
        }
    }
}

/// Sets the value at a dotted path, whose last member need not be there yet.
pub fn set(body: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        Some((first, rest)) => set(&mut body[first], rest, value),
        None => body[path] = value,
    }
}

/// The value at a dotted path, if there is one.
pub fn get(body: &Value, path: &str) -> Option<Value> {
    path.split('.').try_fold(body, |value, name| value.get(name)).cloned()
}

/// Every member, those inside others too, by its dotted path; outer ones first.
pub fn walk(members: &[Member]) -> Vec<(String, &Member)> {
    let mut all = Vec::new();
    for member in members {
        all.push((member.name.clone(), member));
        if let Shape::Object(inner) = &member.shape {
            all.extend(walk(inner).into_iter().map(|(path, one)| (format!("{}.{path}", member.name), one)));
        }
    }
    all
}
