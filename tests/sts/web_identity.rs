//! `AssumeRoleWithWebIdentity`: from a token of an identity provider to an object in a bucket.

use jiff::SignedDuration;
use portcullis::federation::NewOidcConfiguration;
use portcullis::identity::Principal;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::{Value, json};

use crate::client::{Session, Signing, Sts, action, has_the_form_of_aws, is_refusal};
use crate::issuer::{Behaviour, SigningKey, StubIssuer, with};
use crate::support::request::Request;
use crate::support::setup::Setup;
use crate::support::wire::Response;

const AUDIENCE: &str = "sts.amazonaws.com";
const ROLE: &str = "arn:aws:iam::000000000000:role/any";

/// An app that trusts an issuer.
struct Trusting {
    sts: Sts,
    issuer: StubIssuer,
    key: SigningKey,
}

impl Trusting {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let sts = Sts::with(change).await;
        let (issuer, key) = (StubIssuer::start().await, SigningKey::ec256());
        issuer.publish(&[key.jwk("a")]);
        let new = NewOidcConfiguration {
            name: "test".into(),
            description: None,
            issuer_url: issuer.url(),
            audience: AUDIENCE.into(),
            algorithms: Vec::new(),
            api_access: None,
            groups_claim: None,
            active: true,
        };
        sts.app.running().federation.create_oidc(new, &mut UnwrapErr(SysRng)).await.expect("a right configuration");
        Self { sts, issuer, key }
    }

    /// A token that is right but for `claims`.
    fn token(&self, claims: &Value) -> String {
        let now = Signing::default().time.as_second();
        let right = json!({"iss": self.issuer.url(), "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 600});
        self.key.token(&json!({"alg": "ES256", "typ": "JWT", "kid": "a"}), &with(right, claims))
    }

    /// Puts a policy with this one action for this one principal in force.
    async fn allow(&self, principal: &str, action: &str) {
        let statement =
            json!({"name": "a", "effect": "Allow", "actions": [action], "resources": ["*"], "principals": [principal]});
        let document = json!({"version": "v1alpha1", "name": "a", "statements": [statement]}).to_string();
        let policy = portcullis::policy::OrganizationPolicy::parse(document.as_bytes()).expect("a right policy");
        self.sts.app.running().authority.ensure_policy(policy).await.expect("the store works");
    }

    fn principal(&self) -> String {
        format!("role/{}:alice", self.issuer.url())
    }

    async fn assume(&self, token: &str) -> Response {
        self.sts.send(&assume(ROLE, token, &[])).await
    }

    async fn refuses(&self, token: &str, status: u16, code: &str) -> Response {
        self.sts.refuses(&assume(ROLE, token, &[]), status, code).await
    }
}

fn assume(role: &str, token: &str, more: &[(&str, &str)]) -> Request {
    let mut parameters = vec![("RoleArn", role), ("RoleSessionName", "a-session"), ("WebIdentityToken", token)];
    parameters.extend_from_slice(more);
    action("AssumeRoleWithWebIdentity", &parameters)
}

fn session(answer: &Response) -> Session {
    assert_eq!(answer.status, 200, "{answer:?}");
    Session::from_answer(answer)
}

/// An upload with `session`, its token among the signed headers.
fn upload(session: &Session) -> Request {
    let request = Request::put("/bucket/key").body("hello");
    let request = match &session.token {
        Some(token) => request.header("x-amz-security-token", token),
        None => request,
    };
    request.sign(&session.key, Signing::default().time)
}

#[tokio::test]
async fn a_token_becomes_a_session_that_works_on_both_planes() {
    let trusting = Trusting::start().await;
    let answer = trusting.assume(&trusting.token(&json!({}))).await;
    let session = session(&answer);
    has_the_form_of_aws(&answer, "AssumeRoleWithWebIdentityResponse");
    let arn = format!("arn:aws:iam::ab1cd2:{}", trusting.principal());
    for (name, expected) in [
        ("SubjectFromWebIdentityToken", "alice"),
        ("Provider", &trusting.issuer.url()),
        ("Audience", AUDIENCE),
        ("Arn", &arn),
        ("AssumedRoleId", &trusting.principal()),
        ("Expiration", "2026-11-20T11:00:00Z"),
    ] {
        assert_eq!(answer.element(name).as_deref(), Some(expected), "{name} in {answer:?}");
    }
    assert!(session.token.as_ref().is_some_and(|token| (1..128).contains(&token.len())), "{session:?}");

    let whoami = trusting.sts.send(&session.sign(action("GetCallerIdentity", &[]))).await;
    assert_eq!(whoami.element("Arn"), Some(arn), "{whoami:?}");
    assert_eq!(whoami.element("UserId"), answer.element("AssumedRoleId"), "{whoami:?}");
    trusting.sts.app.accepts(upload(&session)).await;

    let without = Session { token: None, ..session.clone() };
    trusting.sts.app.refuses(&upload(&without), 403, "InvalidAccessKeyId").await;
    let wrong = Session { token: Some("another".into()), ..session };
    trusting.sts.app.refuses(&upload(&wrong), 400, "InvalidToken").await;
}

#[tokio::test]
async fn a_session_ends_when_it_was_said_to() {
    let trusting = Trusting::start().await;
    let request = assume(ROLE, &trusting.token(&json!({})), &[("DurationSeconds", "900")]);
    let answer = trusting.sts.send(&request).await;
    assert_eq!(answer.element("Expiration").as_deref(), Some("2026-11-20T10:15:00Z"), "{answer:?}");
    let session = session(&answer);
    let end = session.expires_at.expect("a session ends");
    for (time, status) in [(end - SignedDuration::from_secs(1), 200), (end, 403)] {
        trusting.sts.app.clock.set(time);
        let how = Signing { time, ..Signing::default() };
        let whoami = trusting.sts.send(&session.sign_as(action("GetCallerIdentity", &[]), how)).await;
        assert_eq!(whoami.status, status, "{whoami:?}");
    }
}

#[tokio::test]
async fn the_role_that_is_asked_for_selects_nothing() {
    let trusting = Trusting::start().await;
    for role in [ROLE, "arn:aws:iam::ab1cd2:role/Admin", "arn:aws:iam::000000000000:role/static/CWAAAAAAAAAAAAAAAAAA"] {
        let answer = trusting.sts.send(&assume(role, &trusting.token(&json!({})), &[])).await;
        assert_eq!(answer.element("AssumedRoleId"), Some(trusting.principal()), "{answer:?}");
    }
}

#[tokio::test]
async fn h20_all_refusals_of_a_token_read_the_same() {
    let trusting = Trusting::start().await;
    let right = trusting.token(&json!({}));
    assert_eq!(trusting.assume(&right).await.status, 200);
    let (signed, signature) = right.rsplit_once('.').expect("three parts");
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let tokens = [
        "garbage".to_owned(),
        format!("{signed}."),
        format!("{signed}.{flipped}{}", &signature[1..]),
        trusting.token(&json!({"aud": "another"})),
        trusting.token(&json!({"aud": null})),
        trusting.token(&json!({"iss": "https://elsewhere.example"})),
        trusting.token(&json!({"sub": "a*b"})),
        trusting.token(&json!({"exp": null})),
        SigningKey::ec256().token(&json!({"alg": "ES256", "kid": "a"}), &json!({"iss": trusting.issuer.url()})),
    ];
    let mut messages = Vec::new();
    for token in &tokens {
        let refusal = trusting.refuses(token, 400, "InvalidIdentityToken").await;
        messages.push(refusal.element("Message").expect("a refusal has a message"));
    }
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]), "{messages:?}");
    assert_eq!(trusting.assume(&right).await.status, 200);
}

