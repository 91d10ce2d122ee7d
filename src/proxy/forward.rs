//! Step four: the request, built anew from what was parsed and judged, on its way to the backend, with
//! its body proved while it streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use super::Proxy;
use super::authorize::{Authorized, AuthorizedParts};
use super::body::{FramedBody, Framing, HELD_BACK, Promise, ProofReceiver, Proved, VerifyingBody, announce_trailer};
use super::error::Refusal;
use super::rebuild;
use super::record::Record;
use crate::backend::{AnswerBody, Backend, Target, UpstreamBody, forwardable_request_headers};
use crate::listener::RequestBody;
use crate::s3::checksum::Checksum;
use crate::s3::operation::{Body, Classified, Operation};
use crate::s3::percent::{self, Slash};
use crate::s3::{ErrorCode, RequestHead, S3Error};
use crate::sigv4::{Payload, UpstreamPayload};

/// A backend's answer to an authorized request whose body, if it had one, was proved or refused.
pub(super) struct Answer {
    pub(super) response: Response<AnswerBody>,
    pub(super) operation: Operation,
    pub(super) backend: Arc<Backend>,
    /// Host and path as the client asked for them, for the addresses in answers.
    pub(super) address: String,
    /// Checksums that were proved here and that the backend was not told.
    pub(super) proved: Vec<Checksum>,
}

/// A request body as it is sent on.
struct Outgoing {
    body: UpstreamBody,
    length: Option<u64>,
    payload: UpstreamPayload,
    /// Where the proof of a streaming body arrives, and how far it has got.
    proof: Option<(ProofReceiver, Arc<AtomicU64>)>,
    proved: Vec<Checksum>,
}

impl Proxy {
    /// Sends an authorized request to its backend.
    pub(super) async fn forward(&self, authorized: Authorized, record: &mut Record) -> Result<Answer, Refusal> {
        let AuthorizedParts { head, body, classified, payload, backend } = authorized.into_parts();
        let mut headers = forwardable_request_headers(&head.headers)?;
        adapt_headers(&mut headers, &classified, &backend)?;
        let outgoing = self.outgoing(&head, body, &classified, payload, &backend, &mut headers).await?;
        let Outgoing { body, length, payload, proof, proved } = outgoing;
        if let Some((_, progress)) = &proof {
            record.uploads(Arc::clone(progress));
        }
        let has_body = matches!(head.method, Method::PUT | Method::POST) || length.is_some_and(|length| length > 0);
        if let Some(length) = length.filter(|_| has_body) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let target = Target {
            method: head.method.clone(),
            bucket: head.address.bucket(),
            key: head.address.key(),
            query: head.query.parameters(),
            headers,
            payload,
        };
        let (response, mut trailing) = self.exchange(&backend, target, body, proof).await?;
        trailing.extend(proved);
        let path = percent::decode(&head.raw_path).unwrap_or_default();
        let address = format!("{}{}", head.host, percent::encode(&path, Slash::Keep));
        Ok(Answer { response, operation: classified.operation, backend, address, proved: trailing })
    }

    /// The body to send: nothing, a document, or the client's stream under verification.
    async fn outgoing(
        &self,
        head: &RequestHead,
        body: RequestBody,
        classified: &Classified,
        payload: Payload,
        backend: &Backend,
        headers: &mut HeaderMap,
    ) -> Result<Outgoing, Refusal> {
        let of_object = classified.row.body == Body::Data;
        let of_body = classified.operation != Operation::CompleteMultipartUpload && classified.row.body != Body::None;
        let mut promise = Promise::read(&head.headers, payload, of_object, of_body)?;
        let framing = promise.framing();
        match classified.row.body {
            Body::Data => {}
            Body::None | Body::Forwarded { .. } | Body::Parsed { .. } => promise.empty_if_unsaid(&head.headers),
        }
        let length = promise.length()?;
        let limit = match classified.row.body {
            Body::None if length > 0 => {
                return Err(S3Error::new(
                    ErrorCode::InvalidRequest,
                    format!("{} takes no request body.", classified.operation.name()),
                )
                .into());
            }
            Body::None | Body::Data => u64::MAX,
            Body::Forwarded { limit } | Body::Parsed { limit } => limit,
        };
        if length > limit {
            return Err(S3Error::new(
                ErrorCode::EntityTooLarge,
                format!("The request body of {} may have at most {limit} bytes.", classified.operation.name()),
            )
            .into());
        }
        let payload = match payload {
            Payload::Empty => UpstreamPayload::Empty,
            Payload::Sha256(hash) => UpstreamPayload::Sha256(hash),
            Payload::Unsigned | Payload::UnsignedTrailer => UpstreamPayload::Unsigned,
        };
        let trailers = framing == Framing::Chunked && backend.takes_trailers();
        let trailing = promise.trailing();
        let (verifying, proof) = VerifyingBody::new(body, promise)?;
        if let Body::Parsed { .. } = classified.row.body {
            let (document, _) = verifying.collect().await?;
            let document = rebuild::document(self, &document, classified, backend, headers)?;
            return Ok(Outgoing::document(document));
        }
        if length <= HELD_BACK {
            let (bytes, proved) = verifying.collect().await?;
            let mut outgoing = Outgoing::whole(bytes, payload);
            outgoing.proved = proved.trailing;
            if let Some(checksum) = outgoing.proved.first().filter(|_| trailers) {
                // Proved before anything is sent: as a header the backend stores it just the same.
                let value = HeaderValue::try_from(checksum.encoded()).expect("base64 is visible ASCII");
                headers.insert(checksum.algorithm().header(), value);
                outgoing.proved.clear();
            }
            return Ok(outgoing);
        }
        let progress = verifying.progress();
        if let Some(algorithm) = trailing.filter(|_| trailers) {
            announce_trailer(headers, algorithm, length);
            let body = UpstreamBody::Stream(FramedBody::new(verifying).boxed_unsync());
            let payload = UpstreamPayload::UnsignedTrailer;
            return Ok(Outgoing { body, length: None, payload, proof: Some((proof, progress)), proved: Vec::new() });
        }
        let body = UpstreamBody::Stream(verifying.boxed_unsync());
        Ok(Outgoing { body, length: Some(length), payload, proof: Some((proof, progress)), proved: Vec::new() })
    }

