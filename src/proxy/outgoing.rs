//! The body of a request on its way to the backend: what the client promised of it is read, what the
//! operation allows is compared, and out comes nothing, a proved document, or a stream under
//! verification.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use super::Proxy;
use super::body::{
    FramedBody, HELD_BACK, Promise, ProofReceiver, SMALLEST_CHUNK, UnverifiedBody, VerifyingBody, announce_trailer,
};
use super::error::Refusal;
use super::judge::Judge;
use super::own::Turn;
use super::rebuild;
use super::record::Record;
use super::sender::Sender;
use crate::backend::{Backend, SIGNED_CHUNK, UpstreamBody, announce_signed_chunks};
use crate::s3::checksum::Checksum;
use crate::s3::operation::{Body, Classified, Operation};
use crate::s3::{ErrorCode, ObjectToDelete, RequestHead, S3Error};
use crate::sigv4::{Payload, UpstreamPayload};

/// A request body as it is sent on.
pub(super) struct Outgoing {
    pub(super) body: UpstreamBody,
    /// Its length, where it is sent with one.
    pub(super) length: Option<u64>,
    pub(super) payload: UpstreamPayload,
    /// Of a stream: where its proof arrives, and how many bytes of it have left.
    pub(super) proof: Option<(ProofReceiver, Arc<AtomicU64>)>,
    /// A trailing checksum that was proved already and that the backend is not told.
    pub(super) proved: Option<Checksum>,
    /// The objects of a batch that are not in its document, because the sender may not delete them.
    pub(super) denied: Vec<ObjectToDelete>,
    /// Whether there is nothing to send: nothing of a batch is allowed.
    pub(super) is_settled: bool,
    /// Of a bucket that is made: nobody else changes it until the backend has answered.
    pub(super) turn: Option<Turn>,
}

/// What a body belongs to.
#[derive(Clone, Copy)]
pub(super) struct Described<'a> {
    pub(super) head: &'a RequestHead,
    pub(super) classified: &'a Classified,
    pub(super) payload: Payload,
    pub(super) backend: &'a Backend,
}

/// Reads the whole body of a request that is answered here, and proves it.
///
/// # Errors
/// What is wrong with the promise, or with the body.
pub(super) async fn read_document(
    proxy: &Proxy,
    sender: &Sender,
    head: &RequestHead,
    body: UnverifiedBody,
    classified: &Classified,
    payload: Payload,
) -> Result<Bytes, Refusal> {
    let promise = promise(head, classified, payload)?;
    let length = promise.length()?;
    refuse_excess(length, classified)?;
    let buffers = proxy.buffers.share(sender);
    let _reserved = buffers.reserve(length)?;
    let (verifying, _) = VerifyingBody::new(body.within(proxy.document_timeout), promise, &buffers)?;
    let (document, _) = verifying.collect().await.map_err(Refusal::of_body)?;
    Ok(document)
}

