//! Connections from loopback addresses of the test's choice: to the program each is another peer.

use std::net::IpAddr;

use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;

use crate::program::Program;
use crate::support::http2::Http2;
use crate::support::wire::{Connection, tls_over};

impl Program {
    /// A connection without TLS; `None`, here and below, if it is not let in.
    pub(crate) async fn tcp(&self, source: IpAddr) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind((source, 0).into()).ok()?;
        let stream = socket.connect(self.address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(stream)
    }

    pub(crate) async fn tls(&self, source: IpAddr, protocol: &[u8]) -> Option<TlsStream<TcpStream>> {
        tls_over(self.tcp(source).await?, &self.ca, "localhost", protocol).await.ok()
    }

    pub(crate) async fn http1(&self, source: IpAddr) -> Option<Connection> {
        Some(Connection::over(Box::new(self.tls(source, b"http/1.1").await?)))
    }

    pub(crate) async fn http2(&self, source: IpAddr) -> Option<Http2> {
        Http2::over(self.tls(source, b"h2").await?).await
    }
}