#[tokio::test]
async fn h11_a_token_that_has_expired_is_told_so_once_its_signature_is_right() {
    let trusting = Trusting::start().await;
    let long_ago = Signing::default().time.as_second() - 7200;
    let claims = json!({"iat": long_ago, "exp": long_ago + 600});
    trusting.refuses(&trusting.token(&claims), 400, "ExpiredTokenException").await;
    let other = SigningKey::ec256();
    let forged = with(json!({"iss": trusting.issuer.url(), "aud": AUDIENCE, "sub": "alice"}), &claims);
    let forged = other.token(&json!({"alg": "ES256", "kid": "a"}), &forged);
    trusting.refuses(&forged, 400, "InvalidIdentityToken").await;
}

#[tokio::test]
async fn h16_an_issuer_in_trouble_is_worth_another_try() {
    let trusting = Trusting::start().await;
    trusting.issuer.jwks(Behaviour::Status(500));
    trusting.refuses(&trusting.token(&json!({})), 400, "IDPCommunicationError").await;
}

#[tokio::test]
async fn who_may_do_nothing_or_is_suspended_gets_no_session() {
    let without = Trusting::with(|setup| setup.identities.retain(|(prefix, _)| prefix != "role/")).await;
    without.refuses(&without.token(&json!({})), 403, "AccessDenied").await;

    let trusting = Trusting::start().await;
    let session = session(&trusting.assume(&trusting.token(&json!({}))).await);
    let principal = Principal::parse(&trusting.principal()).expect("a principal");
    let keys = &trusting.sts.app.running().keys;
    keys.suspend_principal(&principal).await.expect("the store works");
    trusting.refuses(&trusting.token(&json!({})), 403, "AccessDenied").await;
    trusting.sts.refuses(&session.sign(action("GetCallerIdentity", &[])), 403, "InvalidClientTokenId").await;
    keys.resume_principal(&principal).await.expect("the store works");
    keys.revoke_principal(&principal).await.expect("the store works");
    trusting.sts.refuses(&session.sign(action("GetCallerIdentity", &[])), 403, "InvalidClientTokenId").await;
    assert_eq!(trusting.assume(&trusting.token(&json!({}))).await.status, 200);
}

