//! What the log says of logins and keys, and what it never says.

use std::io::{Result, Write};
use std::sync::{Arc, Mutex, Once, PoisonError};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::client::{ACCESS_KEY, FROM_API_TOKEN, FROM_OIDC, FROM_SAML, Plane, STATUS, bearer, json as request};
use crate::support::request::Request;

/// Everything that this program says at any level, on this thread: the one that serves, too.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        // tracing remembers of each event whether anybody wants it. It misses a subscriber that comes just as another
        // thread meets the event for the first time, so there is one from the start: it wants all and writes nothing.
        static ALWAYS: Once = Once::new();
        ALWAYS.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap());
        let log = Self::default();
        let ours = tracing_subscriber::filter::filter_fn(|event| event.target().starts_with("portcullis"));
        let lines = tracing_subscriber::fmt::layer().with_writer(log.clone()).with_ansi(false);
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(ours).with(lines));
        (log, guard)
    }

    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn m01_nothing_that_proves_anything_stands_in_the_log() {
    let (log, _guard) = Log::start();
    let plane = Plane::start().await;
    let token = plane.token("write").await;
    let key = plane.mint(&token, 60).await;
    let fetched = plane.get(FROM_API_TOKEN, &token).await.succeeded().clone();
    let wrong = "CW-SECRET-0123456789012345678901234567890123456789abc";
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2VjcmV0c2lnbmF0dXJl";
    let saml = "c2VjcmV0YXNzZXJ0aW9u";
    for proof in [wrong, jwt, saml] {
        plane.send(&Request::get(ACCESS_KEY).header("Authorization", format!("Bearer {proof}"))).await.refused(401, 16);
        plane.send(&Request::get(&format!("{FROM_OIDC}/ab1cd2")).header("Authorization", proof)).await.refused(401, 16);
        plane.send(&bearer(Request::get(&format!("{ACCESS_KEY}?status={proof}")), &token)).await;
        plane.send(&bearer(Request::get(&format!("/{proof}?{proof}")), &token)).await;
        let body = json!({"durationSeconds": 60, "orgId": "ab1cd2", "oidcToken": proof});
        plane.send(&request("POST", FROM_OIDC, &body)).await.refused(401, 16);
        let body = json!({"durationSeconds": 60, "orgId": "ab1cd2", "configId": "a", "samlResponse": proof});
        plane.send(&request("POST", FROM_SAML, &body)).await.refused(401, 16);
        plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": proof, proof: proof})).await.refused(400, 3);
    }
    let text = log.text();
    assert!(text.contains(&key.id) && text.contains(&token.id), "the log is there: {text}");
    let field = |name: &str| fetched[name].as_str().unwrap().to_owned();
    let secrets = [
        token.secret.clone(),
        plane.admin.secret.clone(),
        key.secret.clone(),
        field("SecretAccessKey"),
        field("Token"),
    ];
    for secret in secrets.iter().map(String::as_str).chain([wrong, jwt, saml, "c2VjcmV0c2lnbmF0dXJl"]) {
        assert!(!text.contains(secret), "{secret} stands in {text}");
    }
}

#[tokio::test]
async fn m04_what_somebody_writes_stays_within_its_line() {
    let (log, _guard) = Log::start();
    let plane = Plane::start().await;
    for poison in ["a\r\nINFO all is well", "a\u{1b}[31mb", "a\u{202e}b", "a\u{2028}b", "a\u{85}b"] {
        plane.post("/v1/admin/tokens", &plane.admin, &json!({"name": poison, "permission": "read"})).await;
        let principal = format!("saml/{poison}");
        let status = json!({"principalName": principal, "status": "ACCESS_KEY_STATUS_SUSPENDED"});
        plane.call("PUT", STATUS, &plane.admin, &status).await.refused(400, 3);
        let body = json!({"durationSeconds": 60, "orgId": poison, "oidcToken": poison});
        plane.send(&request("POST", FROM_OIDC, &body)).await.refused(401, 16);
        let body = json!({"durationSeconds": 60, "orgId": poison, "configId": poison, "samlResponse": poison});
        plane.send(&request("POST", FROM_SAML, &body)).await.refused(401, 16);
        let config = json!({"name": "a", "issuerUrl": "https://issuer.example", "audience": poison});
        plane.post("/v1/admin/federation/oidc", &plane.admin, &config).await;
    }
    let text = log.text();
    assert!(text.lines().count() > 20, "{text}");
    for line in text.lines() {
        assert!(line.starts_with("20") && line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line:?}");
    }
}

#[tokio::test]
async fn who_is_refused_a_key_after_a_proof_is_named() {
    let (log, _guard) = Log::start();
    let plane = Plane::with(|setup| setup.identities.retain(|(prefix, _)| prefix != "coreweave/")).await;
    let token = plane.token("write").await;
    plane.post(ACCESS_KEY, &token, &json!({"durationSeconds": 60})).await.refused(403, 7);
    let text = log.text();
    let line = text.lines().find(|line| line.contains("cwobject:CreateAccessKey")).unwrap_or_default();
    assert!(line.contains(&token.principal) && line.contains("request="), "{text}");
}
