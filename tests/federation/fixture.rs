//! A federation over a real store, with an issuer that it knows.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use portcullis::clock::SettableClock;
use portcullis::config;
use portcullis::federation::{
    Federation, LoginError, NewOidcConfiguration, OidcConfiguration, UnverifiedJwt, VerifiedOidcToken,
};
use portcullis::identity::{Evidence, Origin};
use portcullis::store::{EmbeddedStore, KeyStore};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::{Value, json};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::issuer::{SigningKey, StubIssuer, with};

/// The audience of every token that does not say otherwise.
pub(crate) const AUDIENCE: &str = "https://portcullis.example/";

pub(crate) struct Fixture {
    pub(crate) federation: Arc<Federation>,
    pub(crate) store: Arc<dyn KeyStore>,
    pub(crate) clock: Arc<SettableClock>,
    settings: config::Federation,
    _folder: TempDir,
}

/// An issuer with one key, and its configuration.
pub(crate) struct Trusted {
    pub(crate) stub: StubIssuer,
    pub(crate) key: SigningKey,
    pub(crate) algorithm: &'static str,
    pub(crate) configuration: Arc<OidcConfiguration>,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: config::Federation) -> Self {
        Self::over(settings, |store| store).await
    }

    /// With whatever `wrap` makes of the store.
    pub(crate) async fn over(
        settings: config::Federation,
        wrap: impl FnOnce(Arc<dyn KeyStore>) -> Arc<dyn KeyStore>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = wrap(Arc::new(EmbeddedStore::open(&folder.path().join("store.redb")).unwrap()));
        let clock = Arc::new(SettableClock::new("2026-05-06T07:08:09Z".parse().unwrap()));
        let federation = Federation::open(Arc::clone(&store), Arc::clone(&clock) as _, &settings).await.unwrap();
        Self { federation, store, clock, settings, _folder: folder }
    }

    /// A second node over the same store.
    pub(crate) async fn another_node(&self) -> Arc<Federation> {
        let clock = Arc::clone(&self.clock) as _;
        Federation::open(Arc::clone(&self.store), clock, &self.settings).await.unwrap()
    }

    /// An issuer with a P-256 key, configured.
    pub(crate) async fn trusted(&self) -> Trusted {
        self.trusted_with("ES256", SigningKey::ec256()).await
    }

    pub(crate) async fn trusted_with(&self, algorithm: &'static str, key: SigningKey) -> Trusted {
        let stub = StubIssuer::start().await;
        stub.publish(&[key.jwk("a")]);
        let configuration = self.create(new_configuration(&stub.url())).await;
        Trusted { stub, key, algorithm, configuration }
    }

    pub(crate) async fn create(&self, new: NewOidcConfiguration) -> Arc<OidcConfiguration> {
        self.federation.create_oidc(new, &mut random()).await.unwrap()
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<VerifiedOidcToken, LoginError> {
        verify(&self.federation, token).await
    }

    pub(crate) fn now(&self) -> i64 {
        use portcullis::clock::Clock as _;
        self.clock.now().as_second()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// The claims of a good token of `issuer`.
    pub(crate) fn claims(&self, issuer: &str) -> Value {
        let now = self.now();
        json!({"iss": issuer, "aud": AUDIENCE, "sub": "alice", "iat": now, "nbf": now, "exp": now + 600, "jti": "token-1"})
    }

    /// A good token of a configured issuer.
    pub(crate) fn token(&self, trusted: &Trusted) -> String {
        self.token_with(trusted, &json!({}), &json!({}))
    }

    /// The same with some headers and claims set, or removed by null.
    pub(crate) fn token_with(&self, trusted: &Trusted, header: &Value, claims: &Value) -> String {
        let header = with(json!({"alg": trusted.algorithm, "typ": "JWT", "kid": "a"}), header);
        trusted.key.token(&header, &with(self.claims(&trusted.stub.url()), claims))
    }

    /// Asserts that a good token still passes: what refused another one was not the whole.
    pub(crate) async fn assert_good_token_passes(&self, trusted: &Trusted) {
        let passed = self.verify(&self.token(trusted)).await.unwrap();
        assert_eq!(passed.evidence.principal().as_str(), format!("role/{}:alice", trusted.stub.url()));
    }
}

/// The settings of a section that is not there.
pub(crate) fn settings() -> config::Federation {
    config::Federation::default()
}

pub(crate) async fn verify(federation: &Federation, token: &str) -> Result<VerifiedOidcToken, LoginError> {
    federation.verify_oidc(&UnverifiedJwt::new(Zeroizing::new(token.to_owned()))).await
}

pub(crate) fn new_configuration(issuer: &str) -> NewOidcConfiguration {
    NewOidcConfiguration {
        name: "test".to_owned(),
        description: None,
        issuer_url: issuer.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: Vec::new(),
        api_access: None,
        groups_claim: None,
        active: true,
    }
}

pub(crate) fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// The reason of a refusal; panics if it is another error, or none.
pub(crate) fn refusal<T>(answer: Result<T, LoginError>) -> String {
    match answer {
        Err(LoginError::Refused(reason)) => reason,
        Err(other) => panic!("not refused, but: {other}"),
        Ok(_) => panic!("not refused at all"),
    }
}

/// Why the issuer cannot be asked; panics if it is another error, or none.
pub(crate) fn unavailable<T>(answer: Result<T, LoginError>) -> String {
    match answer {
        Err(LoginError::ProviderUnavailable { reason, .. }) => reason,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("no error"),
    }
}

/// What an OIDC evidence says of its token: configuration, issuer, audience, subject, token id.
pub(crate) fn origin(evidence: &Evidence) -> (String, String, String, String, Option<String>) {
    match evidence.origin().clone() {
        Origin::Oidc { configuration, issuer, audience, subject, token_id } => {
            (configuration, issuer, audience, subject, token_id)
        }
        Origin::Saml { .. } => panic!("not of a token"),
    }
}

/// Waits until `condition` holds; news take a moment from one node to another.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), waiting).await.is_ok(), "never came true: {what}");
}
