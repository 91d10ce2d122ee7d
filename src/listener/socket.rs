//! The TCP stream with a limit on how long the other end may refuse to take what waits for it, and
//! the lingering close that lets a client read a refusal it has not stopped uploading for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// A TCP stream whose writes fail once no byte was taken for the stall timeout.
pub(super) struct Socket {
    stream: TcpStream,
    stall_timeout: Duration,
    /// Made at the first write that has to wait, then set anew each time.
    deadline: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, stall_timeout: Duration) -> Self {
        Self { stream, stall_timeout, deadline: None, is_waiting: false }
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

    /// Turns a write that waited too long into an error.
    fn limit<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.is_waiting = false;
            return result;
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.stall_timeout)));
        if !self.is_waiting {
            self.is_waiting = true;
            deadline.as_mut().reset(Instant::now() + self.stall_timeout);
        }
        match deadline.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.is_waiting = false;
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no more bytes")))
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
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.limit(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.limit(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

const LINGER_PAUSE: Duration = Duration::from_secs(1);
const LINGER_IN_ALL: Duration = Duration::from_secs(5);
