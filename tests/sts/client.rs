//! A client of the security token service: forms, and signatures by the published `aws-sigv4` crate.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use jiff::Timestamp;
use portcullis::identity::Permission;
use portcullis::keys::{Grant, KeyLife, NewToken, TokenHolder};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::support::app::{NOW, TestApp};
use crate::support::hand_signer::encode;
use crate::support::request::{Payload, Request};
use crate::support::setup::Setup;
use crate::support::sign::TestKey;
use crate::support::wire::{Connection, Response};

pub(crate) const VERSION: &str = "2011-06-15";

/// An app whose control plane listens.
pub(crate) struct Sts {
    pub(crate) app: TestApp,
    pub(crate) address: SocketAddr,
}

/// A credential as STS gives it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) key: TestKey,
    pub(crate) token: Option<String>,
    pub(crate) expires_at: Option<Timestamp>,
}

/// How the oracle signs.
#[derive(Clone, Copy)]
pub(crate) struct Signing {
    pub(crate) service: &'static str,
    pub(crate) region: &'static str,
    pub(crate) time: Timestamp,
    pub(crate) presigned_for: Option<Duration>,
}

impl Default for Signing {
    fn default() -> Self {
        let time = NOW.parse().expect("the constant is a time");
        Self { service: "sts", region: "us-east-1", time, presigned_for: None }
    }
}

impl Sts {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let app = TestApp::with(|setup| {
            setup.api = Some(Vec::new());
            for prefix in ["coreweave/", "role/", "saml/"] {
                setup.identities.push((prefix.to_owned(), "write".to_owned()));
            }
            change(setup);
        })
        .await;
        let address = app.running().api_address.expect("the control plane listens");
        Self { app, address }
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn send(&self, request: &Request) -> Response {
        Connection::open(self.address).await.exchange(request).await
    }

    /// Sends a request that has to be refused, in the form that SDKs read.
    pub(crate) async fn refuses(&self, request: &Request, status: u16, code: &str) -> Response {
        let response = self.send(request).await;
        is_refusal(&response, status, code);
        self.app.tells_no_secret(&response);
        response
    }

    /// The holder of a new API token.
    pub(crate) async fn holder(&self, permission: Permission) -> TokenHolder {
        let keys = &self.app.running().keys;
        let new = NewToken { name: "a test".into(), permission, ..NewToken::default() };
        let (_, token) = keys.create_token(new, &mut UnwrapErr(SysRng)).await.expect("the token is made");
        keys.login(&token).await.expect("the store works").expect("the token stands")
    }

    /// A key of `holder` that works only with its session token.
    pub(crate) async fn session(&self, holder: &TokenHolder, seconds: u32) -> Session {
        let life = KeyLife::Seconds(NonZeroU32::new(seconds).expect("tests ask for a life"));
        let grant = Grant::from_token(holder, Permission::Admin, life).with_session_token();
        let issued = self.app.running().keys.issue(grant, &mut UnwrapErr(SysRng)).await.expect("the key is made");
        let key = TestKey { id: issued.info.access_key_id.to_string(), secret: issued.secret.expose().to_owned() };
        let token = issued.session_token.map(|token| token.expose().to_owned());
        Session { key, token, expires_at: issued.info.expires_at }
    }
}

impl Session {
    /// A key that has no session token.
    pub(crate) fn of(key: &TestKey) -> Self {
        Self { key: key.clone(), token: None, expires_at: None }
    }

    /// What an answer of an `AssumeRole…` action holds.
    pub(crate) fn from_answer(answer: &Response) -> Self {
        let element = |name| answer.element(name).unwrap_or_else(|| panic!("{name} is in {answer:?}"));
        Self {
            key: TestKey { id: element("AccessKeyId"), secret: element("SecretAccessKey") },
            token: Some(element("SessionToken")),
            expires_at: Some(element("Expiration").parse().expect("a time")),
        }
    }

    pub(crate) fn sign(&self, request: Request) -> Request {
        self.sign_as(request, Signing::default())
    }

    /// Signs with every header that is there now.
    pub(crate) fn sign_as(&self, mut request: Request, how: Signing) -> Request {
        let identity: Identity =
            Credentials::new(&self.key.id, &self.key.secret, self.token.clone(), None, "test").into();
        let mut settings = SigningSettings::default();
        if how.presigned_for.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = how.presigned_for;
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(how.region)
            .name(how.service)
            .time(SystemTime::from(how.time))
            .settings(settings)
            .build()
            .expect("every parameter is there")
            .into();
        let headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).expect("headers are UTF-8")))
            .collect();
        let signable = SignableRequest::new(
            &request.method,
            format!("http://localhost{}", request.target),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            match &request.payload {
                Payload::Value(value) => SignableBody::Precomputed(value.clone()),
                _ => SignableBody::Bytes(&request.body),
            },
        )
        .expect("the request is signable");
        let (instructions, _) = sign(signable, &params).expect("the request is signable").into_parts();
        let (headers, parameters) = instructions.into_parts();
        for header in headers {
            request = request.header(header.name(), header.value());
        }
        for (name, value) in parameters {
            request = request.append_query(&format!("{name}={}", encode(value.as_bytes(), false)));
        }
        request
    }
}

/// `POST /` with a form.
pub(crate) fn form(parameters: &[(&str, &str)]) -> Request {
    Request::post("/")
        .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(encoded(parameters))
}

/// `GET /` with a query.
pub(crate) fn query(parameters: &[(&str, &str)]) -> Request {
    Request::get(&format!("/?{}", encoded(parameters)))
}

/// `action` with its version and `parameters`.
pub(crate) fn action<'a>(action: &'a str, parameters: &[(&'a str, &'a str)]) -> Request {
    let mut all = vec![("Action", action), ("Version", VERSION)];
    all.extend_from_slice(parameters);
    form(&all)
}

pub(crate) fn encoded(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name.as_bytes(), false), encode(value.as_bytes(), false)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Checks the form of a refusal.
pub(crate) fn is_refusal(response: &Response, status: u16, code: &str) {
    assert_eq!((response.status, response.code().as_deref()), (status, Some(code)), "{response:?}");
    has_the_form_of_aws(response, "ErrorResponse");
    let at_fault = if status < 500 { "Sender" } else { "Receiver" };
    assert_eq!(response.element("Type").as_deref(), Some(at_fault), "{response:?}");
    assert!(response.element("Message").is_some_and(|message| !message.is_empty()), "{response:?}");
}

/// Checks what every answer has.
pub(crate) fn has_the_form_of_aws(response: &Response, root: &str) {
    let id = response.header("x-amzn-requestid").expect("every answer has a request id");
    assert_eq!(response.element("RequestId").as_deref(), Some(id), "{response:?}");
    assert_eq!(response.header("content-type"), Some("text/xml"), "{response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{response:?}");
    let opening = format!("<{root} xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">");
    assert!(response.text().starts_with(&opening), "{response:?}");
    assert!(response.text().ends_with(&format!("</{root}>")), "{response:?}");
}
