//! The OpenAPI 3.1 document, made from the registry. `tests/it/openapi.rs` keeps it as a reviewed snapshot.

use actix_web::http::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::answer::Problem;
use super::registry::{Access, Gives, Logs, Route, Takes, schema};
use crate::error::{Fault, Means};

/// The document.
#[must_use]
pub fn document(routes: &[Route]) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let problem = schema::<Problem>(&mut generator).to_value();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes.iter().filter(|route| !route.is_page()) {
        let operation = operation(route, &mut generator);
        if let Value::Object(methods) = paths.entry(path(route.path)).or_insert_with(|| json!({})) {
            methods.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "In Camera",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The interface of a server on which a network of national prosecutors coordinates its work. \
                What a caller may not know of is answered exactly as what does not exist.",
        },
        "paths": paths,
        "components": {
            "responses": problems(&problem),
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
        },
    })
}

/// The problem reports, one response a status: which problems it can be, in the words that callers see.
fn problems(schema: &Value) -> Map<String, Value> {
    let mut responses: Map<String, Value> = Map::new();
    for fault in [
        Fault::Invalid(Vec::new()),
        Fault::SignInNeeded,
        Fault::NotPermitted,
        Fault::MeansNeeded(Means::SecondFactor),
        Fault::MeansNeeded(Means::Unlock),
        Fault::MeansNeeded(Means::Visit),
        Fault::NotFound,
        Fault::TooSlow,
        Fault::Conflict(""),
        Fault::Outdated,
        Fault::IfMatchNeeded,
        Fault::TooLarge,
        Fault::UnsupportedMedia,
        Fault::TooMany(0),
        Fault::Busy(0),
        Fault::LogUnavailable,
        Fault::Internal,
    ] {
        let (status, name, title) = fault.public();
        let response = responses.entry(status.to_string()).or_insert_with(
            || json!({ "description": "", "content": { "application/problem+json": { "schema": schema } } }),
        );
        if let Some(Value::String(words)) = response.get_mut("description") {
            let part = format!("`{name}`: {title}");
            *words = if words.is_empty() { part } else { format!("{words} {part}") };
        }
        if let (Fault::TooMany(_) | Fault::Busy(_), Value::Object(fields)) = (&fault, response) {
            let seconds = json!({ "description": "Seconds to wait.", "schema": { "type": "integer" } });
            fields.insert("headers".into(), json!({ "Retry-After": seconds }));
        }
    }
    responses
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "responses": responses(route, generator),
        "x-access": match route.access {
            Access::Anyone => "anyone".to_owned(),
            Access::OwnCredential => "anyone, with a credential in the body".to_owned(),
            Access::Public(action) => format!("public: {action}"),
            Access::May(action) => format!("logged in: {action}"),
        },
        "x-logs": match route.logs {
            Logs::Nothing => "nothing".to_owned(),
            Logs::Event(event) => event.to_string(),
            Logs::Events(events) => events.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Logs::SometimesEvent(event) => format!("{event}, for some callers"),
        },
    });
    if let Value::Object(fields) = &mut operation {
        let parameters = parameters(route);
        if !parameters.is_empty() {
            fields.insert("parameters".into(), Value::Array(parameters));
        }
        match route.access {
            Access::May(_) => drop(fields.insert("security".into(), json!([{ "token": [] }]))),
            Access::Public(_) => drop(fields.insert("security".into(), json!([{}, { "token": [] }]))),
            Access::Anyone | Access::OwnCredential => drop(fields.insert("security".into(), json!([]))),
        }
        match route.takes {
            Takes::Json(body) => {
                let body = body(generator);
                fields.insert(
                    "requestBody".into(),
                    json!({ "required": true, "content": { "application/json": { "schema": body } } }),
                );
            }
            Takes::Bytes(_) | Takes::File => {
                fields.insert(
                    "requestBody".into(),
                    json!({ "required": true, "content": { "application/octet-stream": {} } }),
                );
            }
            Takes::Nothing | Takes::Query(_) | Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_) => {}
        }
    }
    operation
}

/// A route's path as the document has it: without the mark of a parameter that holds slashes, as a tile's address
/// does.
#[must_use]
pub fn path(path: &str) -> String {
    path.replace("{*", "{")
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut parameters: Vec<Value> = path(route.path)
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if let Takes::Query(names) | Takes::Bytes(names) = route.takes {
        parameters.extend(
            names
                .iter()
                .map(|name| json!({ "name": name, "in": "query", "required": false, "schema": { "type": "string" } })),
        );
    }
    if matches!(route.takes, Takes::File) {
        parameters.push(json!({
            "name": "Incamera-File-Name", "in": "header", "required": true,
            "description": "The name of the file, in UTF-8, percent-encoded.", "schema": { "type": "string" },
        }));
    }
    if route.also.contains(&412) {
        parameters
            .push(json!({ "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" } }));
    }
    parameters
}

fn responses(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let (status, content) = match route.gives {
        Gives::Nothing => (204, None),
        Gives::Json(body) => (200, Some(json_of(body(generator).to_value()))),
        Gives::Created(body) => (201, Some(json_of(body(generator).to_value()))),
        Gives::List(item) => (
            200,
            Some(json_of(json!({
                "type": "object",
                "required": ["items", "next"],
                "properties": { "items": { "type": "array", "items": item(generator) }, "next": { "type": ["string", "null"] } },
            }))),
        ),
        Gives::Bytes => (200, Some(json!({ "application/octet-stream": {} }))),
        Gives::Page => (200, None),
        Gives::See => (303, None),
    };
    let mut responses = Map::new();
    let mut success = json!({ "description": "Done." });
    if let (Some(content), Value::Object(fields)) = (content, &mut success) {
        fields.insert("content".into(), content);
    }
    responses.insert(status.to_string(), success);
    for status in statuses(route) {
        let problem = json!({ "$ref": format!("#/components/responses/{status}") });
        responses.insert(status.to_string(), problem);
    }
    Value::Object(responses)
}

/// The statuses other than success that a route may answer.
#[must_use]
pub fn statuses(route: &Route) -> Vec<u16> {
    // 401 everywhere: a token that is sent must be good, even where none is needed.
    let mut statuses = vec![401, 500, 503];
    if matches!(route.access, Access::May(_) | Access::Public(_)) {
        statuses.push(403);
    }
    if route.path.contains('{') {
        statuses.push(404);
    }
    match route.takes {
        Takes::Json(_) => statuses.extend([408, 413, 415, 422]),
        Takes::Form(_) => statuses.extend([403, 408, 413, 422]),
        Takes::Upload(_) | Takes::FileForm(_) => statuses.extend([403, 408, 413, 415, 422]),
        Takes::Bytes(_) | Takes::File => statuses.extend([408, 413, 422]),
        Takes::Query(_) | Takes::Nothing => statuses.extend([413, 422]),
    }
    if matches!(route.access, Access::OwnCredential) && route.method == Method::POST {
        statuses.push(429);
    }
    statuses.extend(route.also);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// `GET /api/v1/openapi.json`: the reviewed snapshot, which a test holds equal to what the registry makes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::GET,
        path: "/api/v1/openapi.json",
        name: "openapi",
        summary: "This document.",
        access: Access::Anyone,
        logs: Logs::Nothing,
        takes: Takes::Nothing,
        gives: Gives::Bytes,
        also: &[],
        handler: super::handler(|_| async { Ok(super::Answer::json_text(include_str!("../../docs/openapi.json"))) }),
    }]
}
