//! A TCP socket that the pool can look at while hyper owns the stream on it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// A stream over a shared socket. A peer that takes nothing for `stall_timeout` fails it: whoever waited
/// for the answer may have gone by then, and nobody else would end the connection.
pub(super) struct SharedSocket {
    socket: Arc<TcpStream>,
    stall_timeout: Duration,
    /// Armed while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl SharedSocket {
    pub(super) fn new(socket: Arc<TcpStream>, stall_timeout: Duration) -> Self {
        Self { socket, stall_timeout, stalled: None }
    }

    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.stall_timeout)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the backend stopped reading")))
    }
}

/// Whether an idle socket is as it should be: open, with nothing to read. Asks the kernel, since what
/// the runtime last heard may be older than what just came: bytes that nobody asked for would otherwise
/// be taken for the answer to the next request.
pub(super) fn is_quiet(socket: &TcpStream) -> bool {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    matches!(SockRef::from(socket).peek(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl AsyncRead for SharedSocket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.socket.poll_read_ready(context))?;
            let wanted = buffer.remaining();
            let mut read = 0;
            // A read that leaves room has emptied the socket: said at once, it saves asking the kernel again.
            let more = self.socket.try_io(Interest::READABLE, || {
                read = self.socket.try_read_buf(buffer)?;
                if (1..wanted).contains(&read) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match more {
                // The readiness was stale and has been cleared: wait for the next.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && read == 0 => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl AsyncWrite for SharedSocket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        loop {
            match self.socket.poll_write_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return self.poll_stalled(context),
            }
            let mut written = 0;
            let more = self.socket.try_io(Interest::WRITABLE, || {
                written = self.socket.try_write_vectored(slices)?;
                if (1..offered).contains(&written) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match more {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && written == 0 => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                _ => {
                    self.stalled = None;
                    return Poll::Ready(Ok(written));
                }
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match SockRef::from(&*self.socket).shutdown(std::net::Shutdown::Write) {
            // The peer was faster.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (SharedSocket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (theirs, _) = listener.accept().await.unwrap();
        (SharedSocket::new(Arc::new(ours), Duration::from_millis(100)), theirs)
    }

    #[tokio::test]
    async fn a_peer_that_reads_gets_everything_and_one_that_stops_is_given_up() {
        let bytes = vec![7; 32 << 20];
        let (mut ours, mut theirs) = pair().await;
        let reading = tokio::spawn(async move {
            let mut read = Vec::new();
            theirs.read_to_end(&mut read).await.map(|_| read.len())
        });
        ours.write_all(&bytes).await.unwrap();
        ours.shutdown().await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), bytes.len());

        let (mut ours, _theirs) = pair().await;
        assert_eq!(ours.write_all(&bytes).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_socket_is_quiet_until_something_comes_or_the_peer_goes() {
        let (ours, mut theirs) = pair().await;
        assert!(is_quiet(&ours.socket));
        theirs.write_all(b"x").await.unwrap();
        ours.socket.peek(&mut [0]).await.unwrap();
        assert!(!is_quiet(&ours.socket));
        let (ours, theirs) = pair().await;
        drop(theirs);
        ours.socket.readable().await.unwrap();
        assert!(!is_quiet(&ours.socket));
    }
}
