//! An HTTP/1.1 connection to its end. hyper serves it while requests come; while none does, only its stream is
//! kept, without the buffers that hyper reads and writes with: most connections of a server are idle.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::http1::Connection;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use super::body::RequestBody;
use super::connection::{Rest, Setup, Watched};
use super::peer::Peer;
use super::socket::Socket;

/// A stream whose socket can be reached.
pub(super) trait OverSocket {
    fn socket(&mut self) -> &mut Socket;
}

impl OverSocket for Socket {
    fn socket(&mut self) -> &mut Socket {
        self
    }
}

impl OverSocket for TlsStream<Socket> {
    fn socket(&mut self) -> &mut Socket {
        self.get_mut().0
    }
}

/// Serves `stream` to its end.
pub(super) fn serve<T, S, F, B>(stream: T, service: Watched<S>, setup: Arc<Setup>) -> Rest
where
    T: AsyncRead + AsyncWrite + OverSocket + Unpin + Send + 'static,
    S: Fn(Request<RequestBody>, Arc<Peer>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let activity = Arc::clone(&service.activity);
    let stream = Resumed { before: Bytes::new(), stream };
    let mut connection = Resting { stream, service }.resume(&setup);
    Box::pin(async move {
        let mut look = Box::pin(tokio::time::sleep(REST));
        // Until when a head has to have come, of a connection that rested meanwhile: its time went on.
        let mut head_due: Option<Instant> = None;
        let result = loop {
            tokio::select! {
                // In this order: what has come is served before anybody looks.
                biased;
                result = &mut connection => break result,
                () = setup.drain.asked_to_finish() => {
                    Pin::new(&mut *connection).graceful_shutdown();
                    break (&mut connection).await;
                }
                () = &mut look => {}
            }
            let now = Instant::now();
            let was_used = activity.was_lately_used();
            head_due = head_due.filter(|_| !was_used);
            if head_due.is_some_and(|due| due <= now) {
                tracing::debug!("no request came in time, closing an HTTP/1.1 connection");
                return;
            }
            if was_used || !activity.rests() {
                look.as_mut().reset(head_due.map_or(now + REST, |due| due.min(now + REST)));
                continue;
            }
            // No request began or ended since the last look.
            let due = head_due.unwrap_or(now + setup.limits.header_timeout - REST);
            Pin::new(&mut *connection).graceful_shutdown();
            // hyper is done at once with a connection on which nothing is on its way. With any other it tells the client
            // that this request is the last, and then it has to be.
            match std::future::poll_fn(|context| Poll::Ready(connection.poll_without_shutdown(context))).await {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => break Err(error),
                Poll::Pending => break (&mut connection).await,
            }
            let mut resting = Box::new(Resting::of(connection));
            activity.came_early(resting.stream.before.len());
            if resting.stream.before.is_empty() {
                let stream = &mut resting.stream.stream;
                let _rests = setup.counters.rests();
                tokio::select! {
                    _ = stream.socket().readable() => {}
                    () = setup.drain.asked_to_finish() => {
                        // The client may be gone: then nobody hears it.
                        let _ = stream.shutdown().await;
                        return;
                    }
                    () = tokio::time::sleep_until(due) => return,
                }
            }
            connection = resting.resume(&setup);
            head_due = Some(due);
            look.as_mut().reset(due.min(Instant::now() + REST));
        };
        let may_still_send = match &result {
            Ok(()) => activity.has_an_unread_body(),
            Err(error) => {
                tracing::debug!(%error, "an HTTP/1.1 connection ended early");
                // hyper has answered with an empty 4xx.
                if error.is_parse() {
                    setup.counters.request_malformed();
                }
                error.is_parse()
            }
        };
        if may_still_send {
            Box::new(Resting::of(connection)).stream.stream.socket().linger().await;
        }
    })
}

type Served<T, S> = Box<Connection<TokioIo<Resumed<T>>, Watched<S>>>;

/// What is kept of a connection that rests.
struct Resting<T, S> {
    stream: Resumed<T>,
    service: Watched<S>,
}

impl<T, S, F, B> Resting<T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(Request<RequestBody>, Arc<Peer>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    #[expect(clippy::boxed_local, reason = "moved out of its box by the caller, it would leave the box while it rests")]
    fn of(connection: Served<T, S>) -> Self {
        let parts = connection.into_parts();
        let Resumed { before, stream } = parts.io.into_inner();
        // Copied: the bytes, if there are any, would keep all of hyper's buffer.
        let before = [parts.read_buf, before].concat().into();
        Self { stream: Resumed { before, stream }, service: parts.service }
    }

    fn resume(self, setup: &Setup) -> Served<T, S> {
        Box::new(setup.http1.serve_connection(TokioIo::new(self.stream), self.service))
    }
}

/// A stream of which something was read before.
struct Resumed<T> {
    before: Bytes,
    stream: T,
}

impl<T: AsyncRead + Unpin> AsyncRead for Resumed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = self.before.len().min(buffer.remaining());
        buffer.put_slice(&self.before[..count]);
        self.before.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Resumed<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// How often a connection is looked at. One that had no request since the last time gives up its buffers.
const REST: Duration = Duration::from_secs(1);
