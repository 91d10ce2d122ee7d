//! A connection that is opened when it is needed and may die at any moment: for load on nodes that are killed.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::support::request::Request;

/// A connection to one address.
pub(crate) struct Line {
    address: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// The body of an answer that is on its way.
pub(crate) struct Stream {
    body: Incoming,
    _sender: SendRequest<Full<Bytes>>,
}

/// Whether the request arrived is not known.
#[derive(Debug)]
pub(crate) struct Lost;

impl Line {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, sender: None }
    }

    /// Status and body of the answer.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<(u16, Bytes), Lost> {
        let sent = tokio::time::timeout(LONGEST, self.try_send(request)).await;
        if let Ok(Some(answer)) = sent {
            return Ok(answer);
        }
        self.sender = None;
        Err(Lost)
    }

    async fn try_send(&mut self, request: &Request) -> Option<(u16, Bytes)> {
        let (sender, response) = self.exchange(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        self.sender = Some(sender);
        Some((status, body))
    }

    /// The status of the answer, and its body as it comes. It takes the connection along.
    pub(crate) async fn open_stream(&mut self, request: &Request) -> Result<(u16, Stream), Lost> {
        let (sender, response) = self.exchange(request).await.ok_or(Lost)?;
        Ok((response.status().as_u16(), Stream { body: response.into_body(), _sender: sender }))
    }

    async fn exchange(&mut self, request: &Request) -> Option<(SendRequest<Full<Bytes>>, Response<Incoming>)> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.open().await?,
        };
        sender.ready().await.ok()?;
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.target);
        for (name, value) in &request.headers {
            builder = builder.header(name, value.as_slice());
        }
        let body = Full::new(Bytes::from(request.body.clone()));
        let response = sender.send_request(builder.body(body).expect("the request is valid")).await.ok()?;
        Some((sender, response))
    }

    async fn open(&self) -> Option<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(sender)
    }
}

impl Stream {
    /// Waits for more of it; false at its end, good or bad.
    pub(crate) async fn piece(&mut self) -> bool {
        matches!(self.body.frame().await, Some(Ok(_)))
    }
}

const LONGEST: Duration = Duration::from_secs(15);
