//! Access tokens: everything that is not exactly one of ours, in its time, of a log-in that lives, is
//! refused, and always with the same answer.

use data_encoding::BASE64URL_NOPAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::*;
use crate::both;
use crate::support::database::Kind;

/// Signs these very texts, whatever they are.
fn sign(key: &[u8], header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", BASE64.encode(header.as_bytes()), BASE64.encode(claims.as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(&mac.finalize().into_bytes()))
}

/// The parts of a token as text.
fn read(token: &str) -> (String, String) {
    let part =
        |n: usize| String::from_utf8(BASE64.decode(token.split('.').nth(n).unwrap().as_bytes()).unwrap()).unwrap();
    (part(0), part(1))
}

/// The server's key for tokens.
fn key(server: &TestServer) -> Vec<u8> {
    let file = std::fs::read_to_string(server.settings.base.join("keys/token.key")).unwrap();
    data_encoding::HEXLOWER.decode(file.lines().next().unwrap().as_bytes()).unwrap()
}

/// `header` or `claims` with a field set, or left out.
fn with(text: &str, field: &str, value: Option<Value>) -> String {
    let mut object: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    match value {
        Some(value) => drop(object.insert(field.into(), value)),
        None => drop(object.remove(field)),
    }
    Value::Object(object).to_string()
}

/// A good token taken apart, to make bad ones of.
struct Made {
    good: String,
    key: Vec<u8>,
    header: String,
    claims: String,
    bad: Vec<(String, String)>,
}

impl Made {
    fn push(&mut self, name: &str, token: String) {
        self.bad.push((name.to_owned(), token));
    }

    /// With this header, rightly signed.
    fn header(&mut self, name: &str, header: &str) {
        self.push(name, sign(&self.key, header, &self.claims));
    }

    /// With these claims, rightly signed.
    fn claims(&mut self, name: &str, claims: &str) {
        self.push(name, sign(&self.key, &self.header, claims));
    }

    fn claim(&mut self, name: &str, field: &str, value: Option<Value>) {
        self.claims(name, &with(&self.claims, field, value));
    }

    /// What the library and RFC 8725 leave open in a header, and the rest of it.
    fn headers(&mut self) {
        let (header, claims) = (self.header.clone(), self.claims.clone());
        let kid = serde_json::from_str::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned();
        let unsigned =
            |header: &str| format!("{}.{}.", BASE64.encode(header.as_bytes()), BASE64.encode(claims.as_bytes()));
        for alg in ["none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256"] {
            let header = with(&header, "alg", Some(alg.into()));
            self.header(&format!("alg {alg:?}, signed"), &header);
            self.push(&format!("alg {alg:?}, without a signature"), unsigned(&header));
        }
        self.push("HS256 without a signature", unsigned(&header));
        for (name, value) in [("null", Value::Null), ("a list", json!(["HS256"])), ("a number", json!(256))] {
            self.header(&format!("alg {name}"), &with(&header, "alg", Some(value)));
        }
        for typ in ["JWT", "at+JWT", "application/at+jwt", "dpop+jwt", ""] {
            self.header(&format!("typ {typ:?}"), &with(&header, "typ", Some(typ.into())));
        }
        for other in ["0000000000000000", "", "../../etc/passwd", "' OR 1=1 --", &kid.to_uppercase(), &kid[..15]] {
            self.header(&format!("kid {other:?}"), &with(&header, "kid", Some(other.into())));
        }
        for field in ["alg", "typ", "kid"] {
            self.header(&format!("{field} missing"), &with(&header, field, None));
        }
        self.header("kid a list", &with(&header, "kid", Some(json!([kid]))));
        self.header("kid twice", &format!("{},\"kid\":\"{kid}\"}}", header.trim_end_matches('}')));
        self.header("alg twice", &format!("{{\"alg\":\"none\",{}", header.trim_start_matches('{')));
        let public = json!({"kty": "oct", "k": BASE64.encode(&[7; 32])});
        for (field, value) in [
            ("jwk", public.clone()),
            ("jku", "https://evil.example/keys".into()),
            ("x5u", "https://evil.example/cert".into()),
            ("x5c", json!(["MII"])),
            ("crit", json!(["exp"])),
            ("b64", json!(false)),
            ("cty", "JWT".into()),
            ("zip", "DEF".into()),
            ("enc", "A256GCM".into()),
            ("unknown", "x".into()),
        ] {
            self.header(&format!("header {field}"), &with(&header, field, Some(value)));
        }
        self.push("signed by the jwk it brings", sign(&[7; 32], &with(&header, "jwk", Some(public)), &claims));
        for (name, text) in [("no object", "[]"), ("no JSON", "{"), ("empty", "")] {
            self.header(&format!("header {name}"), text);
        }
    }

