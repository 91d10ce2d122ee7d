//! Step four: the request, built anew from what was parsed and judged, on its way to the backend, with
//! its body proved while it streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Response};
use tokio::sync::oneshot::error::TryRecvError;

use super::Proxy;
use super::authorize::{Authorized, AuthorizedParts};
use super::body::{ProofReceiver, Proved};
use super::context::sets_tags;
use super::error::Refusal;
use super::judge::Judge;
use super::life::Life;
use super::outgoing::{Described, Outgoing};
use super::record::Record;
use crate::backend::{AnswerBody, Backend, Target, UpstreamBody, forwardable_request_headers};
use crate::s3::checksum::Checksum;
use crate::s3::operation::{Classified, Operation};
use crate::s3::{ErrorCode, ObjectToDelete, RequestHead, S3Error};

/// A backend's answer to an authorized request whose body, if it had one, was proved or refused.
pub(super) struct Answer {
    /// `None` if nothing was sent, because nothing of a batch was allowed.
    pub(super) response: Option<Response<AnswerBody>>,
    pub(super) classified: Classified,
    /// The objects of a batch that its sender may not delete: the backend knows nothing of them.
    pub(super) denied: Vec<ObjectToDelete>,
    pub(super) judge: Judge,
    pub(super) backend: Arc<Backend>,
    /// What the client asked for, for the addresses in answers.
    pub(super) head: RequestHead,
    /// A trailing checksum that was proved here and that the backend was not told as a header.
    pub(super) proved: Option<Checksum>,
    /// How long the transfer may go on.
    pub(super) life: Life,
}

impl Proxy {
    /// Sends an authorized request to its backend. A transfer may outlive the end of its key for a
    /// while, and its revocation not at all.
    pub(super) async fn forward(&self, authorized: Authorized, record: &mut Record) -> Result<Answer, Refusal> {
        let parts = authorized.into_parts();
        let life = parts.life.clone();
        life.bound(std::pin::pin!(self.send_on(parts, record))).await
    }

    async fn send_on(&self, parts: Box<AuthorizedParts>, record: &mut Record) -> Result<Answer, Refusal> {
        let AuthorizedParts { mut head, mut body, classified, payload, backend, life, mut judge } = *parts;
        if body.is_unsettled() {
            body = Box::pin(body.settle(&self.buffers.share(judge.sender()), &mut head.headers)).await?;
        }
        let mut headers = forwardable_request_headers(&head.headers)?;
        adapt_headers(&mut headers, &head, &classified, &judge, &backend)?;
        let described = Described { head: &head, classified: &classified, payload, backend: &backend };
        let mut outgoing = Outgoing::prepare(self, described, body, &mut headers, &mut judge, record).await?;
        let denied = std::mem::take(&mut outgoing.denied);
        if outgoing.is_settled {
            return Ok(Answer { response: None, classified, denied, judge, backend, head, proved: None, life });
        }
        if backend.takes_trailers() {
            outgoing.tell_proved(&mut headers);
        }
        let Outgoing { body, length, payload, proof, proved, turn: _turn, .. } = outgoing;
        if let Some((_, progress)) = &proof {
            record.uploads(Arc::clone(progress));
        } else {
            record.uploaded(length.unwrap_or_default());
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
        let (response, trailing) = self.exchange(&backend, target, body, proof).await?;
        let proved = proved.or(trailing);
        Ok(Answer { response: Some(response), classified, denied, judge, backend, head, proved, life })
    }

    /// Sends the request and waits for the answer and for the proof of the body. A success counts only
    /// with the proof: a backend may answer before it has read everything.
    async fn exchange(
        &self,
        backend: &Backend,
        target: Target<'_>,
        body: UpstreamBody,
        proof: Option<(ProofReceiver, Arc<AtomicU64>)>,
    ) -> Result<(Response<AnswerBody>, Option<Checksum>), Refusal> {
        let (proof, progress) = proof.unzip();
        let sending = std::pin::pin!(backend.send(target, body));
        let response = self.in_time(sending, progress.as_deref()).await;
        // If the body was bad, that is the reason for whatever the backend made of it.
        let Some(mut proof) = proof else { return Ok((response??, None)) };
        let dropped = match proof.try_recv() {
            Ok(outcome) => {
                let proved = outcome.map_err(Refusal::of_body)?;
                return Ok((response??, proved.trailing));
            }
            Err(error) => error == TryRecvError::Closed,
        };
        let response = response??;
        if !response.status().is_success() || crate::fault::check_is_off("early_success_waits") {
            return Ok((response, None));
        }
        if dropped {
            // Nobody reads the body any more, and a channel that has said so must not be asked again.
            return Err(answered_early());
        }
        let outcome = self.in_time(proof, progress.as_deref()).await?;
        let proved: Proved = outcome.map_err(|_| answered_early())?.map_err(Refusal::of_body)?;
        Ok((response, proved.trailing))
    }

    /// Waits for `future` as long as the body moves, and from then on for as long as a backend may take.
    async fn in_time<T>(
        &self,
        mut future: impl Future<Output = T> + Unpin,
        progress: Option<&AtomicU64>,
    ) -> Result<T, Refusal> {
        let moved = || progress.map_or(0, |progress| progress.load(Ordering::Relaxed));
        loop {
            let before = moved();
            if let Ok(output) = tokio::time::timeout(self.response_timeout, &mut future).await {
                return Ok(output);
            }
            if moved() == before {
                return Err(timed_out(self.response_timeout));
            }
        }
    }
}

/// Changes in the headers that were allowed through, for what was parsed out of them.
fn adapt_headers(
    headers: &mut HeaderMap,
    head: &RequestHead,
    classified: &Classified,
    judge: &Judge,
    backend: &Backend,
) -> Result<(), S3Error> {
    strip_chunked_encoding(headers)?;
    if let Some(source) = &classified.copy_source {
        headers.insert("x-amz-copy-source", source.to_header_value());
    }
    if !sets_tags(head, classified) {
        headers.remove("x-amz-tagging");
    } else if headers.contains_key("x-amz-tagging") {
        headers.insert("x-amz-tagging", judge.facts().tags().to_header_value());
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
