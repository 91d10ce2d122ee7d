//! Each way to get a field wrong, and the one line it is refused with.

use std::fmt::Write;

use crate::fixture::{Fixture, VALID, valid_but};

#[test]
fn the_valid_file_that_the_other_tests_break_is_accepted() {
    assert_eq!(Fixture::new().refusal(VALID), "accepted");
}

/// Replaces the first text by the second in the valid file and compares the refusal.
pub(crate) fn assert_refused(cases: &[(&str, &str, &str)]) {
    let fixture = Fixture::new();
    let mut wrong = String::new();
    for (from, to, expected) in cases {
        let refusal = fixture.refusal(&valid_but(from, to));
        assert!(!refusal.contains('\n'), "one line: {refusal}");
        if refusal != *expected {
            writeln!(wrong, "{from} -> {to}\n  found    {refusal}\n  expected {expected}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn text_that_is_not_toml_and_files_that_cannot_be_read() {
    assert_refused(&[("[s3]", "[s3", "portcullis.toml:2: not valid TOML: unclosed table, expected `]`")]);
    let missing = std::path::Path::new("/nonexistent/portcullis.toml");
    assert_eq!(
        portcullis::config::load(missing).unwrap_err().to_string(),
        "/nonexistent/portcullis.toml: cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn fields_that_are_missing_unknown_or_of_another_type() {
    assert_refused(&[
        ("org_id = \"ab1cd2\"\n", "", "portcullis.toml:1: org_id: found nothing, expected a value"),
        ("org_id = \"ab1cd2\"", "org_id = 5", "portcullis.toml:1: org_id: found integer 5, expected a string"),
        (
            "org_id = \"ab1cd2\"",
            "org_id = \"ab1cd2\"\ncolour = \"red\"",
            "portcullis.toml:2: colour: found an unknown field, expected one of org_id, s3, api, admin, backend, store, identity, federation, policies, limits",
        ),
        ("listen = \"127.0.0.1:0\"\n", "", "portcullis.toml:2: s3.listen: found nothing, expected a value"),
        ("[s3]\n", "[s3]\nworkers = 0\n", "portcullis.toml:3: s3.workers: found 0, expected 1 to 1024"),
        ("[s3]\n", "[s3]\nworkers = 1025\n", "portcullis.toml:3: s3.workers: found 1025, expected 1 to 1024"),
        (
            "[s3]\n",
            "[s3]\nport = 80\n",
            "portcullis.toml:3: s3.port: found an unknown field, expected one of listen, tls, domains, region, any_region, anonymous, forgive_signatures, external_hosts, cors, cors_cache_life, workers, insecure",
        ),
        (
            "endpoint = \"http://127.0.0.1:8333\"\n",
            "",
            "portcullis.toml:4: backend[0].endpoint: found nothing, expected a value",
        ),
        (
            "backend.secret\" }",
            "backend.secret\", secret_access_key = \"hunter2\" }",
            "portcullis.toml:7: backend[0].credentials.secret_access_key: found an unknown field, expected access_key_id_file or secret_access_key_file",
        ),
        (
            "permission = \"admin\"",
            "permission = \"root\"",
            r#"portcullis.toml:13: identity[0].permission: found "root", expected one of none, read, write, admin"#,
        ),
        (
            "[store]",
            "[store]\nkind = \"postgres\"",
            r#"portcullis.toml:9: store.kind: found "postgres", expected embedded or etcd"#,
        ),
    ]);
}

#[test]
fn organization_and_listeners() {
    assert_refused(&[
        (
            "\"ab1cd2\"",
            "\"AB1\"",
            r#"portcullis.toml:1: org_id: found "AB1", expected 1 to 64 characters of a-z, 0-9 and -"#,
        ),
        (
            "127.0.0.1:0",
            "localhost:8443",
            r#"portcullis.toml:3: s3.listen: found "localhost:8443", expected an IP address and a port such as "127.0.0.1:8443""#,
        ),
        (
            "127.0.0.1:0",
            "0.0.0.0:8443",
            r#"portcullis.toml:3: s3.listen: found "0.0.0.0:8443" without tls, expected a loopback address, or tls, or insecure = true"#,
        ),
        (
            "[[backend]]",
            "[admin]\nlisten = \"[::]:9090\"\n[[backend]]",
            r#"portcullis.toml:5: admin.listen: found "[::]:9090" without tls, expected a loopback address, or tls, or insecure = true"#,
        ),
        (
            "127.0.0.1:0",
            "127.0.0.1:9090\"\n[admin]\nlisten = \"127.0.0.1:9090",
            r#"portcullis.toml:5: admin.listen: found "127.0.0.1:9090", expected an address that no other section listens on"#,
        ),
        (
            "[s3]",
            "[s3]\ndomains = [\"s3.example.com\", \"s3.example.com:8443\"]",
            r#"portcullis.toml:3: s3.domains[1]: found "s3.example.com:8443", expected a host name without port, such as "s3.example.com""#,
        ),
        (
            "[s3]",
            "[s3]\ndomains = [\"192.0.2.1\"]",
            r#"portcullis.toml:3: s3.domains[0]: found "192.0.2.1", expected a host name without port, such as "s3.example.com""#,
        ),
        (
            "[s3]",
            "[s3]\ndomains = [\"S3.example.com\", \"s3.EXAMPLE.com\"]",
            r#"portcullis.toml:3: s3.domains[1]: found "s3.EXAMPLE.com", expected each domain once"#,
        ),
        (
            "[s3]",
            "[s3]\nregion = \"us/east\"",
            r#"portcullis.toml:3: s3.region: found "us/east", expected 1 to 64 characters of A-Z, a-z, 0-9, - and _"#,
        ),
        (
            "[s3]",
            "[s3]\nregion = \"\"",
            r#"portcullis.toml:3: s3.region: found "", expected 1 to 64 characters of A-Z, a-z, 0-9, - and _"#,
        ),
    ]);
}

#[test]
fn backends() {
    let all = &VALID[VALID.find("[[backend]]").unwrap()..VALID.find("[store]").unwrap()];
    assert_refused(&[
        (all, "", "portcullis.toml: backend: found none, expected at least one [[backend]] section"),
        (
            "[store]",
            &format!("{all}[store]"),
            r#"portcullis.toml:9: backend[1].name: found "main", expected a name that no other backend has"#,
        ),
        (
            "\"main\"",
            "\"Main backend\"",
            r#"portcullis.toml:5: backend[0].name: found "Main backend", expected 1 to 64 characters of a-z, 0-9, - and _"#,
        ),
        (
            "http://127.0.0.1:8333",
            "http://10.0.0.1:8333",
            r#"portcullis.toml:6: backend[0].endpoint: found "http://10.0.0.1:8333", expected https, or a loopback host, or payload = "signed", or insecure = true"#,
        ),
        (
            "http://127.0.0.1:8333",
            "127.0.0.1:8333",
            r#"portcullis.toml:6: backend[0].endpoint: found "127.0.0.1:8333", expected scheme, host and port such as "https://s3.internal:8333""#,
        ),
        (
            "http://127.0.0.1:8333",
            "ftp://127.0.0.1",
            r#"portcullis.toml:6: backend[0].endpoint: found "ftp://127.0.0.1", expected scheme, host and port such as "https://s3.internal:8333""#,
        ),
        (
            "http://127.0.0.1:8333",
            "https://user@s3.example.com",
            r#"portcullis.toml:6: backend[0].endpoint: found a URL with user information, expected scheme, host and port such as "https://s3.internal:8333""#,
        ),
        (
            "http://127.0.0.1:8333",
            "https://s3.example.com/prefix",
            r#"portcullis.toml:6: backend[0].endpoint: found "https://s3.example.com/prefix", expected scheme, host and port such as "https://s3.internal:8333""#,
        ),
        (
            "name = \"main\"",
            "name = \"main\"\nbuckets = []",
            r#"portcullis.toml:6: backend[0].buckets: found an empty list, expected at least one bucket, or "*""#,
        ),
        (
            "name = \"main\"",
            "name = \"main\"\nbuckets = [\"a\", \"*-logs\"]",
            r#"portcullis.toml:6: backend[0].buckets[1]: found "*-logs", expected a bucket name, or one that ends in *, or "*""#,
        ),
        (
            "name = \"main\"",
            "name = \"main\"\nregion = \"us east\"",
            r#"portcullis.toml:6: backend[0].region: found "us east", expected 1 to 64 characters of A-Z, a-z, 0-9, - and _"#,
        ),
        (
            "name = \"main\"",
            "name = \"main\"\naddressing = \"host\"",
            r#"portcullis.toml:6: backend[0].addressing: found "host", expected path or virtual"#,
        ),
        (
            "name = \"main\"",
            "name = \"main\"\npayload = \"hashed\"",
            r#"portcullis.toml:6: backend[0].payload: found "hashed", expected one of auto, plain, signed, trailer"#,
        ),
    ]);
}

#[test]
fn identities() {
    assert_refused(&[
        (
            "\"static/\"",
            "\"root/\"",
            r#"portcullis.toml:12: identity[0].prefix: found "root/", expected a prefix that starts with coreweave/, saml/, role/ or static/"#,
        ),
        (
            "[limits]",
            "[[identity]]\nprefix = \"static/\"\n[limits]",
            r#"portcullis.toml:15: identity[1].prefix: found "static/", expected each prefix once"#,
        ),
        (
            "\"static/\"",
            "\"saml/\"\nmax_duration = \"13h\"",
            r#"portcullis.toml:13: identity[0].max_duration: found "13h", expected at most "12h", except for static/"#,
        ),
        (
            "\"static/\"",
            "\"role/\"\npermanent = true",
            "portcullis.toml:13: identity[0].permanent: found true, expected false: a federated key is never permanent",
        ),
        (
            "\"static/\"",
            "\"static/\"\nmax_duration = \"0s\"",
            r#"portcullis.toml:13: identity[0].max_duration: found "0s", expected a duration above zero such as "30s", "5min" or "12h""#,
        ),
    ]);
    assert_eq!(Fixture::new().refusal(&valid_but("\"static/\"", "\"static/\"\nmax_duration = \"90days\"")), "accepted");
}

#[test]
fn limits() {
    assert_refused(&[
        (
            "\"30s\"",
            "\"0s\"",
            r#"portcullis.toml:15: limits.header_timeout: found "0s", expected a duration above zero such as "30s", "5min" or "12h""#,
        ),
        ("\"30s\"", "30", "portcullis.toml:15: limits.header_timeout: found integer 30, expected a string"),
        (
            "\"30s\"",
            "\"soon\"",
            r#"portcullis.toml:15: limits.header_timeout: found "soon", expected a duration above zero such as "30s", "5min" or "12h""#,
        ),
        (
            "\"30s\"",
            "\"30s\"\nmax_header_bytes = \"64KB\"",
            r#"portcullis.toml:16: limits.max_header_bytes: found "64KB", expected a number of bytes such as 65536 or "64KiB""#,
        ),
        (
            "\"30s\"",
            "\"30s\"\nmax_header_bytes = 100",
            "portcullis.toml:16: limits.max_header_bytes: found 100, expected 8192 to 1048576 bytes",
        ),
        (
            "\"30s\"",
            "\"30s\"\nmax_header_bytes = -1",
            r#"portcullis.toml:16: limits.max_header_bytes: found integer -1, expected a number of bytes such as 65536 or "64KiB""#,
        ),
        ("\"30s\"", "\"30s\"\nmax_headers = 0", "portcullis.toml:16: limits.max_headers: found 0, expected 1 to 1000"),
        (
            "\"30s\"",
            "\"30s\"\nmax_connections = 0",
            "portcullis.toml:16: limits.max_connections: found 0, expected 1 to 1000000",
        ),
        (
            "\"30s\"",
            "\"30s\"\nmax_requests_per_identity = 0",
            "portcullis.toml:16: limits.max_requests_per_identity: found 0, expected 1 to 1000000",
        ),
        (
            "\"30s\"",
            "\"30s\"\nmin_body_rate = \"2GiB\"",
            "portcullis.toml:16: limits.min_body_rate: found 2147483648, expected 0 to 1 GiB",
        ),
        (
            "\"30s\"",
            "\"30s\"\nh2_stream_window = \"3GiB\"",
            "portcullis.toml:16: limits.h2_stream_window: found 3221225472, expected 16384 to 16777216 bytes",
        ),
        (
            "\"30s\"",
            "\"30s\"\nspeed = 1",
            "portcullis.toml:16: limits.speed: found an unknown field, expected one of header_timeout, handshake_timeout, body_idle_timeout, document_timeout, write_stall_timeout, min_body_rate, min_answer_rate, rate_window, keep_alive_idle, shutdown_grace, after_expiry, max_header_bytes, max_headers, max_connections, max_connections_per_peer, max_requests, max_requests_per_peer, max_requests_per_identity, max_buffered_bytes, h2_max_concurrent_streams, h2_stream_window, h2_connection_window, h2_max_idle_bytes, h2_max_pending_resets, h2_max_error_resets, logins_per_minute_per_peer, keys_per_minute_per_identity, backend_connect_timeout, backend_response_timeout, backend_idle_timeout",
        ),
    ]);
}
