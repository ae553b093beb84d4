//! Answers of two servers, made comparable: random ids, secrets and clocks become names, in the order in
//! which they first appear; everything else stays as it is, byte for byte.

use std::collections::BTreeMap;

use incamera::context::Moment;

use crate::support::Reply;

/// Members whose values are random and named nowhere else.
const RANDOM: [&str; 7] = ["access_token", "refresh_token", "unlock", "token", "totp_secret", "otpauth", "commitment"];

/// What one role was told by one server so far.
#[derive(Default)]
pub struct Names {
    ids: BTreeMap<String, String>,
    times: BTreeMap<i64, usize>,
    /// In the order in which they were named.
    order: Vec<Named>,
}

enum Named {
    Id(String),
    Time(i64),
}

/// How much was named at some point.
#[derive(Clone, Copy)]
pub struct Mark(usize);

impl Names {
    /// Calls an id by a name from the start on, whether it is ever shown or not.
    pub fn call(&mut self, id: &str, name: &str) {
        self.ids.entry(id.to_owned()).or_insert_with(|| name.to_owned());
    }

    /// How much is named.
    pub const fn mark(&self) -> Mark {
        Mark(self.order.len())
    }

    /// Forgets what was named since: one answer that differs must not make all that follow differ.
    pub fn forget(&mut self, since: Mark) {
        for named in self.order.drain(since.0..) {
            match named {
                Named::Id(id) => drop(self.ids.remove(&id)),
                Named::Time(time) => drop(self.times.remove(&time)),
            }
        }
    }

    /// An answer without what must differ between two servers.
    pub fn plain(&mut self, reply: &Reply) -> String {
        let mut headers = reply.headers.clone();
        headers.remove("date");
        headers.remove("incamera-request");
        // A moment with fewer digits makes a shorter body; that the length is the body's is held here.
        if let Some(length) = headers.remove("content-length") {
            assert!(
                reply.body.is_empty() || length == reply.body.len().to_string(),
                "a length that is not the body's: {length}"
            );
        }
        let mut text = reply.status.to_string();
        for (name, value) in headers {
            let value = self.text(&value);
            text.push('\n');
            text.push_str(&name);
            text.push_str(": ");
            text.push_str(&value);
        }
        text.push_str("\n\n");
        let body = reply.text();
        text.push_str(&self.text(&body));
        text
    }

    /// The same of any text.
    pub fn text(&mut self, text: &str) -> String {
        let mut rest = text;
        let mut plain = String::with_capacity(text.len());
        while let Some(first) = rest.chars().next() {
            let (shown, length) = if let Some(id) = rest.get(..36).filter(|word| is_id(word)) {
                (self.id(id), 36)
            } else if let Some((moment, length)) = moment(rest) {
                (self.time(moment), length)
            } else if let Some((name, value)) = random(rest) {
                (format!("\"{name}\":\"(random)\""), name.len() + value + 5)
            } else if let Some(cursor) = member(rest, "next") {
                let decoded = data_encoding::BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap_or_default();
                // Before the place stands what ties it to its list, a digest.
                let decoded = self.text(&String::from_utf8_lossy(decoded.get(6..).unwrap_or_default()));
                (format!("\"next\":\"(cursor {decoded})\""), cursor.len() + 9)
            } else if let Some(cursor) = rest.strip_prefix("cursor=").map(base64) {
                let decoded = data_encoding::BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap_or_default();
                let decoded = self.text(&String::from_utf8_lossy(decoded.get(6..).unwrap_or_default()));
                (format!("cursor=(cursor {decoded})"), cursor.len() + 7)
            } else if let Some(token) = rest.strip_prefix(TOKEN).map(base64) {
                (format!("{TOKEN}(random)"), TOKEN.len() + token.len())
            } else if rest
                .get(..64)
                .is_some_and(|word| word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
            {
                // A commitment, as the log's pages show it.
                ("(random)".to_owned(), 64)
            } else if let Some(length) = key(rest) {
                // Each server's log has a key of its own, and a page shows its fingerprint in groups.
                ("(key)".to_owned(), length)
            } else if let Some(length) = clock(rest) {
                // The moment itself stands beside it, for machines.
                ("(clock)".to_owned(), length)
            } else if rest.starts_with("\"recovery_codes\":[") {
                ("\"recovery_codes\":[(random)]".to_owned(), rest.find(']').map_or(rest.len(), |end| end + 1))
            } else {
                // To where the next of these could begin: at a quotation mark, or at the beginning of a word.
                let word = rest.bytes().take_while(u8::is_ascii_alphanumeric).count().max(first.len_utf8());
                let more = rest[word..].find(|c: char| c == '"' || c.is_ascii_alphanumeric());
                let length = more.map_or(rest.len(), |more| word + more);
                (rest[..length].to_owned(), length)
            };
            plain.push_str(&shown);
            rest = &rest[length..];
        }
        plain
    }

    fn id(&mut self, id: &str) -> String {
        let next = self.ids.len();
        let name = self.ids.entry(id.to_owned()).or_insert_with(|| {
            self.order.push(Named::Id(id.to_owned()));
            format!("id {next}")
        });
        format!("({name})")
    }

    /// Equal moments have equal names, so that a moment which a hidden change moves shows as another.
    fn time(&mut self, moment: i64) -> String {
        let next = self.times.len();
        let name = *self.times.entry(moment).or_insert_with(|| {
            self.order.push(Named::Time(moment));
            next
        });
        format!("(time {name})")
    }
}

/// Before the token of a form.
const TOKEN: &str = "name=\"_token\" value=\"";

/// What of the beginning of `text` may be base64.
fn base64(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(text.len());
    &text[..end]
}

/// The length of what is a key's own, if `text` begins with it: `530d903a+AekyeR…`, or 64 digits in groups of four.
fn key(text: &str) -> Option<usize> {
    let hex = |word: &str| word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let public = text.get(..9).and_then(|id| id.strip_suffix('+')).is_some_and(hex) && text.len() >= 53;
    let groups = text.get(..79).is_some_and(|all| all.split(' ').all(|group| group.len() == 4 && hex(group)));
    if public { Some(53) } else { groups.then_some(79) }
}

/// The length of a moment as pages show it, if `text` begins with one: `11 March 2026, 14:05 UTC`.
fn clock(text: &str) -> Option<usize> {
    let day = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&day) {
        return None;
    }
    let (date, rest) = text.split_once(", ")?;
    let words: Vec<&str> = date.split(' ').collect();
    let [_, month, year] = words.as_slice() else { return None };
    let dated = month.chars().all(char::is_alphabetic) && year.len() == 4 && year.parse::<u16>().is_ok();
    let timed = rest.get(2..3) == Some(":") && rest.get(5..6) == Some(" ");
    let zone = rest.get(6..)?.bytes().take_while(u8::is_ascii_alphanumeric).count();
    (dated && timed && zone > 0).then_some(date.len() + 2 + 6 + zone)
}

