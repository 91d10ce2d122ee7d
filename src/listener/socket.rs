//! The TCP stream with limits on how long the other end may refuse to take what waits for it, on how slowly
//! it may take it and on what it may send for nothing, and the lingering close that lets a client read a
//! refusal it has not stopped uploading for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};
use tokio_util::io::poll_read_buf;

use super::limits::Counters;
use super::pace::{Pace, Slowest};
use crate::config::Limits;

/// A TCP stream whose writes fail once no byte was taken for the stall timeout, or too few over a window.
pub(super) struct Socket {
    stream: TcpStream,
    stall_timeout: Duration,
    pace: Pace,
    /// Made at the first write that has to wait, then set anew each time.
    deadline: Option<Pin<Box<Sleep>>>,
    waiting_since: Option<Instant>,
    ahead: Ahead,
    traffic: Arc<Traffic>,
    counters: Arc<Counters>,
}

/// What came in since a request last made progress. Frames that belong to no request cost little each, and
/// a client can send them for ever.
#[derive(Debug)]
pub(super) struct Traffic {
    idle_bytes: AtomicU64,
    most: u64,
    exceeded: Notify,
    /// Nothing more is taken from the client.
    is_deaf: AtomicBool,
    /// Something waits to be written.
    is_writing: AtomicBool,
}

impl Traffic {
    /// What a client may send while nothing of it is read: all windows twice over, for small frames and
    /// TLS records, one head, and `h2_max_idle_bytes`.
    pub(super) fn new(limits: &Limits) -> Self {
        let windows = 2 * u64::from(limits.h2_connection_window);
        let most = windows + u64::from(limits.max_header_bytes) + u64::from(limits.h2_max_idle_bytes);
        Self {
            idle_bytes: AtomicU64::new(0),
            most,
            exceeded: Notify::new(),
            is_deaf: AtomicBool::new(false),
            is_writing: AtomicBool::new(false),
        }
    }

    /// A request began, or something of a body was read or sent.
    pub(super) fn progressed(&self) {
        self.idle_bytes.store(0, Ordering::Relaxed);
    }

    /// Returns once too much was sent for nothing.
    pub(super) async fn exceeded(&self) {
        self.exceeded.notified().await;
    }

    /// Takes nothing more from the client: it is only told goodbye.
    pub(super) fn stop_reading(&self) {
        self.is_deaf.store(true, Ordering::Relaxed);
    }

    /// Whether nothing has come since a request last made progress, and nothing waits to be written.
    pub(super) fn is_still(&self) -> bool {
        self.idle_bytes.load(Ordering::Relaxed) == 0 && !self.is_writing.load(Ordering::Relaxed)
    }

    /// Bytes came of which it is not known yet what they belong to.
    pub(super) fn received(&self, bytes: usize) {
        let before = self.idle_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if before + bytes as u64 > self.most && !crate::fault::check_is_off("idle_bytes") {
            self.exceeded.notify_one();
        }
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, limits: &Limits, traffic: Arc<Traffic>, counters: Arc<Counters>) -> Self {
        let pace = Pace::new(Slowest::new(limits.min_answer_rate, limits.rate_window));
        let stall_timeout = limits.write_stall_timeout;
        let ahead = Ahead::default();
        Self { stream, stall_timeout, pace, deadline: None, waiting_since: None, ahead, traffic, counters }
    }

    /// Returns once there may be something to read.
    pub(super) async fn readable(&self) -> io::Result<()> {
        if self.ahead.bytes.is_empty() { self.stream.readable().await } else { Ok(()) }
    }

    /// Reads and throws away what the client still sends, until it closes, pauses or has had its time.
    /// Closing with unread bytes would make the kernel send a reset, and a reset destroys the answer
    /// that the client has not read yet.
    pub(super) async fn linger(&mut self) {
        let mut unread = vec![0; 16 << 10];
        let drain = async {
            while let Ok(Ok(1..)) = tokio::time::timeout(LINGER_PAUSE, self.stream.read(&mut unread)).await {}
        };
        // Either way the socket is closed next.
        let _ = tokio::time::timeout(LINGER_IN_ALL, drain).await;
    }

    /// Counts what was written, and turns a write that waited too long into an error.
    fn limit_write(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                if self.waiting_since.take().is_some() {
                    self.traffic.is_writing.store(false, Ordering::Relaxed);
                }
                self.pace.moved(*written.as_ref().unwrap_or(&0));
                Poll::Ready(written)
            }
            Poll::Pending => self.poll_limits(context).map(|()| {
                self.counters.slow_reader();
                Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes too few bytes, or none"))
            }),
        }
    }

    /// Waits for the client to take something, until the first of its limits.
    fn poll_limits(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.pace.wait();
        self.traffic.is_writing.store(true, Ordering::Relaxed);
        let stalled_at = *self.waiting_since.get_or_insert_with(Instant::now) + self.stall_timeout;
        loop {
            let first = self.pace.judged_at().map_or(stalled_at, |judged_at| judged_at.min(stalled_at));
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(first)));
            if deadline.deadline() != first {
                deadline.as_mut().reset(first);
            }
            ready!(deadline.as_mut().poll(context));
            let is_slow = self.pace.is_too_slow(first) && !crate::fault::check_is_off("answer_rate");
            if is_slow || first == stalled_at {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.traffic.is_deaf.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let this = &mut *self;
        if this.ahead.bytes.is_empty() {
            let (before, offered) = (buffer.filled().len(), buffer.remaining());
            let received = if this.ahead.is_wanted && offered < AHEAD {
                ready!(this.ahead.poll_fill(context, &mut this.stream))?
            } else {
                ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
                buffer.filled().len() - before
            };
            this.traffic.received(received);
            // A client that fills what it is offered has more on its way.
            this.ahead.is_wanted |= received == offered;
        }
        this.ahead.pass_on(buffer);
        Poll::Ready(Ok(()))
    }
}

/// Bytes that were read before TLS asked for them. It asks for one record at most, and with each of the kernel's
/// reads the client is told that there is room again: of a client that has much to send, more is read at a time.
#[derive(Debug, Default)]
struct Ahead {
    bytes: BytesMut,
    is_wanted: bool,
}

impl Ahead {
    /// Reads; a client that has nothing more to send for now costs no memory.
    fn poll_fill(&mut self, context: &mut Context<'_>, stream: &mut TcpStream) -> Poll<io::Result<usize>> {
        self.bytes.reserve(AHEAD);
        let read = poll_read_buf(Pin::new(stream), context, &mut self.bytes);
        if self.bytes.is_empty() {
            *self = Self::default();
        }
        read
    }

    fn pass_on(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = self.bytes.len().min(buffer.remaining());
        buffer.put_slice(&self.bytes[..count]);
        self.bytes.advance(count);
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.limit_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TCP stream has nothing to flush: it never waits here.
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Read at a time of a client that has much to send.
const AHEAD: usize = 128 << 10;
const LINGER_PAUSE: Duration = Duration::from_secs(1);
const LINGER_IN_ALL: Duration = Duration::from_secs(5);