    fn keys(&mut self) {
        let hex = data_encoding::HEXLOWER.encode(&self.key).into_bytes();
        let hash = Sha256::digest(&self.key).to_vec();
        for (name, key) in
            [("another", vec![7; 32]), ("an empty", Vec::new()), ("its spelling as", hex), ("its hash as", hash)]
        {
            self.push(&format!("{name} key"), sign(&key, &self.header, &self.claims));
        }
    }

    /// `origin`: who the tokens are by and for. `others`: the claims of another person's token.
    fn every_claim(&mut self, now: i64, origin: &str, others: &Value, nobody: &str) {
        let said: Value = serde_json::from_str(&self.claims).unwrap();
        for field in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
            self.claim(&format!("{field} missing"), field, None);
            self.claim(&format!("{field} null"), field, Some(Value::Null));
            self.claim(&format!("{field} an object"), field, Some(json!({})));
            self.claim(&format!("{field} a list"), field, Some(json!([said[field]])));
        }
        for field in ["iss", "aud"] {
            let near = [&format!("{origin}/"), &origin.to_uppercase(), &origin[..origin.len() - 1]];
            for wrong in ["https://evil.example", ""].into_iter().chain(near) {
                self.claim(&format!("{field} {wrong:?}"), field, Some(wrong.into()));
            }
            self.claim(&format!("{field} among others"), field, Some(json!([origin, "https://evil.example"])));
        }
        let fraction = serde_json::from_str(&format!("{}.5", now + 100)).unwrap();
        for (field, value) in [
            ("sub", nobody.into()),
            ("sub", others["sub"].clone()),
            ("sub", "fr".into()),
            ("sub", said["sub"].as_str().unwrap().to_uppercase().into()),
            ("sub", 1.into()),
            ("sid", nobody.into()),
            ("sid", others["sid"].clone()),
            ("sid", "".into()),
            ("exp", (now - 1).into()),
            ("exp", now.into()),
            ("exp", (now + 100_000).into()),
            ("exp", i64::MAX.into()),
            ("exp", json!(1e300)),
            ("exp", fraction),
            ("exp", (now + 100).to_string().into()),
            ("exp", (-1).into()),
            ("nbf", (now + 60).into()),
            ("nbf", now.to_string().into()),
            ("iat", (now + 60).into()),
            ("iat", (now - 1000).into()),
            ("iat", i64::MIN.into()),
            // Claims that ours have not.
            ("admin", true.into()),
            ("scope", "openid".into()),
        ] {
            self.claim(&format!("{field} {value}"), field, Some(value));
        }
        let claims = self.claims.clone();
        let longer = with(&with(&claims, "iat", Some((now - 1).into())), "exp", Some((now + 300).into()));
        self.claims("a second longer than ours", &longer);
        self.claims("sub twice", &format!("{},\"sub\":{}}}", claims.trim_end_matches('}'), said["sub"]));
        self.claims("exp twice", &format!("{{\"exp\":1,{}", claims.trim_start_matches('{')));
        self.claims("claims a list", "[]");
        self.claims("claims no JSON", "{");
        self.claims("something behind the claims", &format!("{claims}{{}}"));
        self.claim("long, but signed", "jti", Some("x".repeat(2000).into()));
    }

    fn spellings(&mut self) {
        let good = self.good.clone();
        let parts: Vec<&str> = good.split('.').collect();
        self.push("empty", String::new());
        self.push("dots", "..".into());
        for n in [1, 2] {
            self.push(&format!("{n} parts"), parts[..n].join("."));
        }
        self.push("four parts", format!("{good}.{}", parts[2]));
        self.push("five parts", format!("{good}.{}.{}", parts[1], parts[2]));
        for cut in [1, 10, good.len() - 1] {
            self.push(&format!("cut by {cut}"), good[..good.len() - cut].to_owned());
        }
        self.push("cut at the front", good[1..].to_owned());
        self.push("padded", format!("{good}="));
        self.push("padded within", format!("{}=.{}.{}", parts[0], parts[1], parts[2]));
        for (name, white) in [("a space", " "), ("a tab", "\t")] {
            self.push(&format!("{name} before"), format!("{white}{good}"));
            self.push(&format!("{name} within"), good.replacen('.', &format!("{white}."), 1));
        }
        self.push("standard base64", good.replace('-', "+").replace('_', "/") + "+/");
        self.push("no base64", good.replacen('e', "!", 1));
        self.push("twice", format!("{good},{good}"));
        self.push("in quotes", format!("\"{good}\""));
        self.push("very long", format!("{}.{}.{}", parts[0], "A".repeat(5000), parts[2]));
        // Another spelling of the same signature: the last character has bits that mean nothing.
        let last = parts[2].chars().last().unwrap();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let place = alphabet.find(last).unwrap();
        let twin = alphabet.chars().nth(place ^ 1).unwrap();
        self.push("another spelling of the signature", format!("{}{twin}", &good[..good.len() - 1]));
        for n in 0..parts[2].len() - 1 {
            let at = parts[0].len() + parts[1].len() + 2 + n;
            let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
            self.push(&format!("signature changed at {n}"), format!("{}{other}{}", &good[..at], &good[at + 1..]));
        }
    }
}

