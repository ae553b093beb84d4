//! The client as a browser: what it holds goes along as cookies, forms say where they come from.

use std::collections::BTreeMap;

use scraper::{Html, Selector};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::client::{Client, Reply};

/// The fields of a form.
pub type Form = Vec<(String, String)>;

/// The token of the forms of a log-in with this unlock secret.
pub fn form_token(unlock: &str) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(format!("incamera form token\0{unlock}")))
}

/// The fields of a form that stand for this JSON: a field of a field is dotted, a list comes several times.
pub fn form_of(body: &Value) -> Form {
    fn add(form: &mut Form, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(members) => {
                for (member, value) in members {
                    let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                    add(form, &name, value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| add(form, name, item)),
            Value::String(text) => form.push((name.to_owned(), text.clone())),
            other => form.push((name.to_owned(), other.to_string())),
        }
    }
    let mut form = Form::new();
    add(&mut form, "", body);
    form
}

/// A form of these fields.
pub fn form(fields: &[(&str, &str)]) -> Form {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `application/x-www-form-urlencoded`, with line breaks as browsers send them.
pub fn encoded(form: &Form) -> Vec<u8> {
    let encode = |text: &str| {
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&").into_bytes()
}

/// A file that a form sends: its name, and its bytes.
pub type File = (String, Vec<u8>);

/// `multipart/form-data`, as browsers send forms with a file.
fn with_file(form: &Form, file: &File) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in form {
        body.extend(
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    let name = &file.0;
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/plain\r\n\r\n"
    );
    body.extend(head.bytes());
    body.extend(&file.1);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    body
}

const BOUNDARY: &str = "----a-boundary-of-ours";
const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=----a-boundary-of-ours");

/// What a page of ours says of where a form comes from.
pub const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");
/// How a form without a file says what it is.
pub const URLENCODED: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl Client {
    /// What a browser that holds the same sends as `Cookie`.
    pub fn cookies(&self) -> String {
        let held = [
            ("__Host-incamera", &self.token),
            ("__Host-incamera-unlock", &self.unlock),
            ("__Secure-incamera-visit", &self.visit),
        ];
        let held = held.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        held.collect::<Vec<_>>().join("; ")
    }

    /// The token that forms of ours hold for this log-in.
    pub fn form_token(&self) -> Option<String> {
        self.unlock.as_deref().map(form_token)
    }

    /// Looks at a page.
    #[track_caller]
    pub fn look(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let cookies = self.cookies();
        let mut all = vec![];
        if !cookies.is_empty() {
            all.push(("cookie", cookies.as_str()));
        }
        all.extend(headers);
        self.send_bare("GET", path, &all, None)
    }

    /// Sends a form as a page of ours would.
    #[track_caller]
    pub fn submit(&mut self, path: &str, form: &Form) -> Reply {
        self.submit_with(path, form, None)
    }

    /// The same with a file, if there is one.
    #[track_caller]
    pub fn submit_with(&mut self, path: &str, form: &Form, file: Option<&File>) -> Reply {
        let mut form = form.clone();
        form.extend(self.form_token().map(|token| ("_token".to_owned(), token)));
        self.submit_bare_with(path, &form, file, &[OURS])
    }

    /// Sends these fields and these headers, with the cookies.
    #[track_caller]
    pub fn submit_bare(&mut self, path: &str, form: &Form, headers: &[(&str, &str)]) -> Reply {
        self.submit_bare_with(path, form, None, headers)
    }

    /// The same with a file, if there is one.
    #[track_caller]
    pub fn submit_bare_with(
        &mut self,
        path: &str,
        form: &Form,
        file: Option<&File>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let cookies = self.cookies();
        let mut all = vec![if file.is_some() { MULTIPART } else { URLENCODED }];
        if !cookies.is_empty() {
            all.push(("cookie", cookies.as_str()));
        }
        all.extend(headers);
        let body = file.map_or_else(|| encoded(form), |file| with_file(form, file));
        self.send_bare("POST", path, &all, Some(&body))
    }
}

/// A browser, as far as it keeps cookies and fills in forms.
pub struct Browser {
    pub client: Client,
    /// Name and path of each cookie, and its value.
    pub jar: BTreeMap<(String, String), String>,
}

impl Browser {
    pub fn new(client: &Client) -> Self {
        Self { client: client.anew(), jar: BTreeMap::new() }
    }

    /// Another with the same cookies: as another tab, before it hears of what the first one is told.
    pub fn tab(&self) -> Self {
        Self { client: self.client.anew(), jar: self.jar.clone() }
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.iter().find(|((one, _), _)| one == name).map(|(_, value)| value.as_str())
    }

    fn sent(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap();
        let within = |place: &str| place == "/" || path == place || path.starts_with(&format!("{place}/"));
        let sent = self.jar.iter().filter(|((_, place), _)| within(place));
        sent.map(|((name, _), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Keeps a cookie as browsers do, which refuse those whose name promises what they do not hold.
    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<&str> = parts.collect();
        let attribute = |name: &str| attributes.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        for needed in ["HttpOnly", "Secure", "SameSite=Strict"] {
            assert!(attributes.contains(&needed), "{needed} is missing: {cookie}");
        }
        assert_eq!(attribute("Domain"), None, "{cookie}");
        let path = attribute("Path").unwrap();
        assert!(name.starts_with("__Secure-") || (name.starts_with("__Host-") && path == "/"), "{cookie}");
        let seconds: i64 = attribute("Max-Age").expect("a cookie has its time").parse().unwrap();
        let place = (name.to_owned(), path.to_owned());
        if seconds > 0 {
            self.jar.insert(place, value.to_owned());
        } else {
            self.jar.remove(&place);
        }
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let cookies = self.sent(path);
        let mut all = headers.to_vec();
        if !cookies.is_empty() {
            all.push(("cookie", &cookies));
        }
        let reply = self.client.send_bare(method, path, &all, body);
        reply.cookies.iter().for_each(|cookie| self.keep(cookie));
        reply
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[("sec-fetch-site", "none")], None)
    }

    /// Sends a form as it stands.
    pub fn post(&mut self, path: &str, form: &Form) -> Reply {
        self.send("POST", path, &[OURS, URLENCODED], Some(&encoded(form)))
    }

    /// Fills in the form of the page that goes to `action`, and sends it.
    #[track_caller]
    pub fn fill(&mut self, page: &Reply, action: &str, typed: &[(&str, &str)]) -> Reply {
        let mut form = fields(page, action);
        for (name, value) in typed {
            form.retain(|(one, _)| one != name);
            form.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.post(action, &form)
    }

    /// Logs in by the page.
    #[track_caller]
    pub fn log_in(&mut self, email: &str, password: &str, code: &str) -> Reply {
        let page = self.get("/log-in");
        self.fill(&page, "/log-in", &[("email", email), ("password", password), ("code", code)])
    }
}

/// What the form of a page that goes to `action` would send if nobody touched it.
#[track_caller]
pub fn fields(page: &Reply, action: &str) -> Form {
    let html = Html::parse_document(&page.text());
    let select = |selector: &str| Selector::parse(selector).unwrap();
    let forms = select("form");
    let form = html.select(&forms).find(|form| form.attr("action") == Some(action));
    let form = form.unwrap_or_else(|| panic!("no form to {action}: {}", page.text()));
    let mut fields = Form::new();
    for field in form.select(&select("input, textarea, select")) {
        let name = field.attr("name").unwrap().to_owned();
        let value = match field.value().name() {
            "textarea" => Some(field.text().collect()),
            "select" => field
                .select(&select("option[selected]"))
                .next()
                .or_else(|| field.select(&select("option")).next())
                .and_then(|option| option.attr("value").map(ToOwned::to_owned)),
            _ if matches!(field.attr("type"), Some("checkbox" | "radio")) && field.attr("checked").is_none() => None,
            _ => Some(field.attr("value").unwrap_or_default().to_owned()),
        };
        fields.extend(value.map(|value| (name, value)));
    }
    fields
}
