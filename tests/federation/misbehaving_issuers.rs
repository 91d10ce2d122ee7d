//! Issuers that are down, slow, huge or lying: a clear error in bounded time, and nobody else suffers.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::fixture::{Fixture, unavailable};
use crate::issuer::{Behaviour, StubIssuer};

#[tokio::test]
async fn h15_redirects_are_not_followed() {
    for (on_discovery, status) in [(true, 302), (true, 307), (false, 302), (false, 301)] {
        let fixture = Fixture::new().await;
        let (trusted, target) = (fixture.trusted().await, StubIssuer::start().await);
        target.publish(&[trusted.key.jwk("a")]);
        target.document(json!({"issuer": trusted.stub.url(), "jwks_uri": format!("{}/keys", target.url())}));
        let path = if on_discovery { "/.well-known/openid-configuration" } else { "/keys" };
        let redirect =
            format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {}{path}\r\nContent-Length: 0\r\n\r\n", target.url());
        let redirect = Behaviour::Bytes(redirect.into_bytes());
        if on_discovery {
            trusted.stub.discovery(redirect);
        } else {
            trusted.stub.jwks(redirect);
        }
        let reason = unavailable(fixture.verify(&fixture.token(&trusted)).await);
        assert!(reason.contains("redirects are not followed"), "{reason}");
        assert!(target.asked().is_empty());
        trusted.stub.discovery(Behaviour::Serve);
        trusted.stub.jwks(Behaviour::Serve);
        fixture.advance(5);
        fixture.assert_good_token_passes(&trusted).await;
    }
}