    /// Sends the request and waits for the answer and for the proof of the body. A success counts only
    /// with the proof: a backend may answer before it has read everything.
    async fn exchange(
        &self,
        backend: &Backend,
        target: Target<'_>,
        body: UpstreamBody,
        proof: Option<(ProofReceiver, Arc<AtomicU64>)>,
    ) -> Result<(Response<AnswerBody>, Vec<Checksum>), Refusal> {
        let (proof, progress) = proof.unzip();
        let response = self.in_time(backend.send(target, body), progress.as_deref()).await;
        // If the body was bad, that is the reason for whatever the backend made of it.
        let Some(mut proof) = proof else { return Ok((response??, Vec::new())) };
        if let Ok(outcome) = proof.try_recv() {
            let proved = outcome?;
            return Ok((response??, proved.trailing));
        }
        let response = response??;
        if !response.status().is_success() || crate::fault::check_is_off("early_success_waits") {
            return Ok((response, Vec::new()));
        }
        let outcome = self.in_time(proof, progress.as_deref()).await?;
        let proved: Proved = outcome.map_err(|_| answered_early())??;
        Ok((response, proved.trailing))
    }

    /// Waits for `future` as long as the body moves, and from then on for as long as a backend may take.
    async fn in_time<T>(&self, future: impl Future<Output = T>, progress: Option<&AtomicU64>) -> Result<T, Refusal> {
        let mut future = std::pin::pin!(future);
        let moved = || progress.map_or(0, |progress| progress.load(Ordering::Relaxed));
        loop {
            let before = moved();
            if let Ok(output) = tokio::time::timeout(self.response_timeout, future.as_mut()).await {
                return Ok(output);
            }
            if moved() == before {
                return Err(timed_out(self.response_timeout));
            }
        }
    }
}

impl Outgoing {
    fn whole(bytes: Bytes, payload: UpstreamPayload) -> Self {
        let length = Some(bytes.len() as u64);
        let body = if bytes.is_empty() { UpstreamBody::Empty } else { UpstreamBody::Whole(bytes) };
        Self { body, length, payload, proof: None, proved: Vec::new() }
    }

    /// A document that was written here: its hash is known.
    fn document(document: String) -> Self {
        let hash: [u8; 32] = Sha256::digest(&document).into();
        Self::whole(document.into(), UpstreamPayload::Sha256(hash))
    }
}

/// Changes in the headers that were allowed through, for what was parsed out of them.
fn adapt_headers(headers: &mut HeaderMap, classified: &Classified, backend: &Backend) -> Result<(), S3Error> {
    strip_chunked_encoding(headers)?;
    if let Some(source) = &classified.copy_source {
        headers.insert("x-amz-copy-source", source.to_header_value());
    }
    if classified.drop_acl {
        headers.remove("x-amz-acl");
    }
    // Where trailers are not passed on, parts arrive without the checksum that the upload would announce.
    if classified.operation == Operation::CreateMultipartUpload && !backend.takes_trailers() {
        headers.remove("x-amz-checksum-algorithm");
        headers.remove("x-amz-checksum-type");
    }
    Ok(())
}

/// `aws-chunked` is framing and has no place in the stored encoding; `gzip` beside it has.
fn strip_chunked_encoding(headers: &mut HeaderMap) -> Result<(), S3Error> {
    let invalid = || S3Error::new(ErrorCode::InvalidArgument, "Content-Encoding is not visible ASCII.");
    // It may stand in several lines, which mean the same as one with commas.
    let lines = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::to_str);
    let text = lines.collect::<Result<Vec<_>, _>>().map_err(|_| invalid())?.join(",");
    if !text.to_ascii_lowercase().contains("aws-chunked") && !text.contains(',') {
        return Ok(());
    }
    let rest: Vec<&str> =
        text.split(',').map(str::trim).filter(|token| !token.eq_ignore_ascii_case("aws-chunked")).collect();
    if rest.is_empty() {
        headers.remove(CONTENT_ENCODING);
    } else {
        headers.insert(CONTENT_ENCODING, HeaderValue::try_from(rest.join(", ")).map_err(|_| invalid())?);
    }
    Ok(())
}

fn answered_early() -> Refusal {
    Refusal::because(
        S3Error::new(
            ErrorCode::BadGateway,
            "The storage behind this server answered before it had read the body. Please retry.",
        ),
        "the backend answered with success before the end of the body, and read no further",
    )
}

fn timed_out(limit: Duration) -> Refusal {
    Refusal::because(
        S3Error::new(ErrorCode::GatewayTimeout, "The storage behind this server did not answer in time. Please retry."),
        format!("the backend neither read nor answered for {limit:?}"),
    )
}
