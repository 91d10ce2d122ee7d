//! What no request over a socket can show: every code, the limits by address, and keys for evidence of
//! every kind.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use super::*;
use crate::authority::{Authority, Ceilings, IssueDenial};
use crate::clock::{Clock, SettableClock};
use crate::config::{Ceiling, PolicyFile};
use crate::control::{Caller, Control, TooOften};
use crate::federation::{Federation, LoginError};
use crate::identity::{AccessKeyId, Evidence, OrganizationId, Origin, Permission, Principal, SecretDigest, UseOnce};
use crate::keys::{CacheSettings, Keys, KeysError};
use crate::listener::Peer;
use crate::policy::OrganizationPolicy;
use crate::sigv4::AcceptedRegion;
use crate::store::StoreError;

const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

async fn services(folder: &Path, logins_per_minute: u32) -> Services {
    let mut random = UnwrapErr(SysRng);
    let (store, seal) =
        crate::store::open_sealed(&folder.join("store.redb"), &folder.join("seal.key"), &mut random).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SettableClock::new(NOW));
    let federation =
        Federation::open(Arc::clone(&store), Arc::clone(&clock), &crate::config::Federation::default()).await.unwrap();
    let organization = OrganizationId::parse("ab1cd2").unwrap();
    let cache = CacheSettings::default();
    let ceiling = |prefix: &str, minutes| Ceiling {
        prefix: prefix.into(),
        permission: Permission::Write,
        max_duration: Duration::from_mins(minutes),
        permanent: false,
    };
    let ceilings = Ceilings::new(vec![ceiling("saml/", 720), ceiling("saml/Brief", 30)]);
    let mint = br#"{"version": "v1alpha1", "name": "mint", "statements": [{"name": "a", "effect": "Allow",
        "actions": ["cwobject:CreateAccessKeySAML"], "resources": ["*"], "principals": ["saml/*"]}]}"#;
    let policies = vec![PolicyFile { path: "mint.json".into(), policy: OrganizationPolicy::parse(mint).unwrap() }];
    let authority = Authority::open(Arc::clone(&store), organization.clone(), ceilings, policies).await.unwrap();
    let keys = Keys::open(store, seal, Arc::clone(&clock), organization, cache, &mut random).await.unwrap();
    Services::from(Control {
        region: AcceptedRegion::Any,
        logins_per_minute_per_peer: logins_per_minute,
        ..Control::of_store_owner(keys, federation, authority, clock, random)
    })
}

fn evidence(role: &str) -> Evidence {
    let origin = Origin::Saml {
        configuration: "a-configuration".into(),
        issuer: "https://idp.example".into(),
        role: role.into(),
        principal_name: "somebody".into(),
        assertion_id: "_1".into(),
    };
    Evidence::verified(Principal::for_saml_role(role).unwrap(), origin)
}

async fn issue(services: &mut Services, evidence: &Evidence, seconds: Option<u32>) -> Result<i64, &'static str> {
    let seconds = seconds.and_then(NonZeroU32::new);
    let issued = assume_role::issue(services, evidence, seconds, "test").await;
    let issued = issued.map_err(|error| error.code())?;
    assert!(issued.session_token.is_some(), "keys of STS come with a session token");
    Ok(issued.info.expires_at.unwrap().as_second() - NOW.as_second())
}

#[tokio::test]
async fn a_session_lasts_an_hour_or_what_the_ceiling_allows() {
    let folder = tempfile::tempdir().unwrap();
    let mut services = services(folder.path(), 1000).await;
    assert_eq!(issue(&mut services, &evidence("Admin"), None).await, Ok(3600));
    assert_eq!(issue(&mut services, &evidence("Admin"), Some(43_200)).await, Ok(43_200));
    assert_eq!(issue(&mut services, &evidence("Brief"), None).await, Ok(1800));
    assert_eq!(issue(&mut services, &evidence("Brief"), Some(1800)).await, Ok(1800));
    assert_eq!(issue(&mut services, &evidence("Brief"), Some(1801)).await, Err("ValidationError"));
    let ending = evidence("Admin").ending_with_session(Some(NOW + SignedDuration::from_secs(60)));
    assert_eq!(issue(&mut services, &ending, None).await, Ok(60));
}

