//! What surrounds every request: its id, the line that records it, and that it is carried through to its
//! end even if the client goes away meanwhile, so that no key is issued without a record.

use std::borrow::Cow;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::{HeaderValue, Uri, header};
use rand::Rng;
use tracing::Instrument as _;

use super::error::Detail;
use super::{Caller, ControlError, Services};
use crate::listener::Peer;
use crate::s3::percent;

/// Who a request turned out to be from; attached to its answer, for its record.
#[derive(Clone, Debug)]
pub(super) struct Acting(pub(super) String);

/// The name of one request, in its answer and in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestId(uuid::Uuid);

impl RequestId {
    pub(super) fn generate(random: &mut impl Rng) -> Self {
        let mut bytes = [0_u8; 16];
        random.fill_bytes(&mut bytes);
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<&RequestId> for HeaderValue {
    fn from(id: &RequestId) -> Self {
        Self::try_from(id.to_string()).expect("a UUID is visible ASCII")
    }
}

/// Carries a request through, records it, and gives its answer the headers that all answers have.
pub(super) async fn record(State(mut services): State<Services>, mut request: Request, next: Next) -> Response {
    let id = RequestId::generate(&mut services.random);
    request.extensions_mut().insert(id);
    let span = tracing::info_span!("control", request = %id);
    let mut line = Line::of(&request);
    let handling = async move {
        if query_holds_a_token(request.uri()) {
            let advice = "a token in a URL ends up in logs: send it in the Authorization header, and replace this one";
            return ControlError::Invalid(advice.into()).into_response();
        }
        next.run(request).await
    };
    let recorded = async move {
        let handled = AssertUnwindSafe(handling).catch_unwind().await;
        let mut response = handled.unwrap_or_else(|_| ControlError::Panicked.into_response());
        line.write(&mut response);
        response
    };
    // A task of its own: a client that goes away drops this function's future, and not the task.
    let recorded = tokio::spawn(recorded.instrument(span)).await;
    let mut response = recorded.unwrap_or_else(|_| ControlError::Panicked.into_response());
    let headers = response.headers_mut();
    headers.insert("x-request-id", (&id).into());
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The record of a request: never its query, a header or its body.
struct Line {
    peer: String,
    method: http::Method,
    route: String,
    principal: String,
    began: Instant,
}

impl Line {
    fn of(request: &Request) -> Self {
        let extensions = request.extensions();
        let peer = extensions.get::<Arc<Peer>>().map_or_else(|| "-".into(), |peer| peer.address.ip().to_string());
        let route = extensions.get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
        let principal = extensions.get::<Caller>().map_or_else(|| "-".into(), ToString::to_string);
        Self { peer, method: request.method().clone(), route, principal, began: Instant::now() }
    }

    fn write(&mut self, response: &mut Response) {
        if let Some(Acting(principal)) = response.extensions_mut().remove() {
            self.principal = principal;
        }
        let status = response.status().as_u16();
        let microseconds = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(Detail(error)) = response.extensions_mut().remove() {
            tracing::error!(error, "a management request failed");
        }
        tracing::info!(
            target: "portcullis::audit",
            peer = self.peer, method = %self.method, route = self.route, principal = self.principal, status,
            microseconds, "control request"
        );
    }
}

/// Whether somebody put into a URL what belongs into the Authorization header.
fn query_holds_a_token(uri: &Uri) -> bool {
    // AWS STS knows its own parameters, and says in XML what is wrong.
    let is_sts = uri.path() == "/";
    uri.query().unwrap_or_default().split('&').any(|parameter| {
        let parameter = percent::decode(parameter).unwrap_or(Cow::Borrowed(parameter));
        let (name, value) = parameter.split_once('=').unwrap_or((&*parameter, ""));
        // A JSON Web Token begins with `{"`, in base64.
        let is_jwt = |text: &str| text.starts_with("eyJ") && text.matches('.').count() == 2;
        NAMES.iter().any(|taken| name.eq_ignore_ascii_case(taken))
            || parameter.contains("SECRET-")
            || (!is_sts && (is_jwt(name) || is_jwt(value)))
    })
}

const NAMES: [&str; 6] = ["access_token", "api_key", "authorization", "bearer", "bearer_token", "token"];
