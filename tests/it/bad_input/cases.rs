//! The table of bad inputs.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use incamera::server::{Gives, Route, Takes};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::shape::{self, Member, Shape};
use super::{ABSENT, Blame, Probe};

/// Texts with characters that no text may have, inside JSON.
const UNREADABLE: [(&str, &str); 9] = [
    ("NUL", "a\u{0}b"),
    ("bell", "a\u{7}b"),
    ("escape", "a\u{1b}[2Jb"),
    ("C1 control", "a\u{85}b"),
    ("right-to-left override", "a\u{202e}b"),
    ("Arabic letter mark", "a\u{61c}b"),
    ("zero width space", "a\u{200b}b"),
    ("byte order mark", "a\u{feff}b"),
    ("tag", "a\u{e0041}b"),
];

const BAD_IDS: [&str; 8] = [
    "",
    "abc",
    "3E8B7A52-93A5-4F4E-8C1A-2F6A5F1F0B11",
    "{3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11}",
    "3e8b7a5293a54f4e8c1a2f6a5f1f0b11",
    "urn:uuid:3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11",
    " 3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11",
    "3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b1\u{0}",
];

const BAD_MOMENTS: [&str; 15] = [
    "",
    "yesterday",
    "2024-02-30",
    "2024-2-3",
    "2024-13-01T00:00:00Z",
    "2024-01-01T25:00:00Z",
    "2024-01-01T00:00:00",
    "2024-01-01T00:00:00+99:00",
    "+12024-01-01",
    "-2024-01-01",
    "0000-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "２０２４-01-01",
    "2024-01-01\u{0}",
    "1735689600",
];

const BAD_DAYS: [&str; 11] = [
    "",
    "yesterday",
    "2024-02-30",
    "2024-2-3",
    "20240203",
    "2024-02-03T00:00:00Z",
    "+2024-02-03",
    "-2024-02-03",
    "2024-02-03 ",
    "２０２４-02-03",
    "2024-02-0\u{0}",
];

/// Credentials: whatever is wrong with one is the same 401 as a wrong one, unless it is not even a text.
fn credential(route: &Route, path: &str) -> bool {
    matches!((route.name, path), ("sign_in", "email" | "password" | "code") | ("refresh", "refresh_token"))
}

fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

/// Bodies that are wrong as a whole.
pub fn whole_bodies(probe: &mut Probe, route: &Route, members: &[Member]) {
    let base = probe.base(route, members);
    let good = base.to_string();
    let path = probe.path(route);
    probe.unchanged(route.name, |probe| {
        let inside = &good[1..good.len() - 1];
        let comma = if inside.is_empty() { "" } else { "," };
        for (what, body) in [
            ("empty", String::new()),
            ("blank", "  \r\n\t".into()),
            ("null", "null".into()),
            ("an array", "[]".into()),
            ("the body in an array", format!("[{good}]")),
            ("a number", "7".into()),
            ("a text", "\"words\"".into()),
            ("cut off", good[..good.len() - 1].to_owned()),
            ("cut off early", "{".into()),
            ("something behind it", format!("{good} x")),
            ("twice", format!("{good}{good}")),
            ("a comment", format!("{{/* */{inside}}}")),
            ("a comma too many", format!("{{{inside},}}")),
            ("single quotes", good.replace('"', "'")),
            ("a byte order mark", format!("\u{feff}{good}")),
            ("nested arrays", nested(10_000, "[", "]")),
            ("nested objects", nested(10_000, "{\"a\":", "}")),
            ("not a number", format!("{{{inside}{comma}\"surprise\":NaN}}")),
        ] {
            let blame =
                if what == "not a number" { Blame::FieldOrBody("surprise") } else { Blame::FieldOrBody("body") };
            let first = members.iter().find(|member| member.required);
            // An array could also pass for the members in their order: then the first is of a wrong type.
            let blame = match (what, first) {
                ("an array" | "the body in an array" | "nested arrays", Some(first)) => {
                    Blame::FieldOrBody(if what == "an array" { "body" } else { &first.name })
                }
                ("nested objects", _) => Blame::FieldOrBody("a"),
                _ => blame,
            };
            probe.refused(route, what, &path, &[], Some(body.as_bytes()), &blame);
        }
        for name in ["surprise", "__proto__", "", "Source", "a.b[0]", "\\u0000", "\\ud83d\\ude00"] {
            let body = format!("{{{inside}{comma}\"{name}\":{}}}", nested(100, "[", "]"));
            probe.refused(route, "an unknown member", &path, &[], Some(body.as_bytes()), &Blame::Status(&[422]));
        }
        let body = format!("{{{inside}{comma}\"surprise\":1}}");
        probe.refused_body(route, "an unknown member", body.as_bytes(), &Blame::Field("surprise"));
        for (what, bytes) in [
            ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            ("not UTF-8", [b"{\"surprise\":\"\xff\xfe\"", comma.as_bytes(), inside.as_bytes(), b"}"].concat()),
            ("zeros", vec![0; 64]),
        ] {
            probe.refused(route, what, &path, &[], Some(&bytes), &Blame::Status(&[422]));
        }
        let large = probe.world.server.settings.server.json_bytes + 1;
        let body = format!("{good}{}", " ".repeat(large - good.len()));
        probe.refused(route, "too large", &path, &[], Some(body.as_bytes()), &Blame::Status(&[413]));
        for media in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=a",
            "application/json5",
        ] {
            let headers = [("content-type", media)];
            probe.refused(route, media, &path, &headers, Some(good.as_bytes()), &Blame::Status(&[415]));
        }
        for (at, (name, value)) in base.as_object().unwrap().iter().enumerate() {
            let body = format!("{{{inside},\"{name}\":{value}}}");
            probe.refused(route, "given twice", &path, &[], Some(body.as_bytes()), &Blame::Field(name));
            assert!(at < 50);
        }
    });
}

