//! Whose requests they are: an access key from a file or the environment, never from an argument, and a
//! fresh signature for each request.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use clap::Args;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Uri, request};
use jiff::Timestamp;
use jiff::civil::Date;
use zeroize::Zeroizing;

use super::target::Target;
use crate::cli::failure::Failure;
use crate::identity::SecretAccessKey;
use crate::s3::percent::{Slash, encode_into};
use crate::sigv4::{ChunkSigner, Scope, Service, SigningKey, SigningTime, UpstreamPayload, sign};

/// Where the access key comes from.
#[derive(Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The access key id [default: `AWS_ACCESS_KEY_ID` of the environment]
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// The file with the secret access key [default: `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN`, of the environment]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The file with the session token that belongs to the key, if it has one
    #[arg(long, value_name = "FILE", requires = "secret_file")]
    session_token_file: Option<PathBuf>,
    /// The region to sign for
    #[arg(long, value_name = "NAME", env = "AWS_REGION", hide_env_values = true, default_value = "us-east-1", value_parser = region)]
    region: String,
}

/// An access key, ready to sign for one region.
pub(super) struct Credential {
    access_key_id: String,
    secret: SecretAccessKey,
    session_token: Option<HeaderValue>,
    region: String,
    /// The signing key of the day it was last used on.
    of_day: ArcSwapOption<(Date, SigningKey)>,
}

/// A request that is still to be signed.
pub(super) struct Unsigned<'a> {
    pub(super) method: Method,
    pub(super) key: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) headers: HeaderMap,
    pub(super) payload: UpstreamPayload,
}

impl Arguments {
    /// Reads the key.
    ///
    /// # Errors
    /// If a part of it is missing or has not the form of one. Secrets are never shown.
    pub(super) fn read(self) -> Result<Credential, Failure> {
        let access_key_id = self.key.or_else(|| variable("AWS_ACCESS_KEY_ID").map(|id| id.as_str().to_owned()));
        let access_key_id = access_key_id
            .ok_or_else(|| Failure::usage("no access key: name it with --key ID, or set AWS_ACCESS_KEY_ID"))?;
        if access_key_id.is_empty() || !access_key_id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/') {
            return Err(Failure::usage("the access key id must be one word of visible characters without a slash"));
        }
        let (secret, token) = match &self.secret_file {
            Some(file) => (read(file)?, self.session_token_file.as_ref().map(read).transpose()?),
            // A token belongs to the key beside it.
            None => (
                variable("AWS_SECRET_ACCESS_KEY").ok_or_else(|| {
                    Failure::usage("no secret: name its file with --secret-file FILE, or set AWS_SECRET_ACCESS_KEY")
                })?,
                variable("AWS_SESSION_TOKEN"),
            ),
        };
        let secret = SecretAccessKey::of_another_service(secret)
            .map_err(|_| Failure::usage("the secret must be one word of at most 256 visible characters"))?;
        let session_token = token.map(|token| header(&token)).transpose()?;
        Ok(Credential { access_key_id, secret, session_token, region: self.region, of_day: ArcSwapOption::empty() })
    }
}

impl Credential {
    /// The public half.
    pub(super) fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The head of a request, signed as of `now`, and what signs its chunks if its body goes in signed chunks.
    pub(super) fn sign(
        &self,
        target: &Target,
        unsigned: Unsigned<'_>,
        now: Timestamp,
    ) -> (request::Parts, Option<ChunkSigner>) {
        let Unsigned { method, key, query, mut headers, payload } = unsigned;
        if let Some(token) = &self.session_token {
            headers.insert("x-amz-security-token", token.clone());
        }
        let (authority, path) = (target.authority(), target.path(key));
        let time = SigningTime::at(now);
        let scope = Scope { date: time.date(), region: self.region.clone(), service: Service::S3 };
        let signing_key = self.signing_key(scope.date);
        let credential = (self.access_key_id.as_str(), &signing_key.1);
        let pairs = query.iter().copied();
        let chunks = sign(&method, authority.as_str(), &path, pairs, &mut headers, payload, credential, &scope, time);
        headers.insert(HOST, HeaderValue::from_str(authority.as_str()).expect("an authority is visible ASCII"));
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = method;
        parts.uri = Uri::try_from(path_and_query(&path, query)).expect("what is encoded is a target");
        parts.headers = headers;
        (parts, chunks)
    }

    fn signing_key(&self, date: Date) -> Arc<(Date, SigningKey)> {
        if let Some(key) = self.of_day.load_full().filter(|key| key.0 == date) {
            return key;
        }
        let key = Arc::new((date, SigningKey::derive(&self.secret, date, &self.region, Service::S3.as_str())));
        self.of_day.store(Some(Arc::clone(&key)));
        key
    }
}

/// The encoded request target.
fn path_and_query(path: &str, query: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + 32);
    encode_into(&mut out, path.as_bytes(), Slash::Keep);
    for (index, (name, value)) in query.iter().enumerate() {
        out.push(if index == 0 { b'?' } else { b'&' });
        encode_into(&mut out, name.as_bytes(), Slash::Encode);
        out.push(b'=');
        encode_into(&mut out, value.as_bytes(), Slash::Encode);
    }
    out
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<Zeroizing<String>> {
    std::env::var(name).ok().map(Zeroizing::new).filter(|value| !value.is_empty())
}

/// A session token as it is sent.
fn header(token: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(token)
        .map_err(|_| Failure::usage("the session token holds characters that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The one line of a file.
fn read(file: &PathBuf) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::work(format!("{}: {error}", file.display())))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn region(text: &str) -> Result<String, String> {
    let right = (1..=63).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if right { Ok(text.to_owned()) } else { Err("expected letters, digits and hyphens, such as us-east-1".to_owned()) }
}
