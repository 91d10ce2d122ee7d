//! The verifying reader: takes the client's body apart, digests it, and passes it on with its last
//! piece held back until everything promised of it has been proved. If the proof fails the stream ends
//! in an error, which cuts the upstream request off short of its declared length: it cannot commit.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use super::decoder::Decoder;
use super::digest;
use super::digest::Digests;
use super::incoming::IncomingBody;
use super::promise::Promise;
use super::unverified::UnverifiedBody;
use crate::backend::BodyFault;
use crate::proxy::buffers::Share;
use crate::s3::checksum::Checksum;
use crate::s3::{ErrorCode, S3Error};

/// What became of a body: everything promised was kept, or the error to answer with.
pub(in crate::proxy) type Proof = Result<Proved, S3Error>;

/// A body of which everything promised was kept.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Proved {
    /// The checksum that stood in its trailer.
    pub(in crate::proxy) trailing: Option<Checksum>,
}

/// Where the proof arrives once the body has ended.
pub(in crate::proxy) type ProofReceiver = oneshot::Receiver<Proof>;

/// A client's body being verified.
pub(in crate::proxy) struct VerifyingBody {
    inner: IncomingBody,
    /// Until the body has ended.
    decoder: Option<Decoder>,
    digests: Option<Digests>,
    length: u64,
    received: u64,
    /// Read, digested, and not yet passed on. Its last piece waits for the proof.
    held: VecDeque<Bytes>,
    proved: bool,
    /// The trailer of the proved body, for a backend that takes trailers.
    trailer: String,
    proof: Option<oneshot::Sender<Proof>>,
    progress: Arc<AtomicU64>,
}

impl VerifyingBody {
    /// A reader of `body` that holds it to `promise`. What it has to hold of signed chunks comes out of
    /// `buffers`.
    ///
    /// # Errors
    /// `MissingContentLength` if the promise has no length.
    pub(in crate::proxy) fn new(
        body: UnverifiedBody,
        mut promise: Promise,
        buffers: &Share,
    ) -> Result<(Self, ProofReceiver), S3Error> {
        let UnverifiedBody { incoming: inner, chunks } = body;
        let (sender, receiver) = oneshot::channel();
        let body = Self {
            inner,
            length: promise.length()?,
            decoder: Some(Decoder::new(promise.framing, chunks, buffers)?),
            digests: Some(promise.digests()),
            received: 0,
            held: VecDeque::new(),
            proved: false,
            trailer: String::new(),
            proof: Some(sender),
            progress: Arc::default(),
        };
        Ok((body, receiver))
    }

    /// The trailer of the body; empty until it has been proved.
    pub(super) fn trailer(&self) -> &str {
        &self.trailer
    }

