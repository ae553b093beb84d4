//! The OpenAPI document: made from the registry, kept as a reviewed file, and true.

use std::collections::BTreeSet;
use std::sync::Arc;

use incamera::app;
use incamera::server::{Access, Gives, Logs, Route, Takes, openapi};
use serde_json::Value;

use crate::support::database::Kind;
use crate::support::process::incamera;
use crate::support::{TestServer, snapshot};

/// The routes for programs, of a server that is gone. Pages are not in the document.
fn routes() -> Vec<Route> {
    let server = TestServer::start(Kind::Sqlite);
    app::routes(&Arc::clone(&server.identity)).into_iter().filter(|route| !route.is_page()).collect()
}

fn document() -> Value {
    openapi::document(&routes())
}

/// Every operation: path, method and what is said of it.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

/// Calls `each` with every object within.
fn walk<'v>(value: &'v Value, each: &mut impl FnMut(&'v serde_json::Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            each(fields);
            fields.values().for_each(|value| walk(value, each));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, each)),
        _ => {}
    }
}

#[test]
fn the_document_is_the_reviewed_one() {
    let made = document();
    assert_eq!(made, document(), "made twice, it is the same");
    snapshot::check("docs/openapi.json", &(serde_json::to_string_pretty(&made).unwrap() + "\n"));
}

#[test]
fn every_route_is_in_it_once() {
    let (routes, document) = (routes(), document());
    let operations = operations(&document);
    assert_eq!(operations.len(), routes.len(), "two routes with the same path and method");
    let names: BTreeSet<&str> =
        operations.iter().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.len(), operations.len(), "two operations with the same id");
    for route in &routes {
        let operation = &document["paths"][openapi::path(route.path)][route.method.as_str().to_ascii_lowercase()];
        assert_eq!(operation["operationId"], route.name);
        assert!(!route.summary.is_empty() && route.summary.ends_with('.'), "{}: {}", route.name, route.summary);
        assert!(route.path.starts_with("/api/v1/") || ["/healthz", "/readyz"].contains(&route.path), "{}", route.path);
    }
}

#[test]
fn every_operation_states_its_errors() {
    let document = document();
    let problem = serde_json::json!({"$ref": "#/components/schemas/Problem"});
    for (path, method, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        let (good, bad): (Vec<_>, Vec<_>) = responses.iter().partition(|(status, _)| status.starts_with('2'));
        assert_eq!(good.len(), 1, "{method} {path} has one success");
        for (status, response) in &bad {
            let pointer = response["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
            let response = pointer.and_then(|pointer| document.pointer(pointer));
            let response = response.unwrap_or_else(|| panic!("{method} {path}: {status} leads nowhere"));
            assert_eq!(response["content"]["application/problem+json"]["schema"], problem, "{method} {path}: {status}");
            assert!(!response["description"].as_str().unwrap().is_empty());
        }
        let stated: BTreeSet<&str> = bad.iter().map(|(status, _)| status.as_str()).collect();
        for status in ["500", "503", "413", "422"] {
            assert!(stated.contains(status), "{method} {path} lacks {status}");
        }
        if operation.get("requestBody").is_some() {
            assert!(stated.contains("408"), "{method} {path} lacks 408");
        }
        if operation["security"] == serde_json::json!([{"token": []}]) {
            assert!(stated.contains("401") && stated.contains("403"), "{method} {path} lacks 401 or 403");
        }
        if path.contains('{') {
            assert!(stated.contains("404"), "{method} {path} lacks 404");
        }
    }
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let mut seen = 0;
    walk(&document, &mut |fields| {
        if let Some(reference) = fields.get("$ref") {
            let reference = reference.as_str().unwrap();
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            seen += 1;
        }
    });
    assert!(seen > 100);
    // And nothing is described that nobody uses.
    let text = document.to_string();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\"#/components/schemas/{name}\"")), "nothing refers to {name}");
    }
}

