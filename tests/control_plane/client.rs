//! A client of the control plane: plain JSON over HTTP/1.1, a connection for each request.

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::request::Request;
use crate::support::setup::Setup;
use crate::support::sign::TestKey;
use crate::support::wire::{Connection, Response};

/// An app whose control plane listens.
pub(crate) struct Plane {
    pub(crate) app: TestApp,
    pub(crate) address: SocketAddr,
    /// An admin token, made through the program's own `Keys`.
    pub(crate) admin: Token,
}

/// An API token that was created.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) principal: String,
}

/// An answer of the control plane.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) response: Response,
}

impl Plane {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let app = TestApp::with(|setup| {
            setup.api = Some(Vec::new());
            for (prefix, permission) in [("coreweave/", "admin"), ("role/", "write"), ("saml/", "write")] {
                setup.identities.push((prefix.to_owned(), permission.to_owned()));
            }
            change(setup);
        })
        .await;
        let address = app.running().api_address.expect("the control plane listens");
        let admin = first_admin(&app).await;
        Self { app, address, admin }
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn send(&self, request: &Request) -> Answer {
        Answer::from(Connection::open(self.address).await.exchange(request).await)
    }

    pub(crate) async fn get(&self, path: &str, token: &Token) -> Answer {
        self.send(&bearer(Request::get(path), token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &Token, body: &Value) -> Answer {
        self.send(&bearer(json("POST", path, body), token)).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, token: &Token, body: &Value) -> Answer {
        self.send(&bearer(json(method, path, body), token)).await
    }

    /// An API token, created over the API.
    pub(crate) async fn token(&self, permission: &str) -> Token {
        let body = serde_json::json!({"name": "a test", "permission": permission});
        let answer = self.post("/v1/admin/tokens", &self.admin, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Token::from(&answer.json)
    }

    /// A key of `token` that lives for `seconds`; 0 for ever.
    pub(crate) async fn mint(&self, token: &Token, seconds: u32) -> TestKey {
        let answer = self.post(ACCESS_KEY, token, &serde_json::json!({"durationSeconds": seconds})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.key()
    }

    /// Puts a policy called `name` in force that lets `principal` do `actions`, and replaces the one of that
    /// name.
    pub(crate) async fn allow(&self, name: &str, principal: &str, actions: &[&str]) {
        let answer = self.post(POLICIES, &self.admin, &policy(name, "Allow", principal, actions)).await;
        answer.succeeded();
    }

    /// Takes a policy out of force.
    pub(crate) async fn disallow(&self, name: &str) {
        self.call("DELETE", &format!("{POLICIES}/{name}"), &self.admin, &Value::Null).await.succeeded();
    }

    /// How many keys there are, whoever asks and whatever their state.
    pub(crate) async fn keys_in_all(&self) -> usize {
        self.app.running().keys.list(None, usize::MAX).await.expect("the store works").len()
    }
}

async fn first_admin(app: &TestApp) -> Token {
    let new = portcullis::keys::NewToken {
        name: "the first".into(),
        permission: portcullis::identity::Permission::Admin,
        ..portcullis::keys::NewToken::default()
    };
    let mut random = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
    let (info, token) = app.running().keys.create_token(new, &mut random).await.expect("the token is made");
    let principal = info.principal.to_string();
    Token { id: info.token_id.to_string(), secret: token.expose().to_owned(), principal }
}

impl Token {
    pub(crate) fn from(created: &Value) -> Self {
        let text = |name: &str| created[name].as_str().unwrap_or_else(|| panic!("{name} in {created}")).to_owned();
        Self { id: text("tokenId"), secret: text("token"), principal: text("principalName") }
    }
}

impl Answer {
    fn from(response: Response) -> Self {
        let json = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        Self { status: response.status, json, response }
    }

    /// The key in an answer that made one.
    pub(crate) fn key(&self) -> TestKey {
        let text = |name: &str| self.json[name].as_str().unwrap_or_else(|| panic!("{name} in {self:?}")).to_owned();
        TestKey { id: text("accessKeyId"), secret: text("secretKey") }
    }

    /// Checks that this is a refusal in the protocol's form, and returns its message.
    pub(crate) fn refused(&self, status: u16, code: u8) -> &str {
        assert_eq!((self.status, self.json["code"].as_u64()), (status, Some(code.into())), "{self:?}");
        assert_eq!(self.json["details"], serde_json::json!([]), "{self:?}");
        assert_eq!(self.json.as_object().map(serde_json::Map::len), Some(3), "{self:?}");
        assert_eq!(self.response.header("content-type"), Some("application/json"), "{self:?}");
        let message = self.json["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{self:?}");
        message
    }

    pub(crate) fn succeeded(&self) -> &Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        &self.json
    }
}

/// The body of a request for a policy with one statement about everything.
pub(crate) fn policy(name: &str, effect: &str, principal: &str, actions: &[&str]) -> Value {
    let statement = serde_json::json!({
        "name": "one", "effect": effect, "actions": actions, "resources": ["*"], "principals": [principal],
    });
    serde_json::json!({"policy": {"version": "v1alpha1", "name": name, "statements": [statement]}})
}

/// A request with a JSON body.
pub(crate) fn json(method: &str, path: &str, body: &Value) -> Request {
    text(method, path, body.to_string())
}

/// A request with a body that claims to be JSON.
pub(crate) fn text(method: &str, path: &str, body: impl AsRef<[u8]>) -> Request {
    Request::new(method, path).header("Content-Type", "application/json").body(body.as_ref().to_vec())
}

/// The request with `Authorization: Bearer`.
pub(crate) fn bearer(request: Request, token: &Token) -> Request {
    request.header("Authorization", format!("Bearer {}", token.secret))
}

pub(crate) const ACCESS_KEY: &str = "/v1/cwobject/access-key";
pub(crate) const BUCKET_INFO: &str = "/v1/cwobject/bucket-info";
pub(crate) const BUCKET_SETTINGS: &str = "/v1/cwobject/bucket/settings";
pub(crate) const CAN_I: &str = "/v1/cwobject/auth/can-i";
pub(crate) const EXPLAIN: &str = "/v1/policy/explain";
pub(crate) const IN_FORCE: &str = "/v1/policy/in-force";
pub(crate) const ORGANIZATION_SETTINGS: &str = "/v1/cwobject/organization/settings";
pub(crate) const POLICIES: &str = "/v1/cwobject/access-policy";
pub(crate) const STATUS: &str = "/v1/cwobject/access-key-status";
pub(crate) const REVOKE_KEY: &str = "/v1/cwobject/revoke-access-key/access-key";
pub(crate) const REVOKE_PRINCIPAL: &str = "/v1/cwobject/revoke-access-key/principal";
pub(crate) const FROM_API_TOKEN: &str = "/v1/cwobject/temporary-credentials/api-token";
pub(crate) const FROM_OIDC: &str = "/v1/cwobject/temporary-credentials/oidc";
pub(crate) const FROM_SAML: &str = "/v1/cwobject/temporary-credentials/saml";
