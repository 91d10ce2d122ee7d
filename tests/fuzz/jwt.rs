//! JSON Web Tokens that nobody configured an issuer for. Nothing is fetched for them, and nothing of them
//! is told.

use std::sync::{Arc, LazyLock};

use portcullis::clock::SettableClock;
use portcullis::config;
use portcullis::federation::{Federation, UnverifiedJwt};
use portcullis::store::EmbeddedStore;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

#[test]
fn jwt() {
    crate::engine::run("jwt", |input| {
        // A header and claims as they are, and a signature; or the whole as it is sent.
        let Ok(text) = std::str::from_utf8(input) else { return };
        let token = match text.splitn(3, '\n').collect::<Vec<_>>()[..] {
            [header, claims, signature] => format!("{}.{}.{signature}", base64url(header), base64url(claims)),
            _ => text.to_owned(),
        };
        let refused = complaint(&token);
        assert!(refused.len() < 4500, "a long complaint: {refused}");
        // What is told does not depend on the signature, so that nothing of it is told.
        if let Some((signed, signature)) = token.rsplit_once('.')
            && !signature.is_empty()
        {
            assert_eq!(complaint(&format!("{signed}.c2ln")), refused);
        }
    });
}

/// Why a token is refused, as the log says it.
fn complaint(token: &str) -> String {
    let (runtime, federation) = &*FEDERATION;
    let unverified = UnverifiedJwt::new(Zeroizing::new(token.to_owned()));
    assert_eq!(format!("{unverified:?}"), "UnverifiedJwt(redacted)");
    runtime.block_on(federation.verify_oidc(&unverified)).unwrap_err().to_string()
}

fn base64url(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

static FEDERATION: LazyLock<(Runtime, Arc<Federation>)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // The file goes with its folder; the store keeps it open.
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(EmbeddedStore::open(&folder.path().join("store.redb")).unwrap());
    let clock = Arc::new(SettableClock::new("2026-01-02T03:04:05Z".parse().unwrap()));
    let settings = config::Federation::default();
    let federation = runtime.block_on(Federation::open(store, clock, &settings)).unwrap();
    (runtime, federation)
});
