//! Bodies that are not what they should be.

use serde_json::json;

use crate::client::{ACCESS_KEY, FROM_OIDC, FROM_SAML, Plane, bearer, text};

#[tokio::test]
async fn g05_a_duration_is_a_whole_number_in_range() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let before = plane.keys_in_all().await;
    let wrong = [
        "43201",
        "-1",
        "1.5",
        "\"300\"",
        "2147483648",
        "null",
        "1.0",
        "3e2",
        "-0",
        "true",
        "[300]",
        "{}",
        "1e1000",
        "4294967297",
        "18446744073709551916",
        "99999999999999999999999",
    ];
    for duration in wrong {
        let body = format!("{{\"durationSeconds\": {duration}}}");
        let refused = plane.send(&bearer(text("POST", ACCESS_KEY, &body), &token)).await;
        refused.refused(400, 3);
        for (path, proof) in [(FROM_OIDC, "oidcToken"), (FROM_SAML, "samlResponse")] {
            let body = format!("{{\"durationSeconds\": {duration}, \"orgId\": \"ab1cd2\", \"{proof}\": \"eA==\"}}");
            plane.send(&text("POST", path, &body)).await.refused(400, 3);
        }
    }
    let absent = plane.post(ACCESS_KEY, &token, &json!({})).await;
    assert!(absent.refused(400, 3).contains("durationSeconds"), "{absent:?}");
    // Never permanent for whom an identity provider vouches.
    for (path, proof) in [(FROM_OIDC, "oidcToken"), (FROM_SAML, "samlResponse")] {
        for duration in [json!(0), serde_json::Value::Null] {
            let body = json!({"durationSeconds": duration, "orgId": "ab1cd2", proof: "eA=="});
            let refused = plane.send(&crate::client::json("POST", path, &body)).await;
            assert!(refused.refused(400, 3).contains("durationSeconds"), "{refused:?}");
        }
        let body = json!({"orgId": "ab1cd2", proof: "eA=="});
        let refused = plane.send(&crate::client::json("POST", path, &body)).await;
        assert!(refused.refused(400, 3).contains("durationSeconds"), "{refused:?}");
    }
    assert_eq!(plane.keys_in_all().await, before);
    for right in [1, 43200, 0] {
        plane.mint(&token, right).await;
    }
}

