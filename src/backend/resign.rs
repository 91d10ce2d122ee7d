//! The request to a backend: its URL from the parsed address, never from the client's bytes, and its
//! signature with Portcullis's own credential.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Uri, request};
use jiff::Timestamp;
use jiff::civil::Date;

use super::BackendError;
use crate::config::{self, Addressing};
use crate::identity::SecretAccessKey;
use crate::s3::percent::{Slash, encode_into};
use crate::s3::{BucketName, ObjectKey};
use crate::sigv4::{ChunkSigner, Scope, Service, SigningKey, SigningTime, UpstreamPayload, sign};

/// What to send: the parsed request, with headers that have passed the allow-list.
pub struct Target<'a> {
    /// The method.
    pub method: Method,
    /// The bucket, if the request names one.
    pub bucket: Option<&'a BucketName>,
    /// The key, if the request names one.
    pub key: Option<&'a ObjectKey>,
    /// The decoded query.
    pub query: &'a [(String, Option<String>)],
    /// The headers to send, with a content length where there is a body.
    pub headers: HeaderMap,
    /// What the signature says of the body.
    pub payload: UpstreamPayload,
}

/// Where a backend is and how buckets are addressed there.
pub(super) struct Endpoint {
    authority: Authority,
    addressing: Addressing,
}

/// A request that is ready to be sent, but for its body.
pub(super) struct Signed {
    /// With the path alone as its target, as HTTP/1.1 servers are asked; the host stands in its header.
    pub(super) parts: request::Parts,
    /// Where it goes.
    pub(super) authority: Authority,
    /// What signs its chunks, if it has signed chunks.
    pub(super) chunks: Option<ChunkSigner>,
}

/// Portcullis's own access key at a backend.
pub(super) struct Credential {
    access_key_id: String,
    secret: SecretAccessKey,
    region: String,
    /// The signing key of the day it was last used on.
    of_day: ArcSwapOption<(Date, SigningKey)>,
}

impl Endpoint {
    pub(super) fn new(backend: &config::Backend) -> Self {
        Self { authority: backend.endpoint.authority.clone(), addressing: backend.addressing }
    }

    /// The authority and the decoded path of a request for `bucket` and `key`.
    fn locate(
        &self,
        bucket: Option<&BucketName>,
        key: Option<&ObjectKey>,
    ) -> Result<(Authority, String), BackendError> {
        let key = key.map_or("", ObjectKey::as_str);
        match (bucket, self.addressing) {
            (None, _) => Ok((self.authority.clone(), "/".to_owned())),
            (Some(bucket), Addressing::Path) if key.is_empty() => {
                Ok((self.authority.clone(), format!("/{}", bucket.as_str())))
            }
            (Some(bucket), Addressing::Path) => Ok((self.authority.clone(), format!("/{}/{key}", bucket.as_str()))),
            (Some(bucket), Addressing::Virtual) => {
                let authority = Authority::try_from(format!("{}.{}", bucket.as_str(), self.authority))
                    .map_err(http::Error::from)?;
                Ok((authority, format!("/{key}")))
            }
        }
    }
}

impl Credential {
    pub(super) fn new(backend: &config::Backend) -> Self {
        Self {
            access_key_id: backend.access_key_id.clone(),
            secret: backend.secret.clone(),
            region: backend.region.clone(),
            of_day: ArcSwapOption::empty(),
        }
    }

    /// Builds and signs the head of a request, as of `now`.
    pub(super) fn sign(&self, endpoint: &Endpoint, target: Target<'_>, now: Timestamp) -> Result<Signed, BackendError> {
        let (authority, path) = endpoint.locate(target.bucket, target.key)?;
        let Target { method, query, mut headers, payload, .. } = target;
        let chunks = if cfg!(portcullis_bench_no_auth) {
            None
        } else {
            let time = SigningTime::at(now);
            let scope = Scope { date: time.date(), region: self.region.clone(), service: Service::S3 };
            let key = self.signing_key(scope.date);
            let pairs = query.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()));
            let credential = (self.access_key_id.as_str(), &key.1);
            sign(&method, authority.as_str(), &path, pairs, &mut headers, payload, credential, &scope, time)
        };
        headers.insert(HOST, HeaderValue::from_str(authority.as_str()).map_err(http::Error::from)?);
        let path_and_query = Bytes::from(path_and_query(&path, query));
        let uri = Uri::from(PathAndQuery::from_maybe_shared(path_and_query).map_err(http::Error::from)?);
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = method;
        parts.uri = uri;
        parts.headers = headers;
        Ok(Signed { parts, authority, chunks })
    }

    fn signing_key(&self, date: Date) -> Arc<(Date, SigningKey)> {
        if let Some(key) = self.of_day.load_full().filter(|key| key.0 == date) {
            return key;
        }
        let key = Arc::new((date, SigningKey::derive(&self.secret, date, &self.region, "s3")));
        self.of_day.store(Some(Arc::clone(&key)));
        key
    }
}

/// The encoded request target. A parameter without a value stays one.
fn path_and_query(path: &str, query: &[(String, Option<String>)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + 32);
    encode_into(&mut out, path.as_bytes(), Slash::Keep);
    for (index, (name, value)) in query.iter().enumerate() {
        out.push(if index == 0 { b'?' } else { b'&' });
        encode_into(&mut out, name.as_bytes(), Slash::Encode);
        if let Some(value) = value {
            out.push(b'=');
            encode_into(&mut out, value.as_bytes(), Slash::Encode);
        }
    }
    out
}
