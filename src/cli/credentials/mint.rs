//! The trade: a token for a key, by the two operations of the API that take a duration.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::cache::Cached;
use crate::cli::api::{Api, ApiUrl, Token, TokenSource};
use crate::cli::failure::Failure;
use crate::control::WireSecret;
use crate::identity::{AccessKeyId, ApiToken, OrganizationId};

/// A key, whole.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credential {
    pub(super) access_key_id: AccessKeyId,
    pub(super) secret_key: WireSecret,
    /// Its end. Keys that this command asks for always have one.
    #[serde(rename = "expiry")]
    pub(super) expires_at: Timestamp,
}

/// What is asked for.
pub(super) struct Wanted {
    pub(super) url: ApiUrl,
    /// Set for an OIDC token, which does not say by itself where it wants to go.
    pub(super) organization: Option<OrganizationId>,
    pub(super) source: TokenSource,
    /// In whole seconds.
    pub(super) life: Duration,
}

impl Wanted {
    /// Tells this wish from every other: a name for its file, from which nothing can be read back.
    pub(super) fn name(&self) -> Result<String, String> {
        let source = match &self.source {
            // Not its target: platforms replace a link when they replace the token.
            TokenSource::File(file) => absolute(file)?,
            TokenSource::Environment => self.source.read().map_err(|f| f.message().to_owned())?.digest().to_hex(),
        };
        let organization = self.organization.as_ref().map(OrganizationId::as_str);
        let parts = json!([1, self.url.to_string(), organization, source, self.life.as_secs()]);
        Ok(const_hex::encode(Sha256::digest(parts.to_string())))
    }

    /// Tells an API token from the one that was in the same place before: somebody who replaced it wants
    /// that to count at once. Tokens of an identity provider are replaced all the time, for the same holder.
    ///
    /// # Errors
    /// If there is no token to be read.
    pub(super) fn source_digest(&self) -> Result<Option<String>, Failure> {
        Ok(digest_of(&self.source.read()?))
    }

    /// Gets a new key.
    pub(super) async fn mint(&self, api: &Api, now: Timestamp) -> Result<Cached, Failure> {
        let token = self.source.read()?;
        let seconds = self.life.as_secs();
        let mut request = Request::builder().method(Method::POST).header(header::CONTENT_TYPE, "application/json");
        let body = if let Some(organization) = &self.organization {
            request = request.uri("/v1/cwobject/temporary-credentials/oidc");
            json!({ "durationSeconds": seconds, "orgId": organization.as_str(), "oidcToken": token.expose() })
        } else {
            request = request.uri("/v1/cwobject/access-key").header(header::AUTHORIZATION, token.bearer()?);
            json!({ "durationSeconds": seconds })
        };
        let request: Request<Full<Bytes>> =
            request.body(Full::from(body.to_string())).map_err(|error| Failure::work(error.to_string()))?;
        let answer = api.send(request, &self.source.to_string()).await?;
        let odd = |_| Failure::work("the server's answer is not what this version expects: are the versions the same?");
        let credential: Credential = serde_json::from_slice(&answer.body).map_err(odd)?;
        if credential.expires_at <= now {
            return Err(Failure::work(format!(
                "the new key ended at {:.0}, says this machine's clock: that of the server differs by more than its life",
                credential.expires_at
            )));
        }
        Ok(Cached { issued_at: now, source: digest_of(&token), credential })
    }
}

/// `None` for a token of an identity provider.
fn digest_of(token: &Token) -> Option<String> {
    ApiToken::parse(token.expose()).map(|token| token.digest().to_hex())
}

fn absolute(file: &Path) -> Result<String, String> {
    let absolute = std::path::absolute(file).map_err(|error| format!("{}: {error}", file.display()))?;
    // Not lossy: two paths must not have one name.
    Ok(const_hex::encode(absolute.as_os_str().as_encoded_bytes()))
}
