//! A bare HTTP/2 client: it sends the frames that a library would refuse to send.
//!
//! <https://www.rfc-editor.org/rfc/rfc9113#section-4>

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::server::{Server, within};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The error code of an `RST_STREAM` frame, or of a `GOAWAY` frame.
    pub(crate) fn error_code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A connection after the preface.
pub(crate) struct Connection(TlsStream<TcpStream>);

impl Connection {
    /// Connects and sends the preface with an initial stream window of `window` bytes.
    pub(crate) async fn open(server: &Server, window: u32) -> Self {
        let mut connection = Self(server.connect_tls(&["h2"]).await);
        connection.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut settings = vec![0, 4];
        settings.extend(window.to_be_bytes());
        assert!(connection.send(SETTINGS, 0, 0, &settings).await);
        connection
    }

    /// Sends one frame; false once the other end has closed.
    pub(crate) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        self.send_bytes(&bytes_of(kind, flags, stream, payload)).await
    }

    /// Sends frames that are bytes already; false once the other end has closed.
    pub(crate) async fn send_bytes(&mut self, frames: &[u8]) -> bool {
        let written = within(self.0.write_all(frames)).await.is_ok();
        written && within(self.0.flush()).await.is_ok()
    }

    /// Sends a GET for `path` on `stream`.
    pub(crate) async fn get(&mut self, stream: u32, path: &str) -> bool {
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &head(path)).await
    }

    /// The next frame, or none if the other end closed. Pings are answered unless they are wanted.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        within(self.0.read_exact(&mut head)).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        within(self.0.read_exact(&mut payload)).await.ok()?;
        let stream = u32::from_be_bytes(head[5..9].try_into().unwrap());
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// The next frame of `kind`, answering what needs an answer on the way.
    pub(crate) async fn until(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.next().await.unwrap_or_else(|| panic!("closed before a frame of kind {kind}"));
            if frame.kind == kind {
                return frame;
            }
            self.acknowledge(&frame).await;
        }
    }

    /// Waits until the other end closes; true if it said goodbye before.
    pub(crate) async fn until_closed(&mut self) -> bool {
        let mut farewell = false;
        while let Some(frame) = self.next().await {
            farewell |= frame.kind == GOAWAY;
            self.acknowledge(&frame).await;
        }
        farewell
    }

    /// Sends `frames` again and again until the other end has had enough, or `most` bytes have been sent;
    /// everything it says meanwhile is read. Returns how many bytes it took, and the codes of its farewells.
    pub(crate) async fn flood(self, frames: &[u8], most: usize) -> (usize, Vec<u32>) {
        let (read, mut write): (ReadHalf<_>, WriteHalf<_>) = split(self.0);
        let reading = tokio::spawn(farewells(read));
        let mut sent = 0;
        while sent < most && within(write.write_all(frames)).await.is_ok() && within(write.flush()).await.is_ok() {
            sent += frames.len();
            tokio::task::yield_now().await;
        }
        // Whoever was not cut off says goodbye, so that the reading ends.
        let _ = write.shutdown().await;
        (sent, within(reading).await.unwrap())
    }

    async fn acknowledge(&mut self, frame: &Frame) {
        if matches!(frame.kind, SETTINGS | PING) && frame.flags & ACK == 0 {
            let payload = if frame.kind == PING { frame.payload.clone() } else { Vec::new() };
            self.send(frame.kind, ACK, 0, &payload).await;
        }
    }
}

/// Reads to the close; the error codes of the `GOAWAY` frames on the way.
async fn farewells(mut read: ReadHalf<TlsStream<TcpStream>>) -> Vec<u32> {
    let mut codes = Vec::new();
    loop {
        let mut head = [0; 9];
        if read.read_exact(&mut head).await.is_err() {
            return codes;
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        if read.read_exact(&mut payload).await.is_err() {
            return codes;
        }
        if head[3] == GOAWAY {
            codes.push(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
    }
}

/// One frame as bytes.
pub(crate) fn bytes_of(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The header block of a GET for `path`: static table entries and one literal.
///
/// <https://www.rfc-editor.org/rfc/rfc7541#appendix-A>
pub(crate) fn head(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x87]; // :method GET, :scheme https
    block.extend([0x01, 9]); // :authority, literal
    block.extend(b"localhost");
    block.extend([0x04, u8::try_from(path.len()).unwrap()]); // :path, literal
    block.extend(path.as_bytes());
    block
}

/// A literal header field without indexing, its name and value as they are. Lengths up to 126 bytes.
pub(crate) fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut block = vec![0x00, u8::try_from(name.len()).unwrap()];
    block.extend(name);
    block.push(u8::try_from(value.len()).unwrap());
    block.extend(value);
    block
}
