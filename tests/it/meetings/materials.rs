//! Documents of open sessions.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{ABSENT, all_but};
use crate::both;
use crate::support::made::{self, blamed, text};
use crate::support::{Client, Reply, Tables, TestServer, World};

/// Uploads as the Secretariat.
fn upload(sec: &mut Client, session: &str, name: &str, media: &str, bytes: &[u8]) -> Reply {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let path = format!("/api/v1/sessions/{session}/materials?title=Paper&file_name={name}");
    sec.send("POST", &path, &[("content-type", media)], Some(bytes))
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

both!(materials_are_what_they_claim_to_be, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let mut sec = world.client("sec");
    let mut tables = Tables::of(&world.server);
    let before = tables.changes();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let too_large =
        vec![
            b'a';
            usize::try_from(world.server.settings.materials.bytes.to_string().parse::<i64>().unwrap()).unwrap() + 1
        ];
    for (name, media, bytes, status) in [
        ("a.pdf", "application/pdf", b"plain words".as_slice(), 415),
        ("a.pdf", "application/pdf", png.as_slice(), 415),
        ("a.png", "image/png", PDF, 415),
        ("a.txt", "text/plain", png.as_slice(), 415),
        ("a.txt", "text/plain", b"\xff\xfe\x00a", 415),
        ("a.txt", "text/plain", b"<!DOCTYPE html><script>alert(1)</script>", 415),
        ("a.txt", "text/plain; charset=utf-16", b"words", 415),
        ("a.html", "text/html", b"<p>words", 415),
        ("a.svg", "image/svg+xml", b"<svg/>", 415),
        ("a.bin", "application/octet-stream", b"words", 415),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04rest", 415),
        ("a.txt", "text/plain", b"", 422),
        ("a.pdf", "text/plain", b"words", 422),
        ("a.txt", "application/pdf", PDF, 422),
        ("a", "text/plain", b"words", 422),
        ("a.txt", "text/plain", b"RESTREINT UE/EU RESTRICTED\nwords", 422),
        ("a.txt", "text/plain", b"words R-UE/EU-R words", 422),
        ("a.txt", "text/plain", b"words C-UE/EU-C words", 422),
        ("a.txt", "text/plain", b"S-UE/EU-S", 422),
        ("a.txt", "text/plain", b"(TS-UE/EU-TS)", 422),
        ("a.txt", "text/plain", b"eu-secret", 422),
        ("a.csv", "text/csv", b"a,EU Confidential,b", 422),
        ("a.pdf", "application/pdf", b"%PDF-1.7\n/Title (EU TOP SECRET)", 422),
        ("a.txt", "text/plain", too_large.as_slice(), 413),
    ] {
        let reply = upload(&mut sec, &open, name, media, bytes);
        assert_eq!(reply.status, status, "{name} as {media}: {}", reply.text());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        assert_eq!(reply.json()["fields"].is_array(), status == 422, "{name} as {media}");
    }
    let title = format!("/api/v1/sessions/{open}/materials?title=EU%20RESTRICTED&file_name=a.txt");
    let refused = sec.send("POST", &title, &[("content-type", "text/plain")], Some(b"words"));
    assert_eq!(blamed(&refused.expect(422)), ["title"]);
    assert_eq!(blamed(&upload(&mut sec, &open, "EU SECRET.txt", "text/plain", b"words").expect(422)), ["file_name"]);
    assert_eq!(tables.changes(), before, "nothing was kept");

    for (name, media, bytes) in [
        ("a.pdf", "application/pdf", PDF),
        ("a.txt", "Text/Plain; charset=UTF-8", "Mémoire: the EU Secretariat's unclassified note".as_bytes()),
        ("A.TXT", "text/plain", b"restricted circulation"),
        ("table.csv", "text/csv", b"a,b\n1,2\n"),
    ] {
        let made = upload(&mut sec, &open, name, media, bytes).expect(201);
        assert_eq!(made["size"], json!(bytes.len()));
        let reply = sec.get(&format!("/api/v1/materials/{}/content", text(&made, "id")));
        assert_eq!((reply.status, reply.body.as_slice()), (200, bytes));
        let digest = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(bytes));
        assert_eq!(made["sha256"], json!(digest));
    }
    // As large as is taken at most.
    let most = &too_large[1..];
    upload(&mut sec, &open, "most.txt", "text/plain", most).expect(201);
});

