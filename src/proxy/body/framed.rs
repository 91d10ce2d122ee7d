//! A proved body on its way to a backend that takes trailers: framed anew as
//! `STREAMING-UNSIGNED-PAYLOAD-TRAILER`, so that the backend stores the client's checksum. The final
//! chunk is written only once the proof is in.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};

use super::verify::VerifyingBody;
use crate::backend::BodyFault;
use crate::s3::checksum::Algorithm;

/// Every chunk but the last has at least so many bytes, as AWS wants it.
pub(in crate::proxy) const SMALLEST_CHUNK: usize = 8 * 1024;

/// A verified body in aws-chunked framing.
pub(in crate::proxy) struct FramedBody {
    inner: VerifyingBody,
    /// Data that is too short for a chunk of its own.
    pending: BytesMut,
    ready: VecDeque<Bytes>,
    ended: bool,
}

impl FramedBody {
    pub(in crate::proxy) fn new(inner: VerifyingBody) -> Self {
        Self { inner, pending: BytesMut::new(), ready: VecDeque::new(), ended: false }
    }

    fn add(&mut self, data: Bytes) {
        if self.pending.is_empty() && data.len() >= SMALLEST_CHUNK {
            return self.send(data);
        }
        self.pending.extend_from_slice(&data);
        if self.pending.len() >= SMALLEST_CHUNK {
            self.send_pending();
        }
    }

    fn send_pending(&mut self) {
        let data = std::mem::take(&mut self.pending).freeze();
        self.send(data);
    }

    fn send(&mut self, data: Bytes) {
        self.ready.extend([format!("{:x}\r\n", data.len()).into(), data, Bytes::from_static(b"\r\n")]);
    }
}

/// Adds the headers that announce the framing of a body of `length` bytes.
pub(in crate::proxy) fn announce_trailer(headers: &mut HeaderMap, algorithm: Algorithm, length: u64) {
    // The signed x-amz-content-sha256 says that it is framed. `Content-Encoding: aws-chunked` would say it once
    // more, and some storage keeps that with the object.
    headers.insert("x-amz-trailer", HeaderValue::from_static(algorithm.header()));
    headers.insert("x-amz-decoded-content-length", HeaderValue::from(length));
}

impl Body for FramedBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = self.get_mut();
        loop {
            if let Some(bytes) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    this.add(data);
                }
                Some(Err(fault)) => return Poll::Ready(Some(Err(fault))),
                None => {
                    this.ended = true;
                    if !this.pending.is_empty() {
                        this.send_pending();
                    }
                    this.ready.push_back(format!("0\r\n{}\r\n", this.inner.trailer()).into());
                }
            }
        }
    }
}