/// Each member in turn, wrong in every way that its shape has.
pub fn members(probe: &mut Probe, route: &Route, members: &[Member]) {
    for (path, member) in shape::walk(members) {
        let mut good = probe.base(route, members);
        // Whatever it stands in must be there too.
        if let Some((outer, _)) = path.split_once('.') {
            let one = members.iter().find(|one| one.name == outer).unwrap();
            if good[outer].is_null() {
                good[outer] = probe.sample(route, outer, &one.shape);
            }
        }
        shape::patch(&mut good, &super::beside(route.name, &path));
        let start = shape::get(&good, &path).unwrap_or_else(|| probe.sample(route, &path, &member.shape));
        let what = format!("{} {path}", route.name);
        probe.unchanged(&what, |probe| {
            if member.required {
                let mut body = good.clone();
                match path.rsplit_once('.') {
                    Some((outer, name)) => drop(body[outer].as_object_mut().unwrap().remove(name)),
                    None => drop(body.as_object_mut().unwrap().remove(&path)),
                }
                probe.refused_body(route, "missing", body.to_string().as_bytes(), &Blame::Field(&path));
            }
            for wrong in wrong_types(member) {
                let mut body = good.clone();
                shape::set(&mut body, &path, wrong);
                probe.refused_body(route, "of a wrong type", body.to_string().as_bytes(), &Blame::Field(&path));
            }
            for raw in wrong_texts(&member.shape) {
                let mut body = good.clone();
                shape::set(&mut body, &path, "PLACE".into());
                let body = body.to_string().replace("\"PLACE\"", &raw);
                probe.refused_body(route, "of a wrong type", body.as_bytes(), &Blame::FieldOrBody(&path));
            }
            for (what, wrong) in wrong_values(&start, &member.shape) {
                // A search by what is not there finds nothing; more would tell who is.
                if route.name == "search_notes" && what == "the id of nothing" {
                    continue;
                }
                let mut body = good.clone();
                shape::set(&mut body, &path, wrong);
                let blame = if credential(route, &path) { Blame::Status(&[401, 422]) } else { Blame::Field(&path) };
                probe.refused_body(route, what, body.to_string().as_bytes(), &blame);
            }
        });
    }
}

