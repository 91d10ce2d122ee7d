//! Finds out whether a backend takes bodies with a checksum in a trailer. A backend that stored the framing
//! as data would ruin every object, so trailers have to be proved: of two parts of an upload that is never
//! completed, the one with a wrong checksum has to be refused, and the one with the right checksum has to
//! be stored as the bytes without framing. Whatever else comes, bodies are sent plain.
//!
//! Nothing is left behind: parts of an upload are no object, and the upload is aborted.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::header::ETAG;
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body_util::BodyExt as _;

use super::{AnswerBody, Backend, BackendError, Backends, BodyFault, Target, UpstreamBody};
use crate::config::{BucketPattern, PayloadForm};
use crate::s3::checksum::{Algorithm, Hasher};
use crate::s3::{BucketName, ObjectKey, xml};
use crate::sigv4::UpstreamPayload;

/// What was found out.
#[derive(Debug, Eq, PartialEq)]
enum Finding {
    Trailers,
    /// And why.
    Plain(String),
    /// Nothing yet, and why.
    Unknown(String),
}

impl Backends {
    /// Finds out what each backend takes whose configuration leaves that open, and returns once all is known.
    /// Until then, and where it cannot be found out, bodies are sent plain.
    pub async fn find_payload_forms(&self) {
        join_all(self.0.iter().map(|backend| backend.find_payload_form())).await;
    }
}