#[tokio::test]
async fn i12_an_assertion_is_good_for_one_session() {
    let folder = tempfile::tempdir().unwrap();
    let mut services = services(folder.path(), 1000).await;
    let until = NOW + SignedDuration::from_mins(5);
    let once = evidence("Admin").usable_once(UseOnce { name: SecretDigest::of(b"one"), until });
    assert_eq!(issue(&mut services, &once, None).await, Ok(3600));
    assert_eq!(issue(&mut services, &once, None).await, Err("AccessDenied"));
    let other = evidence("Admin").usable_once(UseOnce { name: SecretDigest::of(b"other"), until });
    assert_eq!(issue(&mut services, &other, None).await, Ok(3600));
}

#[tokio::test]
async fn who_is_suspended_or_has_no_ceiling_is_denied() {
    let folder = tempfile::tempdir().unwrap();
    let mut services = services(folder.path(), 1000).await;
    let stranger =
        Evidence::verified(Principal::for_oidc_subject("https://a", "b").unwrap(), evidence("Admin").origin().clone());
    assert_eq!(issue(&mut services, &stranger, None).await, Err("AccessDenied"));
    services.keys.suspend_principal(evidence("Admin").principal()).await.unwrap();
    assert_eq!(issue(&mut services, &evidence("Admin"), None).await, Err("AccessDenied"));
    services.keys.resume_principal(evidence("Admin").principal()).await.unwrap();
    assert_eq!(issue(&mut services, &evidence("Admin"), None).await, Ok(3600));
}

