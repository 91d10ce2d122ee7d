//! Reaching the API of a server: where it is, who asks, and what its refusals mean.

mod https;
mod token;
mod url;

use std::path::Path;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Request, StatusCode};
use http_body_util::Full;

use super::failure::Failure;
use crate::control::ErrorBody;

pub(super) use https::{Answer, connect_to_any, connector, handshake_problem};
pub(super) use token::{Token, TokenSource};
pub(super) use url::{ApiUrl, addresses};

use https::Client;

/// The API of one server.
pub(super) struct Api {
    url: ApiUrl,
    client: Client,
}

impl Api {
    /// Trusts the certificates in `ca_file`, else in the file that the environment names, else the system's.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn new(url: ApiUrl, ca_file: Option<&Path>) -> Result<Self, Failure> {
        let from_environment = std::env::var_os(CA_FILE).filter(|name| !name.is_empty());
        let ca_file = ca_file.or(from_environment.as_deref().map(Path::new));
        let client = Client::new(&url, ca_file)?;
        Ok(Self { url, client })
    }

    /// Sends a request and returns the body of a good answer. `shown` is what proves who asks, in words for
    /// a refusal, such as "the API token in FILE".
    ///
    /// # Errors
    /// If the server cannot be reached, or refuses: with its own words, and what can be done.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>, shown: &str) -> Result<Answer, Failure> {
        let answer = self.client.send(request).await.map_err(|problem| self.failure(&problem))?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.failure(&refusal(&answer, shown))) }
    }

    fn failure(&self, problem: &str) -> Failure {
        Failure::work(format!("{}: {problem}", self.url))
    }
}

/// What a refusal means, for whoever has to solve it.
fn refusal(answer: &Answer, shown: &str) -> String {
    let status = answer.status;
    let Ok(ErrorBody { message, .. }) = serde_json::from_slice(&answer.body) else {
        return format!(
            "answered {status}, and not as a Portcullis API does: is that the address of its [api] section?"
        );
    };
    let refusal = match status {
        StatusCode::UNAUTHORIZED => format!("{shown} was refused: {message} (401). Was it revoked, or has it ended?"),
        StatusCode::FORBIDDEN => format!("{shown} does not allow this: {message} (403)"),
        StatusCode::TOO_MANY_REQUESTS => {
            let wait = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).unwrap_or("60");
            format!("too many requests (429): try again in {wait} s")
        }
        _ => format!("{message} ({})", status.as_u16()),
    };
    // What the server does not say, its log does.
    let id = answer.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| id.len() <= 64);
    id.map_or_else(|| refusal.clone(), |id| format!("{refusal} [request id {id}]"))
}

/// By this the server's operator finds the reason.
const REQUEST_ID: &str = "x-request-id";
/// Names a file of certificates to trust. Not `AWS_CA_BUNDLE`: that one is for the S3 endpoint, and may be another's.
const CA_FILE: &str = "PORTCULLIS_CA_FILE";