impl Backend {
    async fn find_payload_form(&self) {
        if self.payload != PayloadForm::Auto {
            return;
        }
        let mut pause = FIRST_PAUSE;
        loop {
            let reason = match self.probe().await.unwrap_or_else(|error| Finding::Unknown(error.to_string())) {
                Finding::Trailers => {
                    self.found_trailers.store(true, Ordering::Relaxed);
                    let reason = "it refused a wrong checksum in a trailer and took the right one";
                    tracing::info!(backend = %self.name, payload = "trailer", reason, "found out how to send uploads on");
                    return;
                }
                Finding::Plain(reason) => {
                    tracing::info!(backend = %self.name, payload = "plain", reason, "found out how to send uploads on");
                    return;
                }
                Finding::Unknown(reason) => reason,
            };
            if pause == FIRST_PAUSE {
                tracing::info!(
                    backend = %self.name, payload = "plain", reason,
                    "cannot find out yet how to send uploads on, and tries again"
                );
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Each step has its own time, so that an upload whose parts get no answer is aborted as well.
    async fn probe(&self) -> Result<Finding, BackendError> {
        let Some(bucket) = self.in_time(self.response_timeout, self.some_bucket()).await? else {
            return Ok(Finding::Unknown("there is no bucket to try it with".to_owned()));
        };
        let Ok(key) = ObjectKey::parse(KEY) else { return Ok(Finding::Plain("no key to try it with".to_owned())) };
        let begin = [("uploads".to_owned(), None)];
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-checksum-algorithm", HeaderValue::from_static("CRC32"));
        let target = of_probe(Method::POST, &bucket, &key, &begin, headers, UpstreamPayload::Empty);
        let begun = async {
            let answer = self.send(target, UpstreamBody::Empty).await?;
            let status = answer.status();
            Ok((status, self.read(answer, LONGEST_ANSWER, "the answer to a probe").await?))
        };
        let (status, document) = self.in_time(self.response_timeout, begun).await?;
        if !status.is_success() {
            let reason = format!("it refuses an upload with checksums, with {status}");
            return Ok(if status.is_server_error() { Finding::Unknown(reason) } else { Finding::Plain(reason) });
        }
        let Some(upload) = xml::element_text(&document, "UploadId") else {
            return Ok(Finding::Plain("its answer names no upload".to_owned()));
        };
        let finding = self.in_time(self.response_timeout, self.try_parts(&bucket, &key, &upload)).await;
        let query = [("uploadId".to_owned(), Some(upload))];
        let target = of_probe(Method::DELETE, &bucket, &key, &query, HeaderMap::new(), UpstreamPayload::Empty);
        match self.in_time(self.response_timeout, self.send(target, UpstreamBody::Empty)).await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => {
                tracing::warn!(backend = %self.name, bucket = bucket.as_str(), key = KEY, status = %answer.status(),
                    "an upload that was only begun could not be aborted");
            }
            Err(error) => {
                tracing::warn!(backend = %self.name, bucket = bucket.as_str(), key = KEY, %error,
                    "an upload that was only begun could not be aborted");
            }
        }
        finding
    }

    async fn try_parts(&self, bucket: &BucketName, key: &ObjectKey, upload: &str) -> Result<Finding, BackendError> {
        let wrong = self.part(bucket, key, upload, "1", WRONG_CRC32).await?;
        let status = wrong.status();
        // Its end is awaited, so that the two parts follow each other on one connection.
        self.read(wrong, LONGEST_ANSWER, "the answer to a probe").await?;
        if status.is_success() {
            return Ok(Finding::Plain("it took a wrong checksum in a trailer".to_owned()));
        }
        let right = self.part(bucket, key, upload, "2", &encoded(Algorithm::Crc32, DATA)).await?;
        let right_status = right.status();
        let etag =
            right.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(|etag| etag.trim_matches('"').to_owned());
        self.read(right, LONGEST_ANSWER, "the answer to a probe").await?;
        if status.is_server_error() || right_status.is_server_error() {
            return Ok(Finding::Unknown(format!("it answered with {status} and {right_status}")));
        }
        if !right_status.is_success() {
            return Ok(Finding::Plain(format!("it refuses bodies with trailers, with {right_status}")));
        }
        let mut hasher = Hasher::new(Algorithm::Md5);
        hasher.update(DATA);
        if etag.is_some_and(|etag| etag.eq_ignore_ascii_case(&const_hex::encode(hasher.finish()))) {
            return Ok(Finding::Trailers);
        }
        Ok(Finding::Plain("the ETag of a body with a trailer is not that of its data".to_owned()))
    }

    /// Sends [`DATA`] as a part, as uploads with trailers are sent: framed, in HTTP chunks.
    async fn part(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: &str,
        number: &str,
        crc32: &str,
    ) -> Result<Response<AnswerBody>, BackendError> {
        let name = Algorithm::Crc32.header();
        let mut framed = format!("{:x}\r\n", DATA.len()).into_bytes();
        framed.extend_from_slice(DATA);
        framed.extend_from_slice(format!("\r\n0\r\n{name}:{crc32}\r\n\r\n").as_bytes());
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-trailer", HeaderValue::from_static(name));
        headers.insert("x-amz-decoded-content-length", HeaderValue::from(DATA.len()));
        let query =
            [("partNumber".to_owned(), Some(number.to_owned())), ("uploadId".to_owned(), Some(upload.to_owned()))];
        let target = of_probe(Method::PUT, bucket, key, &query, headers, UpstreamPayload::UnsignedTrailer);
        let stream =
            futures_util::stream::once(async move { Ok::<_, BodyFault>(http_body::Frame::data(Bytes::from(framed))) });
        self.send(target, UpstreamBody::Stream(http_body_util::StreamBody::new(stream).boxed_unsync())).await
    }

    /// A bucket of this backend that requests are routed to.
    async fn some_bucket(&self) -> Result<Option<BucketName>, BackendError> {
        let named = self.buckets.iter().find_map(|pattern| match pattern {
            BucketPattern::Exact(name) => BucketName::parse(name).ok(),
            BucketPattern::Any | BucketPattern::Prefix(_) => None,
        });
        if let Some(named) = named
            && self.bucket_exists(&named).await?
        {
            return Ok(Some(named));
        }
        let all = self.list_buckets().await?;
        let ours = |bucket: &BucketName| self.buckets.iter().any(|pattern| pattern.matches(bucket.as_str()));
        Ok(all.into_keys().find(ours))
    }
}

fn of_probe<'a>(
    method: Method,
    bucket: &'a BucketName,
    key: &'a ObjectKey,
    query: &'a [(String, Option<String>)],
    headers: HeaderMap,
    payload: UpstreamPayload,
) -> Target<'a> {
    Target { method, bucket: Some(bucket), key: Some(key), query, headers, payload }
}

fn encoded(algorithm: Algorithm, data: &[u8]) -> String {
    use base64::Engine as _;
    let mut hasher = Hasher::new(algorithm);
    hasher.update(data);
    base64::engine::general_purpose::STANDARD.encode(hasher.finish())
}

/// The key of the upload that is begun and aborted. No object ever has it.
const KEY: &str = "portcullis-payload-probe";
const DATA: &[u8] = b"portcullis tries a trailer";
/// A well-formed checksum of something else.
const WRONG_CRC32: &str = "AAAAAA==";
const LONGEST_ANSWER: usize = 64 * 1024;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