#[tokio::test]
async fn g09_an_identity_gets_so_many_sessions_a_minute() {
    let trusting = Trusting::with(|setup| setup.limits.push("keys_per_minute_per_identity = 4".into())).await;
    for _ in 0..2 {
        assert_eq!(trusting.assume(&trusting.token(&json!({}))).await.status, 200);
    }
    let refusal = trusting.refuses(&trusting.token(&json!({})), 429, "Throttling").await;
    let wait: u64 = refusal.header("retry-after").and_then(|text| text.parse().ok()).expect("it says how long");
    assert!((1..=60).contains(&wait), "{refusal:?}");
    // Others are not held up.
    assert_eq!(trusting.assume(&trusting.token(&json!({"sub": "bob"}))).await.status, 200);
}

#[tokio::test]
async fn a_signature_beside_the_token_changes_nothing() {
    let trusting = Trusting::start().await;
    let request = assume(ROLE, &trusting.token(&json!({})), &[]);
    let signed = Session::of(&trusting.sts.app.read.with_wrong_secret()).sign(request);
    let answer = trusting.sts.send(&signed).await;
    assert_eq!(answer.element("AssumedRoleId"), Some(trusting.principal()), "{answer:?}");
}

#[tokio::test]
async fn g09_an_address_tries_so_often_a_minute_whatever_it_sends() {
    let sts = Sts::with(|setup| setup.limits.push("logins_per_minute_per_peer = 4".into())).await;
    sts.refuses(&assume(ROLE, "garbage", &[]), 400, "InvalidIdentityToken").await;
    sts.refuses(&action("GetCallerIdentity", &[]), 403, "MissingAuthenticationToken").await;
    for request in [assume(ROLE, "garbage", &[]), action("GetCallerIdentity", &[]), Request::get("/")] {
        let refusal = sts.refuses(&request, 429, "Throttling").await;
        assert!(refusal.header("retry-after").is_some_and(|text| text.parse::<u64>().is_ok()), "{refusal:?}");
    }
}

#[tokio::test]
async fn g02_a_valid_token_gets_a_session_only_if_a_policy_lets_its_principal_have_one() {
    let trusting = Trusting::with(|setup| setup.policies.clear()).await;
    let token = trusting.token(&json!({}));
    for action in ["cwobject:CreateAccessKey", "cwobject:CreateAccessKeySAML", "s3:*"] {
        trusting.allow(&trusting.principal(), action).await;
        let refused = trusting.assume(&token).await;
        is_refusal(&refused, 403, "AccessDenied");
        let message = refused.element("Message").unwrap();
        let who = format!("{} is not authorized to perform: cwobject:CreateAccessKeyOIDC", trusting.principal());
        assert!(message.starts_with(&who), "{message}");
    }
    trusting.allow("role/https://elsewhere.example*", "*").await;
    is_refusal(&trusting.assume(&token).await, 403, "AccessDenied");
    trusting.allow(&trusting.principal(), "cwobject:CreateAccessKeyOIDC").await;
    assert_eq!(trusting.assume(&token).await.status, 200);
}