/// Every bad token we could think of, made of a good one.
fn bad_tokens(world: &mut World, good: &str) -> Vec<(String, String)> {
    let (header, claims) = read(good);
    let others = world.log_in("de");
    let others: Value = serde_json::from_str(&read(others["access_token"].as_str().unwrap()).1).unwrap();
    let mut made = Made { good: good.to_owned(), key: key(&world.server), header, claims, bad: Vec::new() };
    made.headers();
    made.keys();
    let nobody = incamera::ids::PersonId::new(&world.server.ctx()).unwrap();
    let (now, origin) = (world.server.ctx().now.seconds(), world.server.settings.server.origin.clone());
    made.every_claim(now, &origin, &others, nobody.as_str());
    made.spellings();
    made.bad
}

both!(none_but_ours_serves, |server| {
    let mut world = World::new(server);
    let session = world.log_in("fr");
    let good = session["access_token"].as_str().unwrap().to_owned();
    let bad = bad_tokens(&mut world, &good);
    assert!(bad.len() > 150, "{}", bad.len());
    let mut client = world.server.client();
    let none = client.get("/api/v1/me");
    refused(&none);
    let before = log(&world.server).len();
    for (name, token) in bad {
        client.token = None;
        let header = format!("Bearer {token}");
        let reply = client.send("GET", "/api/v1/me", &[("authorization", &header)], None);
        assert_eq!(reply.normalized(), none.normalized(), "{name}: {token}");
        // Nor is it anonymous: whoever sends a token wants to be known.
        let reply = client.send("GET", "/api/v1/parties", &[("authorization", &header)], None);
        assert_eq!(reply.normalized(), none.normalized(), "{name} on a public route");
    }
    let scheme = |scheme: &str| format!("{scheme}{good}");
    for header in [
        scheme("bearer "),
        scheme("BEARER "),
        scheme("Bearer"),
        scheme("Bearer  "),
        scheme("Bearer\t"),
        scheme("Basic "),
        scheme("DPoP "),
        scheme("Token "),
        scheme(""),
        scheme("Bearer Bearer "),
        scheme("Bearer token="),
        "Bearer ".to_owned() + session["refresh_token"].as_str().unwrap(),
        "Bearer ".to_owned() + session["unlock"].as_str().unwrap(),
        "Bearer".into(),
        "Bearer ".into(),
        String::new(),
    ] {
        let reply = client.send("GET", "/api/v1/me", &[("authorization", &header)], None);
        assert_eq!(reply.normalized(), none.normalized(), "{header}");
    }
    // Two headers, and bytes that are no text.
    for raw in [
        format!("Authorization: Bearer {good}\r\nAuthorization: Bearer {good}\r\n").into_bytes(),
        format!("Authorization: Bearer {good}\r\nAuthorization: Basic eDp5\r\n").into_bytes(),
        [b"Authorization: Bearer ".as_slice(), good.as_bytes(), b"\xff\r\n"].concat(),
        format!("X-Authorization: Bearer {good}\r\n").into_bytes(),
        format!("Cookie: access_token={good}; __Host-at={good}\r\n").into_bytes(),
    ] {
        let bytes = [b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\n".as_slice(), &raw, b"\r\n"].concat();
        let reply = client.anew().exchange(&bytes).unwrap();
        assert_eq!(reply.normalized(), none.normalized(), "{}", String::from_utf8_lossy(&raw));
    }
    // Nor in the query.
    let path = format!("/api/v1/me?access_token={good}");
    assert_eq!(client.get(&path).normalized(), none.normalized());
    logged(&world.server, before, &[]);
    // The one they were all made of still serves.
    client.token = Some(good);
    client.get("/api/v1/me").expect(200);
});

/// The table above is only worth something if a token signed by the test is taken when nothing is wrong.
#[test]
fn one_signed_alike_serves() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let session = world.log_in("fr");
    let (header, claims) = read(session["access_token"].as_str().unwrap());
    let header: Value = serde_json::from_str(&header).unwrap();
    assert_eq!(header.as_object().unwrap().len(), 3);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("HS256")));
    let said: Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 300);
    let now = world.server.ctx().now.seconds();
    let key = key(&world.server);
    let mut client = world.server.client();
    for claims in [
        claims.clone(),
        with(&claims, "exp", Some((now + 10).into())),
        // Clocks of nodes differ by a few seconds.
        with(&with(&claims, "iat", Some((now + 3).into())), "nbf", Some((now + 3).into())),
    ] {
        client.token = Some(sign(&key, &header.to_string(), &claims));
        client.get("/api/v1/me").expect(200);
    }
}