#[tokio::test]
async fn g10_json_is_read_strictly() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let before = plane.keys_in_all().await;
    let send = async |body: &[u8]| plane.send(&bearer(text("POST", ACCESS_KEY, body), &token)).await;
    let deep = |n: usize| {
        let (opening, closing) = ("{\"a\": ".repeat(n), "}".repeat(n));
        format!("{{\"durationSeconds\": 60, \"attributes\": {opening}1{closing}}}")
    };
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", b"".to_vec()),
        ("no object", b"60".to_vec()),
        ("a list", b"[60]".to_vec()),
        ("a list of both", b"[60, {}]".to_vec()),
        ("a list in it", br#"{"durationSeconds": 60, "attributes": []}"#.to_vec()),
        ("lists, deeply nested", format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)).into_bytes()),
        ("a member twice", br#"{"durationSeconds": 60, "durationSeconds": 0}"#.to_vec()),
        ("an attribute twice", br#"{"durationSeconds": 60, "attributes": {"a": "1", "a": "2"}}"#.to_vec()),
        ("an escaped twin", br#"{"durationSeconds": 60, "attributes": {"a": "1", "\u0061": "2"}}"#.to_vec()),
        ("an unknown member", br#"{"durationSeconds": 60, "extra": 1}"#.to_vec()),
        ("another case", br#"{"DurationSeconds": 60}"#.to_vec()),
        ("deep nesting", deep(20).into_bytes()),
        ("very deep nesting", deep(8_000).into_bytes()),
        ("no UTF-8", b"{\"durationSeconds\": 60, \"attributes\": {\"a\": \"\xff\"}}".to_vec()),
        ("half a surrogate", br#"{"durationSeconds": 60, "attributes": {"a": "\ud800"}}"#.to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{\"durationSeconds\": 60}".to_vec()),
        ("UTF-16", "{\"durationSeconds\": 60}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("NaN", br#"{"durationSeconds": NaN}"#.to_vec()),
        ("Infinity", br#"{"durationSeconds": Infinity}"#.to_vec()),
        ("a comment", br#"{"durationSeconds": 60 /* a minute */}"#.to_vec()),
        ("a trailing comma", br#"{"durationSeconds": 60,}"#.to_vec()),
        ("more behind it", br#"{"durationSeconds": 60}{}"#.to_vec()),
        ("half of it", br#"{"durationSeconds": 60"#.to_vec()),
        ("a NUL", b"{\"durationSeconds\": 60}\0".to_vec()),
        ("single quotes", b"{'durationSeconds': 60}".to_vec()),
    ];
    for (name, body) in &bad {
        let refused = send(body).await;
        assert_eq!(refused.status, 400, "{name}: {refused:?}");
        refused.refused(400, 3);
    }
    let nested = br#"{"permission": "read", "import": ["AKIAIOSFODNN7EXAMPLE", "imported-secret-imported"]}"#;
    plane.send(&bearer(text("POST", "/v1/admin/keys", nested), &plane.admin)).await.refused(400, 3);
    let unknown = send(br#"{"durationSeconds": 60, "extra": 1}"#).await;
    assert!(unknown.refused(400, 3).contains("extra"), "{unknown:?}");
    let attribute = send(br#"{"durationSeconds": 60, "attributes": {"a": 1}}"#).await;
    assert!(attribute.refused(400, 3).contains("attributes"), "{attribute:?}");
    assert_eq!(plane.keys_in_all().await, before);
    assert_eq!(send(b" {\"durationSeconds\" : 60 }\r\n").await.status, 200);
}

#[tokio::test]
async fn g10_a_body_that_is_too_large_is_not_read() {
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let spaces = |n: usize| format!("{{\"durationSeconds\": 60{}}}", " ".repeat(n));
    plane.send(&bearer(text("POST", ACCESS_KEY, spaces(60_000)), &token)).await.succeeded();
    plane.send(&bearer(text("POST", ACCESS_KEY, spaces(70_000)), &token)).await.refused(413, 3);
    // 100 MiB are announced, and none of it has to arrive.
    let announced = bearer(text("POST", ACCESS_KEY, ""), &token).without_length();
    let announced = announced.header("Content-Length", (100 << 20).to_string());
    let mut connection = crate::support::wire::Connection::open(plane.address).await;
    connection.send(announced.head_bytes()).await;
    connection.send(" ".repeat(128 << 10)).await;
    assert_eq!(connection.response("POST").await.status, 413);
    // A SAML response may be larger than other bodies, within its own limit.
    let saml = |n: usize| {
        let body = json!({"durationSeconds": 60, "orgId": "ab1cd2", "samlResponse": "A".repeat(n)});
        crate::client::json("POST", FROM_SAML, &body)
    };
    assert_ne!(plane.send(&saml(300 << 10)).await.status, 413);
    plane.send(&saml(400 << 10)).await.refused(413, 3);
}

#[tokio::test]
async fn what_a_body_held_is_not_repeated_in_an_answer() {
    let plane = Plane::start().await;
    let canary = "canary-in-the-wrong-field-0123456789";
    for (path, body) in [
        (ACCESS_KEY, json!({"durationSeconds": canary})),
        (ACCESS_KEY, json!({"durationSeconds": 60, "attributes": canary})),
        ("/v1/admin/keys", json!({"permission": canary})),
        ("/v1/admin/keys", json!({"permission": "read", "expiry": canary})),
        ("/v1/admin/keys", json!({"permission": "read", "import": {"accessKeyId": canary, "secretKey": 1}})),
        (
            "/v1/admin/keys",
            json!({"permission": "read", "import": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretKey": "short"}}),
        ),
        ("/v1/admin/tokens", json!({"name": 1, "permission": canary})),
        (crate::client::REVOKE_PRINCIPAL, json!({"principalName": canary})),
        (crate::client::REVOKE_KEY, json!({"accessKey": canary})),
        (FROM_OIDC, json!({"durationSeconds": 60, "orgId": canary, "oidcToken": canary})),
    ] {
        let refused = plane.post(path, &plane.admin, &body).await;
        assert!((400..500).contains(&refused.status), "{refused:?}");
        assert!(!refused.response.text().contains(canary), "{refused:?}");
        assert!(!refused.response.text().contains("short"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_belongs_there() {
    let plane = Plane::start().await;
    for (path, body, expected) in [
        (crate::client::REVOKE_KEY, json!({"accessKey": "short"}), "accessKey: expected an access key id"),
        (crate::client::REVOKE_KEY, json!({"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}), "expected `accessKey`"),
        (crate::client::REVOKE_PRINCIPAL, json!({"principalName": "me"}), "principalName: expected a principal"),
        (ACCESS_KEY, json!({"durationSeconds": "60"}), "durationSeconds: expected a whole number"),
        (ACCESS_KEY, json!({"durationSeconds": 60, "attributes": {"cw-a": "b"}}), "cw-a"),
    ] {
        let refused = plane.post(path, &plane.admin, &body).await;
        assert!(refused.refused(400, 3).contains(expected), "{refused:?}");
    }
}
