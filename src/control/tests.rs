//! The management routes over a real Unix socket.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::StatusCode;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::authority::{Authority, Ceilings};
use crate::clock::SystemClock;
use crate::identity::OrganizationId;
use crate::keys::CacheSettings;

struct Server {
    socket: PathBuf,
    shutdown: CancellationToken,
    serving: JoinHandle<Result<(), SocketError>>,
    folder: TempDir,
}

async fn control(folder: &Path) -> Control {
    // The control plane may not know the store, but a test has to get one from somewhere.
    let mut random = UnwrapErr(SysRng);
    let (store, seal) =
        crate::store::open_sealed(&folder.join("store.redb"), &folder.join("seal.key"), &mut random).unwrap();
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let federation =
        Federation::open(Arc::clone(&store), Arc::clone(&clock), &crate::config::Federation::default()).await.unwrap();
    let cache = CacheSettings::default();
    let ceilings = Ceilings::new(Vec::new());
    let authority = Authority::open(Arc::clone(&store), organization.clone(), ceilings, Vec::new()).await.unwrap();
    let keys = Keys::open(store, seal, Arc::clone(&clock), organization, cache, &mut random).await.unwrap();
    Control::of_store_owner(keys, federation, authority, clock, random)
}

async fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let socket = socket_beside(&folder.path().join("store.redb"));
    let router = router(control(folder.path()).await);
    let shutdown = CancellationToken::new();
    let bound = ControlSocket::bind(&socket).await.unwrap();
    let serving = tokio::spawn(bound.serve(router, shutdown.clone()));
    Server { socket, shutdown, serving, folder }
}