/// A new first line signs from the next start on; what was signed under the old one serves until its line
/// is removed.
#[test]
fn the_key_is_rotated() {
    let mut world = World::new(TestServer::start(Kind::Sqlite));
    let old = world.log_in("fr");
    let path = world.server.settings.base.join("keys/token.key");
    let line = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{}\n{line}", "5c".repeat(32))).unwrap();
    let both = world.server.beside(&[]);
    let at = |node: &TestServer, session: &Value| {
        let mut client = node.client();
        client.token = session["access_token"].as_str().map(ToOwned::to_owned);
        client.get("/api/v1/me")
    };
    at(&both, &old).expect(200);
    let new =
        both.client().post("/api/v1/session/refresh", &json!({"refresh_token": old["refresh_token"]})).expect(200);
    let kid = |session: &Value| read(session["access_token"].as_str().unwrap()).0;
    assert_ne!(kid(&old), kid(&new));
    at(&both, &new).expect(200);
    // The node that has not been started anew does not know the new one yet.
    refused(&at(&world.server, &new));
    std::fs::write(&path, "5c".repeat(32) + "\n").unwrap();
    let only = world.server.beside(&[]);
    at(&only, &new).expect(200);
    refused(&at(&only, &old));
    // A file that others may read, that holds no key or something else, is not started with.
    for (text, mode) in [
        ("5c".repeat(32) + "\n", 0o644),
        (String::new(), 0o600),
        ("5c".repeat(31) + "\n", 0o600),
        ("5C".repeat(32), 0o600),
    ] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(
            incamera::identity::Identity::open(&world.server.settings, world.server.clock.clone()).is_err(),
            "{mode:o}"
        );
    }
}