/// One value of each type that JSON has, but for those that are taken.
fn wrong_types(member: &Member) -> Vec<Value> {
    let all = [json!(null), json!(true), json!(7), json!(1.5), json!("words"), json!([]), json!([[]]), json!({"a": 1})];
    all.into_iter()
        .filter(|value| match (&member.shape, value) {
            (_, Value::Null) => !member.nullable,
            // Judged by value.
            (Shape::Text | Shape::Id | Shape::Moment | Shape::Day | Shape::Choice(_), Value::String(_)) => false,
            (Shape::Number, Value::Number(number)) => !number.is_i64(),
            (Shape::Flag, Value::Bool(_)) => false,
            (Shape::List(_), Value::Array(values)) => !values.is_empty(),
            _ => true,
        })
        .collect()
}

/// JSON texts that only a hand could write.
fn wrong_texts(shape: &Shape) -> Vec<String> {
    let mut texts = vec![
        nested(10_000, "[", "]"),
        nested(10_000, "{\"a\":", "}"),
        "\"\\ud800\"".into(),
        "\"\\udc00\\ud800\"".into(),
        "\"\\x41\"".into(),
        "\"a\nb\"".into(),
        "undefined".into(),
        "1e999999".into(),
        "-".into(),
        "0x10".into(),
        "01".into(),
        format!("1{}", "0".repeat(400)),
        "9223372036854775808".into(),
        "-9223372036854775809".into(),
    ];
    if matches!(shape, Shape::Number) {
        texts.extend(["1.0".into(), "\"1\"".into(), "1e3".into()]);
    }
    texts
}