fn is_id(word: &str) -> bool {
    word.bytes().enumerate().all(|(at, byte)| {
        if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') }
    })
}

/// A moment at the start of `text`, as RFC 3339 or in microseconds, with its length.
fn moment(text: &str) -> Option<(i64, usize)> {
    let bytes = text.as_bytes();
    if bytes.get(4) == Some(&b'-') && bytes.get(10) == Some(&b'T') {
        let end = text.find('Z')? + 1;
        return Moment::parse(text.get(..end)?).map(|moment| (moment.0, end));
    }
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 16 { Some((text[..16].parse().ok()?, 16)) } else { None }
}

/// The text of a member at the start of `text`.
fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = text.strip_prefix('"')?.strip_prefix(name)?.strip_prefix("\":\"")?;
    value.split_once('"').map(|(value, _)| value)
}

fn random(text: &str) -> Option<(&'static str, usize)> {
    RANDOM.iter().find_map(|name| member(text, name).map(|value| (*name, value.len())))
}

#[test]
fn only_what_is_random_loses_its_face() {
    let mut names = Names::default();
    names.call("11111111-1111-4111-8111-111111111111", "the case");
    let reply = |body: &str| Reply {
        cookies: Vec::new(),
        status: 200,
        headers: [("etag".to_owned(), "\"3\"".to_owned())].into(),
        body: body.as_bytes().to_vec(),
    };
    let cursor = data_encoding::BASE64URL_NOPAD.encode(b"digest1700000000000001|22222222-2222-4222-8222-222222222222");
    let body = format!(
        r#"{{"id":"11111111-1111-4111-8111-111111111111","of":"22222222-2222-4222-8222-222222222222","at":"2023-11-14T22:13:20.000001Z","n":7,"commitment":"ab","next":"{cursor}","day":"2026-03-11","late":"2023-11-14T22:13:20.1Z","key":"a+530d903a+AekyeRrm56bApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k","groups":"{}"}}"#,
        ["0a1f"; 16].join(" ")
    );
    assert_eq!(
        names.plain(&reply(&body)),
        "200\netag: \"3\"\n\n{\"id\":\"(the case)\",\"of\":\"(id 1)\",\"at\":\"(time 0)\",\"n\":7,\"commitment\":\"(random)\",\"next\":\"(cursor (time 0)|(id 1))\",\"day\":\"2026-03-11\",\"late\":\"(time 1)\",\"key\":\"a+(key)\",\"groups\":\"(key)\"}"
    );
}