impl Server {
    /// One request in plain bytes, so that nothing hides what goes over the socket.
    async fn send(&self, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // A refused body may be left unread.
        let _ = stream.write_all(body.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    async fn create(&self) -> Value {
        let (status, key) = self.send("POST", "/v1/admin/keys", r#"{"permission":"write"}"#).await;
        assert_eq!(status, StatusCode::CREATED);
        key
    }
}

#[tokio::test]
async fn a_key_lives_from_creation_to_revocation() {
    let server = server().await;
    let created = server.create().await;
    let id = created["accessKeyId"].as_str().unwrap();
    assert!(created["secretKey"].as_str().unwrap().starts_with("cwo"));
    assert_eq!(created["principalName"], format!("static/{id}"));
    for (verb, status) in [("suspend", "suspended"), ("resume", "active"), ("revoke", "revoked"), ("revoke", "revoked")]
    {
        let (code, key) = server.send("POST", &format!("/v1/admin/keys/{id}/{verb}"), "").await;
        assert_eq!((code, key["status"].as_str()), (StatusCode::OK, Some(status)));
        assert!(key.get("secretKey").is_none());
        let (_, shown) = server.send("GET", &format!("/v1/admin/keys/{id}"), "").await;
        assert_eq!(shown, key);
    }
    let (code, error) = server.send("POST", &format!("/v1/admin/keys/{id}/suspend"), "").await;
    assert_eq!((code, &error["code"]), (StatusCode::BAD_REQUEST, &json!(9)));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let server = server().await;
    for _ in 0..5 {
        server.create().await;
    }
    let (mut ids, mut path) = (Vec::new(), "/v1/admin/keys?limit=2".to_owned());
    loop {
        let (code, page) = server.send("GET", &path, "").await;
        assert_eq!(code, StatusCode::OK);
        ids.extend(page["accessKeys"].as_array().unwrap().iter().map(|key| key["accessKeyId"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/admin/keys?limit=2&after={next}");
    }
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn bad_requests_get_the_error_envelope() {
    let server = server().await;
    let taken = r#"{"permission":"read","import":{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","secretKey":"imported-secret-imported"}}"#;
    assert_eq!(server.send("POST", "/v1/admin/keys", taken).await.0, StatusCode::CREATED);
    let large = format!(r#"{{"permission":"read","attributes":{{"a":"{}"}}}}"#, "a".repeat(100_000));
    for (method, path, body, status, code) in [
        ("POST", "/v1/admin/keys", "", 400, 3),
        ("POST", "/v1/admin/keys", "{}", 400, 3),
        ("POST", "/v1/admin/keys", r#"{"permission":"none"}"#, 400, 3),
        ("POST", "/v1/admin/keys", r#"{"permission":"read","extra":1}"#, 400, 3),
        ("POST", "/v1/admin/keys", r#"{"permission":"read","expiry":"2001-01-01T00:00:00Z"}"#, 400, 3),
        ("POST", "/v1/admin/keys", &large, 413, 3),
        ("POST", "/v1/admin/keys", taken, 409, 6),
        ("GET", "/v1/admin/keys?limit=0", "", 400, 3),
        ("GET", "/v1/admin/keys?offset=1", "", 400, 3),
        ("GET", "/v1/admin/keys/short", "", 400, 3),
        ("GET", "/v1/admin/keys/CWINVENTEDINVENTED22", "", 404, 5),
        ("POST", "/v1/admin/keys/CWINVENTEDINVENTED22/revoke", "", 404, 5),
        ("GET", "/v1/admin/other", "", 404, 5),
        ("DELETE", "/v1/admin/keys", "", 405, 12),
    ] {
        let (found, error) = server.send(method, path, body).await;
        assert_eq!((found.as_u16(), &error["code"]), (status, &json!(code)), "{method} {path} {error}");
        assert_eq!(error["details"], json!([]));
        assert!(!error["message"].as_str().unwrap().contains("imported-secret"));
    }
}

#[tokio::test]
async fn without_a_caller_every_route_is_refused() {
    use hyper::service::Service as _;
    let folder = tempfile::tempdir().unwrap();
    let router = router(control(folder.path()).await);
    for with_caller in [false, true] {
        for (method, path) in [
            ("GET", "/v1/admin/keys"),
            ("GET", "/v1/admin/keys/CWINVENTEDINVENTED22"),
            ("POST", "/v1/admin/keys/CWINVENTEDINVENTED22/revoke"),
            ("POST", "/v1/admin/keys/CWINVENTEDINVENTED22/suspend"),
            ("POST", "/v1/admin/keys/CWINVENTEDINVENTED22/resume"),
            ("POST", "/v1/admin/keys"),
        ] {
            let mut request = http::Request::builder().method(method).uri(path);
            if with_caller {
                request = request.extension(Caller::SocketOwner);
            }
            let request = request.body(axum::body::Body::empty()).unwrap();
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let Ok(response) = service.call(request).await;
            assert_eq!(response.status() == StatusCode::UNAUTHORIZED, !with_caller, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn l11_the_socket_is_for_its_owner_and_goes_with_the_server() {
    let server = server().await;
    assert_eq!(fs::metadata(&server.socket).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = fs::read_dir(server.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
    server.shutdown.cancel();
    server.serving.await.unwrap().unwrap();
    assert!(!server.socket.exists());
}

#[tokio::test]
async fn a_socket_is_taken_over_only_if_nobody_answers() {
    let server = server().await;
    assert!(matches!(ControlSocket::bind(&server.socket).await, Err(SocketError::InUse { .. })));
    server.create().await;

    let stale = server.folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    assert!(stale.exists());
    assert!(ControlSocket::bind(&stale).await.is_ok());

    let file = server.folder.path().join("file.sock");
    fs::write(&file, "somebody's").unwrap();
    assert!(matches!(ControlSocket::bind(&file).await, Err(SocketError::NoSocket { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "somebody's");
}

#[tokio::test]
async fn every_route_is_written_down_with_what_it_takes() {
    use super::authorize::{Demand, ROUTES};
    let server = server().await;
    let (_, document) = server.send("GET", "/openapi.json", "").await;
    let mut there = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let method = http::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            // These look at a token or an assertion themselves, and mint by way of `demand_of_evidence`.
            let by_itself = described["security"] != json!([{"TokenAuth": []}]);
            assert_eq!(by_itself, BY_THEMSELVES.contains(&path.as_str()), "{method} {path}: {described}");
            let demand = Demand::of(&method, path);
            assert_eq!(demand.is_none(), by_itself, "{method} {path} is not in the table");
            let for_every_caller = demand == Some(Demand::Caller);
            assert_eq!(for_every_caller, FOR_EVERY_CALLER.contains(&path.as_str()), "{method} {path}");
            there.push((method, path.clone()));
        }
    }
    for (method, path, _) in ROUTES {
        assert!(there.iter().any(|(known, there)| known == method && there == path), "{method} {path} is no route");
    }
    assert_eq!(there.iter().filter(|(_, path)| path.starts_with("/v1/admin/")).count(), 23);
}

#[tokio::test]
async fn the_owner_of_a_store_is_sent_to_a_running_server_for_buckets() {
    let server = server().await;
    for (method, path, body) in [
        ("GET", "/v1/cwobject/bucket-info", ""),
        ("GET", "/v1/cwobject/bucket-info/zoo", ""),
        ("PUT", "/v1/cwobject/bucket/settings", r#"{"bucketName":"zoo","settings":{}}"#),
    ] {
        let (status, error) = server.send(method, path, body).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(9)), "{method} {path} {error}");
        assert!(error["message"].as_str().unwrap().contains("running server"), "{error}");
    }
    // Everything else they may, and need no policy for it.
    let (status, listed) = server.send("GET", "/v1/cwobject/access-policy", "").await;
    assert_eq!((status, &listed), (StatusCode::OK, &json!({"policies": []})));
    let settings = r#"{"settings":{"bucketAuditLoggingEnabled":true}}"#;
    assert_eq!(server.send("PUT", "/v1/cwobject/organization/settings", settings).await.0, StatusCode::OK);
    // But they have no key, and so nothing to ask of S3.
    for (action, verdict) in [("cwobject:EnsureAccessPolicy", true), ("s3:GetObject", false)] {
        let question = json!({"actions": [action], "resources": ["*"]}).to_string();
        let (_, answer) = server.send("POST", "/v1/cwobject/auth/can-i", &question).await;
        assert_eq!(answer, json!({"verdict": verdict}), "{action}");
    }
}

#[test]
fn while_nobody_can_tell_what_is_in_force_everything_is_refused_and_to_be_tried_again() {
    use axum::response::IntoResponse as _;
    let answer = ControlError::from(crate::authority::AuthorityError::NotCurrent).into_response();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[http::header::RETRY_AFTER], "1");
}

const BY_THEMSELVES: [&str; 3] = [
    "/v1/cwobject/temporary-credentials/oidc",
    "/v1/cwobject/temporary-credentials/oidc/{orgId}",
    "/v1/cwobject/temporary-credentials/saml",
];
const FOR_EVERY_CALLER: [&str; 2] = ["/v1/cwobject/auth/can-i", "/v1beta1/auth/whoami"];