/// Values of the right type that are wrong all the same.
fn wrong_values(good: &Value, shape: &Shape) -> Vec<(&'static str, Value)> {
    match shape {
        Shape::Text => {
            let good = good.as_str().unwrap();
            let mut values: Vec<(&'static str, Value)> =
                vec![("empty", "".into()), ("blank", " \t \n ".into()), ("too long", "a".repeat(150_000).into())];
            for (what, text) in UNREADABLE {
                values.push((what, format!("{good}{text}{good}").into()));
            }
            // Long enough for what must be long, and odd all through.
            values.push(("nothing but what cannot be seen", "\u{200b}".repeat(20).into()));
            values
        }
        Shape::Id => {
            let mut values: Vec<(&'static str, Value)> =
                BAD_IDS.iter().map(|id| ("a malformed id", (*id).into())).collect();
            values.push(("the id of nothing", ABSENT.into()));
            values.push(("a long id", "3e8b7a52-".repeat(1000).into()));
            values
        }
        Shape::Moment => BAD_MOMENTS.iter().map(|text| ("no moment", (*text).into())).collect(),
        Shape::Day => BAD_DAYS.iter().map(|text| ("no day", (*text).into())).collect(),
        Shape::Choice(words) => {
            let known = &words[0];
            [String::new(), "planet".into(), known.to_uppercase() + "_", format!(" {known}"), format!("{known}\u{0}")]
                .into_iter()
                .chain(["x".repeat(100_000)])
                .map(|word| ("no such choice", word.into()))
                .collect()
        }
        Shape::Number => [i64::MIN, -1, i64::MAX].into_iter().map(|number| ("out of range", number.into())).collect(),
        Shape::Flag | Shape::Object(_) => Vec::new(),
        Shape::List(of) => {
            let good = good[0].clone();
            let mut values: Vec<(&'static str, Value)> = vec![
                ("too many", vec![good.clone(); 5000].into()),
                ("one null", json!([null])),
                ("one wrong", json!([good, 7])),
                ("lists in it", json!([[good]])),
            ];
            if matches!(**of, Shape::Id | Shape::Choice(_)) {
                values.push(("one given twice", json!([good, good])));
            }
            for (what, wrong) in wrong_values(&good, of) {
                values.push((what, json!([wrong])));
            }
            values
        }
    }
}

/// A cursor of each list that has more than one thing.
pub fn cursors(probe: &mut Probe, routes: &[Route]) -> BTreeMap<String, String> {
    let mut cursors = BTreeMap::new();
    for route in routes {
        if matches!(route.gives, Gives::List(_)) && takes(route).contains(&"cursor") {
            let path = probe.path(route);
            let page = probe.send(route, &format!("{path}?limit=1"), &[], None).expect(200);
            if let Some(next) = page["next"].as_str() {
                cursors.insert(path, next.to_owned());
            }
        }
    }
    cursors
}

fn takes(route: &Route) -> &'static [&'static str] {
    match route.takes {
        Takes::Query(names) | Takes::Bytes(names) => names,
        Takes::Nothing | Takes::Json(_) | Takes::Form(_) | Takes::Upload(_) | Takes::FileForm(_) | Takes::File => &[],
    }
}

/// Places that no list has, as a cursor may name them.
const BAD_PLACES: [&str; 11] = [
    "",
    "abc",
    "\0",
    "a\0b",
    "|",
    "||||",
    "a\0b|3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11",
    "a\nb|3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11",
    "2027-05-04|3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b1\0",
    "99999999999999999999|3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11",
    "-99999999-01-01|3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11",
];

/// The bytes of a cursor that is tied to the list at `path`, as `server/call.rs` makes them.
fn tied(path: &str, key: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest([path.as_bytes(), &[0], key].concat());
    [&digest[..6], key].concat()
}

/// Query parameters.
pub fn queries(probe: &mut Probe, route: &Route, cursors: &BTreeMap<String, String>) {
    let path = probe.path(route);
    let body = probe.members(route).map(|members| probe.base(route, &members).to_string());
    let (body, upload) = match route.takes {
        Takes::Bytes(_) => (Some(b"words".to_vec()), "&title=Paper&file_name=a.txt"),
        Takes::File => (Some(b"words".to_vec()), ""),
        _ => (body.map(String::into_bytes), ""),
    };
    let body = body.as_deref();
    probe.unchanged(&format!("{}'s query", route.name), |probe| {
        for (query, field) in [
            ("surprise=1", "surprise"),
            ("surprise", "surprise"),
            ("sur%70rise=%00", "surprise"),
            ("limit%00=1", "limit\0"),
            ("=1", ""),
            ("%ff=1", "query"),
            ("surprise=%c3", "query"),
        ] {
            let path = format!("{path}?{query}{upload}");
            probe.refused(route, "an unknown parameter", &path, &[], body, &Blame::Field(field));
        }
        for name in takes(route) {
            let mut wrong = vec![
                ("not UTF-8", format!("{name}=%ff"), "query"),
                ("overlong", format!("{name}={}", "a".repeat(10_000)), *name),
                ("NUL", format!("{name}=a%00b"), *name),
                ("a line break", format!("{name}=a%0d%0ab"), *name),
                ("right-to-left override", format!("{name}=%e2%80%ae"), *name),
                ("empty", format!("{name}="), *name),
            ];
            let upload = upload.replace(&format!("&{name}="), "&ignored=");
            if upload.is_empty() {
                wrong.push(("given twice", format!("{name}=1&{name}=2"), *name));
                wrong.push(("no value of it", format!("{name}=planet"), *name));
            } else {
                wrong.push(("given twice", format!("{name}=a.txt&{name}=a.txt"), *name));
            }
            match *name {
                "limit" => wrong.extend(
                    ["0", "-1", "201", "1.5", "1e2", "0x10", "9223372036854775808", "%2b5", "+5", "%ef%bc%95", "05+"]
                        .map(|text| ("no limit", format!("limit={text}"), "limit")),
                ),
                "from" | "until" | "at" => wrong.extend(BAD_MOMENTS.iter().map(|text| {
                    let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
                    ("no date", format!("{name}={text}"), *name)
                })),
                "cursor" => {
                    for raw in BAD_PLACES {
                        // With what ties it to the list, and without.
                        for tied in [raw.as_bytes().to_vec(), tied(&path, raw.as_bytes())] {
                            let cursor = BASE64URL_NOPAD.encode(&tied);
                            let path = format!("{path}?cursor={cursor}");
                            probe.refused(route, "no cursor", &path, &[], None, &Blame::Nothing);
                        }
                        let cursor = BASE64URL_NOPAD.encode(raw.as_bytes());
                        wrong.push(("no cursor", format!("cursor={cursor}"), "cursor"));
                    }
                    let bytes = BASE64URL_NOPAD.encode(&tied(&path, b"\xff\xfe"));
                    wrong.push(("not UTF-8 inside", format!("cursor={bytes}"), "cursor"));
                    wrong.push(("padded", "cursor=YWJj%3d%3d".into(), "cursor"));
                    wrong.push(("no base64", "cursor=%2a%2a".into(), "cursor"));
                    for (list, cursor) in cursors {
                        if *list != path {
                            wrong.push(("of another list", format!("cursor={cursor}"), "cursor"));
                        }
                    }
                    if let Some(cursor) = cursors.get(&path) {
                        wrong.push(("cut off", format!("cursor={}", &cursor[..cursor.len() / 4 * 4 - 4]), "cursor"));
                        wrong.push(("longer", format!("cursor={cursor}AAAA"), "cursor"));
                    }
                }
                _ => {}
            }
            let upload = upload.split('&').filter(|pair| !pair.starts_with("ignored=")).collect::<Vec<_>>().join("&");
            for (what, query, field) in wrong {
                let path = format!(
                    "{path}?{query}{upload}",
                    upload =
                        if upload.is_empty() { String::new() } else { format!("&{}", upload.trim_start_matches('&')) }
                );
                let path = if *name != "thing" && takes(route).contains(&"thing") && route.name == "explain" {
                    format!("{path}&thing={ABSENT}")
                } else {
                    path
                };
                probe.refused(route, what, &path, &[], body, &Blame::Field(field));
            }
        }
    });
}

/// Ids in the path: what is no id names nothing.
pub fn paths(probe: &mut Probe, route: &Route) {
    let places: Vec<String> = {
        let all = std::cell::RefCell::new(Vec::new());
        probe.path_with(route, |place| {
            all.borrow_mut().push(place.to_owned());
            String::new()
        });
        all.into_inner()
    };
    let body = probe.members(route).map(|members| probe.base(route, &members).to_string());
    let body: Option<Vec<u8>> = match route.takes {
        Takes::Bytes(_) | Takes::File => Some(b"words".to_vec()),
        _ => body.map(String::into_bytes),
    };
    let query = if matches!(route.takes, Takes::Bytes(_)) { "?title=Paper&file_name=a.txt" } else { "" };
    for wanted in &places {
        probe.unchanged(&format!("{}'s path", route.name), |probe| {
            for text in [
                ABSENT,
                "abc",
                "3E8B7A52-93A5-4F4E-8C1A-2F6A5F1F0B11",
                "%7b3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11%7d",
                "%00",
                "%ff",
                "%e2%80%ae",
                "%2e%2e%2f%2e%2e",
                "a%2fb",
                "a%0d%0aset-cookie:%20a=b",
                "%",
                "%zz",
                "'%20OR%201=1--",
                "null",
                "-1",
                &"a".repeat(5000),
            ] {
                let path =
                    probe.path_with(route, |place| if place == wanted { text.to_owned() } else { probe.id(place) });
                let path = format!("{path}{query}");
                probe.refused(route, "an id of nothing", &path, &[], body.as_deref(), &Blame::Status(&[404]));
            }
        });
    }
}

/// Headers, and bodies where none is taken.
pub fn headers(probe: &mut Probe, route: &Route) {
    let path = probe.path(route);
    if matches!(route.takes, Takes::Nothing | Takes::Query(_)) {
        probe.unchanged(&format!("{}'s body", route.name), |probe| {
            let body = Some(b"{\"a\":1}".as_slice());
            probe.refused(route, "a body", &path, &[], body, &Blame::Status(&[413]));
        });
    }
    if !route.also.contains(&412) {
        return;
    }
    let body = match probe.members(route) {
        Some(members) => probe.base(route, &members).to_string(),
        None => "words".to_owned(),
    };
    probe.unchanged(&format!("{}'s If-Match", route.name), |probe| {
        let body = Some(body.as_bytes());
        probe.refused(route, "no If-Match", &path, &[("if-match", "")], body, &Blame::Status(&[428]));
        for text in ["abc", "\"\"", "*", "W/\"1\"", "1.5", "\"1\", \"2\"", "\"9223372036854775808\"", "0x1", "\"1"] {
            let headers = [("if-match", text)];
            probe.refused(route, "no version", &path, &headers, body, &Blame::Field("If-Match"));
        }
        for text in ["\"9223372036854775807\"", "\"-1\"", "\"77\""] {
            let headers = [("if-match", text)];
            probe.refused(route, "no such version", &path, &headers, body, &Blame::Status(&[412, 422]));
        }
    });
}