#[test]
fn bodies_and_answers_have_schemas() {
    let (routes, document) = (routes(), document());
    let described = |schema: &Value| schema.as_object().is_some_and(|fields| !fields.is_empty());
    for route in &routes {
        let operation = &document["paths"][openapi::path(route.path)][route.method.as_str().to_ascii_lowercase()];
        let body = &operation["requestBody"];
        match route.takes {
            Takes::Json(_) => {
                let schema = &body["content"]["application/json"]["schema"];
                assert!(described(schema), "{} has a body without a schema", route.name);
                // A field that is not known is refused, so the schema must say so.
                let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
                let schema = &document["components"]["schemas"][name];
                assert!(
                    schema["additionalProperties"] == false || schema.get("oneOf").is_some(),
                    "{}: {name} lets unknown fields pass",
                    route.name
                );
            }
            Takes::Bytes(_) | Takes::File => {
                assert!(body["content"]["application/octet-stream"].is_object(), "{}", route.name)
            }
            Takes::Nothing | Takes::Query(_) => assert!(body.is_null(), "{}", route.name),
            Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_) => {
                panic!("{} takes a form and is no page", route.name)
            }
        }
        let success =
            operation["responses"].as_object().unwrap().iter().find(|(status, _)| status.starts_with('2')).unwrap();
        let schema = &success.1["content"]["application/json"]["schema"];
        match route.gives {
            Gives::Nothing => assert!(success.0 == "204" && success.1.get("content").is_none(), "{}", route.name),
            Gives::Json(_) => assert!(success.0 == "200" && described(schema), "{}", route.name),
            Gives::Created(_) => assert!(success.0 == "201" && described(schema), "{}", route.name),
            Gives::List(_) => assert!(described(&schema["properties"]["items"]["items"]), "{}", route.name),
            Gives::Bytes => assert_eq!(success.0, "200", "{}", route.name),
            Gives::Page | Gives::See => panic!("{} gives a page and is none", route.name),
        }
        // Each place in the path, and each parameter of the query, is declared once.
        let declared: Vec<(&str, &str)> = operation["parameters"]
            .as_array()
            .map(|all| all.iter().map(|one| (one["in"].as_str().unwrap(), one["name"].as_str().unwrap())).collect())
            .unwrap_or_default();
        assert_eq!(declared.iter().collect::<BTreeSet<_>>().len(), declared.len(), "{}", route.name);
        for place in openapi::path(route.path).split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
            assert!(declared.contains(&("path", place)), "{} lacks {place}", route.name);
        }
        if let Takes::Query(names) | Takes::Bytes(names) = route.takes {
            assert!(names.iter().all(|name| declared.contains(&("query", name))), "{}", route.name);
        }
    }
}

/// Who may call a route and what it logs stand in the document as the route has them.
#[test]
fn access_and_log_are_stated() {
    let (routes, document) = (routes(), document());
    for route in &routes {
        let operation = &document["paths"][openapi::path(route.path)][route.method.as_str().to_ascii_lowercase()];
        let security = operation["security"].to_string();
        match route.access {
            Access::May(action) => {
                assert_eq!(security, r#"[{"token":[]}]"#);
                assert!(operation["x-access"].as_str().unwrap().ends_with(action.as_str()));
            }
            Access::Public(action) => {
                assert_eq!(security, r#"[{},{"token":[]}]"#);
                assert!(operation["x-access"].as_str().unwrap().ends_with(action.as_str()));
            }
            Access::Anyone | Access::OwnCredential => assert_eq!(security, "[]"),
        }
        match route.logs {
            Logs::Nothing => assert_eq!(operation["x-logs"], "nothing"),
            Logs::Event(event) => assert_eq!(operation["x-logs"], event.as_str()),
            Logs::SometimesEvent(event) => assert!(operation["x-logs"].as_str().unwrap().starts_with(event.as_str())),
            Logs::Events(_) => panic!("{} shows several things and is no page", route.name),
        }
        // What changes something is logged; `GET` changes nothing.
        if route.method != "GET" {
            assert!(!matches!(route.logs, Logs::Nothing), "{} changes something and logs nothing", route.name);
        }
    }
}

#[test]
fn the_command_and_the_server_give_the_same() {
    // While the file is being written anew, the binary still holds the old one.
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return;
    }
    let server = TestServer::start(Kind::Sqlite);
    let made = openapi::document(&app::routes(&server.identity));
    let printed = incamera().arg("openapi").output().unwrap();
    assert!(printed.status.success());
    assert_eq!(serde_json::from_slice::<Value>(&printed.stdout).unwrap(), made);
    let answer = server.client().get("/api/v1/openapi.json");
    assert_eq!(answer.expect(200), made);
    assert_eq!(answer.headers["content-type"], "application/json");
}