    /// Counts the bytes that were passed on so far; a timer tells from it that nothing moves.
    pub(in crate::proxy) fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.progress)
    }

    /// Reads a body whole and proves it. For bodies whose length has been bounded.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub(in crate::proxy) async fn collect(mut self) -> Result<(Bytes, Proved), S3Error> {
        let mut whole = Bytes::new();
        let mut together = BytesMut::new();
        loop {
            let proved = std::future::poll_fn(|context| self.poll_read(context)).await?;
            // Pieces are copied as they come: each keeps the buffer it was read into, and a client may
            // send a document byte by byte.
            for piece in self.held.drain(..) {
                if whole.is_empty() && together.is_empty() {
                    whole = piece;
                } else {
                    together.extend_from_slice(&std::mem::take(&mut whole));
                    together.extend_from_slice(&piece);
                }
            }
            if let Some(proved) = proved {
                return Ok((if together.is_empty() { whole } else { together.freeze() }, proved));
            }
        }
    }

    /// Reads the next piece into `held`; at the end of the body, proves it.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Proved>, S3Error>> {
        let piece = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(piece) => piece,
                // HTTP trailers take no effect: S3's trailers are inside the body.
                Err(_) => return Poll::Ready(Ok(None)),
            },
            Some(Err(error)) => return Poll::Ready(Err(error.into())),
            None => return Poll::Ready(self.prove().map(Some)),
        };
        let before = self.held.len();
        self.decoder.as_mut().ok_or_else(spent)?.push(piece, &mut self.held)?;
        for data in self.held.range(before..) {
            self.received += data.len() as u64;
            if self.received > self.length {
                return Poll::Ready(Err(wrong_length(self.received, self.length)));
            }
            if let Some(digests) = &mut self.digests {
                digests.update(data);
            }
        }
        // An empty piece at the end would let the last one go.
        while self.held.back().is_some_and(Bytes::is_empty) {
            self.held.pop_back();
        }
        Poll::Ready(Ok(None))
    }

    fn prove(&mut self) -> Result<Proved, S3Error> {
        // Once taken they prove nothing any more: a second call must not pass for a proof.
        let trailers = self.decoder.take().ok_or_else(spent)?.finish()?;
        if self.received != self.length {
            return Err(wrong_length(self.received, self.length));
        }
        let trailing = self.digests.take().ok_or_else(spent)?.check(&trailers)?;
        let declared = trailing.as_ref().map(|checksum| checksum.algorithm().header());
        if let Some((name, _)) = trailers.iter().find(|(name, _)| Some(name.as_str()) != declared) {
            return Err(digest::undeclared_trailer(name));
        }
        Ok(Proved { trailing })
    }

    /// Reads until `enough` bytes may leave, or all of them. A request whose body breaks off before that is
    /// never sent: some backends take an upload without its first byte for an empty one, and framing sends
    /// its first byte with its first chunk.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub(in crate::proxy) async fn begin(&mut self, enough: u64) -> Result<(), S3Error> {
        let waiting = |held: &VecDeque<Bytes>| held.back().map_or(0, Bytes::len) as u64;
        while !self.proved && (!self.may_release() || self.received - waiting(&self.held) < enough) {
            if let Some(proved) = std::future::poll_fn(|context| self.poll_read(context)).await? {
                self.keep(proved);
            }
        }
        Ok(())
    }

    fn keep(&mut self, proved: Proved) {
        self.proved = true;
        self.trailer = trailer(&proved);
        self.announce(Ok(proved));
    }

    /// Whether a piece may leave now: any but the last, or the last once the proof is in.
    fn may_release(&self) -> bool {
        let enough = if self.proved || crate::fault::check_is_off("tail_held_back") { 1 } else { 2 };
        self.held.len() >= enough
    }

    /// The piece that may leave now.
    fn releasable(&mut self) -> Option<Bytes> {
        let piece = self.may_release().then(|| self.held.pop_front())??;
        self.progress.fetch_add(piece.len() as u64, Ordering::Relaxed);
        Some(piece)
    }

    fn announce(&mut self, proof: Proof) {
        if let Some(sender) = self.proof.take() {
            // Nobody waits any more if the request was given up.
            let _ = sender.send(proof);
        }
    }
}

impl Body for VerifyingBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = self.get_mut();
        loop {
            if let Some(piece) = this.releasable() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if this.proved {
                return Poll::Ready(None);
            }
            match ready!(this.poll_read(context)) {
                Ok(None) => {}
                Ok(Some(proved)) => this.keep(proved),
                Err(error) => {
                    this.held.clear();
                    this.announce(Err(error));
                    return Poll::Ready(Some(Err(BodyFault)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.proved && self.held.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let sent = self.received - self.held.iter().map(|piece| piece.len() as u64).sum::<u64>();
        SizeHint::with_exact(self.length.saturating_sub(sent))
    }
}

/// The trailer line that says again what the client's trailer said.
fn trailer(proved: &Proved) -> String {
    let line = |checksum: &Checksum| format!("{}:{}\r\n", checksum.algorithm().header(), checksum.encoded());
    proved.trailing.as_ref().map(line).unwrap_or_default()
}

fn spent() -> S3Error {
    S3Error::new(ErrorCode::InternalError, "We encountered an internal error.")
}

fn wrong_length(received: u64, promised: u64) -> S3Error {
    S3Error::new(
        ErrorCode::IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header.",
    )
    .with("BytesReceived", received.to_string())
    .with("BytesPromised", promised.to_string())
}