async fn ask(services: &Services, from: Option<&str>) -> Response {
    let mut request = http::Request::builder().method(Method::GET).uri("/?Action=x").header("host", "localhost");
    request = match from {
        Some(address) => request.extension(Arc::new(Peer { address: address.parse().unwrap(), tls: None })),
        None => request.extension(Caller::SocketOwner),
    };
    serve(State(services.clone()), request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn g09_an_address_is_limited_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path(), 4).await;
    for _ in 0..2 {
        assert_eq!(ask(&services, Some("192.0.2.1:1000")).await.status(), StatusCode::BAD_REQUEST);
    }
    let refusal = ask(&services, Some("192.0.2.1:2000")).await;
    assert_eq!(refusal.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refusal.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // Another address, and the owner of the control socket, are not held up.
    assert_eq!(ask(&services, Some("192.0.2.2:1000")).await.status(), StatusCode::BAD_REQUEST);
    for _ in 0..5 {
        assert_eq!(ask(&services, None).await.status(), StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn every_cause_has_the_code_that_sdks_know() {
    let key = AccessKeyId::parse("CWAAAAAAAAAAAAAAAAAA").unwrap();
    let unavailable = || StoreError::database(std::io::Error::other("a reason that is not told"));
    let in_a_moment = TooOften { retry_after_seconds: 7 };
    let causes: [(StsError, u16, &str); 18] = [
        (LoginError::Expired.into(), 400, "ExpiredTokenException"),
        (LoginError::Refused("a reason that is not told".into()).into(), 400, "InvalidIdentityToken"),
        (
            LoginError::ProviderUnavailable {
                issuer: "https://idp.example".into(),
                reason: "a reason that is not told".into(),
            }
            .into(),
            400,
            "IDPCommunicationError",
        ),
        (LoginError::ConfigurationNeeded(2).into(), 400, "ValidationError"),
        (LoginError::Store(unavailable()).into(), 503, "ServiceUnavailable"),
        (KeysError::AlreadyUsed.into(), 403, "AccessDenied"),
        (KeysError::NotPermitted("no").into(), 403, "AccessDenied"),
        (KeysError::NotCurrent.into(), 503, "ServiceUnavailable"),
        (KeysError::Store(unavailable()).into(), 503, "ServiceUnavailable"),
        (KeysError::Contended(key).into(), 503, "ServiceUnavailable"),
        (ControlError::Ceiling(IssueDenial::NoEntry).into(), 403, "AccessDenied"),
        (ControlError::Ceiling(IssueDenial::TooLong(Duration::from_hours(1))).into(), 400, "ValidationError"),
        (ControlError::TooOften(in_a_moment).into(), 429, "Throttling"),
        (ControlError::Busy.into(), 503, "ServiceUnavailable"),
        (ControlError::Login(LoginError::Expired).into(), 400, "ExpiredTokenException"),
        (ControlError::Unauthenticated.into(), 403, "MissingAuthenticationToken"),
        (ControlError::NoSuchRoute.into(), 500, "InternalFailure"),
        (StsError::BodyCut, 400, "RequestTimeout"),
    ];
    for (error, status, code) in causes {
        let request_id = RequestId::generate(&mut UnwrapErr(SysRng));
        let response = error.into_answer(&request_id);
        assert_eq!(response.status().as_u16(), status, "{code}");
        assert_eq!(response.headers().contains_key("retry-after"), status == 429 || status == 503, "{code}");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains(&format!("<Code>{code}</Code>")), "{text}");
        let at_fault = if status < 500 { "<Type>Sender</Type>" } else { "<Type>Receiver</Type>" };
        assert!(text.contains(at_fault) && !text.contains("not told"), "{text}");
    }
}

fn parameters(query: &str, body: &str) -> Result<Parameters, StsError> {
    let mut headers = HeaderMap::new();
    headers.insert("host", "localhost".parse().unwrap());
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let uri = format!("/?{query}").parse().unwrap();
    let head = RequestHead::parse(Method::POST, &uri, headers, &Domains::default()).unwrap();
    Parameters::read(&head, body.as_bytes())
}

#[test]
fn a_form_is_decoded_once() {
    let mut found = parameters("X-Amz-Date=1", "a=x+y%2Bz&b=%2541&&c&d=e=f&%67=%c3%a4").unwrap();
    for (name, value) in [("a", "x y+z"), ("b", "%41"), ("c", ""), ("d", "e=f"), ("g", "ä")] {
        assert_eq!(found.take(name).as_deref().map(String::as_str), Some(value), "{name}");
    }
    found.finish().unwrap();
}

#[test]
fn a_parameter_under_two_spellings_stands_twice() {
    assert!(parameters("", "a=1&A=1").is_ok());
    for (query, body) in [("a=1&a=1", ""), ("", "a=1&%61=1"), ("a=1", "a=2"), ("a", "a")] {
        assert!(matches!(parameters(query, body), Err(StsError::Invalid(_))), "{query} {body}");
    }
}

#[test]
fn a_secret_in_the_place_of_a_name_is_not_told() {
    let secret = "CW-SECRET-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
    let refusals = [
        parameters("", &format!("{secret}=1")).unwrap().finish().unwrap_err(),
        parameters("", &format!("{secret}=1&{secret}=2")).unwrap_err(),
        Action::of(&mut parameters("", &format!("Action={secret}&Version=2011-06-15")).unwrap()).err().unwrap(),
    ];
    for refusal in refusals {
        assert!(!refusal.to_string().contains("SECRET"), "{refusal}");
    }
    assert!(!format!("{:?}", parameters("", &format!("a={secret}&{secret}=a")).unwrap()).contains("SECRET"));
}

#[tokio::test]
async fn text_in_an_answer_is_escaped() {
    let element = answer::Element::text("Arn", "a<b>&\"c\u{1}");
    let response = Answer::new("GetCallerIdentity", evidence("Admin").principal(), [element])
        .into_answer(&RequestId::generate(&mut UnwrapErr(SysRng)));
    let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(text.contains("<Arn>a&lt;b&gt;&amp;&quot;c\u{FFFD}</Arn>"), "{text}");
}

proptest::proptest! {
    #[test]
    fn any_body_is_read_or_refused(body: String) {
        let _ = parameters("", &body);
    }

    #[test]
    fn what_a_client_encodes_is_what_is_read(name in "[a-z]{1,9}", value: String) {
        use crate::s3::percent::{Slash, encode};
        let mut found = parameters("", &format!("{name}={}", encode(&value, Slash::Encode))).unwrap();
        proptest::prop_assert_eq!(found.take(&name).map(|read| read.as_str().to_owned()), Some(value));
    }
}
