//! TLS, headers, limits.

use crate::support::TestServer;
use crate::support::database::Kind;

#[test]
fn every_answer_carries_the_headers() {
    let server = TestServer::start(Kind::Sqlite);
    let mut client = server.client();
    for (method, path, status) in
        [("GET", "/healthz", 200), ("GET", "/nowhere", 404), ("DELETE", "/healthz", 405), ("GET", "/api/v1/me", 401)]
    {
        let reply = client.send(method, path, &[], None);
        assert_eq!(reply.status, status, "{method} {path}");
        for header in [
            "strict-transport-security",
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "permissions-policy",
        ] {
            assert!(reply.headers.contains_key(header), "{method} {path}: {header}");
        }
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert!(!reply.headers.contains_key("server"));
    }
    assert_eq!(client.get("/readyz").status, 200);
}