both!(file_names_cannot_break_out, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let mut sec = world.client("sec");
    for name in [
        "../a.txt",
        "..\\a.txt",
        "/etc/a.txt",
        "a/../b.txt",
        ".a.txt",
        "a\nb.txt",
        "a\r\nset-cookie: x=y.txt",
        "a\0.txt",
        "a\u{202e}fdp.txt",
        "a\u{061c}b.txt",
        "a\u{200b}.txt",
        "a\u{feff}.txt",
        "a\u{ad}b.txt",
        "a\u{3164}.txt",
        "a.txt\u{2028}.txt",
        "a.pdf",
        "a.txt.exe",
        "txt",
        "",
        " ",
        &format!("{}.txt", "a".repeat(120)),
    ] {
        let refused = upload(&mut sec, &open, name, "text/plain", b"words").expect(422);
        assert_eq!(blamed(&refused), ["file_name"], "{name:?}");
    }
    for (name, shown) in [
        ("a\"b.txt", "a%22b%2Etxt"),
        ("a;b='c'.txt", "a%3Bb%3D%27c%27%2Etxt"),
        ("Пам’ятка 第1.txt", "%D0%9F%D0%B0%D0%BC%E2%80%99%D1%8F%D1%82%D0%BA%D0%B0%20%E7%AC%AC1%2Etxt"),
        ("a%0d%0ab.txt", "a%250d%250ab%2Etxt"),
        ("..a.b.txt.txt", ""),
    ] {
        let reply = upload(&mut sec, &open, name, "text/plain", b"words");
        if shown.is_empty() {
            assert_eq!(reply.status, 422, "{name}");
            continue;
        }
        let made = reply.expect(201);
        assert_eq!(made["file_name"], json!(name));
        let reply = world.client("assoc").get(&format!("/api/v1/materials/{}/content", text(&made, "id")));
        assert_eq!(reply.headers["content-disposition"], format!("attachment; filename*=UTF-8''{shown}"));
        assert_eq!(reply.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert!(reply.headers["content-security-policy"].starts_with("default-src 'none'"));
        assert!(!reply.headers.contains_key("set-cookie"));
    }
});

both!(materials_are_read_by_the_sessions_audience, |server: TestServer| {
    let mut world = World::new(server);
    let meeting = made::meeting(&mut world, 36);
    let open = text(&made::session(&mut world, &meeting, "open", "Open session", &[]), "id");
    let breakout = text(&made::session(&mut world, &meeting, "breakout", "Breakout", &[]), "id");
    made::participation(&mut world, &breakout, "SE", None);
    let shared = made::material(&mut world, &open, "Shared", "for all");
    let narrow = made::material(&mut world, &breakout, "Narrow", "for some");
    for key in all_but(&world, &[]) {
        let mut client = world.client(&key);
        let absent = client.get(&format!("/api/v1/materials/{ABSENT}")).normalized();
        let nowhere = client.get(&format!("/api/v1/sessions/{ABSENT}/materials")).normalized();
        for (session, material, audience) in [
            (&open, &shared, ["fr", "fr2", "de", "se", "ua", "no", "ej", "assoc", "sec", "sec2"].as_slice()),
            (&breakout, &narrow, ["se", "sec", "sec2"].as_slice()),
        ] {
            let (list, one, content) = (
                client.get(&format!("/api/v1/sessions/{session}/materials")),
                client.get(&format!("/api/v1/materials/{material}")),
                client.get(&format!("/api/v1/materials/{material}/content")),
            );
            if audience.contains(&key.as_str()) {
                assert_eq!(list.expect(200)["items"].as_array().unwrap().len(), 1);
                assert_eq!(one.expect(200)["session"], json!(session));
                assert_eq!(content.status, 200);
            } else {
                assert_eq!(list.normalized(), nowhere, "{key}");
                assert_eq!(one.normalized(), absent, "{key}");
                assert_eq!(content.normalized(), absent, "{key}");
            }
            if key != "sec" && key != "sec2" {
                let status = upload(&mut client, session, "a.txt", "text/plain", b"words").status;
                assert_eq!(status, if audience.contains(&key.as_str()) { 403 } else { 404 }, "{key}");
            }
        }
    }
    for path in ["materials/", "sessions/"] {
        assert_eq!(world.server.client().get(&format!("/api/v1/{path}{shared}")).status, 401);
    }
});