impl Outgoing {
    /// Prepares `body`, and changes in `headers` what describes it.
    ///
    /// # Errors
    /// What is wrong with the promise, or with a body that is read whole.
    pub(super) async fn prepare(
        proxy: &Proxy,
        described: Described<'_>,
        body: UnverifiedBody,
        headers: &mut HeaderMap,
        judge: &mut Judge,
        record: &mut Record,
    ) -> Result<Self, Refusal> {
        let Described { head, classified, payload, backend } = described;
        let promise = promise(head, classified, payload)?;
        let length = promise.length()?;
        refuse_excess(length, classified)?;
        let wants_signed = backend.wants_signed_bodies();
        let upstream = match payload {
            Payload::Empty => UpstreamPayload::Empty,
            Payload::Sha256(hash) => UpstreamPayload::Sha256(hash),
            Payload::SignedChunks | Payload::SignedChunksTrailer | Payload::Unsigned | Payload::UnsignedTrailer => {
                UpstreamPayload::Unsigned
            }
        };
        let trailing = promise.trailing().filter(|_| backend.takes_trailers());
        // Only objects and parts may go in signed chunks; a document is short enough to be hashed.
        let is_hashed = wants_signed && upstream == UpstreamPayload::Unsigned && classified.row.body != Body::Data;
        let is_read_whole = is_hashed || matches!(classified.row.body, Body::Parsed { .. } | Body::Inspected { .. });
        let buffers = proxy.buffers.share(judge.sender());
        let _reserved = if is_read_whole { Some(buffers.reserve(length)?) } else { None };
        let body = if is_read_whole { body.within(proxy.document_timeout) } else { body };
        let (verifying, proof) = VerifyingBody::new(body, promise, &buffers)?;
        if let Body::Parsed { .. } = classified.row.body {
            let (document, _) = verifying.collect().await.map_err(Refusal::of_body)?;
            let turn = Box::pin(proxy.before_making(described)).await?;
            let rebuilt = rebuild::document(proxy, described, &document, headers, judge, record)?;
            let is_settled = rebuilt.is_settled;
            return Ok(Self { denied: rebuilt.denied, is_settled, turn, ..Self::document(rebuilt.text) });
        }
        if let Body::Inspected { .. } = classified.row.body {
            let (document, _) = verifying.collect().await.map_err(Refusal::of_body)?;
            rebuild::judge_places(proxy, described, &document, judge, record)?;
            return Ok(Self::whole(document, upstream).hashed_if(wants_signed));
        }
        if length <= HELD_BACK || is_hashed {
            let (bytes, proved) = verifying.collect().await.map_err(Refusal::of_body)?;
            return Ok(Self { proved: proved.trailing, ..Self::whole(bytes, upstream).hashed_if(wants_signed) });
        }
        let mut verifying = verifying;
        let is_signed = wants_signed && upstream == UpstreamPayload::Unsigned;
        let first = if is_signed { SIGNED_CHUNK } else { trailing.map_or(1, |_| SMALLEST_CHUNK) };
        verifying.begin(first as u64).await.map_err(Refusal::of_body)?;
        let progress = verifying.progress();
        let (body, length, payload) = match trailing {
            Some(algorithm) => {
                announce_trailer(headers, algorithm, length);
                let framed = FramedBody::new(verifying).boxed_unsync();
                (framed, None, UpstreamPayload::UnsignedTrailer)
            }
            None if is_signed => {
                let length = announce_signed_chunks(headers, length);
                (verifying.boxed_unsync(), Some(length), UpstreamPayload::SignedChunks)
            }
            None => (verifying.boxed_unsync(), Some(length), upstream),
        };
        let body = UpstreamBody::Stream(body);
        Ok(Self {
            body,
            length,
            payload,
            proof: Some((proof, progress)),
            proved: None,
            denied: Vec::new(),
            is_settled: false,
            turn: None,
        })
    }

    /// Moves the proved checksum into `headers`, for a backend that is to store them.
    pub(super) fn tell_proved(&mut self, headers: &mut HeaderMap) {
        if let Some(checksum) = self.proved.take() {
            let value = HeaderValue::try_from(checksum.encoded()).expect("base64 is visible ASCII");
            headers.insert(checksum.algorithm().header(), value);
        }
    }

    fn whole(bytes: Bytes, payload: UpstreamPayload) -> Self {
        let length = Some(bytes.len() as u64);
        let body = if bytes.is_empty() { UpstreamBody::Empty } else { UpstreamBody::Whole(bytes) };
        Self { body, length, payload, proof: None, proved: None, denied: Vec::new(), is_settled: false, turn: None }
    }

    /// The same with its hash in the signature, where that is wanted and says nothing of the body yet.
    fn hashed_if(mut self, wanted: bool) -> Self {
        if let (true, UpstreamPayload::Unsigned, UpstreamBody::Whole(bytes)) = (wanted, self.payload, &self.body) {
            self.payload = UpstreamPayload::Sha256(Sha256::digest(bytes).into());
        } else if wanted && matches!(self.body, UpstreamBody::Empty) {
            self.payload = UpstreamPayload::Empty;
        }
        self
    }

    /// A document that was written here: its hash is known.
    fn document(document: String) -> Self {
        let hash: [u8; 32] = Sha256::digest(&document).into();
        Self::whole(document.into(), UpstreamPayload::Sha256(hash))
    }
}

fn promise(head: &RequestHead, classified: &Classified, payload: Payload) -> Result<Promise, S3Error> {
    let of_object = classified.row.body == Body::Data;
    // On CompleteMultipartUpload they describe the object, elsewhere without a body only an algorithm is named.
    let of_body = classified.operation != Operation::CompleteMultipartUpload && classified.row.body != Body::None;
    let mut promise = Promise::read(&head.headers, payload, of_object, of_body)?;
    if !of_object {
        promise.empty_if_unsaid(&head.headers);
    }
    Ok(promise)
}

fn refuse_excess(length: u64, classified: &Classified) -> Result<(), S3Error> {
    let name = classified.operation.name();
    match classified.row.body {
        Body::None if length > 0 => {
            Err(S3Error::new(ErrorCode::InvalidRequest, format!("{name} takes no request body.")))
        }
        Body::Forwarded { limit } | Body::Inspected { limit } | Body::Parsed { limit } if length > limit => {
            Err(S3Error::new(
                ErrorCode::EntityTooLarge,
                format!("The request body of {name} may have at most {limit} bytes."),
            ))
        }
        _ => Ok(()),
    }
}
