//! What pages of other origins may do from a browser. A preflight is answered here, without a signature and
//! without a backend; every other answer, a refusal too, says which page may read it.
//!
//! The rules of this server's configuration are tried first, then those of the bucket. They only tell a
//! browser what it may show to a page: whether a request is carried out is decided as ever.

mod bucket_rules;
mod changes;
mod preflight;

use std::sync::Arc;

use http::header::{ORIGIN, VARY};
use http::{HeaderMap, HeaderValue, Method, Request, Response};

use super::Proxy;
use super::authorize::Authorized;
use super::record::Record;
use super::response_body::ResponseBody;
use crate::config::S3;
use crate::s3::BucketName;
use crate::s3::cors::{CorsMethod, CorsRules, Grant, is_origin};
use crate::s3::operation::Operation;

use bucket_rules::{Asker, BucketRules, NotKnown};
use changes::Changing;

/// The rules in force.
pub(super) struct Cors {
    configured: CorsRules,
    of_buckets: BucketRules,
}

/// What of a request decides what its answer tells a browser.
pub(super) enum Crossing {
    /// From a page: its origin.
    Actual { origin: String, method: CorsMethod },
    /// From no browser, or from a page of our own origin.
    Plain,
    /// A browser's question.
    Preflight,
}

/// What an answer tells browsers, and the caches before them.
#[derive(Default)]
pub(super) struct CorsHeaders {
    grant: Option<Grant>,
    vary: Option<&'static str>,
}

impl Cors {
    pub(super) fn new(s3: &S3) -> Self {
        Self { configured: s3.cors.clone(), of_buckets: BucketRules::new(s3.cors_cache_life) }
    }

    /// Held while the backend is asked for something that may change the rules of a bucket. What was known of
    /// them is forgotten when this is dropped.
    pub(super) fn changed_by(&self, authorized: &Authorized) -> Option<Changing<'_>> {
        use Operation::{CreateBucket, DeleteBucket, DeleteBucketCors, PutBucketCors};
        let changes = matches!(authorized.operation(), CreateBucket | DeleteBucket | DeleteBucketCors | PutBucketCors)
            && !crate::fault::check_is_off("cors_forgotten_at_change");
        let bucket = authorized.head().address.bucket().filter(|_| changes)?;
        Some(self.of_buckets.changing(bucket))
    }
}

impl Crossing {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        if request.method() == Method::OPTIONS {
            return Self::Preflight;
        }
        let mut origins = request.headers().get_all(ORIGIN).iter();
        let origin = match (origins.next().map(HeaderValue::to_str), origins.next()) {
            (Some(Ok(origin)), None) if is_origin(origin) => origin.to_owned(),
            _ => return Self::Plain,
        };
        match CorsMethod::parse(request.method().as_str()) {
            Ok(method) => Self::Actual { origin, method },
            Err(_) => Self::Plain,
        }
    }
}

impl Proxy {
    /// What the answer to a request tells browsers. Asks the backend only for a request that has an origin;
    /// if it cannot say, the answer goes without.
    pub(super) async fn cors_headers(&self, crossing: &Crossing, record: &Record) -> CorsHeaders {
        let configured = &self.cors.configured;
        let varies = |has_rules: bool| (has_rules || !configured.is_empty()).then_some(VARY_ACTUAL);
        match (crossing, record.bucket()) {
            (Crossing::Preflight, _) => CorsHeaders { grant: None, vary: Some(VARY_PREFLIGHT) },
            (Crossing::Plain, Some(bucket)) => {
                // Rules that nobody has asked for yet may be there.
                let known = self.cors.of_buckets.known(bucket).await;
                CorsHeaders { grant: None, vary: varies(known.is_none_or(|rules| !rules.is_empty())) }
            }
            (Crossing::Plain, None) => CorsHeaders { grant: None, vary: varies(false) },
            (Crossing::Actual { origin, method }, bucket) => {
                if let Some(grant) = configured.actual(origin, *method) {
                    return CorsHeaders { grant: Some(grant), vary: varies(true) };
                }
                let Some(bucket) = bucket else { return CorsHeaders { grant: None, vary: varies(false) } };
                // A key proves nothing about a bucket: who may do nothing there is a stranger to it.
                let asker = if record.is_sent_on() { Asker::Allowed } else { Asker::Anybody };
                match Box::pin(self.bucket_cors(bucket, asker)).await {
                    Ok(rules) => CorsHeaders { grant: rules.actual(origin, *method), vary: varies(!rules.is_empty()) },
                    Err(_) => CorsHeaders { grant: None, vary: varies(true) },
                }
            }
        }
    }

    async fn bucket_cors(&self, bucket: &BucketName, asker: Asker) -> Result<Arc<CorsRules>, NotKnown> {
        match self.backends.holding(bucket.as_str()) {
            Some(backend) => self.cors.of_buckets.of(bucket, backend, asker).await,
            None => Ok(Arc::default()),
        }
    }
}

impl CorsHeaders {
    /// The same answer, with these headers.
    pub(super) fn added_to(self, mut answer: Response<ResponseBody>) -> Response<ResponseBody> {
        let headers = answer.headers_mut();
        if let Some(grant) = &self.grant {
            grant.write(headers);
        }
        if let Some(vary) = self.vary.filter(|vary| !has_token(headers, vary)) {
            headers.append(VARY, HeaderValue::from_static(vary));
        }
        answer
    }
}

/// Whether the backend named `token` already.
fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let values = headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|have| have.trim().eq_ignore_ascii_case(token))
}

const VARY_ACTUAL: &str = "Origin";
const VARY_PREFLIGHT: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