#[tokio::test]
async fn h15_the_address_of_the_keys_has_to_be_public_too() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let addresses = [
        ("https://10.0.0.1/keys", "10.0.0.1, which is not public"),
        ("https://192.168.1.1:8443/keys", "which is not public"),
        ("https://169.254.169.254/latest/meta-data/", "which is not public"),
        ("https://[fd00:ec2::254]/", "which is not public"),
        ("https://[::ffff:10.0.0.1]/", "which is not public"),
        ("https://[64:ff9b::a9fe:a9fe]/", "which is not public"),
        ("https://0.0.0.0/", "which is not public"),
        ("http://169.254.169.254/", "https"),
        ("http://idp.example.com/keys", "https"),
        ("file:///etc/passwd", "URL"),
        ("ftp://127.0.0.1/keys", "https"),
        ("gopher://127.0.0.1:6379/_", "https"),
        ("/keys", "URL"),
        ("", "URL"),
    ];
    for (address, expected) in addresses {
        trusted.stub.document(json!({"issuer": trusted.stub.url(), "jwks_uri": address}));
        fixture.advance(5);
        let reason = unavailable(fixture.verify(&fixture.token(&trusted)).await);
        assert!(reason.contains(expected), "{address}: {reason}");
    }
    trusted.stub.document(json!({"issuer": trusted.stub.url(), "jwks_uri": format!("{}/keys", trusted.stub.url())}));
    fixture.advance(5);
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h15_a_document_speaks_for_its_own_issuer_only() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let (url, keys) = (trusted.stub.url(), format!("{}/keys", trusted.stub.url()));
    let documents = [
        json!({"issuer": format!("{url}/"), "jwks_uri": keys}),
        json!({"issuer": "https://idp.example.com", "jwks_uri": keys}),
        json!({"issuer": [url], "jwks_uri": keys}),
        json!({"jwks_uri": keys}),
        json!({"issuer": url}),
        json!({"issuer": url, "jwks_uri": [keys]}),
        json!([]),
    ];
    for document in documents {
        trusted.stub.document(document.clone());
        fixture.advance(5);
        let reason = unavailable(fixture.verify(&fixture.token(&trusted)).await);
        assert!(reason.contains("discovery document"), "{document}: {reason}");
    }
    trusted.stub.document(json!({"issuer": url, "jwks_uri": keys}));
    fixture.advance(5);
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h16_answers_that_are_huge_packed_or_nonsense_are_errors() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let many = vec![trusted.key.jwk("x"); 257];
    let ok = |body: &str| {
        Behaviour::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
    };
    let chunked = |body: &str| {
        Behaviour::Bytes(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes())
    };
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(2 << 20));
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(1000));
    let early = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000);
    let cases = [
        (Behaviour::Bytes(early.into_bytes()), "HTTP"),
        (Behaviour::Bytes(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n".to_vec()), "status 101"),
        (chunked("ffffffffffffffff\r\n{}"), "broken off"),
        (chunked("2\r\n{}"), "broken off"),
        (chunked("no number\r\n{}"), "broken off"),
        (Behaviour::Huge(100 << 20), "larger than 1 MiB"),
        (Behaviour::Huge((1 << 20) + 1), "larger than 1 MiB"),
        (Behaviour::Bytes(endless.into_bytes()), "larger than 1 MiB"),
        (Behaviour::Packed, "packed"),
        (Behaviour::Status(500), "status 500"),
        (Behaviour::Status(404), "status 404"),
        (Behaviour::Status(204), "status 204"),
        (Behaviour::Bytes(headers.into_bytes()), "HTTP"),
        (Behaviour::Bytes(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), "HTTP"),
        (Behaviour::Bytes(Vec::new()), "HTTP"),
        (Behaviour::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}".to_vec()), "broken off"),
        (ok(&json!({"keys": many}).to_string()), "more than 256 keys"),
        (ok("{\"keys\":[],\"keys\":[]}"), "no JSON object"),
        (ok("[]"), "no JSON object"),
        (ok("<html>"), "no JSON object"),
        (ok("{\"keys\":{}}"), "no list called keys"),
        (ok(&"[".repeat(1 << 19)), "no JSON object"),
    ];
    for (behaviour, expected) in cases {
        trusted.stub.jwks(behaviour.clone());
        fixture.advance(5);
        let reason = unavailable(fixture.verify(&fixture.token(&trusted)).await);
        assert!(reason.contains(expected), "{expected}: {reason}");
    }
    let (good, padding) = (trusted.key.jwk("a"), " ".repeat(1 << 19));
    trusted.stub.jwks(ok(&format!("{}{padding}", json!({"keys": [null, 7, {"kty": "x"}, good]}))));
    fixture.advance(5);
    fixture.assert_good_token_passes(&trusted).await;
}

#[tokio::test]
async fn h16_an_issuer_that_hangs_or_drips_costs_five_seconds_and_nobody_else_waits() {
    let fixture = Fixture::new().await;
    let (hanging, dripping, well) = (fixture.trusted().await, fixture.trusted().await, fixture.trusted().await);
    hanging.stub.discovery(Behaviour::Hang);
    dripping.stub.jwks(Behaviour::Drip);
    let timed = async |trusted| {
        let began = Instant::now();
        let reason = unavailable(fixture.verify(&fixture.token(trusted)).await);
        (reason, began.elapsed())
    };
    let others = async {
        // Both are being waited for by now.
        while hanging.stub.asked().is_empty() || dripping.stub.asked_for_keys() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let began = Instant::now();
        fixture.assert_good_token_passes(&well).await;
        began.elapsed()
    };
    let (hung, dripped, passed) = tokio::join!(timed(&hanging), timed(&dripping), others);
    for (reason, took) in [hung, dripped] {
        assert!(reason.contains("longer than 5s"), "{reason}");
        assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&took), "{took:?}");
    }
    assert!(passed < Duration::from_secs(3), "{passed:?}");
}

#[tokio::test]
async fn an_issuer_that_is_down_is_named() {
    let fixture = Fixture::new().await;
    let trusted = fixture.trusted().await;
    let (url, token) = (trusted.stub.url(), fixture.token(&trusted));
    drop(trusted);
    tokio::task::yield_now().await;
    let error = fixture.verify(&token).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("the identity provider {url} cannot be asked for its keys")), "{error}");
}
